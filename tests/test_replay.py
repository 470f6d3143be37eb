"""Conversations replayed: what a log expects of the whole system, on both references."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from choir_model.content import reference
from choir_model.content.cells import Point
from choir_model.content.port import ReferenceContent
from choir_model.domain.identity import RecordKey
from choir_model.domain.lifecycle import Status
from choir_model.engine import View
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.compare import Coverage, Violation
from choir_model.lockstep.content_pair import ContentPair
from choir_model.lockstep.ledger_pair import LedgerPair
from choir_model.lockstep.system_pair import SystemPair
from choir_model.verify.log import read_log
from choir_model.verify.people import People
from choir_model.verify.replay import Conversation, Replay, Unexpected, users_of

HEAD: list[dict[str, Any]] = [
    {"log": "choir", "version": 1, "title": "t", "start": 5},
    {"do": "user", "name": "ada", "tokens": "10"},
    {"do": "user", "name": "bob", "tokens": "10"},
    {"do": "user", "name": "dan", "tokens": "0"},
    {"do": "thread", "name": "t", "by": "ada"},
]
LONG = "the first seventy characters of these two messages are the same, and then "


def replay(tmp_path: Path, *commands: dict[str, Any]) -> Conversation:
    path = tmp_path / "talk.jsonl"
    path.write_text("".join(json.dumps(c) + "\n" for c in (*HEAD, *commands)), "utf-8")
    log = read_log(path)
    users = users_of(log)
    ledger, coverage = ReferenceLedger(), Coverage()
    people = People.of(ledger, len(users), users)
    pair = SystemPair(
        LedgerPair(ReferenceLedger(), ledger, people, coverage),
        ContentPair(ReferenceContent(), ReferenceContent(), coverage),
        coverage,
    )
    return Replay(log, pair, people).run()


def message(text: str, by: str = "ada", **more: str) -> dict[str, Any]:
    return {"do": "message", "thread": "t", "by": by, "text": text, **more}


def search(text: str, by: str = "dan", **more: Any) -> dict[str, Any]:
    return {"do": "search", "by": by, "text": text, **more}


def test_messages_that_differ_late_are_told_apart(tmp_path: Path) -> None:
    """C4: the whole text is embedded."""
    replay(
        tmp_path,
        message(LONG + "tea", id="a"),
        message(LONG + "rowing boats on the lake", id="b"),
        search(LONG + "tea", limit=1, finds=["a"]),
        search(LONG + "rowing boats on the lake", limit=1, finds=["b"]),
    )


def test_a_wait_to_the_end_of_time_is_a_wait(tmp_path: Path) -> None:
    done = replay(tmp_path, {"do": "wait", "seconds": 2**63 - 1 - 5})
    assert done.records == 0


def test_of_two_ids_of_one_record_the_accepted_one_counts(tmp_path: Path) -> None:
    replay(
        tmp_path,
        message("same words", id="first"),
        message("same words", id="again", expect="DuplicateContent"),
        search("same words", finds=["first"], hides=["again"]),
    )
    with pytest.raises(Unexpected, match=r"line 7: found \['first'\], the log expects \[\]"):
        replay(tmp_path, message("same words", id="first"), search("same words", finds=[]))


def test_the_latest_submission_decides_whom_a_record_is_for(tmp_path: Path) -> None:
    """S8: refused as a message, public; accepted as a spec, for the thread only."""
    replay(
        tmp_path,
        message("secret plan", by="bob", expect="NotCoAuthor"),
        {"do": "spec", "id": "s", "thread": "t", "by": "bob", "text": "secret plan", "stake": "1"}
        | {"privacy": "thread_only"},
        {"do": "vote", "spec": "s", "by": "ada", "decision": "approve"},
        search("secret plan", hides=["s"]),
        search("secret plan", by="ada", finds=["s"]),
    )


def test_content_that_is_gone_is_a_violation_though_both_sides_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S5: a verdict about agreement alone would hold."""
    honest = reference.set_status

    def corrupting(view: View, key: RecordKey, status: Status) -> None:
        honest(view, key, status)
        Point(view, key).content = "never said"

    monkeypatch.setattr(reference, "set_status", corrupting)
    with pytest.raises(Violation, match="S5b"):
        replay(tmp_path, message("hello"))
