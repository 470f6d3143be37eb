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
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import Any

SCALARS = frozenset({type(None), bool, int, str, bytes})


class CanonicalSet(frozenset[Any]):
    """A frozen set that iterates in canonical order; views hand sets out as this."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(frozenset.__iter__(self), key=encode))


def check_value(value: object, where: str) -> None:
    """Raise `TypeError` naming `where` unless `value` may be stored in a cell."""
    if type(value) in SCALARS:
        return
    if isinstance(value, Enum):
        return
    if isinstance(value, (tuple, frozenset)):
        for item in value:
            check_value(item, where)
        return
    kind: Any = type(value)
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
    if not dataclasses.is_dataclass(kind):
        return None
    if not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return None
    return tuple(item.name for item in dataclasses.fields(kind))


def encode(value: object) -> bytes:
    """The canonical bytes of a cell value; distinct for distinct (type, value) pairs.

    Integers are ordered by value; containers by their items.  Raises `TypeError` for a
    value that may not be stored in a cell.

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
    if isinstance(value, tuple):
        return b"t" + _sequence([encode(item) for item in value])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [encode(getattr(value, f.name)) for f in dataclasses.fields(value)]
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
