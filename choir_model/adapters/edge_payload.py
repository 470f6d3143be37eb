"""Payloads of Edge points: the port's values to what the engine stores, and back.

Addresses and hashes are lower-case hexadecimal; a payload that does not read back as what
it should be is nothing (`None`), never an error and never a guess.

The engine has no checksums on what it stored, and a flipped bit can leave a text that reads
well.  Content re-hashes to its key, and a status is held against the ledger's; privacy and
time, of which the store has the only copy, have a **seal**, a checksum of their own.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeAlias

from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ports.content import Message, StoredThread, message_point_id, thread_point_id
from choir_model.ports.embeddings import Vector, sparse

Payload: TypeAlias = dict[str, Any]

INTACT, QUARANTINED = "intact", "quarantined"
"""Values of ``integrity``: words, because version 0.9.0 cannot match a boolean (`MatchValue`
turns ``True`` into the number 1, which matches nothing)."""

SEALED = ("thread", "author", "hash", "privacy", "created_at")
SEAL_DIGITS = 16

_STATUS = {status.value: status for status in Status}
_PRIVACY = {privacy.value: privacy for privacy in Privacy}


def message_payload(
    message: Message,
    *,
    quarantined: bool = False,
    co_authors: tuple[Address, ...] | None = None,
) -> Payload:
    """The payload of a message point; with `co_authors` under ``acl`` ``per_message``."""
    key = message.key
    named = {} if co_authors is None else {"co_authors": written(co_authors)}
    payload = {
        **named,
        "thread": key.thread.hex(),
        "author": key.author.hex(),
        "hash": key.hash.hex(),
        "content": message.content,
        "status": message.status.value,
        "privacy": message.privacy.value,
        "created_at": message.created_at,
        "integrity": QUARANTINED if quarantined else INTACT,
    }
    return sealed({}, payload)


def sealed(held: Mapping[str, Any], fields: Payload) -> Payload:
    """`fields` of a message, with the seal of what is `held` once they are set."""
    return {**fields, "seal": _seal({**held, **fields})}


def _seal(payload: Mapping[str, Any]) -> str:
    words = "\n".join([str(payload[field]) for field in SEALED])
    return sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:SEAL_DIGITS]


def thread_payload(thread: Address, co_authors: tuple[Address, ...], sequence: int) -> Payload:
    """The payload of a thread point; without ``status``, which marks message points."""
    return {
        "thread": thread.hex(),
        "co_authors": written(co_authors),
        "sequence": sequence,
    }


def written(addresses: tuple[Address, ...]) -> list[str]:
    """Addresses as payloads hold them."""
    return [address.hex() for address in addresses]


def read_co_authors(payload: Payload | None) -> tuple[Address, ...] | None:
    """The co-authors a payload names; `None` if it names none that can be read."""
    try:
        return tuple(map(bytes.fromhex, (payload or {})["co_authors"]))
    except (KeyError, TypeError, ValueError):
        return None


def read_key(payload: Payload | None) -> RecordKey | None:
    """The key of the record a message point belongs to."""
    if payload is None or "author" not in payload:
        return None
    try:
        return RecordKey(
            bytes.fromhex(payload["thread"]),
            bytes.fromhex(payload["author"]),
            bytes.fromhex(payload["hash"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def read_message(payload: Payload | None, key: RecordKey | None) -> Message | None:
    """The message in a message point's payload, whose key was read before."""
    if payload is None or key is None:
        return None
    try:
        content, created_at = payload["content"], payload["created_at"]
        status, privacy = _STATUS[payload["status"]], _PRIVACY[payload["privacy"]]
        integrity, kept = payload["integrity"], payload["seal"] == _seal(payload)
    except (KeyError, TypeError):
        return None
    well_typed = (
        isinstance(content, str)
        and type(created_at) is int
        and integrity in (INTACT, QUARANTINED)
        and kept
    )
    return Message(key, content, status, privacy, created_at) if well_typed else None


def read_placed(payload: Payload | None, name: str) -> Message | None:
    """The message of a point that bears the name its key demands."""
    message = read_message(payload, read_key(payload))
    return message if message is not None and message_point_id(message.key) == name else None


def read_own(payload: Payload | None, key: RecordKey) -> Message | None:
    """The message in a payload if it is the one with this key."""
    return read_message(payload, key) if read_key(payload) == key else None


def collides(payload: Payload | None, key: RecordKey) -> bool:
    """Whether the point of `key`'s id is that of another record, with the same id.

    A key that demands another id is not where it belongs: that is damage.
    """
    held = read_key(payload)
    if held is None or held == key:
        return False
    return message_point_id(held) == message_point_id(key)


def read_thread(payload: Payload | None, name: str) -> StoredThread | None:
    """The thread in a thread point's payload, if the point bears the name it demands."""
    if payload is None:
        return None
    try:
        thread = bytes.fromhex(payload["thread"])
        sequence = payload["sequence"]
    except (KeyError, TypeError, ValueError):
        return None
    co_authors = read_co_authors(payload)
    if co_authors is None or type(sequence) is not int or thread_point_id(thread) != name:
        return None
    return StoredThread(name, thread, co_authors, sequence)


def read_vector(coordinates: object) -> Vector | None:
    """The vector of a point; `None` where the engine has none.

    Raises `ValueError` for coordinates off the grid, which nobody has stored.
    """
    return _vector(array("f", coordinates).tobytes()) if isinstance(coordinates, list) else None


@lru_cache(maxsize=4096)
def _vector(packed: bytes) -> Vector:
    return sparse(array("f", packed))
