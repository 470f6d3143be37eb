"""The submit, approve, settle and create-thread sagas of section 6.

Theory of operation
-------------------
Nobody has one transaction over ledger and store, so every change of both is a **saga**: a
sequence of arrows, each of which is one command to one layer, and between any two of which
anything may happen to the rest of the world, or to the saga itself.  A `Saga` is an
immutable value: the arrows left, and what was learned so far.

==================  ====================================================================
saga                arrows
==================  ====================================================================
submit              store (invisible status) → send → read record → read thread →
                    follow thread → follow status
approve             verify → send → read record → read thread → follow thread → …
settle              send → read record → read thread → follow thread → …
create thread       send → read thread → follow thread
recover             read record → correct status → read record → follow status
recover thread      read thread → correct thread → read thread → follow thread
==================  ====================================================================

Content is stored before the ledger speaks of it (variant ``content_first``), with the
status Submitted, which only its author can get; the store learns every other status from
what was *read back* from the ledger, never from what a transaction was meant to do.

Recovery does not trust the store's metadata: a status or a sequence that is ahead of the
ledger was never true, and is *corrected*, where following would ignore it (section 6, the
ledger wins).  What was read may be old when the correction lands, and then it undoes a newer
one; hence the second reading, which only follows: statuses and sequences of the ledger never
go back, and whoever made them newer after that reading tells the store later still.

A refused transaction is read back too, for the refusal may mean that somebody was there
before, perhaps this very client in an attempt that was cut off: if there is a record, the
store follows it, and the saga ends refused all the same; if there is none, content that was
stored stays Submitted and may be sent again.  So it is after an `Unknown` outcome (L8):
unless reading back shows the record it was to make, the saga ends `UNSETTLED`, because the
transaction may land yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, TypeAlias

from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ports.content import Message
from choir_model.ports.content import Refused as StoreRefused
from choir_model.ports.ledger import AccountImage, Confirmed, Rejected
from choir_model.program import addresses, calls, designs
from choir_model.program.bindings import ACCOUNTS, Design, Record, RecordStatus, Thread
from choir_model.program.calls import Call


class Arrow(Enum):
    """One command of a saga, to one layer."""

    VERIFY = "verify ledger state"
    STORE = "store content"
    SEND = "send transaction"
    READ_RECORD = "read record back"
    READ_THREAD = "read thread back"
    FOLLOW_STATUS = "follow status"
    FOLLOW_THREAD = "follow thread"
    CORRECT_STATUS = "correct status"
    CORRECT_THREAD = "correct thread"


@dataclass(frozen=True, slots=True)
class Send:
    """To the ledger: one transaction.  Answer: a ledger outcome."""

    call: Call
    payer: Address


@dataclass(frozen=True, slots=True)
class Read:
    """To the ledger: an account.  Answer: its image or None."""

    address: Address


@dataclass(frozen=True, slots=True)
class Store:
    """To the content store: a message, to be embedded (C4) and upserted."""

    message: Message


@dataclass(frozen=True, slots=True)
class FollowStatus:
    """To the content store: a record's status as read from the ledger."""

    key: RecordKey
    status: Status


@dataclass(frozen=True, slots=True)
class FollowThread:
    """To the content store: a thread's co-authors as of a ledger sequence."""

    thread: Address
    co_authors: tuple[Address, ...]
    sequence: int


@dataclass(frozen=True, slots=True)
class CorrectStatus:
    """To the content store: a record's status, whatever the store believes."""

    key: RecordKey
    status: Status


@dataclass(frozen=True, slots=True)
class CorrectThread:
    """To the content store: a thread's co-authors, whatever the store believes."""

    thread: Address
    co_authors: tuple[Address, ...]
    sequence: int


SagaCommand: TypeAlias = (
    Send | Read | Store | FollowStatus | FollowThread | CorrectStatus | CorrectThread
)

PROPAGATE = (Arrow.READ_RECORD, Arrow.READ_THREAD, Arrow.FOLLOW_THREAD, Arrow.FOLLOW_STATUS)
"""Ownership before content status, as in section 6."""


