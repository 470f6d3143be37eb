"""Reading the content store (section 5): get, list and search, as section 3 allows (S8).

Theory of operation
-------------------
A scan goes through the shelf of a thread, or of each, drops what its key alone tells to be
unwanted, then what the viewer may not be shown, and puts the rest in order.  Only then is
content looked at, in that order and no further than the limit; `_examine` is the one place
where that is done, and where ties are broken, by point id.  No index is ever asked: that it
is not there cannot be told from an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from choir_model.content.cells import Catalogue, Point, Shelf, ThreadPoint
from choir_model.content.reference import (
    Limits,
    has_member,
    intact,
    key_of,
    message_of,
    quarantine,
)
from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.domain.visibility import Operation, may
from choir_model.engine import View
from choir_model.ports.content import (
    Cursor,
    Found,
    Hidden,
    Listing,
    Missing,
    Page,
    Quarantined,
    Rank,
    Reason,
    Viewer,
    Where,
    fits,
    message_point_id,
    within,
)
from choir_model.ports.content_design import Acl
from choir_model.ports.embeddings import Vector, dot

Place: TypeAlias = tuple[int, str]
"""Where a point is in an order: its time, or its score negated; then its id."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Hits as (key, score in steps of 2**-22), best first; and newly quarantined points."""

    hits: tuple[tuple[RecordKey, int], ...]
    quarantined: tuple[RecordKey, ...]
    next: Rank | None


def get(view: View, viewer: Viewer, key: RecordKey, acl: Acl = Acl.PER_THREAD) -> None:
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
        member=_is_member(view, key, viewer, acl),
        premium=viewer.premium,
    ):
        view.emit(Hidden())
    elif point.quarantined:
        view.emit(Quarantined(key, newly=False))
    elif intact(point):
        view.emit(Found(message_of(point)))
    else:
        quarantine(point)


def list_page(
    view: View, viewer: Viewer, where: Where, page: Page, acl: Acl = Acl.PER_THREAD
) -> None:
    """The messages of `where` the viewer may list, oldest first; ends in a `Listing`."""
    after = page.after
    if page.limit is not None and page.limit < 1:
        view.refuse(Reason.INVALID_NUMBER)
    if not fits(where.since, where.until, after.created_at if after else None):
        view.refuse(Reason.INVALID_NUMBER)
    candidates = [
        ((point.created_at, message_point_id(key)), point)
        for key, point in _allowed(view, Operation.LIST, viewer, where, acl)
        if _in_time(point, where)
    ]
    examined = _examine(candidates, (after.created_at, after.point) if after else None, page.limit)
    messages = tuple(message_of(point) for _, point in examined.intact)
    ends = Cursor(*examined.next) if examined.next else None
    view.emit(Listing(messages, examined.quarantined, ends))


def search(
    view: View,
    viewer: Viewer,
    query: Vector,
    limit: int,
    thread: Address | None,
    after: Rank | None,
    limits: Limits,
) -> None:
    """The `limit` nearest messages the viewer may search; ends in `Ranked`."""
    if query.dimension != limits.dimension:
        view.refuse(Reason.WRONG_DIMENSION)
    if limit < 1:
        view.refuse(Reason.INVALID_NUMBER)
    weights = query.steps()
    candidates = [
        ((-dot(weights, vector), message_point_id(key)), point)
        for key, point in _allowed(view, Operation.SEARCH, viewer, Where(thread), limits.acl)
        if (vector := point.vector) is not None
    ]
    examined = _examine(candidates, (-after.steps, after.point) if after else None, limit)
    hits = tuple((key_of(point), -place[0]) for place, point in examined.intact)
    ends = Rank(-examined.next[0], examined.next[1]) if examined.next else None
    view.emit(Ranked(hits, examined.quarantined, ends))


class _Examined(NamedTuple):
    intact: list[tuple[Place, Point]]
    quarantined: tuple[RecordKey, ...]
    next: Place | None


def _examine(
    candidates: list[tuple[Place, Point]], after: Place | None, limit: int | None
) -> _Examined:
    """The first intact candidates beyond `after`, up to the limit, in order of place."""
    if after is not None:
        candidates = [candidate for candidate in candidates if candidate[0] > after]
    candidates.sort(key=itemgetter(0))
    found: list[tuple[Place, Point]] = []
    quarantined: list[RecordKey] = []
    for examined, (place, point) in enumerate(candidates, start=1):
        if not intact(point):
            quarantined.append(quarantine(point))
            continue
        found.append((place, point))
        if len(found) == limit:
            more = examined < len(candidates)
            return _Examined(found, tuple(quarantined), place if more else None)
    return _Examined(found, tuple(quarantined), None)


def _is_member(view: View, key: RecordKey, viewer: Viewer, acl: Acl) -> bool:
    if acl is Acl.PER_MESSAGE:
        return view.test(Point.co_authors[key], has_member, viewer.address)
    return view.test(ThreadPoint.co_authors[key.thread], has_member, viewer.address)


def _allowed(
    view: View, operation: Operation, viewer: Viewer, where: Where, acl: Acl
) -> Iterator[tuple[RecordKey, Point]]:
    """Points of a thread and author which the visibility table grants the viewer (S8).

    Quarantined ones are left out.
    """
    member_of: dict[Address | RecordKey, bool] = {}
    allowed: dict[tuple[Status, Privacy, bool, bool], bool] = {}
    read = view.read
    for key in _kept(view, where):
        group = key.thread if acl is Acl.PER_THREAD else key
        if group not in member_of:
            member_of[group] = _is_member(view, key, viewer, acl)
        author, member = key.author == viewer.address, member_of[group]
        kind = (read(Point.status[key]), read(Point.privacy[key]), author, member)
        if kind not in allowed:
            allowed[kind] = may(
                operation, *kind[:2], author=author, member=member, premium=viewer.premium
            )
        if allowed[kind] and not read(Point.quarantined[key]):
            yield key, Point(view, key)


def _kept(view: View, where: Where) -> Iterator[RecordKey]:
    """The keys of a thread and author, or of all of them."""
    for thread in Catalogue(view).shelves if where.thread is None else (where.thread,):
        for key in Shelf(view, thread).messages:
            if where.author in (None, key.author):
                yield key


def _in_time(point: Point, where: Where) -> bool:
    """Whether a point is of the time that is wanted; its time is read only if one is."""
    if where.since is None and where.until is None:
        return True
    return point.test(Point.created_at, within, where.since, where.until)
