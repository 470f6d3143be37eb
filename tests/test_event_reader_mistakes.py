"""A reader that leaves out one of its checks is caught (L6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import test_event_reader_deliveries as of_deliveries
import test_event_reader_logs as of_logs
import test_event_reader_slots as of_slots
from event_reader_story import told
from planted_defects import Defect, defect, planted
from test_event_reader import follow, follow_without_loss

from choir_model.ledger import projection, reader
from choir_model.ledger.reader import ThreadReader
from choir_model.program import designs, events

SHARED = designs.DEFAULT
REFUNDED = designs.design_of(["rejection=at_close", "expiry=refund", "record_key=thread_hash"])

Row = tuple[str, Any, str, str]
OF_LOGS: list[Row] = [
    ("any program's lines are believed", events.read_log, "stack[-1:] == [PROGRAM_ID]", "True"),
    (
        "whoever runs below the program is believed",
        events.read_log,
        "stack[-1:] == [PROGRAM_ID]",
        "PROGRAM_ID in stack",
    ),
    (
        "only top-level calls are believed",
        events.read_log,
        "stack[-1:] == [PROGRAM_ID]",
        "stack == [PROGRAM_ID]",
    ),
    ("calls are not followed", events.read_log, "stack[depth - 1 :] = ", "stack[:] = "),
    (
        "text is taken for lines of the runtime",
        events.read_log,
        "_INVOKE.fullmatch",
        "_INVOKE.search",
    ),
    ("any end ends", events.read_log, "if ended[1] in stack:", "if stack:"),
    ("ends do not end", events.read_log, "if ended[1] in stack:", "if False:"),
    (
        "an end ends everything",
        events.read_log,
        "while stack.pop() != ended[1]:",
        "while stack and stack.pop():",
    ),
    ("unseen callers are passed over", events.read_log, "(depth - len(stack))", "0"),
    ("truncation is not noticed", events.read_log, "truncated = True", "pass"),
    ("text truncates", events.read_log, "line == _TRUNCATED", "_TRUNCATED in line"),
    ("failures are not noticed", events.read_log, "failed |=", "failed &="),
]
OF_THE_READER: list[Row] = [
    ("a failed transaction counts", ThreadReader.take, "transaction.failed or log.failed", "False"),
    (
        "the status does not count",
        ThreadReader.take,
        "transaction.failed or log.failed",
        "log.failed",
    ),
    ("the log's failure does not count", ThreadReader.take, "or log.failed", ""),
    ("truncation does not count", ThreadReader.take, "if log.truncated:", "if False:"),
    (
        "a whole log does not make up",
        ThreadReader._settle,
        "if s not in signatures",
        "",
    ),
    (
        "half a log is news again",
        ThreadReader._take_truncated,
        "transaction.signature in self._settled",
        "False",
    ),
    (
        "a truncated log hides its numbers",
        ThreadReader._take_truncated,
        "max(self._highest, last)",
        "self._highest",
    ),
    ("repetitions are applied", ThreadReader.take, "last <= self.sequence", "False"),
    ("what is kept is kept twice", ThreadReader.take, "if first in self._early:", "if False:"),
    ("half an instruction is applied", ThreadReader.take, "or not _whole(events)", ""),
    (
        "the end of an instruction is not looked at",
        reader._whole,
        "e.last_sequence) for",
        "last) for",
    ),
    ("gaps inside an instruction pass", reader._whole, "found != expected", "False"),
    (
        "one instruction is enough",
        reader._whole,
        "events = last + 1, events[len(expected) :]",
        "events = 0, ()",
    ),
    ("other threads' events count", ThreadReader._own, "event.thread == self.thread", "True"),
    (
        "unreadable events count",
        ThreadReader._own,
        "not isinstance(event, UnreadableEvent) and",
        "",
    ),
    ("gaps are not told", ThreadReader.take, "self._highest = max(self._highest, last)", "pass"),
    (
        "what follows on what came early waits",
        ThreadReader._apply_what_follows,
        "while events := self._early.pop(self.sequence + 1, ()):",
        "for events in [self._early.pop(self.sequence + 1, ())]:",
    ),
    (
        "accounts may be older than the state",
        ThreadReader.fill,
        "sequence < self.sequence",
        "False",
    ),
    (
        "accounts make up for nothing truncated",
        ThreadReader.fill,
        "landed <= slot",
        "False",
    ),
    ("accounts that lag make up for all", ThreadReader.fill, "landed <= slot", "True"),
    ("accounts know their slot in part", ThreadReader.fill, "landed <= slot", "landed < slot"),
    (
        "any accounts have all numbers",
        ThreadReader.fill,
        "max(self._highest, sequence)",
        "sequence",
    ),
    (
        "the accounts' numbers are not seen",
        ThreadReader.fill,
        "max(self._highest, sequence)",
        "self._highest",
    ),
    (
        "what the accounts had is news again",
        ThreadReader.fill,
        "max(self._filled_at, slot)",
        "self._filled_at",
    ),
    (
        "older accounts take back what newer ones knew",
        ThreadReader.fill,
        "max(self._filled_at, slot)",
        "slot",
    ),
    (
        "accounts know what they do not show",
        ThreadReader._take_truncated,
        "and last <= self.sequence",
        "",
    ),
    (
        "accounts know what landed later",
        ThreadReader._take_truncated,
        "transaction.slot <= self._filled_at",
        "self._filled_at >= 0",
    ),
    (
        "what failed may have happened",
        ThreadReader.take,
        "if transaction.failed or log.failed:",
        "if transaction.failed or log.failed:\n        return Delivery.NOTHING\n    if False:",
    ),
    ("what came early is forgotten", ThreadReader.fill, "if first > sequence", "if False"),
    ("what is known is kept", ThreadReader.fill, "if first > sequence", "if True"),
    (
        "nothing follows on the accounts",
        ThreadReader.fill,
        "self._apply_what_follows(sequence + 1)",
        "pass",
    ),
]
STEP = projection._Step
OF_THE_STATE: list[Row] = [
    ("events follow in any order", STEP.apply, "event.sequence != expected", "False"),
    (
        "half of what does not fit stays",
        projection.after,
        "step.apply(event)",
        "step.apply(event); state and state.records.update(step.records)",
    ),
    ("the accounts of two moments are one state", projection.read_thread, "!= before", "is None"),
    ("records of any thread are read", projection.read_thread, "and record.thread == thread", ""),
    ("a record opens twice", projection._opened, "address in step.records", "False"),
    ("decided records are voted on", STEP.record, "status not in (None, record.status)", "False"),
    ("empty seats vote", STEP.seat, "who, 0, thread.co_author_count", "who"),
    (
        "any leaf is next",
        projection._message_published,
        "event.leaf_index != thread.published_count",
        "False",
    ),
    ("any seat is next", projection._co_author_added, "event.seat != taken", "False"),
    ("denials are approvals", projection._approval_received, '"denials"', '"approvals"'),
    ("messages were pending", projection._decided, "-1 if record.electorate_size else 0", "-1"),
    ("a refund is a share", projection._share_claimed, "0 if refund else", ""),
    (
        "a share is a refund",
        projection._share_claimed,
        "0 if refund else step.seat(event.beneficiary)",
        "0",
    ),
    (
        "the treasury gets nothing",
        projection._stake_settled,
        "treasury_paid=event.to_treasury,",
        "",
    ),
    ("claims leave the escrow as it is", projection._share_claimed, "-event.amount", "0"),
    ("the thread is created again", projection._thread_created, "step.thread is not None", "False"),
    (
        "records lie where the default puts them",
        STEP.record,
        "self.key(event), self.design",
        "self.key(event)",
    ),
]
MISTAKES: list[Defect] = [
    defect(name, "L6", where, old, new)
    for name, where, old, new in (*OF_LOGS, *OF_THE_READER, *OF_THE_STATE)
]


def cases(test: Any) -> Iterator[Callable[[], None]]:
    """A test, once for each of its parameters."""
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    if not marks:
        yield test
    for mark in marks:
        names = mark.args[0] if isinstance(mark.args[0], tuple) else (mark.args[0],)
        for case in mark.args[1]:
            values = getattr(case, "values", case if len(names) > 1 else (case,))
            if "litesvm" not in values:
                yield partial(test, *values)


def checks() -> Iterator[Callable[[], None]]:
    """The tests of this clause that need no VM and no generator."""
    for module in (of_logs, of_deliveries, of_slots):
        for name, test in vars(module).items():
            drawn = hasattr(test, "hypothesis") or "_vm_" in name
            if name.startswith("test_") and callable(test) and not drawn:
                yield from cases(test)
    for design in (SHARED, REFUNDED):
        story = told("reference", design)
        for seed in range(12):
            yield partial(follow, story, seed)
            yield partial(follow_without_loss, story, seed)


def fails(check: Callable[[], None]) -> bool:
    """Whether the check notices; a reader that stumbles is noticed too."""
    try:
        check()
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 (mistakes stumble anyhow)
        return True
    return False


def test_without_a_mistake_nothing_fails() -> None:
    """What the next test calls a catch is one."""
    assert [check for check in checks() if fails(check)] == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_reader_without_the_check_is_caught(mistake: Defect) -> None:
    """L6: each check here is one that some delivery needs."""
    ready = list(checks())
    with planted(mistake):
        assert any(fails(check) for check in ready)
