"""Addresses of the ledger: base58, program-derived addresses, and where everything lives (L2).

A program-derived address (PDA) is SHA-256(seeds ‖ bump ‖ program ‖ marker) for the highest
bump whose result is no point of the ed25519 curve, so that no private key can exist for it.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from choir_model.domain.identity import Address, RecordKey
from choir_model.program import bindings, designs
from choir_model.program.bindings import Design

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PRIME = 2**255 - 19
_D = -121665 * pow(121666, _PRIME - 2, _PRIME) % _PRIME


def base58_decode(text: str) -> Address:
    """The 32 bytes that base58 `text` stands for; `ValueError` if it is not such a text."""
    if any(letter not in _ALPHABET for letter in text):
        raise ValueError(f"{text!r} has letters that base58 does not know")
    number = 0
    for letter in text:
        number = number * 58 + _ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    size = (number.bit_length() + 7) // 8
    if zeros + size != 32:
        raise ValueError(f"{text!r} is not the base58 text of 32 bytes")
    return bytes(zeros) + number.to_bytes(size, "big")


def base58(data: bytes) -> str:
    """Base58 text of `data`, as explorers show addresses."""
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def _on_curve(data: bytes) -> bool:
    # x² = (y² − 1) / (d·y² + 1) has a root iff the product of both is a square (Euler).
    y2 = pow(int.from_bytes(data, "little") & (2**255 - 1), 2, _PRIME)
    product = (y2 - 1) * (_D * y2 + 1) % _PRIME
    return pow(product, (_PRIME - 1) // 2, _PRIME) in (0, 1)


@lru_cache(maxsize=65536)
def derive(*seeds: bytes) -> tuple[Address, int]:
    """The ledger program's canonical PDA for `seeds`, and its bump."""
    for bump in range(255, -1, -1):
        marked = b"".join((*seeds, bytes([bump]), PROGRAM, b"ProgramDerivedAddress"))
        digest = hashlib.sha256(marked).digest()
        if not _on_curve(digest):
            return digest, bump
    raise ValueError("no bump yields a program-derived address")


PROGRAM: Address = base58_decode(bindings.PROGRAM_ID)
"""Address of the ledger program."""
SYSTEM: Address = bytes(32)
"""The system program."""
TOKEN: Address = base58_decode("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
"""The classic SPL Token program (L1)."""


def config() -> Address:
    """The singleton config account."""
    return derive(bindings.CONFIG_SEED)[0]


def treasury() -> Address:
    """The vault that takes expired stakes and remainders."""
    return derive(bindings.TREASURY_SEED)[0]


def thread(creator: Address, nonce: int) -> Address:
    """A thread's account, which is its id; `nonce` is a u64 of the creator's choice."""
    return derive(bindings.THREAD_SEED, creator, nonce.to_bytes(8, "little"))[0]


def stake_vault(thread: Address) -> Address:
    """Stakes of a thread's pending specs."""
    return derive(bindings.STAKE_SEED, thread)[0]


def escrow_vault(thread: Address) -> Address:
    """Shares of a thread's rejected specs, decided but not yet claimed."""
    return derive(bindings.ESCROW_SEED, thread)[0]


def balance_vault(thread: Address) -> Address:
    """Stakes of a thread's published specs: its own balance."""
    return derive(bindings.BALANCE_SEED, thread)[0]


def record_seeds(key: RecordKey, design: Design) -> tuple[bytes, ...]:
    """The seeds of a record's account; the author is among them unless the design says not."""
    if design.record_key is bindings.RecordKey.THREAD_HASH:
        return bindings.RECORD_SEED, key.thread, key.hash
    return bindings.RECORD_SEED, key.thread, key.author, key.hash


def record(key: RecordKey, design: Design = designs.DEFAULT) -> Address:
    """The account of a record."""
    return derive(*record_seeds(key, design))[0]
