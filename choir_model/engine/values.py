"""Cell values: what may be stored in a cell, and their canonical order.

Theory of operation
-------------------
A cell value is immutable and means the same in every process: ``None``, ``bool``,
``int``, ``str``, ``bytes``, enum members, and tuples, frozen sets and frozen
dataclasses of those.  Floats are refused (they do not compare reliably), and so is
anything that can change after it was written, or that is more than its fields say.

`encode` maps a value to bytes such that equal bytes mean the same value *of the same
type*: ``1``, ``True`` and ``"1"`` differ.  The bytes order values, so nothing that
depends on the order of a set depends on Python's hash seed.  The inverse is in
:mod:`choir_model.engine.decoding`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum, Flag
from functools import cache, cached_property, lru_cache
from types import MemberDescriptorType
from typing import Any, cast

SCALARS = frozenset({type(None), bool, int, str, bytes})


class CanonicalSet(frozenset[Any]):
    """A frozen set that iterates in canonical order, and whose unions and the like do too.

    Views hand all sets out as this.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(frozenset.__iter__(self), key=encode))

    def __repr__(self) -> str:
        return f"frozenset({{{', '.join(map(repr, self))}}})" if self else "frozenset()"

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

    def __rsub__(self, other: AbstractSet[Any]) -> CanonicalSet:
        return CanonicalSet(frozenset.__sub__(frozenset(other), self))

    __ror__, __rand__, __rxor__ = __or__, __and__, __xor__


def canonical(value: Any) -> Any:
    """`value` with every set in it, however deep, as a `CanonicalSet`."""
    kind: Any = type(value)
    if kind in SCALARS or isinstance(value, Enum):
        return value
    if kind is frozenset or kind is CanonicalSet:
        members = list(frozenset.__iter__(value))
        better = _all_canonical(members)
        return value if kind is CanonicalSet and better is members else CanonicalSet(better)
    if kind is tuple:
        better = _all_canonical(value)
        return value if better is value else tuple(better)
    names = field_names(kind)
    if not names:
        return value
    fields = [getattr(value, name) for name in names]
    better = _all_canonical(fields)
    return value if better is fields else made(kind, names, better)


def _all_canonical(items: Sequence[Any]) -> Sequence[Any]:
    """`items` itself where nothing changes."""
    if SCALARS.issuperset(map(type, items)):
        return items
    better = list(map(canonical, items))
    return items if all(a is b for a, b in zip(better, items, strict=True)) else better


def made(kind: type, names: Iterable[str], fields: Iterable[Any]) -> Any:
    """A dataclass instance with these fields, without running its constructor."""
    # Its own constructor may compute, and may take other arguments than its fields.
    made: Any = object.__new__(kind)
    for name, value in zip(names, fields, strict=True):
        object.__setattr__(made, name, value)
    return made


def check_value(value: object, where: str) -> None:
    """Raise `TypeError` naming `where` unless `value` may be stored in a cell.

    It says which part of the value is at fault, and what would do instead.
    """
    if not _storable(value):
        part, why = _fault(value)
        raise TypeError(f"{where}: {f'its part {part}: ' if part else ''}{why}")


_ABSENT = object()


def _storable(value: object) -> bool:
    kind: Any = type(value)
    if kind in SCALARS or isinstance(value, Enum):
        return True
    if kind is tuple:
        items = cast("tuple[Any, ...]", value)
        return SCALARS.issuperset(map(type, items)) or all(map(_storable, items))
    if kind is frozenset or kind is CanonicalSet:
        return all(map(_storable, frozenset.__iter__(cast("frozenset[Any]", value))))
    names = field_names(kind)
    return (
        names is not None
        and getattr(value, "__dict__", {}).keys() <= _attributes(kind)
        and all(_storable(getattr(value, name, _ABSENT)) for name in names)
    )


def _fault(value: Any) -> tuple[str, str]:
    """Which part of an unstorable value is at fault, as written after the value, and why."""
    kind: Any = type(value)
    parts: list[tuple[str, object]] = []
    if kind is tuple:
        parts = [(f"[{i}]", item) for i, item in enumerate(value)]
    elif kind is frozenset or kind is CanonicalSet:
        parts = [(f"{{{item!r}}}", item) for item in frozenset.__iter__(value)]
    elif names := field_names(kind):
        for name in getattr(value, "__dict__", {}):
            if name not in _attributes(kind):
                return "", f"a {kind.__name__} has the attribute {name}, which is no field"
        parts = [(f".{name}", getattr(value, name, _ABSENT)) for name in names]
    for part, item in parts:
        if item is _ABSENT:
            return part, f"a {kind.__name__} without a value for that field"
        if not _storable(item):
            inner, why = _fault(item)
            return part + inner, why
    return "", f"a {kind.__name__} cannot be a cell value; {_type_fault(kind)}"


_INSTEAD = {
    list: "use a tuple",
    set: "use a frozenset",
    dict: "use a tuple of pairs, or a record with its keys",
    bytearray: "use bytes",
    float: "use an int of a smaller unit: floats do not compare reliably",
}


