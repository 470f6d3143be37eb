"""What both adapters of a Solana runtime promise: time, saving, refusals of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from bankrun_world import bankrun
from ledger_world import APPROVE, DENY, STAKE, World

from choir_model.adapters.bankrun import BankrunLedger
from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.domain.identity import Address
from choir_model.lockstep.cast import RICH, Cast, Setting
from choir_model.ports.ledger import (
    CLOCK,
    AccountImage,
    Confirmed,
    Foreign,
    LedgerClock,
    Outcome,
    Purse,
    Rejected,
)
from choir_model.program import addresses, calls
from choir_model.program.calls import Call, Meta

Make: TypeAlias = Callable[[], LiteSvmLedger | BankrunLedger]
RUNTIMES: dict[str, Make] = {"litesvm": LiteSvmLedger, "bankrun": bankrun}
runtimes = pytest.mark.parametrize("make", RUNTIMES.values(), ids=RUNTIMES)


class Real(World):
    """The world of the ledger tests on a real runtime."""

    ledger: LiteSvmLedger | BankrunLedger

    def __init__(self, make: Make, setting: Setting | None = None, *, thread: bool = True) -> None:
        super().__init__(make, setting, thread=thread)


def why(outcome: Outcome) -> object:
    assert isinstance(outcome, Rejected)
    return outcome.reason


# What it is


@runtimes
def test_wallets_are_seeded_and_equal_across_instances(make: Make) -> None:
    first, second = make(), make()
    wallets = [first.wallet(number) for number in range(5)]
    assert wallets == [second.wallet(number) for number in range(5)]
    assert len(set(wallets)) == 5


@runtimes
def test_fees_and_compute_units_are_told(make: Make) -> None:
    world = Real(make)
    outcome = world.ledger.execute(world.message_call(0, "hello"), world.wallet(0))
    assert isinstance(outcome, Confirmed)
    assert outcome.fee == 5000
    assert 0 < (outcome.compute_units or 0) < 200_000
    refused = world.ledger.execute(world.message_call(1, "hello"), world.cast.crank)
    assert isinstance(refused, Rejected)
    assert (refused.fee, refused.role) == (10_000, ""), "two signatures; refused is paid for"
    again = world.ledger.resend()
    assert isinstance(again, Rejected)
    assert (again.reason, again.fee) == (Foreign.ALREADY_PROCESSED, 0), "and not paid for again"


@runtimes
def test_the_same_commands_give_the_same_accounts_and_events(make: Make) -> None:
    def run() -> tuple[object, object]:
        world = Real(make)
        world.seat(1)
        key = world.spec(2, "may I")
        world.wait(7)
        world.vote(1, key, DENY)
        images = {address: world.ledger.account(address) for address in world.watched}
        return images, world.events

    assert run() == run()


# Time


@pytest.mark.parametrize(("slots", "seconds"), [(-1, 0), (0, -1), (1, -1), (0, 2**63 - 50)])
@runtimes
def test_time_neither_goes_back_nor_beyond_its_type(make: Make, slots: int, seconds: int) -> None:
    ledger = make()
    ledger.advance(0, 50)
    before = ledger.clock()
    with pytest.raises(ValueError, match="time does not go backwards, nor beyond i64"):
        ledger.advance(slots, seconds)
    assert ledger.clock() == before
    ledger.advance(0, 2**63 - 51)
    assert ledger.clock().unix_timestamp == 2**63 - 1


@runtimes
def test_transactions_take_no_time(make: Make) -> None:
    world = Real(make)
    before = world.ledger.clock()
    world.message(0, "hello")
    assert world.ledger.clock() == before


# Saving


Moment: TypeAlias = tuple[dict[Address, AccountImage | None], frozenset[Address], LedgerClock]


def everything(world: Real) -> Moment:
    images = {address: world.ledger.account(address) for address in world.watched}
    return images, world.ledger.program_accounts(), world.ledger.clock()


@runtimes
def test_saved_moments_come_back_in_any_order(make: Make) -> None:
    world = Real(make)
    moments = []
    for act in (
        lambda: world.spec(1, "may I"),
        lambda: world.wait(40),
        lambda: world.vote(0, world.key(1, "may I"), APPROVE),
        lambda: world.ledger.fund(world.wallet(2), Purse.EMPTY),
        lambda: world.message(0, "hello"),
    ):
        moments.append((world.ledger.save(), everything(world)))
        act()
    moments.append((world.ledger.save(), everything(world)))
    for number in (5, 0, 3, 3, 1, 5, 2, 4, 0):
        saved, expected = moments[number]
        world.ledger.restore(saved)
        images, *rest = everything(world)
        before, *others = expected
        # what was not watched by then is either a wallet or must not be there, see `rest`
        assert {a: i for a, i in images.items() if a in before} == before
        assert rest == others


@runtimes
def test_a_restored_ledger_goes_on_as_if_nothing_had_been(make: Make) -> None:
    world = Real(make)
    saved = world.ledger.save()
    first = world.do(world.spec_call(1, "may I"))
    world.ledger.restore(saved)
    assert world.ledger.account(addresses.record(world.key(1, "may I"))) is None
    assert world.do(world.spec_call(1, "may I")) == first


@runtimes
def test_an_account_deleted_since_comes_back_and_one_put_since_goes(make: Make) -> None:
    ledger = make()
    wallet, place = ledger.wallet(1), b"\5" * 32
    ledger.fund(wallet, Purse.AMPLE)
    saved = ledger.save()
    ledger.fund(wallet, Purse.EMPTY)
    ledger.put_account(place, AccountImage(b"\6" * 32, b"data"))
    assert ledger.account(wallet) is None
    assert ledger.account(place) is not None
    ledger.restore(saved)
    assert ledger.account(wallet) is not None
    assert ledger.account(place) is None


# Refusals of the runtime and of other programs


def transfer(world: Real, source: Address, target: Address, amount: int = 1) -> Call:
    return calls.token_transfer(world.wallet(0), source, target, amount)


def freeze(world: Real, account: Address) -> None:
    """SPL Token's ``FreezeAccount``, by the freeze authority."""
    metas = (
        Meta(account, False, True),
        Meta(world.mint, False, False),
        Meta(world.cast.authority, True, False),
    )
    world.do(Call("token_freeze", addresses.TOKEN, metas, b"\x0a"))


