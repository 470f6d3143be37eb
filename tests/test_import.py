"""``choir import``: exports of chats become logs that replay."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cli_report import read_report
from cli_runs import Ran, Terminal, choir

from choir_model.domain.lifecycle import Privacy
from choir_model.program.bindings import Reason
from choir_model.verify import commands as do
from choir_model.verify import imports_files
from choir_model.verify.imports import Choices, Entry, ImportDefect, imported, sanitized
from choir_model.verify.imports_slack import plain
from choir_model.verify.imports_times import moment
from choir_model.verify.log import Log, read_log

EXPORTS = Path(__file__).parent / "exports"
SLACK, DISCORD = EXPORTS / "slack", EXPORTS / "discord" / "tea.json"
START = 1_767_600_000
OUT = Path("out.jsonl")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def zipped(folder: Path) -> Path:
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(SLACK.rglob("*.json")):
            archive.write(file, file.relative_to(SLACK))
    return path


def messages() -> list[dict[str, Any]]:
    people = ("marta", "tom", "ines")
    return [
        {"time": START + n, "author": people[n % 3], "text": f'so {n}, "and"\nso on', "room": "tea"}
        for n in range(6)
    ]


def table(delimiter: str) -> str:
    text = io.StringIO()
    rows = csv.DictWriter(text, ["time", "author", "text", "room"], delimiter=delimiter)
    rows.writeheader()
    rows.writerows(messages())
    return text.getvalue()


def run(*arguments: object) -> tuple[Ran, Log]:
    """An import that succeeds, and its log."""
    ran = choir("import", *arguments, "-o", OUT)
    assert (ran.status, ran.err) == (0, ""), ran.err
    return ran, read_log(OUT)


def assert_it_replays() -> None:
    ran = choir("verify", OUT, "--steps", 0, "--json", "report.json")
    assert (ran.status, ran.err) == (0, ""), ran.out
    assert read_report(Path("report.json")).verdict == "HOLDS"


def kinds(log: Log) -> str:
    """The commands, as their first letters."""
    return "".join(type(command).__name__[0] for command in log.commands)


# Formats


@pytest.mark.parametrize(
    ("form", "source", "told"),
    [
        ("slack", SLACK, "UUUTMWTMWSVWMWSVWMWSVVWM"),
        ("slack", SLACK / "garden", "UUTMWSV"),
        ("slack", SLACK / "tea-kitchen" / "2026-01-05.json", "UUTMWSVWM"),
        ("discord", DISCORD, "UUTMWSV"),
        ("discord", DISCORD.parent, "UUTMWSV"),
    ],
)
def test_an_export_becomes_a_log_that_holds(form: str, source: Path, told: str) -> None:
    ran, log = run(source, "--format", form)
    assert kinds(log) == told
    assert ran.out.splitlines()[-1] == "replay    choir verify out.jsonl --steps 0"
    assert_it_replays()


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl", ".ndjson"])
def test_a_table_becomes_a_log_that_holds(suffix: str, folder: Path) -> None:
    texts = {
        ".csv": "\ufeff" + table(","),
        ".tsv": table("\t"),
        ".json": json.dumps(messages()),
        ".jsonl": "\n".join(map(json.dumps, messages())),
        ".ndjson": "\n\n".join(map(json.dumps, messages())) + "\n",
    }
    path = folder / f"chat{suffix}"
    path.write_text(texts[suffix], encoding="utf-8", newline="")
    _, log = run(path, "--format", "generic", "--field", "channel=room")
    assert kinds(log) == "UUUTMWSVWSVVWMWMWM"
    thread = next(c for c in log.commands if isinstance(c, do.Thread))
    assert (thread.name, thread.by, log.header.start) == ("tea", "marta", START)
    assert_it_replays()


def test_fields_may_be_named_otherwise_and_lie_deeper(folder: Path) -> None:
    rows = [{"at": "2026-01-05T10:00:00+01:00", "from": {"id": 7}, "body": "hello"}]
    (folder / "chat.json").write_text(json.dumps(rows), encoding="utf-8")
    fields = [f"--field={f}" for f in ("time=at", "author=from.id", "text=body")]
    _, log = run("chat.json", "--format", "generic", *fields)
    assert log.header.start == 1_767_603_600
    assert log.commands[1:] == (
        do.Thread(line=3, name="chat", by="7"),
        do.Message(line=4, thread="chat", by="7", text="hello"),
    )


def test_an_archive_a_folder_and_a_second_run_give_the_same_log(folder: Path) -> None:
    logs = set()
    for source in (SLACK, zipped(folder), SLACK):
        run(source, "--format", "slack", "--title", "Tea")
        logs.add(OUT.read_bytes())
    assert len(logs) == 1


def test_what_slack_and_bots_say_and_what_has_no_text_is_counted_and_left_out() -> None:
    ran, log = run(SLACK, "--format", "slack")
    assert "skipped   by Slack 1 · by bots 1 · without text 1\n" in ran.out
    assert "refused   DuplicateContent 1\n" in ran.out
    assert "imported  8 messages of 3 people in 2 threads, 25 lines\n" in ran.out
    assert len(log.commands) == 24


def test_only_the_channels_asked_for_are_imported() -> None:
    ran, log = run(SLACK, "--format", "slack", "--channel", "garden")
    assert kinds(log) == "UUTMWSV"
    assert "of other channels 6" in ran.out


def test_names_come_from_members_and_no_two_are_alike() -> None:
    _, log = run(SLACK, "--format", "slack")
    users = [c.name for c in log.commands if isinstance(c, do.User)]
    assert users == ["marta", "Tom Okafor", "marta 2"]
    _, log = run(SLACK / "garden", "--format", "slack")
    users = [c.name for c in log.commands if isinstance(c, do.User)]
    assert users == ["Tom Okafor", "marta"]
    alone = SLACK / "tea-kitchen" / "2026-01-05.json"
    _, log = run(alone, "--format", "slack")
    users = [c.name for c in log.commands if isinstance(c, do.User)]
    assert users == ["marta", "U02"], "a file alone tells the names its messages tell"


@pytest.mark.parametrize(
    ("marked", "shown"),
    [
        ("a &lt;b&gt; &amp;lt; c", "a <b> &lt; c"),
        ("<@U1> and <@U9> and <@U1|m>", "@marta and @U9 and @m"),
        ("<#C1|tea> <#C2> <!here> <!subteam^S1|@cooks>", "#tea #C2 @here @cooks"),
        ("<https://a.b/?c&amp;d|see> <https://a.b> <mailto:a@b|a@b>", None),
    ],
)
def test_the_markup_of_slack_becomes_plain_text(marked: str, shown: str | None) -> None:
    wanted = "see (https://a.b/?c&d) https://a.b a@b (mailto:a@b)" if shown is None else shown
    assert plain(marked, {"U1": "marta"}) == wanted


# The mapping


def entry(second: float, author: str, text: str, channel: str = "c") -> Entry:
    return Entry(int(second * 1_000_000), author, author, channel, channel, text)


def told(*entries: Entry, **choices: Any) -> tuple[Any, ...]:
    return imported("x", entries, Choices("x", **choices)).log.commands


def test_who_speaks_first_creates_and_who_speaks_later_is_approved_by_all_seated() -> None:
    """M2, M3: the electorate of a spec are those seated when it is submitted."""
    assert told(entry(3, "c", "3"), entry(1, "a", "1"), entry(1.5, "b", "2")) == (
        *(do.User(name=name, tokens=100 * do.BASE_UNITS) for name in "abc"),
        do.Thread(name="c", by="a"),
        do.Message(thread="c", by="a", text="1"),
        do.Spec(id="s1", thread="c", by="b", text="2", stake=do.BASE_UNITS),
        do.Vote(spec="s1", by="a", decision="approve"),
        do.Wait(seconds=2),
        do.Spec(id="s2", thread="c", by="c", text="3", stake=do.BASE_UNITS),
        do.Vote(spec="s2", by="a", decision="approve"),
        do.Vote(spec="s2", by="b", decision="approve"),
    )


def test_who_is_denied_stays_without_a_seat_and_submits_again() -> None:
    """M4: one denial rejects, so everything that person says is another spec."""
    commands = told(entry(1, "a", "1"), entry(1, "b", "2"), entry(1, "b", "3"), decision="deny")
    shown = [c.decision if isinstance(c, do.Vote) else type(c).__name__ for c in commands]
    assert shown == ["User", "User", "Thread", "Message", "Spec", "deny", "Spec", "deny"]


def test_the_same_words_twice_and_a_seat_too_many_are_expected_to_be_refused() -> None:
    """Guards 6 and 8 of L3."""
    commands = told(
        *(entry(1, name, "hello") for name in "abab"),
        *(entry(2, "c", text) for text in ("hello", "hello", "bye")),
        seats=2,
    )
    found = [(type(c).__name__, c.by, c.expect) for c in commands if hasattr(c, "text")]
    again, full = Reason.DuplicateContent, Reason.ThreadFull
    assert found == [
        ("Message", "a", None),
        ("Spec", "b", None),
        ("Message", "a", again),
        ("Message", "b", again),
        ("Spec", "c", full),
        ("Spec", "c", full),
        ("Spec", "c", full),
    ]


def test_everybody_can_pay_their_stakes() -> None:
    entries = [entry(n, "ab"[n > 0], str(n)) for n in range(5)]
    users = told(*entries, stake=40, tokens=100, decision="deny")[:2]
    assert [user.tokens for user in users] == [100, 160]


def test_a_text_too_long_is_cut_between_characters_and_counted() -> None:
    found = imported("x", [entry(1, "a", "☕" * 22_000)], Choices("x"))
    (message,) = (c for c in found.log.commands if isinstance(c, do.Message))
    assert message.text == "☕" * 21_845
    assert found.changed == Counter({"cut to 65536 bytes": 1})


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("a\tb\x1b[2J\u2028c", "a b [2J c"),
        ("  x  ", "x"),
        ("", "nameless"),
        ("\x00\n", "nameless"),
        ("é" * 99, "é" * 32),
        ("x" * 31 + " y", "x" * 31),
    ],
)
def test_names_are_made_such_that_a_log_can_hold_them(wanted: str, name: str) -> None:
    assert sanitized(wanted) == name
    users = [c for c in told(entry(1, wanted, "x"), entry(2, f"{wanted}\n", "y")) if c.line == 0]
    assert users[0].name == name
    assert users[1].name != name


@pytest.mark.parametrize(
    ("value", "microseconds"),
    [
        (START, START * 1_000_000),
        ("1767600000.000123", START * 1_000_000 + 123),
        (1.5, 1_500_000),
        ("2026-01-05T08:00:00Z", START * 1_000_000),
        ("2026-01-05 09:00:00.5+01:00", START * 1_000_000 + 500_000),
        ("2026-01-05T08:00:00", START * 1_000_000),
    ],
)
def test_times_are_seconds_or_iso_8601(
    value: object, microseconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert moment(value) == microseconds, "wherever this is run"
    time.tzset()


@pytest.mark.parametrize(
    "value", [None, True, [], "", "soon", -1, "nan", "inf", 1e300, 1767600000000, "1969-12-31"]
)
def test_what_is_no_time_is_said(value: object) -> None:
    with pytest.raises(ValueError, match=r"^is ") as error:
        moment(value)
    assert ("milliseconds?" in str(error.value)) == (value == 1767600000000)


@pytest.mark.parametrize("votes", ["approve", "deny"])
def test_a_lively_chat_holds_whoever_says_whatever_when(votes: str, folder: Path) -> None:
    """Names that are no names, words repeated, more people than seats, time standing still."""
    luck = random.Random(f"lively {votes}")
    people = [f"p{n % 5}\x07{' ' * n}" for n in range(7)]
    rows = [
        {
            "time": START + luck.choice([0, 0, 5, 90, 10**6]) * n,
            "author": luck.choice(people),
            "text": luck.choice(["yes", "no", "\x00", "☕" * 30, f"a thought of its own, {n}"]),
            "channel": luck.choice(["tea", "t\ne\x1ba", "coffee"]),
        }
        for n in range(150)
    ]
    (folder / "chat.json").write_text(json.dumps(rows), encoding="utf-8")
    ran, log = run("chat.json", "--format", "generic", "--votes", votes, "--seats", 3)
    expected = {c.expect for c in log.commands if c.expect is not None}
    full = {Reason.ThreadFull} if votes == "approve" else set()
    assert expected == {Reason.DuplicateContent} | full
    assert "ThreadFull" in ran.out or not full
    assert_it_replays()


def test_a_log_is_what_was_told_and_reads_back(folder: Path) -> None:
    _, log = run(DISCORD, "--format", "discord", "--stake", "0.5", "--privacy", "thread_only")
    assert log.header.parameters.min_stake == 500_000_000
    assert {c.privacy for c in log.commands if isinstance(c, do.Message)} == {Privacy.THREAD_ONLY}
    assert log.to_text() == OUT.read_text(encoding="utf-8")
    assert_it_replays()


# Bounds and ends


def test_what_is_read_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sum(path.stat().st_size for path in SLACK.glob("*/*.json"))
    users = (SLACK / "users.json").stat().st_size
    monkeypatch.setattr(imports_files, "LARGEST", whole + users)
    run(SLACK, "--format", "slack")
    monkeypatch.setattr(imports_files, "LARGEST", whole + users - 1)
    ran = choir("import", SLACK, "--format", "slack", "-o", "other.jsonl")
    assert ran.status == 2
    assert "2026-01-06.json: with what was read before larger than" in ran.err
    assert not Path("other.jsonl").exists()


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tea/2026-01-05.json", "[" + " " * 10**7 + "]")
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(imports_files, "LARGEST", 10**6)
    ran = choir("import", path, "--format", "slack", "-o", OUT)
    assert (ran.status, ran.out) == (2, "")
    assert "tea/2026-01-05.json: with what was read before larger than" in ran.err


def test_an_interrupt_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(msgspec.json, "decode", interrupted)
    ran = choir("import", DISCORD, "--format", "discord", "-o", OUT)
    assert ran == Ran(3, "", "choir import: interrupted; nothing was written\n")
    assert list(folder.iterdir()) == []


def test_a_log_that_cannot_be_written_leaves_the_one_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    OUT.write_text("the one before")
    monkeypatch.setattr(Path, "replace", full)
    ran = choir("import", DISCORD, "--format", "discord", "-o", OUT)
    assert ran.status == 3
    assert ran.err.endswith("--output out.jsonl: cannot be written: No space left on device\n")
    assert OUT.read_text() == "the one before"
    assert len(list(folder.iterdir())) == 1


def test_an_import_shows_progress_on_a_terminal_and_nowhere_else(folder: Path) -> None:
    shutil.copy(DISCORD, folder / "chat.json")
    arguments = ("import", "chat.json", "--format", "discord", "-o", "out.jsonl")
    shown = Terminal(*arguments, folder=folder).finish()
    assert shown.status == 0
    assert "reading" in shown.err
    assert "telling" in shown.err
    assert choir(*arguments).err == ""


def test_an_export_nobody_speaks_in_is_no_conversation() -> None:
    with pytest.raises(ImportDefect, match="holds no message to import"):
        imported("x", [], Choices("x"))
