"""What the engine's payload indices change, and why the adapter compares times again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import qdrant_edge
from content_stores import ANYONE, message, store

from choir_model.adapters.edge import EdgeContent
from choir_model.ports.content import MAX_INTEGER, Index, Listing, Page, Where

HUGE = (MAX_INTEGER - 1, MAX_INTEGER)


@pytest.fixture
def edge() -> Iterator[EdgeContent]:
    with EdgeContent() as opened:
        yield opened


def raw(edge: EdgeContent, since: int) -> list[int]:
    """What the engine itself finds from a time on."""
    interval = qdrant_edge.RangeFloat(gte=float(since))
    condition = qdrant_edge.FieldCondition("created_at", range=interval)
    found = edge._shard.scroll(qdrant_edge.Filter(must=[condition]))
    return sorted((point.payload or {})["created_at"] for point in found)


def test_known_divergence_an_index_changes_which_times_are_in_a_range(edge: EdgeContent) -> None:
    """When this fails, the engine has been mended, and ranges need no more than they ask for."""
    store(edge, *(message(str(time), created_at=time) for time in HUGE))
    assert raw(edge, MAX_INTEGER) == [MAX_INTEGER]
    edge.lose_index(Index.CREATED_AT)
    assert raw(edge, MAX_INTEGER) == list(HUGE)
    for lost in (True, False):
        listed = edge.list(ANYONE, Where(since=MAX_INTEGER), Page())
        assert isinstance(listed, Listing)
        assert [each.created_at for each in listed.messages] == [MAX_INTEGER]
        if lost:
            edge.rebuild_indices()


def test_known_divergence_a_text_matches_as_a_list_of_one_would(edge: EdgeContent) -> None:
    """Why garbled co-authors are looked at again."""
    match = qdrant_edge.FieldCondition("co_authors", match=qdrant_edge.MatchValue("ada"))
    store(edge, message("alpha"))
    name = edge.observe().points[0].id
    for held in ("ada", ["ada"], ["bob", "ada"]):
        edge._shard.set(name, {"co_authors": held})
        assert len(list(edge._shard.scroll(qdrant_edge.Filter(must=[match])))) == 1


def test_opening_a_store_makes_the_indices_that_are_lost(tmp_path: Path) -> None:
    with EdgeContent(tmp_path) as edge:
        store(edge, message("alpha"))
        edge.lose_index(Index.AUTHOR)
        assert edge._shard.indices() == {index.value for index in Index} - {"author"}
    with EdgeContent(tmp_path) as edge:
        assert edge.indices() == tuple(Index)
        assert len(edge.observe().points) == 1
