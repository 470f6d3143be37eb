"""The content port's promises (section 5, C1-C3, M8, S5b, S8), on reference and Qdrant Edge."""

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

from choir_model.content import reading
from choir_model.content.cells import Point
from choir_model.domain.identity import RecordKey
from choir_model.domain.lifecycle import ContentFault, Privacy, Status, follows
from choir_model.domain.visibility import Operation, may
from choir_model.engine import Fired, State, run
from choir_model.ports.content import (
    MAX_INTEGER,
    ContentPort,
    Deleted,
    Found,
    Hidden,
    Hit,
    Listing,
    Message,
    Missing,
    Quarantined,
    Reason,
    Refused,
    Repaired,
    Results,
    Snapshot,
    Stored,
    Viewer,
    message_point_id,
)
from choir_model.ports.embeddings import DEFAULT_DIMENSION, Vector

STORABLE = [status for status in Status if status is not Status.DRAFT]


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    every = Stores()
    yield every
    every.close()


@pytest.fixture(params=STORES)
def port(request: pytest.FixtureRequest, stores: Stores) -> ContentPort:
    return stores.empty(request.param)


def hits(port: ContentPort, text: str, limit: int = 10) -> list[RecordKey]:
    results = port.search(ANYONE, EMBED(text), limit)
    assert isinstance(results, Results)
    return [hit.key for hit in results.hits]


def test_what_was_stored_is_served(port: ContentPort) -> None:
    said = message("alpha beta")
    store(port, said)
    assert port.get(ANYONE, said.key) == Found(said)
    assert port.list_thread(ANYONE, THREAD) == Listing((said,))
    assert hits(port, "alpha") == [said.key]


@pytest.mark.parametrize("status", [s for s in STORABLE if s is not Status.SUBMITTED])
def test_past_submitted_upserting_again_changes_nothing(port: ContentPort, status: Status) -> None:
    store(port, message("alpha", status=status, created_at=5))
    before = port.observe()
    for other in (Status.SUBMITTED, Status.PUBLISHED):
        again = message("alpha", status=other, privacy=Privacy.PREMIUM, created_at=9)
        assert port.upsert(again, EMBED("other words")) == ALREADY
    assert port.observe() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("beta", Reason.HASH_MISMATCH),
        ("", ContentFault.INVALID_CONTENT),
        ("half \ud83d", ContentFault.INVALID_CONTENT),
        ("x" * 65_537, ContentFault.CONTENT_TOO_LARGE),
    ],
    ids=["mismatch", "empty", "surrogate", "too large"],
)
def test_c1_c2_content_that_does_not_fit_is_refused(
    port: ContentPort, content: str, reason: Reason | ContentFault
) -> None:
    key = message("alpha").key
    bad = Message(key, content, Status.PUBLISHED, Privacy.PUBLIC, 0)
    assert port.upsert(bad, EMBED("alpha")) == Refused(reason)
    assert port.observe() == Snapshot((), ())


def test_the_longest_content_is_stored_and_served(port: ContentPort) -> None:
    longest = message("é" * 32_768)
    store(port, longest)
    assert port.get(ANYONE, longest.key) == Found(longest)


def test_a_vector_of_another_dimension_is_refused(port: ContentPort) -> None:
    misfit = Vector(DEFAULT_DIMENSION + 1, ((0, 1),))
    said = message("alpha")
    assert port.upsert(said, misfit) == Refused(Reason.WRONG_DIMENSION)
    assert port.search(ANYONE, misfit, 1) == Refused(Reason.WRONG_DIMENSION)


@pytest.mark.parametrize("time", [-MAX_INTEGER, 0, MAX_INTEGER])
def test_times_are_64_bits_signed(port: ContentPort, time: int) -> None:
    said = message("alpha", created_at=time)
    store(port, said)
    assert port.get(ANYONE, said.key) == Found(said)
    beyond = message("beta", created_at=MAX_INTEGER + 1)
    assert port.upsert(beyond, EMBED("beta")) == Refused(Reason.INVALID_NUMBER)


