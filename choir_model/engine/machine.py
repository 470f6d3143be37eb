"""The machine: a model made ready to be explored.

Every action instance has a number (actions in the model's order, parameters in canonical
order) and a tree; so has every predicate.  What the model code did is checked here as
soon as it is learned: that an action wrote only what its layer may write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from choir_model.engine import recorders
from choir_model.engine.dictview import Fired, State, branches
from choir_model.engine.layout import Layout
from choir_model.engine.model import Action, Model
from choir_model.engine.moves import Labels, Move, moves_of
from choir_model.engine.paths import Label, differing
from choir_model.engine.recording import Memory
from choir_model.engine.sorts import tuples
from choir_model.engine.trees import Forest, Leaf, ModelCodeFailed, Tree
from choir_model.engine.values import encode
from choir_model.engine.view import Cell, Field, ModelError
from choir_model.engine.watchdog import ActionTimedOut, Watchdog


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
        wanted = self._told(target)
        fn, arguments = label.action.fn, label.arguments
        for outcome in self.memory.dog.watch(label, branches, fn, real, *arguments):
            if isinstance(outcome, Fired):
                after = State({**real, **outcome.writes})
                if self._told(after) == wanted:
                    return label._replace(script=outcome.choices), after
        sorts = " or ".join(sort.name for sort in self.model.symmetric_sorts)
        raise ModelError(
            f"the action {label.action.name} tells the members of {sorts} apart, which is declared "
            f"symmetric: {label} does not do in the state {state_text(real)} what it does where "
            "they are exchanged"
        )

    def _told(self, state: State) -> list[tuple[Cell, bytes]]:
        kept = [(c, v) for c, v in differing(state) if not self.layout.left_out(c.field)]
        return [(cell, encode(value)) for cell, value in kept]

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

    Raises `ModelError` if there is none, or the function fails.
    """
    if model.initial is None:
        return [State()]
    found = []
    try:
        for outcome in dog.watch("the initial states", branches, model.initial, State()):
            writes = getattr(outcome, "writes", None)
            if writes is not None:
                found.append(State(writes))
    except ActionTimedOut:
        raise
    except Exception as error:
        where = recorders.described(error)
        raise ModelError(f"the initial states of {model.name}: {where}") from error
    if not found:
        raise ModelError(f"{model.name} has no initial state: every branch was disabled or refused")
    return found
