"""What a decision does: publication, rejection, expiry (M4 to M8, L7).

Theory of operation
-------------------
`reach` stands among the guards: it says what a decision would do, payees and seat
included, and refuses what cannot be done (guards 7 to 9).  `carry_out` stands among the
effects: it does what was reached, and returns the events.  Where the stake goes is said in
`stakes` alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from choir_model.domain.identity import Address
from choir_model.engine import Field, View
from choir_model.ledger import commitment, payees, stakes, tokens
from choir_model.ledger.announcements import Event, about, sequence
from choir_model.ledger.cells import (
    NOW,
    ConfigAccount,
    RecordAccount,
    ThreadAccount,
    add,
    append,
    exceeds_u64,
    reached,
    take,
)
from choir_model.ledger.guards import Admitted
from choir_model.ledger.stakes import Receiver, Settlement
from choir_model.program import bindings
from choir_model.program.bindings import Capacity, Reason, RecordStatus

LEAVES_MAX = 2**32 - 1

TOTALS: tuple[tuple[Field[int], str, str], ...] = (
    (ThreadAccount.token_balance, "to_balance", "balance_vault"),
    (ThreadAccount.escrow_total, "to_escrow", "escrow_vault"),
    (ThreadAccount.treasury_paid, "to_treasury", "treasury"),
)
"""Totals of a thread that a settlement adds to, with the part added and the vault it lies in.

What payees get is in no total: it leaves the thread.
"""

_WITHOUT_CONTENT: dict[RecordStatus, tuple[Field[int], Callable[..., Any]]] = {
    RecordStatus.REJECTED: (ThreadAccount.rejected_count, bindings.MessageRejected),
    RecordStatus.EXPIRED: (ThreadAccount.expired_count, bindings.MessageExpired),
}
"""Counter and event of decisions that publish nothing.

These counters cannot overflow: the thread's sequence grows faster, and that is tested.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision that can be carried out."""

    status: RecordStatus
    stake: int
    settlement: Settlement
    payees: tuple[Address, ...]
    """Token accounts, each of which gets a share."""
    new_seat: int | None
    """The seat the author takes."""

    @property
    def events(self) -> int:
        """How many events `carry_out` returns."""
        return 2 if self.new_seat is None else 3


def reach(
    view: View,
    call: Admitted,
    thread: ThreadAccount,
    record: RecordAccount,
    status: RecordStatus,
    denial: int = 0,
) -> Verdict:
    """What deciding `record` comes to; `denial` is the bit of a denial not recorded yet."""
    config = ConfigAccount(view, call.roles["config"])
    design, stake = config.design, record.stake
    denials = 0
    if stakes.receiver(status, design) is Receiver.DENIERS:
        denials = record.denials | denial
    settlement = stakes.settlement(status, design, stake, denials.bit_count())
    owners = stakes.payees(status, design, thread, record, denials)
    accounts = payees.accounts(view, call, owners)
    new_seat = None
    if status is RecordStatus.PUBLISHED:
        seats = thread.seats
        if record.author not in seats:
            new_seat = len(seats)
            if design.capacity is Capacity.CHECK_AT_PUBLISH and new_seat >= config.max_co_authors:
                view.refuse(Reason.ThreadFull, "thread")
        refuse_leaf_overflow(view, thread)
    for total, part, _ in TOTALS:
        amount = getattr(settlement, part)
        if amount and thread.test(total, exceeds_u64, amount):
            view.refuse(Reason.Overflow)
    return Verdict(status, stake, settlement, accounts, new_seat)


def carry_out(
    view: View,
    call: Admitted,
    thread: ThreadAccount,
    record: RecordAccount,
    verdict: Verdict,
    position: int,
) -> list[Event]:
    """Do it; `position` is that of the first event returned within its instruction."""
    record.update(RecordAccount.decided_sequence, take, sequence(thread, position))
    thread.update(ThreadAccount.pending_count, add, -1)
    thread.update(ThreadAccount.stake_total, add, -verdict.stake)
    events = _finish(thread, record, verdict.status)
    if verdict.new_seat is not None:
        thread.update(ThreadAccount.seats, append, record.author)
        joined = {"co_author": record.author, "seat": verdict.new_seat}
        events.append((bindings.CoAuthorAdded, joined))
    _pay(view, call, thread, verdict)
    parts = dataclasses.asdict(verdict.settlement)
    settled = about(record, stake=verdict.stake, **parts)
    return [*events, (bindings.StakeSettled, settled)]


def _finish(thread: ThreadAccount, record: RecordAccount, status: RecordStatus) -> list[Event]:
    if status is RecordStatus.PUBLISHED:
        return [publish(thread, record)]
    counter, event = _WITHOUT_CONTENT[status]
    record.status = status
    record.update(RecordAccount.decided_at, take, NOW)
    thread.update(counter, add, 1)
    return [(event, about(record, decided_at=NOW))]


def _pay(view: View, call: Admitted, thread: ThreadAccount, verdict: Verdict) -> None:
    """Move the parts of the stake, and add those that stay to the totals of the thread."""
    source, share = call.roles["stake_vault"], verdict.settlement.share
    for total, part, vault in TOTALS:
        if vault == "treasury":
            for account in verdict.payees:
                tokens.move(view, source, account, share)
        amount = getattr(verdict.settlement, part)
        if amount:
            thread.update(total, add, amount)
            tokens.move(view, source, call.roles[vault], amount)


def refuse_leaf_overflow(view: View, thread: ThreadAccount) -> None:
    """Guard 9 for a publication: the peaks have room for 2^32 − 1 leaves."""
    if thread.test(ThreadAccount.published_count, reached, LEAVES_MAX):
        view.refuse(Reason.Overflow)


def publish(thread: ThreadAccount, record: RecordAccount) -> Event:
    """Final status, and one more leaf of the commitment to content (L7)."""
    count = ThreadAccount.published_count[thread.key]
    record.status = RecordStatus.PUBLISHED
    record.update(RecordAccount.decided_at, take, NOW)
    record.update(RecordAccount.leaf_index, take, count)
    content = RecordAccount.hash[record.key]
    thread.update(ThreadAccount.peaks, commitment.append_leaf, count, record.key, content)
    thread.update(ThreadAccount.published_count, add, 1)
    index = RecordAccount.leaf_index[record.key]
    return bindings.MessagePublished, about(record, leaf_index=index, decided_at=NOW)
