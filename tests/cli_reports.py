"""Reports made by hand: every verdict, and text that no format holds as it is."""

from __future__ import annotations

from choir_model.ledger.conservation import Audit
from choir_model.lockstep.compare import Coverage
from choir_model.verify.replay import Conversation
from choir_model.verify.report import FailureReport, MachineRun, Replayed, Report, Tested, Verdict

NASTY = "a\x00b\x1b[2J<&>\"'\r\n\ud800\ufffe]]>%: ,🫖"
DESIGN = {"payout": "push", "expiry": "refund"}
VERSIONS = {"choir-model": "0.1.0", "solders": "0.29.0"}


def machine(name: str, verdict: Verdict, *missing: str) -> MachineRun:
    coverage = Coverage()
    coverage.steps = 40
    return MachineRun(name, coverage, 1.5, 10, missing, verdict)


def conversation(path: str) -> Conversation:
    return Conversation(path, "Tea", 3, 5, 1, 1, Audit(0, 0, 0, 0, 0, 0, 0), DESIGN, 0)


def report(**parts: object) -> Report:
    made = Report(7, 80, Tested("litesvm", "ab" * 32), DESIGN, VERSIONS)
    for name, value in parts.items():
        setattr(made, name, value)
    return made


def failure(where: str, message: str = NASTY) -> FailureReport:
    commands = (f"begin: {NASTY}", "vote by marta")
    return FailureReport(where, "disagreement", message, commands, f"-{NASTY}\n+x", "it's.json")


def replayed() -> Replayed:
    return Replayed("old.json", "ledger machine", "something", 7, 2)


HOLDS, VIOLATED = Verdict.HOLDS, Verdict.VIOLATED
UNREACHED, UNKNOWN = Verdict.UNREACHED, Verdict.UNKNOWN
