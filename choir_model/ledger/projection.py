"""The state of one thread, from its accounts or from its events: the same either way (L6).

Theory of operation
-------------------
`ThreadState` holds the thread's account and its records' accounts as values, with nothing
left out: what events lack, such as bumps and peaks, follows from them.  So a state folded
from events (`after`) can be compared with the one read from accounts (`read_thread`) byte
by byte, under every design.  Only two choices of a design matter here, since the events
carry the amounts: what a record's address is made of, and whose bit a claim sets.

The way back is not open: accounts say who approved and who denied, not in which order, nor
which sequence number each vote or claim had, nor what was paid to payees at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from choir_model.domain.identity import Address, Hash, RecordKey
from choir_model.ledger.commitment import EMPTY, append_leaf
from choir_model.ports.ledger import LedgerPort
from choir_model.program import addresses, bindings
from choir_model.program.bindings import (
    ACCOUNTS,
    PEAKS,
    SEATS,
    Decision,
    DenialShare,
    Design,
    Record,
    RecordStatus,
    Thread,
)
from choir_model.program.layout import DecodeError

NOBODY: Address = bytes(32)


class UnfitEvent(ValueError):
    """An event that cannot follow on the state it is applied to."""


class TornRead(RuntimeError):
    """The thread changed while its accounts were read; read again."""


@dataclass(frozen=True, slots=True)
class ThreadState:
    """A thread after event `sequence`: its account, and its records' by their addresses."""

    thread: Thread
    records: Mapping[Address, Record]

    @property
    def sequence(self) -> int:
        """The number of the last event in it."""
        return self.thread.sequence

    @property
    def seats(self) -> tuple[Address, ...]:
        """The co-authors, by seat."""
        return self.thread.seats[: self.thread.co_author_count]


# From accounts


def read_thread(ledger: LedgerPort, thread: Address) -> ThreadState | None:
    """The state of `thread` as its accounts have it now; None if there is no such thread.

    The accounts are read one after the other.  Raises `TornRead` if the thread moved on
    meanwhile, which a ledger that only moves by this process's calls never does.
    """
    before = _decoded(ledger, thread, Thread)
    if before is None:
        return None
    records = {}
    for address in sorted(ledger.program_accounts()):
        record = _decoded(ledger, address, Record)
        if record is not None and record.thread == thread:
            records[address] = record
    if _decoded(ledger, thread, Thread) != before:
        raise TornRead(f"thread {addresses.base58(thread)} changed while it was read")
    return ThreadState(before, records)


def _decoded(ledger: LedgerPort, address: Address, kind: type) -> Any:
    image = ledger.account(address)
    if image is None or image.owner != addresses.PROGRAM:
        return None
    try:
        return ACCOUNTS[kind].decode(image.data)
    except DecodeError:
        return None


# From events


def after(
    state: ThreadState | None, events: Iterable[Any], thread: Address, design: Design
) -> ThreadState | None:
    """The state after `events` of `thread` that follow on `state` (None: not yet created).

    All of them or, where one does not fit, none: raises `UnfitEvent`.
    """
    step = _Step(thread, design, state)
    for event in events:
        step.apply(event)
    if step.thread is None:
        return state
    return ThreadState(step.thread, step.records)


class _Step:
    """A copy of a state, being changed."""

    def __init__(self, address: Address, design: Design, state: ThreadState | None) -> None:
        self.address, self.design = address, design
        self.thread = state.thread if state else None
        self.records = dict(state.records) if state else {}

    def apply(self, event: Any) -> None:
        """One event, which must be the next."""
        expected = self.thread.sequence + 1 if self.thread else 1
        if event.thread != self.address or event.sequence != expected:
            raise UnfitEvent(f"event {event.sequence} where event {expected} is next")
        EFFECTS[type(event)](self, event)
        self.set(sequence=event.sequence)

    def open_thread(self) -> Thread:
        """The thread; `UnfitEvent` before its creation."""
        if self.thread is None:
            raise UnfitEvent("the thread is not created yet")
        return self.thread

    def set(self, **fields: Any) -> None:
        """Give fields of the thread new values."""
        self.thread = dataclasses.replace(self.open_thread(), **fields)

    def add(self, **amounts: int) -> None:
        """Add to fields of the thread."""
        thread = self.open_thread()
        self.set(**{name: getattr(thread, name) + amount for name, amount in amounts.items()})

    def key(self, event: Any) -> RecordKey:
        """The record that the event is about."""
        return RecordKey(self.address, event.author, event.hash)

    def record(self, event: Any, status: RecordStatus | None = None) -> tuple[Address, Record]:
        """The event's record and where it lies; `UnfitEvent` if missing or of another status."""
        address = addresses.record(self.key(event), self.design)
        record = self.records.get(address)
        if record is None or status not in (None, record.status):
            raise UnfitEvent(f"event {event.sequence} is about a record that is not there")
        return address, record

    def seat(self, who: Address) -> int:
        """The seat number of a co-author."""
        thread = self.open_thread()
        try:
            return thread.seats.index(who, 0, thread.co_author_count)
        except ValueError:
            raise UnfitEvent("somebody acts who has no seat") from None


