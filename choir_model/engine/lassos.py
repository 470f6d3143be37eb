"""Lassos: a shortest fair behaviour that is caught in some states, given that there is one.

Theory of operation
-------------------
`choir_model.engine.liveness` says what is looked for, and in which parts of the graph.  A
lasso is a stem to some state, the *entry*, and a loop from the entry back to it.  Its
length is the number of steps of both.

**Stems.**  One breadth-first search over pairs (state, *begun*), where begun means that an
obligation began on the way and has not been met since.  A sequence of steps leads to exactly
one pair.  So a queue that is filled in canonical order finds to each pair the least of the
shortest stems, and finds the pairs in the order of their stems: by length, then initial
state, then edge numbers.

**Loops.**  From each entry, nearest first, one breadth-first search over what a loop has come
to: its state, the fair instances it still *owes* a step, and the strongly fair ones it has
taken.  A weakly fair instance is owed from the entry on, until it is taken or not enabled; a
strongly fair one from the first state that enables it until it is taken, and never again
after.  Where an obligation begins only inside the loop, its beginning is owed too.  The loop
is closed when it is back at the entry and owes nothing.

Entries are independent of each other, and three bounds keep each search small.  The best
lasso so far leaves a loop from this entry some *room*, and a step is tried only if the way
back to the entry fits into what is left of it.  A loop that passes a state with a shorter
stem is left to that state.  And a first lasso, to begin with, is made by going from one
nearest thing that is owed to the next.

At worst this is exponential in the number of fair instances: to find a shortest fair loop is
NP-hard (Clarke, Grumberg, McMillan & Zhao, "Efficient generation of counterexamples and
witnesses in symbolic model checking", DAC 1995).  The search therefore gives up after
`STEPS_TRIED` steps in all, and then answers with the best lasso it knows, marked as perhaps
not a shortest one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from choir_model.engine.fair_graph import FairGraph, items, rows, search, way
from choir_model.engine.transitions import Lasso

if TYPE_CHECKING:
    from choir_model.engine.fair_graph import Marks, Numbers

STEPS_TRIED = 1_000_000
"""How many steps the search for a shortest lasso tries before it gives up."""
FIRST_GUESSES = 8
"""In how many components, nearest first, a lasso to begin with is made."""


class Stems:
    """The least shortest stem to every pair of a state and whether an obligation has begun.

    The pair of state *i* has the number *i* before one began and ``size + i`` after.
    `order` has the numbers of the pairs that can be reached, by their stems; `length` the
    number of steps to each pair, more than any stem can have if there is no way to it.
    Unless `free`, the obligation must begin in the initial state.
    """

    def __init__(self, graph: FairGraph, avoid: Marks, begin: Marks, *, free: bool) -> None:
        import numpy as np

        self.graph, self._root = graph, 2 * graph.size
        starts = np.array(sorted(set(graph.initial)), np.int64)
        if not free:
            starts = starts[begin[starts]]
        source, target = graph.steps.source, graph.steps.target
        sources = [source + graph.size, np.full(len(starts), self._root)]
        targets = [target + graph.size * avoid[target], starts + graph.size * begin[starts]]
        if free:
            sources.insert(0, source)
            targets.insert(0, target + graph.size * begin[target])
        order, self._parents = search(
            np.concatenate(sources), np.concatenate(targets), self._root + 1, self._root
        )
        self.order = order[1:]
        self.length = self._lengths(order)

    def _lengths(self, order: Numbers) -> Numbers:
        import numpy as np

        place = np.zeros(self._root + 1, np.int64)
        place[order] = np.arange(len(order))
        parents = place[self._parents[order[1:]]]  # ascending, as order is by distance
        ends = [0, 1]
        while ends[-1] > ends[-2]:
            ends.append(1 + int(np.searchsorted(parents, ends[-1])))
        length = np.full(self._root + 1, self._root, np.int64)
        # The root is no state, so a level's distance from it is one more than its stems'.
        length[order] = np.repeat(np.arange(len(ends) - 1), np.diff(ends)) - 1
        return length

    def path(self, pair: int) -> tuple[int, list[int]]:
        """The stem to a pair: its initial state, and its edges."""
        states = [number % self.graph.size for number in way(self._parents, pair)[1:]]
        return states[0], self.graph.steps.edge[self.graph.steps.along(states)].tolist()


_Node: TypeAlias = tuple[int, int, int]
"""State, what is owed, and what was taken."""


class _GaveUp(Exception):
    """Too many steps were tried."""


class Loops:
    """Fair loops in the components that have them.

    What a loop owes, and which strongly fair instances it has taken, are sets of fair
    instances as bits of an integer; one bit more stands for the beginning of an obligation.
    """

    def __init__(self, stems: Stems, component: Numbers, begin: Marks) -> None:
        import numpy as np

        graph, size = stems.graph, stems.graph.size
        parts = component[graph.steps.source]
        inside = graph.steps.where((parts >= 0) & (parts == component[graph.steps.target]))
        backward = np.argsort(inside.target, kind="stable")
        self._graph, self.inside = graph, inside
        self._edge, _, self._target, self._fair = map(items, inside)
        self._ahead, self._behind = (
            items(rows(inside.source, size)),
            items(rows(inside.target, size)),
        )
        self._source_behind = items(inside.source[backward])
        self._enabled, self._enabled_first = items(graph.enabled), items(rows(graph.enabling, size))
        self._enabled_in: dict[int, int] = {}
        self._begin = items(begin)
        after = stems.length[size : 2 * size]
        self._stem = items(np.minimum(stems.length[:size], after)), items(after)
        self._beginning = 1 << len(graph.strong)
        self._strong = sum(1 << int(number) for number in np.flatnonzero(graph.strong))
        self._tried = 0

    def _enabled_at(self, state: int) -> int:
        found = self._enabled_in.get(state)
        if found is None:
            low, high = self._enabled_first[state], self._enabled_first[state + 1]
            found = sum(1 << self._enabled[at] for at in range(low, high))
            self._enabled_in[state] = found
        return found

    def _after(self, owed: int, taken: int, at: int) -> tuple[int, int]:
        """What is owed and taken after the step at a place."""
        fair, state = self._fair[at], self._target[at]
        if fair >= 0:
            owed &= ~(1 << fair)
            taken |= (1 << fair) & self._strong
        enabled = self._enabled_at(state)
        owed &= enabled | self._strong | self._beginning
        owed |= enabled & self._strong & ~taken
        return (owed & ~self._beginning if self._begin[state] else owed), taken

    def _try(self, low: int, high: int) -> range:
        self._tried += high - low
        if self._tried > STEPS_TRIED:
            raise _GaveUp
        return range(low, high)

    def shortest(self, entry: int, begun: bool, room: int) -> list[int] | None:
        """The least of the shortest fair loops from `entry`, as edge numbers.

        None if it takes more than `room` steps, or passes a state with a shorter stem.
        """
        back = self._ways_back(entry, begun, room)
        root = entry, self._enabled_at(entry) | (0 if begun else self._beginning), 0
        before: dict[_Node, tuple[_Node, int]] = {}
        seen, frontier, steps = {root}, [root], 0
        while frontier:
            steps, reached = steps + 1, list[_Node]()
            for node in frontier:
                state, owed, taken = node
                for at in self._try(self._ahead[state], self._ahead[state + 1]):
                    target = self._target[at]
                    if steps + back.get(target, room) > room:
                        continue
                    after = target, *self._after(owed, taken, at)
                    if target == entry and not after[1]:
                        return self._numbers([*_places_to(node, before), at])
                    if after not in seen:
                        seen.add(after)
                        before[after] = node, at
                        reached.append(after)
            frontier = reached
        return None

    def _ways_back(self, entry: int, begun: bool, room: int) -> dict[int, int]:
        """How many steps each state that a loop may pass has to go back to `entry`."""
        stem = self._stem[begun]
        back, frontier, steps = {entry: 0}, [entry], 0
        while frontier and steps + 1 < room:
            steps, reached = steps + 1, list[int]()
            for state in frontier:
                for at in self._try(self._behind[state], self._behind[state + 1]):
                    source = self._source_behind[at]
                    if source not in back and stem[source] >= stem[entry]:
                        back[source] = steps
                        reached.append(source)
            frontier = reached
        return back

    def _numbers(self, places: list[int]) -> list[int]:
        return [self._edge[at] for at in places]

    def some(self, entry: int) -> list[int]:
        """A fair loop from a state that enables a fair instance, as edge numbers.

        It goes from one nearest thing that is owed to the next, and then back.
        """
        places, state, owed, taken = list[int](), entry, self._enabled_at(entry), 0
        while owed or state != entry:
            useful = self._useful(owed) if owed else self.inside.target == entry
            for at in self._leg(state, useful):
                state, (owed, taken) = self._target[at], self._after(owed, taken, at)
                places.append(at)
        return self._numbers(places)

    def _useful(self, owed: int) -> Marks:
        """Which steps meet something that is owed."""
        import numpy as np

        graph, inside = self._graph, self.inside
        due = np.array([owed >> number & 1 for number in range(len(graph.strong))], bool)
        useful: Marks = (inside.fair >= 0) & due[inside.fair]
        for number in np.flatnonzero(due & ~graph.strong):
            enables = np.zeros(graph.size, bool)
            enables[graph.enabling[graph.enabled == number]] = True
            useful |= ~enables[inside.target]
        return useful

    def _leg(self, state: int, useful: Marks) -> list[int]:
        """The places of a shortest way from `state` that ends with a useful step."""
        import numpy as np

        inside, size = self.inside, self._graph.size
        wanted = np.zeros(size, bool)
        wanted[inside.source[useful]] = True
        order, parents = search(inside.source, inside.target, size, state)
        last = int(order[np.argmax(wanted[order])])
        low, high = self._ahead[last], self._ahead[last + 1]
        return [*inside.along(way(parents, last)), low + int(np.argmax(useful[low:high]))]


def _places_to(node: _Node, before: Mapping[_Node, tuple[_Node, int]]) -> list[int]:
    found = []
    while node in before:
        node, at = before[node]
        found.append(at)
    return found[::-1]


class _Candidate(NamedTuple):
    """A lasso; the lesser of two of them is to be preferred."""

    length: int
    start: int
    edges: tuple[int, ...]
    in_loop: int


def best_lasso(stems: Stems, component: Numbers, begin: Marks) -> Lasso:
    """A shortest fair lasso, the least of those; see `choir_model.engine.liveness`.

    `component` has the number of each state's fair component, -1 for states in none; some
    state that can be reached after an obligation began must be in one.
    """
    finder = _Finder(stems, component, begin)
    finder.guess()
    try:
        finder.improve()
        shortest = True
    except _GaveUp:
        shortest = False
    best = finder.best
    stem = len(best.edges) - best.in_loop
    return Lasso(best.start, best.edges[:stem], best.edges[stem:], shortest)


class _Finder:
    """Knows the best lasso so far."""

    def __init__(self, stems: Stems, component: Numbers, begin: Marks) -> None:
        import numpy as np

        self._stems, self._component, self._begin = stems, component, begin
        self._loops = Loops(stems, component, begin)
        self._found: _Candidate | None = None
        size = stems.graph.size
        self._calm, self._loopable = np.ones(size, bool), np.zeros(size, bool)
        self._calm[stems.graph.enabling] = False
        self._loopable[self._loops.inside.source] = True
        self._state, self._begun = stems.order % size, stems.order >= size

    @property
    def best(self) -> _Candidate:
        assert self._found is not None, "a fair component has a fair lasso"
        return self._found

    def _consider(self, pair: int, loop: list[int]) -> None:
        start, stem = self._stems.path(pair)
        found = _Candidate(len(stem) + len(loop), start, (*stem, *loop), len(loop))
        self._found = found if self._found is None else min(self._found, found)

    def guess(self) -> None:
        """Find a lasso to begin with: the best that stutters, and some that loop."""
        import numpy as np

        order, calm, state = self._stems.order, self._calm[self._state], self._state
        for pair in order[self._begun & calm][:1].tolist():
            self._consider(pair, [])
        entries = np.flatnonzero(self._begun & self._loopable[state] & ~calm)
        _, nearest = np.unique(self._component[state[entries]], return_index=True)
        for at in entries[np.sort(nearest)[:FIRST_GUESSES]].tolist():
            pair = int(order[at])
            if self._found is None or self._room(pair) >= 2:
                self._consider(pair, self._loops.some(int(state[at])))

    def _room(self, pair: int) -> int:
        """How many steps a loop after the stem to a pair may take."""
        return self.best.length - int(self._stems.length[pair])

    def improve(self) -> None:
        """Find the best lasso; `_GaveUp` if that takes too long."""
        import numpy as np

        component, state = self._component, self._state
        begins = np.zeros(component.max() + 1, bool)
        begins[component[self._begin & (component >= 0)]] = True
        entries = self._loopable[state] & (self._begun | begins[component[state]])
        size = self._stems.graph.size
        for pair in self._stems.order[entries].tolist():
            room = self._room(pair)
            if room < 2:
                break
            loop = self._loops.shortest(pair % size, pair >= size, room)
            if loop is not None:
                self._consider(pair, loop)
