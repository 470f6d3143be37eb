"""Consensus: one value is chosen, and that is all.

What `voting` and `paxos` are for: out of some values one is chosen, and never another.

Source: `Consensus` in the TLA+ Examples, by Leslie Lamport.  Published for 3 values: 4
states, 4 generated, depth 2.
"""

from __future__ import annotations

from choir_model.engine import (
    Action,
    Atom,
    Field,
    Model,
    Record,
    Sort,
    View,
    each_step,
    guard,
    sometimes,
)


class Outcome(Record, name="outcome"):
    """The chosen value; None before the choice."""

    chosen: Field[Atom | None] = Field(None)


def choose(view: View, value: Atom) -> None:
    """A value is chosen, the only time."""
    guard(view, Outcome(view).chosen is None)
    Outcome(view).chosen = value


def is_chosen(view: View) -> bool:
    """Some value is chosen."""
    return Outcome(view).chosen is not None


def choice_is_final(before: View, after: View) -> bool:
    """What is chosen stays chosen."""
    return not is_chosen(before) or Outcome(after).chosen == Outcome(before).chosen


def model(values: int = 3) -> Model:
    """The choice of one among so many values."""
    options = Sort("value", values)
    return Model(
        name="consensus",
        records={Outcome: None},
        actions=[Action(choose, over=options)],
        properties=[each_step(choice_is_final), sometimes(is_chosen)],
        done=is_chosen,
    )


MODEL = model()
