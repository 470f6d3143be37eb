"""The cells of the content store: message points, thread points, and which there are."""

from __future__ import annotations

from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.engine import Field, Record
from choir_model.ports.content import Index
from choir_model.ports.embeddings import Vector


class Point(Record, name="point", layer="content"):
    """A message point; its key is the `RecordKey`.  Status ``None``: there is no such point.

    `co_authors` only under ``acl`` ``per_message``.
    """

    status: Field[Status | None] = Field(None)
    privacy: Field[Privacy] = Field(Privacy.PUBLIC)
    content: Field[str] = Field("")
    created_at: Field[int] = Field(0)
    vector: Field[Vector | None] = Field(None)
    quarantined: Field[bool] = Field(False)
    co_authors: Field[tuple[Address, ...] | None] = Field(None)


class ThreadPoint(Record, name="thread_point", layer="content"):
    """A thread point; its key is the thread.  Sequence ``None``: there is no such point."""

    co_authors: Field[tuple[Address, ...]] = Field(())
    sequence: Field[int | None] = Field(None)


class Shelf(Record, name="shelf", layer="content"):
    """Which message points a thread has, by id; its key is the thread.

    A scan of one thread depends on no other, as it would through one catalogue of all.
    """

    messages: Field[tuple[RecordKey, ...]] = Field(())


class Catalogue(Record, name="catalogue", layer="content"):
    """Which threads there are: the singleton every scan of the whole store begins with.

    `shelves`: those with messages; `threads`: those with a point.  Both are kept in order of
    the thread's point id.  `lost`: the indices that are not there, in the order of `Index`.
    """

    shelves: Field[tuple[Address, ...]] = Field(())
    threads: Field[tuple[Address, ...]] = Field(())
    lost: Field[tuple[Index, ...]] = Field(())
