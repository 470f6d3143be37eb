"""Metadata behind the store's back, and put right from the ledger (section 6, M8, S6, S8)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from content_stores import (
    ADA,
    ALREADY,
    ANYONE,
    BOB,
    CYD,
    EMBED,
    NEW,
    OTHER,
    STORES,
    THREAD,
    Stores,
    message,
    store,
)

from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ports.content import (
    MAX_INTEGER,
    ContentPort,
    Found,
    Hidden,
    Reason,
    Refused,
    Viewer,
)

STORABLE = [status for status in Status if status is not Status.DRAFT]
UNKNOWN, INVALID = Refused(Reason.UNKNOWN_POINT), Refused(Reason.INVALID_NUMBER)


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    every = Stores()
    yield every
    every.close()


@pytest.fixture(params=STORES)
def port(request: pytest.FixtureRequest, stores: Stores) -> ContentPort:
    return stores.empty(request.param)


@pytest.mark.parametrize(("held", "ledger"), list(product(Status, STORABLE)))
def test_the_ledger_wins_over_any_status(port: ContentPort, held: Status, ledger: Status) -> None:
    said = message("alpha", created_at=3)
    store(port, said)
    assert port.damage_status(said.key, held) == (ALREADY if held is said.status else NEW)
    assert port.correct_status(said.key, ledger) == (ALREADY if held is ledger else NEW)
    right = message("alpha", status=ledger, created_at=3)
    assert port.get(Viewer(ADA), said.key) == Found(right)


def test_drafts_are_no_news_from_a_ledger(port: ContentPort) -> None:
    store(port, message("alpha"))
    before = port.observe()
    refused = Refused(Reason.ILLEGAL_TRANSITION)
    assert port.correct_status(message("alpha").key, Status.DRAFT) == refused
    assert port.correct_status(message("none").key, Status.DRAFT) == refused
    assert port.observe() == before


def test_a_status_damaged_to_draft_is_shown_to_nobody(port: ContentPort) -> None:
    said = message("alpha")
    store(port, said)
    port.damage_status(said.key, Status.DRAFT)
    assert port.get(Viewer(ADA, premium=True), said.key) == Hidden()
    assert port.upsert(said, EMBED("alpha")) == ALREADY  # its content is right
    assert port.correct_status(said.key, Status.PUBLISHED) == NEW
    assert port.get(ANYONE, said.key) == Found(said)


def test_damaged_privacy_shows_until_its_author_puts_it_right(port: ContentPort) -> None:
    """No ledger has it: section 6 knows no layer that could win."""
    said = message("alpha", privacy=Privacy.THREAD_ONLY)
    store(port, said)
    assert port.damage_privacy(said.key, Privacy.PUBLIC) == NEW
    assert port.damage_privacy(said.key, Privacy.PUBLIC) == ALREADY
    assert port.get(ANYONE, said.key) == Found(message("alpha"))
    assert port.set_privacy(said.key, Privacy.THREAD_ONLY) == NEW
    assert port.get(ANYONE, said.key) == Hidden()


def test_faults_of_points_that_are_not_there_are_refused(port: ContentPort) -> None:
    key = message("alpha").key
    assert port.damage_status(key, Status.DRAFT) == UNKNOWN
    assert port.damage_privacy(key, Privacy.PUBLIC) == UNKNOWN
    assert port.correct_status(key, Status.PENDING) == UNKNOWN
    assert port.damage_thread(THREAD, (ADA,), 1) == UNKNOWN
    for sequence in (-1, MAX_INTEGER + 1):
        assert port.damage_thread(THREAD, (ADA,), sequence) == INVALID
        assert port.correct_thread(THREAD, (ADA,), sequence) == INVALID
    assert not port.observe().threads


@pytest.mark.parametrize("wrong", [0, 4, MAX_INTEGER])
def test_s6_the_ledger_wins_over_co_authors_of_any_sequence(port: ContentPort, wrong: int) -> None:
    secret = message("alpha", privacy=Privacy.THREAD_ONLY, author=BOB)
    store(port, secret)
    assert port.correct_thread(THREAD, (ADA,), 4) == NEW  # also where there was nothing
    assert port.correct_thread(THREAD, (ADA,), 4) == ALREADY
    assert port.damage_thread(THREAD, (CYD,), wrong) == NEW
    assert port.put_thread(OTHER, (CYD,), 1) == NEW
    assert port.correct_thread(THREAD, (ADA,), 4) == NEW
    held = port.observe_thread(THREAD)
    assert held is not None
    assert (held.co_authors, held.sequence) == ((ADA,), 4)
    assert port.get(Viewer(CYD), secret.key) == Hidden()
    assert port.get(Viewer(ADA), secret.key) == Found(secret)


def test_news_alone_puts_no_sequence_from_the_future_right(port: ContentPort) -> None:
    port.put_thread(THREAD, (ADA,), 4)
    port.damage_thread(THREAD, (CYD,), 9)
    assert port.put_thread(THREAD, (ADA, BOB), 5) == ALREADY
    held = port.observe_thread(THREAD)
    assert held is not None
    assert held.co_authors == (CYD,)
