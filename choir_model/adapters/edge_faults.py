"""The faults of section 8 on Qdrant Edge: points overwritten past every rule."""

from __future__ import annotations

from choir_model.adapters.edge_payload import read_own
from choir_model.adapters.edge_store import EdgeStore
from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import ContentFault, Privacy, Status
from choir_model.ports.content import (
    MAX_INTEGER,
    Index,
    Reason,
    Refused,
    Stored,
    Written,
    message_point_id,
)


class EdgeFaults(EdgeStore):
    """Switches for faults."""

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
        payload, coordinates = self._fetch(key.thread, name, with_vector=True)
        if read_own(payload, key) is None:
            return Refused(Reason.UNKNOWN_POINT)
        if coordinates:
            self._tenants.home(key.thread).lose_vector(name)
        return Stored(already=not coordinates)

    def damage_status(self, key: RecordKey, status: Status) -> Written:
        found = self._message(key)
        if found is None:
            return Refused(Reason.UNKNOWN_POINT)
        return self._set(key, "status", found.status.value, status.value)

    def damage_privacy(self, key: RecordKey, privacy: Privacy) -> Written:
        found = self._message(key)
        if found is None:
            return Refused(Reason.UNKNOWN_POINT)
        return self._set(key, "privacy", found.privacy.value, privacy.value)

    def damage_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Written:
        if not 0 <= sequence <= MAX_INTEGER:
            return Refused(Reason.INVALID_NUMBER)
        if self.observe_thread(thread) is None:
            return Refused(Reason.UNKNOWN_POINT)
        return self._hold_thread_point(thread, co_authors, sequence)

    def put_thread_partly(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int, done: int
    ) -> Written:
        if not 0 <= sequence <= MAX_INTEGER or done < 0:
            return Refused(Reason.INVALID_NUMBER)
        held = self.observe_thread(thread)
        if not self._per_message or (held is not None and sequence < held.sequence):
            return Stored(already=True)
        return Stored(already=self._tell_messages(thread, co_authors, done) == 0)

    def lose_index(self, index: Index) -> Stored:
        already = index not in self.indices()
        self._lost.add(index)
        for shard in self._tenants.opened():
            self._indexed(shard)
        return Stored(already)
