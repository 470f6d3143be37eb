"""Wrong store directories: one line that says what would be right, exit status 2, nothing lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_cases import Case, Prepare, assert_one_line, assert_refused, case, snapshot, with_log
from cli_runs import choir, environment

from choir_model.adapters.edge import EdgeContent
from choir_model.domain.identity import RecordKey, content_hash
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ports.content import Message
from choir_model.ports.embeddings import HashedWords

KEY = RecordKey(bytes(32), bytes(32), content_hash("x"))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def store(*damage: Callable[[Path], object]) -> Prepare:
    """A real store with a message in it, closed, then damaged."""

    def prepare(folder: Path) -> list[object]:
        place = folder / "store"
        with EdgeContent(place) as held:
            message = Message(KEY, "x", Status.SUBMITTED, Privacy.PUBLIC, 1)
            held.upsert(message, HashedWords(held.dimension).embed("x"))
        for inflict in damage:
            inflict(place)
        return ["verify", "--steps", 0, "--store", "store"]

    return prepare


def removed(pattern: str) -> Callable[[Path], None]:
    def inflict(place: Path) -> None:
        found = sorted(place.glob(pattern), reverse=True)
        assert found
        for path in found:
            path.unlink() if path.is_file() else path.rmdir()

    return inflict


def overwritten(pattern: str, content: bytes) -> Callable[[Path], None]:
    def inflict(place: Path) -> None:
        found = sorted(path for path in place.glob(pattern) if path.is_file())
        assert found
        for path in found:
            data = path.read_bytes()
            path.write_bytes(content + data[len(content) :] if data[:1] != b"{" else content)

    return inflict


def holding(name: str) -> Prepare:
    def prepare(folder: Path) -> list[object]:
        (folder / "store").mkdir()
        (folder / "store" / name).write_text("mine")
        return ["verify", "--store", "store"]

    return prepare


def linked_store(folder: Path) -> list[object]:
    (folder / "store").symlink_to("nowhere")
    return ["verify", "--store", "store"]


REMEDY = "restore a copy, or delete it to start empty"

CASES = (
    case("store that is a file", with_log("verify", "--store", "log.jsonl"), "is a file; a store"),
    case("store below a file", with_log("verify", "--store", "log.jsonl/s"), "log.jsonl/s ", "use"),
    case("store that is a dangling link", linked_store, "--store store ", "a directory"),
    case("a directory of somebody", holding("notes.txt"), "holds notes.txt", "new or empty dir"),
    Case("points in it", store(), ("store: holds 1 points; name a new or empty directory",), True),
    case("configuration lost", store(removed("edge_config.json")), "edge_config.json is", REMEDY),
    case("segments lost", store(removed("segments/**/*")), "segments/", "is missing", REMEDY),
    case("log lost", store(removed("wal/*")), "wal/open-* is missing", REMEDY),
    case(
        "configuration is garbage",
        store(overwritten("edge_config.json", b"\0\1\2")),
        "--store store cannot be read as a store; " + REMEDY,
    ),
    case(
        "segment is garbage",
        store(overwritten("segments/*/segment.json", b"{}")),
        "--store store cannot be read as a store; " + REMEDY,
    ),
    Case(
        "log has another header",
        store(overwritten("wal/open-*", b"\xff" * 64)),
        ("--store store cannot be read as a store; " + REMEDY,),
        opened=True,
    ),
)


@pytest.mark.parametrize("wrong", CASES, ids=str)
def test_a_mistake_is_one_line_and_changes_nothing(wrong: Case, folder: Path) -> None:
    assert_refused(wrong, folder)


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({wrong.name for wrong in CASES}) == len(CASES)


def test_a_store_that_is_refused_for_its_points_keeps_them(folder: Path) -> None:
    assert choir(*store()(folder)).status == 2
    with EdgeContent(folder / "store") as held:
        assert [point.message.content for point in held.observe().points] == ["x"]


@pytest.fixture
def occupied(folder: Path) -> Iterator[Path]:
    """A store that another process has open."""
    code = (
        "import sys; from choir_model.adapters.edge import EdgeContent\n"
        "store = EdgeContent('store'); print('open', flush=True); sys.stdin.read(); store.close()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        yield folder / "store"
        process.communicate(b"")


def test_a_store_in_use_by_another_process_is_left_alone(occupied: Path) -> None:
    before = snapshot(occupied)
    ran = choir("verify", "--store", occupied)
    assert_one_line(ran, f"--store {occupied} is open already, here or in another process; close")
    assert snapshot(occupied) == before
