"""Where mutants of the on-chain program are built, and who looks at them."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from adversary_siege import adversary
from program_mutants import SOURCES, Mutant

from choir_model.adapters.hostile_litesvm import HostileLiteSvm
from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.lockstep.adversary import Breached
from choir_model.lockstep.adversary_attacks import FAMILIES
from choir_model.lockstep.adversary_stories import OLDEST
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.ledger import deal_and_run, ledger_pair
from choir_model.lockstep.running import Budget, Failure
from choir_model.ports.ledger import LedgerPort, UnregisteredRefusal
from choir_model.program.designs import design_of

PROGRAM = SOURCES.parent
RUSTC, CARGO = Path("/usr/bin/rustc"), Path("/usr/bin/cargo")
BUDGET = Budget(seed=1, steps=1500)
"""Deck included; what is not caught by then counts as not caught."""


HOSTILE = (("other payees", 1500), *((family, 250) for family in FAMILIES))
"""Hostile transactions by family; a mutant not caught by then is not caught by the adversary."""


class BuildFailed(RuntimeError):
    """A mutant that does not compile is none."""


def missing_tool() -> Path | None:
    """The first file of the tool chain of ``programs/choir/setup.sh`` that is not there."""
    check = _rebuild_check()
    needed = (RUSTC, CARGO, check.LINKER, check.LIBRARY)
    return next((path for path in needed if not path.exists()), None)


def _rebuild_check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rebuild_check", PROGRAM / "rebuild_check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Workshop:
    """A copy of the program in a folder of its own; one mutant at a time is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(PROGRAM, folder, ignore=shutil.ignore_patterns("target"))
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._built: dict[Mutant, Future[bytes]] = {}

    def original(self) -> bytes:
        """The program as it is."""
        return self._pool.submit(self._build).result()

    def take(self, wanted: Mutant, following: Sequence[Mutant]) -> bytes:
        """The program with the mistake; meanwhile the next ones are built."""
        for mutant in (wanted, *following):
            if mutant not in self._built:
                self._built[mutant] = self._pool.submit(self._build, mutant)
        return self._built[wanted].result()

    def unit_tests_pass(self, mutant: Mutant) -> bool:
        """Whether ``cargo test`` finds nothing wrong with the mutant."""
        return self._pool.submit(self._unit_tests, mutant).result()

    def close(self) -> None:
        """Forget what is being built."""
        self._pool.shutdown(cancel_futures=True)

    def _build(self, mutant: Mutant | None = None) -> bytes:
        with _changed(self.folder, mutant):
            run = subprocess.run(
                [self.folder / "build.sh"], capture_output=True, text=True, check=False
            )
        if run.returncode:
            raise BuildFailed(f"{mutant}: {run.stdout}{run.stderr}")
        return (self.folder / "target" / "deploy" / "choir.so").read_bytes()

    def _unit_tests(self, mutant: Mutant) -> bool:
        environment = {**os.environ, "CARGO_TARGET_DIR": str(self.folder / "target" / "host")}
        command = ["cargo", "test", "--locked", "--lib", "--quiet"]
        with _changed(self.folder, mutant):
            run = subprocess.run(
                command,
                cwd=self.folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        if run.returncode and "test result: FAILED" not in run.stdout:
            raise BuildFailed(f"{mutant}: {run.stdout}{run.stderr}")
        return run.returncode == 0


class _changed:  # noqa: N801 (used like a function)
    """The mutant's text in the copy; the right one again when the block is left."""

    def __init__(self, folder: Path, mutant: Mutant | None) -> None:
        self.file = folder / "src" / mutant.file if mutant else None
        self.mutant = mutant

    def __enter__(self) -> None:
        if self.mutant and self.file:
            self.right = self.file.read_text("utf-8")
            self.file.write_text(self.mutant.applied(), "utf-8")

    def __exit__(self, *_: object) -> None:
        if self.file:
            self.file.write_text(self.right, "utf-8")


# Who looks at a mutant.  Each answers with the commands it took, or None where it sees nothing.


def by_lockstep(program: bytes, choices: str) -> int | None:
    """Deck and machine under the design of these choices."""
    coverage = Coverage()
    pair = ledger_pair(partial(LiteSvmLedger, program), coverage)
    try:
        deal_and_run(pair, design_of(choices.split()), BUDGET, minimised=False)
    except Failure:
        return coverage.steps
    return None


def by_adversary(program: bytes) -> int | None:
    """Random hostile transactions, in worlds of many designs."""
    real = HostileLiteSvm(program, unix_timestamp=OLDEST)
    try:
        attacker = adversary(real)
    except Exception:  # noqa: BLE001 (its worlds cannot even be prepared)
        return 1
    try:
        for family, transactions in HOSTILE:
            attacker.run(BUDGET.seed, transactions, (family,))
    except (Breached, UnregisteredRefusal):
        return attacker.transactions
    return None


def function_of(name: str) -> Any:
    """The test ``module.function``."""
    module, _, function = name.partition(".")
    return getattr(importlib.import_module(module), function)


def by_test(program: bytes, name: str) -> int | None:
    """An existing test, on the mutant instead of the real program."""
    for number, check in enumerate(cases_of(function_of(name), partial(LiteSvmLedger, program))):
        try:
            check()
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 (however it notices)
            return number + 1
    return None


def cases_of(test: Any, make: Callable[[], LedgerPort]) -> Iterator[Callable[[], None]]:
    """The test once for each combination of its parameters, but for the ledger."""
    cases: list[dict[str, object]] = [{"make": make}]
    for mark in (m for m in getattr(test, "pytestmark", ()) if m.name == "parametrize"):
        names, given = mark.args[0], list(mark.args[1])
        if names == "make":
            continue
        if isinstance(names, str):
            names, given = (names,), [(value,) for value in given]
        rows = [getattr(value, "values", value) for value in given]
        cases = [{**case, **dict(zip(names, row, strict=True))} for case in cases for row in rows]
    return (partial(test, **case) for case in cases)
