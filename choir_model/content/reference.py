"""The content store as actions over cells (section 5): the reference every engine is held to.

Theory of operation
-------------------
Each operation of the content port is one action here, with the port's meaning and its
order of refusals.  The answer is the *last* event an action emits; events before it
report points that were put into quarantine on the way.  Scores are integers here (steps of
2**-22), since cells and events hold no floats: a search ends in `Ranked`, which the port
turns into `Results`.

An action depends on as little as it can: whether content hashes to its key is a `test`, so
an engine that caches by dependency sees one bit, not the text; so is membership.  Points
are met in the order of the catalogue, which is that of their ids, and every sort below
is stable; that is the whole tie-breaking rule.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from choir_model.content.cells import Catalogue, Point, ThreadPoint
from choir_model.domain.identity import Address, RecordKey, content_hash
from choir_model.domain.lifecycle import (
    MAX_CONTENT_BYTES,
    ContentFault,
    Privacy,
    Status,
    content_fault,
    follows,
)
from choir_model.domain.visibility import Operation, may
from choir_model.engine import View
from choir_model.ports.content import (
    MAX_INTEGER,
    Deleted,
    Found,
    Hidden,
    Listing,
    Message,
    Missing,
    Quarantined,
    Reason,
    Repaired,
    Snapshot,
    Stored,
    Viewer,
    message_point_id,
    thread_point_id,
)
from choir_model.ports.embeddings import DEFAULT_DIMENSION, Vector, dot

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a store accepts: vectors of `dimension`, content of `max_content_bytes` (C2)."""

    dimension: int = DEFAULT_DIMENSION
    max_content_bytes: int = MAX_CONTENT_BYTES


@dataclass(frozen=True, slots=True)
class Ranked:
    """Hits as (key, score in steps of 2**-22), best first; and newly quarantined points."""

    hits: tuple[tuple[RecordKey, int], ...]
    quarantined: tuple[RecordKey, ...]


def upsert(view: View, message: Message, vector: Vector, limits: Limits) -> None:
    """Hold a message; repair a damaged point; take a submission's reader and time over."""
    fault = content_fault(message.content, limits.max_content_bytes)
    if fault is not None:
        view.refuse(fault)
    if not hashes_to(message.content, message.key.hash):
        view.refuse(Reason.HASH_MISMATCH)
    if vector.dimension != limits.dimension:
        view.refuse(Reason.WRONG_DIMENSION)
    if not -MAX_INTEGER <= message.created_at <= MAX_INTEGER:
        view.refuse(Reason.INVALID_NUMBER)
    if message.status is Status.DRAFT:
        view.refuse(Reason.ILLEGAL_TRANSITION)
    point = Point(view, message.key)
    status = point.status
    if status is None:
        _install(point, message, vector)
        view.emit(Stored(already=False))
        return
    taken_over = status is Status.SUBMITTED and _take_over(point, message)
    if not point.quarantined and point.test(Point.vector, is_there) and _intact(point):
        view.emit(Stored(already=not taken_over))
    else:
        point.content = message.content
        point.vector = vector
        point.quarantined = False
        view.emit(Repaired())


def set_status(view: View, key: RecordKey, status: Status) -> None:
    """Follow the ledger to `status`."""
    point = Point(view, key)
    current = _known(point)
    if current is not status:
        if not follows(current, status):
            view.refuse(Reason.ILLEGAL_TRANSITION)
        point.status = status
    view.emit(Stored(already=current is status))


def set_privacy(view: View, key: RecordKey, privacy: Privacy) -> None:
    """Change whom a record is for."""
    point = Point(view, key)
    _known(point)
    already = point.privacy is privacy
    if not already:
        point.privacy = privacy
    view.emit(Stored(already))


