"""Expressions: what an action computes from cells without having looked at them.

``view.update(cell, f, *args)`` and ``view.test(cell, f, *args)`` do not look at the cell:
they leave an expression behind, a function over constants, cells and other
expressions.  An update in a tree's leaf and a test at its node hold one each.  Equal
expressions are one object, and each computes every combination of values once.

Functions are equal if their code, defaults and closed-over values are: a lambda written
inside an action is a new object at every run, but the same function.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Sequence
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any, TypeAlias

from choir_model.engine.instrument import original
from choir_model.engine.values import encode


class Constant:
    """A value known when the expression was made."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    @property
    def key(self) -> Hashable:
        """Equal for constants of the same value and type."""
        return ("constant", _key_of(self.value))


class Base:
    """The value a cell has before the action."""

    __slots__ = ("cell", "key")

    def __init__(self, cell: int) -> None:
        self.cell = cell
        self.key: Hashable = ("cell", cell)


class Expression:
    """``fn(*operands)``; `cells` are the numbers of the cells its value depends on."""

    __slots__ = ("cells", "fn", "key", "operands")

    def __init__(self, fn: Callable[..., Any], operands: Sequence[Operand]) -> None:
        self.fn = _as_bound_now(fn)
        self.operands = tuple(operands)
        self.key: Hashable = (function_key(fn), *(operand.key for operand in operands))
        found: dict[int, None] = {}
        for operand in operands:
            if isinstance(operand, Base):
                found[operand.cell] = None
            elif isinstance(operand, Expression):
                found.update(dict.fromkeys(operand.cells))
        self.cells: tuple[int, ...] = tuple(found)

    def evaluate(self, value_of: Callable[[int], Any]) -> Any:
        """The value, given the value of each of its cells."""
        arguments: list[Any] = []
        for operand in self.operands:
            if isinstance(operand, Constant):
                arguments.append(operand.value)
            elif isinstance(operand, Base):
                arguments.append(value_of(operand.cell))
            else:
                arguments.append(operand.evaluate(value_of))
        return self.fn(*arguments)

    def functions(self) -> list[Callable[..., Any]]:
        """Every function in it."""
        inner = [operand for operand in self.operands if isinstance(operand, Expression)]
        return [self.fn, *(fn for operand in inner for fn in operand.functions())]

    def __repr__(self) -> str:
        return getattr(self.fn, "__name__", repr(self.fn))


Operand: TypeAlias = Constant | Base | Expression


def _as_bound_now(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` for later use: what a closure is bound to moves on, as the variable of a loop does."""
    if not isinstance(fn, FunctionType) or not fn.__closure__:
        return fn
    bound = tuple(CellType(cell.cell_contents) for cell in fn.__closure__)
    fixed = FunctionType(fn.__code__, fn.__globals__, fn.__name__, fn.__defaults__, bound)
    fixed.__kwdefaults__ = fn.__kwdefaults__
    return fixed


def function_key(fn: Callable[..., Any]) -> Hashable:
    """Equal for functions that compute the same from the same source and bindings."""
    if isinstance(fn, FunctionType):
        code: CodeType = original(fn.__code__)  # an audit runs another form of the same code
        cells = tuple(_key_of(cell.cell_contents) for cell in fn.__closure__ or ())
        defaults = tuple(_key_of(value) for value in fn.__defaults__ or ())
        named = tuple((k, _key_of(v)) for k, v in (fn.__kwdefaults__ or {}).items())
        return (code, id(fn.__globals__), cells, defaults, named)
    if isinstance(fn, MethodType):
        return (function_key(fn.__func__), _key_of(fn.__self__))
    if isinstance(fn, functools.partial):
        keywords = tuple((k, _key_of(v)) for k, v in fn.keywords.items())
        return (function_key(fn.func), tuple(map(_key_of, fn.args)), keywords)
    return ("object", id(fn))


def _key_of(value: Any) -> Hashable:
    try:
        return encode(value)
    except TypeError:
        pass
    if callable(value):
        return function_key(value)
    return ("object", id(value))
