"""``choir verify``: open what the user named, run, show, and choose the exit status."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from choir_model.cli.interrupts import Interrupts
from choir_model.cli.messages import BadInput, say
from choir_model.cli.outputs import check_outputs, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from choir_model.ports.content import ContentPort
    from choir_model.ports.ledger import LedgerPort
    from choir_model.program.bindings import Design
    from choir_model.verify.failure import FailureFile
    from choir_model.verify.log import Log
    from choir_model.verify.report import Report, Tested
    from choir_model.verify.run import Inputs

HOLDS, VIOLATED, USAGE, UNFINISHED = 0, 1, 2, 3
NEEDED = {
    "solders": "solders",
    "qdrant_edge": "qdrant-edge-py",
    "hypothesis": "hypothesis",
    "msgspec": "msgspec",
    "rich": "rich",
}
"""Packages a verification needs: module, and the name it is installed by."""
STORE_PARTS = {"edge_config.json", "segments", "wal"}
"""What lies in the directory of a vector store; anything else there belongs to somebody."""


@dataclass(frozen=True, slots=True)
class Request:
    """The command line."""

    logs: tuple[Path, ...]
    seed: int
    steps: int
    json_file: Path | None
    junit_file: Path | None
    annotations: bool | None
    failure_file: Path
    replay_file: Path | None
    ledger: str
    choices: tuple[str, ...]
    program: Path | None
    store: Path | None
    verbose: bool

    @property
    def inputs(self) -> list[Path]:
        """Every file that is read."""
        given = (*self.logs, self.replay_file, self.program)
        return [path for path in given if path is not None]

    @property
    def annotated(self) -> bool:
        """Whether GitHub Actions is to be told of lines."""
        if self.annotations is None:
            return os.environ.get("GITHUB_ACTIONS") == "true"
        return self.annotations


def run(request: Request) -> int:
    """Everything; the exit status.  User mistakes are one line on standard error."""
    try:
        _require_packages(request)
        return _verify(request)
    except BadInput as error:
        return _say(str(error), USAGE)
    except KeyboardInterrupt:
        return _say("interrupted", UNFINISHED)
    except ImportError as error:
        package = NEEDED.get(str(error.name).partition(".")[0])
        if package is None:
            return _crashed(error)
        return _say(f"the package {package} cannot be imported ({error}); install it again", USAGE)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is no finding: not 1)
        return _crashed(error)


def _say(message: str, status: int) -> int:
    return say("choir verify", message, status)


def _crashed(error: Exception) -> int:
    traceback.print_exception(error)
    return _say(f"internal error, {type(error).__name__}: {error}; please report it", UNFINISHED)


def _require_packages(request: Request) -> None:
    junit = {"junitparser": "junitparser"} if request.junit_file is not None else {}
    for module, package in (NEEDED | junit).items():
        if importlib.util.find_spec(module) is None:
            raise BadInput(f"the package {package} is missing; run pip install {package}")


def _require_directory() -> None:
    try:
        Path.cwd()
    except OSError:
        raise BadInput("the current directory is gone; change to another") from None


def _verify(request: Request) -> int:
    _require_directory()
    _check_outputs(request)
    with Interrupts() as interrupts, _scratch():
        report = _report(request, interrupts)
        return _deliver(request, report)


def _report(request: Request, interrupts: Interrupts) -> Report:
    from choir_model.cli.progress import progress
    from choir_model.verify import run as verification
    from choir_model.verify.failure import FailureFileError

    with progress() as bars:
        listener = interrupts.heard_by(bars)
        listener.stage("reading", 0)
        failure = _failure(request)
        logs = () if failure is not None else _logs(request)
        listener.stage("opening the engines", 0)
        with _inputs(request, logs) as inputs:
            if failure is None:
                return verification.verify(inputs, listener)
            listener.stage("executing again", 0)
            try:
                return verification.replay_failure(inputs, failure)
            except FailureFileError as error:
                raise BadInput(str(error)) from None


def _deliver(request: Request, report: Report) -> int:
    """Write and show the report; a reader who went away changes no verdict."""
    status, problems = report.exit_code, list(_unwritten(request, report))
    try:
        _show(request, report)
    except SystemExit:
        pass  # how rich ends on a closed pipe
    except OSError as error:
        problems.append(f"the report cannot be shown: {error.strerror or error}")
        sys.stdout = None  # or Python tries again at its end
    if report.crash is not None:
        traceback.print_exception(report.crash)
        _say(str(report.unfinished), status)
    for problem in problems:
        status = _say(problem, status or UNFINISHED)
    return status


def _show(request: Request, report: Report) -> None:
    from choir_model.cli import render

    render.show(report, counters=request.verbose)
    if request.annotated:
        from choir_model.verify.annotations import annotations_of

        verdict = f"{report.verdict.name} {render.reason(report)}"
        for line in annotations_of(report, verdict, _workspace()):
            print(line)
    sys.stdout.flush()


def _workspace() -> str:
    return os.environ.get("GITHUB_WORKSPACE", "")


def _unwritten(request: Request, report: Report) -> Iterator[str]:
    """Write the reports; why that failed, where it did."""
    from choir_model.verify.failure import write_json
    from choir_model.verify.junit import junit_of

    writers: dict[str, tuple[Path | None, Callable[[Path], None]]] = {
        "--json": (request.json_file, lambda path: write_json(path, report.to_dict())),
        "--junit": (request.junit_file, lambda path: write_whole(path, junit_of(report))),
    }
    for option, (path, write) in writers.items():
        if path is None:
            continue
        try:
            write(path)
        except OSError as error:
            yield f"{option} {path}: cannot be written: {error.strerror or error}"


@contextmanager
def _scratch() -> Iterator[None]:
    """A folder for the caches Hypothesis would otherwise leave where the user happens to be."""
    name = "HYPOTHESIS_STORAGE_DIRECTORY"
    if name in os.environ or "hypothesis" in sys.modules:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="choir-hypothesis-") as folder:
        os.environ[name] = folder
        try:
            yield
        finally:
            del os.environ[name]


def _check_outputs(request: Request) -> None:
    """Find out before the run that its results could not be written, or would replace input."""
    outputs = {"--json": request.json_file, "--junit": request.junit_file}
    if request.replay_file is None:
        outputs["--failure"] = request.failure_file
    check_outputs(outputs, request.inputs)


def _failure(request: Request) -> FailureFile | None:
    from choir_model.verify.failure import FailureFileError, read_failure

    if request.replay_file is None:
        return None
    if request.logs:
        raise BadInput("--replay executes a failure file alone; leave the logs out")
    if request.choices:
        raise BadInput("--replay runs in the design of the failure file; leave --design out")
    try:
        return read_failure(request.replay_file)
    except FailureFileError as error:
        raise BadInput(str(error)) from None


def _logs(request: Request) -> tuple[Log, ...]:
    from choir_model.verify.log import LogError, bundled_logs, read_log

    try:
        return tuple(map(read_log, request.logs or bundled_logs()))
    except LogError as error:
        if request.annotated:
            from choir_model.verify.annotations import annotation_of

            print(annotation_of(error, _workspace()))
        raise BadInput(str(error)) from None


@contextmanager
def _inputs(request: Request, logs: tuple[Log, ...]) -> Iterator[Inputs]:
    """Both engines, opened; closed again whatever happens."""
    from choir_model.ports.content import StoreError
    from choir_model.verify.run import Inputs

    design = _design(request.choices)
    program = _program(request.program)
    ledger, tested = _ledger(request, program)
    store = _store(request.store)
    try:
        yield Inputs(
            ledger,
            store,
            logs,
            request.seed,
            request.steps,
            request.failure_file,
            tested,
            design,
        )
    finally:
        with suppress(StoreError):  # by now there is a report, which matters more
            store.reset()
            store.close()


def _design(choices: tuple[str, ...]) -> Design | None:
    from choir_model.program.designs import UnknownVariant, design_of

    try:
        return design_of(choices) if choices else None
    except UnknownVariant as error:
        raise BadInput(f"--design {error}") from None


def _ledger(request: Request, program: bytes) -> tuple[Callable[[], LedgerPort], Tested]:
    """What makes the ledger asked for, and which one that is; opened once to see."""
    from choir_model.adapters.bankrun import BankrunLedger
    from choir_model.adapters.litesvm import LiteSvmLedger
    from choir_model.lockstep.both import BothLedgers
    from choir_model.ports.ledger import EngineUnavailable
    from choir_model.verify.report import Tested

    name = request.ledger
    makers: dict[str, Callable[[], LedgerPort]] = {
        "litesvm": lambda: LiteSvmLedger(program),
        "bankrun": lambda: BankrunLedger(program),
        "both": lambda: BothLedgers(LiteSvmLedger(program), BankrunLedger(program)),
    }
    try:
        ledger = makers[name]()
    except EngineUnavailable as error:
        raise BadInput(f"--ledger {name}: {error}") from None
    options: tuple[str, ...] = () if name == "litesvm" else ("--ledger", name)
    if request.program is not None:
        options += ("--program", str(request.program))
    digest = hashlib.sha256(program).hexdigest()
    tested = Tested(name, digest, options, dict(ledger.versions))
    ledger.close()
    return makers[name], tested


def _program(path: Path | None) -> bytes:
    from choir_model.adapters.litesvm import LiteSvmLedger, load_program
    from choir_model.ports.ledger import EngineUnavailable

    try:
        if path is not None and path.exists() and not (path.is_file() or path.is_dir()):
            raise BadInput(f"--program {path}: is no regular file; give a built choir.so")
        program = load_program(path)
        LiteSvmLedger(program).close()
    except EngineUnavailable as error:
        named = path is None or str(path) in str(error)
        raise BadInput(str(error) if named else f"--program {path}: {error}") from None
    except OSError as error:
        raise BadInput(f"--program {path}: {error.strerror}; give a built choir.so") from None
    return program


def _store(directory: Path | None) -> ContentPort:
    from choir_model.adapters.edge import EdgeContent
    from choir_model.ports.content import StoreError

    try:
        names = _entries(directory)
    except OSError as error:
        raise BadInput(
            f"--store {directory}: {error.strerror}; name a new or empty directory"
        ) from None
    foreign = sorted(set(names) - STORE_PARTS)
    if foreign:
        raise BadInput(
            f"--store {directory}: holds {foreign[0]}, which is no part of a store; "
            "name a new or empty directory"
        )
    try:
        store = EdgeContent(directory)
    except StoreError as error:
        raise BadInput(f"--store {error}") from None
    try:
        held = store.observe()
        count = len(held.points) + len(held.threads) + len(held.unreadable)
        if count:
            problem = f"{directory}: holds {count} points; name a new or empty directory"
            raise BadInput(f"--store {problem}")
    except StoreError as error:
        store.close()
        raise BadInput(f"--store {error}") from None
    except BaseException:
        store.close()
        raise
    return store


def _entries(directory: Path | None) -> list[str]:
    there = directory is not None and directory.is_dir()
    return [entry.name for entry in directory.iterdir()] if directory and there else []
