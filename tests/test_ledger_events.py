"""Events, their numbers and how logs are read (L6); the commitment to content (L7)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ledger_world import APPROVE, DENY, STAKE, World, worlds

from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.domain.identity import Address, Hash, content_hash
from choir_model.ledger.commitment import append_leaf, root
from choir_model.lockstep.cast import Cast, Setting
from choir_model.lockstep.compare import Coverage, Disagreement
from choir_model.lockstep.ledger import ledger_pair
from choir_model.lockstep.ledger_pair import Begin, Execute
from choir_model.lockstep.running import replay
from choir_model.ports.ledger import LedgerPort, Outcome
from choir_model.program import addresses, calls
from choir_model.program.bindings import EVENTS, PEAKS, PROGRAM_ID, CoAuthorAdded, ThreadCreated
from choir_model.program.events import (
    UnreadableEvent,
    failing_program,
    read_events,
    read_every_event,
)

Make = Callable[[], LedgerPort]

# L6: numbers and order


def every_instruction(world: World) -> list[list[str]]:
    """Each kind of instruction once; the names of the events each emitted."""
    batches = [tuple(world.events)]

    def note(action: Callable[[], object]) -> None:
        before = len(world.events)
        action()
        batches.append(tuple(world.events[before:]))

    note(lambda: world.message(0, "direct"))
    note(lambda: world.spec(1, "yes"))
    note(lambda: world.vote(0, world.key(1, "yes")))
    note(lambda: world.spec(2, "both"))
    note(lambda: world.vote(1, world.key(2, "both")))
    note(lambda: world.vote(0, world.key(2, "both"), DENY))
    note(lambda: world.do(world.claim_call(0, world.key(2, "both"))))
    note(lambda: world.spec(3, "late"))
    world.wait(world.setting.approval_window)
    note(lambda: world.do(calls.settle(world.key(3, "late"))))
    for batch in batches:
        assert {e.first_sequence for e in batch} == {batch[0].sequence}
        assert {e.last_sequence for e in batch} == {batch[-1].sequence}
    return [[type(e).__name__ for e in batch] for batch in batches]


@worlds
def test_events_are_numbered_without_gap_in_the_order_of_the_clause(make: Make) -> None:
    """L6: ThreadCreated is 1, each event takes the next number, threads count separately."""
    world = World(make)
    world.do(calls.create_thread(world.wallet(2), world.mint, 5))
    del world.events[1:]
    assert every_instruction(world) == [
        ["ThreadCreated"],
        ["MessageCreated", "MessagePublished"],
        ["SpecSubmitted"],
        ["ApprovalReceived", "MessagePublished", "CoAuthorAdded", "StakeSettled"],
        ["SpecSubmitted"],
        ["ApprovalReceived"],
        ["ApprovalReceived", "MessageRejected", "StakeSettled"],
        ["ShareClaimed"],
        ["SpecSubmitted"],
        ["MessageExpired", "StakeSettled"],
    ]
    numbers = [event.sequence for event in world.events]
    assert numbers == list(range(1, len(numbers) + 1))
    assert world.about().sequence == numbers[-1]
    assert {event.thread for event in world.events} == {world.thread}
    assert {type(event) for event in world.events} == set(EVENTS)


@worlds
def test_a_refusal_takes_no_number(make: Make) -> None:
    """L6, L3."""
    world = World(make)
    world.refused(world.message_call(1, "hello"))
    world.message(0, "hello")
    assert [event.sequence for event in world.events] == [1, 2, 3]


@worlds
def test_account_state_suffices_to_fill_a_gap(make: Make) -> None:
    """L6: what events said of a record and who was seated can be read from accounts."""
    world = World(make)
    every_instruction(world)
    said = {e.sequence: e for e in world.events}
    for author, text in ((1, "yes"), (2, "both"), (3, "late")):
        record = world.record(world.key(author, text))
        submitted, decided = said[record.submitted_sequence], said[record.decided_sequence]
        assert submitted.hash == decided.hash == record.hash
        assert submitted.author == record.author
        assert (submitted.stake, submitted.deadline) == (STAKE, record.deadline)
        assert submitted.electorate_size == record.electorate_size
        assert (submitted.submitted_at, decided.decided_at) == (
            record.submitted_at,
            record.decided_at,
        )
        assert type(decided).__name__ == f"Message{record.status.name.title()}"
    added = [e for e in world.events if isinstance(e, CoAuthorAdded)]
    assert world.seated() == (world.wallet(0), *(e.co_author for e in added))


# L6: reading logs

EVENT = ThreadCreated(b"t" * 32, 1, 1, 1, b"c" * 32, 0, 5)
OTHER = addresses.base58(b"o" * 32)


def data(event: Any) -> str:
    return "Program data: " + base64.b64encode(EVENTS[type(event)].encode(event)).decode()


def frame(program: str, depth: int, *inside: str) -> list[str]:
    return [f"Program {program} invoke [{depth}]", *inside, f"Program {program} success"]


OURS = frame(PROGRAM_ID, 1, data(EVENT))


@pytest.mark.parametrize(
    ("logs", "count"),
    [
        pytest.param(OURS, 1, id="of the program"),
        pytest.param(frame(OTHER, 1, data(EVENT)), 0, id="of another program"),
        pytest.param([data(EVENT)], 0, id="of nobody"),
        pytest.param(
            frame(OTHER, 1, data(EVENT), *frame(PROGRAM_ID, 2, data(EVENT)), data(EVENT)),
            1,
            id="called by another, which imitates before and after",
        ),
        pytest.param(
            frame(PROGRAM_ID, 1, *frame(OTHER, 2, data(EVENT)), data(EVENT)),
            1,
            id="before and after a call to another",
        ),
        pytest.param(
            frame(OTHER, 1, f"Program log: \nProgram {PROGRAM_ID} invoke [1]", data(EVENT)),
            0,
            id="text with a line break",
        ),
        pytest.param(
            frame(OTHER, 1, f"Program log: Program {PROGRAM_ID} invoke [1]", data(EVENT)),
            0,
            id="text that looks like an invocation",
        ),
        pytest.param(
            [*frame(OTHER, 1, "Program log: success", "Program log: success"), *OURS],
            1,
            id="text that looks like an end",
        ),
        pytest.param(
            frame(PROGRAM_ID, 1, "Program log: invoke [2]", data(EVENT)), 1, id="text inside"
        ),
        pytest.param(OURS[:2], 1, id="truncated after the event"),
        pytest.param([OURS[0], "Log truncated"], 0, id="truncated before the event"),
        pytest.param([OURS[1], OURS[2], *OURS], 1, id="beginning missing"),
        pytest.param([OURS[0], "Program data: x", *OURS[1:]], 1, id="damaged base64"),
        pytest.param([OURS[0], OURS[1][:-8], *OURS[1:]], 1, id="half a line"),
        pytest.param([OURS[0], "Program data: AAAA", *OURS[1:]], 1, id="no event of ours"),
        pytest.param([OURS[0], "Program data: ", *OURS[1:]], 1, id="empty data"),
        pytest.param([*OURS, *OURS], 2, id="two instructions"),
        pytest.param([], 0, id="nothing"),
        pytest.param(["", "Program", "Program X"], 0, id="odd lines"),
    ],
)
def test_only_the_programs_own_lines_are_events(logs: list[str], count: int) -> None:
    """L6: a reader checks the invoking program; damage costs events, never the reader."""
    assert read_events(logs) == (EVENT,) * count


ODD = UnreadableEvent(b"\0\0\0")
HALF = EVENTS[ThreadCreated].encode(EVENT)[:-3]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ((data(EVENT), "Program data: AAAA"), (EVENT, ODD)),
        (("Program data: AAAA", data(EVENT)), (ODD, EVENT)),
        (("Program data: x",), (UnreadableEvent(b"x"),)),
        (("Program data: AAAA AAAA",), (UnreadableEvent(b"AAAA AAAA"),)),
        (("Program data: ",), (UnreadableEvent(b""),)),
        (
            ("Program data: " + base64.b64encode(HALF).decode(),),
            (UnreadableEvent(HALF),),
        ),
        (("Program data: \u00e9",), (UnreadableEvent("\u00e9".encode()),)),
        (tuple(frame(OTHER, 2, "Program data: AAAA")), ()),
    ],
)
def test_who_compares_sees_what_a_reader_leaves_out(
    inside: tuple[str, ...], expected: tuple[object, ...]
) -> None:
    """L6: an unknown event of our program is seen; what another program logs is not."""
    logs = frame(PROGRAM_ID, 1, *inside)
    assert read_every_event(logs) == expected
    assert read_events(logs) == tuple(e for e in expected if e == EVENT)


def test_an_unknown_event_of_the_program_ends_a_lockstep_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """L6: an event the interface does not know is a disagreement, not nothing."""
    pair = ledger_pair(LiteSvmLedger, Coverage())
    assert isinstance(pair.cast, Cast)
    creator = pair.cast.wallets[0]
    commands = [
        Begin(Setting("usual")),
        Execute(calls.create_thread(creator, pair.cast.mint, 0), creator),
    ]
    assert replay(pair, commands) is None
    whole = LiteSvmLedger._outcome

    def with_more(self: LiteSvmLedger, result: Any) -> Outcome:
        logs = result.logs()
        extra = logs.index(f"Program {PROGRAM_ID} success") if PROGRAM_ID in "".join(logs) else 0
        fake = SimpleNamespace(
            fee=result.fee,
            compute_units_consumed=result.compute_units_consumed,
            logs=lambda: [*logs[:extra], "Program data: AAAA", *logs[extra:]],
        )
        return whole(self, fake)

    monkeypatch.setattr(LiteSvmLedger, "_outcome", with_more)
    error = replay(pair, commands)
    assert isinstance(error, Disagreement)
    assert error.aspect == "outcome"
    assert "UnreadableEvent" in str(error.real)


def test_the_innermost_failing_program_is_named_and_text_is_not_believed() -> None:
    """L6."""
    logs = [
        f"Program {PROGRAM_ID} invoke [1]",
        "Program log: failed: so they say",
        f"Program {OTHER} invoke [2]",
        f"Program {OTHER} failed: custom program error: 0x1",
        f"Program {PROGRAM_ID} failed: custom program error: 0x1",
    ]
    assert failing_program(logs) == OTHER
    assert failing_program(OURS) is None


# L7


def h(tag: int, *parts: bytes) -> bytes:
    return hashlib.sha256(bytes([tag]) + b"".join(parts)).digest()


def subtree(leaves: list[bytes]) -> bytes:
    """The root of a complete tree, top down."""
    if len(leaves) == 1:
        return leaves[0]
    half = len(leaves) // 2
    return h(1, subtree(leaves[:half]), subtree(leaves[half:]))


def mountains(leaves: list[bytes]) -> dict[int, bytes]:
    """The peaks by level: complete subtrees from left to right, the largest first."""
    peaks, position = {}, 0
    for level in reversed(range(PEAKS)):
        if len(leaves) >> level & 1:
            peaks[level] = subtree(leaves[position : position + 2**level])
            position += 2**level
    return peaks


def fold(peaks: list[bytes]) -> bytes:
    """Right to left."""
    acc = peaks[-1]
    for peak in reversed(peaks[:-1]):
        acc = h(2, peak, acc)
    return acc


def test_peaks_and_root_are_those_of_the_definition() -> None:
    """L7: for 0 to 70 leaves, against trees built top down."""
    peaks: tuple[Hash, ...] = ()
    leaves: list[bytes] = []
    roots = set()
    for count in range(71):
        expected = mountains(leaves)
        assert [p for p in peaks if p != bytes(32)] == [expected[i] for i in sorted(expected)]
        assert all(peaks[level] == peak for level, peak in expected.items())
        found = root(peaks, count)
        assert found == (fold(list(expected.values())) if leaves else bytes(32))
        roots.add(found)
        record, content = content_hash(f"record {count}"), content_hash(f"content {count}")
        leaves.append(h(0, count.to_bytes(8, "little"), record, content))
        peaks = append_leaf(peaks, count, record, content)
    assert len(roots) == 71


@worlds
def test_a_thread_commits_to_its_publications_in_order(make: Make) -> None:
    """L7: direct messages and approved specs alike; nothing else adds a leaf."""
    world = World(make)
    world.do(calls.create_thread(world.wallet(1), world.mint, 0))
    published: list[tuple[Address, Hash]] = []
    for number in range(70):
        text = f"message {number}"
        if number in (7, 40):
            world.expired(3, f"late {number}")
            key = world.spec(1 + number // 40, text)
            for seated in world.seated():
                world.do(calls.vote(seated, key, APPROVE))
        else:
            key = world.message(0, text)
        published.append((addresses.record(key), key.hash))
        assert world.record(key).leaf_index == number
        leaves = [
            h(0, index.to_bytes(8, "little"), record, content)
            for index, (record, content) in enumerate(published)
        ]
        thread = world.about()
        expected = mountains(leaves)
        assert thread.published_count == len(leaves)
        assert thread.peaks == tuple(expected.get(i, bytes(32)) for i in range(PEAKS))
