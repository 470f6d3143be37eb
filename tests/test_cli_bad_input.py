"""Wrong arguments, logs, programs and installations: one line, exit status 2, nothing written.

Wrong failure files and stores have files of their own, ``test_cli_bad_failure_files.py`` and
``test_cli_bad_stores.py``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cli_cases import (
    Case,
    Prepare,
    assert_one_line,
    assert_refused,
    case,
    given,
    snapshot,
    with_file,
    with_log,
)
from cli_runs import TEA, child, choir

from choir_model.adapters import litesvm
from choir_model.adapters.litesvm import load_program


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


ARGUMENTS = (
    case("unknown command", given("verfy"), "No such command 'verfy'", "see choir --help"),
    case("unknown option", given("verify", "--sed", 1), "--sed", "--seed", "choir verify --help"),
    case("option without value", given("verify", "--seed"), "--seed", "requires an argument"),
    case("seed that is a word", given("verify", "--seed", "one"), "'one' is not a valid integer"),
    case("seed below zero", given("verify", "--seed", -1), "-1 is not in the range x>=0"),
    case("seed of 5 000 digits", given("verify", "--seed", "9" * 5000), "--seed"),
    case("half a step", given("verify", "--steps", 0.5), "'0.5' is not a valid integer"),
    case("too many steps", given("verify", "--steps", 10**9), "0<=x<=10000000"),
    case("unknown ledger", given("verify", "--ledger", "svm"), "'svm' is not one of 'litesvm'"),
    case(
        "design without a value",
        given("verify", "--design", "push"),
        "--design 'push' is no design choice; expected KEY=VALUE with KEY one of expiry,",
    ),
    case(
        "unknown choice of the design",
        given("verify", "--design", "payuot=push"),
        "--design 'payuot=push' is no design choice",
    ),
    case(
        "unknown variant of the design",
        given("verify", "--design", "payout=pull"),
        "--design payout has no variant 'pull'; expected claim or push",
    ),
    case(
        "two variants of one choice",
        given("verify", "--design", "payout=push", "--design", "payout=claim"),
        "--design payout is given twice",
    ),
    case(
        "design for a failure file",
        given("verify", "--replay", "f.json", "--design", "payout=push"),
        "leave --design out",
    ),
    case("line break in a value", given("verify", "--seed", "1\n2"), "is not a valid integer"),
    case(
        "report into a missing directory",
        with_log("verify", "log.jsonl", "--json", "no/report.json"),
        "--json no/report.json: there is no directory",
        "create it first",
    ),
    case(
        "report as a directory",
        with_log("verify", "log.jsonl", "--json", "."),
        "--json .: is a directory; name a file",
    ),
    case(
        "report below a file",
        with_log("verify", "log.jsonl", "--json", "log.jsonl/report.json"),
        "--json log.jsonl/report.json: ",
        "there is no directory",
    ),
    case(
        "report with too long a name",
        with_log("verify", "log.jsonl", "--json", "r" * 300),
        "File name too long; name another file",
    ),
    case(
        "report over the log",
        with_log("verify", "log.jsonl", "--json", "../here/log.jsonl"),
        "is another file of this run too; name a new one",
    ),
    case(
        "report and failure in one file",
        with_log("verify", "log.jsonl", "--json", "f.json", "--failure", "./f.json"),
        "--failure f.json: is another file of this run too",
    ),
    case(
        "failure into a missing directory",
        with_log("verify", "log.jsonl", "--failure", "no/f.json"),
        "--failure no/f.json: there is no directory",
    ),
    case(
        "replay with a log",
        with_log("verify", "log.jsonl", "--replay", "f.json"),
        "--replay executes a failure file alone; leave the logs out",
    ),
)


# Logs


def tea_with(line: dict[str, Any]) -> Prepare:
    """The log of the tea, then a tenth line."""
    return with_file(TEA + json.dumps(line) + "\n")


def linked(folder: Path) -> list[object]:
    (folder / "log.jsonl").symlink_to("nowhere")
    return ["verify", "log.jsonl"]


def second_log_bad(folder: Path) -> list[object]:
    (folder / "good.jsonl").write_text(TEA, encoding="utf-8")
    (folder / "bad.jsonl").write_text("[]\n", encoding="utf-8")
    return ["verify", "good.jsonl", "bad.jsonl", "--json", "r.json", "--store", "store"]


TENTH = "log.jsonl, line 10, field "

LOGS = (
    case("no such log", given("verify", "no.jsonl"), "no.jsonl: cannot be read: No such file"),
    case("log that is a directory", given("verify", "."), "cannot be read: Is a directory"),
    case("dangling link", linked, "log.jsonl: cannot be read: No such file", "readable .jsonl"),
    case("empty log", with_file(""), "log.jsonl: the file is empty; begin it with {"),
    case(
        "binary log", with_file(bytes(range(256))), "line 1: holds a NUL byte", "give a .jsonl file"
    ),
    case(
        "not UTF-8", with_file(TEA.encode() + b'{"do": "\xff"}\n'), "line 10: byte 9 is not UTF-8"
    ),
    case("endless log", given("verify", "/dev/zero"), "/dev/zero, line 1: is longer than 1 MiB"),
    case("truncated log", with_file(TEA[:-30]), "line 9: the file ends in the middle of this line"),
    case("malformed line", with_file(TEA + "{'do': 1}\n"), "line 10: is not JSON at column 2"),
    case(
        "log without header", with_file(TEA.partition("\n")[2]), "line 1, field log: the log has no"
    ),
    case("second log bad", second_log_bad, "bad.jsonl, line 1: is a list, not an object"),
    case(
        "unknown instruction",
        tea_with({"do": "votes", "spec": "tom-in", "by": "tom"}),
        TENTH + 'do: "votes" is not a command; did you mean "vote"?',
    ),
    case(
        "wrong type",
        tea_with({"do": "wait", "days": "three"}),
        TENTH + 'days: text ("three") is not what belongs here; write a whole number',
    ),
    case(
        "impossible amount",
        tea_with({"do": "user", "name": "ann", "tokens": "20000000000"}),
        TENTH + 'tokens: "20000000000" is more than the whole supply; write CHOIR as a decimal',
    ),
    case(
        "amount of a fraction of a base unit",
        tea_with({"do": "user", "name": "ann", "tokens": "0.0000000001"}),
        TENTH + "tokens",
        "at most 9 decimals",
    ),
    case(
        "unknown user",
        tea_with({"do": "thread", "name": "new", "by": "tam"}),
        TENTH + 'by: no line before has the user "tam"; did you mean "tom"?',
    ),
    case(
        "vote on a message",
        tea_with({"do": "vote", "spec": "kettle", "by": "tom", "decision": "approve"}),
        TENTH + 'spec: "kettle" is the message of line 5, not a spec; ',
    ),
)


# The on-chain program


def program(content: bytes) -> Prepare:
    def prepare(folder: Path) -> list[object]:
        (folder / "build.so").write_bytes(content)
        return ["verify", "--steps", 0, "--program", "build.so"]

    return prepare


def pipe_as_program(folder: Path) -> list[object]:
    os.mkfifo(folder / "build.so")
    return ["verify", "--program", "build.so"]


SHIPPED = load_program()

PROGRAMS = (
    case(
        "no such program",
        given("verify", "--program", "no.so"),
        "no.so: cannot read the program: No such file or directory; expected a built choir.so",
    ),
    case("program that is a directory", given("verify", "--program", "."), "Is a directory"),
    case("program that is a pipe", pipe_as_program, "build.so: is no regular file; give a built"),
    case("empty program", program(b""), "build.so: is no ELF file; expected a built choir.so"),
    case("program that is text", program(b"#!/bin/sh\n"), "build.so: is no ELF file"),
    case("header only", program(SHIPPED[:64]), "build.so: the Solana VM refuses the program"),
    case("truncated program", program(SHIPPED[:5000]), "build.so: the Solana VM refuses"),
    case("garbage program", program(b"\x7fELF" + b"\xaa" * 9000), "build.so: the Solana VM"),
)


CASES = (*ARGUMENTS, *LOGS, *PROGRAMS)


@pytest.mark.parametrize("wrong", CASES, ids=str)
def test_a_mistake_is_one_line_and_changes_nothing(wrong: Case, folder: Path) -> None:
    assert_refused(wrong, folder)


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({wrong.name for wrong in CASES}) == len(CASES)


# What needs another installation


WITHOUT = """
import sys
class Without:
    def __init__(self, finders): self.finders = finders
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] == {name!r}: return None
        specs = (f.find_spec(name, path, target) for f in self.finders)
        return next((spec for spec in specs if spec), None)
