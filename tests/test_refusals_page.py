"""The page of refusals is what the tables of the lockstep runs say (SPEC L3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from choir_model.ports.ledger import Foreign
from choir_model.program.bindings import Reason
from choir_model.verify import pages, refusals


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusals.main(["--check"]) == 0, capsys.readouterr().out


def test_every_refusal_has_a_row() -> None:
    rows = {line.split("`")[1] for line in refusals.render().splitlines() if line[:3] == "| `"}
    assert rows == {reason.name for reason in (*Reason, *Foreign)}


def test_a_page_that_is_behind_is_told_line_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    behind = refusals.render().replace("| `ThreadFull` |   |", "| `ThreadFull` | ● |")
    (tmp_path / "ledger-refusals.md").write_text(behind, encoding="utf-8")
    assert refusals.main(["--check"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line[:20] for line in told[:2]] == ["-| `ThreadFull` | ● ", "+| `ThreadFull` |   "]
    assert told[2].endswith("run python -m choir_model.verify.refusals")
    assert refusals.main([]) == 0
    assert refusals.main(["--check"]) == 0
