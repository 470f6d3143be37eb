"""Where the boxes, lines and words of a picture of a graph go: layers from left to right.

Theory of operation
-------------------
The method is Sugiyama's.  Boxes come with their layer.  Between every two layers of boxes
lies a layer of words, one item per arc, through which its line passes; a line that passes
other layers of boxes has a place reserved there, too.  So every line is a chain of items
in neighbouring layers, and since the items of a layer never overlap, neither do words and
boxes, and no line runs through a box.

*Order*: each layer in turn is sorted by the mean position of its items' neighbours in the
layer before, to and fro, then neighbours are exchanged while that saves crossings; the
order with the fewest crossings stays.  *Position*: the sum of the squared vertical offsets
along all lines is made small, one layer at a time.  With the order given, the best
positions of a layer are an isotonic regression, which `scipy` knows.

Arcs that lead back over several layers to one box share their places, like tracks that
join: there is one trunk per box instead of a line per arc.

Units are points; y grows downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 24
ROUNDS = 60
BETWEEN_BOXES, BETWEEN_WORDS, BETWEEN_LINES = 16.0, 7.0, 9.0
LEAST_GAP, MOST_GAP = 20.0, 64.0
FORWARD, BACK, ALONG = 4.0, 1.0, 8.0
"""How stiff lines are: what leads on is to be straight, what leads back goes around it."""


@dataclass(slots=True)
class Item:
    """Something with a place of its own in a layer: a box, words, or a passing line.

    `above` and `below` are its extents from `y`, where lines meet it.  `before` and `after`
    are the items of the neighbouring layers that lines connect it with, and how stiff those
    lines are.
    """

    layer: int
    width: float = 0.0
    above: float = 0.0
    below: float = 0.0
    margin: float = BETWEEN_LINES
    before: dict[int, float] = field(default_factory=dict)
    after: dict[int, float] = field(default_factory=dict)
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Box:
    """What is placed: its layer (0, 1, …), width, and extents above and below its middle."""

    layer: int
    width: float
    above: float
    below: float


@dataclass(frozen=True, slots=True)
class Arc:
    """A line from one box to another with words of a given size."""

    source: int
    target: int
    width: float
    height: float


@dataclass(slots=True)
class Layout:
    """The result.

    The first items are the boxes, in the order given.  `routes` has the items of each arc
    from its source to its target, and `words` the one among them that holds the words.
    `columns` are the left and right ends of each layer.
    """

    items: list[Item]
    routes: list[list[int]]
    words: list[int]
    layers: list[list[int]]
    columns: list[tuple[float, float]] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def arrange(boxes: Sequence[Box], arcs: Sequence[Arc]) -> Layout:
    """Places for all boxes and arcs; no arc may lead from a box to itself."""
    layout = _items(boxes, arcs)
    _order(layout)
    _place(layout)
    return layout


def _items(boxes: Sequence[Box], arcs: Sequence[Arc]) -> Layout:
    items = [Item(2 * b.layer, b.width, b.above, b.below, BETWEEN_BOXES) for b in boxes]
    layout = Layout(items, [], [], [])
    shared: dict[tuple[int, int], int] = {}
    for arc in arcs:
        source, target = items[arc.source].layer, items[arc.target].layer
        step = 1 if target >= source else -1
        half = arc.height / 2
        words = len(items)
        items.append(Item(source + step, arc.width, half, half, BETWEEN_WORDS))
        route = [arc.source, words]
        for layer in range(source + 2 * step, target, step):
            place = shared.setdefault((arc.target, layer), len(items))
            if place == len(items):
                items.append(Item(layer, 0.0, 1.0, 1.0))
            route.append(place)
        route.append(arc.target)
        layout.routes.append(route)
        layout.words.append(words)
        for a, b in pairwise(route):
            _connect(items, a, b, BACK if target < source else FORWARD)
    layout.layers = [[] for _ in range(max((item.layer for item in items), default=0) + 1)]
    for number, item in enumerate(items):
        layout.layers[item.layer].append(number)
    return layout


def _connect(items: list[Item], a: int, b: int, stiff: float) -> None:
    if items[a].width == items[b].width == 0.0:
        stiff = ALONG  # a line that only passes is best straight
    left, right = (a, b) if items[a].layer < items[b].layer else (b, a)
    items[left].after[right] = items[right].before[left] = stiff


# Order


def _order(layout: Layout) -> None:
    items, layers = layout.items, layout.layers
    rank = {number: float(i) for layer in layers for i, number in enumerate(layer)}
    best, fewest = [list(layer) for layer in layers], _crossings(items, layers, rank)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for layer in layers if forward else reversed(layers):
            key = {n: _mean(items, n, rank, forward=forward, both=sweep % 4 > 1) for n in layer}
            layer.sort(key=key.__getitem__)  # stable: no difference, no move
            rank.update((number, float(i)) for i, number in enumerate(layer))
        for layer in layers:
            _exchange(items, layer, rank)
        count = _crossings(items, layers, rank)
        if count < fewest:
            best, fewest = [list(layer) for layer in layers], count
    layout.layers = best


def _mean(
    items: list[Item], number: int, rank: dict[int, float], *, forward: bool, both: bool
) -> float:
    item = items[number]
    near = [*item.before, *item.after] if both else item.before if forward else item.after
    return sum(rank[n] for n in near) / len(near) if near else rank[number]


def _crossings(items: list[Item], layers: list[list[int]], rank: dict[int, float]) -> int:
    import numpy as np

    total = 0
    for layer in layers:
        ends = [r for n in layer for r in sorted(rank[m] for m in items[n].after)]
        if len(ends) > 1:
            # Lines sorted by their left ends cross where their right ends are out of order.
            order = np.array(ends)
            total += int(np.sum(np.triu(order[:, None] > order[None, :], 1)))
    return total


def _exchange(items: list[Item], layer: list[int], rank: dict[int, float]) -> None:
    for _ in range(len(layer)):
        moved = False
        for i in range(len(layer) - 1):
            a, b = layer[i], layer[i + 1]
            if _crossing_pair(items, a, b, rank) > _crossing_pair(items, b, a, rank):
                layer[i], layer[i + 1] = b, a
                rank[a], rank[b] = float(i + 1), float(i)
                moved = True
        if not moved:
            return


def _crossing_pair(items: list[Item], a: int, b: int, rank: dict[int, float]) -> int:
    """How often the lines of `a` and `b` cross while `a` stands above `b`."""
    sides = ((items[a].before, items[b].before), (items[a].after, items[b].after))
    return sum(rank[m] > rank[n] for of_a, of_b in sides for m in of_a for n in of_b)


# Position


def _place(layout: Layout) -> None:
    import numpy as np
    from scipy.optimize import isotonic_regression

    items = layout.items
    for layer in layout.layers:
        y = 0.0
        for above, number in zip([None, *layer], layer, strict=False):
            y = y + _distance(items, above, number) if above is not None else 0.0
            items[number].y = y
        for number in layer:  # every layer starts out centred
            items[number].y -= y / 2
    for sweep in range(ROUNDS):
        for layer in layout.layers if sweep % 2 == 0 else reversed(layout.layers):
            wanted = [_wanted(items, number) for number in layer]
            offsets = np.cumsum([0.0] + [_distance(items, a, b) for a, b in pairwise(layer)])
            heights = np.array([y for y, _ in wanted]) - offsets
            weights = np.array([weight for _, weight in wanted])
            placed = isotonic_regression(heights, weights=weights).x + offsets
            for number, y in zip(layer, placed.tolist(), strict=True):
                items[number].y = y
    top = min((item.y - item.above for item in items), default=0.0)
    for item in items:
        item.y -= top
    layout.height = max((item.y + item.below for item in items), default=0.0)
    _columns(layout)


def _distance(items: list[Item], a: int, b: int) -> float:
    gap = (items[a].margin + items[b].margin) / 2
    return items[a].below + items[b].above + gap


def _wanted(items: list[Item], number: int) -> tuple[float, float]:
    """Where the lines pull an item, and how strongly."""
    near = [*items[number].before.items(), *items[number].after.items()]
    weight = sum(stiff for _, stiff in near)
    if not weight:
        return items[number].y, 1e-3
    return sum(items[n].y * stiff for n, stiff in near) / weight, weight


def _columns(layout: Layout) -> None:
    items, x = layout.items, 0.0
    for layer in layout.layers:
        width = max((items[number].width for number in layer), default=0.0)
        layout.columns.append((x, x + width))
        for number in layer:
            items[number].x = x + width / 2
        steps = [abs(items[n].y - items[m].y) for n in layer for m in items[n].after]
        layout.width = x + width
        x += width + min(MOST_GAP, LEAST_GAP + 0.3 * max(steps, default=0.0))
