"""A shard of Qdrant Edge in a directory: opening it, calling it, and naming what goes wrong.

Theory of operation
-------------------
The engine reports every failure as a bare `Exception` with a text.  `store_error` is the one
place that reads these texts; they were collected from version 0.9.0, the pinned one.

The engine also *fails to report*: opened without its segments, its log or its configuration,
a shard comes up without a complaint, with fewer points or none.  So `Shard` looks first: a
directory holds all the parts of a shard, or none of them and a new one is created; anything
between is damage.  Damage inside the files can still pass unnoticed, which is why readers
re-hash what they are given.

Which of several equal scores the engine returns at its limit is arbitrary.  So `nearest`
asks for more than it needs, sorts, and trusts what lies *above* the lowest score it was
given; when that is used up, it asks for twice as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from choir_model.adapters.edge_payload import Payload
from choir_model.ports.content import StoreDamaged, StoreError, StoreInUse, StoreUnavailable
from choir_model.ports.embeddings import SCORE_STEPS

if TYPE_CHECKING:
    from qdrant_edge import (
        EdgeConfig,
        EdgeShard,
        Filter,
        PayloadSchemaParams,
        Record,
        UpdateOperation,
    )

P = ParamSpec("P")
T = TypeVar("T")

PAGE = 1_000
"""Points fetched at a time where all are wanted."""

SPARE_HITS = 8
"""Hits asked for beyond the limit: a few ties or damaged points need no second query."""

ASKED_AT_MOST = 1 << 32
"""Where a limit is larger; no shard holds as many points."""

CONFIGURATION = "edge_config.json"
SEGMENTS = "segments/*/segment.json"
LOG = "wal/open-*"

PANIC = "PanicException"
"""What a panic of the engine is raised as: no `Exception`, of a class nobody can import."""

_NOT_WRITABLE = "cannot be written to; use a directory this user may write to"

_MEANINGS: tuple[tuple[str, type[StoreError], str], ...] = (
    # Text of the engine; what it means; what is the matter, and what would be right.
    ("WouldBlock", StoreInUse, "is open already, here or in another process; close it there"),
    ("is not initialized", StoreUnavailable, "was closed; open it again"),
    (
        "config is incompatible",
        StoreUnavailable,
        "holds vectors of another size or distance; open it with those, or use another directory",
    ),
    (
        "wal_enabled cannot be changed",
        StoreUnavailable,
        "was created with the other choice of `wal`; open it with that one",
    ),
    ("Permission denied", StoreUnavailable, _NOT_WRITABLE),
    ("Operation not permitted", StoreUnavailable, _NOT_WRITABLE),
    ("Read-only file system", StoreUnavailable, _NOT_WRITABLE),
    ("No space left", StoreUnavailable, "has no space left on its device; make room there"),
)


def store_error(error: BaseException, directory: Path) -> StoreError:
    """What an exception of the engine means for whoever uses the store in `directory`."""
    text = str(error)
    for known, kind, meaning in _MEANINGS:
        if known in text:
            return kind(f"{directory} {meaning}")
    line = text.partition("\n")[0]
    return StoreDamaged(
        f"{directory} cannot be read as a store; restore a copy, or delete it to start empty"
        f" (the engine says: {line})"
    )


class Shard:
    """An open shard in `directory`, its points addressed by name (a UUID).

    Every method raises `StoreError` where the engine fails; errors of the caller (wrong
    types, for example) pass through as they are.
    """

    def __init__(self, engine: ModuleType, directory: Path, config: EdgeConfig) -> None:
        self._engine = engine
        self._operations = engine.UpdateOperation
        self._exact = engine.SearchParams(exact=True)
        self._everything = engine.Filter()
        self.directory = directory
        self._shard = self._open(config)

    def fetch(self, name: str, *, with_vector: bool = False) -> tuple[Payload | None, object]:
        """Payload and coordinates of a point; without the point ``(None, None)``."""
        found = self._call(self._shard.retrieve, [name], True, with_vector)
        return (found[0].payload or {}, found[0].vector) if found else (None, None)

    def scroll(
        self, wanted: Filter | None = None, *, with_vector: bool = False
    ) -> Iterator[Record]:
        """Every point that passes the filter, by name."""
        offset = None
        while True:
            request = self._engine.ScrollRequest(
                offset, PAGE, wanted, with_payload=True, with_vector=with_vector
            )
            points, offset = self._call(self._shard.scroll, request)
            yield from points
            if offset is None:
                return

    def nearest(
        self, query: list[float], limit: int, wanted: Filter
    ) -> Iterator[tuple[float, str, Payload]]:
        """Score, name and payload by descending score, then name; `limit` and more of them.

        For as long as the caller takes them.  The caller may meanwhile make points fail
        the filter which it was given already.  Raises `StoreDamaged` for a score that no two
        stored vectors have.
        """
        nearest = self._engine.Query.Nearest(query)
        asked = min(limit, ASKED_AT_MOST) + SPARE_HITS
        given: set[str] = set()
        while True:
            request = self._engine.SearchRequest(
                nearest, asked, filter=wanted, params=self._exact, with_payload=True
            )
            found = self._call(self._shard.search, request)
            if not all(_on_grid(point.score) for point in found):
                raise StoreDamaged(f"{self.directory} holds a vector nobody stored")
            complete = len(found) < asked
            hits = sorted([(-point.score, str(point.id), point) for point in found], key=_rank)
            lowest = hits[-1][0] if hits else 0.0
            for minus_score, name, point in hits:
                if (complete or minus_score < lowest) and name not in given:
                    given.add(name)
                    yield -minus_score, name, point.payload or {}
            if complete:
                return
            asked *= 2

    def put(self, points: Iterable[tuple[str, list[float] | None, Payload]]) -> None:
        """Hold points as (name, coordinates, payload), in place of what their names held."""
        point = self._engine.Point
        self._update(
            self._operations.upsert_points(
                [point(name, coordinates or {}, payload) for name, coordinates, payload in points]
            )
        )

    def set(self, name: str, fields: Payload) -> None:
        """Set fields of the payload of a point, which is there."""
        self._update(self._operations.set_payload([name], fields))

    def lose_vector(self, name: str) -> None:
        """Remove the vector of a point, which is there."""
        self._update(self._operations.delete_vectors([name], [""]))

    def delete(self, name: str) -> None:
        """Remove a point."""
        self._update(self._operations.delete_points([name]))

    def clear(self) -> None:
        """Remove every point."""
        self._update(self._operations.delete_points_by_filter(self._everything))

    def indices(self) -> frozenset[str]:
        """The payload fields that are indexed."""
        return frozenset(self._call(self._shard.info).payload_schema)

    def index(self, field: str, schema: PayloadSchemaParams) -> None:
        """Index a payload field, if it is not indexed yet."""
        self._update(self._operations.create_field_index(field, schema))

    def lose_index(self, field: str) -> None:
        """Drop the index of a payload field."""
        self._update(self._operations.delete_field_index(field))

    def close(self) -> None:
        """Release the directory."""
        self._call(self._shard.close)

    def _update(self, operation: UpdateOperation) -> None:
        self._call(self._shard.update, operation)

    def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            if type(error) is not Exception and type(error).__name__ != PANIC:
                raise
            raise store_error(error, self.directory) from error

    def _open(self, config: EdgeConfig) -> EdgeShard:
        make_directory(self.directory)
        parts = [CONFIGURATION, SEGMENTS] + ([LOG] if config.wal_enabled is not False else [])
        missing = [part for part in parts if not any(self.directory.glob(part))]
        kind = self._engine.EdgeShard
        if missing and len(missing) < len(parts):
            raise StoreDamaged(
                f"{self.directory} is no complete store, {missing[0]} is missing; restore a"
                " copy, or delete it to start empty"
            )
        opener: Callable[[str, EdgeConfig], EdgeShard] = kind.create if missing else kind.load
        return self._call(opener, str(self.directory), config)


def make_directory(directory: Path) -> None:
    """Make `directory` if it is not there; raises `StoreUnavailable` where that fails."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StoreUnavailable(f"{directory} is a file; a store needs a directory") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StoreUnavailable(
            f"{directory} cannot be made ({reason}); use a directory this user may write to"
        ) from None


def _on_grid(score: float) -> bool:
    """Whether a score can be one of two vectors that were stored: neither NaN nor between steps."""
    return abs(score) < 2 and (score * SCORE_STEPS).is_integer()


def _rank(hit: tuple[float, str, object]) -> tuple[float, str]:
    return hit[:2]
