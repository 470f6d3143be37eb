"""Instrumented code: model code with a hook around everything that iterates.

`twin_of` compiles a function's source again, with the hooks.  Twin and original do the same,
until a thread has an entry in `REVERSING`: there, the hooks turn around the order of built-in
sets whose order differs from process to process.  See :mod:`choir_model.engine.purity`.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import collections
import copy
import dataclasses
import functools
import itertools
import linecache
import warnings
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from pathlib import PurePath
from threading import get_ident
from types import BuiltinFunctionType, CodeType, FunctionType
from typing import Any, NamedTuple, cast

from choir_model.engine.values import CanonicalSet
from choir_model.engine.view import ModelError

REVERSING: dict[int, list[str]] = {}
"""By thread, the places where an order was reversed so far."""

_FIRST, _SECOND, _ALL, _REST = slice(0, 1), slice(1, 2), slice(None), slice(1, None)
_ITERATED: dict[Any, slice] = {
    **dict.fromkeys((list, tuple, iter, enumerate, sum, sorted, min, max, dict), _FIRST),
    **dict.fromkeys((collections.deque, collections.Counter, collections.OrderedDict), _FIRST),
    **dict.fromkeys((itertools.accumulate, itertools.cycle, itertools.groupby), _FIRST),
    **dict.fromkeys((itertools.islice, itertools.pairwise, itertools.permutations), _FIRST),
    **dict.fromkeys((itertools.combinations, itertools.combinations_with_replacement), _FIRST),
    **dict.fromkeys((zip, itertools.chain, itertools.product, itertools.zip_longest), _ALL),
    **dict.fromkeys((filter, functools.reduce, itertools.filterfalse), _SECOND),
    **dict.fromkeys((itertools.dropwhile, itertools.takewhile, itertools.starmap), _SECOND),
    itertools.compress: _ALL,
    map: _REST,
}
"""Which arguments C functions iterate."""
_METHODS = {"join", "extend", "extendleft", "fromkeys", "from_iterable", "format", "pop"}
_TEXTS = {str, repr, ascii, format}
# By identity, since what model code calls may compare and hash as it likes.
_KNOWN = {id(function) for function in {*_ITERATED, *_TEXTS, hash}}

_WORLDLY = {"time", "random", "secrets", "uuid", "os", "posix", "nt", "_io", "io"}
_ARITHMETIC = {"strftime", "strptime", "mktime", "fspath", "fsencode", "fsdecode"}


def _reversed(site: str, value: Any) -> list[Any] | None:
    """The members of a set in reverse, where that is asked for and an order means nothing."""
    if type(value) is not set and type(value) is not frozenset:
        return None
    sites = REVERSING.get(get_ident())
    if sites is None or len(value) < 2 or all(map(_hashes_alike, value)):
        return None
    _note(site, sites)
    return list(value)[::-1]


def _note(site: str, sites: list[str]) -> None:
    if site not in sites:
        sites.append(site)


def _hashes_alike(value: Any) -> bool:
    """Whether a value has the same hash in every process."""
    kind: Any = type(value)
    if kind in (int, bool, float, complex):
        return True
    if kind is tuple:
        return all(map(_hashes_alike, value))
    if kind in (frozenset, CanonicalSet):
        return all(map(_hashes_alike, frozenset.__iter__(value)))
    if isinstance(value, Enum):
        return kind.__hash__ in (int.__hash__, float.__hash__)
    if dataclasses.is_dataclass(kind):
        return all(_hashes_alike(getattr(value, f.name)) for f in dataclasses.fields(kind))
    return False


class _Text(str):
    """The text of a set, where the set itself was to be shown."""

    __slots__ = ()
    __repr__ = str.__str__


def _turned(site: str, value: Any) -> Any:
    """Hook around what is iterated."""
    if type(value) is not set and type(value) is not frozenset:
        return value
    found = _reversed(site, value)
    return value if found is None else found


def _turned_each(site: str, value: Any) -> Any:
    """Hook around what is iterated where each item is taken apart: it may be a set as well."""
    if get_ident() not in REVERSING:
        return value
    return map(functools.partial(_turned, site), _turned(site, value))


def _text(site: str, value: Any) -> Any:
    """Hook around what is shown."""
    found = _reversed(site, value)
    if found is None:
        return value
    text = f"{{{', '.join(map(repr, found))}}}"
    return _Text(text if type(value) is set else f"frozenset({text})")


def _added(site: str, operands: tuple[Any, Any]) -> Any:
    """Hook around what is added in place: a list takes it apart, others take it whole."""
    target, value = operands
    return _turned(site, value) if type(target) in (list, collections.deque) else value


def _callee(site: str, function: Any) -> Any:
    """Hook around what is called: C functions that iterate get a front that turns sets.

    What asks the world instead of the view, such as a clock, is refused.
    """
    kind = type(function)
    if kind is FunctionType and function.__module__ not in _WORLDLY:
        return function  # with hooks of its own, or else taken for what it is
    known = id(function) in _KNOWN
    if not known and (isinstance(function, type) or id(function) in _HARMLESS):
        return function  # by far the most frequent: the facade of a record
    if get_ident() not in REVERSING:
        return function
    if not known and asks_the_world(function):
        name = getattr(function, "__qualname__", repr(function))
        raise ModelError(f"it calls {name}, which is no function of the state, in {site}")
    if known or (kind is BuiltinFunctionType and function.__name__ in _METHODS):
        return functools.partial(_call, site, function)
    return function


def asks_the_world(function: Any) -> bool:
    """Whether a function's answer comes from a clock, from chance, or from the system."""
    if isinstance(function, type):
        return False
    module = getattr(function, "__module__", None)
    owner = getattr(function, "__self__", None)
    if module in _WORLDLY:
        return getattr(function, "__name__", "") not in _ARITHMETIC
    if type(owner).__module__ == "random":
        return True
    moment = isinstance(owner, type) and owner.__module__ == "datetime"
    return moment and function.__name__ in ("now", "utcnow", "today")


