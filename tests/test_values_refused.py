"""Cell values that are refused, each with its place and a way out."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from test_values import Derived, Pair, Slotted, Twin

from choir_model.engine.values import (
    check_value,
    encode,
)


class NamedPair(NamedTuple):
    left: int
    right: int


class Count(int):
    pass


class Word(str):
    __slots__ = ()


class Bag(frozenset[Any]):
    pass


@dataclass
class Open:
    x: int = 0


class Heir(Twin):
    pass


@dataclass(frozen=True, eq=False)
class Identity:
    x: int = 0


@dataclass(frozen=True)
class NoHash:
    x: int = 0
    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Hoard(list[int]):
    x: int = 0


class Pocket:
    __slots__ = ("hidden",)


@dataclass(frozen=True)
class Pocketed(Pocket):
    x: int = 0


@dataclass(frozen=True)
class Forgetful:
    x: int = field(init=False)


def extended() -> Twin:
    twin = Twin(1)
    object.__setattr__(twin, "extra", [])
    return twin


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.5, "jar.content: a float cannot be a cell value; use an int of a smaller unit"),
        (float("nan"), "a float cannot"),
        (1 + 2j, "a complex cannot be a cell value; use None, bool, int, str"),
        (Fraction(1, 2), "a Fraction cannot be a cell value; use None, bool"),
        ([1], "a list cannot be a cell value; use a tuple"),
        ({1}, "a set cannot be a cell value; use a frozenset"),
        ({1: 2}, "a dict cannot be a cell value; use a tuple of pairs, or a record with its keys"),
        (bytearray(b"x"), "a bytearray cannot be a cell value; use bytes"),
        (deque([1]), "a deque cannot be a cell value; use None"),
        (OrderedDict(), "a OrderedDict cannot be .* a subclass of dict may hold anything"),
        (object(), "a object cannot"),
        (len, "a builtin_function_or_method cannot"),
        (lambda: 1, "a function cannot be a cell value; use None"),
        (int, "a type cannot"),
        (ValueError("x"), "a ValueError cannot"),
        (NamedPair(1, 2), "a NamedPair cannot be .*; use a frozen dataclass: a subclass of tuple"),
        (Count(1), "a Count cannot be a cell value; use a frozen dataclass: a subclass of int"),
        (Word("x"), "a Word cannot be a cell value; use a frozen dataclass: a subclass of str"),
        (Bag({1}), "a Bag cannot be a cell value; use a frozen dataclass: a subclass of frozens"),
        (Open(), r"a Open cannot be a cell value; declare it with @dataclass\(frozen=True\)"),
        (Heir(1), r"a Heir cannot be a cell value; declare it with @dataclass\(frozen=True\)"),
        (Identity(), r"a Identity cannot be a cell value; let it compare and hash by its fields"),
        (NoHash(), r"a NoHash cannot be a cell value; let it compare and hash by its fields"),
        (Hoard(), "a Hoard cannot be a cell value; use a frozen dataclass: a subclass of list"),
        (Pocketed(), "a Pocketed cannot be a cell value; its slot hidden is no field"),
        (extended(), "a Twin has the attribute extra, which is no field"),
        (Forgetful(), r"its part \.x: a Forgetful without a value for that field"),
        (Pair([1]), r"jar.content: its part \.left: a list cannot be a cell value; use a tuple"),
        ((1, Pair(2, (3, [4]))), r"its part \[1\]\.right\[1\]: a list cannot"),
        (frozenset({(1, 2.5)}), r"its part \{\(1, 2\.5\)\}\[1\]: a float cannot"),
        (Slotted(Slotted(Open)), r"its part \.only\.only: a type cannot"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_place_and_a_way_out(
    value: object, message: str
) -> None:
    with pytest.raises(TypeError, match=message) as refused:
        check_value(value, "jar.content")
    assert str(refused.value).startswith("jar.content: ")


@pytest.mark.parametrize("value", [1.5, [1], Count(1), Word("x"), Bag({1}), Identity(), Heir(1)])
def test_what_cannot_be_stored_has_no_encoding(value: object) -> None:
    with pytest.raises(TypeError, match="has no canonical encoding"):
        encode(value)


def test_what_a_dataclass_keeps_of_its_own_results_is_no_part_of_it() -> None:
    value = Derived("x", 1)
    before = encode(value)
    assert value.twice == ["x", "x"]
    check_value(value, "here")
    assert encode(value) == before
