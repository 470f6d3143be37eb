"""The store's variants (section 5, section 9): tenancy and acl; what they change, and what not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from content_situations import SITUATIONS
from content_stores import ADA, ALREADY, ANYONE, BOB, CYD, EMBED, NEW, OTHER, THREAD, message, store

from choir_model.adapters.edge import EdgeContent
from choir_model.adapters.edge_payload import thread_payload
from choir_model.adapters.edge_shard import Shard
from choir_model.content.port import ReferenceContent
from choir_model.content.snapshot_file import decode, encode
from choir_model.domain.lifecycle import Privacy
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.content import CONTENT_ANSWERS, CONTENT_REFUSALS, run_content_lockstep
from choir_model.ports.content import (
    ContentPort,
    Found,
    Hidden,
    Index,
    Listing,
    Message,
    Page,
    Reason,
    Refused,
    Repaired,
    Results,
    StoreUnavailable,
    Viewer,
    Where,
    message_point_id,
    thread_point_id,
)
from choir_model.ports.content_design import DEFAULT, EVERY, Acl, ContentDesign, Tenancy

APART = ContentDesign(tenancy=Tenancy.COLLECTION)
PER_MESSAGE = ContentDesign(acl=Acl.PER_MESSAGE)
SECRETS = sorted(
    (message(f"secret {n}", privacy=Privacy.THREAD_ONLY) for n in range(4)),
    key=lambda each: message_point_id(each.key),
)


@pytest.mark.parametrize("design", EVERY[1:], ids=str)
def test_reference_and_edge_agree_under_every_design(design: ContentDesign) -> None:
    coverage = run_content_lockstep(lambda: EdgeContent(design=design), seed=2, steps=4000)
    assert not coverage.missing(refusals=CONTENT_REFUSALS, events=CONTENT_ANSWERS)
    expected = SITUATIONS | ({"PutThreadPartly Stored"} if design.acl is Acl.PER_MESSAGE else set())
    assert expected - set(coverage.situations) == set()


@pytest.mark.parametrize("acl", Acl)
def test_no_answer_tells_the_tenancy(acl: Acl) -> None:
    """The very same commands, with the same answers: one store is held against the other."""
    others = [ContentDesign(tenancy, acl) for tenancy in Tenancy]
    with EdgeContent(design=others[0]) as shared:
        coverage = run_content_lockstep(
            lambda: EdgeContent(design=others[1]), seed=3, steps=1500, reference=shared
        )
    assert coverage.steps >= 1500


@pytest.fixture(params=["reference", "edge"])
def per_message(request: pytest.FixtureRequest) -> Iterator[ContentPort]:
    if request.param == "reference":
        yield ReferenceContent(design=PER_MESSAGE)
    else:
        with EdgeContent(design=PER_MESSAGE) as edge:
            yield edge


def seen(port: ContentPort, address: bytes) -> list[Message]:
    """What somebody gets; that lists and searches show the same is demanded."""
    viewer = Viewer(address)
    got = [each for each in SECRETS if port.get(viewer, each.key) == Found(each)]
    listing = port.list(viewer, Where(THREAD), Page())
    assert isinstance(listing, Listing)
    assert sorted(listing.messages, key=lambda each: message_point_id(each.key)) == got
    results = port.search(viewer, EMBED("secret"), 9)
    assert isinstance(results, Results)
    assert {hit.key for hit in results.hits} == {each.key for each in got}
    return got


@pytest.mark.parametrize("done", range(5))
def test_s8_during_a_change_both_sets_of_co_authors_are_members_of_some_messages(
    per_message: ContentPort, done: int
) -> None:
    """A seat that was added sees too little, one that was corrected away too much, for as long
    as the change lasts; nobody else sees anything, and repeating the change ends it.
    """
    per_message.put_thread(THREAD, (BOB,), 1)
    store(per_message, *SECRETS)
    answer = per_message.put_thread_partly(THREAD, (CYD,), 2, done)
    assert answer == (NEW if done else ALREADY)
    assert seen(per_message, CYD) == SECRETS[:done]
    assert seen(per_message, BOB) == SECRETS[done:]
    assert seen(per_message, b"\7" * 32) == []
    assert seen(per_message, ADA) == SECRETS  # is the author
    held = per_message.observe_thread(THREAD)
    assert held is not None
    assert (held.co_authors, held.sequence) == ((BOB,), 1)
    assert per_message.put_thread(THREAD, (CYD,), 2) == NEW
    assert per_message.put_thread(THREAD, (CYD,), 2) == ALREADY
    assert seen(per_message, CYD) == SECRETS
    assert seen(per_message, BOB) == []


def test_s8_append_only_seats_show_nobody_too_much_during_a_change(
    per_message: ContentPort,
) -> None:
    """M7: what `put_thread` follows only ever adds, so a half-done change only hides."""
    per_message.put_thread(THREAD, (BOB,), 1)
    store(per_message, *SECRETS)
    per_message.put_thread_partly(THREAD, (BOB, CYD), 2, 2)
    assert seen(per_message, BOB) == SECRETS
    assert seen(per_message, CYD) == SECRETS[:2]


def test_a_message_stored_during_a_change_is_caught_up_with_by_its_end(
    per_message: ContentPort,
) -> None:
    per_message.put_thread(THREAD, (BOB,), 1)
    store(per_message, *SECRETS[:3])
    per_message.put_thread_partly(THREAD, (BOB, CYD), 2, 3)
    store(per_message, SECRETS[3])
    assert seen(per_message, CYD) == SECRETS[:3]
    per_message.put_thread(THREAD, (BOB, CYD), 2)
    assert seen(per_message, CYD) == SECRETS


def test_corrections_put_every_message_right(per_message: ContentPort) -> None:
    """Also where the thread's own point is right already."""
    per_message.put_thread(THREAD, (BOB,), 2)
    store(per_message, *SECRETS)
    per_message.put_thread_partly(THREAD, (CYD,), 3, 2)
    assert per_message.correct_thread(THREAD, (BOB,), 2) == NEW
    assert seen(per_message, CYD) == []
    assert per_message.correct_thread(THREAD, (BOB,), 2) == ALREADY


