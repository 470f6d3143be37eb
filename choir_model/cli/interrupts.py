"""Ctrl-C and SIGTERM end a run with what was done until then.

Theory of operation
-------------------
Either signal raises `KeyboardInterrupt` wherever the run happens to be.  That can be where
Python has to ignore exceptions: in a callback of the garbage collector, of which Hypothesis
has one.  So the signal is remembered as well, and whoever tells progress through a listener
of `Interrupts.heard_by` is interrupted then, if not before.
"""

from __future__ import annotations

import signal
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from choir_model.verify.run import Listener

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """A context manager within which neither signal is lost."""

    def __init__(self) -> None:
        self._before: dict[signal.Signals, Any] = {}
        self._hook = sys.unraisablehook
        self._met = False

    def __enter__(self) -> Self:
        for number in SIGNALS:
            handler = signal.getsignal(number)
            if handler is not signal.SIG_IGN:  # of a run started in the background
                self._before[number] = handler
                signal.signal(number, self._interrupt)
        self._hook, sys.unraisablehook = sys.unraisablehook, self._ignored
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        sys.unraisablehook = self._hook
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise the `KeyboardInterrupt` that may have got lost."""
        if self._met:
            raise KeyboardInterrupt

    def heard_by(self, listener: Listener) -> Listener:
        """The same listener, attentive to signals."""
        return _Attentive(self, listener)

    def _interrupt(self, *_: object) -> None:
        self._met = True
        raise KeyboardInterrupt

    def _ignored(self, unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_type is not KeyboardInterrupt:
            self._hook(unraisable)


class _Attentive:
    def __init__(self, interrupts: Interrupts, listener: Listener) -> None:
        self._interrupts = interrupts
        self._listener = listener

    def stage(self, name: str, total: int) -> None:
        self._interrupts.check()
        self._listener.stage(name, total)

    def done(self, units: int) -> None:
        self._listener.done(units)
        self._interrupts.check()
