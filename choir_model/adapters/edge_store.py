"""A store on Qdrant Edge: its directory, its points as values, and the whole of it."""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from types import ModuleType
from typing import Self

from choir_model.adapters.edge_access import AccessFilters
from choir_model.adapters.edge_payload import (
    QUARANTINED,
    Payload,
    message_payload,
    read_co_authors,
    read_own,
    read_placed,
    read_thread,
    read_vector,
    sealed,
    thread_payload,
    written,
)
from choir_model.adapters.edge_shard import Shard
from choir_model.adapters.edge_tenants import Tenants
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
from choir_model.ports.content_design import DEFAULT, Acl, ContentDesign
from choir_model.ports.content_held import co_authors_of
from choir_model.ports.embeddings import DEFAULT_DIMENSION, Vector


class EdgeStore:
    """A store on Qdrant Edge, in `directory`.

    Without a directory it lives in a temporary one, removed by `close`.  `wal`: whether
    updates are logged and so survive a killed process; fixed when a store is created.
    Indices that are not there are made.  `design`: its variants, of which the tenancy can be
    told from the directory, and the ``acl`` cannot.
    Raises `StorePackageMissing`, `StoreUnavailable`, `StoreInUse` or `StoreDamaged`.
    """

    def __init__(
        self,
        directory: str | Path | None = None,
        *,
        dimension: int = DEFAULT_DIMENSION,
        max_content_bytes: int = MAX_CONTENT_BYTES,
        wal: bool = True,
        design: ContentDesign = DEFAULT,
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
        self.design = design
        self._per_message = design.acl is Acl.PER_MESSAGE
        self._filters = AccessFilters(engine, design.acl)
        self._lost: set[Index] = set()
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
            self._tenants = Tenants(
                design.tenancy,
                self.directory,
                lambda path: self._indexed(Shard(engine, path, config)),
            )
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

    @property
    def _shard(self) -> Shard:
        return self._tenants.only

    def indices(self) -> tuple[Index, ...]:
        there = [shard.indices() for shard in self._tenants.opened()]
        return tuple(
            index
            for index in Index
            if index not in self._lost and all(index.value in indexed for indexed in there)
        )

    def rebuild_indices(self) -> Rebuilt:
        there = self.indices()
        lost = tuple(index for index in Index if index not in there)
        self._lost.clear()
        for shard in self._tenants.opened():
            self._indexed(shard)
        return Rebuilt(lost)

    def _indexed(self, shard: Shard) -> Shard:
        """A shard with the indices it is to have."""
        there = shard.indices()
        for index in Index:
            if index in self._lost and index.value in there:
                shard.lose_index(index.value)
            elif index not in self._lost and index.value not in there:
                shard.index(index.value, self._schemas[index])
        return shard

    def observe(self) -> Snapshot:
        points: list[StoredPoint] = []
        threads: list[StoredThread] = []
        unreadable: list[str] = []
        every = [
            (str(point.id), shard, point)
            for shard in self._tenants.every()
            for point in shard.scroll(with_vector=True)
        ]
        for name, shard, point in sorted(every, key=itemgetter(0)):
            payload = point.payload
            if self._placed(shard, payload, name) is not None:
                stored = self._stored(name, payload, point.vector)
                assert stored is not None
                points.append(stored)
            elif (thread := self._placed_thread(shard, payload, name)) is not None:
                threads.append(thread)
            else:
                unreadable.append(name)
        return Snapshot(tuple(points), tuple(threads), tuple(unreadable))

    def observe_point(self, key: RecordKey) -> StoredPoint | None:
        name = message_point_id(key)
        stored = self._stored(name, *self._fetch(key.thread, name, with_vector=True))
        return stored if stored is not None and stored.message.key == key else None

    def observe_thread(self, thread: Address) -> StoredThread | None:
        name = thread_point_id(thread)
        return read_thread(self._fetch(thread, name)[0], name)

    def reset(self) -> None:
        self._clear()
        self.rebuild_indices()

    def save(self) -> Snapshot:
        return self.observe()

    def restore(self, saved: Snapshot) -> None:
        check_snapshot(saved, self._dimension)
        self._clear()
        points: dict[Shard, list[tuple[str, list[float] | None, Payload]]] = {}
        for held in saved.points:
            named = co_authors_of(held, saved) if self._per_message else None
            payload = message_payload(held.message, quarantined=held.quarantined, co_authors=named)
            dense = held.vector.dense() if held.vector is not None else None
            home = self._tenants.home(held.message.key.thread)
            points.setdefault(home, []).append((held.id, dense, payload))
        for stored in saved.threads:
            payload = thread_payload(stored.thread, stored.co_authors, stored.sequence)
            home = self._tenants.home(stored.thread)
            points.setdefault(home, []).append((stored.id, None, payload))
        for shard, rows in points.items():
            shard.put(rows)

    def close(self) -> None:
        for shard in self._tenants.opened():
            shard.close()
        self._remove_temporary()

    def _clear(self) -> None:
        for shard in self._tenants.every():
            shard.clear()

    def _fetch(
        self, thread: Address, name: str, *, with_vector: bool = False
    ) -> tuple[Payload | None, object]:
        shard = self._tenants.find(thread)
        return (None, None) if shard is None else shard.fetch(name, with_vector=with_vector)

    def _change(self, key: RecordKey, fields: Payload) -> None:
        """Set payload fields of a point, which is there."""
        name = message_point_id(key)
        held = self._fetch(key.thread, name)[0] or {}
        self._tenants.home(key.thread).set(name, sealed(held, fields))

    def _is_member(self, viewer: Viewer, thread: Address) -> bool:
        held = self.observe_thread(thread)
        return held is not None and viewer.address in held.co_authors

    def _placed(self, shard: Shard, payload: Payload | None, name: str) -> Message | None:
        """The message of a point that is where its key demands, by name and by shard."""
        message = read_placed(payload, name)
        if message is None or self._tenants.find(message.key.thread) is not shard:
            return None
        return message

    def _placed_thread(
        self, shard: Shard, payload: Payload | None, name: str
    ) -> StoredThread | None:
        """The thread of a point that is where it demands, by name and by shard."""
        held = read_thread(payload, name)
        return held if held is not None and self._tenants.find(held.thread) is shard else None

    def _message(self, key: RecordKey) -> Message | None:
        return read_own(self._fetch(key.thread, message_point_id(key))[0], key)

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
        named = read_co_authors(payload) if self._per_message else None
        return StoredPoint(name, message, payload["integrity"] == QUARANTINED, vector, named)

    def _put(
        self, message: Message, vector: Vector, named: tuple[Address, ...] | None = None
    ) -> None:
        """Hold a message that names `named`, or else the co-authors of its thread's point."""
        thread = message.key.thread
        if self._per_message and named is None:
            held = self.observe_thread(thread)
            named = held.co_authors if held is not None else ()
        payload = message_payload(message, co_authors=named if self._per_message else None)
        row = (message_point_id(message.key), vector.dense(), payload)
        self._tenants.home(thread).put([row])

    def _set(self, key: RecordKey, field: str, held: str, value: str) -> Stored:
        already = held == value
        if not already:
            self._change(key, {field: value})
        return Stored(already)

    def _hold_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Stored:
        # Its own point comes last: whoever was cut off before that is not taken to be done.
        told = self._tell_messages(thread, co_authors) if self._per_message else 0
        point = self._hold_thread_point(thread, co_authors, sequence)
        return Stored(point.already and not told)

    def _hold_thread_point(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Stored:
        held = self.observe_thread(thread)
        already = held is not None and (held.co_authors, held.sequence) == (co_authors, sequence)
        if not already:
            payload = thread_payload(thread, co_authors, sequence)
            self._tenants.home(thread).put([(thread_point_id(thread), None, payload)])
        return Stored(already)

    def _tell_messages(
        self, thread: Address, co_authors: tuple[Address, ...], most: int | None = None
    ) -> int:
        """Store co-authors on the message points of a thread that have others, at most `most`.

        How many were told.
        """
        shard = self._tenants.find(thread)
        if shard is None:
            return 0
        stale = [
            name
            for point in shard.scroll(self._filters.of_thread(thread.hex()))
            if self._placed(shard, point.payload, name := str(point.id)) is not None
            and read_co_authors(point.payload) != co_authors
        ][:most]
        for name in stale:
            shard.set(name, {"co_authors": written(co_authors)})
        return len(stale)

    def _quarantine(self, key: RecordKey) -> RecordKey:
        self._change(key, {"integrity": QUARANTINED})
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
