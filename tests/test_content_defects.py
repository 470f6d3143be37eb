"""What the content machine must catch of pages, indices, corrections and cursors."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from qdrant_edge import Filter

from choir_model.adapters import edge_reading
from choir_model.adapters.edge import EdgeContent
from choir_model.adapters.edge_reading import Place
from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Status
from choir_model.lockstep.compare import Disagreement
from choir_model.lockstep.content import ContentFactory, run_content_lockstep
from choir_model.lockstep.running import Failure
from choir_model.ports.content import (
    Index,
    Listing,
    Message,
    Page,
    Rebuilt,
    Refused,
    Viewer,
    Where,
    Written,
)

STEPS = 6_000


class RepeatsTheLast(EdgeContent):
    """A page begins with the message the one before ended with."""

    def _examine(
        self,
        ordered: Iterable[tuple[Place, Message]],
        after: Place | None,
        limit: int | None,
    ) -> edge_reading._Examined:
        if after is not None:
            after = (after[0], after[1][:-1])
        return super()._examine(ordered, after, limit)


class SkipsEquals(EdgeContent):
    """What is equal to where a page ended, but for the id, is on no page."""

    def _examine(
        self,
        ordered: Iterable[tuple[Place, Message]],
        after: Place | None,
        limit: int | None,
    ) -> edge_reading._Examined:
        if after is not None:
            after = (after[0], "~")
        return super()._examine(ordered, after, limit)


class AlwaysMore(EdgeContent):
    """A full page always promises a next one."""

    def _examine(
        self,
        ordered: Iterable[tuple[Place, Message]],
        after: Place | None,
        limit: int | None,
    ) -> edge_reading._Examined:
        examined = super()._examine(ordered, after, limit)
        if len(examined.intact) == limit:
            return examined._replace(next=examined.intact[-1][0])
        return examined


class UntilIncluded(EdgeContent):
    """Intervals are closed at their end."""

    def list(self, viewer: Viewer, where: Where, page: Page) -> Listing | Refused:
        until = where.until
        if until is not None and until < 1 << 53:
            where = Where(where.thread, where.author, where.since, until + 1)
        return super().list(viewer, where, page)


class NarrowTimes(EdgeContent):
    """Times are asked for as floats, and no more passes than the engine says."""

    def __init__(self) -> None:
        super().__init__()
        import qdrant_edge

        def during(access: Filter, since: int | None, until: int | None) -> Filter:
            gte = None if since is None else float(since)
            lt = None if until is None else float(until)
            interval = qdrant_edge.RangeFloat(gte=gte, lt=lt)
            of_time = qdrant_edge.FieldCondition("created_at", range=interval)
            return qdrant_edge.Filter(must=[access, of_time])

        self._filters.during = during  # type: ignore[method-assign]


class AuthorByIndexOnly(EdgeContent):
    """Without its index, nothing is found by author."""

    def list(self, viewer: Viewer, where: Where, page: Page) -> Listing | Refused:
        answer = super().list(viewer, where, page)
        lost = Index.AUTHOR not in self.indices()
        if lost and where.author is not None and isinstance(answer, Listing):
            return Listing(())
        return answer


class RebuildsAllButOne(EdgeContent):
    """Rebuilding forgets an index, and says it did not."""

    def rebuild_indices(self) -> Rebuilt:
        answer = super().rebuild_indices()
        if len(answer.indices) not in (0, len(Index)):
            self._shard.lose_index(answer.indices[-1].value)
        return answer


class CorrectsForwardsOnly(EdgeContent):
    """A correction is taken for news."""

    def correct_status(self, key: RecordKey, status: Status) -> Written:
        return self.set_status(key, status)


class CorrectsNewerOnly(EdgeContent):
    """A thread is corrected only where the ledger seems to be newer."""

    def correct_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Written:
        return self.put_thread(thread, co_authors, sequence)


class CorrectionMakesPublic(EdgeContent):
    """Correcting a status rewrites the point, and its quarantine is forgotten."""

    def correct_status(self, key: RecordKey, status: Status) -> Written:
        answer = super().correct_status(key, status)
        held = self.observe_point(key)
        if held is not None and not isinstance(answer, Refused):
            self._shard.set(held.id, {"integrity": "intact"})
        return answer


DEFECTS: tuple[ContentFactory, ...] = (
    RepeatsTheLast,
    SkipsEquals,
    AlwaysMore,
    UntilIncluded,
    NarrowTimes,
    AuthorByIndexOnly,
    RebuildsAllButOne,
    CorrectsForwardsOnly,
    CorrectsNewerOnly,
    CorrectionMakesPublic,
)


@pytest.mark.parametrize("defect", DEFECTS)
def test_planted_defects_are_caught(defect: ContentFactory) -> None:
    with pytest.raises(Failure) as caught:
        run_content_lockstep(defect, seed=1, steps=STEPS)
    assert isinstance(caught.value.cause, Disagreement)
    assert len(caught.value.commands) <= 8
