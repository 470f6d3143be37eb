"""Decoding: values from their canonical bytes.

The enums and dataclasses that this process has encoded, or that were given to
`register`, are known; nothing is ever imported on the word of the bytes.  A type is known
by its module and qualified name: of two types of one name, the one that came last counts.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, Flag
from typing import Any

from choir_model.engine.values import KNOWN_TYPES, CanonicalSet, encode, field_names, made


def decode(data: bytes) -> Any:
    """The value whose canonical bytes are `data`; its sets are `CanonicalSet`.

    Raises `ValueError` unless `data` is what `encode` gives for some value of known types.

    >>> decode(encode((1, True, "x")))
    (1, True, 'x')
    """
    reader = _Reader(data)
    try:
        value = reader.value()
        if encode(value) != data:
            raise ValueError("the bytes are not the canonical encoding of what they encode")
    except RecursionError:
        raise ValueError("the bytes encode a value that is nested too deeply") from None
    return value


class _Reader:
    """Takes an encoding apart, from its beginning."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def value(self) -> Any:
        at, tag = self.at, self.take(1)
        read = _READERS.get(tag)
        if read is None:
            raise ValueError(f"no value begins with {tag!r}, at byte {at}")
        return read(self)

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.data):
            raise ValueError(f"the bytes end before byte {end}")
        found = self.data[self.at : end]
        self.at = end
        return found

    def framed(self) -> bytes:
        return self.take(int.from_bytes(self.take(8), "big"))

    def items(self) -> list[Any]:
        # Not by `range`: a damaged length must run into the end, whatever its size.
        count, found = int.from_bytes(self.take(8), "big"), list[Any]()
        while len(found) < count:
            found.append(self.value())
        return found

    def integer(self) -> int:
        positive = self.take(1) == b"1"
        size = int.from_bytes(self.take(4), "big")
        size = size if positive else 0xFFFFFFFF - size
        return int.from_bytes(self.take(size), "big") - (1 << max(8 * size - 1, 0))

    def set(self) -> CanonicalSet:
        items = self.items()
        try:
            return CanonicalSet(items)
        except Exception as error:
            # A type may hash by what its fields never held before.
            raise ValueError(f"a set of what cannot be hashed: {error}") from error

    def kind(self) -> Any:
        name = self.framed()
        if name not in KNOWN_TYPES:
            shown = name.decode(errors="replace")
            raise ValueError(f"{shown} is no known type; register it, or encode a value of it")
        return KNOWN_TYPES[name]

    def member(self) -> Any:
        kind, name = self.kind(), self.framed().decode()
        if issubclass(kind, Flag) and name not in kind.__members__:
            return kind(int(name))
        if not issubclass(kind, Enum) or name not in kind.__members__:
            raise ValueError(f"{kind.__name__} has no member {name}")
        return kind.__members__[name]

    def instance(self) -> Any:
        kind, fields = self.kind(), self.items()
        names = field_names(kind)
        if names is None or len(names) != len(fields):
            raise ValueError(f"{kind.__name__} is no dataclass of {len(fields)} fields")
        return made(kind, names, fields)


_READERS: dict[bytes, Callable[[_Reader], Any]] = {
    b"0": lambda _: None,
    b"b": lambda reader: reader.take(1) == b"1",
    b"i": _Reader.integer,
    b"s": lambda reader: reader.framed().decode("utf-8", "surrogatepass"),
    b"x": _Reader.framed,
    b"t": lambda reader: tuple(reader.items()),
    b"f": _Reader.set,
    b"e": _Reader.member,
    b"d": _Reader.instance,
}
