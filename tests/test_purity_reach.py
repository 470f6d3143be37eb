"""Perturbed runs: which functions are perturbed, and that they are otherwise what they were."""

# ruff: noqa: PLC3002, PLW0108, RUF005, RUF015 (all ways of iterating are tested)

from __future__ import annotations

import functools
import importlib
import linecache
import operator
import pkgutil
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from choir_model import ledger, zoo
from choir_model.engine import instrument
from choir_model.engine.purity import perturbed

NAMES = frozenset({"anna", "bert", "cleo", "dora"})
PAIRS = ({"a", "b"}, {"c", "d"})


def loop() -> list[str]:
    found = []
    for name in NAMES:
        found.append(name)  # noqa: PERF402 (a loop is what is tested)
    return found


def helper(names: frozenset[str]) -> str:
    return next(iter(names))


def recursive(names: frozenset[str], depth: int) -> str:
    return helper(names) if depth == 0 else recursive(names, depth - 1)


class Helper:
    held = staticmethod(helper)

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def method(self) -> str:
        return [*self.names][0]

    @property
    def attribute(self) -> str:
        return next(iter(self.names))

    @functools.cached_property
    def kept(self) -> str:
        return next(iter(self.names))

    @classmethod
    def of_class(cls) -> str:
        return next(iter(NAMES))

    def __call__(self) -> str:
        return self.method()

    def __add__(self, other: object) -> str:
        return tuple(self.names)[0]


class Heir(Helper):
    def method(self) -> str:
        return super().method()


