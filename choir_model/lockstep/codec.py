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
import types
import typing
from collections.abc import Iterable
from enum import Enum
from functools import cache
from typing import Any

from choir_model.domain import identity, lifecycle
from choir_model.lockstep import cast, content_pair, ledger_pair, system_pair
from choir_model.ports import content, ledger
from choir_model.program import bindings, calls
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
    calls.Call,
    calls.Meta,
    sagas.Saga,
    sagas.Arrow,
    sagas.Conflict,
    ledger.Confirmed,
    bindings.Reason,
)


def _name(kind: type) -> str:
    return f"{kind.__module__.rsplit('.', 1)[-1]}.{kind.__qualname__}"


BY_NAME = {_name(t): t for t in _PARTS if dataclasses.is_dataclass(t) or issubclass(t, Enum)}
"""Everything a command may consist of, by the name it has in files."""


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


def decode(data: Any, where: str = "command") -> Any:
    """The value that `data` is the JSON form of.  Raises `CodecError`."""
    if data is None or isinstance(data, bool | int | str):
        return data
    if isinstance(data, list):
        return tuple(decode(item, f"{where}[{n}]") for n, item in enumerate(data))
    if not isinstance(data, dict):
        raise CodecError(f"{where}: a {type(data).__name__} cannot stand here")
    if "hex" in data:
        return _bytes(data, where)
    if "enum" in data:
        return _member(data, where)
    kind = BY_NAME.get(str(data.get("do")))
    if kind is None or not dataclasses.is_dataclass(kind):
        raise CodecError(f"{where}: unknown command {data.get('do')!r}")
    hints = _hints(kind)
    given = {name: value for name, value in data.items() if name != "do"}
    if set(given) != set(hints):
        raise CodecError(f"{where}: fields {sorted(given)} instead of {sorted(hints)}")
    fields = {n: decode(value, f"{where}.{n}") for n, value in given.items()}
    for name, value in fields.items():
        if not _fits(value, hints[name]):
            raise CodecError(f"{where}.{name}: {value!r:.40} is not of type {hints[name]}")
    return kind(**fields)


def _bytes(data: dict[str, Any], where: str) -> bytes:
    try:
        return bytes.fromhex(data["hex"])
    except (TypeError, ValueError):
        raise CodecError(f"{where}: expected hexadecimal digits in a string") from None


def _member(data: dict[str, Any], where: str) -> Enum:
    kind = BY_NAME.get(str(data["enum"]))
    if kind is None or not issubclass(kind, Enum):
        raise CodecError(f"{where}: unknown enum {data['enum']!r}")
    member = kind.__members__.get(str(data.get("name")))
    if member is None:
        raise CodecError(f"{where}: {data.get('name')!r} is not one of {list(kind.__members__)}")
    return member


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
