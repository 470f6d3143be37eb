"""The walker: what it counts, where it stops, what it says of the part it covered."""

from __future__ import annotations

from enum import Enum

import pytest

from choir_model.engine import (
    ANY,
    Action,
    Field,
    Model,
    ModelError,
    Record,
    Report,
    Sort,
    Verdict,
    View,
    always,
    check,
    deadlock_free,
    each_step,
    guard,
    sometimes,
)
from choir_model.engine.explored import Progress

TWO = Sort("side", ["left", "right"])


class Counter(Record, name="counter", layer="world"):
    value = Field(0)
    ghost = Field(0, auxiliary=True)


class Why(Enum):
    FULL = "no more"


def up(view: View) -> None:
    counter = Counter(view)
    guard(view, counter.value < 10)
    counter.value += 1


def stay(view: View) -> None:
    Counter(view).value = Counter(view).value


def counting(*properties: object, **options: object) -> Model:
    """A counter from 0 to 10, unless it has other actions."""
    return Model(
        "counting",
        {Counter: None},
        options.pop("actions", [Action(up)]),  # type: ignore[arg-type]
        properties=properties,  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )


def below(limit: int) -> object:
    def predicate(view: View) -> bool:
        return Counter(view).value < limit

    return always(predicate, name=f"below_{limit}")


def counts(report: Report) -> tuple[int, int, int]:
    return report.counts.distinct, report.counts.generated, report.counts.depth


def test_states_generated_and_levels_are_counted_as_tlc_does() -> None:
    """Initial states and every firing; self-loops and duplicates included; the first level is 1."""
    assert counts(check(counting())) == (11, 11, 11)
    assert counts(check(counting(actions=[Action(up), Action(stay)]))) == (11, 22, 11)


def test_branches_with_equal_writes_are_one_state_and_two_steps() -> None:
    def jump(view: View) -> None:
        guard(view, Counter(view).value == 0)
        view.choose(TWO)
        Counter(view).value = 1

    assert counts(check(counting(actions=[Action(jump)]))) == (2, 3, 2)


def test_a_run_ends_when_everything_asked_is_decided() -> None:
    report = check(counting(below(3)))
    assert report.verdict is Verdict.VIOLATED
    assert counts(report) == (4, 4, 4)
    assert report.stopped == "the verdict on the last open property, after 4 levels"
    assert not report.complete
    whole = check(counting(below(3)), keep_going=True)
    assert counts(whole) == (11, 11, 11)
    assert whole.complete
    assert [len(path) for path in whole.findings["below_3"].paths] == [3]


def test_only_the_named_properties_are_checked() -> None:
    model = counting(below(3), below(20))
    assert check(model, properties=["below_20"]).verdict is Verdict.HOLDS
    with pytest.raises(ModelError, match="has no property 'x'; it has below_3, below_20"):
        check(model, properties=["x"])


def test_a_limit_gives_unknown_and_says_what_was_covered() -> None:
    report = check(counting(below(20)), limit=5)
    assert report.verdict is Verdict.UNKNOWN
    assert report.counts.distinct == 5
    assert report.stopped == "the limit of 5 states"
    assert report.notes == ("4 of 5 states found were expanded, 1 was not",)
    assert "before the limit of 5 states" in report.findings["below_20"].explanation


def test_a_limit_that_is_not_met_leaves_the_verdict_alone() -> None:
    assert check(counting(below(20)), limit=11).verdict is Verdict.HOLDS
    assert check(counting(below(20)), limit=10).verdict is Verdict.UNKNOWN


def test_a_violation_found_before_the_limit_is_a_violation() -> None:
    report = check(counting(below(3), below(20)), limit=5)
    assert report.findings["below_3"].verdict is Verdict.VIOLATED
    assert report.findings["below_20"].verdict is Verdict.UNKNOWN
    assert report.verdict is Verdict.VIOLATED


def test_the_depth_limit_counts_levels() -> None:
    report = check(counting(below(20)), depth=4)
    assert counts(report) == (4, 4, 4)
    assert report.stopped == "the depth limit of 4 levels"
    assert check(counting(below(20)), depth=11).verdict is Verdict.UNKNOWN  # is there a 12th?
    assert check(counting(below(20)), depth=12).verdict is Verdict.HOLDS


@pytest.mark.parametrize("option", ["limit", "depth", "counterexamples"])
def test_limits_are_at_least_one(option: str) -> None:
    with pytest.raises(ModelError, match=f"{option} must be at least 1, not 0"):
        check(counting(), **{option: 0})  # type: ignore[arg-type]


