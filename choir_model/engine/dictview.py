"""The dictionary-backed view: one action on one concrete state.

Used by Hypothesis, replays, notebooks and small walks; needs nothing but the standard
library.  `State` is the state, `run` executes one action without changing it, and
`State.step` does so and keeps what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NoReturn, TypeAlias, TypeVar

from choir_model.engine.sorts import Orders, in_order_once
from choir_model.engine.values import SCALARS, canonical, check_value
from choir_model.engine.view import (
    DISABLED,
    REFUSED,
    RETURNED,
    Cell,
    Computed,
    ModelError,
    NoOptionSignal,
    RefusalSignal,
    StepBudgetExceeded,
    ViewExpired,
    check_cell,
    checked_answer,
    checked_maker,
    checked_reason,
    remembered,
)

T = TypeVar("T")
Action: TypeAlias = Callable[..., None]

STEP_BUDGET = 100_000
"""View operations one action may use before it is taken to be endless."""


@dataclass(frozen=True, slots=True)
class Fired:
    """The action took effect.

    `choices` are the option numbers taken, in order, and `options` what they stood for.
    """

    writes: Mapping[Cell, Any]
    events: tuple[Any, ...] = ()
    choices: tuple[int, ...] = ()
    options: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The action refused: nothing was written.  `role` names the party at fault."""

    reason: Enum
    role: str = ""


@dataclass(frozen=True, slots=True)
class Disabled:
    """The action had no option to choose from: it cannot happen in this state."""


Outcome: TypeAlias = Fired | Refused | Disabled


@dataclass(slots=True)
class DictView:
    """A `View` over a dictionary; writes go to an overlay until the action has ended."""

    base: Mapping[Cell, Any]
    script: tuple[int, ...] = ()
    budget: int | None = STEP_BUDGET
    writes: dict[Cell, Any] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    choices: list[int] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    options: list[Any] = field(default_factory=list)
    steps: int = 0
    ended: str = ""
    misuse: Exception | None = None
    orders: Orders = field(default_factory=dict)

    def read(self, cell: Cell) -> Any:
        # Most reads come this way, on which nothing can be misused.
        left = self.budget is None or self.steps < self.budget
        if left and not self.ended and type(cell) is Cell and type(self.base) is State:
            self.steps += 1
            return self._value(cell)
        return self._read(cell)

    @remembered
    def _read(self, cell: Cell) -> Any:
        self._count()
        return self._value(cell)

    @remembered
    def write(self, cell: Cell, value: object) -> None:
        self._count()
        self._put(cell, value)

    @remembered
    def update(self, cell: Cell, fn: Callable[..., Any], *args: object) -> None:
        self._count()
        self._put(cell, fn(self._value(cell), *map(self._argument, args)))

    @remembered
    def test(self, cell: Cell, fn: Callable[..., bool], *args: object) -> bool:
        self._count()
        return checked_answer(fn, fn(self._value(cell), *map(self._argument, args)))

    @remembered
    def choose(self, options: Sequence[T] | frozenset[T]) -> T:
        self._count()
        ordered = in_order_once(options, tuple(self.choices), self.orders)
        if not ordered:
            self.ended = DISABLED
            raise NoOptionSignal
        position = len(self.choices)
        taken = self.script[position] if position < len(self.script) else 0
        if not 0 <= taken < len(ordered):
            raise ModelError(f"choose: the script takes option {taken} of {len(ordered)}")
        self.choices.append(taken)
        self.widths.append(len(ordered))
        option: T = ordered[taken]
        self.options.append(option)
        return option

    @remembered
    def refuse(self, reason: Enum, role: str = "") -> NoReturn:
        self._count()
        checked_reason(reason)
        self.ended = REFUSED
        raise RefusalSignal(reason, role)

    @remembered
    def emit(self, event: object, **fields: object) -> None:
        self._count()
        if fields:
            make = checked_maker(event)
            event = make(**{name: self._argument(value) for name, value in fields.items()})
        check_value(event, "event")
        self.events.append(event)

    def _count(self) -> None:
        if self.ended:
            raise ViewExpired(f"a view was used after its action {self.ended}")
        self.steps += 1
        if self.budget is not None and self.steps > self.budget:
            self.ended = "had used it too often"
            raise StepBudgetExceeded(f"one action used its view more than {self.budget} times")

    def _value(self, cell: Cell) -> Any:
        if self.writes and cell in self.writes:  # most reads precede all writes
            return self.writes[cell]
        if type(cell) is not Cell:
            check_cell(cell)
        value = self.base.get(cell, cell.field.default)
        # Defaults and what a State holds are canonical already.
        return value if type(self.base) is State or type(value) in SCALARS else canonical(value)

    def _argument(self, argument: object) -> object:
        if isinstance(argument, Cell):
            return self._value(argument)
        if isinstance(argument, Computed):
            return argument.fn(*map(self._argument, argument.args))
        return argument

    def _put(self, cell: Cell, value: object) -> None:
        if type(cell) is not Cell:
            check_cell(cell)
        if type(value) not in SCALARS:
            check_value(value, repr(cell))
            value = canonical(value)
        self.writes[cell] = value


