"""Qdrant Edge behind the content port: what only a real engine in a real directory can do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import qdrant_edge

from choir_model.adapters import edge as edge_module
from choir_model.adapters import edge_payload, edge_reading, edge_shard, edge_store
from choir_model.adapters.edge import EdgeContent
from choir_model.adapters.edge_payload import thread_payload
from choir_model.adapters.edge_shard import store_error
from choir_model.content.port import ReferenceContent
from choir_model.domain.identity import RecordKey, content_hash
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ports.content import (
    Deleted,
    Found,
    Listing,
    Message,
    Missing,
    Reason,
    Refused,
    Results,
    Stored,
    StoreDamaged,
    StoreError,
    StoreInUse,
    StorePackageMissing,
    StoreUnavailable,
    Viewer,
    message_point_id,
    thread_point_id,
)
from choir_model.ports.embeddings import HashedWords

ROOT = Path(__file__).parent.parent
EMBED = HashedWords().embed
ADA, THREAD = b"\1" * 32, b"\2" * 32
ANYONE = Viewer(b"\3" * 32)
Spoil = Callable[[Path], object]


@pytest.fixture
def edge() -> Iterator[EdgeContent]:
    with EdgeContent() as store:
        yield store


def message(content: str) -> Message:
    key = RecordKey(THREAD, ADA, content_hash(content))
    return Message(key, content, Status.PUBLISHED, Privacy.PUBLIC, 0)


def store(port: EdgeContent, *contents: str) -> None:
    for content in contents:
        assert port.upsert(message(content), EMBED(content)) == Stored(already=False)


def raw(port: EdgeContent, name: str, payload: dict[str, Any]) -> None:
    """A point written behind the adapter's back."""
    port._shard.put([(name, EMBED("alpha").dense(), payload)])


def test_without_a_directory_it_leaves_nothing_behind() -> None:
    with EdgeContent() as edge:
        directory = edge.directory
        store(edge, "alpha")
        assert directory.is_dir()
    assert not directory.exists()
    edge.close()  # once more does no harm


@pytest.mark.parametrize("wal", [True, False])
def test_what_was_closed_is_there_when_opened_again(tmp_path: Path, wal: bool) -> None:
    with EdgeContent(tmp_path / "new" / "store", wal=wal) as edge:
        store(edge, "alpha", "beta")
        edge.put_thread(THREAD, (ADA,), 3)
        before = edge.observe()
    with EdgeContent(tmp_path / "new" / "store", wal=wal) as edge:
        assert edge.observe() == before
        assert edge.get(ANYONE, message("alpha").key) == Found(message("alpha"))


