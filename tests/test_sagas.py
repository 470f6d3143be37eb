"""Section 6: sagas are values; what each wants next, and how it takes every answer."""

from __future__ import annotations

import pytest

from choir_model.domain.identity import RecordKey, content_hash
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import MIN_STAKE, SETTINGS, Cast
from choir_model.ports.content import Reason as StoreReason
from choir_model.ports.content import Refused, Stored
from choir_model.ports.ledger import Confirmed, Foreign, Rejected, Unknown
from choir_model.program import addresses, calls
from choir_model.program.bindings import Decision, Reason
from choir_model.protocols import sagas
from choir_model.protocols.sagas import Arrow, Conflict, Saga

WORDS = "the words"


class World:
    """A ledger with one thread, to answer sagas with real outcomes and images."""

    def __init__(self) -> None:
        self.ledger = ReferenceLedger(unix_timestamp=1000)
        self.cast = Cast.of(self.ledger)
        self.cast.prepare(self.ledger, SETTINGS[0])
        self.owner, self.guest = self.cast.wallets[:2]
        self.thread = self.cast.thread(0)
        opened = self.ledger.execute(calls.create_thread(self.owner, self.cast.mint, 0), self.owner)
        assert isinstance(opened, Confirmed)

    def key(self, author: bytes) -> RecordKey:
        return RecordKey(self.thread, author, content_hash(WORDS))

    def spec(self) -> Saga:
        source = self.cast.token(self.guest)
        key = self.key(self.guest)
        draft = sagas.draft(key, WORDS, Privacy.PUBLIC, 1000)
        return sagas.submit_spec(draft, source, MIN_STAKE)

    def answer(self, saga: Saga) -> Saga:
        """One arrow, answered by this ledger and by a store that accepts everything."""
        match sagas.command(saga):
            case sagas.Send(call, payer):
                return sagas.react(saga, self.ledger.execute(call, payer))
            case sagas.Read(address):
                return sagas.react(saga, self.ledger.account(address))
            case _:
                return sagas.react(saga, Stored(already=False))

    def finish(self, saga: Saga) -> Saga:
        while saga.arrows:
            saga = self.answer(saga)
        return saga


@pytest.fixture
def world() -> World:
    return World()


def test_content_is_stored_invisibly_before_the_ledger_hears_of_it(world: World) -> None:
    """Submit stores first (content_first), as Submitted: only its author can get it."""
    saga = world.spec()
    first = sagas.command(saga)
    assert isinstance(first, sagas.Store)
    assert first.message.status is Status.SUBMITTED
    saga = sagas.react(saga, Stored(already=False))
    assert isinstance(sagas.command(saga), sagas.Send)


def test_the_store_follows_what_was_read_back(world: World) -> None:
    """Status and co-authors come from the accounts, not from what was sent."""
    saga = world.spec()
    for _ in range(4):
        saga = world.answer(saga)
    assert sagas.command(saga) == sagas.FollowThread(world.thread, (world.owner,), 2)
    saga = world.answer(saga)
    follow = sagas.command(saga)
    assert follow == sagas.FollowStatus(world.key(world.guest), Status.PENDING)
    done = world.answer(saga)
    assert (done.arrows, done.failed, sagas.command(done)) == ((), None, None)


def test_a_vote_that_completes_the_electorate_seats_the_author_in_the_store(world: World) -> None:
    """Approve: ownership is updated from the thread's account (M4)."""
    world.finish(world.spec())
    key = world.key(world.guest)
    saga = sagas.approve(world.owner, key, calls.vote(world.owner, key, Decision.APPROVE))
    commands = []
    while saga.arrows:
        commands.append(sagas.command(saga))
        saga = world.answer(saga)
    assert commands[-2:] == [
        sagas.FollowThread(world.thread, (world.owner, world.guest), 6),
        sagas.FollowStatus(key, Status.PUBLISHED),
    ]


def test_approve_verifies_first_and_sends_nothing_in_vain(world: World) -> None:
    """StateConflict: the record is not there, or decided; the saga stops before the vote."""
    key = world.key(world.guest)
    call = calls.vote(world.owner, key, Decision.APPROVE)
    stopped = world.answer(sagas.approve(world.owner, key, call))
    assert (stopped.arrows, stopped.stopped) == ((), Conflict.STATE_CONFLICT)
    world.finish(world.spec())
    done = world.finish(sagas.approve(world.owner, key, call))
    assert done.stopped is None
    again = world.answer(sagas.approve(world.owner, key, call))
    assert again.stopped is Conflict.STATE_CONFLICT


def test_a_client_that_does_not_look_meets_the_ledgers_own_refusal(world: World) -> None:
    key = world.key(world.guest)
    call = calls.vote(world.owner, key, Decision.APPROVE)
    done = world.finish(sagas.approve(world.owner, key, call, verified=False))
    assert done.failed is Reason.UnknownRecord


