"""Where the program stands at the edge of a rule, and a small mistake would pass unnoticed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from guard_breaks import set_thread
from ledger_world import World, worlds
from solders.pubkey import Pubkey
from test_ledger_variants import AUTHOR, world_of

from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.domain.identity import Address
from choir_model.lockstep.cast import WINDOW
from choir_model.ports.ledger import AccountImage, LedgerPort
from choir_model.program import addresses, bindings, calls
from choir_model.program.addresses import SYSTEM
from choir_model.program.bindings import ACCOUNTS, Reason

Make = Callable[[], LedgerPort]
STRANGER: Address = b"\x55" * 32
U64_MAX = 2**64 - 1
FEE = 5000
"""Lamports for one signature."""


@worlds
@pytest.mark.parametrize(
    "image",
    [AccountImage(STRANGER, b""), AccountImage(SYSTEM, b"a nonce, perhaps")],
    ids=["empty, but another program's", "the system's, but not empty"],
)
def test_no_half_of_vacant_is_vacant(make: Make, image: AccountImage) -> None:
    """Guard 1: vacant is owned by the system program and without data."""
    world = World(make)
    key = world.key(1, "may I")
    place = addresses.record(key)
    world.ledger.put_account(place, image)
    for call in (
        world.vote_call(0, key),
        world.settle_call(key),
        world.claim_call(0, key),
    ):
        assert world.refused(call) is Reason.WrongOwner
    assert world.refused(world.spec_call(1, "may I")) is Reason.DuplicateContent


@worlds
def test_the_last_number_of_all_is_given_and_none_after_it(make: Make) -> None:
    """L6, guard 9: sequence numbers end with their type, not one before."""
    world = World(make)
    set_thread(world, sequence=U64_MAX - 1)
    (event,) = world.do(world.spec_call(1, "may I"))
    assert (event.sequence, event.last_sequence) == (U64_MAX, U64_MAX)
    assert world.about().sequence == U64_MAX
    assert world.refused(world.vote_call(0, world.key(1, "may I"))) is Reason.Overflow


@worlds
def test_a_token_account_of_another_program_is_no_payees(make: Make) -> None:
    """Guard 7: whatever its bytes say."""
    world = world_of(make, "payout=push", "expiry=refund")
    key = world.spec(AUTHOR, "may I")
    world.wait(WINDOW)
    token = world.ledger.account(world.token(AUTHOR))
    assert token is not None
    world.ledger.put_account(STRANGER, AccountImage(b"\x56" * 32, token.data))
    call = calls.settle(key, world.design)
    assert world.refused(call.with_payees([STRANGER])) is Reason.PayeeUnavailable
    world.do(call.with_payees([world.token(AUTHOR)]))


@pytest.mark.parametrize("make", [LiteSvmLedger])
@pytest.mark.parametrize("short", [1_000_000, 1, 0, -1, -(10**9)])
def test_who_creates_an_account_pays_what_is_missing(make: Make, short: int) -> None:
    """L2: of the rent, in lamports; nothing where enough was sent to the address beforehand."""
    world = World(make)
    assert isinstance(world.ledger, LiteSvmLedger)
    rent = world.ledger.rent_exempt(ACCOUNTS[bindings.Record].size)
    place = addresses.record(world.key(1, "may I"))
    world.ledger.svm.airdrop(Pubkey(place), rent - short)
    before = lamports(world, world.wallet(1))
    world.spec(1, "may I")
    assert before - lamports(world, world.wallet(1)) == FEE + max(0, short)
    assert lamports(world, place) == rent - min(0, short)


def lamports(world: World, address: Address) -> int:
    """What lies at an address."""
    image = world.ledger.account(address)
    assert image is not None
    assert image.lamports is not None
    return image.lamports
