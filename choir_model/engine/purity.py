"""Perturbed runs: model code run once more, with every set iterated backwards.

Theory of operation
-------------------
Running an action twice on the same state shows that it depends on a clock or a counter.  It
does not show that it depends on the order of a set of strings: that order follows from
``PYTHONHASHSEED``, so it is the same in both runs, and another one tomorrow.  A perturbed run
reverses it::

    again = perturbed(action.fn)
    again(view, *arguments)  # like action.fn(view, *arguments)
    again.sites  # ['bank.py:12: for name in NAMES']: where an order was reversed

If the two runs differ, the action depends on an order that means nothing, and `sites` says
where to look.  What is reversed are iterations, by whatever means, over a built-in `set` or
`frozenset` with a member that hashes differently in another process: text, bytes, enums,
objects, and what contains them; not numbers.  `hash` of such a value is another one, too.
Canonical sets have an order that means something, and keep it.

**How.**  The functions that the model code can reach are found, each iteration in their source
is wrapped in a hook (:mod:`choir_model.engine.instrument`), and the result is compiled.  During
a perturbed run, and only then, these functions *are* what they always are but for their
``__code__``.  So there are no copies: globals, closures, defaults and decorators are their
own, whoever changes them and when; tracebacks show the usual lines; ``view.update(cell, f)``
is given the same `f`.  A function that model code makes while it runs, such as a lambda, has
another code; `original` (in that module) leads back to the usual one.

A function is left as it is if its source is not to be had or does not compile to the code it
has, and so is everything that belongs to Python, to installed packages or to this engine.
What a C function does with a set inside a container is not seen, nor is a helper behind a
cache that has the answer already.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePath
from threading import get_ident
from types import CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any, TypeVar

from choir_model.engine.instrument import REVERSING, original, twin_of

T = TypeVar("T")

ENGINE = __name__.rpartition(".")[0]
CROWD = 1000
"""Containers of more items are taken for data and not searched for functions."""


class Perturbed:
    """Model code that runs with the order of its sets reversed.

    `fn` is the model code itself.  `reason` says why it could not be perturbed, and is empty
    if it could.  `sites` are the places where an order was reversed, in all runs since it
    was last cleared.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        self.sites: list[str] = []
        reach = _Reach(fn)
        self._names = reach.names
        self._twins: list[tuple[FunctionType, CodeType, CodeType]] = []
        for function in reach.functions:
            twin = twin_of(function)
            if twin is not None:
                self._twins.append((function, original(function.__code__), twin))
        self.reason = _reason(reach.functions, self._twins)

    def __call__(self, *args: Any) -> Any:
        """``fn(*args)``, perturbed."""
        return self.run(self.fn, *args)

    def run(self, call: Callable[..., T], *args: Any) -> T:
        """``call(*args)``, while everything that `fn` can reach is perturbed."""
        thread = get_ident()
        outer = REVERSING.get(thread)
        REVERSING[thread] = self.sites
        try:
            for function, code, twin in self._twins:
                if function.__code__ is code:
                    function.__code__ = twin
            return call(*args)
        finally:
            for function, code, twin in self._twins:
                if function.__code__ is twin:
                    function.__code__ = code
            del REVERSING[thread]
            if outer is not None:
                REVERSING[thread] = outer

    def is_current(self) -> bool:
        """Whether every global name still means what it meant when this was made."""
        return all(names.get(name, _NOTHING) is value for names, name, value in self._names)


def perturbed(fn: Callable[..., Any]) -> Perturbed:
    """The perturbed form of `fn`, made once for each function."""
    try:
        found = _made(fn)
    except TypeError:  # a callable object that cannot be hashed
        return Perturbed(fn)
    if not found.is_current():
        _made.cache_clear()
        found = _made(fn)
    return found


_made = functools.lru_cache(maxsize=1024)(Perturbed)
_NOTHING = object()


def _reason(functions: list[FunctionType], twins: list[Any]) -> str:
    if not functions:
        return "it is no function written in Python, or belongs to an installed package"
    if functions[0] is not (twins[0][0] if twins else None):
        name = functions[0].__code__.co_filename
        return f"its source is not available, or has changed since it was loaded: {name}"
    return ""


class _Reach:
    """What model code can call: the functions found from `root`, that one first.

    `names` are the global names looked up on the way, with what they meant.
    """

    def __init__(self, root: Callable[..., Any]) -> None:
        self.functions: list[FunctionType] = []
        self.names: list[tuple[Mapping[str, Any], str, Any]] = []
        while isinstance(root, functools.partial):
            root = root.func
        self._home = _top(getattr(root, "__module__", None) or "")
        found: list[Any] = [root]
        seen: set[int] = set()
        for thing in found:  # which grows meanwhile
            if id(thing) not in seen:
                seen.add(id(thing))
                found.extend(self._parts(thing))

    def _parts(self, thing: Any) -> Iterable[Any]:
        kind = type(thing)
        if kind in _HOLDERS:
            return _HOLDERS[kind](thing)
        if kind in _CONTAINERS:
            return _CONTAINERS[kind](thing) if len(thing) <= CROWD else ()
        if kind is FunctionType:
            return [*_bindings(thing), *self._globals(thing)]
        if isinstance(thing, type):
            bases = [base for base in thing.__mro__ if self._may_enter_module(base.__module__)]
            return [member for base in bases for member in vars(base).values()]
        inner = [thing.__wrapped__] if kind is _CACHE else []
        if self._may_enter_module(kind.__module__):
            inner += [kind, *getattr(thing, "__dict__", {}).values()]
        return inner

    def _globals(self, function: FunctionType) -> Iterator[Any]:
        code = function.__code__
        name = function.__globals__.get("__name__") or ""
        if not self._may_enter(name, code.co_filename):
            return
        self.functions.append(function)
        used = dict.fromkeys(_names_in(code))
        spaces = [function.__globals__]
        for space in spaces:  # which grows meanwhile
            for known in filter(space.__contains__, used):
                value = space[known]
                self.names.append((space, known, value))
                if not isinstance(value, ModuleType):
                    yield value
                elif self._may_enter_module(value.__name__) and not _has(spaces, vars(value)):
                    spaces.append(vars(value))

    def _may_enter_module(self, name: str) -> bool:
        module = sys.modules.get(name)
        return self._may_enter(name, getattr(module, "__file__", None) or "")

    def _may_enter(self, name: str, filename: str) -> bool:
        if _top(name) in sys.stdlib_module_names or f"{name}.".startswith(f"{ENGINE}."):
            return False
        return not {"site-packages", "dist-packages"} & {*PurePath(filename).parts} or (
            _top(name) == self._home
        )


def _has(things: list[Any], thing: Any) -> bool:
    return any(one is thing for one in things)


def _top(name: str) -> str:
    return name.partition(".")[0]


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _bindings(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not bound yet
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()


_CACHE = type(functools.cache(_top))
_HOLDERS: dict[type, Callable[[Any], Iterable[Any]]] = {
    MethodType: lambda method: (method.__func__, method.__self__),
    functools.partial: lambda held: (held.func, *held.args, *held.keywords.values()),
    staticmethod: lambda held: (held.__func__,),
    classmethod: lambda held: (held.__func__,),
    property: lambda held: (held.fget, held.fset, held.fdel),
    functools.cached_property: lambda held: (held.func,),
    functools.partialmethod: lambda held: (held.func,),
}
_CONTAINERS: dict[type, Callable[[Any], Iterable[Any]]] = {
    **dict.fromkeys((dict, MappingProxyType), lambda mapping: mapping.values()),
    **dict.fromkeys((list, tuple, set, frozenset), list),
}
