"""The state graph: every state and step of a small model, to look at or to compute with.

>>> from choir_model.engine import Action, Field, Model, Record, state_graph
>>> class Light(Record, name="light"):
...     on = Field(False)
>>> def press(view):
...     Light(view).on = not Light(view).on
>>> graph = state_graph(Model("light", {Light: None}, [Action(press)]))
>>> [(edge.source, str(edge.label), edge.target) for edge in graph.edges()]
[(0, 'press', 1), (1, 'press', 0)]
>>> graph.to_networkx().nodes[1]
{'initial': False, 'level': 2, 'light.on': 'True'}
>>> graph.csr().nnz
2

`choir_model.engine.graph_export` writes it to files.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import maxsize
from typing import TYPE_CHECKING, Any, NamedTuple

from choir_model.engine.dictview import Fired, State, run
from choir_model.engine.model import Model
from choir_model.engine.paths import Label, declaration_order, differing
from choir_model.engine.text import clipped, shown, shown_cell
from choir_model.engine.transitions import OUTSIDE, Transitions
from choir_model.engine.view import Cell

if TYPE_CHECKING:
    import networkx as nx
    import scipy.sparse


class Edge(NamedTuple):
    """One step of the graph.  `number` is its place in the arrays of `Transitions`."""

    number: int
    source: int
    target: int
    label: Label


@dataclass(frozen=True)
class StateGraph:
    """The explored part of a model as a graph.

    `transitions` has the edges in arrays; `labels` what each label number stands for;
    `state(i)` decodes the cells of state number `i`; `cut` says why the graph is not
    whole, and is empty if it is.
    """

    model: Model
    transitions: Transitions
    labels: Sequence[Label]
    size: int
    state: Callable[[int], State]
    cut: str = ""

    def edges(self) -> Iterator[Edge]:
        """Every step, by source, then in canonical order; self-loops and parallel ones too.

        Steps to states that a constraint excluded are left out, here and in what follows:
        those states are no part of the graph.
        """
        moves = self.transitions
        for source in range(moves.expanded):
            for number in moves.row(source):
                target = moves.targets[number]
                if target != OUTSIDE:
                    yield Edge(number, source, target, self.labels[moves.labels[number]])

    def levels(self) -> list[int]:
        """The level of each state: 1 for initial states, else one more than the steps to it."""
        found = [0] * self.size
        for state in self.transitions.initial:
            found[state] = 1
        for edge in self.edges():  # states are numbered breadth first
            if not found[edge.target]:
                found[edge.target] = found[edge.source] + 1
        return found

    def terminal(self) -> list[int]:
        """The states in which nothing can fire, as far as they were expanded."""
        moves = self.transitions
        return [state for state in range(moves.expanded) if not moves.row(state)]

    def options(self, edge: Edge) -> tuple[Any, ...]:
        """What the action chose on this step: the action is run again to tell."""
        label = edge.label
        if not label.script:
            return ()
        state = self.state(edge.source)
        outcome = run(label.action.fn, state, *label.arguments, script=label.script, budget=None)
        assert isinstance(outcome, Fired), f"{label} fired when the graph was made"
        return outcome.options

    def describe(self, edge: Edge) -> str:
        """A step in words: the action, its arguments, and what it chose."""
        return _words(edge.label, self.options(edge))

    def cells(self) -> dict[Cell, str]:
        """The cells of all states with a name for each, as declared, then by key."""
        found = {cell for state in range(self.size) for cell in self.state(state)}
        cells = sorted(found, key=declaration_order(self.model))
        return dict(zip(cells, _names(cells), strict=True))

    def to_networkx(self) -> nx.MultiDiGraph:
        """The graph for networkx.

        Nodes are state numbers with the attributes ``initial``, ``level``, and every cell by
        its name, as text.  Edges have the edge's number as key and the attributes ``action``,
        ``label`` (the step in words), ``choice`` (what was chosen, as text), and the arguments
        as text, each as ``argument <name of the parameter>``.  The graph's own attributes are
        ``model`` and ``cut``.
        """
        import networkx as nx

        made = nx.MultiDiGraph(model=whole(self.model.name), cut=whole(self.cut))
        initial, levels, cells = set(self.transitions.initial), self.levels(), self.cells()
        for number in range(self.size):
            state = self.state(number)
            values = {name: text_of(state.value(cell)) for cell, name in cells.items()}
            made.add_node(number, initial=number in initial, level=levels[number], **values)
        for edge in self.edges():
            made.add_edge(edge.source, edge.target, key=edge.number, **self._attributes(edge))
        return made

    def _attributes(self, edge: Edge) -> dict[str, str]:
        label, options = edge.label, self.options(edge)
        return {
            "action": whole(label.action.name),
            "label": _words(label, options),
            "choice": ", ".join(map(text_of, options)),
            **{f"argument {name}": text_of(value) for name, value in label.parameters.items()},
        }

    def csr(self) -> scipy.sparse.csr_array:
        """Which state leads to which in one step: a boolean matrix, a row per source."""
        return self._matrix(self.edges())

    def matrices(self) -> dict[str, scipy.sparse.csr_array]:
        """The same for each action alone, by the action's name; their union is `csr`."""
        by_action: dict[str, list[Edge]] = {action.name: [] for action in self.model.actions}
        for edge in self.edges():
            by_action[edge.label.action.name].append(edge)
        return {name: self._matrix(edges) for name, edges in by_action.items()}

    def _matrix(self, edges: Iterable[Edge]) -> scipy.sparse.csr_array:
        import numpy as np
        from scipy.sparse import coo_array

        sources, targets = array("q"), array("q")
        for edge in edges:
            sources.append(edge.source)
            targets.append(edge.target)
        where = np.array(sources, np.int64), np.array(targets, np.int64)
        ones = np.ones(len(sources), bool)
        # Parallel edges are one entry: `tocsr` adds them up, and True + True is True.
        return coo_array((ones, where), shape=(self.size, self.size)).tocsr()


def _words(label: Label, options: Iterable[Any]) -> str:
    chosen = ", ".join(map(shown, options))
    return whole(f"{label} choosing {chosen}" if chosen else str(label))


def _names(cells: Sequence[Cell]) -> list[str]:
    """A name for each cell: the usual one, or where two would share it, one with the whole key."""
    names = [whole(shown_cell(cell)) for cell in cells]
    shared = {name for name, count in Counter(names).items() if count > 1}
    return [
        whole(f"{cell.field.name}[{cell.key!r}]") if name in shared else name
        for cell, name in zip(cells, names, strict=True)
    ]


def differing_by_name(state: State, names: Mapping[Cell, str]) -> list[tuple[str, Any]]:
    """The cells that differ from their default by their names, in the order of `names`."""
    values = dict(differing(state))
    return [(name, values[cell]) for cell, name in names.items() if cell in values]


def text_of(value: object) -> str:
    """A value on one line, however long."""
    return shown(value, maxsize)


def whole(text: str) -> str:
    """The text on one line, however long."""
    return clipped(text, maxsize)
