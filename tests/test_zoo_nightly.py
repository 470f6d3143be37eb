"""The zoo's large models (``pytest -m nightly``): some take minutes and gigabytes."""

from __future__ import annotations

import pytest
from test_zoo import LARGE, Counted, each
from test_zoo_broken import TOO_LARGE, assert_as_on_the_page

from choir_model.engine import Model, Verdict, check
from choir_model.engine.model import Kind
from choir_model.zoo import coffee_can, ewd998, paxos_commit, readers_writers, two_phase_commit

pytestmark = pytest.mark.nightly


@each(LARGE)
def test_there_are_as_many_states_as_published(row: Counted) -> None:
    counts = check(row.model(), properties=(), keep_going=True).counts
    found = (counts.distinct, counts.generated, counts.depth)
    assert found == (row.distinct, row.generated, row.depth)


@pytest.mark.parametrize(
    "model",
    [
        two_phase_commit.model(7),
        ewd998.MODEL,
        ewd998.BOUNDED,
        paxos_commit.MODEL,
        coffee_can.MODEL,
    ],
    ids=lambda model: model.name,
)
def test_every_claim_holds(model: Model) -> None:
    report = check(model)
    verdicts = {finding.verdict for finding in report.findings.values()}
    assert verdicts == {Verdict.HOLDS}
    assert report.complete


def test_four_readers_and_writers_keep_out_of_each_others_way() -> None:
    model = readers_writers.model(4)
    safety = [claim.name for claim in model.properties if claim.kind is Kind.ALWAYS]
    assert check(model, properties=safety).verdict is Verdict.HOLDS


@pytest.mark.parametrize("name", sorted(TOO_LARGE))
def test_the_page_has_the_faults_and_their_shortest_ways(name: str) -> None:
    assert_as_on_the_page(name)
