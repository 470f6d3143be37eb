"""The faults of section 8, as actions over the store's cells."""

from __future__ import annotations

from choir_model.content.cells import Catalogue, Point, Shelf, ThreadPoint
from choir_model.content.reference import (
    check_sequence,
    erase,
    hold_privacy,
    hold_status,
    hold_thread,
    install,
    is_there,
    known,
    tell_messages,
)
from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import ContentFault, Privacy, Status
from choir_model.engine import View
from choir_model.ports.content import Index, Reason, Snapshot, Stored
from choir_model.ports.content_design import Acl
from choir_model.ports.content_held import co_authors_of


def damage(view: View, key: RecordKey, content: str) -> None:
    """FAULT: other content, behind the store's back."""
    try:
        content.encode("utf-8")
    except UnicodeEncodeError:
        view.refuse(ContentFault.INVALID_CONTENT)
    point = Point(view, key)
    known(point)
    already = point.content == content
    if not already:
        point.content = content
    view.emit(Stored(already))


def lose_vector(view: View, key: RecordKey) -> None:
    """FAULT: the vector is gone."""
    point = Point(view, key)
    known(point)
    already = not point.test(Point.vector, is_there)
    if not already:
        point.vector = None
    view.emit(Stored(already))


def damage_status(view: View, key: RecordKey, status: Status) -> None:
    """FAULT: another status, behind the store's back."""
    hold_status(view, key, status)


def damage_privacy(view: View, key: RecordKey, privacy: Privacy) -> None:
    """FAULT: another privacy, behind the store's back."""
    hold_privacy(view, key, privacy)


def damage_thread(
    view: View, thread: Address, co_authors: tuple[Address, ...], sequence: int
) -> None:
    """FAULT: other co-authors, as of a sequence that may be from the future."""
    check_sequence(view, sequence)
    if ThreadPoint(view, thread).sequence is None:
        view.refuse(Reason.UNKNOWN_POINT)
    hold_thread(view, thread, co_authors, sequence)


def put_thread_partly(
    view: View,
    thread: Address,
    co_authors: tuple[Address, ...],
    sequence: int,
    done: int,
    acl: Acl,
) -> None:
    """FAULT: a change of co-authors was cut off after `done` message points."""
    check_sequence(view, sequence)
    if done < 0:
        view.refuse(Reason.INVALID_NUMBER)
    held = ThreadPoint(view, thread).sequence
    told = 0
    if acl is Acl.PER_MESSAGE and (held is None or sequence >= held):
        told = min(done, tell_messages(view, thread, co_authors, done))
    view.emit(Stored(already=told == 0))


def lose_index(view: View, index: Index) -> None:
    """FAULT: a payload index is gone."""
    catalogue = Catalogue(view)
    lost = catalogue.lost
    if index not in lost:
        catalogue.lost = tuple(each for each in Index if each is index or each in lost)
    view.emit(Stored(already=index in lost))


def restore(view: View, saved: Snapshot, acl: Acl = Acl.PER_THREAD) -> None:
    """Hold exactly what `saved` does."""
    catalogue = Catalogue(view)
    for key in [key for thread in catalogue.shelves for key in Shelf(view, thread).messages]:
        erase(view, key)
    for thread in catalogue.threads:
        old = ThreadPoint(view, thread)
        old.co_authors = ()
        old.sequence = None
    for held in saved.points:
        point = Point(view, held.message.key)
        install(point, held.message, held.vector)
        point.quarantined = held.quarantined
        if acl is Acl.PER_MESSAGE:
            point.co_authors = co_authors_of(held, saved)
    for stored in saved.threads:
        kept = ThreadPoint(view, stored.thread)
        kept.co_authors = stored.co_authors
        kept.sequence = stored.sequence
    catalogue.threads = tuple(stored.thread for stored in saved.threads)
    view.emit(Stored(already=False))
