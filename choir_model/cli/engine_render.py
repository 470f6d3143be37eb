"""What a check of a model file shows: short, aligned, coloured only on a terminal."""

from __future__ import annotations

import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TextColumn
from rich.table import Table

from choir_model.cli.messages import filled, grouped, printable
from choir_model.engine.explored import Progress
from choir_model.engine.export import SEARCH
from choir_model.engine.paths import REPEATED, Path, Row, ending, rows
from choir_model.engine.report import ActionCoverage, Finding, Report, Verdict

COLOURS = {
    Verdict.HOLDS: "green",
    Verdict.VIOLATED: "bold red",
    Verdict.UNREACHED: "yellow",
    Verdict.UNKNOWN: "yellow",
}
NARROWEST, WIDTH_OF_FILES = 60, 100
ROOMY = 80
"""Columns from which on a table shows everything."""
ROWS_SHOWN = 200
"""Steps of a counterexample; of a longer one the middle is left out."""
WIDEST_STEP = 48
"""Columns for what happened, before what changed."""
GLUE = "\N{NO-BREAK SPACE}"


# Progress


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """Live progress on standard error, if that is a terminal."""
    console = Console(stderr=True)
    live = sys.stderr.isatty() and console.is_interactive  # colours may be forced elsewhere
    columns = (SpinnerColumn("line"), TextColumn("{task.description}"))
    with Bars(*columns, console=console, transient=True, disable=not live) as bars:
        task = bars.add_task("exploring")
        begun = time.monotonic()

        def show(now: Progress) -> None:
            rate = now.distinct / max(time.monotonic() - begun, 0.001)
            limit = "" if now.limit is None else f" of at most {grouped(now.limit)}"
            items = (
                f"level {now.level}",
                f"{_plural(now.distinct, 'state')}{limit}",
                f"{grouped(round(rate))}/s",
                f"{grouped(now.queue)} in the queue",
            )
            bars.update(task, description=" · ".join(items))

        yield show


# The report


def show(report: Report, source: str, out: TextIO | None = None) -> None:
    """The whole report on `out`, standard output by default; `source` is the model's file."""
    console = _console(out)
    _identity(console, report, source)
    if report.findings:
        console.print()
        _properties(console, list(report.findings.values()))
    console.print()
    _coverage(console, report)
    console.print()
    _counts(console, report)
    for finding in report.findings.values():
        if finding.verdict is Verdict.VIOLATED:
            _counterexamples(console, finding)
    console.print()
    _verdict(console, report)


def show_path(path: Path, out: TextIO | None = None) -> None:
    """A path alone."""
    _path(_console(out), path)


def _console(out: TextIO | None) -> Console:
    console = Console(file=out, highlight=False, soft_wrap=True)
    width = max(NARROWEST, console.width) if console.is_terminal else WIDTH_OF_FILES
    return Console(file=out, highlight=False, soft_wrap=True, width=width)


def _identity(console: Console, report: Report, source: str) -> None:
    """What makes this run this run."""
    _line(console, "model", [report.model, source])
    _line(console, "design", [f"{name}={choice}" for name, choice in report.design.items()])
    _line(console, "bounds", _bounds(report) or ["none"])
    _line(console, "search", [SEARCH])
    _line(console, "versions", [f"{name} {number}" for name, number in report.versions.items()])


def _bounds(report: Report) -> list[str]:
    return [f"{name}: {counted(value)}" for name, value in report.bounds.items()]


def _line(console: Console, title: str, items: Iterable[str]) -> None:
    """Items under a title, in lines broken only between them."""
    for number, line in enumerate(filled(map(printable, items), console.width - 10)):
        console.print(f"[dim]{'' if number else title:8}[/dim]  {escape(line)}")


