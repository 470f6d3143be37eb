"""A reader of one thread's events that ends in the state the accounts have (L6).

Theory of operation
-------------------
Transactions are delivered: late, early, twice, never, or with half a log.  The reader
holds one `ThreadState`, which is at every moment exactly the thread's state after its
event number ``state.sequence``, and never one between two events of a transaction.

`ThreadReader.take` gets one delivered transaction and looks only at the events of this
thread that the ledger program itself logged (see `program.events`), and at none of a
transaction that failed.  Sequence numbers decide what becomes of it:

* all of them known: a **duplicate**, ignored;
* a whole transaction that follows on the state: **applied**, all of it at once, and with
  it what had come early and now follows;
* a whole transaction further on: **early**, kept until what is missing has come;
* otherwise **incomplete**, never applied.  Whole means that each instruction's events are
  there from its first to its last sequence, that one instruction follows on the other, and
  that the log was not truncated.  A truncated log may lack whole instructions, of which no
  number is seen; so it is incomplete even if it shows nothing of this thread.

What is incomplete can be delivered again from a better source.  Or `ThreadReader.fill`
takes the state from the accounts: they suffice for the state, not for the history (see
`projection`).  `ThreadReader.missing` and `ThreadReader.truncated` say whether that is
needed.  What follows on the accounts' state and had come early is applied at once.

Numbers cannot tell whether accounts make up for a truncated log, which may show none.  Slots
can: every transaction comes with the slot it landed in, and accounts with the slot as of
which they were read.  A node that lags behind settles nothing that landed after its slot.

What the reader cannot know: that events are missing at the end, after everything it was
given, unless a log says it was truncated; and that a transaction vanished in a fork, so
deliveries and accounts should be finalized ones (L8).  Anybody may send a transaction with
a long log: it costs a reader a look at the accounts, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from choir_model.domain.identity import Address
from choir_model.ledger.projection import ThreadState, UnfitEvent, after, read_thread
from choir_model.ports.ledger import LedgerPort
from choir_model.program.bindings import Design
from choir_model.program.events import UnreadableEvent, read_log


@dataclass(frozen=True, slots=True)
class Transaction:
    """A delivered transaction: signature, slot it landed in, lines of its log, whether it failed.

    Where the status is known, say so: a log that was truncated may not show the failure.
    """

    signature: bytes
    slot: int
    logs: tuple[str, ...]
    failed: bool = False


class Delivery(Enum):
    """What a delivered transaction was to the reader."""

    NOTHING = "nothing of this thread, or nothing that took effect"
    DUPLICATE = "all of it known"
    APPLIED = "applied, with what followed on it"
    EARLY = "kept until what is missing before it has come"
    INCOMPLETE = "events of it are missing, or may be"


class StaleLedger(RuntimeError):
    """The accounts are older than what the reader has seen; read them again later."""


class ThreadReader:
    """The state of the thread at `thread`, read from deliveries.

    `design` is that of the config account: events do not say where a record lies.
    """

    def __init__(self, thread: Address, design: Design) -> None:
        self.thread, self.design = thread, design
        self.state: ThreadState | None = None
        self._early: dict[int, tuple[Any, ...]] = {}
        self._highest = 0
        self._truncated: dict[bytes, int] = {}
        self._filled_at = -1
        self._settled: set[bytes] = set()

    @property
    def sequence(self) -> int:
        """The number of the last event in `state`; 0 before the thread is created."""
        return self.state.sequence if self.state else 0

    @property
    def missing(self) -> tuple[int, int] | None:
        """First and last number of the first gap; None while nothing seen is missing."""
        if self._highest == self.sequence:
            return None
        return self.sequence + 1, min(self._early, default=self._highest + 1) - 1

    @property
    def truncated(self) -> frozenset[bytes]:
        """Signatures whose logs were truncated, and which nothing has made up for yet.

        Only the whole log does, or accounts read as of the transaction's slot or a later one.
        """
        return frozenset(self._truncated)

    def take(self, transaction: Transaction) -> Delivery:
        """One delivered transaction."""
        log = read_log(transaction.logs)
        if transaction.failed or log.failed:
            self._truncated.pop(transaction.signature, None)
            return Delivery.NOTHING
        events = self._own(log.events)
        last = max((event.last_sequence for event in events), default=0)
        if log.truncated:
            return self._take_truncated(transaction, last)
        if not events:
            self._truncated.pop(transaction.signature, None)
            return Delivery.NOTHING
        if last <= self.sequence:
            self._settle({transaction.signature})
            return Delivery.DUPLICATE
        self._highest = max(self._highest, last)
        first = events[0].sequence
        if first <= self.sequence or not _whole(events):
            return Delivery.INCOMPLETE
        self._settle({transaction.signature})
        if first in self._early:
            return Delivery.DUPLICATE
        self._early[first] = events
        return self._apply_what_follows(first)

    def fill(self, ledger: LedgerPort, slot: int) -> None:
        """Take the state from the accounts of `ledger` as of `slot`, and apply what follows.

        `slot` is one whose transactions the accounts surely have, all of them: what a node
        says it answered from, and of several answers the lowest.  What landed later and is
        not made up for thereby, `missing` and `truncated` still say afterwards.  Raises
        `StaleLedger` when the accounts are older than `state`, and `TornRead`; the reader is
        then as it was.
        """
        state = read_thread(ledger, self.thread)
        sequence = state.sequence if state else 0
        if sequence < self.sequence:
            raise StaleLedger(f"the accounts are at event {sequence}, before {self.sequence}")
        self.state = state
        self._highest = max(self._highest, sequence)
        self._filled_at = max(self._filled_at, slot)
        self._settle({s for s, landed in self._truncated.items() if landed <= slot})
        self._early = {first: kept for first, kept in self._early.items() if first > sequence}
        self._apply_what_follows(sequence + 1)

    def _own(self, events: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(
            event
            for event in events
            if not isinstance(event, UnreadableEvent) and event.thread == self.thread
        )

    def _take_truncated(self, transaction: Transaction, last: int) -> Delivery:
        known = transaction.slot <= self._filled_at and last <= self.sequence
        if known or transaction.signature in self._settled:
            return Delivery.DUPLICATE
        self._truncated[transaction.signature] = transaction.slot
        self._highest = max(self._highest, last)
        return Delivery.INCOMPLETE

    def _settle(self, signatures: set[bytes]) -> None:
        """Nothing of these is missing: half a log of theirs is no news any more."""
        self._settled |= signatures
        self._truncated = {s: at for s, at in self._truncated.items() if s not in signatures}

    def _apply_what_follows(self, taken: int) -> Delivery:
        """Apply kept transactions as long as one is next; what became of the one at `taken`."""
        while events := self._early.pop(self.sequence + 1, ()):
            try:
                self.state = after(self.state, events, self.thread, self.design)
            except UnfitEvent:
                if events[0].sequence == taken:
                    return Delivery.INCOMPLETE
                break
        return Delivery.EARLY if taken in self._early else Delivery.APPLIED


def _whole(events: tuple[Any, ...]) -> bool:
    """Whether these are all events of their instructions, one instruction after the other."""
    first = events[0].sequence
    while events:
        last = events[0].last_sequence
        expected = [(number, first, last) for number in range(first, last + 1)]
        found = [(e.sequence, e.first_sequence, e.last_sequence) for e in events[: len(expected)]]
        if not expected or found != expected:
            return False
        first, events = last + 1, events[len(expected) :]
    return True
