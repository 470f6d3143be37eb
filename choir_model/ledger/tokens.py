"""The part of SPL Token that Choir touches: accounts, transfers, burns, what holders may do.

Own instructions move tokens with `move`, whose amounts were checked by record before.
`execute` is the token program called directly by a holder: donations and burns (L1, L4),
closed and given-away accounts.  Lamports are not modelled, so the rent that closing an
account sets free changes nobody's purse here; a ledger compared with this one must give it
to a wallet that is rich already.
"""

from __future__ import annotations

from choir_model.domain.identity import Address
from choir_model.engine import View
from choir_model.ledger.cells import (
    NOBODY,
    Account,
    AccountKind,
    Donations,
    MintAccount,
    TokenAccount,
    add,
    reached,
)
from choir_model.ports.ledger import Foreign, Privileges, privileges
from choir_model.program.addresses import SYSTEM, base58_decode
from choir_model.program.calls import Call

INCINERATOR: Address = base58_decode("1nc1nerator11111111111111111111111111111111")
"""Where lamports go to be burned."""
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
    """An instruction of SPL Token, sent directly and signed by the account's owner."""
    granted = privileges(call, payer)
    match call.data[0]:
        case 3:
            _transfer(view, call, granted)
        case 6:
            _set_owner(view, call, granted)
        case 8:
            _burn(view, call, granted)
        case 9:
            _close(view, call, granted)
        case number:
            raise ValueError(f"instruction {number} of SPL Token is not modelled")


# GUARDS stand in the token program's order.


def _transfer(view: View, call: Call, granted: Privileges) -> None:
    source, target, owner = (meta.address for meta in call.accounts)
    amount = _amount(call)
    # GUARDS
    _refuse_other_kinds(view, (source, AccountKind.TOKEN), (target, AccountKind.TOKEN))
    refuse_frozen(view, source, target)
    _refuse_more_than_held(view, source, amount, mint=TokenAccount(view, target).mint)
    _refuse_strangers(view, source, owner, granted)
    # EFFECTS
    move(view, source, target, amount)
    if Account(view, TokenAccount(view, target).owner).kind in VAULT_OWNERS:
        Donations(view, target).update(Donations.amount, add, amount)


def _burn(view: View, call: Call, granted: Privileges) -> None:
    account, mint, owner = (meta.address for meta in call.accounts)
    amount = _amount(call)
    # GUARDS
    _refuse_other_kinds(view, (account, AccountKind.TOKEN), (mint, AccountKind.MINT))
    refuse_frozen(view, account)
    _refuse_more_than_held(view, account, amount, mint)
    _refuse_strangers(view, account, owner, granted)
    # EFFECTS
    TokenAccount(view, account).update(TokenAccount.amount, add, -amount)
    MintAccount(view, mint).update(MintAccount.supply, add, -amount)


def _set_owner(view: View, call: Call, granted: Privileges) -> None:
    """Whoever owns the account now gives it to another owner, tokens and all."""
    account, owner = (meta.address for meta in call.accounts)
    new_owner = call.data[3:]
    # GUARDS
    _refuse_other_kinds(view, (account, AccountKind.TOKEN))
    refuse_frozen(view, account)
    _refuse_strangers(view, account, owner, granted)
    if new_owner != owner and not granted[account][1]:
        view.refuse(Foreign.READ_ONLY, "account")
    # EFFECTS
    TokenAccount(view, account).owner = new_owner


def _close(view: View, call: Call, granted: Privileges) -> None:
    """An empty account, frozen or not, goes; whose owner can never sign, anyone may burn."""
    account, destination, owner = (meta.address for meta in call.accounts)
    token = TokenAccount(view, account)
    # GUARDS
    _refuse_other_kinds(view, (account, AccountKind.TOKEN))
    if account == destination:
        view.refuse(Foreign.TOKEN_INVALID_ACCOUNT, "destination")
    if token.test(TokenAccount.amount, reached, 1):
        view.refuse(Foreign.TOKEN_NOT_EMPTY, "account")
    if token.owner not in (SYSTEM, INCINERATOR):
        _refuse_strangers(view, account, owner, granted)
    elif destination != INCINERATOR:
        view.refuse(Foreign.TOKEN_INVALID_ACCOUNT, "destination")
    if not (granted[account][1] and granted[destination][1]):
        view.refuse(Foreign.READ_ONLY)
    # EFFECTS
    Account(view, account).kind = AccountKind.VACANT
    token.mint = token.owner = NOBODY
    token.frozen = False


def _amount(call: Call) -> int:
    return int.from_bytes(call.data[1:9], "little")


def _refuse_other_kinds(view: View, *expected: tuple[Address, AccountKind]) -> None:
    if any(Account(view, address).kind is not kind for address, kind in expected):
        view.refuse(Foreign.TOKEN_INVALID_ACCOUNT)


def _refuse_more_than_held(view: View, source: Address, amount: int, mint: Address) -> None:
    account = TokenAccount(view, source)
    if not account.test(TokenAccount.amount, reached, amount):
        view.refuse(Foreign.TOKEN_INSUFFICIENT_FUNDS, "source")
    if account.mint != mint:
        view.refuse(Foreign.TOKEN_MINT_MISMATCH)


def _refuse_strangers(view: View, account: Address, owner: Address, granted: Privileges) -> None:
    """Only who owns the account disposes of it, and must have signed."""
    if TokenAccount(view, account).owner != owner:
        view.refuse(Foreign.TOKEN_OWNER_MISMATCH, "owner")
    if not granted[owner][0]:
        view.refuse(Foreign.TOKEN_MISSING_SIGNATURE, "owner")
