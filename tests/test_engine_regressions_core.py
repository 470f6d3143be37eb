"""Models on which exploration or judgement once was wrong, as small as they could be made."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from choir_model.engine import (
    Action,
    Fairness,
    Field,
    Model,
    ModelError,
    Property,
    Record,
    Sort,
    Verdict,
    View,
    always,
    check,
    coverage,
    eventually,
    guard,
    refines,
    sometimes,
)

NAMES = {"ann", "bob", "cid", "dan"}
NAME = Sort("name", sorted(NAMES))
BIT = Sort("bit", 13)


class Counter(Record, name="counter"):
    value = Field(0)
    other = Field(0)


class Place(Record, name="place"):
    value = Field(0)


def up(view: View) -> None:
    guard(view, Counter(view).value < 3)
    Counter(view).value += 1


def anything(view: View) -> bool:
    return Counter(view).value >= 0


def numbered(view: View) -> None:
    for number, name in enumerate(NAMES):
        Place(view, name).value = number


def test_initial_states_that_depend_on_the_order_of_a_set_are_an_error() -> None:
    model = Model("rooms", {Counter: None, Place: NAME}, [Action(up)], initial=numbered)
    said = r"the initial states of rooms: not the same every time: once place.value.*, and another"
    with pytest.raises(ModelError, match=said) as error:
        check(model)
    assert "iterated in another order there, sort them" in str(error.value)


def test_initial_states_that_depend_on_a_counter_are_an_error() -> None:
    numbers = count()

    def counted(view: View) -> None:
        Counter(view).value = next(numbers) % 2

    model = Model("counter", {Counter: None}, [Action(up)], initial=counted)
    with pytest.raises(ModelError, match=r"all defaults, and another time counter.value = 1"):
        check(model)


def test_of_very_many_initial_states_a_sample_is_run_again() -> None:
    numbers = count()

    def bits(view: View) -> None:
        for bit in BIT:
            Place(view, bit).value = view.choose([0, 1])
        if Place(view, BIT[0]).value:  # in the second half only
            Counter(view).value = next(numbers) % 2

    model = Model("bits", {Counter: None, Place: BIT}, [Action(up)], initial=bits)
    with pytest.raises(ModelError, match=r"the initial states of bits: not the same every time"):
        check(model)


def test_the_time_limit_is_one_for_each_initial_state() -> None:
    def slow(view: View) -> None:
        Counter(view).value = view.choose(range(40))
        sum(range(150_000))

    def still(view: View) -> None:
        guard(view, Counter(view).value < 0)

    model = Model("slow", {Counter: None}, [Action(still)], initial=slow)
    report = check(model, properties=[], patience=0.1)
    assert report.counts.initial == 40


def test_initial_states_without_an_end_are_told_with_the_model() -> None:
    def endless(view: View) -> None:
        while True:
            pass

    model = Model("clock", {Counter: None}, [Action(up)], initial=endless)
    with pytest.raises(ModelError, match=r"the initial states of clock: did not end within 0.1"):
        check(model, patience=0.1)


class Coarse(Record, name="coarse"):
    value = Field(0)
    log = Field(0, auxiliary=True)


def to_coarse(view: View, image: View) -> None:
    Coarse(image).value = Counter(view).value


def refined(act: Callable[[View], None], mapping: Any = to_coarse, **options: Any) -> Model:
    """`up`, with a claim that it refines a model with one action."""
    kept = options.pop("keep_auxiliary", False)
    coarse = Model("coarse", {Coarse: None}, [Action(act)], keep_auxiliary=kept)
    claims = [refines(coarse, mapping)]
    return Model("fine", {Counter: None}, [Action(up)], properties=claims, **options)


def coarse_up(view: View) -> None:
    Coarse(view).value += 1


def test_initial_states_outside_a_constraint_are_refined_too() -> None:
    def either(view: View) -> None:
        Counter(view).value = view.choose([0, 2])

    def small(view: View) -> bool:
        return Counter(view).value < 2

    report = check(refined(coarse_up, initial=either, constraints=[small]))
    finding = report.findings["refines_coarse"]
    assert finding.verdict is Verdict.VIOLATED
    assert finding.explanation == (
        "an initial state maps to no initial state of coarse: coarse.value = 2"
    )
    assert (len(finding.paths[0]), finding.paths[0].initial) == (0, {Counter.value[None]: 2})


def test_an_abstract_action_that_raises_is_a_fault_at_the_step() -> None:
    def failing(view: View) -> None:
        if Coarse(view).value == 1:
            raise KeyError("no one")
        coarse_up(view)

    said = r"failing of coarse: KeyError: 'no one' .*; in its state: coarse.value = 1; in the state"
    with pytest.raises(ModelError, match=said) as error:
        check(refined(failing))
    assert len(error.value.path) == 2  # type: ignore[attr-defined]


def test_an_abstract_action_without_an_end_is_a_fault_at_the_step() -> None:
    def endless(view: View) -> None:
        while Coarse(view).value == 1:
            pass
        coarse_up(view)

    def reading_once(view: View) -> None:
        value = Coarse(view).value
        while value == 1:
            pass
        coarse_up(view)

    with pytest.raises(ModelError, match="endless of coarse: StepBudgetExceeded"):
        check(refined(endless))
    with pytest.raises(ModelError, match=r"reading_once of coarse: did not end within 0\.1") as e:
        check(refined(reading_once), patience=0.1)
    assert len(e.value.path) == 2  # type: ignore[attr-defined]


def test_an_abstract_action_that_is_no_function_of_its_state_is_a_fault() -> None:
    numbers = count()

    def fickle(view: View) -> None:
        guard(view, next(numbers) < 3)
        coarse_up(view)

    with pytest.raises(ModelError, match="fickle of coarse: not the same every time"):
        check(refined(fickle))


def test_an_abstract_action_that_changes_in_the_course_of_a_check_is_an_error() -> None:
    numbers = count()

    def tiring(view: View) -> None:
        guard(view, next(numbers) < 2)
        coarse_up(view)

    with pytest.raises(ModelError, match="the actions of coarse are not the same every time"):
        check(refined(tiring))


def test_an_abstract_action_that_writes_an_unknown_cell_is_a_fault() -> None:
    def stray(view: View) -> None:
        Counter(view).value += 1

    with pytest.raises(ModelError, match=r"stray of coarse: .*it writes counter.value, no cell of"):
        check(refined(stray))


@pytest.mark.parametrize(("kept", "verdict"), [(False, Verdict.HOLDS), (True, Verdict.VIOLATED)])
def test_auxiliary_cells_that_the_abstract_model_keeps_are_refined(
    kept: bool, verdict: Verdict
) -> None:
    def logged(view: View, image: View) -> None:
        to_coarse(view, image)
        Coarse(image).log = Counter(view).value

    report = check(refined(coarse_up, logged, keep_auxiliary=kept))
    assert report.verdict is verdict


class Logged(Record, name="logged"):
    value = Field(0)
    log = Field(0, auxiliary=True)


def inverse(value: int) -> int:
    return 1 // value


def up_and_log(view: View) -> None:
    record = Logged(view)
    guard(view, record.value < 3)
    record.value += 1
    record.update(Logged.log, inverse)


def below_three(view: View) -> bool:
    return Logged(view).value < 3


def test_what_only_a_replay_meets_is_one_error_that_names_the_step() -> None:
    model = Model("log", {Logged: None}, [Action(up_and_log)], properties=[always(below_three)])
    with pytest.raises(ModelError, match=r"log, step 1, up_and_log of a path: ZeroDivisionError"):
        check(model)


def test_a_replay_that_does_not_end_is_one_error_that_names_the_step() -> None:
    def endless(value: int) -> int:
        while True:
            pass

    def jump(view: View) -> None:
        Logged(view).value = 3
        Logged(view).update(Logged.log, endless)

    model = Model("log", {Logged: None}, [Action(jump)], properties=[always(below_three)])
    with pytest.raises(ModelError, match=r"log, step 1, jump of a path: did not end within 0\.1"):
        check(model, patience=0.1)


def test_a_replay_that_fails_does_not_hide_the_fault_it_was_to_show() -> None:
    def failing(view: View) -> None:
        if Logged(view).value == 2:
            raise KeyError("the defect")
        up_and_log(view)

    model = Model("log", {Logged: None}, [Action(failing)])
    with pytest.raises(ModelError, match=r"failing: KeyError: 'the defect'") as error:
        check(model)
    assert error.value.path is None  # type: ignore[attr-defined]


def test_a_loop_that_cannot_be_replayed_is_one_error_that_names_the_step() -> None:
    fair = Action(up_and_log, fairness=Fairness.WEAK)
    model = Model("log", {Logged: None}, [fair], properties=[eventually(never)])
    with pytest.raises(ModelError, match=r"log, step 1, up_and_log of a path: ZeroDivisionError"):
        check(model)


def never(view: View) -> bool:
    return Logged(view).value > 9


def below(limit: int) -> Callable[[View], bool]:
    def holds(view: View) -> bool:
        return Counter(view).value < limit

    return holds


def counting(*claims: Property, **options: Any) -> Model:
    return Model("count", {Counter: None}, [Action(up)], properties=claims, **options)


def four(view: View) -> None:
    Counter(view).value = view.choose(range(4))


def test_a_model_without_a_state_within_its_constraints_is_an_error() -> None:
    model = counting(always(anything), initial=four, constraints=[below(0)])
    with pytest.raises(ModelError, match="count has no initial state within its constraints: hold"):
        check(model)


def test_what_was_not_reached_under_constraints_is_said_so() -> None:
    wanted = sometimes(lambda view: Counter(view).value == 3 and Counter(view).other > 0, name="s")
    found = check(counting(wanted, constraints=[below(2)])).findings["s"]
    assert (found.verdict, found.explanation) == (
        Verdict.UNREACHED,
        "no state reachable within the constraints satisfies it",
    )
    assert check(counting(wanted)).findings["s"].explanation == "no reachable state satisfies it"


def test_a_level_that_a_limit_broke_off_is_counted() -> None:
    counts = check(counting(always(anything), initial=four), limit=2).counts
    assert (counts.initial, counts.distinct, counts.depth) == (2, 2, 1)

    def fan(view: View) -> None:
        guard(view, Counter(view).value == 0)
        Counter(view).value = view.choose(range(1, 9))

    model = Model("fan", {Counter: None}, [Action(fan)], properties=[always(anything)])
    counts = check(model, limit=4).counts
    assert (counts.initial, counts.distinct, counts.depth) == (1, 4, 2)


def test_the_reasons_to_stop_are_nouns_with_the_right_number() -> None:
    decided = check(counting(always(below(0), name="low")))
    assert decided.stopped == "the verdict on the last open property, after 2 levels"
    assert decided.notes == ("1 of 2 states found was expanded, 1 was not",)
    limited = check(counting(always(anything)), limit=1)
    assert limited.stopped == "the limit of 1 state"
    assert limited.bounds["limit"] == "1 state"
    assert limited.notes == ("0 of 1 state found were expanded, 1 was not",)
    shallow = check(counting(always(anything)), depth=1)
    assert shallow.stopped == "the depth limit of 1 level"


def test_nothing_is_noted_about_states_left_where_none_are() -> None:
    def other(view: View) -> None:
        Counter(view).other = 1

    def interrupt(view: View) -> bool:
        if Counter(view).other:
            raise KeyboardInterrupt
        return True

    model = Model("two", {Counter: None}, [Action(other)], properties=[always(interrupt)])
    report = check(model)
    assert (report.stopped, report.counts.distinct) == ("an interrupt", 1)
    assert report.notes == ("0 of 1 state found were expanded, 1 was not",)


def test_every_leaf_is_run_again_although_one_state_only_reaches_it() -> None:
    def chain(view: View) -> None:
        value = Counter(view).value
        guard(view, value < 300)
        Counter(view).value = value + 1

    model = Model("chain", {Counter: None}, [Action(chain)], properties=[always(anything)])
    audit = check(model).audit
    assert audit.unaudited == 0
    assert audit.leaves == audit.elsewhere + audit.again >= 300


def test_of_more_leaves_some_are_left_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "AT_MOST", 2)
    audit = check(counting(always(anything))).audit
    assert audit.unaudited == 0
    monkeypatch.setattr(coverage, "FIRST", 1)
    audit = check(counting(always(anything))).audit
    assert 0 < audit.unaudited == audit.leaves - audit.elsewhere - audit.again
