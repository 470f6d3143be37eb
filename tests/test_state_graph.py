"""The state graph: the same as what was checked, and every file says what it says."""

from __future__ import annotations

import doctest
import io
from collections import Counter
from itertools import pairwise
from typing import Any, cast

import networkx as nx
import numpy as np
import pydot
import pytest

from choir_model.engine import (
    Action,
    Field,
    Fired,
    Model,
    ModelError,
    Record,
    Sort,
    View,
    check,
    graph,
    guard,
    run,
    state_graph,
)
from choir_model.engine.graph_export import render
from choir_model.zoo import die_hard, transaction_commit, two_phase_commit

ZOO = [
    die_hard.MODEL,
    transaction_commit.MODEL,
    two_phase_commit.MODEL,
    two_phase_commit.SYMMETRIC,
]


# A model with all that is awkward: self-loops, parallel steps, choices, and nasty texts


NASTY = ("<b>", 'say "no"\n\\n', "&amp; $x^2$ \udc80")
KEYS = Sort("key", [b"starts alike, 1, ends alike", b"starts alike, 2, ends alike"])


class Lamp(Record, name="lamp"):
    colour = Field("red")


class Note(Record, name="note"):
    text = Field("")


class Seal(Record, name="seal"):
    broken = Field(False)


def switch(view: View, to: str) -> None:
    Lamp(view).colour = to


def write(view: View) -> None:
    guard(view, Lamp(view).colour == "1")
    Note(view).text = view.choose(frozenset(NASTY))


def wait(view: View) -> None:
    guard(view, Lamp(view).colour == "red")


def break_(view: View, key: bytes) -> None:
    guard(view, Note(view).text == "<b>")
    Seal(view, key).broken = True
    Note(view).text = "the end"
    Lamp(view).colour = "dark"


def blow(view: View) -> None:
    guard(view, Lamp(view).colour == "red")
    Lamp(view).colour = "1"


AWKWARD = Model(
    name='<i>awkward</i> & "quoted"\n',
    records={Lamp: None, Note: None, Seal: KEYS},
    actions=[
        Action(switch, over=Sort("colour", ["red", "1"])),
        Action(write),
        Action(wait),
        Action(break_, over=KEYS, name="<break>"),
        Action(blow),
    ],
)


class Counting(Record, name="counting"):
    at = Field(0)


def count(most: int, *, constrained: bool = False) -> Model:
    """States 0 to `most` in a row; with a constraint they would go on."""

    def up(view: View) -> None:
        guard(view, constrained or Counting(view).at < most)
        Counting(view).at += 1

    def small(view: View) -> bool:
        return Counting(view).at <= most

    return Model(
        "count", {Counting: None}, [Action(up)], constraints=[small] if constrained else []
    )


# The graph


@pytest.mark.parametrize("model", ZOO, ids=lambda model: model.name)
def test_the_graph_is_what_a_check_explores(model: Model) -> None:
    made, counts = state_graph(model), check(model, properties=(), keep_going=True).counts
    assert made.size == counts.distinct
    assert len(made.transitions.initial) + sum(1 for _ in made.edges()) == counts.generated
    assert max(made.levels()) == counts.depth
    assert len(made.terminal()) == counts.terminal
    assert made.cut == ""


@pytest.mark.parametrize("model", [*ZOO[:3], AWKWARD], ids=lambda model: model.name)
def test_every_edge_is_a_step_of_its_action(model: Model) -> None:
    made = state_graph(model)
    for edge in made.edges():
        label, state = edge.label, made.state(edge.source)
        outcome = run(label.action.fn, state, *label.arguments, script=label.script)
        assert isinstance(outcome, Fired)
        for cell, value in outcome.writes.items():
            state[cell] = value
        target = made.state(edge.target)
        assert all(state.value(cell) == target.value(cell) for cell in {*state, *target})
        assert made.options(edge) == outcome.options


@pytest.mark.parametrize("model", ZOO, ids=lambda model: model.name)
def test_levels_are_shortest_distances(model: Model) -> None:
    made = state_graph(model)
    plain = made.to_networkx()
    distance = nx.multi_source_dijkstra_path_length(plain, set(made.transitions.initial))
    assert made.levels() == [distance[number] + 1 for number in range(made.size)]