def run(
    action: Action,
    state: Mapping[Cell, Any],
    *params: object,
    script: Iterable[int] = (),
    budget: int | None = STEP_BUDGET,
) -> Outcome:
    """Run `action` on `state`, which stays as it is.

    `script` gives the option numbers for successive `choose` calls; past its end the
    first option is taken.  `budget` is the number of view operations after which an action
    counts as endless.  Exceptions of the action (defects) pass through.
    """
    return _run(action, state, params, tuple(script), budget)[0]


def _run(
    action: Action,
    state: Mapping[Cell, Any],
    params: tuple[object, ...],
    script: tuple[int, ...],
    budget: int | None = STEP_BUDGET,
    orders: Orders | None = None,
) -> tuple[Outcome, DictView]:
    view = DictView(state, script, budget)
    if orders is not None:
        view.orders = orders
    outcome: Outcome
    try:
        action(view, *params)
        if view.ended:
            raise ModelError(f"it went on after it {view.ended}")
        outcome = Fired(view.writes, tuple(view.events), tuple(view.choices), tuple(view.options))
    except RefusalSignal as refusal:
        outcome = Refused(refusal.reason, refusal.role)
    except NoOptionSignal:
        outcome = Disabled()
    except Exception:
        if view.misuse is None:
            raise
    finally:
        view.ended = RETURNED
    if view.misuse is not None:  # also where the action caught it
        raise view.misuse
    return outcome, view


def branches(action: Action, state: Mapping[Cell, Any], *params: object) -> list[Outcome]:
    """Every outcome of `action` in `state`, one per combination of choices, in order."""
    found: list[Outcome] = []
    orders: Orders = {}
    script: tuple[int, ...] | None = ()
    while script is not None:
        outcome, script = branch(action, state, params, script, orders)
        found.append(outcome)
    return found


def branch(
    action: Action,
    state: Mapping[Cell, Any],
    params: tuple[object, ...],
    script: tuple[int, ...],
    orders: Orders,
) -> tuple[Outcome, tuple[int, ...] | None]:
    """One outcome of `action` in `state`, and the script of the next; None after the last.

    `orders` is handed from branch to branch, and empty for the first.
    """
    outcome, view = _run(action, state, params, script, orders=orders)
    return outcome, next_script(view.choices, view.widths)


def next_script(taken: list[int], widths: list[int]) -> tuple[int, ...] | None:
    """The option numbers of the next branch, in order; None after the last."""
    for position in reversed(range(len(taken))):
        if taken[position] + 1 < widths[position]:
            return (*taken[:position], taken[position] + 1)
    return None


class State(dict[Cell, Any]):
    """A concrete state: cell values by cell; a missing cell has its field's default.

    `step_budget` bounds the view operations of one action; None for actions that are known
    to end and walk over records without number.
    """

    step_budget: int | None = STEP_BUDGET

    def __init__(self, cells: Mapping[Cell, Any] | None = None) -> None:
        cells = cells or {}
        super().__init__(
            cells if isinstance(cells, State) else {c: canonical(v) for c, v in cells.items()}
        )

    def __setitem__(self, cell: Cell, value: Any) -> None:
        super().__setitem__(cell, canonical(value))

    def step(self, action: Action, *params: object, script: Iterable[int] = ()) -> Outcome:
        """Run `action` and keep its writes if it fired."""
        outcome = run(action, self, *params, script=script, budget=self.step_budget)
        if isinstance(outcome, Fired):
            self.update(outcome.writes)
        return outcome

    def value(self, cell: Cell) -> Any:
        """The value of `cell`."""
        return self.get(cell, cell.field.default)

    def view(self) -> DictView:
        """A view for looking at the state with record facades; writes are discarded."""
        return DictView(self, budget=None)
