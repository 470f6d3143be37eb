"""``choir`` as its users meet it: help, the summary, and the JSON report beside it."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest
from cli_report import Report, read_report
from cli_runs import TEA, Ran, Terminal, child, choir, environment

from choir_model import __version__
from choir_model.verify import log

SUPPLY = "10 000 000 000"
ESCAPE = "\x1b"
HEAVY = ("hypothesis", "solders", "qdrant_edge", "msgspec", "rich", "numpy")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    path = tmp_path / "tea.jsonl"
    path.write_text(TEA, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Report]:
    """The main job as it comes, with its report."""
    path = tmp_path_factory.mktemp("usual") / "report.json"
    ran = choir("verify", "--seed", 1, "--json", path, "--failure", path.with_name("f.json"))
    return ran, read_report(path)


# Help


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command_and_what_exit_statuses_mean(option: str) -> None:
    ran = choir(option)
    assert (ran.status, ran.err) == (0, "")
    assert "verify" in ran.out
    assert "0 holds, 1 violated, 2 usage or bad input, 3 could not finish" in ran.out


def test_help_of_a_command_names_its_options_with_their_defaults() -> None:
    ran = choir("verify", "--help")
    assert (ran.status, ran.err) == (0, "")
    options = "--seed --steps --json --failure --replay --program --store --verbose"
    assert [o for o in options.split() if o not in ran.out] == []
    assert "default: 9000" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 96


def test_version_is_that_of_the_package() -> None:
    ran = choir("--version")
    assert (ran.status, ran.out, ran.err) == (0, f"choir-model, version {__version__}\n", "")


def test_without_a_command_one_is_shown_the_commands() -> None:
    ran = choir()
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("Usage: choir")


@pytest.mark.parametrize("arguments", [("--help",), ("verify", "--help"), ("--version",)])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...], folder: Path) -> None:
    report = (
        "import atexit, sys\n"
        f"heavy = lambda: [m for m in {HEAVY!r} if m in sys.modules]\n"
        "atexit.register(lambda: print('loaded:', heavy()))"
    )
    ran = child(*arguments, folder=folder, before=report)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.endswith("loaded: []\n")


def test_importing_the_command_loads_the_standard_library_only(folder: Path) -> None:
    code = (
        "import sys; before = set(sys.modules); import choir_model.cli\n"
        "roots = {m.partition('.')[0] for m in set(sys.modules) - before}\n"
        "print(sorted(roots - sys.stdlib_module_names))"
    )
    said = subprocess.check_output(
        [sys.executable, "-c", code], cwd=folder, env=environment(), text=True
    )
    assert said == "['choir_model']\n"


# The summary


def test_the_main_job_holds_and_says_so_last(usual: tuple[Ran, Report]) -> None:
    ran, report = usual
    assert (ran.status, ran.err) == (0, "")
    steps = sum(machine.steps for machine in report.machines)
    last = ran.out.splitlines()[-1]
    assert last == f"HOLDS within 3 conversations and {steps:,} generated steps".replace(",", " ")
    assert report.verdict == "HOLDS"
    assert (report.failure, report.unfinished, report.replayed) == (None, None, None)


def test_the_summary_begins_with_what_identifies_the_run(usual: tuple[Ran, Report]) -> None:
    head = usual[0].out.partition("\n\n")[0]
    assert re.match(r"seed +1, for 9 000 steps\n", head)
    for package in ("solders", "qdrant-edge-py", "hypothesis"):
        assert f"{package} {version(package)}" in head
    assert f"choir-model {__version__}" in head
    assert f"python {platform.python_version()}" in head
    for choice in ("expiry=treasury", "rejection=first_denial", "capacity=reserve"):
        assert choice in head


def test_the_summary_shows_speed_and_coverage_of_each_machine(usual: tuple[Ran, Report]) -> None:
    ran, report = usual
    rows = [line.split() for line in ran.out.replace(" of ", "/").splitlines()]
    found = {row[0]: row for row in rows if row and row[0] in ("ledger", "content", "system")}
    assert len(found) == len(report.machines) == 3
    for machine in report.machines:
        assert found[machine.name][-2:] == [f"{machine.expected}/{machine.expected}", "HOLDS"]
        assert machine.missing == []
        assert machine.steps_per_second > 0
        speeds = (round(machine.steps_per_second + n) for n in (-0.1, 0, 0.1))
        assert any(f" {n:,} ".replace(",", " ") in ran.out for n in speeds)
        assert all(count > 0 for count in machine.commands.values())
        assert sum(machine.refusals.values()) > 0 < sum(machine.events.values())


def test_the_summary_shows_that_the_supply_is_conserved(usual: tuple[Ran, Report]) -> None:
    """S1: holders and vaults add up to 10 000 000 000 CHOIR, in the table and in the report."""
    ran, report = usual
    lines = ran.out.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("CHOIR "))
    rows = [re.split(" {2,}", line.strip()) for line in lines[start + 1 : lines.index("", start)]]
    assert rows[0] == ["supply", *[SUPPLY] * 3]
    for column in (1, 2, 3):
        amounts = [Decimal(row[column].replace(" ", "")) for row in rows]
        assert sum(amounts[1:]) == amounts[0] == 10**10
    assert "conserved: " in ran.out
    for conversation in report.conversations:
        amounts = [Decimal(value) for value in msgspec.structs.astuple(conversation.audit)]
        assert sum(amounts[1:]) == 10**10


def test_the_summary_shows_that_every_hash_has_its_content(usual: tuple[Ran, Report]) -> None:
    ran, report = usual
    records = sum(c.records for c in report.conversations)
    assert records == sum(c.stored for c in report.conversations) > 150
    wanted = f"contained: of {records} hashes on the ledger, {records} have their content"
    assert wanted in ran.out


def test_the_summary_fits_a_page_of_80_columns(usual: tuple[Ran, Report], folder: Path) -> None:
    del usual
    ran = Terminal("verify", "--steps", 0, folder=folder).finish()
    assert ran.status == 0
    summary = ran.err[ran.err.rindex("seed") :]
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", summary).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) < 40
    assert "…" not in summary


def test_the_report_says_what_the_run_was_asked_for(usual: tuple[Ran, Report]) -> None:
    _, report = usual
    assert (report.seed, report.steps) == (1, 9000)
    assert report.versions["choir-model"] == __version__
    assert report.design["record_key"] == "thread_author_hash"
    assert [Path(c.path).stem for c in report.conversations] == [
        path.stem for path in log.bundled_logs()
    ]
    assert all(c.commands >= 50 for c in report.conversations)


def counters(report: Report) -> list[object]:
    return [(m.steps, m.examples, m.commands, m.refusals, m.events) for m in report.machines]


def test_the_same_seed_reaches_the_same_and_another_seed_does_not(tea: Path) -> None:
    found = []
    for seed in (5, 5, 6):
        ran = choir("verify", tea, "--seed", seed, "--steps", 400, "--json", "report.json")
        assert ran.status == 0
        found.append(counters(read_report(Path("report.json"))))
    assert found[0] == found[1] != found[2]


def test_what_too_few_steps_did_not_reach_is_said(tea: Path) -> None:
    ran = choir("verify", tea, "--steps", 20)
    assert ran.status == 0
    assert "UNREACHED" in ran.out
    assert "content: not reached: " in ran.out
    assert "try more --steps" in ran.out
    assert "; not all was reached (content" in ran.out.splitlines()[-1]


def test_no_steps_are_no_machines(tea: Path) -> None:
    ran = choir("verify", tea, "--steps", 0, "--json", "report.json")
    assert ran.status == 0
    assert "lockstep" not in ran.out
    assert ran.out.splitlines()[-1] == "HOLDS within 1 conversations and 0 generated steps"
    report = read_report(Path("report.json"))
    assert (report.machines, len(report.conversations)) == ([], 1)
    assert report.conversations[0].title == "Tea"
    assert report.conversations[0].commands == TEA.count("\n") - 1


def test_a_single_step_is_one_of_each_machine_at_least(tea: Path) -> None:
    assert choir("verify", tea, "--steps", 1, "--json", "report.json").status == 0
    assert all(machine.steps > 0 for machine in read_report(Path("report.json")).machines)


def test_counters_are_shown_on_request(tea: Path) -> None:
    ran = choir("verify", tea, "--steps", 200, "-v")
    assert ran.status == 0
    for title in ("ledger commands", "ledger refusals", "content events", "system commands"):
        assert f"{title}\n" in ran.out


def test_amounts_and_names_that_look_like_markup_are_shown_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a [bold]talk.jsonl"
    path.write_text(TEA, encoding="utf-8")
    ran = choir("verify", path, "--steps", 0)
    assert ran.status == 0
    assert "a [bold]talk" in ran.out


def test_a_name_cannot_drive_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / f"a{ESCAPE}[2Jb\n.jsonl"
    path.write_text(TEA, encoding="utf-8")
    ran = choir("verify", path, "--steps", 0)
    assert ran.status == 0
    assert ESCAPE not in ran.out
    assert r"a\x1b[2Jb\n" in ran.out


def test_more_conversations_than_fit_side_by_side_are_all_shown(tmp_path: Path) -> None:
    paths = [tmp_path / f"talk-of-day-{n}.jsonl" for n in range(9)]
    for path in paths:
        path.write_text(TEA, encoding="utf-8")
    ran = choir("verify", *paths, "--steps", 0)
    assert ran.status == 0
    assert all(ran.out.count(path.stem) == 2 for path in paths)
    assert ran.out.count(SUPPLY) == 9
    assert max(map(len, ran.out.splitlines())) <= 100
