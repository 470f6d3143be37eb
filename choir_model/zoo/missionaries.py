"""Three missionaries, three cannibals, a river, and a boat for two.

On no bank may cannibals outnumber missionaries, if there are any.  The boat does not cross
by itself.  The claim is that somebody always stays behind; the counterexample is a way to
bring everybody over.

Source: `MissionariesAndCannibals` in the TLA+ Examples, by Leslie Lamport.  Published, with
named people: 64 states, 283 generated, depth 13; the shortest way has 11 crossings.  This
model generates 253: TLC counts a crossing twice where a bank is safe for two reasons.

`COUNTED` asks only how many there are of each, not who: 16 states, 35 generated, depth 13.
"""

from __future__ import annotations

from enum import Enum
from itertools import combinations

from choir_model.engine import (
    Action,
    Field,
    Model,
    Record,
    Sort,
    View,
    always,
    guard,
)

MISSIONARIES = ("Anna", "Bela", "Cleo")
CANNIBALS = ("Xeno", "Yoko", "Zeno")
SEATS = (1, 2)


class Bank(Enum):
    """The two sides of the river."""

    EAST = "east"
    WEST = "west"

    @property
    def other(self) -> Bank:
        """The opposite side."""
        return Bank.WEST if self is Bank.EAST else Bank.EAST


class Boat(Record, name="boat"):
    """Where the boat lies."""

    at = Field(Bank.EAST)


class Person(Record, name="person"):
    """Where a person is."""

    at = Field(Bank.EAST)


class Crowd(Record, name="east"):
    """How many are on the eastern bank; the rest are on the western one."""

    missionaries = Field(3)
    cannibals = Field(3)


PEOPLE = Sort("person", (*MISSIONARIES, *CANNIBALS))


def is_safe(missionaries: int, cannibals: int) -> bool:
    """Whether so many can be together on one bank."""
    return missionaries == 0 or cannibals <= missionaries


def on(view: View, bank: Bank) -> list[str]:
    """Who is on that bank."""
    return [name for name in PEOPLE if Person(view, name).at is bank]


def cross(view: View) -> None:
    """One or two people take the boat to the other bank, if it is safe to."""
    here = Boat(view).at
    present = on(view, here)
    crew = view.choose(frozenset(crew for size in SEATS for crew in combinations(present, size)))
    for name in crew:
        Person(view, name).at = here.other
    Boat(view).at = here.other
    for bank in Bank:
        names = on(view, bank)
        missionaries = sum(name in MISSIONARIES for name in names)
        guard(view, is_safe(missionaries, len(names) - missionaries))


def somebody_stays(view: View) -> bool:
    """The claim that is false: not everybody has crossed."""
    return len(on(view, Bank.EAST)) > 0


def cross_counted(view: View) -> None:
    """The same, of so many missionaries and cannibals."""
    boat, east = Boat(view), Crowd(view)
    missionaries, cannibals = view.choose([(0, 1), (0, 2), (1, 0), (1, 1), (2, 0)])
    away = -1 if boat.at is Bank.EAST else 1
    east.missionaries += away * missionaries
    east.cannibals += away * cannibals
    boat.at = boat.at.other
    west = (3 - east.missionaries, 3 - east.cannibals)
    guard(view, min(east.missionaries, east.cannibals, *west) >= 0)
    guard(view, is_safe(east.missionaries, east.cannibals) and is_safe(*west))


def some_stay(view: View) -> bool:
    """The claim that is false: not all have crossed."""
    east = Crowd(view)
    return east.missionaries + east.cannibals > 0


def model() -> Model:
    """Three missionaries and three cannibals, each with a name."""
    return Model(
        name="missionaries",
        records={Boat: None, Person: PEOPLE},
        actions=[Action(cross)],
        properties=[always(somebody_stays)],
    )


def counted() -> Model:
    """Three missionaries and three cannibals, nobody in particular."""
    return Model(
        name="missionaries_counted",
        records={Boat: None, Crowd: None},
        actions=[Action(cross_counted, name="cross")],
        properties=[always(some_stay)],
    )


MODEL = model()
COUNTED = counted()
