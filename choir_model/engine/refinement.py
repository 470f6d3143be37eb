"""Refinement: is every behaviour of a model, seen through a mapping, one of another model?

The mapping is model code like any other: it has a tree, and runs once per local situation.
Each state has an image, and each step must lead from image to image by a step of the
abstract model, or leave the image as it is.  What the abstract model can do in an image is
found once, by its actions themselves on a plain state, watched and run again.
"""

from __future__ import annotations

from typing import NamedTuple

from choir_model.engine import recorders
from choir_model.engine.dictview import Fired, State
from choir_model.engine.explored import Explored, ModelFault
from choir_model.engine.machine import Unrepeatable, initial_states, outcomes_of, state_text
from choir_model.engine.model import Model, Property
from choir_model.engine.monitors import Place
from choir_model.engine.paths import Identity, Label, identity_of
from choir_model.engine.recording import Memory
from choir_model.engine.sorts import tuples
from choir_model.engine.transitions import OUTSIDE
from choir_model.engine.trees import Leaf, ModelCodeFailed, Tree
from choir_model.engine.values import encode
from choir_model.engine.view import ModelError
from choir_model.engine.watchdog import ActionTimedOut


class Mismatch(NamedTuple):
    """Where the abstract model cannot follow, and why."""

    place: Place
    explanation: str


class Images:
    """The images of states, and which steps between them the abstract model allows."""

    def __init__(self, abstract: Model, memory: Memory) -> None:
        self.states: list[State] = []
        self._abstract = abstract
        self._memory = memory
        self._numbers: dict[Identity, int] = {}
        self._of_leaf: dict[Leaf, int] = {}
        self._successors: dict[int, frozenset[int]] = {}
        self._declared = {
            field: None if keys is None else frozenset(map(encode, keys))
            for record in abstract.records
            for keys in [abstract.keys(record)]
            for field in record.fields
        }
        self.initial = {
            self.number(state, f"the initial function of {abstract.name}")
            for state in initial_states(abstract, memory.dog)
        }

    def number(self, state: State, writer: str = "the mapping") -> int:
        """The number of an abstract state; `ModelError` if a cell is not the abstract model's."""
        for cell in state:
            keys = self._declared.get(cell.field, frozenset())
            if keys is not None and encode(cell.key) not in keys:
                raise ModelError(f"{writer} writes {cell!r}, no cell of {self._abstract.name}")
        found = self._numbers.setdefault(identity_of(self._abstract, state), len(self.states))
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
            found = self._successors[number] = self._run(number)
        return found

    def _run(self, number: int) -> frozenset[int]:
        return frozenset(
            after
            for action in self._abstract.actions
            for arguments in tuples(action.sorts)
            for after in self._steps(Label(action, arguments), self.states[number])
        )

    def confirm(self) -> None:
        """Run every action once more, now that others ran meanwhile; `ModelError` if it differs."""
        for number, once in self._successors.items():
            if self._run(number) != once:
                raise ModelError(
                    f"the actions of {self._abstract.name} are not the same every time: "
                    f"they led elsewhere before from {state_text(self.states[number])}"
                )

    def _steps(self, label: Label, state: State) -> list[int]:
        """Where an action of the abstract model leads; `ModelCodeFailed` if it fails."""
        name, fn, arguments = f"{label} of {self._abstract.name}", label.action.fn, label.arguments
        try:
            outcomes = outcomes_of(self._memory.dog, name, fn, state, *arguments)
            fired = [outcome for outcome in outcomes if isinstance(outcome, Fired)]
            return [self.number(State({**state, **outcome.writes}), "it") for outcome in fired]
        except Exception as error:
            own = isinstance(error, (ActionTimedOut, Unrepeatable))
            said = str(error).removeprefix(f"{name}: ") if own else recorders.described(error)
            tree = Tree(name, fn, recorders.of_action(self._memory, arguments))
            raise ModelCodeFailed(tree, f"{said}; in its state: {state_text(state)}") from error


def find_mismatch(explored: Explored, claim: Property) -> Mismatch | None:
    """The first step, in the order of exploration, that the abstract model cannot take.

    Raises `ModelFault` where the mapping fails.
    """
    assert claim.abstract is not None
    assert claim.fn is not None
    assert explored.transitions is not None
    machine, abstract = explored.machine, claim.abstract
    images = Images(abstract, machine.memory)
    tree = Tree(f"the mapping of {claim.name}", claim.fn, recorders.of_mapping(machine.memory))
    packed = list(explored.index)

    def image(state: int, place: Place) -> int:
        try:
            return images.of(machine.forest.reach(tree, state))
        except ModelCodeFailed as failed:
            raise ModelFault(failed, machine.state_text(state), place) from failed

    for number, state in enumerate(explored.initial):  # those outside a constraint too
        place = Place(-1, number)
        found = image(machine.layout.pack(machine.layout.ids(state)), place)
        if found not in images.initial:
            text = state_text(images.states[found])
            said = f"an initial state maps to no initial state of {abstract.name}: {text}"
            return Mismatch(place, said)
    numbers = [image(state, Place(i, -1)) for i, state in enumerate(packed)]
    for source in range(explored.transitions.expanded):
        for edge in explored.transitions.row(source):
            target, label = explored.transitions.targets[edge], explored.transitions.labels[edge]
            place = Place(source, label)
            if target == OUTSIDE:
                after = image(machine.successor(packed[source], machine.label(label)), place)
            else:
                after = numbers[target]
            try:
                allowed = images.allows(numbers[source], after)
            except ModelCodeFailed as failed:
                raise ModelFault(failed, machine.state_text(packed[source]), place) from failed
            if not allowed:
                images.confirm()
                return Mismatch(place, _said(images, abstract, numbers[source], after))
    images.confirm()
    return None


def _said(images: Images, abstract: Model, before: int, after: int) -> str:
    return (
        f"{abstract.name} has no step from {state_text(images.states[before])} "
        f"to {state_text(images.states[after])}"
    )
