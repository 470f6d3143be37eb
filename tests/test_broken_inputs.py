"""Exports, options and places that cannot be: one line, exit status 2, nothing written.

With the cases of logs, failure files, stores, programs and models, which have files of their
own, this is the corpus of broken inputs; the last test counts it.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import test_cli_bad_failure_files as failure_files
import test_cli_bad_input as logs_and_programs
import test_cli_bad_stores as stores
import test_engine_cli_bad_input as models
from cli_cases import (
    Case,
    Prepare,
    assert_one_line,
    assert_refused,
    case,
    given,
    snapshot,
    with_log,
)
from cli_runs import child, choir
from test_cli_bad_input import WITHOUT
from test_import import SLACK

OUTPUT = ("-o", "out.jsonl")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: empty but for what is already called as the output."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "out.jsonl").write_text("the one before")
    return here


def source(form: str, name: str, content: str | bytes | object, *options: str) -> Prepare:
    """A file as the export: text or bytes as they are, anything else as JSON."""
    text = content if isinstance(content, (str, bytes)) else json.dumps(content)
    data = text if isinstance(text, bytes) else text.encode()

    def prepare(folder: Path) -> list[object]:
        (folder / name).write_bytes(data)
        return ["import", name, "--format", form, *OUTPUT, *options]

    return prepare


def tree(form: str, files: Mapping[str, str | bytes], name: str = "export") -> Prepare:
    """A folder as the export; as a zip archive if that is what its name says."""

    def prepare(folder: Path) -> list[object]:
        arguments: list[object] = ["import", name, "--format", form, *OUTPUT]
        if name.endswith(".zip"):
            with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
                for path, content in files.items():
                    archive.writestr(path, content)
            return arguments
        (folder / name).mkdir()
        for path, content in files.items():
            place = folder / name / path
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return arguments

    return prepare


def spoiled(prepare: Prepare, name: str, change: Any) -> Prepare:
    """The same with the bytes of a file changed."""

    def both(folder: Path) -> list[object]:
        arguments = prepare(folder)
        path = folder / name
        path.write_bytes(change(path.read_bytes()))
        return arguments

    return both


def special(make: Any, path: str = "export", form: str = "slack") -> Prepare:
    """Something that is neither file nor folder."""

    def prepare(folder: Path) -> list[object]:
        make(folder)
        return ["import", path, "--format", form, *OUTPUT]

    return prepare


def a_day_that_is(make: Any) -> Prepare:
    def inside(folder: Path) -> None:
        (folder / "export" / "tea").mkdir(parents=True)
        make(folder / "export" / "tea" / "2026-01-05.json")

    return special(inside)


def slack(*messages: object) -> Prepare:
    return source("slack", "day.json", list(messages))


def said(**changes: object) -> dict[str, object]:
    """A good message of Slack, changed."""
    message = {"type": "message", "user": "U1", "text": "hi", "ts": "1767600000.0001"}
    return {**message, **changes}


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in said().items() if key != name}


def discord(**changes: object) -> Prepare:
    """A good file of Discord's exporter with its only message changed."""
    author = {"id": "1", "name": "marta"}
    time = "2026-01-05T09:00:00Z"
    message = {"type": "Default", "timestamp": time, "content": "hi", "author": author, **changes}
    document = {"channel": {"id": "2", "name": "tea"}, "messages": [message]}
    return source("discord", "tea.json", document)


def csv(text: str | bytes, *options: str) -> Prepare:
    return source("generic", "chat.csv", text, *options)


def rows(*content: object) -> Prepare:
    return source("generic", "chat.json", list(content))


def good(*options: object) -> Prepare:
    """A good export with these options."""
    return lambda _: ["import", SLACK, "--format", "slack", *OUTPUT, *options]


ROW = {"time": 1, "author": "marta", "text": "hi"}
HEAD = "time,author,text\n"
DAY = json.dumps([said()])
GAVE, DEEP = "; give what Slack exported", '[{"x": ' + "[" * 9_000
ZIP = tree("slack", {"tea/2026-01-05.json": json.dumps([said()] * 20)}, "export.zip")
BOMB = {"tea/2026-01-05.json": b" " * (257 * 2**20)}
SAME = "is another file of this run too; name a new one"

