"""Accounts that a decision pays into under payout push (guard 7).

They follow after the accounts of the IDL, the i-th payee's in the i-th place.  All are
judged before anything moves: one that is unfit refuses the whole instruction.
"""

from __future__ import annotations

from collections.abc import Sequence

from choir_model.domain.identity import Address
from choir_model.engine import View
from choir_model.ledger.cells import Account, AccountKind, ConfigAccount, TokenAccount
from choir_model.ledger.guards import Admitted
from choir_model.program.bindings import Reason
from choir_model.program.calls import Meta


def accounts(view: View, call: Admitted, owners: Sequence[Address]) -> tuple[Address, ...]:
    """The token accounts of the payees `owners`, in their order.

    Refuses with `PayeeUnavailable`, role ``payee 1`` for the first one.
    """
    if not owners:
        return ()
    mint = ConfigAccount(view, call.roles["config"]).mint
    for place, owner in enumerate(owners):
        given = call.further[place : place + 1]
        if not given or not _is_fit(view, given[0], mint, owner):
            view.refuse(Reason.PayeeUnavailable, f"payee {place + 1}")
    return tuple(meta.address for meta in call.further[: len(owners)])


def _is_fit(view: View, given: Meta, mint: Address, owner: Address) -> bool:
    if not given.writable or Account(view, given.address).kind is not AccountKind.TOKEN:
        return False
    token = TokenAccount(view, given.address)
    return token.mint == mint and token.owner == owner and not token.frozen
