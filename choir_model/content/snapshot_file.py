"""Snapshots of a content store as bytes (section 5): one format, one way to write each.

The format
----------
UTF-8 text in lines, each ended by a line feed, each one JSON object: keys in alphabetical
order, no spaces, characters as they are where JSON does not demand an escape.

==============  ==========================================================================
line            fields
==============  ==========================================================================
first           ``choir_content_snapshot`` (the format's version, 1), ``dimension`` (of
                the vectors; null without any), ``points``, ``threads``, ``unreadable``
                (numbers of lines of each kind, which follow in this order)
message point   ``thread``, ``author``, ``hash`` (lower-case hexadecimal, 32 bytes each),
                ``content``, ``status``, ``privacy``, ``created_at`` (seconds),
                ``quarantined``, ``vector`` (null, or a list of [index, coordinate in
                steps of 2**-11]), ``co_authors`` (a list under ``acl`` per_message,
                else null)
thread point    ``thread``, ``co_authors`` (a list, in order of seats), ``sequence``
unreadable      ``id`` (of a point whose payload is no message's and no thread's)
last            ``sha256`` (hexadecimal, of all bytes before this line)
==============  ==========================================================================

Points of each kind are in ascending order of their ids; ids that follow from a key are not
written.  So equal snapshots are equal files.  `decode` accepts exactly what `encode` writes:
bytes that say the same in another way are refused as well, because somebody else wrote them.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar

from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ports.content import (
    MAX_INTEGER,
    Message,
    Snapshot,
    StoredPoint,
    StoredThread,
    fits,
    message_point_id,
    thread_point_id,
)
from choir_model.ports.content_errors import SnapshotUnreadable
from choir_model.ports.embeddings import Vector

VERSION = 1
MARK = "choir_content_snapshot"

T = TypeVar("T")
Line = dict[str, Any]


def encode(saved: Snapshot) -> bytes:
    """The file of a snapshot.  Raises `ValueError` for vectors of different dimensions."""
    dimensions = {held.vector.dimension for held in saved.points if held.vector is not None}
    if len(dimensions) > 1:
        raise ValueError(f"a snapshot with vectors of dimensions {sorted(dimensions)}")
    head = {
        MARK: VERSION,
        "dimension": min(dimensions, default=None),
        "points": len(saved.points),
        "threads": len(saved.threads),
        "unreadable": len(saved.unreadable),
    }
    lines = [
        head,
        *map(_point_line, saved.points),
        *map(_thread_line, saved.threads),
        *({"id": name} for name in saved.unreadable),
    ]
    body = b"".join(map(_written, lines))
    return body + _written({"sha256": hashlib.sha256(body).hexdigest()})


def decode(data: bytes) -> Snapshot:
    """The snapshot in a file.  Raises `SnapshotUnreadable`."""
    lines = data.split(b"\n")
    if lines.pop():
        _fail(len(lines) + 1, "the file ends within a line; it was cut off, use a whole copy")
    if not lines:
        _fail(1, "the file is empty; a content snapshot begins with its header")
    reader = _Reader(lines)
    dimension, *counts = reader.header()
    points = tuple(reader.ascending(counts[0], lambda line: _point(line, dimension), _id_of))
    threads = tuple(reader.ascending(counts[1], _thread, _id_of))
    unreadable = tuple(reader.ascending(counts[2], _unreadable, str))
    reader.end(data)
    saved = Snapshot(points, threads, unreadable)
    if encode(saved) != data:
        _fail(1, "the file is not in canonical form; it was changed after it was saved")
    return saved


def _written(line: Line) -> bytes:
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode() + b"\n"


def _point_line(held: StoredPoint) -> Line:
    message, vector = held.message, held.vector
    return {
        "thread": message.key.thread.hex(),
        "author": message.key.author.hex(),
        "hash": message.key.hash.hex(),
        "content": message.content,
        "status": message.status.value,
        "privacy": message.privacy.value,
        "created_at": message.created_at,
        "quarantined": held.quarantined,
        "vector": None if vector is None else list(map(list, vector.entries)),
        "co_authors": None if held.co_authors is None else _hex(held.co_authors),
    }


def _thread_line(held: StoredThread) -> Line:
    return {
        "thread": held.thread.hex(),
        "co_authors": _hex(held.co_authors),
        "sequence": held.sequence,
    }


def _hex(addresses: tuple[Address, ...]) -> list[str]:
    return [address.hex() for address in addresses]


class _Wrong(ValueError):
    """What is wrong with a line, in words."""


class _Reader:
    """The lines of a file one after the other; what is wrong is told with its number."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines
        self._number = 0

    def header(self) -> tuple[int | None, int, int, int]:
        """The dimension, and how many lines of each kind follow."""
        return self._next(_header)

    def ascending(
        self, count: int, read: Callable[[Line], T], id_of: Callable[[T], str]
    ) -> Iterator[T]:
        """`count` lines of a kind, in ascending order of id."""
        before = ""
        for _ in range(count):
            item = self._next(read)
            if not before < id_of(item):
                _fail(self._number, "points are in ascending order of id, and this one is not")
            before = id_of(item)
            yield item

    def end(self, data: bytes) -> None:
        """The last line, and that it is the last."""
        expected = self._next(_checksum)
        body = data[: -len(self._lines[-1]) - 1]
        if self._number != len(self._lines):
            _fail(self._number + 1, "more lines than the header says; use an unchanged copy")
        if hashlib.sha256(body).hexdigest() != expected:
            _fail(self._number, "the SHA-256 is of other bytes; the file is damaged, use a copy")

    def _next(self, read: Callable[[Line], T]) -> T:
        self._number += 1
        if self._number > len(self._lines):
            _fail(self._number, "fewer lines than the header says; it was cut off")
        try:
            line = json.loads(self._lines[self._number - 1].decode("utf-8"))
        except (ValueError, RecursionError):
            _fail(self._number, "this is not JSON in UTF-8; expected one object in a line")
        try:
            return read(line if isinstance(line, dict) else {})
        except _Wrong as wrong:
            _fail(self._number, str(wrong))


