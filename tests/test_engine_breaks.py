"""Every break of the engine is noticed by a random model; how soon is printed (``-s``)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from engine_breaks import BREAKS
from planted_defects import Defect, planted
from random_compare import compared
from random_models import Answers, random_model

MODELS = 400
"""How many models a break may go unnoticed by; the first of those that the fuzz checks."""

MEASURED: list[tuple[int, str, Defect]] = []


@cache
def answers(seed: int) -> Answers:
    return random_model(seed)


def models_until_noticed(wrong: Defect) -> tuple[int, str] | None:
    """The number of models up to the first that disagrees, and what is said of it."""
    with planted(wrong):
        for seed in range(MODELS):
            try:
                told = compared(answers(seed)).differences
            except Exception as error:  # noqa: BLE001 (a broken engine may do anything)
                told = [repr(error)]
            if told:
                return seed + 1, told[0]
    return None


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    """Print what was measured, the hardest to notice last."""
    yield
    print("\nmodels  break")
    for models, told, wrong in sorted(MEASURED, key=lambda m: m[0]):
        print(f"{models:6}  {wrong}\n        {told[:120]}")


@pytest.mark.parametrize("wrong", BREAKS, ids=str)
def test_every_break_is_noticed(wrong: Defect) -> None:
    noticed = models_until_noticed(wrong)
    assert noticed is not None, f"{MODELS} models did not notice that {wrong}"
    MEASURED.append((*noticed, wrong))
