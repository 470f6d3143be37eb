"""Comparison: what a disagreement is, and what a run has covered."""

from __future__ import annotations

import difflib
import pprint
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Pair: TypeAlias = tuple[str, str]
"""An instruction, and a refusal or event of it, by their names."""


class Disagreement(AssertionError):
    """Reference and real thing differ after a command.

    `command` is what was executed, `aspect` what differs, `reference` and `real` are the
    two sides as values whose `pprint` text is worth reading.
    """

    def __init__(self, command: object, aspect: str, reference: object, real: object) -> None:
        self.command = command
        self.aspect = aspect
        self.reference = reference
        self.real = real
        super().__init__(f"{aspect} after {command}\n{self.diff()}")

    def diff(self) -> str:
        """Both sides as a unified diff."""
        reference, real = (
            pprint.pformat(side, width=96).splitlines() for side in (self.reference, self.real)
        )
        lines = difflib.unified_diff(reference, real, "reference", "real", lineterm="", n=2)
        return "\n".join(lines) or "(equal when printed)"


class Violation(AssertionError):
    """A property does not hold in the system driven, on which both sides agree."""

    def __init__(self, command: object, clause: str, what: str) -> None:
        self.command = command
        self.clause = clause
        self.what = what
        super().__init__(f"{clause} violated after {command}: {what}")


def kind_of(error: Exception) -> tuple[object, ...]:
    """What kind of failure an error is: a smaller sequence must fail in the same way."""
    if isinstance(error, Violation):
        return "violation", error.clause
    if not isinstance(error, Disagreement):
        return (type(error).__name__,)
    if error.aspect != "outcome":
        return "disagreement", error.aspect
    return "disagreement", *(_head(side) for side in (error.reference, error.real))


def _head(outcome: Any) -> object:
    """Of an outcome: that it was confirmed, or with which reason it was rejected."""
    return outcome if outcome[0] == "Rejected" else outcome[0]


def agree(command: object, aspect: str, reference: object, real: object) -> None:
    """Raise `Disagreement` unless both sides are equal."""
    if reference != real:
        raise Disagreement(command, aspect, reference, real)


@dataclass(slots=True)
class Coverage:
    """What a run has reached: how often each command, refusal and event occurred.

    A model that never reaches its interesting states proves nothing, so runs print these
    and tests assert them to be above zero.  `refused` and `emitted` count refusals and events
    by instruction as well: one that every instruction can refuse with is easily met by one.
    """

    steps: int = 0
    examples: int = 0
    commands: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    situations: Counter[str] = field(default_factory=Counter)
    refused: Counter[Pair] = field(default_factory=Counter)
    emitted: Counter[Pair] = field(default_factory=Counter)

    def refuse(self, instruction: str, refusal: str) -> None:
        """Count that an instruction was refused for this reason."""
        self.refusals[refusal] += 1
        self.refused[instruction, refusal] += 1

    def emit(self, instruction: str, event: str) -> None:
        """Count that an instruction emitted this event."""
        self.events[event] += 1
        self.emitted[instruction, event] += 1

    @property
    def pairs(self) -> frozenset[Pair]:
        """Every instruction with each refusal and event of it that occurred."""
        return frozenset(self.refused) | frozenset(self.emitted)

    def missing(self, refusals: Iterable[str] = (), events: Iterable[str] = ()) -> set[str]:
        """Those of the expected refusals and events that never occurred."""
        return (set(refusals) - set(self.refusals)) | (set(events) - set(self.events))

    def add(self, other: Coverage) -> None:
        """Count what another run has reached as well."""
        self.steps += other.steps
        self.examples += other.examples
        for mine, theirs in (
            (self.commands, other.commands),
            (self.refusals, other.refusals),
            (self.events, other.events),
            (self.situations, other.situations),
        ):
            mine.update(theirs)
        self.refused.update(other.refused)
        self.emitted.update(other.emitted)
