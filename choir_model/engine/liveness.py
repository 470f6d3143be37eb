"""Liveness: is there a fair behaviour that never comes to a goal?

Theory of operation
-------------------
A behaviour is an infinite sequence of states from an initial one, each the same as the one
before or its successor by a step.  Any state may stutter for ever.  *Steps* are what changes
the state: self-loops and refusals are none.  An action instance is *enabled* in a state that
it has a step from, if only to a state that a constraint excluded; it is *taken* by a step of
any of its choices.  An instance is owed, as in TLA (Lamport, "The temporal logic of actions",
1994),

- weak fairness: enabled in all states from some point on, it is taken again and again;
- strong fairness: enabled again and again, it is taken again and again.

A counterexample is a fair behaviour that from some state on stays in states to `avoid`.
Since there are finitely many states, there is one if and only if there is a lasso: a stem to
a loop (Baier & Katoen, "Principles of Model Checking", 2008, sections 3.5, 4.4 and 6.5).
Take the states to avoid that can be reached from where an obligation begins without leaving
them, and their strong components.  In one of them

- a weakly fair instance that is enabled everywhere and taken nowhere within it rules out the
  component and all its parts;
- a strongly fair instance that is enabled somewhere and taken nowhere within it rules out
  the states that enable it.  What is left falls into smaller components, to be judged in the
  same way;
- if there is neither, a loop through all of its states and steps is fair.  A component of
  one state has no step; it is fair if its state enables no fair instance, and stutters.

This is the algorithm of Emerson & Lei ("Modalities for model checking: branching time logic
strikes back", 1987) for Streett's condition ("Propositional dynamic logic of looping and
converse is elementarily decidable", 1982).  A fair loop lies in one component and survives
each removal, so nothing is missed.  Each round handles all components at once and drops
those that are settled; there is at most one round more than strongly fair instances.

`choir_model.engine.lassos` then finds the counterexample to show.  Its length is the number
of steps of stem and loop together.  It is the least: of all fair lassos those of minimal
length, of those the ones with the initial state of the lowest number, of those the one with
the least sequence of edge numbers, and of those that differ only in where the loop begins
the one with the shorter loop.  A loop of length zero stutters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from choir_model.engine.fair_graph import FairGraph, Steps, distinct
from choir_model.engine.lassos import Stems, best_lasso
from choir_model.engine.transitions import OUTSIDE, Lasso, Transitions

if TYPE_CHECKING:
    from choir_model.engine.fair_graph import Marks, Numbers

Flags: TypeAlias = Sequence[bool] | bytes | bytearray | memoryview
"""One per state, true where it is not zero."""


@dataclass(frozen=True)
class FairInstances:
    """The numbers of the action instances that weak and strong fairness is owed to.

    Strong fairness implies weak fairness, so an instance in both counts as `strong`.
    """

    weak: tuple[int, ...]
    strong: tuple[int, ...]


def find_lasso(
    graph: Transitions, avoid: Flags, begin: Flags | None, fair: FairInstances
) -> Lasso | None:
    """A fair behaviour that stays in states of `avoid` for ever; None if there is none.

    If `begin` is None it does so from its initial state on.  Otherwise it comes to a state of
    `begin` that is to be avoided, on any way, and does so from there on.  The state of
    `begin` may lie in the loop.

    No other such lasso has fewer steps in stem and loop together, unless `Lasso.shortest` is
    false: the search for it gives up at a bound, `choir_model.engine.lassos.STEPS_TRIED`,
    and the answer is the same every time in either case.  Among equally short ones it is the
    least by initial state, then by edge numbers in order.

    Raises `ValueError` unless there are flags for each state, and a row for each target.
    """
    return lasso_in(fair_graph(graph, fair), avoid, begin)


def fair_graph(graph: Transitions, fair: FairInstances) -> FairGraph:
    """The graph as `lasso_in` wants it: made once, it serves for any number of goals."""
    import numpy as np

    targets = np.asarray(graph.targets, np.int64)
    labels = np.asarray(graph.labels, np.int64)
    size = graph.expanded
    missing = targets[targets >= size]
    if len(missing):
        raise ValueError(f"state {missing[0]} has no row: liveness needs the whole graph")
    first = np.asarray(graph.first, np.int64)
    sources = np.repeat(np.arange(size), first[1:] - first[:-1])
    owed = sorted({*fair.weak, *fair.strong})
    numbers = dict(zip(owed, range(len(owed)), strict=True))
    of_label = np.array([numbers.get(i, -1) for i in graph.instance_of], np.int64)
    steps = Steps(np.arange(len(targets)), sources, targets, of_label[labels])
    steps = steps.where(targets != sources)
    pairs = distinct(_codes(steps.source, steps.fair, len(owed)))
    strong = set(fair.strong)
    return FairGraph(
        size=size,
        initial=graph.initial,
        steps=steps.where(steps.target != OUTSIDE),
        enabling=pairs // max(len(owed), 1),
        enabled=pairs % max(len(owed), 1),
        strong=np.array([number in strong for number in owed], bool),
    )


def _codes(owners: Numbers, fair: Numbers, count: int) -> Numbers:
    """One number for each owner and fair instance, where there is one."""
    kept = fair >= 0
    return owners[kept] * count + fair[kept]


def lasso_in(graph: FairGraph, avoid: Flags, begin: Flags | None) -> Lasso | None:
    """The same as `find_lasso`, in a graph that `fair_graph` has made."""
    import numpy as np

    avoided = _marks(avoid, graph.size)
    if begin is None:
        begins = np.zeros(graph.size, bool)
        begins[graph.initial] = True
    else:
        begins = _marks(begin, graph.size)
    begins &= avoided
    stems = Stems(graph, avoided, begins, free=begin is not None)
    region = np.zeros(graph.size, bool)
    region[stems.order[stems.order >= graph.size] - graph.size] = True
    component = fair_components(graph, region)
    return best_lasso(stems, component, begins) if (component >= 0).any() else None


def _marks(flags: Flags, size: int) -> Marks:
    import numpy as np

    # As a sequence, bytes would become one item.
    values = memoryview(flags) if isinstance(flags, bytes) else flags
    marks: Marks = np.array(values, bool)
    if len(marks) != size:
        raise ValueError(f"{len(marks)} flags for {size} states")
    return marks


def fair_components(graph: FairGraph, region: Marks) -> Numbers:
    """For each state of a region the number of its fair component; -1 for states in none.

    A component is a strongly connected set of states inside the region, such that the
    behaviour is fair that goes through all of its states and steps for ever.
    """
    import numpy as np

    component, part = np.full(graph.size, -1, np.int64), np.zeros(graph.size, np.int64)
    left, settled = region.copy(), 0
    steps, enabling, enabled = graph.steps, graph.enabling, graph.enabled
    while left.any():
        steps = steps.where(left[steps.source] & left[steps.target])
        enabling, enabled = enabling[left[enabling]], enabled[left[enabling]]
        states = np.flatnonzero(left)
        part[states] = _strong_components(steps, states, graph.size)
        steps = steps.where(part[steps.source] == part[steps.target])
        sizes = np.bincount(part[states])
        out, lost = _unfair(steps, part, sizes, enabling, enabled, graph.strong)
        unsettled = lost.copy()
        unsettled[part[out]] = True
        done = states[~unsettled[part[states]]]
        component[done], settled = settled + part[done], settled + len(sizes)
        left[states] = (unsettled & ~lost)[part[states]]
        left[out] = False
    return component


def _strong_components(steps: Steps, states: Numbers, size: int) -> Numbers:
    """The number of each state's strong component, from 0 on."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    place = np.zeros(size, np.int32)
    place[states] = np.arange(len(states))
    ends = place[steps.source], place[steps.target]
    matrix = coo_array((np.ones(len(steps.edge)), ends), shape=(len(states), len(states)))
    # SciPy's search does not end on parallel edges; the conversion makes them one.
    _, labels = connected_components(matrix.tocsr(), directed=True, connection="strong")
    return labels.astype(np.int64)  # type: ignore[no-any-return]


def _unfair(
    steps: Steps,
    part: Numbers,
    sizes: Numbers,
    enabling: Numbers,
    enabled: Numbers,
    strong: Marks,
) -> tuple[Numbers, Marks]:
    """What fairness rules out: states, by strong fairness, and whole parts, by weak fairness.

    `part` has the number of each state's strong component, `sizes` how many states those
    have.  `steps` are within them.
    """
    import numpy as np

    count = len(strong)
    taken = _codes(part[steps.source], steps.fair, count)
    codes = _codes(part[enabling], enabled, count)
    unmet = ~np.isin(codes, taken)
    strongly = strong[enabled]
    weak, everywhere = np.unique(codes[unmet & ~strongly], return_counts=True)
    lost = np.zeros(len(sizes), bool)
    lost[weak[everywhere == sizes[weak // count]] // count] = True
    return enabling[unmet & strongly], lost
