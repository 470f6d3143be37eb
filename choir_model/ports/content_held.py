"""What a content store holds, as values that are observed, saved and restored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from choir_model.domain.identity import Address
from choir_model.ports.content_errors import SnapshotMisfit
from choir_model.ports.embeddings import Vector

if TYPE_CHECKING:
    from choir_model.ports.content import Message


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """Everything the store holds of a message; `vector` is `None` where it was lost.

    `co_authors`: those stored with it under ``acl`` ``per_message``, else `None`.
    """

    id: str
    message: Message
    quarantined: bool
    vector: Vector | None
    co_authors: tuple[Address, ...] | None = None


@dataclass(frozen=True, slots=True)
class StoredThread:
    """Everything the store holds of a thread: co-authors as of a ledger sequence."""

    id: str
    thread: Address
    co_authors: tuple[Address, ...]
    sequence: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole store in canonical form: message and thread points, each by point id.

    `unreadable` names points whose payload was wiped or is no message's and no thread's;
    for every operation but `observe` they are not there, and restoring skips them; what is
    unreadable under a record's own id gives way to its `upsert` and goes with its `delete`.
    """

    points: tuple[StoredPoint, ...]
    threads: tuple[StoredThread, ...]
    unreadable: tuple[str, ...] = ()


def co_authors_of(held: StoredPoint, saved: Snapshot) -> tuple[Address, ...]:
    """Whom a point names under ``per_message``; from its thread's point if it was saved
    under ``per_thread``.
    """
    if held.co_authors is not None:
        return held.co_authors
    threads = {stored.thread: stored.co_authors for stored in saved.threads}
    return threads.get(held.message.key.thread, ())


def check_snapshot(saved: Snapshot, dimension: int) -> None:
    """Raises `SnapshotMisfit` where a store of `dimension` could not hold `saved`."""
    for held in saved.points:
        if held.vector is not None and held.vector.dimension != dimension:
            raise SnapshotMisfit(
                f"the snapshot holds vectors of dimension {held.vector.dimension}, the store"
                f" of {dimension}; restore it into a store of that dimension"
            )
