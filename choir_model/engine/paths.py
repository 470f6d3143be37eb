"""Paths: a behaviour from an initial state, step by step, as found or as replayed.

A path stores what happened (action, parameters, options taken), and what changed at each
step.  It is built by *running* the actions on a plain `State`, not by reading the
explorer's tables: whatever an engine reports has been confirmed by the actions themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from choir_model.engine.dictview import Fired, Outcome, State
from choir_model.engine.model import Action, Model
from choir_model.engine.values import encode
from choir_model.engine.view import Cell, ModelError


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
        return f"{self.action.name}({', '.join(map(str, self.arguments))})"


class Change(NamedTuple):
    """A cell that a step gave another value."""

    cell: Cell
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.cell!r}: {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what happened, the options it chose, what changed, what was said."""

    label: Label
    choices: tuple[Any, ...]
    changes: tuple[Change, ...]
    events: tuple[Any, ...]

    def __str__(self) -> str:
        chosen = f" choosing {', '.join(map(str, self.choices))}" if self.choices else ""
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
        cls, model: Model, initial: State, labels: Sequence[Label], loop: int | None = None
    ) -> Path:
        """The path that these labels lead from `initial`; `PathDiverged` if one cannot fire."""
        state, steps = State(initial), []
        for number, label in enumerate(labels, 1):
            before = State(state)
            outcome = state.step(label.action.fn, *label.arguments, script=label.script)
            if not isinstance(outcome, Fired):
                raise PathDiverged(f"step {number}, {label}: {outcome} instead of firing")
            steps.append(_step(label, before, outcome))
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
        does not fire or writes other values than the path says.
        """
        outcomes = []
        act = runner or State(self.initial).step
        for number, step in enumerate(self.steps, 1):
            label = step.label
            outcome = act(label.action.fn, *label.arguments, script=label.script)
            outcomes.append(outcome)
            if not isinstance(outcome, Fired):
                raise PathDiverged(f"step {number}, {label}: {outcome} instead of firing")
            for change in step.changes:
                if encode(outcome.writes.get(change.cell)) != encode(change.after):
                    got = outcome.writes.get(change.cell, "nothing")
                    raise PathDiverged(f"step {number}, {label}: {change}, but {got} was written")
        return outcomes

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _step(label: Label, before: State, outcome: Fired) -> Step:
    changes = [
        Change(cell, before.value(cell), value)
        for cell, value in outcome.writes.items()
        if encode(before.value(cell)) != encode(value)
    ]
    changes.sort(key=lambda change: order_of_cell(change.cell))
    return Step(label, outcome.options, tuple(changes), outcome.events)


def order_of_cell(cell: Cell) -> tuple[str, bytes]:
    """A key that puts cells in canonical order: by record and field, then by key."""
    return cell.field.name, encode(cell.key)


def differing(state: Mapping[Cell, Any]) -> list[tuple[Cell, Any]]:
    """The cells of `state` that differ from their default, in canonical order."""
    cells = [c for c, v in state.items() if encode(v) != encode(c.field.default)]
    return [(cell, state[cell]) for cell in sorted(cells, key=order_of_cell)]


def _lines(path: Path) -> Iterator[str]:
    given = ", ".join(f"{cell!r} = {value}" for cell, value in differing(path.initial))
    rows = [("initial", given)]
    rows += [(str(s), ", ".join(map(str, s.changes)) or "(no change)") for s in path.steps]
    digits = len(str(len(path.steps)))
    width = max(len(what) for what, _ in rows)
    for number, (what, changes) in enumerate(rows):
        yield f"{number:>{digits}}  {what:<{width}}    {changes}".rstrip()
    if path.loop is not None:
        blank = " " * digits
        if path.loop == len(path.steps):
            yield f"{blank}  and nothing changes any more"
        else:
            yield f"{blank}  and back to state {path.loop}, for ever"
