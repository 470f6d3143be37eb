"""Reference and Qdrant Edge agree; and the machine catches what it is there to catch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from content_situations import SITUATIONS
from qdrant_edge import Filter

from choir_model.adapters.edge import EdgeContent
from choir_model.adapters.edge_access import AccessFilters
from choir_model.adapters.edge_payload import Payload, message_payload
from choir_model.adapters.edge_shard import Shard
from choir_model.content.port import ReferenceContent
from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.domain.visibility import Operation
from choir_model.lockstep.compare import Coverage, Disagreement
from choir_model.lockstep.content import (
    CONTENT_ANSWERS,
    CONTENT_REFUSALS,
    ContentFactory,
    run_content_lockstep,
)
from choir_model.lockstep.content_cast import RECORDS
from choir_model.lockstep.content_pair import (
    Begin,
    ContentPair,
    Damage,
    Get,
    ListThread,
    LoseVector,
    Observe,
    Search,
    SetStatus,
    Upsert,
)
from choir_model.lockstep.running import Failure, replay
from choir_model.ports.content import (
    Found,
    Got,
    Hidden,
    Listing,
    Message,
    Quarantined,
    Repaired,
    Results,
    Snapshot,
    SnapshotMisfit,
    Stored,
    Upserted,
    Viewer,
    Where,
    Written,
    message_point_id,
)
from choir_model.ports.embeddings import Vector

STEPS = 6_000
STEPS_TO_CATCH = 6_000
KEY, CONTENT = RECORDS[0]


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    return run_content_lockstep(EdgeContent, seed=1, steps=STEPS)


def test_reference_and_edge_agree(coverage: Coverage) -> None:
    assert coverage.steps >= STEPS
    assert not coverage.missing(refusals=CONTENT_REFUSALS, events=CONTENT_ANSWERS)


def test_every_answer_and_refusal_of_every_operation_occurs(coverage: Coverage) -> None:
    assert SITUATIONS - set(coverage.situations) == set()


def test_s8_records_of_many_kinds_were_read_by_many(coverage: Coverage) -> None:
    """Of 15 kinds of records and 8 sets of roles; `test_content_reference` has them all."""
    read = {situation.split(":")[0] for situation in coverage.situations if ":" in situation}
    assert len(read) > 60
    for kind in (*Status, *Privacy):
        if kind is not Status.DRAFT:
            assert any(kind.value in cell.split() for cell in read), kind


def test_equal_seeds_give_equal_runs() -> None:
    runs = [run_content_lockstep(ReferenceContent, seed=7, steps=500) for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0] != run_content_lockstep(ReferenceContent, seed=8, steps=500)


CUTS = (((0, 1), 1, 1), ((0, 1), 2, 0), ((0, 1, 4), 2, 0))  # records, limit, ties at it


@pytest.mark.parametrize(("near", "limit", "ties"), CUTS)
def test_a_tie_at_the_limit_is_with_one_left_out(near: list[int], limit: int, ties: int) -> None:
    """Two equals: one left out; none left out but a damaged one; or one that is farther."""
    pair = ContentPair(ReferenceContent(), ReferenceContent(), Coverage())
    pair.apply(Begin())
    for number in (*near, 9):
        pair.apply(Upsert(Message(*RECORDS[number], Status.PUBLISHED, Privacy.PUBLIC, 0)))
    pair.apply(Damage(RECORDS[9][0], "met by no search within the limit"))
    pair.apply(Search(Viewer(KEY.author), CONTENT, limit))
    assert pair.coverage.situations["equal scores at the limit"] == ties
    pair.apply(Observe())  # finds nothing in quarantine that the other side has not


class StaleStatus(EdgeContent):
    """The payload keeps its old status."""

    def set_status(self, key: RecordKey, status: Status) -> Written:
        found = self.observe_point(key)
        answer = super().set_status(key, status)
        if found is not None and answer == Stored(already=False):
            self._shard.set(found.id, {"status": found.message.status.value})
        return answer


class _LeakingFilters(AccessFilters):
    def _filter(
        self,
        operation: Operation,
        viewer: str,
        premium: bool,
        member_of: tuple[str, ...],
        thread: str | None,
        author: str | None = None,
    ) -> Filter:
        member_of = (thread,) if thread else member_of
        return super()._filter(operation, viewer, premium, member_of, thread, author)


class LeakingFilter(EdgeContent):
    """A filter for one thread lets everybody pass as a member: ThreadOnly messages leak."""

    def __init__(self) -> None:
        super().__init__()
        import qdrant_edge

        self._filters = _LeakingFilters(qdrant_edge)


class NoPremiumCheck(EdgeContent):
    """Everybody searches and lists as a Premium viewer."""

    def _access(self, operation: Operation, viewer: Viewer, where: Where) -> Filter:
        return super()._access(operation, replace(viewer, premium=True), where)


class ForgottenMembership(EdgeContent):
    """The thread set is that of the first time a viewer was seen."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[Viewer, Address], bool] = {}

    def _is_member(self, viewer: Viewer, thread: Address) -> bool:
        return self._seen.setdefault((viewer, thread), super()._is_member(viewer, thread))


