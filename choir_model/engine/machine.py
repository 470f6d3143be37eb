"""The machine: a model made ready to be explored.

Every action instance has a number (actions in the model's order, parameters in canonical
order) and a tree; so has every predicate.  What the model code did is checked here as
soon as it is learned: that an action wrote only what its layer may write.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import zip_longest
from typing import Any, NamedTuple

from choir_model.engine import recorders
from choir_model.engine.dictview import Fired, Outcome, State, branch, branches
from choir_model.engine.layout import Layout, check_key
from choir_model.engine.model import Action, Model
from choir_model.engine.moves import Labels, Move, moves_of
from choir_model.engine.paths import Label, differing, identity_of, order_of_cell
from choir_model.engine.purity import perturbed
from choir_model.engine.recording import Memory
from choir_model.engine.sorts import Orders, tuples
from choir_model.engine.trees import Forest, Leaf, ModelCodeFailed, Tree, order_of_sets
from choir_model.engine.values import encode
from choir_model.engine.view import Field, ModelError
from choir_model.engine.watchdog import ActionTimedOut, Watchdog

AUDITED = 5_000
"""Branches of model code on one concrete state that are all run again; of more, a sample."""


class Instance(NamedTuple):
    """An action with its arguments, and its tree."""

    number: int
    action: Action
    arguments: tuple[Any, ...]
    tree: Tree


class Machine:
    """A model's layout, trees and labels."""

    def __init__(self, model: Model, dog: Watchdog) -> None:
        self.model = model
        self.layout = Layout(model)
        guarded = frozenset(sort.name for sort in model.symmetric_sorts)
        self.memory = Memory(self.layout, {}, {}, guarded, dog)
        self.forest = Forest(self.memory, self._prepare)
        self.labels = Labels()
        self.instances: list[Instance] = []
        self._of_tree: dict[Tree, Instance] = {}
        self._numbers: dict[tuple[str, bytes], int] = {}
        for action in model.actions:
            for arguments in tuples(action.sorts):
                self._add(action, arguments)

    def _add(self, action: Action, arguments: tuple[Any, ...]) -> None:
        record = recorders.of_action(self.memory, arguments)
        tree = Tree(str(Label(action, arguments)), action.fn, record)
        instance = Instance(len(self.instances), action, arguments, tree)
        self.instances.append(instance)
        self._numbers[action.name, encode(arguments)] = instance.number
        self._of_tree[tree] = instance

    def predicate(self, name: str, fn: Callable[..., Any], *arguments: Any) -> Tree:
        """A tree for a predicate over states, whose leaves have its value."""
        shown = f"{name}({', '.join(map(str, arguments))})" if arguments else name
        return Tree(shown, fn, recorders.of_predicate(self.memory, arguments))

    def label(self, number: int) -> Label:
        """The label of that number."""
        instance = self.instances[self.labels.instances[number]]
        return Label(instance.action, instance.arguments, self.labels.scripts[number])

    def successor(self, packed: int, label: Label) -> int:
        """Where a label that fires in a state leads."""
        tree = self.instances[self._numbers[label.action.name, encode(label.arguments)]].tree
        moves: tuple[Move, ...] = self.forest.walk(tree, packed).moves
        return next(move.apply(packed) for move in moves if move.script == label.script)

    def label_to(self, label: Label, real: State, target: State) -> tuple[Label, State]:
        """The first label of an action's instance that leads from one state to another.

        Also where it leads, auxiliary cells and all.  Raises `ModelError` if none does.
        """
        wanted = identity_of(self.model, target)
        fn, arguments = label.action.fn, label.arguments
        raised = ""
        try:
            for outcome in self.memory.dog.watch(label, branches, fn, real, *arguments):
                if isinstance(outcome, Fired):
                    after = State({**real, **outcome.writes})
                    if identity_of(self.model, after) == wanted:
                        return label._replace(script=outcome.choices), after
        except ActionTimedOut:
            raise
        except Exception as error:  # noqa: BLE001 (whatever the model code raises)
            raised = f"; it raised {recorders.described(error)}"
        sorts = " or ".join(sort.name for sort in self.model.symmetric_sorts)
        raise ModelError(
            f"the action {label.action.name} tells the members of {sorts} apart, which is declared "
            f"symmetric: {label} does not do in the state {state_text(real)} what it does where "
            f"they are exchanged{raised}"
        )

    def state_text(self, packed: int) -> str:
        """A state in one line: the cells that differ from their default."""
        return state_text(self.layout.unpack(packed))

    def _prepare(self, leaf: Leaf) -> None:
        instance = self._of_tree.get(leaf.tree)
        if instance is None:
            return
        action = instance.action
        for field, cell in leaf.written.items():
            if not self._may_write(action, field):
                raise ModelCodeFailed(
                    leaf.tree,
                    f"it acts for the layer {action.layer!r} but wrote {cell!r}, which belongs to "
                    f"the layer {field.layer!r}; a layer writes its own records and channels only",
                )
        leaf.moves = moves_of(self.memory, leaf, instance.number, self.labels)

    def _may_write(self, action: Action, field: Field[Any]) -> bool:
        if not action.layer:
            return True
        return field.layer == action.layer or field.layer in self.model.channels


