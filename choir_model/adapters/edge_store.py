"""A store on Qdrant Edge: its directory, its points as values, and the whole of it."""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Self

from choir_model.adapters.edge_access import AccessFilters
from choir_model.adapters.edge_payload import (
    QUARANTINED,
    Payload,
    message_payload,
    read_own,
    read_placed,
    read_thread,
    read_vector,
    thread_payload,
)
from choir_model.adapters.edge_shard import Shard
from choir_model.domain.identity import Address, RecordKey, content_hash
from choir_model.domain.lifecycle import MAX_CONTENT_BYTES
from choir_model.ports.content import (
    Index,
    Message,
    Rebuilt,
    Snapshot,
    Stored,
    StoreDamaged,
    StoredPoint,
    StoredThread,
    StorePackageMissing,
    Viewer,
    check_snapshot,
    message_point_id,
    thread_point_id,
)
from choir_model.ports.embeddings import DEFAULT_DIMENSION, Vector


class EdgeStore:
    """A store on Qdrant Edge, in `directory`.

    Without a directory it lives in a temporary one, removed by `close`.  `wal`: whether
    updates are logged and so survive a killed process; fixed when a store is created.
    Indices that are not there are made.
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
        self._schemas = {
            Index.THREAD: engine.KeywordIndexParams(is_tenant=True),
            Index.AUTHOR: engine.KeywordIndexParams(is_tenant=False),
            Index.CREATED_AT: engine.IntegerIndexParams(lookup=False, range=True),
            Index.CO_AUTHORS: engine.KeywordIndexParams(is_tenant=False),
        }
        config = engine.EdgeConfig(
            vectors=engine.EdgeVectorParams(size=dimension, distance=engine.Distance.Dot),
            wal_enabled=wal,
        )
        try:
            self._shard = Shard(engine, self.directory, config)
            self.rebuild_indices()
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

    def indices(self) -> tuple[Index, ...]:
        there = self._shard.indices()
        return tuple(index for index in Index if index.value in there)

    def rebuild_indices(self) -> Rebuilt:
        there = self.indices()
        lost = tuple(index for index in Index if index not in there)
        for index in lost:
            self._shard.index(index.value, self._schemas[index])
        return Rebuilt(lost)

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

    def reset(self) -> None:
        self._shard.clear()
        self.rebuild_indices()

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

    def _hold_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Stored:
        held = self.observe_thread(thread)
        already = held is not None and (held.co_authors, held.sequence) == (co_authors, sequence)
        if not already:
            payload = thread_payload(thread, co_authors, sequence)
            self._shard.put([(thread_point_id(thread), None, payload)])
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


def intact(message: Message) -> bool:
    """Whether the content of a message hashes to its key (S5b)."""
    return content_hash(message.content) == message.key.hash
