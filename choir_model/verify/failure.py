"""Failure files: a failing command sequence on disk, and its replay.

A failure file is JSON: what failed and with which seed and versions, the world the
commands were meant for, and the commands themselves (`choir_model.lockstep.codec`).  It
is parsed and checked, never executed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from choir_model.lockstep.codec import CodecError, decode, encode

Machine: TypeAlias = Literal["ledger", "content", "system"]
MACHINES: tuple[Machine, ...] = ("ledger", "content", "system")


class FailureFileError(Exception):
    """A file that is no failure file; one line: file, what is wrong, what would be right."""


@dataclass(frozen=True, slots=True)
class FailureFile:
    """What a failure file says.  `users`: those of a conversation; None for the machines."""

    machine: Machine
    users: tuple[str, ...] | None
    commands: tuple[Any, ...]


def write_json(path: Path, value: object) -> None:
    """Write `value` to `path` whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        draft.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_failure(
    path: Path,
    machine: Machine,
    users: tuple[str, ...] | None,
    commands: Sequence[object],
    about: Mapping[str, object],
) -> None:
    """Write a failure file; `about` says what failed, with which seed and versions."""
    value = {
        "choir": "failure",
        "version": 1,
        **about,
        "machine": machine,
        "users": None if users is None else list(users),
        "commands": [encode(command) for command in commands],
    }
    write_json(path, value)


def read_failure(path: Path) -> FailureFile:
    """Read a failure file.  Raises `FailureFileError`."""
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise _error(path, f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _error(path, "is not JSON") from None
    if not isinstance(value, dict) or value.get("choir") != "failure":
        raise _error(path, 'is no failure file: field choir is not "failure"')
    if value.get("version") != 1:
        raise _error(path, f"field version: {value.get('version')!r} instead of 1")
    machine, users, commands = (value.get(n) for n in ("machine", "users", "commands"))
    if machine not in MACHINES:
        raise _error(path, f"field machine: {machine!r} is not one of {', '.join(MACHINES)}")
    if not (users is None or _is_names(users)):
        raise _error(path, "field users: expected null or a list of names")
    if not isinstance(commands, list) or not commands:
        raise _error(path, "field commands: expected a list that is not empty")
    try:
        decoded = tuple(decode(c, f"commands[{n}]") for n, c in enumerate(commands))
    except (CodecError, RecursionError) as error:
        raise _error(path, f"field {error}") from None
    if type(decoded[0]).__name__ != "Begin":
        raise _error(path, "field commands[0]: the first command must be a Begin")
    return FailureFile(machine, None if users is None else tuple(users), decoded)


def _is_names(users: object) -> bool:
    return isinstance(users, list) and all(isinstance(u, str) for u in users)


def _error(path: Path, problem: str) -> FailureFileError:
    hint = "give a file that choir verify wrote after a failure"
    return FailureFileError(f"{path}: {problem}; {hint}")
