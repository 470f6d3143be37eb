"""What a verification found, as values; rendering them is somebody else's business."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from choir_model.lockstep.compare import Coverage
from choir_model.verify.replay import Conversation


class Verdict(Enum):
    """The four answers (a report never says more than its run has covered)."""

    HOLDS = "within what was covered"
    VIOLATED = "reference and real thing differ, or a property does not hold"
    UNREACHED = "something that should occur never did"
    UNKNOWN = "the run was cut short"


@dataclass(frozen=True, slots=True)
class MachineRun:
    """One lockstep machine: commands executed on both sides, and what they reached.

    `expected` is the number of refusals and events (of sagas, for the system machine) that
    should occur, `missing` are those that did not within the budget.
    """

    name: str
    coverage: Coverage
    seconds: float
    expected: int
    missing: tuple[str, ...]
    verdict: Verdict

    @property
    def rate(self) -> float:
        """Commands per second."""
        return self.coverage.steps / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class FailureReport:
    """What failed first: the least command sequence found, and both sides as a diff."""

    where: str
    kind: str
    message: str
    commands: tuple[str, ...] = ()
    diff: str = ""
    replay_file: str | None = None


@dataclass(slots=True)
class Report:
    """A whole run.  Seed, versions and design are its identity."""

    seed: int
    steps: int
    design: dict[str, str]
    versions: dict[str, str]
    conversations: list[Conversation] = field(default_factory=list)
    machines: list[MachineRun] = field(default_factory=list)
    failure: FailureReport | None = None
    unfinished: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Of the whole run."""
        if self.failure is not None:
            return Verdict.VIOLATED
        if self.unfinished is not None:
            return Verdict.UNKNOWN
        return Verdict.HOLDS

    @property
    def exit_code(self) -> int:
        """0 holds, 1 violated, 3 could not finish."""
        return {Verdict.HOLDS: 0, Verdict.VIOLATED: 1}.get(self.verdict, 3)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {
            "tool": "choir verify",
            "verdict": self.verdict.name,
            "seed": self.seed,
            "steps": self.steps,
            "design": self.design,
            "versions": self.versions,
            "conversations": [dataclasses.asdict(c) for c in self.conversations],
            "machines": [_machine(m) for m in self.machines],
            "failure": dataclasses.asdict(self.failure) if self.failure else None,
            "unfinished": self.unfinished,
        }


def _machine(run: MachineRun) -> dict[str, Any]:
    coverage = run.coverage
    return {
        "name": run.name,
        "verdict": run.verdict.name,
        "steps": coverage.steps,
        "examples": coverage.examples,
        "seconds": round(run.seconds, 3),
        "steps_per_second": round(run.rate, 1),
        "expected": run.expected,
        "missing": list(run.missing),
        "commands": dict(sorted(coverage.commands.items())),
        "refusals": dict(sorted(coverage.refusals.items())),
        "events": dict(sorted(coverage.events.items())),
        "situations": dict(sorted(coverage.situations.items())),
    }