def state_text(state: State) -> str:
    """A state in one line: the cells that differ from their default."""
    return ", ".join(f"{cell!r} = {value}" for cell, value in differing(state)) or "all defaults"


def initial_states(model: Model, dog: Watchdog) -> list[State]:
    """Every initial state, one per branch of `model.initial`, in order; auxiliary cells too.

    Raises `ModelError` if there is none, or the function fails or is not always the same.
    """
    if model.initial is None:
        return [State()]
    label = f"the initial states of {model.name}"
    try:
        outcomes = outcomes_of(dog, label, model.initial, State())
    except (ActionTimedOut, Unrepeatable):
        raise
    except Exception as error:
        raise ModelError(f"{label}: {recorders.described(error)}") from error
    found = [State(outcome.writes) for outcome in outcomes if isinstance(outcome, Fired)]
    if not found:
        raise ModelError(f"{model.name} has no initial state: every branch was disabled or refused")
    return found


class Unrepeatable(ModelError):
    """Model code did something else when it was run again on the same state."""


def outcomes_of(
    dog: Watchdog, label: str, fn: Callable[..., None], state: State, *arguments: object
) -> list[Outcome]:
    """Every outcome of model code on a concrete state, in order.

    It is run again with the sets it iterates in another order: every branch, or of very many
    the first ones and a sample.  Raises `Unrepeatable` if anything differs, and
    `ActionTimedOut`, both beginning with `label`; what the model code raises passes through.
    """
    found = _branches(dog, label, partial(branch, fn, state, arguments), {})
    for outcome in found:
        for cell in outcome.writes if isinstance(outcome, Fired) else ():
            check_key(cell)
    again = perturbed(fn)
    again.sites.clear()
    rerun, orders = partial(again.run, branch, fn, state, arguments), Orders()
    try:
        told = _difference(found[:AUDITED], _branches(dog, label, rerun, orders, AUDITED))
        for outcome in found[AUDITED :: len(found) // AUDITED + 1]:
            if isinstance(outcome, Fired) and not told:
                told = _difference([outcome], [dog.watch(label, rerun, outcome.choices, orders)[0]])
    except ActionTimedOut:
        raise
    except Exception as error:  # noqa: BLE001 (whatever the model code raises)
        told = f"run again it raised {recorders.described(error)}"
    if told:
        raise Unrepeatable(f"{label}: not the same every time: {told}{order_of_sets(again.sites)}")
    return found


def _branches(
    dog: Watchdog, label: str, run: Callable[..., Any], orders: Orders, most: int | None = None
) -> list[Outcome]:
    found: list[Outcome] = []
    script: tuple[int, ...] | None = ()
    while script is not None and len(found) != most:
        outcome, script = dog.watch(label, run, script, orders)
        found.append(outcome)
    return found


def _difference(once: list[Outcome], again: list[Outcome]) -> str:
    for before, now in zip_longest(once, again):
        if _content(before) != _content(now):
            return f"once {_told(before)}, and another time {_told(now)}"
    return ""


def _content(outcome: Outcome | None) -> object:
    if not isinstance(outcome, Fired):
        return outcome
    writes = {cell: encode(value) for cell, value in outcome.writes.items()}
    return sorted((order_of_cell(cell), value) for cell, value in writes.items()), outcome.choices


def _told(outcome: Outcome | None) -> str:
    if isinstance(outcome, Fired):
        return state_text(State(outcome.writes))
    return "nothing more" if outcome is None else str(outcome)
