"""Lists by thread, author and time, page by page, and searches likewise (section 5, S8)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

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

from choir_model.content.cells import Point, Shelf
from choir_model.content.reading import list_page
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.engine import Cell, Fired, State, run
from choir_model.ports.content import (
    MAX_INTEGER,
    ContentPort,
    Cursor,
    Index,
    Listing,
    Message,
    Page,
    Rank,
    Reason,
    Rebuilt,
    Refused,
    Results,
    Snapshot,
    Viewer,
    Where,
    message_point_id,
)

ALL = Page()
INVALID = Refused(Reason.INVALID_NUMBER)
EVERYTHING = Where()


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    every = Stores()
    yield every
    every.close()


@pytest.fixture(params=STORES)
def port(request: pytest.FixtureRequest, stores: Stores) -> ContentPort:
    return stores.empty(request.param)


def listed(port: ContentPort, where: Where, page: Page = ALL) -> list[Message]:
    answer = port.list(ANYONE, where, page)
    assert isinstance(answer, Listing)
    return list(answer.messages)


def leafed(port: ContentPort, where: Where, limit: int) -> list[tuple[Message, ...]]:
    """Every page, the last one included."""
    pages, page = [], Page(limit)
    while True:
        answer = port.list(ANYONE, where, page)
        assert isinstance(answer, Listing)
        pages.append(answer.messages)
        if answer.next is None:
            return pages
        page = Page(limit, answer.next)


def in_order(messages: list[Message]) -> list[Message]:
    return sorted(messages, key=lambda m: (m.created_at, message_point_id(m.key)))


def many(port: ContentPort) -> list[Message]:
    said = [
        message(f"{n}", author=author, thread=thread, created_at=n % 4)
        for n, (author, thread) in enumerate([*product((ADA, BOB), (THREAD, OTHER))] * 4)
    ]
    store(port, *said)
    return in_order(said)


def test_every_combination_of_conditions_lists_what_meets_all(port: ContentPort) -> None:
    said = many(port)
    for thread, author, since, until in product(
        (None, THREAD, CYD), (None, ADA, CYD), (None, 1, 9), (None, 0, 3)
    ):
        expected = [
            each
            for each in said
            if thread in (None, each.key.thread)
            and author in (None, each.key.author)
            and (since is None or since <= each.created_at)
            and (until is None or each.created_at < until)
        ]
        assert listed(port, Where(thread, author, since, until)) == expected
    assert port.list_thread(ANYONE, THREAD) == port.list(ANYONE, Where(THREAD), ALL)


@pytest.mark.parametrize("limit", [1, 3, 7, 15, 16, 17, 10**30])
def test_pages_in_a_row_are_the_whole_list(port: ContentPort, limit: int) -> None:
    """No message twice, none left out, none empty, and every page but the last is full."""
    said = many(port)
    pages = leafed(port, EVERYTHING, limit)
    assert [each for page in pages for each in page] == said
    assert all(len(page) == limit for page in pages[:-1])
    assert 0 < len(pages[-1]) <= limit


def test_what_is_stored_or_deleted_meanwhile_moves_nothing_else(port: ContentPort) -> None:
    said = many(port)
    first = port.list(ANYONE, EVERYTHING, Page(5))
    assert isinstance(first, Listing)
    assert first.next == Cursor(said[4].created_at, message_point_id(said[4].key))
    store(port, message("much earlier", created_at=-1), message("much later", created_at=9))
    port.delete(said[4].key)
    port.delete(said[6].key)
    rest = listed(port, EVERYTHING, Page(None, first.next))
    assert rest == [said[5], *said[7:], message("much later", created_at=9)]


def test_a_place_is_good_for_another_question(port: ContentPort) -> None:
    said = many(port)
    beyond = Cursor(2, "")
    expected = [each for each in said if each.created_at >= 2 and each.key.author == BOB]
    assert listed(port, Where(author=BOB), Page(None, beyond)) == expected
    assert listed(port, Where(since=3), Page(None, beyond)) == [m for m in said if m.created_at > 2]


EXTREMES = (
    -MAX_INTEGER, 1 - MAX_INTEGER, -(1 << 53) - 1, -1, 0, (1 << 53) - 1, 1 << 53, (1 << 53) + 1,
    MAX_INTEGER - 1, MAX_INTEGER,
)  # fmt: skip


@pytest.mark.parametrize("lost", [(), (Index.CREATED_AT,)], ids=["indexed", "not indexed"])
def test_times_that_floats_do_not_tell_apart_are_told_apart(
    port: ContentPort, lost: tuple[Index, ...]
) -> None:
    for index in lost:
        port.lose_index(index)
    store(port, *(message(f"at {time}", created_at=time) for time in EXTREMES))
    for since, until in combinations((None, *EXTREMES), 2):
        for low, high in ((since, until), (until, since)):
            expected = [
                time
                for time in EXTREMES
                if (low is None or low <= time) and (high is None or time < high)
            ]
            assert [m.created_at for m in listed(port, Where(None, None, low, high))] == expected


@pytest.mark.parametrize(
    ("where", "page"),
    [
        (EVERYTHING, Page(0)),
        (EVERYTHING, Page(-1)),
        (Where(since=MAX_INTEGER + 1), ALL),
        (Where(until=-MAX_INTEGER - 1), ALL),
        (EVERYTHING, Page(None, Cursor(10**400, ""))),
    ],
)
def test_a_page_that_cannot_be_is_refused(port: ContentPort, where: Where, page: Page) -> None:
    store(port, message("alpha"))
    port.damage(message("alpha").key, "x")
    before = port.observe()
    assert port.list(ANYONE, where, page) == INVALID
    assert port.observe() == before


def test_s8_pages_show_each_viewer_what_the_table_allows(port: ContentPort) -> None:
    """A page is filled with what may be listed; nothing tells how much else there is."""
    public = [message(f"public {n}", created_at=n) for n in range(3)]
    secret = [message(f"secret {n}", privacy=Privacy.THREAD_ONLY, created_at=n) for n in range(3)]
    pending = message("pending", status=Status.PENDING, created_at=5)
    store(port, *public, *secret, pending)
    port.put_thread(THREAD, (BOB,), 1)
    assert leafed(port, EVERYTHING, 3) == [tuple(public)]
    member = port.list(Viewer(BOB), EVERYTHING, Page(6))
    assert isinstance(member, Listing)
    assert list(member.messages) == in_order([*public, *secret])
    assert member.next is not None
    rest = port.list(Viewer(BOB), EVERYTHING, Page(6, member.next))
    assert rest == Listing((pending,))


def test_s5b_a_page_is_filled_past_damaged_content_and_looks_no_further(port: ContentPort) -> None:
    said = [message(f"{n}", created_at=n) for n in range(4)]
    store(port, *said)
    for number in (0, 2):
        port.damage(said[number].key, "x")
    first = port.list(ANYONE, EVERYTHING, Page(1))
    at = Cursor(1, message_point_id(said[1].key))
    assert first == Listing((said[1],), (said[0].key,), at)
    held = port.observe_point(said[2].key)
    assert held is not None
    assert not held.quarantined  # is what `next` stands for, and was not examined
    assert port.list(ANYONE, EVERYTHING, Page(1, at)) == Listing((said[3],), (said[2].key,))


def test_a_next_page_may_be_empty_where_all_that_is_left_is_damaged(port: ContentPort) -> None:
    said = [message(f"{n}", created_at=n) for n in range(2)]
    store(port, *said)
    port.damage(said[1].key, "x")
    first = port.list(ANYONE, EVERYTHING, Page(1))
    assert isinstance(first, Listing)
    assert first.next is not None
    last = port.list(ANYONE, EVERYTHING, Page(1, first.next))
    assert last == Listing((), (said[1].key,))


@pytest.mark.parametrize("limit", [1, 4, 7, 39, 40, 41])
def test_hits_in_pages_are_all_hits_in_order_of_score_then_id(
    port: ContentPort, limit: int
) -> None:
    """Twenty nearer and twenty farther points, each group with one score."""
    near = [message("alpha beta" + "!" * n) for n in range(20)]
    far = [message("alpha gamma" + "!" * n) for n in range(20)]
    store(port, *near, *far)
    ranked = [
        key for group in (near, far) for key in sorted((m.key for m in group), key=message_point_id)
    ]
    found, after = [], None
    while True:
        results = port.search(ANYONE, EMBED("beta alpha"), limit, None, after)
        assert isinstance(results, Results)
        found += [hit.key for hit in results.hits]
        after = results.next
        if after is None:
            break
        assert len(results.hits) == limit
        assert after == Rank(int(results.hits[-1].score * (1 << 22)), message_point_id(found[-1]))
    assert found == ranked


def test_a_nearer_message_stored_meanwhile_is_on_no_later_page(port: ContentPort) -> None:
    store(port, message("alpha beta"), message("alpha gamma"))
    first = port.search(ANYONE, EMBED("alpha beta"), 1)
    assert isinstance(first, Results)
    store(port, message("beta alpha", author=BOB), message("alpha, but far from it", author=BOB))
    port.delete(message("alpha beta").key)
    later = port.search(ANYONE, EMBED("alpha beta"), 9, None, first.next)
    assert isinstance(later, Results)
    expected = {message("alpha gamma").key, message("alpha, but far from it", author=BOB).key}
    nearer = message("beta alpha", author=BOB).key
    tie_is_later = message_point_id(nearer) > message_point_id(message("alpha beta").key)
    assert {hit.key for hit in later.hits} == expected | ({nearer} if tie_is_later else set())


def test_a_new_store_has_every_index(port: ContentPort) -> None:
    assert port.indices() == tuple(Index)
    assert port.rebuild_indices() == Rebuilt(())


def test_lost_indices_are_told_and_rebuilt(port: ContentPort) -> None:
    assert port.lose_index(Index.CREATED_AT) == NEW
    assert port.lose_index(Index.THREAD) == NEW
    assert port.lose_index(Index.THREAD) == ALREADY
    assert port.indices() == (Index.AUTHOR, Index.CO_AUTHORS)
    before = port.save()
    port.restore(before)
    assert port.indices() == (Index.AUTHOR, Index.CO_AUTHORS)
    assert port.rebuild_indices() == Rebuilt((Index.THREAD, Index.CREATED_AT))
    assert port.indices() == tuple(Index)
    port.lose_index(Index.AUTHOR)
    port.reset()
    assert port.indices() == tuple(Index)
    assert port.observe() == Snapshot((), ())


@pytest.mark.parametrize("lost", [*((index,) for index in Index), tuple(Index)], ids=str)
def test_s8_a_lost_index_neither_shows_nor_hides_anything(
    port: ContentPort, lost: tuple[Index, ...]
) -> None:
    cells = list(product((Status.PENDING, Status.PUBLISHED, Status.REJECTED), Privacy))
    for (thread, author), (n, (status, privacy)) in product(
        product((THREAD, OTHER), (ADA, BOB)), enumerate(cells)
    ):
        said = message(
            str(n), author=author, thread=thread, status=status, privacy=privacy, created_at=n
        )
        store(port, said)
    port.put_thread(THREAD, (CYD, ADA), 1)

    def answers() -> list[object]:
        return [
            answer
            for viewer in (Viewer(ADA), Viewer(BOB, premium=True), Viewer(CYD))
            for answer in (
                *(port.list(viewer, Where(t, a, 2, 7), Page(5))
                  for t, a in product((None, THREAD, OTHER), (None, ADA))),
                *(port.search(viewer, EMBED("1"), 5, t) for t in (None, THREAD, OTHER)),
                port.get(viewer, message("4", privacy=Privacy.PREMIUM).key),
            )
        ]  # fmt: skip

    before = answers()
    for index in lost:
        port.lose_index(index)
    assert answers() == before
    port.rebuild_indices()
    assert answers() == before


class Watched(State):
    """A state that remembers which of its cells were asked for."""

    asked: set[Cell]

    def get(self, cell: Cell, default: Any = None) -> Any:
        self.asked.add(cell)
        return super().get(cell, default)


def test_a_list_depends_on_no_more_than_it_needs() -> None:
    """On no other thread's points; of what is too late, on neither content nor time."""
    said, other = message("alpha"), message("beta", thread=OTHER)
    late = message("gamma", created_at=9)
    keys = (said.key, other.key, late.key)
    state = Watched({Shelf.messages[each.thread]: (each,) for each in keys})
    state[Shelf.messages[THREAD]] = tuple(key for key in keys if key.thread == THREAD)
    for each in (said, other, late):
        state[Point.status[each.key]] = each.status
        state[Point.content[each.key]] = each.content
        state[Point.created_at[each.key]] = each.created_at
    state.asked = set()
    outcome = run(list_page, state, ANYONE, Where(THREAD, None, 0, 5), ALL)
    assert isinstance(outcome, Fired)
    assert outcome.events == (Listing((said,)),)
    asked = {cell for cell in state.asked if cell.key in keys}
    assert {cell.key for cell in state.asked} <= {said.key, late.key, THREAD}
    assert Point.content[said.key] in asked
    assert {cell for cell in asked if cell.key == late.key} == {
        Point.status[late.key], Point.privacy[late.key], Point.quarantined[late.key],
        Point.created_at[late.key],
    }  # fmt: skip
