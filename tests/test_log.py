"""Reading conversation logs: every defect is one line that says where, what and the remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choir_model.program.bindings import SUPPLY, Reason
from choir_model.verify import commands as do
from choir_model.verify.log import MAX_LINE_BYTES, Log, LogError, bundled_logs, read_log

BUNDLED = bundled_logs()
HEADER = {"log": "choir", "version": 1, "title": "Tea", "start": 1_000}
STORY = [
    HEADER,
    {"do": "user", "name": "marta", "tokens": "10"},
    {"do": "user", "name": "tom", "tokens": "10.5"},
    {"do": "thread", "name": "tea", "by": "marta"},
    {"do": "message", "id": "m1", "thread": "tea", "by": "marta", "text": "Tea?"},
    {"do": "spec", "id": "s1", "thread": "tea", "by": "tom", "text": "Me?", "stake": "1"},
]
NEXT = len(STORY) + 1
SPEC = {"do": "spec", "id": "s2", "thread": "tea", "by": "tom", "text": "Hi", "stake": "1"}
MESSAGE = {"do": "message", "thread": "tea", "by": "marta", "text": "Hi"}
VOTE = {"do": "vote", "spec": "s1", "by": "marta", "decision": "approve"}
SEARCH = {"do": "search", "by": "tom", "text": "tea"}
DONATE = {"do": "donate", "by": "tom", "thread": "tea", "vault": "stake", "amount": "1"}
PRIVACY = {"do": "privacy", "message": "m1", "by": "marta", "privacy": "premium"}
WAIT = {"do": "wait", "seconds": 1}
USER = {"do": "user", "name": "ann", "tokens": "1"}


def lines(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def refused(path: Path, line: int, name: str, *words: str) -> None:
    """`path` is refused in one line that names file, line and field, and holds the words."""
    with pytest.raises(LogError) as caught:
        read_log(path)
    error, text = caught.value, str(caught.value)
    assert (error.path, error.line, error.field) == (str(path), line, name), text
    assert text.isprintable()  # so it is one line
    place = str(path) + (f", line {line}" if line else "") + (f", field {name}" if name else "")
    assert error.remedy
    assert text.startswith(f"{place}: ")
    assert text.endswith(f"; {error.remedy}")
    for word in words:
        assert word in text


def without(value: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: content for key, content in value.items() if key != name}


HEADERS: list[tuple[object, str, str]] = [
    (VOTE, "log", "begin the file with"),
    ({**HEADER, "log": "quire"}, "log", "begin the file with"),
    ({**HEADER, "version": 2}, "version", "write 1"),
    ({**HEADER, "version": True}, "version", "write 1"),
    ({**HEADER, "version": 1.5}, "version", "write 1"),
    (without(HEADER, "title"), "title", "is missing; write a title"),
    ({**HEADER, "title": ""}, "title", "is empty"),
    ({**HEADER, "title": "a\nb"}, "title", "control character \\n"),
    ({**HEADER, "title": "x" * 201}, "title", "at most 200"),
    ({**HEADER, "start": "1000"}, "start", "unix seconds"),
    ({**HEADER, "start": -1}, "start", "out of range"),
    ({**HEADER, "start": 2**63}, "start", "out of range"),
    ({**HEADER, "satrt": 1}, "satrt", "known here: version, title, start, parameters, design"),
    ({**without(HEADER, "start"), "satrt": 1}, "satrt", "did you mean start?"),
    ({**HEADER, "parameters": [1]}, "parameters", "write an object"),
    ({**HEADER, "parameters": {"min_steak": "1"}}, "parameters.min_steak", "mean min_stake?"),
    ({**HEADER, "parameters": {"min_stake": 1}}, "parameters.min_stake", "in quotes"),
    ({**HEADER, "parameters": {"min_stake": "0"}}, "parameters.min_stake", '"0.000000032"'),
    ({**HEADER, "parameters": {"max_co_authors": 0}}, "parameters.max_co_authors", "1 to 32"),
    ({**HEADER, "parameters": {"max_co_authors": 33}}, "parameters.max_co_authors", "1 to 32"),
    ({**HEADER, "parameters": {"max_co_authors": True}}, "parameters.max_co_authors", "1 to 32"),
    ({**HEADER, "design": "payout=push"}, "design", 'write an object such as {"payout"'),
    ({**HEADER, "design": {"payout": 1}}, "design", "write an object"),
    ({**HEADER, "design": {"payuot": "push"}}, "design.payuot", 'did you mean "payout"?'),
    ({**HEADER, "design": {"qqq": "push"}}, "design.qqq", "known here: expiry, rejection"),
    ({**HEADER, "design": {"payout": "psh"}}, "design.payout", 'did you mean "push"?'),
    ({**HEADER, "design": {"payout": "x"}}, "design.payout", 'write "claim" or "push"'),
    ({**HEADER, "parameters": {"approval_window": 0}}, "parameters.approval_window", "from 1"),
    ({**HEADER, "parameters": {"approval_window": 10**30}}, "parameters.approval_window", "range"),
]


@pytest.mark.parametrize(("header", "name", "word"), HEADERS)
def test_a_wrong_header(tmp_path: Path, header: object, name: str, word: str) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_bytes(b"\n" + lines(header, *STORY[1:]))
    refused(path, 2, name, word)


COMMANDS: list[tuple[object, str, str]] = [
    ({"do": "vot"}, "do", 'did you mean "vote"?'),
    ({"do": "VOTE"}, "do", 'did you mean "vote"?'),
    ({"do": "qqqq"}, "do", "write one of user, thread, message"),
    ({"do": ["vote"]}, "do", "a list is not a command"),
    ({"by": "tom"}, "do", "is missing; write one of"),
    (HEADER, "do", "is missing"),
    ({**without(VOTE, "decision"), "desicion": "deny"}, "desicion", "did you mean decision?"),
    ({**VOTE, "line": 3}, "line", "is not a field here"),
    ({**VOTE, "why\nnot\ud800": 3}, "why\nnot\ud800", "surrogate"),
    (without(VOTE, "decision"), "decision", 'is missing; write "approve" or "deny"'),
    ({**VOTE, "decision": "maybe"}, "decision", 'text ("maybe")'),
    ({**VOTE, "by": 7}, "by", "the number 7"),
    ({**VOTE, "by": None}, "by", "null is not"),
    ({**VOTE, "expect": "AlreadyVotd"}, "expect", 'did you mean "AlreadyVoted"?'),
    ({**VOTE, "expect": 6023}, "expect", "not a refusal"),
    ({**WAIT, "expect": "Overflow"}, "expect", "never refuses a wait; leave it out"),
    ({**VOTE, "by": "Marta"}, "by", 'did you mean "marta"?'),
    ({**VOTE, "by": "qqqq"}, "by", "earlier line"),
    ({**VOTE, "spec": "s11"}, "spec", 'did you mean "s1"?'),
    ({**VOTE, "spec": "m1"}, "spec", "is the message of line 5, not a spec"),
    ({"do": "settle", "spec": "m1"}, "spec", "not a spec"),
    ({"do": "claim", "spec": "m1", "by": "tom"}, "spec", "not a spec"),
    ({**USER, "name": "marta"}, "name", 'line 2 has the user "marta" already; choose another'),
    ({**USER, "name": "x" * 33}, "name", "at most 32"),
    ({**USER, "name": " "}, "name", "is empty"),
    ({**USER, "name": "a\u001b[2J"}, "name", "control character \\x1b"),
    ({**USER, "name": "a\u2028b"}, "name", "control character \\u2028"),
    ({**USER, "premium": 1}, "premium", "true or false"),
    ({**USER, "tokens": 5}, "tokens", "in quotes"),
    ({**USER, "tokens": True}, "tokens", "in quotes"),
    ({**USER, "tokens": "-1"}, "tokens", "is negative"),
    ({**USER, "tokens": "1e5"}, "tokens", '"1e5" is not a decimal number'),
    ({**USER, "tokens": "NaN"}, "tokens", "is not a decimal number"),
    ({**USER, "tokens": "\u0661"}, "tokens", "is not a decimal number"),
    ({**USER, "tokens": "1."}, "tokens", "is not a decimal number"),
    ({**USER, "tokens": "1\n"}, "tokens", "is not a decimal number"),
    ({**USER, "tokens": ""}, "tokens", "is not a decimal number"),
    ({**USER, "tokens": "0.1234567890"}, "tokens", "has 10 decimals; write CHOIR"),
    ({**USER, "tokens": "10000000000.000000001"}, "tokens", "whole supply"),
    ({**USER, "tokens": "9" * 9_000}, "tokens", "(9002 characters) is more than the whole"),
    ({**USER, "tokens": "9999999980"}, "tokens", "more than the supply of 10000000000; give"),
    ({"do": "thread", "name": "tea", "by": "tom"}, "name", "line 4 has the thread"),
    ({"do": "thread", "name": "tee", "by": "ton"}, "by", 'did you mean "tom"?'),
    ({**MESSAGE, "thread": "te"}, "thread", 'did you mean "tea"?'),
    ({**MESSAGE, "text": ""}, "text", "is empty; write text in quotes"),
    ({**MESSAGE, "text": "é" * 32_769}, "text", "has 65538 bytes; write text in quotes, 1 to"),
    ({**MESSAGE, "text": "\ud83d"}, "text", "surrogate"),
    ({**MESSAGE, "privacy": "secret"}, "privacy", '"thread_only"'),
    ({**MESSAGE, "id": "s1"}, "id", "line 6 has the id"),
    ({**MESSAGE, "id": ""}, "id", "is empty"),
    ({**SPEC, "id": "m1"}, "id", "line 5 has the id"),
    (without(SPEC, "stake"), "stake", "is missing; write CHOIR"),
    ({**SPEC, "stake": "1,5"}, "stake", "is not a decimal number"),
    ({"do": "wait"}, "seconds", "exactly one of seconds, hours and days"),
    ({"do": "wait", "hours": 1, "days": 1}, "days", "exactly one"),
    ({"do": "wait", "hours": -1}, "hours", "never goes backwards; write a whole number"),
    ({"do": "wait", "hours": True}, "hours", "true or false (true) is not what belongs here"),
    ({"do": "wait", "hours": 1.5}, "hours", "the number 1.5"),
    ({"do": "wait", "hours": "1"}, "hours", "without quotes"),
    ({"do": "wait", "seconds": 2**63 - 1_000}, "seconds", "wait less, or start earlier"),
    ({"do": "wait", "days": 10**40}, "days", "wait less, or start earlier"),
    (
        {**PRIVACY, "by": "tom"},
        "by",
        'only the author may change the privacy of "m1"; write "marta"',
    ),
    ({**PRIVACY, "message": "M1"}, "message", 'did you mean "m1"?'),
    ({"do": "premium", "user": "tim", "on": True}, "user", 'did you mean "tom"?'),
    ({"do": "premium", "user": "tom", "on": 1}, "on", "true or false"),
    ({**SEARCH, "limit": 0}, "limit", "1 to 100"),
    ({**SEARCH, "limit": True}, "limit", "1 to 100"),
    ({**SEARCH, "thread": "toa"}, "thread", 'did you mean "tea"?'),
    ({**SEARCH, "finds": "m1"}, "finds", "write a list of ids"),
    ({**SEARCH, "finds": [1]}, "finds", "write a list of ids"),
    ({**SEARCH, "finds": ["\udfff"]}, "finds", "surrogate"),
    ({**SEARCH, "finds": ["mm1"]}, "finds", 'did you mean "m1"?'),
    ({**SEARCH, "finds": ["m1", "m1"]}, "finds", "list it once"),
    ({**SEARCH, "finds": ["m1", "s1"], "limit": 1}, "finds", "raise limit or list fewer"),
    ({**SEARCH, "finds": ["m1"], "hides": ["m1"]}, "hides", "leave it out"),
    ({**SEARCH, "hides": ["zzzz"]}, "hides", "earlier lines"),
    ({**DONATE, "vault": "treasury"}, "vault", '"stake", "escrow" or "balance"'),
    ({**DONATE, "amount": "0"}, "amount", "above 0"),
    ({**DONATE, "by": "x"}, "by", "no line before"),
]


@pytest.mark.parametrize(("command", "name", "word"), COMMANDS)
def test_a_wrong_command(tmp_path: Path, command: object, name: str, word: str) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_bytes(lines(*STORY, command, {"do": "later defects do not matter"}))
    with pytest.raises(LogError) as caught:
        read_log(path)
    assert caught.value.field == name
    if name.isprintable():
        refused(path, NEXT, name, word)
    else:
        assert str(caught.value).isprintable()
        assert word in str(caught.value)


@pytest.mark.parametrize("kind", get_args(do.Command))
def test_every_command_says_what_is_missing_or_unknown(
    tmp_path: Path, kind: type[do.Command]
) -> None:
    path = tmp_path / "talk.jsonl"
    required = [f.name for f in msgspec.structs.fields(kind) if f.required]
    if required:
        path.write_bytes(lines(*STORY, {"do": kind.__struct_config__.tag}))
        refused(path, NEXT, required[0], "is missing; write ")
    path.write_bytes(lines(*STORY, {"do": kind.__struct_config__.tag, "zzzz": 1}))
    refused(path, NEXT, "zzzz", "is not a field here; known here: ")


RAW: list[tuple[bytes, int, str, str]] = [
    (b"", 0, "", "the file is empty; begin it with {"),
    (b"\n \n\r\n", 0, "", "the file is empty"),
    (b"\xef\xbb\xbf" + lines(*STORY), 1, "", "byte order mark; save it as UTF-8 without one"),
    ("".join(map(json.dumps, STORY)).encode("utf-16"), 1, "", "UTF-16; save it as UTF-8"),
    (b"\x7fELF\0\0\1\2", 1, "", "NUL byte"),
    (b"\x89PNG\r\n\x1a\n", 1, "", "byte 1 is not UTF-8 (0x89); save the file as UTF-8"),
    (lines(*STORY) + b'{"do": "us\xe9r"}\n', NEXT, "", "byte 11 is not UTF-8 (0xe9)"),
    (lines(*STORY) + b"tea?\n", NEXT, "", "is not JSON at column 1 (Expecting value); write one"),
    (lines(*STORY) + b'{"do": "wait",}\n', NEXT, "", "is not JSON at column"),
    (lines(*STORY) + b'{"do": "wait", "days": 1} {}', NEXT, "", "is not JSON"),
    (lines(*STORY) + b'["do", "wait"]\n', NEXT, "", "a list, not an object; write one JSON object"),
    (lines(*STORY) + b"null\n", NEXT, "", "null, not an object"),
    (lines(*STORY) + b"true\n", NEXT, "", "not an object"),
    (lines(*STORY) + b"12\n", NEXT, "", "the number 12, not an object"),
    (lines(*STORY) + b'{"do": "wait", "days": NaN}\n', NEXT, "", "NaN is not JSON"),
    (lines(*STORY) + b'{"do": "wait", "days": -Infinity}\n', NEXT, "", "-Infinity is not JSON"),
    (lines(*STORY) + b'{"do": "wait", "days": 1e999}\n', NEXT, "days", "the number Infinity"),
    (lines(*STORY) + b'{"do": "wait", "days": ' + b"9" * 9_999 + b"}\n", NEXT, "", "too long"),
    (lines(*STORY) + b'{"do": "wait", "days": 1, "days": 2}\n', NEXT, "days", "is given twice"),
    (lines(*STORY) + b"[" * 99_999 + b"\n", NEXT, "", "nested too deeply"),
    (lines(*STORY) + b'{"do": "wait", "days": ' + b"[" * 99_999 + b"\n", NEXT, "", "too deeply"),
    (lines(*STORY)[:-1] + b" " * MAX_LINE_BYTES, NEXT - 1, "", "longer than 1 MiB; put each"),
    (lines(*STORY)[:-2], NEXT - 1, "", "ends in the middle of this line; complete or remove"),
    (lines(*STORY) + b'{"do": "user", "name": "\xc3', NEXT, "", "ends in the middle"),
    (b'{"log": "choir", "ver', 1, "", "ends in the middle"),
    (lines(*STORY, HEADER), NEXT, "do", "is missing"),
]


@pytest.mark.parametrize(("content", "line", "name", "word"), RAW)
def test_a_wrong_file(tmp_path: Path, content: bytes, line: int, name: str, word: str) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_bytes(content)
    refused(path, line, name, word)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    refused(tmp_path / "none.jsonl", 0, "", "No such file", "give the path of a readable")
    refused(tmp_path, 0, "", "Is a directory")
    (tmp_path / "file").touch()
    refused(tmp_path / "file" / "talk.jsonl", 0, "", "Not a directory")
    refused(tmp_path / ("x" * 5_000), 0, "", "too long")
    for odd in ("a\0b", "a\nb", "\ud800"):
        with pytest.raises(LogError) as caught:
            read_log(odd)
        assert str(caught.value).isprintable()


def test_a_huge_file_is_not_read_beyond_its_first_defect(tmp_path: Path) -> None:
    path = tmp_path / "huge.jsonl"
    path.write_bytes(lines(HEADER, {"do": "wat"}))
    with path.open("r+b") as file:
        file.truncate(2**36)  # sparse
    refused(path, 2, "do", "did you mean")
    with path.open("r+b") as file:
        file.write(lines(HEADER, WAIT))
    refused(path, 3, "", "longer than 1 MiB")


def test_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    odd = {"do": "message", "thread": "tea", "by": "marta", "text": "\0\u2028 \ufeff\U0001f375"}
    refusal = {**SPEC, "stake": "0", "expect": "InvalidStake"}
    whole = {**MESSAGE, "text": "x" * 65_536, "id": None, "expect": None}
    late = {"do": "wait", "seconds": 2**63 - 1 - 1_000}
    none = {**SEARCH, "finds": [], "hides": ["m1", "s2"]}
    every = [odd, refusal, whole, late, none, {**VOTE, "spec": "s2", "expect": "UnknownRecord"}]
    path.write_bytes(lines(*STORY, *every).replace(b"\n", b"\r\n\n")[:-3])
    log = read_log(str(path))
    assert [c.line for c in log.commands] == list(range(3, 2 * len(STORY + every), 2))
    assert log.commands[5] == do.Message("tea", "marta", str(odd["text"]), line=13)
    assert log.commands[6].expect is Reason.InvalidStake
    assert log.header == do.Header(version=1, title="Tea", start=1_000)


@given(st.integers(0, SUPPLY))
def test_amounts_are_exact(amount: int) -> None:
    text = do.format_amount(amount)
    assert do.parse_amount(text) == amount
    assert re.fullmatch(r"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", text)


def nowhere(log: Log) -> list[do.Command]:
    return [msgspec.structs.replace(command, line=0) for command in log.commands]


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_a_log_written_out_reads_back_as_the_same(tmp_path: Path, path: Path) -> None:
    log = read_log(path)
    copy = tmp_path / "copy.jsonl"
    copy.write_text(log.to_text(), encoding="utf-8")
    again = read_log(copy)
    assert again.header == log.header
    assert nowhere(again) == nowhere(log)
    assert again.to_text() == log.to_text()


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_log_or_a_log_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = data.draw(st.sampled_from([path.read_bytes() for path in BUNDLED]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(whole)))
        end = min(len(whole), start + data.draw(st.integers(0, 12)))
        pieces = st.sampled_from([b"", b"\n", b'"', b"{", b"}", b"null", b"-1", b"\\ud800", b"\0"])
        whole = whole[:start] + data.draw(pieces | st.binary(max_size=4)) + whole[end:]
    path = tmp_path_factory.getbasetemp() / "mutant.jsonl"
    path.write_bytes(whole)
    message = str(path)
    try:
        read_log(path)
    except LogError as error:
        message = str(error)
    assert message.startswith(str(path))
    assert message.isprintable()


def test_every_field_has_a_meaning() -> None:
    structs = [do.Header, do.Parameters, *get_args(do.Command)]
    names = {f.name for kind in structs for f in msgspec.structs.fields(kind)}
    assert names - {"line"} | {"do", "log"} == set(do.MEANING)
