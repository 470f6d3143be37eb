"""Where a failure is, and the command that shows it again: what every report of it says."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from choir_model.verify.report import FailureReport


class Place(NamedTuple):
    """A line of a log: its file, and its number from 1; 0 for the log as a whole."""

    path: str
    line: int


def place_of(failure: FailureReport) -> Place | None:
    """The log and line a failure was met in; None if it was met by a machine or a replay."""
    found = re.fullmatch(r"(.*), (?:line (\d+)|at its end)", failure.where, re.DOTALL)
    return Place(found[1], int(found[2] or 0)) if found else None


def command_again(failure: FailureReport) -> str | None:
    """The shell command that executes the failing commands once more, if they are in a file."""
    if failure.replay_file is None:
        return None
    return shlex.join(["choir", "verify", "--replay", failure.replay_file, *failure.options])