def put_thread(view: View, thread: Address, co_authors: tuple[Address, ...], sequence: int) -> None:
    """Hold a thread's co-authors as of `sequence`, unless the store knows newer ones."""
    if not 0 <= sequence <= MAX_INTEGER:
        view.refuse(Reason.INVALID_NUMBER)
    point = ThreadPoint(view, thread)
    held = point.sequence
    if held is not None and (
        sequence < held or (sequence == held and point.co_authors == co_authors)
    ):
        view.emit(Stored(already=True))
        return
    if held is None:
        view.update(Catalogue.threads[None], inserted, thread, thread_point_id)
    point.co_authors = co_authors
    point.sequence = sequence
    view.emit(Stored(already=False))


def delete(view: View, key: RecordKey) -> None:
    """Remove a message point."""
    found = Point(view, key).status is not None
    if found:
        _erase(view, key)
    view.emit(Deleted(found))


def get(view: View, viewer: Viewer, key: RecordKey) -> None:
    """One message, if the viewer may get it and its content is intact."""
    point = Point(view, key)
    status = point.status
    if status is None:
        view.emit(Missing())
    elif not may(
        Operation.GET,
        status,
        point.privacy,
        author=key.author == viewer.address,
        member=_is_member(view, key.thread, viewer),
        premium=viewer.premium,
    ):
        view.emit(Hidden())
    elif point.quarantined:
        view.emit(Quarantined(key, newly=False))
    elif _intact(point):
        view.emit(Found(_message(point)))
    else:
        _quarantine(point)


def list_thread(view: View, viewer: Viewer, thread: Address) -> None:
    """The messages of a thread the viewer may list, oldest first."""
    messages: list[Message] = []
    quarantined: list[RecordKey] = []
    points = _allowed(view, Operation.LIST, viewer, thread)
    for point in sorted(points, key=_created_at):
        if _intact(point):
            messages.append(_message(point))
        else:
            quarantined.append(_quarantine(point))
    view.emit(Listing(tuple(messages), tuple(quarantined)))


def search(
    view: View,
    viewer: Viewer,
    query: Vector,
    limit: int,
    thread: Address | None,
    limits: Limits,
) -> None:
    """The `limit` nearest messages the viewer may search; ends in `Ranked`."""
    if query.dimension != limits.dimension:
        view.refuse(Reason.WRONG_DIMENSION)
    if limit < 1:
        view.refuse(Reason.INVALID_NUMBER)
    weights = query.steps()
    candidates = [
        (dot(weights, vector), point)
        for point in _allowed(view, Operation.SEARCH, viewer, thread)
        if (vector := point.vector) is not None
    ]
    candidates.sort(key=_score, reverse=True)
    hits: list[tuple[RecordKey, int]] = []
    quarantined: list[RecordKey] = []
    for score, point in candidates:
        if len(hits) == limit:
            break
        if _intact(point):
            hits.append((_key(point), score))
        else:
            quarantined.append(_quarantine(point))
    view.emit(Ranked(tuple(hits), tuple(quarantined)))


def damage(view: View, key: RecordKey, content: str) -> None:
    """FAULT: other content, behind the store's back."""
    try:
        content.encode("utf-8")
    except UnicodeEncodeError:
        view.refuse(ContentFault.INVALID_CONTENT)
    point = Point(view, key)
    _known(point)
    already = point.content == content
    if not already:
        point.content = content
    view.emit(Stored(already))


def lose_vector(view: View, key: RecordKey) -> None:
    """FAULT: the vector is gone."""
    point = Point(view, key)
    _known(point)
    already = not point.test(Point.vector, is_there)
    if not already:
        point.vector = None
    view.emit(Stored(already))


