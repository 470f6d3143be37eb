"""S7, A1 to A4: no action writes another layer's cells; nothing reads an auxiliary one."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from choir_model.content.port import ReferenceContent
from choir_model.engine import Cell, Field, Fired, Record, View, dictview
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.ledger import run_ledger_lockstep
from choir_model.lockstep.system import run_system_lockstep

ALLOWED = {"ledger": {"ledger", "ghost"}, "content": {"content"}}
"""Layers that the actions of a package may write; ghosts belong to nobody (section 7)."""


def layer_of(action: Any) -> str:
    return str(action.__module__).split(".")[1]


def strays(written: dict[str, set[str]]) -> set[tuple[str, str]]:
    """(layer of the action, layer of a cell it wrote) wherever the two do not fit."""
    return {(a, c) for a, cells in written.items() for c in cells - ALLOWED[a]}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Layers of all cells written by all actions from here on, by the action's layer."""
    found: dict[str, set[str]] = defaultdict(set)
    honest = dictview.run

    def recording(action: Any, state: Any, *params: object, **options: Any) -> Any:
        outcome = honest(action, state, *params, **options)
        if isinstance(outcome, Fired):
            found[layer_of(action)] |= {cell.field.layer for cell in outcome.writes}
        return outcome

    monkeypatch.setattr(dictview, "run", recording)
    return found


def test_no_action_writes_cells_of_another_layer(written: dict[str, set[str]]) -> None:
    run_ledger_lockstep(ReferenceLedger, seed=1, steps=2000)
    run_system_lockstep(ReferenceLedger, ReferenceContent, seed=1, steps=2000)
    assert set(written) == {"ledger", "content"}
    assert strays(written) == set()


def test_an_action_that_strays_is_noticed(written: dict[str, set[str]]) -> None:
    class Elsewhere(Record, name="elsewhere", layer="content"):
        cell = Field(0)

    def stray(view: View) -> None:
        Elsewhere(view).cell = 1

    stray.__module__ = "choir_model.ledger.stray"
    dictview.State().step(stray)
    assert strays(written) == {("ledger", "content")}


def test_no_action_reads_an_auxiliary_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out of a state's identity must not decide anything."""
    read: set[str] = set()
    honest_read, honest_test = dictview.DictView.read, dictview.DictView.test

    def reading(view: dictview.DictView, cell: Cell) -> Any:
        if cell.field.auxiliary:
            read.add(cell.field.name)
        return honest_read(view, cell)

    def testing(view: dictview.DictView, cell: Cell, fn: Any, *args: object) -> bool:
        cells = [cell, *(a for a in args if isinstance(a, Cell))]
        read.update(c.field.name for c in cells if c.field.auxiliary)
        return honest_test(view, cell, fn, *args)

    pair_images = "choir_model.ledger.images.image"
    monkeypatch.setattr(pair_images, lambda *_: None)
    monkeypatch.setattr(dictview.DictView, "read", reading)
    monkeypatch.setattr(dictview.DictView, "test", testing)
    run_ledger_lockstep(ReferenceLedger, seed=1, steps=2000)
    assert read == set()
