"""The engine against a naive checker, on random models.

Counts, coverage, verdicts and shortest lengths are equal, every path is walked by the naive
reading, and two checks of one model say the same to the last character.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product, repeat
from typing import Any

import pytest
from naive_checker import Explored
from random_census import FEWEST_MODELS, census
from random_compare import compared, differences_of_paths
from random_engine import engine_model, plain, plain_state, source
from random_first import first_way, full_key, way_of
from random_models import LARGE, SMALL, Answers, Bounds, random_model
from random_naive import NaiveReading, World
from random_values import typed

from choir_model.engine import (
    Fired,
    Outcome,
    Refused,
    Report,
    State,
    Verdict,
    branches,
    check,
    state_graph,
)
from choir_model.engine.export import path_from_json, path_to_json, report_to_json

CHUNK, CHUNKS = 100, 20
NIGHTLY_SEEDS, NIGHTLY_CHUNKS = 100_000, 100
EVERY = 40
"""One model in so many is also checked in each of the other ways."""


@cache
def surveyed(first: int, bounds: Bounds = SMALL) -> tuple[list[str], Counter[str]]:
    """The disagreements on a chunk of seeds, and what its models contained."""
    failures, found = [], Counter[str]()
    for seed in range(first, first + CHUNK):
        outcome = compared(random_model(seed, bounds))
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
    failures, _ = surveyed(NIGHTLY_SEEDS + chunk * CHUNK, LARGE if chunk % 2 else SMALL)
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


def some_models(chunk: int, offset: int) -> Iterator[Answers]:
    """The models of a chunk that a test takes: others for every offset."""
    for seed in range(chunk * CHUNK + offset, (chunk + 1) * CHUNK, EVERY):
        answers = random_model(seed)
        if answers.explored.generated:
            yield answers


def text(report: Report) -> str:
    """Everything a report says."""
    return json.dumps(report_to_json(report))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_two_checks_of_one_model_say_the_same(chunk: int) -> None:
    for plan, _, _ in some_models(chunk, 0):
        once, again = (check(engine_model(plan), keep_going=True) for _ in range(2))
        assert text(once) == text(again), source(plan)
        early = check(engine_model(plan))
        for name, finding in early.findings.items():
            late = once.findings[name]
            assert finding.verdict is late.verdict, (name, source(plan))
            assert [*map(str, finding.paths)] == [*map(str, late.paths)], (name, source(plan))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_of_equally_short_paths_the_first_in_canonical_order_is_told(chunk: int) -> None:
    for plan, naive, _ in some_models(chunk, 1):
        if plan.symmetric:
            continue  # there a path is the first one between representatives
        findings = check(engine_model(plan)).findings
        for claim in plan.properties:
            if claim.kind not in {"eventually", "leads_to"}:
                told = [way_of(path) for path in findings[claim.name].paths]
                assert told[:1] == [way for way in [first_way(claim, naive)] if way], (
                    claim.name,
                    source(plan),
                )


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_more_counterexamples_are_true_and_differ(chunk: int) -> None:
    for plan, _, _ in some_models(chunk, 2):
        one, three = (check(engine_model(plan), counterexamples=n) for n in (1, 3))
        assert differences_of_paths(plan, three) == [], source(plan)
        for name, finding in three.findings.items():
            lengths = [len(path) for path in finding.paths]
            assert lengths == sorted(lengths), (name, source(plan))
            first = [str(path) for path in one.findings[name].paths]
            assert [str(path) for path in finding.paths[:1]] == first, (name, source(plan))
            told = {tuple(step.label.action.name for step in path.steps) for path in finding.paths}
            assert len(told) == len(finding.paths) <= 3, (name, source(plan))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_what_is_claimed_of_a_part_holds_of_the_whole(chunk: int) -> None:
    for plan, _, explored in some_models(chunk, 3):
        whole = check(engine_model(plan), keep_going=True)
        for levels in (1, 3):
            part = check(engine_model(plan), depth=levels, keep_going=True)
            within = [n for n, _ in explored.states.values() if n < levels]
            assert part.counts.distinct == len(within), source(plan)
            claims_less(part, whole, source(plan))
            assert differences_of_paths(plan, part) == [], source(plan)
        for states in (1, 10):
            part = check(engine_model(plan), limit=states, keep_going=True)
            assert part.counts.distinct == min(states, whole.counts.distinct), source(plan)
            claims_less(part, whole, source(plan))
            assert differences_of_paths(plan, part) == [], source(plan)


def claims_less(part: Report, whole: Report, model: str) -> None:
    """A verdict on a part of the states is the verdict on all of them, or unknown."""
    assert part.complete == (part.counts.expanded == whole.counts.expanded), model
    for name, finding in part.findings.items():
        verdicts = {Verdict.UNKNOWN, whole.findings[name].verdict}
        assert finding.verdict in verdicts, (name, finding, model)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_without_its_symmetry_a_model_has_the_same_verdicts(chunk: int) -> None:
    for answers in some_models(chunk, 4):
        plan = answers.plan
        if plan.symmetric:
            sorts = {name: replace(s, symmetric=False) for name, s in plan.sorts.items()}
            full = replace(plan, sorts=sorts)
            naive = NaiveReading(full)
            outcome = compared(Answers(full, naive, Explored(naive.model())))
            assert outcome.differences == [], source(full)
            reduced = check(engine_model(plan), keep_going=True)
            assert outcome.report is not None
            for name, finding in outcome.report.findings.items():
                less = reduced.findings[name]
                assert finding.verdict is less.verdict, (name, source(plan))
                assert [*map(len, finding.paths)] == [*map(len, less.paths)], (name, source(plan))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_paths_survive_being_written_down(chunk: int) -> None:
    for plan, _, _ in some_models(chunk, 5):
        model = engine_model(plan)
        for finding in check(model).findings.values():
            for path in finding.paths:
                written = json.loads(json.dumps(path_to_json(path)))
                assert str(path_from_json(model, written)) == str(path), source(plan)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_state_graph_has_every_step_and_no_other(chunk: int) -> None:
    for plan, naive, explored in some_models(chunk, 6):
        if plan.symmetric:
            continue  # which states represent their orbits is the engine's affair
        graph = state_graph(engine_model(plan))
        keys = [naive.key(plain_state(graph.state(number))) for number in range(graph.size)]
        found, rows = Counter[Any](), graph.transitions
        for number in range(graph.size):
            for edge in rows.row(number):
                label = graph.labels[rows.labels[edge]]
                target = None if rows.targets[edge] < 0 else keys[rows.targets[edge]]
                instance = (label.action.name, typed(plain(label.arguments)))
                found[keys[number], instance, target] += 1
        expected = Counter[Any](
            (key, instance, target if target in explored.states else None)
            for key, steps in explored.steps.items()
            for instance, target in steps
        )
        assert found == expected, source(plan)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_both_readings_of_a_model_agree_step_by_step(chunk: int) -> None:
    """That is the naive reading and the dictionary view: no explorer takes part."""
    for plan, naive, _ in some_models(chunk, 7):
        model = engine_model(plan)
        todo, seen = [State()], set[Any]()
        while todo and len(seen) < 10:
            state = todo.pop()
            values = plain_state(state)
            seen.add(full_key(values))
            for action, planned in zip(model.actions, plan.actions, strict=True):
                for arguments in product(*action.sorts):
                    outcomes = branches(action.fn, state, *arguments)
                    worlds = naive.branches(planned, plain(arguments), values)
                    assert Counter(map(told_by_engine, outcomes, repeat(state))) == Counter(
                        map(told_naively, worlds)
                    ), (action.name, arguments, state, source(plan))
                    after = [o.writes for o in outcomes if isinstance(o, Fired)]
                    states = [State({**state, **writes}) for writes in after]
                    todo += [s for s in states if full_key(plain_state(s)) not in seen]


def told_by_engine(outcome: Outcome, state: State) -> Any:
    if isinstance(outcome, Fired):
        after = full_key(plain_state({**state, **outcome.writes}))
        return typed(plain(outcome.options)), typed(plain(outcome.events)), after
    return f"refused {outcome.reason.name}" if isinstance(outcome, Refused) else "disabled"


def told_naively(world: World) -> Any:
    if world.status == "running":
        return typed(world.choices), typed(world.events), full_key(world.state)
    return world.status
