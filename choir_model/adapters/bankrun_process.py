"""bankrun's worker as a process: found, started, asked, and ended whatever happens."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from importlib.resources import files
from pathlib import Path
from typing import Any

from choir_model.ports.ledger import EngineUnavailable

VARIABLE = "CHOIR_BANKRUN_PYTHON"
"""Environment variable that names the Python of bankrun's environment."""
FOLDER = ".venv-bankrun"
SET_UP = (
    f"python3 -m venv {FOLDER} && "
    f"{FOLDER}/bin/pip install -q --require-hashes -r requirements-bankrun.lock"
)
"""The one command that makes bankrun's environment in a checkout."""
FAREWELL = 2.0
"""Seconds a worker gets to leave by itself and tidy up."""


def find_python() -> Path:
    """The Python of bankrun's environment.

    That of the environment variable, else of the folder beside the running environment,
    else of the folder here.  Raises `EngineUnavailable` if there is none.
    """
    if told := os.environ.get(VARIABLE):
        return Path(told)
    for place in (Path(sys.prefix).parent, Path.cwd()):
        python = place / FOLDER / "bin" / "python"
        if python.exists():
            return python
    raise EngineUnavailable(f"bankrun needs an environment of its own; run {SET_UP}")


class Worker:
    """A running worker.

    `patience` is how many seconds one operation may take.  Raises `EngineUnavailable` when
    the interpreter cannot be run, has no bankrun, or the worker dies or hangs; from then on
    every operation does.
    """

    def __init__(self, python: Path, patience: float) -> None:
        self._patience = patience
        self._unread = b""
        self._socket, theirs = socket.socketpair()
        folder = tempfile.mkdtemp(prefix="choir-bankrun-")
        script = files("choir_model.adapters").joinpath("bankrun_worker.py")
        command = [str(python), "-I", str(script), str(patience), folder]
        quiet = subprocess.DEVNULL
        try:
            with theirs:
                process = subprocess.Popen(  # noqa: S603 (no shell; the caller names the Python)
                    command, stdin=theirs.fileno(), stdout=quiet, stderr=quiet
                )
        except OSError as error:
            self._socket.close()
            shutil.rmtree(folder)
            why = error.strerror or type(error).__name__
            raise EngineUnavailable(f"{python}: cannot run it: {why}; run {SET_UP}") from None
        self._process = process
        self.close = weakref.finalize(self, _end, process, self._socket, folder)
        try:
            self._answer("start")
        except EngineUnavailable as error:
            raise EngineUnavailable(f"{python}: {error}; run {SET_UP}") from None

    def ask(self, operation: str, *arguments: Any) -> Any:
        """The result of one operation."""
        if not self.close.alive:
            raise EngineUnavailable("bankrun's worker has ended")
        try:
            self._socket.settimeout(self._patience)
            self._socket.sendall(json.dumps([operation, *arguments]).encode() + b"\n")
            return self._answer(operation)
        except OSError as error:
            raise self._lost(operation, error) from None
        except BaseException:  # its answer, if it still comes, would pass for the next one's
            self.close()
            raise

    def _answer(self, operation: str) -> Any:
        line = self._line(operation)
        try:
            answer = json.loads(line)
        except ValueError:
            self.close()
            raise EngineUnavailable("bankrun's worker does not speak its language") from None
        if "error" in answer:
            self.close()
            raise EngineUnavailable(answer["error"])
        return answer["result"]

    def _line(self, operation: str) -> bytes:
        deadline, parts = time.monotonic() + self._patience, list[bytes]()
        while not (parts and parts[-1].endswith(b"\n")):
            try:
                self._socket.settimeout(max(0.001, deadline - time.monotonic()))
                parts.append(self._socket.recv(1 << 20))
            except OSError as error:
                raise self._lost(operation, error) from None
            if not parts[-1]:
                raise self._lost(operation, None)
        return b"".join(parts)

    def _lost(self, operation: str, error: OSError | None) -> EngineUnavailable:
        late = isinstance(error, TimeoutError)
        if late:
            self._process.kill()
        self.close()
        if late:
            return EngineUnavailable(f"bankrun: no answer within {self._patience:g} s: {operation}")
        status = self._process.returncode
        return EngineUnavailable(f"bankrun: worker ended with status {status}: {operation}")


def _end(process: subprocess.Popen[bytes], ours: socket.socket, folder: str) -> None:
    ours.close()
    try:
        process.wait(FAREWELL)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)
