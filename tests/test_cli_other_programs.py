"""Failures that belong to another program or ledger than the usual one are told and replayed so."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cli_report import read_report
from cli_runs import choir

from choir_model.adapters.litesvm import LiteSvmLedger, load_program
from choir_model.domain.identity import Address
from choir_model.ports.ledger import Outcome, Rejected
from choir_model.program.bindings import Reason
from choir_model.program.calls import Call

FILE = "choir-failure.json"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory with a build of the program that is not the shipped one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.so").write_bytes(load_program() + b"\0")
    return tmp_path


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real ledger refuses to be initialized."""
    usual = LiteSvmLedger.execute

    def execute(self: LiteSvmLedger, call: Call, payer: Address, *rest: Any) -> Outcome:
        if call.name == "initialize":
            return Rejected(Reason.InvalidParameter)
        return usual(self, call, payer, *rest)

    monkeypatch.setattr(LiteSvmLedger, "execute", execute)


@pytest.mark.usefixtures("refused")
def test_a_program_that_refuses_initialize_disagrees_and_is_no_error_of_ours(folder: Path) -> None:
    """L1: what the rules allow and the program refuses is a finding."""
    ran = choir("verify", "--program", "other.so", "--steps", 50, "--json", "report.json")
    assert (ran.status, ran.err) == (1, "")
    assert "preparation differs after begin" in ran.out
    assert "InvalidParameter" in ran.out
    failure = read_report(folder / "report.json").failure
    assert failure is not None
    assert (failure.kind, failure.replay_file) == ("disagreement", FILE)


@pytest.mark.usefixtures("refused")
def test_the_command_that_runs_a_failure_again_names_its_program(folder: Path) -> None:
    ran = choir("verify", "--program", "other.so", "--steps", 50)
    assert f"\nrun it again: choir verify --replay {FILE} --program other.so\n" in ran.out
    written = json.loads((folder / FILE).read_text())
    digest = hashlib.sha256((folder / "other.so").read_bytes()).hexdigest()
    assert (written["ledger"], written["program"]) == ("litesvm", digest)
    again = choir("verify", "--replay", FILE, "--program", "other.so")
    assert again.status == 1
    assert "\nwith " not in again.out


@pytest.mark.usefixtures("refused")
def test_a_replay_with_another_program_says_what_the_failure_was_found_with(folder: Path) -> None:
    choir("verify", "--program", "other.so", "--steps", 50)
    digest = json.loads((folder / FILE).read_text())["program"]
    ran = choir("verify", "--replay", FILE, "--json", "report.json")
    assert f"\nwith      program {digest[:12]}\n" in ran.out
    replayed = read_report(folder / "report.json").replayed
    assert replayed is not None
    assert replayed.differs == [f"program {digest[:12]}"]


def test_the_report_says_which_ledger_and_program_it_is_about(folder: Path) -> None:
    digest = hashlib.sha256(load_program()).hexdigest()
    ran = choir("verify", "--steps", 0, "--json", "report.json")
    assert f"\nledger    litesvm · program {digest[:12]}\n" in ran.out
    report = read_report(folder / "report.json")
    assert (report.ledger, report.program) == ("litesvm", digest)
