"""The zoo's large models (``pytest -m nightly``): some take minutes and gigabytes."""

from __future__ import annotations

import pytest
from test_zoo import LARGE, Counted, each

from choir_model.engine import Verdict, check
from choir_model.zoo import coffee_can, ewd998

pytestmark = pytest.mark.nightly


@each(LARGE)
def test_there_are_as_many_states_as_published(row: Counted) -> None:
    counts = check(row.model(), properties=(), keep_going=True).counts
    found = (counts.distinct, counts.generated, counts.depth)
    assert found == (row.distinct, row.generated, row.depth)
