"""Where the stake of a record goes: one total table by status and design (M4 to M6, L4).

Pure: the instructions decide by it, and `conservation` judges the totals of a thread by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Protocol

from choir_model.domain.identity import Address
from choir_model.program.bindings import DenialShare, Design, Expiry, Payout, RecordStatus


class Receiver(Enum):
    """Who gets a stake."""

    THREAD = "the thread, for its own balance"
    TREASURY = "the treasury"
    DENIERS = "those who denied, in equal shares; the treasury gets the remainder"
    AUTHOR = "the author, back"


_OF_REJECTED: Mapping[DenialShare, Receiver] = MappingProxyType(
    {
        DenialShare.DENIERS: Receiver.DENIERS,
        DenialShare.TREASURY: Receiver.TREASURY,
        DenialShare.REFUND: Receiver.AUTHOR,
    }
)
_OF_EXPIRED: Mapping[Expiry, Receiver] = MappingProxyType(
    {Expiry.TREASURY: Receiver.TREASURY, Expiry.REFUND: Receiver.AUTHOR}
)


def receiver(status: RecordStatus, design: Design) -> Receiver:
    """Who gets the stake of a record with this final status; `ValueError` for a pending one."""
    match status:
        case RecordStatus.PUBLISHED:
            return Receiver.THREAD
        case RecordStatus.REJECTED:
            return _OF_REJECTED[design.denial_share]
        case RecordStatus.EXPIRED:
            return _OF_EXPIRED[design.expiry]
    raise ValueError("a pending record's stake has no receiver yet")


@dataclass(frozen=True, slots=True)
class Settlement:
    """The parts of a stake, in base units; the four sums add up to it (S1)."""

    to_balance: int = 0
    to_escrow: int = 0
    to_payees: int = 0
    to_treasury: int = 0
    share: int = 0
    """What each claimant or payee gets."""


def settlement(status: RecordStatus, design: Design, stake: int, deniers: int) -> Settlement:
    """What becomes of `stake` base units; `deniers` matters only where they share it."""
    to = receiver(status, design)
    if to is Receiver.THREAD:
        return Settlement(to_balance=stake)
    if to is Receiver.TREASURY or (to is Receiver.DENIERS and not deniers):
        return Settlement(to_treasury=stake)
    shares = deniers if to is Receiver.DENIERS else 1
    share = stake // shares
    shared, remainder = shares * share, stake % shares
    if design.payout is Payout.PUSH:
        return Settlement(to_payees=shared, to_treasury=remainder, share=share)
    return Settlement(to_escrow=shared, to_treasury=remainder, share=share)


def claimants(status: RecordStatus, design: Design) -> Receiver | None:
    """Who may claim from a decided record, if anyone: deniers, or the author (L5)."""
    to = receiver(status, design)
    waits = design.payout is Payout.CLAIM and to in (Receiver.DENIERS, Receiver.AUTHOR)
    return to if waits else None


AUTHORS_BIT = 0
"""The claim bit of an author's refund; a denier's is the seat number."""


class HasSeats(Protocol):
    """A thread, as cells or as a decoded account."""

    @property
    def seats(self) -> tuple[Address, ...]:
        """Who is seated, in order."""


class HasAuthor(Protocol):
    """A record, as cells or as a decoded account."""

    @property
    def author(self) -> Address:
        """Who submitted it."""


def payees(
    status: RecordStatus, design: Design, thread: HasSeats, record: HasAuthor, denials: int
) -> tuple[Address, ...]:
    """The wallets the decision itself pays, in order; `denials` with the deciding vote's.

    Of `thread` and `record` only what matters is read.
    """
    if design.payout is not Payout.PUSH:
        return ()
    match receiver(status, design):
        case Receiver.AUTHOR:
            return (record.author,)
        case Receiver.DENIERS:
            seats = thread.seats
            return tuple(seats[seat] for seat in range(len(seats)) if denials >> seat & 1)
    return ()
