"""The stories behind the worlds that are attacked, told alike to both ledgers.

Theory of operation
-------------------
A `Builder` has both ledgers do the same, and what it does must be confirmed.  Every design
worth attacking has a busy world: records pending, published, rejected, expired and overdue,
shares partly claimed, donations, a full thread.  Others stand at an edge: totals near 2^64,
no time left, no config.  Numbers that no client reaches in reasonable time are put there as
bytes; such worlds are not audited by record, because no records add up to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from choir_model.domain.identity import Address, Hash, RecordKey, content_hash
from choir_model.ledger import stakes
from choir_model.ledger.cells import I64_MAX, U64_MAX, ThreadAccount
from choir_model.ledger.clients import paying
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.adversary_port import HostileLedger
from choir_model.lockstep.cast import MIN_STAKE, START, WINDOW, Cast, Setting
from choir_model.lockstep.compare import agree
from choir_model.lockstep.ledger_pair import said
from choir_model.ports.ledger import AccountImage, Confirmed
from choir_model.program import addresses, calls, designs
from choir_model.program.bindings import (
    ACCOUNTS,
    SUPPLY,
    Capacity,
    Decision,
    RecordStatus,
    Rejection,
    Thread,
)
from choir_model.program.calls import Call

FULL = 8
"""Seats of a story's threads where pending specs reserve one; else four are enough."""
UNEVEN = 2 * MIN_STAKE + 3
DONATION = 7
OLDEST = -10_000
"""Unix timestamp at which the ledgers that are attacked begin."""
THREADS = 3


def attack_hash(number: int) -> Hash:
    """The hash of content `number`."""
    return content_hash(f"content {number}")


Story = Callable[["Builder"], None]


