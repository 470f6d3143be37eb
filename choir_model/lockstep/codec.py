"""Commands as JSON and back, so that a failing sequence is a file.

Theory of operation
-------------------
A command is a tree of frozen dataclasses, enums, tuples, bytes and scalars.  Each kind has
one JSON form that names its type; reading looks names up in a fixed table of what commands
consist of, and checks every field against its annotation, so a file can say nothing that
is not a command: it is parsed, never executed.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterable
from enum import Enum
from functools import cache
from typing import Any

from choir_model.domain import identity, lifecycle
from choir_model.lockstep import cast, content_pair, ledger_pair, system_pair
from choir_model.ports import content, ledger
from choir_model.program import bindings, calls, designs
from choir_model.protocols import sagas


class CodecError(ValueError):
    """JSON that is not a sequence of commands; says where and what would be right."""


def _commands(module: types.ModuleType) -> Iterable[type]:
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__:
            yield value


_PARTS: tuple[type, ...] = (
    *(t for m in (ledger_pair, content_pair, system_pair) for t in _commands(m)),
    cast.Setting,
    identity.RecordKey,
    lifecycle.Status,
    lifecycle.Privacy,
    content.Message,
    content.Viewer,
    content.Where,
    content.Page,
    content.Cursor,
    content.Rank,
    content.Index,
    calls.Call,
    calls.Meta,
    sagas.Saga,
    sagas.Arrow,
    sagas.Conflict,
    ledger.Confirmed,
    bindings.Reason,
    bindings.Design,
    *designs.CHOICES.values(),
)


def _name(kind: type) -> str:
    return f"{kind.__module__.rsplit('.', 1)[-1]}.{kind.__qualname__}"


BY_NAME = {_name(t): t for t in _PARTS if dataclasses.is_dataclass(t) or issubclass(t, Enum)}
"""Everything a command may consist of, by the name it has in files."""

DEEPEST = 16
"""Levels of nesting that are read: more than any command has."""

_WORDS = {
    type(None): "null",
    bool: "true or false",
    int: "a whole number",
    str: "text",
    bytes: '{"hex": "…"}',
    Enum: "an enumeration",
}


def encode(value: object) -> Any:
    """The JSON form of a command or a part of one."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, Enum):
        return {"enum": _name(type(value)), "name": value.name}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"do": _name(type(value)), **fields}
    raise TypeError(f"{type(value).__name__} is no part of a command")


def decode(data: Any, where: str = "command", depth: int = 0) -> Any:
    """The value that `data` is the JSON form of.  Raises `CodecError`."""
    if data is None or isinstance(data, bool | int | str):
        return data
    if depth > DEEPEST:
        raise CodecError(f"{where[:80]}…: is nested deeper than any command")
    if isinstance(data, list):
        return tuple(decode(item, f"{where}[{n}]", depth + 1) for n, item in enumerate(data))
    if not isinstance(data, dict):
        raise CodecError(f"{where}: the number {data!r} is not a whole one")
    if "hex" in data:
        return _bytes(data, where)
    if "enum" in data:
        return _member(data, where)
    kind = BY_NAME.get(str(data.get("do")))
    if kind is None or not dataclasses.is_dataclass(kind):
        raise CodecError(f"{where}.do: {shown(data.get('do'))} is not the name of a command")
    hints = _hints(kind)
    given = {name: value for name, value in data.items() if name != "do"}
    if lacking := sorted(set(hints) - set(given)):
        raise CodecError(f"{where}.{lacking[0]}: is missing")
    if foreign := sorted(set(given) - set(hints)):
        known = ", ".join(hints) or "none"
        raise CodecError(f"{where}: {shown(foreign[0])} is not a field here; fields are {known}")
    fields = {n: decode(value, f"{where}.{n}", depth + 1) for n, value in given.items()}
    for name, value in fields.items():
        if not _fits(value, hints[name]):
            wanted = _wanted(hints[name])
            raise CodecError(f"{where}.{name}: {shown(given[name])} instead of {wanted}")
    return kind(**fields)


def shown(data: object) -> str:
    """JSON in a message: short and on one line."""
    if isinstance(data, list | dict):
        return "a list" if isinstance(data, list) else "an object"
    text = json.dumps(data)
    return text if len(text) <= 40 else f"{text[:30]}… ({len(text)} characters)"


def _bytes(data: dict[str, Any], where: str) -> bytes:
    wanted = CodecError(f'{where}: expected {{"hex": "…"}} with pairs of hexadecimal digits')
    if len(data) != 1:
        raise wanted
    try:
        return bytes.fromhex(data["hex"])
    except (TypeError, ValueError):
        raise wanted from None


def _member(data: dict[str, Any], where: str) -> Enum:
    kind = BY_NAME.get(str(data["enum"]))
    if kind is None or not issubclass(kind, Enum):
        raise CodecError(f"{where}.enum: {shown(data['enum'])} is not the name of an enumeration")
    member = kind.__members__.get(str(data.get("name")))
    if member is None:
        known = ", ".join(kind.__members__)
        raise CodecError(f"{where}.name: {shown(data.get('name'))} is not one of {known}")
    return member


def _wanted(hint: Any) -> str:
    """A type in the words of the file."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " or ".join(map(_wanted, typing.get_args(hint)))
    if typing.get_origin(hint) is tuple:
        return "a list"
    return _WORDS.get(hint) or f"{_name(hint)}"


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _fits(value: object, hint: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, option) for option in arguments)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if arguments[-1] is Ellipsis:
            return all(_fits(item, arguments[0]) for item in value)
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    if hint is type(None):
        return value is None
    if hint is int and isinstance(value, bool):
        return False
    return isinstance(value, hint)