def _fail(number: int, what: str) -> NoReturn:
    raise SnapshotUnreadable(f"content snapshot, line {number}: {what}")


def _header(line: Line) -> tuple[int | None, int, int, int]:
    if MARK not in line:
        raise _Wrong(f"this is no content snapshot; expected a header with {MARK!r}")
    if line[MARK] != VERSION:
        raise _Wrong("the snapshot is of another version of the format; this one reads version 1")
    _only(line, MARK, "dimension", "points", "threads", "unreadable")
    dimension = line["dimension"]
    if dimension is not None and not (type(dimension) is int and dimension > 0):
        raise _Wrong("'dimension' is null or a whole number above 0")
    points, threads, unreadable = (_count(line, n) for n in ("points", "threads", "unreadable"))
    return dimension, points, threads, unreadable


def _point(line: Line, dimension: int | None) -> StoredPoint:
    _only(line, *_POINT_FIELDS)
    key = RecordKey(*(_bytes(line[name], name) for name in ("thread", "author", "hash")))
    created_at, content = line["created_at"], line["content"]
    if type(created_at) is not int or not fits(created_at):
        raise _Wrong("'created_at' is a whole number of seconds, signed, of 64 bits")
    if not isinstance(content, str) or not _has_bytes(content):
        raise _Wrong("'content' is text that has a UTF-8 form")
    if type(line["quarantined"]) is not bool:
        raise _Wrong("'quarantined' is true or false")
    message = Message(key, content, _named(line, Status), _named(line, Privacy), created_at)
    vector = None if line["vector"] is None else _vector(line["vector"], dimension)
    co_authors = None if line["co_authors"] is None else _addresses(line)
    return StoredPoint(message_point_id(key), message, line["quarantined"], vector, co_authors)


_POINT_FIELDS = (
    "thread", "author", "hash", "content", "status", "privacy", "created_at", "quarantined",
    "vector", "co_authors",
)  # fmt: skip


def _thread(line: Line) -> StoredThread:
    _only(line, "thread", "co_authors", "sequence")
    thread = _bytes(line["thread"], "thread")
    name, co_authors = thread_point_id(thread), _addresses(line)
    return StoredThread(name, thread, co_authors, _count(line, "sequence"))


def _addresses(line: Line) -> tuple[Address, ...]:
    if not isinstance(line["co_authors"], list):
        raise _Wrong("'co_authors' is a list of addresses")
    return tuple(_bytes(each, "co_authors") for each in line["co_authors"])


def _unreadable(line: Line) -> str:
    _only(line, "id")
    try:
        canonical = str(uuid.UUID(line["id"]))
    except (AttributeError, TypeError, ValueError):
        canonical = ""
    if not canonical or canonical != line["id"]:
        raise _Wrong("'id' is a UUID in lower case, with hyphens")
    return canonical


def _checksum(line: Line) -> str:
    _only(line, "sha256")
    return _bytes(line["sha256"], "sha256").hex()


def _only(line: Line, *fields: str) -> None:
    if set(line) != set(fields):
        raise _Wrong(f"expected an object with exactly {', '.join(sorted(fields))}")


def _count(line: Line, name: str) -> int:
    value = line[name]
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise _Wrong(f"{name!r} is a whole number from 0 on, of 64 bits")
    return value


def _bytes(value: object, name: str) -> bytes:
    if isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef"):
        return bytes.fromhex(value)
    raise _Wrong(f"{name!r} is 32 bytes in lower-case hexadecimal")


def _named(line: Line, kind: type[Any]) -> Any:
    name = kind.__name__.lower()
    known = [member.value for member in kind]
    if line[name] not in known:
        raise _Wrong(f"{name!r} is one of {', '.join(known)}")
    return kind(line[name])


def _vector(entries: object, dimension: int | None) -> Vector:
    wrong = _Wrong("'vector' is null or a list of [index, coordinate], whole numbers each")
    if dimension is None or not isinstance(entries, list):
        raise wrong
    pairs: list[tuple[int, int]] = []
    for entry in entries:
        if not isinstance(entry, list) or [type(number) for number in entry] != [int, int]:
            raise wrong
        pairs.append((entry[0], entry[1]))
    try:
        return Vector(dimension, tuple(pairs))
    except ValueError as error:
        raise _Wrong(f"'vector' is none that a store holds: {error}") from None


def _has_bytes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _id_of(held: StoredPoint | StoredThread) -> str:
    return held.id
