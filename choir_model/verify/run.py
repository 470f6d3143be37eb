"""A verification: conversations replayed, then the lockstep machines, then a report.

Theory of operation
-------------------
Everything the user named is read and opened first (`Inputs`), so that bad input stops the
run before anything happened.  Then stage follows stage; each tells its progress to a
`Listener`.  The first disagreement ends the run, minimised and written to a file; an
interruption or an error of ours ends it with the verdict UNKNOWN and what was done until then.
"""

from __future__ import annotations

import dataclasses
import math
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from choir_model import __version__
from choir_model.content.port import ReferenceContent
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import Cast
from choir_model.lockstep.compare import Coverage, Disagreement, Violation
from choir_model.lockstep.content import CONTENT_ANSWERS, CONTENT_REFUSALS
from choir_model.lockstep.content import machine_for as content_machine_for
from choir_model.lockstep.content_pair import ContentPair
from choir_model.lockstep.ledger import deal_and_run, ledger_events, ledger_refusals
from choir_model.lockstep.ledger_pair import LedgerPair
from choir_model.lockstep.running import Budget, Failure, Pair, minimise, replay, run_machine
from choir_model.lockstep.system import SAGAS, system_machine_for
from choir_model.lockstep.system_pair import SystemPair
from choir_model.ports.content import ContentPort, StoreError
from choir_model.ports.ledger import EngineUnavailable, LedgerPort, UnregisteredRefusal
from choir_model.program import designs
from choir_model.program.bindings import Design
from choir_model.verify.failure import FailureFile, FailureFileError, Machine, write_failure
from choir_model.verify.log import Log
from choir_model.verify.people import People
from choir_model.verify.readable import diff, names_of, told
from choir_model.verify.replay import Replay, Unexpected, users_of
from choir_model.verify.report import (
    SHOWN,
    FailureReport,
    MachineRun,
    Replayed,
    Report,
    Tested,
    Verdict,
)

SHARES: dict[Machine, float] = {"ledger": 0.5, "content": 0.2, "system": 0.3}
"""How the budget of steps is divided among the machines."""


class Listener(Protocol):
    """Hears how far a run is."""

    def stage(self, name: str, total: int) -> None:
        """A stage of `total` units begins; 0 if nobody knows how many."""

    def done(self, units: int) -> None:
        """So many units of the stage are done."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run works on: engines that were opened, logs that were read.

    `ledger` makes a fresh ledger; `store` is one store, emptied again and again.  `design` is
    what the user asked for: None for the default one, and for each log the one it is written for.
    `tested` says which ledger it is.
    """

    ledger: Callable[[], LedgerPort]
    store: ContentPort
    logs: tuple[Log, ...]
    seed: int
    steps: int
    failure_file: Path
    tested: Tested
    design: Design | None = None

    @property
    def machine_design(self) -> Design:
        """The design of the machines, which the report names."""
        return self.design or designs.DEFAULT


FINDINGS = (Disagreement, Violation, UnregisteredRefusal)
"""What a command sequence can end in that is about the system; all else is an error of ours."""


class Stop(Exception):
    """The first failure, as it is reported."""

    def __init__(self, report: FailureReport) -> None:
        super().__init__(report.message)
        self.report = report


class Crash(Exception):
    """An error of ours; `replay_file` holds the commands that lead to it."""

    def __init__(self, cause: Exception, where: str = "", replay_file: str | None = None) -> None:
        place = f" in the {where}" if where else ""
        attached = f" with {replay_file}" if replay_file else ""
        text = " ".join(str(cause).splitlines())
        super().__init__(
            f"internal error{place}, {type(cause).__name__}: {text}; please report it{attached}"
        )
        self.cause = cause


def verify(inputs: Inputs, listener: Listener) -> Report:
    """Replay the logs and run the machines; never raises for what they find."""
    design = designs.texts(inputs.machine_design)
    report = Report(inputs.seed, inputs.steps, inputs.tested, design, versions(inputs))
    with _ending(report):
        for log in inputs.logs:
            _converse(inputs, log, report, listener)
        for machine, share in SHARES.items():
            if inputs.steps:
                _lockstep(inputs, machine, math.ceil(inputs.steps * share), report, listener)
    return report


