"""The content port: what Choir asks of the store of its messages (section 5).

Theory of operation
-------------------
The store holds two kinds of points.  A **message point** carries a record's content,
its embedding and what searches filter by; its id is derived from the record's key, and
the full key is stored with it and checked, so that a point is never taken for another.
A **thread point** carries a thread's co-authors and the ledger sequence they are from;
whether a viewer is a *member* of a thread, for the visibility table (S8), is decided by
it alone.

Every operation answers with a value, never with an exception: what was done (`Stored`,
`Repaired`, `Deleted`), what was found (`Found`, `Listing`, `Results`), that there is
nothing to show (`Missing`, `Hidden`, `Quarantined`), or `Refused` with one reason; a
refusal changes nothing.  Exceptions are left for a store that cannot answer: it is
`StoreInUse`, `StoreDamaged`, `StoreUnavailable` or `StorePackageMissing`; and for a snapshot
that no such store can have saved (`SnapshotMisfit`).

Nothing that was read is trusted (S5b, C3).  Each read re-computes the hash of the content
it is about to serve.  Content that does not hash to its key puts its point into
**quarantine**: the answer names it, once, as newly quarantined, and from then on the point
is neither served, listed nor searched, until an `upsert` brings the right content back.

Answers are deterministic.  Searches order by score, then by point id, also where equal
scores meet the limit; points are examined in that order, and examining stops when the limit
is filled, so which points one search can quarantine is determined too.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Protocol, TypeAlias

from choir_model.domain.identity import Address, RecordKey, point_id
from choir_model.domain.lifecycle import ContentFault, Privacy, Status
from choir_model.ports.embeddings import Vector

MAX_INTEGER = (1 << 63) - 1
"""Largest integer a payload may hold: engines store them signed, in 64 bits."""


class StoreError(Exception):
    """The store cannot answer; the message is one line and says what would be right."""


class StoreInUse(StoreError):
    """Another process, or another object of this one, has the store open."""


class StoreDamaged(StoreError):
    """What the store holds cannot be read as a store, or as this store."""


class StoreUnavailable(StoreError):
    """The store cannot be reached, opened or written to."""


class StorePackageMissing(StoreUnavailable):
    """The engine's package is not installed."""


class SnapshotMisfit(StoreError):
    """A snapshot holds vectors of another dimension than the store, which is unchanged."""


class Reason(Enum):
    """Why the store refused; the values are the names users and reports are told."""

    HASH_MISMATCH = "HashMismatch"
    ILLEGAL_TRANSITION = "IllegalTransition"
    UNKNOWN_POINT = "UnknownPoint"
    POINT_ID_COLLISION = "PointIdCollision"  # the point is of another record with this very id
    WRONG_DIMENSION = "WrongDimension"
    INVALID_NUMBER = "InvalidNumber"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as stored and served.  `created_at` is in seconds, on the ledger's clock."""

    key: RecordKey
    content: str
    status: Status
    privacy: Privacy
    created_at: int


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads: an address, and whether it holds the Premium entitlement right now."""

    address: Address
    premium: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """The store now holds what was asked; `already`: it did before, nothing changed."""

    already: bool


@dataclass(frozen=True, slots=True)
class Repaired:
    """An upsert replaced damaged content or a lost vector; any quarantine is lifted."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """There is no such point any more; `found`: there was one."""

    found: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed, for this reason."""

    reason: Reason | ContentFault


@dataclass(frozen=True, slots=True)
class Found:
    """The message; its content was just re-hashed (C3)."""

    message: Message


