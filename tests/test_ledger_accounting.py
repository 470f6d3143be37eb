"""Where the tokens are (L4, S1), and that nothing counts twice (S9, S10).

The first half tells stories with donations; the second holds the properties over generated
commands, on accounts and events as the real VM shows them.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from ledger_world import DENY, STAKE, World, worlds
from planted_defects import LEDGER_DEFECTS, planted

from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.domain.identity import Address, RecordKey
from choir_model.ledger.conservation import Imbalance, audit
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import MIN_STAKE, WINDOW, Cast
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.ledger import machine_for
from choir_model.lockstep.ledger_pair import Begin, Checkpoint, Command, Execute, LedgerPair
from choir_model.lockstep.running import Budget, Failure, run_machine
from choir_model.ports.ledger import AccountImage, Confirmed, LedgerPort, Outcome
from choir_model.program import addresses, calls
from choir_model.program.bindings import (
    ACCOUNTS,
    ApprovalReceived,
    Record,
    RecordStatus,
    ShareClaimed,
    StakeSettled,
    Thread,
)

Make = Callable[[], LedgerPort]
VAULTS = ("stake", "escrow", "balance", "treasury")


def surplus(ledger: LedgerPort) -> Counter[Address]:
    """What each vault holds beyond the sums by record: the donations (L4)."""
    found: Counter[Address] = Counter()
    records: dict[Address, list[Record]] = {}
    threads: dict[Address, Thread] = {}
    for address in ledger.program_accounts():
        image = ledger.account(address)
        assert image is not None
        if image.data[:8] == ACCOUNTS[Thread].discriminator:
            threads[address] = ACCOUNTS[Thread].decode(image.data)
        elif image.data[:8] == ACCOUNTS[Record].discriminator:
            record: Record = ACCOUNTS[Record].decode(image.data)
            records.setdefault(record.thread, []).append(record)
    paid = 0
    for address, thread in threads.items():
        mine = records.get(address, [])
        pending = sum(r.stake for r in mine if r.status is RecordStatus.PENDING)
        published = sum(r.stake for r in mine if r.status is RecordStatus.PUBLISHED)
        unclaimed = sum(
            r.stake // r.denials.bit_count() * (r.denials & ~r.claims).bit_count()
            for r in mine
            if r.status is RecordStatus.REJECTED
        )
        expired = sum(r.stake for r in mine if r.status is RecordStatus.EXPIRED)
        by_record = (pending, unclaimed, published, expired)
        by_thread = (
            thread.stake_total,
            thread.escrow_total,
            thread.token_balance,
            thread.treasury_paid,
        )
        assert by_thread == by_record, "S1: the thread's totals are the sums of its records"
        assert thread.pending_count == sum(r.status is RecordStatus.PENDING for r in mine)
        paid += expired
        for vault, due in zip(VAULTS[:3], by_record[:3], strict=True):
            place = getattr(addresses, f"{vault}_vault")(address)
            found[place] = amount(ledger, place) - due
    if ledger.account(addresses.treasury()) is not None:
        found[addresses.treasury()] = amount(ledger, addresses.treasury()) - paid
    return found


def amount(ledger: LedgerPort, account: Address) -> int:
    image = ledger.account(account)
    return int.from_bytes(image.data[64:72], "little") if image else 0


def conserved(ledger: LedgerPort, mint: Address, accounts: set[Address]) -> bool:
    """S1: the token accounts of the mint hold its supply."""
    held = 0
    for address in accounts:
        image = ledger.account(address)
        if image and len(image.data) == 165 and image.data[:32] == mint:
            held += amount(ledger, address)
    image = ledger.account(mint)
    assert image is not None
    return held == int.from_bytes(image.data[36:44], "little")


# Stories


def lives(world: World) -> list[dict[str, int]]:
    """A spec of each fate, and a claim; the vaults after each step."""
    seen = []
    approved, denied = world.spec(1, "yes"), world.spec(2, "no")
    seen.append(world.amounts())
    world.vote(0, approved)
    seen.append(world.amounts())
    world.vote(0, denied, DENY)
    seen.append(world.amounts())
    late = world.spec(3, "late")
    world.wait(WINDOW)
    world.do(calls.settle(late))
    seen.append(world.amounts())
    world.do(world.claim_call(0, denied))
    seen.append(world.amounts())
    assert conserved(world.ledger, world.mint, world.watched)
    return seen


@worlds
@pytest.mark.parametrize("vault", VAULTS)
@pytest.mark.parametrize("donation", [1, STAKE, 10 * STAKE])
def test_donations_never_count(make: Make, vault: str, donation: int) -> None:
    """L4: every amount is the same as without; the donation just lies there."""
    plain, generous = World(make), World(make)
    generous.give(generous.vault(vault), donation)
    without, events = lives(plain), plain.events
    with_ = lives(generous)
    assert [v | {vault: v[vault] - donation} for v in with_] == without
    assert generous.events == events
    gifts = surplus(generous.ledger)
    assert gifts[generous.vault(vault)] == gifts.total() == donation
    assert generous.about() == plain.about()


@worlds
def test_a_donation_pays_nobodys_stake(make: Make) -> None:
    """L4: neither missing funds nor missing amounts are made up from a vault."""
    world = World(make)
    world.give(world.vault("stake"), 10**6)
    key = world.spec(4, "may I", MIN_STAKE)
    call = world.spec_call(4, "again", MIN_STAKE)
    assert str(world.refused(call)) == "Reason.InsufficientFunds"
    world.wait(WINDOW)
    (_, settled) = world.do(calls.settle(key))
    assert settled.to_treasury == MIN_STAKE


@worlds
def test_nobody_takes_tokens_out_of_a_vault(make: Make) -> None:
    """L2, L4: not the creator, nor by naming a vault as one's own account."""
    world = World(make)
    world.spec(1, "may I")
    for vault in VAULTS:
        source = world.vault(vault)
        call = calls.token_transfer(world.wallet(0), source, world.token(0), world.amount(source))
        assert world.refused(call).name == "TOKEN_OWNER_MISMATCH"
        spec = world.spec_call(2, "with your money").with_account("author_token", source)
        assert world.refused(spec).name == "WrongTokenOwner"


