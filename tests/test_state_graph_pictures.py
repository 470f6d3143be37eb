"""Pictures of state graphs: everything is on them, nothing overlaps, the bytes never vary."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from html import unescape
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from test_state_graph import AWKWARD, Counting, count

from choir_model.engine import Action, Field, Model, Record, Sort, View, state_graph
from choir_model.engine.graph_export import SUFFIXES, render
from choir_model.engine.picture_layout import Arc, Box, Layout, arrange
from choir_model.engine.pictures import MOST_ARROWS, MOST_STATES
from choir_model.zoo import die_hard

PICTURES = (".png", ".svg")


def said_in(svg: str) -> Counter[str]:
    """The texts of a picture: matplotlib draws glyphs, and says in a comment what they are."""
    return Counter(unescape(text) for text in re.findall("<!-- (.*?) -->", svg))


@pytest.mark.parametrize("model", [AWKWARD, die_hard.MODEL], ids=lambda model: model.name)
def test_a_picture_shows_every_step_and_every_state(model: Model) -> None:
    made = state_graph(model)
    svg = render(made, ".svg").decode()
    said = said_in(svg)
    assert {str(number) for number in range(made.size)} <= set(said)
    assert said["initial"] == 1
    steps = Counter(made.describe(edge) for edge in made.edges())
    short = {words: count for words, count in steps.items() if len(words) < 40}
    assert len(short) > 3
    assert {words: said[words] for words in short} == short


def test_pictures_are_of_their_kind_and_name_no_day_or_version() -> None:
    made = state_graph(die_hard.MODEL)
    png, svg = (render(made, suffix) for suffix in PICTURES)
    assert png.startswith(b"\x89PNG\r\n")
    assert b"tEXt" not in png
    text = svg.decode()
    assert "<dc:date>" not in text
    assert mpl.__version__ not in text
    assert ET.fromstring(text).tag.endswith("svg")  # noqa: S314 (made here)


def test_marked_states_are_seen_and_explained() -> None:
    made = state_graph(count(2))
    plain, marked = (render(made, ".svg", violating=bad).decode() for bad in ((), [1]))
    assert "orange: violates a property" in marked
    assert "orange" not in plain
    for colour in ("#d55e00", "#fbddcd"):  # of the border and of the inside
        assert colour in marked
        assert colour not in plain
    assert "double border: nothing can happen" in plain


def test_a_character_that_the_font_lacks_is_shown_as_its_number(
    recwarn: pytest.WarningsRecorder,
) -> None:
    class Sign(Record, name="sign"):
        text = Field("")

    def put(view: View) -> None:
        Sign(view).text = "中é→"

    svg = render(state_graph(Model("sign", {Sign: None}, [Action(put)])), ".svg").decode()
    assert "sign.text = '\\u4e2dé→'" in svg
    assert not recwarn.list


def test_no_text_is_taken_for_a_formula() -> None:
    class Sum(Record, name="sum"):
        text = Field("")

    def put(view: View) -> None:
        Sum(view).text = "$x$"

    svg = render(state_graph(Model("sum", {Sum: None}, [Action(put)])), ".svg").decode()
    text = "sum.text = '$x$'"
    drawn = svg.partition(f"<!-- {text} -->")[2].partition("<!--")[0]
    assert drawn.count("<use") == len(text)


def test_long_texts_are_cut_and_long_lists_counted() -> None:
    class Big(Record, name="a_name_that_goes_on_and_on_and_on"):
        value: Field[tuple[int, ...]] = Field(())

    class Many(Record, name="many"):
        set_ = Field(False)

    many = Sort("one", 30)

    def grow(view: View) -> None:
        Big(view).value = tuple(range(100))

    def everywhere(view: View) -> None:
        for one in many:
            Many(view, one).set_ = True

    model = Model("big", {Big: None, Many: many}, [Action(grow), Action(everywhere)])
    svg = render(state_graph(model), ".svg").decode()
    assert "… and 19 more" in svg
    assert "98, 99)" in svg
    assert "50, 51" not in svg


@pytest.mark.parametrize("suffix", PICTURES)
def test_a_graph_that_is_too_large_for_a_picture_is_refused_in_one_line(suffix: str) -> None:
    most = state_graph(count(MOST_STATES - 1))
    assert render(most, suffix)
    with pytest.raises(ValueError, match=f"^count has {MOST_STATES + 1} states, .* {MOST_STATES}$"):
        render(state_graph(count(MOST_STATES)), suffix)

    def anywhere(view: View, where: int) -> None:
        Counting(view).at = where

    side = range(int(MOST_ARROWS**0.5) + 1)
    dense = Model("dense", {Counting: None}, [Action(anywhere, over=Sort("where", side))])
    with pytest.raises(ValueError, match=f"^dense has {len(side) ** 2} .* {MOST_ARROWS}$"):
        render(state_graph(dense), suffix)
    assert len(render(state_graph(dense), ".dot").splitlines()) > len(side) ** 2


@pytest.mark.parametrize("suffix", ["", ".pdf", "png", ".PNG"])
def test_another_suffix_is_refused_with_those_there_are(suffix: str) -> None:
    with pytest.raises(ValueError, match=r"\.graphml, \.dot, \.png, \.svg, \.npz$"):
        render(state_graph(count(1)), suffix)


FINGERPRINTS = """
import json
from test_state_graph_pictures import fingerprints
print(json.dumps(fingerprints()))
"""


def fingerprints() -> list[str]:
    made = state_graph(AWKWARD)
    files = [render(made, suffix, violating=[1]) for suffix in SUFFIXES]
    return [hashlib.sha256(file).hexdigest() for file in files]


def test_files_are_the_same_whatever_the_hash_seed_and_the_settings() -> None:
    found = [fingerprints()]
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "none"}):
        found.append(fingerprints())
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", FINGERPRINTS],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
    assert all(other == found[0] for other in found)


# The layout of pictures


def some_layout(seed: int) -> tuple[list[Arc], Layout]:
    chance = random.Random(seed)
    sizes = [1, *(chance.randrange(1, 6) for _ in range(6))]
    layers = [layer for layer, size in enumerate(sizes) for _ in range(size)]
    boxes = [Box(n, chance.randrange(20, 90), 12, chance.randrange(9, 40)) for n in layers]
    arcs = [
        Arc(a, b, chance.randrange(10, 60), 9 * chance.randrange(1, 4))
        for a in range(len(boxes))
        for b in range(len(boxes))
        if a != b and layers[b] <= layers[a] + 1 and chance.random() < 0.15
    ]
    return arcs, arrange(boxes, arcs)


@pytest.mark.parametrize("seed", range(8))
def test_nothing_in_a_picture_overlaps(seed: int) -> None:
    _, layout = some_layout(seed)
    for layer, (left, right) in zip(layout.layers, layout.columns, strict=True):
        items = [layout.items[number] for number in layer]
        assert all(
            upper.y + upper.below < lower.y - lower.above for upper, lower in pairwise(items)
        )
        assert all(item.x - item.width / 2 >= left - 1e-6 for item in items)
        assert all(item.x + item.width / 2 <= right + 1e-6 for item in items)
    assert all(a[1] < b[0] for a, b in pairwise(layout.columns))
    assert min(item.y - item.above for item in layout.items) == pytest.approx(0)
    assert max(item.y + item.below for item in layout.items) == pytest.approx(layout.height)


def crossings(layout: Layout) -> int:
    """How often lines cross between two layers."""
    items, total = layout.items, 0
    for layer in layout.layers:
        lines = [(items[a].y, items[b].y) for a in layer for b in items[a].after]
        total += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(lines, 2))
    return total


def test_lines_cross_no_more_often_than_was_once_achieved() -> None:
    assert sum(crossings(some_layout(seed)[1]) for seed in range(8)) <= 241


@pytest.mark.parametrize("seed", range(8))
def test_every_line_goes_from_layer_to_layer_through_its_words(seed: int) -> None:
    arcs, layout = some_layout(seed)
    for arc, route in zip(arcs, layout.routes, strict=True):
        assert (route[0], route[-1]) == (arc.source, arc.target)
        words = layout.items[route[1]]
        assert (words.width, words.above + words.below) == (arc.width, arc.height)
        layers = [layout.items[number].layer for number in route]
        assert all(abs(a - b) == 1 for a, b in pairwise(layers))


def test_lines_back_to_one_state_join() -> None:
    boxes = [Box(layer, 20, 9, 9) for layer in range(5)]
    layout = arrange(boxes, [Arc(source, 0, 20, 9) for source in (2, 3, 4)])
    near, middle, far = layout.routes
    assert far[-len(middle) + 2 :] == middle[2:]
    assert middle[-len(near) + 2 :] == near[2:]


def test_neighbours_are_exchanged_where_lines_would_cross() -> None:
    boxes = [Box(0, 20, 9, 9), *(Box(1, 20, 9, 9) for _ in range(3))]
    boxes += [Box(2, 20, 9, 9) for _ in range(3)]
    onwards = {1: 6, 2: 5, 3: 4}
    arcs = [Arc(0, n, 9, 9) for n in onwards] + [Arc(a, b, 9, 9) for a, b in onwards.items()]
    y = [item.y for item in arrange(boxes, arcs).items[: len(boxes)]]
    upper, lower = (sorted(numbers, key=y.__getitem__) for numbers in ((1, 2, 3), (4, 5, 6)))
    assert [onwards[number] for number in upper] == lower
