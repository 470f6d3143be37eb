"""Holding a store against the ledger, record by record: what is intact, and what is gone (S15).

A store cannot know what it has lost: a damaged log ends early, and the engine says nothing.
The ledger's records are the list of what must be there.  A scrub gives every one of them one
`Condition`, so none is silently gone; it trusts no index, and no point for what another says.

What only the store holds is beyond it: privacy and time of a record (section 3) are on no
ledger, and an older value of theirs that came back looks like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Status
from choir_model.domain.visibility import Operation, may
from choir_model.ports.content import (
    ContentPort,
    Found,
    Listing,
    Page,
    Quarantined,
    StoredPoint,
    StoreError,
    Viewer,
    Where,
)
from choir_model.ports.embeddings import Vector

Members = tuple[tuple[Address, ...], int]
"""Co-authors of a thread and the ledger sequence they are from."""


class Condition(Enum):
    """How the store holds a record that the ledger has; the first that applies."""

    UNREADABLE = "unreadable"  # the engine fails when it is asked for the record
    MISSING = "missing"
    QUARANTINED = "quarantined"
    STALE = "stale"  # its status is not the ledger's
    UNSEARCHABLE = "unsearchable"  # its vector is lost, or not that of its content (C4)
    UNLISTED = "unlisted"  # an index hides it from its own author
    INTACT = "intact"


@dataclass(frozen=True, slots=True)
class ScrubReport:
    """A condition for each record and thread the ledger has; never one less.

    `threads`: those whose point is not there or not as of the ledger.  `orphans`: records the
    ledger does not have.  `garbage`: ids of points that are nothing.  `error`: why the store as
    a whole could not be observed; orphans and garbage are then not known.
    """

    records: Mapping[RecordKey, Condition]
    threads: tuple[Address, ...] = ()
    orphans: tuple[RecordKey, ...] = ()
    garbage: tuple[str, ...] = ()
    error: str = ""

    def of(self, condition: Condition) -> tuple[RecordKey, ...]:
        """The records in a condition, in order of their keys."""
        return tuple(key for key, found in self.records.items() if found is condition)

    @property
    def sound(self) -> bool:
        """Whether the store holds what the ledger has, all of it, and nothing else."""
        intact = all(found is Condition.INTACT for found in self.records.values())
        return intact and not (self.threads or self.orphans or self.garbage or self.error)


def scrub(
    store: ContentPort,
    expected: Mapping[RecordKey, Status],
    threads: Mapping[Address, Members],
    embed: Callable[[str], Vector] | None = None,
) -> ScrubReport:
    """The condition of each record of the ledger, by `expected` status, and of its threads.

    Looking quarantines what is damaged and changes nothing else.  With `embed`, vectors
    are compared with those of the contents; without it, only a lost one is noticed.
    """
    records = {key: _condition(store, key, expected[key], embed) for key in sorted(expected)}
    for key in _unlisted(store, [key for key in records if records[key] is Condition.INTACT]):
        records[key] = Condition.UNLISTED
    wrong = tuple(thread for thread in sorted(threads) if not _as_of(store, thread, threads))
    try:
        held = store.observe()
    except StoreError as error:
        return ScrubReport(records, wrong, error=str(error))
    found = {point.message.key for point in held.points}
    return ScrubReport(records, wrong, tuple(sorted(found - expected.keys())), held.unreadable)


def nothing_left(
    expected: Iterable[RecordKey], threads: Iterable[Address], error: StoreError
) -> ScrubReport:
    """The report on a store that cannot be opened: everything is missing."""
    records = dict.fromkeys(sorted(expected), Condition.MISSING)
    return ScrubReport(records, tuple(sorted(threads)), error=str(error))


def _condition(
    store: ContentPort,
    key: RecordKey,
    status: Status,
    embed: Callable[[str], Vector] | None,
) -> Condition:
    try:
        got = store.get(Viewer(key.author), key)
        held = store.observe_point(key)
    except StoreError:
        return Condition.UNREADABLE
    if held is None:
        return Condition.MISSING
    if isinstance(got, Quarantined):
        return Condition.QUARANTINED
    if not isinstance(got, Found) or held.message.status is not status:
        return Condition.STALE
    return Condition.INTACT if _searchable(held, embed) else Condition.UNSEARCHABLE


def _searchable(held: StoredPoint, embed: Callable[[str], Vector] | None) -> bool:
    if held.vector is None or embed is None:
        return held.vector is not None
    return held.vector == embed(held.message.content)


def _unlisted(store: ContentPort, keys: list[RecordKey]) -> list[RecordKey]:
    """Those of `keys` that their authors may list, and which are not in their lists."""
    lists: dict[tuple[Address, Address], frozenset[RecordKey]] = {}
    hidden = []
    for key in keys:
        place = (key.thread, key.author)
        if place not in lists:
            lists[place] = _listed(store, *place)
        if key not in lists[place] and _listable(store, key):
            hidden.append(key)
    return hidden


def _listed(store: ContentPort, thread: Address, author: Address) -> frozenset[RecordKey]:
    try:
        answer = store.list(Viewer(author), Where(thread, author), Page())
    except StoreError:
        return frozenset()
    assert isinstance(answer, Listing)
    return frozenset(message.key for message in answer.messages)


def _listable(store: ContentPort, key: RecordKey) -> bool:
    held = store.observe_point(key)
    assert held is not None
    message = held.message
    return may(
        Operation.LIST, message.status, message.privacy, author=True, member=False, premium=False
    )


def _as_of(store: ContentPort, thread: Address, threads: Mapping[Address, Members]) -> bool:
    try:
        held = store.observe_thread(thread)
    except StoreError:
        return False
    return held is not None and (held.co_authors, held.sequence) == threads[thread]
