"""``choir verify --annotations``: workflow commands for GitHub Actions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_reports import (
    HOLDS,
    NASTY,
    UNKNOWN,
    UNREACHED,
    VIOLATED,
    conversation,
    failure,
    machine,
    report,
)
from cli_runs import TEA, choir

from choir_model.verify.annotations import LONGEST, annotations_of, command

WRONG = TEA + '{"do": "message", "thread": "tea", "by": "tom", "text": "May I join?"}\n'


def decoded(line: str) -> tuple[str, dict[str, str], str]:
    """Kind, properties and message, as the runner of GitHub Actions reads a line."""
    found = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
    assert found, line
    given = dict(part.split("=", 1) for part in found[2].split(","))
    return found[1], {name: plain(value) for name, value in given.items()}, plain(found[3])


def plain(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ",")):
        text = text.replace(code, character)
    return text.replace("%25", "%")


def test_whatever_a_user_wrote_stays_inside_its_property_and_message() -> None:
    text = "50%: a, b\r\n::error::boo%0A%3A"
    line = command("error", text, {"file": text, "line": "3"})
    assert line.isprintable()
    assert decoded(line) == ("error", {"file": text, "line": "3"}, text)


def test_other_control_characters_are_made_visible() -> None:
    line = command("error", NASTY, {"title": NASTY})
    assert line.isprintable()
    _, properties, message = decoded(line)
    assert message == properties["title"]
    assert "a\\x00b\\x1b[2J<&>" in message
    assert "\\ud800" in message


def test_a_failing_line_is_marked_in_its_file() -> None:
    (line,) = annotations_of(report(failure=failure("a,b: %.jsonl, line 12")), "VIOLATED")
    kind, properties, message = decoded(line)
    assert (kind, properties["file"], properties["line"]) == ("error", "a,b: %.jsonl", "12")
    assert message.startswith("a,b: %.jsonl, line 12: a\\x00b")
    assert message.endswith("choir verify --replay 'it'\"'\"'s.json'")


def test_a_failure_at_the_end_of_a_log_is_marked_in_its_file_only() -> None:
    (line,) = annotations_of(report(failure=failure("a.jsonl, at its end")), "VIOLATED")
    assert decoded(line)[1] == {"file": "a.jsonl", "title": "choir verify"}


def test_a_failing_machine_is_named() -> None:
    made = report(machines=[machine("ledger", VIOLATED)], failure=failure("ledger machine"))
    (line,) = annotations_of(made, "VIOLATED")
    assert decoded(line)[:2] == ("error", {"title": "ledger machine"})


def test_what_was_not_reached_is_a_warning_and_what_was_cut_short_an_error() -> None:
    made = report(machines=[machine("content", UNREACHED, "StoreFull", "StoreGone")])
    warning, notice = annotations_of(made, "HOLDS within 0")
    assert decoded(warning)[0] == "warning"
    assert "StoreFull, StoreGone" in warning
    assert decoded(notice) == ("notice", {"title": "choir verify"}, "HOLDS within 0")
    made = report(machines=[machine("ledger", UNKNOWN)], unfinished="interrupted")
    (line,) = annotations_of(made, "UNKNOWN interrupted")
    assert decoded(line) == ("error", {"title": "choir verify"}, "UNKNOWN interrupted")


def test_success_is_a_notice_and_nothing_else() -> None:
    made = report(conversations=[conversation("a")], machines=[machine("ledger", HOLDS)])
    assert list(annotations_of(made, "HOLDS")) == ["::notice title=choir verify::HOLDS"]


def test_a_long_message_is_cut_before_it_is_escaped() -> None:
    message = decoded(command("error", "%" * 9_999, {"title": "x"}))[2]
    assert message == "%" * LONGEST + "…"


@pytest.mark.parametrize(
    ("workspace", "path", "named"),
    [
        ("", "logs/a.jsonl", "logs/a.jsonl"),
        ("{here}", "a.jsonl", "logs/a.jsonl"),
        ("{here}", "{here}/logs/a.jsonl", "logs/a.jsonl"),
        ("{here}/other", "a.jsonl", "a.jsonl"),
    ],
)
def test_files_are_named_from_the_root_of_the_checkout(
    workspace: str, path: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    monkeypatch.chdir(tmp_path / "logs")
    workspace, path = (text.format(here=tmp_path) for text in (workspace, path))
    made = report(failure=failure(f"{path}, line 1"))
    (line,) = annotations_of(made, "VIOLATED", workspace)
    assert decoded(line)[1]["file"] == named


# The command


@pytest.fixture
def tea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tea.jsonl"
    path.write_text(TEA, encoding="utf-8")
    return path


def commands_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("::")]


@pytest.mark.parametrize(
    ("variable", "options", "shown"),
    [
        (None, (), 0),
        (None, ("--annotations",), 1),
        ("true", (), 1),
        ("true", ("--no-annotations",), 0),
        ("false", (), 0),
    ],
)
def test_annotations_come_on_request_and_by_themselves_on_github(
    variable: str | None,
    options: tuple[str, ...],
    shown: int,
    tea: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable is not None:
        monkeypatch.setenv("GITHUB_ACTIONS", variable)
    ran = choir("verify", tea, "--steps", 0, *options)
    found = commands_in(ran.out)
    assert (ran.status, ran.err, len(found)) == (0, "", shown)
    if found:
        expected = "HOLDS within 1 conversations and 0 generated steps"
        assert found == [f"::notice title=choir verify::{expected}"]


def test_a_line_that_fails_in_a_run_is_marked(tea: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tea.write_text(WRONG, encoding="utf-8")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tea.parent.parent))
    ran = choir("verify", "tea.jsonl", "--annotations")
    assert ran.status == 1
    (line,) = commands_in(ran.out)
    kind, properties, message = decoded(line)
    assert (kind, properties["line"]) == ("error", "10")
    assert properties["file"] == f"{tea.parent.name}/tea.jsonl"
    assert message.startswith("tea.jsonl, line 10: message: refused with")


def test_a_log_that_is_wrong_is_marked_and_said_as_ever(tea: Path) -> None:
    tea.write_text(f"{TEA}oops\n", encoding="utf-8")
    ran = choir("verify", "tea.jsonl", "--annotations")
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    (line,) = ran.out.splitlines()
    kind, properties, message = decoded(line)
    assert (kind, properties["file"], properties["line"]) == ("error", "tea.jsonl", "10")
    assert ran.err == f"choir verify: {message}\n"
