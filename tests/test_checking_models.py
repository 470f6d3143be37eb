"""The page on checking models: its model runs, and what it shows is what one sees."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import pytest
from cli_runs import choir
from test_docs import ROOT, anchors, tables

from choir_model.cli.app import check
from choir_model.engine import Action, Field, Model, Record, State, View
from choir_model.engine import Path as Behaviour
from choir_model.engine.export import value_to_json
from choir_model.engine.paths import Label

PAGE = ROOT / "docs" / "checking-models.md"
TEXT = PAGE.read_text("utf-8")


def marked(mark: str) -> str:
    """The block below a mark."""
    found = re.search(rf"^<!-- {re.escape(mark)} -->\n```\w+\n(.*?)^```$", TEXT, re.M | re.S)
    assert found is not None, mark
    return found[1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with the page's model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(marked("sample: train.py"), encoding="utf-8")
    return tmp_path


def stable(output: str) -> list[str]:
    """The lines that do not depend on the computer or on how the engine learns."""
    lines = re.sub(r"^(versions|audit) .*\n( .*\n)*", "", output, flags=re.M).splitlines()
    return [re.sub(r" · \d+ bits each", "", line) for line in lines]


def test_the_report_on_the_page_is_what_one_sees() -> None:
    ran = choir("engine", "check", "train.py")
    assert (ran.status, ran.err) == (1, "")
    assert stable(marked("sample: choir engine check train.py")) == stable(ran.out)


def test_the_cure_on_the_page_cures(folder: Path) -> None:
    wrong = re.search(r"With this line instead of `(.*)`", TEXT)
    assert wrong is not None
    text, fix = (folder / "train.py").read_text("utf-8"), marked("fix: train.py").strip()
    assert text.count(wrong[1]) == 1
    (folder / "fixed.py").write_text(text.replace(wrong[1], fix), encoding="utf-8")
    ran = choir("engine", "check", "fixed.py")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[-1:] == marked("sample of the fix").splitlines()


class Lamp(Record, name="lamp"):
    lit = Field(False)
    level = Field(0)


def switch(view: View) -> None:
    Lamp(view).lit = not Lamp(view).lit


def dim(view: View) -> None:
    Lamp(view).level = 1 - Lamp(view).level


def test_the_loop_on_the_page_is_how_loops_are_shown() -> None:
    model = Model("lamp", {Lamp: None}, [Action(switch), Action(dim)])
    labels = [Label(model.actions[n], ()) for n in (0, 1, 1)]
    path = Behaviour.run(model, State(), labels, loop=1)
    assert f"{path}\n" == marked("sample: a loop")


def test_the_page_lists_the_options_of_the_command() -> None:
    options, _ = tables(PAGE, "## The command")
    listed = [re.match(r"`(--[a-z-]+)", row[0]) for row in options]
    known = [option for parameter in check.params for option in parameter.opts if "-" in option]
    assert [match and match[1] for match in listed] == known


def test_the_page_lists_the_fields_of_a_report_and_of_a_path() -> None:
    assert choir("engine", "check", "train.py", "--json", "report.json").status == 1
    report = json.loads(Path("report.json").read_text("utf-8"))
    of_report, of_path, _ = tables(PAGE, "## The JSON report")
    listed = [name for row in of_report for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(listed) == sorted(report)
    (path,) = report["findings"][0]["paths"]
    listed = [name for row in of_path for name in re.findall(r"`(\w+)`", row[0])]
    assert {"format", "version", "model", "property", *listed} == set(path)
    (steps,) = [row[1] for row in of_path if row[0] == "`steps`"]
    assert set(path["steps"][0]) <= set(re.findall(r"`(\w+)`", steps))


@dataclass(frozen=True)
class Vote:
    yes: bool


Vote.__module__ = "polls"
SCOPE = {"Colour": Enum("Colour", ["RED"], module="paint"), "Vote": Vote}


def test_the_values_on_the_page_are_written_as_it_says() -> None:
    *_, values = tables(PAGE, "## The JSON report")
    compared = 0
    for value, data in values:
        literals = re.findall(r"`([^`]+)`", value) if value.startswith("`") else []
        for literal, written in zip(literals, re.findall(r"`([^`]+)`", data), strict=False):
            found = eval(literal, dict(SCOPE))  # noqa: S307 (of the page)
            assert value_to_json(found) == json.loads(written), literal
            compared += 1
    assert compared == 9


def test_the_page_speaks_of_sections_it_has() -> None:
    assert {"the-json-report", "traces", "state-graphs"} <= anchors(PAGE)
