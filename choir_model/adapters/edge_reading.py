"""Reading the store on Qdrant Edge: get, list and search (S8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from choir_model.adapters.edge_payload import (
    QUARANTINED,
    Payload,
    read_co_authors,
    read_own,
)
from choir_model.adapters.edge_shard import Shard
from choir_model.adapters.edge_store import EdgeStore, intact
from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.visibility import Operation, may
from choir_model.ports.content import (
    Cursor,
    Found,
    Got,
    Hidden,
    Hit,
    Listing,
    Message,
    Missing,
    Page,
    Quarantined,
    Rank,
    Reason,
    Refused,
    Results,
    Viewer,
    Where,
    fits,
    message_point_id,
    within,
)
from choir_model.ports.embeddings import SCORE_STEPS, Vector

if TYPE_CHECKING:
    from qdrant_edge import Filter

Shards: TypeAlias = list[Shard]
Place: TypeAlias = tuple[int, str]
"""Where a point is in an order: its time, or its score in steps, negated; then its id."""


class EdgeReading(EdgeStore):
    """What viewers ask of the store."""

    def get(self, viewer: Viewer, key: RecordKey) -> Got:
        payload, _ = self._fetch(key.thread, message_point_id(key))
        found = read_own(payload, key)
        if payload is None or found is None:
            return Missing()
        if not may(
            Operation.GET,
            found.status,
            found.privacy,
            author=key.author == viewer.address,
            member=self._may_read_as_member(viewer, key, payload),
            premium=viewer.premium,
        ):
            return Hidden()
        if payload["integrity"] == QUARANTINED:
            return Quarantined(key, newly=False)
        if intact(found):
            return Found(found)
        self._quarantine(key)
        return Quarantined(key, newly=True)

    def list_thread(self, viewer: Viewer, thread: Address) -> Listing:
        answer = self.list(viewer, Where(thread), Page())
        assert isinstance(answer, Listing)
        return answer

    def list(self, viewer: Viewer, where: Where, page: Page) -> Listing | Refused:
        after = page.after
        if page.limit is not None and page.limit < 1:
            return Refused(Reason.INVALID_NUMBER)
        if not fits(where.since, where.until, after.created_at if after else None):
            return Refused(Reason.INVALID_NUMBER)
        bounds = (where.since, after.created_at if after else None)
        since = max((bound for bound in bounds if bound is not None), default=None)
        access = self._access(Operation.LIST, viewer, where)
        during = self._filters.during(access, since, where.until)
        points = [
            ((message.created_at, name), message)
            for shard in self._scope(where.thread)
            for point in shard.scroll(during)
            if (message := self._listed(shard, point.payload, name := str(point.id))) is not None
            and within(message.created_at, where.since, where.until)
        ]
        points.sort(key=itemgetter(0))
        start = (after.created_at, after.point) if after else None
        examined = self._examine(points, start, page.limit)
        messages = tuple(message for _, message in examined.intact)
        ends = Cursor(*examined.next) if examined.next else None
        return Listing(messages, examined.quarantined, ends)

    def search(
        self,
        viewer: Viewer,
        query: Vector,
        limit: int,
        thread: Address | None = None,
        after: Rank | None = None,
    ) -> Results | Refused:
        if query.dimension != self._dimension:
            return Refused(Reason.WRONG_DIMENSION)
        if limit < 1:
            return Refused(Reason.INVALID_NUMBER)
        access = self._access(Operation.SEARCH, viewer, Where(thread))
        ranked = (self._ranked(shard, query, limit, access) for shard in self._scope(thread))
        start = (-after.steps, after.point) if after else None
        examined = self._examine(merge(*ranked, key=itemgetter(0)), start, limit)
        hits = tuple(
            Hit(message.key, -place[0] / SCORE_STEPS) for place, message in examined.intact
        )
        ends = Rank(-examined.next[0], examined.next[1]) if examined.next else None
        return Results(hits, examined.quarantined, ends)

    def _scope(self, thread: Address | None) -> Shards:
        """The shards in which points of `thread` are, or of any."""
        if thread is None:
            return self._tenants.every()
        shard = self._tenants.find(thread)
        return [] if shard is None else [shard]

    def _ranked(
        self, shard: Shard, query: Vector, limit: int, access: Filter
    ) -> Iterator[tuple[Place, Message]]:
        for score, name, payload in shard.nearest(query.dense(), limit, access):
            message = self._listed(shard, payload, name)
            if message is not None:
                yield (-int(score * SCORE_STEPS), name), message

    def _listed(self, shard: Shard, payload: Payload | None, name: str) -> Message | None:
        """The message of a point that passed a filter.

        Engines match a text as if it were a list of one; garbled co-authors name nobody.
        """
        named = self._per_message and payload is not None and "co_authors" in payload
        if named and read_co_authors(payload) is None:
            return None
        return self._placed(shard, payload, name)

    def _may_read_as_member(self, viewer: Viewer, key: RecordKey, payload: Payload) -> bool:
        if self._per_message:
            return viewer.address in (read_co_authors(payload) or ())
        return self._is_member(viewer, key.thread)

    def _examine(
        self,
        ordered: Iterable[tuple[Place, Message]],
        after: Place | None,
        limit: int | None,
    ) -> _Examined:
        """The first intact messages beyond `after`, up to the limit; one more is asked for."""
        found: list[tuple[Place, Message]] = []
        quarantined: list[RecordKey] = []
        for place, message in ordered:
            if after is not None and place <= after:
                continue
            if len(found) == limit:
                return _Examined(found, tuple(quarantined), found[-1][0])
            if intact(message):
                found.append((place, message))
            else:
                quarantined.append(self._quarantine(message.key))
        return _Examined(found, tuple(quarantined), None)

    def _access(self, operation: Operation, viewer: Viewer, where: Where) -> Filter:
        """The filter for the viewer, with the thread set of this moment."""
        member_of: tuple[str, ...]
        address = viewer.address.hex()
        author = where.author.hex() if where.author is not None else None
        if self._per_message:
            member_of, wanted = (), where.thread.hex() if where.thread is not None else None
        elif where.thread is None:
            member_of = tuple(
                held.thread.hex()
                for shard in self._tenants.every()
                for point in shard.scroll(self._filters.naming(address))
                if (held := self._placed_thread(shard, point.payload, str(point.id))) is not None
            )
            wanted = None
        else:
            wanted = where.thread.hex()
            member_of = (wanted,) if self._is_member(viewer, where.thread) else ()
        return self._filters.filter(operation, address, viewer.premium, member_of, wanted, author)


class _Examined(NamedTuple):
    intact: list[tuple[Place, Message]]
    quarantined: tuple[RecordKey, ...]
    next: Place | None
