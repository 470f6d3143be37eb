"""Model files: Python that a user wrote, executed, and the model in it.

``FILE.py:NAME`` is the model of that name, or what the function of that name returns.
Without a name it is ``MODEL``, or the only model there is.  A file that has a colon in
its name is taken as it is.

The file is executed as a module of its own, named by its file name, which no import can
mean.  Its folder comes last on the import path: it can import its neighbours, and a
neighbour called as a library is takes nobody's place.  What it prints, then and later,
goes to standard error: standard output belongs to the report.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from choir_model.cli.engine_interrupts import Ended
from choir_model.cli.messages import BadInput

if TYPE_CHECKING:
    from choir_model.engine import Model

USUAL = "MODEL"
CURE = "give a Python file that defines a model"
LISTED = 12
"""Candidates named in a message."""


class Spec(NamedTuple):
    """What the command line names: a file, and a model in it or None for the usual one.

    `file` and `folder` name it and its neighbours whatever the current directory becomes.
    """

    path: Path
    name: str | None
    file: str
    folder: str


def parse(text: str) -> Spec:
    """Split ``FILE.py:NAME``; raises `BadInput` unless the file can be read."""
    try:
        given, name = _split(text)
        if not given:
            raise BadInput(f"{text!r} names no file; {CURE}")
        path = Path(given)
        _check_file(path)
        spec = Spec(path, name, os.path.realpath(path), os.path.realpath(path.parent))
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise BadInput(f"{text}: {problem}; {CURE}") from None
    if name is not None and not name.isidentifier():
        raise BadInput(f"{text}: {name!r} is no name of a model; write {path}:{USUAL}")
    return spec


def _split(text: str) -> tuple[str, str | None]:
    """The file and the name in it; what ends as a file does is no name."""
    head, colon, name = text.rpartition(":")
    if not colon or Path(text).exists() or (name.endswith(".py") and not head.endswith(".py")):
        return text, None
    return head, name


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise BadInput(f"{path}: is a directory; {CURE}")
    if not path.exists():
        raise BadInput(f"{path}: there is no such file; {CURE}")
    if path.suffix != ".py":
        raise BadInput(f"{path}: is no .py file; {CURE}")
    if not path.is_file():
        raise BadInput(f"{path}: is no regular file; {CURE}")


@contextlib.contextmanager
def opened(spec: Spec) -> Iterator[Model]:
    """The model; raises `BadInput` for whatever goes wrong in the file.

    Until the context ends, the model may import its neighbours.
    """
    name = spec.path.name
    before, paths = sys.modules.get(name), list(sys.path)
    sys.path.append(spec.folder)
    try:
        with quietly():
            model = _model(_execute(spec, name), spec)
        yield model
    finally:
        sys.path[:] = paths
        sys.modules.pop(name, None)
        if before is not None:
            sys.modules[name] = before


def quietly() -> contextlib.AbstractContextManager[object]:
    """Within it the user's code runs: what it prints is no part of the report."""
    return contextlib.redirect_stdout(sys.stderr)


def _execute(spec: Spec, name: str) -> ModuleType:
    module = ModuleType(name)
    module.__file__ = spec.file
    module.__package__ = ""
    sys.modules[name] = module
    with _blamed_on(spec):
        code = compile(_source(spec), spec.file, "exec", dont_inherit=True)
        exec(code, vars(module))  # noqa: S102 (the user's own model)
    return module


def _source(spec: Spec) -> bytes:
    try:
        return spec.path.read_bytes()
    except OSError as error:
        raise BadInput(f"{spec.path}: cannot be read: {error.strerror or error}") from None


