"""The content port on Qdrant Edge: the real Qdrant engine, in-process.

Theory of operation
-------------------
One shard in one directory holds both kinds of points (or, with ``tenancy`` ``collection``,
one shard for each thread: `edge_tenants`).  A message point's payload has the
full key, the content and what filters need; its id is derived from the key, and the point is
taken for that record only if the payload names it.  A thread point has a payload and no
vector, so no search can find it.

The visibility table becomes a filter (`AccessFilters`), given the threads whose points
name the viewer as a co-author, or, with ``acl`` ``per_message``, what every message point
names.  Quarantined points are filtered out with it.

Nothing is kept between operations but filters, which depend on their parameters alone:
every answer is what the engine says now.

Indices make filters faster.  The engine answers some ranges of numbers otherwise with an
index than without one, and compares floats in both cases; so a filter by time lets a little
more pass than is wanted, and times are compared again here.
"""

from __future__ import annotations

from choir_model.adapters.edge_faults import EdgeFaults
from choir_model.adapters.edge_payload import INTACT, collides, read_co_authors, read_own
from choir_model.adapters.edge_reading import EdgeReading
from choir_model.adapters.edge_store import intact
from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import ContentFault, Privacy, Status, content_fault, follows
from choir_model.ports.content import (
    MAX_INTEGER,
    Deleted,
    Message,
    Reason,
    Refused,
    Repaired,
    Stored,
    Upserted,
    Written,
    fits,
    message_point_id,
)
from choir_model.ports.embeddings import Vector


class EdgeContent(EdgeReading, EdgeFaults):
    """A content store on Qdrant Edge; see `EdgeStore` for where it is and how it is opened."""

    def upsert(self, message: Message, vector: Vector) -> Upserted:
        reason = self._unacceptable(message, vector)
        if reason is not None:
            return Refused(reason)
        key = message.key
        name = message_point_id(key)
        payload, coordinates = self._fetch(key.thread, name, with_vector=True)
        if collides(payload, key):
            return Refused(Reason.POINT_ID_COLLISION)
        found = read_own(payload, key)
        if payload is None or found is None:
            self._put(message, vector)
            return Stored(already=False)
        latest = message if found.status is Status.SUBMITTED else found
        privacy, created_at = latest.privacy, latest.created_at
        if payload["integrity"] == INTACT and coordinates and intact(found):
            already = (privacy, created_at) == (found.privacy, found.created_at)
            if not already:
                self._change(key, {"privacy": privacy.value, "created_at": created_at})
            return Stored(already)
        repaired = Message(key, message.content, found.status, privacy, created_at)
        self._put(repaired, vector, read_co_authors(payload))
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
        if held is not None and sequence < held.sequence:
            return Stored(already=True)
        return self._hold_thread(thread, co_authors, sequence)

    def correct_status(self, key: RecordKey, status: Status) -> Written:
        if status is Status.DRAFT:
            return Refused(Reason.ILLEGAL_TRANSITION)
        found = self._message(key)
        if found is None:
            return Refused(Reason.UNKNOWN_POINT)
        return self._set(key, "status", found.status.value, status.value)

    def correct_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Written:
        if not 0 <= sequence <= MAX_INTEGER:
            return Refused(Reason.INVALID_NUMBER)
        return self._hold_thread(thread, co_authors, sequence)

    def delete(self, key: RecordKey) -> Deleted:
        name = message_point_id(key)
        payload, _ = self._fetch(key.thread, name)
        if payload is not None and not collides(payload, key):
            self._tenants.home(key.thread).delete(name)
        return Deleted(found=read_own(payload, key) is not None)

    def _unacceptable(self, message: Message, vector: Vector) -> Reason | ContentFault | None:
        fault = content_fault(message.content, self.max_content_bytes)
        if fault is not None:
            return fault
        if not intact(message):
            return Reason.HASH_MISMATCH
        if vector.dimension != self._dimension:
            return Reason.WRONG_DIMENSION
        if not fits(message.created_at):
            return Reason.INVALID_NUMBER
        return Reason.ILLEGAL_TRANSITION if message.status is Status.DRAFT else None
