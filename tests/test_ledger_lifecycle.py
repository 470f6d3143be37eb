"""Submission, votes and publication (M1 to M4), on the reference and on the real VM."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ledger_world import APPROVE, DENY, STAKE, World, worlds

from choir_model.lockstep.cast import MIN_STAKE, POOR, WINDOW, Setting
from choir_model.ports.ledger import LedgerPort
from choir_model.program import calls
from choir_model.program.bindings import Decision, Reason, RecordStatus

Make = Callable[[], LedgerPort]
PENDING, PUBLISHED = RecordStatus.PENDING, RecordStatus.PUBLISHED
REJECTED, EXPIRED = RecordStatus.REJECTED, RecordStatus.EXPIRED
NOTHING = {"stake": 0, "escrow": 0, "balance": 0, "treasury": 0}


def names(events: tuple[object, ...]) -> list[str]:
    return [type(event).__name__ for event in events]


# M1


@worlds
def test_a_co_author_publishes_directly_without_stake_or_votes(make: Make) -> None:
    """M1: Pending to Published inside one transaction, with an empty electorate."""
    world = World(make)
    holdings = world.amount(world.token(0))
    record = world.record(world.message(0, "hello"))
    assert record.status is PUBLISHED
    assert (record.electorate_size, record.approvals, record.denials, record.stake) == (0, 0, 0, 0)
    assert (record.submitted_at, record.decided_at, record.deadline) == (world.now, world.now, 0)
    assert world.amount(world.token(0)) == holdings
    assert world.amounts() == NOTHING


@worlds
def test_without_a_seat_nobody_publishes_directly(make: Make) -> None:
    """M1: not even the author of a pending spec."""
    world = World(make)
    assert world.refused(world.message_call(1, "hello")) is Reason.NotCoAuthor
    world.spec(1, "may I")
    assert world.refused(world.message_call(1, "hello")) is Reason.NotCoAuthor


@worlds
def test_the_same_words_are_one_record_for_each_author(make: Make) -> None:
    """M1, C5: a record is (thread, author, hash)."""
    world = World(make)
    world.seat(1)
    first, second = world.message(0, "hello"), world.message(1, "hello")
    assert world.record(first).leaf_index + 1 == world.record(second).leaf_index
    assert world.refused(world.message_call(0, "hello")) is Reason.DuplicateContent


# M2


@worlds
def test_a_spec_takes_its_stake_and_notes_electorate_and_deadline(make: Make) -> None:
    """M2: the electorate is who is seated at submission."""
    world = World(make)
    world.seat(1)
    before, holdings = world.amounts(), world.amount(world.token(2))
    key = world.spec(2, "may I")
    record = world.record(key)
    assert record.status is PENDING
    assert record.electorate_size == 2
    assert (record.submitted_at, record.deadline) == (world.now, world.now + WINDOW)
    assert (record.decided_at, record.decided_sequence, record.leaf_index) == (0, 0, 0)
    assert record.stake == STAKE
    assert world.amount(world.token(2)) == holdings - STAKE
    assert world.amounts() == before | {"stake": before["stake"] + STAKE}


@worlds
@pytest.mark.parametrize(
    ("author", "stake", "reason"),
    [
        (1, MIN_STAKE - 1, Reason.InvalidStake),
        (1, 0, Reason.InvalidStake),
        (4, POOR + 1, Reason.InsufficientFunds),
        (1, 2**64 - 1, Reason.InsufficientFunds),
    ],
)
def test_a_stake_is_enough_and_can_be_paid_or_nothing_is_taken(
    make: Make, author: int, stake: int, reason: Reason
) -> None:
    """M2; and a refused submission may be sent again (section 3)."""
    world = World(make)
    assert world.refused(world.spec_call(author, "may I", stake)) is reason
    world.spec(author, "may I", MIN_STAKE)


@worlds
def test_a_stake_may_be_all_one_has(make: Make) -> None:
    """M2."""
    world = World(make)
    world.spec(4, "may I", POOR)
    assert world.amount(world.token(4)) == 0


@worlds
def test_who_has_a_seat_submits_no_spec(make: Make) -> None:
    """M2: others submit specs."""
    world = World(make)
    assert world.refused(world.spec_call(0, "may I")) is Reason.AlreadyCoAuthor


@worlds
def test_a_deadline_beyond_the_clock_is_refused(make: Make) -> None:
    """M2: now + window is checked i64."""
    world = World(make, Setting("endless window", approval_window=2**63 - 1))
    assert world.refused(world.spec_call(1, "may I")) is Reason.Overflow
    latest = World(make, Setting("longest window", approval_window=2**63 - 1 - world.now))
    assert latest.record(latest.spec(1, "may I")).deadline == 2**63 - 1


@worlds
@pytest.mark.parametrize("outcome", ["pending", "published", "rejected", "expired"])
def test_a_spec_in_any_state_is_not_submitted_again(make: Make, outcome: str) -> None:
    """M2, M8: one record for ever."""
    world = World(make)
    key = world.spec(1, "may I")
    if outcome == "published":
        world.vote(0, key)
        assert world.refused(world.message_call(1, "may I")) is Reason.DuplicateContent
        return
    if outcome == "rejected":
        world.vote(0, key, DENY)
    if outcome == "expired":
        world.wait(WINDOW)
        world.do(calls.settle(key))
    assert world.refused(world.spec_call(1, "may I")) is Reason.DuplicateContent


@worlds
def test_a_later_joiner_is_not_in_the_electorate(make: Make) -> None:
    """M2: the snapshot decides, so unanimity is reached without who joined later."""
    world = World(make)
    key = world.spec(2, "may I")
    world.seat(1)
    assert world.refused(calls.vote(world.wallet(1), key, APPROVE)) is Reason.NotInElectorate
    world.vote(0, key)
    assert world.record(key).status is PUBLISHED


# M3


@worlds
@pytest.mark.parametrize(("off", "decision"), [(o, d) for o in (-1, 0, 1) for d in Decision])
def test_a_vote_counts_until_just_before_the_deadline(
    make: Make, off: int, decision: Decision
) -> None:
    """M2, M3: vote while now < deadline."""
    world = World(make)
    key = world.spec(1, "may I")
    world.wait(WINDOW + off)
    call = calls.vote(world.wallet(0), key, decision)
    if off < 0:
        world.do(call)
        assert world.record(key).status is (PUBLISHED if decision is APPROVE else REJECTED)
    else:
        assert world.refused(call) is Reason.WindowClosed


@worlds
@pytest.mark.parametrize("again", list(Decision))
def test_a_member_votes_once(make: Make, again: Decision) -> None:
    """M3, S9."""
    world = World(make)
    world.seat(1)
    key = world.spec(2, "may I")
    world.vote(0, key)
    assert world.refused(calls.vote(world.wallet(0), key, again)) is Reason.AlreadyVoted
    assert world.record(key).approvals == 0b01


@worlds
def test_who_has_no_seat_does_not_vote(make: Make) -> None:
    """M3: neither strangers nor the author; and a seat elsewhere is no seat here."""
    world = World(make)
    world.do(calls.create_thread(world.wallet(2), world.mint, 0))
    key = world.spec(1, "may I")
    for number in (1, 2, 3):
        call = calls.vote(world.wallet(number), key, APPROVE)
        assert world.refused(call) is Reason.NotCoAuthor


@worlds
@pytest.mark.parametrize("decision", list(Decision))
def test_nobody_votes_after_a_decision(make: Make, decision: Decision) -> None:
    """M3."""
    world = World(make)
    world.seat(1)
    denied = world.spec(2, "denied")
    world.vote(1, denied, DENY)
    approved = world.spec(2, "approved")
    for voter in (0, 1):
        world.vote(voter, approved)
    for key in (denied, approved, world.message(0, "direct")):
        call = calls.vote(world.wallet(0), key, decision)
        assert world.refused(call) is Reason.AlreadyDecided


@worlds
def test_nobody_votes_on_what_has_expired(make: Make) -> None:
    """M3: neither before it is settled nor after."""
    world = World(make)
    key = world.spec(1, "late")
    world.wait(WINDOW)
    call = calls.vote(world.wallet(0), key, APPROVE)
    assert world.refused(call) is Reason.WindowClosed
    world.do(calls.settle(key))
    assert world.refused(call) is Reason.AlreadyDecided


@worlds
def test_nobody_votes_on_a_record_that_does_not_exist(make: Make) -> None:
    """M3."""
    world = World(make)
    call = calls.vote(world.wallet(0), world.key(1, "never sent"), APPROVE)
    assert world.refused(call) is Reason.UnknownRecord


# M4


@worlds
def test_the_completing_approval_publishes_seats_the_author_and_moves_the_stake(
    make: Make,
) -> None:
    """M4: and nothing before it does."""
    world = World(make)
    world.seat(1)
    key = world.spec(2, "may I")
    before = world.amounts()
    assert names(world.vote(1, key)) == ["ApprovalReceived"]
    assert world.record(key).status is PENDING
    assert world.amounts() == before
    events = world.vote(0, key)
    assert names(events) == [
        "ApprovalReceived",
        "MessagePublished",
        "CoAuthorAdded",
        "StakeSettled",
    ]
    assert events[2].co_author == world.wallet(2)
    assert events[2].seat == 2
    assert events[3].to_balance == events[3].stake == STAKE
    record, thread = world.record(key), world.about()
    assert (record.status, record.approvals, record.decided_at) == (PUBLISHED, 0b11, world.now)
    assert world.seated() == (world.wallet(0), world.wallet(1), world.wallet(2))
    assert thread.token_balance == world.amount(world.vault("balance"))
    moved = {"stake": before["stake"] - STAKE, "balance": before["balance"] + STAKE}
    assert world.amounts() == before | moved


@worlds
def test_an_author_seated_meanwhile_takes_no_second_seat(make: Make) -> None:
    """M4: no event, no seat; the stake goes to the balance as ever."""
    world = World(make)
    first, second = world.spec(1, "first"), world.spec(1, "second")
    world.vote(0, first)
    seated, balance = world.seated(), world.amount(world.vault("balance"))
    assert names(world.vote(0, second)) == ["ApprovalReceived", "MessagePublished", "StakeSettled"]
    assert world.seated() == seated
    assert world.record(second).status is PUBLISHED
    assert world.amount(world.vault("balance")) == balance + STAKE
    assert world.about().pending_count == 0
