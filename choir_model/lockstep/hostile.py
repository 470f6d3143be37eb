"""Damaged calls: one property of a well-formed call changed, to see it refused (L3)."""

from __future__ import annotations

from dataclasses import replace

from choir_model.domain.identity import Address
from choir_model.lockstep.cast import Cast
from choir_model.ports.ledger import CLOCK
from choir_model.program import addresses, designs
from choir_model.program.bindings import INSTRUCTIONS, Design
from choir_model.program.calls import Call

KINDS = 12
"""How many kinds of damage `damaged` knows."""


def strangers(cast: Cast, design: Design = designs.DEFAULT) -> list[Address]:
    """Accounts that are the wrong ones nearly everywhere."""
    return [
        cast.look_alike,
        cast.garbage,
        addresses.config(),
        cast.thread(0),
        cast.thread(1),
        addresses.record(cast.record(0, 2, 0), design),
        cast.token(cast.wallets[0]),
        cast.token(cast.wallets[1]),
        cast.other_token(cast.wallets[0]),
        cast.mint,
        cast.other_mint,
        cast.unfit_mint,
        addresses.stake_vault(cast.thread(0)),
        addresses.balance_vault(cast.thread(1)),
        addresses.treasury(),
        cast.wallets[3],
        addresses.TOKEN,
        addresses.PROGRAM,
        addresses.SYSTEM,
        CLOCK,
        cast.token_garbage,
        cast.unborn_token,
        cast.frozen,
    ]


STRANGERS = 23
"""How many of them there are."""


def damaged(call: Call, kind: int, at: int, cast: Cast, design: Design = designs.DEFAULT) -> Call:
    """`call` with damage number `kind` at the role, byte or account that `at` selects."""
    roles = INSTRUCTIONS[call.name].accounts
    role = roles[at % len(roles)]
    match kind:
        case 0:
            return call.with_accounts(at % len(roles))
        case 1:
            signers = [r.name for r in roles if r.signer]
            return call.with_signer(signers[0], False) if signers else call.with_accounts(0)
        case 2 | 3:
            writable = [r.name for r in roles if r.writable]
            return call.with_writable(writable[at % len(writable)], False)
        case 4:
            return call.with_data(call.data[: at % len(call.data)])
        case 5:
            return call.with_data(call.data + b"\0")
        case 6:
            return call.with_data(bytes([call.data[0] ^ 1 << at % 8]) + call.data[1:])
        case 7:
            return call.with_data(call.data[:-1] + bytes([2 + at % 250]))
        case _:
            if role.signer:
                return call.with_account(role.name, cast.wallets[at % cast.AUTHORS])
            return call.with_account(
                role.name, strangers(cast, design)[at // len(roles) % STRANGERS]
            )


UNFIT = 11
"""How many ways `misdirected` knows to get payees wrong, from 1 on."""


def misdirected(call: Call, how: int, cast: Cast) -> Call:
    """`call` with mistake number `how` in the accounts of its payees; 0: as it is.

    Beyond `UNFIT`, more accounts follow on the right ones, which is no mistake.
    """
    count = len(INSTRUCTIONS[call.name].accounts)
    alone, payees = call.with_accounts(count), call.accounts[count:]
    match how:
        case 0:
            return call
        case 1:
            return replace(call, accounts=(*alone.accounts, *payees[:-1]))
        case 2:
            return replace(call, accounts=(*alone.accounts, *payees[1:], *payees[:1]))
        case 3:
            readonly = tuple(replace(meta, writable=False) for meta in payees)
            return replace(call, accounts=(*alone.accounts, *readonly))
        case _ if how <= UNFIT:
            wrong = alone.with_payees([unfit_payees(cast)[how - 4]])
            return replace(call, accounts=(*wrong.accounts, *payees[1:]))
        case _:
            return call.with_payees([cast.garbage, cast.token(cast.wallets[4])])


def unfit_payees(cast: Cast) -> list[Address]:
    """Accounts that are nobody's to be paid into; but the first is wallet 3's."""
    return [
        cast.token(cast.wallets[3]),
        cast.other_token(cast.wallets[0]),
        cast.frozen,
        cast.mint,
        cast.look_alike,
        cast.unborn_token,
        cast.wallets[0],
        addresses.SYSTEM,
    ]