class Conflict(Enum):
    """Why a saga stopped by itself (SPEC 10)."""

    STATE_CONFLICT = "the ledger's state is not what the action assumes; read it again"
    UNSETTLED = "the response was lost; the transaction may have landed, or may land yet"


@dataclass(frozen=True, slots=True)
class Saga:
    """A saga under way.  `arrows` are those left; a saga without arrows is over.

    `design` is the ledger's.  `stopped` is why it ended before its last arrow: a refusal of
    ledger or store, or a `Conflict`; None if it did not.  `refused` is what the ledger answered
    where the saga went on nevertheless, to let the store follow.
    """

    name: str
    arrows: tuple[Arrow, ...]
    thread: Address
    key: RecordKey | None = None
    design: Design = designs.DEFAULT
    call: Call | None = None
    payer: Address = b""
    message: Message | None = None
    stopped: Enum | None = None
    refused: Enum | None = None
    confirmed: Confirmed | None = None
    status: Status | None = None
    members: tuple[tuple[Address, ...], int] | None = None

    @property
    def failed(self) -> Enum | None:
        """Why the saga did not achieve what it was for; None if it did."""
        return self.stopped or self.refused

    def __str__(self) -> str:
        return f"{self.name}, next: {self.arrows[0].value if self.arrows else 'nothing'}"


def submit_message(message: Message, design: Design = designs.DEFAULT) -> Saga:
    """A co-author's direct message (M1), with status Submitted."""
    key = message.key
    call = calls.submit_message(key.author, key.thread, key.hash, design)
    return _submit("submit message", message, call, design)


def submit_spec(
    message: Message, source: Address, stake: int, design: Design = designs.DEFAULT
) -> Saga:
    """A spec with `stake` base units from the token account `source` (M2)."""
    key = message.key
    call = calls.submit_spec(key.author, source, key.thread, key.hash, stake, design)
    return _submit("submit spec", message, call, design)


def draft(key: RecordKey, content: str, privacy: Privacy, now: int) -> Message:
    """What is stored before the ledger knows of it."""
    return Message(key, content, Status.SUBMITTED, privacy, now)


def _submit(name: str, message: Message, call: Call, design: Design) -> Saga:
    arrows, key = (Arrow.STORE, Arrow.SEND, *PROPAGATE), message.key
    return Saga(name, arrows, key.thread, key, design, call, key.author, message)


def approve(
    voter: Address,
    key: RecordKey,
    call: Call,
    design: Design = designs.DEFAULT,
    *,
    verified: bool = True,
) -> Saga:
    """A vote, approving or denying; `verified` false: by a client that does not look first."""
    arrows = (Arrow.VERIFY, Arrow.SEND, *PROPAGATE) if verified else (Arrow.SEND, *PROPAGATE)
    return Saga("vote", arrows, key.thread, key, design, call, voter)


def settle(crank: Address, key: RecordKey, call: Call, design: Design = designs.DEFAULT) -> Saga:
    """Close a spec whose window is over (M6)."""
    arrows = (Arrow.SEND, *PROPAGATE)
    return Saga("settle", arrows, key.thread, key, design, call, crank)


def create_thread(creator: Address, mint: Address, nonce: int) -> Saga:
    """Ledger account → store."""
    thread = addresses.thread(creator, nonce)
    arrows = (Arrow.SEND, Arrow.READ_THREAD, Arrow.FOLLOW_THREAD)
    call = calls.create_thread(creator, mint, nonce)
    return Saga("create thread", arrows, thread, call=call, payer=creator)


def recover(key: RecordKey, design: Design = designs.DEFAULT) -> Saga:
    """Bring the store up to date with one record of the ledger, whatever it holds of it."""
    arrows = (Arrow.READ_RECORD, Arrow.CORRECT_STATUS, Arrow.READ_RECORD, Arrow.FOLLOW_STATUS)
    return Saga("recover", arrows, key.thread, key, design)