def keeping_it_plain(fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def wrapper(*args: Any) -> Any:
        return fn(*args)

    return wrapper


@keeping_it_plain
def decorated() -> str:
    return next(iter(NAMES))


def closing_over(fn: Callable[..., Any]) -> Callable[[], Any]:
    return lambda: fn(NAMES)


def with_default(fn: Callable[..., Any] = helper) -> Any:
    return fn(NAMES)


def with_named_default(*, fn: Callable[..., Any] = helper) -> Any:
    return fn(NAMES)


def dispatched(key: str) -> Any:
    return TABLE[key](NAMES)


def making_functions() -> Any:
    def inner() -> str:
        return (lambda: next(iter(NAMES)))()

    return inner()


TABLE = {"first": helper}
HELPER = Helper(NAMES)


@pytest.mark.parametrize(
    "fn",
    [
        pytest.param(lambda: helper(NAMES), id="a global function"),
        pytest.param(lambda: recursive(NAMES, 3), id="a recursive one"),
        pytest.param(lambda: Helper(NAMES).method(), id="a method"),
        pytest.param(lambda: Heir(NAMES).method(), id="an inherited method"),
        pytest.param(lambda: Helper(NAMES).attribute, id="a property"),
        pytest.param(lambda: Helper(NAMES).kept, id="a cached property"),
        pytest.param(lambda: Helper.held(NAMES), id="a static method"),
        pytest.param(lambda: Helper.of_class(), id="a class method"),
        pytest.param(lambda: HELPER + 1, id="an operator of an object"),
        pytest.param(lambda: [*map(helper, [NAMES])], id="a function that C calls"),
        pytest.param(lambda: dispatched("first"), id="a function in a table"),
        pytest.param(closing_over(helper), id="a closed-over function"),
        pytest.param(closing_over(Helper.held), id="a closed-over static method"),
        pytest.param(with_default, id="a default"),
        pytest.param(with_named_default, id="a named default"),
        pytest.param(decorated, id="a decorated function"),
        pytest.param(functools.partial(helper, NAMES), id="a partial"),
        pytest.param(functools.partial(with_default, fn=helper), id="a partial with names"),
        pytest.param(HELPER.method, id="a bound method"),
        pytest.param(HELPER, id="a callable object"),
        pytest.param(making_functions, id="functions made while running"),
    ],
)
def test_functions_are_found_wherever_they_are(fn: Callable[[], Any]) -> None:
    again = perturbed(fn)
    assert again() != fn()
    assert again.sites
    assert again() != fn()


def failing(names: frozenset[str]) -> None:
    for name in names:
        raise KeyError(name)


def iterating_a_number() -> None:
    for _ in NUMBER:
        pass


def unpacking_a_number() -> None:
    for _, _ in NUMBER:
        pass


def unpacking_too_few() -> None:
    _one, _two = TOO_FEW


def calling_wrongly() -> None:
    len(1, 2)  # type: ignore[arg-type, call-arg]


NUMBER: Any = 5
TOO_FEW = [1]


@pytest.mark.parametrize(
    "fn",
    [iterating_a_number, unpacking_a_number, unpacking_too_few, calling_wrongly],
    ids=lambda fn: fn.__name__,
)
def test_exceptions_are_the_same_and_come_from_the_same_line(fn: Callable[[], Any]) -> None:
    raised = []
    for run in (fn, perturbed(fn)):
        with pytest.raises((TypeError, ValueError)) as caught:
            run()
        frames = traceback.extract_tb(caught.value.__traceback__)
        last = [frame for frame in frames if frame.filename == __file__][-1]
        raised.append((type(caught.value), str(caught.value), last.lineno, last.line, last.name))
    assert raised[0] == raised[1]


def codes() -> list[object]:
    return [fn.__code__ for fn in (loop, helper, failing, recursive)]


def test_afterwards_everything_is_as_before() -> None:
    before = codes()
    perturbed(loop)()
    perturbed(recursive)(NAMES, 2)
    with pytest.raises(KeyError):
        perturbed(failing)(NAMES)
    assert codes() == before
    assert instrument.REVERSING == {}
    assert loop() == list(NAMES)


def test_another_thread_sees_the_usual_order() -> None:
    found: dict[str, object] = {}

    def both() -> None:
        found["here"] = helper(NAMES)
        thread = threading.Thread(target=lambda: found.update(there=helper(NAMES)))
        thread.start()
        thread.join()

    perturbed(both)()
    assert found == {"here": list(NAMES)[-1], "there": next(iter(NAMES))}


def test_a_perturbed_run_within_another_ends_no_other() -> None:
    def outer() -> list[str]:
        inner = perturbed(loop)()
        return [*inner, helper(NAMES)]

    usual = list(NAMES)
    assert perturbed(outer)() == [*reversed(usual), usual[-1]]


def calling_what_is_replaced() -> str:
    return replaced()


def replaced() -> str:
    return "old"


def test_later_changes_of_globals_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    again = perturbed(calling_what_is_replaced)
    assert again() == "old"
    monkeypatch.setitem(globals(), "replaced", lambda: next(iter(NAMES)))
    assert again() == next(iter(NAMES))  # the new function is called, as it is
    fresh = perturbed(calling_what_is_replaced)
    assert fresh is not again
    assert fresh() == list(NAMES)[-1]


def test_each_function_is_prepared_once() -> None:
    assert perturbed(loop) is perturbed(loop)
    unhashable = type("Unhashable", (Helper,), {"__hash__": None})(NAMES)
    assert perturbed(unhashable)() == list(NAMES)[-1]


def made(source: str, name: str = "made", **names: object) -> Callable[..., Any]:
    space: dict[str, Any] = {"__name__": "made_here", **names}
    exec(compile(source, f"<{name}>", "exec"), space)  # noqa: S102 (a model typed in by hand)
    function: Callable[..., Any] = space["fn"]
    return function


def test_without_its_source_a_function_runs_as_it_is() -> None:
    again = perturbed(made("def fn(names): return list(names)"))
    assert again(NAMES) == list(NAMES)
    assert again.reason == (
        "its source is not available, or has changed since it was loaded: <made>"
    )
    assert again.sites == []


def cached(name: str, source: str) -> None:
    lines = source.splitlines(keepends=True)
    linecache.cache[f"<{name}>"] = (len(source), None, lines, f"<{name}>")


def test_the_source_of_a_cell_of_a_notebook_is_found() -> None:
    source = "def fn(names):\n    return list(names)\n"
    cached("cell", source)
    again = perturbed(made(source, "cell"))
    assert again(NAMES) == list(NAMES)[::-1]
    assert again.sites == ["<cell>:2: list(names)"]


@pytest.mark.parametrize(
    "source", ["def fn(names):\n    return [*names][:1]\n", "def other(): pass\n", "def fn(", "\0"]
)
def test_source_that_has_changed_is_not_run(source: str) -> None:
    cached("stale", source)
    again = perturbed(made("def fn(names):\n    return list(names)\n", "stale"))
    assert again(NAMES) == list(NAMES)
    assert "has changed since it was loaded" in again.reason


@pytest.mark.parametrize("fn", [len, str.upper, perturbed, operator.itemgetter(0), Path.exists])
def test_what_is_not_of_the_model_runs_as_it_is(fn: Callable[..., Any]) -> None:
    assert perturbed(fn).reason == (
        "it is no function written in Python, or belongs to an installed package"
    )
    assert perturbed(len)(NAMES) == 4


def test_functions_of_other_modules_of_a_model_are_perturbed_but_not_those_of_packages() -> None:
    cached("other", "def fn(names):\n    return next(iter(names))\n")
    other = made("".join(linecache.getlines("<other>")), "other")
    fn = made(
        "def fn(names): return other(names), json.dumps(*{'a'}), pytest.approx(1)",
        other=other,
        json=__import__("json"),
        pytest=pytest,
    )
    again = perturbed(fn)
    assert [function for function, _, _ in again._twins] == [other]
    assert again(NAMES)[0] == list(NAMES)[-1]


def test_functions_are_found_through_the_modules_that_hold_them() -> None:
    cached("held", "def fn(names):\n    return next(iter(names))\n")
    package, module = ModuleType("made_here"), ModuleType("made_here.inner")
    module.fn = made("".join(linecache.getlines("<held>")), "held")  # type: ignore[attr-defined]
    package.inner = module  # type: ignore[attr-defined]
    fn = made("def fn(names): return package.inner.fn(names)", package=package)
    assert perturbed(fn)(NAMES) == list(NAMES)[-1]


def with_an_assert(names: frozenset[str]) -> list[str]:
    assert names
    return list(names)


def test_an_action_in_a_test_module_may_use_assert() -> None:
    """The test runner rewrites it, so that it is not quite what the source says."""
    assert perturbed(with_an_assert)(NAMES) == list(NAMES)[::-1]


MODULES = [
    importlib.import_module(found.name)
    for package in (zoo, ledger)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_functions_of_every_model_here_can_be_perturbed(module: ModuleType) -> None:
    functions = [fn for fn in vars(module).values() if isinstance(fn, FunctionType)]
    for fn in functions:
        if fn.__module__ == module.__name__:
            assert perturbed(fn).reason == "", fn.__qualname__


def test_two_functions_in_one_line_are_told_apart() -> None:
    pair = (lambda names: [*names], lambda names: list(names) + ["end"])
    assert [perturbed(fn)(NAMES) for fn in pair] == [
        list(NAMES)[::-1],
        [*list(NAMES)[::-1], "end"],
    ]


def hashing(card: Any) -> bool:
    return card in HELD


class Hashed:
    def __init__(self, name: str) -> None:
        self.name = name

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hashed) and self.name == other.name


HELD = {Hashed("ace")}


def test_objects_made_before_are_still_found_in_sets() -> None:
    assert perturbed(hashing)(Hashed("ace"))
