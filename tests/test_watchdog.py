"""The watchdog stops what does not end, and does nothing else."""

from __future__ import annotations

import os
import sys
import threading
import timeit
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import pytest

from choir_model.engine import ModelError, watchdog
from choir_model.engine.watchdog import ActionTimedOut, Watchdog

LIMIT = 0.2


def endless() -> None:
    while True:
        pass


def stubborn() -> None:
    while True:
        with suppress(Exception):
            endless()


def busy(rounds: int = 20_000) -> int:
    return sum(number % 7 for number in range(rounds))


@pytest.fixture(autouse=True)
def one_watcher_for_all() -> Iterator[None]:
    yield
    assert sum(thread.name == "watchdog" for thread in threading.enumerate()) <= 1
    assert not watchdog._watcher._dogs


def test_a_pure_endless_loop_is_stopped_by_name() -> None:
    with Watchdog(LIMIT) as dog, pytest.raises(ActionTimedOut) as stopped:
        dog.watch("pay(alice, bob)", endless)
    assert str(stopped.value) == (
        "pay(alice, bob): did not end within 0.2 seconds; "
        "model code must end, or the time limit be raised"
    )
    assert isinstance(stopped.value, ModelError)


def test_code_that_catches_every_exception_is_stopped() -> None:
    with Watchdog(LIMIT) as dog, pytest.raises(ActionTimedOut):
        dog.watch("stubborn", stubborn)


def test_code_that_swallows_even_the_watchdogs_exception_has_not_ended() -> None:
    def swallowing() -> str:
        with suppress(BaseException):
            endless()
        return "as if nothing had happened"

    with Watchdog(LIMIT) as dog, pytest.raises(ActionTimedOut):
        dog.watch("swallowing", swallowing)


def test_code_that_swallows_it_and_goes_on_is_stopped_again() -> None:
    def twice() -> None:
        with suppress(BaseException):
            endless()
        endless()

    with Watchdog(LIMIT) as dog, pytest.raises(ActionTimedOut):
        dog.watch("twice", twice)


def test_clean_up_of_the_stopped_code_runs() -> None:
    done = []

    def tidy() -> None:
        try:
            endless()
        finally:
            done.append("tidy")

    with Watchdog(LIMIT) as dog, pytest.raises(ActionTimedOut):
        dog.watch("tidy", tidy)
    assert done == ["tidy"]


def test_results_arguments_and_exceptions_pass_through() -> None:
    def divide(one: int, other: int) -> float:
        return one / other

    with Watchdog(LIMIT) as dog:
        assert dog.watch("divide", divide, 6, 3) == 2
        with pytest.raises(ZeroDivisionError):
            dog.watch("divide", divide, 6, 0)
        assert dog.watch("divide", divide, 1, 1) == 1


def test_many_short_executions_may_take_longer_than_the_limit_together() -> None:
    total = 0
    with Watchdog(LIMIT) as dog:
        started = timeit.default_timer()
        while timeit.default_timer() < started + 3 * LIMIT:
            total += dog.watch("busy", busy)
    assert total > 0


def test_time_between_executions_does_not_count() -> None:
    with Watchdog(LIMIT) as dog:
        dog.watch("busy", busy)
        threading.Event().wait(2 * LIMIT)
        started = timeit.default_timer()
        while timeit.default_timer() < started + 2 * LIMIT:
            busy()
        assert dog.watch("busy", busy, 10) == sum(n % 7 for n in range(10))


def test_the_watchdog_goes_on_watching_after_it_has_stopped_something() -> None:
    with Watchdog(LIMIT) as dog:
        for label in ("first", "second"):
            with pytest.raises(ActionTimedOut, match=label):
                dog.watch(label, endless)
            assert dog.watch("busy", busy) > 0


def test_it_watches_the_thread_that_entered_it() -> None:
    caught: list[BaseException] = []

    def work() -> None:
        with Watchdog(LIMIT) as dog:
            try:
                dog.watch("elsewhere", endless)
            except ActionTimedOut as error:
                caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():  # what is raised there must not arrive here
        busy()
    assert str(caught[0]).startswith("elsewhere: ")


def test_another_thread_is_refused() -> None:
    caught: list[BaseException] = []

    def intrude(dog: Watchdog) -> None:
        try:
            dog.watch("mine", busy)
        except RuntimeError as error:
            caught.append(error)

    with Watchdog(LIMIT) as dog:
        thread = threading.Thread(target=intrude, args=(dog,))
        thread.start()
        thread.join()
    assert "in the same thread" in str(caught[0])


