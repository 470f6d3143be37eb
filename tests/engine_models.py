"""Model files as users write them, for tests of the command."""

from __future__ import annotations

JUGS = """\
from choir_model.engine import Action, Field, Model, Record, View, always, guard, sometimes


class Jugs(Record, name="jugs"):
    small = Field(0)
    big = Field(0)


def fill_small(view: View) -> None:
    Jugs(view).small = 3


def fill_big(view: View) -> None:
    Jugs(view).big = 5


def empty_small(view: View) -> None:
    Jugs(view).small = 0


def empty_big(view: View) -> None:
    Jugs(view).big = 0


def pour_into_small(view: View) -> None:
    jugs = Jugs(view)
    poured = min(3 - jugs.small, jugs.big)
    guard(view, poured > 0)
    jugs.small += poured
    jugs.big -= poured


def pour_into_big(view: View) -> None:
    jugs = Jugs(view)
    poured = min(5 - jugs.big, jugs.small)
    guard(view, poured > 0)
    jugs.big += poured
    jugs.small -= poured


def never_four(view: View) -> bool:
    return Jugs(view).big != 4


def never_too_full(view: View) -> bool:
    return Jugs(view).small <= 3 and Jugs(view).big <= 5


def both_full(view: View) -> bool:
    return Jugs(view).small == 3 and Jugs(view).big == 5


STEPS = (fill_small, fill_big, empty_small, empty_big, pour_into_small, pour_into_big)
MODEL = Model(
    name="jugs",
    records={Jugs: None},
    actions=[Action(step) for step in STEPS],
    properties=[always(never_four, clause="J1"), always(never_too_full), sometimes(both_full)],
)
"""
"""16 states; one property violated, two that hold."""

PURSES = """\
from dataclasses import dataclass
from enum import Enum

from choir_model.engine import (
    Action, Atom, Field, Model, Record, Sort, always, deadlock_free, each_step, guard, sometimes
)


class Why(Enum):
    BROKE = "no coins"
    SAME = "the same person"


@dataclass(frozen=True)
class Gift:
    to: Atom
    thanks: frozenset


class Purse(Record, name="purse"):
    coins = Field(1)
    friends = Field(frozenset())
    last = Field(None)


PEOPLE = Sort("person", 3)


def pay(view, payer, payee):
    if payer == payee:
        view.refuse(Why.SAME)
    if Purse(view, payer).coins == 0:
        view.refuse(Why.BROKE)
    Purse(view, payer).coins -= 1
    Purse(view, payee).coins += 1
    Purse(view, payee).friends |= {payer}
    view.emit(Gift(payee, frozenset({"thanks", "a lot", "friend"})))


def steal(view, thief):
    guard(view, Purse(view, thief).coins == 99)
    Purse(view, thief).coins = 100


def praise(view, who):
    word = view.choose(frozenset({"kind", "generous", "rich"}))
    Purse(view, who).last = word


def modest(view):
    return all(Purse(view, person).coins <= 2 for person in PEOPLE)


def solvent(view, who):
    return Purse(view, who).coins > 0


def generous(view, who):
    return Purse(view, who).last != "generous" or bool(Purse(view, who).friends)


def rich(view):
    return Purse(view, PEOPLE[0]).coins == 9


def praised(view):
    return Purse(view, PEOPLE[1]).last == "rich"


def keeps_friends(before, after, who):
    return Purse(before, who).friends <= Purse(after, who).friends


def model():
    return Model(
        name="purses",
        records={Purse: PEOPLE},
        actions=[Action(pay, over=(PEOPLE, PEOPLE)), Action(steal, over=PEOPLE),
                 Action(praise, over=PEOPLE)],
        properties=[always(solvent, over=PEOPLE), always(generous, over=PEOPLE),
                    sometimes(rich), sometimes(praised),
                    each_step(keeps_friends, over=PEOPLE), deadlock_free()],
        constraints=[modest],
        design={"theft": "punished", "praise": "free"},
    )


MODEL = model()
"""
"""Refusals, choices, sets of text, events, a constraint: whatever could depend on an order."""

COUNTER = """\
from choir_model.engine import Action, Field, Model, Record, Sort, always, guard, sometimes


class Counter(Record, name="counter"):
    value = Field(0)


MACHINES = Sort("machine", {machines})


def count(view, machine):
    counter = Counter(view, machine)
    guard(view, counter.value < {top})
    counter.value += 1


def small(view):
    return Counter(view, MACHINES[0]).value <= {bound}


def full(view):
    return all(Counter(view, machine).value == {top} for machine in MACHINES)


MODEL = Model("counters", {{Counter: MACHINES}}, [Action(count, over=MACHINES)],
              properties=[always(small), sometimes(full)])
"""
"""As many states as one likes."""


def counter(machines: int, top: int, bound: int | None = None) -> str:
    """A file of (top + 1) ** machines states; `small` fails at `bound` + 1."""
    return COUNTER.format(machines=machines, top=top, bound=top if bound is None else bound)
