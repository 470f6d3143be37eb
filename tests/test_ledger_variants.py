"""Every row of the settlement table, with stakes that divide unevenly (section 9, M5, M6, S1).

The amounts expected here are written out by hand; nothing of the reference is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from ledger_world import DENY, STAKE, World, worlds

from choir_model.domain.identity import Address, RecordKey
from choir_model.ledger.conservation import audit
from choir_model.lockstep.cast import WINDOW, Setting
from choir_model.ports.ledger import LedgerPort
from choir_model.program import designs
from choir_model.program.bindings import (
    Design,
    MessageExpired,
    MessageRejected,
    Reason,
    RecordStatus,
    StakeSettled,
)

Make = Callable[[], LedgerPort]
AUTHOR = 20
MEMBERS = (0, 21, 22, 23, 24, 25)
"""Who can deny; the author of the spec is none of them."""


def world_of(make: Make, *choices: str, seats: int = 0, max_co_authors: int = 8) -> World:
    """A thread under a design, with the first `seats` members besides its creator."""
    setting = Setting("room", max_co_authors=max_co_authors, design=designs.design_of(choices))
    world = World(make, setting)
    world.wallet(AUTHOR)
    world.seat(*MEMBERS[1 : 1 + seats])
    return world


def balanced(world: World) -> None:
    """S1, L4: every token is where the records say; what payees got has left the thread."""
    holders = [*world.cast.holders(), *(world.token(n) for n in range(AUTHOR, AUTHOR + 10))]
    audit(world.ledger, world.mint, holders, lambda _: 0)


def held(world: World, *numbers: int) -> list[int]:
    return [world.amount(world.token(n)) for n in numbers]


@dataclass(frozen=True)
class Row:
    """What becomes of a stake of `STAKE` = 2003 base units."""

    to_escrow: int = 0
    to_payees: int = 0
    to_treasury: int = 0
    share: int = 0


SHARES = {1: (2003, 0), 2: (1001, 1), 3: (667, 2), 4: (500, 3), 5: (400, 3)}
"""Share and remainder by the number of deniers."""


def expected(design: str, payout: str, deniers: int) -> Row:
    """The row of the table for a rejection (`deniers` ≥ 1) or an expiry (none)."""
    push = payout == "push"
    if design.endswith("treasury"):
        return Row(to_treasury=2003)
    if design.endswith("refund"):
        return Row(to_payees=2003, share=2003) if push else Row(to_escrow=2003, share=2003)
    share, remainder = SHARES[deniers]
    shared = 2003 - remainder
    if push:
        return Row(to_payees=shared, to_treasury=remainder, share=share)
    return Row(to_escrow=shared, to_treasury=remainder, share=share)


def check_settled(world: World, before: dict[str, int], settled: StakeSettled, row: Row) -> None:
    """Event, vaults and totals say the same."""
    assert settled.stake == STAKE == 2003
    assert settled.to_balance == 0
    said = Row(settled.to_escrow, settled.to_payees, settled.to_treasury, settled.share)
    assert said == row
    moved = {
        "stake": before["stake"] - STAKE,
        "escrow": before["escrow"] + row.to_escrow,
        "treasury": before["treasury"] + row.to_treasury,
    }
    assert world.amounts() == before | moved
    thread = world.about()
    totals = (thread.stake_total, thread.escrow_total, thread.treasury_paid, thread.pending_count)
    assert totals == (0, row.to_escrow, row.to_treasury, 0)


def take_all(world: World, key: RecordKey, claimants: list[int], share: int) -> None:
    """L5: each claimant takes the share once; nobody else, and nobody twice."""
    for number in (*MEMBERS, AUTHOR, 1):
        if number not in claimants:
            assert world.refused(world.claim_call(number, key)) is Reason.NothingToClaim
    for number in claimants:
        holdings = world.amount(world.token(number))
        (claimed,) = world.do(world.claim_call(number, key))
        assert (claimed.amount, claimed.beneficiary) == (share, world.wallet(number))
        assert world.amount(world.token(number)) == holdings + share
        assert world.refused(world.claim_call(number, key)) is Reason.AlreadyClaimed
        balanced(world)
    assert world.about().escrow_total == world.amounts()["escrow"] == 0


@worlds
@pytest.mark.parametrize("payout", ["claim", "push"])
@pytest.mark.parametrize("share", ["deniers", "treasury", "refund"])
@pytest.mark.parametrize("deniers", [1, 2, 3, 4, 5])
def test_the_stake_of_what_was_denied_goes_by_the_table(
    make: Make, payout: str, share: str, deniers: int
) -> None:
    """M5, section 9: at_close, decided by `settle`; deniers not in the order of their votes."""
    design = (f"payout={payout}", f"denial_share={share}", "rejection=at_close")
    world = world_of(make, *design, seats=5)
    key = world.spec(AUTHOR, "may I")
    denying = list(MEMBERS[-deniers:])
    for number in reversed(denying):
        (received,) = world.vote(number, key, DENY)
        assert received.decision is DENY
        assert world.record(key).status is RecordStatus.PENDING
    world.wait(WINDOW)
    before, holdings = world.amounts(), held(world, AUTHOR, *MEMBERS)
    rejected, settled = world.settle(key)
    assert isinstance(rejected, MessageRejected)
    row = expected(share, payout, deniers)
    check_settled(world, before, settled, row)
    paid = {"deniers": denying, "refund": [AUTHOR], "treasury": []}[share]
    gained = [row.share if n in paid and payout == "push" else 0 for n in (AUTHOR, *MEMBERS)]
    after = held(world, AUTHOR, *MEMBERS)
    assert [a - b for a, b in zip(after, holdings, strict=True)] == gained
    record = world.record(key)
    assert (record.status, record.denials.bit_count()) == (RecordStatus.REJECTED, deniers)
    assert (world.about().rejected_count, world.about().expired_count) == (1, 0)
    balanced(world)
    take_all(world, key, paid if payout == "claim" else [], row.share)


@worlds
@pytest.mark.parametrize("payout", ["claim", "push"])
@pytest.mark.parametrize("share", ["deniers", "treasury", "refund"])
def test_the_first_denial_settles_by_the_same_table(make: Make, payout: str, share: str) -> None:
    """M5: in the vote itself; with one denier there is no remainder."""
    world = world_of(make, f"payout={payout}", f"denial_share={share}", seats=1)
    key = world.spec(AUTHOR, "may I")
    world.vote(0, key)
    before, holdings = world.amounts(), held(world, AUTHOR, 21)
    received, rejected, settled = world.vote(21, key, DENY)
    assert (received.decision, type(rejected)) == (DENY, MessageRejected)
    row = expected(share, payout, 1)
    check_settled(world, before, settled, row)
    paid = {"deniers": [21], "refund": [AUTHOR], "treasury": []}[share]
    gained = [row.to_payees if n in paid else 0 for n in (AUTHOR, 21)]
    after = held(world, AUTHOR, 21)
    assert [a - b for a, b in zip(after, holdings, strict=True)] == gained
    balanced(world)
    take_all(world, key, paid if payout == "claim" else [], row.share)


@worlds
@pytest.mark.parametrize("payout", ["claim", "push"])
@pytest.mark.parametrize("expiry", ["treasury", "refund"])
@pytest.mark.parametrize("rejection", ["first_denial", "at_close"])
def test_the_stake_of_what_nobody_decided_goes_by_the_table(
    make: Make, payout: str, expiry: str, rejection: str
) -> None:
    """M6, section 9: whoever approved, without a denial it expires."""
    world = world_of(
        make, f"payout={payout}", f"expiry={expiry}", f"rejection={rejection}", seats=1
    )
    key = world.spec(AUTHOR, "may I")
    world.vote(21, key)
    world.wait(WINDOW)
    before, holdings = world.amounts(), held(world, AUTHOR)
    expired, settled = world.settle(key)
    assert isinstance(expired, MessageExpired)
    row = expected(expiry, payout, 0)
    check_settled(world, before, settled, row)
    assert held(world, AUTHOR) == [holdings[0] + row.to_payees]
    assert (world.about().rejected_count, world.about().expired_count) == (0, 1)
    balanced(world)
    claimants = [AUTHOR] if (expiry, payout) == ("refund", "claim") else []
    take_all(world, key, claimants, row.share)


@worlds
@pytest.mark.parametrize("design", designs.NAMED.values(), ids=designs.NAMED)
def test_a_published_stake_is_the_threads_under_every_design(make: Make, design: Design) -> None:
    """M4: nobody claims it, nobody is paid; the author takes a seat."""
    world = world_of(make, *(f"{k}={v}" for k, v in designs.texts(design).items()))
    key = world.spec(AUTHOR, "may I")
    *_, added, settled = world.vote(0, key)
    assert (settled.to_balance, settled.share, settled.to_payees) == (STAKE, 0, 0)
    assert (added.co_author, added.seat) == (world.wallet(AUTHOR), 1)
    assert world.amounts() == {"stake": 0, "escrow": 0, "balance": STAKE, "treasury": 0}
    take_all(world, key, [], 0)
    direct = world.message(AUTHOR, "direct")
    take_all(world, direct, [], 0)
    balanced(world)


@worlds
def test_a_refund_is_the_authors_who_may_sit_where_a_denier_sits(make: Make) -> None:
    """L5: the claim bit of a refund is bit 0, whatever seat the author took meanwhile."""
    world = world_of(make, "denial_share=refund", "expiry=refund", seats=1)
    denied, late = world.spec(AUTHOR, "no"), world.spec(AUTHOR, "late")
    world.vote(0, denied, DENY)
    world.seat(AUTHOR)
    world.wait(WINDOW)
    world.settle(late)
    for key in (denied, late):
        assert world.refused(world.claim_call(0, key)) is Reason.NothingToClaim
        (claimed,) = world.do(world.claim_call(AUTHOR, key))
        assert claimed.amount == STAKE
        assert world.record(key).claims == 0b1
        assert world.refused(world.claim_call(AUTHOR, key)) is Reason.AlreadyClaimed
        balanced(world)


@worlds
def test_deniers_share_no_more_than_the_rejected_stake(make: Make) -> None:
    """S1: an expired spec has no deniers' share, and a pending one none yet."""
    world = world_of(make, "rejection=at_close", seats=1)
    key = world.spec(AUTHOR, "may I")
    world.vote(0, key, DENY)
    assert world.refused(world.claim_call(0, key)) is Reason.NotDecided
    world.wait(WINDOW)
    world.settle(key)
    wrong: Address = world.token(21)
    assert world.refused(world.claim_call(0, key, wrong)) is Reason.WrongTokenOwner
    take_all(world, key, [0], STAKE)
