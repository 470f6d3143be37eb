"""Accounts of the runtime and of SPL Token where others belong: both ledgers say the same (L3).

What the cast draws rarely is tried here in every place.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ledger_world import DENY, STAKE, World, worlds

from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.domain.identity import Address
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep import hostile
from choir_model.lockstep.cast import MIN_STAKE, RICH, SETTINGS, Cast, Setting
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.ledger import ledger_pair, run_ledger_lockstep
from choir_model.lockstep.ledger_pair import Begin, Execute, LedgerPair
from choir_model.ports.ledger import (
    CLOCK,
    RENT,
    RESERVED,
    AccountImage,
    Foreign,
    LedgerPort,
    Purse,
    privileges,
)
from choir_model.program import addresses, calls
from choir_model.program.bindings import INSTRUCTIONS, Decision, Reason
from choir_model.program.calls import Call, Meta

Make = Callable[[], LedgerPort]
BLANK = Setting("blank", initialized=False)


def well_formed(cast: Cast) -> list[Call]:
    """A call of every instruction but `initialize` that would be confirmed."""
    first, second, third = cast.wallets[:3]
    thread, hash_ = cast.thread(0), cast.hashes[2]
    return [
        calls.create_thread(second, cast.mint, 0),
        calls.submit_message(first, thread, hash_),
        calls.submit_spec(third, cast.token(third), thread, hash_, MIN_STAKE),
        calls.vote(first, cast.record(0, 2, 0), Decision.APPROVE),
        calls.settle(cast.record(0, 2, 0)),
        calls.claim(first, cast.record(0, 2, 1), cast.token(first)),
    ]


def prepared() -> LedgerPair:
    """A thread with a pending spec and a rejected one, on both ledgers."""
    pair = ledger_pair(LiteSvmLedger, Coverage())
    cast = pair.cast
    assert isinstance(cast, Cast)
    first, third = cast.wallets[0], cast.wallets[2]
    pair.apply(Begin(SETTINGS[0]))
    pair.apply(Execute(calls.create_thread(first, cast.mint, 0), first))
    for content in (0, 1):
        hash_ = cast.hashes[content]
        call = calls.submit_spec(third, cast.token(third), cast.thread(0), hash_, MIN_STAKE)
        pair.apply(Execute(call, third))
    denial = calls.vote(first, cast.record(0, 2, 1), Decision.DENY)
    pair.apply(Execute(denial, first))
    return pair


def try_everywhere(pair: LedgerPair, call: Call, wrong: list[Address]) -> None:
    """Each wrong account in each place that nobody signs for; the pair compares."""
    moment = pair.reference.save(), pair.real.save()
    for role in INSTRUCTIONS[call.name].accounts:
        for address in wrong if not role.signer else []:
            assert isinstance(pair.cast, Cast)
            pair.apply(Execute(call.with_account(role.name, address), pair.cast.crank))
            pair.reference.restore(moment[0])
            pair.real.restore(moment[1])


def test_every_stranger_in_every_place_is_met_alike() -> None:
    """L3: reference and real VM agree on each, byte for byte."""
    pair = prepared()
    assert isinstance(pair.cast, Cast)
    strangers = hostile.strangers(pair.cast)
    assert len(strangers) == hostile.STRANGERS
    for call in well_formed(pair.cast):
        try_everywhere(pair, call, [*strangers, *sorted(RESERVED)])
    blank = ledger_pair(LiteSvmLedger, Coverage())
    assert isinstance(blank.cast, Cast)
    blank.apply(Begin(BLANK))
    try_everywhere(blank, blank.cast.initialize(SETTINGS[0]), [*strangers, *sorted(RESERVED)])
    assert blank.coverage.refusals["TOKEN_FROZEN"] == 1


def test_every_stranger_is_met_alike_by_the_token_program() -> None:
    """L1, L4: as source and as target of whatever a holder may do, for little and too much."""
    pair = prepared()
    cast = pair.cast
    assert isinstance(cast, Cast)
    accounts = [*hostile.strangers(cast), cast.spare_reserve, *sorted(RESERVED)]
    for owner in cast.wallets[:2]:
        own = cast.token(owner)
        for address in accounts:
            for amount in (0, 1, 2 * RICH):
                for call in (
                    calls.token_transfer(owner, address, own, amount),
                    calls.token_transfer(owner, own, address, amount),
                    calls.token_transfer(owner, cast.frozen, address, amount),
                    calls.token_transfer(owner, address, cast.frozen, amount),
                    calls.token_burn(owner, address, cast.mint, amount),
                    calls.token_burn(owner, cast.frozen, address, amount),
                ):
                    pair.apply(Execute(call, cast.crank))
    moment = pair.reference.save(), pair.real.save()
    for address in accounts:
        for call in (
            calls.token_close(cast.wallets[0], address, cast.authority),
            calls.token_close(cast.crank, cast.token(cast.crank), address),
            calls.token_set_owner(cast.wallets[0], address, cast.crank),
            calls.token_set_owner(cast.crank, cast.token(cast.crank), address),
        ):
            pair.apply(Execute(call, cast.authority))
            pair.reference.restore(moment[0])
            pair.real.restore(moment[1])
    pair.finish()


def test_the_machine_draws_frozen_accounts() -> None:
    """L1, L3: each run meets them, in the claim as in the stake."""
    coverage = run_ledger_lockstep(LiteSvmLedger, seed=2, steps=4000)
    assert coverage.refusals["TOKEN_FROZEN"] > 2


# The runtime


@worlds
@pytest.mark.parametrize("reserved", [*sorted(RESERVED), addresses.PROGRAM], ids=addresses.base58)
def test_nothing_writes_what_the_runtime_keeps(make: Make, reserved: Address) -> None:
    """L3: a transaction's flag is demoted, so the program is told the account is read-only."""
    world = World(make)
    call = world.message_call(0, "hello").with_account("record", reserved)
    assert world.refused(call, world.cast.crank) is Reason.NotWritable