KILLED = """
import os, sys
from tests.test_edge import EdgeContent, store
edge = EdgeContent(sys.argv[1], wal=sys.argv[2] == "True")
store(edge, *map(str, range(20)))
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("wal", "survive"), [(True, 20), (False, 0)])
def test_a_killed_process_loses_acknowledged_writes_only_without_a_log(
    tmp_path: Path, wal: bool, survive: int
) -> None:
    subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(wal)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    with EdgeContent(tmp_path, wal=wal) as edge:
        assert len(edge.observe().points) == survive


def test_a_store_that_is_open_is_in_use(tmp_path: Path) -> None:
    with EdgeContent(tmp_path), pytest.raises(StoreInUse, match=str(tmp_path)):
        EdgeContent(tmp_path)
    EdgeContent(tmp_path).close()


def test_a_closed_store_says_so(edge: EdgeContent) -> None:
    edge.close()
    with pytest.raises(StoreUnavailable, match="was closed; open it again"):
        edge.observe()


def test_vectors_of_another_size_are_not_taken_for_damage(tmp_path: Path) -> None:
    EdgeContent(tmp_path).close()
    with pytest.raises(StoreUnavailable, match="another size or distance"):
        EdgeContent(tmp_path, dimension=8)


def test_the_choice_of_a_log_is_fixed_at_creation(tmp_path: Path) -> None:
    EdgeContent(tmp_path).close()
    with pytest.raises(StoreUnavailable, match="other choice of `wal`"):
        EdgeContent(tmp_path, wal=False)


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="is a file; a store needs a directory"):
        EdgeContent(tmp_path / "file")
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        EdgeContent(tmp_path / "file" / "below")
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        EdgeContent("/proc/choir")
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        EdgeContent("nul\0inside")


def rewrite(pattern: str, change: Callable[[bytes], bytes]) -> Spoil:
    def spoil(directory: Path) -> None:
        for path in directory.glob(pattern):
            path.write_bytes(change(path.read_bytes()))

    return spoil


SPOILS: dict[str, Spoil] = {
    "configuration half-written": rewrite("edge_config.json", lambda data: data[:40]),
    "configuration empty": rewrite("edge_config.json", lambda _: b""),
    "configuration missing": lambda d: (d / "edge_config.json").unlink(),
    "segments missing": lambda d: shutil.rmtree(d / "segments"),
    "segment half-written": rewrite("segments/*/segment.json", lambda data: data[:40]),
    "log missing": lambda d: shutil.rmtree(d / "wal"),
    "log overwritten": rewrite("wal/open-1", lambda data: b"XXXXXXXX" + data[8:]),
    "payloads half-written": rewrite(
        "segments/*/payload_storage/config.json", lambda data: data[:9]
    ),
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=list(SPOILS))
def test_a_damaged_directory_is_reported_as_often_as_it_is_opened(
    tmp_path: Path, spoil: Spoil
) -> None:
    with EdgeContent(tmp_path) as edge:
        store(edge, "alpha")
    spoil(tmp_path)
    for _ in range(2):
        with pytest.raises(StoreDamaged) as caught:
            EdgeContent(tmp_path)
        text = str(caught.value)
        assert text.startswith(str(tmp_path))
        assert "restore a copy, or delete it to start empty" in text
        assert "\n" not in text


def test_damage_inside_the_files_passes_unnoticed_by_the_engine(tmp_path: Path) -> None:
    """Why readers re-hash, and why syncing compares with the ledger: points are just gone."""
    with EdgeContent(tmp_path) as edge:
        store(edge, "alpha", "beta")
    rewrite("segments/*/mutable_id_tracker.mappings", lambda data: data[:20])(tmp_path)
    with EdgeContent(tmp_path) as edge:
        assert len(edge.observe().points) < 2


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("failed to create file: Permission denied (os error 13)", StoreUnavailable),
        ("Read-only file system (os error 30)", StoreUnavailable),
        ("No space left on device (os error 28)", StoreUnavailable),
        ("failed to open WAL /x/wal: Can't init WAL: Kind(WouldBlock)", StoreInUse),
        ("something\nnew", StoreDamaged),
    ],
)
def test_what_the_engine_says_gets_a_name(text: str, kind: type[StoreError]) -> None:
    error = store_error(Exception(text), Path("/x"))
    assert type(error) is kind
    assert str(error).startswith("/x ")
    assert "\n" not in str(error)


def test_errors_of_the_caller_are_not_the_store_s(edge: EdgeContent) -> None:
    with pytest.raises(ValueError, match="UUID"):
        edge._shard.delete("no UUID")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qdrant_edge", None)
    with pytest.raises(StorePackageMissing, match="install qdrant-edge-py"):
        EdgeContent()


def test_importing_the_adapter_does_not_import_the_engine() -> None:
    script = "import sys, choir_model.adapters.edge; sys.exit('qdrant_edge' in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def test_a_point_with_another_key_is_never_taken_for_it(
    edge: EdgeContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two keys whose SHA-256 begin alike: the id is the same, the full key decides."""
    held, wanted = message("alpha"), message("beta")
    id_of = {held.key: message_point_id(held.key), wanted.key: message_point_id(held.key)}
    for module in (edge_module, edge_payload, edge_reading, edge_store):
        monkeypatch.setattr(module, "message_point_id", id_of.__getitem__)
    store(edge, "alpha")
    before = edge.observe()
    assert edge.get(ANYONE, wanted.key) == Missing()
    assert edge.upsert(wanted, EMBED("beta")) == Refused(Reason.POINT_ID_COLLISION)
    assert edge.set_status(wanted.key, Status.PUBLISHED) == Refused(Reason.UNKNOWN_POINT)
    assert edge.delete(wanted.key) == Deleted(found=False)
    assert edge.observe_point(wanted.key) is None
    assert edge.observe() == before
    assert edge.get(ANYONE, held.key) == Found(held)


def test_s5b_a_point_whose_key_belongs_elsewhere_is_damage(edge: EdgeContent) -> None:
    """No collision: its key demands another id.  It gives way to what belongs there."""
    store(edge, "alpha")
    payload, _ = edge._shard.fetch(message_point_id(message("alpha").key))
    assert payload is not None
    wanted = message("beta")
    name = message_point_id(wanted.key)
    raw(edge, name, payload)
    assert edge.get(ANYONE, wanted.key) == Missing()
    assert edge.set_status(wanted.key, Status.PUBLISHED) == Refused(Reason.UNKNOWN_POINT)
    assert edge.observe_point(wanted.key) is None
    # Nor is it a second copy of what it claims to be.
    results = edge.search(ANYONE, EMBED("alpha"), 10)
    assert isinstance(results, Results)
    assert [hit.key for hit in results.hits] == [message("alpha").key]
    assert edge.list_thread(ANYONE, THREAD) == Listing((message("alpha"),))
    assert edge.observe().unreadable == (name,)
    assert edge.upsert(wanted, EMBED("beta")) == Stored(already=False)
    assert edge.get(ANYONE, wanted.key) == Found(wanted)
    for spoiled in (payload, {}):
        raw(edge, name, spoiled)
        assert edge.delete(wanted.key) == Deleted(found=False)
        assert not edge.observe().unreadable
    assert edge.get(ANYONE, message("alpha").key) == Found(message("alpha"))


