"""Ctrl-C and SIGTERM during a check: the first ends it with a report, the second at once.

Theory of operation
-------------------
An exploration that is torn in the middle of a step leaves tables that contradict each
other, and a report made of those accuses a model of what it never did.  So while states
are explored, the first signal is only remembered; `check`, asked between steps by
whoever hears of progress, raises the `KeyboardInterrupt`.  Elsewhere it is raised at once.
A second signal raises `Ended`, which no part of the engine takes for a wish for a report.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from choir_model.cli.interrupts import Interrupts
from choir_model.engine.view import Signal
from choir_model.engine.walker import Walker


class Ended(Signal):
    """Everything is to end, without a report."""


class PatientInterrupts(Interrupts):
    """`Interrupts` that tear no exploration which asks for them."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = False

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Within it, an exploration calls `check` every now and then."""
        self._asked = True
        try:
            yield
        finally:
            self._asked = False

    def _interrupt(self, *signalled: object) -> None:
        again, self._met = self._met, True
        _, frame = signalled
        exploring = isinstance(frame, FrameType) and _is_exploring(frame)
        if again or (exploring and not self._asked):
            raise Ended
        if not exploring:
            raise KeyboardInterrupt


def _is_exploring(frame: FrameType) -> bool:
    """Whether the signal came into an exploration."""
    now: FrameType | None = frame
    while now is not None and now.f_code is not Walker.run.__code__:
        now = now.f_back
    return now is not None
