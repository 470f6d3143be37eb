"""Long lockstep runs: what a few thousand commands do not meet (``pytest -m nightly``)."""

from __future__ import annotations

import pytest
from every_design import EVERY

from choir_model.adapters.edge import EdgeContent
from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.lockstep.content import (
    CONTENT_ANSWERS,
    CONTENT_REFUSALS,
    run_content_lockstep,
)
from choir_model.lockstep.ledger import run_ledger_lockstep
from choir_model.lockstep.reachable import surprises, unmet
from choir_model.lockstep.system import SAGAS, run_system_lockstep
from choir_model.program import designs
from choir_model.program.bindings import Design
from choir_model.program.designs import NAMED

pytestmark = pytest.mark.nightly
SEEDS = (101, 102, 103)


LEDGER_STEPS = 1_500_000
"""Commands of the ledger machine in all, over seeds and designs."""


def ledgers_agree(design: Design, seed: int, steps: int) -> None:
    """A run that meets all that can occur and nothing else."""
    coverage = run_ledger_lockstep(LiteSvmLedger, seed=seed, steps=steps, design=design)
    assert coverage.steps >= steps
    assert unmet(coverage, design) == []
    assert surprises(coverage, design) == {}


@pytest.mark.parametrize("design", NAMED.values(), ids=list(NAMED))
@pytest.mark.parametrize("seed", SEEDS)
def test_ledgers_agree_for_long_under_every_named_design(seed: int, design: Design) -> None:
    ledgers_agree(design, seed, LEDGER_STEPS // (len(SEEDS) * len(NAMED)))


@pytest.mark.parametrize("design", EVERY, ids=designs.name_of)
def test_ledgers_agree_under_all_combinations(design: Design) -> None:
    ledgers_agree(design, seed=EVERY.index(design), steps=1000)


@pytest.mark.parametrize("seed", SEEDS)
def test_stores_agree_over_a_hundred_thousand_commands(seed: int) -> None:
    coverage = run_content_lockstep(EdgeContent, seed=seed, steps=100_000)
    assert coverage.missing(CONTENT_REFUSALS, CONTENT_ANSWERS) == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_systems_agree_over_a_hundred_thousand_commands(seed: int) -> None:
    coverage = run_system_lockstep(LiteSvmLedger, EdgeContent, seed=seed, steps=100_000)
    assert {name for name in SAGAS if not coverage.situations[f"{name}: done"]} == set()
