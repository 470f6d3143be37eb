"""The life of a message: its statuses, the moves between them, and what content is.

Theory of operation
-------------------
``Draft`` and ``Submitted`` exist off-chain only; the other four are the ledger's, and
the last three are final (M8).  `TRANSITIONS` is the total table of section 3: every
status has a row, final ones an empty row.

A store follows the ledger from a distance and may miss a state on the way: a message
it last saw as Submitted may be Published when the news arrives.  So a store asks
`follows`, which is the table's transitive closure, while a protocol that makes one
move asks `moves_to`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from choir_model.domain.parameters import DEFAULTS

MAX_CONTENT_BYTES = DEFAULTS.max_content_bytes
"""Longest content, in bytes of UTF-8 before any compression (C2, section 13)."""


class Status(Enum):
    """Where a message stands in its life (section 3)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PENDING = "pending"
    PUBLISHED = "published"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Privacy(Enum):
    """Whom a published message is for; the author may change it at any time (M8)."""

    PUBLIC = "public"
    PREMIUM = "premium"
    THREAD_ONLY = "thread_only"


TRANSITIONS: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.DRAFT: frozenset({Status.SUBMITTED}),
        Status.SUBMITTED: frozenset({Status.PENDING}),
        Status.PENDING: frozenset({Status.PUBLISHED, Status.REJECTED, Status.EXPIRED}),
        Status.PUBLISHED: frozenset(),
        Status.REJECTED: frozenset(),
        Status.EXPIRED: frozenset(),
    }
)
"""The next statuses of each status, and no others (section 3); acyclic."""

FINAL: frozenset[Status] = frozenset(status for status, after in TRANSITIONS.items() if not after)
"""The statuses that never change (M8)."""


def _closure(status: Status) -> frozenset[Status]:
    after = TRANSITIONS[status]
    return after.union(*map(_closure, after)) if after else after


LATER: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {status: _closure(status) for status in Status}
)
"""Every status a message may still reach, in one move or several."""


def moves_to(status: Status, target: Status) -> bool:
    """Whether one transition leads from `status` to `target` (section 3)."""
    return target in TRANSITIONS[status]


def follows(status: Status, target: Status) -> bool:
    """Whether a store at `status` may take over `target`, having missed what lay between.

    >>> follows(Status.SUBMITTED, Status.PUBLISHED), follows(Status.REJECTED, Status.PUBLISHED)
    (True, False)
    """
    return target in LATER[status]


class ContentFault(Enum):
    """Why a text cannot be content (C2); the values are the names users are told."""

    INVALID_CONTENT = "InvalidContent"
    CONTENT_TOO_LARGE = "ContentTooLarge"


def content_fault(content: str, max_bytes: int = MAX_CONTENT_BYTES) -> ContentFault | None:
    """What is wrong with `content`, or `None`: valid UTF-8, non-empty, not too long (C2).

    A Python string with a lone surrogate has no UTF-8 form and is invalid.

    >>> content_fault(""), content_fault("ab", max_bytes=1)
    (<ContentFault.INVALID_CONTENT: 'InvalidContent'>, \
<ContentFault.CONTENT_TOO_LARGE: 'ContentTooLarge'>)
    """
    try:
        size = len(content.encode("utf-8"))
    except UnicodeEncodeError:
        return ContentFault.INVALID_CONTENT
    if size == 0:
        return ContentFault.INVALID_CONTENT
    return ContentFault.CONTENT_TOO_LARGE if size > max_bytes else None
