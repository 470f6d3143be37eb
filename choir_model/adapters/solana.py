"""What every adapter of a Solana runtime does alike: keys, signing, fixtures, epochs.

Keys are derived from fixed seeds, so that two ledgers hold the same wallets.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from choir_model.domain.identity import Address
from choir_model.ports.ledger import RESERVED, AccountImage, EngineUnavailable, Purse
from choir_model.program.addresses import PROGRAM, SYSTEM, TOKEN, base58, base58_decode
from choir_model.program.bindings import DECIMALS
from choir_model.program.calls import Call

GENESIS_SLOT = 435_888_000
"""First slot, in the range of mainnet's slots of 2026, so that no code counts on zero."""
AMPLE_LAMPORTS = 10**15
FEES_ONLY_LAMPORTS = 890_880 + 450_000
"""Rent exemption of an empty account and 90 signatures.

Less than the rent of the config (1 350 240), the smallest account the program creates: so
whoever has no more can pay for none that has nothing yet, and the transfer itself refuses,
not the runtime because the payer is left with too little.
"""
PACKET_BYTES = 1232
"""Longest transaction that clusters pass on; the engines run longer ones all the same."""
LOOKUP_TABLES = base58_decode("AddressLookupTab1e1111111111111111111111111")


@dataclass(frozen=True, slots=True)
class Form:
    """How a transaction is written down: what it says to the program is the same in each.

    With `table`, the address of a lookup table, it is a transaction of version 0 and every
    account found there that does not sign is named by one byte; else it is a legacy one.
    `unit_limit`, in compute units, is asked of the compute budget program; None leaves what
    the runtime grants, 200 000.
    """

    table: Address | None = None
    unit_limit: int | None = None


LEGACY = Form()
"""As most clients write transactions."""


