"""State graphs as files: for graph tools, for numpy, and to look at.

=============  ==================================================================
``.graphml``   everything `StateGraph.to_networkx` has, for networkx, Gephi, yEd, …
``.dot``       boxes and arrows with their words, for Graphviz
``.npz``       arrays and tables of texts, for numpy
``.png .svg``  a picture, of a small graph (`pictures`)
=============  ==================================================================

The bytes follow from the graph alone: no day, no version, no path, no hash seed.

The arrays of an ``.npz``: the edges of state *i* are the entries ``first[i]`` to
``first[i + 1]`` of ``targets`` and ``labels``; a target of -1 was excluded by a constraint;
``initial`` and ``level`` speak of states.  Label *n* is ``actions[n]`` with the arguments
``arguments[n]`` and the option numbers ``choices[n]``, both as texts.  The value of cell
``cells[c]`` in state *i* is ``texts[values[i, c]]``.  ``cut`` says why the graph is not
whole, and is empty if it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from io import BytesIO
from typing import Any

from choir_model.engine.graph import StateGraph, differing_by_name, text_of, whole


def render(graph: StateGraph, suffix: str, *, violating: Collection[int] = ()) -> bytes:
    """The content of a file with this suffix, one of `SUFFIXES`.

    The states in `violating` are marked where that can be seen (``.dot``, ``.png``,
    ``.svg``).  Raises `ValueError` for any other suffix, and for a picture of a graph with
    more than `pictures.MOST_STATES` states or `pictures.MOST_ARROWS` arrows.
    """
    write = _WRITERS.get(suffix)
    if write is None:
        known = ", ".join(SUFFIXES)
        raise ValueError(f"a state graph cannot be written as {suffix!r}, only as {known}")
    return write(graph, suffix, frozenset(violating))


def _graphml(graph: StateGraph, _suffix: str, _violating: frozenset[int]) -> bytes:
    import networkx as nx

    return ("\n".join(nx.generate_graphml(graph.to_networkx())) + "\n").encode()


def _dot(graph: StateGraph, _suffix: str, violating: frozenset[int]) -> bytes:
    import pydot

    made = pydot.Dot(_quoted(whole(graph.model.name)), graph_type="digraph", rankdir="LR")
    made.set_node_defaults(shape="box", style="rounded")
    initial, terminal = set(graph.transitions.initial), set(graph.terminal())
    names = graph.cells()
    for number in range(graph.size):
        told = differing_by_name(graph.state(number), names)
        lines = [str(number), *(f"{name} = {text_of(value)}" for name, value in told)]
        how: dict[str, Any] = {"label": _label(lines)}
        if number in initial:
            how["penwidth"] = "2"
        if number in terminal:
            how["peripheries"] = "2"
        if number in violating:
            how["color"] = _quoted("#D55E00")
        made.add_node(pydot.Node(str(number), **how))
    for edge in graph.edges():
        label = _label([graph.describe(edge)])
        made.add_edge(pydot.Edge(str(edge.source), str(edge.target), label=label))
    return str(made.to_string()).encode()


def _label(lines: list[str]) -> str:
    """Lines of text as a label: Graphviz would find escapes and entities in it."""
    return _quoted("\\n".join(s.replace("\\", "\\\\").replace("&", "&amp;") for s in lines))


def _quoted(text: str) -> str:
    # Quoted by hand: pydot takes what looks like markup for markup.
    return '"' + text.replace('"', '\\"') + '"'


def _npz(graph: StateGraph, _suffix: str, _violating: frozenset[int]) -> bytes:
    import numpy as np

    moves, labels, cells = graph.transitions, graph.labels, list(graph.cells())
    texts: dict[str, int] = {}
    values = np.zeros((graph.size, len(cells)), np.int64)
    for number in range(graph.size):
        state = graph.state(number)
        values[number] = [
            texts.setdefault(text_of(state.value(cell)), len(texts)) for cell in cells
        ]
    file = BytesIO()
    np.savez(
        file,
        allow_pickle=False,
        first=np.array(moves.first, np.int64),
        targets=np.array(moves.targets, np.int64),
        labels=np.array(moves.labels, np.int64),
        initial=np.array(moves.initial, np.int64),
        level=np.array(graph.levels(), np.int64),
        actions=_table(whole(label.action.name) for label in labels),
        arguments=_table(", ".join(map(text_of, label.arguments)) for label in labels),
        choices=_table(", ".join(map(str, label.script)) for label in labels),
        cells=_table(graph.cells().values()),
        texts=_table(texts),
        values=values,
        model=np.array(whole(graph.model.name)),
        cut=np.array(whole(graph.cut)),
    )
    return file.getvalue()


def _table(texts: Any) -> Any:
    import numpy as np

    return np.array(list(texts), dtype=np.str_)


def _picture(graph: StateGraph, suffix: str, violating: frozenset[int]) -> bytes:
    from choir_model.engine.pictures import draw

    return draw(graph, suffix, violating)


_WRITERS: dict[str, Callable[[StateGraph, str, frozenset[int]], bytes]] = {
    ".graphml": _graphml,
    ".dot": _dot,
    ".png": _picture,
    ".svg": _picture,
    ".npz": _npz,
}
SUFFIXES = tuple(_WRITERS)
"""What `render` can write."""
