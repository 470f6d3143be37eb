"""The part of SPL Token that Choir touches: accounts, transfers, burns.

Own instructions move tokens with `move`, whose amounts were checked by record before.
`execute` is the token program called directly by a holder: donations and burns (L1, L4).
"""

from __future__ import annotations

from choir_model.domain.identity import Address
from choir_model.engine import View
from choir_model.ledger.cells import (
    Account,
    AccountKind,
    Donations,
    MintAccount,
    TokenAccount,
    add,
    reached,
)
from choir_model.ports.ledger import Foreign, privileges
from choir_model.program.calls import Call

TRANSFER, BURN = 3, 8
VAULT_OWNERS = (AccountKind.THREAD, AccountKind.CONFIG)


def open_account(view: View, address: Address, mint: Address, owner: Address) -> None:
    """Put an empty token account of `mint` at `address`."""
    Account(view, address).kind = AccountKind.TOKEN
    token = TokenAccount(view, address)
    token.mint = mint
    token.owner = owner


def move(view: View, source: Address, destination: Address, amount: int) -> None:
    """Move `amount` base units, which the source is known to hold."""
    refuse_frozen(view, source, destination)
    TokenAccount(view, source).update(TokenAccount.amount, add, -amount)
    TokenAccount(view, destination).update(TokenAccount.amount, add, amount)


def refuse_frozen(view: View, *accounts: Address) -> None:
    """The token program leaves what a frozen account holds as it is."""
    if any(TokenAccount(view, account).frozen for account in accounts):
        view.refuse(Foreign.TOKEN_FROZEN)


def execute(view: View, call: Call, payer: Address) -> None:
    """``Transfer`` or ``Burn`` of SPL Token, signed by the account's owner."""
    source, target, owner = (meta.address for meta in call.accounts)
    amount = int.from_bytes(call.data[1:9], "little")
    # GUARDS, in the token program's order
    kinds = (Account(view, source).kind, Account(view, target).kind)
    expected = AccountKind.TOKEN if call.data[0] == TRANSFER else AccountKind.MINT
    if kinds != (AccountKind.TOKEN, expected):
        view.refuse(Foreign.TOKEN_INVALID_ACCOUNT)
    refuse_frozen(view, *([source, target] if call.data[0] == TRANSFER else [source]))
    account = TokenAccount(view, source)
    if not account.test(TokenAccount.amount, reached, amount):
        view.refuse(Foreign.TOKEN_INSUFFICIENT_FUNDS, "source")
    mint = TokenAccount(view, target).mint if call.data[0] == TRANSFER else target
    if account.mint != mint:
        view.refuse(Foreign.TOKEN_MINT_MISMATCH)
    if account.owner != owner:
        view.refuse(Foreign.TOKEN_OWNER_MISMATCH, "owner")
    if not privileges(call, payer)[owner][0]:
        view.refuse(Foreign.TOKEN_MISSING_SIGNATURE, "owner")
    # EFFECTS
    if call.data[0] == TRANSFER:
        move(view, source, target, amount)
        if Account(view, TokenAccount(view, target).owner).kind in VAULT_OWNERS:
            Donations(view, target).update(Donations.amount, add, amount)
    else:
        account.update(TokenAccount.amount, add, -amount)
        MintAccount(view, target).update(MintAccount.supply, add, -amount)
