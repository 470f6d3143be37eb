"""Running a machine: seeded rounds up to a budget, and what is left of a failure.

Theory of operation
-------------------
Hypothesis generates; the machine turns each rule into commands, which are plain values,
and a **pair** executes them on both sides.  A run consists of rounds of a few examples
with successive seeds, until the pair has executed enough commands; so the same seed and
budget give the same run, and progress can be told between examples.

When a command fails, the commands of that example are minimised by executing ever smaller
parts of them again (delta debugging): they are values, so any part of them is a run of
its own.  `Failure` holds what remains and the error it ends in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from choir_model.lockstep.compare import Coverage, kind_of

EXAMPLES_PER_ROUND = 25
FEWEST_EXAMPLES = 5
"""In a round: the first examples Hypothesis generates are the plainest ones."""
STEPS_PER_EXAMPLE = 40
MINIMISING_SECONDS = 30.0
"""Minimising stops here; what has been reached by then still fails."""

Progress: TypeAlias = Callable[[int], None]
"""Called after each example with the number of commands executed so far."""


class Pair(Protocol):
    """Two sides in lockstep.  The first command of a sequence says where it begins."""

    commands: list[Any]
    coverage: Coverage

    def apply(self, command: Any) -> Any:
        """Execute a command on both sides; raises where they differ."""

    def finish(self) -> None:
        """Compare what is too costly to compare after every command."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a run is: at least `steps` commands, from `seed` on."""

    seed: int
    steps: int


class Failure(Exception):
    """A run failed: the least command sequence found that fails, and how it ends."""

    def __init__(self, commands: list[Any], cause: Exception, original: int) -> None:
        self.commands = commands
        self.cause = cause
        self.original = original
        lines = "\n".join(f"  {n}. {command}" for n, command in enumerate(commands, 1))
        super().__init__(f"{len(commands)} of {original} commands fail:\n{lines}\n{cause}")


def run_machine(
    machine: type[Any],
    pair: Pair,
    budget: Budget,
    *,
    progress: Progress | None = None,
    minimised: bool = True,
) -> None:
    """Run the machine over the pair until the budget is used; raises `Failure`."""
    from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
    from hypothesis.stateful import run_state_machine_as_test

    chosen = settings(
        stateful_step_count=STEPS_PER_EXAMPLE,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        derandomize=False,
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    steps, examples, number = pair.coverage.steps, pair.coverage.examples, 0
    while (done := pair.coverage.steps - steps) < budget.steps:
        seed(f"{budget.seed}/{number}")(machine)
        number += 1
        run = pair.coverage.examples - examples
        needed = run * (budget.steps - done) // done + 1 if done else budget.steps // 20
        count = max(FEWEST_EXAMPLES, min(needed, EXAMPLES_PER_ROUND))
        try:
            with _whatever_is_loaded():
                run_state_machine_as_test(machine, settings=settings(chosen, max_examples=count))
        except Exception as error:
            commands = list(pair.commands)
            if not commands:
                raise
            if not minimised:
                raise Failure(commands, error, len(commands)) from error
            raise minimise(pair, commands) or Failure(commands, error, len(commands)) from error
        if progress is not None:
            progress(pair.coverage.steps - steps)


@contextmanager
def _whatever_is_loaded() -> Iterator[None]:
    """The same seed gives the same run, whatever modules this process has loaded.

    Hypothesis also draws constants that it finds in the source of loaded modules of the user,
    so that a seed meant something else in a test session than on the command line.
    """
    from hypothesis.internal.conjecture import providers

    usual = providers._get_local_constants  # noqa: SLF001 (there is no setting for it)
    none = providers.GLOBAL_CONSTANTS.__class__()
    providers._get_local_constants = lambda: none  # noqa: SLF001
    providers.CONSTANTS_CACHE.cache.clear()
    try:
        yield
    finally:
        providers._get_local_constants = usual  # noqa: SLF001
        providers.CONSTANTS_CACHE.cache.clear()


def replay(pair: Pair, commands: list[Any]) -> Exception | None:
    """Execute commands; the error they end in, if any."""
    try:
        for command in commands:
            pair.apply(command)
        pair.finish()
    except Exception as error:  # noqa: BLE001 (whatever goes wrong is what is looked for)
        return error
    return None


def minimise(pair: Pair, commands: list[Any]) -> Failure | None:
    """The least part of `commands` found that still fails; None if they do not fail again.

    The first command is always kept: it says where the sequence begins.
    """
    cause = replay(pair, commands)
    if cause is None:
        return None
    kind = kind_of(cause)
    until = time.monotonic() + MINIMISING_SECONDS
    head, kept = commands[0], list(pair.commands[1:])
    size = max(1, len(kept) // 2)
    while size and time.monotonic() < until:
        position = 0
        while position < len(kept):
            part = kept[:position] + kept[position + size :]
            error = replay(pair, [head, *part])
            if error is not None and kind_of(error) == kind:
                kept, cause = list(pair.commands[1:]), error
            else:
                position += size
        size //= 2
    assert cause is not None
    return Failure([head, *kept], cause, len(commands))
