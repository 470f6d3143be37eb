"""Who may see what: the visibility table of section 3, stated once, as data (S8).

Theory of operation
-------------------
`TABLE` is the table of section 3, row by row: for a status and a privacy, what each
audience may do.  A viewer belongs to several audiences at once (everybody is
``ANYONE``; the author of a record may also be a member of its thread) and may do what
any of them may.

Two shapes of the same rule are derived from it and from nothing else:

- `may` answers for one viewer and one record;
- `grants` turns the table by audience into rectangles *statuses × privacies*, the form
  in which a search engine's filter can state it before it knows any record.

An event comes in two strengths.  ``EVENT`` carries the content; ``NOTICE`` only says
that something happened, and is what the table calls *event without content*.  Whoever
may have the first may have the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

from choir_model.domain.lifecycle import Privacy, Status


class Operation(Enum):
    """A way to be shown a record."""

    GET = "get"
    LIST = "list"
    SEARCH = "search"
    EVENT = "event"
    NOTICE = "event without content"


class Audience(Enum):
    """Whom a record is shown to, seen from that record.

    ``MEMBER`` is the electorate and the co-authors of the record's thread.  Seats are
    append-only (M7), so the co-authors of today include every electorate.
    """

    AUTHOR = "author"
    MEMBER = "electorate / co-author"
    PREMIUM = "Premium viewer"
    ANYONE = "anyone"


Operations: TypeAlias = frozenset[Operation]

_NONE: Operations = frozenset()
_ALL: Operations = frozenset(Operation)
_GET: Operations = frozenset({Operation.GET})
_NEWS: Operations = frozenset({Operation.EVENT, Operation.NOTICE})
_NOTICE: Operations = frozenset({Operation.NOTICE})
_READ: Operations = frozenset({Operation.GET, Operation.LIST})

_ANY_PRIVACY = tuple(Privacy)

_ROWS: tuple[
    tuple[Status, tuple[Privacy, ...], Operations, Operations, Operations, Operations], ...
] = (
    # status, privacies, author, electorate / co-author, Premium viewer, anyone
    (Status.DRAFT, _ANY_PRIVACY, _NONE, _NONE, _NONE, _NONE),
    (Status.SUBMITTED, _ANY_PRIVACY, _GET, _NONE, _NONE, _NONE),
    (Status.PENDING, _ANY_PRIVACY, _GET | _NEWS, _READ | _NEWS, _NONE, _NONE),
    (Status.PUBLISHED, (Privacy.PUBLIC,), _ALL, _ALL, _ALL, _ALL),
    (Status.PUBLISHED, (Privacy.PREMIUM,), _ALL, _ALL, _ALL, _NOTICE),
    (Status.PUBLISHED, (Privacy.THREAD_ONLY,), _ALL, _ALL, _NONE, _NONE),
    (Status.REJECTED, _ANY_PRIVACY, _READ, _READ, _NONE, _NONE),
    (Status.EXPIRED, _ANY_PRIVACY, _READ, _READ, _NONE, _NONE),
)

TABLE: Mapping[tuple[Status, Privacy], Mapping[Audience, Operations]] = MappingProxyType(
    {
        (status, privacy): MappingProxyType(dict(zip(Audience, cells, strict=True)))
        for status, privacies, *cells in _ROWS
        for privacy in privacies
    }
)
"""What each audience may do with a record of this status and privacy (section 3)."""

AUDIENCES: Mapping[tuple[Operation, Status, Privacy], frozenset[Audience]] = MappingProxyType(
    {
        (operation, status, privacy): frozenset(
            audience for audience, allowed in row.items() if operation in allowed
        )
        for operation in Operation
        for (status, privacy), row in TABLE.items()
    }
)
"""The table by operation: who may do it with a record of this status and privacy."""


def may(
    operation: Operation,
    status: Status,
    privacy: Privacy,
    *,
    author: bool,
    member: bool,
    premium: bool,
) -> bool:
    """Whether a viewer may do `operation` with a record of this status and privacy (S8).

    `author`: the record is theirs; `member`: they are of its thread's electorate or
    co-authors; `premium`: they hold the entitlement at this moment.
    """
    allowed = AUDIENCES[operation, status, privacy]
    return (
        Audience.ANYONE in allowed
        or (author and Audience.AUTHOR in allowed)
        or (member and Audience.MEMBER in allowed)
        or (premium and Audience.PREMIUM in allowed)
    )


@dataclass(frozen=True, slots=True)
class Grant:
    """A rectangle of the table: every one of `statuses` with every one of `privacies`."""

    statuses: tuple[Status, ...]
    privacies: tuple[Privacy, ...]


def _grants(operation: Operation, audience: Audience) -> tuple[Grant, ...]:
    by_privacies: dict[tuple[Privacy, ...], list[Status]] = {}
    for status in Status:
        privacies = tuple(p for p in Privacy if audience in AUDIENCES[operation, status, p])
        if privacies:
            by_privacies.setdefault(privacies, []).append(status)
    return tuple(Grant(tuple(statuses), key) for key, statuses in by_privacies.items())


_GRANTS: Mapping[tuple[Operation, Audience], tuple[Grant, ...]] = MappingProxyType(
    {(operation, audience): _grants(operation, audience)
     for operation in Operation for audience in Audience}
)  # fmt: skip


def grants(operation: Operation, audience: Audience) -> tuple[Grant, ...]:
    """The records `audience` may do `operation` with, as rectangles that do not overlap.

    >>> [grant.privacies for grant in grants(Operation.SEARCH, Audience.ANYONE)]
    [(<Privacy.PUBLIC: 'public'>,)]
    """
    return _GRANTS[operation, audience]
