"""Paths: a behaviour from an initial state, step by step, as found or as replayed.

A path stores what happened (action, parameters, options taken), and what changed at each
step.  It is built by *running* the actions on a plain `State`, not by reading the
explorer's tables: whatever an engine reports has been confirmed by the actions themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from choir_model.engine.dictview import Fired, Outcome, State
from choir_model.engine.model import Action, Model
from choir_model.engine.text import shown, shown_cell
from choir_model.engine.values import encode
from choir_model.engine.view import Cell, ModelError
from choir_model.engine.watchdog import Watchdog

NO_CHANGE = "(no change)"
REPEATED = "↻ "
"""Stands before the steps of a loop."""
STAYS = "and it may stay so for ever: nothing obliges any action to go on"
"""How a behaviour ends that stays in its last state."""


class Label(NamedTuple):
    """What happened in one step: an action's instance, and the option numbers it took."""

    action: Action
    arguments: tuple[Any, ...]
    script: tuple[int, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments by the names of the function's parameters."""
        return dict(zip(self.action.parameters, self.arguments, strict=True))

    def __str__(self) -> str:
        named = [f"{name}={shown(value)}" for name, value in self.parameters.items()]
        return f"{self.action.name}({', '.join(named)})" if named else self.action.name


class Change(NamedTuple):
    """A cell that a step gave another value."""

    cell: Cell
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{shown_cell(self.cell)}: {shown(self.before)} → {shown(self.after)}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what happened, the options it chose, what changed, what was said."""

    label: Label
    choices: tuple[Any, ...]
    changes: tuple[Change, ...]
    events: tuple[Any, ...]

    def __str__(self) -> str:
        chosen = f" choosing {', '.join(map(shown, self.choices))}" if self.choices else ""
        return f"{self.label}{chosen}"


class PathDiverged(ModelError):
    """A path was replayed, and something else happened than it says."""


Runner = Callable[..., Outcome]
"""``runner(fn, *arguments, script=…) -> Outcome``, such as the `step` of a `State`."""


@dataclass(frozen=True)
class Path:
    """A finite behaviour, or with `loop` an infinite one.

    `loop` is the number of the state to which the last step leads back; equal to the
    number of steps, the behaviour stays in its last state for ever.
    """

    model: Model
    initial: State
    steps: tuple[Step, ...]
    loop: int | None = None

    @classmethod
    def run(
        cls,
        model: Model,
        initial: State,
        labels: Sequence[Label],
        loop: int | None = None,
        dog: Watchdog | None = None,
    ) -> Path:
        """The path that these labels lead from `initial`; `PathDiverged` if one cannot fire.

        Whatever else an action raises passes through, with a note that names the step.
        With `dog`, each step is watched.
        """
        state, steps, order = State(initial), [], declaration_order(model)
        for number, label in enumerate(labels, 1):
            before = State(state)
            try:
                run = partial(state.step, label.action.fn, *label.arguments, script=label.script)
                outcome = run() if dog is None else dog.watch(label, run)
            except Exception as error:
                error.add_note(f"step {number}, {label}")
                raise
            if not isinstance(outcome, Fired):
                raise PathDiverged(f"step {number}, {label}: {outcome} instead of firing")
            steps.append(_step(label, before, outcome, order))
        return cls(model, State(initial), tuple(steps), loop)

    @property
    def states(self) -> list[State]:
        """The states passed through, the initial one first: one more than steps."""
        found = [State(self.initial)]
        for step in self.steps:
            state = State(found[-1])
            for change in step.changes:
                state[change.cell] = change.after
            found.append(state)
        return found

    def replay(self, runner: Runner | None = None) -> list[Outcome]:
        """Run the same steps on another machine; its outcomes.

        `runner` defaults to a fresh `State`.  Raises `PathDiverged` at the first step that
        does not fire or leaves other values than the path says.
        """
        outcomes = []
        act = runner or State(self.initial).step
        for number, (step, after) in enumerate(zip(self.steps, self.states[1:], strict=True), 1):
            label = step.label
            outcome = act(label.action.fn, *label.arguments, script=label.script)
            outcomes.append(outcome)
            if not isinstance(outcome, Fired):
                raise PathDiverged(f"step {number}, {label}: {outcome} instead of firing")
            difference = _difference(step, after, outcome.writes)
            if difference:
                raise PathDiverged(f"step {number}, {label}: {difference}")
        return outcomes

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _step(label: Label, before: State, outcome: Fired, order: CellOrder) -> Step:
    changes = [
        Change(cell, before.value(cell), value)
        for cell, value in outcome.writes.items()
        if encode(before.value(cell)) != encode(value)
    ]
    changes.sort(key=lambda change: order(change.cell))
    return Step(label, outcome.options, tuple(changes), outcome.events)


def _difference(step: Step, after: State, writes: Mapping[Cell, Any]) -> str:
    """Where the writes leave another state than `after`, which the step leads to."""
    for change in step.changes:
        if change.cell not in writes:
            return f"{change}, but nothing was written"
    for cell in sorted(writes, key=order_of_cell):
        expected, written = after.value(cell), writes[cell]
        if encode(expected) != encode(written):
            return f"{shown_cell(cell)} should be {shown(expected)}, but is {shown(written)}"
    return ""


def order_of_cell(cell: Cell) -> tuple[str, bytes]:
    """A key that puts cells in canonical order: by record and field, then by key."""
    return cell.field.name, encode(cell.key)


CellOrder = Callable[[Cell], tuple[int, str, bytes]]


def declaration_order(model: Model) -> CellOrder:
    """The order in which a reader of the model expects its cells: as declared, then by key."""
    fields = [field for record in model.records for field in record.fields]
    rank = {field: number for number, field in enumerate(fields)}
    return lambda cell: (rank.get(cell.field, len(rank)), *order_of_cell(cell))


def differing(state: Mapping[Cell, Any]) -> list[tuple[Cell, Any]]:
    """The cells of `state` that differ from their default, in canonical order."""
    cells = [c for c, v in state.items() if encode(v) != encode(c.field.default)]
    return [(cell, state[cell]) for cell in sorted(cells, key=order_of_cell)]


Identity: TypeAlias = tuple[tuple[tuple[str, bytes], bytes], ...]
"""What tells a state from others, comparable: the cells that differ from their default."""


def identity_of(model: Model, state: Mapping[Cell, Any]) -> Identity:
    """The identity of a state of `model`, without what the model leaves out of it."""
    kept = [(c, v) for c, v in differing(state) if not model.left_out(c.field)]
    return tuple((order_of_cell(cell), encode(value)) for cell, value in kept)


class Row(NamedTuple):
    """One line of a path for people: what happened, and what changed by it.

    Row 0 is the initial state.  `looping` are the steps taken again and again.
    """

    number: int
    what: str
    changes: tuple[str, ...]
    looping: bool = False


def rows(path: Path) -> list[Row]:
    """The path as a difference from state to state, initially from the default values."""
    order, initial = declaration_order(path.model), path.initial
    cells = sorted((cell for cell, _ in differing(initial)), key=order)
    given = [f"{shown_cell(cell)} = {shown(initial[cell])}" for cell in cells]
    loop = len(path.steps) if path.loop is None else path.loop
    return [Row(0, "initial", tuple(given))] + [
        Row(number, str(step), tuple(map(str, step.changes)) or (NO_CHANGE,), number > loop)
        for number, step in enumerate(path.steps, 1)
    ]


def ending(path: Path) -> str:
    """How an infinite path goes on after its last step; empty for a finite one."""
    if path.loop is None:
        return ""
    if path.loop == len(path.steps):
        return STAYS
    return f"and back to state {path.loop}, for ever"


def _lines(path: Path) -> Iterator[str]:
    shown_rows = rows(path)
    digits = len(str(len(path.steps)))
    width = max(len(row.what) for row in shown_rows)
    for row in shown_rows:
        number = f"{row.number:>{digits}}{REPEATED if row.looping else '  '}"
        yield f"{number}{row.what:<{width}}    {', '.join(row.changes)}".rstrip()
    if path.loop is not None:
        yield f"{'':{digits}}  {ending(path)}"
