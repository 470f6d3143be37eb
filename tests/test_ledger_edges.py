"""Where the program stands at the edge of a rule, and a small mistake would pass unnoticed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from guard_breaks import set_thread
from ledger_world import World, worlds
from solders.pubkey import Pubkey
from test_ledger_variants import AUTHOR, world_of

from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.adapters.solana import FEES_ONLY_LAMPORTS
from choir_model.domain.identity import Address, content_hash
from choir_model.engine import View
from choir_model.ledger import instructions
from choir_model.ledger.cells import Wallet
from choir_model.ledger.guards import CREATED, Admitted
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep import codec
from choir_model.lockstep.cast import MIN_STAKE, SETTINGS, WINDOW, Cast, Setting, initialization
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.deck import deal, deck
from choir_model.lockstep.ledger import ledger_pair
from choir_model.lockstep.ledger_pair import Fund, Nonce
from choir_model.lockstep.running import Failure
from choir_model.ports.ledger import AccountImage, Foreign, LedgerPort, Purse
from choir_model.program import addresses, bindings, calls, designs
from choir_model.program.addresses import SYSTEM
from choir_model.program.bindings import ACCOUNTS, Reason
from choir_model.program.calls import Call

Make = Callable[[], LedgerPort]
STRANGER: Address = b"\x55" * 32
SPARE_MINT, SPARE_RESERVE = b"\x57" * 32, b"\x58" * 32
BLANK = SETTINGS[-1]
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


def created_by(call: Call) -> tuple[Address, ...]:
    """The accounts a call creates, in IDL order."""
    return tuple(call.address(role) for role in CREATED[call.name])


def thread_and_message(world: World, who: Address) -> tuple[Call, Call]:
    """A thread of `who`'s, and their message in it."""
    create = calls.create_thread(who, world.mint, 0)
    thread, hash_ = create.address("thread"), content_hash("hello")
    return create, calls.submit_message(who, thread, hash_, world.design)


def spec_by(world: World, number: int) -> Call:
    """A spec of a wallet's in thread 0, from their own token account."""
    who, hash_ = world.wallet(number), content_hash("may I")
    own = world.token(number)
    return calls.submit_spec(who, own, world.thread, hash_, MIN_STAKE, world.design)


def initialization_by(world: World, who: Address) -> Call:
    """`initialize` with `who` as the authority of a mint of theirs."""
    world.ledger.create_mint(SPARE_MINT, who, None)
    world.ledger.create_token_account(SPARE_RESERVE, SPARE_MINT, who)
    return initialization(Setting("usual"), who, SPARE_MINT, SPARE_RESERVE)


@worlds
@pytest.mark.parametrize("purse", [Purse.EMPTY, Purse.FEES_ONLY])
def test_a_poor_payer_creates_what_was_paid_for_beforehand(make: Make, purse: Purse) -> None:
    """L2: and pays as soon as one account of several is not, whichever it is."""
    world = World(make, BLANK, thread=False)
    poor = world.wallet(Cast.THIN)
    world.ledger.fund(poor, purse)
    needs_what_is_lacking(world, initialization_by(world, poor))

    world = World(make)
    world.give(world.token(Cast.THIN), MIN_STAKE)
    world.ledger.fund(poor, purse)
    create, message = thread_and_message(world, poor)
    for call in (create, message, spec_by(world, Cast.THIN)):
        needs_what_is_lacking(world, call)


def needs_what_is_lacking(world: World, call: Call) -> None:
    """The call is refused as long as one of the accounts it creates has no lamports."""
    created = created_by(call)
    for lacking in created:
        for address in created:
            world.ledger.fund(address, Purse.EMPTY if address == lacking else Purse.AMPLE)
        assert world.refused(call, world.cast.crank) is Foreign.INSUFFICIENT_LAMPORTS, lacking
    world.ledger.fund(created[-1], Purse.AMPLE)
    world.do(call, world.cast.crank)


