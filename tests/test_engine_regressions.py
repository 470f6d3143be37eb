"""Models on which the engine once was wrong, as small as they could be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from choir_model.engine import (
    Action,
    Field,
    Model,
    ModelError,
    Record,
    Sort,
    Verdict,
    View,
    always,
    check,
    guard,
    sorts,
)

PEOPLE = Sort("person", 2, symmetric=True)


@dataclass(frozen=True)
class Group:
    members: frozenset[Any]


class Party(Record, name="party"):
    guests = Field[Any](frozenset())
    hosts = Field[Any](frozenset())
    group = Field[Any](None)


def same_as(value: Any, other: Any) -> Any:
    return other


def equal(value: Any, other: Any) -> bool:
    return bool(value == other)


def invite(view: View, person: Any) -> None:
    Party(view).guests |= {person}


def ask(view: View, person: Any) -> None:
    Party(view).hosts |= {person}


def anything(view: View) -> bool:
    return Party(view).hosts is not None


def distinct(*more: Action) -> int:
    """How many states there are when people are invited and asked, and `more`."""
    actions = [Action(invite, over=PEOPLE), Action(ask, over=PEOPLE), *more]
    model = Model("party", {Party: None}, actions, properties=[always(anything)])
    return check(model).counts.distinct


def test_a_set_of_interchangeable_members_can_be_handed_to_an_update() -> None:
    def regroup(view: View) -> None:
        view.update(Party.group[None], same_as, (1, Party(view).guests))

    # Without groups ten: both sets empty, one or two members each, the same one or another.
    assert distinct() == 10
    assert distinct(Action(regroup)) > distinct()


def test_a_set_of_interchangeable_members_can_be_handed_to_a_test() -> None:
    def disband(view: View) -> None:
        guard(view, view.test(Party.guests[None], equal, Party(view).hosts))
        Party(view).guests = frozenset()

    assert distinct(Action(disband)) == distinct()


def test_sets_of_interchangeable_members_can_be_chosen_from() -> None:
    def regroup(view: View) -> None:
        party = Party(view)
        party.group = view.choose(frozenset({party.guests, party.hosts}))

    assert distinct(Action(regroup)) > distinct()


def test_a_set_of_interchangeable_members_can_be_written_inside_a_value_and_said() -> None:
    def regroup(view: View) -> None:
        party = Party(view)
        view.emit(party.guests)
        party.group = Group(party.guests)

    assert distinct(Action(regroup)) > distinct()


class Counter(Record, name="counter"):
    value = Field(0)


def count(view: View) -> None:
    Counter(view).value += 1


def small(view: View, number: int) -> bool:
    return Counter(view).value < 3


def bounded(view: View) -> bool:
    return Counter(view).value < 9


def test_one_way_to_violate_a_claim_is_told_once_whatever_the_parameters() -> None:
    model = Model(
        "counter",
        {Counter: None},
        [Action(count)],
        properties=[always(small, over=Sort("number", [1, 2, 3]))],
        constraints=[bounded],
    )
    paths = check(model, counterexamples=3).findings["small"].paths
    assert [len(path) for path in paths] == [3, 4, 5]


MIXED = Sort("mixed", [True, 1])


class Slot(Record, name="slot"):
    content = Field(0)


def fill(view: View, key: Any) -> None:
    Slot(view, key).content = 1


def test_declared_keys_that_python_takes_for_equal_are_refused() -> None:
    with pytest.raises(ModelError, match=r"slot.content\[True\] and slot.content\[1\] are one"):
        check(Model("slots", {Slot: MIXED}, [Action(fill, over=MIXED)]))


def test_a_test_may_speak_of_the_variable_of_a_loop() -> None:
    def turn(view: View) -> None:
        Counter(view).value = (Counter(view).value + 1) % 5

    def look(view: View) -> None:
        seen = 0
        for number in range(3):
            seen += view.test(Counter.value[None], lambda value: value == number)  # noqa: B023
        Slot(view).content = seen

    def at_most_one(view: View) -> bool:
        return Slot(view).content <= 1

    model = Model(
        "loop",
        {Counter: None, Slot: None},
        [Action(turn), Action(look)],
        properties=[always(at_most_one)],
    )
    report = check(model)
    assert report.verdict is Verdict.HOLDS
    assert report.counts.distinct == 10


MANY = frozenset(range(300))


def number(view: View) -> None:
    view.choose(("big", "small"))
    Slot(view).content = view.choose(MANY)


@pytest.mark.parametrize("parts", [{"initial": number}, {}], ids=["initial", "action"])
def test_the_options_of_a_choice_are_put_in_order_once_for_all_branches(
    parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_order, calls = sorts.in_order, list[Any]()

    def counting(options: Any) -> Any:
        calls.append(options)
        return put_in_order(options)

    monkeypatch.setattr(sorts, "in_order", counting)
    rest = Action(lambda view: None, name="rest")
    model = Model("slots", {Slot: None}, [rest if parts else Action(number)], **parts)
    assert check(model).counts.distinct == len(MANY)
    assert len(calls) == 2 * 3  # run again, as always; both choices, the second after either first
