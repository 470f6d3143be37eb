"""`ReferenceContent`: the content port over the reference's actions and a plain state."""

from __future__ import annotations

from typing import Any

from choir_model.content import faults, reading, reference
from choir_model.content.cells import Catalogue, Point, Shelf, ThreadPoint
from choir_model.content.reading import Ranked
from choir_model.content.reference import Limits
from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import MAX_CONTENT_BYTES, Privacy, Status
from choir_model.engine import Fired, State, View
from choir_model.engine.dictview import Action
from choir_model.engine.dictview import Refused as ActionRefused
from choir_model.ports.content import (
    Deleted,
    Got,
    Hit,
    Index,
    Listing,
    Message,
    Page,
    Rank,
    Rebuilt,
    Refused,
    Results,
    Snapshot,
    Stored,
    StoredPoint,
    StoredThread,
    Upserted,
    Viewer,
    Where,
    Written,
    check_snapshot,
    message_point_id,
    thread_point_id,
)
from choir_model.ports.content_design import DEFAULT, ContentDesign
from choir_model.ports.embeddings import DEFAULT_DIMENSION, SCORE_STEPS, Vector


class ReferenceContent:
    """The reference as a `ContentPort`; its cells are in `state`, for whoever looks closer."""

    def __init__(
        self,
        dimension: int = DEFAULT_DIMENSION,
        max_content_bytes: int = MAX_CONTENT_BYTES,
        design: ContentDesign = DEFAULT,
    ) -> None:
        self.limits = Limits(dimension, max_content_bytes, design.acl)
        self.design = design
        self.state = State()
        # Lists, searches and snapshots walk over the whole store, however large it is.
        self.state.step_budget = None
        self.versions: dict[str, str] = {}

    @property
    def dimension(self) -> int:
        return self.limits.dimension

    def upsert(self, message: Message, vector: Vector) -> Upserted:
        answer: Upserted = self._do(reference.upsert, message, vector, self.limits)
        return answer

    def set_status(self, key: RecordKey, status: Status) -> Written:
        answer: Written = self._do(reference.set_status, key, status)
        return answer

    def set_privacy(self, key: RecordKey, privacy: Privacy) -> Written:
        answer: Written = self._do(reference.set_privacy, key, privacy)
        return answer

    def put_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Written:
        answer: Written = self._do(
            reference.put_thread, thread, co_authors, sequence, self.limits.acl
        )
        return answer

    def correct_status(self, key: RecordKey, status: Status) -> Written:
        answer: Written = self._do(reference.correct_status, key, status)
        return answer

    def correct_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Written:
        answer: Written = self._do(
            reference.correct_thread, thread, co_authors, sequence, self.limits.acl
        )
        return answer

    def delete(self, key: RecordKey) -> Deleted:
        answer: Deleted = self._do(reference.delete, key)
        return answer

    def get(self, viewer: Viewer, key: RecordKey) -> Got:
        answer: Got = self._do(reading.get, viewer, key, self.limits.acl)
        return answer

    def list_thread(self, viewer: Viewer, thread: Address) -> Listing:
        answer = self.list(viewer, Where(thread), Page())
        assert isinstance(answer, Listing)
        return answer

    def list(self, viewer: Viewer, where: Where, page: Page) -> Listing | Refused:
        acl = self.limits.acl
        answer: Listing | Refused = self._do(reading.list_page, viewer, where, page, acl)
        return answer

    def search(
        self,
        viewer: Viewer,
        query: Vector,
        limit: int,
        thread: Address | None = None,
        after: Rank | None = None,
    ) -> Results | Refused:
        answer = self._do(reading.search, viewer, query, limit, thread, after, self.limits)
        if not isinstance(answer, Ranked):
            assert isinstance(answer, Refused)
            return answer
        hits = tuple(Hit(key, steps / SCORE_STEPS) for key, steps in answer.hits)
        return Results(hits, answer.quarantined, answer.next)

    def foresee(
        self,
        viewer: Viewer,
        query: Vector,
        limit: int,
        thread: Address | None = None,
        after: Rank | None = None,
    ) -> Results | Refused:
        """What `search` would answer; nothing is quarantined by looking."""
        held, self.state = self.state, State(self.state)
        self.state.step_budget = None
        try:
            return self.search(viewer, query, limit, thread, after)
        finally:
            self.state = held

    def indices(self) -> tuple[Index, ...]:
        lost = Catalogue(self.state.view()).lost
        return tuple(index for index in Index if index not in lost)

    def rebuild_indices(self) -> Rebuilt:
        answer: Rebuilt = self._do(reference.rebuild_indices)
        return answer

    def observe(self) -> Snapshot:
        view = self.state.view()
        catalogue = Catalogue(view)
        keys = [key for thread in catalogue.shelves for key in Shelf(view, thread).messages]
        return Snapshot(
            tuple(_stored_point(view, key) for key in sorted(keys, key=message_point_id)),
            tuple(_stored_thread(view, thread) for thread in catalogue.threads),
        )

    def observe_point(self, key: RecordKey) -> StoredPoint | None:
        view = self.state.view()
        return None if Point(view, key).status is None else _stored_point(view, key)

    def observe_thread(self, thread: Address) -> StoredThread | None:
        view = self.state.view()
        held = ThreadPoint(view, thread).sequence is not None
        return _stored_thread(view, thread) if held else None

    def damage(self, key: RecordKey, content: str) -> Written:
        answer: Written = self._do(faults.damage, key, content)
        return answer

    def lose_vector(self, key: RecordKey) -> Written:
        answer: Written = self._do(faults.lose_vector, key)
        return answer

    def damage_status(self, key: RecordKey, status: Status) -> Written:
        answer: Written = self._do(faults.damage_status, key, status)
        return answer

    def damage_privacy(self, key: RecordKey, privacy: Privacy) -> Written:
        answer: Written = self._do(faults.damage_privacy, key, privacy)
        return answer

    def damage_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Written:
        answer: Written = self._do(faults.damage_thread, thread, co_authors, sequence)
        return answer

    def put_thread_partly(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int, done: int
    ) -> Written:
        acl = self.limits.acl
        answer: Written = self._do(
            faults.put_thread_partly, thread, co_authors, sequence, done, acl
        )
        return answer

    def lose_index(self, index: Index) -> Stored:
        answer: Stored = self._do(faults.lose_index, index)
        return answer

    def reset(self) -> None:
        self.state.clear()

    def save(self) -> Snapshot:
        return self.observe()

    def restore(self, saved: Snapshot) -> None:
        check_snapshot(saved, self.limits.dimension)
        self._do(faults.restore, saved, self.limits.acl)

    def close(self) -> None:
        """Nothing to release."""

    def _do(self, action: Action, *params: object) -> Any:
        outcome = self.state.step(action, *params)
        if isinstance(outcome, ActionRefused):
            return Refused(outcome.reason)  # type: ignore[arg-type]  # actions refuse with these
        assert isinstance(outcome, Fired)
        return outcome.events[-1]


def _stored_point(view: View, key: RecordKey) -> StoredPoint:
    point = Point(view, key)
    status = point.status
    assert status is not None
    message = Message(key, point.content, status, point.privacy, point.created_at)
    name, co_authors = message_point_id(key), point.co_authors
    return StoredPoint(name, message, point.quarantined, point.vector, co_authors)


def _stored_thread(view: View, thread: Address) -> StoredThread:
    point = ThreadPoint(view, thread)
    sequence = point.sequence
    assert sequence is not None
    return StoredThread(thread_point_id(thread), thread, point.co_authors, sequence)
