"""A model with every type of cell value, records of every kind, and text that misleads."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from enum import Enum, IntFlag, StrEnum
from typing import Any

from choir_model.engine import ANY, Action, Atom, Field, Model, Path, Record, Sort, State, View
from choir_model.engine.dictview import Fired, run
from choir_model.engine.paths import Label


class Colour(Enum):
    RED = 1
    GREEN = 2


class Light(Enum):
    RED = "stop"


class Word(StrEnum):
    YES = "yes"


class Right(IntFlag):
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Vote:
    by: str
    yes: bool


@dataclass(frozen=True)
class Ballot:
    @dataclass(frozen=True)
    class Vote:
        by: str

    votes: frozenset[Vote]


SameName = make_dataclass("Vote", [("yes", int)], frozen=True)
SameName.__module__ = "polls"


class Lamp(Record, name="lamp"):
    value = Field[Any](None)
    uses = Field(0, auxiliary=True)


class Purse(Record, name="purse"):
    coins = Field(3)


class Grant(Record, name="grant"):
    given = Field(False)


class Note(Record, name="note"):
    text = Field("")


PEOPLE = Sort("person", ["ann", "None", "RED", "0xff"])
NODES = Sort("node", 2)
VALUES: tuple[Any, ...] = (
    None,
    True,
    -(2**53),
    2**53 - 1,
    10**30,
    "",
    "RED",
    "GREEN",
    "value_model:Colour.GREEN",
    "\ud800\n",
    b"",
    b"\xff",
    Colour.RED,
    Colour.GREEN,
    Light.RED,
    Word.YES,
    Right.READ,
    Right.READ | Right.WRITE,
    Right(0),
    (),
    (1, (True, None)),
    frozenset(),
    frozenset({1, "1", b"1"}),
    frozenset({frozenset({2, 10}), (Colour.RED,)}),
    Atom("node", 2),
    Vote("ann", yes=True),
    SameName(7),
    Ballot(frozenset({Ballot.Vote("ann"), Ballot.Vote("")})),
)
ALL = Sort("value", VALUES)


def begin(view: View) -> None:
    Lamp(view).value = view.choose((1, 2))


def put(view: View, value: Any) -> None:
    lamp = Lamp(view)
    lamp.value = value
    view.update(Lamp.uses[None], add, 1)
    view.emit(Vote("ann", yes=False))


def add(value: int, amount: int) -> int:
    return value + amount


def move(view: View, node: Atom, person: str) -> None:
    Grant(view, (node, person)).given = True
    Purse(view, person).coins = view.choose((4, 5))
    Note(view, (person, 1)).text = "seen"


MODEL = Model(
    name="values",
    records={Lamp: None, Purse: PEOPLE, Grant: (NODES, PEOPLE), Note: ANY},
    actions=[Action(put, over=ALL), Action(move, over=(NODES, PEOPLE))],
    initial=begin,
)
PUT, MOVE = MODEL.actions
START = run(begin, State(), script=(1,))


def through(*labels: Label, loop: int | None = None) -> Path:
    """A path from the second initial state."""
    assert isinstance(START, Fired)
    return Path.run(MODEL, State(START.writes), labels, loop)


EVERYTHING = through(Label(MOVE, (NODES[1], "RED"), (1,)), *(Label(PUT, (value,)) for value in ALL))
LASSO = through(
    Label(PUT, (None,)), Label(PUT, (Colour.RED,)), Label(PUT, (True,)), Label(PUT, (None,)), loop=1
)
STUTTERING = through(Label(PUT, (None,)), loop=1)