def test_a_repair_keeps_whom_a_message_names(per_message: ContentPort) -> None:
    per_message.put_thread(THREAD, (BOB,), 1)
    store(per_message, *SECRETS)
    per_message.put_thread_partly(THREAD, (CYD,), 2, 1)
    per_message.damage(SECRETS[0].key, "x")
    assert per_message.upsert(SECRETS[0], EMBED(SECRETS[0].content)) == Repaired()
    assert seen(per_message, CYD) == SECRETS[:1]


@pytest.mark.parametrize("sequence", [-1, 1 << 63])
def test_a_change_that_cannot_be_cannot_be_cut_off(per_message: ContentPort, sequence: int) -> None:
    invalid = Refused(Reason.INVALID_NUMBER)
    assert per_message.put_thread_partly(THREAD, (BOB,), sequence, 1) == invalid
    assert per_message.put_thread_partly(THREAD, (BOB,), 1, -1) == invalid


@pytest.mark.parametrize("kind", [ReferenceContent, EdgeContent])
def test_snapshots_move_between_designs(kind: type[ReferenceContent | EdgeContent]) -> None:
    """Co-authors on messages are saved; where there are none, the thread's point has them."""
    for design in EVERY:
        first = ReferenceContent()
        first.put_thread(THREAD, (BOB,), 1)
        store(first, *SECRETS)
        port = kind(design=design)
        port.restore(decode(encode(first.save())))
        assert seen(port, BOB) == SECRETS
        assert seen(port, CYD) == []
        port.put_thread_partly(THREAD, (CYD,), 2, 1)
        again = kind(design=design)
        again.restore(decode(encode(port.save())))
        assert again.observe() == port.observe()
        back = ReferenceContent()
        back.restore(port.save())
        back.put_thread(OTHER, (), 0)
        assert seen(back, BOB) == SECRETS
        port.close()
        again.close()


def test_every_thread_has_a_directory_of_its_own(tmp_path: Path) -> None:
    with EdgeContent(tmp_path, design=APART) as edge:
        assert list(tmp_path.iterdir()) == []
        assert edge.get(ANYONE, message("alpha").key) == edge.get(ANYONE, message("beta").key)
        assert list(tmp_path.iterdir()) == []  # reading makes no collection
        store(edge, message("alpha"), message("beta", thread=OTHER))
        before = edge.observe()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"thread-{thread.hex()}" for thread in (THREAD, OTHER)]
    with EdgeContent(tmp_path, design=APART) as edge:
        assert edge.get(ANYONE, message("alpha").key) == Found(message("alpha"))
        assert len(edge._tenants.opened()) == 1  # the other one was not needed
        assert edge.observe() == before
        assert len(edge._tenants.opened()) == 2


