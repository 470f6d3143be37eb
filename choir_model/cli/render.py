"""Reports for people: short, aligned, coloured only on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from choir_model.lockstep.compare import Coverage
from choir_model.verify.commands import format_amount
from choir_model.verify.report import FailureReport, Report, Verdict
from choir_model.verify.run import Listener

COLOURS = {
    Verdict.HOLDS: "green",
    Verdict.VIOLATED: "bold red",
    Verdict.UNREACHED: "yellow",
    Verdict.UNKNOWN: "yellow",
}
COMMANDS_SHOWN = 30
WIDTH_OF_FILES = 160
VAULTS = {
    "threads": "balances",
    "stakes": "stakes",
    "escrow": "escrow",
    "treasury": "treasury",
    "donated": "donations",
}
"""Columns of the token table, and the fields of an audit they show."""


class _Bars:
    """A `Listener` that draws one bar per stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._total = 0

    def stage(self, name: str, total: int) -> None:
        """Finish the bar of the stage before and begin one of `total` units."""
        self._complete()
        self._total = total
        self._task = self._progress.add_task(escape(name), total=total)

    def done(self, units: int) -> None:
        """Move the bar."""
        if self._task is not None:
            self._progress.update(self._task, completed=min(units, self._total))

    def _complete(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=self._total)


@contextmanager
def progress() -> Iterator[Listener]:
    """Live progress on standard error, if that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        yield _Bars(bars)


def show(report: Report, *, counters: bool = False) -> None:
    """The whole report on standard output; `counters`: with every counter of coverage."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console = Console(highlight=False, soft_wrap=True, width=WIDTH_OF_FILES)
    versions = " · ".join(f"{name} {number}" for name, number in report.versions.items())
    design = ", ".join(f"{name}={variant}" for name, variant in report.design.items())
    console.print(escape(versions))
    console.print(f"seed {report.seed} · {report.steps} generated steps · design {escape(design)}")
    if report.conversations:
        console.print()
        _conversations(console, report)
    if report.machines:
        console.print()
        _machines(console, report, counters)
    if report.failure is not None:
        console.print()
        _failure(console, report.failure)
    console.print()
    _verdict(console, report)


def _conversations(console: Console, report: Report) -> None:
    table = _table("conversation", "lines", "steps", "records", "intact", "verdict")
    tokens = _table("CHOIR", "supply", "= holders", *(f"+ {name}" for name in VAULTS), "+ burned")
    for item in report.conversations:
        name, audit = escape(Path(item.path).stem), item.audit
        counts = (item.commands, item.steps, item.records, item.stored)
        table.add_row(name, *map(str, counts), _coloured(Verdict.HOLDS))
        vaults = (getattr(audit, attribute) for attribute in VAULTS.values())
        amounts = (audit.supply + audit.burned, audit.holders, *vaults, audit.burned)
        tokens.add_row(name, *map(_choir, amounts))
    console.print(table)
    console.print()
    console.print(tokens)
    records = sum(item.records for item in report.conversations)
    stored = sum(item.stored for item in report.conversations)
    console.print()
    console.print(f"{stored} of {records} hashes on the ledger have their content in the store")


def _machines(console: Console, report: Report, counters: bool) -> None:
    table = _table("lockstep", "steps", "steps/s", "refused", "events", "reached", "verdict")
    for run in report.machines:
        coverage = run.coverage
        table.add_row(
            run.name,
            str(coverage.steps),
            f"{run.rate:,.0f}",
            str(sum(coverage.refusals.values())),
            str(sum(coverage.events.values())),
            f"{run.expected - len(run.missing)} of {run.expected}",
            _coloured(run.verdict),
        )
    console.print(table)
    for run in report.machines:
        if run.missing:
            console.print(f"{run.name}: not reached: {', '.join(run.missing)}; try more --steps")
        if counters:
            _counters(console, run.name, run.coverage)


def _counters(console: Console, name: str, coverage: Coverage) -> None:
    for title, counter in (
        ("commands", coverage.commands),
        ("refusals", coverage.refusals),
        ("events", coverage.events),
    ):
        shown = "  ".join(f"{kind} {count}" for kind, count in counter.most_common())
        console.print(f"[dim]{name} {title}:[/dim] {escape(shown)}")


def _failure(console: Console, failure: FailureReport) -> None:
    console.print(f"[bold red]{escape(failure.where)}: {escape(failure.message)}[/bold red]")
    if failure.commands:
        console.print(f"least failing sequence found ({len(failure.commands)} commands):")
        for number, command in enumerate(failure.commands[:COMMANDS_SHOWN], 1):
            console.print(f"  {number:3} {escape(command)}")
        if len(failure.commands) > COMMANDS_SHOWN:
            console.print(f"      … and {len(failure.commands) - COMMANDS_SHOWN} more")
    if failure.diff:
        console.print("what the two sides hold (- reference, + real):")
        console.print(escape(failure.diff))
    if failure.replay_file:
        console.print(f"run it again: choir verify --replay {escape(failure.replay_file)}")


def _verdict(console: Console, report: Report) -> None:
    steps = sum(run.coverage.steps for run in report.machines)
    covered = f"{len(report.conversations)} conversations and {steps} generated steps"
    why = {
        Verdict.HOLDS: f"within {covered}",
        Verdict.VIOLATED: f"after {covered}",
        Verdict.UNKNOWN: f"{report.unfinished}; covered until then: {covered}",
    }[report.verdict]
    console.print(f"{_coloured(report.verdict)} {escape(why)}")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, column in enumerate(columns):
        left = number == 0 or column == "verdict"
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    return table


def _coloured(verdict: Verdict) -> str:
    return f"[{COLOURS[verdict]}]{verdict.name}[/{COLOURS[verdict]}]"


def _choir(amount: int) -> str:
    """CHOIR with thin groups of thousands: ``10 000 000 000``."""
    whole, point, fraction = format_amount(amount).partition(".")
    return f"{int(whole):,}".replace(",", " ") + point + fraction
