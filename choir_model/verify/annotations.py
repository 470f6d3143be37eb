"""A report as workflow commands of GitHub Actions, which mark lines of files with findings.

A command is ``::error file=…,line=…,title=…::message`` on a line of its own.  What would end
a message or a property early is escaped as GitHub's toolkit does; percent signs first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from choir_model.verify.log import LogError
from choir_model.verify.pointers import command_again, place_of
from choir_model.verify.report import FailureReport, Report, Verdict

TITLE = "choir verify"
DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY = {**DATA, ":": "%3A", ",": "%2C"}
LONGEST = 4_000
"""Characters of a message: GitHub cuts longer ones, and the report has it all."""


def annotations_of(report: Report, verdict: str, workspace: str = "") -> Iterator[str]:
    """The lines to print: an error for what failed or was cut short, a notice otherwise.

    `verdict` is the last line of the report.  Files are named from `workspace`, the root of the
    checkout, if they are inside it: GitHub finds only those.
    """
    if report.failure is not None:
        yield _failure(report.failure, workspace)
    for run in report.machines:
        if run.verdict is Verdict.UNREACHED:
            message = f"not reached: {', '.join(run.missing)}; try more --steps"
            yield command("warning", message, {"title": f"{run.name} machine"})
    if report.unfinished is not None:
        yield command("error", verdict, {"title": TITLE})
    if report.verdict is Verdict.HOLDS:
        yield command("notice", verdict, {"title": TITLE})


def annotation_of(error: LogError, workspace: str = "") -> str:
    """The line to print about a log that cannot be replayed."""
    return command("error", str(error), _at(error.path, error.line, workspace))


def _failure(failure: FailureReport, workspace: str) -> str:
    lines = [f"{failure.where}: {failure.message}"]
    again = command_again(failure)
    lines += [failure.diff] if failure.diff else []
    lines += [f"run it again: {again}"] if again is not None else []
    place = place_of(failure)
    if place is None:
        return command("error", "\n".join(lines), {"title": failure.where})
    return command("error", "\n".join(lines), _at(*place, workspace))


def _at(path: str, line: int, workspace: str) -> dict[str, str]:
    number = {"line": str(line)} if line else {}
    return {"file": _from(workspace, path), **number, "title": TITLE}


def _from(workspace: str, path: str) -> str:
    """The path from the root of the checkout; as it is for a file elsewhere."""
    if not workspace:
        return path
    try:
        return str(Path(os.path.realpath(path)).relative_to(os.path.realpath(workspace)))
    except ValueError:
        return path


def command(kind: str, message: str, properties: Mapping[str, str]) -> str:
    """One workflow command, in one line."""
    if len(message) > LONGEST:
        message = f"{message[:LONGEST]}…"
    given = ",".join(f"{name}={_escaped(value, PROPERTY)}" for name, value in properties.items())
    return f"::{kind} {given}::{_escaped(message, DATA)}"


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    """With line breaks and separators as GitHub decodes them, other controls made visible."""
    return "".join(escapes.get(c) or (c if c.isprintable() else ascii(c)[1:-1]) for c in text)
