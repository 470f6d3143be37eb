"""Recorders: each kind of model code run once on a packed state, all its branches.

Model code is an action, a predicate over one state, a predicate over a step, or the
mapping of a refinement.  A recorder never raises what the model code raised: that is in
the recording, as a `Failure`.  It raises `ActionTimedOut` if the model code does not end;
the time limit is that of one branch, since an action may have very many.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import PurePath
from typing import Any, TypeAlias

from choir_model.engine.dictview import DictView, State, next_script
from choir_model.engine.recording import (
    Branch,
    Failure,
    Inert,
    Memory,
    Pending,
    Recording,
    RecordingView,
    Refusal,
    Writes,
)
from choir_model.engine.sorts import ordinary
from choir_model.engine.view import RETURNED, NoOptionSignal, RefusalSignal
from choir_model.engine.watchdog import ActionTimedOut, Escaped, Watchdog

_LABEL = "model code"
_NOT_OF_A_PREDICATE = "a predicate can neither refuse nor choose"
_NOT_OF_A_MAPPING = "a mapping can neither refuse nor choose"
Recorder: TypeAlias = Callable[[Callable[..., Any], int], Recording]
"""``recorder(fn, packed)``: `fn` is the model code or an equivalent copy of it."""


def of_action(memory: Memory, arguments: tuple[Any, ...]) -> Recorder:
    """Records ``fn(view, *arguments)`` with every combination of choices."""

    def record(fn: Callable[..., Any], packed: int) -> Recording:
        recording, known = Recording(), dict[Any, Any]()
        script: tuple[int, ...] | None = ()
        while script is not None:
            view = RecordingView(memory, packed, recording, known, script=script)
            _run_branch(memory.dog, view, recording, fn, arguments)
            if recording.failure is not None:
                break
            script = next_script(view.choices, view.widths)
        return recording

    return record


def of_predicate(memory: Memory, arguments: tuple[Any, ...]) -> Recorder:
    """Records ``fn(view, *arguments)``, which only reads and returns a bool."""

    def record(fn: Callable[..., Any], packed: int) -> Recording:
        recording = Recording()
        view = RecordingView(memory, packed, recording, {}, writable=False)
        watched = partial(memory.dog.watch, _LABEL, fn, view, *arguments)
        _run_predicate([view], recording, watched)
        return recording

    return record


def of_step(memory: Memory, arguments: tuple[Any, ...], writes: Mapping[int, Pending]) -> Recorder:
    """Records ``fn(before, after, *arguments)`` for a step that writes `writes`."""

    def record(fn: Callable[..., Any], packed: int) -> Recording:
        recording, known = Recording(), dict[Any, Any]()
        before = RecordingView(memory, packed, recording, known, writable=False)
        after = RecordingView(
            memory, packed, recording, known, pending=dict(writes), writable=False
        )
        watched = partial(memory.dog.watch, _LABEL, fn, before, after, *arguments)
        _run_predicate([before, after], recording, watched)
        return recording

    return record


def of_mapping(memory: Memory) -> Recorder:
    """Records ``fn(view, image)``; the result is the image, a `State` of the other model."""

    def record(fn: Callable[..., Any], packed: int) -> Recording:
        recording = Recording()
        view = RecordingView(memory, packed, recording, {}, writable=False)
        image = DictView(State())
        try:
            returned = memory.dog.watch(_LABEL, fn, view, image)
            if image.choices or image.ended or view.ended:
                recording.failure = Failure(_NOT_OF_A_MAPPING)
            elif image.events:
                recording.failure = Failure("a mapping emits no events")
            elif returned is not None:
                recording.failure = Failure(_returned(returned, "a mapping", "its image"))
        except ActionTimedOut:
            raise
        except Exception as error:  # noqa: BLE001 (whatever the model code raises)
            recording.failure = Failure(described(error))
        except (RefusalSignal, NoOptionSignal):
            recording.failure = Failure(_NOT_OF_A_MAPPING)
        finally:
            view.expire()
            image.ended = RETURNED
        _add_misuse([view, image], recording)
        recording.result = State(image.writes)
        return recording

    return record


def _run_branch(
    dog: Watchdog,
    view: RecordingView,
    recording: Recording,
    fn: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> None:
    try:
        returned = dog.watch(_LABEL, fn, view, *arguments)
    except ActionTimedOut:
        raise
    except RefusalSignal as signal:
        outcome: Writes | Refusal | Inert = Refusal(signal.reason, signal.role)
    except NoOptionSignal:
        outcome = Inert()
    except Exception as error:  # noqa: BLE001 (whatever the model code raises)
        recording.failure = Failure(described(error), tuple(view.choices))
        return
    else:
        if returned is not None or view.ended:
            text = f"it went on after it {view.ended}" if view.ended else _returned(returned)
            recording.failure = Failure(text, tuple(view.choices))
            return
        outcome = Writes(dict(view.pending))
        for field, cell in view.written.items():
            recording.written.setdefault(field, cell)
    finally:
        view.ended = RETURNED
        if view.misuse is not None:
            _add_misuse([view], recording)
    recording.branches.append(Branch(tuple(view.choices), outcome))


def _run_predicate(
    views: list[RecordingView], recording: Recording, run: Callable[[], Any]
) -> None:
    try:
        answer = run()
        if any(view.ended for view in views):  # and the predicate caught it
            recording.failure = Failure(_NOT_OF_A_PREDICATE)
        elif type(answer) is not bool:
            recording.failure = Failure(
                f"it returned {_repr(answer)}; a predicate returns True or False"
            )
        recording.result = answer
    except ActionTimedOut:
        raise
    except Exception as error:  # noqa: BLE001 (whatever the model code raises)
        recording.failure = Failure(described(error))
    except (RefusalSignal, NoOptionSignal):
        recording.failure = Failure(_NOT_OF_A_PREDICATE)
    finally:
        for view in views:
            view.expire()
        _add_misuse(views, recording)


def _add_misuse(views: Sequence[RecordingView | DictView], recording: Recording) -> None:
    """A view that was misused is a failure, also where the model code caught the error."""
    for view in views:
        if view.misuse is not None:
            recording.failure = Failure(described(view.misuse), tuple(view.choices))
            return


def _returned(value: Any, what: str = "an action", where: str = "its view") -> str:
    if hasattr(value, "__next__") or hasattr(value, "__await__"):
        value.close()  # nobody will wait for it, and Python would complain
        return f"it is a generator or a coroutine; {what} is a plain function"
    return f"it returned {_repr(value)}; {what} returns nothing, it writes to {where}"


def _repr(value: Any) -> str:
    try:
        return repr(ordinary(value))
    except Exception:  # noqa: BLE001 (it is code of the model)
        return f"a {type(value).__name__}"


def described(error: BaseException) -> str:
    """One line: the exception, and the line of model code it comes from."""
    if isinstance(error, Escaped):
        error = error.raised
    frames = traceback.extract_tb(error.__traceback__)
    engine = PurePath(__file__).parent
    own = [frame for frame in frames if PurePath(frame.filename).parent != engine]
    try:
        text = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
    except Exception:  # noqa: BLE001 (its own text fails as well)
        text = type(error).__name__
    if not own:
        return text
    return f"{text} ({PurePath(own[-1].filename).name}:{own[-1].lineno})"
