"""The content store as actions over cells (section 5): the reference every engine is held to.

Theory of operation
-------------------
Each operation of the content port is one action here, with the port's meaning and its
order of refusals.  The answer is the *last* event an action emits; events before it
report points that were put into quarantine on the way.  Scores are integers here (steps of
2**-22), since cells and events hold no floats: a search ends in `Ranked`, which the port
turns into `Results`.

An action depends on as little as it can: whether content hashes to its key is a `test`, so
an engine that caches by dependency sees one bit, not the text; so is membership.  Which
points there are is kept by thread, so what concerns one thread depends on no other.

Here are the operations that write; `reading` has those that read, `faults` the faults.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from choir_model.content.cells import Catalogue, Point, Shelf, ThreadPoint
from choir_model.domain.identity import Address, RecordKey, content_hash
from choir_model.domain.lifecycle import (
    MAX_CONTENT_BYTES,
    Privacy,
    Status,
    content_fault,
    follows,
)
from choir_model.engine import View
from choir_model.ports.content import (
    MAX_INTEGER,
    Deleted,
    Message,
    Quarantined,
    Reason,
    Rebuilt,
    Repaired,
    Stored,
    fits,
    message_point_id,
    thread_point_id,
)
from choir_model.ports.content_design import Acl
from choir_model.ports.embeddings import DEFAULT_DIMENSION, Vector

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a store accepts: vectors of `dimension`, content of `max_content_bytes` (C2).

    And what says who is a member.
    """

    dimension: int = DEFAULT_DIMENSION
    max_content_bytes: int = MAX_CONTENT_BYTES
    acl: Acl = Acl.PER_THREAD


def upsert(view: View, message: Message, vector: Vector, limits: Limits) -> None:
    """Hold a message; repair a damaged point; take a submission's reader and time over."""
    fault = content_fault(message.content, limits.max_content_bytes)
    if fault is not None:
        view.refuse(fault)
    if not hashes_to(message.content, message.key.hash):
        view.refuse(Reason.HASH_MISMATCH)
    if vector.dimension != limits.dimension:
        view.refuse(Reason.WRONG_DIMENSION)
    if not fits(message.created_at):
        view.refuse(Reason.INVALID_NUMBER)
    if message.status is Status.DRAFT:
        view.refuse(Reason.ILLEGAL_TRANSITION)
    point = Point(view, message.key)
    status = point.status
    if status is None:
        install(point, message, vector)
        if limits.acl is Acl.PER_MESSAGE:
            point.co_authors = ThreadPoint(view, message.key.thread).co_authors
        view.emit(Stored(already=False))
        return
    taken_over = status is Status.SUBMITTED and _take_over(point, message)
    if not point.quarantined and point.test(Point.vector, is_there) and intact(point):
        view.emit(Stored(already=not taken_over))
    else:
        point.content = message.content
        point.vector = vector
        point.quarantined = False
        view.emit(Repaired())


def set_status(view: View, key: RecordKey, status: Status) -> None:
    """Follow the ledger to `status`."""
    current = known(Point(view, key))
    if current is not status and not follows(current, status):
        view.refuse(Reason.ILLEGAL_TRANSITION)
    hold_status(view, key, status)


def set_privacy(view: View, key: RecordKey, privacy: Privacy) -> None:
    """Change whom a record is for."""
    hold_privacy(view, key, privacy)


def put_thread(
    view: View,
    thread: Address,
    co_authors: tuple[Address, ...],
    sequence: int,
    acl: Acl = Acl.PER_THREAD,
) -> None:
    """Hold a thread's co-authors as of `sequence`, unless the store knows newer ones."""
    check_sequence(view, sequence)
    held = ThreadPoint(view, thread).sequence
    if held is not None and sequence < held:
        view.emit(Stored(already=True))
    else:
        hold_thread(view, thread, co_authors, sequence, acl)


def correct_status(view: View, key: RecordKey, status: Status) -> None:
    """Hold the status that was read on the ledger, whatever the point says."""
    if status is Status.DRAFT:
        view.refuse(Reason.ILLEGAL_TRANSITION)
    hold_status(view, key, status)


def correct_thread(
    view: View,
    thread: Address,
    co_authors: tuple[Address, ...],
    sequence: int,
    acl: Acl = Acl.PER_THREAD,
) -> None:
    """Hold what was read on the ledger, also where the point claims to be newer."""
    check_sequence(view, sequence)
    hold_thread(view, thread, co_authors, sequence, acl)


def rebuild_indices(view: View) -> None:
    """Make the indices that are not there; no answer of another operation tells them apart."""
    catalogue = Catalogue(view)
    lost = catalogue.lost
    if lost:
        catalogue.lost = ()
    view.emit(Rebuilt(lost))