def resent(world: Real) -> Outcome:
    world.message(0, "hello")
    return world.ledger.resend()


def stale(world: Real) -> Outcome:
    return world.ledger.execute_stale(world.message_call(0, "hello"), world.wallet(0))


def purse(lamports: int) -> Callable[[Real], Outcome]:
    def act(world: Real) -> Outcome:
        world.ledger._put(world.cast.crank, addresses.SYSTEM, b"", lamports)
        return world.ledger.execute(world.message_call(0, "hello"), world.cast.crank)

    return act


def thin(world: Real) -> Outcome:
    wallet = world.wallet(Cast.THIN)
    return world.ledger.execute(calls.create_thread(wallet, world.mint, 0), wallet)


def nonce(world: Real) -> Outcome:
    wallet = world.wallet(1)
    world.ledger.put_account(wallet, AccountImage(addresses.SYSTEM, bytes(80)))
    call = calls.create_thread(wallet, world.mint, 0)
    return world.ledger.execute(call, world.cast.crank)


def sent(make: Callable[[Real], Call]) -> Callable[[Real], Outcome]:
    return lambda world: world.ledger.execute(make(world), world.cast.crank)


REFUSALS: dict[Foreign, Callable[[Real], Outcome]] = {
    Foreign.ALREADY_PROCESSED: resent,
    Foreign.BLOCKHASH_NOT_FOUND: stale,
    Foreign.ACCOUNT_NOT_FOUND: purse(0),
    Foreign.INSUFFICIENT_FUNDS_FOR_FEE: purse(9_999),
    Foreign.INSUFFICIENT_FUNDS_FOR_RENT: purse(890_880 + 9_999),
    Foreign.INSUFFICIENT_LAMPORTS: thin,
    Foreign.PAYER_NOT_VACANT: nonce,
    Foreign.TOKEN_INSUFFICIENT_FUNDS: sent(lambda w: transfer(w, w.token(0), w.token(1), RICH + 1)),
    Foreign.TOKEN_OWNER_MISMATCH: sent(lambda w: transfer(w, w.token(1), w.token(0))),
    Foreign.TOKEN_MINT_MISMATCH: sent(
        lambda w: transfer(w, w.token(1), w.cast.other_token(w.wallet(0)))
    ),
    Foreign.TOKEN_MISSING_SIGNATURE: sent(
        lambda w: Call(
            "unsigned",
            addresses.TOKEN,
            tuple(Meta(m.address, False, m.writable) for m in _own(w).accounts),
            _own(w).data,
        )
    ),
    Foreign.TOKEN_INVALID_ACCOUNT: sent(lambda w: transfer(w, w.token(0), w.mint)),
    Foreign.TOKEN_NOT_EMPTY: sent(
        lambda w: calls.token_close(w.wallet(0), w.token(0), w.cast.authority)
    ),
    Foreign.READ_ONLY: sent(lambda w: calls.token_close(w.cast.crank, w.token(Cast.CRANK), CLOCK)),
}