@contextlib.contextmanager
def _blamed_on(spec: Spec) -> Iterator[None]:
    """Turn what the user's code raises into one line with its place."""
    try:
        yield
    except (BadInput, KeyboardInterrupt, Ended):
        raise
    except SystemExit as error:
        place = place_of(error, spec)
        raise BadInput(f"{place}: the file calls sys.exit; a model file must not") from None
    except SyntaxError as error:
        line = f":{error.lineno}" if error.lineno else ""
        place = f"{_named(error.filename or '', spec)}{line}"
        raise BadInput(f"{place}: {type(error).__name__}: {error.msg}") from None
    except BaseException as error:  # noqa: BLE001 (whatever the user's code raises)
        raise BadInput(f"{place_of(error, spec)}: {_said(error)}") from None


def _said(error: BaseException) -> str:
    from choir_model.engine import ModelError

    try:
        text = str(error)
    except Exception:  # noqa: BLE001 (it is code of the user, too)
        text = ""
    if isinstance(error, ModelError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place_of(error: BaseException, spec: Spec) -> str:
    """File and line of the last frame in the user's own files."""
    folder = spec.folder + os.sep
    frames = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename.startswith(folder) and not _is_ours(frame.f_code.co_filename)
    ]
    if not frames:
        return str(spec.path)
    file, line = frames[-1]
    return f"{_named(file, spec)}:{line}"


def _is_ours(file: str) -> bool:
    """Whether a file belongs to this package or an installed one, but is no model."""
    here = Path(__file__).resolve().parent
    folders = (here, here.parent / "engine")
    return file.startswith(tuple(f"{folder}{os.sep}" for folder in folders)) or (
        "site-packages" in file
    )


def _named(file: str, spec: Spec) -> str:
    """A file as the user would name it."""
    if file == spec.file:
        return str(spec.path)
    folder = spec.folder + os.sep
    if file.startswith(folder):
        return str(spec.path.parent / file[len(folder) :])
    return file or str(spec.path)


def _model(module: ModuleType, spec: Spec) -> Model:
    from choir_model.engine import Model

    name = spec.name
    if name is None:
        name = USUAL if USUAL in vars(module) else _only(module, spec)
    where = f"{spec.path}:{name}"
    if name not in vars(module):
        raise BadInput(f"{spec.path}: has no {name}; {_candidates(module, spec)}")
    found = vars(module)[name]
    if not isinstance(found, Model) and callable(found) and not isinstance(found, type):
        needed = _required(found)
        if needed:
            raise BadInput(f"{where}: needs arguments ({needed}); {_candidates(module, spec)}")
        with _blamed_on(spec):
            found = found()
        where = f"{where}()"
    if not isinstance(found, Model):
        kind = "a class" if isinstance(found, type) else f"of type {type(found).__name__}"
        raise BadInput(f"{where}: is {kind}, not a Model; {_candidates(module, spec)}")
    return found


def _only(module: ModuleType, spec: Spec) -> str:
    names = _models(module)
    if len(names) == 1:
        return names[0]
    problem = "defines several models" if names else "defines no model"
    raise BadInput(f"{spec.path}: {problem}; {_candidates(module, spec)}")


def _models(module: ModuleType) -> list[str]:
    """The names of the models in a module; of one with several names the first."""
    from choir_model.engine import Model

    found = {id(v): n for n, v in reversed(vars(module).items()) if isinstance(v, Model)}
    return list(found.values())[::-1]


def _makers(module: ModuleType) -> list[str]:
    """The names of functions that say they return a model, and need nothing for it."""
    return [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and _returns_a_model(value) and not _required(value)
    ]


def _returns_a_model(function: Any) -> bool:
    said = function.__annotations__.get("return")
    return "Model" in (said, getattr(said, "__name__", None))


def _required(function: Any) -> str:
    """The parameters without which a function cannot be called."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ""
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in variable]
    return ", ".join(needed)


def _candidates(module: ModuleType, spec: Spec) -> str:
    names = [*_models(module), *_makers(module)]
    if not names:
        return f"bind one, as {USUAL} = Model(…)"
    listed = ", ".join(names[:LISTED]) + (", …" if len(names) > LISTED else "")
    return f"name one as {spec.path}:NAME; it has {listed}"