def restore(view: View, saved: Snapshot) -> None:
    """Hold exactly what `saved` does."""
    catalogue = Catalogue(view)
    for key in catalogue.messages:
        _erase(view, key)
    for thread in catalogue.threads:
        old = ThreadPoint(view, thread)
        old.co_authors = ()
        old.sequence = None
    for held in saved.points:
        point = Point(view, held.message.key)
        _install(point, held.message, held.vector)
        point.quarantined = held.quarantined
    for stored in saved.threads:
        kept = ThreadPoint(view, stored.thread)
        kept.co_authors = stored.co_authors
        kept.sequence = stored.sequence
    catalogue.threads = tuple(stored.thread for stored in saved.threads)
    view.emit(Stored(already=False))


def hashes_to(content: str, expected: bytes) -> bool:
    """Whether `content` hashes to `expected` (C1)."""
    return content_hash(content) == expected


def is_there(vector: Vector | None) -> bool:
    """Whether a point has a vector."""
    return vector is not None


def has_member(co_authors: tuple[Address, ...], address: Address) -> bool:
    """Whether `address` is among the co-authors."""
    return address in co_authors


def inserted(keys: tuple[T, ...], key: T, id_of: Callable[[T], str]) -> tuple[T, ...]:
    """`keys`, which are in order of id, with `key` at its place."""
    at = bisect_left(keys, id_of(key), key=id_of)
    return (*keys[:at], key, *keys[at:])


def removed(keys: tuple[T, ...], key: T) -> tuple[T, ...]:
    """`keys` without `key`."""
    return tuple(other for other in keys if other != key)


def _key(point: Point) -> RecordKey:
    key = point.key
    assert isinstance(key, RecordKey)
    return key


def _known(point: Point) -> Status:
    status = point.status
    if status is None:
        point.view.refuse(Reason.UNKNOWN_POINT)
    return status


def _intact(point: Point) -> bool:
    return point.test(Point.content, hashes_to, _key(point).hash)


def _quarantine(point: Point) -> RecordKey:
    key = _key(point)
    point.quarantined = True
    point.view.emit(Quarantined(key, newly=True))
    return key


def _take_over(point: Point, message: Message) -> bool:
    """Give a submitted point the privacy and the time of `message`; whether that changed it."""
    if (point.privacy, point.created_at) == (message.privacy, message.created_at):
        return False
    point.privacy = message.privacy
    point.created_at = message.created_at
    return True


def _message(point: Point) -> Message:
    status = point.status
    assert status is not None
    return Message(_key(point), point.content, status, point.privacy, point.created_at)


def _install(point: Point, message: Message, vector: Vector | None) -> None:
    point.status = message.status
    point.privacy = message.privacy
    point.content = message.content
    point.created_at = message.created_at
    point.vector = vector
    point.view.update(Catalogue.messages[None], inserted, message.key, message_point_id)


def _erase(view: View, key: RecordKey) -> None:
    for field in Point.fields:
        view.write(field[key], field.default)
    view.update(Catalogue.messages[None], removed, key)


def _is_member(view: View, thread: Address, viewer: Viewer) -> bool:
    return view.test(ThreadPoint.co_authors[thread], has_member, viewer.address)


def _allowed(
    view: View, operation: Operation, viewer: Viewer, thread: Address | None
) -> Iterator[Point]:
    """Points the visibility table grants the viewer, quarantined ones left out (S8)."""
    member_of: dict[Address, bool] = {}
    allowed: dict[tuple[Status, Privacy, bool, bool], bool] = {}
    read = view.read
    for key in Catalogue(view).messages:
        if thread is not None and key.thread != thread:
            continue
        if key.thread not in member_of:
            member_of[key.thread] = _is_member(view, key.thread, viewer)
        author, member = key.author == viewer.address, member_of[key.thread]
        kind = (read(Point.status[key]), read(Point.privacy[key]), author, member)
        if kind not in allowed:
            allowed[kind] = may(
                operation, *kind[:2], author=author, member=member, premium=viewer.premium
            )
        if allowed[kind] and not read(Point.quarantined[key]):
            yield Point(view, key)


def _created_at(point: Point) -> int:
    return point.created_at


def _score(candidate: tuple[int, Point]) -> int:
    return candidate[0]
