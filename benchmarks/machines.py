"""A lockstep machine under measurement, and the same machine with nothing in its rules.

Theory of operation
-------------------
The empty machine is the real one with each rule's function replaced: the rules, their
strategies and names stay.  Which rules are possible depends on preconditions, which look at
what the emptied rules would have built up.  So the real machine's run notes the answer of
every precondition, in order, and the empty one gives these answers instead of looking.

With the same seed, Hypothesis then draws exactly the same rules with the same arguments on
both sides: `Notes.drawn` says which, and the benchmark compares them.  What differs in time
is what the rules do.
"""

from __future__ import annotations

import dataclasses
import gc
import time
from collections.abc import Callable
from typing import Any

from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.running import Budget, Pair, run_machine


@dataclasses.dataclass(slots=True)
class Notes:
    """What one run drew: rules with their arguments, answers of preconditions.

    `rounds` has the numbers of commands and examples by the end of each round of examples:
    they decide whether there is another one.
    """

    drawn: list[tuple[str, dict[str, Any]]] = dataclasses.field(default_factory=list)
    answers: list[bool] = dataclasses.field(default_factory=list)
    rounds: list[tuple[int, int]] = dataclasses.field(default_factory=list)


class Idle:
    """Stands where the pair of an empty machine would; only counts, to end the run in time."""

    def __init__(self) -> None:
        self.commands: list[Any] = []
        self.coverage = Coverage()

    def apply(self, command: Any) -> Any:
        raise AssertionError(f"an empty rule executes {command}")

    def finish(self) -> None:
        pass


def time_real(machine: type[Any], pair: Pair, budget: Budget) -> tuple[float, Notes]:
    """Run the machine over its pair, which is new; seconds, and what it drew."""
    notes = Notes()

    def noting_rule(function: Callable[..., None]) -> Callable[..., None]:
        drawn, name = notes.drawn, function.__name__

        def noted(self: Any, **arguments: Any) -> None:
            drawn.append((name, arguments))
            function(self, **arguments)

        return noted

    def noting_precondition(predicate: Callable[[Any], Any]) -> Callable[[Any], bool]:
        answers = notes.answers

        def noted(self: Any) -> bool:
            answer = bool(predicate(self))
            answers.append(answer)
            return answer

        return noted

    def note_round(_: int) -> None:
        notes.rounds.append((pair.coverage.steps, pair.coverage.examples))

    altered = _altered(machine, noting_rule, noting_precondition)
    return _timed(altered, pair, budget, note_round), notes


def time_empty(machine: type[Any], real: Notes, budget: Budget) -> tuple[float, Notes]:
    """Run the machine without what its rules do, as long as a real run went on."""
    notes, idle = Notes(), Idle()
    answers = iter(real.answers)
    rounds = iter(real.rounds)

    def noting_rule(function: Callable[..., None]) -> Callable[..., None]:
        drawn, name = notes.drawn, function.__name__

        def noted(self: Any, **arguments: Any) -> None:
            drawn.append((name, arguments))

        return noted

    def answering(_: Callable[[Any], Any]) -> Callable[[Any], bool]:
        def answer(self: Any) -> bool:
            return next(answers)

        return answer

    def end_round(_: int) -> None:
        idle.coverage.steps, idle.coverage.examples = next(rounds)

    altered = _altered(machine, noting_rule, answering, teardown=lambda self: None)
    return _timed(altered, idle, budget, end_round), notes


def _altered(
    machine: type[Any],
    body: Callable[[Callable[..., None]], Callable[..., None]],
    precondition: Callable[[Callable[[Any], Any]], Callable[[Any], bool]],
    **members: Any,
) -> type[Any]:
    """The machine with other functions in its rules, which still call each other as before."""
    original = machine.setup_state()

    def altered(rule: Any) -> Any:
        function = body(rule.function)
        function.__name__ = rule.function.__name__  # Hypothesis orders and names rules by it
        asked = tuple(precondition(predicate) for predicate in rule.preconditions)
        return dataclasses.replace(rule, function=function, preconditions=asked)

    state = dataclasses.replace(
        original,
        rules=[altered(rule) for rule in original.rules],
        initializers=[altered(rule) for rule in original.initializers],
    )
    members["setup_state"] = classmethod(lambda _: state)
    return type(machine.__name__, (machine,), members)


def _timed(
    machine: type[Any], pair: Pair, budget: Budget, progress: Callable[[int], None]
) -> float:
    gc.collect()
    start = time.perf_counter()
    run_machine(machine, pair, budget, progress=progress, minimised=False)
    return time.perf_counter() - start
