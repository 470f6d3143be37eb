"""Fixed binary layouts: borsh for types without variable length.

A layout is a list of named fields packed in order without padding, after an optional
discriminator of 8 bytes.  A field's code is a `struct` code (``"Q"`` u64, ``"32s"`` 32
bytes), ``"32*32s"`` for an array of 32-byte items, an `Enum` class (one byte) or a
dataclass that itself consists of enums.
"""

from __future__ import annotations

import dataclasses
import re
import struct
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeAlias, cast

Code: TypeAlias = str | type
ZERO = bytes(32)


class EncodeError(ValueError):
    """Values that do not fit the fields of a layout."""


class DecodeError(ValueError):
    """Bytes that are not a value of a layout."""


@dataclasses.dataclass(frozen=True, slots=True)
class AccountRole:
    """One account an instruction takes: its role, and what the IDL demands of it."""

    name: str
    signer: bool
    writable: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction: discriminator, accounts in order, argument layout."""

    name: str
    discriminator: bytes
    accounts: tuple[AccountRole, ...]
    arguments: Layout


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    """How one named field becomes raw struct values and back."""

    name: str
    count: int
    pack: Callable[[Any], tuple[Any, ...]]
    unpack: Callable[[tuple[Any, ...]], Any]


class Layout:
    """Encodes and decodes values of one type (`made`: a dataclass, or `dict`)."""

    def __init__(
        self, name: str, discriminator: bytes, made: Any, fields: tuple[tuple[str, Code], ...]
    ) -> None:
        self.name = name
        self.discriminator = discriminator
        self.made = made
        self.names = tuple(name for name, _ in fields)
        codes: list[str] = []
        self._fields: list[_Field] = []
        for field_name, code in fields:
            part, item = _field(field_name, code)
            codes.append(part)
            self._fields.append(item)
        self._struct = struct.Struct(f"<{len(discriminator)}s{''.join(codes)}")
        self.size = self._struct.size
        self.sizes = {n: struct.calcsize("<" + c) for (n, _), c in zip(fields, codes, strict=True)}

    def encode(self, values: object) -> bytes:
        """The bytes of `values`, a mapping or an object with the fields as attributes.

        Raises `EncodeError` when a number does not fit its field.
        """
        get = values.__getitem__ if isinstance(values, dict) else lambda n: getattr(values, n)
        raw: list[Any] = [self.discriminator]
        for field in self._fields:
            raw += field.pack(get(field.name))
        try:
            return self._struct.pack(*raw)
        except struct.error as error:
            raise EncodeError(f"{self.name}: a value is out of range: {error}") from None

    def decode(self, data: bytes) -> Any:
        """The value in `data`; `DecodeError` for wrong length, discriminator or enumerator."""
        if len(data) != self.size:
            raise DecodeError(f"{self.name}: {len(data)} bytes instead of {self.size}")
        raw = self._struct.unpack(data)
        if raw[0] != self.discriminator:
            raise DecodeError(f"{self.name}: wrong discriminator {raw[0].hex()}")
        values, position = {}, 1
        for field in self._fields:
            end = position + field.count
            values[field.name] = field.unpack(raw[position:end])
            position = end
        return self.made(**values)


def _field(name: str, code: Code) -> tuple[str, _Field]:
    if isinstance(code, type):
        return _enum_field(name, code) if issubclass(code, Enum) else _struct_field(name, code)
    array = re.fullmatch(r"(\d+)\*32s", code)
    if array:
        count = int(array.group(1))
        return "32s" * count, _Field(
            name,
            count,
            lambda items: (*items, *(ZERO for _ in range(count - len(items)))),
            lambda raw: raw,
        )
    return code, _Field(name, 1, lambda value: (value,), lambda raw: raw[0])


def _enum_field(name: str, kind: type[Enum]) -> tuple[str, _Field]:
    def unpack(raw: tuple[Any, ...]) -> Enum:
        try:
            return kind(raw[0])
        except ValueError:
            raise DecodeError(f"{name}: {raw[0]} is no {kind.__name__}") from None

    return "B", _Field(name, 1, lambda value: (value.value,), unpack)


def _struct_field(name: str, kind: type) -> tuple[str, _Field]:
    members = dataclasses.fields(kind)
    module = __import__(kind.__module__, fromlist=["_"])
    parts = [_field(m.name, getattr(module, cast(str, m.type))) for m in members]

    def pack(value: Any) -> tuple[Any, ...]:
        return tuple(x for _, part in parts for x in part.pack(getattr(value, part.name)))

    def unpack(raw: tuple[Any, ...]) -> Any:
        pairs = zip(parts, raw, strict=True)
        return kind(**{part.name: part.unpack((value,)) for (_, part), value in pairs})

    return "".join(code for code, _ in parts), _Field(name, len(parts), pack, unpack)
