"""Live electorates, seats checked at publication, records known by content alone (section 9)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ledger_world import APPROVE, DENY, STAKE, World, worlds
from test_ledger_variants import AUTHOR, balanced, world_of

from choir_model.domain.identity import RecordKey
from choir_model.lockstep.cast import MIN_STAKE, WINDOW
from choir_model.ports.ledger import LedgerPort
from choir_model.program import addresses, calls, designs
from choir_model.program.bindings import Reason, RecordStatus

Make = Callable[[], LedgerPort]
PENDING, PUBLISHED = RecordStatus.PENDING, RecordStatus.PUBLISHED
REJECTED, EXPIRED = RecordStatus.REJECTED, RecordStatus.EXPIRED


def status(world: World, key: RecordKey) -> RecordStatus:
    return world.record(key).status


# electorate


@worlds
def test_who_joins_before_the_deciding_vote_must_approve_too(make: Make) -> None:
    """M4 under live; under snapshot the same votes publish without the later joiner."""
    for electorate in ("live", "snapshot"):
        world = world_of(make, f"electorate={electorate}", seats=1)
        key = world.spec(AUTHOR, "may I")
        assert world.record(key).electorate_size == 2
        world.vote(0, key)
        world.seat(22)
        world.vote(21, key)
        if electorate == "snapshot":
            assert status(world, key) is PUBLISHED
            continue
        assert status(world, key) is PENDING
        assert world.refused(world.vote_call(0, key)) is Reason.AlreadyVoted
        *_, added, settled = world.vote(22, key)
        assert (added.seat, settled.to_balance) == (3, STAKE)
        record = world.record(key)
        assert (record.electorate_size, record.approvals) == (2, 0b111)
        balanced(world)


@worlds
def test_a_later_joiner_denies_under_a_live_electorate_only(make: Make) -> None:
    """M5: and has the share of a denier."""
    live, snapshot = (world_of(make, f"electorate={name}") for name in ("live", "snapshot"))
    for world in (live, snapshot):
        key = world.spec(AUTHOR, "may I")
        world.seat(21)
        deny = world.vote_call(21, key, DENY)
        if world is snapshot:
            assert world.refused(deny) is Reason.NotInElectorate
            continue
        world.do(deny)
        assert status(world, key) is REJECTED
        world.do(world.claim_call(21, key))
        balanced(world)


@worlds
def test_an_author_seated_meanwhile_neither_votes_nor_is_waited_for(make: Make) -> None:
    """M4, guard 5 under live: every seat but the author's, who takes no second one."""
    world = world_of(make, "electorate=live", seats=1)
    key = world.spec(AUTHOR, "may I")
    world.seat(AUTHOR)
    for decision in (APPROVE, DENY):
        vote = world.vote_call(AUTHOR, key, decision)
        assert world.refused(vote) is Reason.NotInElectorate
    world.vote(0, key)
    events = world.vote(21, key)
    names = [type(event).__name__ for event in events]
    assert names == ["ApprovalReceived", "MessagePublished", "StakeSettled"]
    assert world.seated() == tuple(world.wallet(n) for n in (0, 21, AUTHOR))
    balanced(world)


@worlds
def test_a_stranger_is_no_member_of_a_live_electorate(make: Make) -> None:
    """Guard 5: the author without a seat is a stranger too."""
    world = world_of(make, "electorate=live")
    key = world.spec(AUTHOR, "may I")
    for number in (1, AUTHOR):
        assert world.refused(world.vote_call(number, key)) is Reason.NotCoAuthor


@worlds
def test_all_but_the_joiners_vote_are_not_enough_at_the_close(make: Make) -> None:
    """M6 under live: it expires, though everybody approved who was seated at submission."""
    world = world_of(make, "electorate=live", seats=1)
    key = world.spec(AUTHOR, "may I")
    world.vote(0, key)
    world.seat(22)
    world.vote(21, key)
    world.wait(WINDOW)
    world.settle(key)
    assert status(world, key) is EXPIRED


@worlds
@pytest.mark.parametrize("electorate", ["live", "snapshot"])
def test_one_denial_keeps_the_electorate_incomplete_for_good(make: Make, electorate: str) -> None:
    """M4, M5 under at_close: all others approve, nothing is published, nobody votes twice."""
    world = world_of(make, "rejection=at_close", f"electorate={electorate}", seats=2)
    key = world.spec(AUTHOR, "may I")
    world.vote(21, key, DENY)
    for number in (0, 22):
        (received,) = world.vote(number, key)
        assert received.decision is APPROVE
    for decision in (APPROVE, DENY):
        assert world.refused(world.vote_call(21, key, decision)) is Reason.AlreadyVoted
    assert (world.record(key).approvals, world.record(key).denials) == (0b101, 0b010)
    assert world.refused(world.settle_call(key)) is Reason.WindowOpen
    world.wait(WINDOW)
    assert world.refused(world.vote_call(0, key)) is Reason.WindowClosed
    world.settle(key)
    assert status(world, key) is REJECTED
    assert world.wallet(AUTHOR) not in world.seated()
    assert world.refused(world.settle_call(key)) is Reason.AlreadyDecided
    balanced(world)


