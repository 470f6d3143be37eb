"""Processes that own a shard of Qdrant Edge are killed at any moment (S5a, S15)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from edge_damage import After, Children, after, folder, gone, kill, wrong

from choir_model.content.scrub import Condition
from choir_model.domain.lifecycle import Status


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with folder() as place, Children(place) as made:
        yield made


def killed(children: Children, seeds: range) -> None:
    faults, before, intact, lost = [], 0, 0, 0
    for seed in seeds:
        found = kill(children, seed)
        told = found.told
        if told.report is None or told.again is None:
            faults.append(f"{found.case}: {told.outcome}: {children.complaints()}")
            continue
        records = told.report.records
        complaints = wrong(told, found.contents) + gone(told)
        for n in sorted(found.known.durable):
            if records[found.contents[n].key] is not Condition.INTACT:
                complaints.append(f"message {n} was durable")
        if not told.again.sound:
            complaints.append(f"still not sound after repair: {told.again}")
        faults += [f"{found.case}: {complaint}" for complaint in complaints]
        before += len(records)
        intact += len(told.report.of(Condition.INTACT))
        lost += len(told.report.of(Condition.MISSING))
    assert not faults
    print(f"{len(seeds)} kills, {before} records: {intact} intact, {lost} missing, rest stale")
    assert intact > before / 3  # with a log, or flushed
    assert lost > before / 10  # neither


def test_s15_after_a_kill_every_record_is_served_or_reported_and_repaired(
    children: Children,
) -> None:
    killed(children, range(20))


@pytest.mark.nightly
def test_s15_after_two_hundred_kills_every_record_is_served_or_reported(
    children: Children,
) -> None:
    killed(children, range(200))


STORY = [("upsert", 0), ("upsert", 1), ("flush",), ("status", 0, "published"), ("delete", 1)]


@pytest.mark.parametrize(
    ("done", "wal", "known"),
    [
        (2, False, After({0: Status.PENDING, 1: Status.PENDING}, set(), None)),
        (2, True, After({0: Status.PENDING, 1: Status.PENDING}, {0, 1}, None)),
        (3, False, After({0: Status.PENDING, 1: Status.PENDING}, {1}, 0)),
        (4, False, After({0: Status.PUBLISHED, 1: Status.PENDING}, set(), 1)),
        (5, True, After({0: Status.PUBLISHED}, {0}, None)),
    ],
)
def test_what_must_survive_a_kill_is_what_was_logged_or_flushed(
    done: int, wal: bool, known: After
) -> None:
    assert after(STORY, done, wal) == known