SOURCES = (
    case("no such export", special(lambda _: 0, "no.zip"), "no.zip: cannot be read: No such file"),
    case("export with too long a name", special(lambda _: 0, "x" * 300), "File name too long"),
    case("zeros without end", special(lambda _: 0, "/dev/zero"), "/dev/zero: is no regular file"),
    case("export of nothing", special(lambda _: 0, "/dev/null"), "is no regular file; give an"),
    case("export that is a pipe", special(lambda f: os.mkfifo(f / "export")), "no regular file"),
    case("dangling link", special(lambda f: (f / "export").symlink_to("no")), "cannot be read: No"),
    case("empty folder", special(lambda f: (f / "export").mkdir()), "export: holds no day of a ch"),
    case("folder of folders", tree("slack", {"tea/x.json": "[]"}), "holds no day of a channel, su"),
    case("day that is a folder", a_day_that_is(Path.mkdir), "2026-01-05.json: is no regular file"),
    case("day that is a pipe", a_day_that_is(os.mkfifo), "2026-01-05.json: is no regular file"),
    case("broken members", tree("slack", {"users.json": "["}), "export/users.json: is not JSON ("),
    case("nameless member", tree("slack", {"users.json": "[{}]"}), "message 1: object missing req"),
    case("archive cut short", spoiled(ZIP, "export.zip", lambda d: d[:-40]), "is no whole zip arc"),
    case(
        "archive with a wrong sum",
        spoiled(
            ZIP, "export.zip", lambda d: d[: (n := d.rindex(b"PK\1\2") + 16)] + d[:4] + d[n + 4 :]
        ),
        "export.zip: is no whole zip archive (",
    ),
    case(
        "archive with damaged data",
        spoiled(ZIP, "export.zip", lambda d: d[:52] + b"\xff" * 9 + d[61:]),
        "export.zip: is no whole zip archive (",
        "export it again",
    ),
    case(
        "archive with a password",
        spoiled(ZIP, "export.zip", lambda d: d.replace(b"\x14\0\0\0\x08", b"\x14\0\1\0\x08")),
        "export.zip: cannot be unpacked (",
        "password",
    ),
    case("archive of pictures", tree("slack", {"a.png": "x"}, "export.zip"), "holds no day of a"),
    case("archive too large", tree("slack", BOMB, "export.zip"), "before larger than 256 MiB"),
    case("Discord's folder without files", tree("discord", {"x.txt": ""}), "holds no .json file"),
    case("table that is a folder", tree("generic", {}), "export: is no table; give a file whose"),
    case("table of another kind", source("generic", "chat.xlsx", "PK"), "name ends in .csv .tsv"),
)

CONTENTS = (
    case("empty export", source("slack", "day.json", ""), "day.json: is not JSON (", GAVE),
    case("binary export", source("slack", "day.json", b"\x7fELF\0\1"), "day.json: is not JSON ("),
    case("export cut short", source("slack", "day.json", DAY[:-9]), "(input data was truncated)"),
    case("another encoding", source("slack", "day.json", DAY.encode("utf-16")), "is UTF-16; save"),
    case("not UTF-8", source("slack", "day.json", b'[{"text": "\xff"}]'), "day.json", "UTF-8"),
    case("half a character", slack(said(text="\ud83d")), "day.json: is not JSON (", "surrogate"),
    case("nested without end", source("slack", "day.json", DEEP), "day.json: is nested too deeply"),
    case("an object for a list", source("slack", "day.json", {}), "day.json: expected array, got"),
    case("numbers for messages", slack(1), "day.json, message 1: expected object, got int", GAVE),
    case("no time", slack(said(), without("ts")), "day.json, message 2, field ts: is missing"),
    case("time as a number", slack(said(ts=1)), "message 1, field ts: expected str | null, got i"),
    case("time as a word", slack(said(ts="noon")), "message 1, field ts: is no time", GAVE),
    case("time that is none", slack(said(ts="NaN")), "field ts: is not between 0 and 253402300799"),
    case("time before time", slack(said(ts="-1")), "field ts: is not between 0 and"),
    case("nobody", slack(without("user")), "message 1, field user: is missing", GAVE),
    case("text as a list", slack(said(text=[])), "field text: expected str | null, got array"),
    case("profile as text", slack(said(user_profile="x")), "field user_profile: expected object"),
    case("nobody says anything", slack(said(subtype="channel_join")), "holds no message to import"),
    case(
        "Discord as a list", source("discord", "c.json", []), "c.json: expected object, got array"
    ),
    case(
        "no channel", source("discord", "c.json", {"messages": []}), "missing required field chan"
    ),
    case("no author", discord(author=None), "message 1, field author: expected object, got null"),
    case(
        "author without id", discord(author={"name": "x"}), "field author: object missing require"
    ),
    case("author with a number", discord(author={"id": 1, "name": "x"}), "field author.id: expect"),
    case("a day of 1900", discord(timestamp="1900-01-01T00:00:00Z"), "timestamp: is before 1970"),
    case("a day that never was", discord(timestamp="2026-02-30"), "field timestamp: is no time"),
    case("content as null", discord(content=None), "field content: expected str, got null"),
)

