"""What exploration found, and the first way to each state of it."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from choir_model.engine.dictview import State
from choir_model.engine.machine import Machine
from choir_model.engine.model import Property, shown_name
from choir_model.engine.monitors import Place
from choir_model.engine.paths import Label
from choir_model.engine.symmetry import Renaming, Symmetry, inverse, rename, renamed_state
from choir_model.engine.transitions import Transitions
from choir_model.engine.trees import ModelCodeFailed
from choir_model.engine.view import ModelError

SAMPLE = 16
"""States on which symmetry is audited at a time."""


class Progress(NamedTuple):
    """How far an exploration has come: `level` being expanded, `queue` states of it left."""

    level: int
    distinct: int
    generated: int
    queue: int
    limit: int | None


class Limits(NamedTuple):
    """Where to stop: distinct states, levels; None for no limit."""

    states: int | None = None
    depth: int | None = None


class ModelFault(ModelCodeFailed):
    """A defect of the model: which code, in what state, and what happened.

    `place` is where it was met, `state` the state in one line.
    """

    def __init__(self, failed: ModelCodeFailed, state: str, place: Place) -> None:
        super().__init__(failed.tree, f"{failed.text}; in the state: {state}")
        self.state = state
        self.place = place
        self.path: Any = None


def counted(number: int, noun: str) -> str:
    """So many of something: ``1 level``, ``2 levels``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def unbroken(call: Callable[[], None]) -> None:
    """``call()``, to its end; an interrupt that comes meanwhile is raised afterwards.

    What an interrupt broke off is called again, and must then go on where it was.
    """
    # No thread that interrupts cannot reach: starting one takes longer than most such calls.
    interrupts: list[KeyboardInterrupt] = []
    while True:
        try:
            call()
        except KeyboardInterrupt as interrupt:
            interrupts.append(interrupt)
        else:
            break
    for late in interrupts:
        raise late


@dataclass(slots=True)
class Explored:
    """What exploration found.  State *i* is the *i*-th key of `index`.

    `parents` and `via` give the first way to each state: its parent and the label, or -1
    and the number of the initial state.  `levels` has the number of states of each level.
    `stopped` says why not everything was explored, as a noun; `audited` whether everything
    was run again; `claims` is what was watched meanwhile.  `exchanged` are the states, by
    number, for which symmetry was audited, and with which exchange of members.
    """

    machine: Machine
    initial: list[State]
    index: dict[int, int] = field(default_factory=dict)
    parents: array[int] = field(default_factory=lambda: array("q"))
    via: array[int] = field(default_factory=lambda: array("q"))
    levels: list[int] = field(default_factory=list)
    transitions: Transitions | None = None
    generated: int = 0
    changing: int = 0
    outside: int = 0
    terminal: int = 0
    expanded: int = 0
    stopped: str = ""
    audited: bool = False
    equivariance: int = 0
    exchanged: set[tuple[int, int]] = field(default_factory=set)
    symmetry: Symmetry | None = None
    claims: dict[str, Property] = field(default_factory=dict)

    def check_initial(self) -> None:
        """Raises `ModelError` if the constraints exclude every initial state."""
        if not self.index:
            model = self.machine.model
            names = ", ".join(map(shown_name, model.constraints))
            raise ModelError(f"{model.name} has no initial state within its constraints: {names}")

    def settle(self) -> None:
        """Take back the half of a state or a row that an end in the middle left, count the rest."""
        whole = min(len(self.index), len(self.parents), len(self.via))
        while len(self.index) > whole:
            self.index.popitem()
        del self.parents[whole:], self.via[whole:]
        graph = self.transitions
        if graph is not None:
            del graph.targets[graph.first[-1] :], graph.labels[graph.first[-1] :]
            graph.initial = [number for number in graph.initial if number < whole]
        if whole > sum(self.levels):
            self.levels.append(whole - sum(self.levels))

    def sample(self) -> dict[int, State]:
        """Some of the expanded states by number, spread over the exploration."""
        numbers = range(0, self.expanded, self.expanded // SAMPLE + 1)
        packed = islice(self.index, 0, self.expanded, numbers.step)
        return dict(zip(numbers, map(self.machine.layout.unpack, packed), strict=True))

    def labels_to(self, place: Place) -> list[Label]:
        """The labels of the first way to a place, from an initial state on."""
        labels = self.canonical_labels(place)
        return labels if self.symmetry is None else self._renamed(labels, self.origin(place))[0]

    def canonical_labels(self, place: Place) -> list[Label]:
        """The same way, between canonical states: the same actions, of other members."""
        numbers = [] if place.via < 0 or place.source < 0 else [place.via]
        state = place.source
        while state >= 0 and self.parents[state] >= 0:
            numbers.append(self.via[state])
            state = self.parents[state]
        return [self.machine.label(number) for number in reversed(numbers)]

    def renamed_arguments(
        self, place: Place, arguments: tuple[Any, ...], *, of_step: bool = False
    ) -> tuple[Any, ...]:
        """The arguments of a claim about a place, as members are called on the way to it.

        `of_step` says that the claim is about the last step, not about the last state.
        """
        if self.symmetry is None:
            return arguments
        labels = self.canonical_labels(place)
        renaming = self._renamed(labels, self.origin(place))[1][-1 - of_step]
        renamed: tuple[Any, ...] = rename(arguments, renaming)
        return renamed

    def _renamed(self, labels: list[Label], origin: int) -> tuple[list[Label], list[Renaming]]:
        """The same way between canonical states, as one of real states from an initial one.

        Also what maps each canonical state on it to the real one.
        """
        machine, symmetry = self.machine, self.symmetry
        assert symmetry is not None
        real = self.initial[origin]
        state, there = symmetry.find(machine.layout.pack(machine.layout.ids(real)))
        back, found = inverse(there), list[Label]()
        renamings = [back]
        for label in labels:
            state = machine.successor(state, label)
            target = renamed_state(machine.layout.unpack(state), back)
            arguments = rename(label.arguments, back)
            taken, real = machine.label_to(Label(label.action, arguments), real, target)
            found.append(taken)
            state, there = symmetry.find(state)
            back = {image: back[atom] for atom, image in there.items()}
            renamings.append(back)
        return found, renamings

    def origin(self, place: Place) -> int:
        """The number of the initial state that the first way to a place begins with."""
        if place.source < 0:
            return place.via
        state = place.source
        while self.parents[state] >= 0:
            state = self.parents[state]
        return self.via[state]
