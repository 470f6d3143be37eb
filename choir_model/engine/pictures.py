"""Pictures of small state graphs: levels from left to right, a box for each state.

A box has the number of the state and the cells that differ from their defaults.  The steps
from one state to another are one arrow with a line of words for each; arrows back to an
earlier level are blue.  Long texts are cut short.

The font is the one that comes with matplotlib, and no setting of the user's counts: the same
graph gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection
from io import BytesIO
from typing import TYPE_CHECKING, Any

from choir_model.engine.graph import StateGraph, whole
from choir_model.engine.picture_plan import (
    LEADING,
    LOOP_HEIGHT,
    LOOP_WIDTH,
    MARGIN,
    PAD,
    SMALL,
    STUB,
    Plan,
    Words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_STATES = 200
"""States that a picture may have."""
MOST_ARROWS = 600
"""Arrows that a picture may have; all steps from one state to another are one."""

# Lengths in points.
HEAD, HEAD_HALF, HOOK = 6.5, 2.6, 7.0
MOST_PIXELS = 16_000
# Blue, orange and grey are told apart by everybody, and each goes with another border.
INK, BACK, FAINT, BAD = "#222222", "#0072B2", "#777777", "#D55E00"
PLAIN, END, BROKEN = "#FFFFFF", "#DCE9F2", "#FBDDCD"


def draw(graph: StateGraph, suffix: str, violating: Collection[int] = ()) -> bytes:
    """The graph as PNG or SVG; `ValueError` if it is too large for a picture."""
    _check_size(graph)
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams["svg.hashsalt"] = "state graph"
        plan = Plan(graph, frozenset(violating))
        figure = Figure(figsize=(plan.width / 72, plan.height / 72))
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, plan.width)
        axes.set_ylim(plan.height, 0)
        axes.set_axis_off()
        _Painter(axes, plan).paint()
        file = BytesIO()
        dpi = min(144.0, 72 * MOST_PIXELS / max(plan.width, plan.height))
        # Neither the day nor the version is part of a picture.
        unsaid = ("Software",) if suffix == ".png" else ("Date", "Creator")
        figure.savefig(file, format=suffix[1:], dpi=dpi, metadata=dict.fromkeys(unsaid))
    return file.getvalue()


def _check_size(graph: StateGraph) -> None:
    arrows = len({edge[1:3] for edge in graph.edges()}) if graph.size <= MOST_STATES else 0
    for count, most, what in (
        (graph.size, MOST_STATES, "states"),
        (arrows, MOST_ARROWS, "pairs of states with a step between them"),
    ):
        if count > most:
            name = whole(graph.model.name)
            raise ValueError(f"{name} has {count} {what}, a picture has room for {most}")


class _Path:
    """A line under construction; its curves leave and arrive in the direction of x."""

    def __init__(self, x: float, y: float) -> None:
        self.points = [(x, y)]
        self.codes = [1]  # matplotlib's: move

    def line(self, x: float, y: float) -> None:
        self.points.append((x, y))
        self.codes.append(2)

    def curve(self, x: float, y: float) -> None:
        before, at = self.points[-1]
        self.bend(((before + x) / 2, at), ((before + x) / 2, y), (x, y))

    def bend(self, *points: tuple[float, float]) -> None:
        """A cubic curve with these two handles to this end."""
        self.points += points
        self.codes += [4] * 3


class _Painter:
    """Puts a plan on paper."""

    def __init__(self, axes: Axes, plan: Plan) -> None:
        self.axes = axes
        self.plan = plan
        self.items = plan.layout.items

    def paint(self) -> None:
        """Everything; lines first, so that words and boxes lie on them."""
        plan = self.plan
        for (source, target, words), route in zip(plan.arcs, plan.layout.routes, strict=True):
            self._arrow(source, target, words, route)
        for number in range(plan.graph.size):
            self._state(number)
        self._write(plan.caption, -STUB, plan.height - plan.top - MARGIN, FAINT)

    def _arrow(self, source: int, target: int, words: Words, route: list[int]) -> None:
        levels, item = self.plan.levels, self.items[route[1]]
        colour = BACK if levels[target] < levels[source] else INK
        if levels[target] == levels[source]:
            x = self._bow(source, target, route[1]) + 3
        else:
            self._line(source, target, route, colour)
            x = item.x - words.width / 2
        self._write(words, x, item.y, colour, ground=True)

    def _line(self, source: int, target: int, route: list[int], colour: str) -> None:
        """From layer to layer in curves, and straight through what stands in a layer."""
        plan, items = self.plan, self.items
        step = 1 if items[route[1]].layer > items[source].layer else -1
        columns = [plan.layout.columns[items[n].layer][::step] for n in route]
        heights = [items[n].y for n in route]
        heights[0], heights[-1] = plan.ports[source, route[1]], plan.ports[target, route[-2]]
        path = _Path(self._side(source, step), heights[0])
        path.line(columns[0][1], heights[0])
        for (near, far), y in zip(columns[1:-1], heights[1:-1], strict=True):
            path.curve(near, y)
            path.line(far, y)
        path.curve(columns[-1][0], heights[-1])
        end = self._side(target, -step)
        path.line(end - step * HEAD, heights[-1])
        self._stroke(path, colour)
        self._head((end, heights[-1]), (step, 0), colour)

    def _bow(self, source: int, target: int, words: int) -> float:
        """From one box to another of the same level, past its words; where these begin."""
        plan, y = self.plan, self.items[words].y
        layer = self.items[source].layer
        edge, x = plan.layout.columns[layer][1], plan.layout.columns[layer + 1][0]
        start, end = plan.ports[source, words], plan.ports[target, words]
        out, back = x, x
        if (y < start) == (y < end):  # the words lie beyond both: a hook
            out, back = (x - HOOK, x) if abs(start - y) < abs(end - y) else (x, x - HOOK)
        turn = y + HOOK if start < y else y - HOOK
        path = _Path(self._side(source, 1), start)
        path.line(edge, start)
        path.bend((out, start), (out, (start + y) / 2), (out, y))
        if out != back:
            path.bend((out, turn), (back, turn), (back, y))
        path.bend((back, (y + end) / 2), (back, end), (edge + HEAD, end))
        tip = self._side(target, 1)
        path.line(tip + HEAD, end)
        self._stroke(path, INK)
        self._head((tip, end), (-1, 0), INK)
        return x

    def _loop(self, number: int, words: Words) -> None:
        """A step from a state to itself, over the left end of its box."""
        plan, item = self.plan, self.items[number]
        x, y = self._side(number, -1) + 8, item.y - plan.half(number)
        path = _Path(x, y)
        path.line(x, y - LOOP_HEIGHT / 2)
        top, right = y - LOOP_HEIGHT, x + LOOP_WIDTH
        path.bend((x, top), (x, top), (x + LOOP_WIDTH / 2, top))
        path.bend((right, top), (right, top), (right, y - HEAD))
        self._stroke(path, INK)
        self._head((right, y), (0, 1), INK)
        self._write(words, right + 4, y - 2 - max(LOOP_HEIGHT, words.height) / 2, INK)

    def _side(self, number: int, step: int) -> float:
        """Where a box ends on the right (1) or on the left (-1)."""
        left, _ = self.plan.layout.columns[self.items[number].layer]
        return left + (self.plan.widths[number] if step == 1 else 0.0)

    def _state(self, number: int) -> None:
        plan, graph, item = self.plan, self.plan.graph, self.items[number]
        left, half, words = self._side(number, -1), plan.half(number), plan.texts[number]
        bad, terminal = number in plan.violating, number in plan.terminal
        explored = number < graph.transitions.expanded
        self._frame(
            number,
            0.0,
            facecolor=BROKEN if bad else END if terminal else PLAIN,
            edgecolor=BAD if bad else INK,
            linewidth=2.2 if bad else 0.9,
            linestyle="solid" if explored else (0, (3, 2)),
        )
        if terminal:
            self._frame(number, 2.2, facecolor="none", edgecolor=BAD if bad else INK, linewidth=0.6)
        self._write(words, left + PAD, item.y, INK)
        name = plan.typeface.set([str(number)], size=SMALL)
        right, top = self._side(number, 1) - 3.5, item.y - half + 2 + name.height / 2
        self._write(name, right - name.width, top, BAD if bad else FAINT)
        if number in plan.loops:
            self._loop(number, plan.loops[number])
        if number in graph.transitions.initial:
            path = _Path(left - STUB + 2, item.y)
            path.line(left - HEAD, item.y)
            self._stroke(path, INK)
            self._head((left, item.y), (1, 0), INK)

    # The three things that are put on paper

    def _frame(self, number: int, inside: float, **how: Any) -> None:
        from matplotlib.patches import FancyBboxPatch

        plan, item = self.plan, self.items[number]
        corner = (self._side(number, -1) + plan.left + inside, item.y + plan.top + inside)
        width, half = plan.widths[number] - 2 * inside, plan.half(number)
        style = f"round,pad=0,rounding_size={4 - inside / 2}"
        place = corner[0], corner[1] - half
        self.axes.add_patch(
            FancyBboxPatch(place, width, 2 * (half - inside), boxstyle=style, zorder=3, **how)
        )

    def _stroke(self, path: _Path, colour: str) -> None:
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path as Curve

        points = [self._moved(point) for point in path.points]
        self.axes.add_patch(
            PathPatch(Curve(points, path.codes), fill=False, edgecolor=colour, linewidth=0.8)
        )

    def _head(self, tip: tuple[float, float], towards: tuple[int, int], colour: str) -> None:
        from matplotlib.patches import Polygon

        (x, y), (right, down) = tip, towards
        back = x - right * HEAD, y - down * HEAD
        across = down * HEAD_HALF, right * HEAD_HALF
        corners = [
            tip,
            (back[0] + across[0], back[1] + across[1]),
            (back[0] - across[0], back[1] - across[1]),
        ]
        self.axes.add_patch(
            Polygon([self._moved(c) for c in corners], facecolor=colour, linewidth=0, zorder=4)
        )

    def _write(
        self, words: Words, left: float, middle: float, colour: str, *, ground: bool = False
    ) -> None:
        step = words.size * LEADING
        x, y = self._moved((left, middle - words.height / 2))
        if ground:  # the line that passes under the words is hidden there
            from matplotlib.patches import Rectangle

            paper = Rectangle((x - 1.5, y), words.width + 3, words.height, color=PLAIN, zorder=2)
            self.axes.add_patch(paper)
        for row, line in enumerate(words.lines):
            self.axes.text(
                x,
                y + (row + 0.5) * step,
                line,
                color=colour,
                fontproperties=self.plan.typeface.fonts[words.size],
                verticalalignment="center_baseline",
                parse_math=False,
                zorder=2 if ground else 5,
            )

    def _moved(self, point: tuple[float, float]) -> tuple[float, float]:
        return point[0] + self.plan.left, point[1] + self.plan.top
