"""The coffee can: what colour is the last bean?

A can holds black and white beans.  Take two beans out; if they are of one colour, throw
them away and put a black one in; otherwise put the white one back.  Each time there is one
bean less.  What colour is the last one?  White beans leave only two at a time, so it is
white exactly if their number was odd.

Source: `CoffeeCan` in the TLA+ Examples, from David Gries, *The Science of Programming*,
and before him E. W. Dijkstra and C. S. Scholten.  Published for cans of up to 1 000 beans:
501 500 states, 2 000 002 generated, depth 1.  Every can is an initial state, so there is
nothing to search; it shows how an engine takes in many states, and what liveness costs on
them.

Checked: the parity of the white beans never changes, and every can comes down to one bean
of the foretold colour (weak fairness of taking beans).  No action reads how many beans
there are: each tests whether there are enough and changes the numbers unseen, so all cans
are a handful of cases to the engine.
"""

from __future__ import annotations

from choir_model.engine import (
    Action,
    Fairness,
    Field,
    Model,
    Record,
    View,
    deadlock_free,
    each_step,
    guard,
    leads_to,
)


class Can(Record, name="can"):
    """The beans in the can."""

    black = Field(0)
    white = Field(0)


def plus(beans: int, more: int) -> int:
    """So many more, or fewer."""
    return beans + more


def at_least(beans: int, least: int) -> bool:
    """Whether there are enough."""
    return beans >= least


def is_odd(beans: int) -> bool:
    """Whether one is left over when they are taken in twos."""
    return beans % 2 == 1


def take_two_white(view: View) -> None:
    """Two white beans go, a black one comes."""
    can = Can(view)
    guard(view, can.test(Can.white, at_least, 2))
    can.update(Can.white, plus, -2)
    can.update(Can.black, plus, 1)


def take_two_black(view: View) -> None:
    """Two black beans go, a black one comes."""
    can = Can(view)
    guard(view, can.test(Can.black, at_least, 2))
    can.update(Can.black, plus, -1)


def take_one_of_each(view: View) -> None:
    """A black bean goes."""
    can = Can(view)
    guard(view, can.test(Can.black, at_least, 1) and can.test(Can.white, at_least, 1))
    can.update(Can.black, plus, -1)


def rest(view: View) -> None:
    """With one bean left, nothing changes any more."""
    guard(view, last_is_black(view) or last_is_white(view))


def last_is_black(view: View) -> bool:
    """One bean is left, and it is black."""
    can = Can(view)
    if can.test(Can.white, at_least, 1) or can.test(Can.black, at_least, 2):
        return False
    return can.test(Can.black, at_least, 1)


def last_is_white(view: View) -> bool:
    """One bean is left, and it is white."""
    can = Can(view)
    if can.test(Can.black, at_least, 1) or can.test(Can.white, at_least, 2):
        return False
    return can.test(Can.white, at_least, 1)


def odd_white(view: View) -> bool:
    """The number of white beans is odd."""
    return Can(view).test(Can.white, is_odd)


def even_white(view: View) -> bool:
    """The number of white beans is even."""
    return not odd_white(view)


def parity_stays(before: View, after: View) -> bool:
    """No step changes whether the number of white beans is odd."""
    return odd_white(before) == odd_white(after)


def model(beans: int = 1_000) -> Model:
    """Every can of 1 to `beans` beans."""

    def any_can(view: View) -> None:
        black = view.choose(range(beans + 1))
        Can(view).black = black
        Can(view).white = view.choose(range(0 if black else 1, beans + 1 - black))

    taking = (take_two_white, take_two_black, take_one_of_each)
    return Model(
        name="coffee_can",
        records={Can: None},
        actions=[*(Action(step, fairness=Fairness.WEAK) for step in taking), Action(rest)],
        initial=any_can,
        properties=[
            each_step(parity_stays),
            leads_to(odd_white, last_is_white),
            leads_to(even_white, last_is_black),
            deadlock_free(),
        ],
    )


MODEL = model()
