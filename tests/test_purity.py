"""Perturbed runs show what depends on the order of a set, and change nothing else."""

# ruff: noqa: C416, C420, PLW0108, RUF005 (all ways of iterating are tested)

from __future__ import annotations

import functools
import itertools
import operator
import subprocess
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from types import FunctionType
from typing import Any

import pytest

from choir_model.engine import Field, Record, State, View
from choir_model.engine.instrument import original
from choir_model.engine.purity import Perturbed, perturbed
from choir_model.engine.values import CanonicalSet

NAMES = frozenset({"anna", "bert", "cleo", "dora"})
PAIRS = ({"a", "b"}, {"c", "d"})


class Suit(Enum):
    HEARTS = 1
    SPADES = 2


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Card:
    suit: Any


SUITS, CARDS, TUPLES = {*Suit}, {Card("a"), Card("b")}, {("a", 1), ("b", 2)}


def loop() -> list[str]:
    found = []
    for name in NAMES:
        found.append(name)  # noqa: PERF402 (a loop is what is tested)
    return found


def unpacked_loop() -> list[str]:
    found = []
    for one, _ in PAIRS:
        found.append(one)
    return found


def generator() -> Iterator[str]:
    yield from NAMES


def popped() -> str:
    return set(NAMES).pop()


def unpacked() -> str:
    first, *_ = NAMES
    return first


def extended() -> list[str]:
    found: list[str] = []
    found.extend(NAMES)
    return found


def added() -> list[str]:
    found: list[str] = []
    found += NAMES
    return found


def added_to_the_left() -> list[str]:
    found: deque[str] = deque()
    found.extendleft(NAMES)
    return list(found)


def first_of(*names: str) -> str:
    return names[0]


