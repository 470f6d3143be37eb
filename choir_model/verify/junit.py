"""A report as JUnit XML, which continuous integration systems show.

Theory of operation
-------------------
JUnit knows a test that passed, failed, met an error or was skipped; a report has four
verdicts.  So every conversation and machine is a suite of its own, and

* VIOLATED is a ``failure``, with message, commands, both sides and the command to run again;
* UNKNOWN is an ``error``: the run was cut short, which says nothing about the system;
* UNREACHED is a ``skipped`` test ``coverage`` beside the test ``agreement`` that passed, since
  the exit status of such a run is 0 as well; the type tells it from other skipped tests.

Seed, ledger, versions and design are properties of each suite, because viewers show suites apart.
XML cannot hold most control characters, not even escaped: they are written as Python
escapes them.  There is no time stamp, so that equal runs give equal files but for durations.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from choir_model.verify.pointers import command_again, place_of
from choir_model.verify.report import FailureReport, MachineRun, Report, Verdict

if TYPE_CHECKING:
    from junitparser import TestCase, TestSuite

NAME = "choir verify"
IMPOSSIBLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, and the carriage return, which readers turn into a line feed."""


def clean(text: str) -> str:
    """The text with everything XML cannot hold as escape sequences."""
    return IMPOSSIBLE.sub(lambda found: ascii(found[0])[1:-1], text)


def junit_of(report: Report) -> bytes:
    """The report as a JUnit XML file."""
    from junitparser import JUnitXml

    root = JUnitXml(NAME)
    for suite in _suites(report):
        # Not `add_testsuite`, which would merge the suites of a log that was given twice.
        root.append(suite)
    root.update_statistics()
    file = io.BytesIO()
    root.write(file)
    return file.getvalue() + b"\n"


def _suites(report: Report) -> list[TestSuite]:
    failure = report.failure
    found = [
        _suite(report, conversation.path, _case("replay", conversation.path))
        for conversation in report.conversations
    ]
    place = place_of(failure) if failure is not None else None
    if failure is not None and place is not None:
        found.append(_suite(report, place.path, _failed("replay", place.path, failure)))
    found += [_machine(report, run) for run in report.machines]
    if report.replayed is not None:
        found.append(_replayed(report, report.replayed.path))
    elif report.unfinished is not None and not _is_told(report):
        found.append(_suite(report, "run", _unfinished("finish", "run", report)))
    return found


def _is_told(report: Report) -> bool:
    """Whether a machine says that the run was cut short."""
    return any(run.verdict is Verdict.UNKNOWN for run in report.machines)


def _machine(report: Report, run: MachineRun) -> TestSuite:
    """Whether both sides agree, and whether everything that should occur did."""
    name = f"{run.name} machine"
    match run.verdict:
        case Verdict.VIOLATED if report.failure is not None:
            agreement = _failed("agreement", name, report.failure)
        case Verdict.UNKNOWN:
            agreement = _unfinished("agreement", name, report)
        case _:
            agreement = _case("agreement", name)
    agreement.time = round(run.seconds, 3)
    coverage = _case("coverage", name)
    if run.verdict is Verdict.UNREACHED:
        _skip(coverage, f"not reached: {', '.join(run.missing)}", "UNREACHED")
    elif run.verdict is not Verdict.HOLDS:
        _skip(coverage, "the run ended before it could be judged", run.verdict.name)
    suite = _suite(report, name, agreement, coverage)
    suite.add_property("commands", str(run.coverage.steps))
    suite.add_property("reached", f"{run.expected - len(run.missing)} of {run.expected}")
    return suite


def _replayed(report: Report, path: str) -> TestSuite:
    """A failure file that was executed again."""
    if report.failure is not None:
        return _suite(report, path, _failed("replay", path, report.failure))
    if report.unfinished is not None:
        return _suite(report, path, _unfinished("replay", path, report))
    return _suite(report, path, _case("replay", path))


def _suite(report: Report, name: str, *cases: TestCase) -> TestSuite:
    from junitparser import TestSuite

    suite = TestSuite(clean(name))
    suite.add_property("seed", str(report.seed))
    suite.add_property("steps", str(report.steps))
    suite.add_property("ledger", report.tested.ledger)
    suite.add_property("program", report.tested.program)
    for package, number in report.versions.items():
        suite.add_property(f"version of {clean(package)}", clean(number))
    for key, variant in report.design.items():
        suite.add_property(f"design {key}", variant)
    suite.add_testcases(list(cases))
    return suite


def _case(name: str, suite: str) -> TestCase:
    from junitparser import TestCase

    return TestCase(name, clean(suite))


def _skip(case: TestCase, message: str, kind: str) -> None:
    from junitparser import Skipped

    case.result = [Skipped(clean(message), kind)]


def _failed(name: str, suite: str, failure: FailureReport) -> TestCase:
    from junitparser import Failure

    case, result = _case(name, suite), Failure(clean(failure.message), failure.kind)
    result.text = clean("\n".join(_told(failure)))
    case.result = [result]
    return case


def _told(failure: FailureReport) -> list[str]:
    """The whole failure: nothing is left out, since a file has room."""
    lines = [f"{failure.where}: {failure.message}"]
    if failure.commands:
        lines += ["", f"least failing sequence found ({len(failure.commands)} commands):"]
        lines += [f"{number:5} {command}" for number, command in enumerate(failure.commands, 1)]
    if failure.diff:
        lines += ["", "what the two sides hold (- reference, + real):", failure.diff]
    again = command_again(failure)
    if again is not None:
        lines += ["", f"run it again: {again}"]
    if failure.unwritten is not None:
        lines += ["", f"the sequence could not be written to {failure.unwritten}"]
    return lines


def _unfinished(name: str, suite: str, report: Report) -> TestCase:
    from junitparser import Error

    case = _case(name, suite)
    case.result = [Error(clean(str(report.unfinished)), Verdict.UNKNOWN.name)]
    return case
