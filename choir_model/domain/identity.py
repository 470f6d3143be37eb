"""Identities: addresses on the ledger, and the key of a record (C1, C5)."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import TypeAlias

Address: TypeAlias = bytes
"""32 bytes: a public key or a program-derived address.  A thread's address is its id."""

Hash: TypeAlias = bytes
"""32 bytes: SHA-256."""


@dataclass(frozen=True, slots=True, order=True)
class RecordKey:
    """What identifies a record: thread, author and content hash (C5).

    The same words by two authors are two records.
    """

    thread: Address
    author: Address
    hash: Hash

    def __bytes__(self) -> bytes:
        return self.thread + self.author + self.hash


def content_hash(content: str) -> Hash:
    """SHA-256 of the UTF-8 bytes, without normalization (C1)."""
    return hashlib.sha256(content.encode("utf-8")).digest()


def point_id(key: RecordKey) -> str:
    """The Qdrant point id of a record: a UUID of 16 bytes of SHA-256(key) (section 5)."""
    return str(uuid.UUID(bytes=hashlib.sha256(bytes(key)).digest()[:16]))
