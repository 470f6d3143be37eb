"""A long siege: every sweep of every world, a million transactions (``pytest -m nightly``)."""

from __future__ import annotations

import pytest
from adversary_siege import adversary, sweep

pytestmark = pytest.mark.nightly
MILLION = 1_000_000
SEED = 2026


def test_a_million_hostile_transactions_find_nothing() -> None:
    """L3, L4, S1."""
    siege = adversary()
    sweep(siege, siege.worlds)
    siege.run(SEED, MILLION - siege.transactions)
    assert siege.transactions >= MILLION
    siege.real.close()
