"""The faults of section 8 that a content store can be given.

They change what is stored behind the store's back: nothing else changes, and nobody is
told.  A snapshot restored, however old, is one as well (`ContentPort.restore`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Privacy, Status

if TYPE_CHECKING:
    from choir_model.ports.content import Index, Stored, Written


class ContentFaults(Protocol):
    """Switches for faults."""

    def damage(self, key: RecordKey, content: str) -> Written:
        """FAULT: overwrite a point's content behind the store's back (section 8).

        Nothing else changes, and nobody is told.  Refused: `InvalidContent` (no UTF-8 form),
        `UnknownPoint`.
        """

    def lose_vector(self, key: RecordKey) -> Written:
        """FAULT: a point's vector is gone (section 8).  Refused: `UnknownPoint`."""

    def damage_status(self, key: RecordKey, status: Status) -> Written:
        """FAULT: another status, behind the store's back; even Draft, which nobody is shown.

        Refused, as every fault below that is about a point: `UnknownPoint`.
        """

    def damage_privacy(self, key: RecordKey, privacy: Privacy) -> Written:
        """FAULT: another privacy, behind the store's back."""

    def damage_thread(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int
    ) -> Written:
        """FAULT: a thread's point names other co-authors, of a sequence perhaps from the future.

        Refused: `InvalidNumber` as by `put_thread`, then `UnknownPoint`.
        """

    def put_thread_partly(
        self, thread: Address, co_authors: tuple[Address, ...], sequence: int, done: int
    ) -> Written:
        """FAULT: a `put_thread` that was cut off after `done` message points, by id.

        Under ``acl`` ``per_thread`` it has no message point to write, and so did nothing.
        Nobody was told that it happened; who repeats the `put_thread` completes it.
        Refused: `InvalidNumber` as by `put_thread`, and where `done` is negative.
        """

    def lose_index(self, index: Index) -> Stored:
        """FAULT: a payload index is gone."""
