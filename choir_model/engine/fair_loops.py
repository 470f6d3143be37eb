"""Fair loops: shortest ones within limits, or any one at all.

Theory of operation
-------------------
A breadth-first search over what a loop has come to: its state, the fair instances it still
*owes* a step, and the strongly fair ones it has taken.  A weakly fair instance is owed from
the entry on, until it is taken or not enabled; a strongly fair one from the first state that
enables it until it is taken, and never again after.  Where an obligation begins only inside
the loop, its beginning is owed too.  The loop is closed when it is back at the entry and
owes nothing.

A sequence of steps leads to exactly one such node.  So a queue that is filled in canonical
order finds the least of the shortest loops.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from choir_model.engine.fair_graph import FairGraph, items, rows, search, way

if TYPE_CHECKING:
    from choir_model.engine.fair_graph import Marks, Numbers

FIRST_ROOM = 4
"""How long a loop the search looks for first."""

_Node: TypeAlias = tuple[int, int, int]
"""State, what is owed, and what was taken."""


class GaveUp(Exception):
    """More steps than allowed were tried."""


class Limits(NamedTuple):
    """What loops to look for, and for how long.

    They take at most `room` steps and pass only states whose `rank` is at least `first`.  The
    search may try so many steps.
    """

    room: int
    rank: memoryview[int]
    first: int
    tries: int


class Loops:
    """Fair loops in the components that have them.

    A loop is a list of places in `inside`, which has the steps within the components.  What
    it owes, and which strongly fair instances it has taken, are sets of fair instances as
    bits of an integer; one bit more stands for the beginning of an obligation.
    """

    def __init__(self, graph: FairGraph, component: Numbers, begin: Marks) -> None:
        import numpy as np

        size = graph.size
        parts = component[graph.steps.source]
        inside = graph.steps.where((parts >= 0) & (parts == component[graph.steps.target]))
        backward = np.argsort(inside.target, kind="stable")
        self._graph, self.inside = graph, inside
        self._target, self._fair = items(inside.target), items(inside.fair)
        self._source_behind = items(inside.source[backward])
        self._ahead = items(rows(inside.source, size))
        self._behind = items(rows(inside.target, size))
        self._enabled = items(graph.enabled)
        self._enabled_first = items(rows(graph.enabling, size))
        self._enabled_known: dict[int, int] = {}
        self._begin = items(begin)
        self._beginning = 1 << len(graph.strong)
        self._strong = sum(1 << int(number) for number in np.flatnonzero(graph.strong))
        self.tries = 0  # of the latest search

    def _enabled_at(self, state: int) -> int:
        found = self._enabled_known.get(state)
        if found is None:
            low, high = self._enabled_first[state], self._enabled_first[state + 1]
            found = sum(1 << self._enabled[at] for at in range(low, high))
            self._enabled_known[state] = found
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

    def _row(self, first: memoryview[int], state: int, limits: Limits) -> range:
        """The places in a row, which are going to be tried."""
        low, high = first[state], first[state + 1]
        self.tries += high - low
        if self.tries > limits.tries:
            raise GaveUp
        return range(low, high)

    def shortest(self, entry: int, begun: bool, limits: Limits) -> list[int] | None:
        """The least of the shortest fair loops from `entry`.

        None if there is none within the limits; raises `GaveUp` where that is not known.
        """
        self.tries, room = 0, FIRST_ROOM
        # Much room takes long to look through, and most loops worth having are short.
        while room < limits.room:
            loop = self._shortest(entry, begun, limits._replace(room=room))
            if loop is not None:
                return loop
            room *= 2
        return self._shortest(entry, begun, limits)

    def _shortest(self, entry: int, begun: bool, limits: Limits) -> list[int] | None:
        room, back = limits.room, self._ways_back(entry, limits)
        root = entry, self._enabled_at(entry) | (0 if begun else self._beginning), 0
        before: dict[_Node, tuple[_Node, int]] = {}
        seen, frontier, steps = {root}, [root], 0
        while frontier:
            steps, reached = steps + 1, list[_Node]()
            for node in frontier:
                state, owed, taken = node
                for at in self._row(self._ahead, state, limits):
                    target = self._target[at]
                    if steps + back.get(target, room) > room:
                        continue
                    after = target, *self._after(owed, taken, at)
                    if target == entry and not after[1]:
                        return [*_places_to(node, before), at]
                    if after not in seen:
                        seen.add(after)
                        before[after] = node, at
                        reached.append(after)
            frontier = reached
        return None

    def _ways_back(self, entry: int, limits: Limits) -> dict[int, int]:
        """How many steps each state that a loop may pass has to go back to `entry`.

        Half of the room is looked through from either end: what a loop passes is near to the
        entry on the way back, or else on the way there.
        """
        half, ahead, behind = limits.room // 2, self._ahead, self._behind
        back = self._near(entry, behind, self._source_behind, limits, {}, limits.room - half)
        if next(reversed(back.values())) < half:
            return back  # there are no more
        there = self._near(entry, ahead, self._target, limits, back, half + 1)
        return self._near(entry, behind, self._source_behind, limits, there, limits.room)

    def _near(
        self,
        entry: int,
        first: memoryview[int],
        ends: memoryview[int],
        limits: Limits,
        other: Mapping[int, int],
        unknown: int,
    ) -> dict[int, int]:
        """The number of steps, in one direction, to the states that may be in a loop.

        `other` has their numbers in the other direction; what is not there has `unknown` at
        least.
        """
        found, frontier, steps = {entry: 0}, [entry], 0
        while frontier:
            steps, reached = steps + 1, list[int]()
            for state in frontier:
                for at in self._row(first, state, limits):
                    end = ends[at]
                    if (
                        end not in found
                        and steps + other.get(end, unknown) <= limits.room
                        and limits.rank[end] >= limits.first
                    ):
                        found[end] = steps
                        reached.append(end)
            frontier = reached
        return found

    def some(self, entry: int) -> list[int]:
        """A fair loop from a state that enables a fair instance.

        It goes from one nearest thing that is owed to the next, and then back.
        """
        places, state, owed, taken = list[int](), entry, self._enabled_at(entry), 0
        while owed or state != entry:
            useful = self._useful(owed) if owed else self.inside.target == entry
            for at in self._leg(state, useful):
                state, (owed, taken) = self._target[at], self._after(owed, taken, at)
                places.append(at)
        return places

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
        last_place = low + int(np.argmax(useful[low:high]))
        return [*inside.along(way(parents, last)).tolist(), last_place]


def _places_to(node: _Node, before: Mapping[_Node, tuple[_Node, int]]) -> list[int]:
    found = []
    while node in before:
        node, at = before[node]
        found.append(at)
    return found[::-1]
