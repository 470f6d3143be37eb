"""The content port on Qdrant Edge: the real Qdrant engine, in-process.

Theory of operation
-------------------
One shard in one directory holds both kinds of points.  A message point's payload has the
full key, the content and what filters need; its id is derived from the key, and the point is
taken for that record only if the payload names it.  A thread point has a payload and no
vector, so no search can find it.

The visibility table becomes a filter (`AccessFilters`), given the threads whose points
name the viewer as a co-author.  Quarantined points are filtered out with it.

Nothing is kept between operations but filters, which depend on their parameters alone:
every answer is what the engine says now.
"""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Self

from choir_model.adapters.edge_access import AccessFilters
from choir_model.adapters.edge_payload import (
    INTACT,
    QUARANTINED,
    Payload,
    collides,
    message_payload,
    read_own,
    read_placed,
    read_thread,
    read_vector,
    thread_payload,
)
from choir_model.adapters.edge_shard import Shard
from choir_model.domain.identity import Address, RecordKey, content_hash
from choir_model.domain.lifecycle import (
    MAX_CONTENT_BYTES,
    ContentFault,
    Privacy,
    Status,
    content_fault,
    follows,
)
from choir_model.domain.visibility import Operation, may
from choir_model.ports.content import (
    MAX_INTEGER,
    Deleted,
    Found,
    Got,
    Hidden,
    Hit,
    Listing,
    Message,
    Missing,
    Quarantined,
    Reason,
    Refused,
    Repaired,
    Results,
    Snapshot,
    Stored,
    StoreDamaged,
    StoredPoint,
    StoredThread,
    StorePackageMissing,
    Upserted,
    Viewer,
    Written,
    check_snapshot,
    message_point_id,
    thread_point_id,
)
from choir_model.ports.embeddings import DEFAULT_DIMENSION, Vector

if TYPE_CHECKING:
    from qdrant_edge import Filter


