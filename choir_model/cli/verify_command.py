"""``choir verify``: open what the user named, run, show, and choose the exit status."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from choir_model.ports.content import ContentPort
    from choir_model.verify.failure import FailureFile
    from choir_model.verify.log import Log
    from choir_model.verify.report import Report
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


class BadInput(Exception):
    """Something the user gave cannot be used; the message is one line."""


@dataclass(frozen=True, slots=True)
class Request:
    """The command line."""

    logs: tuple[Path, ...]
    seed: int
    steps: int
    json_file: Path | None
    failure_file: Path
    replay_file: Path | None
    program: Path | None
    store: Path | None
    verbose: bool


def run(request: Request) -> int:
    """Everything; the exit status.  User mistakes are one line on standard error."""
    try:
        _require_packages()
        return _verify(request)
    except BadInput as error:
        return _say(str(error), USAGE)
    except KeyboardInterrupt:
        return _say("interrupted before anything was run", UNFINISHED)


def _say(message: str, status: int) -> int:
    line = " ".join(message.split())
    print(f"choir verify: {line}", file=sys.stderr)
    return status


def _require_packages() -> None:
    for module, package in NEEDED.items():
        if importlib.util.find_spec(module) is None:
            raise BadInput(f"the package {package} is missing; run pip install {package}")


def _verify(request: Request) -> int:
    from choir_model.cli import render
    from choir_model.verify import run as verification

    _check_output(request.json_file, "--json")
    _check_output(request.failure_file, "--failure")
    failure = _failure(request)
    logs = () if failure is not None else _logs(request)
    with _terminating(), _inputs(request, logs) as inputs:
        if failure is not None:
            report = verification.replay_failure(inputs, failure)
        else:
            with render.progress() as listener:
                report = verification.verify(inputs, listener)
    render.show(report, counters=request.verbose)
    if request.json_file is not None:
        _write(request.json_file, report)
    return report.exit_code


@contextmanager
def _terminating() -> Iterator[None]:
    """SIGTERM ends a run like Ctrl-C does: with what was done until then."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _check_output(path: Path | None, option: str) -> None:
    """Find out before the run that its result could not be written."""
    if path is None:
        return
    if path.is_dir():
        raise BadInput(f"{option} {path}: is a directory; name a file")
    folder = path.parent
    if not folder.is_dir():
        raise BadInput(f"{option} {path}: there is no directory {folder}; create it first")
    if not os.access(folder, os.W_OK):
        raise BadInput(f"{option} {path}: {folder} cannot be written to; name another place")


def _failure(request: Request) -> FailureFile | None:
    from choir_model.verify.failure import FailureFileError, read_failure

    if request.replay_file is None:
        return None
    if request.logs:
        raise BadInput("--replay executes a failure file alone; leave the logs out")
    try:
        return read_failure(request.replay_file)
    except FailureFileError as error:
        raise BadInput(str(error)) from None


def _logs(request: Request) -> tuple[Log, ...]:
    from choir_model.verify.log import LogError, bundled_logs, read_log

    try:
        return tuple(map(read_log, request.logs or bundled_logs()))
    except LogError as error:
        raise BadInput(str(error)) from None


@contextmanager
def _inputs(request: Request, logs: tuple[Log, ...]) -> Iterator[Inputs]:
    """Both engines, opened; closed again whatever happens."""
    from choir_model.adapters.litesvm import LiteSvmLedger, load_program
    from choir_model.ports.ledger import EngineUnavailable
    from choir_model.verify.run import Inputs

    try:
        program = load_program(request.program)
        LiteSvmLedger(program).close()
    except EngineUnavailable as error:
        named = (
            ""
            if request.program is None or str(request.program) in str(error)
            else (f"{request.program}: ")
        )
        raise BadInput(f"{named}{error}") from None
    store = _store(request.store)
    try:
        yield Inputs(
            lambda: LiteSvmLedger(program),
            store,
            logs,
            request.seed,
            request.steps,
            request.failure_file,
        )
        store.reset()
    finally:
        store.close()


def _store(directory: Path | None) -> ContentPort:
    from choir_model.adapters.edge import EdgeContent
    from choir_model.ports.content import StoreError

    if directory is not None and directory.is_dir():
        names = {entry.name for entry in directory.iterdir()}
        if names and "edge_config.json" not in names:
            other = min(names)
            raise BadInput(
                f"--store {directory}: holds {other}, which is no part of a store; "
                "name a new or empty directory"
            )
    try:
        store = EdgeContent(directory)
        held = store.observe()
    except StoreError as error:
        raise BadInput(f"--store {error}") from None
    if held.points or held.threads:
        store.close()
        count = len(held.points) + len(held.threads)
        raise BadInput(f"--store {directory}: holds {count} points; name a new or empty directory")
    return store


def _write(path: Path, report: Report) -> None:
    from choir_model.verify.failure import write_json

    try:
        write_json(path, report.to_dict())
    except OSError as error:
        raise BadInput(f"--json {path}: cannot be written: {error.strerror}") from None
