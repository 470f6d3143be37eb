"""Reports for people: short, aligned, coloured only on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from choir_model.cli.messages import filled, grouped, printable
from choir_model.cli.progress import shortened
from choir_model.lockstep.compare import Coverage
from choir_model.verify.commands import format_amount
from choir_model.verify.pointers import command_again
from choir_model.verify.replay import Conversation
from choir_model.verify.report import SHOWN, FailureReport, Report, Verdict

COLOURS = {
    Verdict.HOLDS: "green",
    Verdict.VIOLATED: "bold red",
    Verdict.UNREACHED: "yellow",
    Verdict.UNKNOWN: "yellow",
}
COMMANDS_SHOWN = 30
DIFF_LINES_SHOWN = 60
NARROWEST, WIDTH_OF_FILES = 80, 100
VAULTS = {
    "threads": "balances",
    "stakes": "stakes",
    "escrow": "escrow",
    "treasury": "treasury",
    "donated": "donations",
    "burned": "burned",
}
"""Where tokens can be but with holders: rows of the token table, and fields of an audit."""


def show(report: Report, *, counters: bool = False) -> None:
    """The whole report on standard output; `counters`: with every counter of coverage."""
    console = Console(highlight=False, soft_wrap=True)
    width = max(NARROWEST, console.width) if console.is_terminal else WIDTH_OF_FILES
    console = Console(highlight=False, soft_wrap=True, width=width)
    _identity(console, report)
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


def _identity(console: Console, report: Report) -> None:
    """What makes this run this run."""
    versions = [f"{name} {number}" for name, number in report.versions.items()]
    design = [f"{name}={variant}" for name, variant in report.design.items()]
    replayed = report.replayed
    if replayed is not None:
        lines = (replayed.path, f"{replayed.message} ({replayed.where}, seed {replayed.seed})")
        console.print(f"[dim]file    [/dim]  {escape(printable(lines[0]))}")
        console.print(f"[dim]found   [/dim]  {escape(printable(lines[1]))}")
        if replayed.differs:
            console.print(f"[dim]with    [/dim]  {escape(printable(' · '.join(replayed.differs)))}")
    else:
        console.print(f"[dim]seed    [/dim]  {report.seed}, for {grouped(report.steps)} steps")
    ledger = [f"{report.tested.ledger} · program {report.tested.program[:SHOWN]}"]
    for title, items in (("ledger", ledger), ("versions", versions), ("design", design)):
        for number, line in enumerate(filled(items, console.width - 10)):
            console.print(f"[dim]{'' if number else title:8}[/dim]  {escape(line)}")


def _conversations(console: Console, report: Report) -> None:
    table = _table("conversation", "lines", "steps", "records", "intact", "verdict")
    for item in report.conversations:
        counts = (item.commands, item.steps, item.records, item.stored)
        table.add_row(escape(shortened(item.path)), *map(grouped, counts), _coloured(Verdict.HOLDS))
    console.print(table)
    for item in report.conversations:
        _other_design(console, report, item)
    console.print()
    _tokens(console, report)
    records = sum(item.records for item in report.conversations)
    stored = sum(item.stored for item in report.conversations)
    console.print()
    console.print("conserved: holders and vaults together hold the supply, to the last unit")
    console.print(
        f"contained: of {records} hashes on the ledger, {stored} have their content in the store"
    )


def _other_design(console: Console, report: Report, item: Conversation) -> None:
    """What is special about a conversation whose design is not the one expected."""
    name = escape(shortened(item.path))
    if item.design != report.design:
        usual = report.design
        other = (f"{key}={value}" for key, value in item.design.items() if value != usual[key])
        console.print(f"{name}: replayed in the design it is written for, {' '.join(other)}")
    if item.otherwise:
        lines = "line" if item.otherwise == 1 else "lines"
        console.print(
            f"{name}: {item.otherwise} {lines} went otherwise than in the design it is written for"
        )


def _tokens(console: Console, report: Report) -> None:
    """One column per conversation, as many side by side as fit."""
    audits = [item.audit for item in report.conversations]
    used = [(n, f) for n, f in VAULTS.items() if any(getattr(audit, f) for audit in audits)]
    titles = ("CHOIR", "supply", "= holders", *(f"+ {name}" for name, _ in used))
    columns = [
        (
            shortened(item.path),
            _choir(item.audit.supply + item.audit.burned),
            _choir(item.audit.holders),
            *(_choir(getattr(item.audit, field)) for _, field in used),
        )
        for item in report.conversations
    ]
    while columns:
        shown, room = [columns.pop(0)], console.width - max(map(len, titles))
        room -= _wide(shown[0])
        while columns and (room := room - _wide(columns[0])) >= 0:
            shown.append(columns.pop(0))
        table = _table(titles[0], *(column[0] for column in shown))
        for row in range(1, len(titles)):
            table.add_row(titles[row], *(column[row] for column in shown))
        console.print(table)
        if columns:
            console.print()


def _wide(column: tuple[str, ...]) -> int:
    return max(map(len, column)) + 2


def _machines(console: Console, report: Report, counters: bool) -> None:
    table = _table("lockstep", "steps", "steps/s", "refused", "events", "reached", "verdict")
    for run in report.machines:
        coverage = run.coverage
        table.add_row(
            run.name,
            grouped(coverage.steps),
            grouped(round(run.rate)),
            grouped(sum(coverage.refusals.values())),
            grouped(sum(coverage.events.values())),
            f"{run.expected - len(run.missing)} of {run.expected}",
            _coloured(run.verdict),
        )
    console.print(table)
    for run in report.machines:
        if run.missing and run.verdict is Verdict.UNREACHED:
            console.print(f"{run.name}: not reached: {', '.join(run.missing)}; try more --steps")
        if counters:
            _counters(console, run.name, run.coverage)


def _counters(console: Console, name: str, coverage: Coverage) -> None:
    for title, counter in (
        ("commands", coverage.commands),
        ("refusals", coverage.refusals),
        ("events", coverage.events),
    ):
        if counter:
            console.print(f"[dim]{name} {title}[/dim]")
        items = [f"{kind} {count}" for kind, count in counter.most_common()]
        for line in filled(items, console.width - 2):
            console.print(f"  {escape(line)}")


def _failure(console: Console, failure: FailureReport) -> None:
    headline = f"{printable(failure.where)}: {failure.message}"
    console.print(f"[bold red]{escape(headline)}[/bold red]")
    if failure.commands:
        console.print(f"least failing sequence found ({len(failure.commands)} commands):")
        for number, command in enumerate(failure.commands[:COMMANDS_SHOWN], 1):
            console.print(f"  {number:3} {escape(printable(command))}")
        _rest(console, len(failure.commands) - COMMANDS_SHOWN)
    if failure.diff:
        console.print("what the two sides hold (- reference, + real):")
        lines = failure.diff.splitlines()
        for line in lines[:DIFF_LINES_SHOWN]:
            colour = {"-": "red", "+": "green"}.get(line[:1], "default")
            console.print(f"  [{colour}]{escape(printable(line))}[/{colour}]")
        _rest(console, len(lines) - DIFF_LINES_SHOWN)
    again = command_again(failure)
    if again is not None:
        console.print(escape(printable(f"run it again: {again}")))
    if failure.unwritten:
        unwritten = f"the sequence could not be written to {failure.unwritten}"
        console.print(escape(printable(unwritten)))
    if failure.kind == "expectation":
        console.print(
            "Both sides agree on what happened; the log or the rules are to be corrected."
        )


def _rest(console: Console, left: int) -> None:
    if left > 0:
        console.print(f"      … and {left} more")


def _verdict(console: Console, report: Report) -> None:
    console.print(f"{_coloured(report.verdict)} {escape(printable(reason(report)))}")


def reason(report: Report) -> str:
    """What the verdict of the whole run rests on, in one sentence."""
    steps = sum(run.coverage.steps for run in report.machines)
    covered = f"{len(report.conversations)} conversations and {grouped(steps)} generated steps"
    if report.replayed is not None:
        covered = f"the {report.replayed.commands} commands of the file"
    why = {
        Verdict.HOLDS: f"within {covered}",
        Verdict.VIOLATED: f"after {covered}",
        Verdict.UNKNOWN: f"{report.unfinished}; covered until then: {covered}",
    }[report.verdict]
    if report.replayed is not None and report.verdict is Verdict.HOLDS:
        why = f"the failure does not occur any more: both sides agree after {covered}"
    if report.replayed is not None and report.verdict is Verdict.VIOLATED:
        why = f"the failure still occurs, executing {covered}"
    unreached = [run.name for run in report.machines if run.verdict is Verdict.UNREACHED]
    if unreached and report.verdict is Verdict.HOLDS:
        why += f"; not all was reached ({', '.join(unreached)})"
    return why


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, column in enumerate(columns):
        left = number == 0 or column == "verdict"
        table.add_column(escape(column), justify="left" if left else "right", no_wrap=True)
    return table


def _coloured(verdict: Verdict) -> str:
    return f"[{COLOURS[verdict]}]{verdict.name}[/{COLOURS[verdict]}]"


def _choir(amount: int) -> str:
    """CHOIR with groups of thousands: ``10 000 000 000``."""
    whole, point, fraction = format_amount(amount).partition(".")
    return grouped(int(whole)) + point + fraction
