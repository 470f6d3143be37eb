"""Account bytes: what the cells of an account look like on the ledger (L2).

The program's own accounts are laid out by the IDL; SPL accounts by the token program:
165 bytes for a token account, 82 for a mint, optional keys behind a 4-byte tag.
"""

from __future__ import annotations

from typing import Any

from choir_model.domain.identity import Address
from choir_model.engine import Record, State
from choir_model.ledger.cells import (
    NOBODY,
    Account,
    AccountKind,
    ConfigAccount,
    MintAccount,
    RecordAccount,
    ThreadAccount,
    TokenAccount,
)
from choir_model.ports.ledger import AccountImage
from choir_model.program import addresses, bindings
from choir_model.program.addresses import PROGRAM, TOKEN

INITIALIZED = 1
_FACADES: dict[AccountKind, tuple[type[Record], type]] = {
    AccountKind.CONFIG: (ConfigAccount, bindings.Config),
    AccountKind.THREAD: (ThreadAccount, bindings.Thread),
    AccountKind.RECORD: (RecordAccount, bindings.Record),
}


def image(state: State, address: Address) -> AccountImage | None:
    """The account at `address`, or None where nothing of Choir's or SPL Token's lies."""
    kind = state.value(Account.kind[address])
    if kind in _FACADES:
        facade, made = _FACADES[kind]
        values: dict[str, Any] = _bumps(kind, facade(state.view(), address))
        layout = bindings.ACCOUNTS[made]
        for name in layout.names:
            if name not in values:
                values[name] = _derived(state, facade, address, name)
        return AccountImage(PROGRAM, layout.encode(values))
    if kind is AccountKind.TOKEN:
        return AccountImage(TOKEN, _token_bytes(TokenAccount(state.view(), address)))
    if kind is AccountKind.MINT:
        return AccountImage(TOKEN, _mint_bytes(MintAccount(state.view(), address)))
    return None


def _derived(state: State, facade: type[Record], address: Address, name: str) -> Any:
    if name == "co_author_count":
        return len(state.value(ThreadAccount.seats[address]))
    return state.value(getattr(facade, name)[address])


def _bumps(kind: AccountKind, cells: Record) -> dict[str, int]:
    """The bumps stored in an account; they follow from its seeds, so they are no cells."""
    if kind is AccountKind.CONFIG:
        return {
            "bump": addresses.derive(bindings.CONFIG_SEED)[1],
            "treasury_bump": addresses.derive(bindings.TREASURY_SEED)[1],
        }
    if isinstance(cells, ThreadAccount):
        nonce = cells.nonce.to_bytes(8, "little")
        return {
            "bump": addresses.derive(bindings.THREAD_SEED, cells.creator, nonce)[1],
            "stake_bump": addresses.derive(bindings.STAKE_SEED, cells.key)[1],
            "escrow_bump": addresses.derive(bindings.ESCROW_SEED, cells.key)[1],
            "balance_bump": addresses.derive(bindings.BALANCE_SEED, cells.key)[1],
        }
    assert isinstance(cells, RecordAccount)
    seeds = (bindings.RECORD_SEED, cells.thread, cells.author, cells.hash)
    return {"bump": addresses.derive(*seeds)[1]}


def _token_bytes(token: TokenAccount) -> bytes:
    head = token.mint + token.owner + token.amount.to_bytes(8, "little")
    no_delegate, not_native, nothing_delegated = bytes(36), bytes(12), bytes(8)
    return b"".join(
        (head, no_delegate, bytes([INITIALIZED]), not_native, nothing_delegated, bytes(36))
    )


def _mint_bytes(mint: MintAccount) -> bytes:
    return b"".join(
        (
            _optional(mint.mint_authority, mint.revoked_mint_authority),
            mint.supply.to_bytes(8, "little"),
            bytes([mint.decimals, INITIALIZED]),
            _optional(mint.freeze_authority, mint.revoked_freeze_authority),
        )
    )


def _optional(authority: Address | None, revoked: Address | None) -> bytes:
    """A tagged key.  Revoking an authority clears the tag and leaves the key's bytes."""
    if authority is not None:
        return b"\1\0\0\0" + authority
    return bytes(4) + (revoked or NOBODY)
