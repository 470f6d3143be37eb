"""The view: everything an action may see and do.

Theory of operation
-------------------
The state of a system is a set of **cells**.  A cell is one *field* of one record: the
sequence number of thread T is a cell, the thread is not.  An **action** is a plain
function ``action(view, *parameters)``.  Through the view it can

======================  ==============================================================
``view.read(cell)``     take the value of a cell
``view.write(cell, v)`` give a cell a new value
``view.update(cell, f, *args)``
                        replace the value by ``f(value, *args)`` *without looking at it*
``view.test(cell, f, *args)``
                        learn only whether ``f(value, *args)`` is true
``view.choose(options)``
                        take one of several ordered options (nondeterminism)
``view.refuse(reason)`` end the action: nothing is written
``view.emit(event)``    say something to the outside; ``emit(make, **fields)`` says
                        ``make(**fields)``
======================  ==============================================================

and nothing else: no clock, no randomness, no other state.  Why four ways to touch a
cell instead of two?  Because an engine records what an action depended on, and reuses
the result wherever the same values recur.  ``read`` makes the action depend on the
exact value; ``test`` only on one bit of it; ``update`` on nothing.  An instruction
that bumps a counter with ``update`` behaves the same for every count.

``f`` must be a pure function (module level, no closure over anything mutable).  An
argument of ``update`` or ``test``, or a field of an emitted event, may be a `Cell` or a
`Computed`: its value is looked up when the function is applied, so an action can say
``deadline := now + window`` without reading ``now``, and number its events without
depending on the number.

Records are facades over cells, so that rules read like ordinary Python:

>>> class Account(Record, name="account", layer="bank"):
...     balance = Field(0)
>>> def deposit(view, number, amount):
...     account = Account(view, number)
...     account.update(Account.balance, add, amount)
>>> def add(value, amount):
...     return value + amount
>>> from choir_model.engine import State
>>> state = State()
>>> state.step(deposit, 7, 40).writes
{account.balance[7]: 40}

Contract of every implementation: reads after writes return the written value; refused
or raising = nothing written, and so has an action failed that misused its view and caught the
error; a set handed out iterates in canonical order; a view used
after its action returned raises `ViewExpired`; an action that does not end raises
`StepBudgetExceeded`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from enum import Enum
from typing import (
    Any,
    ClassVar,
    Generic,
    NamedTuple,
    NoReturn,
    Protocol,
    TypeVar,
    cast,
    overload,
)

from choir_model.engine.values import canonical, check_value

T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., Any])


class ModelError(Exception):
    """A defect of a model (not a refusal, which is normal operation)."""


class ViewExpired(ModelError):
    """A view was used after the action it was handed to had returned."""


class StepBudgetExceeded(ModelError):
    """One action used its view more often than the step budget allows."""


RETURNED = "had returned"
DISABLED = "was disabled, which no action may catch"
REFUSED = "had refused, which no action may catch"
"""What ends an action, and with it the use of its view."""


class Signal(BaseException):
    """Raised by what runs model code, and never by mistake of the model code itself."""


class RefusalSignal(Signal):
    """Ends an action that refused; no `except Exception` of an action may catch it."""

    def __init__(self, reason: Enum, role: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.role = role


class NoOptionSignal(Signal):
    """Ends an action that had nothing to choose from."""


class Cell(NamedTuple):
    """One field of one record: the unit of reading and writing."""

    field: Field[Any]
    key: Any

    def __repr__(self) -> str:
        key = self.key
        if key is None:
            return self.field.name
        if isinstance(key, bytes) and len(key) > 4:
            key = key[:4].hex() + "…"
        return f"{self.field.name}[{key}]"


_tuple: Any = tuple.__new__
"""``_tuple(Cell, (field, key))`` is `Cell`, in half the time."""


class Computed:
    """``fn(*args)``, with cells among `args` looked up where it is used.

    Like ``fn`` in `View.update`, ``fn`` is a pure module-level function.
    """

    __slots__ = ("args", "fn")

    def __init__(self, fn: Callable[..., Any], *args: object) -> None:
        self.fn = fn
        self.args = args


class Field(Generic[T]):
    """A family of cells, one per record key, declared in the body of a `Record`.

    `default` is the value of a cell never written.  `auxiliary` cells (ghosts,
    commitments, counters kept for readers) are written but never read by actions.
    """

    __slots__ = ("auxiliary", "default", "layer", "name")

    def __init__(self, default: T, *, auxiliary: bool = False) -> None:
        check_value(default, "the default of a field")
        self.default = canonical(default)
        self.auxiliary = auxiliary
        self.name = ""
        self.layer = ""

    def __set_name__(self, owner: type[Record], name: str) -> None:
        self.name = name

    def __getitem__(self, key: object) -> Cell:
        """The cell of the record with this key."""
        return Cell(self, key)

    @overload
    def __get__(self, record: None, owner: type[Record]) -> Field[T]: ...
    @overload
    def __get__(self, record: Cell, owner: type[Cell]) -> Field[T]: ...
    @overload
    def __get__(self, record: Record, owner: type[Record]) -> T: ...
    def __get__(self, record: Record | Cell | None, owner: object) -> Field[T] | T:
        # The first question is answered sooner than the second, and settles most cases.
        if type(type(record)) is not _RecordType and not isinstance(record, Record):
            return self
        value: T = record.view.read(_tuple(Cell, (self, record.key)))
        return value

    def __set__(self, record: Record, value: T) -> None:
        record.view.write(_tuple(Cell, (self, record.key)), value)

    def __repr__(self) -> str:
        return self.name


class _RecordType(type):
    """Fields belong to records; the class itself has no value to set."""

    def __setattr__(cls, name: str, value: object) -> None:
        if isinstance(getattr(cls, name, None), Field) and not isinstance(value, Field):
            kind = cls.__name__
            raise AttributeError(f"{kind}.{name} is a field; write {kind}(view).{name} = …")
        super().__setattr__(name, value)


def _fields_of_bases(kind: type) -> list[tuple[str, Field[Any]]]:
    """The fields a record inherits and does not declare anew, by attribute."""
    bases = reversed(kind.__mro__[1:])
    found = ((name, f) for base in bases for name, f in vars(base).items())
    return [(name, f) for name, f in found if isinstance(f, Field) and getattr(kind, name) is f]


class Record(metaclass=_RecordType):
    """A facade over the cells of one key: attribute access reads and writes cells.

    Subclasses give the record's name and the layer that is authoritative for it::

        class Thread(Record, name="thread", layer="ledger"):
            sequence = Field(0)

    A record with key ``None`` is a singleton.  A subclass of a record has cells of its own
    for the fields it inherits.
    """

    __slots__ = ("key", "view")
    view: View
    key: Any
    record_name: ClassVar[str] = ""
    fields: ClassVar[tuple[Field[Any], ...]] = ()

    def __init_subclass__(cls, *, name: str = "", layer: str = "") -> None:
        if not name:
            kind = cls.__name__
            raise ModelError(f'the record {kind} needs a name: class {kind}(Record, name="…")')
        own = [f for f in vars(cls).values() if isinstance(f, Field)]
        inherited = []
        for attribute, field in _fields_of_bases(cls):
            copy = Field(field.default, auxiliary=field.auxiliary)
            copy.name = attribute
            setattr(cls, attribute, copy)
            inherited.append(copy)
        own = [*inherited, *own]
        for taken in vars(Record).keys() & {field.name for field in own}:
            raise ModelError(f"{name}: a field cannot be called {taken}, as every record has that")
        cls.record_name = name
        for field in own:
            field.name = f"{name}.{field.name}"
            field.layer = layer
        cls.fields = tuple(own)

    def __init__(self, view: View, key: Any = None, *more: object) -> None:
        if more:
            keys = ", ".join(map(repr, (key, *more)))
            kind = type(self).__name__
            raise ModelError(f"the key of a {kind} is one value, a tuple: {kind}(view, ({keys}))")
        _set_view(self, view)
        _set_key(self, key)

    def __setattr__(self, name: str, value: object) -> None:
        if not isinstance(getattr(type(self), name, None), Field):
            raise AttributeError(f"{self.record_name} has no field {name}")
        object.__setattr__(self, name, value)

    def update(self, field: Field[T], fn: Callable[..., T], *args: object) -> None:
        """Replace a field by ``fn(value, *args)`` without depending on its value."""
        self.view.update(Cell(field, self.key), fn, *args)

    def test(self, field: Field[T], fn: Callable[..., bool], *args: object) -> bool:
        """Whether ``fn(value, *args)`` holds, depending on nothing but the answer."""
        return self.view.test(Cell(field, self.key), fn, *args)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{self.record_name} has no field {name}")

    def __repr__(self) -> str:
        return f"{self.record_name}[{self.key!r}]"


_set_view: Any = vars(Record)["view"].__set__
_set_key: Any = vars(Record)["key"].__set__


class View(Protocol):
    """What an action sees of a state; see the module's theory of operation."""

    def read(self, cell: Cell) -> Any:
        """The value of `cell`: as written by this action, else as in the state."""

    def write(self, cell: Cell, value: object) -> None:
        """Give `cell` the immutable `value`; `TypeError` names the cell otherwise."""

    def update(self, cell: Cell, fn: Callable[..., Any], *args: object) -> None:
        """Replace the value of `cell` by ``fn(value, *args)``, unseen."""

    def test(self, cell: Cell, fn: Callable[..., bool], *args: object) -> bool:
        """Whether ``fn(value, *args)`` is true."""

    def choose(self, options: Sequence[T] | frozenset[T]) -> T:
        """One of `options`: a set, or a sequence in canonical order; none = disabled."""

    def refuse(self, reason: Enum, role: str = "") -> NoReturn:
        """End the action with `reason`; `role` names the party or account at fault."""

    def emit(self, event: object, **fields: object) -> None:
        """Append an event: an immutable value, or a constructor and its fields.

        A field that is a `Cell` or a `Computed` stands for its value at this moment and
        makes the action depend on nothing.
        """


