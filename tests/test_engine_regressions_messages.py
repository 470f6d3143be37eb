"""Models whose defects once were told in a wrong way, or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from choir_model.engine import (
    ANY,
    Action,
    Field,
    Model,
    ModelError,
    Record,
    Sort,
    State,
    View,
    always,
    check,
    refines,
)
from choir_model.engine.dictview import run

PEOPLE = Sort("person", 2, symmetric=True)


class R(Record, name="r"):
    x = Field[Any](0)
    y = Field[Any](0)


class Why(Enum):
    NOT = 1


def rest(view: View) -> None:
    pass


def fault(action: Callable[..., Any] = rest, **parts: Any) -> str:
    """The error that a model with this action, or with these parts, ends with."""
    with pytest.raises(ModelError) as caught:
        check(Model("m", {R: None}, [Action(action)], **parts))
    return str(caught.value)


# Sets


@pytest.mark.parametrize(
    ("members", "text"),
    [((2, 10), "frozenset({2, 10})"), ((), "frozenset()")],
)
def test_sets_are_shown_as_python_writes_them(members: tuple[int, ...], text: str) -> None:
    def write(view: View) -> None:
        R(view).x = (frozenset(members),)

    def the_set(view: View) -> Any:
        value = R(view).x
        return value[0] if value else True

    told = fault(write, properties=[always(the_set)])
    assert f"the property the_set: it returned {text}; " in told
    assert told.endswith(f"in the state: r.x = ({text},)")


def test_a_set_of_interchangeable_members_is_shown_where_it_is_returned() -> None:
    def everybody(view: View) -> None:
        R(view).x = frozenset(PEOPLE)

    def the_set(view: View) -> Any:
        return R(view).x

    shown = "it returned frozenset({person1, person2}); "
    parts: dict[str, Any] = {"initial": everybody}
    hello = Action(lambda view, who: None, over=PEOPLE, name="hello")
    for action in (the_set, rest):
        claims = [] if action is the_set else [always(the_set)]
        model = Model("m", {R: None}, [Action(action), hello], properties=claims, **parts)
        with pytest.raises(ModelError) as caught:
            check(model)
        assert shown in str(caught.value)


# Misuse of a view that the model code takes for its own


MISUSES: dict[str, tuple[Callable[[Any], object], str]] = {
    "writes a list": (lambda view: view.write(R.x[None], []), "r.x: a list cannot be a cell"),
    "writes a field": (lambda view: view.write(R.x, 1), "r.x is a field of many records"),
    "reads no cell": (lambda view: view.read(1), "1 is no cell; give one"),
    "updates to a list": (lambda view: view.update(R.x[None], lambda _: []), "r.x: a list cannot"),
    "tests for a number": (lambda view: view.test(R.x[None], lambda _: 1), "returned 1; a test"),
    "chooses from a list": (lambda view: view.choose([2, 1]), "choose: the options are not in"),
    "chooses from a number": (lambda view: view.choose(3), "choose: 3 is neither a set nor"),
    "refuses with a text": (lambda view: view.refuse("no"), "refuse: 'no' is no reason"),
    "emits a list": (lambda view: view.emit([]), "event: a list cannot be a cell value"),
}
ENDS: dict[str, Callable[[Any], object]] = {
    "goes on": lambda view: view.write(R.y[None], 1),
    "refuses": lambda view: view.refuse(Why.NOT),
    "is disabled": lambda view: view.choose(()),
    "raises": lambda view: 1 // 0,
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", MISUSES)
def test_who_misuses_a_view_on_a_plain_state_and_catches_the_error_fails_all_the_same(
    name: str, end: str
) -> None:
    misuse, message = MISUSES[name]

    def action(view: View) -> None:
        with suppress(Exception):
            misuse(view)
        ENDS[end](view)

    state = State()
    with pytest.raises((ModelError, TypeError), match=message):
        run(action, state)
    with pytest.raises((ModelError, TypeError), match=message):
        state.step(action)
    assert state == {}
    told = fault(initial=action)
    assert told.startswith("the initial states of m: ")
    assert message in told


def test_a_mapping_that_misuses_its_image_and_catches_the_error_fails_all_the_same() -> None:
    def mapping(view: View, image: View) -> None:
        with suppress(TypeError):
            image.write(R.x[None], [])

    told = fault(properties=[refines(Model("abstract", {R: None}, [Action(rest)]), mapping)])
    assert told.startswith("the mapping of refines_abstract: TypeError: r.x: a list cannot be")


def test_an_error_of_the_models_own_function_may_be_caught_on_a_plain_state_too() -> None:
    def action(view: View) -> None:
        with suppress(ZeroDivisionError, TypeError):
            view.update(R.x[None], lambda value: value + "1")
        R(view).y = 1

    state = State()
    state.step(action)
    assert state == {R.y[None]: 1}


# Keys that are not declared


@dataclass(frozen=True)
class Alike:
    number: int


def of_any_key(*actions: Callable[[View], None], **parts: Any) -> Model:
    named = [Action(action, name=f"action{n}") for n, action in enumerate(actions)]
    return Model("m", {R: ANY}, named, **parts)


def marks(key: Any) -> Callable[[View], None]:
    return lambda view: view.write(R.x[key], 1)


def looks(key: Any) -> Callable[[View], None]:
    return lambda view: view.read(R.x[key]) and None


def bumps(key: Any) -> Callable[[View], None]:
    return lambda view: view.update(R.x[key], lambda value: min(value + 1, 3))


PAIRS = [(1, True), ((1, 2), (True, 2)), (frozenset({0}), frozenset({False}))]


@pytest.mark.parametrize(("one", "other"), PAIRS)
@pytest.mark.parametrize("uses", [marks, looks, bumps])
def test_keys_that_python_takes_for_equal_are_refused_where_any_key_goes(
    uses: Callable[[Any], Callable[[View], None]], one: Any, other: Any
) -> None:
    first, second = R.x[one], R.x[other]
    message = re.escape(f"{first!r} and {second!r} are one cell, since Python takes their keys")
    told = rf"^action\d: ModelError: {message}.*; in the state: "
    for actions, begin in ([marks(one), uses(other)], None), ([uses(other)], marks(one)):
        with pytest.raises(ModelError, match=told):
            check(of_any_key(*actions, initial=begin))

    def catches(view: View) -> None:
        with suppress(ModelError):
            uses(other)(view)

    with pytest.raises(ModelError, match=message):
        check(of_any_key(marks(one), catches))


@pytest.mark.parametrize(
    "make",
    [lambda: (1, "a"), lambda: frozenset({(1,), (2,)}), lambda: Alike(5), lambda: 10**9],
)
def test_keys_that_are_the_same_value_are_one_cell_where_any_key_goes(
    make: Callable[[], Any],
) -> None:
    model = of_any_key(marks(make()), looks(make()), bumps(make()), initial=marks(make()))
    assert check(model).counts.distinct == 3


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (1.5, "the key of r.x[1.5]: a float cannot be a cell value; use an int"),
        (1.0, "the key of r.x[1.0]: a float cannot be a cell value; use an int"),
        ((1, 1.5), "the key of r.x[(1, 1.5)]: its part [1]: a float cannot be a cell value"),
    ],
)
def test_a_key_that_is_no_value_is_told_with_its_cell(key: Any, why: str) -> None:
    for begun in (marks(key), bumps(key)):
        with pytest.raises(ModelError) as caught:
            check(of_any_key(marks(1), initial=begun))
        assert str(caught.value).startswith(f"the initial states of m: ModelError: {why}")
    for model in (of_any_key(marks(1), marks(key)), of_any_key(marks(key), initial=marks(1))):
        with pytest.raises(ModelError) as caught:
            check(model)
        assert f": ModelError: {why}" in str(caught.value)
