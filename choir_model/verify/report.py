"""What a verification found, as values; rendering them is somebody else's business.

The JSON report
---------------
`Report.to_dict` is what ``choir verify --json`` writes: one object, all fields always there.

=================  ========================================================================
field              content
=================  ========================================================================
tool               ``"choir verify"``
verdict            ``"HOLDS"``, ``"VIOLATED"`` or ``"UNKNOWN"``: exit status 0, 1, 3
seed · steps       as given
ledger · program   the ledger references are compared with, and the SHA-256 of its program
design · versions  objects of text
conversations      those replayed to their end: path, title, commands (lines), steps, records
                   on the ledger, stored (records whose content is in the store unharmed),
                   the audit of all tokens: CHOIR as decimal text, because JSON numbers get
                   rounded by many readers; its design, and how many lines went otherwise
                   than a log expects that was written for another design
machines           those run: name, verdict (``"UNREACHED"`` too), steps, examples, seconds,
                   steps_per_second, expected (situations that should occur), missing, and
                   counters: commands, refusals, events, situations
failure            null, or where, kind (``"disagreement"``, ``"violation"`` or
                   ``"expectation"``), message, commands, diff, replay_file, unwritten
replayed           null, or the failure file executed again: path, where, message, seed,
                   number of commands, and what it was found with where that differs
unfinished         null, or why the run was cut short
=================  ========================================================================
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from choir_model.lockstep.compare import Coverage
from choir_model.verify.commands import format_amount
from choir_model.verify.replay import Conversation

SHOWN = 12
"""Characters of a SHA-256 that are shown to people."""


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
    """What failed first: the least command sequence found, and both sides as a diff.

    `replay_file` executes it again, with `options`; `unwritten` says why there is none.
    """

    where: str
    kind: str
    message: str
    commands: tuple[str, ...] = ()
    diff: str = ""
    replay_file: str | None = None
    unwritten: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replayed:
    """A failure file that was executed again: what it says had failed, and how much it holds.

    `differs` says what it was found with where that is not what it is executed with.
    """

    path: str
    where: str
    message: str
    seed: int
    commands: int
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tested:
    """The ledger that references are compared with.

    `ledger` is its name and `program` the SHA-256 of the program it runs; `options` are those
    of the command line that choose both again, `versions` what only this ledger depends on.
    """

    ledger: str
    program: str
    options: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """A whole run.  Seed, ledger, program, versions and design are its identity.

    `crash` is the exception of an error of ours, which is no finding about the system.
    """

    seed: int
    steps: int
    tested: Tested
    design: dict[str, str]
    versions: dict[str, str]
    conversations: list[Conversation] = field(default_factory=list)
    machines: list[MachineRun] = field(default_factory=list)
    failure: FailureReport | None = None
    replayed: Replayed | None = None
    unfinished: str | None = None
    crash: Exception | None = None

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
            "ledger": self.tested.ledger,
            "program": self.tested.program,
            "design": self.design,
            "versions": self.versions,
            "conversations": [_conversation(c) for c in self.conversations],
            "machines": [_machine(m) for m in self.machines],
            "failure": dataclasses.asdict(self.failure) if self.failure else None,
            "replayed": dataclasses.asdict(self.replayed) if self.replayed else None,
            "unfinished": self.unfinished,
        }


def _conversation(found: Conversation) -> dict[str, Any]:
    amounts = {**dataclasses.asdict(found.audit), "burned": found.audit.burned}
    audit = {place: format_amount(amount) for place, amount in amounts.items()}
    return {**dataclasses.asdict(found), "audit": audit}


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