@pytest.mark.parametrize("field", ["", "status", "content", "integrity", "thread", "created_at"])
@pytest.mark.parametrize("garbage", [None, 7, "?", [], True])
def test_a_wiped_or_garbled_payload_is_nothing_until_stored_again(
    edge: EdgeContent, field: str, garbage: object
) -> None:
    if field == "content" and garbage == "?":
        return  # a text in place of the content is damage, which is met elsewhere
    if field == "created_at" and garbage == 7:
        return  # a number in place of the time cannot be told from a time
    said = message("alpha")
    store(edge, "alpha")
    name = message_point_id(said.key)
    payload, _ = edge._shard.fetch(name)
    raw(edge, name, {**(payload or {}), field: garbage} if field else {})
    assert edge.get(ANYONE, said.key) == Missing()
    assert edge.list_thread(ANYONE, THREAD) == Listing(())
    assert edge.search(ANYONE, EMBED("alpha"), 1) == Results(())
    assert edge.observe().unreadable == (name,)
    assert edge.upsert(said, EMBED("alpha")) == Stored(already=False)
    assert edge.get(ANYONE, said.key) == Found(said)
    assert not edge.observe().unreadable


FORGED: tuple[dict[str, Any], ...] = (
    {"thread": None},
    {"thread": 7},
    {"thread": [THREAD.hex()]},
    {"thread": "no address"},
    {"thread": (b"\4" * 32).hex()},
    {"sequence": None},
    {"sequence": "1"},
    {"sequence": True},
    {"co_authors": ANYONE.address.hex()},
)


@pytest.mark.parametrize("change", [*FORGED, *({field: ...} for field in ("thread", "sequence"))])
def test_s8_a_garbled_thread_point_makes_nobody_a_member(
    edge: EdgeContent, change: dict[str, Any]
) -> None:
    """``...``: the field is gone."""
    for thread in (THREAD, b"\4" * 32):
        key = RecordKey(thread, ADA, content_hash("alpha"))
        secret = Message(key, "alpha", Status.PUBLISHED, Privacy.THREAD_ONLY, 0)
        edge.upsert(secret, EMBED("alpha"))
    held = {**thread_payload(THREAD, (ANYONE.address,), 1), **change}
    held = {field: value for field, value in held.items() if value is not ...}
    edge._shard.put([(thread_point_id(THREAD), None, held)])
    for wanted in (None, THREAD, key.thread):
        assert edge.search(ANYONE, EMBED("alpha"), 9, wanted) == Results(())
    assert edge.observe_thread(THREAD) is None
    # What went wrong is put right by the next news.
    assert edge.put_thread(THREAD, (ANYONE.address,), 0) == Stored(already=False)
    found = edge.search(ANYONE, EMBED("alpha"), 9)
    assert isinstance(found, Results)
    assert [hit.key.thread for hit in found.hits] == [THREAD]


def test_s8_co_authors_on_a_message_point_make_nobody_a_member(edge: EdgeContent) -> None:
    said = message("alpha")
    edge.upsert(replace(said, privacy=Privacy.THREAD_ONLY), EMBED("alpha"))
    name = message_point_id(said.key)
    edge._shard.set(name, {"co_authors": [ANYONE.address.hex()], "sequence": 1})
    assert edge.search(ANYONE, EMBED("alpha"), 1) == Results(())


def test_a_vector_nobody_stored_is_damage(edge: EdgeContent) -> None:
    store(edge, "alpha")
    name = message_point_id(message("alpha").key)
    payload, _ = edge._shard.fetch(name)
    edge._shard.put([(name, [0.1] * edge.dimension, payload or {})])
    with pytest.raises(StoreDamaged, match="a vector nobody stored"):
        edge.observe()


def test_lists_and_dumps_go_beyond_one_page(
    edge: EdgeContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_shard, "PAGE", 3)
    contents = [f"content {n}" for n in range(10)]
    store(edge, *contents)
    listed = edge.list_thread(ANYONE, THREAD).messages
    assert {message.content for message in listed} == set(contents)
    assert len(edge.observe().points) == 10


def test_snapshots_move_between_stores(edge: EdgeContent) -> None:
    store(edge, "alpha", "beta")
    edge.damage(message("beta").key, "x")
    reference = ReferenceContent()
    reference.restore(edge.save())
    assert reference.observe() == edge.observe()


def test_a_huge_limit_is_a_limit(edge: EdgeContent) -> None:
    store(edge, "alpha")
    results = edge.search(ANYONE, EMBED("alpha"), 10**30)
    assert isinstance(results, Results)
    assert len(results.hits) == 1


def test_known_divergence_the_engine_cannot_match_booleans(edge: EdgeContent) -> None:
    """``MatchValue(True)`` means the number 1: why integrity is a word in the payload.

    When this fails, the engine has been mended, and the payload may hold a boolean.
    """
    condition = qdrant_edge.FieldCondition("flag", match=qdrant_edge.MatchValue(True))
    assert "value=1" in repr(qdrant_edge.Filter(must=[condition]))
    raw(edge, message_point_id(message("alpha").key), {"flag": True})
    assert not list(edge._shard.scroll(qdrant_edge.Filter(must=[condition])))
    assert list(edge._shard.scroll(qdrant_edge.Filter(must_not=[condition])))


def test_the_engine_s_version_is_told(edge: EdgeContent) -> None:
    assert edge.versions == {"qdrant-edge-py": "0.9.0"}