def _thread_created(step: _Step, event: bindings.ThreadCreated) -> None:
    if step.thread is not None:
        raise UnfitEvent("the thread is created a second time")
    nonce = event.nonce.to_bytes(8, "little")
    counters = ("token_balance", "stake_total", "escrow_total", "treasury_paid")
    counts = ("pending_count", "published_count", "rejected_count", "expired_count")
    step.thread = Thread(
        bump=addresses.derive(bindings.THREAD_SEED, event.creator, nonce)[1],
        stake_bump=addresses.derive(bindings.STAKE_SEED, event.thread)[1],
        escrow_bump=addresses.derive(bindings.ESCROW_SEED, event.thread)[1],
        balance_bump=addresses.derive(bindings.BALANCE_SEED, event.thread)[1],
        creator=event.creator,
        nonce=event.nonce,
        created_at=event.created_at,
        sequence=0,
        **dict.fromkeys((*counters, *counts), 0),
        co_author_count=1,
        seats=(event.creator, *[NOBODY] * (SEATS - 1)),
        peaks=(EMPTY,) * PEAKS,
    )


def _opened(step: _Step, event: Any, **fields: int) -> None:
    seeds = addresses.record_seeds(step.key(event), step.design)
    address, bump = addresses.derive(*seeds)
    if address in step.records:
        raise UnfitEvent(f"event {event.sequence} opens a record that is there already")
    nothing = dict.fromkeys(("electorate_size", "stake", "deadline"), 0)
    step.records[address] = Record(
        bump=bump,
        status=RecordStatus.PENDING,
        approvals=0,
        denials=0,
        claims=0,
        thread=event.thread,
        author=event.author,
        hash=event.hash,
        submitted_at=event.submitted_at,
        decided_at=0,
        submitted_sequence=event.sequence,
        decided_sequence=0,
        leaf_index=0,
        **(nothing | fields),
    )


def _message_created(step: _Step, event: bindings.MessageCreated) -> None:
    _opened(step, event)


def _spec_submitted(step: _Step, event: bindings.SpecSubmitted) -> None:
    _opened(
        step,
        event,
        electorate_size=event.electorate_size,
        stake=event.stake,
        deadline=event.deadline,
    )
    step.add(pending_count=1, stake_total=event.stake)


def _approval_received(step: _Step, event: bindings.ApprovalReceived) -> None:
    address, record = step.record(event, RecordStatus.PENDING)
    field = "approvals" if event.decision is Decision.APPROVE else "denials"
    bits = getattr(record, field) | 1 << step.seat(event.voter)
    step.records[address] = dataclasses.replace(record, **{field: bits})


def _decided(step: _Step, event: Any, status: RecordStatus, count: str, **fields: int) -> None:
    address, record = step.record(event, RecordStatus.PENDING)
    step.records[address] = dataclasses.replace(
        record,
        status=status,
        decided_at=event.decided_at,
        decided_sequence=event.sequence,
        **fields,  # type: ignore[arg-type]
    )
    # A direct message, which alone has no electorate, was never pending (M1).
    step.add(**{count: 1}, pending_count=-1 if record.electorate_size else 0)


def _message_published(step: _Step, event: bindings.MessagePublished) -> None:
    thread = step.open_thread()
    if event.leaf_index != thread.published_count:
        raise UnfitEvent(f"leaf {event.leaf_index} where {thread.published_count} is next")
    address, _ = step.record(event)
    hash_: Hash = event.hash
    peaks = append_leaf(thread.peaks, event.leaf_index, address, hash_)
    step.set(peaks=peaks)
    published = RecordStatus.PUBLISHED
    _decided(step, event, published, "published_count", leaf_index=event.leaf_index)


def _message_rejected(step: _Step, event: bindings.MessageRejected) -> None:
    _decided(step, event, RecordStatus.REJECTED, "rejected_count")


def _message_expired(step: _Step, event: bindings.MessageExpired) -> None:
    _decided(step, event, RecordStatus.EXPIRED, "expired_count")


def _co_author_added(step: _Step, event: bindings.CoAuthorAdded) -> None:
    thread = step.open_thread()
    taken = thread.co_author_count
    if event.seat != taken or taken == SEATS:
        raise UnfitEvent(f"seat {event.seat} is taken where seat {taken} is next")
    seats = (*thread.seats[:taken], event.co_author, *thread.seats[taken + 1 :])
    step.set(seats=seats, co_author_count=taken + 1)


def _stake_settled(step: _Step, event: bindings.StakeSettled) -> None:
    step.add(
        stake_total=-event.stake,
        token_balance=event.to_balance,
        escrow_total=event.to_escrow,
        treasury_paid=event.to_treasury,
    )


def _share_claimed(step: _Step, event: bindings.ShareClaimed) -> None:
    address, record = step.record(event)
    shared = step.design.denial_share is DenialShare.DENIERS
    refund = record.status is RecordStatus.EXPIRED or not shared
    bit = 0 if refund else step.seat(event.beneficiary)
    step.records[address] = dataclasses.replace(record, claims=record.claims | 1 << bit)
    step.add(escrow_total=-event.amount)


EFFECTS: dict[type, Callable[[_Step, Any], None]] = {
    bindings.ThreadCreated: _thread_created,
    bindings.MessageCreated: _message_created,
    bindings.MessagePublished: _message_published,
    bindings.SpecSubmitted: _spec_submitted,
    bindings.ApprovalReceived: _approval_received,
    bindings.MessageRejected: _message_rejected,
    bindings.MessageExpired: _message_expired,
    bindings.CoAuthorAdded: _co_author_added,
    bindings.StakeSettled: _stake_settled,
    bindings.ShareClaimed: _share_claimed,
}
"""What each event says of the state."""