def test_drafts_are_not_stored(port: ContentPort) -> None:
    draft = message("alpha", status=Status.DRAFT)
    assert port.upsert(draft, EMBED("alpha")) == Refused(Reason.ILLEGAL_TRANSITION)


@pytest.mark.parametrize(("old", "new"), list(product(STORABLE, Status)))
def test_m8_statuses_follow_the_lifecycle(port: ContentPort, old: Status, new: Status) -> None:
    said = message("alpha", status=old)
    store(port, said)
    if old is new:
        expected: Stored | Refused = ALREADY
    else:
        expected = NEW if follows(old, new) else Refused(Reason.ILLEGAL_TRANSITION)
    assert port.set_status(said.key, new) == expected
    held = port.observe_point(said.key)
    assert held is not None
    assert held.message.status is (new if expected == NEW else old)


def test_m8_privacy_may_change_in_any_status(port: ContentPort) -> None:
    for status in STORABLE:
        said = message(status.value, status=status)
        store(port, said)
        assert port.set_privacy(said.key, Privacy.PREMIUM) == NEW
        assert port.set_privacy(said.key, Privacy.PREMIUM) == ALREADY


def test_a_point_that_is_not_there_is_unknown(port: ContentPort) -> None:
    key = message("alpha").key
    unknown = Refused(Reason.UNKNOWN_POINT)
    assert port.set_status(key, Status.PUBLISHED) == unknown
    assert port.set_privacy(key, Privacy.PUBLIC) == unknown
    assert port.damage(key, "x") == unknown
    assert port.lose_vector(key) == unknown
    assert port.get(ANYONE, key) == Missing()
    assert port.delete(key) == Deleted(found=False)
    assert port.observe_point(key) is None
    assert port.observe() == Snapshot((), ())


def test_deleted_points_are_gone(port: ContentPort) -> None:
    said = message("alpha")
    store(port, said)
    assert port.delete(said.key) == Deleted(found=True)
    assert port.get(ANYONE, said.key) == Missing()
    assert not hits(port, "alpha")


def test_the_same_words_of_two_authors_are_two_records(port: ContentPort) -> None:
    store(port, message("alpha"), message("alpha", author=BOB), message("alpha", thread=OTHER))
    assert len(hits(port, "alpha")) == 3
    assert len(port.list_thread(ANYONE, THREAD).messages) == 2


def test_s8_every_cell_of_the_visibility_table(port: ContentPort) -> None:
    """For each role, what get, list and search show is what the table allows."""
    cells = list(product(STORABLE, Privacy))
    for thread, author in product((THREAD, OTHER), (ADA, BOB)):
        for status, privacy in cells:
            name = f"{status.value} {privacy.value}"
            store(port, message(name, author=author, thread=thread, status=status, privacy=privacy))
    assert port.put_thread(THREAD, (CYD, ADA), 1) == NEW
    everything = [point.message for point in port.observe().points]
    assert len(everything) == 4 * len(cells)
    # Ada is author and member, or either; Bob is author only; Cyd is member, or nobody.
    for address, premium in product((ADA, BOB, CYD), (False, True)):
        viewer = Viewer(address, premium)

        def allowed(operation: Operation, each: Message, viewer: Viewer = viewer) -> bool:
            return may(
                operation,
                each.status,
                each.privacy,
                author=each.key.author == viewer.address,
                member=each.key.thread == THREAD and viewer.address != BOB,
                premium=viewer.premium,
            )

        for each in everything:
            expected = Found(each) if allowed(Operation.GET, each) else Hidden()
            assert port.get(viewer, each.key) == expected, (viewer, each)
        for thread in (THREAD, OTHER):
            listed = set(port.list_thread(viewer, thread).messages)
            inside = [each for each in everything if each.key.thread == thread]
            assert listed == {each for each in inside if allowed(Operation.LIST, each)}
            found = port.search(viewer, EMBED("published public"), 100, thread)
            assert isinstance(found, Results)
            assert {hit.key for hit in found.hits} == {
                each.key for each in inside if allowed(Operation.SEARCH, each)
            }
        found = port.search(viewer, EMBED("published public"), 100)
        assert isinstance(found, Results)
        assert {hit.key for hit in found.hits} == {
            each.key for each in everything if allowed(Operation.SEARCH, each)
        }


