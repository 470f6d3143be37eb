"""Symmetry: states that differ only in which member of a symmetric sort is which are one.

Theory of operation
-------------------
A permutation of a symmetric sort renames its atoms wherever they occur: in record keys, and
in values however deep.  It maps states to states, and, if no action tells members apart,
steps to steps.  So one state of each orbit is enough: the canonical one, least under all
permutations when its cells are compared in canonical order by the encodings of their
values.  What an orbit's values are is interned when the first of them is met.

That no action and no property tells members apart is declared, and audited: on a sample of
states, renaming first and acting then must be acting first and renaming then.

The way to a state that exploration recorded leads from one canonical state to another; a
path for people follows it from a real initial state, renaming each step as it goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import permutations, product
from math import factorial, prod
from typing import Any, TypeAlias

from choir_model.engine.dictview import DictView, Fired, State, branches
from choir_model.engine.layout import Layout
from choir_model.engine.model import Kind, Model, shown_name
from choir_model.engine.paths import Label, differing, order_of_cell
from choir_model.engine.sorts import Atom, Sort, tuples
from choir_model.engine.values import CanonicalSet, canonical, encode
from choir_model.engine.view import Cell, ModelError

Renaming = Mapping[Atom, Atom]
Case: TypeAlias = tuple[str, Any, Any]
"""What was asked, and the answers of a state and of its renamed image."""
MANY = 40
"""Up to so many pairs of a state and an exchange, all are audited."""
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
    if is_dataclass(kind):
        changed = {f.name: rename(getattr(value, f.name), renaming) for f in fields(kind)}
        return canonical(replace(value, **changed))
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


def audit_equivariance(model: Model, sample: list[State]) -> int:
    """Check on `sample` that no action, property or constraint tells members apart.

    Returns the number of cases compared; raises `ModelError` with the first that differs.
    """
    swaps = [_swap(s, i) for s in model.symmetric_sorts for i in range(len(s) - 1)]
    cases = 0
    for number, state in enumerate(sample):
        every = len(sample) * len(swaps) <= MANY
        for renaming in swaps if every else swaps[number % len(swaps) :][:1]:
            other = renamed_state(state, renaming)
            for what, here, there in _cases(model, state, other, renaming):
                cases += 1
                if here != there:
                    raise ModelError(_told(what, state, renaming))
    return cases


def _cases(model: Model, state: State, other: State, renaming: Renaming) -> Iterator[Case]:
    """What is asked of a state and, renamed, of its image: both answers must be equal.

    Successors are asked too: a constraint may keep them from being states of their own.
    """
    yield from _told_of(model, state, other, renaming)
    for action in model.actions:
        for arguments in tuples(action.sorts):
            label = Label(action, arguments)
            there = _outcomes(Label(action, rename(arguments, renaming)), other, {})
            yield f"the action {label}", _outcomes(label, state, renaming), there
            for outcome in branches(action.fn, state, *arguments):
                if isinstance(outcome, Fired):
                    after = State({**state, **outcome.writes})
                    image = renamed_state(after, renaming)
                    yield from _told_of(model, after, image, renaming)
                    yield from _told_of_step(model, (state, after), (other, image), renaming)


def _told_of(model: Model, state: State, other: State, renaming: Renaming) -> Iterator[Case]:
    for name, fn, sorts in _predicates(model):
        for arguments in tuples(sorts):
            here = fn(DictView(state), *arguments)
            yield name, here, fn(DictView(other), *rename(arguments, renaming))


def _told_of_step(
    model: Model, states: tuple[State, State], others: tuple[State, State], renaming: Renaming
) -> Iterator[Case]:
    for claim in model.properties:
        if claim.kind is Kind.EACH_STEP and claim.fn is not None:
            for arguments in tuples(claim.over):
                here = claim.fn(*map(DictView, states), *arguments)
                there = claim.fn(*map(DictView, others), *rename(arguments, renaming))
                yield f"the property {claim.name}", here, there


def _swap(sort: Sort, position: int) -> Renaming:
    first, second = sort.members[position : position + 2]
    return {first: second, second: first}


def _predicates(model: Model) -> list[tuple[str, Any, tuple[Sort, ...]]]:
    found: list[tuple[str, Any, tuple[Sort, ...]]] = []
    for claim in model.properties:
        if claim.fn is not None and claim.kind in (Kind.ALWAYS, Kind.SOMETIMES):
            found.append((f"the property {claim.name}", claim.fn, claim.over))
        if claim.witness is not None:
            found.append((f"the witness of {claim.name}", claim.witness, ()))
    found += [(f"the constraint {shown_name(fn)}", fn, ()) for fn in model.constraints]
    if model.done is not None:
        found.append(("done", model.done, ()))
    return found


def renamed_state(state: State, renaming: Renaming) -> State:
    """A state with every atom in it renamed, in keys and in values."""
    return State(
        {Cell(c.field, rename(c.key, renaming)): rename(v, renaming) for c, v in state.items()}
    )


def _outcomes(label: Label, state: State, renaming: Renaming) -> list[Any]:
    """What an action can do in a state, renamed, in an order of its own."""
    found = []
    for outcome in branches(label.action.fn, state, *label.arguments):
        if isinstance(outcome, Fired):
            after = renamed_state(State({**state, **outcome.writes}), renaming)
            kept = [(c, v) for c, v in differing(after) if not c.field.auxiliary]
            found.append(str([(order_of_cell(cell), encode(value)) for cell, value in kept]))
        else:
            found.append(str(outcome))
    return sorted(found)


def _told(what: str, state: State, renaming: Renaming) -> str:
    swapped = " and ".join(map(str, renaming))
    sort = next(iter(renaming)).sort
    text = ", ".join(f"{cell!r} = {value}" for cell, value in differing(state)) or "all defaults"
    return (
        f"{what} tells the members of {sort} apart, which is declared symmetric: exchanging "
        f"{swapped} makes a difference in the state {text}"
    )