TABLES = (
    case("empty table", csv(""), "chat.csv, line 1, field time: is no column; name the columns"),
    case("head alone", csv(HEAD), "chat.csv: holds no message to import"),
    case("no head", csv("1,marta,hi\n"), "line 1, field time: is no column"),
    case(
        "column misspelt", csv("time,auther,text\n"), 'author: is no column; did you mean "auther'
    ),
    case("column twice", csv("time,text,text\n"), "line 1, field text: is named twice"),
    case("too few values", csv(HEAD + "1,marta\n"), "line 2: has 2 values instead of 3"),
    case("too many values", csv(HEAD + "1,m,hi,ho\n"), "chat.csv, line 2: has 4 values instead of"),
    case("open quotes", csv(HEAD + '1,m,"hi\n'), "line 2: is not CSV (unexpected end of data)"),
    case("text after quotes", csv(HEAD + '1,m,"h"i\n'), "line 2: is not CSV (", "quote values"),
    case("binary table", csv(b"\x7fELF\2\0\1"), "line 1, field time: is no column"),
    case("table not UTF-8", csv(HEAD.encode() + b"1,m,\xe9\n"), "line 2: byte 22 is not UTF-8; sa"),
    case(
        "endless value", csv(HEAD + "1,m," + "x" * 200_000 + "\n"), "line 2: is not CSV (field la"
    ),
    case(
        "moment misspelt", csv(HEAD + "tea,m,hi\n"), 'line 2, field time: "tea" is no time; write'
    ),
    case(
        "milliseconds", csv(HEAD + "1767600000000,m,hi\n"), "is not between 0 and", "milliseconds?"
    ),
    case("author of blanks", csv(HEAD + "1, ,hi\n"), "field author: is empty; name who said it"),
    case("table as an object", source("generic", "c.json", ROW), "c.json: expected array, got obj"),
    case("rows as lists", rows([1]), "chat.json, message 1: expected object, got array", "write"),
    case(
        "row without author", rows({"time": 1, "text": "x"}), "message 1, field author: is missin"
    ),
    case("text of null", rows({**ROW, "text": None}), "field text: is missing; give it, or name"),
    case("author as an object", rows({**ROW, "author": {}}), "field author: an object is no text"),
    case("time as true", rows({**ROW, "time": True}), "field time: true is neither a number nor a"),
    case(
        "a line that is a list", source("generic", "c.jsonl", "[]\n"), "c.jsonl, line 1: expected"
    ),
    case(
        "a line cut short",
        source("generic", "c.jsonl", json.dumps(ROW) + '\n\n{"time": 2'),
        "c.jsonl, line 3: is not JSON (input data was truncated)",
    ),
)

