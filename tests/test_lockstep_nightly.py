"""Long lockstep runs: what a few thousand commands do not meet (``pytest -m nightly``)."""

from __future__ import annotations

import pytest

from choir_model.adapters.edge import EdgeContent
from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.lockstep.content import (
    CONTENT_ANSWERS,
    CONTENT_REFUSALS,
    run_content_lockstep,
)
from choir_model.lockstep.ledger import LEDGER_EVENTS, LEDGER_REFUSALS, run_ledger_lockstep
from choir_model.lockstep.system import SAGAS, run_system_lockstep

pytestmark = pytest.mark.nightly
SEEDS = (101, 102, 103)


@pytest.mark.parametrize("seed", SEEDS)
def test_ledgers_agree_over_a_hundred_thousand_commands(seed: int) -> None:
    coverage = run_ledger_lockstep(LiteSvmLedger, seed=seed, steps=100_000)
    assert coverage.missing(LEDGER_REFUSALS, LEDGER_EVENTS) == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_stores_agree_over_a_hundred_thousand_commands(seed: int) -> None:
    coverage = run_content_lockstep(EdgeContent, seed=seed, steps=100_000)
    assert coverage.missing(CONTENT_REFUSALS, CONTENT_ANSWERS) == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_systems_agree_over_a_hundred_thousand_commands(seed: int) -> None:
    coverage = run_system_lockstep(LiteSvmLedger, EdgeContent, seed=seed, steps=100_000)
    assert {name for name in SAGAS if not coverage.situations[f"{name}: done"]} == set()
