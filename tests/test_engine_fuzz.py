"""The engine against a naive checker, on random models.

Counts, coverage, verdicts and shortest lengths are equal, every path is walked by the naive
reading, and two checks of one model say the same to the last character.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from itertools import pairwise

import pytest
from random_census import FEWEST_MODELS, census
from random_compare import compared, differences_of_paths
from random_engine import engine_model, source
from random_models import random_model

from choir_model.engine import Report, Verdict, check
from choir_model.engine.export import path_from_json, path_to_json, report_to_json

CHUNK, CHUNKS = 100, 20
NIGHTLY_SEEDS, NIGHTLY_CHUNKS = 100_000, 100
EVERY = 25
"""One model in so many is also checked in other ways."""


@cache
def surveyed(first: int) -> tuple[list[str], Counter[str]]:
    """The disagreements on a chunk of seeds, and what its models contained."""
    failures, found = [], Counter[str]()
    for seed in range(first, first + CHUNK):
        outcome = compared(random_model(seed))
        found.update(set(census(outcome)))
        if outcome.differences:
            said = "\n".join(outcome.differences)
            failures.append(f"seed {seed}:\n{said}\n{source(outcome.answers.plan)}")
    return failures, found


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_engine_agrees_with_a_naive_checker(chunk: int) -> None:
    failures, _ = surveyed(chunk * CHUNK)
    assert not failures, f"{len(failures)} of {CHUNK} models disagree; the first is\n{failures[0]}"


@pytest.mark.nightly
@pytest.mark.parametrize("chunk", range(NIGHTLY_CHUNKS))
def test_the_engine_agrees_with_a_naive_checker_on_more_models(chunk: int) -> None:
    failures, _ = surveyed(NIGHTLY_SEEDS + chunk * CHUNK)
    assert not failures, f"{len(failures)} of {CHUNK} models disagree; the first is\n{failures[0]}"


def test_random_models_contain_what_they_are_meant_to() -> None:
    """A feature that never occurs is not tested, whatever the number of models."""
    found = Counter[str]()
    for chunk in range(CHUNKS):
        found += surveyed(chunk * CHUNK)[1]
    short = {
        name: (found[name], least) for name, least in FEWEST_MODELS.items() if found[name] < least
    }
    assert not short, f"in {CHUNK * CHUNKS} models, found and expected: {short}"


def text(report: Report) -> str:
    """Everything a report says."""
    return json.dumps(report_to_json(report))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_two_checks_of_one_model_say_the_same(chunk: int) -> None:
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK, EVERY):
        plan, naive, _ = random_model(seed)
        if naive.initial():
            once, again = (check(engine_model(plan), keep_going=True) for _ in range(2))
            assert text(once) == text(again), source(plan)
            early = check(engine_model(plan))
            for name, finding in early.findings.items():
                late = once.findings[name]
                assert finding.verdict is late.verdict, (name, source(plan))
                assert [*map(str, finding.paths)] == [*map(str, late.paths)], (name, source(plan))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_more_counterexamples_are_true_and_differ(chunk: int) -> None:
    for seed in range(chunk * CHUNK + 1, (chunk + 1) * CHUNK, EVERY):
        plan, naive, _ = random_model(seed)
        if not naive.initial():
            continue
        one, three = (check(engine_model(plan), counterexamples=n) for n in (1, 3))
        assert differences_of_paths(plan, three) == [], source(plan)
        for name, finding in three.findings.items():
            lengths = [len(path) for path in finding.paths]
            assert lengths == sorted(lengths), (name, source(plan))
            assert lengths[:1] == [len(path) for path in one.findings[name].paths], source(plan)
            told = [str(path) for path in finding.paths]
            assert len(set(told)) == len(told) <= 3, (name, told, source(plan))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_what_is_claimed_of_a_part_holds_of_the_whole(chunk: int) -> None:
    for seed in range(chunk * CHUNK + 2, (chunk + 1) * CHUNK, EVERY):
        plan, naive, _ = random_model(seed)
        if not naive.initial():
            continue
        whole = check(engine_model(plan), keep_going=True)
        levels = [check(engine_model(plan), depth=n, keep_going=True) for n in (1, 2, 4)]
        states = [check(engine_model(plan), limit=n, keep_going=True) for n in (1, 3, 20)]
        for parts in (levels, states):
            for smaller, larger in pairwise([*parts, whole]):
                assert smaller.counts.distinct <= larger.counts.distinct, source(plan)
        for part in (*levels, *states):
            assert part.complete == (part.counts.expanded == whole.counts.expanded), source(plan)
            assert differences_of_paths(plan, part) == [], source(plan)
            for name, finding in part.findings.items():
                known = finding.verdict is not Verdict.UNKNOWN
                assert not known or finding.verdict is whole.findings[name].verdict, (
                    name,
                    source(plan),
                )


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_paths_survive_being_written_down(chunk: int) -> None:
    for seed in range(chunk * CHUNK + 3, (chunk + 1) * CHUNK, EVERY):
        plan, naive, _ = random_model(seed)
        if naive.initial():
            model = engine_model(plan)
            for finding in check(model).findings.values():
                for path in finding.paths:
                    written = json.loads(json.dumps(path_to_json(path)))
                    assert str(path_from_json(model, written)) == str(path), source(plan)