def test_a_payer_and_a_program_that_is_not_called_keep_their_privileges() -> None:
    """L3."""
    payer, other = b"p" * 32, b"o" * 32
    accounts = (
        Meta(other, False, True),
        Meta(CLOCK, True, True),
        Meta(addresses.TOKEN, False, True),
    )
    call = Call("any", addresses.TOKEN, accounts, b"")
    assert privileges(call, payer) == {
        payer: (True, True),
        other: (False, True),
        CLOCK: (True, False),
        addresses.TOKEN: (False, False),
    }


@worlds
@pytest.mark.parametrize("sysvar", [CLOCK, RENT], ids=["clock", "rent"])
def test_a_sysvar_is_nobody_elses_account(make: Make, sysvar: Address) -> None:
    """L3: nor vacant, nor shown as an account of the ledger."""
    world = World(make)
    assert world.ledger.account(sysvar) is None
    vote = calls.vote(world.wallet(0), world.spec(1, "may I"), DENY)
    assert world.refused(vote.with_account("record", sysvar)) is Reason.WrongOwner
    assert world.refused(vote.with_account("thread", sysvar)) is Reason.WrongOwner


# SPL Token


@worlds
@pytest.mark.parametrize(
    "data",
    [b"\7" * 66, bytes(165), bytes(164), b"\1" * 166, bytes(82), b"", b"\1" * 355],
    ids=len,
)
def test_what_spl_token_owns_has_the_right_owner_and_the_wrong_data(
    make: Make, data: bytes
) -> None:
    """L3: owner before data."""
    world = World(make)
    place = b"\5" * 32
    world.ledger.put_account(place, AccountImage(addresses.TOKEN, data))
    assert world.image(place) == (addresses.TOKEN, data)
    call = world.spec_call(1, "may I").with_account("author_token", place)
    assert world.refused(call) is Reason.WrongDiscriminator
    give = calls.token_transfer(world.wallet(0), place, world.token(0), 1)
    assert world.refused(give) is Foreign.TOKEN_INVALID_ACCOUNT


