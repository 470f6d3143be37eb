"""The ledger that is attacked: forged signatures, several calls, few compute units, fees."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from ledger_world import APPROVE, World

from choir_model.adapters.hostile_litesvm import HostileLiteSvm
from choir_model.adapters.litesvm import Form, LiteSvmLedger
from choir_model.domain.identity import Address
from choir_model.lockstep.cast import Cast
from choir_model.ports.ledger import Confirmed, Foreign, Outcome, Rejected
from choir_model.program import addresses, calls
from choir_model.program.bindings import Reason
from choir_model.program.calls import Call


class Attacked(World):
    """The world of the ledger tests on the ledger that can be attacked."""

    ledger: HostileLiteSvm

    def __init__(self) -> None:
        super().__init__(HostileLiteSvm)

    def send(
        self,
        *several: Call,
        payer: Address | None = None,
        unit_limit: int | None = None,
        verified: bool = True,
        forged: Collection[Address] = (),
    ) -> Outcome:
        return self.ledger.send(
            several,
            payer or self.cast.crank,
            unit_limit=unit_limit,
            verified=verified,
            forged=forged,
        )


def why(outcome: Outcome) -> object:
    assert isinstance(outcome, Rejected)
    return outcome.reason


@pytest.fixture
def world() -> Attacked:
    return Attacked()


def test_a_signature_by_another_key_is_refused_and_costs_nothing(world: Attacked) -> None:
    """Whoever signs for somebody else does not even get to the program."""
    call, before = world.message_call(0, "hello"), world.images()
    purse = world.ledger.account(world.cast.crank)
    outcome = world.send(call, forged={world.wallet(0)})
    assert why(outcome) is Foreign.SIGNATURE_FAILURE
    assert (world.images(), world.ledger.account(world.cast.crank)) == (before, purse)
    assert isinstance(world.send(call), Confirmed)


@pytest.mark.parametrize("verified", [True, False])
def test_nobody_can_sign_for_an_address_without_a_key(world: Attacked, verified: bool) -> None:
    """A vault's owner is the thread, and the thread's address is no point of the curve."""
    vault = world.vault("stake")
    world.give(vault, 5)
    stolen = calls.token_transfer(world.thread, vault, world.token(1), 5)
    outcome = world.send(stolen, verified=verified)
    if verified:
        assert why(outcome) is Foreign.SIGNATURE_FAILURE
        assert world.amount(vault) == 5
    else:
        assert isinstance(outcome, Confirmed), "unverified, it is taken to have signed"


def test_several_calls_take_effect_together_or_not_at_all(world: Attacked) -> None:
    first, other = world.message_call(0, "one"), world.message_call(0, "two")
    before = world.images()
    outcome = world.send(first, other, first)
    assert why(outcome) is Reason.DuplicateContent
    assert world.images() == before
    together = world.send(first, other)
    assert isinstance(together, Confirmed)
    assert [event.sequence for event in together.events] == [2, 3, 4, 5]


@pytest.mark.parametrize("limit", [0, 149, 1_000, 10_000])
def test_too_few_compute_units_are_a_registered_refusal(world: Attacked, limit: int) -> None:
    """L3: the runtime ends the transaction, wherever it is, and nothing has happened."""
    call = world.spec_call(1, "may I")
    before = world.images()
    assert why(world.send(call, unit_limit=limit)) is Foreign.UNITS_EXHAUSTED
    assert world.images() == before
    assert isinstance(world.send(call, unit_limit=100_000), Confirmed)


def test_units_that_end_inside_spl_token_are_the_same_refusal(world: Attacked) -> None:
    """There it is not the ledger program that fails, but the transfer of the stake."""
    call, saved, ends = world.spec_call(1, "may I"), world.ledger.save(), set()
    for limit in range(8_000, 16_000, 50):
        outcome = world.send(call, unit_limit=limit)
        ends.add(outcome.reason if isinstance(outcome, Rejected) else "confirmed")
        world.ledger.restore(saved)
    assert ends == {Foreign.UNITS_EXHAUSTED, "confirmed"}


def test_a_form_with_a_limit_is_refused_in_the_same_way() -> None:
    world = World(LiteSvmLedger)
    assert isinstance(world.ledger, LiteSvmLedger)
    call = world.message_call(0, "hello")
    outcome = world.ledger.execute(call, world.cast.crank, Form(unit_limit=1_000))
    assert why(outcome) is Foreign.UNITS_EXHAUSTED


def test_what_never_ran_costs_no_fee(world: Attacked) -> None:
    """The fee that is told is the fee that was taken."""
    call, pauper = world.message_call(0, "hello"), world.wallet(Cast.PAUPER)
    outcome = world.send(call, payer=pauper)
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.fee) == (Foreign.ACCOUNT_NOT_FOUND, 0)
    for lamports, reason in (
        (9_999, Foreign.INSUFFICIENT_FUNDS_FOR_FEE),
        (890_880 + 9_999, Foreign.INSUFFICIENT_FUNDS_FOR_RENT),
    ):
        world.ledger._put(world.cast.crank, addresses.SYSTEM, b"", lamports)
        outcome = world.send(call)
        assert isinstance(outcome, Rejected)
        assert (outcome.reason, outcome.fee) == (reason, 0)
        image = world.ledger.account(world.cast.crank)
        assert image is not None
        assert image.lamports == lamports
    world.ledger._put(world.cast.crank, addresses.SYSTEM, b"", 890_880 + 10_000)
    landed = world.send(world.vote_call(0, world.key(1, "x"), APPROVE))
    assert isinstance(landed, Rejected)
    assert (landed.reason, landed.fee) == (Reason.UnknownRecord, 10_000)


def test_what_was_sent_can_be_taken_back(world: Attacked) -> None:
    saved, before = world.ledger.save(), world.images()
    call = world.spec_call(1, "may I")
    for verified in (True, False):
        assert isinstance(world.send(call, verified=verified), Confirmed)
        world.ledger.restore(saved)
        assert world.images() == before
        assert world.ledger.account(call.address("record")) is None


def test_photographs_show_every_change(world: Attacked) -> None:
    accounts = (world.thread, world.vault("stake"), world.cast.crank)
    before = world.ledger.photograph(accounts)
    assert world.ledger.photograph(accounts) == before
    assert [world.ledger.glance(address) for address in accounts] == before
    world.send(world.message_call(1, "no"))
    fee_only = world.ledger.photograph(accounts)
    assert [a == b for a, b in zip(before, fee_only, strict=True)] == [True, True, False]
    world.spec(1, "may I")
    changed = world.ledger.photograph(accounts)
    assert [a == b for a, b in zip(fee_only, changed, strict=True)] == [False, False, True]
