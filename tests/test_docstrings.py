"""The examples in docstrings run, the tour of the model API above all."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import choir_model
from choir_model.engine import model

MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(choir_model.__path__, "choir_model.")
    if not found.name.endswith(("__main__", ".program.choir"))  # choir.so is no Python module
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_tour_is_one_of_them_and_ends_in_a_counterexample() -> None:
    ran = doctest.testmod(model)
    assert ran.attempted > 10
    assert "VIOLATED" in (model.__doc__ or "")
    assert "6  pour_into_small" in (model.__doc__ or "")