@contextmanager
def _ending(report: Report) -> Iterator[None]:
    """Whatever ends a run early is told by its report."""
    try:
        yield
    except Stop as stop:
        report.failure = stop.report
    except KeyboardInterrupt:
        report.unfinished = "interrupted"
    except (StoreError, EngineUnavailable) as error:
        report.unfinished = str(error)
    except FailureFileError:
        raise
    except Crash as crash:
        report.unfinished, report.crash = str(crash), crash.cause
    except Exception as error:  # noqa: BLE001 (a report is due, whatever is wrong with us)
        report.unfinished, report.crash = str(Crash(error)), error


def versions(inputs: Inputs) -> dict[str, str]:
    """Versions of everything a result depends on."""
    packages = ("solders", "qdrant-edge-py", "hypothesis")
    found = {"choir-model": __version__, "python": platform.python_version()}
    found |= {package: version(package) for package in packages}
    return {**found, **inputs.tested.versions}


def _converse(inputs: Inputs, log: Log, report: Report, listener: Listener) -> None:
    listener.stage(Path(log.path).stem, len(log.commands))
    users, coverage = users_of(log), Coverage()
    pair = pair_for("system", users, inputs.ledger(), inputs.store, coverage)
    assert isinstance(pair, SystemPair)
    assert isinstance(pair.ledgers.cast, People)
    replayed = Replay(log, pair, pair.ledgers.cast, inputs.design)
    try:
        found = replayed.run(listener.done)
    except Unexpected as error:
        where = f"{error.path}, line {error.line}"
        raise Stop(FailureReport(where, "expectation", error.what)) from None
    except FINDINGS as error:
        where = f"{log.path}, {f'line {replayed.line}' if replayed.line else 'at its end'}"
        commands = list(pair.commands)
        failure = _least(pair, Failure(commands, error, len(commands)), listener)
        raise _stop(inputs, where, pair, users, failure) from None
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
    budget, design = Budget(seed=inputs.seed, steps=steps), inputs.machine_design

    def summary(verdict: Verdict) -> MachineRun:
        expected = expected_of(machine, design)
        reached = {*coverage.refusals, *coverage.events, *coverage.situations}
        missing = tuple(sorted(expected - reached))
        seconds = time.perf_counter() - start
        if verdict is Verdict.HOLDS and missing:
            verdict = Verdict.UNREACHED
        snapshot = Coverage()  # minimising goes on counting
        snapshot.add(coverage)
        return MachineRun(machine, snapshot, seconds, len(expected), missing, verdict)

    try:
        _drive(pair, design, budget, listener)
    except Failure as failure:
        found = isinstance(failure.cause, FINDINGS)
        report.machines.append(summary(Verdict.VIOLATED if found else Verdict.UNKNOWN))
        if isinstance(failure.cause, StoreError | EngineUnavailable):
            raise failure.cause from None
        least = _least(pair, failure, listener)
        raise _stop(inputs, f"{machine} machine", pair, None, least) from None
    except BaseException:
        report.machines.append(summary(Verdict.UNKNOWN))
        raise
    finally:
        ledger.close()
    report.machines.append(summary(Verdict.HOLDS))


def _least(pair: Pair, failure: Failure, listener: Listener) -> Failure:
    """The failure with as few commands as can be found, or until somebody is tired of it."""
    try:
        listener.stage("minimising the failure", 0)
        return minimise(pair, failure.commands) or failure
    except KeyboardInterrupt:
        return failure


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


def machine_of(pair: Pair) -> Machine:
    """The machine that executes the commands of this pair."""
    if isinstance(pair, LedgerPair):
        return "ledger"
    return "content" if isinstance(pair, ContentPair) else "system"


def _drive(pair: Pair, design: Design, budget: Budget, listener: Listener) -> None:
    """Run the machine over a pair, in a design."""
    if isinstance(pair, LedgerPair):
        deal_and_run(pair, design, budget, progress=listener.done, minimised=False)
        return
    if isinstance(pair, SystemPair):
        machine: type[Any] = system_machine_for(pair, design)
    else:
        assert isinstance(pair, ContentPair)
        machine = content_machine_for(pair)
    run_machine(machine, pair, budget, progress=listener.done, minimised=False)