class NoQuarantine(EdgeContent):
    """Damaged content is reported, but its point stays where searches find it."""

    def _quarantine(self, key: RecordKey) -> RecordKey:
        return key


class ServesUnread(EdgeContent):
    """Content is served without re-hashing it."""

    def get(self, viewer: Viewer, key: RecordKey) -> Got:
        answer = super().get(viewer, key)
        held = self.observe_point(key)
        damaged = isinstance(answer, Quarantined) and answer.newly
        return Found(held.message) if damaged and held is not None else answer


class _EngineOrder(Shard):
    def nearest(
        self, query: list[float], limit: int, wanted: Filter
    ) -> Iterator[tuple[float, str, Payload]]:
        hits = list(super().nearest(query, limit, wanted))
        yield from sorted(hits, key=lambda hit: (-hit[0], hit[1][::-1]))


class TieOrder(EdgeContent):
    """Equal scores come in another order than that of point ids."""

    def __init__(self) -> None:
        super().__init__()
        self._shard.__class__ = _EngineOrder


class _TrustsTheEngine(Shard):
    def nearest(
        self, query: list[float], limit: int, wanted: Filter
    ) -> Iterator[tuple[float, str, Payload]]:
        request = self._engine.SearchRequest(
            self._engine.Query.Nearest(query), limit, filter=wanted, with_payload=True
        )
        found = self._call(self._shard.search, request)
        hits = [(hit.score, str(hit.id), hit.payload or {}) for hit in found]
        yield from sorted(hits, key=lambda hit: (-hit[0], hit[1]))


class TieCut(EdgeContent):
    """Of equal scores at the limit, those are taken which the engine returns first."""

    def __init__(self) -> None:
        super().__init__()
        self._shard.__class__ = _TrustsTheEngine


class RepairRewinds(EdgeContent):
    """A repair brings the status of the message that was sent, not the one that was held."""

    def upsert(self, message: Message, vector: Vector) -> Upserted:
        answer = super().upsert(message, vector)
        if isinstance(answer, Repaired):
            self._shard.set(message_point_id(message.key), {"status": message.status.value})
        return answer


class FirstSubmissionWins(EdgeContent):
    """A point that is still Submitted keeps the privacy of the first submission."""

    def upsert(self, message: Message, vector: Vector) -> Upserted:
        held = self.observe_point(message.key)
        answer = super().upsert(message, vector)
        if held is not None and answer == Stored(already=False):
            self._shard.set(held.id, {"privacy": held.message.privacy.value})
        return answer


class LostVectorStays(EdgeContent):
    """An upsert does not notice that the vector is gone."""

    def upsert(self, message: Message, vector: Vector) -> Upserted:
        held = self.observe_point(message.key)
        if held is not None and held.vector is None and not held.quarantined:
            return Stored(already=True)
        return super().upsert(message, vector)


class OldNewsWins(EdgeContent):
    """Co-authors of an older sequence replace newer ones."""

    def put_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Written:
        held = self.observe_thread(thread)
        if held is not None and 0 <= sequence < held.sequence:
            super().put_thread(thread, co_authors, held.sequence)
            return Stored(already=True)
        return super().put_thread(thread, co_authors, sequence)


class FinalReopens(EdgeContent):
    """A rejected record may still be published."""

    def set_status(self, key: RecordKey, status: Status) -> Written:
        held = self.observe_point(key)
        if held is not None and held.message.status is Status.REJECTED:
            self._shard.set(held.id, {"status": Status.PENDING.value})
        return super().set_status(key, status)


class PartialRestore(EdgeContent):
    """A restored snapshot leaves in place what it does not know."""

    def restore(self, saved: Snapshot) -> None:
        known = {point.id for point in saved.points}
        newer = [point for point in self.observe().points if point.id not in known]
        super().restore(saved)
        self._shard.put((point.id, None, message_payload(point.message)) for point in newer)


DEFECTS: tuple[ContentFactory, ...] = (
    StaleStatus,
    LeakingFilter,
    NoPremiumCheck,
    ForgottenMembership,
    NoQuarantine,
    ServesUnread,
    TieOrder,
    TieCut,
    RepairRewinds,
    FirstSubmissionWins,
    LostVectorStays,
    OldNewsWins,
    FinalReopens,
    PartialRestore,
)


