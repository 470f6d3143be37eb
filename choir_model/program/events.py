"""Events in transaction logs: one ``Program data:`` line each, 8-byte discriminator + borsh.

Any program may log such lines.  A reader therefore follows the invocation stack of the
log and believes only lines written while the ledger program itself is running (L6).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from choir_model.program.bindings import EVENTS, PROGRAM_ID

_BY_DISCRIMINATOR = {layout.discriminator: layout for layout in EVENTS.values()}
_DATA = "Program data: "


def read_events(logs: Iterable[str]) -> tuple[Any, ...]:
    """The ledger program's events in `logs`, in order; look-alike lines are ignored."""
    stack: list[str] = []
    found = []
    for line in logs:
        if line.startswith(_DATA):
            if stack and stack[-1] == PROGRAM_ID:
                data = base64.b64decode(line[len(_DATA) :])
                layout = _BY_DISCRIMINATOR.get(data[:8])
                if layout is not None:
                    found.append(layout.decode(data))
            continue
        words = line.split()
        if len(words) == 4 and words[0] == "Program" and words[2] == "invoke":
            stack.append(words[1])
        elif len(words) >= 3 and words[0] == "Program" and words[2] in ("success", "failed:"):
            stack.pop()
    return tuple(found)


def failing_program(logs: Iterable[str]) -> str | None:
    """Base58 address of the program that failed first: the innermost one."""
    for line in logs:
        words = line.split()
        if len(words) >= 3 and words[0] == "Program" and words[2] == "failed:":
            return words[1]
    return None
