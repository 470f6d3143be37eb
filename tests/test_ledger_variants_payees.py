"""Payees of a pushed payment, whose accounts are theirs to spoil (guard 7, section 9)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from ledger_world import APPROVE, DENY, STAKE, World, worlds
from test_ledger_variants import AUTHOR, balanced, held, world_of

from choir_model.domain.identity import Address, RecordKey
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import WINDOW
from choir_model.ports.ledger import AccountImage, LedgerPort, Rejected
from choir_model.program import addresses, calls
from choir_model.program.addresses import TOKEN
from choir_model.program.bindings import INSTRUCTIONS, Reason, RecordStatus
from choir_model.program.calls import Call, Meta

Make = Callable[[], LedgerPort]
SHARED = ("payout=push", "rejection=at_close")
ELSEWHERE = b"\x31" * 32


def planted(world: World, mint: Address, owner: Address, state: int) -> Address:
    """A token account with these fields; `state` 1 is initialised, 2 frozen, 0 neither."""
    data = mint + owner + bytes(8 + 36) + bytes([state]) + bytes(56)
    world.ledger.put_account(ELSEWHERE, AccountImage(TOKEN, data))
    return ELSEWHERE


def closed(world: World, payee: int) -> Address:
    """The payee's account, emptied and closed.  A guest named anew would get another one."""
    wallet, token = world.wallet(payee), world.token(payee)
    world.do(calls.token_transfer(wallet, token, world.token(1), world.amount(token)))
    world.do(calls.token_close(wallet, token, world.wallet(0)))
    return token


def given_away(world: World, payee: int) -> Address:
    world.do(calls.token_set_owner(world.wallet(payee), world.token(payee), world.wallet(1)))
    return world.token(payee)


def overwritten(world: World, payee: int) -> Address:
    """Bytes of another program where the payee's account was."""
    look_alike = world.ledger.account(world.token(payee))
    assert look_alike is not None
    world.ledger.put_account(world.token(payee), AccountImage(b"\5" * 32, look_alike.data))
    return world.token(payee)


UNFIT: dict[str, Callable[[World, int], Address]] = {
    "closed": closed,
    "of another owner now": given_away,
    "another program's": overwritten,
    "frozen": lambda w, payee: planted(w, w.mint, w.wallet(payee), 2),
    "of another mint": lambda w, payee: planted(w, w.cast.other_mint, w.wallet(payee), 1),
    "never initialised": lambda w, payee: planted(w, w.mint, w.wallet(payee), 0),
    "somebody else's": lambda w, _: w.token(1),
    "the wallet itself": lambda w, payee: w.wallet(payee),
    "a mint": lambda w, _: w.mint,
    "a look-alike": lambda w, _: w.cast.look_alike,
    "garbage of SPL Token": lambda w, _: w.cast.token_garbage,
    "the config": lambda w, _: addresses.config(),
    "the thread": lambda w, _: w.thread,
    "the vault it is paid from": lambda w, _: w.vault("stake"),
    "the treasury": lambda w, _: w.vault("treasury"),
    "the token program": lambda w, _: TOKEN,
    "vacant": lambda w, _: b"\x32" * 32,
}
"""What cannot be paid into, whatever its payee has done to it."""


def with_payee(call: Call, place: int, account: Address, *, writable: bool = True) -> Call:
    """The same call with another account for the payee in `place`."""
    at = len(INSTRUCTIONS[call.name].accounts) + place
    metas = (*call.accounts[:at], Meta(account, False, writable), *call.accounts[at + 1 :])
    return dataclasses.replace(call, accounts=metas)


def rejected_by(world: World, *deniers: int) -> RecordKey:
    """A spec that these denied, whose window is over."""
    key = world.spec(AUTHOR, "may I")
    for number in deniers:
        world.vote(number, key, DENY)
    world.wait(WINDOW)
    return key


@worlds
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("how", UNFIT)
def test_one_unfit_account_refuses_the_whole_settlement(make: Make, how: str, place: int) -> None:
    """Guard 7: and whoever sends good accounts later settles it after all."""
    world = world_of(make, *SHARED, seats=2)
    deniers = (0, 21, 22)
    key = rejected_by(world, *deniers)
    good = world.settle_call(key)
    account = UNFIT[how](world, deniers[place])
    assert world.refused(with_payee(good, place, account)) is Reason.PayeeUnavailable
    assert world.record(key).status is RecordStatus.PENDING
    world.ledger.create_token_account(b"\x33" * 32, world.mint, world.wallet(deniers[place]))
    world.do(with_payee(good, place, b"\x33" * 32))
    assert world.amount(b"\x33" * 32) == 667


@worlds
@pytest.mark.parametrize("how", UNFIT)
def test_an_author_without_an_account_gets_no_refund_but_keeps_the_record_open(
    make: Make, how: str
) -> None:
    """Guard 7: in `vote` as in `settle`; the vote is not recorded."""
    world = world_of(make, "payout=push", "denial_share=refund", "expiry=refund", seats=1)
    key = world.spec(AUTHOR, "may I")
    deny, account = world.vote_call(0, key, DENY), UNFIT[how](world, AUTHOR)
    assert world.refused(with_payee(deny, 0, account)) is Reason.PayeeUnavailable
    assert world.record(key).denials == 0
    world.wait(WINDOW)
    settle = with_payee(world.settle_call(key), 0, account)
    assert world.refused(settle) is Reason.PayeeUnavailable
    assert world.record(key).status is RecordStatus.PENDING


