"""The vocabulary of random models: functions over values, and the values they draw from.

Both readings of a random model, the engine's and the naive one, apply these functions;
they are part of the model, like the functions an author hands to `update` and `test`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Reason(Enum):
    FULL = 1
    LATE = 2


class Colour(Enum):
    RED = 1
    GREEN = 2


@dataclass(frozen=True)
class Boxed:
    inside: Any


MIXED: tuple[Any, ...] = (
    *(None, False, True, Boxed(True), Boxed(1), Colour.RED, Colour.GREEN),
    *(frozenset(), frozenset({True}), frozenset({1}), -1, 0, 1, 2, 10**20),
    *("", "1", "a", (), (True,), (1,), (1, "a"), b"", b"1"),
)
"""In canonical order, and full of values that Python calls equal."""


def typed(value: Any) -> Any:
    """A key that tells 1 from True, also deep inside other values."""
    if isinstance(value, tuple):
        return ("tuple", *map(typed, value))
    if isinstance(value, frozenset):
        return ("set", frozenset(map(typed, value)))
    if isinstance(value, Boxed):
        return ("boxed", typed(value.inside))
    return (type(value).__name__, value)


def add(value: int, amount: int, modulus: int) -> int:
    return (value + amount) % modulus


def next_of(value: Any, values: tuple[Any, ...]) -> Any:
    place = [typed(candidate) for candidate in values].index(typed(value))
    return values[(place + 1) % len(values)]


def same_as(value: Any, other: Any) -> Any:
    return other


def insert(members: frozenset[Any], member: Any) -> frozenset[Any]:
    return members | {member}


def remove(members: frozenset[Any], member: Any) -> frozenset[Any]:
    return members - {member}


def union(members: frozenset[Any], others: frozenset[Any]) -> frozenset[Any]:
    return members | others


def without(members: frozenset[Any], others: frozenset[Any]) -> frozenset[Any]:
    return members - others


def append(queue: tuple[Any, ...], item: Any, room: int) -> tuple[Any, ...]:
    return (*queue, item) if len(queue) < room else queue


def pop(queue: tuple[Any, ...]) -> tuple[Any, ...]:
    return queue[1:]


def head(queue: tuple[Any, ...]) -> Any:
    return queue[0] if queue else None


def put(pairs: frozenset[Any], key: Any, value: bool) -> frozenset[Any]:
    return (pairs - {(key, False), (key, True)}) | {(key, value)}


def drop(pairs: frozenset[Any], key: Any) -> frozenset[Any]:
    return pairs - {(key, False), (key, True)}


def size(members: Any, modulus: int) -> int:
    return len(members) % modulus


def equal(value: Any, other: Any) -> bool:
    return bool(value == other)


def identical(value: Any, other: Any) -> bool:
    return bool(typed(value) == typed(other))


def less(value: int, other: int) -> bool:
    return value < other


def odd(value: int) -> bool:
    return value % 2 == 1


def sum_below(value: int, other: int, bound: int) -> bool:
    return value + other < bound


def either(value: Any, other: Any, third: Any) -> bool:
    return bool(value in (other, third))


def contains(members: Any, member: Any) -> bool:
    return member in members


def is_bool(value: Any) -> bool:
    return value is True or value is False


def is_none(value: Any) -> bool:
    return value is None


def boxed(inside: Any) -> Boxed:
    return Boxed(inside)


def pair(first: Any, second: Any) -> tuple[Any, Any]:
    return (first, second)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    fn.__name__: fn
    for fn in (
        *(add, next_of, same_as, insert, remove, union, without, append, pop, head, put, drop),
        *(
            size,
            equal,
            identical,
            less,
            odd,
            sum_below,
            either,
            contains,
            is_bool,
            is_none,
            boxed,
            pair,
        ),
    )
}
