"""Model code that asks a clock, chance or the system instead of its view is found out."""

from __future__ import annotations

import datetime as dt
import math
import os
import random
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from choir_model.engine import Action, Field, Model, ModelError, Record, View, check
from choir_model.engine.instrument import asks_the_world


class Counter(Record, name="counter"):
    value = Field(0)


WORLDLY: list[Callable[..., Any]] = [
    time.time,
    time.monotonic_ns,
    time.localtime,
    random.random,
    random.choice,
    random.Random(1).randrange,
    secrets.token_hex,
    uuid.uuid4,
    dt.datetime.now,
    dt.date.today,
    os.urandom,
    os.getenv,
    open,
]
HARMLESS: list[Callable[..., Any]] = [
    math.sqrt,
    len,
    "".join,
    [].append,
    uuid.UUID,
    dt.datetime,
    dt.datetime.fromisoformat,
    random.Random,
    time.strftime,
    os.path.join,
    print,
]


@pytest.mark.parametrize("function", WORLDLY, ids=repr)
def test_what_asks_the_world_is_known(function: Callable[..., Any]) -> None:
    assert asks_the_world(function)


@pytest.mark.parametrize("function", HARMLESS, ids=repr)
def test_what_only_computes_is_not_suspected(function: Callable[..., Any]) -> None:
    assert not asks_the_world(function)


def with_clock(view: View) -> None:
    if time.time() > 0:  # always: two runs give the same
        Counter(view).value = 1


def helped_by_chance(view: View) -> None:
    Counter(view).value = by_chance()


def by_chance() -> int:
    return round(random.random() * 0.1)


@pytest.mark.parametrize(
    ("action", "place"),
    [
        (with_clock, r"calls time, .* test_purity_world.py:\d+: time.time\(\)"),
        (helped_by_chance, r"calls Random.random, .* test_purity_world.py:\d+: random.random\(\)"),
    ],
)
def test_a_call_is_reported_with_its_place_though_both_runs_agree(
    action: Callable[[View], None], place: str
) -> None:
    with pytest.raises(ModelError, match=f"{action.__name__}: .*no function of the state") as error:
        check(Model("clock", {Counter: None}, [Action(action)]))
    assert error.match(place)
