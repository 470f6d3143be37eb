"""What the design variants invite: lines of that table of docs/ledger-program.md, lawful all."""

from __future__ import annotations

from collections.abc import Callable

from ledger_world import APPROVE, DENY, STAKE, World, worlds

from choir_model.domain.identity import content_hash
from choir_model.lockstep.cast import MIN_STAKE, Setting
from choir_model.ports.ledger import LedgerPort
from choir_model.program import calls
from choir_model.program.bindings import Reason, RecordStatus
from choir_model.program.designs import design_of

Make = Callable[[], LedgerPort]


def world(make: Make, *choices: str, seats: int = 6) -> World:
    return World(make, Setting("invited", max_co_authors=seats, design=design_of(choices)))


@worlds
def test_one_denial_takes_the_whole_stake(make: Make) -> None:
    """M5: the default."""
    here = world(make)
    before = here.amount(here.token(0))
    key = here.spec(2, "hello")
    here.vote(0, key, DENY)
    here.do(here.claim_call(0, key))
    assert here.amount(here.token(0)) == before + STAKE


@worlds
def test_after_the_first_denial_others_join_it_for_a_share(make: Make) -> None:
    """M5, at_close."""
    here = world(make, "rejection=at_close")
    here.seat(1, 2)
    key = here.spec(3, "hello")
    for member in (0, 1, 2):
        here.vote(member, key, DENY)
    here.wait(here.setting.approval_window)
    here.do(calls.settle(key, here.setting.design))
    assert here.record(key).denials == 0b111
    here.do(here.claim_call(2, key))


@worlds
def test_a_new_member_lets_an_older_spec_expire_that_all_others_approved(make: Make) -> None:
    """V8 under live speaks of the electorate of the deciding vote."""
    here = world(make, "electorate=live")
    key = here.spec(3, "hello")
    here.seat(1)
    here.vote(0, key, APPROVE)
    assert here.record(key).status is RecordStatus.PENDING
    here.wait(here.setting.approval_window)
    here.do(calls.settle(key, here.setting.design))
    assert here.record(key).status is RecordStatus.EXPIRED


@worlds
def test_seats_are_bound_by_whoever_stakes_first(make: Make) -> None:
    """M7; past the deadline too, until somebody settles, and refunded under expiry refund."""
    here = world(make, "expiry=refund", seats=3)
    before = here.amount(here.token(2))
    keys = [here.spec(2, text, MIN_STAKE) for text in ("one", "two")]
    assert here.refused(here.spec_call(3, "hello")) is Reason.ThreadFull
    here.wait(here.setting.approval_window)
    assert here.refused(here.spec_call(3, "hello")) is Reason.ThreadFull
    for key in keys:
        here.do(calls.settle(key, here.setting.design))
        here.do(here.claim_call(2, key))
    assert here.amount(here.token(2)) == before
    here.spec(3, "hello")


@worlds
def test_a_full_thread_takes_stakes_that_cannot_win(make: Make) -> None:
    """SPEC 9: check_at_publish looks at publication only."""
    here = world(make, "capacity=check_at_publish", seats=1)
    key = here.spec(2, "hello")
    vote = calls.vote(here.wallet(0), key, APPROVE, here.setting.design)
    assert here.refused(vote) is Reason.ThreadFull


@worlds
def test_a_denier_without_an_account_blocks_the_shares_of_all(make: Make) -> None:
    """V1, V5 under at_close and push; an account opened for the payee ends it."""
    here = world(make, "rejection=at_close", "payout=push")
    here.seat(1)
    key = here.spec(3, "hello")
    for member in (0, 1):
        here.vote(member, key, DENY)
    own, reserve = here.token(1), here.cast.reserve
    here.do(calls.token_transfer(here.wallet(1), own, reserve, here.amount(own)))
    here.do(calls.token_close(here.wallet(1), own, here.wallet(1)))
    here.wait(here.setting.approval_window)
    settle = calls.settle(key, here.setting.design).with_payees([here.token(0), own])
    assert here.refused(settle) is Reason.PayeeUnavailable
    here.ledger.create_token_account(own, here.mint, here.wallet(1))
    here.do(settle)
    assert here.record(key).status is RecordStatus.REJECTED


@worlds
def test_an_author_without_an_account_cannot_be_denied(make: Make) -> None:
    """push and denial_share refund: the spec expires in place of a rejection."""
    here = world(make, "payout=push", "denial_share=refund")
    own = here.token(2)
    key = here.spec(2, "hello", here.amount(own))
    here.do(calls.token_close(here.wallet(2), own, here.wallet(2)))
    deny = calls.vote(here.wallet(0), key, DENY, here.setting.design).with_payees([own])
    assert here.refused(deny) is Reason.PayeeUnavailable
    here.wait(here.setting.approval_window)
    here.do(calls.settle(key, here.setting.design))
    assert here.record(key).status is RecordStatus.EXPIRED


@worlds
def test_a_hash_taken_first_is_kept_from_its_author_for_good(make: Make) -> None:
    """C5 under thread_hash, for the rent alone where expired stakes are refunded."""
    here = world(make, "record_key=thread_hash", "expiry=refund")
    before = here.amount(here.token(2))
    key = here.spec(2, "words of wallet 0", MIN_STAKE)
    here.wait(here.setting.approval_window)
    here.do(calls.settle(key, here.setting.design))
    here.do(here.claim_call(2, key))
    assert here.amount(here.token(2)) == before
    design = here.setting.design
    hash_ = content_hash("words of wallet 0")
    message = calls.submit_message(here.wallet(0), here.thread, hash_, design)
    assert here.refused(message) is Reason.DuplicateContent


@worlds
def test_a_vote_names_an_address_and_so_approves_whoever_holds_it(make: Make) -> None:
    """thread_hash: a vote built for one author seats another with the same words."""
    here = world(make, "record_key=thread_hash")
    taken = here.spec(2, "the same words")
    meant = here.key(3, "the same words")
    here.do(calls.vote(here.wallet(0), meant, APPROVE, here.setting.design))
    assert here.record(taken).status is RecordStatus.PUBLISHED
    assert here.wallet(2) in here.seated()
    assert here.wallet(3) not in here.seated()
