"""Defects of models: each is told with the action, its parameters, the state, and the way there."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from purse_model import PERSON, Bank, Purse, fault, model, steps

from choir_model.engine import (
    Action,
    Fairness,
    Model,
    ModelError,
    Property,
    Sort,
    View,
    always,
    check,
    each_step,
    guard,
)

HERE = Path(__file__).name


counter = itertools.count()


def counts(view: View, who: str) -> None:
    Purse(view, who).note = next(counter)


def looks_elsewhere(view: View, who: str) -> None:
    view.read((Purse.coins if next(counter) % 2 else Purse.note)[who])


NOT_OF_THE_STATE = "it is not a function of the state: "


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            counts,
            (
                NOT_OF_THE_STATE + r"once it saw nothing and wrote purse\.note\[\w+\] := \d+; "
                r"run again it saw nothing and wrote purse\.note\[\w+\] := \d+"
            ),
        ),
        (
            looks_elsewhere,
            NOT_OF_THE_STATE + r".*purse\.(coins|note)\[\w+\].* purse\.(note|coins)\[\w+\].*",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_depends_on_more_than_its_view_is_no_function_of_the_state(
    action: Callable[..., Any], message: str
) -> None:
    found = fault(action)
    with pytest.raises(
        type(found), match=rf"{action.__name__}\(who=\w+\): {message}; in the state:"
    ):
        raise found
    assert found.path is not None


def goes_by_the_clock(view: View, who: str) -> None:
    guard(view, Purse(view, who).coins == 1)
    if int(time.time()) % 2:
        Purse(view, who).note = "odd"


def test_a_hidden_clock_is_found_though_it_hardly_ever_changes_its_mind() -> None:
    found = fault(goes_by_the_clock)
    line = goes_by_the_clock.__code__.co_firstlineno + 2
    assert (
        f"): ModelError: it calls time, which is no function of the state, in {HERE}:{line}: "
        in (str(found))
    )
    assert "; in the state: purse.coins[ann] = 1" in str(found)


NAMES = frozenset({"p", "q", "r", "s"})


def takes_any_name(view: View, who: str) -> None:
    guard(view, Purse(view, who).coins == 1)
    Purse(view, who).note = helper()


def helper() -> str:
    return next(iter(NAMES))


def reads_in_any_order(view: View, who: str) -> None:
    for name in frozenset(PERSON):
        guard(view, Purse(view, name).coins == 0)


def test_the_order_of_a_set_is_shown_with_its_place() -> None:
    found = fault(takes_any_name)
    line = helper.__code__.co_firstlineno + 1
    text = str(found)
    assert text.startswith("takes_any_name(who=")
    assert "): it is not a function of the state: once it saw purse.coins[" in text
    place = f"; sets were iterated in another order there, sort them: {HERE}:{line}: iter(NAMES); "
    assert place + "in the state: " in text
    assert "earn(who=ann)" in steps(found)


def test_the_order_of_a_set_shows_in_what_is_read_first() -> None:
    found = fault(reads_in_any_order)
    assert f"{HERE}:" in str(found)
    assert ": for name in frozenset(PERSON); in the state: " in str(found)


def hash_of_text(view: View, who: str) -> None:
    Purse(view, who).note = hash(who) % 2


def test_the_hash_of_a_text_is_another_one_in_another_process() -> None:
    assert ": hash(who); in the state: " in str(fault(hash_of_text))


def any_of(_: int) -> str:
    return helper()


def updates_by_a_set(view: View, who: str) -> None:
    Purse(view, who).update(Purse.note, any_of)


def updates_by_a_counter(view: View, who: str) -> None:
    Purse(view, who).update(Purse.note, lambda note: next(counter) if note is None else note)


def counting_test(view: View, who: str) -> None:
    Purse(view, who).test(Purse.coins, lambda coins, note: bool(NOTHING or note), Purse.note[who])
    NOTHING.append(1)


NOTHING: list[int] = []


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            updates_by_a_set,
            (
                r"^any_of, with which cells are updated or tested, is not a function of its "
                r"arguments: for purse\.note\[ann\] = None it returned . once and . another time; "
                r"sets were iterated in another order there, sort them: "
                r"test_model_errors\.py:\d+: iter\(NAMES\)$"
            ),
        ),
        (
            updates_by_a_counter,
            r"^<lambda>, with which .* for purse\.note\[\w+\] = None it returned \d+ once and \d+",
        ),
        (
            counting_test,
            r"^<lambda>, with which .* it returned False once and True another time$",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_updates_and_tests_are_functions_of_their_arguments(
    action: Callable[..., Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        check(model(action))


def loops_over_its_view(view: View, who: str) -> None:
    while Purse(view, who).coins:
        pass


def loops(view: View, who: str) -> None:
    while Purse(view, who).note is None and helper():
        guard(view, Purse(view, who).coins == 1)
        while True:
            pass


def test_an_action_that_uses_its_view_for_ever_is_stopped() -> None:
    found = fault(loops_over_its_view)
    assert str(found).startswith(
        "loops_over_its_view(who=ann): StepBudgetExceeded: one action used its view more than "
        f"100000 times ({HERE}:"
    )
    assert str(found).endswith("; in the state: purse.coins[ann] = 1")
    assert steps(found) == ["earn(who=ann)"]


def test_an_action_that_loops_without_its_view_is_stopped() -> None:
    found = fault(loops, patience=0.2)
    assert str(found) == (
        "loops(who=ann): did not end within 0.2 seconds; model code must end, or the time limit be "
        "raised; in the state: purse.coins[ann] = 1"
    )
    assert steps(found) == ["earn(who=ann)"]


def test_an_update_that_never_ends_is_stopped() -> None:
    def spin(coins: int) -> int:
        while True:
            coins += 1

    def action(view: View, who: str) -> None:
        Purse(view, who).update(Purse.coins, spin)

    found = fault(action, patience=0.2)
    assert "updating purse.coins[ann] with spin: " in str(found)
    assert "did not end within 0.2 seconds" in str(found)


def one_of_each(view: View, who: str) -> None:
    purse = Purse(view, who)
    guard(view, purse.note is None)
    purse.note = view.choose((False, True, 0, 1, "1", b"1"))


def test_one_and_true_are_two_states() -> None:
    ann = Sort("ann", ["ann"])
    report = check(Model("m", {Purse: ann}, [Action(one_of_each, over=ann)]))
    assert report.counts.distinct == 1 + 6


@dataclass(frozen=True)
class Box:
    items: Any


@dataclass
class Open:
    items: Any = ()


def writes(value: object) -> Callable[[View, str], None]:
    def write(view: View, who: str) -> None:
        guard(view, Purse(view, who).coins == 1)
        Purse(view, who).note = value

    return write


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.0, "a float cannot be a cell value; use an int of a smaller unit"),
        ([1], "a list cannot be a cell value; use a tuple"),
        (Box([1]), "its part .items: a list cannot be a cell value; use a tuple"),
        (Open(), "a Open cannot be a cell value; declare it with @dataclass(frozen=True)"),
        ({"a"}, "a set cannot be a cell value; use a frozenset"),
    ],
)
def test_values_that_can_change_are_refused_where_they_are_written(
    value: object, message: str
) -> None:
    found = fault(writes(value))
    assert str(found).startswith(f"write(who=ann): TypeError: purse.note[ann]: {message}")
    assert str(found).endswith("; in the state: purse.coins[ann] = 1")
    assert steps(found) == ["earn(who=ann)"]


def fails(view: View, who: str) -> None:
    guard(view, Purse(view, who).coins == 2 and Purse(view, "bob").coins == 1)
    raise KeyError(who)


def test_an_exception_of_an_action_comes_with_a_shortest_way() -> None:
    found = fault(fails)
    line = fails.__code__.co_firstlineno + 2
    assert str(found) == (
        f"fails(who=ann): KeyError: 'ann' ({HERE}:{line}); "
        "in the state: purse.coins[ann] = 2, purse.coins[bob] = 1"
    )
    assert sorted(steps(found)) == ["earn(who=ann)", "earn(who=ann)", "earn(who=bob)"]


def divides(view: View, who: str) -> bool:
    return 1 // (2 - Purse(view, who).coins) >= 0


def divides_for_both(before: View, after: View) -> bool:
    return 1 // (2 - Purse(after, "bob").coins) >= 0


@pytest.mark.parametrize(
    ("claim", "name", "where", "way"),
    [
        (always(divides, over=PERSON), "the property divides(ann)", "ann] = 2", ["ann", "ann"]),
        (
            each_step(divides_for_both),
            "the property divides_for_both of earn(who=bob)",
            "bob] = 1",
            ["bob", "bob"],
        ),
    ],
)
def test_an_exception_of_a_property_comes_with_a_shortest_way(
    claim: Property, name: str, where: str, way: list[str]
) -> None:
    found = fault(properties=[claim])
    assert str(found).startswith(f"{name}: ZeroDivisionError: integer division")
    assert f"({HERE}:" in str(found)
    assert str(found).endswith(f"; in the state: purse.coins[{where}")
    assert steps(found) == [f"earn(who={who})" for who in way]


KEPT: list[View] = []


def keeps(view: View, who: str) -> None:
    KEPT.append(view)


def uses_what_was_kept(view: View, who: str) -> None:
    for old in KEPT[:1]:
        old.read(Purse.coins[who])


def claims_by_what_was_kept(view: View) -> bool:
    uses_what_was_kept(view, "ann")
    return True


@pytest.mark.parametrize(
    ("defect", "name"),
    [
        ({"properties": [always(claims_by_what_was_kept)]}, "the property claims_by_what_was_kept"),
        ({}, "uses_what_was_kept(who=ann)"),
    ],
)
def test_a_view_is_of_no_use_after_its_action(defect: dict[str, Any], name: str) -> None:
    KEPT.clear()
    found = fault(keeps, *([] if defect else [uses_what_was_kept]), **defect)
    assert str(found).startswith(
        f"{name}: ViewExpired: a view was used after its action had returned ({HERE}:"
    )


def robs(view: View, who: str) -> None:
    guard(view, Purse(view, who).coins == 1)
    Bank(view).coins = 1


def test_an_action_writes_records_of_its_own_layer() -> None:
    found = fault(Action(robs, over=PERSON, layer="people"))
    assert str(found) == (
        "robs(who=ann): it acts for the layer 'people' but wrote bank.coins, which belongs to the "
        "layer 'bank'; a layer writes its own records and channels only; "
        "in the state: purse.coins[ann] = 1"
    )
    assert steps(found) == ["earn(who=ann)"]
    check(model(Action(robs, over=PERSON, layer="people"), channels=frozenset({"bank"})))
    check(model(Action(robs, over=PERSON)))


def test_a_fair_model_without_defects_raises_nothing() -> None:
    fair = Action(lambda view, who: None, over=PERSON, name="rest", fairness=Fairness.WEAK)
    assert check(model(fair, takes_no_set)).complete


def takes_no_set(view: View, who: str) -> None:
    Purse(view, who).update(Purse.seen, max, len(NAMES))
    Purse(view, who).test(Purse.coins, bool)
    for name in sorted(NAMES):
        guard(view, name != Purse(view, who).note)
