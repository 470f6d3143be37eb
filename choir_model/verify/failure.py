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
from typing import Any, Literal, NoReturn, TypeAlias, get_args

from choir_model.lockstep import content_pair, ledger_pair, system_pair
from choir_model.lockstep.codec import CodecError, decode, encode, shown

Machine: TypeAlias = Literal["ledger", "content", "system"]
COMMANDS: dict[Machine, tuple[type, ...]] = {
    "ledger": get_args(ledger_pair.Command),
    "content": get_args(content_pair.Command),
    "system": get_args(system_pair.Command),
}
"""What each machine executes; a sequence begins with the machine's own ``Begin``."""
LARGEST = 64 * 2**20
"""Bytes of the largest file that is read: thousands of times what a failure needs."""


class FailureFileError(Exception):
    """A file that is no failure file; one line: file, what is wrong, what would be right."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}; give a file that choir verify wrote after a failure")


@dataclass(frozen=True, slots=True)
class FailureFile:
    """What a failure file says.  `users`: those of a conversation; None for the machines.

    `where` and `message` say what failed, `seed` with which seed, `ledger` and `program` (SHA-256)
    on which ledger, where the file says so; `kind` is the kind of a
    `FailureReport`, or ``"error"`` for an error of ours.
    """

    path: Path
    machine: Machine
    users: tuple[str, ...] | None
    commands: tuple[Any, ...]
    where: str
    kind: str
    message: str
    seed: int
    ledger: str = ""
    program: str = ""


def write_json(path: Path, value: object) -> None:
    """Write `value` to `path` whole or not at all; as it comes where that is no plain file."""
    text = json.dumps(value, indent=1) + "\n"
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")  # replacing a pipe or device would remove it
        return
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
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

    def wrong(problem: str) -> NoReturn:
        raise FailureFileError(path, problem)

    value = _object(path)
    if value.get("choir") != "failure":
        wrong('is no failure file: field choir is not "failure"')
    version = value.get("version")
    if version != 1 or isinstance(version, bool):
        wrong(f"field version: {shown(version)} instead of 1")
    machine = next((m for m in COMMANDS if m == value.get("machine")), None)
    if machine is None:
        wrong(f"field machine: {shown(value.get('machine'))} is not one of {', '.join(COMMANDS)}")
    users, commands, seed = (value.get(n) for n in ("users", "commands", "seed"))
    if not (users is None or (machine == "system" and _is_names(users))):
        wrong("field users: expected null or, for the system machine, a list of names")
    if not isinstance(seed, int) or isinstance(seed, bool):
        wrong("field seed: expected a whole number")
    if not isinstance(commands, list) or not commands:
        wrong("field commands: expected a list that is not empty")
    where, kind, message = (_text(path, value, n) for n in ("where", "kind", "message"))
    ledger, program = (_text(path, {n: "", **value}, n) for n in ("ledger", "program"))
    decoded = _commands(path, machine, commands)
    named = None if users is None else tuple(users)
    about = where, kind, message, seed, ledger, program
    return FailureFile(path, machine, named, decoded, *about)


def _text(path: Path, value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise FailureFileError(path, f"field {name}: expected text")
    return text


def _object(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise FailureFileError(path, f"is larger than {LARGEST // 2**20} MiB")
        value = json.loads(data)
    except OSError as error:
        raise FailureFileError(path, f"cannot be read: {error.strerror or error}") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise FailureFileError(path, f"{place}: is not JSON ({error.msg})") from None
    except UnicodeDecodeError as error:
        raise FailureFileError(path, f"is not JSON: byte {error.start + 1} is no text") from None
    except RecursionError:
        raise FailureFileError(path, "is nested too deeply") from None
    except ValueError:  # the only one left: a number of thousands of digits
        raise FailureFileError(path, "holds a number that is too long") from None
    if not isinstance(value, dict):
        raise FailureFileError(path, "is no failure file: not a JSON object")
    return value


def _commands(path: Path, machine: Machine, commands: list[Any]) -> tuple[Any, ...]:
    decoded = []
    for number, data in enumerate(commands):
        where = f"commands[{number}]"
        try:
            command = decode(data, where)
        except CodecError as error:
            raise FailureFileError(path, f"field {error}") from None
        if not isinstance(command, COMMANDS[machine]):
            raise FailureFileError(path, f"field {where}: is no command of the {machine} machine")
        if (number == 0) is not (type(command).__name__ == "Begin"):
            problem = "must be a Begin" if number == 0 else "only the first can be a Begin"
            raise FailureFileError(path, f"field {where}: {problem}")
        decoded.append(command)
    return tuple(decoded)


def _is_names(users: object) -> bool:
    return isinstance(users, list) and all(isinstance(u, str) for u in users)