def _properties(console: Console, findings: list[Finding]) -> None:
    clauses = any(finding.property.clause for finding in findings)
    titles = ("property", "says", *(("clause",) if clauses else ()), "verdict")
    table = _table(*titles, right=("steps",))
    for finding in findings:
        claim = finding.property
        table.add_row(
            escape(printable(claim.name)),
            claim.kind.value.replace("_", " "),
            *((escape(printable(claim.clause)),) if clauses else ()),
            _coloured(finding.verdict),
            str(len(finding.paths[0])) if finding.paths else "",
        )
    _print(console, table)
    for finding in findings:
        if finding.explanation and finding.verdict in (Verdict.UNKNOWN, Verdict.UNREACHED):
            _text(console, f"{finding.property.name}: {counted(finding.explanation)}")


def _coverage(console: Console, report: Report) -> None:
    roomy = console.width >= ROOMY
    titles = (*(("instances",) if roomy else ()), "fired", "disabled", "refused")
    table = _table("action", right=titles, last="by reason")
    for name, item in report.coverage.items():
        table.add_row(
            escape(printable(name)),
            *((grouped(item.instances),) if roomy else ()),
            grouped(item.fired) if item.fired else "[yellow]never[/yellow]",
            grouped(item.disabled),
            grouped(sum(item.refused.values())),
            escape(printable(_reasons(item))),
        )
    _print(console, table)
    never = [name for name, item in report.coverage.items() if not item.fired]
    if never:
        until = "" if report.complete else ", as far as was explored"
        _text(console, f"never fired{until}: {', '.join(never)}", "yellow")


def _reasons(item: ActionCoverage) -> str:
    return " · ".join(f"{reason} {grouped(count)}" for reason, count in item.refused.items())


def _counts(console: Console, report: Report) -> None:
    counts, audit = report.counts, report.audit
    constrained = "constraints" in report.bounds
    items = [
        f"{grouped(counts.distinct)} distinct",
        f"{grouped(counts.generated)} generated",
        f"depth {grouped(counts.depth)}",
        f"{grouped(counts.outside)} outside the constraints" if constrained else "",
        f"{grouped(counts.terminal)} terminal",
        f"{_plural(counts.state_bits, 'bit')} each",
    ]
    _line(console, "states", filter(None, items))
    items = [
        _plural(audit.leaves, "local situation"),
        f"{grouped(audit.elsewhere)} confirmed in another state",
        f"{grouped(audit.again)} in their only one",
        f"{grouped(audit.unaudited)} not run again" if audit.unaudited else "",
        _plural(audit.executions, "run of model code", "runs of model code"),
        f"symmetry checked on {_plural(audit.equivariance, 'case')}" if audit.equivariance else "",
    ]
    _line(console, "audit", filter(None, items))
    if report.stopped:
        _line(console, "stopped", [_by(report)])
    for note in report.notes:
        _line(console, "note", [counted(note)])


def _by(report: Report) -> str:
    """What ended the exploration."""
    return f"by {counted(report.stopped)}"


# Counterexamples


def _counterexamples(console: Console, finding: Finding) -> None:
    for number, path in enumerate(finding.paths, 1):
        which = f" {number} of {len(finding.paths)}" if len(finding.paths) > 1 else ""
        said = f"; {finding.explanation}" if finding.explanation else ""
        steps = _plural(len(path), "step")
        title = f"{finding.property.name}: counterexample{which}, {steps}{said}"
        console.print()
        _text(console, title, "bold red")
        _path(console, path)


