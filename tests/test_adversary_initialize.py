"""Who initializes, and with what: before the deployer, instead of them, and after (L1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ledger_world import World, worlds

from choir_model.adapters.hostile_litesvm import HostileLiteSvm
from choir_model.domain.identity import Address
from choir_model.lockstep.cast import Setting, initialization
from choir_model.ports.ledger import Confirmed, Foreign, LedgerPort, Purse, Rejected
from choir_model.program import addresses, calls
from choir_model.program.bindings import SUPPLY, Reason
from choir_model.program.calls import Call

Make = Callable[[], LedgerPort]
BLANK = Setting("blank", initialized=False)
USUAL = Setting("usual")
GREEDY = Setting("greedy", approval_window=2**63 - 1, min_stake=2**64 - 1, max_co_authors=1)
ATTACKER = 3
OWN_MINT, OWN_RESERVE = b"mint of the attacker".ljust(32, b"!"), b"reserve of it".ljust(32, b"!")


class Race(World):
    """Deployed, not initialized; wallet 3 attacks with a mint of their own."""

    def __init__(self, make: Make) -> None:
        super().__init__(make, BLANK, thread=False)
        self.attacker = self.wallet(ATTACKER)
        self.ledger.create_mint(OWN_MINT, self.attacker, None)
        self.ledger.create_token_account(OWN_RESERVE, OWN_MINT, self.attacker)

    def deployers(self, setting: Setting = USUAL) -> Call:
        """What the deployer means to send."""
        return self.cast.initialize(setting)

    def attackers(self) -> Call:
        """With the attacker's mint, and parameters nobody can use."""
        return initialization(GREEDY, self.attacker, OWN_MINT, OWN_RESERVE)

    def authority_of(self, mint: Address) -> bytes:
        """Tag and key of the mint's authority."""
        image = self.ledger.account(mint)
        assert image is not None
        return image.data[:36]


@worlds
def test_an_attacker_who_comes_first_gets_the_program_and_a_mint_of_no_worth(make: Make) -> None:
    """The config is theirs for good; clients see it by `Config.mint`."""
    race = Race(make)
    race.do(race.attackers())
    assert race.config().mint == OWN_MINT
    assert race.amount(OWN_RESERVE) == SUPPLY
    assert race.refused(race.deployers()) is Reason.AlreadyInitialized
    assert race.config().min_stake == 2**64 - 1


@worlds
def test_the_deployer_who_comes_second_keeps_mint_and_authority(make: Make) -> None:
    """Nothing of theirs was minted, moved or frozen: they can deploy the program anew."""
    race = Race(make)
    before = race.image(race.mint), race.image(race.cast.reserve)
    race.do(race.attackers())
    race.refused(race.deployers())
    assert (race.image(race.mint), race.image(race.cast.reserve)) == before
    assert race.authority_of(race.mint) == b"\1\0\0\0" + race.cast.authority


@worlds
def test_nobody_is_taken_in_by_a_program_that_has_another_mint(make: Make) -> None:
    """A thread names the mint, and a stake is of it: with the expected one, both are refused."""
    race = Race(make)
    race.do(race.attackers())
    call = calls.create_thread(race.wallet(0), race.mint, 0)
    assert race.refused(call) is Reason.WrongAddress
    race.do(calls.create_thread(race.wallet(0), OWN_MINT, 0))
    race.thread = addresses.thread(race.wallet(0), 0)
    assert race.refused(race.spec_call(1, "may I")) is Reason.WrongMint


@worlds
def test_an_attacker_cannot_use_the_deployers_mint(make: Make) -> None:
    """Not in their own name, not in the deployer's without the signature."""
    race = Race(make)
    to_self = race.deployers(GREEDY).with_account("destination", race.token(ATTACKER))
    own_name = to_self.with_account("authority", race.attacker)
    assert race.refused(own_name) is Reason.InvalidMint
    unsigned = to_self.with_signer("authority", False)
    assert race.refused(unsigned, race.attacker) is Reason.MissingSigner
    race.do(race.deployers())
    assert race.amount(race.cast.reserve) == SUPPLY
    assert race.amount(race.token(ATTACKER)) == 0


def test_a_forged_signature_of_the_deployer_is_worth_nothing() -> None:
    ledger = HostileLiteSvm()
    race = Race(lambda: ledger)
    call = race.deployers(GREEDY).with_account("destination", race.token(ATTACKER))
    outcome = ledger.send([call], race.attacker, forged={race.cast.authority})
    assert isinstance(outcome, Rejected)
    assert outcome.reason is Foreign.SIGNATURE_FAILURE
    assert ledger.account(addresses.config()) is None


@worlds
def test_the_deployers_own_transaction_cannot_be_sent_again(make: Make) -> None:
    """Who sees it on its way can only land it earlier: it does what the deployer signed."""
    race = Race(make)
    race.do(race.deployers())
    again = race.ledger.resend()
    assert isinstance(again, Rejected)
    assert again.reason is Foreign.ALREADY_PROCESSED
    assert race.refused(race.deployers()) is Reason.InvalidMint, "its authority is given up"
    assert race.refused(race.attackers()) is Reason.AlreadyInitialized


@worlds
@pytest.mark.parametrize("place", [addresses.config(), addresses.treasury()])
@pytest.mark.parametrize("purse", [Purse.FEES_ONLY, Purse.AMPLE])
def test_lamports_sent_ahead_do_not_stop_the_deployer(
    make: Make, place: Address, purse: Purse
) -> None:
    """L2: the addresses are known to all, and anybody can send lamports there."""
    race = Race(make)
    race.ledger.fund(place, purse)
    race.do(race.deployers())
    assert race.config().mint == race.mint


@worlds
def test_of_two_calls_in_a_row_the_first_decides(make: Make) -> None:
    """The same mint twice, or another one: the second changes nothing, whoever sends it."""
    race = Race(make)
    race.do(race.deployers())
    config = race.image(addresses.config())
    assert race.refused(race.deployers(GREEDY)) is Reason.InvalidMint
    assert race.refused(race.attackers()) is Reason.AlreadyInitialized
    assert race.image(addresses.config()) == config


def test_both_in_one_transaction_are_neither() -> None:
    """An attacker who bundles both gets nothing: the second call takes the first one back."""
    ledger = HostileLiteSvm()
    race = Race(lambda: ledger)
    before = race.images()
    outcome = ledger.send([race.attackers(), race.deployers()], race.attacker)
    assert isinstance(outcome, Rejected)
    assert outcome.reason is Reason.AlreadyInitialized
    assert race.images() == before
    assert isinstance(ledger.execute(race.deployers(), race.cast.authority), Confirmed)
