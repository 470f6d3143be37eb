"""Lassos of random small graphs, held against a search by definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import combinations, pairwise
from random import Random
from typing import NamedTuple

import pytest

from choir_model.engine import lassos
from choir_model.engine.liveness import FairInstances, find_lasso
from choir_model.engine.transitions import OUTSIDE, Lasso, Transitions


class Case(NamedTuple):
    """What `find_lasso` is asked."""

    graph: Transitions
    avoid: list[bool]
    begin: list[bool] | None
    fair: FairInstances

    def instance(self, edge: int) -> int:
        return self.graph.instance_of[self.graph.labels[edge]]

    def steps(self, state: int) -> Iterator[tuple[int, int]]:
        """Edges that change the state, and their targets."""
        for edge in self.graph.row(state):
            if self.graph.targets[edge] != state:
                yield edge, self.graph.targets[edge]

    def enabled(self, state: int) -> set[int]:
        return {self.instance(edge) for edge, _ in self.steps(state)}

    def is_fair(self, states: frozenset[int], taken: frozenset[int]) -> bool:
        """Whether a behaviour is fair that for ever visits and takes exactly these."""
        enabled = [self.enabled(state) for state in states]
        return all(f in taken or any(f not in e for e in enabled) for f in self.fair.weak) and all(
            f in taken or all(f not in e for e in enabled) for f in self.fair.strong
        )


def random_case(rng: Random) -> Case:
    size, instances, labels = rng.randint(1, 6), rng.choice([1, 2, 3, 3]), 5
    graph = Transitions(initial=rng.sample(range(size), rng.randint(1, min(2, size))))
    graph.instance_of = [rng.randrange(instances) for _ in range(labels)]
    ring, most = rng.random() < 0.6, rng.choice([0, 1, 1, 2, 2, 3, 4])
    for state in range(size):
        targets = [rng.randrange(size) for _ in range(rng.randint(0, most))]
        targets += [(state + 1) % size] if ring else []
        for target in targets:
            graph.targets.append(OUTSIDE if rng.random() < 0.03 else target)
            graph.labels.append(rng.randrange(labels))
        graph.close_row()
    kinds = rng.choice(["nws", "wws", "wss", "ws", "w", "s"])
    of = [rng.choice(kinds) for _ in range(instances)]
    weak, strong = (tuple(i for i, kind in enumerate(of) if kind == k) for k in "ws")
    often = rng.choice([0.5, 0.7, 0.9])
    avoid = [rng.random() < often for _ in range(size)]
    begin = [avoided and rng.random() < 0.3 for avoided in avoid]
    return Case(graph, avoid, rng.choice([None, begin]), FairInstances(weak, strong))


class Node(NamedTuple):
    """What a behaviour has come to: of its loop all the states and instances."""

    state: int
    begun: bool  # the obligation was chosen to begin
    entry: int = -1
    states: frozenset[int] = frozenset()
    taken: frozenset[int] = frozenset()
    closed: bool = False


def in_stem(case: Case, node: Node) -> Iterator[tuple[int | None, Node]]:
    """How a behaviour goes on before its loop: by which edge, and to what."""
    state, begun = node.state, node.begun
    if case.begin is not None and case.begin[state] and not begun:
        yield None, Node(state, True)
    if case.avoid[state]:
        yield None, Node(state, begun, state, frozenset({state}))
    for edge, target in case.steps(state):
        if target != OUTSIDE and (case.avoid[target] or not begun):
            yield edge, Node(target, begun)


def in_loop(case: Case, node: Node) -> Iterator[tuple[int | None, Node]]:
    """The same in the loop; it may be closed where it is back."""
    begun = node.begun or any(case.begin is not None and case.begin[s] for s in node.states)
    if node.state == node.entry and begun and case.is_fair(node.states, node.taken):
        yield None, node._replace(closed=True)
    for edge, target in case.steps(node.state):
        if target != OUTSIDE and case.avoid[target]:
            states, taken = node.states | {target}, node.taken | {case.instance(edge)}
            yield edge, node._replace(state=target, states=states, taken=taken)


def least_lasso(case: Case) -> Lasso | None:
    """All behaviours in the order of preference, until one is a fair lasso."""
    heap: list[tuple[int, int, tuple[int, ...], int, Node]] = []
    for start in set(case.graph.initial):
        if case.begin is not None or case.avoid[start]:
            heappush(heap, (0, start, (), 0, Node(start, case.begin is None)))
    seen = set()
    while heap:
        length, start, edges, looped, node = heappop(heap)
        if node.closed:
            return Lasso(start, edges[: length - looped], edges[length - looped :])
        if node in seen:
            continue
        seen.add(node)
        for edge, after in (in_stem if node.entry < 0 else in_loop)(case, node):
            more = () if edge is None else (edge,)
            steps = length + len(more), start, (*edges, *more)
            heappush(heap, (*steps, looped + len(more) * (after.entry >= 0), after))
    return None


def reachable(case: Case, sources: set[int], within: set[int]) -> set[int]:
    found, new = set[int](), sources & within
    while new:
        found |= new
        new = {target for state in new for _, target in case.steps(state)} & within - found
    return found


def has_lasso(case: Case) -> bool:
    """Whether some set of states can be what a fair behaviour visits for ever."""
    everything = set(range(case.graph.expanded))
    avoid = {state for state in everything if case.avoid[state]}
    starts = set(case.graph.initial)
    if case.begin is not None:
        starts = reachable(case, starts, everything) & {s for s in avoid if case.begin[s]}
    region = sorted(reachable(case, starts, avoid))
    for count in range(1, len(region) + 1):
        for states in map(frozenset, combinations(region, count)):
            if all(reachable(case, {state}, set(states)) == states for state in states):
                steps = [(e, t) for state in states for e, t in case.steps(state) if t in states]
                if case.is_fair(states, frozenset(case.instance(edge) for edge, _ in steps)):
                    return True
    return False


def check_lasso(case: Case, lasso: Lasso) -> None:
    """Fails unless it is a fair behaviour that stays where it should from some point on."""
    sources = {edge: s for s in range(case.graph.expanded) for edge in case.graph.row(s)}
    stem, loop, targets = list(lasso.stem), list(lasso.loop), case.graph.targets
    states = [lasso.start, *(targets[edge] for edge in stem + loop)]
    assert lasso.start in case.graph.initial
    assert [sources[edge] for edge in stem + loop] == states[:-1]
    assert states[-1] == states[len(stem)]
    assert all(before != after for before, after in pairwise(states))
    around = states[len(stem) :]
    assert case.is_fair(frozenset(around), frozenset(map(case.instance, loop)))
    # Twice around, so that an obligation may begin inside the loop.
    twice = states + around[1:]
    begins = [0] if case.begin is None else [i for i, s in enumerate(twice) if case.begin[s]]
    assert any(all(case.avoid[state] for state in (*twice[i:], *around)) for i in begins)


def steps_in(lasso: Lasso) -> int:
    return len(lasso.stem) + len(lasso.loop)


def compare(seeds: range) -> Counter[str]:
    """Holds every answer against the definitions; what kinds of cases there were."""
    kinds = Counter[str]()
    for seed in seeds:
        case = random_case(Random(seed))
        expected, found = least_lasso(case), find_lasso(*case)
        assert (expected is not None) == has_lasso(case), seed
        assert (found is None) == (expected is None), seed
        if found is None or expected is None:
            kinds["holds"] += 1
            continue
        check_lasso(case, found)
        assert found.shortest, seed
        assert (found.start, tuple(found.stem), tuple(found.loop)) == (
            expected.start,
            expected.stem,
            expected.loop,
        ), seed
        kinds[f"a loop of {len(found.loop)}"] += 1
        stem = [found.start, *(case.graph.targets[edge] for edge in found.stem)]
        kinds["a stem over the goal"] += not all(case.avoid[state] for state in stem)
        begin = case.begin
        kinds["begins in the loop"] += begin is not None and not any(begin[s] for s in stem)
        unfair = find_lasso(case.graph, case.avoid, case.begin, FairInstances((), ()))
        assert unfair is not None
        kinds["fairness makes it longer"] += steps_in(unfair) < steps_in(found)
    return kinds


def test_random_lassos_are_the_least_by_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = compare(range(1000))
    # In so small graphs guesses find nearly all there is.
    monkeypatch.setattr(lassos, "GUESSES", 0)
    kinds += compare(range(1000, 2000))
    assert {kind for kind, count in kinds.items() if count >= 5} >= {
        "holds",
        "a loop of 0",
        "a loop of 2",
        "a loop of 3",
        "a loop of 4",
        "a loop of 5",
        "a stem over the goal",
        "begins in the loop",
        "fairness makes it longer",
    }


@pytest.mark.nightly
@pytest.mark.parametrize("guesses", [0, lassos.GUESSES])
def test_more_random_lassos_are_the_least_by_definition(
    guesses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lassos, "GUESSES", guesses)
    compare(range(2000, 40_000))


@pytest.mark.parametrize("bound", [0, 60])
def test_random_lassos_of_a_search_that_gives_up_are_fair(
    bound: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lassos, "STEPS_TRIED", bound)
    monkeypatch.setattr(lassos, "GUESSES", 0)
    gave_up = longer = 0
    for seed in range(1000):
        case = random_case(Random(seed))
        expected, found = least_lasso(case), find_lasso(*case)
        assert (found is None) == (expected is None), seed
        if found is not None and expected is not None:
            check_lasso(case, found)
            more = steps_in(found) - steps_in(expected)
            assert more >= 0
            assert more == 0 or not found.shortest, seed
            gave_up, longer = gave_up + (not found.shortest), longer + (more > 0)
    assert gave_up > longer > 0
