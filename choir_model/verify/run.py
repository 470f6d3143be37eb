"""A verification: conversations replayed, then the lockstep machines, then a report.

Theory of operation
-------------------
Everything the user named is read and opened first (`Inputs`), so that bad input stops the
run before anything happened.  Then stage follows stage; each tells its progress to a
`Listener`.  The first disagreement ends the run, minimised and written to a file; an
interruption ends it with the verdict UNKNOWN and what was done until then.
"""

from __future__ import annotations

import dataclasses
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from choir_model import __version__
from choir_model.content.port import ReferenceContent
from choir_model.ledger.cells import DEFAULT_DESIGN
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import Cast
from choir_model.lockstep.compare import Coverage, Disagreement, Violation
from choir_model.lockstep.content import CONTENT_ANSWERS, CONTENT_REFUSALS
from choir_model.lockstep.content import machine_for as content_machine_for
from choir_model.lockstep.content_pair import ContentPair
from choir_model.lockstep.ledger import LEDGER_EVENTS, LEDGER_REFUSALS, machine_for
from choir_model.lockstep.ledger_pair import LedgerPair
from choir_model.lockstep.running import Budget, Failure, Pair, minimise, replay, run_machine
from choir_model.lockstep.system import SAGAS, system_machine_for
from choir_model.lockstep.system_pair import SystemPair
from choir_model.ports.content import ContentPort, StoreError
from choir_model.ports.ledger import EngineUnavailable, LedgerPort
from choir_model.verify.failure import FailureFile, Machine, write_failure
from choir_model.verify.log import Log
from choir_model.verify.people import People
from choir_model.verify.replay import Replay, Unexpected, users_of
from choir_model.verify.report import FailureReport, MachineRun, Report, Verdict

SHARES: dict[Machine, float] = {"ledger": 0.5, "content": 0.2, "system": 0.3}
"""How the budget of steps is divided among the machines."""


class Listener(Protocol):
    """Hears how far a run is."""

    def stage(self, name: str, total: int) -> None:
        """A stage of `total` units begins."""

    def done(self, units: int) -> None:
        """So many units of the stage are done."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run works on: engines that were opened, logs that were read.

    `ledger` makes a fresh ledger; `store` is one store, emptied again and again.
    """

    ledger: Callable[[], LedgerPort]
    store: ContentPort
    logs: tuple[Log, ...]
    seed: int
    steps: int
    failure_file: Path


class Stop(Exception):
    """The first failure, as it is reported."""

    def __init__(self, report: FailureReport) -> None:
        super().__init__(report.message)
        self.report = report


def verify(inputs: Inputs, listener: Listener) -> Report:
    """Replay the logs and run the machines; never raises for what they find."""
    report = Report(inputs.seed, inputs.steps, design(), versions())
    try:
        for log in inputs.logs:
            _converse(inputs, log, report, listener)
        for machine, share in SHARES.items():
            if inputs.steps:
                _lockstep(inputs, machine, round(inputs.steps * share), report, listener)
    except Stop as stop:
        report.failure = stop.report
    except KeyboardInterrupt:
        report.unfinished = "interrupted"
    except (StoreError, EngineUnavailable) as error:
        report.unfinished = str(error)
    return report


def design() -> dict[str, str]:
    """The ledger's design variants, by name."""
    fields = dataclasses.fields(DEFAULT_DESIGN)
    return {f.name: getattr(DEFAULT_DESIGN, f.name).name.lower() for f in fields}


def versions() -> dict[str, str]:
    """Versions of everything a result depends on."""
    packages = ("solders", "qdrant-edge-py", "hypothesis")
    found = {"choir-model": __version__, "python": platform.python_version()}
    return found | {package: version(package) for package in packages}


def _converse(inputs: Inputs, log: Log, report: Report, listener: Listener) -> None:
    listener.stage(Path(log.path).stem, len(log.commands))
    users, coverage = users_of(log), Coverage()
    pair = pair_for("system", users, inputs.ledger(), inputs.store, coverage)
    assert isinstance(pair, SystemPair)
    assert isinstance(pair.ledgers.cast, People)
    try:
        found = Replay(log, pair, pair.ledgers.cast).run(listener.done)
    except Unexpected as error:
        raise Stop(FailureReport(log.path, "expectation", str(error))) from None
    except (Disagreement, Violation) as error:
        commands = list(pair.commands)
        failure = minimise(pair, commands) or Failure(commands, error, len(commands))
        raise _stop(inputs, log.path, "system", users, failure) from None
    finally:
        pair.ledgers.real.close()
    report.conversations.append(found)