def test_a_collection_made_after_an_index_was_lost_lacks_it_too() -> None:
    with EdgeContent(design=APART) as edge:
        store(edge, message("alpha"))
        edge.lose_index(Index.AUTHOR)
        store(edge, message("beta", thread=OTHER))
        for shard in edge._tenants.every():
            assert shard.indices() == {index.value for index in Index} - {"author"}
        edge.rebuild_indices()
        for shard in edge._tenants.every():
            assert shard.indices() == {index.value for index in Index}


@pytest.mark.parametrize(("made", "opened"), [(DEFAULT, APART), (APART, DEFAULT)])
def test_a_directory_of_the_other_tenancy_is_not_taken_for_an_empty_one(
    tmp_path: Path, made: ContentDesign, opened: ContentDesign
) -> None:
    with EdgeContent(tmp_path, design=made) as edge:
        store(edge, message("alpha"))
    with pytest.raises(StoreUnavailable, match=f"tenancy {made.tenancy.value}; open it with"):
        EdgeContent(tmp_path, design=opened)
    with EdgeContent(tmp_path, design=made) as edge:
        assert len(edge.observe().points) == 1


def test_s8_what_is_in_the_collection_of_another_thread_is_nothing() -> None:
    """Neither a message twice, nor a thread's point that makes anybody a member."""
    with EdgeContent(design=APART) as edge:
        store(edge, message("alpha"), SECRETS[0], message("beta", thread=OTHER))
        edge.put_thread(THREAD, (BOB,), 1)
        before = edge.list(Viewer(CYD), Where(), Page())
        found = edge.search(Viewer(CYD), EMBED("alpha"), 9)
        own, other = edge._tenants.home(THREAD), edge._tenants.home(OTHER)
        for held in edge.observe().points[:3]:
            payload, vector = own.fetch(held.id, with_vector=True)
            if payload is not None:
                assert isinstance(vector, list)
                other.put([(held.id, vector, payload)])
        name = thread_point_id(THREAD)
        other.put([(name, None, thread_payload(THREAD, (CYD,), 9))])
        assert edge.list(Viewer(CYD), Where(), Page()) == before
        assert edge.search(Viewer(CYD), EMBED("alpha"), 9) == found
        assert len(edge.observe().points) == 3
        assert len(edge.observe().unreadable) == 3


@pytest.mark.parametrize("garbled", [CYD.hex(), 7, None, [CYD.hex(), 7], ["no address"]])
def test_s8_garbled_co_authors_of_a_message_make_nobody_a_member(garbled: object) -> None:
    with EdgeContent(design=PER_MESSAGE) as edge:
        edge.put_thread(THREAD, (BOB,), 1)
        store(edge, *SECRETS)
        edge._shard.set(message_point_id(SECRETS[0].key), {"co_authors": garbled})
        assert seen(edge, CYD) == []
        assert seen(edge, BOB) == SECRETS[1:]
        assert edge.put_thread(THREAD, (BOB,), 1) == NEW
        assert seen(edge, BOB) == SECRETS


class ForgetsMessages(EdgeContent):
    """A change of co-authors reaches the thread's point alone."""

    def __init__(self) -> None:
        super().__init__(design=PER_MESSAGE)

    def _tell_messages(
        self, thread: bytes, co_authors: tuple[bytes, ...], most: int | None = None
    ) -> int:
        return 0


class SearchesOneCollection(EdgeContent):
    """A search everywhere looks into the first collection only."""

    def __init__(self) -> None:
        super().__init__(design=APART)

    def _scope(self, thread: bytes | None) -> list[Shard]:
        return super()._scope(thread)[:1]


@pytest.mark.parametrize("defect", [ForgetsMessages, SearchesOneCollection])
def test_planted_defects_are_caught(defect: type[EdgeContent]) -> None:
    from choir_model.lockstep.running import Failure

    with pytest.raises(Failure) as caught:
        run_content_lockstep(defect, seed=1, steps=4000, coverage=Coverage())
    assert len(caught.value.commands) <= 8


def test_hidden_stays_hidden_under_every_design() -> None:
    for design in EVERY:
        port = ReferenceContent(design=design)
        store(port, SECRETS[0])
        assert port.get(ANYONE, SECRETS[0].key) == Hidden()
