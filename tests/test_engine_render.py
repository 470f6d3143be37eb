"""How reports are shown: loops, long and wide counterexamples, names that mislead."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from typing import Any

from value_model import LASSO, MODEL, PUT, STUTTERING, through

from choir_model.cli import engine_render
from choir_model.engine import Action, Model, State, Verdict, eventually
from choir_model.engine import Path as Behaviour
from choir_model.engine.paths import Label
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
    assert "\n   and nothing changes any more\n" in shown(violated(STUTTERING))


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
    assert text.endswith("UNKNOWN settled; explored 4 000 000 states until the limit of 9 states\n")
