"""The recording view: runs model code on one state and notes what it depended on.

Theory of operation
-------------------
A recording is the ordered list of **looks** at the state (a cell read, or a test asked and
answered) and, for every branch of the choices, what came of it: writes, a refusal, or
nothing.  The same answers to the same looks give the same outcome, whatever else the
state holds; that is what makes a recording a path in a decision tree.

What is not a look: reading what this action has written, looking twice, testing a cell
already read.  An update of a cell not read is written down as an expression over the
state before the action.  All branches run over one growing list of looks, so a leaf has
the outcomes of all of them.

An exception of the model code is a recording too: it is what happens in that state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, NoReturn, TypeAlias, TypeVar

from choir_model.engine.dictview import STEP_BUDGET
from choir_model.engine.expressions import (
    DEEPEST,
    Base,
    Constant,
    Expression,
    Operand,
    check_argument,
)
from choir_model.engine.layout import Layout
from choir_model.engine.sorts import Orders, in_order_once, orderless, ordinary
from choir_model.engine.values import SCALARS, canonical, check_value
from choir_model.engine.view import (
    DISABLED,
    REFUSED,
    RETURNED,
    Cell,
    Computed,
    Field,
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
from choir_model.engine.watchdog import Watchdog

T = TypeVar("T")


class Look(NamedTuple):
    """A question to the state and its answer: a cell and a value id, or a test and a bool."""

    asked: int | Expression
    answer: int


class Writes(NamedTuple):
    """A branch that fired: the new value or an expression for each cell written."""

    cells: dict[int, Constant | Expression]


class Refusal(NamedTuple):
    """A branch that refused."""

    reason: Enum
    role: str


class Inert(NamedTuple):
    """A branch without an option: the action cannot happen so."""


class Failure(NamedTuple):
    """Model code raised.  `text` says what; `script` the options taken until then."""

    text: str
    script: tuple[int, ...] = ()


class Branch(NamedTuple):
    """What came of one combination of choices."""

    script: tuple[int, ...]
    outcome: Writes | Refusal | Inert


@dataclass(slots=True)
class Recording:
    """Looks in order, and the branches or the failure they led to.

    `written` are the fields that any branch wrote, refused ones excepted; `result` is what
    a predicate returned; `options` are those of each choice met.
    """

    looks: list[Look] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    failure: Failure | None = None
    written: dict[Field[Any], Cell] = field(default_factory=dict)
    result: Any = None
    options: Orders = field(default_factory=dict)


class Memory(NamedTuple):
    """What a recording shares with others: the layout, and expressions made so far."""

    layout: Layout
    expressions: dict[Any, Expression]
    answers: dict[tuple[Any, ...], Any]
    guarded: frozenset[str]
    """The symmetric sorts: a set of their atoms must not be iterated."""
    dog: Watchdog
    """Stops model code that does not end."""

    def interned(self, expression: Expression) -> Expression:
        """The one expression that is equal to this one."""
        return self.expressions.setdefault(expression.key, expression)

    def evaluate(self, expression: Expression, packed: int) -> Any:
        """The value of an expression in a state, computed once for equal cell values."""
        layout = self.layout
        ids = tuple(layout.id(packed, cell) for cell in expression.cells)
        key = (expression, ids)
        if key not in self.answers:
            self.answers[key] = self.dog.watch(
                expression, expression.evaluate, lambda cell: layout.value(packed, cell)
            )
        return self.answers[key]


Pending: TypeAlias = Constant | Expression


class RecordingView:
    """A `View` over a packed state that notes every look; one per branch."""

    __slots__ = (
        "_budget",
        "_guarded",
        "_known",
        "_memory",
        "_numbers",
        "_packed",
        "_pending",
        "_recording",
        "_script",
        "_writable",
        "choices",
        "ended",
        "misuse",
        "widths",
        "written",
    )

    def __init__(
        self,
        memory: Memory,
        packed: int,
        recording: Recording,
        known: dict[Any, Any],
        *,
        script: tuple[int, ...] = (),
        pending: dict[int, Pending] | None = None,
        writable: bool = True,
    ) -> None:
        self._memory = memory
        self._guarded = memory.guarded
        self._numbers = memory.layout.numbers
        self._packed = packed
        self._recording = recording
        self._known = known
        self._pending: dict[int, Pending] = {} if pending is None else dict(pending)
        self._script = script
        self._writable = writable
        self._budget = STEP_BUDGET
        self.ended = ""
        self.misuse: Exception | None = None
        self.choices: list[int] = []
        self.widths: list[int] = []
        self.written: dict[Field[Any], Cell] = {}

    @property
    def pending(self) -> dict[int, Pending]:
        """What has been written so far, by cell number."""
        return self._pending

    def read(self, cell: Cell) -> Any:
        # Most reads come this way, on which nothing can be misused.
        if self._budget > 0 and not self.ended:
            number = self._numbers.get(cell, -1)
            pending = self._pending.get(number)
            if number >= 0 and (pending is None or type(pending) is Constant):
                self._budget -= 1
                known = pending or self._known.get(number)
                value = self._look(number) if known is None else known.value
                return self._hand_out(value) if self._guarded else value
        return self._read(cell)

    @remembered
    def _read(self, cell: Cell) -> Any:
        self._count()
        number = self._numbers.get(cell)
        if number is None:
            number = self._number(cell)
        pending = self._pending.get(number)
        if isinstance(pending, Expression):
            pending = self._pending[number] = Constant(self._resolve(pending, cell))
        return self._hand_out(self._look(number) if pending is None else pending.value)

    def write(self, cell: Cell, value: object) -> None:
        plain = type(value) in SCALARS or isinstance(value, Enum)
        if plain and type(cell) is Cell and self._writable:
            number = self._numbers.get(cell)
            if number is not None and self._budget > 0 and not self.ended:
                self._budget -= 1
                self.written.setdefault(cell.field, cell)
                self._pending[number] = Constant(value)
                return
        self._write(cell, value)

    @remembered
    def _write(self, cell: Cell, value: object) -> None:
        self._count()
        if type(value) not in SCALARS:
            value = self._checked(value, cell)
        self._note(cell)
        number = self._numbers.get(cell)
        if number is not None:
            self._pending[number] = Constant(value)
        elif not self._is_left_out(cell):
            self._pending[self._memory.layout.number(cell)] = Constant(value)

    @remembered
    def update(self, cell: Cell, fn: Callable[..., Any], *args: object) -> None:
        self._count()
        self._note(cell)
        if self._is_left_out(cell):
            return
        number = self._memory.layout.number(cell)
        operands = [self._operand(cell, fn), *(self._operand(arg, fn) for arg in args)]
        expression = Expression(fn, operands, cell)
        if expression.cells:
            self._pending[number] = self._memory.interned(expression)
        else:
            self._pending[number] = Constant(self._resolve(expression, cell))

    @remembered
    def test(self, cell: Cell, fn: Callable[..., bool], *args: object) -> bool:
        self._count()
        check_cell(cell)
        operands = [self._operand(cell, fn), *(self._operand(arg, fn) for arg in args)]
        expression = Expression(fn, operands)
        if not expression.cells:
            return checked_answer(fn, expression.evaluate(self._look))
        expression = self._memory.interned(expression)
        if expression not in self._known:
            answer = checked_answer(fn, self._memory.evaluate(expression, self._packed))
            self._known[expression] = answer
            self._recording.looks.append(Look(expression, answer))
        return bool(self._known[expression])

    @remembered
    def choose(self, options: Sequence[T] | frozenset[T]) -> T:
        self._count()
        if self._memory.guarded:
            options = ordinary(tuple(options) if isinstance(options, list) else options)
        position = len(self.choices)
        ordered = in_order_once(options, tuple(self.choices), self._recording.options)
        if not ordered or not self._writable:  # who only reads has nothing to choose
            self.ended = DISABLED
            raise NoOptionSignal
        taken = self._script[position] if position < len(self._script) else 0
        self.choices.append(taken)
        self.widths.append(len(ordered))
        taken_option: T = self._hand_out(ordered[taken])
        return taken_option

    @remembered
    def refuse(self, reason: Enum, role: str = "") -> NoReturn:
        self._count()
        checked_reason(reason)
        self.ended = REFUSED
        raise RefusalSignal(reason, role)

    @remembered
    def emit(self, event: object, **fields: object) -> None:
        # Events are made when a path is replayed; here they would only be looks.
        self._count()
        if not self._writable:
            raise ModelError("an event was emitted where only reading is allowed")
        if fields:
            checked_maker(event)
        else:
            check_value(ordinary(event), "event")

    def expire(self) -> None:
        """The run is over; whoever kept the view is told so."""
        self.ended = RETURNED

    def _count(self) -> None:
        if self.ended:
            raise ViewExpired(f"a view was used after its action {self.ended}")
        self._budget -= 1
        if self._budget < 0:
            self.ended = "had used it too often"
            raise StepBudgetExceeded(f"one action used its view more than {STEP_BUDGET} times")

    def _number(self, cell: Cell) -> int:
        """The number of a cell met for the first time, if the model lets it be read."""
        check_cell(cell)
        if self._memory.layout.left_out(cell.field):
            raise ModelError(self._no_auxiliary(cell))
        return self._memory.layout.number(cell)

    def _look(self, number: int) -> Any:
        known = self._known.get(number)
        if known is None:
            layout = self._memory.layout
            answer = (self._packed >> layout.shift[number]) & layout.mask[number]
            known = self._known[number] = Constant(layout.values[number][answer])
            self._recording.looks.append(Look(number, answer))
        return known.value

    def _resolve(self, expression: Expression, cell: Cell) -> Any:
        return self._checked(expression.evaluate(self._look), cell)

    def _operand(self, argument: object, fn: Callable[..., Any]) -> Operand:
        if isinstance(argument, Cell):
            number = self._number(argument)
            pending = self._pending.get(number)
            if isinstance(pending, Expression) and pending.depth >= DEEPEST:
                pending = self._pending[number] = Constant(self._resolve(pending, argument))
            return pending if pending is not None else self._known.get(number) or Base(number)
        if isinstance(argument, Computed):
            operands = [self._operand(inner, argument.fn) for inner in argument.args]
            inner = Expression(argument.fn, operands)
            if inner.cells and inner.depth < DEEPEST:
                return self._memory.interned(inner)
            return Constant(inner.evaluate(self._look))
        if self._memory.guarded:
            argument = ordinary(argument)
        check_argument(argument, fn)
        return Constant(argument)

    def _note(self, cell: Cell) -> None:
        if not self._writable:
            raise ModelError(f"{cell!r} was written where only reading is allowed")
        check_cell(cell)
        self.written.setdefault(cell.field, cell)

    def _is_left_out(self, cell: Cell) -> bool:
        if not self._memory.layout.left_out(cell.field):
            return False
        self._memory.layout.check_declared(cell)
        return True

    def _no_auxiliary(self, cell: Cell) -> str:
        return (
            f"{cell!r} is auxiliary and was read: it is no part of a state's identity; "
            "use update, or keep_auxiliary=True"
        )

    def _checked(self, value: object, cell: Cell) -> Any:
        if self._memory.guarded:
            value = ordinary(value)
        check_value(value, repr(cell))
        return canonical(value)

    def _hand_out(self, value: Any) -> Any:
        return orderless(value, self._memory.guarded) if self._memory.guarded else value