OPTIONS = (
    case("no format", given("import", "x", *OUTPUT), "Missing option '--format'", "see choir imp"),
    case("no output", given("import", "x", "--format", "slack"), "Missing option '-o'"),
    case("no export", given("import", "--format", "slack", *OUTPUT), "Missing argument 'FILE'"),
    case("unknown format", given("import", "x", "--format", "irc", *OUTPUT), "'irc' is not one of"),
    case("stake of a word", good("--stake", "much"), "--stake much: is not a decimal number; give"),
    case("stake below zero", good("--stake=-1"), "--stake -1: is negative; give CHOIR"),
    case("stake below the floor", good("--stake", "0"), "--stake 0: is below the floor; give 0.0"),
    case("tokens beyond the supply", good("--tokens", 10**11), "is more than the whole supply; g"),
    case("tokens of all too many", good("--tokens", 4 * 10**9), "3 people would hold 12000000000"),
    case("no seats", good("--seats", 0), "0 is not in the range x>=1"),
    case("seats without end", good("--seats", 33), "--seats 33: a thread has at most 32; g"),
    case("votes of perhaps", good("--votes", "maybe"), "'maybe' is not one of 'approve', 'deny'"),
    case("privacy of another kind", good("--privacy", "secret"), "'secret' is not one of 'public'"),
    case(
        "channel nobody knows", good("--channel", "gardn"), 'channel gardn; did you mean "garden"?'
    ),
    case("field of no table", good("--field", "time=at"), "--field belongs to --format generic"),
    case("field without a column", csv("", "--field", "time"), "--field time: is no NAME=COLUMN"),
    case("field nobody knows", csv("", "--field", "when=at"), "NAME is one of time, author, text"),
    case(
        "field twice", csv("", "--field=time=a", "--field=time=b"), "time is given twice; give it"
    ),
    case("field that is no column", csv(HEAD, "--field", "time=at"), "field at: is no column"),
    case("channel that is no column", csv(HEAD, "--field=channel=room"), "room: is no column"),
    case("log over the export", csv(HEAD, "-o", "chat.csv"), "--output chat.csv: " + SAME),
    case("log as a directory", good("-o", "."), "--output .: is a directory; name a file"),
    case(
        "log into nowhere", good("-o", "no/o.jsonl"), "--output no/o.jsonl: there is no directory"
    ),
    case("log among processes", good("-o", "/proc/o.jsonl"), "--output /proc/o.jsonl: "),
    case("JUnit as a directory", with_log("verify", "--junit", "."), "--junit .: is a directory"),
    case(
        "JUnit into nowhere", with_log("verify", "--junit", "no/j.xml"), "--junit no/j.xml: there"
    ),
    case("JUnit over the log", with_log("verify", "log.jsonl", "--junit", "./log.jsonl"), SAME),
    case(
        "JUnit over JSON", with_log("verify", "--junit", "r", "--json", "r"), "--junit r: " + SAME
    ),
    case("JUnit as failure", with_log("verify", "--junit", "f", "--failure", "f"), SAME),
    case(
        "JUnit below a file", with_log("verify", "--junit", "log.jsonl/j"), "there is no director"
    ),
    case("JUnit with a long name", with_log("verify", "--junit", "j" * 300), "File name too long"),
    case("JUnit among processes", with_log("verify", "--junit", "/proc/j.xml"), "--junit /proc/j"),
    case("annotations of yes", given("verify", "--annotations=yes"), "does not take a value"),
    case("completion of nothing", given("completion"), "Missing argument", "see choir completion"),
    case("completion of another shell", given("completion", "tcsh"), "'tcsh' is not one of 'bash'"),
)

CASES = (*SOURCES, *CONTENTS, *TABLES, *OPTIONS)


@pytest.mark.parametrize("wrong", CASES, ids=str)
def test_a_mistake_is_one_line_and_changes_nothing(wrong: Case, folder: Path) -> None:
    assert_refused(wrong, folder)


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("click", ("import", SLACK, "--format", "slack", *OUTPUT)),
        ("msgspec", ("import", SLACK, "--format", "slack", *OUTPUT)),
        ("rich", ("import", SLACK, "--format", "slack", *OUTPUT)),
        ("junitparser", ("verify", "--junit", "choir.xml")),
    ],
)
def test_a_missing_package_is_named_with_its_cure(
    module: str, arguments: tuple[object, ...], folder: Path
) -> None:
    before = snapshot(folder)
    ran = child(*arguments, folder=folder, before=WITHOUT.format(name=module))
    assert_one_line(ran, f"the package {module} is missing; run pip install {module}")
    assert snapshot(folder) == before


def test_an_export_larger_than_is_read_is_refused_before_it_is_read(folder: Path) -> None:
    with (folder / "day.json").open("wb") as file:
        file.truncate(2**40)
    ran = choir("import", "day.json", "--format", "slack", *OUTPUT)
    assert_one_line(ran, "day.json: with what was read before larger than 256 MiB; import a part")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_what_may_not_be_read_or_written_is_said(folder: Path) -> None:
    (folder / "closed").mkdir(0o500)
    (folder / "day.json").write_text(DAY)
    ran = choir("import", "day.json", "--format", "slack", "-o", "closed/o.jsonl")
    assert_one_line(ran, "cannot be written to; name another place")
    (folder / "day.json").chmod(0)
    ran = choir("import", "day.json", "--format", "slack", *OUTPUT)
    assert_one_line(ran, "day.json: cannot be read: Permission denied")


def test_the_corpus_of_broken_inputs_is_large_and_every_case_has_a_name() -> None:
    corpus = {
        module.__name__: [wrong.name for wrong in module.CASES]
        for module in (failure_files, logs_and_programs, stores, models)
    } | {__name__: [wrong.name for wrong in CASES]}
    assert all(len(set(names)) == len(names) for names in corpus.values())
    assert len(CASES) >= 100
    assert sum(map(len, corpus.values())) >= 300
