"""Events in transaction logs: one ``Program data:`` line each, 8-byte discriminator + borsh.

Any program may log such lines.  A reader therefore follows the invocation stack of the
log and believes only lines written while the ledger program itself is running (L6).  Text
a program logs stands behind ``Program log:`` and never passes for a line of the runtime.
Lines may be missing, where a log is truncated; what is damaged is left out, and the
sequence numbers of the rest show the gap.  Who compares two ledgers wants to see even
what is damaged: `read_every_event` leaves nothing out that the program itself wrote.
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
_INVOKE = re.compile(r"Program ([1-9A-Za-z]+) invoke \[([1-9]\d*)\]")
_END = re.compile(r"Program ([1-9A-Za-z]+) (success|failed: .*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class UnreadableEvent:
    """What the ledger program logged that is none of its events; the text if not base64."""

    data: bytes


def read_events(logs: Iterable[str]) -> tuple[Any, ...]:
    """The ledger program's events in `logs`, in order; look-alike lines are ignored."""
    found = read_every_event(logs)
    return tuple(event for event in found if not isinstance(event, UnreadableEvent))


def read_every_event(logs: Iterable[str]) -> tuple[Any, ...]:
    """`read_events`, with an `UnreadableEvent` for each line of the program that is no event."""
    stack: list[str] = []
    found = []
    for line in logs:
        if line.startswith(_DATA):
            if stack[-1:] == [PROGRAM_ID]:
                found.append(_decode(line[len(_DATA) :]))
        elif invoked := _INVOKE.fullmatch(line):
            stack[int(invoked[2]) - 1 :] = [invoked[1]]
        elif _END.fullmatch(line):
            del stack[-1:]
    return tuple(found)


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
