"""What holders may do with their token accounts: close them, give them away (L1, L4, S1).

Payees can do so while a record is pending, so both ledgers must agree on what is left.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from ledger_world import World, worlds

from choir_model.domain.identity import Address
from choir_model.ledger.port import ReferenceLedger
from choir_model.ledger.tokens import INCINERATOR
from choir_model.lockstep.cast import Cast
from choir_model.ports.ledger import CLOCK, AccountImage, Foreign, LedgerPort
from choir_model.program import addresses, calls
from choir_model.program.addresses import SYSTEM, TOKEN
from choir_model.program.bindings import Reason
from choir_model.program.calls import Call, Meta

Make = Callable[[], LedgerPort]
NEW = b"\x21" * 32
WRONG_KIND = Foreign.TOKEN_INVALID_ACCOUNT
CRANK = Cast.CRANK


def own(world: World, owner: Address, amount: int = 0, *, frozen: bool = False) -> Address:
    """A token account of `owner` at `NEW`."""
    held = world.mint + owner + amount.to_bytes(8, "little")
    data = held + bytes(36) + (b"\2" if frozen else b"\1") + bytes(56)
    world.ledger.put_account(NEW, AccountImage(TOKEN, data))
    world.watched.add(NEW)
    return NEW


def unsigned(call: Call) -> Call:
    metas = tuple(Meta(m.address, False, m.writable) for m in call.accounts)
    return Call(call.name, call.program, metas, call.data)


def read_only(call: Call) -> Call:
    metas = tuple(Meta(m.address, m.signer, False) for m in call.accounts)
    return Call(call.name, call.program, metas, call.data)


@worlds
@pytest.mark.parametrize("frozen", [False, True])
def test_a_closed_account_is_vacant_and_can_be_made_anew(make: Make, frozen: bool) -> None:
    """L4: frozen or not, and what it was is forgotten."""
    world = World(make)
    account = own(world, world.wallet(0), frozen=frozen)
    world.do(calls.token_close(world.wallet(0), account, world.wallet(1)))
    assert world.image(account) is None
    give = calls.token_transfer(world.wallet(0), world.token(0), account, 1)
    assert world.refused(give) is WRONG_KIND
    spec = world.spec_call(1, "may I").with_account("author_token", account)
    assert world.refused(spec) is Reason.WrongOwner
    world.ledger.create_token_account(account, world.mint, world.wallet(1))
    world.do(give)
    assert world.amount(account) == 1


@worlds
def test_only_an_empty_account_is_closed_and_only_by_its_owner(make: Make) -> None:
    """L4: what it holds is judged first."""
    world = World(make)
    me, you = world.wallet(0), world.wallet(1)
    for owner in (me, you):
        full = calls.token_close(owner, world.token(0), you)
        for call in (full, unsigned(full), read_only(full)):
            assert world.refused(call, world.cast.crank) is Foreign.TOKEN_NOT_EMPTY
    account = own(world, me)
    assert world.refused(calls.token_close(you, account, you)) is Foreign.TOKEN_OWNER_MISMATCH
    call = calls.token_close(me, account, you)
    for wrong in (unsigned(call), unsigned(read_only(call))):
        assert world.refused(wrong, world.cast.crank) is Foreign.TOKEN_MISSING_SIGNATURE
    whole, kept = read_only(call), read_only(call).accounts[:1] + call.accounts[1:]
    for wrong in (whole, dataclasses.replace(call, accounts=kept)):
        assert world.refused(wrong, world.cast.crank) is Foreign.READ_ONLY
    assert world.refused(calls.token_close(me, account, CLOCK)) is Foreign.READ_ONLY
    world.do(call)


@worlds
def test_what_is_no_token_account_is_neither_closed_nor_given_away(make: Make) -> None:
    """L3."""
    world = World(make)
    me, cast = world.wallet(0), world.cast
    wrong = [cast.mint, cast.other_mint, cast.token_garbage, cast.unborn_token, cast.garbage]
    wrong += [cast.look_alike, addresses.config(), world.thread, me, b"\x77" * 32]
    wrong += [CLOCK, TOKEN, addresses.PROGRAM, SYSTEM]
    for address in wrong:
        assert world.refused(calls.token_close(me, address, world.wallet(1))) is WRONG_KIND
        assert world.refused(calls.token_set_owner(me, address, world.wallet(1))) is WRONG_KIND
    itself = calls.token_close(me, world.token(0), world.token(0))
    assert world.refused(itself) is WRONG_KIND


@worlds
def test_an_account_changes_hands_with_what_it_holds(make: Make) -> None:
    """L4: the old owner has no say in it any more, the new one has."""
    world = World(make)
    me, you, account = world.wallet(0), world.wallet(1), world.token(0)
    held = world.amount(account)
    world.do(calls.token_set_owner(me, account, you))
    assert world.amount(account) == held
    for call in (
        calls.token_set_owner(me, account, me),
        calls.token_transfer(me, account, world.token(2), 1),
        calls.token_burn(me, account, world.mint, 1),
    ):
        assert world.refused(call) is Foreign.TOKEN_OWNER_MISMATCH
    mine = world.spec_call(2, "may I").with_account("author_token", account)
    assert world.refused(mine) is Reason.WrongTokenOwner
    world.do(world.spec_call(1, "may I").with_account("author_token", account))
    world.do(calls.token_set_owner(you, account, me))


@worlds
def test_frozen_is_told_before_whose_account_it_is(make: Make) -> None:
    """L1: giving away; and then the owner, the signature, the right to write."""
    world = World(make)
    me, you = world.wallet(0), world.wallet(1)
    for owner in (me, you):
        call = calls.token_set_owner(owner, world.cast.frozen, me)
        assert world.refused(call) is Foreign.TOKEN_FROZEN
    account = own(world, me)
    call = calls.token_set_owner(you, account, you)
    for wrong in (call, unsigned(call), read_only(call)):
        assert world.refused(wrong, world.cast.crank) is Foreign.TOKEN_OWNER_MISMATCH
    call = calls.token_set_owner(me, account, you)
    assert world.refused(unsigned(call), world.cast.crank) is Foreign.TOKEN_MISSING_SIGNATURE
    assert world.refused(read_only(call)) is Foreign.READ_ONLY
    again = read_only(calls.token_set_owner(me, account, me))
    if world.ledger.name == "bankrun":  # a registered divergence: bankrun-classic-spl-token
        assert world.refused(again) is Foreign.READ_ONLY
    else:
        world.do(again)


@worlds
@pytest.mark.parametrize("owner", [SYSTEM, INCINERATOR], ids=["system", "incinerator"])
def test_an_account_nobody_can_sign_for_may_be_burned_by_anyone(make: Make, owner: Address) -> None:
    """L4: but only when empty, and only its rent, to the incinerator."""
    world = World(make)
    me = world.wallet(0)
    world.do(calls.token_set_owner(me, own(world, me), owner))
    assert world.refused(calls.token_close(me, NEW, me)) is WRONG_KIND
    world.give(NEW, 1)
    full = calls.token_close(me, NEW, INCINERATOR)
    assert world.refused(full) is Foreign.TOKEN_NOT_EMPTY
    own(world, owner)
    world.watched.discard(INCINERATOR)  # it holds lamports, which are nobody's state
    world.do(unsigned(full), world.cast.crank)
    assert world.image(NEW) is None


@worlds
def test_nobody_closes_or_gives_away_a_vault(make: Make) -> None:
    """L2, L4."""
    world = World(make)
    for vault in ("stake", "escrow", "balance", "treasury"):
        account = world.vault(vault)
        for owner in (world.wallet(0), world.cast.authority):
            close = calls.token_close(owner, account, owner)
            assert world.refused(close) is Foreign.TOKEN_OWNER_MISMATCH
            give = calls.token_set_owner(owner, account, owner)
            assert world.refused(give) is Foreign.TOKEN_OWNER_MISMATCH
        holder = addresses.config() if vault == "treasury" else world.thread
        close = unsigned(calls.token_close(holder, account, world.wallet(0)))
        assert world.refused(close, world.cast.crank) is Foreign.TOKEN_MISSING_SIGNATURE


def test_the_reference_runs_no_instruction_of_spl_token_it_does_not_model() -> None:
    world = World(ReferenceLedger)
    approve = calls.token_transfer(world.wallet(0), world.token(0), world.token(1), 1)
    with pytest.raises(ValueError, match="instruction 4 of SPL Token is not modelled"):
        world.ledger.execute(approve.with_data(b"\4" + approve.data[1:]), world.wallet(0))
