"""Interrupts, wherever they come: there is a report, and it claims no more than was done."""

from __future__ import annotations

import signal
import sys
from itertools import count
from types import FrameType
from typing import Any

import pytest

from choir_model.engine import (
    Action,
    Field,
    Model,
    Property,
    Record,
    Report,
    Verdict,
    View,
    always,
    check,
    coverage,
    explored,
    guard,
    sometimes,
    state_graph,
    walker,
)
from choir_model.engine.layout import Layout
from choir_model.engine.transitions import Transitions


class Counter(Record, name="counter"):
    value = Field(0)
    other = Field(0)


def up(view: View) -> None:
    guard(view, Counter(view).value < 3)
    Counter(view).value += 1


def anything(view: View) -> bool:
    return Counter(view).value >= 0


def below_two(view: View) -> bool:
    return Counter(view).value < 2


def below_five(view: View) -> bool:
    return Counter(view).value < 5


def counting(*claims: Property) -> Model:
    return Model("count", {Counter: None}, [Action(up)], properties=claims)


def wander(view: View) -> None:
    """Ever more values, so that the layout grows again and again."""
    counter = Counter(view)
    guard(view, counter.value < 6)
    counter.value += 1
    counter.other = view.choose([counter.other, counter.value])


def farther(view: View) -> None:
    """Like `wander`, with a layout that has to move what came after a cell that outgrew it."""
    counter = Counter(view)
    guard(view, counter.value < 30)
    counter.value += 1
    counter.other = view.choose([counter.other, counter.value])


LOW = always(below_five, name="low")
WANDERING = Model("wander", {Counter: None}, [Action(wander)], properties=[LOW])
FARTHER = Model("farther", {Counter: None}, [Action(farther)], properties=[LOW])


def interrupted_at(line: int) -> Report | None:
    """A check with an interrupt at a line of the walker's as it comes to be run; None after all."""
    left = line

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal left
        code = frame.f_code
        inside = code.co_filename in TORN and code.co_name not in OUTER
        if event == "line" and inside:
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace if inside or event == "call" else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        report = check(WANDERING, keep_going=True)
    finally:
        sys.settrace(before)
    return report if left <= 0 else None


OUTER = (
    "__init__",
    "run",
    "settle",
    "<lambda>",
    "<listcomp>",
    "<setcomp>",
    "<dictcomp>",
    "<genexpr>",
)
TORN = (walker.__file__, explored.__file__)


def test_an_interrupt_at_any_line_of_the_walker_leaves_a_report() -> None:
    for line in range(1, 10_000, 17):
        report = interrupted_at(line)
        if report is None:
            assert line > 500
            return
        assert report.stopped == "an interrupt"
        (finding,) = report.findings.values()
        if finding.verdict is Verdict.VIOLATED:
            assert len(finding.paths[0]) == 5
        else:
            assert finding.verdict is Verdict.UNKNOWN
    raise AssertionError("the exploration did not end")


@pytest.mark.parametrize("wanted", [2, 3, 4])
def test_an_interrupt_while_the_layout_changes_comes_when_it_has_changed(
    wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, relayout = count(1), Layout.relayout

    def interrupted(layout: Layout) -> Any:
        repack = relayout(layout)
        if next(times) == wanted:
            signal.raise_signal(signal.SIGINT)
        return repack

    monkeypatch.setattr(Layout, "relayout", interrupted)
    report = check(FARTHER, keep_going=True)
    assert report.stopped == "an interrupt"
    assert report.audit.unaudited == 0


def test_an_interrupt_of_the_audits_leaves_a_report_that_claims_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(machine: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(coverage, "_audit_answers", interrupted)
    claims = [always(anything), always(below_two), sometimes(at_two)]
    report = check(counting(*claims))
    assert report.stopped == "an interrupt"
    verdicts = [finding.verdict for finding in report.findings.values()]
    assert verdicts == [Verdict.UNKNOWN, Verdict.VIOLATED, Verdict.HOLDS]
    assert report.verdict is Verdict.VIOLATED
    assert check(counting(claims[0])).verdict is Verdict.UNKNOWN
    assert state_graph(counting()).cut == "an interrupt"


def at_two(view: View) -> bool:
    return Counter(view).value == 2


def test_half_a_state_and_half_a_row_are_taken_back() -> None:
    machine: Any = None
    found = explored.Explored(machine, [], {5: 0, 6: 1}, transitions=Transitions([0, 1]))
    found.parents.append(-1)
    found.via.append(0)
    assert found.transitions is not None
    found.transitions.targets.append(1)
    found.settle()
    assert (found.index, found.levels) == ({5: 0}, [1])
    assert (list(found.transitions.targets), found.transitions.initial) == ([], [0])
