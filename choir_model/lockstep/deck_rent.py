"""Scenes about rent: who pays for new accounts, and where nobody needs to (L2)."""

from __future__ import annotations

from choir_model.domain.identity import Address
from choir_model.ledger.guards import CREATED
from choir_model.lockstep.cast import MIN_STAKE, SETTINGS, Cast, under
from choir_model.lockstep.ledger_pair import Fund, Nonce
from choir_model.lockstep.stage import Stage
from choir_model.program import calls
from choir_model.program.calls import Call

USUAL, BLANK = SETTINGS[0], SETTINGS[-1]


def thin_initialization(stage: Stage) -> Call:
    """`initialize` by an authority who cannot pay rent."""
    cast = stage.cast
    call = cast.initialize(under(stage.design, USUAL))
    call = call.with_account("authority", cast.wallets[Cast.THIN])
    call = call.with_account("mint", cast.thin_mint)
    return call.with_account("destination", cast.thin_reserve)


def creations(stage: Stage, who: Address) -> tuple[Call, ...]:
    """A thread of a wallet's, their message in it, and their spec in thread 0."""
    cast, design = stage.cast, stage.design
    create = calls.create_thread(who, cast.mint, 0)
    own, first, second = cast.token(who), cast.hashes[0], cast.hashes[1]
    message = calls.submit_message(who, create.address("thread"), first, design)
    spec = calls.submit_spec(who, own, cast.thread(0), second, MIN_STAKE, design)
    return create, message, spec


def pay_one_by_one(stage: Stage, call: Call) -> None:
    """Somebody pays for each account that the call creates; it is sent after each."""
    stage.send(call, stage.cast.crank)
    for role in CREATED[call.name]:
        stage.commands.append(Fund(call.address(role)))
        stage.send(call, stage.cast.crank)


def who_cannot_pay_for_the_config(stage: Stage) -> None:
    """Config and treasury, too, are paid for by the authority or by somebody beforehand."""
    stage.begin(BLANK, thread=False)
    pay_one_by_one(stage, thin_initialization(stage))


def who_cannot_pay(stage: Stage) -> None:
    """Rent is paid by who creates the account, for each that nobody has paid for before."""
    cast = stage.cast
    thin, first = cast.wallets[Cast.THIN], cast.wallets[0]
    stage.begin(USUAL)
    stage.send(calls.token_transfer(first, cast.token(first), cast.token(thin), MIN_STAKE))
    for call in creations(stage, thin):
        pay_one_by_one(stage, call)


def no_plain_wallet(stage: Stage) -> None:
    """Rent is taken from plain wallets only; who is none needs others to pay."""
    wallet = stage.cast.wallets[2]
    stage.begin(USUAL)
    stage.commands.append(Nonce(wallet))
    for call in creations(stage, wallet):
        pay_one_by_one(stage, call)


def no_plain_authority(stage: Stage) -> None:
    """The same of the config and the treasury."""
    cast = stage.cast
    stage.begin(BLANK, thread=False)
    stage.commands.append(Nonce(cast.authority))
    pay_one_by_one(stage, cast.initialize(under(stage.design, USUAL)))


RENT_SCENES = (who_cannot_pay_for_the_config, who_cannot_pay, no_plain_authority, no_plain_wallet)
"""Every scene about rent."""
