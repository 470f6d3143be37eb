"""`choir verify --design`: the whole job in another on-chain design (SPEC 9)."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_report import Report, read_report
from cli_runs import TEA, choir

from choir_model.program import designs

EVE = '{"do": "user", "name": "eve", "tokens": "9"}\n'
DENIED = f"""\
{TEA}{EVE}\
{{"do": "spec", "id": "again", "thread": "tea", "by": "eve", "text": "Me too", "stake": "2"}}
{{"do": "vote", "spec": "again", "by": "marta", "decision": "deny"}}
{{"do": "vote", "spec": "again", "by": "tom", "decision": "approve", "expect": "AlreadyDecided"}}
{{"do": "wait", "days": 7}}
{{"do": "settle", "spec": "again", "expect": "AlreadyDecided"}}
{{"do": "claim", "spec": "again", "by": "marta"}}
"""
"""A denial, what comes of it at once, and what may come later."""


def verified(folder: Path, log: str, *choices: str, steps: int = 0) -> Report:
    """A run that holds; its report."""
    path, report = folder / "log.jsonl", folder / "report.json"
    path.write_text(log, encoding="utf-8")
    options = [word for choice in choices for word in ("--design", choice)]
    ran = choir("verify", path, "--steps", steps, "--json", report, *options)
    assert (ran.status, ran.err) == (0, ""), ran.out
    return read_report(report)


@pytest.mark.parametrize("name", sorted(designs.NAMED))
def test_machines_and_conversations_run_in_every_design_of_the_matrix(
    tmp_path: Path, name: str
) -> None:
    choices = [] if name == "default" else name.split()
    report = verified(tmp_path, DENIED, *choices, steps=300)
    assert report.design == designs.texts(designs.NAMED[name])
    assert report.conversations[0].design == report.design
    assert [machine.name for machine in report.machines] == ["ledger", "content", "system"]


@pytest.mark.parametrize(
    ("choice", "otherwise", "escrow"),
    [
        ("expiry=refund", 0, "0"),
        ("rejection=at_close", 2, "0"),  # the second vote is taken, and settle decides
        ("payout=push", 1, "0"),  # nothing is left to claim
        ("denial_share=refund", 1, "2"),  # for eve, not for marta
        ("denial_share=treasury", 1, "0"),
    ],
)
def test_lines_that_go_otherwise_in_another_design_are_counted_and_not_judged(
    tmp_path: Path, choice: str, otherwise: int, escrow: str
) -> None:
    """SPEC 9: the table of escrow by variant, in a conversation."""
    assert verified(tmp_path, DENIED).conversations[0].otherwise == 0
    (found,) = verified(tmp_path, DENIED, choice).conversations
    assert (found.otherwise, found.audit.escrow) == (otherwise, escrow)


def test_a_log_is_replayed_in_the_design_it_is_written_for(tmp_path: Path) -> None:
    log = TEA.replace('"start"', '"design": {"payout": "push"}, "start"')
    log += """\
{"do": "user", "name": "eve", "tokens": "9"}
{"do": "spec", "id": "again", "thread": "tea", "by": "eve", "text": "Me too", "stake": "2"}
{"do": "vote", "spec": "again", "by": "marta", "decision": "deny"}
{"do": "claim", "spec": "again", "by": "marta", "expect": "NothingToClaim"}
"""
    report = verified(tmp_path, log)
    assert report.design == designs.texts(designs.DEFAULT)
    assert report.conversations[0].design["payout"] == "push"
    ran = choir("verify", tmp_path / "log.jsonl", "--steps", 0)
    assert "log: replayed in the design it is written for, payout=push" in ran.out
    (other,) = verified(tmp_path, log, "payout=claim").conversations
    assert (other.design["payout"], other.otherwise) == ("claim", 1)
