"""Events of one instruction: numbered in a row, each with the range of all (L6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from choir_model.engine import Computed, View
from choir_model.ledger.cells import RecordAccount, ThreadAccount, add, exceeds_u64
from choir_model.program.bindings import Reason

Event: TypeAlias = tuple[Callable[..., Any], dict[str, object]]
"""The event's type, and its fields but for thread and sequence numbers."""


def sequence(thread: ThreadAccount, position: int) -> Computed:
    """The number of the instruction's event at `position`, counted from 1, before `announce`."""
    return Computed(add, ThreadAccount.sequence[thread.key], position)


def about(record: RecordAccount, **fields: object) -> dict[str, object]:
    """Fields of an event about a record; its author and hash are read by nobody."""
    author, hash_ = RecordAccount.author[record.key], RecordAccount.hash[record.key]
    return {"author": author, "hash": hash_, **fields}


def refuse_overflow(view: View, thread: ThreadAccount, count: int) -> None:
    """Guard 9 for the numbers of `count` events."""
    if thread.test(ThreadAccount.sequence, exceeds_u64, count):
        view.refuse(Reason.Overflow)


def announce(view: View, thread: ThreadAccount, events: list[Event]) -> None:
    """Number and emit the events of one instruction."""
    count, after = len(events), ThreadAccount.sequence[thread.key]
    thread.update(ThreadAccount.sequence, add, count)
    for position, (kind, fields) in enumerate(events, start=1):
        view.emit(
            kind,
            thread=thread.key,
            sequence=Computed(add, after, position - count),
            first_sequence=Computed(add, after, 1 - count),
            last_sequence=after,
            **fields,
        )