_HARMLESS = {
    id(function)
    for function in vars(builtins).values()
    if type(function) is BuiltinFunctionType and not asks_the_world(function)
}


def _call(site: str, function: Any, *args: Any, **named: Any) -> Any:
    name = function.__name__
    if name == "pop":
        found = None if args else _reversed(site, function.__self__)
        if found is None:
            return function(*args)
        function.__self__.remove(found[0])
        return found[0]
    if function is hash and args and not _hashes_alike(args[0]):
        _note(site, REVERSING[get_ident()])
        return ~function(*args)
    if name == "format" or function in _TEXTS:
        return function(*(_text(site, argument) for argument in args), **named)
    if name == "from_iterable" and args:
        return function(_turned_each(site, args[0]))
    iterated = _ITERATED.get(function, _FIRST)
    if function is hash or (function in (min, max) and len(args) > 1):
        iterated = slice(0, 0)  # its arguments are compared, not iterated
    changed = list(args)
    changed[iterated] = [_turned(site, argument) for argument in args[iterated]]
    if changed and iterated.start == 1:
        # As in `map(tuple, sets)`: what it calls, it calls out of sight.
        changed[0] = _callee(site, changed[0])
    return function(*changed, **named)


class _Instrumenter(ast.NodeTransformer):
    """Wraps hooks around whatever iterates.  The line numbers stay."""

    def __init__(self, filename: str) -> None:
        self.filename = PurePath(filename).name

    def _hooked(self, hook: Callable[[str, Any], Any], value: ast.expr, text: str) -> ast.Call:
        site = f"{self.filename}:{value.lineno}: {text if len(text) < 70 else text[:70] + '…'}"
        # A name could be bound to something else by the model code; `_bound` puts the hook here.
        function, argument = ast.Constant(_mark(hook)), ast.Constant(site)
        call = ast.Call(func=function, args=[argument, value], keywords=[])
        for node in (call, function, argument):
            ast.copy_location(node, value)
        return call

    def _loop(self, node: Any) -> Any:
        text = f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}"
        self.generic_visit(node)
        if not getattr(node, "is_async", False):
            taken_apart = isinstance(node.target, ast.Tuple | ast.List)
            node.iter = self._hooked(_turned_each if taken_apart else _turned, node.iter, text)
        return node

    visit_For = visit_comprehension = _loop  # noqa: N815 (names of the base class)

    def _value(self, node: Any) -> Any:
        text = ast.unparse(node)
        self.generic_visit(node)
        node.value = self._hooked(_turned, node.value, text)
        return node

    visit_YieldFrom = _value  # noqa: N815

    def visit_Starred(self, node: ast.Starred) -> Any:
        return self._value(node) if isinstance(node.ctx, ast.Load) else self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> Any:
        apart = all(isinstance(target, ast.Tuple | ast.List) for target in node.targets)
        return self._value(node) if apart else self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        text = ast.unparse(node)
        self.generic_visit(node)
        # To look at any other target could have effects.
        if isinstance(node.op, ast.Add) and isinstance(node.target, ast.Name):
            target = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.value)
            pair = ast.Tuple([target, node.value], ast.Load())
            node.value = self._hooked(_added, ast.copy_location(pair, node.value), text)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        text = f"f'{ast.unparse(node)}'"
        self.generic_visit(node)
        if node.format_spec is None:
            node.value = self._hooked(_text, node.value, text)
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        text = ast.unparse(node)
        self.generic_visit(node)
        # The compiler must see `super()` to provide what it needs.
        if not (isinstance(node.func, ast.Name) and node.func.id == "super"):
            node.func = self._hooked(_callee, node.func, text)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        # Objects made before must still be found in sets and dictionaries.
        return node if node.name == "__hash__" else self.generic_visit(node)