def recover_thread(thread: Address) -> Saga:
    """Bring the store up to date with one thread of the ledger, whatever it holds of it."""
    arrows = (Arrow.READ_THREAD, Arrow.CORRECT_THREAD, Arrow.READ_THREAD, Arrow.FOLLOW_THREAD)
    return Saga("recover thread", arrows, thread)


def command(saga: Saga) -> SagaCommand | None:
    """What the saga wants done next; None when it is over."""
    if not saga.arrows:
        return None
    match saga.arrows[0]:
        case Arrow.VERIFY | Arrow.READ_RECORD:
            assert saga.key is not None
            return Read(addresses.record(saga.key, saga.design))
        case Arrow.READ_THREAD:
            return Read(saga.thread)
        case Arrow.STORE:
            assert saga.message is not None
            return Store(saga.message)
        case Arrow.SEND:
            assert saga.call is not None
            return Send(saga.call, saga.payer)
        case Arrow.FOLLOW_STATUS | Arrow.CORRECT_STATUS as arrow:
            assert saga.key is not None
            assert saga.status is not None
            tell = FollowStatus if arrow is Arrow.FOLLOW_STATUS else CorrectStatus
            return tell(saga.key, saga.status)
        case Arrow.FOLLOW_THREAD | Arrow.CORRECT_THREAD as arrow:
            assert saga.members is not None
            teach = FollowThread if arrow is Arrow.FOLLOW_THREAD else CorrectThread
            return teach(saga.thread, *saga.members)


def react(saga: Saga, answer: Any) -> Saga:
    """The saga after the answer to its command."""
    arrow, *left = saga.arrows
    return replace(saga, **{"arrows": tuple(left), **REACTIONS[arrow](saga, answer)})


Changes: TypeAlias = dict[str, Any]
"""Fields of a saga that an answer changes, besides that the arrow is done."""


def _stop(why: Enum) -> Changes:
    return {"arrows": (), "stopped": why}


def _verified(saga: Saga, answer: AccountImage | None) -> Changes:
    record = _record(saga, answer)
    if record is None or record.status is not RecordStatus.PENDING:
        return _stop(Conflict.STATE_CONFLICT)
    return {}


def _stored(saga: Saga, answer: Any) -> Changes:
    return _stop(answer.reason) if isinstance(answer, StoreRefused) else {}


def _sent(saga: Saga, answer: Any) -> Changes:
    if isinstance(answer, Confirmed):
        return {"confirmed": answer}
    return {"refused": answer.reason if isinstance(answer, Rejected) else Conflict.UNSETTLED}


def _record_read(saga: Saga, answer: AccountImage | None) -> Changes:
    record = _record(saga, answer)
    if record is None:
        return _stop(saga.refused or Conflict.STATE_CONFLICT)
    changes: Changes = {"status": Status[record.status.name]}
    if saga.refused is Conflict.UNSETTLED and saga.message is not None:
        changes["refused"] = None  # the record is there: the submission has landed
    return changes


def _thread_read(saga: Saga, answer: AccountImage | None) -> Changes:
    if answer is None or not answer.data:
        return _stop(saga.refused or Conflict.STATE_CONFLICT)
    thread: Thread = ACCOUNTS[Thread].decode(answer.data)
    return {"members": (thread.seats[: thread.co_author_count], thread.sequence)}


REACTIONS: dict[Arrow, Callable[[Saga, Any], Changes]] = {
    Arrow.VERIFY: _verified,
    Arrow.STORE: _stored,
    Arrow.SEND: _sent,
    Arrow.READ_RECORD: _record_read,
    Arrow.READ_THREAD: _thread_read,
    Arrow.FOLLOW_STATUS: _stored,
    Arrow.FOLLOW_THREAD: _stored,
    Arrow.CORRECT_STATUS: _stored,
    Arrow.CORRECT_THREAD: _stored,
}


def _record(saga: Saga, image: AccountImage | None) -> Record | None:
    """The saga's record; where an address has no author in it, it may be somebody else's."""
    if image is None or not image.data:
        return None
    record: Record = ACCOUNTS[Record].decode(image.data)
    assert saga.key is not None
    return record if record.author == saga.key.author else None
