"""Files of Qdrant Edge rot: nothing is served wrong, and nothing is silently gone (S5b, S15)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from math import isfinite
from pathlib import Path

import pytest
from content_stores import ADA, ANYONE, EMBED, THREAD, message, store
from edge_damage import Children, Told, damage, folder, gone, shelf, wrong

from choir_model.adapters.edge import EdgeContent
from choir_model.content.port import ReferenceContent
from choir_model.content.scrub import Condition, ScrubReport, nothing_left, scrub
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ports.content import (
    Found,
    Listing,
    Missing,
    Results,
    StoreDamaged,
    Viewer,
    message_point_id,
)

SAID = message("alpha")
EXPECTED = {SAID.key: Status.PUBLISHED}


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with folder() as place, Children(place) as made:
        yield made


def damaged(children: Children, seeds: range) -> None:
    faults: list[str] = []
    outcomes: Counter[str] = Counter()
    shelves = shelf(children)
    for seed in seeds:
        found = damage(children, shelves, seed)
        told = found.told
        outcomes[told.outcome] += 1
        if told.report is None:
            # An engine that aborts is noticed; an exception nobody named is a defect.
            faults += [f"{found.case}: {children.complaints()}"] if told.ended > 0 else []
            continue
        complaints = wrong(told, found.contents) + gone(told)
        if told.again is None or not told.again.sound:
            complaints.append(f"still not sound after repair: {told.again}")
        if "\n" in told.report.error:
            complaints.append(f"more than a line: {told.report.error}")
        faults += [f"{found.case}: {complaint}" for complaint in complaints]
    print(f"{len(seeds)} damages: {dict(outcomes)}")
    assert not faults
    assert {"intact", "not opened", "reported, repaired in place"} <= outcomes.keys()


def test_s15_after_damage_every_record_is_served_intact_or_reported(children: Children) -> None:
    damaged(children, range(20))


@pytest.mark.nightly
def test_s15_after_a_hundred_damages_every_record_is_served_intact_or_reported(
    children: Children,
) -> None:
    damaged(children, range(100))


def test_a_wrong_or_silently_missing_record_is_noticed() -> None:
    """The judges of this file can condemn."""
    viewer = Viewer(ADA)
    report = ScrubReport({SAID.key: Condition.INTACT})
    fair = Told(0, True, report, [(viewer, None, SAID), (viewer, THREAD, SAID)])
    assert not wrong(fair, [SAID])
    assert not gone(fair)
    assert gone(fair._replace(served=[(viewer, None, SAID)]))
    assert gone(fair._replace(served=[]))
    for forged in (
        (viewer, None, replace(SAID, content="beta")),
        (viewer, None, replace(SAID, created_at=1)),
        (viewer, b"\7" * 32, SAID),
        (ANYONE, None, replace(SAID, status=Status.PENDING)),
    ):
        assert wrong(fair._replace(served=[forged]), [SAID])
    assert wrong(fair._replace(hits=[("alpha", SAID.key, 0.5)]), [SAID])


@pytest.mark.parametrize("kind", [ReferenceContent, EdgeContent])
def test_s15_a_scrub_gives_every_record_of_the_ledger_a_condition(
    kind: type[ReferenceContent | EdgeContent],
) -> None:
    kept, never, spoilt, late, blind = map(message, ("kept", "never", "spoilt", "late", "blind"))
    port = kind()
    store(port, SAID, kept, spoilt, late, blind)
    port.put_thread(THREAD, (ADA,), 1)
    port.damage(spoilt.key, "x")
    port.lose_vector(blind.key)
    port.damage_status(late.key, Status.PENDING)
    expected = dict.fromkeys(
        (one.key for one in (kept, never, spoilt, late, blind)), Status.PUBLISHED
    )
    report = scrub(port, expected, {THREAD: ((ADA,), 1), b"\7" * 32: ((), 0)}, EMBED)
    assert report.records == {
        kept.key: Condition.INTACT,
        never.key: Condition.MISSING,
        spoilt.key: Condition.QUARANTINED,
        late.key: Condition.STALE,
        blind.key: Condition.UNSEARCHABLE,
    }
    assert report.orphans == (SAID.key,)
    assert report.threads == (b"\7" * 32,)
    assert not report.sound
    port.close()


def test_s15_an_index_that_hides_a_record_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    port = ReferenceContent()
    store(port, SAID)
    assert scrub(port, EXPECTED, {}).sound
    monkeypatch.setattr(port, "list", lambda *_: Listing(()))
    assert scrub(port, EXPECTED, {}).of(Condition.UNLISTED) == (SAID.key,)


def test_s15_a_store_that_cannot_be_opened_holds_nothing(tmp_path: Path) -> None:
    with EdgeContent(tmp_path) as edge:
        store(edge, SAID)
    (tmp_path / "edge_config.json").unlink()
    with pytest.raises(StoreDamaged) as caught:
        EdgeContent(tmp_path)
    report = nothing_left(EXPECTED, [THREAD], caught.value)
    assert report.of(Condition.MISSING) == (SAID.key,)
    assert report.threads == (THREAD,)
    assert "edge_config.json is missing" in report.error


def test_a_panic_of_the_engine_is_damage_in_one_line(tmp_path: Path) -> None:
    """A panic is no `Exception`: unnamed it would end whatever program has the store open."""
    with EdgeContent(tmp_path) as edge:
        store(edge, SAID)
    for path in tmp_path.glob("segments/*/payload_index/*-null/is_null/status.dat"):
        path.write_bytes(b"")
    for _ in range(2):
        with pytest.raises(StoreDamaged, match="cannot be read as a store") as caught:
            EdgeContent(tmp_path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("coordinate", [float("nan"), float("inf"), 0.1, 1e30])
def test_s5b_a_score_that_no_stored_vectors_have_is_damage(coordinate: float) -> None:
    with EdgeContent() as edge:
        store(edge, SAID)
        name = message_point_id(SAID.key)
        payload, _ = edge._shard.fetch(name)
        edge._shard.put([(name, [coordinate] * edge.dimension, payload or {})])
        if not isfinite(coordinate):  # a score of NaN, which the engine leaves out
            assert edge.search(ANYONE, EMBED("alpha"), 1) == Results(())
        else:
            with pytest.raises(StoreDamaged, match="a vector nobody stored"):
                edge.search(ANYONE, EMBED("alpha"), 1)
        assert scrub(edge, EXPECTED, {}).records == {SAID.key: Condition.UNREADABLE}


def test_s5b_a_vector_of_other_content_is_noticed_with_the_embedder() -> None:
    with EdgeContent() as edge:
        edge.upsert(SAID, EMBED("something else"))
        assert scrub(edge, EXPECTED, {}).sound
        report = scrub(edge, EXPECTED, {}, EMBED)
        assert report.of(Condition.UNSEARCHABLE) == (SAID.key,)


@pytest.mark.parametrize("value", [b"1000", b"public"])
def test_s5b_a_flipped_bit_in_privacy_or_time_is_noticed(tmp_path: Path, value: bytes) -> None:
    """The store has the only copy of both, so nothing else could tell."""
    with EdgeContent(tmp_path) as edge:
        store(edge, replace(SAID, created_at=1000))
    (path,) = tmp_path.glob("segments/*/payload_storage/page_0.dat")
    data = path.read_bytes()
    assert data.count(value) == 1
    path.write_bytes(data.replace(value, bytes([*value[:-1], value[-1] ^ 1])))
    with EdgeContent(tmp_path) as edge:
        assert edge.get(ANYONE, SAID.key) == Missing()
        assert scrub(edge, EXPECTED, {}).of(Condition.MISSING) == (SAID.key,)
        edge.upsert(SAID, EMBED(SAID.content))
        assert scrub(edge, EXPECTED, {}, EMBED).sound


def test_s5b_the_seal_covers_what_changes_later() -> None:
    with EdgeContent() as edge:
        store(edge, replace(SAID, status=Status.SUBMITTED))
        edge.upsert(replace(SAID, status=Status.SUBMITTED, created_at=5), EMBED(SAID.content))
        edge.set_status(SAID.key, Status.PUBLISHED)
        edge.set_privacy(SAID.key, Privacy.PREMIUM)
        expected = replace(SAID, created_at=5, privacy=Privacy.PREMIUM)
        assert edge.get(Viewer(ADA), SAID.key) == Found(expected)
        name = message_point_id(SAID.key)
        for field, value in (("created_at", 6), ("privacy", "public")):
            before, _ = edge._shard.fetch(name)
            edge._shard.set(name, {field: value})
            assert edge.get(Viewer(ADA), SAID.key) == Missing()
            edge._shard.set(name, before or {})