def _mark(hook: Callable[[str, Any], Any]) -> str:
    return f"\0hook {hook.__name__}"


_HOOKS = {_mark(hook): hook for hook in (_turned, _turned_each, _added, _text, _callee)}


def _bound(code: CodeType) -> CodeType:
    """`code` with the hooks in place of their marks."""
    constants: list[Any] = []
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            constants.append(_bound(constant))
        else:
            is_mark = type(constant) is str and constant in _HOOKS
            constants.append(_HOOKS[constant] if is_mark else constant)
    return code.replace(co_consts=tuple(constants))


def _nested(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _nested(constant)


class _Source(NamedTuple):
    """A module: its imports, and its statements, each with its first line."""

    imports: list[ast.stmt]
    statements: list[tuple[int, ast.stmt]]


@functools.lru_cache(maxsize=64)
def _source(text: str) -> _Source:
    """The parts of a module; none if the text is no module."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they were shown when the module was loaded
            body = ast.parse(text).body
    except (SyntaxError, ValueError):
        body = []
    starts = [
        min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        for node in body
    ]
    return _Source(list(_imports(body)), list(zip(starts, body, strict=True)))


def _imports(nodes: Iterable[ast.AST]) -> Iterator[ast.stmt]:
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            yield from _imports(ast.iter_child_nodes(node))


@functools.lru_cache(maxsize=1024)
def _twins(text: str, number: int, filename: str, flags: int) -> list[tuple[CodeType, CodeType]]:
    """Every function in a statement of a module: its code, and that with hooks."""
    source = _source(text)
    statement = source.statements[number][1]
    instrumented = _Instrumenter(filename).visit(copy.deepcopy(statement))
    # The compiler treats names differently that the module imports.
    plain, hooked = (
        _compiled(ast.Module(body=[*source.imports, node], type_ignores=[]), filename, flags)
        for node in (statement, instrumented)
    )
    return list(zip(_nested(plain), _nested(_bound(hooked)), strict=True))


def _compiled(module: ast.Module, filename: str, flags: int) -> CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constant that is called will be a hook
        return cast("CodeType", compile(module, filename, "exec", flags, dont_inherit=True))


_FUTURES = functools.reduce(
    int.__or__, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)
_ORIGINALS: dict[int, tuple[CodeType, CodeType]] = {}


def original(code: CodeType) -> CodeType:
    """The code that `code` is the twin of, or `code` itself."""
    return _ORIGINALS[id(code)][1] if id(code) in _ORIGINALS else code


def twin_of(function: FunctionType) -> CodeType | None:
    """The code of a function with hooks; None if there is no source that it comes from."""
    code = original(function.__code__)
    text = "".join(linecache.getlines(code.co_filename, function.__globals__))
    line = code.co_firstlineno
    for number, (first, statement) in enumerate(_source(text).statements):
        if first <= line <= (statement.end_lineno or first):
            flags = code.co_flags & _FUTURES
            pairs = _twins(text, number, code.co_filename, flags)
            return _among(pairs, code, rewritten="@pytest_ar" in function.__globals__)
    return None


def _among(
    pairs: list[tuple[CodeType, CodeType]], code: CodeType, *, rewritten: bool
) -> CodeType | None:
    found = [twin for plain, twin in pairs if plain == code]
    if rewritten and not found:
        # A test runner rewrites asserts as it imports: the code is of this source, but longer.
        found = [twin for plain, twin in pairs if _head(plain) == _head(code)]
    if not found:
        return None
    _ORIGINALS[id(found[0])] = (found[0], code)
    for inner, twin in zip(_nested(code), _nested(found[0]), strict=False):
        _ORIGINALS[id(twin)] = (twin, inner)
    return found[0]


def _head(code: CodeType) -> tuple[object, ...]:
    arguments = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[:arguments]
    return code.co_qualname, code.co_firstlineno, names, code.co_freevars, code.co_flags