@worlds
def test_payees_come_in_the_order_of_their_seats_and_all_of_them(make: Make) -> None:
    """Guard 7: not in the order of the votes, none left out, none read-only."""
    world = world_of(make, *SHARED, seats=2)
    key = rejected_by(world, 22, 0, 21)
    good = calls.settle(key, world.design)
    tokens = [world.token(number) for number in (0, 21, 22)]
    for wrong in (
        [],
        tokens[:1],
        tokens[:2],
        tokens[1:],
        [tokens[1], tokens[0], tokens[2]],
        [tokens[0], tokens[2], tokens[1]],
        tokens[::-1],
        [tokens[0]] * 3,
        [world.token(AUTHOR), *tokens],
    ):
        assert world.refused(good.with_payees(wrong)) is Reason.PayeeUnavailable
    whole = good.with_payees(tokens)
    for place in range(3):
        read_only = with_payee(whole, place, tokens[place], writable=False)
        assert world.refused(read_only) is Reason.PayeeUnavailable
    before = held(world, 0, 21, 22, 1)
    world.do(good.with_payees([*tokens, world.token(1), world.mint]))
    assert held(world, 0, 21, 22, 1) == [n + 667 for n in before[:3]] + before[3:]
    balanced(world)


@worlds
def test_an_account_written_elsewhere_in_the_call_is_writable_here(make: Make) -> None:
    """L3: privileges are the transaction's, not the place's."""
    world = world_of(make, *SHARED)
    key = rejected_by(world, 0)
    token = world.token(0)
    read_only = with_payee(world.settle_call(key), 0, token, writable=False)
    assert world.refused(read_only) is Reason.PayeeUnavailable
    twice = (*read_only.accounts, Meta(token, False, True))
    world.do(dataclasses.replace(read_only, accounts=twice))


@worlds
def test_any_account_of_the_payee_will_do(make: Make) -> None:
    """Section 9: whoever settles chooses among those the payee owns."""
    world = world_of(make, "payout=push")
    key = world.spec(AUTHOR, "may I")
    second = planted(world, world.mint, world.wallet(0), 1)
    deny = calls.vote(world.wallet(0), key, DENY, world.design)
    world.do(deny.with_payees([second]))
    assert world.amount(second) == STAKE


@worlds
@pytest.mark.parametrize(
    ("choices", "ends"),
    [
        ((), "denied"),
        ((), "approved"),
        ((), "expired"),
        (("payout=push", "denial_share=treasury"), "denied"),
        (("payout=push",), "approved"),
        (("payout=push",), "expired"),
        (("payout=push", "rejection=at_close"), "denied"),
        (("denial_share=refund", "expiry=refund"), "denied"),
        (("denial_share=refund", "expiry=refund"), "expired"),
    ],
)
def test_accounts_after_those_of_the_idl_are_ignored_where_nobody_is_paid(
    make: Make, choices: tuple[str, ...], ends: str
) -> None:
    """Guard 7: payees, strangers and the system program alike; no tokens move to them."""
    world = world_of(make, *choices)
    key = world.spec(AUTHOR, "may I")
    extra = [world.token(0), world.token(AUTHOR), world.cast.look_alike, addresses.SYSTEM]
    before = held(world, 0, AUTHOR)
    if ends == "expired":
        world.wait(WINDOW)
        call = calls.settle(key, world.design)
    else:
        decision = DENY if ends == "denied" else APPROVE
        call = calls.vote(world.wallet(0), key, decision, world.design)
    world.do(call.with_payees(extra))
    assert held(world, 0, AUTHOR) == before
    balanced(world)


@worlds
def test_as_many_deniers_are_paid_at_once_as_a_transaction_has_room_for(make: Make) -> None:
    """Section 9: push is limited by the size of a transaction; here sixteen at once."""
    world = world_of(make, *SHARED, seats=0, max_co_authors=20)
    more = list(range(21, 36))
    world.seat(*more)
    key = rejected_by(world, 0, *more)
    before = held(world, 0, *more)
    (_, settled) = world.settle(key)
    assert (settled.share, settled.to_payees, settled.to_treasury) == (125, 2000, 3)
    assert held(world, 0, *more) == [n + 125 for n in before]


def test_a_refusal_names_the_payee() -> None:
    """L3: the role, counted from one; the real program tells the reason only."""
    world = world_of(ReferenceLedger, *SHARED, seats=1)
    key = rejected_by(world, 0, 21)
    call = with_payee(world.settle_call(key), 1, world.token(1))
    outcome = world.ledger.execute(call, world.cast.crank)
    assert outcome == Rejected(Reason.PayeeUnavailable, "payee 2")
