"""The variants of section 9 that are the content store's; the default comes first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Tenancy(Enum):
    """Where a thread's points are.

    ``PAYLOAD``: with all others in one collection, told apart by an indexed field.
    ``COLLECTION``: in a collection of the thread's own.  No answer tells which.
    """

    PAYLOAD = "payload"
    COLLECTION = "collection"


class Acl(Enum):
    """What says who is a member, for the visibility table (S8).

    ``PER_THREAD``: the thread's point alone, so that a change of co-authors is one write.
    ``PER_MESSAGE``: co-authors stored on every message point, so that a filter needs no list
    of threads; a change writes every message of the thread and its own point last, and in
    between members of before and of after are both members, each of some of the messages.
    """

    PER_THREAD = "per_thread"
    PER_MESSAGE = "per_message"


@dataclass(frozen=True, slots=True)
class ContentDesign:
    """A choice of every variant; a store has it from its creation on."""

    tenancy: Tenancy = Tenancy.PAYLOAD
    acl: Acl = Acl.PER_THREAD

    def __str__(self) -> str:
        return f"tenancy={self.tenancy.value} · acl={self.acl.value}"


DEFAULT = ContentDesign()
EVERY = tuple(ContentDesign(tenancy, acl) for tenancy in Tenancy for acl in Acl)
"""All combinations, the default first."""
