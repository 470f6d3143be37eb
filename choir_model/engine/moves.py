"""Moves: the firing branches of a leaf, compiled to bit operations on packed states.

The successor of a packed state is ``(state & keep) | put``, and for every update one looked
up value id more.  An update's table is filled as values turn up: the function runs once
per value (or combination of values, if it takes other cells), not once per step.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from choir_model.engine.expressions import Constant, Expression
from choir_model.engine.layout import Layout
from choir_model.engine.recorders import described
from choir_model.engine.recording import Memory, Pending, Writes
from choir_model.engine.trees import Leaf, ModelCodeFailed, Tree
from choir_model.engine.values import check_value

Lookup: TypeAlias = tuple[int, int, dict[int, int], int, "Update"]
"""Shift and mask of an update's arguments, its table, the shift of its result, itself."""


class Update:
    """An expression written to a cell: value ids of its cells to an id of the result."""

    __slots__ = ("expression", "memory", "target", "tree")

    def __init__(self, memory: Memory, tree: Tree, target: int, expression: Expression) -> None:
        self.memory = memory
        self.tree = tree
        self.target = target
        self.expression = expression

    def compiled(self) -> Lookup:
        """The lookup for the present layout, with an empty table."""
        layout = self.memory.layout
        cells = self.expression.cells
        if len(cells) == 1:
            shift, mask = layout.shift[cells[0]], layout.mask[cells[0]]
        else:
            shift, mask = 0, sum(layout.mask[cell] << layout.shift[cell] for cell in cells)
        return shift, mask, {}, layout.shift[self.target], self

    def result(self, packed: int) -> int:
        """The id of the value written in a state; `ModelCodeFailed` if there is none."""
        cell = self.memory.layout.cells[self.target]
        try:
            value = self.memory.evaluate(self.expression, packed)
            check_value(value, repr(cell))
            return self.memory.layout.intern(self.target, value)
        except Exception as error:
            text = f"updating {cell!r} with {self.expression!r}: {described(error)}"
            raise ModelCodeFailed(self.tree, text) from error


class Move:
    """One firing branch of a leaf.

    `number` is its label: the action instance and the options taken.  `writes` are the cells
    written, as a bit set; `affected` and `recheck` are the action instances and the monitors
    that may answer differently afterwards, as of a version of the forest.  `step_trees` are
    claims about this step that depend on the state.
    """

    __slots__ = (
        "affected",
        "cells",
        "keep",
        "leaf",
        "lookups",
        "number",
        "put",
        "recheck",
        "script",
        "step_trees",
        "updates",
        "version",
        "writes",
    )

    def __init__(
        self,
        memory: Memory,
        leaf: Leaf,
        script: tuple[int, ...],
        cells: dict[int, Pending],
        number: int,
    ) -> None:
        self.leaf = leaf
        self.script = script
        self.cells = cells
        self.number = number
        self.writes = sum(1 << cell for cell in cells)
        self.updates = tuple(
            Update(memory, leaf.tree, cell, pending)
            for cell, pending in cells.items()
            if isinstance(pending, Expression)
        )
        self.version = -1
        self.affected: tuple[int, ...] = ()
        self.recheck: tuple[Any, ...] = ()
        self.step_trees: list[tuple[Any, Tree]] | None = None
        self.keep = self.put = 0
        self.lookups: tuple[Lookup, ...] = ()

    def compile(self, layout: Layout) -> None:
        """Fit the masks to the layout; new values may make it stale."""
        self.keep = (1 << layout.bits) - 1
        self.put = 0
        for cell, pending in self.cells.items():
            self.keep &= ~(layout.mask[cell] << layout.shift[cell])
            if isinstance(pending, Constant):
                self.put |= layout.intern(cell, pending.value) << layout.shift[cell]
        self.lookups = tuple(update.compiled() for update in self.updates)

    def apply(self, packed: int) -> int:
        """The successor of a packed state."""
        successor = packed & self.keep | self.put
        for shift, mask, table, up, update in self.lookups:
            key = (packed >> shift) & mask
            found = table.get(key)
            if found is None:
                found = table[key] = update.result(packed)
            successor |= found << up
        return successor


class Labels:
    """Numbers for labels: an action instance and the options it took."""

    def __init__(self) -> None:
        self.instances: list[int] = []
        self.scripts: list[tuple[int, ...]] = []
        self._numbers: dict[tuple[int, tuple[int, ...]], int] = {}

    def number(self, instance: int, script: tuple[int, ...]) -> int:
        """The number of a label, given at first sight."""
        found = self._numbers.setdefault((instance, script), len(self.instances))
        if found == len(self.instances):
            self.instances.append(instance)
            self.scripts.append(script)
        return found


def moves_of(memory: Memory, leaf: Leaf, instance: int, labels: Labels) -> tuple[Move, ...]:
    """The firing branches of a leaf, in the order of their choices."""
    found = []
    for branch in leaf.branches:
        if isinstance(branch.outcome, Writes):
            number = labels.number(instance, branch.script)
            found.append(Move(memory, leaf, branch.script, branch.outcome.cells, number))
    for move in found:
        move.compile(memory.layout)
    return tuple(found)
