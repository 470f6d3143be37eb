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

Answers are deterministic.  Lists order by time, searches by score, and both then by point
id, also where equals meet the limit; points are examined in that order, and examining stops
when the limit is filled, so which points one answer can quarantine is determined too.

A page ends with a cursor that says *where* it ended, not how many came before: what was
stored meanwhile is in a later page or in none, and never moves another message from one page
to the next, or shows it twice.

Indices make answers faster and are no part of them: with an index lost, every answer is what
it was (S8: a lost index neither shows nor hides anything).

Of a record's metadata, status and co-authors are copies of what the ledger says.  News
travels forwards only (`set_status`, `put_thread`); what went wrong the other way, a status
that is final too early or a sequence from the future, is put right by `correct_status` and
`correct_thread` from what was just read on the ledger, which wins (section 6, conflicts).
Privacy is on no ledger: only its author can put it right (`set_privacy`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import ContentFault, Privacy, Status
from choir_model.ports.content_design import ContentDesign
from choir_model.ports.content_errors import (
    SnapshotMisfit,
    StoreDamaged,
    StoreError,
    StoreInUse,
    StorePackageMissing,
    StoreUnavailable,
)
from choir_model.ports.content_faults import ContentFaults
from choir_model.ports.content_held import Snapshot, StoredPoint, StoredThread, check_snapshot
from choir_model.ports.content_ids import message_point_id, thread_point_id
from choir_model.ports.embeddings import Vector

__all__ = [
    "MAX_INTEGER", "ContentFaults", "ContentPort", "Cursor", "Deleted", "Found", "Got",
    "Hidden", "Hit", "Index", "Listing", "Message", "Missing", "Outcome", "Page", "Quarantined",
    "Rank", "Reason", "Rebuilt", "Refused", "Repaired", "Results", "Snapshot", "SnapshotMisfit",
    "StoreDamaged", "StoreError", "StoreInUse", "StorePackageMissing", "StoreUnavailable",
    "Stored", "StoredPoint", "StoredThread", "Upserted", "Viewer", "Where", "Written",
    "check_snapshot", "fits", "message_point_id", "thread_point_id", "within",
]  # fmt: skip

MAX_INTEGER = (1 << 63) - 1
"""Largest integer a payload may hold: engines store them signed, in 64 bits."""


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


class Index(Enum):
    """A payload index, by the field that it is of."""

    THREAD = "thread"
    AUTHOR = "author"
    CREATED_AT = "created_at"
    CO_AUTHORS = "co_authors"


@dataclass(frozen=True, slots=True)
class Where:
    """Which messages a list is of: all conditions that are given hold.

    Of `thread`, by `author`, and from `since` on until before `until` (seconds).
    """

    thread: Address | None = None
    author: Address | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the order of lists: the time (seconds) and the id of a message point."""

    created_at: int
    point: str


@dataclass(frozen=True, slots=True)
class Page:
    """At most `limit` messages beyond `after`; `None`: all, and from the beginning."""

    limit: int | None = None
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Rank:
    """A place in the order of hits: the score in steps of 2**-22, and a point id."""

    steps: int
    point: str


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
class Rebuilt:
    """Every index is there; these were not, in the order of `Index`."""

    indices: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Messages by `created_at`, then point id; and the points newly quarantined, likewise.

    `next` is the place of the last message if the limit was filled and a point is left beyond
    that the viewer may list, and `None` otherwise; nobody has looked at that point's content.
    """

    messages: tuple[Message, ...]
    quarantined: tuple[RecordKey, ...] = ()
    next: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A search hit.  `score` is the dot product: an exact multiple of 2**-22."""

    key: RecordKey
    score: float


@dataclass(frozen=True, slots=True)
class Results:
    """Hits by descending score, then point id; and the points newly quarantined, likewise.

    `next` is for hits what it is for a `Listing`.
    """

    hits: tuple[Hit, ...]
    quarantined: tuple[RecordKey, ...] = ()
    next: Rank | None = None


Written: TypeAlias = Stored | Refused
Upserted: TypeAlias = Stored | Repaired | Refused
Got: TypeAlias = Found | Missing | Hidden | Quarantined
Outcome: TypeAlias = (
    Stored | Repaired | Deleted | Refused | Found | Missing | Hidden | Quarantined
    | Listing | Results | Rebuilt
)  # fmt: skip


def within(created_at: int, since: int | None, until: int | None) -> bool:
    """Whether `created_at` is in the half-open interval (seconds)."""
    return (since is None or since <= created_at) and (until is None or created_at < until)


def fits(*numbers: int | None) -> bool:
    """Whether every number that is given fits a payload."""
    return all(number is None or -MAX_INTEGER <= number <= MAX_INTEGER for number in numbers)


class ContentPort(ContentFaults, Protocol):
    """A store of messages and thread memberships.  All operations are idempotent.

    The faults a store can be given are in `ContentFaults`.
    """

    versions: dict[str, str]
    """Packages that decide its behaviour, and their versions, for reports."""

    @property
    def dimension(self) -> int:
        """The length of the vectors it holds."""

    @property
    def design(self) -> ContentDesign:
        """Its variants (section 9)."""

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

    def correct_status(self, key: RecordKey, status: Status) -> Written:
        """Hold the status that was read on the ledger, whatever the point says.

        Final statuses give way too: it is the metadata that is wrong (section 6).  What
        was read may be old by now, so who corrects reads again and follows (`set_status`).
        Refused: `IllegalTransition` (a draft is nobody's but its author's), `UnknownPoint`.
        """

    def correct_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Written:
        """Hold what was read on the ledger, also where the point claims to be newer.

        Otherwise as `put_thread`, which is to follow, as `set_status` is for statuses.
        """

    def delete(self, key: RecordKey) -> Deleted:
        """Remove a message point (orphans only: section 6).

        An unreadable one goes too, and was not `found`; another record's, which has the
        same id, stays.
        """

    def get(self, viewer: Viewer, key: RecordKey) -> Got:
        """One message.  `Missing` and `Hidden` are decided before the content is looked at."""

    def list_thread(self, viewer: Viewer, thread: Address) -> Listing:
        """All messages of a thread the viewer may list."""

    def list(self, viewer: Viewer, where: Where, page: Page) -> Listing | Refused:
        """The messages of `where` the viewer may list, page by page.

        Refused: `InvalidNumber` (a limit below 1, a time beyond 64 bits, signed).
        """

    def search(
        self,
        viewer: Viewer,
        query: Vector,
        limit: int,
        thread: Address | None = None,
        after: Rank | None = None,
    ) -> Results | Refused:
        """The `limit` messages nearest to `query` that the viewer may search, everywhere or
        in one thread, from the beginning or beyond a hit.

        Points without a vector are not found.  Refused: `WrongDimension`;
        `InvalidNumber` (a limit below 1).
        """

    def indices(self) -> tuple[Index, ...]:
        """The indices there are, in the order of `Index`; all of them in a new store."""

    def rebuild_indices(self) -> Rebuilt:
        """Make the indices that are not there, from the payloads."""

    def observe(self) -> Snapshot:
        """Everything the store holds; looking changes nothing and quarantines nothing."""

    def observe_point(self, key: RecordKey) -> StoredPoint | None:
        """Everything the store holds of one record."""

    def observe_thread(self, thread: Address) -> StoredThread | None:
        """Everything the store holds of one thread, its messages apart."""

    def reset(self) -> None:
        """Empty the store, all indices there; cheap enough for every test case.

        Where indices were lost, making them again is what takes time.
        """

    def save(self) -> Snapshot:
        """The whole store, to be put back later by `restore`, here or elsewhere."""

    def restore(self, saved: Snapshot) -> None:
        """Hold exactly what `saved` does: a snapshot restored, however old.

        Indices follow from the points and are in no snapshot; those there are stay.
        Raises `SnapshotMisfit`, before anything is changed, for another vector dimension.
        """

    def close(self) -> None:
        """Release what the store occupies; the only thing allowed afterwards is `close`."""
