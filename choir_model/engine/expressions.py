"""Expressions: what an action computes from cells without having looked at them.

``view.update(cell, f, *args)`` and ``view.test(cell, f, *args)`` do not look at the cell:
they leave an expression behind, a function over constants, cells and other
expressions.  An update in a tree's leaf and a test at its node hold one each.  Equal
expressions are one object, and each computes every combination of values once.

Functions are equal if their code, defaults and closed-over values are: a lambda written
inside an action is a new object at every run, but the same function.  So are methods of
equal values, such as ``MEMBERS.__contains__``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Sequence
from types import (
    BuiltinMethodType,
    CellType,
    CodeType,
    FunctionType,
    MethodType,
    MethodWrapperType,
)
from typing import Any, TypeAlias

from choir_model.engine.instrument import original
from choir_model.engine.sorts import Sort
from choir_model.engine.values import SCALARS, CanonicalSet, canonical, check_value, encode
from choir_model.engine.view import Cell

DEEPEST = 50
"""Expressions nested deeper than this are not left behind but computed at once."""


class Constant:
    """A value known when the expression was made."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    @property
    def key(self) -> Hashable:
        """Equal for constants of the same value and type."""
        kind = type(self.value)
        # Of scalars, type and value tell as much as the bytes do.
        return ("constant", kind, self.value if kind in SCALARS else _key_of(self.value))


class Base:
    """The value a cell has before the action."""

    __slots__ = ("cell", "key")

    def __init__(self, cell: int) -> None:
        self.cell = cell
        self.key: Hashable = ("cell", cell)


class Expression:
    """``fn(*operands)``; `cells` are the numbers of the cells its value depends on.

    `target` is the cell it is written to, which takes storable values only.  `depth` is the
    number of functions applied one after the other.  Operands that are expressions are
    told apart by identity, so equal ones must be one object.
    """

    __slots__ = ("cells", "depth", "fn", "key", "operands", "target")

    def __init__(
        self, fn: Callable[..., Any], operands: Sequence[Operand], target: Cell | None = None
    ) -> None:
        self.fn = _as_bound_now(fn)
        self.operands = tuple(operands)
        self.target = target
        self.depth = 1
        keys: list[Hashable] = []
        found: dict[int, None] = {}
        for operand in operands:
            if isinstance(operand, Expression):
                found.update(dict.fromkeys(operand.cells))
                self.depth = max(self.depth, operand.depth + 1)
                keys.append(operand)
            else:
                keys.append(operand.key)
                if isinstance(operand, Base):
                    found[operand.cell] = None
        self.key: Hashable = (function_key(fn), target, *keys)
        self.cells: tuple[int, ...] = tuple(found)

    def evaluate(
        self, value_of: Callable[[int], Any], known: dict[Expression, Any] | None = None
    ) -> Any:
        """The value, given the value of each of its cells; `known` are values of inner ones.

        Raises `TypeError` if this or an inner expression is written to a cell that cannot
        store its value.
        """
        known = {} if known is None else known
        arguments: list[Any] = []
        for operand in self.operands:
            if isinstance(operand, Constant):
                arguments.append(operand.value)
            elif isinstance(operand, Base):
                arguments.append(value_of(operand.cell))
            else:
                if operand not in known:
                    known[operand] = operand.evaluate(value_of, known)
                arguments.append(known[operand])
        value = self.fn(*arguments)
        if self.target is None or type(value) in SCALARS:
            return value
        check_value(value, repr(self.target))
        return canonical(value)

    def functions(self) -> list[Callable[..., Any]]:
        """Every function in it, each once."""
        found: dict[int, Callable[..., Any]] = {}
        inner: dict[Expression, None] = {self: None}
        waiting = [self]
        while waiting:
            expression = waiting.pop()
            found.setdefault(id(expression.fn), expression.fn)
            for operand in expression.operands:
                if isinstance(operand, Expression) and operand not in inner:
                    inner[operand] = None
                    waiting.append(operand)
        return list(found.values())

    def __repr__(self) -> str:
        return getattr(self.fn, "__name__", repr(self.fn))


Operand: TypeAlias = Constant | Base | Expression


def check_argument(argument: object, fn: Callable[..., Any]) -> None:
    """`TypeError` unless an argument of `fn` is a value, a range, a sort or a function."""
    if type(argument) in SCALARS or isinstance(argument, range | Sort) or callable(argument):
        return
    name = getattr(fn, "__name__", repr(fn))
    check_value(argument, f"the argument {argument!r} of {name}")


def _as_bound_now(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` for later use: what a closure is bound to moves on, as the variable of a loop does."""
    if not isinstance(fn, FunctionType) or not fn.__closure__:
        return fn
    bound = tuple(map(_copied, fn.__closure__))
    fixed = FunctionType(fn.__code__, fn.__globals__, fn.__name__, fn.__defaults__, bound)
    fixed.__kwdefaults__ = fn.__kwdefaults__
    return fixed


def _copied(cell: CellType) -> CellType:
    try:
        return CellType(cell.cell_contents)
    except ValueError:  # not bound yet
        return cell


def function_key(fn: Callable[..., Any], within: tuple[int, ...] = ()) -> Hashable:
    """Equal for functions that compute the same from the same source and bindings.

    `within` are the functions, by identity, whose bindings led here: a recursive one has
    itself among its bindings.
    """
    if id(fn) in within:
        return ("again", within.index(id(fn)))
    within = (*within, id(fn))
    if isinstance(fn, FunctionType):
        code: CodeType = original(fn.__code__)  # an audit runs another form of the same code
        cells = tuple(_key_of_cell(cell, within) for cell in fn.__closure__ or ())
        defaults = tuple(_key_of(value, within) for value in fn.__defaults__ or ())
        named = tuple((k, _key_of(v, within)) for k, v in (fn.__kwdefaults__ or {}).items())
        return (code, id(fn.__globals__), cells, defaults, named)
    if isinstance(fn, MethodType):
        return (function_key(fn.__func__, within), _key_of(fn.__self__, within))
    if isinstance(fn, functools.partial):
        keywords = tuple((k, _key_of(v, within)) for k, v in fn.keywords.items())
        arguments = tuple(_key_of(argument, within) for argument in fn.args)
        return (function_key(fn.func, within), arguments, keywords)
    owner = getattr(fn, "__self__", None)  # of a function of a module, the module
    if isinstance(fn, BuiltinMethodType | MethodWrapperType) and owner is not None:
        return ("method", fn.__name__, _key_of(owner, within))
    return ("object", id(fn))


def _key_of_cell(cell: CellType, within: tuple[int, ...]) -> Hashable:
    try:
        return _key_of(cell.cell_contents, within)
    except ValueError:  # not bound yet
        return ("unbound",)


def _key_of(value: Any, within: tuple[int, ...] = ()) -> Hashable:
    try:
        return encode(value)
    except TypeError:
        pass
    if callable(value):
        return function_key(value, within)
    if isinstance(value, frozenset) and type(value) not in (frozenset, CanonicalSet):
        return _key_of(CanonicalSet(frozenset.__iter__(value)), within)
    if isinstance(value, range):
        return ("range", value.start, value.stop, value.step)
    return ("object", id(value))