@cache
def _type_fault(kind: type) -> str:
    """Why no instance of a type other than the plain ones can be stored; empty if it may be."""
    if kind in _INSTEAD:
        return _INSTEAD[kind]
    payload = [b for b in kind.__mro__[:-1] if getattr(b.__new__, "__self__", None) is b]
    if payload and payload[0] is not kind:
        return f"use a frozen dataclass: a subclass of {payload[0].__name__} may hold anything"
    if not dataclasses.is_dataclass(kind):
        return (
            "use None, bool, int, str, bytes, an enum, or tuples, frozen sets and frozen "
            "dataclasses of these"
        )
    # Its own decorator counts, not one it inherits.
    parameters = vars(kind).get("__dataclass_params__")
    if parameters is None or not parameters.frozen:
        return "declare it with @dataclass(frozen=True)"
    if kind.__eq__ is object.__eq__ or kind.__hash__ is None:
        return "let it compare and hash by its fields, as @dataclass(frozen=True) does"
    names = {item.name for item in dataclasses.fields(kind)}
    for base in kind.__mro__:
        for name, member in vars(base).items():
            if isinstance(member, MemberDescriptorType) and name not in names:
                return f"its slot {name} is no field"
    return ""


@cache
def field_names(kind: type) -> tuple[str, ...] | None:
    """The fields of a frozen dataclass whose instances are values; None for any other type."""
    if not dataclasses.is_dataclass(kind) or _type_fault(kind):
        return None
    return tuple(item.name for item in dataclasses.fields(kind))


@cache
def _attributes(kind: type) -> frozenset[str]:
    """What the dictionary of an instance may hold: its fields, and what follows from them."""
    kept = {n for b in kind.__mro__ for n, m in vars(b).items() if isinstance(m, cached_property)}
    return frozenset(kept.union(field_names(kind) or ()))


def encode(value: object) -> bytes:
    """The canonical bytes of a cell value; distinct for distinct (type, value) pairs.

    Integers are ordered by value, text by length and then by code points; containers by
    length, then by their items.  Raises `TypeError` for a value that may not be stored in
    a cell.

    >>> encode(1) == encode(True)
    False
    >>> sorted([10, -3, 2], key=encode)
    [-3, 2, 10]
    """
    plain = _PLAIN.get(type(value))
    if plain is not None:
        return plain(value)
    kind: Any = type(value)
    if isinstance(value, Enum):
        return _encode_member(kind, member_name(value))
    names = field_names(kind)
    if names is not None:
        fields = [encode(getattr(value, name)) for name in names]
        return b"d" + _name_of(kind) + _sequence(fields)
    raise TypeError(f"a {kind.__name__} has no canonical encoding")


# Only one type comes to each of these two, so equal values are the same one.
@lru_cache(maxsize=4096)
def _encode_int(value: int) -> bytes:
    size = (value.bit_length() + 8) // 8
    magnitude = value + (1 << (8 * size - 1))
    if value >= 0:
        return b"i1" + size.to_bytes(4, "big") + magnitude.to_bytes(size, "big")
    return b"i0" + (0xFFFFFFFF - size).to_bytes(4, "big") + magnitude.to_bytes(size, "big")


@lru_cache(maxsize=4096)
def _encode_text(value: str) -> bytes:
    return b"s" + _framed(value.encode("utf-8", "surrogatepass"))


_UNLIKE = frozenset({type(None), int, str, bytes})
"""Types no two of which have equal values; of tuples of these, equal ones are the same one."""


def _encode_tuple(value: tuple[Any, ...]) -> bytes:
    if len(value) < 8 and _UNLIKE.issuperset(map(type, value)):
        return _encode_scalars(value)
    return b"t" + _sequence(list(map(encode, value)))


@lru_cache(maxsize=4096)
def _encode_scalars(value: tuple[Any, ...]) -> bytes:
    return b"t" + _sequence(list(map(encode, value)))


@lru_cache(maxsize=4096)
def _encode_member(kind: type, name: str) -> bytes:
    return b"e" + _name_of(kind) + _framed(name.encode())


def _encode_set(value: frozenset[Any]) -> bytes:
    return b"f" + _sequence(sorted(map(encode, frozenset.__iter__(value))))


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(8, "big") + data


def _sequence(items: list[bytes]) -> bytes:
    return len(items).to_bytes(8, "big") + b"".join(items)


_PLAIN: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"0",
    bool: lambda value: b"b1" if value else b"b0",
    int: _encode_int,
    str: _encode_text,
    bytes: lambda value: b"x" + _framed(value),
    tuple: _encode_tuple,
    frozenset: _encode_set,
    CanonicalSet: _encode_set,
}

KNOWN_TYPES: dict[bytes, type] = {}


@cache
def _name_of(kind: type) -> bytes:
    name = f"{kind.__module__}.{kind.__qualname__}".encode()
    KNOWN_TYPES[name] = kind
    return _framed(name)


def member_name(member: Enum) -> str:
    """The name of an enum member; the number of a combination of flags, which has none."""
    # How Python names a combination of flags depends on its version.
    if isinstance(member, Flag) and member.name not in type(member).__members__:
        return str(member.value)
    return member.name


def register(kind: Any) -> None:
    """Let decoding know an enum or a frozen dataclass; `TypeError` for any other type.

    What this process has encoded is known already.
    """
    if not issubclass(kind, Enum) and field_names(kind) is None:
        raise TypeError(f"{kind.__name__} is no type of cell values; {_type_fault(kind)}")
    _name_of.__wrapped__(kind)
