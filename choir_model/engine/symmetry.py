"""Symmetry: states that differ only in which member of a symmetric sort is which are one.

Theory of operation
-------------------
A permutation of a symmetric sort renames its atoms wherever they occur: in record keys, and
in values however deep.  It maps states to states, and, if no action tells members apart,
steps to steps.  So one state of each orbit is enough: the canonical one, least under all
permutations when its cells are compared in canonical order by the encodings of their
values.  What an orbit's values are is interned when the first of them is met.

That no action and no property tells members apart is declared, and audited in
:mod:`choir_model.engine.equivariance`.

The way to a state that exploration recorded leads from one canonical state to another; a
path for people follows it from a real initial state, renaming each step as it goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations, product
from math import factorial, prod
from typing import Any

from choir_model.engine.dictview import State
from choir_model.engine.layout import Layout
from choir_model.engine.model import Model
from choir_model.engine.paths import order_of_cell
from choir_model.engine.sorts import Atom, Sort
from choir_model.engine.values import CanonicalSet, canonical, field_names, made
from choir_model.engine.view import Cell, ModelError

Renaming = Mapping[Atom, Atom]
MOST = 40_320
"""Permutations in all; eight members of one sort."""


def rename(value: Any, renaming: Renaming) -> Any:
    """`value` with every atom in it renamed."""
    if isinstance(value, Atom):
        return renaming.get(value, value)
    kind: Any = type(value)
    if kind is tuple:
        return tuple(rename(item, renaming) for item in value)
    if kind in (frozenset, CanonicalSet):
        return canonical(frozenset(rename(i, renaming) for i in frozenset.__iter__(value)))
    names = field_names(kind)
    if names:
        return made(kind, names, [rename(getattr(value, name), renaming) for name in names])
    return value


class Symmetry:
    """The permutations of a model's symmetric sorts, acting on packed states."""

    def __init__(self, model: Model, layout: Layout) -> None:
        sorts = model.symmetric_sorts
        if prod(factorial(len(sort)) for sort in sorts) > MOST:
            sizes = ", ".join(f"{sort.name} has {len(sort)}" for sort in sorts)
            raise ModelError(f"{sizes} members: more than {MOST} permutations are too many")
        self.renamings = [_merged(sorts, images) for images in _images(sorts)]
        self.layout = layout
        self._canonical: dict[int, int] = {}
        self._targets: list[list[int]] = [[] for _ in self.renamings]
        self._maps: list[list[dict[int, int]]] = [[] for _ in self.renamings]
        self._order: list[int] = []
        self._ranks: list[list[int]] = []

    def forget(self) -> None:
        """The layout has changed."""
        self._canonical.clear()

    def canonical(self, packed: int) -> int:
        """The canonical state of an orbit; may make the layout stale, and means nothing then."""
        found = self._canonical.get(packed)
        if found is None:
            images = [self.image(packed, k) for k in range(len(self.renamings))]
            if self.layout.stale:
                return packed
            found = min(images, key=self._rank)
            for image in images:
                self._canonical[image] = found
        return found

    def image(self, packed: int, k: int) -> int:
        """A state under the *k*-th renaming."""
        layout = self.layout
        targets, maps = self._targets[k], self._maps[k]
        while len(targets) < len(layout.cells):
            self._meet_cell(k, len(targets))
        image = 0
        for cell, target in enumerate(targets):
            number = (packed >> layout.shift[cell]) & layout.mask[cell]
            renamed = maps[cell].get(number)
            if renamed is None:
                value = rename(layout.values[cell][number], self.renamings[k])
                renamed = maps[cell][number] = layout.intern(target, value)
            image |= renamed << layout.shift[target]
        return image

    def _meet_cell(self, k: int, number: int) -> None:
        cell = self.layout.cells[number]
        target = Cell(cell.field, rename(cell.key, self.renamings[k]))
        self._targets[k].append(self.layout.number(target))
        self._maps[k].append({})

    def _rank(self, packed: int) -> tuple[int, ...]:
        layout = self.layout
        if len(self._order) < len(layout.cells):
            cells = range(len(layout.cells))
            self._order = sorted(cells, key=lambda c: order_of_cell(layout.cells[c]))
            self._ranks = [[] for _ in cells]
        found = []
        for cell in self._order:
            ranks = self._ranks[cell]
            if len(ranks) < len(layout.codes[cell]):
                ranks = self._ranks[cell] = _ranks(layout.codes[cell])
            found.append(ranks[(packed >> layout.shift[cell]) & layout.mask[cell]])
        return tuple(found)

    def find(self, packed: int) -> tuple[int, Renaming]:
        """The canonical state of an orbit, and what maps a state of it there."""
        found = self.canonical(packed)
        renamings = range(len(self.renamings))
        return found, next(self.renamings[k] for k in renamings if self.image(packed, k) == found)


def inverse(renaming: Renaming) -> Renaming:
    """What undoes a renaming."""
    return {image: atom for atom, image in renaming.items()}


def _ranks(codes: list[bytes]) -> list[int]:
    order = sorted(range(len(codes)), key=codes.__getitem__)
    ranks = [0] * len(codes)
    for rank, number in enumerate(order):
        ranks[number] = rank
    return ranks


def _images(sorts: tuple[Sort, ...]) -> Any:
    return product(*(permutations(sort.members) for sort in sorts))


def _merged(sorts: tuple[Sort, ...], images: tuple[tuple[Atom, ...], ...]) -> Renaming:
    found: dict[Atom, Atom] = {}
    for sort, image in zip(sorts, images, strict=True):
        found.update(zip(sort.members, image, strict=True))
    return found


def renamed_state(state: State, renaming: Renaming) -> State:
    """A state with every atom in it renamed, in keys and in values."""
    return State(
        {Cell(c.field, rename(c.key, renaming)): rename(v, renaming) for c, v in state.items()}
    )
