"""What the lines of a log say: who is running, what is missing, what failed (L6)."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from event_reader_story import runtime_log
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ledger_events import EVENT, OTHER, data, frame

from choir_model.program import addresses
from choir_model.program.bindings import EVENTS, PROGRAM_ID, ThreadCreated
from choir_model.program.events import LogReading, UnreadableEvent, read_log

LONGEST = addresses.base58(b"\xff" * 32)
SHORTEST = addresses.base58(bytes(32))
INVOKE, SUCCESS = frame(PROGRAM_ID, 1)
CUT = "Log truncated"
Node = tuple[str, Any]


@pytest.mark.parametrize(
    ("lines", "truncated", "failed"),
    [
        ([], False, False),
        (frame(OTHER, 1), False, False),
        ([INVOKE, CUT], True, False),
        ([CUT], True, False),
        ([INVOKE, CUT, SUCCESS], True, False),
        (frame(OTHER, 1, "Program log: Log truncated"), False, False),
        (frame(OTHER, 1, "Program log: \nLog truncated\n"), False, False),
        (frame(OTHER, 1, "Log truncated here"), False, False),
        (frame(OTHER, 1, f"Program log: Program {OTHER} failed: x"), False, False),
        (frame(OTHER, 1, f"Program log: \nProgram {OTHER} failed: x"), False, False),
        ([INVOKE, f"Program {PROGRAM_ID} failed: custom program error: 0x1"], False, True),
        ([INVOKE, f"Program {PROGRAM_ID} failed: two\nlines"], False, True),
        ([CUT, f"Program {OTHER} failed: x"], True, True),
    ],
)
def test_a_log_says_whether_it_is_whole_and_whether_it_failed(
    lines: list[str], truncated: bool, failed: bool
) -> None:
    """L6: in lines of the runtime, never in text."""
    assert read_log(lines) == LogReading((), truncated, failed)


def opened(program: str, depth: int) -> str:
    return f"Program {program} invoke [{depth}]"


def ended(program: str) -> str:
    return f"Program {program} success"


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        pytest.param([INVOKE, ended(OTHER), data(EVENT), SUCCESS], 1, id="an end of nothing"),
        pytest.param(
            [INVOKE, opened(OTHER, 2), SUCCESS, data(EVENT)], 0, id="an end that was left out"
        ),
        pytest.param(
            [INVOKE, opened(OTHER, 3), ended(OTHER), data(EVENT)],
            0,
            id="a caller that was left out is somebody else",
        ),
        pytest.param(
            [opened(OTHER, 1), opened(PROGRAM_ID, 2), data(EVENT), opened(OTHER, 3), data(EVENT)],
            1,
            id="called and calling",
        ),
        pytest.param(
            [INVOKE, opened(OTHER, 2), ended(OTHER), data(EVENT), ended(OTHER), data(EVENT)],
            2,
            id="one end for one invocation",
        ),
        pytest.param(
            [
                INVOKE,
                opened(PROGRAM_ID, 2),
                data(EVENT),
                SUCCESS,
                data(EVENT),
                SUCCESS,
                data(EVENT),
            ],
            2,
            id="called by itself",
        ),
        pytest.param([opened(PROGRAM_ID, 1) + "\n", data(EVENT)], 0, id="a line break behind"),
        pytest.param([" " + INVOKE, data(EVENT)], 0, id="a space before"),
        pytest.param([opened(PROGRAM_ID, 0), data(EVENT)], 0, id="depth nought"),
        pytest.param([INVOKE, f"Program log: {SUCCESS}", data(EVENT)], 1, id="an end in text"),
        pytest.param([INVOKE, f"Program data: {SUCCESS}", data(EVENT)], 1, id="an end in data"),
        pytest.param(
            [INVOKE, f"Program return: {PROGRAM_ID} AAAA", data(EVENT)], 1, id="returned data"
        ),
        pytest.param(
            [INVOKE, f"Program {PROGRAM_ID} consumed 5 of 9 compute units", data(EVENT)],
            1,
            id="a line of the runtime that is neither",
        ),
    ],
)
def test_only_who_is_running_is_believed(lines: list[str], count: int) -> None:
    """L6: invocations are followed by depth and by name."""
    found = read_log(lines).events
    assert [e for e in found if not isinstance(e, UnreadableEvent)] == [EVENT] * count


def test_every_event_is_longer_than_any_line_that_moves_the_stack() -> None:
    """L6: so a truncated log cannot lack such a line and still have a later event."""
    shortest = min(len(base64.b64encode(bytes(layout.size))) for layout in EVENTS.values())
    assert len(LONGEST) == 44
    assert len("Program data: ") + shortest > len(opened(LONGEST, 9)) > len(ended(LONGEST))


# Any transaction, truncated anywhere

BY_ANYBODY = st.one_of(
    st.tuples(st.just("event"), st.integers(1, 2**64 - 1)),
    st.tuples(st.just("text"), st.integers(0, 400)),
    st.tuples(st.just("text"), st.sampled_from([INVOKE, SUCCESS, CUT, data(EVENT)])),
)
TREES: st.SearchStrategy[list[Node]] = st.recursive(
    st.lists(BY_ANYBODY, max_size=4),
    lambda inner: st.lists(
        BY_ANYBODY | st.tuples(st.sampled_from([PROGRAM_ID, OTHER, LONGEST, SHORTEST]), inner),
        max_size=4,
    ),
    max_leaves=12,
)


def printed(nodes: list[Node], running: str, depth: int, truth: list[Any]) -> list[str]:
    """The lines of a program and whom it calls; what of it is ours goes to `truth`."""
    lines = []
    for kind, what in nodes:
        if kind == "event":
            event = ThreadCreated(b"t" * 32, what, what, what, b"c" * 32, 0, 5)
            lines.append(data(event))
            if running == PROGRAM_ID:
                truth.append(event)
        elif kind == "text":
            text = "x" * what if isinstance(what, int) else f"\n{what}\n{data(EVENT)}"
            lines.append(f"Program log: {text}")
        else:
            lines += frame(kind, depth, *printed(what, kind, depth + 1, truth))
    return lines


def is_part(part: tuple[Any, ...], whole: list[Any]) -> bool:
    """Whether `part` is `whole` with some left out."""
    rest = iter(whole)
    return all(any(item == other for other in rest) for item in part)


CALLED = st.lists(st.tuples(st.sampled_from([PROGRAM_ID, OTHER, LONGEST, SHORTEST]), TREES))


@settings(deadline=None, max_examples=300)
@given(CALLED, st.integers(1, 4000))
def test_of_any_transaction_only_our_events_are_believed_however_truncated(
    instructions: list[Node], limit: int
) -> None:
    """L6: in the runtime's order; all of them, unless the log says that it was truncated."""
    truth: list[Any] = []
    lines = printed(instructions, "", 1, truth)
    assert read_log(lines) == LogReading(tuple(truth), False, False)
    kept = runtime_log(lines, limit)
    found = read_log(kept)
    assert is_part(found.events, truth)
    assert found.truncated is (len(kept) != len(lines) or CUT in kept)
    if not found.truncated:
        assert found.events == tuple(truth)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(max_size=80) | st.sampled_from([INVOKE, SUCCESS, CUT, data(EVENT)])))
def test_any_lines_at_all_are_read_without_an_error(lines: list[str]) -> None:
    """L6: damage costs events, never the reader."""
    assert read_log(lines).truncated is (CUT in lines)
