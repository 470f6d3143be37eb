"""Reading a conversation log: JSON Lines in, commands out, or one line that says why not.

Theory of operation
-------------------
A line passes four stages, and the first that objects ends the reading:

1. **bytes**: at most 1 MiB, UTF-8, no byte order mark (`_text`);
2. **JSON**: one object, no field twice, nothing JSON does not have (`_object`);
3. **shape**: known fields, none missing, each of its type (`_build`);
4. **sense**: names, times and amounts fit the lines before (`choir_model.verify.story`).

Lines are read one at a time and each passes all four stages before the next is looked
at, so a defect is reported in line order and a huge file costs nothing after its first
defect.  The whole file is read before anyone acts on it: a log that is wrong in its last
line has done nothing.

A stage raises `Defect`, which knows the field; `read_log` adds path and line and makes
it a `LogError`, the only error there is.  The format is told in ``docs/log-format.md``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args

import msgspec

from choir_model.program.bindings import Reason
from choir_model.verify import commands as do
from choir_model.verify.commands import AMOUNTS, COMMANDS, MEANING, Command, Header, Parameters
from choir_model.verify.story import (
    Defect,
    Story,
    printable,
    repeated,
    show,
    similar,
    suggestion,
    wrong,
)

MAX_LINE_BYTES = 2**20

_T = TypeVar("_T", bound=Header | Parameters | Command)
_EXAMPLE = '{"log": "choir", "version": 1, "title": "Tea", "start": 1767225600}'
_KINDS = {str: "text", bool: "true or false", type(None): "null", list: "a list"}


class LogError(Exception):
    """A log that cannot be replayed; ``str()`` is one line: where, what, and the remedy.

    `line` counts from 1 and is 0 for a defect of the file as a whole; `field` is empty for
    a defect of a line as a whole.
    """

    def __init__(self, path: str, line: int, field: str, problem: str, remedy: str) -> None:
        super().__init__(path, line, field, problem, remedy)
        self.path = path
        self.line = line
        self.field = field
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        place = printable(self.path)
        if self.line:
            place += f", line {self.line}"
        if self.field:
            place += f", field {printable(self.field)}"
        return f"{place}: {self.problem}; {self.remedy}"


class Log(msgspec.Struct, frozen=True):
    """A conversation that makes sense: what it begins with, and what happens in order."""

    path: str
    header: Header
    commands: tuple[Command, ...]

    def to_text(self) -> str:
        """The log as a file that reads back as the same header and commands."""
        return "".join(do.to_line(value) + "\n" for value in (self.header, *self.commands))


def read_log(path: str | os.PathLike[str]) -> Log:
    """The log at `path`.  Raises `LogError`, and nothing else, for every defect."""
    name = os.fspath(path)
    header: Header | None = None
    commands: list[Command] = []
    story = Story()
    for number, raw in _lines(name):
        try:
            text = _text(raw, first=number == 1)
            if not text.strip():
                continue
            fields = _object(text)
            if header is None:
                header = _header(fields)
                story.begin(header)
            else:
                commands.append(_command(fields, number))
                story.tell(commands[-1])
        except Defect as defect:
            raise LogError(name, number, *defect.args) from None
    if header is None:
        raise LogError(name, 0, "", "the file is empty", f"begin it with {_EXAMPLE}")
    return Log(name, header, tuple(commands))


def bundled_logs() -> tuple[Path, ...]:
    """The logs that come with the package, by name."""
    return tuple(sorted((Path(__file__).parents[1] / "data" / "logs").glob("*.jsonl")))


def _lines(path: str) -> Iterator[tuple[int, bytes]]:
    """Numbered lines, none longer than one byte above the limit."""
    number = 0
    try:
        with Path(path).open("rb") as file:
            while raw := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                yield number, raw
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        remedy = "give the path of a readable .jsonl file"
        raise LogError(path, 0, "", f"cannot be read: {why}", remedy) from None


def _text(raw: bytes, *, first: bool) -> str:
    if len(raw) > MAX_LINE_BYTES:
        raise Defect("", "is longer than 1 MiB", "put each command on a line of its own")
    if first and raw.startswith(b"\xef\xbb\xbf"):
        raise Defect("", "begins with a byte order mark", "save it as UTF-8 without one")
    if first and raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Defect("", "the file is UTF-16", "save it as UTF-8")
    if b"\0" in raw:
        raise Defect("", "holds a NUL byte, so this is no text file", "give a .jsonl file")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        if not raw.endswith(b"\n") and error.reason == "unexpected end of data":
            raise _cut_off() from None
        problem = f"byte {error.start + 1} is not UTF-8 (0x{raw[error.start]:02x})"
        raise Defect("", problem, "save the file as UTF-8") from None


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant)
    except json.JSONDecodeError as error:
        if not text.endswith("\n") and text.startswith("{") and not text.rstrip().endswith("}"):
            raise _cut_off() from None
        problem = f"is not JSON at column {error.colno} ({printable(error.msg)})"
        raise Defect("", problem, _ONE_OBJECT) from None
    except RecursionError:
        raise Defect("", "is nested too deeply", _ONE_OBJECT) from None
    except ValueError:  # the only one left: a number of thousands of digits
        raise Defect("", "holds a number that is too long", "write a shorter number") from None
    if not isinstance(value, dict):
        raise Defect("", f"is {_kind(value)}, not an object", _ONE_OBJECT)
    _no_surrogates(value)
    return value


_ONE_OBJECT = 'write one JSON object a line, such as {"do": "wait", "days": 1}'


def _cut_off() -> Defect:
    return Defect("", "the file ends in the middle of this line", "complete or remove the line")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = repeated(name for name, _ in pairs)
        raise Defect(twice or "", "is given twice", "give it once")
    return fields


def _constant(word: str) -> NoReturn:
    raise Defect("", f"{word} is not JSON", "write a finite number")


def _no_surrogates(fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        for text in value if isinstance(value, list) else (name, value):
            if isinstance(text, str) and not text.isascii():
                try:
                    text.encode()
                except UnicodeEncodeError:
                    problem = "holds half of a surrogate pair, which is no character"
                    remedy = "write the whole character, as itself or as both halves"
                    raise Defect(name, problem, remedy) from None


def _header(fields: dict[str, Any]) -> Header:
    if fields.get("log") != "choir":
        problem = "the log has no header before its first command"
        if "do" not in fields:
            problem = "this is not the header of a conversation log"
        raise Defect("log", problem, f"begin the file with {_EXAMPLE}")
    if "version" in fields and fields["version"] is not True and fields["version"] != 1:
        raise wrong("version", f"{show(fields['version'])} is a version this reader does not know")
    given = fields.get("parameters")
    if isinstance(given, dict):
        _no_surrogates(given)
        parameters = _build(Parameters, given, "parameters.")
        fields = {**fields, "parameters": msgspec.to_builtins(parameters)}
    return _build(Header, fields)


def _command(fields: dict[str, Any], line: int) -> Command:
    word = fields.get("do")
    if word is None:
        raise Defect("do", "is missing", f"write {MEANING['do']}")
    if not isinstance(word, str) or word not in COMMANDS:
        remedy = suggestion(str(word), COMMANDS, f"write {MEANING['do']}")
        raise Defect("do", f"{show(word)} is not a command", remedy)
    return msgspec.structs.replace(_build(COMMANDS[word], fields), line=line)


def _build(kind: type[_T], fields: dict[str, Any], prefix: str = "") -> _T:
    """The struct these JSON fields say; a defect in the words of `MEANING` otherwise."""
    known = {f.name: f for f in do.FIELDS[kind] if f.name != "line"}
    tag = kind.__struct_config__.tag_field
    for name in fields:
        if name not in known and name != tag:
            meant = similar(name, sorted(set(known) - set(fields)))
            useful = [f for f in known if f != "expect" or kind in get_args(do.Instruction)]
            remedy = f"did you mean {meant}?" if meant else f"known here: {', '.join(useful)}"
            raise Defect(prefix + name, "is not a field here", remedy)
    for name, field in known.items():
        if field.required and name not in fields:
            raise wrong(prefix + name, "is missing")
    converted = {name: _converted(prefix, name, value) for name, value in fields.items()}
    try:
        return msgspec.convert(converted, kind)
    except msgspec.ValidationError as error:
        found = re.search(r"`\$\.(\w+)", str(error))
        name = found[1] if found else ""
        problem = f"{_kind(fields.get(name))} is not what belongs here"
        raise wrong(prefix + name, problem) from None


def _converted(prefix: str, name: str, value: object) -> object:
    """A field whose form in the file is not its form in the struct."""
    if name == "expect" and value is not None:
        if not isinstance(value, str) or value not in Reason.__members__:
            remedy = suggestion(str(value), Reason.__members__, f"write {MEANING['expect']}")
            raise Defect(name, f"{show(value)} is not a refusal of the ledger program", remedy)
        return Reason[value].value
    if name in AMOUNTS:
        if not isinstance(value, str):
            raise wrong(prefix + name, f"{_kind(value)} is not what belongs here")
        try:
            return do.parse_amount(value)
        except do.AmountError as error:
            raise wrong(prefix + name, f"{show(value)} {error}") from None
    return value


def _kind(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        word = _KINDS.get(type(value), "an object")
        return f"{word} ({show(value)})" if isinstance(value, (str, bool)) else word
    return f"the number {show(value)}"
