"""Models on which exploration or judgement once was wrong, as small as they could be made."""

from __future__ import annotations

from itertools import count

import pytest

from choir_model.engine import (
    Action,
    Field,
    Model,
    ModelError,
    Record,
    Sort,
    View,
    always,
    check,
    guard,
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
