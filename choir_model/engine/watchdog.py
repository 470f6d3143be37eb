"""The watchdog: model code that never ends, and never touches its view, is stopped.

Theory of operation
-------------------
A view counts how often it is used, which stops an action that loops over its view.
``while True: pass`` uses no view.  For that, a thread wakes up a few times per period and
looks whether the same execution is still running.  If it is, the thread has the
interpreter raise an exception in the middle of the model code::

    with Watchdog() as dog:
        for ...:
            dog.watch("pay(alice, bob)", fn, view, "alice", "bob")

The exception is no `Exception`, so that no ``except Exception`` of model code takes it for
its own; `watch` turns it into `ActionTimedOut`.  Whatever the model code does with it, an
execution that was interrupted never counts as one that ended.

This is the only part of the engine that depends on time, and time decides nothing but
whether a run that would not end is an error.  So the limit is generous, and counted in
wake-ups rather than read from a clock: of a computer that sleeps meanwhile, one is missed.

One thread watches for everybody, and stays: starting one takes longer than checking a small
model does.

**The race.**  Watcher and watched share two numbers, and no lock, since an exception that
comes out of nowhere could leave one locked.  `_turn` is odd while something is watched and
never repeats.  The watcher says that it is aiming, *then* looks whether the turn is still
the same, then shoots.  The watched ends its turn, *then* looks whether somebody aims.  So
either the watcher sees that the turn is over, or the watched sees that a shot may be under
way; in that case it waits until the exception has come, and catches it.  (Taking back an
exception not yet raised leaves the interpreter in a state in which it hangs when traced.)

What cannot be stopped is a single call into C that does not return, such as
``sum(range(10**15))``: Python raises nothing before it is back.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread, get_ident
from types import TracebackType
from typing import TypeVar

from choir_model.engine.view import ModelError, Signal

T = TypeVar("T")

LIMIT = 10.0
"""Seconds that one execution of model code may take, unless told otherwise."""
TICKS = 4
"""Wake-ups per period; an execution is stopped after one period to one and a quarter."""


class ActionTimedOut(ModelError):
    """One execution of model code, `label`, did not end within the time limit."""

    def __init__(self, label: object, seconds: float | None) -> None:
        self.told = (
            f"did not end within {seconds:g} seconds; "
            "model code must end, or the time limit be raised"
        )
        super().__init__(f"{label}: {self.told}")


class Escaped(ModelError):
    """Model code, `label`, raised what is no `Exception`: `SystemExit`, or a class of its own.

    That is the `raised`; it must not end the process, nor a check without a report.
    """

    def __init__(self, label: object, raised: BaseException) -> None:
        super().__init__(f"{label}: {type(raised).__name__}")
        self.raised = raised


class Watchdog:
    """Stops model code that runs for longer than `seconds`; None lets it run for ever.

    It watches inside its ``with`` block, and in the thread that entered it.
    """

    def __init__(self, seconds: float | None = LIMIT) -> None:
        if seconds is not None and not seconds > 0:
            raise ValueError(f"the time limit is {seconds} seconds; it must be positive, or None")
        self.seconds = seconds
        self._owner: int | None = None
        self._turn = 0
        self._aim = _IDLE
        self._seen = 0
        self._waited = 0.0

    def __enter__(self) -> Watchdog:
        if self._owner is not None:
            raise RuntimeError("this watchdog is on watch already; make another one")
        self._owner = get_ident()
        if self.seconds is not None:
            _watcher.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _watcher.remove(self)
        self._owner = None

    def watch(self, label: object, fn: Callable[..., T], *args: object) -> T:
        """``fn(*args)``; raises `ActionTimedOut`, which begins with `label`, if it takes too long.

        What `fn` raises passes through, if it is no `Exception` as the cause of `Escaped`.
        Called from within `fn` again, the time of the outer call counts.  `RuntimeError`
        outside the ``with`` block or in another thread.
        """
        if get_ident() != self._owner:
            raise RuntimeError("a watchdog watches inside its `with` block, in the same thread")
        if self._turn & 1:
            return fn(*args)
        try:
            try:
                self._turn += 1
                return fn(*args)
            except (Exception, KeyboardInterrupt, Signal):
                raise
            except BaseException as error:
                raise Escaped(label, error) from error
            finally:
                self._turn += self._turn & 1
                if self._aim is not _IDLE:
                    self._disarm(label)
        except _TimeIsUp:  # it came after `fn` had ended
            self._turn += self._turn & 1
            self._disarm(label)
            raise

    def _disarm(self, label: object) -> None:
        """After a turn: if there was a shot, let it come down here and raise `ActionTimedOut`."""
        while self._aim is _AIMING:
            pass  # a few instructions of the watcher
        if self._aim is not _SHOT:
            return
        try:
            for _ in range(100):
                pass  # at a jump back at the latest, the interpreter raises what is pending
        except _TimeIsUp:
            pass
        self._aim = _IDLE
        raise ActionTimedOut(label, self.seconds) from None

    def look(self, passed: float) -> None:
        """Called by the watcher, `passed` seconds after it last did."""
        assert self.seconds is not None
        turn, owner = self._turn, self._owner
        self._waited = self._waited + passed if turn == self._seen else 0.0
        self._seen = turn
        # The first look at a turn may fall anywhere in it, so a whole period is waited after it.
        if turn & 1 and self._waited >= self.seconds and owner is not None:
            self._waited = 0.0  # model code that takes the exception for its own gets another one
            before, self._aim = self._aim, _AIMING
            if self._turn == turn:
                _raise_in(owner)
                before = _SHOT
            self._aim = before


class _Watcher:
    """The thread that looks after all watchdogs on watch; it sleeps while there are none.

    It stays when the last of them has gone: starting a thread takes longer than checking
    a small model.  It is a daemon, and made again in a process that was forked.
    """

    def __init__(self) -> None:
        self._dogs: dict[Watchdog, None] = {}
        self._wake = Event()
        self._thread: Thread | None = None
        self._period: float | None = None

    def add(self, dog: Watchdog) -> None:
        """Look after this one too."""
        assert dog.seconds is not None
        self._dogs[dog] = None
        if self._thread is None or not self._thread.is_alive():
            self._period = None
            self._thread = Thread(target=self._run, name="watchdog", daemon=True)
            self._thread.start()
        elif self._period is None or dog.seconds / TICKS < self._period:
            self._wake.set()

    def remove(self, dog: Watchdog) -> None:
        """It is off watch."""
        self._dogs.pop(dog, None)

    def _run(self) -> None:
        while True:
            dogs = list(self._dogs)
            limits = [dog.seconds for dog in dogs if dog.seconds is not None]
            self._period = min(limits) / TICKS if limits else None
            if self._wake.wait(self._period):
                self._wake.clear()  # somebody came; how long it has been is not known
            elif self._period is not None:
                for dog in dogs:
                    if dog in self._dogs:
                        dog.look(self._period)


class _TimeIsUp(Signal):
    """The shot."""


_IDLE, _AIMING, _SHOT = "idle", "aiming", "shot"


def _raise_in(thread: int) -> None:
    """Raise `_TimeIsUp` in another thread."""
    import ctypes

    set_exception = ctypes.pythonapi.PyThreadState_SetAsyncExc
    set_exception(ctypes.c_ulong(thread), ctypes.py_object(_TimeIsUp))


_watcher = _Watcher()