def test_membership_is_as_of_the_newest_sequence(port: ContentPort) -> None:
    secret = message("alpha", privacy=Privacy.THREAD_ONLY)
    store(port, secret)
    assert port.get(ANYONE, secret.key) == Hidden()
    assert port.put_thread(THREAD, (CYD,), 7) == NEW
    assert port.get(ANYONE, secret.key) == Found(secret)
    assert port.put_thread(THREAD, (), 6) == ALREADY  # older news is ignored
    assert port.get(ANYONE, secret.key) == Found(secret)
    assert port.put_thread(THREAD, (CYD,), 7) == ALREADY
    assert port.put_thread(THREAD, (), 7) == NEW  # the same sequence puts right
    assert port.get(ANYONE, secret.key) == Hidden()
    held = port.observe_thread(THREAD)
    assert held is not None
    assert (held.co_authors, held.sequence) == ((), 7)
    assert port.observe_thread(OTHER) is None


@pytest.mark.parametrize("sequence", [-1, MAX_INTEGER + 1])
def test_sequences_fit_a_payload(port: ContentPort, sequence: int) -> None:
    assert port.put_thread(THREAD, (), sequence) == Refused(Reason.INVALID_NUMBER)
    assert port.put_thread(THREAD, (), MAX_INTEGER) == NEW


def test_lists_are_in_order_of_time_then_point_id(port: ContentPort) -> None:
    said = [message(f"content {n}", created_at=n % 3 - 1) for n in range(12)]
    store(port, *said)
    expected = sorted(said, key=lambda m: (m.created_at, message_point_id(m.key)))
    assert port.list_thread(ANYONE, THREAD) == Listing(tuple(expected))


@pytest.mark.parametrize("limit", [1, 2, 5, 19, 20, 40, 41, 100])
def test_ties_are_broken_by_point_id_also_at_the_limit(port: ContentPort, limit: int) -> None:
    """Twenty nearer and twenty farther points, each group with one score."""
    near = [message("alpha beta" + "!" * n) for n in range(20)]
    far = [message("alpha gamma" + "!" * n) for n in range(20)]
    store(port, *near, *far)
    ranked = [sorted((m.key for m in group), key=message_point_id) for group in (near, far)]
    assert hits(port, "beta alpha", limit) == [*ranked[0], *ranked[1]][:limit]


def test_scores_are_exact_dot_products(port: ContentPort) -> None:
    said = message("alpha beta gamma")
    store(port, said)
    query = EMBED("alpha delta")
    exact = sum(
        a * b for a, b in zip(query.dense(), EMBED(said.content).dense(), strict=True)
    )  # fmt: skip
    assert port.search(ANYONE, query, 1) == Results((Hit(said.key, exact),))


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(port: ContentPort, limit: int) -> None:
    assert port.search(ANYONE, EMBED("alpha"), limit) == Refused(Reason.INVALID_NUMBER)


@pytest.mark.parametrize("reading", ["get", "list", "search"])
def test_s5b_damaged_content_is_reported_once_and_never_served(
    port: ContentPort, reading: str
) -> None:
    said, other = message("alpha"), message("alpha other words")
    store(port, said, other)
    assert port.damage(said.key, "not what was said") == NEW
    if reading == "get":
        assert port.get(ANYONE, said.key) == Quarantined(said.key, newly=True)
    elif reading == "list":
        assert port.list_thread(ANYONE, THREAD) == Listing((other,), (said.key,))
    else:
        results = port.search(ANYONE, EMBED("alpha"), 1)
        assert isinstance(results, Results)
        assert [hit.key for hit in results.hits] == [other.key]  # the limit is filled
        assert results.quarantined == (said.key,)
    assert port.get(ANYONE, said.key) == Quarantined(said.key, newly=False)
    assert port.list_thread(ANYONE, THREAD) == Listing((other,))
    assert hits(port, "alpha") == [other.key]


