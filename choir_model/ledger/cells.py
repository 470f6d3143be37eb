"""The ledger's state as cells: every field of every account is a cell of its own.

All records are keyed by the address of their account.  `Account.kind` says what lies at
an address, and so which of the other records has meaning there.  Amounts are base units
(u64), times are seconds of the ledger clock (i64).
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from choir_model.domain.identity import Address, Hash
from choir_model.engine import Cell, Field, Record
from choir_model.ports.ledger import Purse
from choir_model.program import designs
from choir_model.program.addresses import PROGRAM, SYSTEM, TOKEN
from choir_model.program.bindings import RecordStatus


class AccountKind(Enum):
    """What lies at an address."""

    VACANT = "system-owned, without data"
    CONFIG = "the config"
    THREAD = "a thread"
    RECORD = "a record"
    UNREADABLE = "owned by the program, but none of its accounts"
    TOKEN = "an SPL token account"
    MINT = "an SPL mint"
    DAMAGED = "owned by SPL Token, but neither of its accounts"
    FOREIGN = "owned by some other program"


OWNERS: dict[AccountKind, Address | None] = {
    AccountKind.VACANT: SYSTEM,
    AccountKind.CONFIG: PROGRAM,
    AccountKind.THREAD: PROGRAM,
    AccountKind.RECORD: PROGRAM,
    AccountKind.UNREADABLE: PROGRAM,
    AccountKind.TOKEN: TOKEN,
    AccountKind.MINT: TOKEN,
    AccountKind.DAMAGED: TOKEN,
    AccountKind.FOREIGN: None,
}
"""The program that owns accounts of each kind; None: neither of those Choir deals with."""

NOBODY: Address = bytes(32)


class Clock(Record, name="clock", layer="ledger"):
    """The ledger clock (singleton): seconds, as the program reads them."""

    now = Field(0)


NOW: Cell = Clock.now[None]


class Account(Record, name="account", layer="ledger"):
    """What lies at an address."""

    kind = Field(AccountKind.VACANT)


class Wallet(Record, name="wallet", layer="ledger"):
    """What an address can pay for; lamports themselves are not modelled."""

    purse = Field(Purse.EMPTY)


class ConfigAccount(Record, name="config", layer="ledger"):
    """Mint, design and parameters, fixed by `initialize` (L1, L2)."""

    mint: Field[Address] = Field(NOBODY)
    design = Field(designs.DEFAULT)
    approval_window = Field(0)
    min_stake = Field(0)
    max_co_authors = Field(0)


class ThreadAccount(Record, name="thread", layer="ledger"):
    """One thread: seats in order, accounts of its tokens, commitment to its records (L2)."""

    creator: Field[Address] = Field(NOBODY)
    nonce = Field(0)
    created_at = Field(0)
    sequence = Field(0)
    token_balance = Field(0)
    stake_total = Field(0)
    escrow_total = Field(0)
    treasury_paid = Field(0)
    pending_count = Field(0)
    published_count = Field(0)
    rejected_count = Field(0, auxiliary=True)
    expired_count = Field(0, auxiliary=True)
    seats: Field[tuple[Address, ...]] = Field(())
    peaks: Field[tuple[Hash, ...]] = Field((), auxiliary=True)


class RecordAccount(Record, name="record", layer="ledger"):
    """One message or spec: hash, votes as bitmaps over seats, stake, decision (L2)."""

    status = Field(RecordStatus.PENDING)
    electorate_size = Field(0)
    approvals = Field(0)
    denials = Field(0)
    claims = Field(0)
    thread: Field[Address] = Field(NOBODY)
    author: Field[Address] = Field(NOBODY)
    hash: Field[Hash] = Field(NOBODY)
    stake = Field(0)
    submitted_at = Field(0, auxiliary=True)
    deadline = Field(0)
    decided_at = Field(0, auxiliary=True)
    submitted_sequence = Field(0, auxiliary=True)
    decided_sequence = Field(0, auxiliary=True)
    leaf_index = Field(0, auxiliary=True)


class TokenAccount(Record, name="token", layer="ledger"):
    """An SPL token account; `owner` is its `owner` field, not its owning program."""

    mint: Field[Address] = Field(NOBODY)
    owner: Field[Address] = Field(NOBODY)
    amount = Field(0)
    frozen = Field(False)


class MintAccount(Record, name="mint", layer="ledger"):
    """An SPL mint.  An authority once revoked is None for good."""

    mint_authority: Field[Address | None] = Field(None)
    freeze_authority: Field[Address | None] = Field(None)
    revoked_mint_authority: Field[Address | None] = Field(None, auxiliary=True)
    revoked_freeze_authority: Field[Address | None] = Field(None, auxiliary=True)
    supply = Field(0)
    decimals = Field(9)


class Donations(Record, name="donations", layer="ghost"):
    """What anyone has sent to a vault uninvited, by vault (L4).  The program has no such cell."""

    amount = Field(0, auxiliary=True)


# Functions for blind updates and tests: pure, and memoised by the engines.

U64_MAX = 2**64 - 1
I64_MAX = 2**63 - 1


def add(value: int, amount: int) -> int:
    """The sum."""
    return value + amount


def take(_: Any, value: Any) -> Any:
    """The new value, whatever the old one."""
    return value


def set_bit(bits: int, position: int) -> int:
    """`bits` with the bit of seat `position` set."""
    return bits | 1 << position


def has_bit(bits: int, position: int) -> bool:
    """Whether the bit of seat `position` is set."""
    return bool(bits >> position & 1)


def completes(bits: int, position: int, electorate: int) -> bool:
    """Whether one more bit makes `bits` unanimous; `electorate` has the bits of its seats."""
    return bits | 1 << position == electorate


def append(seats: tuple[Address, ...], address: Address) -> tuple[Address, ...]:
    """`seats` with one more taken."""
    return (*seats, address)


def exceeds_u64(value: int, amount: int) -> bool:
    """Whether the sum does not fit u64."""
    return value + amount > U64_MAX


def exceeds_i64(value: int, amount: int) -> bool:
    """Whether the sum does not fit i64."""
    return value + amount > I64_MAX


def reached(value: int, limit: int) -> bool:
    """Whether `limit` is reached: ``value ≥ limit``."""
    return value >= limit