class SolanaLedger(ABC):
    """Wallets, signed transactions and fixtures; an engine says how it stores an account.

    Raises `EngineUnavailable` when solders is not installed.
    """

    def __init__(self) -> None:
        try:
            import solders.transaction  # noqa: F401 (only to see whether it is there)
        except ImportError:
            raise EngineUnavailable(
                "the package solders is missing; run pip install solders==0.29.0"
            ) from None
        self._keys: dict[Address, Any] = {}
        self._pubkeys: dict[Address, Any] = {}
        self._tracked: set[Address] = set()

    # What an engine has to say

    @abstractmethod
    def rent_exempt(self, size: int) -> int:
        """Lamports an account of `size` bytes must hold."""

    @abstractmethod
    def account(self, address: Address) -> AccountImage | None:
        """The account at `address`, or None."""

    @abstractmethod
    def _put(self, address: Address, owner: Address, data: bytes, lamports: int) -> None:
        """Put an account, or with no lamports remove it."""

    # Fixtures

    def wallet(self, number: int) -> Address:
        """The address of the keypair seeded with `number`."""
        from solders.keypair import Keypair

        seed = hashlib.sha256(b"choir wallet" + number.to_bytes(8, "little")).digest()
        key = Keypair.from_seed(seed)
        address = bytes(key.pubkey())
        self._keys[address] = key
        return address

    def fund(self, wallet: Address, purse: Purse) -> None:
        """Give an address the lamports the purse stands for; its owner and data stay."""
        amounts = {Purse.EMPTY: 0, Purse.FEES_ONLY: FEES_ONLY_LAMPORTS, Purse.AMPLE: AMPLE_LAMPORTS}
        found = self.account(wallet) or AccountImage(SYSTEM, b"")
        self._put(wallet, found.owner, found.data, amounts[purse])

    def create_mint(self, mint: Address, authority: Address, freeze: Address | None) -> None:
        """Put an empty SPL mint at `mint`, as ``InitializeMint2`` would leave it."""
        frozen_by = b"\1\0\0\0" + freeze if freeze else bytes(36)
        data = b"\1\0\0\0" + authority + bytes(8) + bytes([DECIMALS, 1]) + frozen_by
        self._put_rent_exempt(mint, TOKEN, data)

    def create_token_account(self, account: Address, mint: Address, owner: Address) -> None:
        """Put an empty SPL token account at `account`, as ``InitializeAccount3`` would."""
        data = mint + owner + bytes(8) + bytes(36) + b"\1" + bytes(56)
        self._put_rent_exempt(account, TOKEN, data)

    def create_lookup_table(self, table: Address, listed: Sequence[Address]) -> None:
        """Put a lookup table at `table`, filled in an earlier slot and never deactivated."""
        kind, active_for_ever, filled_in_slot_0_by_nobody = b"\1\0\0\0", b"\xff" * 8, bytes(44)
        header = kind + active_for_ever + filled_in_slot_0_by_nobody
        self._put_rent_exempt(table, LOOKUP_TABLES, header + b"".join(listed))

    def put_account(self, address: Address, image: AccountImage) -> None:
        """Put arbitrary bytes at `address`; lamports beyond its rent stay."""
        found = self.account(address)
        held = found.lamports if found else None
        lamports = max(held or 0, self.rent_exempt(len(image.data)))
        self._put(address, image.owner, image.data, lamports)

    def _put_rent_exempt(self, address: Address, owner: Address, data: bytes) -> None:
        self._put(address, owner, data, self.rent_exempt(len(data)))

    # Transactions

    def _message(self, call: Call, payer: Address, blockhash: Any, form: Form) -> Any:
        """The message of one call, whose accounts are tracked from now on."""
        from solders.instruction import AccountMeta, Instruction

        pubkey = self._pubkey
        metas = [AccountMeta(pubkey(m.address), m.signer, m.writable) for m in call.accounts]
        instructions = [Instruction(pubkey(call.program), call.data, metas)]
        if form.unit_limit is not None:
            from solders.compute_budget import set_compute_unit_limit

            instructions.insert(0, set_compute_unit_limit(form.unit_limit))
        message = self._compiled(instructions, pubkey(payer), blockhash, form)
        self._tracked.update(m.address for m in call.accounts)
        self._tracked -= RESERVED | {PROGRAM, TOKEN}
        return message

    def _compiled(self, instructions: Sequence[Any], payer: Any, blockhash: Any, form: Form) -> Any:
        if form.table is None:
            from solders.message import Message

            return Message.new_with_blockhash(instructions, payer, blockhash)
        from solders.address_lookup_table_account import (
            AddressLookupTable,
            AddressLookupTableAccount,
        )
        from solders.message import MessageV0

        image = self.account(form.table)
        if image is None:
            raise ValueError(f"there is no lookup table at {base58(form.table)}")
        listed = AddressLookupTable.deserialize(image.data).addresses
        tables = [AddressLookupTableAccount(self._pubkey(form.table), listed)]
        return MessageV0.try_compile(payer, instructions, tables, blockhash)

    def _signed(self, message: Any) -> Any:
        """The transaction of a message, signed by every wallet it asks for."""
        from solders.message import to_bytes_versioned
        from solders.transaction import VersionedTransaction

        # Signed here: the transaction's own constructor takes twice as long.
        signers = message.account_keys[: message.header.num_required_signatures]
        text = to_bytes_versioned(message)
        signatures = [self._keys[bytes(signer)].sign_message(text) for signer in signers]
        return VersionedTransaction.populate(message, signatures)

    def _pubkey(self, address: Address) -> Any:
        found = self._pubkeys.get(address)
        if found is None:
            from solders.pubkey import Pubkey

            found = self._pubkeys[address] = Pubkey(address)
        return found


def later(now: int, slots: int, seconds: int) -> int:
    """The unix timestamp `seconds` after `now`.

    Raises `ValueError` if slots or seconds are negative, or the timestamp leaves i64.
    """
    if slots < 0 or seconds < 0 or now + seconds >= 2**63:
        raise ValueError("time does not go backwards, nor beyond i64")
    return now + seconds
