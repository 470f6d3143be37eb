"""Refinement: every step seen through the mapping is a step of the abstract model, or none."""

from __future__ import annotations

import pytest

from choir_model.engine import (
    Action,
    Field,
    Model,
    ModelError,
    Record,
    Verdict,
    View,
    check,
    guard,
    refines,
)


class Clock(Record, name="clock"):
    hour = Field(0)
    minute = Field(0)


class Hours(Record, name="hours"):
    hour = Field(0)


def tick(view: View) -> None:
    """The next hour."""
    Hours(view).hour = (Hours(view).hour + 1) % 3


HOURS = Model("hours", {Hours: None}, [Action(tick)])


def advance(view: View) -> None:
    clock = Clock(view)
    if clock.minute == 3:
        clock.hour = (clock.hour + 1) % 3
    clock.minute = (clock.minute + 1) % 4


def skip(view: View) -> None:
    """Two hours on, at a full hour only."""
    clock = Clock(view)
    guard(view, clock.minute == 0 and clock.hour == 1)
    clock.hour = 0 if clock.hour == 1 else 1


def only_the_hour(view: View, image: View) -> None:
    Hours(image).hour = Clock(view).hour


def clock(*actions: object, mapping: object = only_the_hour, **options: object) -> Model:
    return Model(
        "clock",
        {Clock: None},
        [Action(act) for act in actions],  # type: ignore[arg-type]
        properties=[refines(HOURS, mapping, clause="X1")],  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )


def test_a_finer_model_refines_a_coarser_one() -> None:
    report = check(clock(advance))
    assert report.verdict is Verdict.HOLDS
    assert report.findings["refines_hours"].property.clause == "X1"


def test_a_step_the_coarser_model_cannot_take_is_shown_with_the_shortest_way() -> None:
    report = check(clock(advance, skip))
    finding = report.findings["refines_hours"]
    assert finding.verdict is Verdict.VIOLATED
    assert finding.explanation == "hours has no step from hours.hour = 1 to all defaults"
    (path,) = finding.paths
    assert [step.label.action.name for step in path.steps] == ["advance"] * 4 + ["skip"]


def test_an_initial_state_must_map_to_an_initial_one() -> None:
    def late(view: View) -> None:
        Clock(view).hour = view.choose([0, 2])

    report = check(clock(advance, initial=late))
    finding = report.findings["refines_hours"]
    assert finding.verdict is Verdict.VIOLATED
    assert "an initial state maps to no initial state of hours" in finding.explanation
    assert len(finding.paths[0]) == 0
    assert finding.paths[0].initial == {Clock.hour[None]: 2}


def test_a_step_out_of_the_constraint_is_judged_too() -> None:
    def early(view: View) -> bool:
        return Clock(view).hour < 2

    def jump(view: View) -> None:
        guard(view, Clock(view).hour == 0)
        Clock(view).hour = 2

    assert check(clock(advance, constraints=[early])).verdict is Verdict.HOLDS
    assert check(clock(advance, jump, constraints=[early])).verdict is Verdict.VIOLATED


def test_a_partial_exploration_says_unknown() -> None:
    assert check(clock(advance), limit=3).verdict is Verdict.UNKNOWN


def test_a_mapping_that_fails_is_an_error_with_a_path() -> None:
    def failing(view: View, image: View) -> None:
        Hours(image).hour = 1 // (2 - Clock(view).hour)

    with pytest.raises(
        ModelError, match=r"the mapping of refines_hours: ZeroDivisionError"
    ) as error:
        check(clock(advance, mapping=failing))
    assert len(error.value.path) == 8  # type: ignore[attr-defined]


def test_a_mapping_that_writes_unknown_cells_is_an_error() -> None:
    def stray(view: View, image: View) -> None:
        Clock(image).hour = Clock(view).hour

    with pytest.raises(ModelError, match=r"the mapping writes clock.hour, no cell of hours"):
        check(clock(advance, mapping=stray))


def test_a_mapping_only_reads_the_concrete_state() -> None:
    def backwards(view: View, image: View) -> None:
        Clock(view).hour = 1

    with pytest.raises(ModelError, match="written where only reading is allowed"):
        check(clock(advance, mapping=backwards))
