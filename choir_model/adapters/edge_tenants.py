"""Which shard a thread's points are in: variant ``tenancy`` on Qdrant Edge.

Theory of operation
-------------------
Edge has shards and no collections, so a collection is a shard in a directory of its own.
``payload``: one shard, in the store's directory.  ``collection``: one for every thread, in a
directory below, named after it, made when something is first put there and opened when it
is first asked for; errors of a shard are met then.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from choir_model.adapters.edge_shard import CONFIGURATION, Shard, make_directory
from choir_model.domain.identity import Address
from choir_model.ports.content import StoreUnavailable
from choir_model.ports.content_design import Tenancy

Opener: TypeAlias = Callable[[Path], Shard]

PREFIX = "thread-"


class Tenants:
    """The shards of a store in `directory`, each opened by `opener`.

    Raises `StoreUnavailable` for a directory of the other tenancy.
    """

    def __init__(self, tenancy: Tenancy, directory: Path, opener: Opener) -> None:
        self._directory = directory
        self._opener = opener
        self._open: dict[str, Shard] = {}
        self._known: set[str] = set()
        self._apart = tenancy is Tenancy.COLLECTION
        make_directory(directory)
        found = {path.name for path in directory.glob(f"{PREFIX}*")}
        whole = (directory / CONFIGURATION).exists()
        if whole if self._apart else found:
            other = Tenancy.PAYLOAD if self._apart else Tenancy.COLLECTION
            raise StoreUnavailable(
                f"{directory} was created with tenancy {other.value}; open it with that one"
            )
        if self._apart:
            self._known = found
        else:
            self._known = {""}
            self._opened("")

    @property
    def only(self) -> Shard:
        """The shard of a store that has one."""
        return self._open[""]

    def find(self, thread: Address) -> Shard | None:
        """The shard a thread's points are in; `None` if there is none yet."""
        name = self._name(thread)
        return self._opened(name) if name in self._known else None

    def home(self, thread: Address) -> Shard:
        """The same shard, made if there is none yet."""
        return self._opened(self._name(thread))

    def every(self) -> list[Shard]:
        """Every shard, in a fixed order."""
        return [self._opened(name) for name in sorted(self._known)]

    def opened(self) -> list[Shard]:
        """Those that are open."""
        return list(self._open.values())

    def _name(self, thread: Address) -> str:
        return f"{PREFIX}{thread.hex()}" if self._apart else ""

    def _opened(self, name: str) -> Shard:
        if name not in self._open:
            self._open[name] = self._opener(self._directory / name)
            self._known.add(name)
        return self._open[name]
