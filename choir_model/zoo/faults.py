"""Putting a fault into a sound model: the model with some of its actions exchanged.

A checker is only worth something if it finds faults.  The faulty variants in this package say
what is wrong and nothing else; the rest is the sound model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from choir_model.engine import Action, Model, Property, Record


def faulty(
    sound: Model,
    name: str,
    *actions: Action,
    records: Mapping[type[Record], Any] | None = None,
    properties: tuple[Property, ...] | None = None,
) -> Model:
    """`sound` under another name, each of `actions` in place of the one with its name.

    `records` are there besides the sound ones; `properties`, if given, instead of them.
    Raises `KeyError` for an action that `sound` does not have.
    """
    exchanged = {action.name: action for action in sound.actions}
    for action in actions:
        if action.name not in exchanged:
            raise KeyError(f"{sound.name} has no action {action.name}")
        exchanged[action.name] = action
    return replace(
        sound,
        name=name,
        actions=list(exchanged.values()),
        records={**sound.records, **(records or {})},
        properties=sound.properties if properties is None else properties,
    )
