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

**Loops.**  A shortest loop from each entry (`choir_model.engine.fair_loops`).  Three things
keep these searches small.  The best lasso so far leaves a loop from this entry some *room*,
and a step is tried only if the way back to the entry fits into what is left of it.  A loop
that passes a state with a lesser stem is left to that state.  Entries that promise short
loops come first, and those that take long are put off until the others have been seen.

At worst this is exponential in the number of fair instances: to find a shortest fair loop is
NP-hard (Clarke, Grumberg, McMillan & Zhao, "Efficient generation of counterexamples and
witnesses in symbolic model checking", DAC 1995).  The search therefore gives up after
`STEPS_TRIED` steps in all.  It then answers with the best lasso it knows, marked as perhaps
not a shortest one.  There always is one, made to begin with by going from one nearest thing
that is owed to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from choir_model.engine.fair_graph import FairGraph, items, search, way
from choir_model.engine.fair_loops import GaveUp, Limits, Loops
from choir_model.engine.transitions import Lasso

if TYPE_CHECKING:
    from choir_model.engine.fair_graph import Marks, Numbers

STEPS_TRIED = 1_000_000
"""How many steps the search for a shortest lasso tries before it gives up."""
TRIED_AT_ONCE = 1_000
"""How many steps it tries from one entry before it goes on to the next."""
PER_ENTRY = 10
"""How many tried steps the work on an entry counts for that is always the same."""
GUESSES = 32
"""From how many of the most promising entries it looks for loops through any states."""
TOURS = 8
"""In how many components, nearest first, a lasso to begin with is made."""


class Stems:
    """The least shortest stem to every pair of a state and whether an obligation has begun.

    The pair of state *i* has the number *i* before one began and ``size + i`` after.
    `order` has the numbers of the pairs that can be reached, by their stems; `rank` each
    pair's place there, and `length` the number of steps to it, both too large to be so where
    there is no way.  Unless `free`, the obligation must begin in the initial state.
    """

    def __init__(self, graph: FairGraph, avoid: Marks, begin: Marks, *, free: bool) -> None:
        import numpy as np

        self.graph, self._root = graph, 2 * graph.size
        starts = np.array(sorted(set(graph.initial)), np.int64)
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
        self.rank = np.full(self._root + 1, self._root, np.int64)
        self.rank[order] = np.arange(len(order)) - 1
        self.length = self._lengths(order)

    def _lengths(self, order: Numbers) -> Numbers:
        import numpy as np

        parents = self.rank[self._parents[self.order]] + 1  # ascending, as order is by distance
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
    finder.find_some()
    shortest = finder.improve()
    best = finder.best
    stem = len(best.edges) - best.in_loop
    return Lasso(best.start, best.edges[:stem], best.edges[stem:], shortest)


class _Finder:
    """Knows the best lasso so far.

    `_entries` are the pairs that a loop may begin with, by their stems.
    """

    def __init__(self, stems: Stems, component: Numbers, begin: Marks) -> None:
        import numpy as np

        size = stems.graph.size
        self._stems, self._component = stems, component
        self._loops = Loops(stems.graph, component, begin)
        self._found: _Candidate | None = None
        self._left = STEPS_TRIED
        self._length = items(stems.length)
        begun = stems.rank[size : 2 * size]
        self._rank = items(np.minimum(stems.rank[:size], begun)), items(begun)
        self._owed = np.bincount(stems.graph.enabling, minlength=size)
        loopable, begins = np.zeros(size, bool), np.zeros(component.max() + 1, bool)
        loopable[self._loops.inside.source] = True
        begins[component[begin & (component >= 0)]] = True
        state = stems.order % size
        may_begin = (stems.order >= size) | begins[component[state]]
        self._entries = stems.order[loopable[state] & may_begin]

    def _by_promise(self) -> list[int]:
        """The entries, those first that have a short stem to a state where little is owed.

        Two steps for each instance that is owed are a guess: what was done must often be
        undone, to come back.
        """
        import numpy as np

        owed = self._owed[self._entries % self._stems.graph.size]
        order = np.lexsort((owed, self._stems.length[self._entries] + 2 * owed))
        entries: list[int] = self._entries[order].tolist()
        return entries

    @property
    def best(self) -> _Candidate:
        """The best lasso so far."""
        assert self._found is not None, "a fair component has a fair lasso"
        return self._found

    def _consider(self, pair: int, loop: list[int]) -> None:
        start, stem = self._stems.path(pair)
        edges = (*stem, *self._loops.inside.edge[loop].tolist())
        found = _Candidate(len(edges), start, edges, len(loop))
        self._found = found if self._found is None else min(self._found, found)

    def _consider_turned(self, loop: list[int]) -> None:
        """A loop that may begin anywhere, as the obligation began before."""
        states = self._loops.inside.source[loop].tolist()
        at = min(range(len(loop)), key=lambda at: self._rank[1][states[at]])
        self._consider(states[at] + self._stems.graph.size, loop[at:] + loop[:at])

    def find_some(self) -> None:
        """Find some lasso: the best that stutters, and tours of the nearest components."""
        import numpy as np

        size, order, entries = self._stems.graph.size, self._stems.order, self._entries
        begun = order[order >= size]
        for pair in begun[self._owed[begun % size] == 0][:1].tolist():
            self._consider(pair, [])
        touring = entries[(entries >= size) & (self._owed[entries % size] > 0)]
        _, first = np.unique(self._component[touring % size], return_index=True)
        for pair in touring[np.sort(first)[:TOURS]].tolist():
            if self._found is None or self._room(pair) >= 2:
                self._consider_turned(self._loops.some(pair % size))

    def _room(self, pair: int) -> int:
        """How many steps a loop may take after the stem to a pair."""
        return self.best.length - self._length[pair]

    def improve(self) -> bool:
        """Find the best; false if the search for it gave up."""
        waiting = self._by_promise()
        self._guess([pair for pair in waiting if pair >= self._stems.graph.size][:GUESSES])
        for tries in TRIED_AT_ONCE, STEPS_TRIED:
            waiting = [pair for pair in waiting if not self._settled(pair, tries)]
        return not waiting

    def _guess(self, pairs: list[int]) -> None:
        """Look for loops through any states, as nothing is known of most of them yet."""
        for pair in pairs:
            if self._room(pair) >= 2:
                try:
                    loop = self._search(pair, 0, TRIED_AT_ONCE)
                except GaveUp:
                    continue
                if loop is not None:
                    self._consider_turned(loop)

    def _settled(self, pair: int, tries: int) -> bool:
        """Whether the best is now as good as any that begins with a pair."""
        if self._room(pair) < 2:
            return True
        if self._left < 0:
            return False
        try:
            loop = self._search(pair, int(self._stems.rank[pair]), min(tries, self._left))
        except GaveUp:
            return False
        finally:
            self._left -= self._loops.tries + PER_ENTRY
        if loop is not None:
            self._consider(pair, loop)
        return True

    def _search(self, pair: int, first: int, tries: int) -> list[int] | None:
        size = self._stems.graph.size
        begun = pair >= size
        limits = Limits(self._room(pair), self._rank[begun], first, tries)
        return self._loops.shortest(pair % size, begun, limits)