@pytest.mark.parametrize("reason", [Reason.ThreadFull, Foreign.BLOCKHASH_NOT_FOUND])
def test_a_refused_transaction_ends_the_saga(world: World, reason: Reason | Foreign) -> None:
    """A refused submission stays Submitted in the store and may be sent again."""
    saga = sagas.react(world.spec(), Stored(already=False))
    refused = sagas.react(saga, Rejected(reason))
    assert sagas.command(refused) == sagas.Read(addresses.record(world.key(world.guest)))
    stopped = sagas.react(refused, None)
    assert (stopped.arrows, stopped.failed) == ((), reason)


def test_who_repeats_what_landed_lets_the_store_follow_and_is_refused(world: World) -> None:
    """StateConflict: re-read.  The first attempt was cut off after its transaction."""
    first = sagas.react(world.spec(), Stored(already=False))
    assert first.call is not None
    world.ledger.execute(first.call, first.payer)
    again = sagas.react(world.spec(), Stored(already=True))
    followed = []
    while again.arrows:
        followed.append(sagas.command(again))
        again = world.answer(again)
    assert followed[-1] == sagas.FollowStatus(world.key(world.guest), Status.PENDING)
    assert (again.failed, again.stopped) == (Reason.DuplicateContent, None)


def test_a_store_that_refuses_content_ends_the_saga_before_the_ledger(world: World) -> None:
    """C1: HashMismatch; nothing is sent."""
    stopped = sagas.react(world.spec(), Refused(StoreReason.HASH_MISMATCH))
    assert (stopped.arrows, stopped.stopped) == ((), StoreReason.HASH_MISMATCH)


def test_an_unknown_outcome_is_settled_by_reading_back(world: World) -> None:
    """L8: a lost response is neither success nor failure; the accounts tell."""
    saga = sagas.react(world.spec(), Stored(already=False))
    lost = sagas.react(saga, Unknown())
    assert lost.arrows[0] is Arrow.READ_RECORD
    nothing_yet = sagas.react(lost, None)
    assert (nothing_yet.arrows, nothing_yet.failed) == ((), Conflict.UNSETTLED)
    call, payer = saga.call, saga.payer
    assert call is not None
    world.ledger.execute(call, payer)
    landed = world.finish(lost)
    assert (landed.failed, landed.status) == (None, Status.PENDING)


def test_a_vote_whose_response_was_lost_is_not_taken_for_done(world: World) -> None:
    """L8: a pending record does not tell whether the vote may still land."""
    world.finish(world.spec())
    key = world.key(world.guest)
    call = calls.vote(world.owner, key, Decision.APPROVE)
    lost = sagas.react(world.answer(sagas.approve(world.owner, key, call)), Unknown())
    assert world.finish(lost).failed is Conflict.UNSETTLED


def test_a_status_the_store_no_longer_takes_ends_the_saga(world: World) -> None:
    """M8: a saga that was overtaken does not take a final record back."""
    saga = world.spec()
    for _ in range(5):
        saga = world.answer(saga)
    stopped = sagas.react(saga, Refused(StoreReason.ILLEGAL_TRANSITION))
    assert (stopped.arrows, stopped.stopped) == ((), StoreReason.ILLEGAL_TRANSITION)


def test_settle_and_direct_message_run_to_their_ends(world: World) -> None:
    world.finish(world.spec())
    world.ledger.advance(1, SETTINGS[0].approval_window)
    key = world.key(world.guest)
    settled = world.finish(sagas.settle(world.cast.crank, key, calls.settle(key)))
    assert (settled.stopped, settled.status) == (None, Status.EXPIRED)
    draft = sagas.draft(world.key(world.owner), WORDS, Privacy.THREAD_ONLY, 1100)
    message = sagas.submit_message(draft)
    done = world.finish(message)
    assert (done.stopped, done.status) == (None, Status.PUBLISHED)


def test_create_thread_makes_the_store_know_its_members(world: World) -> None:
    saga = sagas.create_thread(world.guest, world.cast.mint, 0)
    saga = world.answer(world.answer(saga))
    thread = addresses.thread(world.guest, 0)
    assert sagas.command(saga) == sagas.FollowThread(thread, (world.guest,), 1)


def test_recovery_repeats_what_was_missed_from_the_ledger_alone(world: World) -> None:
    """Recover_state (a): status and members from the accounts."""
    world.finish(world.spec())
    key = world.key(world.guest)
    saga = world.answer(sagas.recover(key))
    assert sagas.command(saga) == sagas.CorrectStatus(key, Status.PENDING)
    saga = world.answer(sagas.recover_thread(world.thread))
    assert sagas.command(saga) == sagas.CorrectThread(world.thread, (world.owner,), 2)
    nowhere = world.answer(sagas.recover(world.key(world.owner)))
    assert nowhere.stopped is Conflict.STATE_CONFLICT
