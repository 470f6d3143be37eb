"""Refinement: is every behaviour of a model, seen through a mapping, one of another model?

The mapping is model code like any other: it has a tree, and runs once per local situation.
Each state has an image, and each step must lead from image to image by a step of the
abstract model, or leave the image as it is.  Pairs of images are judged once.
"""

from __future__ import annotations

from typing import NamedTuple

from choir_model.engine import recorders
from choir_model.engine.dictview import Fired, State, branches
from choir_model.engine.explored import Explored, ModelFault
from choir_model.engine.machine import initial_states, state_text
from choir_model.engine.model import Model, Property
from choir_model.engine.monitors import Place
from choir_model.engine.paths import differing, order_of_cell
from choir_model.engine.sorts import tuples
from choir_model.engine.transitions import OUTSIDE
from choir_model.engine.trees import Leaf, ModelCodeFailed, Tree
from choir_model.engine.values import encode
from choir_model.engine.view import ModelError
from choir_model.engine.watchdog import Watchdog

Identity = tuple[tuple[tuple[str, bytes], bytes], ...]
"""A state of the abstract model, comparable: its cells that differ from their default."""


class Mismatch(NamedTuple):
    """Where the abstract model cannot follow, and why."""

    place: Place
    explanation: str


class Images:
    """The images of states, and which steps between them the abstract model allows."""

    def __init__(self, abstract: Model, dog: Watchdog) -> None:
        self.states: list[State] = []
        self._abstract = abstract
        self._numbers: dict[Identity, int] = {}
        self._of_leaf: dict[Leaf, int] = {}
        self._successors: dict[int, frozenset[int]] = {}
        self._declared = {
            field: None if keys is None else frozenset(map(encode, keys))
            for record in abstract.records
            for keys in [abstract.keys(record)]
            for field in record.fields
        }
        self.initial = {self.number(state) for state in initial_states(abstract, dog)}

    def number(self, state: State) -> int:
        """The number of an abstract state; `ModelError` if a cell is not the abstract model's."""
        for cell in state:
            keys = self._declared.get(cell.field, frozenset())
            if keys is not None and encode(cell.key) not in keys:
                raise ModelError(f"the mapping writes {cell!r}, no cell of {self._abstract.name}")
        kept = [(c, v) for c, v in differing(state) if not c.field.auxiliary]
        identity = tuple((order_of_cell(cell), encode(value)) for cell, value in kept)
        found = self._numbers.setdefault(identity, len(self.states))
        if found == len(self.states):
            self.states.append(state)
        return found

    def of(self, leaf: Leaf) -> int:
        """The image that a leaf of the mapping's tree stands for."""
        found = self._of_leaf.get(leaf)
        if found is None:
            found = self._of_leaf[leaf] = self.number(leaf.value)
        return found

    def allows(self, before: int, after: int) -> bool:
        """Whether the abstract model can step so, or need not step at all."""
        return before == after or after in self._following(before)

    def _following(self, number: int) -> frozenset[int]:
        found = self._successors.get(number)
        if found is None:
            state, numbers = self.states[number], set()
            for action in self._abstract.actions:
                for arguments in tuples(action.sorts):
                    for outcome in branches(action.fn, state, *arguments):
                        if isinstance(outcome, Fired):
                            numbers.add(self.number(State({**state, **outcome.writes})))
            found = self._successors[number] = frozenset(numbers)
        return found


def find_mismatch(explored: Explored, claim: Property) -> Mismatch | None:
    """The first step, in the order of exploration, that the abstract model cannot take.

    Raises `ModelFault` where the mapping fails.
    """
    assert claim.abstract is not None
    assert claim.fn is not None
    assert explored.transitions is not None
    machine, abstract = explored.machine, claim.abstract
    images = Images(abstract, machine.memory.dog)
    tree = Tree(f"the mapping of {claim.name}", claim.fn, recorders.of_mapping(machine.memory))
    packed = list(explored.index)

    def image(state: int, place: Place) -> int:
        try:
            machine.forest.value(tree, state)
            return images.of(machine.forest.walk(tree, state))
        except ModelCodeFailed as failed:
            raise ModelFault(failed, machine.state_text(state), place) from failed

    numbers = [image(state, Place(i, -1)) for i, state in enumerate(packed)]
    for state in explored.transitions.initial:
        if numbers[state] not in images.initial:
            text = state_text(images.states[numbers[state]])
            said = f"an initial state maps to no initial state of {abstract.name}: {text}"
            return Mismatch(Place(state, -1), said)
    for source in range(explored.transitions.expanded):
        for edge in explored.transitions.row(source):
            target, label = explored.transitions.targets[edge], explored.transitions.labels[edge]
            place = Place(source, label)
            if target == OUTSIDE:
                after = image(machine.successor(packed[source], machine.label(label)), place)
            else:
                after = numbers[target]
            if not images.allows(numbers[source], after):
                return Mismatch(place, _told(images, abstract, numbers[source], after))
    return None


def _told(images: Images, abstract: Model, before: int, after: int) -> str:
    return (
        f"{abstract.name} has no step from {state_text(images.states[before])} "
        f"to {state_text(images.states[after])}"
    )
