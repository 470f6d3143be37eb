"""Snapshots as bytes (section 5): one file per snapshot, read strictly, in every store the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest
from content_stores import ADA, ANYONE, BOB, EMBED, OTHER, THREAD, message, store

from choir_model.adapters.edge import EdgeContent
from choir_model.content.port import ReferenceContent
from choir_model.content.snapshot_file import decode, encode
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ports.content import MAX_INTEGER, ContentPort, Snapshot, StoreError
from choir_model.ports.content_errors import SnapshotUnreadable


def filled(port: ContentPort) -> ContentPort:
    store(
        port,
        message("alpha"),
        message('naïve — 日本語\n\u2028\0"\\', author=BOB, created_at=-MAX_INTEGER),
        message("no vector", thread=OTHER, privacy=Privacy.THREAD_ONLY),
        message("damaged", status=Status.PENDING),
    )
    port.lose_vector(message("no vector", thread=OTHER).key)
    port.damage(message("damaged").key, "")
    port.damage(message("alpha").key, "x")
    port.get(ANYONE, message("alpha").key)
    port.put_thread(THREAD, (BOB, ADA), MAX_INTEGER)
    port.put_thread(OTHER, (), 0)
    return port


SAVED = filled(ReferenceContent()).save()
FILE = encode(SAVED)
LINES = FILE.splitlines(keepends=True)


def test_a_file_is_the_snapshot() -> None:
    assert decode(FILE) == SAVED
    assert encode(decode(FILE)) == FILE
    assert len(LINES) == 1 + len(SAVED.points) + len(SAVED.threads) + 1


@pytest.mark.parametrize("saved", [Snapshot((), ()), Snapshot((), (), (SAVED.points[0].id,))])
def test_the_least_snapshots_are_files_too(saved: Snapshot) -> None:
    assert decode(encode(saved)) == saved


def test_equal_stores_are_equal_files_whatever_the_engine() -> None:
    with EdgeContent() as edge:
        assert encode(filled(edge).save()) == FILE
        edge.reset()
        edge.restore(decode(FILE))
        assert encode(edge.save()) == FILE


def test_an_old_file_restored_takes_everything_back() -> None:
    """Section 8: old snapshot restored."""
    port = filled(ReferenceContent())
    port.put_thread(OTHER, (ADA,), 5)
    store(port, message("later"))
    port.set_status(message("damaged").key, Status.REJECTED)
    port.restore(decode(FILE))
    assert port.observe() == SAVED


def test_vectors_of_two_dimensions_are_no_snapshot() -> None:
    others = ReferenceContent(dimension=8)
    said = message("alpha")
    others.upsert(said, EMBED("").__class__(8, ((0, 1),)))
    with pytest.raises(ValueError, match="dimensions"):
        encode(Snapshot((*SAVED.points, *others.save().points), ()))


def signed(lines: list[bytes]) -> bytes:
    """A file with a right checksum."""
    body = b"".join(lines)
    return body + b'{"sha256":"' + hashlib.sha256(body).hexdigest().encode() + b'"}\n'


def with_line(number: int, change: Callable[[dict[str, object]], object]) -> bytes:
    """The file with one line changed, and signed again."""
    lines = LINES[:-1]
    line = json.loads(lines[number])
    change(line)
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return signed(
        [*lines[:number], text.encode("utf-8", "surrogatepass") + b"\n", *lines[number + 1 :]]
    )


def setting(number: int, **fields: object) -> bytes:
    return with_line(number, lambda line: line.update(fields))


POINT, LAST_POINT, A_THREAD = 1, len(SAVED.points), len(SAVED.points) + 1
WITH_VECTOR = next(n for n, held in enumerate(SAVED.points, 1) if held.vector is not None)
ONE_UNREADABLE = encode(Snapshot((), (), (SAVED.points[0].id,))).splitlines(keepends=True)[0]
WRONG: dict[str, tuple[bytes, int, str]] = {
    # the file; the line that is named; what is said of it
    "nothing": (b"", 1, "is empty"),
    "another file": (b'{"a":1}\n', 1, "no content snapshot"),
    "no JSON": (b"PK\3\4\n", 1, "not JSON in UTF-8"),
    "no UTF-8": (b"\xff\n", 1, "not JSON in UTF-8"),
    "deeply nested": (b"[" * 100_000 + b"\n", 1, "not JSON in UTF-8"),
    "a huge number": (b"9" * 10_000 + b"\n", 1, "not JSON in UTF-8"),
    "cut off within a line": (FILE[:-1], len(LINES), "ends within a line"),
    "cut off after a line": (b"".join(LINES[:3]), 4, "fewer lines"),
    "without the last line": (b"".join(LINES[:-1]), len(LINES), "fewer lines"),
    "a bit flipped": (FILE.replace(b"alpha", b"alphb").replace(b'"x"', b'"y"'), len(LINES), "SHA"),
    "a line too many": (FILE + LINES[-1], len(LINES) + 1, "more lines"),
    "another version": (setting(0, choir_content_snapshot=2), 1, "another version"),
    "a true version": (setting(0, choir_content_snapshot=True), 1, "canonical"),
    "a foreign field": (setting(POINT, more=1), 2, "exactly author, co_authors"),
    "a field missing": (with_line(POINT, lambda line: line.pop("content")), 2, "exactly author"),
    "a list": (signed([LINES[0], b"[]\n"]), 2, "exactly author"),
    "negative counts": (setting(0, threads=-1), 1, "'threads' is a whole number"),
    "no dimension": (setting(0, dimension=0), 1, "'dimension'"),
    "a dimension that vectors do not have": (setting(0, dimension=2), 1 + WITH_VECTOR, "'vector'"),
    "a short address": (setting(POINT, author="00"), 2, "'author' is 32 bytes"),
    "capitals": (setting(POINT, author="A" * 64), 2, "'author' is 32 bytes"),
    "a time of 65 bits": (setting(POINT, created_at=1 << 63), 2, "'created_at'"),
    "a time that is none": (setting(POINT, created_at=True), 2, "'created_at'"),
    "no text": (setting(POINT, content=None), 2, "'content'"),
    "half a character": (setting(POINT, content="\ud83d"), 2, "JSON in UTF-8"),
    "an unknown status": (setting(POINT, status="open"), 2, "'status' is one of draft, "),
    "a status that is none": (setting(POINT, status=[]), 2, "'status' is one of"),
    "an unknown privacy": (setting(POINT, privacy="secret"), 2, "'privacy' is one of public, "),
    "maybe quarantined": (setting(POINT, quarantined=None), 2, "'quarantined'"),
    "a vector that is none": (setting(WITH_VECTOR, vector=[[1]]), 1 + WITH_VECTOR, "'vector'"),
    "a vector too long": (setting(WITH_VECTOR, vector=[[0, 9999]]), 1 + WITH_VECTOR, "squared"),
    "no order": (signed([LINES[0], LINES[2], LINES[1], *LINES[3:-1]]), 3, "ascending"),
    "twice": (signed([LINES[0], LINES[1], LINES[1], *LINES[3:-1]]), 3, "ascending"),
    "no co-authors": (setting(A_THREAD, co_authors="00"), A_THREAD + 1, "'co_authors' is a list"),
    "a negative sequence": (setting(A_THREAD, sequence=-1), A_THREAD + 1, "'sequence'"),
    "spaces": (signed([LINES[0].replace(b":", b": "), *LINES[1:-1]]), 1, "canonical"),
    "a key twice": (
        signed([LINES[0].replace(b"{", b'{"points":1,', 1), *LINES[1:-1]]), 1, "canonical"
    ),
    "no UUID": (signed([ONE_UNREADABLE, b'{"id":"x"}\n']), 2, "'id' is a UUID"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_encode_has_not_written_is_refused_with_its_line(wrong: str) -> None:
    data, number, what = WRONG[wrong]
    with pytest.raises(SnapshotUnreadable) as caught:
        decode(data)
    text = str(caught.value)
    assert text.startswith(f"content snapshot, line {number}: ")
    assert what in text
    assert "\n" not in text
    assert len(text) < 200
    assert isinstance(caught.value, StoreError)


def test_every_byte_changed_is_noticed() -> None:
    for at in range(0, len(FILE), 7):
        changed = FILE[:at] + bytes([FILE[at] ^ 1]) + FILE[at + 1 :]
        with pytest.raises(SnapshotUnreadable):
            decode(changed)


def test_escaped_half_characters_are_refused() -> None:
    line = next(line for line in LINES if b'"content":"x"' in line)
    number = LINES.index(line)
    lines = [*LINES[:number], line.replace(b'"x"', b'"\\ud83d"'), *LINES[number + 1 : -1]]
    with pytest.raises(SnapshotUnreadable, match="'content' is text that has a UTF-8 form"):
        decode(signed(lines))