def _path(console: Console, path: Path) -> None:
    found = rows(path)
    digits = len(str(len(path)))
    width = min(max(len(printable(row.what)) for row in found), WIDEST_STEP)
    left_out = len(found) - ROWS_SHOWN
    for row in found if left_out <= 0 else found[: ROWS_SHOWN // 2]:
        _row(console, row, digits, width)
    if left_out > 0:
        steps = _plural(left_out, "step")
        console.print(f"{'':{digits}}  … {steps} left out; --json has them all")
        for row in found[-(ROWS_SHOWN // 2) :]:
            _row(console, row, digits, width)
    end = ending(path)
    if end:
        _text(console, end, "yellow", indent=digits + 2)


def _row(console: Console, row: Row, digits: int, width: int) -> None:
    """A step, with what changed beside it if that fits, else below."""
    mark = REPEATED if row.looping else "  "
    begin = f"[dim]{row.number:>{digits}}[/dim][yellow]{mark}[/yellow]"
    what, changes = printable(row.what), [printable(change) for change in row.changes]
    beside = ", ".join(changes)
    room = console.width - digits - len(mark) - 4
    if len(what) <= width and max(len(what), width) + len(beside) <= room:
        line = f"{what:<{width}}    {beside}".rstrip()
        console.print(f"{begin}{escape(line)}")
        return
    console.print(f"{begin}{escape(what)}")
    for change in changes:
        console.print(f"{'':{digits}}      {escape(change)}")


def _verdict(console: Console, report: Report) -> None:
    colour, name = COLOURS[report.verdict], report.verdict.name
    lines = _wrapped(console, f"{name} {printable(_why(report))}")
    lines[0] = f"[{colour}]{name}[/{colour}]{escape(lines[0].removeprefix(name))}"
    console.print("\n".join((lines[0], *map(escape, lines[1:]))))


def _why(report: Report) -> str:
    within = {n: v for n, v in report.bounds.items() if n not in ("limit", "depth")}
    # A limit that was met is said, and any other bounds nothing.
    bounds = ", ".join(f"{name}: {counted(value)}" for name, value in within.items())
    states = _plural(report.counts.distinct, "state")
    if report.complete:
        explored = f"all {states} within {bounds}" if bounds else f"all {states} there are"
    else:
        explored = f"{states}{f' within {bounds}' if bounds else ''}, stopped {_by(report)}"
    these = [n for n, f in report.findings.items() if f.verdict is report.verdict]
    claimed = ", ".join(these) or "nothing: no property was checked"
    if these and report.verdict is Verdict.HOLDS:
        claimed = _plural(len(these), "property", "properties")
    return f"{claimed}; explored {explored}"


# Pieces


def _wrapped(console: Console, text: str, indent: int = 0) -> list[str]:
    """The text in lines broken between words on a terminal, which would break words."""
    text = f"{'':{indent}}{text}"
    if not console.is_terminal:
        return [text]
    lines = textwrap.wrap(
        re.sub(r"(?<=\d) (?=\d{3}\b)", GLUE, text),  # a number is one word
        console.width,
        subsequent_indent=" " * (indent or 4),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(GLUE, " ") for line in lines]


def _text(console: Console, text: str, style: str = "default", indent: int = 0) -> None:
    """A sentence."""
    for line in _wrapped(console, printable(text), indent):
        console.print(f"[{style}]{escape(line)}[/{style}]")


def counted(text: str) -> str:
    """The text with its counts as people write them: ``10 000 states``."""
    return re.sub(r"(?<![\w.:-])\d{4,}(?![\w.:-])", lambda found: grouped(int(found[0])), text)


def _plural(number: int, one: str, many: str = "") -> str:
    return f"{grouped(number)} {one if number == 1 else many or one + 's'}"


def _table(*left: str, right: Iterable[str] = (), last: str = "") -> Table:
    """A table whose texts fold where they do not fit, and whose numbers never do."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in left:
        table.add_column(column, overflow="fold")
    for column in right:
        table.add_column(column, justify="right", no_wrap=True)
    if last:
        table.add_column(last, overflow="fold")
    return table


def _print(console: Console, table: Table) -> None:
    """Print a table without the blanks after its last columns."""
    with console.capture() as captured:
        console.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    console.file.write("\n".join((*lines, "")))


def _coloured(verdict: Verdict) -> str:
    return f"[{COLOURS[verdict]}]{verdict.name}[/{COLOURS[verdict]}]"