def test_outside_its_block_it_does_not_watch() -> None:
    dog = Watchdog(LIMIT)
    with pytest.raises(RuntimeError, match="inside its `with` block"):
        dog.watch("early", busy)
    with dog:
        dog.watch("in time", busy)
        with pytest.raises(RuntimeError, match="on watch already"):
            dog.__enter__()
    with pytest.raises(RuntimeError, match="inside its `with` block"):
        dog.watch("late", busy)
    with dog, pytest.raises(ActionTimedOut):
        dog.watch("again", endless)


def test_an_execution_within_another_counts_as_part_of_it() -> None:
    with Watchdog(LIMIT) as dog:

        def outer() -> None:
            assert dog.watch("inner", busy) > 0
            dog.watch("inner", endless)

        with pytest.raises(ActionTimedOut, match="outer"):
            dog.watch("outer", outer)


def test_a_watchdog_within_the_code_of_another_is_not_taken_for_it() -> None:
    def outer() -> None:
        with Watchdog(60) as inner:
            inner.watch("inner", endless)

    with Watchdog(LIMIT) as dog, pytest.raises(ActionTimedOut, match=r"outer: .* 0\.2 seconds"):
        dog.watch("outer", outer)


def test_without_a_limit_there_is_no_watcher() -> None:
    with Watchdog(None) as dog:
        assert dog.watch("busy", busy) > 0
        assert dog not in watchdog._watcher._dogs


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_limit_must_be_positive(seconds: float) -> None:
    with pytest.raises(ValueError, match="it must be positive, or None"):
        Watchdog(seconds)


@contextmanager
def switching_often() -> Iterator[None]:
    """Let the two threads meet in as many places as possible."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def ending_about_now(seconds: float) -> Callable[[], str]:
    def action() -> str:
        until = timeit.default_timer() + seconds
        while timeit.default_timer() < until:
            pass
        return "ended"

    return action


def test_a_shot_at_an_execution_that_ends_just_in_time_hits_nothing_later() -> None:
    """Executions end all around the moment of the shot; whatever comes belongs to `watch`."""
    limit, outcomes = 0.004, set[str]()
    with switching_often(), Watchdog(limit) as dog:
        for number in range(150):
            action = ending_about_now(limit * (1 + (number % 30) / 100))
            try:
                outcomes.add(dog.watch("close", action))
            except ActionTimedOut:
                outcomes.add("stopped")
            busy(200)
    busy(2_000)
    assert outcomes == {"ended", "stopped"}


def shoot(dog: Watchdog) -> None:
    """As if the watcher had, in this very moment."""
    import ctypes

    dog._aim = "shot"
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(threading.get_ident()), ctypes.py_object(watchdog._TimeIsUp)
    )


class ShotAtEachLine:
    """Shoots at one line of the watchdog's code, each time another, after the action's end."""

    def __init__(self) -> None:
        self.hit = set[tuple[str, int]]()
        self.loaded = self.ended = False

    def action(self) -> str:
        self.ended = True
        return "ended"

    def watch(self) -> str:
        """The outcome of an execution during which a line was hit that never was before."""
        self.loaded, self.ended = True, False
        with Watchdog(60) as dog:

            def trace(frame: FrameType, event: str, _: object) -> Any:
                place = (frame.f_code.co_name, frame.f_lineno)
                aimed = self.ended and frame.f_code.co_filename == watchdog.__file__
                if self.loaded and aimed and event == "line" and place not in self.hit:
                    self.hit.add(place)
                    self.loaded = False
                    shoot(dog)
                return trace

            sys.settrace(trace)
            try:
                return dog.watch("line by line", self.action)
            except ActionTimedOut:
                return "stopped"
            finally:
                sys.settrace(None)
                assert busy() > 0
                assert dog.watch("next", self.action) == "ended"


def test_a_shot_that_arrives_anywhere_in_watch_stays_within_it() -> None:
    shots = ShotAtEachLine()
    while shots.watch() == "stopped":
        assert not shots.loaded
    assert shots.loaded
    assert [name for name, _ in shots.hit] == ["watch"] * 2


class EndsWhileAimedAt(Watchdog):
    """To the watcher, every turn is over by the time it has taken aim."""

    turn = 0

    @property
    def _turn(self) -> int:
        return self.turn + (self._aim == "aiming")

    @_turn.setter
    def _turn(self, turn: int) -> None:
        self.turn = turn


def test_what_ended_while_the_watcher_took_aim_is_not_shot_at() -> None:
    with EndsWhileAimedAt(0.02) as dog:
        assert dog.watch("close", ending_about_now(0.3)) == "ended"


def test_a_forked_process_has_a_watcher_of_its_own() -> None:
    with Watchdog(LIMIT) as dog:
        dog.watch("busy", busy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that threads are not copied is what is tested
        child = os.fork()
    if child == 0:
        code = 1
        with suppress(ActionTimedOut), Watchdog(LIMIT) as dog:
            try:
                dog.watch("forked", endless)
            except ActionTimedOut:
                code = 0
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
