"""The logs people read: the bundled ones and the example of the page expect what is right.

Their expectations are held against `Ledger`, the rules of the ledger in a few lines;
``choir verify`` holds them against the reference and the real stores.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from choir_model.domain.lifecycle import Privacy
from choir_model.program.bindings import Reason
from choir_model.verify import commands as do
from choir_model.verify.log import Log, bundled_logs, read_log

BUNDLED = bundled_logs()
DOCS = Path(__file__).parents[1] / "docs" / "log-format.md"


@dataclass
class Record:
    author: str
    electorate: list[str]
    deadline: int
    stake: int
    privacy: Privacy
    status: str = "pending"
    approvals: set[str] = field(default_factory=set)
    denier: str = ""
    claimed: bool = False


class Ledger:
    """The rules a log's expectations are held against, guard by guard (L3)."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.now = log.header.start
        self.tokens: dict[str, int] = {}
        self.premium: dict[str, bool] = {}
        self.seats: dict[str, list[str]] = {}
        self.records: dict[tuple[str, str, str], Record] = {}
        self.keys: dict[str, tuple[str, str, str]] = {}
        self.refusals: set[str] = set()
        self.statuses: set[str] = set()

    def replay(self) -> None:
        for command in self.log.commands:
            refusal = self.step(command)
            expected = command.expect.name if command.expect else None
            assert refusal == expected, command
            self.refusals |= {refusal} if refusal else set()
        self.statuses = {record.status for record in self.records.values()}

    def step(self, command: do.Command) -> str | None:
        match command:
            case do.User(name=name, tokens=tokens):
                self.tokens[name], self.premium[name] = tokens, command.premium
            case do.Thread(name=name, by=by):
                self.seats[name] = [by]
            case do.Wait():
                self.now += command.duration
            case do.Premium(user=user, on=on):
                self.premium[user] = on
            case do.ChangePrivacy(message=name, privacy=privacy):
                self.records[self.keys[name]].privacy = privacy
            case do.Donate(by=by, amount=amount):
                self.tokens[by] -= amount
                assert self.tokens[by] >= 0
            case do.Search():
                self.search(command)
            case do.Message() | do.Spec():
                return self.submit(command)
            case _:
                return self.decide(command)
        return None

    def submit(self, command: do.Message | do.Spec) -> str | None:
        key = (command.thread, command.by, command.text)
        if command.id is not None:
            self.keys[command.id] = key
        seats, window = self.seats[command.thread], self.log.header.parameters.approval_window
        pending = sum(k[0] == key[0] and r.status == "pending" for k, r in self.records.items())
        if (command.by in seats) != isinstance(command, do.Message):
            return "AlreadyCoAuthor" if isinstance(command, do.Spec) else "NotCoAuthor"
        if key in self.records:
            return "DuplicateContent"
        if isinstance(command, do.Message):
            self.records[key] = Record(command.by, [], 0, 0, command.privacy, "published")
            return None
        if command.stake < self.log.header.parameters.min_stake:
            return "InvalidStake"
        if self.tokens[command.by] < command.stake:
            return "InsufficientFunds"
        if len(seats) + pending >= self.log.header.parameters.max_co_authors:
            return "ThreadFull"
        self.tokens[command.by] -= command.stake
        deadline = self.now + window
        self.records[key] = Record(
            command.by, list(seats), deadline, command.stake, command.privacy
        )
        return None

    def decide(self, command: do.Vote | do.Settle | do.Claim) -> str | None:
        key = self.keys[command.spec]
        record = self.records.get(key)
        if record is None:
            return "UnknownRecord"
        if isinstance(command, do.Claim):
            return self.claim(record, command.by)
        if record.status != "pending":
            return "AlreadyDecided"
        if isinstance(command, do.Settle):
            record.status = "pending" if self.now < record.deadline else "expired"
            return "WindowOpen" if record.status == "pending" else None
        seats = self.seats[key[0]]
        if self.now >= record.deadline:
            return "WindowClosed"
        if command.by not in record.electorate:
            return "NotInElectorate" if command.by in seats else "NotCoAuthor"
        if command.by in record.approvals:
            return "AlreadyVoted"
        if command.decision == "deny":
            record.status, record.denier = "rejected", command.by
            return None
        record.approvals.add(command.by)
        if record.approvals == set(record.electorate):
            record.status = "published"
            seats += [] if record.author in seats else [record.author]
        return None

    def claim(self, record: Record, by: str) -> str | None:
        if record.status == "pending":
            return "NotDecided"
        if record.denier != by:
            return "NothingToClaim"
        if record.claimed:
            return "AlreadyClaimed"
        record.claimed = True
        self.tokens[by] += record.stake
        return None

    def sees(self, viewer: str, key: tuple[str, str, str]) -> bool:
        record = self.records.get(key)
        if record is None or record.status != "published":
            return False
        if viewer == record.author or viewer in self.seats[key[0]]:
            return True
        return record.privacy is Privacy.PUBLIC or (
            record.privacy is Privacy.PREMIUM and self.premium[viewer]
        )

    def search(self, command: do.Search) -> None:
        assert not any(self.sees(command.by, self.keys[name]) for name in command.hides), command
        if command.finds is None:
            return
        # Certain only where one record says exactly this, or nothing at all is in sight.
        scope = [k for k in self.records if command.thread in (None, k[0])]
        exact = [k for k in scope if self.sees(command.by, k) and k[2] == command.text]
        assert [self.keys[name] for name in command.finds] == exact, command
        assert command.limit == len(exact) == 1 or not any(self.sees(command.by, k) for k in scope)


def test_the_page_says_what_the_reader_reads(tmp_path: Path) -> None:
    page = DOCS.read_text(encoding="utf-8")
    example = tmp_path / "example.jsonl"
    example.write_text(page.partition("```jsonl\n")[2].partition("```")[0], encoding="utf-8")
    assert len(read_log(example).commands) == 12
    Ledger(read_log(example)).replay()
    for kind in get_args(do.Command):
        section = page.partition(f"\n### `{kind.__struct_config__.tag}`: ")[2].partition("\n### ")[
            0
        ]
        rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", section, re.MULTILINE))
        fields = {f.name: f.required for f in msgspec.structs.fields(kind)}
        refusable = kind in get_args(do.Instruction)
        hidden = {"line"} if refusable else {"line", "expect"}
        assert {name: what == "needed" for name, what in rows.items()} == {
            name: required for name, required in fields.items() if name not in hidden
        }


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_a_bundled_log_expects_what_the_rules_say(path: Path) -> None:
    log = read_log(path)
    ledger = Ledger(log)
    ledger.replay()
    said = [c for c in log.commands if isinstance(c, (do.Message, do.Spec)) and not c.expect]
    assert len(said) >= 60
    assert 5 <= len({c.by for c in said}) <= 9
    assert len({c.thread for c in said}) >= 2
    assert {type(c) for c in log.commands} >= set(get_args(do.Command)) - {do.Claim, do.Donate}
    assert ledger.statuses == {"published", "rejected", "expired"}
    assert {c.privacy for c in said} == set(Privacy)


def test_the_bundled_logs_meet_every_refusal_a_log_can_meet() -> None:
    assert len(BUNDLED) == 3
    met: set[str] = set()
    for path in BUNDLED:
        ledger = Ledger(read_log(path))
        ledger.replay()
        met |= ledger.refusals
    guards = {reason.name for reason in Reason if reason.value >= Reason.UnknownRecord.value}
    assert met == guards - {"Overflow", "PayeeUnavailable"}