def test_self_loops_and_parallel_steps_are_edges_of_their_own() -> None:
    made = state_graph(AWKWARD)
    pairs = Counter((edge.source, edge.target) for edge in made.edges())
    assert pairs[0, 0] == 2  # switch to red, and wait
    assert pairs[0, 1] == 2  # switch to 1, and blow
    plain = made.to_networkx()
    assert {pair: plain.number_of_edges(*pair) for pair in pairs} == pairs


def test_states_and_steps_have_their_attributes() -> None:
    plain = state_graph(AWKWARD).to_networkx()
    assert plain.graph == {"model": '<i>awkward</i> & "quoted"\\n', "cut": ""}
    first, second = plain.nodes[0], plain.nodes[1]
    assert (first["initial"], first["level"], first["lamp.colour"]) == (True, 1, "red")
    assert (second["initial"], second["level"], second["lamp.colour"]) == (False, 2, "'1'")
    assert len({frozenset(texts.items()) for _, texts in plain.nodes(data=True)}) == len(plain)
    steps = [texts for *_, texts in plain.edges(data=True)]
    assert {"action": "switch", "label": "switch(to='1')", "choice": "", "argument to": "'1'"} in (
        steps
    )
    written = {texts["choice"] for texts in steps if texts["action"] == "write"}
    assert written == {"'<b>'", "'say \"no\"\\n\\\\n'", "'&amp; $x^2$ \\udc80'"}


def test_cells_whose_short_names_agree_have_names_of_their_own() -> None:
    names = list(state_graph(AWKWARD).cells().values())
    assert names[:2] == ["lamp.colour", "note.text"]
    assert names[2:] == [f"seal.broken[{key!r}]" for key in KEYS]


def test_the_matrices_are_the_graph() -> None:
    made = state_graph(two_phase_commit.MODEL)
    whole, parts = made.csr(), made.matrices()
    assert whole.dtype == bool
    plain = nx.to_numpy_array(nx.DiGraph(made.to_networkx()), nodelist=range(made.size)) > 0
    assert (whole.toarray() == plain).all()
    assert list(parts) == [action.name for action in made.model.actions]
    assert (sum(part.astype(int) for part in parts.values()) > 0).toarray().tolist() == (
        plain.tolist()
    )
    fired = Counter(edge.label.action.name for edge in made.edges())
    for name, part in parts.items():
        assert part.has_canonical_format
        assert 0 < part.nnz <= fired[name]


def test_what_a_constraint_excludes_is_no_part_of_the_graph() -> None:
    made = state_graph(count(4, constrained=True))
    assert made.size == 5
    assert [(edge.source, edge.target) for edge in made.edges()] == list(pairwise(range(5)))
    assert made.csr().nnz == 4
    assert made.terminal() == []  # something can happen in the last state
    assert np.load(io.BytesIO(render(made, ".npz")))["targets"].tolist() == [1, 2, 3, 4, -1]


def test_a_graph_that_was_cut_says_so_everywhere() -> None:
    made = state_graph(die_hard.MODEL, limit=5)
    assert made.size == 5
    assert made.cut != ""
    assert made.transitions.expanded < 5
    assert set(made.terminal()) <= set(range(made.transitions.expanded))
    assert made.to_networkx().graph["cut"] == made.cut
    assert str(np.load(io.BytesIO(render(made, ".npz")))["cut"]) == made.cut
    assert made.cut in render(made, ".svg").decode()
    assert made.csr().shape == (5, 5)


@pytest.mark.parametrize("model", ZOO, ids=lambda model: model.name)
def test_a_graph_of_some_levels_has_their_states_and_the_steps_between(model: Model) -> None:
    whole, cut = state_graph(model), state_graph(model, depth=3)
    near = [number for number, level in enumerate(whole.levels()) if level <= 3]
    inner = sum(level <= 2 for level in whole.levels())
    assert cut.cut == "the depth limit of 3 levels"
    assert cut.size == len(near) == check(model, depth=3, keep_going=True).counts.distinct
    assert (cut.transitions.expanded, max(cut.levels())) == (inner, 3)
    assert list(cut.edges()) == [edge for edge in whole.edges() if edge.source < inner]
    assert state_graph(model, depth=99).cut == ""
    with pytest.raises(ModelError, match="depth must be at least 1, not 0"):
        state_graph(model, depth=0)


