"""Reports: what a check covered, what it found, and nothing beyond that.

Everything here is a function of the model and the options: two runs give equal reports.
Times and rates are no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from choir_model.engine.model import Property
from choir_model.engine.paths import Path


class Verdict(Enum):
    """What may be claimed.  HOLDS and VIOLATED speak of the model within its bounds."""

    HOLDS = "holds"
    VIOLATED = "violated"
    UNREACHED = "unreached"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one property.

    `paths` are counterexamples, or for a `sometimes` that holds, a way to its witness;
    shortest first.  `explanation` says in one sentence what they show, or why nothing
    can be said.
    """

    property: Property
    verdict: Verdict
    paths: tuple[Path, ...] = ()
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much was explored.

    `distinct` states, `generated` (initial ones and one per action instance and choice
    that fired, duplicates included), `depth` in levels (the initial level is 1), `outside`
    the generated states that a constraint excluded, `terminal` the states in which nothing
    could fire, `transitions` the fired ones that change the state.
    """

    initial: int = 0
    distinct: int = 0
    generated: int = 0
    transitions: int = 0
    depth: int = 0
    outside: int = 0
    terminal: int = 0
    expanded: int = 0
    state_bits: int = 0


@dataclass(frozen=True, slots=True)
class ActionCoverage:
    """What became of an action over all explored states and all its instances.

    `leaves` are the distinct local situations its tree tells apart, `reached` of which
    were met (all, unless the run was cut); `refused` counts by reason; `widest` is the
    greatest number of looks at the state that one decision took; `writes` are the fields
    that some instance wrote.
    """

    instances: int
    fired: int
    disabled: int
    refused: Mapping[str, int]
    leaves: int
    widest: int
    writes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """How often the purity of actions was checked by running them again.

    `elsewhere`: leaves confirmed on another state that reaches them; `again`: on the only
    state that does; `unaudited`: leaves not run again, where there are very many or an
    interrupt came; `executions` counts runs of model code, recordings and audits alike;
    `equivariance` the cases on which symmetry was checked.
    """

    leaves: int = 0
    elsewhere: int = 0
    again: int = 0
    executions: int = 0
    equivariance: int = 0
    unaudited: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check.  `stopped` says why it ended early; empty if it is complete.

    `bounds` are the sizes of sorts, the constraints and the limits; `versions` what ran.
    """

    model: str
    design: Mapping[str, str]
    bounds: Mapping[str, str]
    versions: Mapping[str, str]
    verdict: Verdict
    findings: Mapping[str, Finding]
    counts: Counts
    coverage: Mapping[str, ActionCoverage]
    audit: Audit
    stopped: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def complete(self) -> bool:
        """Whether every state within the bounds was explored."""
        return not self.stopped


SEVERITY = (Verdict.VIOLATED, Verdict.UNKNOWN, Verdict.UNREACHED, Verdict.HOLDS)
"""From worst to best: the verdict on a model is the worst of its findings'."""


def overall(findings: Mapping[str, Finding], *, complete: bool) -> Verdict:
    """The verdict on everything asked; a run that was cut short never says HOLDS."""
    verdicts = {finding.verdict for finding in findings.values()}
    if not complete and not findings:
        verdicts.add(Verdict.UNKNOWN)
    return next((v for v in SEVERITY if v in verdicts), Verdict.HOLDS)
