"""Initialization, accounts and delivery (L1, L2, L8), on the reference and on the real VM."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from ledger_world import DENY, EVERY_DESIGN, STAKE, World, worlds

from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.domain.identity import Address
from choir_model.lockstep.cast import MIN_STAKE, RICH, START, WINDOW, Cast, Setting
from choir_model.ports.ledger import AccountImage, Foreign, LedgerPort, Outcome, Rejected
from choir_model.program import addresses, bindings, calls, designs
from choir_model.program.addresses import PROGRAM, SYSTEM, TOKEN, base58_decode, derive
from choir_model.program.bindings import ACCOUNTS, DECIMALS, SUPPLY, Reason
from choir_model.program.bindings import Record as RecordValue

Make = Callable[[], LedgerPort]
BLANK = Setting("blank", initialized=False)
USUAL = Setting("usual")
TOKEN_2022 = base58_decode("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")


def blank(make: Make) -> World:
    return World(make, BLANK, thread=False)


def mint_of(world: World, mint: Address) -> tuple[bytes, int, int, bytes]:
    """Mint authority tag, supply, decimals, freeze authority tag."""
    image = world.ledger.account(mint)
    assert image is not None
    data = image.data
    assert len(data) == 82
    return data[:4], int.from_bytes(data[36:44], "little"), data[44], data[46:50]


# L1


@worlds
@pytest.mark.parametrize("freezable", [False, True])
def test_initialize_mints_the_supply_and_revokes_both_authorities(
    make: Make, freezable: bool
) -> None:
    """L1: whether or not there was a freeze authority."""
    world = blank(make)
    cast = world.cast
    call = cast.initialize(USUAL)
    if not freezable:
        call = call.with_account("mint", cast.spare_mint)
        call = call.with_account("destination", cast.spare_reserve)
    assert world.do(call) == ()
    nobody = bytes(4)
    assert mint_of(world, call.address("mint")) == (nobody, SUPPLY, DECIMALS, nobody)
    assert SUPPLY == 10_000_000_000 * 10**DECIMALS
    assert 2**63 <= SUPPLY < 2**64
    assert world.amount(call.address("destination")) == SUPPLY
    config = world.config()
    assert config.mint == call.address("mint")
    assert config.design == designs.DEFAULT
    assert (config.approval_window, config.min_stake, config.max_co_authors) == (
        WINDOW,
        MIN_STAKE,
        3,
    )


@worlds
def test_only_the_mint_authority_initializes_and_it_signs(make: Make) -> None:
    """L1: so nobody can front-run it."""
    world = blank(make)
    cast = world.cast
    call = cast.initialize(USUAL)
    unsigned = call.with_signer("authority", False)
    assert world.refused(unsigned, payer=cast.crank) is Reason.MissingSigner
    assert world.refused(call.with_account("authority", cast.crank)) is Reason.InvalidMint
    world.do(call)


@worlds
def test_whoever_initializes_first_with_a_mint_of_their_own_fixes_the_config(make: Make) -> None:
    """L1: the signature protects the mint, not the singleton; clients check `Config.mint`."""
    world = blank(make)
    cast, attacker = world.cast, world.cast.crank
    mint, account = b"\1" * 32, b"\2" * 32
    world.ledger.create_mint(mint, attacker, None)
    world.ledger.create_token_account(account, mint, attacker)
    theirs = dataclasses.replace(USUAL, min_stake=32)
    call = cast.initialize(theirs).with_account("authority", attacker)
    world.do(call.with_account("mint", mint).with_account("destination", account))
    assert world.config().mint == mint != cast.mint
    assert world.refused(cast.initialize(USUAL)) is Reason.AlreadyInitialized
    open_thread = calls.create_thread(world.wallet(0), cast.mint, 0)
    assert world.refused(open_thread) is Reason.WrongAddress, "who expects the true mint notices"
    world.do(calls.create_thread(world.wallet(0), mint, 0))
    assert world.amount(cast.reserve) == 0, "the true mint and its authority are untouched"
    assert mint_of(world, cast.mint)[:2] == (b"\1\0\0\0", 0)


@worlds
def test_it_is_initialized_once(make: Make) -> None:
    """L1: not with another mint either."""
    world = World(make)
    cast = world.cast
    assert world.refused(cast.initialize(USUAL)) is Reason.InvalidMint
    call = cast.initialize(USUAL).with_account("mint", cast.spare_mint)
    call = call.with_account("destination", cast.spare_reserve)
    assert world.refused(call) is Reason.AlreadyInitialized


@worlds
def test_a_mint_somebody_else_rules_is_unfit(make: Make) -> None:
    """L1: mint authority and freeze authority are the signer or, for freezing, nobody."""
    world = blank(make)
    authority, stranger = world.cast.authority, world.cast.crank
    for number, (mints, freezes) in enumerate([(stranger, None), (authority, stranger)]):
        mint, account = bytes([50 + number]) * 32, bytes([100 + number]) * 32
        world.ledger.create_mint(mint, mints, freezes)
        world.ledger.create_token_account(account, mint, authority)
        call = world.cast.initialize(USUAL).with_account("mint", mint)
        assert world.refused(call.with_account("destination", account)) is Reason.InvalidMint


@worlds
@pytest.mark.parametrize(
    ("owner", "change", "reason"),
    [
        (TOKEN, (44, b"\6"), Reason.InvalidMint),
        (TOKEN, (44, b"\0"), Reason.InvalidMint),
        (TOKEN, (36, b"\1"), Reason.InvalidMint),
        (TOKEN, (0, bytes(4)), Reason.InvalidMint),
        (TOKEN, (45, b"\0"), Reason.WrongDiscriminator),
        (TOKEN, (82, b"\0"), Reason.WrongDiscriminator),
        (TOKEN_2022, (45, b"\1"), Reason.WrongOwner),
        (PROGRAM, (45, b"\1"), Reason.WrongOwner),
    ],
)
def test_bytes_that_are_no_fit_mint_are_refused_by_the_program(
    make: Make, owner: Address, change: tuple[int, bytes], reason: Reason
) -> None:
    """L1: decimals, supply, authority, initialized, size; other token programs are refused."""
    world = blank(make)
    image = world.ledger.account(world.mint)
    assert image is not None
    at, new = change
    data = image.data[:at] + new + image.data[at + len(new) :]
    world.ledger.put_account(world.mint, AccountImage(owner, data))
    assert world.refused(world.cast.initialize(USUAL)) is reason


@worlds
@pytest.mark.parametrize(
    ("name", "value", "fit"),
    [
        ("approval_window", 0, False),
        ("approval_window", -1, False),
        ("approval_window", 1, True),
        ("approval_window", 2**63 - 1, True),
        ("min_stake", 31, False),
        ("min_stake", 32, True),
        ("min_stake", 2**64 - 1, True),
        ("max_co_authors", 0, False),
        ("max_co_authors", 1, True),
        ("max_co_authors", 32, True),
        ("max_co_authors", 33, False),
    ],
)
def test_parameters_have_ranges(make: Make, name: str, value: int, fit: bool) -> None:
    """L1, M2: min_stake is at least 32 base units, so that a share is never zero."""
    world = blank(make)
    given: dict[str, Any] = {name: value}
    call = world.cast.initialize(dataclasses.replace(USUAL, **given))
    if fit:
        world.do(call)
        assert getattr(world.config(), name) == value
    else:
        assert world.refused(call) is Reason.InvalidParameter


@worlds
def test_every_design_can_be_chosen_and_is_kept(make: Make) -> None:
    """L1: `initialize` fixes the variants; one program holds all of them."""
    assert len(EVERY_DESIGN) == 192
    world = blank(make)
    before = world.ledger.save()
    for design in EVERY_DESIGN:
        world.ledger.restore(before)
        world.do(world.cast.initialize(dataclasses.replace(USUAL, design=design)))
        assert world.config().design == design


@worlds
@pytest.mark.parametrize("place", range(len(designs.CHOICES)), ids=designs.CHOICES)
def test_a_variant_nobody_knows_is_no_argument(make: Make, place: int) -> None:
    """L3: guard 2, before any range."""
    world = blank(make)
    call = world.cast.initialize(dataclasses.replace(USUAL, min_stake=0))
    at = 8 + place
    unknown = len(list(designs.CHOICES.values())[place])
    for value in (unknown, 255):
        damaged = call.with_data(call.data[:at] + bytes([value]) + call.data[at + 1 :])
        assert world.refused(damaged) is Reason.InvalidArguments
    last = call.with_data(call.data[:at] + bytes([unknown - 1]) + call.data[at + 1 :])
    assert world.refused(last) is Reason.InvalidParameter


@worlds
def test_holders_may_burn_and_supply_is_what_the_mint_says(make: Make) -> None:
    """L1."""
    world = World(make)
    world.do(calls.token_burn(world.wallet(0), world.token(0), world.mint, 7))
    assert mint_of(world, world.mint)[1] == SUPPLY - 7
    assert world.amount(world.token(0)) == RICH - 7


# L2


@worlds
def test_account_bytes_decode_to_what_happened(make: Make) -> None:
    """L2: seats in order, counts, sequence, token accounts, bumps; sizes by the IDL."""
    world = World(make)
    world.seat(1)
    pending = world.spec(2, "pending")
    world.wait(5)
    direct = world.message(1, "direct")
    thread = world.about()
    assert (thread.creator, thread.nonce, thread.created_at) == (world.wallet(0), 0, START)
    assert world.seated() == (world.wallet(0), world.wallet(1))
    assert set(thread.seats[2:]) == {bytes(32)}
    counts = (thread.pending_count, thread.published_count, thread.rejected_count)
    assert counts == (1, 2, 0)
    assert (thread.stake_total, thread.token_balance) == (STAKE, MIN_STAKE)
    assert thread.sequence == len(world.events)
    record = world.record(pending)
    assert (record.thread, record.author, record.hash) == (
        pending.thread,
        pending.author,
        pending.hash,
    )
    assert record.submitted_sequence == world.record(direct).submitted_sequence - 1
    assert world.record(direct).decided_sequence == thread.sequence
    assert world.record(direct).submitted_at == world.now


@worlds
def test_accounts_are_where_and_as_large_as_the_interface_says(make: Make) -> None:
    """L2: addresses are PDAs of the documented seeds, and their bumps are stored."""
    world = World(make)
    key = world.spec(1, "may I")
    places = {
        addresses.config(): bindings.Config,
        world.thread: bindings.Thread,
        addresses.record(key): RecordValue,
    }
    assert world.ledger.program_accounts() >= set(places)
    for address, kind in places.items():
        image = world.ledger.account(address)
        assert image is not None
        assert (image.owner, len(image.data)) == (PROGRAM, ACCOUNTS[kind].size)
    creator, thread = world.wallet(0), world.thread
    about, config = world.about(), world.config()
    assert (thread, about.bump) == derive(b"thread", creator, bytes(8))
    assert (addresses.config(), config.bump) == derive(b"config")
    assert (addresses.treasury(), config.treasury_bump) == derive(b"treasury")
    for kind_, bump in (
        ("stake", about.stake_bump),
        ("escrow", about.escrow_bump),
        ("balance", about.balance_bump),
    ):
        assert (world.vault(kind_), bump) == derive(kind_.encode(), thread)
    seeds = (b"record", thread, key.author, key.hash)
    assert (addresses.record(key), world.record(key).bump) == derive(*seeds)


@worlds
def test_vaults_are_token_accounts_owned_by_a_program_address(make: Make) -> None:
    """L2: those of a thread by the thread, the treasury by the config."""
    world = World(make)
    for kind in ("stake", "escrow", "balance", "treasury"):
        image = world.ledger.account(world.vault(kind))
        assert image is not None
        owner = addresses.config() if kind == "treasury" else world.thread
        assert (image.owner, image.data[:32], image.data[32:64]) == (TOKEN, world.mint, owner)
        assert image.data[72:] == bytes(36) + b"\1" + bytes(56), "no delegate, no close authority"


@worlds
def test_a_creator_opens_one_thread_per_nonce(make: Make) -> None:
    """L2: the address is the ThreadId; another nonce or creator is another thread."""
    world = World(make)
    first = world.wallet(0)
    for creator, nonce in ((first, 1), (first, 2**64 - 1), (world.wallet(1), 0)):
        call = calls.create_thread(creator, world.mint, nonce)
        world.do(call)
        assert world.about(call.address("thread")).nonce == nonce
        assert world.refused(call) is Reason.ThreadExists


@worlds
def test_lamports_sent_beforehand_do_no_harm(make: Make) -> None:
    """L2: a vacant account is vacant, whatever it holds; nobody can block an address."""
    world = World(make, thread=False)
    call = calls.create_thread(world.wallet(0), world.mint, 0)
    future = [call.address(r) for r in ("thread", "stake_vault", "escrow_vault", "balance_vault")]
    for address in (*future, addresses.record(world.key(1, "may I"))):
        world.ledger.put_account(address, AccountImage(SYSTEM, b""))
    world.do(call)
    world.spec(1, "may I")
    assert world.amount(world.vault("stake")) == STAKE


def test_the_creator_and_the_submitter_pay_the_rent_and_nobody_gets_it_back() -> None:
    """L2: nothing is ever closed or reallocated."""
    world = World(LiteSvmLedger, thread=False)
    assert isinstance(world.ledger, LiteSvmLedger)

    def lamports(address: Address) -> int:
        image = world.ledger.account(address)
        assert image is not None
        assert image.lamports is not None
        return image.lamports

    def paid(wallet: Address, action: Callable[[], object]) -> int:
        before = lamports(wallet)
        action()
        return before - lamports(wallet)

    fee, rent = 5000, world.ledger.rent_exempt
    create = calls.create_thread(world.wallet(0), world.mint, 0)
    size = {kind: ACCOUNTS[kind].size for kind in (bindings.Thread, RecordValue)}
    opened = rent(size[bindings.Thread]) + 3 * rent(165)
    assert paid(world.wallet(0), lambda: world.do(create)) == fee + opened
    key = world.key(1, "may I")
    assert paid(world.wallet(1), lambda: world.spec(1, "may I")) == fee + rent(size[RecordValue])
    assert paid(world.wallet(0), lambda: world.vote(0, key, DENY)) == fee
    assert paid(world.wallet(0), lambda: world.do(world.claim_call(0, key))) == fee
    assert lamports(addresses.record(key)) == rent(size[RecordValue])


# L8


@worlds
def test_a_signature_lands_once_and_an_instruction_as_often_as_it_is_signed(make: Make) -> None:
    """L8."""
    world = World(make)
    give = calls.token_transfer(world.wallet(0), world.token(0), world.token(1), 10)
    world.do(give)
    for _ in range(2):
        assert why(world.ledger.resend()) is Foreign.ALREADY_PROCESSED
    world.do(give)
    assert world.amount(world.token(1)) == RICH + 20


@worlds
def test_a_refused_transaction_has_landed_unless_nobody_paid_for_it(make: Make) -> None:
    """L8."""
    world = World(make)
    world.refused(world.message_call(1, "hello"))
    assert why(world.ledger.resend()) is Foreign.ALREADY_PROCESSED
    pauper = world.wallet(Cast.PAUPER)
    assert world.refused(calls.settle(world.key(1, "x")), pauper) is Foreign.ACCOUNT_NOT_FOUND
    assert why(world.ledger.resend()) is Foreign.ACCOUNT_NOT_FOUND


@worlds
def test_a_transaction_does_not_outlive_its_blockhash(make: Make) -> None:
    """L8: and what it asked for may be signed again."""
    world = World(make)
    before = world.images()
    call = world.spec_call(1, "may I")
    outcome = world.ledger.execute_stale(call, world.wallet(1))
    assert why(outcome) is Foreign.BLOCKHASH_NOT_FOUND
    assert world.images() == before
    world.spec(1, "may I")


def why(outcome: Outcome) -> object:
    assert isinstance(outcome, Rejected)
    return outcome.reason