WAYS: dict[str, Callable[[], Any]] = {
    "for name in NAMES": loop,
    "for (one, _) in PAIRS": unpacked_loop,
    "(yield from NAMES)": lambda: list(generator()),
    "set(NAMES).pop()": popped,
    "first, *_ = NAMES": unpacked,
    "found.extend(NAMES)": extended,
    "found += NAMES": added,
    "found.extendleft(NAMES)": added_to_the_left,
    "*NAMES": lambda: first_of(*NAMES),
    "for n in NAMES": lambda: [n for n in NAMES],
    "for m in NAMES": lambda: next(m for m in NAMES),
    "for k in NAMES": lambda: list({k: 1 for k in NAMES}),
    "for i in NAMES - {'anna'}": lambda: [i for i in NAMES - {"anna"}],
    "for (a, b) in PAIRS": lambda: [a for a, b in PAIRS],
    "list(NAMES)": lambda: list(NAMES),
    "tuple(NAMES)": lambda: tuple(NAMES),
    "iter(NAMES)": lambda: next(iter(NAMES)),
    "enumerate(NAMES)": lambda: dict(enumerate(NAMES)),
    "zip(NAMES, range(9))": lambda: dict(zip(NAMES, range(9))),  # noqa: B905
    "map(str.upper, NAMES)": lambda: list(map(str.upper, NAMES)),
    "map(tuple, PAIRS)": lambda: list(map(tuple, PAIRS)),
    "filter(None, NAMES)": lambda: list(filter(None, NAMES)),
    "min(NAMES, key=len)": lambda: min(NAMES, key=len),
    "max(NAMES, key=len)": lambda: max(NAMES, key=len),
    "sorted(NAMES, key=len)": lambda: sorted(NAMES, key=len),
    "sum(TUPLES, ())": lambda: sum(TUPLES, ()),
    "'-'.join(NAMES)": lambda: "-".join(NAMES),
    "dict.fromkeys(NAMES)": lambda: list(dict.fromkeys(NAMES)),
    "OrderedDict.fromkeys(NAMES)": lambda: list(OrderedDict.fromkeys(NAMES)),
    "dict(TUPLES)": lambda: list(dict(TUPLES)),
    "deque(NAMES)": lambda: list(deque(NAMES)),
    "Counter(NAMES)": lambda: Counter(NAMES).most_common(1),
    "functools.reduce(operator.add, NAMES)": lambda: functools.reduce(operator.add, NAMES),
    "itertools.chain(NAMES, ())": lambda: list(itertools.chain(NAMES, ())),
    "itertools.chain.from_iterable(PAIRS)": lambda: list(itertools.chain.from_iterable(PAIRS)),
    "itertools.islice(NAMES, 1)": lambda: list(itertools.islice(NAMES, 1)),
    "itertools.takewhile(len, NAMES)": lambda: list(itertools.takewhile(len, NAMES)),
    "str(NAMES)": lambda: str(NAMES),
    "repr(set(NAMES))": lambda: repr(set(NAMES)),
    "'{}'.format(NAMES)": lambda: "{}".format(NAMES),  # noqa: UP032
    "f'{NAMES}'": lambda: f"{NAMES}",
    "f'{NAMES!r}'": lambda: f"{NAMES!r}",
    "hash('anna')": lambda: hash("anna"),
    "list(SUITS)": lambda: list(SUITS),
    "list(CARDS)": lambda: list(CARDS),
    "list(TUPLES)": lambda: list(TUPLES),
    "list({None, int})": lambda: list({None, int}),
    "list({b'a', b'b'})": lambda: list({b"a", b"b"}),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_iterates_a_set_does_it_in_reverse(way: str) -> None:
    again = perturbed(WAYS[way])
    assert again.reason == ""
    assert again() != WAYS[way]()
    places = [site.split(": ", 1) for site in again.sites]
    assert way in [what for _, what in places]
    assert all(place.startswith("test_purity.py:") for place, _ in places)


INDIFFERENT: list[Callable[[], Any]] = [
    lambda: sorted(NAMES),
    lambda: (len(NAMES), "anna" in NAMES, bool(NAMES), {"anna"} == NAMES, NAMES | {"zoe"}),
    lambda: (min(NAMES), max(NAMES), min(NAMES, {"anna"}), max({"a"}, {"a", "b"})),
    lambda: (set(NAMES), frozenset(NAMES), {*NAMES}, {name.upper() for name in NAMES}),
    lambda: (any(name == "anna" for name in NAMES), all(map(len, NAMES)), sum(map(len, NAMES))),
    lambda: list({3, 1, 2}) + [*{True, 5}] + list(map(str, {7, 8})),
    lambda: [list({(1, 2), (3, 4)}), list({Card(1), Card(2)}), list({frozenset({1}), Level.LOW})],
    lambda: [list(CanonicalSet(NAMES)), "".join(CanonicalSet(NAMES)), str(CanonicalSet(NAMES))],
    lambda: [*{"only"}, *list(set()), str({"only"})],
    lambda: [dict.fromkeys("ab", NAMES), {NAMES: 1}.pop(NAMES), [1, 2].pop(), {1: 2}.pop(3, NAMES)],
    lambda: functools.reduce(operator.or_, PAIRS, NAMES),
    lambda: [next(itertools.repeat(NAMES)), dict.fromkeys("ab", list), (hash(3), hash((1, 2)))],
    lambda: ["{:>3}".format(1), f"{NAMES and 1:>3}", list("ab"), str(b"x", "utf8")],  # noqa: UP032
    lambda: [isinstance(NAMES, frozenset), isinstance([], list), list, type(NAMES)("ab")],
]


@pytest.mark.parametrize("number", range(len(INDIFFERENT)))
def test_what_does_not_depend_on_an_order_stays_the_same(number: int) -> None:
    again = perturbed(INDIFFERENT[number])
    assert again.reason == ""
    assert again() == INDIFFERENT[number]()


def bag_of(names: frozenset[str]) -> Bag:
    bag = Bag()
    bag += names
    return bag


class Bag:
    def __init__(self) -> None:
        self.held: object = None

    def __iadd__(self, names: object) -> Bag:
        self.held = names
        return self


def test_what_takes_a_set_whole_is_given_the_set() -> None:
    assert perturbed(bag_of)(NAMES).held is NAMES


def through_everything(view: object, numbers: list[int], *, more: tuple[int, ...] = (4,)) -> Any:
    """Each kind of statement that gets a hook, on values that are not turned."""
    total, texts = 0, []
    for number in numbers:
        total += number
    for one, two in zip(numbers, more, strict=False):
        texts.append(f"{one}{two!r}{one:>{two}}")
    first, *rest = numbers
    texts += [str(first)]
    counts = {n: [m for m in range(n) if m % 2] for n in {*numbers, *more}}
    table = dict(sorted(counts.items(), key=lambda item: -item[0]))

    def inner() -> Iterator[int]:
        yield from rest

    class Base:
        def size(self) -> int:
            return len(numbers)

    class Derived(Base):
        __secret = 5

        def size(self) -> int:
            return super().size() + self.__secret

    match rest:
        case [a, *_] if a in list(numbers):
            texts.append("matched")
    last = [*numbers].pop()
    return total, texts, table, list(inner()), Derived().size(), last, view


def test_what_iterates_no_set_runs_as_always() -> None:
    again = perturbed(through_everything)
    for numbers in ([1], [3, 1, 2]):
        assert again(None, numbers) == through_everything(None, numbers)
        assert again.run(functools.partial(through_everything, None, numbers, more=(7, 8))) == (
            through_everything(None, numbers, more=(7, 8))
        )
    assert again.sites == []


class Account(Record, name="account"):
    balance = Field(0)


def add(value: int, amount: int) -> int:
    return value + amount


def bump(view: View) -> None:
    Account(view).update(Account.balance, add, 1)
    Account(view).update(Account.balance, lambda value, amount: value + amount, 1)


def test_a_view_is_given_the_same_functions() -> None:
    given: list[list[FunctionType]] = [[], []]

    class Spy:
        def __init__(self, seen: list[FunctionType]) -> None:
            self.seen = seen

        def update(self, cell: object, fn: FunctionType, *args: object) -> None:
            self.seen.append(fn)

    bump(Spy(given[0]))  # type: ignore[arg-type]
    perturbed(bump)(Spy(given[1]))
    assert given[0][0] is given[1][0] is add
    usual, hooked = given[0][1].__code__, given[1][1].__code__
    assert original(hooked) == usual
    assert original(usual) is usual


def test_a_perturbed_action_runs_on_any_view() -> None:
    state = State()
    state.step(perturbed(bump))
    assert state.value(Account.balance[None]) == 2


def test_places_add_up_until_they_are_cleared() -> None:
    again = Perturbed(lambda names: list(names))
    again({"a", "b"})
    again({"a", "b"})
    assert len(again.sites) == 1
    again.sites.clear()
    again({1, 2})
    assert again.sites == []


UNDER_A_SEED = """
import test_purity
from choir_model.engine.purity import perturbed
print(all(perturbed(fn)() != fn() for fn in test_purity.WAYS.values()))
"""


@pytest.mark.parametrize("seed", ["0", "1", "12345"])
def test_it_is_found_under_every_hash_seed(seed: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", UNDER_A_SEED],
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "True\n"