class EdgeContent:
    """A content store on Qdrant Edge, in `directory`.

    Without a directory it lives in a temporary one, removed by `close`.  `wal`: whether
    updates are logged and so survive a killed process; fixed when a store is created.
    Raises `StorePackageMissing`, `StoreUnavailable`, `StoreInUse` or `StoreDamaged`.
    """

    def __init__(
        self,
        directory: str | Path | None = None,
        *,
        dimension: int = DEFAULT_DIMENSION,
        max_content_bytes: int = MAX_CONTENT_BYTES,
        wal: bool = True,
    ) -> None:
        engine = _engine()
        self._temporary = None
        if directory is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="choir-content-")
            directory = self._temporary.name
        self.directory = Path(directory)
        self.max_content_bytes = max_content_bytes
        self.versions = {"qdrant-edge-py": version("qdrant-edge-py")}
        self._dimension = dimension
        self._filters = AccessFilters(engine)
        config = engine.EdgeConfig(
            vectors=engine.EdgeVectorParams(size=dimension, distance=engine.Distance.Dot),
            wal_enabled=wal,
        )
        try:
            self._shard = Shard(engine, self.directory, config)
            self._shard.index("thread", is_tenant=True)
            self._shard.index("co_authors", is_tenant=False)
        except BaseException:
            self._remove_temporary()
            raise

    @property
    def dimension(self) -> int:
        return self._dimension

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def upsert(self, message: Message, vector: Vector) -> Upserted:
        reason = self._unacceptable(message, vector)
        if reason is not None:
            return Refused(reason)
        key = message.key
        name = message_point_id(key)
        payload, coordinates = self._shard.fetch(name, with_vector=True)
        if collides(payload, key):
            return Refused(Reason.POINT_ID_COLLISION)
        found = read_own(payload, key)
        if payload is None or found is None:
            self._put(message, vector)
            return Stored(already=False)
        latest = message if found.status is Status.SUBMITTED else found
        privacy, created_at = latest.privacy, latest.created_at
        if payload["integrity"] == INTACT and coordinates and _intact(found):
            already = (privacy, created_at) == (found.privacy, found.created_at)
            if not already:
                self._shard.set(name, {"privacy": privacy.value, "created_at": created_at})
            return Stored(already)
        self._put(Message(key, message.content, found.status, privacy, created_at), vector)
        return Repaired()

    def set_status(self, key: RecordKey, status: Status) -> Written:
        found = self._message(key)
        if found is None:
            return Refused(Reason.UNKNOWN_POINT)
        if found.status is not status and not follows(found.status, status):
            return Refused(Reason.ILLEGAL_TRANSITION)
        return self._set(key, "status", found.status.value, status.value)

    def set_privacy(self, key: RecordKey, privacy: Privacy) -> Written:
        found = self._message(key)
        if found is None:
            return Refused(Reason.UNKNOWN_POINT)
        return self._set(key, "privacy", found.privacy.value, privacy.value)

    def put_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Written:
        if not 0 <= sequence <= MAX_INTEGER:
            return Refused(Reason.INVALID_NUMBER)
        held = self.observe_thread(thread)
        if held is not None and (
            sequence < held.sequence or (sequence, co_authors) == (held.sequence, held.co_authors)
        ):
            return Stored(already=True)
        payload = thread_payload(thread, co_authors, sequence)
        self._shard.put([(thread_point_id(thread), None, payload)])
        return Stored(already=False)

    def delete(self, key: RecordKey) -> Deleted:
        name = message_point_id(key)
        payload, _ = self._shard.fetch(name)
        if payload is not None and not collides(payload, key):
            self._shard.delete(name)
        return Deleted(found=read_own(payload, key) is not None)

    def get(self, viewer: Viewer, key: RecordKey) -> Got:
        payload, _ = self._shard.fetch(message_point_id(key))
        found = read_own(payload, key)
        if payload is None or found is None:
            return Missing()
        if not may(
            Operation.GET,
            found.status,
            found.privacy,
            author=key.author == viewer.address,
            member=self._is_member(viewer, key.thread),
            premium=viewer.premium,
        ):
            return Hidden()
        if payload["integrity"] == QUARANTINED:
            return Quarantined(key, newly=False)
        if _intact(found):
            return Found(found)
        self._quarantine(key)
        return Quarantined(key, newly=True)

    def list_thread(self, viewer: Viewer, thread: Address) -> Listing:
        points = [
            (message.created_at, name, message)
            for point in self._shard.scroll(self._access(Operation.LIST, viewer, thread))
            if (message := read_placed(point.payload, name := str(point.id))) is not None
        ]
        points.sort(key=_by_time)
        messages: list[Message] = []
        quarantined: list[RecordKey] = []
        for _, _, message in points:
            if _intact(message):
                messages.append(message)
            else:
                quarantined.append(self._quarantine(message.key))
        return Listing(tuple(messages), tuple(quarantined))

    def search(
        self, viewer: Viewer, query: Vector, limit: int, thread: Address | None = None
    ) -> Results | Refused:
        if query.dimension != self._dimension:
            return Refused(Reason.WRONG_DIMENSION)
        if limit < 1:
            return Refused(Reason.INVALID_NUMBER)
        access = self._access(Operation.SEARCH, viewer, thread)
        hits: list[Hit] = []
        quarantined: list[RecordKey] = []
        for score, name, payload in self._shard.nearest(query.dense(), limit, access):
            message = read_placed(payload, name)
            if message is not None and _intact(message):
                hits.append(Hit(message.key, score))
                if len(hits) == limit:
                    break
            elif message is not None:
                quarantined.append(self._quarantine(message.key))
        return Results(tuple(hits), tuple(quarantined))

    def observe(self) -> Snapshot:
        points: list[StoredPoint] = []
        threads: list[StoredThread] = []
        unreadable: list[str] = []
        for point in self._shard.scroll(with_vector=True):
            name, payload = str(point.id), point.payload
            if (stored := self._stored(name, payload, point.vector)) is not None:
                points.append(stored)
            elif (thread := read_thread(payload, name)) is not None:
                threads.append(thread)
            else:
                unreadable.append(name)
        return Snapshot(tuple(points), tuple(threads), tuple(unreadable))

    def observe_point(self, key: RecordKey) -> StoredPoint | None:
        name = message_point_id(key)
        stored = self._stored(name, *self._shard.fetch(name, with_vector=True))
        return stored if stored is not None and stored.message.key == key else None

    def observe_thread(self, thread: Address) -> StoredThread | None:
        name = thread_point_id(thread)
        return read_thread(self._shard.fetch(name)[0], name)

    def damage(self, key: RecordKey, content: str) -> Written:
        try:
            content.encode("utf-8")
        except UnicodeEncodeError:
            return Refused(ContentFault.INVALID_CONTENT)
        found = self._message(key)
        if found is None:
            return Refused(Reason.UNKNOWN_POINT)
        return self._set(key, "content", found.content, content)

    def lose_vector(self, key: RecordKey) -> Written:
        name = message_point_id(key)
        payload, coordinates = self._shard.fetch(name, with_vector=True)
        if read_own(payload, key) is None:
            return Refused(Reason.UNKNOWN_POINT)
        if coordinates:
            self._shard.lose_vector(name)
        return Stored(already=not coordinates)

    def reset(self) -> None:
        self._shard.clear()

    def save(self) -> Snapshot:
        return self.observe()

    def restore(self, saved: Snapshot) -> None:
        check_snapshot(saved, self._dimension)
        self._shard.clear()
        self._shard.put(
            (
                held.id,
                held.vector.dense() if held.vector is not None else None,
                message_payload(held.message, quarantined=held.quarantined),
            )
            for held in saved.points
        )
        self._shard.put(
            (held.id, None, thread_payload(held.thread, held.co_authors, held.sequence))
            for held in saved.threads
        )

    def close(self) -> None:
        self._shard.close()
        self._remove_temporary()

    def _unacceptable(self, message: Message, vector: Vector) -> Reason | ContentFault | None:
        fault = content_fault(message.content, self.max_content_bytes)
        if fault is not None:
            return fault
        if not _intact(message):
            return Reason.HASH_MISMATCH
        if vector.dimension != self._dimension:
            return Reason.WRONG_DIMENSION
        if not -MAX_INTEGER <= message.created_at <= MAX_INTEGER:
            return Reason.INVALID_NUMBER
        return Reason.ILLEGAL_TRANSITION if message.status is Status.DRAFT else None

    def _access(self, operation: Operation, viewer: Viewer, thread: Address | None) -> Filter:
        """The filter for the viewer, with the thread set of this moment."""
        member_of: tuple[str, ...]
        address = viewer.address.hex()
        if thread is None:
            member_of = tuple(
                held.thread.hex()
                for point in self._shard.scroll(self._filters.naming(address))
                if (held := read_thread(point.payload, str(point.id))) is not None
            )
            wanted = None
        else:
            wanted = thread.hex()
            member_of = (wanted,) if self._is_member(viewer, thread) else ()
        return self._filters.filter(operation, address, viewer.premium, member_of, wanted)

    def _is_member(self, viewer: Viewer, thread: Address) -> bool:
        held = self.observe_thread(thread)
        return held is not None and viewer.address in held.co_authors

    def _message(self, key: RecordKey) -> Message | None:
        return read_own(self._shard.fetch(message_point_id(key))[0], key)

    def _stored(
        self, name: str, payload: Payload | None, coordinates: object
    ) -> StoredPoint | None:
        message = read_placed(payload, name)
        if payload is None or message is None:
            return None
        try:
            vector = read_vector(coordinates)
        except ValueError as error:
            raise StoreDamaged(f"{self.directory} holds a vector nobody stored: {error}") from None
        return StoredPoint(name, message, payload["integrity"] == QUARANTINED, vector)

    def _put(self, message: Message, vector: Vector) -> None:
        name = message_point_id(message.key)
        self._shard.put([(name, vector.dense(), message_payload(message))])

    def _set(self, key: RecordKey, field: str, held: str, value: str) -> Stored:
        already = held == value
        if not already:
            self._shard.set(message_point_id(key), {field: value})
        return Stored(already)

    def _quarantine(self, key: RecordKey) -> RecordKey:
        self._shard.set(message_point_id(key), {"integrity": QUARANTINED})
        return key

    def _remove_temporary(self) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()


def _engine() -> ModuleType:
    try:
        import qdrant_edge
    except ImportError as error:
        raise StorePackageMissing(
            f"Qdrant Edge cannot be imported ({error}); install qdrant-edge-py"
        ) from None
    return qdrant_edge


def _intact(message: Message) -> bool:
    return content_hash(message.content) == message.key.hash


def _by_time(row: tuple[int, str, Message]) -> tuple[int, str]:
    return row[:2]
