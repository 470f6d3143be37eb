"""The failing path of ``choir verify``: shown, least, as a diff, and as a file that replays it."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_report import Failure, Report, read_report
from cli_runs import Ran, choir
from planted_defects import CONTENT_DEFECTS, LEDGER_DEFECTS, planted

from choir_model.lockstep.system_pair import SystemPair
from choir_model.ports.content import Stored
from choir_model.program import events
from choir_model.protocols import sagas
from choir_model.verify import run

FILE = "choir-failure.json"
SHORT = 12
"""Commands that the least sequence of any planted defect here needs at most."""

Defect = Callable[[], contextlib.AbstractContextManager[None]]


def named(name: str) -> Defect:
    """A defect of the lists in ``planted_defects``."""
    found = [defect for defect in LEDGER_DEFECTS + CONTENT_DEFECTS if defect.name == name]
    assert len(found) == 1
    return lambda: planted(found[0])


@contextlib.contextmanager
def event_dropped() -> Iterator[None]:
    """The adapter overlooks the last event of every transaction."""
    with pytest.MonkeyPatch.context() as patch:
        whole = events.read_events
        patch.setattr("choir_model.adapters.litesvm.read_events", lambda logs: whole(logs)[:-1])
        yield


@contextlib.contextmanager
def status_not_followed() -> Iterator[None]:
    """The protocol forgets to tell the store what became of a record; both sides agree on it."""
    with pytest.MonkeyPatch.context() as patch:
        whole = SystemPair._perform

        def forgetful(self: SystemPair, command: Any) -> Any:
            if isinstance(command, sagas.FollowStatus):
                return Stored(already=False)
            return whole(self, command)

        patch.setattr(SystemPair, "_perform", forgetful)
        yield


HEADER = '{"log": "choir", "version": 1, "title": "Late", "start": 1000}\n'
PEOPLE = (
    '{"do": "user", "name": "ann", "tokens": "5"}\n{"do": "user", "name": "ben", "tokens": "5"}\n'
)
SPEC = (
    '{"do": "thread", "name": "t", "by": "ann"}\n'
    '{"do": "spec", "id": "s", "thread": "t", "by": "ben", "text": "hello", "stake": "1"}\n'
)
VOTE = '"do": "vote", "spec": "s", "by": "ann", "decision": "approve"'
AT_THE_DEADLINE = f'{{"do": "wait", "days": 7}}\n{{{VOTE}, "expect": "WindowClosed"}}\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: empty but for a log in which nothing can go wrong."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quiet.jsonl").write_text(HEADER + PEOPLE, encoding="utf-8")
    return tmp_path


def write(*lines: str) -> Path:
    path = Path("late.jsonl")
    path.write_text(HEADER + PEOPLE + SPEC + "".join(lines), encoding="utf-8")
    return path


def verify(*arguments: object) -> tuple[Ran, Report]:
    ran = choir("verify", *arguments, "--json", "report.json")
    return ran, read_report(Path("report.json"))


def failure_of(report: Report) -> Failure:
    assert report.failure is not None
    return report.failure


def diff_in(text: str) -> str:
    """The diff as it is shown."""
    shown = text.partition("(- reference, + real):\n")[2].splitlines()
    return "\n".join(itertools.takewhile(lambda line: line.startswith("  "), shown))


MACHINES = [
    ("ledger", named("a vote counts at the deadline itself")),
    ("ledger", named("a member votes twice")),
    ("ledger", named("a stake is recorded but not moved")),
    ("ledger", event_dropped),
    ("content", named("a payload's status stays what it was")),
    ("content", named("the search filter leaks ThreadOnly messages")),
    ("system", status_not_followed),
]


@pytest.mark.parametrize(("machine", "defect"), MACHINES)
def test_a_defect_is_shown_least_and_replayed_from_a_file(machine: str, defect: Defect) -> None:
    with defect():
        ran, report = verify("quiet.jsonl", "--steps", 9000)
        again, _ = verify("--replay", FILE)
    repaired, after = verify("--replay", FILE)

    assert (ran.status, ran.err, report.verdict) == (1, "", "VIOLATED")
    failure = failure_of(report)
    assert failure.where == f"{machine} machine"
    assert f"\n{failure.where}: {failure.message}\n" in ran.out
    assert 2 <= len(failure.commands) <= SHORT
    shown = re.findall(r"^ +(\d+) (.+)$", ran.out, re.MULTILINE)
    assert shown == [(str(n), command) for n, command in enumerate(failure.commands, 1)]
    assert f"least failing sequence found ({len(shown)} commands):\n" in ran.out
    assert f"\nrun it again: choir verify --replay {FILE}\n" in ran.out
    assert ran.out.splitlines()[-1].startswith("VIOLATED after 1 conversations and ")
    assert [(m.name, m.verdict) for m in report.machines][-1] == (machine, "VIOLATED")
    if failure.kind == "disagreement":
        assert {line[:1] for line in failure.diff.splitlines()} >= {"-", "+"}
        assert diff_in(ran.out).startswith("  --- reference\n  +++ real\n")
    else:
        assert failure.message.startswith("S2 violated after ")

    assert (again.status, again.err) == (1, "")
    assert diff_in(again.out) == diff_in(ran.out)
    assert failure.message in again.out
    wanted = f"VIOLATED the failure still occurs, executing the {len(shown)} commands of the file"
    assert again.out.splitlines()[-1] == wanted

    assert (repaired.status, repaired.err, after.verdict) == (0, "", "HOLDS")
    assert repaired.out.splitlines()[-1] == (
        "HOLDS the failure does not occur any more: "
        f"both sides agree after the {len(shown)} commands of the file"
    )
    assert f"{failure.message} ({machine} machine, seed 1)" in repaired.out
    assert after.replayed is not None
    assert (after.replayed.path, after.replayed.commands) == (FILE, len(shown))


@pytest.mark.parametrize("defect", [named("a vote counts at the deadline itself"), event_dropped])
def test_a_defect_met_in_a_log_names_its_line_and_replays_without_the_log(defect: Defect) -> None:
    path = write(AT_THE_DEADLINE)
    line = 4 if defect is event_dropped else 7
    with defect():
        ran, report = verify(path)
        path.unlink()
        again, _ = verify("--replay", FILE)
    repaired, _ = verify("--replay", FILE)
    assert (ran.status, ran.err) == (1, "")
    failure = failure_of(report)
    assert (failure.where, failure.kind) == (f"late.jsonl, line {line}", "disagreement")
    assert f"\nlate.jsonl, line {line}: outcome differs after " in ran.out
    assert len(failure.commands) <= SHORT
    assert report.conversations == []
    assert report.machines == [], "the first failure ends the run"
    assert (again.status, diff_in(again.out)) == (1, diff_in(ran.out))
    assert f"(late.jsonl, line {line}, seed 1)" in repaired.out
    assert repaired.status == 0


def test_a_property_broken_only_after_the_last_line_is_met_at_the_end() -> None:
    path = write()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemPair, "records", lambda self: {})
        patch.setattr(SystemPair, "finish", _violated)
        ran, report = verify(path)
    assert ran.status == 1
    assert failure_of(report).where == "late.jsonl, at its end"


def _violated(self: SystemPair) -> None:
    from choir_model.lockstep.compare import Violation

    raise Violation("the last command", "S1", "tokens have vanished")


WRONG: list[tuple[str, int, str, str]] = [
    (
        f"{{{VOTE}}}\n{{{VOTE}}}\n",
        7,
        "vote: refused with STATE_CONFLICT (",
        "); the log expects it to be accepted",
    ),
    (
        '{"do": "wait", "days": 7}\n' + f'{{{VOTE}, "expect": "AlreadyVoted"}}\n',
        7,
        "vote: refused with WindowClosed (",
        "); the log expects it to be refused with AlreadyVoted",
    ),
    (
        f'{{{VOTE}, "expect": "WindowClosed"}}\n',
        6,
        "vote: accepted",
        "; the log expects it to be refused with WindowClosed",
    ),
    (
        '{"do": "search", "by": "ann", "text": "hello", "finds": ["s"]}\n',
        6,
        "found [], ",
        "the log expects ['s']",
    ),
    (
        f'{{{VOTE}}}\n{{"do": "search", "by": "ann", "text": "hello", "hides": ["s"]}}\n',
        7,
        "found ['s'], ",
        "which must be hidden from ann",
    ),
]


@pytest.mark.parametrize(("lines", "line", "happened", "expected"), WRONG)
def test_what_goes_otherwise_than_a_log_expects_is_told_with_its_line(
    lines: str, line: int, happened: str, expected: str
) -> None:
    ran, report = verify(write(lines))
    assert (ran.status, ran.err, report.verdict) == (1, "", "VIOLATED")
    failure = failure_of(report)
    assert (failure.where, failure.kind) == (f"late.jsonl, line {line}", "expectation")
    assert failure.message.startswith(happened)
    assert failure.message.endswith(expected)
    assert f"\nlate.jsonl, line {line}: {failure.message}\n" in ran.out
    assert "Both sides agree" in ran.out
    assert not Path(FILE).exists(), "the log itself replays it"
    assert "--replay" not in ran.out


def test_who_is_tired_of_waiting_for_the_least_sequence_gets_the_whole_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def tired(*_: object) -> None:
        raise KeyboardInterrupt

    with planted(LEDGER_DEFECTS[2]):
        _, patient = verify("quiet.jsonl")
        with monkeypatch.context() as patch:
            patch.setattr(run, "minimise", tired)
            ran, report = verify("quiet.jsonl")
        assert choir("verify", "--replay", FILE).status == 1
    assert len(failure_of(patient).commands) < len(failure_of(report).commands)
    counted = [(m.steps, m.commands, m.refusals) for m in patient.machines]
    assert counted == [(m.steps, m.commands, m.refusals) for m in report.machines]
    assert (ran.status, ran.err) == (1, "")
    assert "- reference, + real" in ran.out
    assert failure_of(report).replay_file == FILE


def test_a_failure_that_cannot_be_written_is_shown_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run, "write_failure", full)
    with event_dropped():
        ran, report = verify("quiet.jsonl")
    assert (ran.status, ran.err) == (1, "")
    wanted = f"the sequence could not be written to {FILE}: No space left on device"
    assert f"\n{wanted}\n" in ran.out
    failure = failure_of(report)
    assert (failure.replay_file, failure.unwritten) == (None, wanted.partition("to ")[2])
    assert failure.commands


def test_the_file_goes_where_it_was_asked_to() -> None:
    with event_dropped():
        ran, report = verify("quiet.jsonl", "--failure", "found here.json")
    assert ran.status == 1
    assert failure_of(report).replay_file == "found here.json"
    assert not Path(FILE).exists()
    assert "choir verify --replay 'found here.json'\n" in ran.out
    assert choir("verify", "--replay", "found here.json").status == 0
