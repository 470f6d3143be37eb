"""Events in transaction logs: one ``Program data:`` line each, 8-byte discriminator + borsh.

Theory of operation
-------------------
Any program may log such lines.  A reader therefore follows the invocation stack of the
log and believes only lines written while the ledger program itself is running (L6): also
when another program called it, and not while a program runs that it called.  A log is a
list of lines as the runtime handed it out.  Text a program logs is one of them, stands
behind ``Program log:`` even if it contains line breaks, and never passes for a line of the
runtime; once lines are joined and split again, nothing tells them apart any more.

Not everything printed has happened: a transaction that fails keeps its log and loses its
effects.  A failure at any depth fails the transaction, so `read_log` says whether the log
shows one.  Not every log does; who has the transaction's status asks that.

Not everything that happened is printed: from about 10 kB on the runtime leaves out each
line that no longer fits, and says ``Log truncated`` once, at the first.  Shorter lines that
come later may still fit.  Every line that begins or ends an invocation is shorter than any
event, so if one of them was left out, so were all later events: an event that is still
there has its stack whole.  The line that says that a program succeeded may be there without
the one that says it was invoked; it ends nothing then.

What is damaged is left out, and the sequence numbers of the rest show the gap.  Who
compares two ledgers wants to see even what is damaged: `read_every_event` leaves nothing
out that the program itself wrote.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from choir_model.program.bindings import EVENTS, PROGRAM_ID
from choir_model.program.layout import DecodeError

_BY_DISCRIMINATOR = {layout.discriminator: layout for layout in EVENTS.values()}
_DATA = "Program data: "
_TRUNCATED = "Log truncated"
_SOMEBODY = ""
_INVOKE = re.compile(r"Program ([1-9A-Za-z]+) invoke \[([1-9]\d*)\]")
_END = re.compile(r"Program ([1-9A-Za-z]+) (success|failed: .*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class UnreadableEvent:
    """What the ledger program logged that is none of its events; the text if not base64."""

    data: bytes


@dataclass(frozen=True, slots=True)
class LogReading:
    """What a transaction's log says: `events` of the ledger program in order, damaged ones as
    `UnreadableEvent`; whether lines are known to be missing; whether it shows a failure."""

    events: tuple[Any, ...]
    truncated: bool
    failed: bool


def read_log(logs: Iterable[str]) -> LogReading:
    """What the lines of one transaction's log say; look-alike lines are ignored."""
    stack: list[str] = []
    found = []
    truncated = failed = False
    for line in logs:
        if line.startswith(_DATA):
            if stack[-1:] == [PROGRAM_ID]:
                found.append(_decode(line[len(_DATA) :]))
        elif invoked := _INVOKE.fullmatch(line):
            depth = int(invoked[2])
            stack[depth - 1 :] = [invoked[1]]
            # Whoever called at a depth that was not seen is somebody else.
            stack[-1:-1] = [_SOMEBODY] * (depth - len(stack))
        elif ended := _END.fullmatch(line):
            failed |= ended[2] != "success"
            if ended[1] in stack:
                while stack.pop() != ended[1]:
                    continue
        elif line == _TRUNCATED:
            truncated = True
    return LogReading(tuple(found), truncated, failed)


def read_events(logs: Iterable[str]) -> tuple[Any, ...]:
    """The ledger program's events in `logs`, in order; look-alike lines are ignored."""
    found = read_every_event(logs)
    return tuple(event for event in found if not isinstance(event, UnreadableEvent))


def read_every_event(logs: Iterable[str]) -> tuple[Any, ...]:
    """`read_events`, with an `UnreadableEvent` for each line of the program that is no event."""
    return read_log(logs).events


def _decode(text: str) -> Any:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return UnreadableEvent(text.encode())
    layout = _BY_DISCRIMINATOR.get(data[:8])
    try:
        return layout.decode(data) if layout else UnreadableEvent(data)
    except DecodeError:
        return UnreadableEvent(data)


def failing_program(logs: Iterable[str]) -> str | None:
    """Base58 address of the program that failed first: the innermost one."""
    for line in logs:
        ended = _END.fullmatch(line)
        if ended and ended[2] != "success":
            return ended[1]
    return None
