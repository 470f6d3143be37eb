"""Account bytes: what the cells of an account look like on the ledger (L2).

The program's own accounts are laid out by the IDL; SPL accounts by the token program:
165 bytes for a token account, 82 for a mint, optional keys behind a 4-byte tag.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from choir_model.domain.identity import Address, RecordKey
from choir_model.engine import Record, State, View
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
from choir_model.program.layout import Layout

INITIALIZED, FROZEN = 1, 2
TOKEN_SIZE, TOKEN_STATE = 165, 108
MINT_SIZE, MINT_STATE = 82, 45
Derive: TypeAlias = Callable[[State, Address], int]


def image(state: State, address: Address) -> AccountImage | None:
    """The account at `address`, or None where nothing of Choir's or SPL Token's lies."""
    kind = state.value(Account.kind[address])
    if kind in LAYOUTS:
        layout, sources = LAYOUTS[kind]
        values = {
            name: source(state, address) if callable(source) else state.value(source[address])
            for name, source in sources
        }
        return AccountImage(PROGRAM, layout.encode(values))
    if kind is AccountKind.TOKEN:
        return AccountImage(TOKEN, _token_bytes(TokenAccount(state.view(), address)))
    if kind is AccountKind.MINT:
        return AccountImage(TOKEN, _mint_bytes(MintAccount(state.view(), address)))
    return None


# Bytes that are no cells, because they follow from others: bumps from seeds, a length.


def _bump(*seeds: bytes) -> Derive:
    return lambda state, address: addresses.derive(*seeds)[1]


def _vault_bump(seed: bytes) -> Derive:
    return lambda state, address: addresses.derive(seed, address)[1]


def _thread_bump(state: State, address: Address) -> int:
    nonce = state.value(ThreadAccount.nonce[address]).to_bytes(8, "little")
    creator = state.value(ThreadAccount.creator[address])
    return addresses.derive(bindings.THREAD_SEED, creator, nonce)[1]


def _record_bump(state: State, address: Address) -> int:
    parts = (RecordAccount.thread, RecordAccount.author, RecordAccount.hash)
    key = RecordKey(*(state.value(part[address]) for part in parts))
    design = state.value(ConfigAccount.design[addresses.config()])
    return addresses.derive(*addresses.record_seeds(key, design))[1]


def _seats_taken(state: State, address: Address) -> int:
    return len(state.value(ThreadAccount.seats[address]))


_DERIVED: dict[AccountKind, dict[str, Derive]] = {
    AccountKind.CONFIG: {
        "bump": _bump(bindings.CONFIG_SEED),
        "treasury_bump": _bump(bindings.TREASURY_SEED),
    },
    AccountKind.THREAD: {
        "bump": _thread_bump,
        "stake_bump": _vault_bump(bindings.STAKE_SEED),
        "escrow_bump": _vault_bump(bindings.ESCROW_SEED),
        "balance_bump": _vault_bump(bindings.BALANCE_SEED),
        "co_author_count": _seats_taken,
    },
    AccountKind.RECORD: {"bump": _record_bump},
}


def _sources(kind: AccountKind, facade: type[Record], made: type) -> _Sources:
    """Where each field of an account's layout comes from: a field of cells, or a function."""
    layout, derived = bindings.ACCOUNTS[made], _DERIVED[kind]
    return layout, tuple((n, derived.get(n) or getattr(facade, n)) for n in layout.names)


_Sources: TypeAlias = tuple[Layout, tuple[tuple[str, Any], ...]]
LAYOUTS: dict[AccountKind, _Sources] = {
    AccountKind.CONFIG: _sources(AccountKind.CONFIG, ConfigAccount, bindings.Config),
    AccountKind.THREAD: _sources(AccountKind.THREAD, ThreadAccount, bindings.Thread),
    AccountKind.RECORD: _sources(AccountKind.RECORD, RecordAccount, bindings.Record),
}


def _token_bytes(token: TokenAccount) -> bytes:
    head = token.mint + token.owner + token.amount.to_bytes(8, "little")
    no_delegate, not_native, nothing_delegated = bytes(36), bytes(12), bytes(8)
    state = bytes([FROZEN if token.frozen else INITIALIZED])
    return b"".join((head, no_delegate, state, not_native, nothing_delegated, bytes(36)))


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


# The other way: what lies at an address when somebody puts bytes there that SPL Token owns.


def plant(view: View, address: Address, data: bytes) -> None:
    """Set the cells that SPL-owned bytes stand for; for what is damaged, the kind only."""
    if len(data) == TOKEN_SIZE and data[TOKEN_STATE] in (INITIALIZED, FROZEN):
        Account(view, address).kind = AccountKind.TOKEN
        token = TokenAccount(view, address)
        token.mint, token.owner = data[:32], data[32:64]
        token.amount = int.from_bytes(data[64:72], "little")
        token.frozen = data[TOKEN_STATE] == FROZEN
    elif len(data) == MINT_SIZE and data[MINT_STATE] == INITIALIZED:
        Account(view, address).kind = AccountKind.MINT
        mint = MintAccount(view, address)
        mint.mint_authority, mint.revoked_mint_authority = _keys(data[:36])
        mint.freeze_authority, mint.revoked_freeze_authority = _keys(data[46:])
        mint.supply, mint.decimals = int.from_bytes(data[36:44], "little"), data[44]
    else:
        Account(view, address).kind = AccountKind.DAMAGED


def _keys(tagged: bytes) -> tuple[Address | None, Address | None]:
    """The authority, and the one that was revoked, of a tagged key."""
    key = tagged[4:]
    return (key, None) if tagged[0] else (None, None if key == NOBODY else key)