def _lockstep(
    inputs: Inputs, machine: Machine, steps: int, report: Report, listener: Listener
) -> None:
    listener.stage(f"{machine} machine", steps)
    coverage, start = Coverage(), time.perf_counter()
    ledger = inputs.ledger()
    pair = pair_for(machine, None, ledger, inputs.store, coverage)
    budget = Budget(seed=inputs.seed, steps=steps)

    def summary(verdict: Verdict) -> MachineRun:
        expected = EXPECTED[machine]
        reached = {*coverage.refusals, *coverage.events, *coverage.situations}
        missing = tuple(sorted(expected - reached))
        seconds = time.perf_counter() - start
        if verdict is Verdict.HOLDS and missing:
            verdict = Verdict.UNREACHED
        return MachineRun(machine, coverage, seconds, len(expected), missing, verdict)

    try:
        run_machine(generator_for(machine, pair), pair, budget, progress=listener.done)
    except Failure as failure:
        if isinstance(failure.cause, StoreError | EngineUnavailable):
            raise failure.cause from None
        report.machines.append(summary(Verdict.VIOLATED))
        raise _stop(inputs, f"{machine} machine", machine, None, failure) from None
    except KeyboardInterrupt:
        report.machines.append(summary(Verdict.UNKNOWN))
        raise
    finally:
        ledger.close()
    report.machines.append(summary(Verdict.HOLDS))


def pair_for(
    machine: Machine,
    users: tuple[str, ...] | None,
    ledger: LedgerPort,
    store: ContentPort,
    coverage: Coverage,
) -> Pair:
    """The pair a machine, or a conversation of `users`, is run on."""
    stores = ContentPair(ReferenceContent(), store, coverage)
    if machine == "content":
        return stores
    cast = Cast.of(ledger) if users is None else People.of(ledger, len(users), users)
    ledgers = LedgerPair(ReferenceLedger(), ledger, cast, coverage)
    return ledgers if machine == "ledger" else SystemPair(ledgers, stores, coverage)


def generator_for(machine: Machine, pair: Pair) -> type[Any]:
    """The Hypothesis machine over a pair."""
    if isinstance(pair, LedgerPair):
        return machine_for(pair)
    if isinstance(pair, ContentPair):
        return content_machine_for(pair)
    assert isinstance(pair, SystemPair)
    return system_machine_for(pair)


EXPECTED: dict[Machine, frozenset[str]] = {
    "ledger": LEDGER_REFUSALS | LEDGER_EVENTS,
    "content": CONTENT_REFUSALS | CONTENT_ANSWERS,
    "system": frozenset(f"{name}: done" for name in SAGAS),
}
"""What each machine should reach: refusals and events, sagas brought to their end."""


def replay_failure(inputs: Inputs, given: FailureFile) -> Report:
    """Execute the commands of a failure file once more."""
    report = Report(inputs.seed, 0, design(), versions())
    coverage = Coverage()
    ledger = inputs.ledger()
    pair = pair_for(given.machine, given.users, ledger, inputs.store, coverage)
    error = replay(pair, list(given.commands))
    ledger.close()
    if error is not None:
        report.failure = _report("replay", Failure(list(given.commands), error, 0))
    return report


def _stop(
    inputs: Inputs,
    where: str,
    machine: Machine,
    users: tuple[str, ...] | None,
    failure: Failure,
) -> Stop:
    found = _report(where, failure)
    about = {"where": where, "message": found.message, "seed": inputs.seed, "versions": versions()}
    with suppress(OSError):
        write_failure(inputs.failure_file, machine, users, failure.commands, about)
        found = dataclasses.replace(found, replay_file=str(inputs.failure_file))
    return Stop(found)


def _report(where: str, failure: Failure) -> FailureReport:
    cause = failure.cause
    commands = tuple(map(str, failure.commands))
    if isinstance(cause, Disagreement):
        message = f"{cause.aspect} differs after {cause.command}"
        return FailureReport(where, "disagreement", message, commands, cause.diff())
    kind = "violation" if isinstance(cause, Violation) else type(cause).__name__
    return FailureReport(where, kind, str(cause), commands)
