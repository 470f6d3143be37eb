"""Models on which updates, tests and views once were wrong, as small as they could be made."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from operator import add
from threading import Thread
from typing import Any

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
    State,
    View,
    always,
    check,
    guard,
)
from choir_model.engine.machine import Machine
from choir_model.engine.watchdog import Watchdog

ALLOWED = frozenset({0, 1, 2})
TABLE = {0: 1, 1: 2, 2: 3, 3: 0}


class Why(Enum):
    NOT = 1


class R(Record, name="r"):
    x = Field[Any](0)
    y = Field[Any](0)


def anything(view: View) -> bool:
    return R(view).x is not None


def checked(*actions: Callable[[View], None], **more: Any) -> Report:
    """What comes of a model with these actions."""
    return check(Model("m", {R: None}, list(map(Action, actions)), **more))


def told(*actions: Callable[[View], None], **more: Any) -> str:
    """The error a model with these actions ends with."""
    with pytest.raises(ModelError) as error:
        checked(*actions, **more)
    return str(error.value)


def member(value: Any, values: Any) -> bool:
    return value in values


def up(value: int, most: int = 5) -> int:
    return min(value + 1, most)


def flip(view: View) -> None:
    R(view).y = 1 - R(view).y


def test_a_method_of_a_constant_is_the_same_function_at_every_run() -> None:
    def step(view: View) -> None:
        guard(view, view.test(R.x[None], ALLOWED.__contains__))
        view.update(R.x[None], TABLE.get, 0)

    assert checked(step, flip).counts.distinct == 8


def test_a_method_of_an_equal_set_is_the_same_function() -> None:
    def step(view: View) -> None:
        guard(view, view.test(R.x[None], frozenset({0, 1}).__contains__))
        view.update(R.x[None], (1).__add__)

    assert checked(step, flip).counts.distinct == 6


def test_a_list_as_an_argument_is_refused_by_name() -> None:
    def step(view: View) -> None:
        view.test(R.x[None], member, [0, 1, 2])  # a new one at every run

    error = told(step, flip)
    assert "the argument [0, 1, 2] of member: a list cannot be a cell value; use a tuple" in error


@pytest.mark.parametrize("values", [(0, 1), range(2), Sort("digit", [0, 1]), ALLOWED])
def test_tuples_ranges_sorts_and_sets_may_be_arguments(values: Any) -> None:
    def step(view: View) -> None:
        guard(view, view.test(R.x[None], member, values))
        view.update(R.x[None], up)

    assert checked(step, flip).counts.distinct == 2 * (max(values) + 2)


def test_a_function_may_be_an_argument() -> None:
    def applied(value: int, fn: Callable[[int], int]) -> int:
        return fn(value)

    def step(view: View) -> None:
        view.update(R.x[None], applied, lambda value: (value + 1) % 3)

    assert checked(step, flip).counts.distinct == 6


def test_a_local_function_that_calls_itself_may_update() -> None:
    def step(view: View) -> None:
        def digits(value: int) -> int:
            return value if value < 4 else digits(value - 4)

        view.update(R.x[None], lambda value: digits(value + 1))
        view.update(R.x[None], digits)

    assert checked(step, flip).counts.distinct == 8


def test_a_test_that_answers_with_a_list_is_told() -> None:
    def odd(value: int) -> Any:
        return False if value == 0 else []

    def step(view: View) -> None:
        view.update(R.x[None], up)

    def ask(view: View) -> None:
        guard(view, view.test(R.x[None], odd))

    assert "the test odd returned []; a test returns True or False" in told(step, ask)


@pytest.mark.parametrize("plus", [lambda _: add, lambda i: lambda value, more: value + i % 2])
def test_hundreds_of_updates_of_one_cell_in_one_action_work(plus: Any) -> None:
    def step(view: View) -> None:
        guard(view, R(view).y == 0)
        for i in range(600):
            view.update(R.x[None], plus(i), 1)
        R(view).y = 1

    report = checked(step, properties=[always(anything)])
    assert (report.counts.distinct, report.verdict.name) == (2, "HOLDS")


def test_updates_that_use_each_other_take_no_exponential_time() -> None:
    calls = []

    def mixed(value: int, other: int) -> int:
        calls.append(value)
        return (value + other) % 3

    def step(view: View) -> None:
        for _ in range(20):
            view.update(R.x[None], mixed, R.y[None])
            view.update(R.y[None], mixed, R.x[None])

    checked(step, flip)
    assert len(calls) < 5000


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = (value,)
    return value


def deepen(view: View) -> None:
    R(view).x = nested(400)


@pytest.mark.parametrize("more", [{}, {"initial": deepen}])
def test_a_value_nested_too_deeply_is_a_model_error(more: Any) -> None:
    error = told(flip if more else deepen, **more)
    assert "r.x: the value cannot be kept: the bytes encode a value that is nested too" in error


def test_a_key_that_is_no_value_is_a_model_error_in_the_initial_states_too() -> None:
    def start(view: View) -> None:
        view.write(R.x[1.5], 1)

    with pytest.raises(ModelError, match="float"):
        check(Model("m", {R: ANY}, [Action(flip)], initial=start))


def halved(value: int) -> Any:
    return value / 2


def doubled(value: float) -> int:
    return int(value * 2)


def test_a_float_between_two_updates_is_an_error() -> None:
    def step(view: View) -> None:
        view.update(R.x[None], halved)
        view.update(R.x[None], doubled)

    assert "r.x: a float cannot be a cell value" in told(step)


def test_an_event_with_fields_needs_a_constructor() -> None:
    def step(view: View) -> None:
        R(view).x = 1
        view.emit("hello", x=1)

    assert "emit: 'hello' has fields but is no constructor of an event" in told(step)
    with pytest.raises(ModelError, match="no constructor of an event"):
        State().step(step)


class Unknown(Record, name="unknown"):
    x = Field(0)


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda view: view.read(Unknown.x[None]), "unknown.x is no cell of m"),
        (lambda view: view.read(R.x[2]), "r.x[2] is no cell of m"),
        (lambda view: view.write(R.x[None], []), "r.x: a list cannot be a cell value"),
        (lambda view: view.choose([2, 1]), "not in canonical order"),
        (lambda view: view.refuse("no"), "'no' is no reason"),
        (lambda view: view.test(R.x[None], up), "the test up returned 1"),
        (lambda view: view.read(R.x), "r.x is a field of many records; give a cell: r.x[key]"),
        (lambda view: view.write(R.x, 1), "give a cell: r.x[key]"),
        (lambda view: view.update(R.x, up), "give a cell: r.x[key]"),
        (lambda view: view.test(R.x, bool), "give a cell: r.x[key]"),
        (lambda view: view.read(3), "3 is no cell; give one: Record.field[key]"),
    ],
)
def test_who_misuses_a_view_and_catches_the_error_fails_all_the_same(
    misuse: Any, message: str
) -> None:
    def step(view: View) -> None:
        R(view).x = 0
        try:
            misuse(view)
        except Exception:  # noqa: BLE001 (what it must not get away with)
            R(view).y = 1

    def stumbling(view: View) -> bool:
        try:
            misuse(view)
        except Exception:  # noqa: BLE001 (what it must not get away with)
            return True
        return True

    assert message in told(step)
    error = told(flip, properties=[always(stumbling)])
    assert message in error or "was written where only reading is allowed" in error


def test_an_error_of_the_models_own_function_may_be_caught() -> None:
    def failing(value: int) -> bool:
        raise TypeError

    def step(view: View) -> None:
        try:
            view.test(R.x[None], failing)
        except TypeError:
            R(view).y = 1

    assert checked(step).counts.distinct == 2


@pytest.mark.parametrize("use_again", [True, False])
def test_an_action_that_goes_on_after_it_was_disabled_is_told_so(use_again: bool) -> None:
    def step(view: View) -> None:
        try:
            guard(view, False)
        except BaseException:  # noqa: BLE001 (what it must not get away with)
            if use_again:
                R(view).x = 1

    assert "was disabled, which no action may catch" in told(step)
    with pytest.raises(ModelError, match="was disabled, which no action may catch"):
        State().step(step)


def test_an_action_that_goes_on_after_it_refused_is_told_so() -> None:
    def step(view: View) -> None:
        try:
            view.refuse(Why.NOT)
        except BaseException:  # noqa: BLE001 (what it must not get away with)
            R(view).x = 1

    assert "had refused, which no action may catch" in told(step)


def test_the_time_limit_is_for_one_branch_of_the_choices() -> None:
    def a_minute_passes() -> None:
        watcher = Thread(target=dog.look, args=(60.0,))
        watcher.start()
        watcher.join()

    def patient(view: View) -> None:
        R(view).x = view.choose(range(8))
        a_minute_passes()

    def hasty(view: View) -> None:
        for _ in range(8):
            a_minute_passes()

    with Watchdog(100.0) as dog:
        machine = Machine(Model("m", {R: None}, [Action(patient), Action(hasty)]), dog)
        trees = [instance.tree for instance in machine.instances]
        assert len(machine.forest.walk(trees[0], 0).branches) == 8
        with pytest.raises(ModelError, match="hasty: did not end within 100 seconds"):
            machine.forest.walk(trees[1], 0)


class Mark(Record, name="mark"):
    seen = Field(False)
    unused = Field(0)


def test_marking_many_cells_one_after_the_other_takes_few_relayouts() -> None:
    size = 200
    keys = Sort("place", range(size))

    def step(view: View) -> None:
        at = R(view).x
        guard(view, at < size)
        Mark(view, at).seen = True
        view.update(R.x[None], add, 1)

    model = Model("m", {Mark: keys, R: None}, [Action(step)])
    with Watchdog() as dog:
        layout = Machine(model, dog).layout
        repacked = 0
        packed = 0
        for place in range(size):
            number = layout.number(Mark.seen[place])
            value = layout.intern(number, True)
            if layout.stale:
                packed = layout.relayout()(packed)
                repacked += 1
            packed |= value << layout.shift[number]
    assert repacked < 20
    assert layout.unpack(packed) == {Mark.seen[place]: True for place in range(size)}
    assert layout.bits == size
    assert check(model).counts.distinct == size + 1


def test_sets_in_messages_are_written_with_braces() -> None:
    runs = []

    def step(view: View) -> None:
        runs.append(1)
        R(view).x = frozenset({len(runs)})

    assert re.search(
        r"wrote r\.x := \{1\}; run again it saw nothing and wrote r\.x := ", told(step)
    )