@worlds
def test_a_planted_token_account_is_one(make: Make) -> None:
    """L3: bytes are what the token program takes them for, whoever put them there."""
    world = World(make)
    image = world.ledger.account(world.token(1))
    assert image is not None
    world.ledger.put_account(b"\5" * 32, AccountImage(image.owner, image.data))
    world.do(world.spec_call(1, "may I").with_account("author_token", b"\5" * 32))
    assert world.amount(b"\5" * 32) == RICH - STAKE


@pytest.mark.parametrize(("at", "new"), [(72, b"\1"), (108, b"\2\1"), (129, b"\1")])
def test_the_reference_plants_no_fields_it_does_not_model(at: int, new: bytes) -> None:
    """A delegate or a close authority would be lost, and with it what they may do."""
    world = World(ReferenceLedger)
    place, before = world.token(1), world.image(world.token(1))
    image = world.ledger.account(place)
    assert image is not None
    data = image.data[:at] + new + image.data[at + len(new) :]
    with pytest.raises(ValueError, match="fields that are not modelled"):
        world.ledger.put_account(place, AccountImage(image.owner, data))
    assert world.image(place) == before


# Frozen accounts


@worlds
def test_a_frozen_account_neither_pays_nor_is_paid(make: Make) -> None:
    """L1: the token program refuses, after all guards of the program."""
    world = World(make)
    frozen = world.cast.frozen
    call = world.spec_call(1, "may I").with_account("author_token", frozen)
    assert world.refused(call) is Foreign.TOKEN_FROZEN
    dear = world.spec_call(1, "may I", RICH + 1).with_account("author_token", frozen)
    assert world.refused(dear) is Reason.InsufficientFunds
    world.seat(1)
    key = world.spec(2, "may I")
    claim = world.claim_call(1, key, frozen)
    assert world.refused(claim) is Reason.NotDecided
    world.vote(1, key, DENY)
    assert world.refused(claim) is Foreign.TOKEN_FROZEN
    world.do(world.claim_call(1, key))


@worlds
def test_rent_is_paid_before_a_frozen_account_is_met(make: Make) -> None:
    """L3: the order of foreign refusals."""
    world = World(make)
    call = world.spec_call(1, "may I").with_account("author_token", world.cast.frozen)
    world.ledger.fund(world.wallet(1), Purse.FEES_ONLY)
    assert world.refused(call) is Foreign.INSUFFICIENT_LAMPORTS
    world.ledger.fund(world.wallet(1), Purse.AMPLE)
    assert world.refused(call) is Foreign.TOKEN_FROZEN


@worlds
def test_no_supply_is_minted_into_a_frozen_account(make: Make) -> None:
    """L1: and so nothing is initialized."""
    world = World(make, BLANK, thread=False)
    call = world.cast.initialize(SETTINGS[0]).with_account("destination", world.cast.frozen)
    world.ledger.fund(world.cast.authority, Purse.FEES_ONLY)
    assert world.refused(call) is Foreign.INSUFFICIENT_LAMPORTS
    world.ledger.fund(world.cast.authority, Purse.AMPLE)
    assert world.refused(call) is Foreign.TOKEN_FROZEN
    world.do(world.cast.initialize(SETTINGS[0]))


@worlds
@pytest.mark.parametrize("amount", [0, 1, RICH + 1])
def test_holders_of_frozen_accounts_move_and_burn_nothing(make: Make, amount: int) -> None:
    """L1, L4: frozen is told before missing funds, a wrong mint and a wrong owner."""
    world = World(make)
    frozen, own = world.cast.frozen, world.token(1)
    other = world.cast.other_token(world.wallet(0))
    for owner in (1, 2):
        wallet = world.wallet(owner)
        for call in (
            calls.token_transfer(wallet, frozen, own, amount),
            calls.token_transfer(wallet, own, frozen, amount),
            calls.token_transfer(wallet, frozen, other, amount),
            calls.token_burn(wallet, frozen, world.mint, amount),
            calls.token_burn(wallet, frozen, world.cast.other_mint, amount),
        ):
            assert world.refused(call) is Foreign.TOKEN_FROZEN
