"""`choir verify --ledger`: the other Solana runtime, and both at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from bankrun_world import environment
from cli_report import read_report
from cli_runs import TEA, choir

from choir_model.adapters.bankrun_process import VARIABLE


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small log in an empty current directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "log.jsonl"
    path.write_text(TEA, encoding="utf-8")
    return path


@pytest.mark.parametrize("ledger", ["bankrun", "both"])
def test_the_main_job_runs_on_the_other_runtime_too(
    log: Path, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(environment()))
    report = log.parent / "report.json"
    options = ("--design", "payout=push", "--steps", 60, "--json", report)
    ran = choir("verify", log, "--ledger", ledger, *options)
    assert (ran.status, ran.err) == (0, ""), ran.out
    found = read_report(report)
    assert found.versions["solders of bankrun"] == "0.24.0"
    assert [machine.name for machine in found.machines] == ["ledger", "content", "system"]


@pytest.mark.parametrize(
    ("python", "problem"),
    [
        ("nowhere/bin/python", "nowhere/bin/python"),
        ("/bin/false", "/bin/false"),
    ],
)
@pytest.mark.parametrize("ledger", ["bankrun", "both"])
def test_without_its_environment_one_line_says_what_to_run(
    log: Path, ledger: str, python: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, python)
    ran = choir("verify", log, "--ledger", ledger)
    assert (ran.status, ran.out) == (2, "")
    (line,) = ran.err.splitlines()
    assert line.startswith(f"choir verify: --ledger {ledger}: ")
    assert problem in line
    assert "requirements-bankrun.lock" in line
