"""The visibility table as a filter of Qdrant Edge (S8); nothing about access is stated here.

Per audience the table's rectangles of statuses and privacies (`grants`) become conditions,
joined with who belongs to the audience; a record passes if any audience the viewer may be
in grants it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

from choir_model.adapters.edge_payload import INTACT
from choir_model.domain.lifecycle import Privacy
from choir_model.domain.visibility import Audience, Grant, Operation, grants
from choir_model.ports.content_design import Acl

if TYPE_CHECKING:
    from qdrant_edge import FieldCondition, Filter

FILTERS_KEPT = 1_024


class AccessFilters:
    """Filters of one engine; making one costs more than many searches, so they are kept."""

    def __init__(self, engine: ModuleType, acl: Acl = Acl.PER_THREAD) -> None:
        self._engine = engine
        self._acl = acl
        self.filter = lru_cache(maxsize=FILTERS_KEPT)(self._filter)

    def of_thread(self, thread: str) -> Filter:
        """All points of a thread."""
        own: Filter = self._engine.Filter(must=[self._is("thread", thread)])
        return own

    def naming(self, viewer: str) -> Filter:
        """The thread points that name `viewer` as a co-author."""
        named: Filter = self._engine.Filter(must=[self._is("co_authors", viewer)])
        return named

    def during(self, access: Filter, since: int | None, until: int | None) -> Filter:
        """What passes `access` and is of the interval (seconds), or just outside of it.

        The engine compares times as floats, and the largest ones in another way where they
        are indexed; a bound moved outwards by one float lets all pass that belongs.
        """
        if since is None and until is None:
            return access
        bounds = {}
        if since is not None:
            bounds["gte"] = math.nextafter(float(since), -math.inf)
        if until is not None:
            bounds["lte"] = math.nextafter(float(until), math.inf)
        interval = self._engine.RangeFloat(**bounds)
        of_time = self._engine.FieldCondition("created_at", range=interval)
        narrowed: Filter = self._engine.Filter(must=[access, of_time])
        return narrowed

    def _filter(
        self,
        operation: Operation,
        viewer: str,
        premium: bool,
        member_of: tuple[str, ...],
        thread: str | None,
        author: str | None = None,
    ) -> Filter:
        """What `viewer` may do `operation` with, quarantined points left out.

        Addresses as in payloads; `member_of`: the threads the viewer is a member of, which
        ``acl`` ``per_message`` has no use for;
        `thread`, `author`: the only ones wanted, or `None`.
        """
        audiences = list(self._audiences(operation, viewer, premium, member_of))
        conditions = [self._engine.Filter(should=audiences), self._is("integrity", INTACT)]
        if thread is not None:
            conditions.append(self._is("thread", thread))
        if author is not None:
            conditions.append(self._is("author", author))
        access: Filter = self._engine.Filter(must=conditions)
        return access

    def _audiences(
        self, operation: Operation, viewer: str, premium: bool, member_of: tuple[str, ...]
    ) -> Iterator[Filter]:
        belongs: dict[Audience, list[FieldCondition]] = {
            Audience.AUTHOR: [self._is("author", viewer)],
            Audience.ANYONE: [],
        }
        if self._acl is Acl.PER_MESSAGE:
            belongs[Audience.MEMBER] = [self._is("co_authors", viewer)]
        elif member_of:
            belongs[Audience.MEMBER] = [self._any("thread", member_of)]
        if premium:
            belongs[Audience.PREMIUM] = []
        for audience, who in belongs.items():
            for grant in grants(operation, audience):
                yield self._engine.Filter(must=[*self._rectangle(grant), *who])

    def _rectangle(self, grant: Grant) -> Iterator[FieldCondition]:
        yield self._any("status", tuple(status.value for status in grant.statuses))
        if len(grant.privacies) < len(Privacy):
            yield self._any("privacy", tuple(privacy.value for privacy in grant.privacies))

    def _is(self, field: str, value: str) -> FieldCondition:
        match = self._engine.MatchValue(value)
        condition: FieldCondition = self._engine.FieldCondition(field, match=match)
        return condition

    def _any(self, field: str, values: tuple[str, ...]) -> FieldCondition:
        match = self._engine.MatchAny(list(values))
        condition: FieldCondition = self._engine.FieldCondition(field, match=match)
        return condition