def delete(view: View, key: RecordKey) -> None:
    """Remove a message point."""
    found = Point(view, key).status is not None
    if found:
        erase(view, key)
    view.emit(Deleted(found))


def hashes_to(content: str, expected: bytes) -> bool:
    """Whether `content` hashes to `expected` (C1)."""
    return content_hash(content) == expected


def is_there(vector: Vector | None) -> bool:
    """Whether a point has a vector."""
    return vector is not None


def is_empty(keys: tuple[RecordKey, ...]) -> bool:
    """Whether a thread has no message."""
    return not keys


def has_member(co_authors: tuple[Address, ...] | None, address: Address) -> bool:
    """Whether `address` is among the co-authors."""
    return co_authors is not None and address in co_authors


def inserted(keys: tuple[T, ...], key: T, id_of: Callable[[T], str]) -> tuple[T, ...]:
    """`keys`, which are in order of id, with `key` at its place."""
    at = bisect_left(keys, id_of(key), key=id_of)
    return (*keys[:at], key, *keys[at:])


def removed(keys: tuple[T, ...], key: T) -> tuple[T, ...]:
    """`keys` without `key`."""
    return tuple(other for other in keys if other != key)


def key_of(point: Point) -> RecordKey:
    """The record a point is of."""
    key = point.key
    assert isinstance(key, RecordKey)
    return key


def known(point: Point) -> Status:
    """The status of a point that is there; refused without one."""
    status = point.status
    if status is None:
        point.view.refuse(Reason.UNKNOWN_POINT)
    return status


def intact(point: Point) -> bool:
    """Whether a point's content hashes to its key (S5b); its content is not read."""
    return point.test(Point.content, hashes_to, key_of(point).hash)


def quarantine(point: Point) -> RecordKey:
    """Serve a point no longer, and say so."""
    key = key_of(point)
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


def message_of(point: Point) -> Message:
    """The message a point holds."""
    status = point.status
    assert status is not None
    return Message(key_of(point), point.content, status, point.privacy, point.created_at)


def install(point: Point, message: Message, vector: Vector | None) -> None:
    """Hold a message where there was none."""
    point.status = message.status
    point.privacy = message.privacy
    point.content = message.content
    point.created_at = message.created_at
    point.vector = vector
    view, shelf = point.view, Shelf.messages[message.key.thread]
    if view.test(shelf, is_empty):
        view.update(Catalogue.shelves[None], inserted, message.key.thread, thread_point_id)
    view.update(shelf, inserted, message.key, message_point_id)


def erase(view: View, key: RecordKey) -> None:
    """Hold nothing of a record."""
    for field in Point.fields:
        view.write(field[key], field.default)
    shelf = Shelf.messages[key.thread]
    view.update(shelf, removed, key)
    if view.test(shelf, is_empty):
        view.update(Catalogue.shelves[None], removed, key.thread)


def check_sequence(view: View, sequence: int) -> None:
    """Refuse a sequence that no ledger has, or no payload holds."""
    if not 0 <= sequence <= MAX_INTEGER:
        view.refuse(Reason.INVALID_NUMBER)


def hold_status(view: View, key: RecordKey, status: Status) -> None:
    """Give a point a status, whatever it has."""
    point = Point(view, key)
    already = known(point) is status
    if not already:
        point.status = status
    view.emit(Stored(already))


def hold_privacy(view: View, key: RecordKey, privacy: Privacy) -> None:
    """Give a point a privacy, whatever its status."""
    point = Point(view, key)
    known(point)
    already = point.privacy is privacy
    if not already:
        point.privacy = privacy
    view.emit(Stored(already))


def hold_thread(
    view: View,
    thread: Address,
    co_authors: tuple[Address, ...],
    sequence: int,
    acl: Acl = Acl.PER_THREAD,
) -> None:
    """Give a thread's point co-authors and a sequence, whatever it has.

    Under ``per_message``, its message points get them first.
    """
    point = ThreadPoint(view, thread)
    held = point.sequence
    already = held == sequence and point.co_authors == co_authors
    if acl is Acl.PER_MESSAGE:
        already = not tell_messages(view, thread, co_authors) and already
    if held is None:
        view.update(Catalogue.threads[None], inserted, thread, thread_point_id)
    if not already:
        point.co_authors = co_authors
        point.sequence = sequence
    view.emit(Stored(already))


def tell_messages(
    view: View, thread: Address, co_authors: tuple[Address, ...], most: int | None = None
) -> int:
    """Store co-authors on the message points of a thread that have others, at most `most`.

    How many there were to be told.
    """
    stale = [
        key for key in Shelf(view, thread).messages if Point(view, key).co_authors != co_authors
    ]
    for key in stale[:most]:
        Point(view, key).co_authors = co_authors
    return len(stale)