def test_an_upsert_lifts_the_quarantine_and_keeps_status_and_privacy(port: ContentPort) -> None:
    said = message("alpha", status=Status.PENDING, privacy=Privacy.PREMIUM, created_at=3)
    store(port, said)
    port.damage(said.key, "x")
    assert port.get(Viewer(ADA), said.key) == Quarantined(said.key, newly=True)
    port.set_status(said.key, Status.PUBLISHED)
    assert port.upsert(message("alpha", created_at=9), EMBED("alpha")) == Repaired()
    kept = message("alpha", privacy=Privacy.PREMIUM, created_at=3)
    assert port.get(Viewer(ADA), said.key) == Found(kept)
    assert port.upsert(said, EMBED("alpha")) == ALREADY


def test_content_that_came_back_by_itself_stays_in_quarantine(port: ContentPort) -> None:
    said = message("alpha")
    store(port, said)
    port.damage(said.key, "x")
    port.get(ANYONE, said.key)
    port.damage(said.key, "alpha")
    assert port.get(ANYONE, said.key) == Quarantined(said.key, newly=False)
    assert port.upsert(said, EMBED("alpha")) == Repaired()


def test_a_search_does_not_look_at_what_it_does_not_need(port: ContentPort) -> None:
    near, far = message("alpha"), message("alpha and much else")
    store(port, near, far)
    port.damage(far.key, "x")
    assert hits(port, "alpha", 1) == [near.key]
    held = port.observe_point(far.key)
    assert held is not None
    assert not held.quarantined


def test_hidden_records_are_not_looked_at_either(port: ContentPort) -> None:
    secret = message("alpha", privacy=Privacy.THREAD_ONLY)
    store(port, secret)
    port.damage(secret.key, "x")
    before = port.observe()
    assert port.get(ANYONE, secret.key) == Hidden()
    assert port.list_thread(ANYONE, THREAD) == Listing(())
    assert port.search(ANYONE, EMBED("alpha"), 1) == Results(())
    assert port.observe() == before


def test_a_point_without_vector_is_served_not_searched_and_repaired(port: ContentPort) -> None:
    said = message("alpha")
    store(port, said)
    assert port.lose_vector(said.key) == NEW
    assert port.lose_vector(said.key) == ALREADY
    assert port.get(ANYONE, said.key) == Found(said)
    assert not hits(port, "alpha")
    assert port.upsert(said, EMBED("alpha")) == Repaired()
    assert hits(port, "alpha") == [said.key]


def test_an_old_snapshot_brings_everything_back(port: ContentPort) -> None:
    said = message("alpha")
    store(port, said)
    port.put_thread(THREAD, (ADA,), 1)
    port.lose_vector(said.key)
    saved = port.save()
    store(port, message("beta"))
    port.put_thread(OTHER, (), 1)
    port.delete(said.key)
    port.restore(saved)
    assert port.observe() == port.save() == saved
    port.reset()
    assert port.observe() == Snapshot((), ())


def test_a_get_depends_on_no_content_it_does_not_serve() -> None:
    """The action tests whether content hashes to its key; only serving reads it."""
    said = message("alpha")
    state = State({Point.status[said.key]: Status.PUBLISHED, Point.content[said.key]: "x"})
    outcome = run(reading.get, state, ANYONE, said.key)
    assert isinstance(outcome, Fired)
    assert dict(outcome.writes) == {Point.quarantined[said.key]: True}
    assert outcome.events == (Quarantined(said.key, newly=True),)
