"""The zoo's faulty models: each fault is found, by a shortest way, and only in them.

What is right here is worked out without the engine's explorer: by a breadth-first search over
the outcomes of actions on plain states, and by an argument where a test cites one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from naive_checker import Explored, Naive
from test_zoo import page

from choir_model.engine import Fairness, Fired, Model, Path, State, Verdict, branches, check
from choir_model.engine.model import Action, Property
from choir_model.engine.sorts import tuples
from choir_model.engine.view import Cell
from choir_model.zoo import ewd998, paxos, readers_writers, two_phase_commit
from choir_model.zoo.faults import faulty, unfair

Instance = tuple[str, tuple[Any, ...]]


def cells_of(model: Model) -> list[Cell]:
    return [
        Cell(field, key)
        for record in model.records
        for key in model.keys(record) or ()
        for field in record.fields
    ]


def instances(model: Model) -> Iterator[tuple[Action, tuple[Any, ...]]]:
    for action in model.actions:
        for arguments in tuples(action.sorts):
            yield action, arguments


def values_of(model: Model, state: State) -> tuple[Any, ...]:
    return tuple(state.value(cell) for cell in cells_of(model))


def outcomes(state: State, fn: Any, arguments: tuple[Any, ...] = ()) -> list[State]:
    found = branches(fn, state, *arguments)
    fired = [outcome.writes for outcome in found if isinstance(outcome, Fired)]
    return [State({**state, **writes}) for writes in fired]


def naive(model: Model) -> Naive:
    """The model as the naive checker takes it."""
    cells = cells_of(model)
    blank = State({cell: cell.field.default for cell in cells})
    initial = [blank] if model.initial is None else outcomes(blank, model.initial)

    def successors(state: State) -> list[tuple[Instance, State]]:
        return [
            ((action.name, arguments), found)
            for action, arguments in instances(model)
            for found in outcomes(state, action.fn, arguments)
        ]

    def key(state: State) -> tuple[Any, ...]:
        return tuple(state.value(cell) for cell in cells)

    def within(state: State) -> bool:
        return all(constraint(state.view()) for constraint in model.constraints)

    owed = {
        (action.name, arguments): action.fairness.value
        for action, arguments in instances(model)
        if action.fairness is not Fairness.NONE
    }
    return Naive(initial, successors, key, within, owed)


def holds(claim: Property, state: State) -> bool:
    assert claim.fn is not None
    return all(claim.fn(state.view(), *arguments) for arguments in tuples(claim.over))


def shortest_violation(model: Model, claim: Property) -> int:
    """The steps to a nearest state in which an invariant fails; stops at the first."""
    plain = naive(model)
    known, level, steps = set[Any](), list(plain.initial), 0
    while level:
        if not all(holds(claim, state) for state in level):
            return steps
        fresh = {plain.key(s): s for s in level if plain.constraint(s)}
        expanded = [state for key, state in fresh.items() if key not in known]
        known |= fresh.keys()
        level = [found for state in expanded for _, found in plain.successors(state)]
        steps += 1
    raise AssertionError(f"{claim.name} holds in {model.name}")


SAFETY = [
    # prepare and be heard, all but one; order; one aborts by itself, another obeys
    *((two_phase_commit.hasty(n), "consistent", 2 * (n - 1) + 3) for n in (2, 3, 4)),
    # one prepares and is heard n times; order; another aborts by itself, the first obeys
    *((two_phase_commit.counting(n), "consistent", 1 + n + 3) for n in (2, 3, 4)),
    # ask to read, enter, ask to write, enter
    *((readers_writers.barging(n), "readers_or_a_writer", 4) for n in (2, 3)),
    (ewd998.uncounted(2), "detection_is_right", 6),
    (ewd998.uncounted(3), "detection_is_right", 8),
    (ewd998.untainted(3), "detection_is_right", 8),
    (paxos.DEAF, "one_value_chosen", 12),
]


def named(value: object) -> str:
    return value.name if isinstance(value, Model) else str(value)


@pytest.mark.parametrize(("model", "name", "steps"), SAFETY, ids=named)
def test_a_fault_is_found_by_a_shortest_way(model: Model, name: str, steps: int) -> None:
    claim = model.property_named(name)
    finding = check(model, properties=[name]).findings[name]
    (path,) = finding.paths
    assert finding.verdict is Verdict.VIOLATED
    assert len(path) == steps == shortest_violation(model, claim)
    assert [holds(claim, state) for state in path.states] == [True] * steps + [False]


@pytest.mark.parametrize("managers", [2, 3])
def test_a_hasty_coordinator_is_caught_by_refinement_before_anybody_disagrees(
    managers: int,
) -> None:
    """One manager commits while another is working, which a transaction never does."""
    name = "refines_transaction_commit"
    finding = check(two_phase_commit.hasty(managers), properties=[name]).findings[name]
    assert [len(path) for path in finding.paths] == [2 * (managers - 1) + 2]


# What must happen in the end


def enabled(model: Model, state: State, action: Action, arguments: tuple[Any, ...]) -> bool:
    """Whether the instance can change the state."""
    now = values_of(model, state)
    return any(values_of(model, s) != now for s in outcomes(state, action.fn, arguments))


def recurring(path: Path) -> list[State]:
    """The states that a lasso passes through for ever."""
    assert path.loop is not None
    states = path.states
    if path.loop == len(path.steps):
        return [states[-1]]
    assert values_of(path.model, states[-1]) == values_of(path.model, states[path.loop])
    return states[path.loop : -1]


def is_fair(path: Path) -> bool:
    """Whether every instance that is owed something gets it in the loop."""
    loop = recurring(path)
    steps = path.steps[path.loop :]
    for action, arguments in instances(path.model):
        if any(step.label[:2] == (action, arguments) and step.changes for step in steps):
            continue
        times = [enabled(path.model, state, action, arguments) for state in loop]
        if all(times) and action.fairness is Fairness.WEAK:
            return False
        if any(times) and action.fairness is Fairness.STRONG:
            return False
    return True


def refutes(path: Path, claim: Property) -> bool:
    """Whether for some parameters the first half comes true, and from there never the goal."""
    assert claim.fn is not None
    assert claim.goal is not None
    for arguments in tuples(claim.over):
        for start, state in enumerate(path.states):
            behind = [*path.states[start:], *recurring(path)]
            if claim.fn(state.view(), *arguments) and not any(
                claim.goal(later.view(), *arguments) for later in behind
            ):
                return True
    return False


def can_be_refuted(model: Model, name: str) -> bool:
    """Whether the naive checker finds a fair behaviour that refutes the claim."""
    explored, claim = Explored(naive(model)), model.property_named(name)
    assert claim.fn is not None
    assert claim.goal is not None
    for arguments in tuples(claim.over):
        views = {key: state.view() for key, (_, state) in explored.states.items()}
        avoid = {key for key, view in views.items() if not claim.goal(view, *arguments)}
        starts = {key for key in avoid if claim.fn(views[key], *arguments)}
        if explored.some_fair_behaviour_stays_in(avoid, starts):
            return True
    return False


COMMITS = "decided_to_commit_leads_to_all_committed"
DETECTS = "terminated_leads_to_detected"
GRANTS = "asked_to_write_leads_to_writes"
LIVENESS = [
    # all prepare and are heard; order; and then nothing
    (two_phase_commit.model(3), two_phase_commit.lossy(3), COMMITS, (2 * 3 + 1, 0)),
    # the token leaves node 0, and the next node keeps it
    (ewd998.model(2, bounded=True), ewd998.held(2), DETECTS, (1, 0)),
    (ewd998.model(3, 1, bounded=True), ewd998.held(3, 1), DETECTS, (1, 0)),
    # the token leaves node 0, and goes round and round, tainted each time
    (ewd998.model(2, bounded=True), ewd998.sooty(2), DETECTS, (1, 2)),
    (ewd998.model(3, 1, bounded=True), ewd998.sooty(3, 1), DETECTS, (1, 3)),
    # one asks and enters, and stays until everybody has asked for everything
    (readers_writers.model(2), readers_writers.endless(2), GRANTS, (2 + 2 * 2, 0)),
    # everybody asks for both; all requests are dealt with, writers' as lost; readers stop
    (readers_writers.model(2), readers_writers.forgetful(2), GRANTS, (0, (2 + 2 + 1) * 2)),
]


@pytest.mark.parametrize(("faulty", "name", "lengths"), [row[1:] for row in LIVENESS], ids=named)
def test_what_never_happens_is_found_by_a_shortest_way(
    faulty: Model, name: str, lengths: tuple[int, int]
) -> None:
    finding = check(faulty, properties=[name]).findings[name]
    (path,) = finding.paths
    claim = faulty.property_named(name)
    assert finding.verdict is Verdict.VIOLATED
    assert refutes(path, claim)
    assert is_fair(path)
    assert path.loop is not None
    assert (path.loop, len(path) - path.loop) == lengths


@pytest.mark.parametrize(("sound", "faulty", "name"), [row[:3] for row in LIVENESS], ids=named)
def test_a_naive_search_too_blames_the_fault_for_what_never_happens(
    sound: Model, faulty: Model, name: str
) -> None:
    assert can_be_refuted(faulty, name)
    assert not can_be_refuted(sound, name)
    assert check(sound, properties=[name]).findings[name].verdict is Verdict.HOLDS


def test_forgetting_starves_writers_and_nobody_else() -> None:
    findings = check(readers_writers.forgetful(2)).findings
    violated = {n for n, finding in findings.items() if finding.verdict is Verdict.VIOLATED}
    assert violated == {GRANTS, "whenever_leads_to_writes"}


def test_a_fault_must_be_named_after_an_action_of_the_sound_model() -> None:
    with pytest.raises(KeyError, match="prepared"):
        unfair(two_phase_commit.MODEL, "x", "prepared")
    with pytest.raises(KeyError, match="decide_to_commit"):
        faulty(two_phase_commit.MODEL, "x", two_phase_commit.decide_to_commit)


# The page


def faults_on_the_page() -> dict[str, tuple[str, str]]:
    """Of each faulty model, the claim it violates and the length of the way to that."""
    rows = re.findall(r"^\| `(\w+:\w+)` \| [^|]+ \| `(\w+)` \| (.+) \|$", page(), re.MULTILINE)
    return {name: (claim, length) for name, claim, length in rows}


TOO_LARGE = {"ewd998:HELD", "ewd998:SOOTY", "paxos_commit:PRESUMPTUOUS"}
"""Left to `test_zoo_nightly`."""


def assert_as_on_the_page(name: str) -> None:
    claim, length = faults_on_the_page()[name]
    file, _, variable = name.partition(":")
    model = getattr(import_module(f"choir_model.zoo.{file}"), variable)
    (path,) = check(model, properties=[claim]).findings[claim].paths
    after_stem = len(path) - (len(path) if path.loop is None else path.loop)
    said = f"{len(path) - after_stem} + {after_stem}" if after_stem else str(len(path))
    assert length == said


@pytest.mark.parametrize("name", sorted(faults_on_the_page().keys() - TOO_LARGE))
def test_the_page_has_the_faults_and_their_shortest_ways(name: str) -> None:
    assert_as_on_the_page(name)


def test_the_page_leaves_no_fault_out() -> None:
    listed = set(faults_on_the_page())
    for file in {name.partition(":")[0] for name in listed}:
        module = import_module(f"choir_model.zoo.{file}")
        models = {n for n, value in vars(module).items() if isinstance(value, Model)}
        sound = {"MODEL", "SYMMETRIC", "BOUNDED", "SMALLEST"}
        assert {f"{file}:{n}" for n in models - sound} == {
            n for n in listed if n.startswith(f"{file}:")
        }
