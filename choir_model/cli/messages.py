"""What the command says on standard error: one line at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterable

LONGEST = 1_000
"""Characters of a line; of a longer one the middle is left out."""


class BadInput(Exception):
    """Something the user gave cannot be used; the message is one line."""


def printable(text: object) -> str:
    """The text with line breaks and whatever drives a terminal escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))


def filled(items: Iterable[str], width: int) -> list[str]:
    """The items, separated by dots, in lines broken only between them."""
    lines: list[str] = []
    for item in items:
        longer = f"{lines[-1]} · {item}" if lines else item
        if lines and len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(item)
    return lines


def grouped(number: int) -> str:
    """A number with groups of thousands."""
    return f"{number:,}".replace(",", " ")


def say(who: str, message: str, status: int) -> int:
    """One line on standard error; returns the exit status it goes with."""
    line = printable(" ".join(message.splitlines()))
    if len(line) > LONGEST:
        line = f"{line[: LONGEST - 200]} … {line[-200:]}"
    print(f"{who}: {line}", file=sys.stderr)
    return status


def tolerate_any_text() -> None:
    """Let both streams escape what their encoding lacks, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
