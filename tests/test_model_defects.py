"""Each single thing model code may not do, and what is said about it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from purse_model import PERSON, Bank, Purse, Shop, Why, fault, model, steps

from choir_model.engine import (
    Action,
    Computed,
    Model,
    ModelError,
    Property,
    View,
    always,
    check,
    deadlock_free,
    each_step,
    eventually,
    guard,
    refines,
    sometimes,
)


def add(value: int, more: int) -> int:
    return value + more


def boom(value: int) -> int:
    raise KeyError("boom")


def as_list(value: int) -> list[int]:
    return [value]


def reads_its_update(view: View, who: str) -> None:
    view.update(Purse.coins[who], as_list)
    view.read(Purse.coins[who])


def has_no_option(view: View) -> bool:
    guard(view, condition=False)
    return True


def caught(use: Callable[..., object], *arguments: object) -> bool:
    """True, whatever comes of the use of a view."""
    try:
        use(*arguments)
    except BaseException:  # noqa: BLE001 (what model code must not get away with)
        return True
    return True


def five(value: int) -> int:
    return 5


def generates(view: View, who: str) -> Iterator[int]:
    Purse(view, who).coins = 1
    yield 1


async def waits(view: View, who: str) -> None:
    pass


ALL_DEFAULTS = "in the state: all defaults"
OF_ACTIONS: dict[str, tuple[Callable[..., Any], str]] = {
    "reads an auxiliary cell": (
        lambda view, who: view.write(Purse.coins[who], view.read(Purse.seen[who])),
        (
            "ModelError: purse.seen[ann] is auxiliary and was read: it is no part of a state's "
            "identity; use update, or keep_auxiliary=True"
        ),
    ),
    "tests an auxiliary cell": (
        lambda view, who: guard(view, view.test(Purse.seen[who], bool)),
        "ModelError: purse.seen[ann] is auxiliary and was read",
    ),
    "computes with an auxiliary cell": (
        lambda view, who: view.update(Purse.coins[who], add, Computed(add, Purse.seen[who], 1)),
        "ModelError: purse.seen[ann] is auxiliary and was read",
    ),
    "returns a value": (
        lambda view, who: 5,
        "it returned 5; an action returns nothing, it writes to its view; ",
    ),
    "is a generator": (
        generates,
        "it is a generator or a coroutine; an action is a plain function; ",
    ),
    "is a coroutine": (
        waits,
        "it is a generator or a coroutine; an action is a plain function; ",
    ),
    "writes an undeclared record": (
        lambda view, who: view.write(Shop.coins[None], 1),
        "ModelError: shop.coins is no cell of purses: its records are purse, bank",
    ),
    "reads an undeclared record": (
        lambda view, who: setattr(Purse(view, who), "coins", Shop(view).coins),
        "ModelError: shop.coins is no cell of purses: its records are purse, bank",
    ),
    "writes an undeclared key": (
        lambda view, who: view.write(Purse.coins["zoe"], 1),
        "ModelError: purse.coins[zoe] is no cell of purses: the keys of purse are 'ann', 'bob'",
    ),
    "updates an undeclared key": (
        lambda view, who: view.update(Purse.coins["zoe"], add, 1),
        "ModelError: purse.coins[zoe] is no cell of purses: the keys of purse are 'ann', 'bob'",
    ),
    "gives a key to a singleton": (
        lambda view, who: view.write(Bank.coins[1], 1),
        "ModelError: bank.coins[1] is no cell of purses: the keys of bank are None",
    ),
    "reads an undeclared field": (
        lambda view, who: guard(view, Purse(view, who).cents),
        "AttributeError: purse has no field cents",
    ),
    "writes an undeclared field": (
        lambda view, who: setattr(Purse(view, who), "cents", 1),
        "AttributeError: purse has no field cents",
    ),
    "chooses among unordered options": (
        lambda view, who: view.choose([2, 1]) and None,
        (
            "ModelError: choose: the options are not in canonical order: [2, 1] instead of [1, 2]; "
            "a set is put in order"
        ),
    ),
    "chooses among what cannot be a value": (
        lambda view, who: view.choose([[1]]) and None,
        "TypeError: choose: an option: a list cannot be a cell value; use a tuple",
    ),
    "chooses among nothing at all": (
        lambda view, who: view.choose(None) and None,
        "ModelError: choose: None is neither a set nor a sequence of options",
    ),
    "chooses among what a generator gives": (
        lambda view, who: view.choose(n for n in (1, 2)) and None,
        "ModelError: choose: a generator is neither a set nor a sequence of options",
    ),
    "updates with a function that raises": (
        lambda view, who: view.update(Purse.coins[who], boom),
        "updating purse.coins[ann] with boom: KeyError: 'boom'",
    ),
    "updates with a function that returns a list": (
        lambda view, who: view.update(Purse.coins[who], as_list),
        (
            "updating purse.coins[ann] with as_list: TypeError: purse.coins[ann]: a list cannot be "
            "a cell value; use a tuple; "
        ),
    ),
    "reads what a function that returns a list has updated": (
        reads_its_update,
        "TypeError: purse.coins[ann]: a list cannot be a cell value; use a tuple",
    ),
    "tests with a function that raises": (
        lambda view, who: guard(view, view.test(Purse.coins[who], boom)),
        "KeyError: 'boom'",
    ),
    "tests with a function that returns no bool": (
        lambda view, who: guard(view, view.test(Purse.coins[who], five)),
        "ModelError: the test five returned 5; a test returns True or False",
    ),
    "refuses without a reason": (
        lambda view, who: view.refuse("broke"),
        "ModelError: refuse: 'broke' is no reason; a reason is a member of an enum",
    ),
    "emits what can change": (
        lambda view, who: view.emit([1]),
        "TypeError: event: a list cannot be a cell value; use a tuple",
    ),
    "raises what has no text": (
        lambda view, who: (_ for _ in ()).throw(Textless()),
        "Textless (",
    ),
    "closes a generator": (
        lambda view, who: (_ for _ in ()).throw(GeneratorExit()),
        "GeneratorExit (",
    ),
    "ends the process": (lambda view, who: sys.exit(3), "SystemExit: 3 ("),
    "raises what is no exception": (
        lambda view, who: (_ for _ in ()).throw(NoException("gone")),
        "NoException: gone (",
    ),
    "ends the process in an update": (
        lambda view, who: view.update(Purse.coins[who], sys.exit),
        "updating purse.coins[ann] with exit: SystemExit: 0",
    ),
}


class NoException(BaseException):
    pass


class Textless(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize("defect", OF_ACTIONS)
def test_a_defect_of_an_action_is_told_with_parameters_and_state(defect: str) -> None:
    action, message = OF_ACTIONS[defect]
    found = fault(Action(action, over=PERSON, name="defective"))
    assert str(found).startswith("defective(")
    assert f"=ann): {message}" in str(found)
    assert str(found).endswith(f"; {ALL_DEFAULTS}")
    assert (found.state, steps(found)) == ("all defaults", [])


def test_a_refusal_cannot_be_taken_for_something_else() -> None:
    def swallows(view: View, who: str) -> None:
        try:
            view.refuse(Why.BROKE)
        except BaseException:  # noqa: BLE001 (what it must not get away with)
            Purse(view, who).coins = 1

    assert "swallows(who=ann): ViewExpired: a view was used after" in str(fault(swallows))


def three(view: View) -> Any:
    return 3


def three_steps(before: View, after: View) -> Any:
    return 3


WRONG_ANSWERS = "a predicate returns True or False; "
OF_PREDICATES: dict[str, tuple[Callable[..., Any], str]] = {
    "returns nothing": (lambda view: None, f"it returned None; {WRONG_ANSWERS}"),
    "returns a number": (lambda view: 0, f"it returned 0; {WRONG_ANSWERS}"),
    "writes": (
        lambda view: view.write(Purse.coins["ann"], 1) is None,
        "ModelError: purse.coins[ann] was written where only reading is allowed (",
    ),
    "updates": (
        lambda view: view.update(Purse.coins["ann"], add, 1) is None,
        "ModelError: purse.coins[ann] was written where only reading is allowed (",
    ),
    "chooses": (
        lambda view: view.choose((False, True)),
        "a predicate can neither refuse nor choose; ",
    ),
    "refuses": (
        lambda view: view.refuse(Why.BROKE),
        "a predicate can neither refuse nor choose; ",
    ),
    "has no option": (
        has_no_option,
        "a predicate can neither refuse nor choose; ",
    ),
    "chooses and catches it": (
        lambda view: caught(view.choose, (False, True)),
        "a predicate can neither refuse nor choose; ",
    ),
    "refuses and catches it": (
        lambda view: caught(view.refuse, Why.BROKE),
        "a predicate can neither refuse nor choose; ",
    ),
    "emits": (
        lambda view: view.emit("fine") is None,
        "ModelError: an event was emitted where only reading is allowed (",
    ),
    "emits and catches it": (
        lambda view: caught(view.emit, "fine"),
        "ModelError: an event was emitted where only reading is allowed (",
    ),
    "reads an auxiliary cell": (
        lambda view: Purse(view, "ann").seen == 0,
        "ModelError: purse.seen[ann] is auxiliary and was read",
    ),
    "ends the process": (lambda view: sys.exit(), "SystemExit ("),
    "reads an undeclared record": (
        lambda view: Shop(view).coins == 0,
        "ModelError: shop.coins is no cell of purses: its records are purse, bank",
    ),
}


@pytest.mark.parametrize("defect", OF_PREDICATES)
@pytest.mark.parametrize("kind", [always, sometimes])
def test_a_defect_of_a_property_is_told_with_its_state(
    kind: Callable[..., Property], defect: str
) -> None:
    predicate, message = OF_PREDICATES[defect]
    found = fault(properties=[kind(predicate, name="fine")])
    assert str(found).startswith(f"the property fine: {message}")
    assert str(found).endswith(ALL_DEFAULTS)
    assert steps(found) == []


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"properties": [eventually(three)]}, "the property three"),
        ({"properties": [each_step(three_steps)]}, "the property three_steps of earn(who=ann)"),
        ({"constraints": [three]}, "the constraint three"),
        ({"done": three, "properties": [deadlock_free()]}, "done"),
    ],
)
def test_wherever_a_predicate_stands_it_answers_true_or_false(
    parts: dict[str, Any], name: str
) -> None:
    assert str(fault(**parts)).startswith(f"{name}: it returned 3; {WRONG_ANSWERS}in the state: ")


ABSTRACT = Model("abstract", {Shop: None}, [Action(lambda view: None, name="rest")])
OF_MAPPINGS: dict[str, tuple[Callable[..., Any], str]] = {
    "chooses for the image": (
        lambda view, image: image.choose((1, 2)),
        "a mapping can neither refuse nor choose",
    ),
    "chooses": (lambda view, image: view.choose((1, 2)), "a mapping can neither refuse nor choose"),
    "refuses": (
        lambda view, image: view.refuse(Why.BROKE),
        "a mapping can neither refuse nor choose",
    ),
    "writes what it maps": (
        lambda view, image: view.write(Purse.coins["ann"], 1),
        "ModelError: purse.coins[ann] was written where only reading is allowed",
    ),
    "raises": (lambda view, image: 1 // 0, "ZeroDivisionError: integer division"),
    "returns": (
        lambda view, image: 0,
        "it returned 0; a mapping returns nothing, it writes to its image; ",
    ),
    "generates": (generates, "it is a generator or a coroutine; a mapping is a plain function; "),
    "emits": (
        lambda view, image: view.emit("fine"),
        "ModelError: an event was emitted where only reading is allowed (",
    ),
    "emits from the image": (
        lambda view, image: image.emit("fine"),
        "a mapping emits no events; ",
    ),
    "refuses for the image and catches it": (
        lambda view, image: caught(image.refuse, Why.BROKE) and None,
        "a mapping can neither refuse nor choose; ",
    ),
    "is disabled and catches it": (
        lambda view, image: caught(view.choose, ()) and None,
        "a mapping can neither refuse nor choose; ",
    ),
    "ends the process": (lambda view, image: sys.exit("end"), "SystemExit: end ("),
}


@pytest.mark.parametrize("defect", OF_MAPPINGS)
def test_a_defect_of_a_mapping_is_told_with_its_state(defect: str) -> None:
    mapping, message = OF_MAPPINGS[defect]
    found = fault(properties=[refines(ABSTRACT, mapping)])
    assert str(found).startswith(f"the mapping of refines_abstract: {message}")
    assert str(found).endswith(ALL_DEFAULTS)


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        (lambda view: view.choose(()), "purses has no initial state: every branch was disabled"),
        (lambda view: view.refuse(Why.BROKE), "purses has no initial state"),
        (lambda view: 1 // 0, "the initial states of purses: ZeroDivisionError: integer division"),
        (lambda view: sys.exit(), "the initial states of purses: SystemExit"),
        (lambda view: view.write(Shop.coins[None], 1), "shop.coins is no cell of purses"),
        (lambda view: view.write(Bank.coins[None], 1.5), r"bank\.coins: a float cannot"),
    ],
)
def test_a_defect_of_the_initial_states_is_told(
    initial: Callable[[View], None], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        check(model(initial=initial))