@dataclass(frozen=True, slots=True)
class Missing:
    """No point with this key."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """The viewer may not get this record (S8); towards them, it is as if `Missing`."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The content does not hash to the key, and is not served; `newly`: found just now."""

    key: RecordKey
    newly: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """Messages by `created_at`, then point id; and the points newly quarantined, likewise."""

    messages: tuple[Message, ...]
    quarantined: tuple[RecordKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A search hit.  `score` is the dot product: an exact multiple of 2**-22."""

    key: RecordKey
    score: float


@dataclass(frozen=True, slots=True)
class Results:
    """Hits by descending score, then point id; and the points newly quarantined, likewise."""

    hits: tuple[Hit, ...]
    quarantined: tuple[RecordKey, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """Everything the store holds of a message; `vector` is `None` where it was lost."""

    id: str
    message: Message
    quarantined: bool
    vector: Vector | None


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


Written: TypeAlias = Stored | Refused
Upserted: TypeAlias = Stored | Repaired | Refused
Got: TypeAlias = Found | Missing | Hidden | Quarantined
Outcome: TypeAlias = (
    Stored | Repaired | Deleted | Refused | Found | Missing | Hidden | Quarantined
    | Listing | Results
)  # fmt: skip


def check_snapshot(saved: Snapshot, dimension: int) -> None:
    """Raises `SnapshotMisfit` where a store of `dimension` could not hold `saved`."""
    for held in saved.points:
        if held.vector is not None and held.vector.dimension != dimension:
            raise SnapshotMisfit(
                f"the snapshot holds vectors of dimension {held.vector.dimension}, the store"
                f" of {dimension}; restore it into a store of that dimension"
            )


IdOf: TypeAlias = Callable[[RecordKey], str]

message_point_id: IdOf = lru_cache(maxsize=65_536)(point_id)
"""The point id of a record, remembered: orders of lists and searches ask for it often."""


@lru_cache(maxsize=65_536)
def thread_point_id(thread: Address) -> str:
    """The id of a thread's point: as a record's, of the thread's address alone.

    Hashing 32 bytes where a record's key has 96 keeps the two kinds of ids apart.
    """
    return str(uuid.UUID(bytes=hashlib.sha256(thread).digest()[:16]))


class ContentPort(Protocol):
    """A store of messages and thread memberships.  All operations are idempotent."""

    versions: dict[str, str]
    """Packages that decide its behaviour, and their versions, for reports."""

    @property
    def dimension(self) -> int:
        """The length of the vectors it holds."""

    def upsert(self, message: Message, vector: Vector) -> Upserted:
        """Hold `message` under its key, searchable by `vector`.

        Refused, in this order: `InvalidContent` and `ContentTooLarge` (C2), `HashMismatch`
        (C1), `WrongDimension`, `InvalidNumber` (`created_at` beyond 64 bits, signed),
        `IllegalTransition` (a draft is nobody's but its author's), `PointIdCollision`.
        A point that holds the right content stays as it is, status included.  A damaged or
        quarantined one, or one without a vector, gets content and vector back and keeps
        everything else: `Repaired`.

        In both cases a point that is still Submitted takes over `privacy` and `created_at`
        of `message`: of several submissions the ledger has recorded none yet, and what it
        will record is the latest, so an earlier and laxer privacy must not outlive it (S8).
        `Stored.already` is false where that changed something.  Past Submitted, privacy
        changes by `set_privacy` alone, and the time does not.
        """

    def set_status(self, key: RecordKey, status: Status) -> Written:
        """Follow the ledger to `status`, over states missed on the way (section 3).

        Refused: `UnknownPoint`; `IllegalTransition`, in particular away from a final
        status (M8).
        """

    def set_privacy(self, key: RecordKey, privacy: Privacy) -> Written:
        """Change whom the record is for, in any status (M8).  Refused: `UnknownPoint`."""

    def put_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Written:
        """Hold a thread's co-authors as of ledger `sequence`; older news is ignored.

        The same sequence with other co-authors replaces them: that is how metadata which
        went wrong is put right.  Refused: `InvalidNumber` (sequence negative or beyond
        64 bits, signed).
        """

    def delete(self, key: RecordKey) -> Deleted:
        """Remove a message point (orphans only: section 6).

        An unreadable one goes too, and was not `found`; another record's, which has the
        same id, stays.
        """

    def get(self, viewer: Viewer, key: RecordKey) -> Got:
        """One message.  `Missing` and `Hidden` are decided before the content is looked at."""

    def list_thread(self, viewer: Viewer, thread: Address) -> Listing:
        """The messages of a thread the viewer may list."""

    def search(
        self, viewer: Viewer, query: Vector, limit: int, thread: Address | None = None
    ) -> Results | Refused:
        """The `limit` messages nearest to `query` that the viewer may search, everywhere or
        in one thread.

        Points without a vector are not found.  Refused: `WrongDimension`;
        `InvalidNumber` (a limit below 1).
        """

    def observe(self) -> Snapshot:
        """Everything the store holds; looking changes nothing and quarantines nothing."""

    def observe_point(self, key: RecordKey) -> StoredPoint | None:
        """Everything the store holds of one record."""

    def observe_thread(self, thread: Address) -> StoredThread | None:
        """Everything the store holds of one thread, its messages apart."""

    def damage(self, key: RecordKey, content: str) -> Written:
        """FAULT: overwrite a point's content behind the store's back (section 8).

        Nothing else changes, and nobody is told.  Refused: `InvalidContent` (no UTF-8 form),
        `UnknownPoint`.
        """

    def lose_vector(self, key: RecordKey) -> Written:
        """FAULT: a point's vector is gone (section 8).  Refused: `UnknownPoint`."""

    def reset(self) -> None:
        """Empty the store; cheap enough to be done for every test case."""

    def save(self) -> Snapshot:
        """The whole store, to be put back later by `restore`, here or elsewhere."""

    def restore(self, saved: Snapshot) -> None:
        """Hold exactly what `saved` does: a snapshot restored, however old.

        Raises `SnapshotMisfit`, before anything is changed, for another vector dimension.
        """

    def close(self) -> None:
        """Release what the store occupies; the only thing allowed afterwards is `close`."""
