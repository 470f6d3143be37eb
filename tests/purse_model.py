"""A small model to put defects into, and how to get at the fault that is then found."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from choir_model.engine import Action, Field, Model, Record, Sort, View, check, guard
from choir_model.engine.explored import ModelFault

PERSON = Sort("person", ["ann", "bob"])


class Purse(Record, name="purse", layer="people"):
    coins = Field(0)
    note: Field[Any] = Field(None)
    seen = Field(0, auxiliary=True)


class Bank(Record, name="bank", layer="bank"):
    coins = Field(0)


class Shop(Record, name="shop"):
    coins = Field(0)


class Why(Enum):
    BROKE = "broke"


def earn(view: View, who: str) -> None:
    purse = Purse(view, who)
    guard(view, purse.coins < 2)
    purse.coins += 1


def model(*actions: Callable[..., Any] | Action, **parts: Any) -> Model:
    """People who earn up to two coins each, and `actions` of each person."""
    wrapped = [a if isinstance(a, Action) else Action(a, over=PERSON) for a in actions]
    return Model(
        "purses", {Purse: PERSON, Bank: None}, [Action(earn, over=PERSON), *wrapped], **parts
    )


def fault(*actions: Callable[..., Any] | Action, patience: float = 10, **parts: Any) -> ModelFault:
    """What is wrong with the model that has these parts."""
    with pytest.raises(ModelFault) as caught:
        check(model(*actions, **parts), patience=patience)
    return caught.value


def steps(found: ModelFault) -> list[str]:
    return [str(step) for step in found.path.steps]
