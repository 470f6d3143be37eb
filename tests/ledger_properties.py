"""Safety and liveness of one spec on the ledger, as properties for the model checker (SPEC 8).

Over cells, so that they hold for whatever the instructions do: nothing here asks them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from choir_model.domain.identity import Address
from choir_model.engine import Property, View, always, each_step, leads_to
from choir_model.ledger import cells, stakes
from choir_model.ledger.cells import Clock, RecordAccount, ThreadAccount, TokenAccount
from choir_model.program.bindings import Design, Electorate, RecordStatus

PENDING, PUBLISHED = RecordStatus.PENDING, RecordStatus.PUBLISHED
SETTLED_FIELDS: tuple[str, ...] = (
    "status",
    "electorate_size",
    "approvals",
    "denials",
    "thread",
    "author",
)
SETTLED_FIELDS += ("hash", "stake", "deadline")
"""What a final record keeps; only its claims go on."""


@dataclass(frozen=True)
class OneSpec:
    """The record at an address, in a thread with its vaults, under a design."""

    design: Design
    thread: Address
    record: Address
    stake: Address
    escrow: Address
    others: tuple[Address, ...] = ()
    """Other records of the thread."""

    def there(self, view: View) -> bool:
        return cells.Account(view, self.record).kind is cells.AccountKind.RECORD

    def status(self, view: View) -> RecordStatus | None:
        return RecordAccount(view, self.record).status if self.there(view) else None

    def final(self, view: View) -> bool:
        return self.status(view) not in (None, PENDING)

    def is_(self, status: RecordStatus) -> Callable[[View], bool]:
        return lambda view: self.status(view) is status

    def electorate(self, view: View) -> int:
        """The bits of the seats that must approve, were the next vote the deciding one."""
        record, seats = RecordAccount(view, self.record), ThreadAccount(view, self.thread).seats
        if self.design.electorate is Electorate.SNAPSHOT:
            return (1 << record.electorate_size) - 1
        return sum(1 << n for n, seat in enumerate(seats) if seat != record.author)

    def votes(self, view: View) -> tuple[int, int]:
        record = RecordAccount(view, self.record)
        return (record.approvals, record.denials) if self.there(view) else (0, 0)

    # Safety

    def safety(self) -> list[Property]:
        """S3, S4, S9 and S10, each with a state that it is about."""
        published = self.is_(PUBLISHED)
        return [
            each_step(self.published_by_all, clause="S3", witness=published),
            always(self.published_stays_approved, clause="S3", witness=published),
            each_step(self.final_is_final, clause="S4", witness=self.final),
            each_step(self.one_vote_in_time, clause="S9", witness=self.voted),
            each_step(self.settled_once, clause="S10", witness=self.final),
            each_step(self.claimed_once, clause="S10", witness=self.claimed_or_nobody_may),
        ]

    def published_by_all(self, before: View, after: View) -> bool:
        """What is published was approved by all who must, the last of them in time."""
        if self.status(after) is not PUBLISHED or self.status(before) is PUBLISHED:
            return True
        return self.in_time(before) and self.votes(after) == (self.electorate(before), 0)

    def published_stays_approved(self, view: View) -> bool:
        """By the electorate of its submission at least, under snapshot by nobody else."""
        if self.status(view) is not PUBLISHED:
            return True
        first = (1 << RecordAccount(view, self.record).electorate_size) - 1
        approvals, denials = self.votes(view)
        exactly = self.design.electorate is Electorate.SNAPSHOT
        return not denials and (approvals == first if exactly else approvals & first == first)

    def final_is_final(self, before: View, after: View) -> bool:
        """A final record keeps everything but its claims."""
        if not self.final(before):
            return True
        was, is_ = RecordAccount(before, self.record), RecordAccount(after, self.record)
        same = all(getattr(was, name) == getattr(is_, name) for name in SETTLED_FIELDS)
        return same and self.there(after)

    def one_vote_in_time(self, before: View, after: View) -> bool:
        """Votes are added one by one, one for each seat of the electorate, and stay."""
        (yes, no), (yes_after, no_after) = self.votes(before), self.votes(after)
        new = (yes_after | no_after) & ~(yes | no)
        if yes_after & no_after or yes & ~yes_after or no & ~no_after or new.bit_count() > 1:
            return False
        if (yes_after, no_after) == (yes, no):
            return True
        votes = bool(new) and self.status(before) is PENDING and self.in_time(before)
        return votes and not new & ~self.electorate(before)

    def settled_once(self, before: View, after: View) -> bool:
        """The vault of stakes changes by those of specs that become or cease to be pending."""
        moved = TokenAccount(after, self.stake).amount - TokenAccount(before, self.stake).amount
        return moved == self.pending_stakes(after) - self.pending_stakes(before)

    def claimed_once(self, before: View, after: View) -> bool:
        """The escrow pays a share for each claim bit that is set, and nothing else."""
        was = RecordAccount(before, self.record).claims if self.there(before) else 0
        is_ = RecordAccount(after, self.record).claims if self.there(after) else 0
        paid = self.escrowed(before) - self.escrowed(after)
        if was == is_:
            return paid <= 0
        return (is_ ^ was).bit_count() == 1 and not was & ~is_ and paid == self.share(after)

    def voted(self, view: View) -> bool:
        return any(self.votes(view))

    def in_time(self, view: View) -> bool:
        now: int = Clock(view).now
        return now < RecordAccount(view, self.record).deadline

    def pending_stakes(self, view: View) -> int:
        total = 0
        for address in (self.record, *self.others):
            there = cells.Account(view, address).kind is cells.AccountKind.RECORD
            record = RecordAccount(view, address)
            if there and record.status is PENDING:
                total += record.stake
        return total

    def escrowed(self, view: View) -> int:
        return TokenAccount(view, self.escrow).amount

    def share(self, view: View) -> int:
        record = RecordAccount(view, self.record)
        deniers = record.denials.bit_count()
        return stakes.settlement(record.status, self.design, record.stake, deniers).share

    def claimed_or_nobody_may(self, view: View) -> bool:
        """A claim; or a final record, where the design lets nobody claim."""
        finals = [s for s in RecordStatus if s is not PENDING]
        if any(stakes.claimants(status, self.design) for status in finals):
            return self.there(view) and RecordAccount(view, self.record).claims > 0
        return self.final(view)

    # Liveness

    def every_pending_spec_is_decided(self) -> Property:
        return leads_to(self.is_(PENDING), self.final, name="V1_decided", clause="V1")

    def every_stake_leaves(self) -> list[Property]:
        """The vault of stakes, and where somebody claims, the escrow."""

        def staked(view: View) -> bool:
            return ThreadAccount(view, self.thread).stake_total > 0

        def none_staked(view: View) -> bool:
            return ThreadAccount(view, self.thread).stake_total == 0

        def drained(view: View) -> bool:
            return none_staked(view) and self.escrowed(view) == 0

        return [
            leads_to(staked, none_staked, name="V5_stake", clause="V5"),
            leads_to(staked, drained, name="V5_escrow", clause="V5"),
        ]
