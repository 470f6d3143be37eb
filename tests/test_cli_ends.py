"""How a run of ``choir verify`` ends and what it leaves: files, pipes, terminals, signals."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cli_report import Report, read_report
from cli_runs import PATIENCE, RUN, TEA, Ran, Terminal, child, choir, environment

from choir_model.adapters.edge import EdgeContent
from choir_model.cli import verify_command
from choir_model.lockstep.ledger_pair import LedgerPair
from choir_model.ports.content import StoreUnavailable
from choir_model.verify import log, run

ESCAPE = "\x1b"


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
        "from choir_model.cli import progress\n"
        "def stage(self, name, total):\n"
        "    if 'machine' in name: gc.callbacks.append(strike)\n"
        "def strike(*_):\n"
        "    gc.callbacks.remove(strike)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "progress.Bars.stage = stage\n"
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


def test_a_store_that_fails_midway_leaves_the_verdict_open(
    tea: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreUnavailable("the store has no space left on its device; make room there")

    monkeypatch.setattr(EdgeContent, "set_status", full)
    ran = choir("verify", tea, tea, "--json", "report.json")
    assert (ran.status, ran.err) == (3, "")
    assert ran.out.splitlines()[-1] == (
        "UNKNOWN the store has no space left on its device; make room there; "
        "covered until then: 0 conversations and 0 generated steps"
    )
    report = read_report(Path("report.json"))
    assert (report.verdict, report.failure) == ("UNKNOWN", None)


def test_a_store_that_cannot_be_emptied_in_the_end_costs_no_verdict(
    tea: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = EdgeContent.reset, []

    def once(self: EdgeContent) -> None:
        calls.append(self)
        if len(calls) > 1:
            raise StoreUnavailable("the store is gone")
        whole(self)

    monkeypatch.setattr(EdgeContent, "reset", once)
    ran = choir("verify", tea, "--steps", 0, "--store", tmp_path / "store")
    assert (ran.status, ran.err, len(calls)) == (0, "", 2)


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
    assert [(m.name, m.verdict) for m in report.machines] == [("ledger", "UNKNOWN")]
    assert len(report.conversations) == 1
    assert again.err.splitlines()[-1].endswith("ZeroDivisionError: a bug of ours; please report it")
    assert choir("verify", "--replay", "choir-failure.json").status == 0
