"""Denial, settlement, seats and finality (M5 to M8), on the reference and on the real VM."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ledger_world import APPROVE, DENY, STAKE, World, worlds

from choir_model.lockstep.cast import WINDOW, Setting
from choir_model.ports.ledger import LedgerPort
from choir_model.program import calls
from choir_model.program.bindings import SEATS, Reason, RecordStatus
from choir_model.program.bindings import Record as RecordValue

Make = Callable[[], LedgerPort]
PENDING, PUBLISHED = RecordStatus.PENDING, RecordStatus.PUBLISHED
REJECTED, EXPIRED = RecordStatus.REJECTED, RecordStatus.EXPIRED
NOTHING = {"stake": 0, "escrow": 0, "balance": 0, "treasury": 0}


def names(events: tuple[object, ...]) -> list[str]:
    return [type(event).__name__ for event in events]


# M5


@worlds
def test_a_denial_rejects_at_once_and_its_share_goes_to_escrow(make: Make) -> None:
    """M5: whatever was approved before; with one denier there is no remainder."""
    world = World(make)
    world.seat(1)
    key = world.spec(2, "may I")
    world.vote(0, key)
    before = world.amounts()
    events = world.vote(1, key, DENY)
    assert names(events) == ["ApprovalReceived", "MessageRejected", "StakeSettled"]
    settled = events[2]
    assert (settled.to_escrow, settled.share, settled.to_treasury) == (STAKE, STAKE, 0)
    record = world.record(key)
    assert (record.status, record.approvals, record.denials) == (REJECTED, 0b01, 0b10)
    assert record.decided_at == world.now
    moved = {"stake": before["stake"] - STAKE, "escrow": before["escrow"] + STAKE}
    assert world.amounts() == before | moved
    assert world.wallet(2) not in world.seated()
    thread = world.about()
    assert (thread.rejected_count, thread.escrow_total, thread.pending_count) == (1, STAKE, 0)


@worlds
def test_a_denier_claims_once(make: Make) -> None:
    """M5, L5, S10."""
    world = World(make)
    key = world.spec(1, "may I")
    world.vote(0, key, DENY)
    holdings = world.amount(world.token(0))
    (claimed,) = world.do(world.claim_call(0, key))
    assert (claimed.beneficiary, claimed.amount) == (world.wallet(0), STAKE)
    assert world.amount(world.token(0)) == holdings + STAKE
    assert world.amounts() == NOTHING
    assert world.refused(world.claim_call(0, key)) is Reason.AlreadyClaimed
    assert world.about().escrow_total == 0
    assert world.record(key).claims == 0b1


@worlds
def test_only_who_denied_has_a_share(make: Make) -> None:
    """M5, L5: not who approved, not the author, not a later joiner, not a stranger."""
    world = World(make)
    world.seat(1)
    key = world.spec(2, "may I")
    world.vote(0, key)
    world.vote(1, key, DENY)
    world.seat(3)
    for number in (0, 2, 3, 4):
        assert world.refused(world.claim_call(number, key)) is Reason.NothingToClaim


@worlds
def test_a_share_goes_to_any_own_account_and_to_no_other(make: Make) -> None:
    """L5: any token account with the CHOIR mint whose owner field is the beneficiary."""
    world = World(make)
    key = world.spec(1, "may I")
    world.vote(0, key, DENY)
    wrong = {
        world.token(1): Reason.WrongTokenOwner,
        world.vault("balance"): Reason.WrongTokenOwner,
        world.cast.other_token(world.wallet(0)): Reason.WrongMint,
        world.wallet(0): Reason.WrongOwner,
    }
    for account, reason in wrong.items():
        assert world.refused(world.claim_call(0, key, account)) is reason
    second = b"\1" * 32
    world.ledger.create_token_account(second, world.mint, world.wallet(0))
    world.do(world.claim_call(0, key, second))
    assert world.amount(second) == STAKE


@worlds
def test_there_is_no_share_in_what_was_not_rejected(make: Make) -> None:
    """L5: pending, unknown, published, expired."""
    world = World(make)
    key = world.spec(1, "may I")
    assert world.refused(world.claim_call(0, key)) is Reason.NotDecided
    unknown = world.claim_call(0, world.key(1, "never sent"))
    assert world.refused(unknown) is Reason.UnknownRecord
    world.vote(0, key)
    for decided in (key, world.message(0, "direct"), world.expired(2, "late")):
        assert world.refused(world.claim_call(0, decided)) is Reason.NothingToClaim


# M6


@worlds
@pytest.mark.parametrize("off", [-1, 0, 1, 10**6])
def test_anyone_settles_from_the_deadline_on_with_the_same_outcome(make: Make, off: int) -> None:
    """M6: the outcome does not depend on when the crank runs; the stake goes to the treasury."""
    world = World(make)
    key = world.spec(1, "may I")
    world.wait(WINDOW + off)
    if off < 0:
        assert world.refused(calls.settle(key)) is Reason.WindowOpen
        assert world.record(key).status is PENDING
        return
    expired, settled = world.do(calls.settle(key), payer=world.wallet(3))
    assert (expired.decided_at, settled.to_treasury, settled.share) == (world.now, STAKE, 0)
    record = world.record(key)
    assert (record.status, record.decided_at) == (EXPIRED, world.now)
    assert world.amounts() == NOTHING | {"treasury": STAKE}
    thread = world.about()
    assert (thread.treasury_paid, thread.expired_count, thread.pending_count) == (STAKE, 1, 0)
    assert world.refused(calls.settle(key)) is Reason.AlreadyDecided


@worlds
def test_settling_never_publishes(make: Make) -> None:
    """M6: all approvals but one are not enough, however late it is."""
    world = World(make)
    world.seat(1)
    key = world.spec(2, "may I")
    world.vote(0, key)
    world.wait(WINDOW)
    world.do(calls.settle(key))
    assert world.record(key).status is EXPIRED
    assert world.wallet(2) not in world.seated()


@worlds
def test_what_is_decided_or_unknown_is_not_settled(make: Make) -> None:
    """M6."""
    world = World(make)
    published, rejected = world.spec(1, "yes"), world.spec(2, "no")
    world.vote(0, published)
    world.vote(0, rejected, DENY)
    direct = world.message(0, "direct")
    world.wait(WINDOW)
    for key in (published, rejected, direct):
        assert world.refused(calls.settle(key)) is Reason.AlreadyDecided
    assert world.refused(calls.settle(world.key(1, "never sent"))) is Reason.UnknownRecord


# M7


@worlds
@pytest.mark.parametrize("how", ["approved", "denied", "expired"])
def test_a_pending_spec_reserves_a_seat_until_it_is_decided(make: Make, how: str) -> None:
    """M7: of three seats one is taken and two are reserved; an approval turns one into a seat."""
    world = World(make)
    first, _ = world.spec(1, "first"), world.spec(2, "second")
    assert world.about().pending_count == 2
    assert world.refused(world.spec_call(3, "third")) is Reason.ThreadFull
    if how == "expired":
        world.wait(WINDOW)
        world.do(calls.settle(first))
    else:
        world.vote(0, first, APPROVE if how == "approved" else DENY)
    assert world.about().pending_count == 1
    if how == "approved":
        assert world.refused(world.spec_call(3, "third")) is Reason.ThreadFull
    else:
        world.spec(3, "third")


@worlds
def test_two_specs_of_one_author_reserve_two_seats_and_give_one_back(make: Make) -> None:
    """M7, M4."""
    world = World(make)
    keys = [world.spec(1, "first"), world.spec(1, "second")]
    assert world.refused(world.spec_call(2, "third")) is Reason.ThreadFull
    for key in keys:
        world.vote(0, key)
    world.spec(2, "third")


@worlds
def test_all_seats_can_be_taken_and_all_seated_can_vote(make: Make) -> None:
    """M7: 32 seats in order.  The last seat is taken with the last spec, so it never votes."""
    world = World(make, Setting("full", max_co_authors=SEATS))
    members = [0, *range(20, 20 + SEATS - 1)]
    world.seat(*members[1:-1])
    key = world.spec(members[-1], "the last seat")
    assert world.refused(world.spec_call(1, "one more")) is Reason.ThreadFull
    for number in members[:-1]:
        world.vote(number, key)
    assert world.seated() == tuple(world.wallet(n) for n in members)
    assert world.record(key).approvals == 2 ** (SEATS - 1) - 1
    assert world.refused(world.spec_call(1, "one more")) is Reason.ThreadFull
    world.message(members[-1], "from the last seat")


@worlds
def test_the_highest_seat_that_can_vote_denies_and_claims_like_any_other(make: Make) -> None:
    """M5, M7: seat 30, in an electorate of 31."""
    world = World(make, Setting("full", max_co_authors=SEATS))
    members = list(range(20, 20 + SEATS - 2))
    world.seat(*members)
    key = world.spec(1, "the last seat")
    world.vote(members[-1], key, DENY)
    world.do(world.claim_call(members[-1], key))
    record = world.record(key)
    assert (record.electorate_size, record.denials, record.claims) == (31, 1 << 30, 1 << 30)


# M8


@worlds
def test_a_final_record_never_changes(make: Make) -> None:
    """M8: but for the claim bits of a rejected one."""
    world = World(make)
    rejected, published = world.spec(2, "no"), world.spec(1, "yes")
    world.vote(0, rejected, DENY)
    world.vote(0, published)
    direct, expired = world.message(0, "direct"), world.expired(3, "late")
    final = [rejected, published, direct, expired]
    before = [world.record(key) for key in final]
    for key in final:
        world.refused(calls.settle(key))
        for voter in range(5):
            world.refused(calls.vote(world.wallet(voter), key, APPROVE))
            world.refused(calls.vote(world.wallet(voter), key, DENY))
    world.expired(2, "more")
    world.message(1, "and more")
    assert [world.record(key) for key in final] == before
    world.do(world.claim_call(0, rejected))
    after = world.record(rejected)
    assert changed(before[0], after) == {"claims"}


def changed(before: RecordValue, after: RecordValue) -> set[str]:
    fields = RecordValue.__dataclass_fields__
    return {name for name in fields if getattr(before, name) != getattr(after, name)}
