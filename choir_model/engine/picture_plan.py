"""The plan of a picture: its words, how much room they take, and where everything goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from choir_model.engine.graph import StateGraph, differing_by_name
from choir_model.engine.picture_layout import Arc, Box, Layout, arrange
from choir_model.engine.text import clipped, shown

LINES_PER_BOX, LINES_PER_ARROW = 12, 6
OF_NAMES, OF_VALUES, OF_STEPS, OF_CAPTIONS = 44, 36, 48, 160  # characters
# Lengths in points.
SIZE, SMALL, LEADING = 8.0, 6.5, 1.3
PAD, MARGIN, NUMBER, STUB = 5.0, 16.0, 14.0, 16.0
BETWEEN_PORTS, BOW = 9.0, 9.0
LOOP_WIDTH, LOOP_HEIGHT = 13.0, 12.0


@dataclass(frozen=True, slots=True)
class Words:
    """Lines of text and the space they take."""

    lines: tuple[str, ...]
    size: float
    width: float
    height: float


class Typeface:
    """The font: which characters there are, and how wide a text is."""

    def __init__(self) -> None:
        import matplotlib as mpl
        from matplotlib.font_manager import FontProperties, get_font

        file = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
        self.fonts = {size: FontProperties(fname=file, size=size) for size in (SIZE, SMALL)}
        self.characters = frozenset(get_font(file).get_charmap())

    def set(self, lines: Sequence[str], most: int = 1, size: float = SIZE) -> Words:
        """At most so many of these lines."""
        from matplotlib.textpath import text_to_path

        kept = lines if len(lines) <= most else lines[: most - 1]
        rest = [f"… and {len(lines) - len(kept)} more"] if len(kept) < len(lines) else []
        shown = tuple(map(self._known, [*kept, *rest]))
        measure, font = text_to_path.get_text_width_height_descent, self.fonts[size]
        width = max((measure(line, font, False)[0] for line in shown), default=0.0)
        return Words(shown, size, width, len(shown) * size * LEADING)

    def _known(self, line: str) -> str:
        return "".join(
            c if ord(c) in self.characters else c.encode("unicode_escape").decode() for c in line
        )


class Plan:
    """What is drawn, and where.  Positions are the layout's; `left` and `top` are added last."""

    def __init__(self, graph: StateGraph, violating: frozenset[int]) -> None:
        self.graph = graph
        self.violating = violating
        self.typeface = Typeface()
        self.names = graph.cells()
        self.levels = graph.levels()
        self.terminal = frozenset(graph.terminal())
        self.texts = [self._text(number) for number in range(graph.size)]
        pairs = _pairs(graph)
        said = {
            pair: self.typeface.set([clipped(s, OF_STEPS) for s in steps], LINES_PER_ARROW, SMALL)
            for pair, steps in pairs.items()
        }
        self.loops = {a: words for (a, b), words in said.items() if a == b}
        self.arcs = [(a, b, words) for (a, b), words in said.items() if a != b]
        steps = sum(map(len, pairs.values()))
        self.caption = self.typeface.set([clipped(self._caption(steps), OF_CAPTIONS)], size=SMALL)
        self.widths = self._widths()
        self.layout = self._arranged()
        self.ports = self._ports()
        self.left, self.top = MARGIN + STUB, MARGIN
        self.width = max(self.layout.width, self.caption.width) + self.left + MARGIN
        self.height = self.layout.height + self.top + MARGIN + 2 * SIZE

    def half(self, number: int) -> float:
        """Half the height of a state's box."""
        return self.texts[number].height / 2 + PAD

    def _text(self, number: int) -> Words:
        told = differing_by_name(self.graph.state(number), self.names)
        lines = [f"{clipped(name, OF_NAMES)} = {shown(value, OF_VALUES)}" for name, value in told]
        if not lines:
            lines = ["initial" if number in self.graph.transitions.initial else "(defaults)"]
        return self.typeface.set(lines, LINES_PER_BOX)

    def _caption(self, steps: int) -> str:
        graph = self.graph
        said = f"{graph.model.name}: {graph.size} states, {steps} steps"
        if self.terminal:
            said += "; double border: nothing can happen"
        if self.violating:
            said += "; orange: violates a property"
        if graph.transitions.expanded < graph.size:
            said += "; dashed: not explored"
        return f"{said}; cut: {graph.cut}" if graph.cut else said

    def _widths(self) -> list[float]:
        """Boxes of one level are equally wide."""
        widest: dict[int, float] = {}
        for level, text in zip(self.levels, self.texts, strict=True):
            widest[level] = max(widest.get(level, 0.0), text.width)
        return [widest[level] + 2 * PAD + NUMBER for level in self.levels]

    def _arranged(self) -> Layout:
        boxes = []
        for number, level in enumerate(self.levels):
            width, half = self.widths[number], self.half(number)
            loop = self.loops.get(number)
            if loop is None:
                boxes.append(Box(level - 1, width, half, half))
            else:
                width = max(width, LOOP_WIDTH + 12 + loop.width)
                boxes.append(Box(level - 1, width, half + max(LOOP_HEIGHT, loop.height) + 3, half))
        return arrange(boxes, [Arc(a, b, w.width + BOW, w.height) for a, b, w in self.arcs])

    def _ports(self) -> dict[tuple[int, int], float]:
        """Where on its side of a box each line ends, by the box and the next item of the line."""
        items = self.layout.items
        found: dict[tuple[int, int], float] = {}
        for number in range(self.graph.size):
            room = 2 * self.half(number) - 8
            for side in (items[number].before, items[number].after):
                ends = sorted(side, key=lambda n: (items[n].y, n))
                step = min(BETWEEN_PORTS, room / max(1, len(ends) - 1))
                for place, end in enumerate(ends):
                    off = step * (place - (len(ends) - 1) / 2)
                    found[number, end] = items[number].y + off
        return found


def _pairs(graph: StateGraph) -> dict[tuple[int, int], list[str]]:
    """For each pair of states with a step from one to the other: the steps in words."""
    found: dict[tuple[int, int], list[str]] = {}
    for edge in graph.edges():
        found.setdefault((edge.source, edge.target), []).append(graph.describe(edge))
    return found