def checked_answer(fn: Callable[..., Any], answer: object) -> bool:
    """The answer of a test; `ModelError` if it is no bool."""
    if type(answer) is not bool:
        name = getattr(fn, "__name__", repr(fn))
        raise ModelError(f"the test {name} returned {answer!r}; a test returns True or False")
    return answer


def checked_maker(event: object) -> Callable[..., Any]:
    """The constructor of an event with fields; `ModelError` if it cannot be called."""
    if not callable(event):
        raise ModelError(f"emit: {event!r} has fields but is no constructor of an event")
    return event


def check_cell(cell: object) -> None:
    """`ModelError` unless a view was given a cell; `TypeError` if its key is no value."""
    if isinstance(cell, Field):
        raise ModelError(f"{cell!r} is a field of many records; give a cell: {cell!r}[key]")
    if not isinstance(cell, Cell):
        raise ModelError(f"{cell!r} is no cell; give one: Record.field[key]")
    if not isinstance(cell.field, Field):
        raise ModelError(f"{cell.field!r} is no field; give one: Record.field")


def remembered(method: Method) -> Method:
    """A view's method; the first time it is misused is kept, whatever the action makes of it.

    That is in the view's `misuse`, None until then: the action has failed also if it goes on.
    """

    @functools.wraps(method)
    def remembering(view: Any, *args: Any, **named: Any) -> Any:
        try:
            return method(view, *args, **named)
        except (ModelError, TypeError) as error:
            if view.misuse is None and _is_misuse(error):
                view.misuse = error
            raise

    return cast("Method", remembering)


def _is_misuse(error: Exception) -> bool:
    """Whether a view was used as it may not be, rather than a function of the model failed."""
    if isinstance(error, ModelError):
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code is check_value.__code__


def checked_reason(reason: object) -> Enum:
    """The reason of a refusal; `ModelError` if it is no member of an enum."""
    if not isinstance(reason, Enum):
        raise ModelError(f"refuse: {reason!r} is no reason; a reason is a member of an enum")
    return reason


def guard(view: View, condition: bool) -> None:
    """The action is disabled here unless `condition`: it cannot happen, and nobody is told.

    Where somebody asked and is answered no, `View.refuse` with a reason instead.
    """
    if not condition:
        view.choose(())
