"""Cell values: what may be stored in a cell, and their canonical order.

Theory of operation
-------------------
A cell value is immutable and means the same in every process: ``None``, ``bool``,
``int``, ``str``, ``bytes``, enum members, and tuples, frozen sets and frozen
dataclasses of those.  Floats are refused (they do not compare reliably), and so is
anything that can change after it was written.

`encode` maps a value to bytes such that equal bytes mean the same value *of the same
type*: ``1``, ``True`` and ``"1"`` differ.  The bytes order values, so nothing that
depends on the order of a set depends on Python's hash seed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from enum import Enum
from functools import cache
from typing import Any, cast

SCALARS = frozenset({type(None), bool, int, str, bytes})


class CanonicalSet(frozenset[Any]):
    """A frozen set that iterates in canonical order, and whose unions and the like do too.

    Views hand all sets out as this.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(frozenset.__iter__(self), key=encode))

    def __or__(self, other: AbstractSet[Any]) -> CanonicalSet:
        return CanonicalSet(frozenset.__or__(self, other))

    def __and__(self, other: AbstractSet[Any]) -> CanonicalSet:
        return CanonicalSet(frozenset.__and__(self, other))

    def __sub__(self, other: AbstractSet[Any]) -> CanonicalSet:
        return CanonicalSet(frozenset.__sub__(self, other))

    def __xor__(self, other: AbstractSet[Any]) -> CanonicalSet:
        return CanonicalSet(frozenset.__xor__(self, other))

    def union(self, *others: Iterable[Any]) -> CanonicalSet:
        """All members of this and the others."""
        return CanonicalSet(frozenset.union(self, *others))

    def intersection(self, *others: Iterable[Any]) -> CanonicalSet:
        """The members that all have."""
        return CanonicalSet(frozenset.intersection(self, *others))

    def difference(self, *others: Iterable[Any]) -> CanonicalSet:
        """The members that no other has."""
        return CanonicalSet(frozenset.difference(self, *others))

    def symmetric_difference(self, other: Iterable[Any]) -> CanonicalSet:
        """The members that exactly one has."""
        return CanonicalSet(frozenset.symmetric_difference(self, other))


def canonical(value: Any) -> Any:
    """`value` with every set in it, however deep, as a `CanonicalSet`."""
    kind: Any = type(value)
    if kind in SCALARS or kind is CanonicalSet or isinstance(value, Enum):
        return value
    if kind is frozenset:
        return CanonicalSet(map(canonical, value))
    if kind is tuple:
        items = tuple(map(canonical, value))
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    changed = {}
    for name in _field_names(kind) or ():
        item = getattr(value, name)
        better = canonical(item)
        if better is not item:
            changed[name] = better
    return dataclasses.replace(value, **changed) if changed else value


def check_value(value: object, where: str) -> None:
    """Raise `TypeError` naming `where` unless `value` may be stored in a cell."""
    if type(value) in SCALARS:
        return
    if isinstance(value, Enum):
        return
    kind: Any = type(value)
    if kind in (tuple, frozenset, CanonicalSet):
        members: Any = value if kind is tuple else frozenset.__iter__(cast("frozenset[Any]", value))
        for item in members:
            check_value(item, where)
        return
    names = _field_names(kind)
    if names is not None:
        for name in names:
            check_value(getattr(value, name), where)
        return
    raise TypeError(
        f"{where}: a {type(value).__name__} cannot be a cell value; use None, bool, int, str, "
        "bytes, an enum, or tuples, frozen sets and frozen dataclasses of these"
    )


@cache
def _field_names(kind: type) -> tuple[str, ...] | None:
    """The fields of a frozen dataclass; None for any other type."""
    parameters = vars(kind).get("__dataclass_params__")  # its own, not one it inherits
    if parameters is None or not parameters.frozen:
        return None
    return tuple(item.name for item in dataclasses.fields(kind))


def encode(value: object) -> bytes:
    """The canonical bytes of a cell value; distinct for distinct (type, value) pairs.

    Integers are ordered by value; containers by length, then by their items.  Raises
    `TypeError` for a value that may not be stored in a cell.

    >>> encode(1) == encode(True)
    False
    >>> sorted([10, -3, 2], key=encode)
    [-3, 2, 10]
    """
    if value is None:
        return b"0"
    if isinstance(value, Enum):
        return b"e" + _framed(_name_of(type(value))) + _framed(value.name.encode())
    if isinstance(value, bool):
        return b"b1" if value else b"b0"
    if isinstance(value, int):
        return _encode_int(value)
    if isinstance(value, str):
        return b"s" + _framed(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, bytes):
        return b"x" + _framed(value)
    if isinstance(value, frozenset):
        return b"f" + _sequence(sorted(encode(item) for item in frozenset.__iter__(value)))
    kind: Any = type(value)
    if kind is tuple:
        return b"t" + _sequence([encode(item) for item in cast("tuple[Any, ...]", value)])
    names = _field_names(kind)
    if names is not None:
        fields = [encode(getattr(value, name)) for name in names]
        return b"d" + _framed(_name_of(type(value))) + _sequence(fields)
    raise TypeError(f"a {type(value).__name__} has no canonical encoding")


def _name_of(kind: type) -> bytes:
    return f"{kind.__module__}.{kind.__qualname__}".encode()


def _encode_int(value: int) -> bytes:
    size = (value.bit_length() + 8) // 8
    magnitude = value + (1 << (8 * size - 1))
    if value >= 0:
        return b"i1" + size.to_bytes(4, "big") + magnitude.to_bytes(size, "big")
    return b"i0" + (0xFFFFFFFF - size).to_bytes(4, "big") + magnitude.to_bytes(size, "big")


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(8, "big") + data


def _sequence(items: list[bytes]) -> bytes:
    return len(items).to_bytes(8, "big") + b"".join(items)
