"""``choir`` as its users meet it: help, the summary, the JSON report, terminals, signals."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from cli_runs import PATIENCE, RUN, TEA, Ran, Terminal, child, choir, environment

from choir_model import __version__
from choir_model.cli import verify_command
from choir_model.lockstep.ledger_pair import LedgerPair
from choir_model.verify import log, run

SUPPLY = "10 000 000 000"
ESCAPE = "\x1b"
HEAVY = ("hypothesis", "solders", "qdrant_edge", "msgspec", "rich", "numpy")


# The documented shape of the JSON report: `choir_model.verify.report`.


class Audit(msgspec.Struct, forbid_unknown_fields=True):
    supply: str
    holders: str
    stakes: str
    escrow: str
    balances: str
    treasury: str
    donations: str
    burned: str


class Conversation(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    title: str
    commands: int
    steps: int
    records: int
    stored: int
    audit: Audit


class Machine(msgspec.Struct, forbid_unknown_fields=True):
    name: Literal["ledger", "content", "system"]
    verdict: Literal["HOLDS", "VIOLATED", "UNREACHED", "UNKNOWN"]
    steps: int
    examples: int
    seconds: float
    steps_per_second: float
    expected: int
    missing: list[str]
    commands: dict[str, int]
    refusals: dict[str, int]
    events: dict[str, int]
    situations: dict[str, int]


class Failure(msgspec.Struct, forbid_unknown_fields=True):
    where: str
    kind: Literal["disagreement", "violation", "expectation"]
    message: str
    commands: list[str]
    diff: str
    replay_file: str | None
    unwritten: str | None


class Replayed(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    where: str
    message: str
    seed: int
    commands: int


class Report(msgspec.Struct, forbid_unknown_fields=True):
    tool: Literal["choir verify"]
    verdict: Literal["HOLDS", "VIOLATED", "UNKNOWN"]
    seed: int
    steps: int
    design: dict[str, str]
    versions: dict[str, str]
    conversations: list[Conversation]
    machines: list[Machine]
    failure: Failure | None
    replayed: Replayed | None
    unfinished: str | None


def read_report(path: Path) -> Report:
    return msgspec.json.decode(path.read_bytes(), type=Report)


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
    assert "ledger: not reached: " in ran.out
    assert "try more --steps" in ran.out
    assert "; not all was reached (ledger" in ran.out.splitlines()[-1]


def test_no_steps_are_no_machines(tea: Path) -> None:
    ran = choir("verify", tea, "--steps", 0, "--json", "report.json")
    assert ran.status == 0
    assert "lockstep" not in ran.out
    assert ran.out.splitlines()[-1] == "HOLDS within 1 conversations and 0 generated steps"
    report = read_report(Path("report.json"))
    assert (report.machines, len(report.conversations)) == ([], 1)
    assert report.conversations[0].title == "Tea"
    assert report.conversations[0].commands == TEA.count("\n") - 1


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


# Files


def test_an_own_store_is_left_empty_and_can_be_used_again(tmp_path: Path, tea: Path) -> None:
    for _ in range(2):
        ran = choir("verify", tea, "--steps", 0, "--store", tmp_path / "store")
        assert (ran.status, ran.err) == (0, "")
    assert (tmp_path / "store" / "edge_config.json").exists()


def test_another_build_of_the_program_can_be_named(tmp_path: Path, tea: Path) -> None:
    build = tmp_path / "build.so"
    shipped = Path(run.__file__).parents[1] / "program" / "choir.so"
    build.write_bytes(shipped.read_bytes())
    assert choir("verify", tea, "--steps", 0, "--program", build).status == 0


def test_a_run_leaves_nothing_where_it_was_started(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    extra = {"TMPDIR": str(tmp_path / "tmp")}
    ran = child("verify", "--steps", 100, folder=folder, extra=extra)
    assert (ran.status, ran.err) == (0, "")
    assert list(folder.iterdir()) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_report_replaces_the_last_one_whole_or_not_at_all(
    folder: Path, tea: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = folder / "report.json"
    target.write_text("the last one")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        ran = choir("verify", tea, "--steps", 0, "--json", target)
    assert ran.status == 3
    assert ran.err == f"choir verify: --json {target}: cannot be written: No space left on device\n"
    assert "HOLDS" in ran.out, "the result is not lost"
    assert [path.name for path in folder.iterdir()] == ["report.json"]
    assert target.read_text() == "the last one"
    assert choir("verify", tea, "--steps", 0, "--json", target).status == 0
    assert read_report(target).verdict == "HOLDS"
    assert [path.name for path in folder.iterdir()] == ["report.json"]


def test_a_report_goes_through_a_link_and_into_a_pipe(folder: Path, tea: Path) -> None:
    link, real = folder / "link.json", folder / "real.json"
    link.symlink_to(real)
    assert choir("verify", tea, "--steps", 0, "--json", link).status == 0
    assert link.is_symlink()
    assert read_report(real).verdict == "HOLDS"
    reader, writer = os.pipe()
    ran = choir("verify", tea, "--steps", 0, "--json", f"/dev/fd/{writer}")
    os.close(writer)
    with open(reader, "rb") as pipe:  # noqa: PTH123 (a descriptor)
        piped = msgspec.json.decode(pipe.read(), type=Report)
    assert (ran.status, ran.err, piped.verdict) == (0, "", "HOLDS")


# Terminals, and what is none


def test_without_a_terminal_there_are_neither_colours_nor_progress(folder: Path, tea: Path) -> None:
    ran = child("verify", tea, "--steps", 100, folder=folder)
    assert (ran.status, ran.err) == (0, "")
    assert ESCAPE not in ran.out
    forced = child("verify", tea, "--steps", 100, folder=folder, extra={"FORCE_COLOR": "1"})
    assert (forced.status, forced.err) == (0, "")


def test_on_a_terminal_there_are_both(folder: Path, tea: Path) -> None:
    ran = Terminal("verify", tea, "--steps", 300, folder=folder).finish()
    assert ran.status == 0
    for stage in ("tea", "ledger machine", "content machine", "system machine"):
        assert stage in ran.err
    assert "━" in ran.err
    assert f"{ESCAPE}[32mHOLDS{ESCAPE}[0m" in ran.err


def test_progress_goes_to_the_terminal_while_the_summary_goes_to_a_file(
    folder: Path, tea: Path
) -> None:
    out = folder / "out.txt"
    ran = Terminal("verify", tea, "--steps", 300, folder=folder, out=out).finish()
    assert ran.status == 0
    assert "ledger machine" in ran.err
    assert "HOLDS" not in ran.err
    text = out.read_text(encoding="utf-8")
    assert text.splitlines()[-1].startswith("HOLDS")
    assert ESCAPE not in text


def test_an_output_of_ascii_only_is_enough(folder: Path, tea: Path) -> None:
    ran = child("verify", tea, "--steps", 0, folder=folder, extra={"PYTHONIOENCODING": "ascii"})
    assert (ran.status, ran.err) == (0, "")
    assert "HOLDS within" in ran.out


def test_a_reader_who_goes_away_changes_no_verdict(folder: Path, tea: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [sys.executable, "-c", RUN, "verify", str(tea), "--steps", "0", "--json", "report.json"],
        cwd=folder,
        env=environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        check=False,
    )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert read_report(folder / "report.json").verdict == "HOLDS"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_summary_that_cannot_be_shown_is_not_passed_over(folder: Path, tea: Path) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 (as in a shell)
        ran = subprocess.run(
            [sys.executable, "-c", RUN, "verify", str(tea), "--steps", "0"],
            cwd=folder,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert ran.returncode == 3
    assert ran.stderr == ("choir verify: the report cannot be shown: No space left on device\n")


# Ends before the end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_reports_what_it_did(
    number: signal.Signals, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    out = tmp_path / "out.txt"
    arguments = ("verify", "--steps", 10_000_000, "--json", "report.json")
    terminal = Terminal(*arguments, folder=folder, out=out)
    terminal.wait_for(r"[1-9][0-9]*/5000000")  # the ledger machine has done something
    terminal.process.send_signal(number)
    ran = terminal.finish()
    assert ran.status == 3
    assert "Traceback" not in ran.err
    text = out.read_text(encoding="utf-8")
    assert text.splitlines()[-1].startswith(
        "UNKNOWN interrupted; covered until then: 3 conversations and "
    )
    report = read_report(folder / "report.json")
    assert (report.verdict, report.unfinished) == ("UNKNOWN", "interrupted")
    assert [machine.verdict for machine in report.machines] == ["UNKNOWN"]
    assert report.machines[0].steps > 0
    assert len(report.conversations) == 3
    assert [path.name for path in folder.iterdir()] == ["report.json"]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_signal_that_hits_where_exceptions_are_ignored_is_not_lost(
    folder: Path, tea: Path
) -> None:
    """Hypothesis has a callback in the garbage collector, whose exceptions Python ignores."""
    before = (
        "import gc, os, signal\n"
        "from choir_model.cli import render\n"
        "def stage(self, name, total):\n"
        "    if 'machine' in name: gc.callbacks.append(strike)\n"
        "def strike(*_):\n"
        "    gc.callbacks.remove(strike)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "render._Bars.stage = stage\n"
    )
    ran = child("verify", tea, "--steps", 10_000_000, folder=folder, before=before)
    assert (ran.status, ran.err) == (3, "")
    assert ran.out.splitlines()[-1].startswith("UNKNOWN interrupted; covered until then: 1 ")


def test_a_run_interrupted_while_it_reads_has_nothing_to_report(
    tea: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(log, "read_log", interrupted)
    assert choir("verify", tea) == Ran(3, "", "choir verify: interrupted\n")
    assert list(folder.iterdir()) == []


def test_a_run_gives_the_signal_handler_back(tea: Path) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    assert choir("verify", tea, "--steps", 0).status == 0
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


# Errors of ours


@pytest.mark.parametrize(
    ("place", "name"), [(run, "versions"), (log, "read_log"), (verify_command, "_store")]
)
def test_an_error_of_ours_is_no_verdict(
    place: Any, name: str, tea: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("two lines\nof text")

    monkeypatch.setattr(place, name, broken)
    ran = choir("verify", tea, "--steps", 0)
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith("Traceback")
    assert ran.err.splitlines()[-1] == (
        "choir verify: internal error, ZeroDivisionError: two lines of text; please report it"
    )


@contextlib.contextmanager
def failing_ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The ledger machine trips over its own feet at every vote."""
    real = LedgerPair.apply

    def broken(self: LedgerPair, command: Any) -> Any:
        outcome = real(self, command)
        if str(command) == "vote":
            raise ZeroDivisionError("a bug of ours")
        return outcome

    with monkeypatch.context() as patch:
        patch.setattr(LedgerPair, "apply", broken)
        yield


def test_an_error_of_ours_in_a_machine_keeps_what_was_done_and_the_way_there(
    tea: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = tea.with_name("quiet.jsonl")
    quiet.write_text("".join(TEA.splitlines(keepends=True)[:5]), encoding="utf-8")
    with failing_ledger(monkeypatch):
        ran = choir("verify", quiet, "--steps", 2000, "--json", "report.json")
        again = choir("verify", "--replay", "choir-failure.json")
    assert (ran.status, again.status) == (3, 3)
    assert ran.err.startswith("Traceback")
    assert ran.err.splitlines()[-1] == (
        "choir verify: internal error in the ledger machine, ZeroDivisionError: a bug of ours; "
        "please report it with choir-failure.json"
    )
    assert ran.out.splitlines()[-1].startswith("UNKNOWN internal error in the ledger machine")
    report = read_report(Path("report.json"))
    assert (report.verdict, report.failure) == ("UNKNOWN", None)
    assert len(report.conversations) == 1
    assert again.err.splitlines()[-1].endswith("ZeroDivisionError: a bug of ours; please report it")
    assert choir("verify", "--replay", "choir-failure.json").status == 0
