"""Two jugs and no scale: measure four litres with a jug of three and a jug of five.

A puzzle from the film *Die Hard with a Vengeance*, and the first example in most TLA+
courses (`DieHard` in the TLA+ Examples): the claim that the big jug never holds four litres
is false, and the counterexample is the solution of the puzzle.

Published: 16 states, 97 generated, depth 8; the shortest solution has 6 steps.  Filling a
full jug, emptying an empty one and pouring nothing are steps too, as in the original: every
action is possible in every state, and 16 × 6 + 1 = 97.
"""

from __future__ import annotations

from choir_model.engine import Action, Field, Model, Record, View, always, sometimes


class Jugs(Record, name="jugs"):
    """How much is in each jug, in litres."""

    small = Field(0)
    big = Field(0)


def empty_small(view: View) -> None:
    """Pour the small jug out."""
    Jugs(view).small = 0


def empty_big(view: View) -> None:
    """Pour the big jug out."""
    Jugs(view).big = 0


def model(small: int = 3, big: int = 5, goal: int = 4) -> Model:
    """Jugs of `small` and `big` litres; the claim is that the big one never holds `goal`."""

    def fill_small(view: View) -> None:
        Jugs(view).small = small

    def fill_big(view: View) -> None:
        Jugs(view).big = big

    def pour_into_small(view: View) -> None:
        jugs = Jugs(view)
        poured = min(small - jugs.small, jugs.big)
        jugs.small += poured
        jugs.big -= poured

    def pour_into_big(view: View) -> None:
        jugs = Jugs(view)
        poured = min(big - jugs.big, jugs.small)
        jugs.big += poured
        jugs.small -= poured

    def never_the_goal(view: View) -> bool:
        return Jugs(view).big != goal

    def within_the_jugs(view: View) -> bool:
        jugs = Jugs(view)
        return 0 <= jugs.small <= small and 0 <= jugs.big <= big

    def both_full(view: View) -> bool:
        jugs = Jugs(view)
        return jugs.small == small and jugs.big == big

    steps = (fill_small, fill_big, empty_small, empty_big, pour_into_small, pour_into_big)
    return Model(
        name="die_hard",
        records={Jugs: None},
        actions=[Action(step) for step in steps],
        properties=[always(never_the_goal), always(within_the_jugs), sometimes(both_full)],
    )


MODEL = model()
