"""Mistakes in declaring and using records that once went unnoticed or were told badly."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from choir_model.engine import (
    Action,
    Field,
    Model,
    ModelError,
    Record,
    State,
    View,
    always,
    check,
)


class Why(Enum):
    NOT = 1


class R(Record, name="r"):
    x = Field[Any](0)


class Base(Record, name="base"):
    x = Field(0)
    note = Field(0, auxiliary=True)


class Left(Base, name="left", layer="l"):
    y = Field(1)


class Right(Base, name="right"):
    x = Field(7)


def test_records_that_inherit_a_field_have_cells_of_their_own() -> None:
    def step(view: View) -> None:
        Left(view).x = 3

    def untouched(view: View) -> bool:
        return (Base(view).x, Right(view).x) == (0, 7)

    report = check(
        Model(
            "m",
            {Base: None, Left: None, Right: None},
            [Action(step)],
            properties=[always(untouched)],
        )
    )
    assert (report.verdict.name, report.counts.distinct) == ("HOLDS", 2)
    assert [field.name for field in Left.fields] == ["left.x", "left.note", "left.y"]
    assert {field.name: field.auxiliary for field in Right.fields} == {
        "right.note": True,
        "right.x": False,
    }
    assert Left.x.layer == "l"


def nameless() -> None:
    class Nameless(Record):
        x = Field(0)


def set_on_class() -> None:
    R.x = 3  # type: ignore[assignment]


MISTAKES: list[tuple[Callable[[], object], str]] = [
    (nameless, 'the record Nameless needs a name: class Nameless(Record, name="…")'),
    (set_on_class, "R.x is a field; write R(view).x = …"),
    (
        lambda: R(State().view(), 1, "b"),
        "the key of a R is one value, a tuple: R(view, (1, 'b'))",
    ),
    (
        lambda: State().view().choose(Why),  # type: ignore[arg-type]
        "choose: Why is an enum; its members are frozenset(Why), put in order",
    ),
    (
        lambda: State().view().choose(iter((1, 2))),  # type: ignore[arg-type]
        "choose: a tuple_iterator is neither a set nor a sequence of options; make it a tuple",
    ),
]


@pytest.mark.parametrize(("mistake", "message"), MISTAKES)
def test_a_mistake_is_told_with_what_to_write_instead(
    mistake: Callable[[], object], message: str
) -> None:
    with pytest.raises((ModelError, AttributeError)) as error:
        mistake()
    assert str(error.value) == message