class Misread:
    """A ledger that shows one field of one record, or of one thread, other than it is."""

    def __init__(self, ledger: LedgerPort, at: Address, **change: Any) -> None:
        self._ledger, self._at, self._change = ledger, at, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def account(self, address: Address) -> AccountImage | None:
        image = self._ledger.account(address)
        if image is None or address != self._at:
            return image
        layout = next(x for x in ACCOUNTS.values() if image.data[:8] == x.discriminator)
        value = dataclasses.replace(layout.decode(image.data), **self._change)
        return AccountImage(image.owner, layout.encode(value))


@worlds
@pytest.mark.parametrize(
    ("text", "change", "total", "by_thread", "by_records"),
    [
        ("open", {"stake": STAKE + 1}, "stake_total", STAKE, STAKE + 1),
        ("yes", {"stake": STAKE - 1}, "token_balance", STAKE, STAKE - 1),
        ("no", {"claims": 1}, "escrow_total", STAKE, 0),
        ("no", {"denials": 3, "claims": 0}, "escrow_total", STAKE, STAKE - 1),
        ("no", {"denials": 3, "claims": 2}, "escrow_total", STAKE, STAKE // 2),
        ("late", {"stake": 0}, "treasury_paid", STAKE, 0),
        ("open", {"status": RecordStatus.EXPIRED}, "stake_total", STAKE, 0),
        ("yes", {"thread": bytes(32)}, "no thread", 0, 0),
    ],
)
def test_totals_of_a_thread_are_those_of_its_records(
    make: Make, text: str, change: dict[str, Any], total: str, by_thread: int, by_records: int
) -> None:
    """S1, L4, S10: vaults that match the totals prove nothing if the records say otherwise."""
    world = World(make)
    late = world.spec(3, "late")
    world.wait(WINDOW)
    world.do(calls.settle(late))
    keys = {"late": late, "yes": world.spec(1, "yes"), "no": world.spec(2, "no")}
    world.vote(0, keys["yes"])
    world.vote(0, keys["no"], DENY)
    keys["open"] = world.spec(3, "open")
    holders = world.cast.holders()

    def nothing(_: Address) -> int:
        return 0

    found = audit(world.ledger, world.mint, holders, nothing)
    assert (found.stakes, found.balances, found.escrow, found.treasury) == (STAKE,) * 4
    misread: Any = Misread(world.ledger, addresses.record(keys[text]), **change)
    with pytest.raises(Imbalance, match=total) as caught:
        audit(misread, world.mint, holders, nothing)
    if total != "no thread":
        assert str(caught.value) == (
            f"thread {addresses.base58(world.thread)}: {total} is {by_thread} base units, "
            f"its records add up to {by_records}"
        )


# Properties over generated commands


class Watchful(LedgerPair):
    """A pair that also holds S1, S9, S10 and the numbers of L6, from what the real side shows.

    Commands that go back in time are left out, so that what happened stays happened.
    """

    def apply(self, command: Command) -> Outcome | None:
        if isinstance(command, Checkpoint):
            return None
        if isinstance(command, Begin):
            self.gifts: Counter[Address] = Counter()
            self.votes: set[tuple[RecordKey, Address]] = set()
            self.claims: set[tuple[RecordKey, Address]] = set()
            self.settled: set[RecordKey] = set()
            self.sequence: Counter[Address] = Counter()
        outcome = super().apply(command)
        gifts = surplus(self.real)
        assert min(gifts.values(), default=0) >= 0, f"S1: a vault holds too little: {gifts}"
        donated = isinstance(command, Execute) and command.call.name == "token_transfer"
        if not isinstance(command, Begin) and not donated:
            assert +gifts == +self.gifts, "L4: only donations change what lies beyond the records"
        self.gifts = gifts
        assert conserved(self.real, self.cast.mint, set(self._watched)), "S1: tokens are conserved"
        for event in outcome.events if isinstance(outcome, Confirmed) else ():
            self._event(event)
        return outcome

    def _event(self, event: Any) -> None:
        self.sequence[event.thread] += 1
        assert event.sequence == self.sequence[event.thread], "L6: no number is left out"
        assert event.first_sequence <= event.sequence <= event.last_sequence, "L6"
        if isinstance(event, ApprovalReceived):
            _once(self.votes, (_key(event), event.voter), "S9: one vote per member")
        if isinstance(event, StakeSettled):
            _once(self.settled, _key(event), "S10: a stake is settled once")
            parts = (event.to_balance, event.to_escrow, event.to_payees, event.to_treasury)
            assert sum(parts) == event.stake, "S1"
        if isinstance(event, ShareClaimed):
            what = (_key(event), event.beneficiary)
            _once(self.claims, what, "S10: a share is claimed once")


def _key(event: Any) -> RecordKey:
    return RecordKey(event.thread, event.author, event.hash)


def _once(seen: set[Any], what: Any, clause: str) -> None:
    assert what not in seen, clause
    seen.add(what)


def watch(make: Make, steps: int) -> Watchful:
    real = make()
    pair = Watchful(ReferenceLedger(), real, Cast.of(real), Coverage())
    run_machine(machine_for(pair), pair, Budget(seed=3, steps=steps), minimised=False)
    return pair


def test_tokens_are_conserved_and_nothing_counts_twice() -> None:
    """S1, S9, S10, L4, L6, after each of some thousand commands on the real VM."""
    reached = watch(LiteSvmLedger, 4000).coverage
    assert reached.commands["token_transfer"] > 10
    assert reached.commands["token_burn"] > 10
    for event in ("StakeSettled", "ShareClaimed", "MessageExpired", "MessageRejected"):
        assert reached.events[event]


@pytest.mark.parametrize(
    ("name", "clause"),
    [
        ("a stake is recorded but not moved", "S1"),
        ("an expired stake is what the vault holds, donations included", "S1|L4"),
        ("a claimed share stays in the escrow's account", "S1"),
        ("a share is paid back into the escrow", "S1|L4"),
        ("a decision releases no seat", "pending_count"),
        ("sequence numbers skip", "L6"),
        ("a member votes twice", "S9|approved and denied"),
        ("a share can be claimed twice", "S10|S1|out of range"),
        ("a decided record can be decided again", "S9|S10|S1|out of range"),
    ],
)
def test_each_property_notices_its_defect_without_a_second_opinion(name: str, clause: str) -> None:
    """Both sides have the defect here, so they agree; the property must not.

    A total below zero cannot even be shown: it is out of the range of its bytes.
    """
    wrong = next(d for d in LEDGER_DEFECTS if d.name == name)
    with planted(wrong), pytest.raises(Failure, match=clause):
        watch(ReferenceLedger, 20_000)