def test_an_interrupt_gives_a_partial_report() -> None:
    def interrupting(progress: Progress) -> None:
        if progress.level == 6:
            raise KeyboardInterrupt

    report = check(counting(below(20)), progress=interrupting)
    assert report.verdict is Verdict.UNKNOWN
    assert report.stopped == "an interrupt"
    assert report.counts.distinct == 6
    assert report.counts.expanded == 5


def test_progress_tells_every_level() -> None:
    told: list[Progress] = []
    check(counting(), progress=told.append, limit=100)
    assert [p.level for p in told] == list(range(1, 12))
    assert {p.limit for p in told} == {100}


def test_states_outside_a_constraint_are_checked_but_not_explored() -> None:
    def at_most_five(view: View) -> bool:
        return Counter(view).value <= 5

    model = counting(below(6), below(7), constraints=[at_most_five])
    report = check(model, keep_going=True)
    assert counts(report) == (6, 7, 6)
    assert report.counts.outside == 1
    assert report.findings["below_6"].verdict is Verdict.VIOLATED
    assert len(report.findings["below_6"].paths[0]) == 6
    assert report.findings["below_7"].verdict is Verdict.HOLDS
    assert report.bounds["constraints"] == "at_most_five"


def test_a_deadlock_is_a_state_where_only_refusals_are_left() -> None:
    def refusing(view: View) -> None:
        view.refuse(Why.FULL)

    dead = check(counting(deadlock_free(), actions=[Action(up), Action(refusing)]))
    assert dead.findings["deadlock_free"].verdict is Verdict.VIOLATED
    assert len(dead.findings["deadlock_free"].paths[0]) == 10
    looping = check(counting(deadlock_free(), actions=[Action(up), Action(stay)]))
    assert looping.verdict is Verdict.HOLDS
    done = check(counting(deadlock_free(), done=lambda view: Counter(view).value == 10))
    assert done.verdict is Verdict.HOLDS
    not_done = check(counting(deadlock_free(), done=lambda view: Counter(view).value == 9))
    assert not_done.verdict is Verdict.VIOLATED
    assert not_done.counts.terminal == 1


def test_coverage_tells_what_became_of_every_action() -> None:
    def refusing(view: View) -> None:
        if Counter(view).value > 7:
            view.refuse(Why.FULL)
        guard(view, False)

    coverage = check(counting(actions=[Action(up), Action(refusing)])).coverage
    assert (coverage["up"].fired, coverage["up"].disabled) == (10, 1)
    assert coverage["up"].writes == ("counter.value",)
    assert coverage["refusing"].fired == 0
    assert coverage["refusing"].refused == {"FULL": 3}
    assert coverage["refusing"].disabled == 8
    assert coverage["up"].leaves == 11


def test_a_witness_that_never_occurs_is_unreached() -> None:
    def at_ten(view: View) -> bool:
        return Counter(view).value == 10

    def at_eleven(view: View) -> bool:
        return Counter(view).value == 11

    report = check(counting(sometimes(at_ten), sometimes(at_eleven)))
    assert report.findings["at_ten"].verdict is Verdict.HOLDS
    assert len(report.findings["at_ten"].paths[0]) == 10
    assert report.findings["at_eleven"].verdict is Verdict.UNREACHED
    assert report.verdict is Verdict.UNREACHED


def test_an_invariant_whose_witness_never_occurs_is_unreached() -> None:
    def never_negative(view: View) -> bool:
        return Counter(view).value >= 0

    def huge(view: View) -> bool:
        return Counter(view).value > 99

    def large(view: View) -> bool:
        return Counter(view).value > 9

    vacuous = always(never_negative, witness=huge)
    assert check(counting(vacuous)).verdict is Verdict.UNREACHED
    assert check(counting(always(never_negative, witness=large))).verdict is Verdict.HOLDS


def test_each_step_sees_the_state_before_and_after() -> None:
    def grows(before: View, after: View) -> bool:
        return Counter(after).value > Counter(before).value

    def up_to_five(before: View, after: View) -> bool:
        return Counter(after).value <= 5

    report = check(counting(each_step(grows), each_step(up_to_five)), keep_going=True)
    assert report.findings["grows"].verdict is Verdict.HOLDS
    assert len(report.findings["up_to_five"].paths[0]) == 6
    loops = check(counting(each_step(grows), actions=[Action(up), Action(stay)]))
    assert len(loops.findings["grows"].paths[0]) == 1