@pytest.mark.parametrize("defect", DEFECTS)
def test_planted_defects_are_caught(
    defect: ContentFactory, record_property: Callable[[str, object], None]
) -> None:
    with pytest.raises(Failure) as caught:
        run_content_lockstep(defect, seed=1, steps=STEPS_TO_CATCH)
    failure = caught.value
    assert isinstance(failure.cause, Disagreement)
    assert isinstance(failure.commands[0], Begin)
    assert len(failure.commands) <= 8
    record_property("commands", len(failure.commands))


def test_a_failure_reads_like_a_story() -> None:
    with pytest.raises(Failure) as caught:
        run_content_lockstep(StaleStatus, seed=1, steps=STEPS_TO_CATCH)
    text = str(caught.value)
    assert "1. Begin()" in text
    assert "2. Upsert(message=Message(key='" in text
    assert "3. SetStatus(key='" in text
    assert "point after SetStatus" in text
    assert "-             'status': " in text
    assert "+             'status': " in text
    assert "\\x" not in text


def test_a_failing_sequence_can_be_replayed() -> None:
    with pytest.raises(Failure) as caught:
        run_content_lockstep(StaleStatus, seed=1, steps=STEPS_TO_CATCH)
    with StaleStatus() as real:
        pair = ContentPair(ReferenceContent(), real, Coverage())
        assert isinstance(replay(pair, caught.value.commands), Disagreement)
    with EdgeContent() as real:
        pair = ContentPair(ReferenceContent(), real, Coverage())
        assert replay(pair, caught.value.commands) is None


@pytest.mark.parametrize("fault", [None, Damage(KEY, "x"), LoseVector(KEY)], ids=str)
def test_s8_the_latest_submission_says_whom_it_is_for(fault: Damage | LoseVector | None) -> None:
    """Refused as public, submitted again for the thread only, accepted: it must not leak."""
    with EdgeContent() as real:
        pair = ContentPair(ReferenceContent(), real, Coverage())
        pair.apply(Begin())
        pair.apply(Upsert(Message(KEY, CONTENT, Status.SUBMITTED, Privacy.PUBLIC, 1)))
        if fault is not None:
            assert pair.apply(fault) == Stored(already=False)
        again = Upsert(Message(KEY, CONTENT, Status.SUBMITTED, Privacy.THREAD_ONLY, 2))
        assert pair.apply(again) == (Repaired() if fault else Stored(already=False))
        assert pair.apply(again) == Stored(already=True)
        for status in (Status.PENDING, Status.PUBLISHED):
            assert pair.apply(SetStatus(KEY, status)) == Stored(already=False)
        stranger, author = Viewer(b"\3" * 32, premium=True), Viewer(KEY.author)
        assert pair.apply(Get(stranger, KEY)) == Hidden()
        assert pair.apply(ListThread(stranger, KEY.thread)) == Listing(())
        assert pair.apply(Search(stranger, CONTENT, 1)) == Results(())
        published = Message(KEY, CONTENT, Status.PUBLISHED, Privacy.THREAD_ONLY, 2)
        assert pair.apply(Get(author, KEY)) == Found(published)
        pair.apply(Observe())


@pytest.mark.parametrize("kind", [ReferenceContent, EdgeContent])
def test_c4_a_snapshot_of_another_dimension_is_refused_before_anything_is_lost(
    kind: type[ReferenceContent | EdgeContent],
) -> None:
    said = Upsert(Message(KEY, CONTENT, Status.PENDING, Privacy.PUBLIC, 0))
    port, other = kind(), ReferenceContent(dimension=8)
    for each in (port, other):
        said.on(each)
    before = port.observe()
    with pytest.raises(SnapshotMisfit, match=r"^[^\n]* dimension 8, the store of 384; [^\n]*$"):
        port.restore(other.save())
    assert port.observe() == before
    port.close()


def test_what_changed_behind_the_back_is_met_when_everything_is_compared() -> None:
    with EdgeContent() as real:
        pair = ContentPair(ReferenceContent(), real, Coverage())
        said = Message(
            RecordKey(b"\1" * 32, b"\2" * 32, b""), "", Status.PENDING, Privacy.PUBLIC, 0
        )
        pair.apply(Begin())
        pair.apply(Upsert(said))  # refused on both sides
        pair.apply(Observe())
        real._shard.put([(message_point_id(said.key), None, {})])
        with pytest.raises(Disagreement, match="store after Observe"):
            pair.apply(Observe())