sys.meta_path[:] = [Without(list(sys.meta_path))]
"""


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("click", "click"),
        ("rich", "rich"),
        ("msgspec", "msgspec"),
        ("hypothesis", "hypothesis"),
        ("solders", "solders"),
        ("qdrant_edge", "qdrant-edge-py"),
    ],
)
def test_a_missing_package_is_named_with_its_cure(module: str, package: str, folder: Path) -> None:
    ran = child("verify", folder=folder, before=WITHOUT.format(name=module))
    assert_one_line(ran, f"the package {package} is missing; run pip install {package}")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("module", ["solders", "qdrant_edge", "hypothesis"])
def test_a_package_that_cannot_be_loaded_is_named(module: str, folder: Path) -> None:
    (folder / module).mkdir()
    broken = f"raise ImportError('libc is too old', name={module + '.core'!r})"
    (folder / module / "__init__.py").write_text(broken, encoding="utf-8")
    before = "import sys; sys.path.insert(0, '.'); sys.dont_write_bytecode = True"
    listing = snapshot(folder)
    ran = child("verify", folder=folder, before=before)
    assert_one_line(ran, "install", module.partition("_")[0])
    assert snapshot(folder) == listing


def test_a_shipped_program_that_was_changed_on_disk_is_not_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "choir.so").write_bytes(SHIPPED[:-1] + b"\0" + SHIPPED[-1:])
    recorded = Path(litesvm.__file__).parents[1] / "program" / "choir.so.sha256"
    (folder / "choir.so.sha256").write_bytes(recorded.read_bytes())
    monkeypatch.setattr(litesvm, "files", lambda package: folder)
    assert_one_line(choir("verify"), "choir.so: differs from its recorded SHA-256; install again")


def test_a_shipped_program_that_is_gone_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(litesvm, "files", lambda package: folder)
    assert_one_line(choir("verify"), f"{folder}/choir.so: cannot read the program: No such file")


def test_a_current_directory_that_is_gone_is_said(folder: Path) -> None:
    before = "import os; os.rmdir(os.getcwd())"
    ran = child("verify", "--steps", 0, folder=folder, before=before)
    assert_one_line(ran, "the current directory is gone; change to another")
