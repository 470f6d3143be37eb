"""Putting a fault into a sound model.

A checker is only worth something if it finds faults.  A faulty variant in this package says
what is wrong in it and nothing else; the rest is the sound model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from choir_model.engine import Action, Fairness, Model, Record


def faulty(
    sound: Model,
    name: str,
    *functions: Callable[..., None],
    records: Mapping[type[Record], Any] | None = None,
) -> Model:
    """`sound` with other functions for the actions of the same names; all else stays.

    `records` are what they need besides the records of `sound`.  Raises `KeyError` for a
    function that is not named after an action.
    """
    actions = {action.name: action for action in sound.actions}
    for fn in functions:
        old = actions[fn.__name__]
        actions[old.name] = Action(fn, over=old.over, layer=old.layer, fairness=old.fairness)
    records = {**sound.records, **(records or {})}
    return replace(sound, name=name, actions=list(actions.values()), records=records)


def unfair(sound: Model, name: str, *unowed: str) -> Model:
    """`sound`, but the actions of these names need never happen.

    Raises `KeyError` for a name that no action has.
    """
    actions = {action.name: action for action in sound.actions}
    for key in unowed:
        old = actions[key]
        actions[key] = Action(
            old.fn, over=old.over, layer=old.layer, fairness=Fairness.NONE, name=old.name
        )
    return replace(sound, name=name, actions=list(actions.values()))