def _own(world: Real) -> Call:
    return transfer(world, world.token(0), world.token(1))


@pytest.mark.parametrize("reason", REFUSALS)
@runtimes
def test_every_registered_refusal_of_others_can_be_met(make: Make, reason: Foreign) -> None:
    """L3: rent, fee and runtime refusals are foreign, and registered."""
    assert why(REFUSALS[reason](Real(make))) is reason


def test_no_registered_refusal_is_left_out() -> None:
    elsewhere = set(Foreign) - set(REFUSALS)
    own_tests = {Foreign.TOKEN_FROZEN, Foreign.SIGNATURE_FAILURE, Foreign.UNITS_EXHAUSTED}
    assert elsewhere == own_tests


@runtimes
def test_an_account_frozen_before_initialize_stays_frozen(make: Make) -> None:
    """L1: afterwards nobody can freeze, nor thaw; the stake and the share stay where they are."""
    world = Real(make, Setting("blank", initialized=False), thread=False)
    cast = world.cast
    freeze(world, cast.reserve)
    assert world.refused(cast.initialize(Setting("usual"))) is Foreign.TOKEN_FROZEN
    spare = b"\3" * 32
    world.ledger.create_token_account(spare, world.mint, cast.authority)
    freeze(world, world.token(2))
    world.do(cast.initialize(Setting("usual")).with_account("destination", spare))
    world.do(calls.create_thread(world.wallet(2), world.mint, 0))
    world.thread = addresses.thread(world.wallet(2), 0)
    give = calls.token_transfer(cast.authority, spare, world.token(1), STAKE)
    world.do(give)
    key = world.spec(1, "may I")
    world.vote(2, key, DENY)
    assert world.refused(world.claim_call(2, key)) is Foreign.TOKEN_FROZEN
    another = b"\4" * 32
    world.ledger.create_token_account(another, world.mint, world.wallet(2))
    world.do(world.claim_call(2, key, another))


@runtimes
def test_a_thin_purse_pays_fees_and_an_empty_one_nothing(make: Make) -> None:
    world = Real(make)
    world.refused(world.message_call(0, "x"), world.wallet(Cast.PAUPER))
    wallet = world.wallet(Cast.THIN)
    world.ledger.create_token_account(world.token(Cast.THIN), world.mint, wallet)
    world.give(world.token(Cast.THIN), STAKE)
    assert world.refused(world.spec_call(Cast.THIN, "may I")) is Foreign.INSUFFICIENT_LAMPORTS
    world.do(transfer(world, world.token(0), world.token(1)), payer=wallet)
