"""Running ``choir`` the way a user does: in this process, in a child, and on a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from choir_model.cli import main

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0
"""Seconds after which a child is taken for stuck."""
RUN = "from choir_model.cli import main; main()"

TEA = """\
{"log": "choir", "version": 1, "title": "Tea", "start": 1767225600}
{"do": "user", "name": "marta", "tokens": "1250.5"}
{"do": "user", "name": "tom", "tokens": "10"}
{"do": "thread", "name": "tea", "by": "marta"}
{"do": "message", "id": "kettle", "thread": "tea", "by": "marta", "text": "The kettle is on"}
{"do": "spec", "id": "tom-in", "thread": "tea", "by": "tom", "text": "May I join?", "stake": "2"}
{"do": "search", "by": "marta", "text": "May I join?", "hides": ["tom-in"]}
{"do": "vote", "spec": "tom-in", "by": "marta", "decision": "approve"}
{"do": "search", "by": "marta", "text": "May I join?", "limit": 1, "finds": ["tom-in"]}
"""
"""A small log that holds."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended and what it said."""

    status: int
    out: str
    err: str


def choir(*arguments: object) -> Ran:
    """Run the command in this process, without a terminal."""
    out, err = io.StringIO(), io.StringIO()
    status: object = None
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", ["choir", *map(str, arguments)]),
    ):
        try:
            main()
        except SystemExit as end:
            status = end.code
    assert isinstance(status, int)
    return Ran(status, out.getvalue(), err.getvalue())


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """That of a child which imports this checkout."""
    foreign = ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "HYPOTHESIS_STORAGE_DIRECTORY")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **(extra or {})}


def child(
    *arguments: object,
    folder: Path,
    before: str = "",
    extra: Mapping[str, str] | None = None,
) -> Ran:
    """Run the command as a process of its own; `before` is Python executed first."""
    ran = subprocess.run(
        [sys.executable, "-c", f"{before}\n{RUN}", *map(str, arguments)],
        cwd=folder,
        env=environment(extra),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


class Terminal:
    """A child whose standard error, and output unless it goes to a file, is a terminal."""

    def __init__(
        self,
        *arguments: object,
        folder: Path,
        columns: int = 80,
        out: Path | None = None,
        before: str = "",
    ) -> None:
        self._main, side = os.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self._seen = bytearray()
        # A test run started in the background passes on that interrupts are ignored.
        before += "\nimport signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        with contextlib.ExitStack() as files:
            stdout = side if out is None else files.enter_context(out.open("wb"))
            self.process = subprocess.Popen(
                [sys.executable, "-c", f"{before}\n{RUN}", *map(str, arguments)],
                cwd=folder,
                env=environment(),
                stdin=side,
                stdout=stdout,
                stderr=side,
            )
        os.close(side)

    def _reads(self) -> Iterator[bytes]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if select.select([self._main], [], [], 1.0)[0]:
                try:
                    read = os.read(self._main, 65536)
                except OSError:  # how Linux says that the other side is closed
                    return
                if not read:
                    return
                yield read
        self.process.kill()
        raise AssertionError(f"stuck after {bytes(self._seen[-500:])!r}")

    def wait_for(self, pattern: str) -> None:
        """Read until something was shown that matches."""
        for read in self._reads():
            self._seen += read
            if re.search(pattern.encode(), self._seen):
                return
        raise AssertionError(f"ended without {pattern!r}: {bytes(self._seen[-500:])!r}")

    def finish(self) -> Ran:
        """Read to the end; `err` is everything the terminal was sent."""
        for read in self._reads():
            self._seen += read
        os.close(self._main)
        status = self.process.wait(PATIENCE)
        return Ran(status, "", self._seen.decode().replace("\r\n", "\n"))