class Builder:
    """Prepares one world on both ledgers; whatever it does must be confirmed by both."""

    def __init__(self, reference: ReferenceLedger, real: HostileLedger, setting: Setting) -> None:
        self.reference, self.real = reference, real
        self.setting, self.design = setting, setting.design
        self.cast = Cast.of(real)
        self.keys: list[RecordKey] = []
        self.strangers: list[Address] = []
        self.further: list[Address] = []
        self.audited = True
        self.attackers_mints: list[tuple[Address, Address]] = []
        for ledger in (reference, real):
            ledger.advance(0, setting.start - ledger.clock().unix_timestamp)
            self.cast.prepare(ledger, setting)

    @property
    def wallets(self) -> tuple[Address, ...]:
        """The cast's wallets."""
        return self.cast.wallets

    def do(self, call: Call) -> None:
        """Execute on both, with the accounts of whom it pays."""
        call = paying(self.reference, call, self.design, self.cast.token)
        payer = next((m.address for m in call.accounts if m.signer), self.cast.crank)
        outcomes = self.reference.execute(call, payer), self.real.execute(call, payer)
        agree(f"preparing {self.setting.name}: {call.name}", "outcome", *map(said, outcomes))
        if not isinstance(outcomes[0], Confirmed):
            raise RuntimeError(f"preparing {self.setting.name}: {call.name}: {outcomes[0]}")

    def put(self, label: str, image: AccountImage, *, stranger: bool = True) -> Address:
        """Put an account on both, at an address of its own."""
        address = hashlib.sha256(f"adversary: {label}".encode()).digest()
        for ledger in (self.reference, self.real):
            ledger.put_account(address, image)
        (self.strangers if stranger else self.further).append(address)
        return address

    def thread(self, number: int) -> None:
        """Create a thread."""
        self.do(calls.create_thread(self.wallets[number % 2], self.cast.mint, number // 2))

    def spec(self, thread: int, author: int, content: int, stake: int = MIN_STAKE) -> RecordKey:
        """A pending spec."""
        wallet, place = self.wallets[author], self.cast.thread(thread)
        key = RecordKey(place, wallet, attack_hash(content))
        token = self.cast.token(wallet)
        self.do(calls.submit_spec(wallet, token, place, key.hash, stake, self.design))
        self.keys.append(key)
        return key

    def message(self, thread: int, author: int, content: int) -> None:
        """A direct message."""
        key = RecordKey(self.cast.thread(thread), self.wallets[author], attack_hash(content))
        self.do(calls.submit_message(key.author, key.thread, key.hash, self.design))
        self.keys.append(key)

    def vote(self, key: RecordKey, decision: Decision, *voters: int) -> None:
        """Votes of wallets."""
        for voter in voters:
            self.do(calls.vote(self.wallets[voter], key, decision, self.design))

    def seat(self, thread: int, author: int, content: int, *members: int) -> None:
        """Give the author a seat."""
        self.vote(self.spec(thread, author, content), Decision.APPROVE, *members)

    def give(self, account: Address, amount: int) -> None:
        """Tokens from the reserve; to a vault, a donation."""
        authority = self.cast.authority
        self.do(calls.token_transfer(authority, self.cast.reserve, account, amount))

    def wait(self, seconds: int) -> None:
        """Time passes."""
        for ledger in (self.reference, self.real):
            ledger.advance(1, seconds)

    def plant(self, thread: int, **values: int) -> None:
        """Numbers in a thread that would take too long to reach; the next call must touch it."""
        address = self.cast.thread(thread)
        image = self.real.account(address)
        assert image is not None
        changed = replace(ACCOUNTS[Thread].decode(image.data), **values)
        data = ACCOUNTS[Thread].encode(changed)
        self.real.put_account(address, AccountImage(image.owner, data))
        for name, value in values.items():
            self.reference.state[getattr(ThreadAccount, name)[address]] = value
        self.audited = False

    def plant_tokens(self, wallet: int, amount: int) -> None:
        """What no wallet holds while the supply is what it is."""
        owner = self.wallets[wallet]
        data = self.cast.mint + owner + amount.to_bytes(8, "little") + bytes(36) + b"\1" + bytes(56)
        for ledger in (self.reference, self.real):
            image = AccountImage(addresses.TOKEN, data)
            ledger.put_account(self.cast.token(owner), image)
        self.audited = False


# Stories


def busy(b: Builder) -> None:
    """One record of each kind in thread 0, a full thread 1, an empty thread 2."""
    at_close = b.design.rejection is Rejection.AT_CLOSE
    reserves = b.design.capacity is Capacity.RESERVE
    approve, deny = Decision.APPROVE, Decision.DENY
    deniers = (0, 1) if at_close else (0,)
    for number in range(THREADS):
        b.thread(number)
    b.give(b.cast.token(b.wallets[4]), 20 * MIN_STAKE)
    for poor in (Cast.PAUPER, Cast.THIN):
        b.give(b.cast.token(b.wallets[poor]), 5 * MIN_STAKE)
    b.seat(0, 1, 1, 0)
    b.seat(0, 2, 2, 0, 1)
    b.message(0, 0, 3)
    denied = [b.spec(0, 3, content, UNEVEN) for content in (4, 5)]
    for key in denied:
        b.vote(key, deny, *deniers)
    expiring, overdue = b.spec(0, 4, 6), b.spec(0, 3, 7)
    b.vote(overdue, approve, 0)
    b.wait(WINDOW)
    for key in (*(denied if at_close else ()), expiring):
        b.do(calls.settle(key, b.design))
    b.vote(b.spec(0, 3, 8, UNEVEN), approve, 0)
    still_open = b.spec(0, 4, 9)
    b.vote(still_open, approve, 0)
    b.vote(still_open, deny if at_close else approve, 1)
    b.seat(0, 4, 10, 0, 1, 2)
    _claim(b, denied[0])
    if reserves:
        for content in range(20, 20 + FULL - 1):
            b.spec(1, 3, content)
    else:
        for content, members in ((20, (1,)), (21, (1, 0)), (22, (1, 0, 2))):
            b.seat(1, (0, 2, 3)[content - 20], content, *members)
        b.vote(b.spec(1, 4, 23), approve, 1, 0, 2)
    own = (addresses.stake_vault, addresses.escrow_vault, addresses.balance_vault)
    for number in range(THREADS):
        for vault in own:
            b.give(vault(b.cast.thread(number)), DONATION)
    b.give(addresses.treasury(), DONATION)


def _claim(b: Builder, key: RecordKey) -> None:
    """One of those who may claim does."""
    waiting = stakes.claimants(RecordStatus.REJECTED, b.design)
    if waiting is not None:
        wallet = b.wallets[{stakes.Receiver.DENIERS: 0, stakes.Receiver.AUTHOR: 3}[waiting]]
        b.do(calls.claim(wallet, key, b.cast.token(wallet), b.design))


def brimful(b: Builder) -> None:
    """Totals, sequence numbers and leaves as large as can be; one more is too many (guard 9)."""
    busy(b)
    ending = b.design.rejection is Rejection.AT_CLOSE
    b.plant(
        0,
        sequence=U64_MAX - (2 if ending else 99),
        stake_total=U64_MAX - MIN_STAKE,
        token_balance=U64_MAX,
        escrow_total=U64_MAX,
        treasury_paid=U64_MAX,
    )
    b.vote(b.spec(0, 3, 40), Decision.APPROVE, 0)
    b.plant(1, sequence=U64_MAX - 5)
    b.vote(b.keys[-3], Decision.APPROVE, 1)
    b.plant(2, published_count=2**32 - 1, sequence=U64_MAX - (1 if ending else 4))
    b.spec(2, 3, 41)


def rich(b: Builder) -> None:
    """A stake beyond the supply, and a thread that has no room for it beside another stake."""
    for number in range(THREADS):
        b.thread(number)
    b.spec(0, 1, 1)
    b.plant_tokens(3, U64_MAX - SUPPLY)
    b.plant(1, stake_total=SUPPLY)
    b.spec(1, 2, 2)


def quiet(b: Builder) -> None:
    """Threads and nothing else."""
    for number in range(THREADS):
        b.thread(number)


def last_days(b: Builder) -> None:
    """The clock is about to end: what is submitted now would have no deadline (guard 9)."""
    busy(b)
    b.wait(WINDOW // 2)


def one_second_left(b: Builder) -> None:
    """The windows of what is pending are all but over."""
    busy(b)
    b.wait(WINDOW - 1)


def nothing(b: Builder) -> None:
    """Nobody has initialized."""


BUSY: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("default", ()),
    ("deniers share", ("rejection=at_close",)),
    ("deniers are paid", ("payout=push",)),
    ("all are paid", ("rejection=at_close", "payout=push", "expiry=refund")),
    ("refunds", ("expiry=refund", "denial_share=refund", "electorate=live")),
    ("refunds are paid", ("payout=push", "denial_share=refund", "capacity=check_at_publish")),
    ("live and open", ("rejection=at_close", "electorate=live", "capacity=check_at_publish")),
    ("one record a content", ("rejection=at_close", "record_key=thread_hash")),
    ("treasury takes all", ("denial_share=treasury",)),
)
"""Busy worlds, by the choices of their designs."""


def settings() -> list[tuple[Setting, Story]]:
    """Every world, by the setting of its ledger and the story behind it."""
    found: list[tuple[Setting, Story]] = []
    for name, choices in BUSY:
        design = designs.design_of(choices)
        seats = FULL if design.capacity is Capacity.RESERVE else 4
        found.append((Setting(name, max_co_authors=seats, start=START, design=design), busy))
    at_close = designs.design_of(["rejection=at_close"])
    end = I64_MAX - 2 * WINDOW - 20
    found += [
        (Setting("brimful", max_co_authors=2 * FULL), brimful),
        (Setting("brimful at close", max_co_authors=2 * FULL, design=at_close), brimful),
        (Setting("one second left", max_co_authors=FULL), one_second_left),
        (Setting("last days", max_co_authors=FULL, start=end), last_days),
        (Setting("before 1970", max_co_authors=FULL, start=OLDEST // 2), busy),
        (Setting("too rich", min_stake=1000), rich),
        (Setting("too dear", approval_window=I64_MAX, min_stake=U64_MAX), quiet),
        (Setting("blank", initialized=False), nothing),
    ]
    return found
