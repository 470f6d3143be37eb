"""How reports are shown: loops, long and wide counterexamples, names that mislead."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from typing import Any

import pytest
from cli_runs import ROOT
from rich.console import Console
from value_model import LASSO, MODEL, PUT, STUTTERING, through

from choir_model.cli import engine_render
from choir_model.engine import Action, Model, State, Verdict, eventually, sometimes
from choir_model.engine import Path as Behaviour
from choir_model.engine.paths import STAYS, Label
from choir_model.engine.report import ActionCoverage, Audit, Counts, Finding, Report


def shown(*findings: Finding, **instead: Any) -> str:
    """A report as it is shown in a file."""
    report = Report(
        model="values",
        design={},
        bounds={},
        versions={"choir-model": "1"},
        verdict=findings[0].verdict,
        findings={finding.property.name: finding for finding in findings},
        counts=Counts(distinct=4_000_000, generated=5),
        coverage={"put": ActionCoverage(1, 2, 3, {}, 4, 5)},
        audit=Audit(1, 1),
    )
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        engine_render.show(replace(report, **instead), "values.py")
    return out.getvalue()


def settled(view: Any) -> bool:
    return bool(view)


def violated(*paths: Behaviour, name: str = "settled") -> Finding:
    claim = eventually(settled, name=name)
    return Finding(claim, Verdict.VIOLATED, paths, "a fair behaviour never comes to it")


def test_the_loop_of_a_behaviour_is_marked() -> None:
    text = shown(violated(LASSO))
    assert text.index("1  put(value=None)") < text.index("2↻ put(value=RED)")
    assert "4↻ put(value=None)" in text
    assert "\n   and back to state 1, for ever\n" in text
    assert "settled: counterexample, 4 steps; a fair behaviour never comes to it\n" in text


def test_a_behaviour_that_ends_in_doing_nothing_says_so() -> None:
    said = f"\n   {STAYS}\n"
    assert said in shown(violated(STUTTERING))
    assert f"{STUTTERING}\n".endswith(said)
    assert said in (ROOT / "docs" / "checking-models.md").read_text("utf-8")


def test_a_long_counterexample_shows_its_ends() -> None:
    text = shown(violated(through(*[Label(PUT, (value,)) for value in (True, None)] * 200)))
    assert "    … 201 steps left out; --json has them all\n" in text
    assert "\n 99  put" in text
    assert "\n100  put" not in text
    assert "\n400  put" in text


def test_wide_values_are_shortened_and_many_changes_stand_below_each_other() -> None:
    wide = max(len(line) for line in shown(violated(through(Label(PUT, ("",))))).splitlines())
    assert wide <= 100
    many = replace(STUTTERING.steps[0], changes=STUTTERING.steps[0].changes * 4)
    text = shown(violated(Behaviour(MODEL, STUTTERING.initial, (many,))))
    assert text.count("\n       lamp.value: 2 → None\n") == 4


def test_names_that_look_like_markup_or_drive_the_terminal_are_shown_as_they_are() -> None:
    name = "[bold]a\x1b[2J\nb"
    text = shown(violated(name=name), model="[red]m", design={"[x]": "[y]"}, notes=("[/]\x07",))
    assert text.count(r"[bold]a\x1b[2J\nb") == 2
    assert "model     [red]m · values.py\n" in text
    assert "design    [x]=[y]\n" in text
    assert "note      [/]\\x07\n" in text


def test_an_action_whose_name_misleads_is_shown_as_it_is() -> None:
    action = Action(PUT.fn, over=PUT.over, name="[red]put\x1b[2J")
    model = Model("values", MODEL.records, [action])
    path = Behaviour.run(model, State(), [Label(action, (True,))])
    assert r"1  [red]put\x1b[2J(value=True)    lamp.value: None → True, " in shown(violated(path))


def test_why_nothing_can_be_said_is_said() -> None:
    claim = eventually(settled)
    finding = Finding(claim, Verdict.UNKNOWN, (), "behaviours go on beyond the limit of 9 states")
    text = shown(finding, stopped="the limit of 9 states", bounds={"limit": "9 states"})
    assert "settled: behaviours go on beyond the limit of 9 states\n" in text
    assert text.endswith(
        "UNKNOWN settled; explored 4 000 000 states, stopped by the limit of 9 states\n"
    )


def satisfied(view: Any) -> bool:
    return bool(view)


HELD = Finding(sometimes(satisfied), Verdict.HOLDS)


@pytest.mark.parametrize(
    ("stopped", "said"),
    [
        ("the limit of 1 state", "by the limit of 1 state"),
        ("the limit of 12000 states", "by the limit of 12 000 states"),
        ("an interrupt", "by an interrupt"),
        (
            "the verdict on the last open property, after 1 level",
            "by the verdict on the last open property, after 1 level",
        ),
    ],
)
def test_what_ended_a_run_reads_well_in_its_line_and_in_the_last(stopped: str, said: str) -> None:
    text = shown(HELD, stopped=stopped, bounds={"sort cup": "1 member", "limit": "10000 states"})
    assert f"\nstopped   {said}\n" in text
    assert "\nbounds    sort cup: 1 member · limit: 10 000 states\n" in text
    last = f"HOLDS 1 property; explored 4 000 000 states within sort cup: 1 member, stopped {said}"
    assert text.splitlines()[-1] == last


def test_without_properties_it_is_said_that_none_was_checked() -> None:
    def last(**instead: Any) -> str:
        return shown(HELD, findings={}, **instead).splitlines()[-1]

    said = "nothing: no property was checked; explored"
    assert last() == f"HOLDS {said} all 4 000 000 states there are"
    cut = last(verdict=Verdict.UNKNOWN, stopped="an interrupt")
    assert cut == f"UNKNOWN {said} 4 000 000 states, stopped by an interrupt"


def test_the_parts_of_an_audit_add_up_to_its_whole() -> None:
    text = shown(HELD, audit=Audit(leaves=61, elsewhere=7, again=4, executions=1, unaudited=50))
    assert "61 local situations · 7 confirmed in another state · 4 in their only one" in text
    assert "50 not run again · 1 run of model code\n" in text
    whole = shown(HELD, audit=Audit(leaves=1, elsewhere=1, executions=20_000, equivariance=1))
    assert "1 local situation · 1 confirmed in another state · 0 in their only one" in whole
    assert "20 000 runs of model code · symmetry checked on 1 case\n" in whole
    assert "not run again" not in whole


def test_numbers_are_grouped_and_words_go_with_them() -> None:
    text = shown(
        HELD,
        counts=Counts(distinct=1, generated=1, state_bits=1),
        notes=("12345 of 1234567 states found were expanded", "see year2024.py:12345"),
    )
    assert "note      12 345 of 1 234 567 states found were expanded\n" in text
    assert "note      see year2024.py:12345\n" in text
    assert " · 1 bit each\n" in text
    assert text.endswith("explored all 1 state there are\n")


@pytest.mark.parametrize("columns", range(30, 60))
def test_a_line_of_a_terminal_is_broken_between_words_and_in_no_number(columns: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=columns)
    words = "VIOLATED solvent; explored all 11 008 123 states within the-long-name of a bound"
    lines = engine_render._wrapped(console, words)
    assert " ".join(line.strip() for line in lines) == words
    assert max(map(len, lines)) <= columns
    assert sum("11 008 123" in line for line in lines) == 1
    assert sum("the-long-name" in line for line in lines) == 1