def test_a_claim_about_a_blind_update_is_judged_once_per_leaf() -> None:
    asked = []

    def add(value: int) -> int:
        return (value + 1) % 8

    def blind(view: View) -> None:
        Counter(view).update(Counter.value, add)

    def other_stays(before: View, after: View) -> bool:
        asked.append(1)
        return Pair(before, "left").value == Pair(after, "left").value

    model = Model(
        "pair",
        {Counter: None, Pair: TWO},
        [Action(blind)],
        properties=[each_step(other_stays)],
    )
    assert check(model).verdict is Verdict.HOLDS
    assert len(asked) <= 3


class Pair(Record, name="pair"):
    value = Field(0)


def test_several_counterexamples_are_different_stories() -> None:
    def left(view: View) -> None:
        step(view, "left")

    def right(view: View) -> None:
        step(view, "right")

    def step(view: View, side: str) -> None:
        pair = Pair(view, side)
        guard(view, pair.value < 2)
        pair.value += 1

    def small(view: View) -> bool:
        return Pair(view, "left").value + Pair(view, "right").value < 2

    model = Model("sides", {Pair: TWO}, [Action(left), Action(right)], properties=[always(small)])
    one = check(model).findings["small"].paths
    assert [[str(s) for s in path.steps] for path in one] == [["left", "left"]]
    several = check(model, counterexamples=3).findings["small"].paths
    stories = [tuple(str(step) for step in path.steps) for path in several]
    assert len(set(stories)) == len(stories) == 3
    assert [len(path) for path in several] == [2, 2, 2]


def test_a_family_of_invariants_is_one_claim_with_the_shortest_violation() -> None:
    def small(view: View, side: str) -> bool:
        return Pair(view, side).value < (3 if side == "left" else 2)

    def step(view: View, side: str) -> None:
        guard(view, Pair(view, side).value < 3)
        Pair(view, side).value += 1

    model = Model(
        "sides", {Pair: TWO}, [Action(step, over=TWO)], properties=[always(small, over=TWO)]
    )
    (path,) = check(model).findings["small"].paths
    assert [step.label.arguments for step in path.steps] == [("right",), ("right",)]


def test_auxiliary_cells_are_shown_in_paths_but_tell_no_states_apart() -> None:
    def ghostly(view: View) -> None:
        Counter(view).update(Counter.ghost, lambda v: v + 1)
        Counter(view).value = (Counter(view).value + 1) % 3

    model = counting(below(2), actions=[Action(ghostly)])
    assert check(model, keep_going=True).counts.distinct == 3
    kept = counting(below(2), actions=[Action(ghostly)], keep_auxiliary=True)
    assert check(kept, limit=50, keep_going=True).counts.distinct == 50
    (path,) = check(model).findings["below_2"].paths
    assert path.states[-1] == {Counter.value[None]: 2, Counter.ghost[None]: 2}


def test_many_initial_states_are_branches_of_one_action() -> None:
    def anywhere(view: View) -> None:
        Counter(view).value = view.choose(range(8, 11))

    report = check(counting(initial=anywhere))
    assert counts(report) == (3, 5, 1)
    assert report.counts.initial == 3


def test_records_with_any_key_have_cells_when_touched() -> None:
    def open_account(view: View) -> None:
        name = view.choose(["a", "b", "c"])
        Pair(view, name).value = 1

    report = check(Model("open", {Pair: ANY}, [Action(open_account)]))
    assert counts(report) == (8, 25, 4)


def test_a_domain_that_grows_in_the_middle_of_a_level_loses_nothing() -> None:
    def step(view: View, side: str) -> None:
        pair = Pair(view, side)
        guard(view, pair.value < 40)
        pair.value += 1

    report = check(Model("grid", {Pair: TWO}, [Action(step, over=TWO)]))
    assert counts(report) == (41 * 41, 1 + 2 * 41 * 40, 81)
    assert report.counts.state_bits >= 12


def test_two_runs_give_equal_reports() -> None:
    model = counting(below(3), below(20))
    first, second = check(model), check(model)
    assert repr(first.counts) == repr(second.counts)
    assert str(first.findings["below_3"].paths[0]) == str(second.findings["below_3"].paths[0])
    assert first.coverage == second.coverage
    assert first.audit == second.audit
