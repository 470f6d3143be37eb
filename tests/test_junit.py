"""``choir verify --junit``: what continuous integration reads of a run."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

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
    replayed,
    report,
)
from cli_runs import TEA, choir
from planted_defects import LEDGER_DEFECTS, planted

from choir_model.verify.junit import clean, junit_of
from choir_model.verify.report import Report

RESULTS = {"failure", "error", "skipped"}
COUNTS = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
WRONG = TEA + '{"do": "message", "thread": "tea", "by": "tom", "text": "May I join?"}\n'


def complaints(root: ET.Element) -> list[str]:
    """What keeps a file from the schema that CI systems have in common.

    ``testsuites`` of ``testsuite`` of first ``properties`` and then ``testcase``, each with at
    most one result; counts that add up; names, types and messages wherever they are needed.
    """
    found = [] if root.tag == "testsuites" else [f"root is {root.tag}"]
    for suite in root:
        if [child.tag for child in suite][:1] != ["properties"] or suite.tag != "testsuite":
            found.append(f"{suite.tag} begins otherwise")
        for child in suite[1:]:
            results = [result.tag for result in child]
            if child.tag != "testcase" or len(results) > 1 or not {*results} <= RESULTS:
                found.append(f"{child.tag} with {results}")
            needed = [(child, "name"), (child, "classname")]
            needed += [(result, name) for result in child for name in ("message", "type")]
            found += [f"{e.tag} without {name}" for e, name in needed if not e.get(name)]
        names = [(p.tag, p.get("name")) for p in suite[0]]
        if len(set(names)) < len(names) or any(p.get("value") is None for p in suite[0]):
            found.append("properties are doubled or without value")
    for element in (root, *root):
        if not element.get("name"):
            found.append(f"{element.tag} without name")
        for attribute, tag in COUNTS.items():
            if element.get(attribute) != str(len(list(element.iter(tag)))):
                found.append(f"{element.tag}: {attribute} is {element.get(attribute)}")
        if float(element.get("time", "nan")) < 0:
            found.append("time runs backwards")
    return found


def parsed(data: bytes) -> ET.Element:
    root = ET.fromstring(data)  # noqa: S314 (written by this very test)
    assert complaints(root) == []
    return root


def results(root: ET.Element) -> list[tuple[str, str, str, str]]:
    """Suite, test, result and its type, test by test."""
    return [
        (suite.get("name", ""), case.get("name", ""), found.tag, found.get("type", ""))
        for suite in root
        for case in suite.iter("testcase")
        for found in [*case, ET.Element("passed")][:1]
    ]


STATES = [
    (report(), []),
    (
        report(
            conversations=[conversation("a.jsonl"), conversation("a.jsonl")],
            machines=[machine("ledger", HOLDS), machine("content", UNREACHED, "StoreFull")],
        ),
        [
            ("a.jsonl", "replay", "passed", ""),
            ("a.jsonl", "replay", "passed", ""),
            ("ledger machine", "agreement", "passed", ""),
            ("ledger machine", "coverage", "passed", ""),
            ("content machine", "agreement", "passed", ""),
            ("content machine", "coverage", "skipped", "UNREACHED"),
        ],
    ),
    (
        report(failure=failure("a, line 3.jsonl, line 12")),
        [("a, line 3.jsonl", "replay", "failure", "disagreement")],
    ),
    (
        report(failure=failure("a.jsonl, at its end")),
        [("a.jsonl", "replay", "failure", "disagreement")],
    ),
    (
        report(machines=[machine("ledger", VIOLATED)], failure=failure("ledger machine")),
        [
            ("ledger machine", "agreement", "failure", "disagreement"),
            ("ledger machine", "coverage", "skipped", "VIOLATED"),
        ],
    ),
    (
        report(machines=[machine("ledger", UNKNOWN)], unfinished="interrupted"),
        [
            ("ledger machine", "agreement", "error", "UNKNOWN"),
            ("ledger machine", "coverage", "skipped", "UNKNOWN"),
        ],
    ),
    (
        report(conversations=[conversation("a.jsonl")], unfinished=NASTY),
        [("a.jsonl", "replay", "passed", ""), ("run", "finish", "error", "UNKNOWN")],
    ),
    (report(replayed=replayed()), [("old.json", "replay", "passed", "")]),
    (
        report(replayed=replayed(), failure=failure("replay")),
        [("old.json", "replay", "failure", "disagreement")],
    ),
    (
        report(replayed=replayed(), unfinished="the store is gone"),
        [("old.json", "replay", "error", "UNKNOWN")],
    ),
]


@pytest.mark.parametrize(("made", "expected"), STATES)
def test_every_state_of_a_run_is_a_state_of_a_test(
    made: Report, expected: list[tuple[str, str, str, str]]
) -> None:
    assert results(parsed(junit_of(made))) == expected


def test_a_log_given_twice_has_two_suites() -> None:
    made = report(conversations=[conversation("a.jsonl"), conversation("a.jsonl")])
    assert len(parsed(junit_of(made))) == 2


def test_what_was_not_reached_is_named() -> None:
    made = report(machines=[machine("content", UNREACHED, "StoreFull", "StoreGone")])
    (found,) = parsed(junit_of(made)).iter("skipped")
    assert found.get("message") == "not reached: StoreFull, StoreGone"


def test_seed_versions_and_design_are_properties_of_every_suite() -> None:
    made = report(conversations=[conversation("a")], machines=[machine("ledger", HOLDS)])
    for suite in parsed(junit_of(made)):
        found = {p.get("name"): p.get("value") for p in suite[0]}
        assert (found["seed"], found["steps"]) == ("7", "80")
        assert (found["ledger"], found["program"]) == (made.tested.ledger, made.tested.program)
        assert (found["version of solders"], found["design payout"]) == ("0.29.0", "push")


def test_a_failure_has_everything_and_how_to_see_it_again() -> None:
    (found,) = parsed(junit_of(report(failure=failure(f"{NASTY}.jsonl, line 3")))).iter("failure")
    assert found.get("message") == clean(NASTY)
    text = found.text or ""
    for part in (f"{NASTY}.jsonl, line 3", f"    1 begin: {NASTY}", "    2 vote", f"-{NASTY}\n+x"):
        assert clean(part) in text
    assert text.endswith("run it again: choir verify --replay " + shlex.quote("it's.json"))


def test_what_xml_cannot_hold_is_made_visible() -> None:
    """Control characters, surrogates and U+FFFE are not in XML 1.0, however they are escaped."""
    assert clean("a\x00\x1b\x7f\ud800\ufffe\r\n\t🫖<") == (
        "a\\x00\\x1b\x7f\\ud800\\ufffe\\r\n\t🫖<"
    )
    every = "".join(map(chr, range(0x110000)))
    (found,) = parsed(junit_of(report(failure=failure("a, line 1", every)))).iter("failure")
    assert found.get("message") == clean(every)


def test_the_check_of_the_schema_can_fail() -> None:
    def suite(root: ET.Element) -> ET.Element:
        return root[0]

    changes: list[Callable[[ET.Element], object]] = [
        lambda root: setattr(root, "tag", "suites"),
        lambda root: root.set("tests", "2"),
        lambda root: suite(root).set("failures", "1"),
        lambda root: suite(root).set("time", "-1"),
        lambda root: suite(root).attrib.pop("name"),
        lambda root: suite(root).insert(0, ET.Element("system-out")),
        lambda root: suite(root).append(ET.Element("system-out")),
        lambda root: suite(root)[0][1].set("name", "seed"),
        lambda root: suite(root)[1].attrib.pop("classname"),
        lambda root: suite(root)[1].append(ET.Element("skipped", type="x")),
        lambda root: suite(root)[1].append(ET.Element("rerun", type="x", message="y")),
    ]
    for number, change in enumerate(changes):
        root = parsed(junit_of(report(conversations=[conversation("a")])))
        change(root)
        assert complaints(root) != [], number


# The command


@pytest.fixture(autouse=True)
def tea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log that holds, in an otherwise empty current directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tea.jsonl"
    path.write_text(TEA, encoding="utf-8")
    return path


def test_the_command_writes_a_suite_for_each_conversation_and_machine(tea: Path) -> None:
    ran = choir("verify", "tea.jsonl", "--steps", 60, "--junit", "choir.xml")
    assert (ran.status, ran.err) == (0, "")
    root = parsed(Path("choir.xml").read_bytes())
    assert [suite.get("name") for suite in root] == [
        "tea.jsonl",
        *(f"{name} machine" for name in ("ledger", "content", "system")),
    ]
    unreached = [found for found in results(root) if found[2] != "passed"]
    assert {found[1:] for found in unreached} == {("coverage", "skipped", "UNREACHED")}


def test_a_log_that_fails_is_a_failure_of_its_suite(tea: Path) -> None:
    tea.write_text(WRONG, encoding="utf-8")
    ran = choir("verify", "tea.jsonl", "--junit", "choir.xml")
    assert ran.status == 1
    root = parsed(Path("choir.xml").read_bytes())
    assert results(root) == [("tea.jsonl", "replay", "failure", "expectation")]
    assert "tea.jsonl, line 10: " in (next(root.iter("failure")).text or "")


def test_a_machine_that_fails_is_a_failure_with_its_commands(tea: Path) -> None:
    with planted(LEDGER_DEFECTS[2]):
        assert choir("verify", "--steps", 2000, tea, "--junit", "choir.xml").status == 1
    root = parsed(Path("choir.xml").read_bytes())
    assert results(root)[-2][:3] == ("ledger machine", "agreement", "failure")
    text = next(root.iter("failure")).text or ""
    assert "least failing sequence found" in text
    assert "run it again: choir verify --replay choir-failure.json" in text


def test_a_file_that_cannot_be_written_in_the_end_is_said(
    tea: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    ran = choir("verify", tea, "--steps", 0, "--json", "r.json", "--junit", "choir.xml")
    assert ran.status == 3
    assert ran.err == "".join(
        f"choir verify: {option}: cannot be written: No space left on device\n"
        for option in ("--json r.json", "--junit choir.xml")
    )
    assert [path.name for path in Path.cwd().iterdir()] == ["tea.jsonl"]