def test_who_has_lamports_for_fees_only_has_less_than_any_rent() -> None:
    """L2: of what the program creates; the config is the smallest."""
    rent = LiteSvmLedger().rent_exempt
    sizes = [layout.size for layout in ACCOUNTS.values()]
    assert min(sizes) == ACCOUNTS[bindings.Config].size < 165
    assert rent(0) < FEES_ONLY_LAMPORTS < rent(min(sizes)) == 1_350_240


def test_lamports_sent_beforehand_survive_a_failure_file() -> None:
    """L2: the deck has the situation, and its commands can be written and read."""
    cast = Cast.of(ReferenceLedger())
    for scene in deck(cast, designs.DEFAULT):
        text = json.dumps([codec.encode(command) for command in scene.commands])
        assert codec.decode(json.loads(text)) == scene.commands
    kinds = {type(c) for scene in deck(cast, designs.DEFAULT) for c in scene.commands}
    assert {Fund, Nonce} <= kinds


def test_the_deck_finds_a_ledger_on_which_somebody_always_pays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """L2: an author without means is asked for nothing where nothing is missing."""

    def greedy(view: View, call: Admitted, payer_role: str) -> None:
        if Wallet(view, call.roles[payer_role]).purse is not Purse.AMPLE:
            view.refuse(Foreign.INSUFFICIENT_LAMPORTS, payer_role)

    pair = ledger_pair(LiteSvmLedger, Coverage())
    monkeypatch.setattr(instructions, "_pay_rent", greedy)
    with pytest.raises(Failure) as caught:
        deal(pair, designs.DEFAULT, minimised=False)
    assert isinstance(caught.value.commands[-2], Fund)


OTHERS: dict[str, AccountImage] = {
    "a nonce": AccountImage(SYSTEM, bytes(80)),
    "another program's": AccountImage(STRANGER, b"data"),
    "another program's, without data": AccountImage(STRANGER, b""),
    "the program's": AccountImage(addresses.PROGRAM, b"garbage"),
    "a token account": AccountImage(addresses.TOKEN, bytes(108) + b"\1" + bytes(56)),
    "SPL Token's, but nothing": AccountImage(addresses.TOKEN, b"\7" * 66),
}


@worlds
@pytest.mark.parametrize("kind", OTHERS)
def test_nothing_but_a_plain_wallet_pays_rent(make: Make, kind: str) -> None:
    """L3: the system program takes lamports from no other account, and that is registered."""
    world = World(make)
    odd = world.wallet(Cast.AUTHORS - 2)
    world.ledger.put_account(odd, OTHERS[kind])
    create, message = thread_and_message(world, odd)
    for call in (create, spec_by(world, Cast.AUTHORS - 2)):
        assert world.refused(call, world.cast.crank) is Foreign.PAYER_NOT_VACANT
    for address in created_by(create):
        world.ledger.fund(address, Purse.AMPLE)
    world.do(create, world.cast.crank)
    assert world.refused(message, world.cast.crank) is Foreign.PAYER_NOT_VACANT
    world.ledger.fund(created_by(message)[0], Purse.AMPLE)
    world.do(message, world.cast.crank)


@worlds
def test_a_mint_that_is_its_own_authority_pays_no_rent(make: Make) -> None:
    """L1, L3: it signs and is fit to become CHOIR, once others have paid."""
    world = World(make, BLANK, thread=False)
    mint = world.wallet(Cast.THIN)
    world.ledger.create_mint(mint, mint, mint)
    world.ledger.create_token_account(SPARE_RESERVE, mint, mint)
    call = initialization(Setting("usual"), mint, mint, SPARE_RESERVE)
    assert world.refused(call, world.cast.crank) is Foreign.PAYER_NOT_VACANT
    for address in created_by(call):
        world.ledger.fund(address, Purse.AMPLE)
    world.do(call, world.cast.crank)
    assert world.config().mint == mint


def lamports(world: World, address: Address) -> int:
    """What lies at an address."""
    image = world.ledger.account(address)
    assert image is not None
    assert image.lamports is not None
    return image.lamports