# capacity


@worlds
def test_a_full_thread_refuses_the_completing_approval_and_does_not_record_it(make: Make) -> None:
    """M7 under check_at_publish: then the window ends, and the spec expires."""
    world = world_of(make, "capacity=check_at_publish", max_co_authors=2)
    keys = [world.spec(AUTHOR, "first"), world.spec(21, "second"), world.spec(22, "third")]
    assert world.about().pending_count == 3, "nothing is reserved"
    world.vote(0, keys[0])
    before = world.record(keys[1])
    for _ in range(2):
        assert world.refused(world.vote_call(0, keys[1])) is Reason.ThreadFull
    assert world.record(keys[1]) == before
    assert before.approvals == 0
    world.vote(0, keys[2], DENY)
    assert status(world, keys[2]) is REJECTED
    world.wait(WINDOW)
    world.settle(keys[1])
    assert status(world, keys[1]) is EXPIRED
    assert world.about().pending_count == 0
    balanced(world)


@worlds
def test_an_approval_that_does_not_complete_is_recorded_in_a_full_thread(make: Make) -> None:
    """Guard 8 under check_at_publish: only the vote that publishes looks for a seat."""
    world = world_of(make, "capacity=check_at_publish", seats=1, max_co_authors=3)
    key = world.spec(AUTHOR, "may I")
    world.seat(22)
    world.vote(0, key)
    assert world.refused(world.vote_call(21, key)) is Reason.ThreadFull
    assert world.record(key).approvals == 0b01
    world.vote(21, key, DENY)
    assert status(world, key) is REJECTED


@worlds
def test_an_author_with_a_seat_needs_none_in_a_full_thread(make: Make) -> None:
    """Guard 8 under check_at_publish: seated meanwhile."""
    world = world_of(make, "capacity=check_at_publish", max_co_authors=2)
    first, second = world.spec(AUTHOR, "first"), world.spec(AUTHOR, "second")
    world.vote(0, first)
    assert world.refused(world.spec_call(AUTHOR, "third")) is Reason.AlreadyCoAuthor
    world.vote(0, second)
    assert status(world, second) is PUBLISHED
    assert len(world.seated()) == 2
    balanced(world)


@worlds
def test_specs_are_submitted_to_a_full_thread_that_reserves_nothing(make: Make) -> None:
    """M7: under reserve the same submission is refused."""
    for capacity in ("check_at_publish", "reserve"):
        world = world_of(make, f"capacity={capacity}", max_co_authors=1)
        call = world.spec_call(AUTHOR, "may I", MIN_STAKE)
        if capacity == "reserve":
            assert world.refused(call) is Reason.ThreadFull
        else:
            world.do(call)


# record_key


@worlds
@pytest.mark.parametrize("first", ["direct", "pending", "published", "rejected", "expired"])
def test_whoever_records_a_content_first_keeps_all_others_from_it(make: Make, first: str) -> None:
    """Section 9, thread_hash: a record in any state; under thread_author_hash each has one."""
    for record_key in ("thread_hash", "thread_author_hash"):
        world = world_of(make, f"record_key={record_key}", seats=1)
        squatter = 21 if first == "direct" else AUTHOR
        if first == "direct":
            world.message(squatter, "mine")
        elif first == "expired":
            world.expired(squatter, "mine")
        else:
            key = world.spec(squatter, "mine")
            if first == "rejected":
                world.vote(0, key, DENY)
            elif first == "published":
                world.vote(0, key)
                world.vote(21, key)
        for call in (world.message_call(0, "mine"), world.spec_call(22, "mine")):
            if record_key == "thread_hash":
                assert world.refused(call) is Reason.DuplicateContent
            else:
                world.do(call)


@worlds
def test_a_content_taken_in_one_thread_is_free_in_another(make: Make) -> None:
    """Section 9, thread_hash: the thread is part of the address."""
    world = world_of(make, "record_key=thread_hash")
    world.message(0, "mine")
    world.do(calls.create_thread(world.wallet(1), world.mint, 0))
    world.thread = addresses.thread(world.wallet(1), 0)
    world.message(1, "mine")
    world.do(world.spec_call(2, "another"))


@worlds
def test_the_design_says_where_a_record_lies(make: Make) -> None:
    """L2: the other design's address is the wrong one, in a message as in a spec."""
    kinds = ("thread_hash", "thread_author_hash")
    for choice, other in (kinds, kinds[::-1]):
        world = world_of(make, f"record_key={choice}")
        elsewhere = designs.design_of([f"record_key={other}"])
        for call, author, text in (
            (world.message_call(0, "a"), 0, "a"),
            (world.spec_call(AUTHOR, "b"), AUTHOR, "b"),
        ):
            wrong = addresses.record(world.key(author, text), elsewhere)
            assert world.refused(call.with_account("record", wrong)) is Reason.WrongAddress
            world.do(call)
        key = world.key(AUTHOR, "b")
        assert world.record(key).author == world.wallet(AUTHOR)
        world.vote(0, key)
        assert status(world, key) is PUBLISHED