# Files


@pytest.mark.parametrize("model", [*ZOO, AWKWARD], ids=lambda model: model.name)
def test_graphml_is_read_back_as_the_same_graph(model: Model) -> None:
    made = state_graph(model)
    written = made.to_networkx()
    read = nx.read_graphml(io.BytesIO(render(made, ".graphml")), int, int, force_multigraph=True)
    assert dict(read.nodes(data=True)) == dict(written.nodes(data=True))
    assert list(read.edges(keys=True, data=True)) == list(written.edges(keys=True, data=True))
    assert {name: read.graph[name] or "" for name in ("model", "cut")} == written.graph


def unquoted(text: str) -> list[str]:
    """The lines that Graphviz would show for a quoted label."""
    lines = [""]
    inner, place = text[1:-1].replace('\\"', '"').replace("&amp;", "&"), 0
    while place < len(inner):
        if inner[place] == "\\":
            place += 1
            if inner[place] == "n":
                lines.append("")
                place += 1
                continue
            assert inner[place] == "\\", f"{text} has the escape \\{inner[place]}"
        lines[-1] += inner[place]
        place += 1
    return lines


def read_dot(file: bytes) -> tuple[dict[str, Any], list[Any]]:
    """The nodes by name and the edges."""
    (read,) = cast("list[pydot.Dot]", pydot.graph_from_dot_data(file.decode()))
    nodes = {node.get_name(): node for node in read.get_nodes()}
    del nodes["node"]  # what holds for all nodes
    return nodes, read.get_edges()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pydot's reader uses old names
def test_dot_is_read_back_with_every_text_as_it_was() -> None:
    made = state_graph(AWKWARD)
    nodes, edges = read_dot(render(made, ".dot"))
    assert list(nodes) == [str(number) for number in range(made.size)]
    shown = [unquoted(node.get_label()) for node in nodes.values()]
    assert shown[:2] == [["0"], ["1", "lamp.colour = '1'"]]
    assert {line for lines in shown for line in lines if line.startswith("note")} == {
        "note.text = 'the end'",
        "note.text = '<b>'",
        "note.text = 'say \"no\"\\n\\\\n'",
        "note.text = '&amp; $x^2$ \\udc80'",
    }
    pairs = [(int(edge.get_source()), int(edge.get_destination())) for edge in edges]
    assert sorted(pairs) == sorted((edge.source, edge.target) for edge in made.edges())
    words = Counter("".join(unquoted(edge.get_label())) for edge in edges)
    assert words == Counter(made.describe(edge) for edge in made.edges())
    assert any(said.startswith("<break>(key=") for said in words)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_dot_marks_initial_terminal_and_violating_states() -> None:
    made = state_graph(count(2))
    nodes, _ = read_dot(render(made, ".dot", violating=[1]))
    marks = [set(node.get_attributes()) - {"label"} for node in nodes.values()]
    assert marks == [{"penwidth"}, {"color"}, {"peripheries"}]


def test_arrays_are_read_back_as_the_same_graph() -> None:
    made = state_graph(AWKWARD)
    read = np.load(io.BytesIO(render(made, ".npz")), allow_pickle=False)
    assert (str(read["model"]), read["initial"].tolist()) == ('<i>awkward</i> & "quoted"\\n', [0])
    assert read["level"].tolist() == made.levels()
    sources = np.repeat(np.arange(made.size), np.diff(read["first"]))
    labels = zip(
        read["actions"][read["labels"]],
        read["arguments"][read["labels"]],
        read["choices"][read["labels"]],
        strict=True,
    )
    assert [
        (a, b, *map(str, label))
        for a, b, label in zip(sources, read["targets"], labels, strict=True)
    ] == [
        (
            edge.source,
            edge.target,
            edge.label.action.name,
            ", ".join(map(graph.text_of, edge.label.arguments)),
            ", ".join(map(str, edge.label.script)),
        )
        for edge in made.edges()
    ]
    names = made.cells()
    assert read["cells"].tolist() == list(names.values())
    texts = read["texts"][read["values"]]
    for number in range(made.size):
        state = made.state(number)
        assert texts[number].tolist() == [graph.text_of(state.value(cell)) for cell in names]


def test_the_example_in_the_documentation_is_true() -> None:
    assert doctest.testmod(graph).failed == 0
