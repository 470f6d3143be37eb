"""What the command says on standard error: one line at a time."""

from __future__ import annotations

import sys

LONGEST = 1_000
"""Characters of a line; of a longer one the middle is left out."""


def printable(text: object) -> str:
    """The text with line breaks and whatever drives a terminal escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))


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
