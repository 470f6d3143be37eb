"""``choir import``: read an export, tell it as a log, write that, and say what came of it."""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from choir_model.cli.interrupts import Interrupts
from choir_model.cli.messages import BadInput, grouped, printable, say
from choir_model.cli.outputs import check_outputs, write_whole
from choir_model.cli.verify_command import HOLDS, UNFINISHED, USAGE

if TYPE_CHECKING:
    from choir_model.verify.imports import Choices, Entry, Imported
    from choir_model.verify.run import Listener

NEEDED = ("msgspec", "rich")
SEEN_EVERY = 500
"""Entries read between two looks for an interrupt."""


@dataclass(frozen=True, slots=True)
class Request:
    """The command line."""

    file: Path
    format: str
    output: Path
    channels: tuple[str, ...]
    fields: tuple[str, ...]
    title: str | None
    stake: str
    tokens: str
    votes: str
    seats: int | None
    privacy: str


def run(request: Request) -> int:
    """Everything; the exit status.  User mistakes are one line on standard error."""
    try:
        for package in NEEDED:
            if importlib.util.find_spec(package) is None:
                raise BadInput(f"the package {package} is missing; run pip install {package}")
        with Interrupts() as interrupts:
            return _import(request, interrupts)
    except BadInput as error:
        return _say(str(error), USAGE)
    except KeyboardInterrupt:
        return _say("interrupted; nothing was written", UNFINISHED)
    except MemoryError:
        return _say("out of memory; import a part of it", UNFINISHED)
    except Exception as error:  # noqa: BLE001 (a mistake of ours is none of the user's)
        traceback.print_exception(error)
        said = f"internal error, {type(error).__name__}: {error}; please report it"
        return _say(said, UNFINISHED)


def _say(message: str, status: int) -> int:
    return say("choir import", message, status)


def _import(request: Request, interrupts: Interrupts) -> int:
    from choir_model.cli.progress import progress
    from choir_model.verify.imports import ImportDefect, TooManyTokens, imported

    choices, fields = _choices(request), _fields(request)
    check_outputs({"--output": request.output}, [request.file])
    skipped: Counter[str] = Counter()
    try:
        with progress() as bars:
            listener = interrupts.heard_by(bars)
            listener.stage("reading", 0)
            entries = list(_entries(request, fields, skipped, listener))
            found = imported(str(request.file), entries, choices, listener)
            listener.stage("writing", 0)
            text = found.log.to_text()
    except ImportDefect as error:
        raise BadInput(str(error)) from None
    except TooManyTokens as error:
        raise BadInput(f"--tokens {request.tokens}: {error}; give them less") from None
    try:
        write_whole(request.output, text.encode())
    except OSError as error:
        problem = f"--output {request.output}: cannot be written: {error.strerror or error}"
        return _say(problem, UNFINISHED)
    _show(request, found, skipped)
    return HOLDS


def _entries(
    request: Request,
    fields: dict[str, str],
    skipped: Counter[str],
    listener: Listener,
) -> Iterator[Entry]:
    from choir_model.verify.imports_formats import entries_of

    found = entries_of(request.format, request.file, skipped, fields, request.channels)
    for number, entry in enumerate(found):
        if number % SEEN_EVERY == 0:
            listener.done(number)
        yield entry


def _choices(request: Request) -> Choices:
    from choir_model.domain.lifecycle import Privacy
    from choir_model.program.bindings import MIN_STAKE_FLOOR, SEATS
    from choir_model.verify.commands import AmountError, format_amount, parse_amount
    from choir_model.verify.imports import Choices

    amounts = {}
    for option in ("stake", "tokens"):
        text = getattr(request, option)
        try:
            amounts[option] = parse_amount(text)
        except AmountError as error:
            raise BadInput(f"--{option} {text}: {error}; give CHOIR, such as 1.5") from None
    if amounts["stake"] < MIN_STAKE_FLOOR:
        floor = format_amount(MIN_STAKE_FLOOR)
        raise BadInput(f"--stake {request.stake}: is below the floor; give {floor} or more")
    seats = request.seats or SEATS
    if seats > SEATS:
        raise BadInput(f"--seats {seats}: a thread has at most {SEATS}; give that or less")
    given: dict[str, Any] = {"decision": request.votes, "seats": seats, **amounts}
    title = request.title if request.title is not None else request.file.resolve().stem
    return Choices(title, privacy=Privacy(request.privacy), **given)


def _fields(request: Request) -> dict[str, str]:
    from choir_model.verify.imports_generic import FIELDS

    if request.fields and request.format != "generic":
        raise BadInput(f"--field belongs to --format generic, not to {request.format}")
    found: dict[str, str] = {}
    for given in request.fields:
        name, equals, column = given.partition("=")
        if not equals or not column or name not in FIELDS:
            known = ", ".join(FIELDS)
            raise BadInput(f"--field {given}: is no NAME=COLUMN; NAME is one of {known}")
        if name in found:
            raise BadInput(f"--field {given}: {name} is given twice; give it once")
        found[name] = column
    return found


def _show(request: Request, found: Imported, skipped: Counter[str]) -> None:
    """What became of the export, on standard output; nothing is lost if nobody reads it."""
    counts = (
        f"{grouped(found.messages)} messages of {grouped(found.people)} people "
        f"in {grouped(found.threads)} threads"
    )
    lines = [f"imported  {counts}, {grouped(len(found.log.commands) + 1)} lines"]
    for title, counter in (
        ("skipped", skipped),
        ("changed", found.changed),
        ("refused", found.expected),
    ):
        items = [f"{name} {grouped(count)}" for name, count in sorted(counter.items())]
        if items:
            lines.append(f"{title:8}  {' · '.join(items)}")
    again = f"choir verify {shlex.quote(os.fspath(request.output))} --steps 0"
    lines.append(printable(f"replay    {again}"))
    try:
        print("\n".join(lines), flush=True)
    except OSError:
        sys.stdout = None  # or Python tries again at its end