def expected_of(machine: Machine, design: Design) -> frozenset[str]:
    """What a machine should reach: refusals and events, sagas brought to their end."""
    match machine:
        case "ledger":
            return ledger_refusals(design) | ledger_events(design)
        case "content":
            return CONTENT_REFUSALS | CONTENT_ANSWERS
        case _:
            return frozenset(f"{name}: done" for name in SAGAS)


def replay_failure(inputs: Inputs, given: FailureFile) -> Report:
    """Execute the commands of a failure file once more.

    Raises `FailureFileError` for a command that cannot be executed.
    """
    report = Report(given.seed, 0, inputs.tested, _design_of(given), versions(inputs))
    about = given.where, given.message, given.seed, len(given.commands)
    report.replayed = Replayed(str(given.path), *about, _differs(given, inputs.tested))
    ledger = inputs.ledger()
    with _ending(report):
        pair = pair_for(given.machine, given.users, ledger, inputs.store, Coverage())
        commands = list(given.commands)
        error = replay(pair, commands)
        if isinstance(error, FINDINGS):
            report.failure = _report("replay", Failure(commands, error, len(commands)), pair)
        elif error is not None:
            ours = given.kind == "error"
            if ours or isinstance(error, StoreError | EngineUnavailable):
                raise error
            number = len(pair.commands) - 1
            raise FailureFileError(given.path, f"field commands[{number}]: {_why(error)}")
    ledger.close()
    return report


def _differs(given: FailureFile, tested: Tested) -> tuple[str, ...]:
    """What a failure was found with, where it is executed with something else."""
    found = []
    if given.ledger not in ("", tested.ledger):
        found.append(f"ledger {given.ledger}")
    if given.program not in ("", tested.program):
        found.append(f"program {given.program[:SHOWN]}")
    return tuple(found)


def _design_of(given: FailureFile) -> dict[str, str]:
    """The design of the ledger that a failure's first command begins with."""
    setting = getattr(given.commands[0], "setting", None)
    return designs.texts(setting.design if setting else designs.DEFAULT)


def _why(error: Exception) -> str:
    missing = error.args[0] if isinstance(error, KeyError) else None
    if isinstance(missing, bytes):
        return f"nobody here has the key to sign for {missing.hex()}"
    return f"cannot be executed ({type(error).__name__}: {error})"


def _stop(
    inputs: Inputs,
    where: str,
    pair: Pair,
    users: tuple[str, ...] | None,
    failure: Failure,
) -> Exception:
    """The end of a run that failed, its commands written to a file."""
    found = _report(where, failure, pair)
    machine = machine_of(pair)
    about = {
        "where": where,
        "kind": found.kind,
        "message": found.message,
        "seed": inputs.seed,
        "ledger": inputs.tested.ledger,
        "program": inputs.tested.program,
        "versions": versions(inputs),
    }
    file = str(inputs.failure_file)
    try:
        write_failure(inputs.failure_file, machine, users, failure.commands, about)
        found = dataclasses.replace(found, replay_file=file, options=inputs.tested.options)
    except OSError as error:
        found = dataclasses.replace(found, unwritten=f"{file}: {error.strerror or error}")
    if isinstance(failure.cause, FINDINGS):
        return Stop(found)
    return Crash(failure.cause, where, found.replay_file)


def _report(where: str, failure: Failure, pair: Pair) -> FailureReport:
    cause, names = failure.cause, names_of(pair)
    commands = tuple(told(command, names) for command in failure.commands)
    if isinstance(cause, Disagreement):
        message = f"{cause.aspect} differs after {told(cause.command, names)}"
        return FailureReport(where, "disagreement", message, commands, diff(cause, names))
    if isinstance(cause, FINDINGS):
        return FailureReport(where, "violation", str(cause), commands)
    return FailureReport(where, "error", f"{type(cause).__name__}: {cause}", commands)
