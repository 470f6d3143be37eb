"""``choir engine check``: open a model file, explore it, show and write what was found."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from choir_model.cli import model_files
from choir_model.cli.engine_interrupts import Ended, PatientInterrupts
from choir_model.cli.messages import BadInput, say
from choir_model.cli.outputs import check_outputs, write_whole
from choir_model.cli.verify_command import HOLDS, UNFINISHED, USAGE, VIOLATED

if TYPE_CHECKING:
    from choir_model.engine import Model, ModelError, Report
    from choir_model.engine.explored import Progress
    from choir_model.engine.paths import Path as Behaviour

PICTURED_BY = {
    ".graphml": "networkx",
    ".dot": "pydot",
    ".npz": "numpy",
    ".png": "matplotlib",
    ".svg": "matplotlib",
}
"""Packages a state graph needs, by the suffix of its file."""
PICTURES = (".png", ".svg")
STDOUT = Path("-")
TRACE_SUFFIX = ".itf.json"


@dataclass(frozen=True, slots=True)
class Request:
    """The command line; files to write are found from `start`, wherever the model goes."""

    file: str
    properties: tuple[str, ...]
    limit: int | None
    depth: int | None
    counterexamples: int
    keep_going: bool
    json_file: Path | None
    itf_file: Path | None
    graph_file: Path | None
    start: Path = Path()


def run(request: Request) -> int:
    """Everything; the exit status.  User mistakes are one line on standard error."""
    try:
        _require("rich")
        return _check(request)
    except BadInput as error:
        return _say(str(error), USAGE)
    except (KeyboardInterrupt, Ended):
        return _say("interrupted", UNFINISHED)
    except MemoryError:
        return _say("out of memory; give a --limit", UNFINISHED)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is no finding: not 1)
        return _crashed(error)


def _require(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise BadInput(f"the package {package} is missing; run pip install {package}")


def _say(message: str, status: int) -> int:
    return say("choir engine check", message, status)


def _crashed(error: Exception) -> int:
    traceback.print_exception(error)
    return _say(f"internal error, {type(error).__name__}: {error}; please report it", UNFINISHED)


def _check(request: Request) -> int:
    twice = [n for n in request.properties if request.properties.count(n) > 1]
    if twice:
        raise BadInput(f"--property {twice[0]}: is given twice")
    request = replace(request, start=_current_directory())
    spec = model_files.parse(request.file)
    _check_files(request, spec)
    with PatientInterrupts() as interrupts, model_files.opened(spec) as model:
        from choir_model.engine import ModelError

        try:
            report = _report(request, spec, model, interrupts)
        except ModelError as error:
            return _faulty(error)

        def graph(suffix: str) -> bytes:
            interrupts.check()
            with _code_of_the_user(spec):
                return _graph(model, request, suffix, report)

        return _deliver(request, report, graph)


def _current_directory() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it is gone
        return Path()


def _check_files(request: Request, spec: model_files.Spec) -> None:
    outputs = {
        "--json": request.json_file if request.json_file != STDOUT else None,
        "--itf": request.itf_file,
        "--graph": request.graph_file,
    }
    for option in ("--itf", "--graph"):
        if outputs[option] == STDOUT:
            raise BadInput(f"{option} -: only --json can go to standard output; name a file")
    check_outputs(outputs, [spec.path])
    if request.itf_file is not None:
        for path in (spec.path, outputs["--json"], request.graph_file):
            if path is not None and _may_be_numbered(path, request.itf_file):
                raise BadInput(f"--itf {request.itf_file}: a second trace would go to {path}")
    if request.graph_file is not None:
        from choir_model.engine.graph_export import SUFFIXES

        suffix = request.graph_file.suffix.lower()
        if suffix not in SUFFIXES:
            known = " ".join(SUFFIXES)
            raise BadInput(f"--graph {request.graph_file}: end the name in one of {known}")
        _require(PICTURED_BY[suffix])


def _report(
    request: Request, spec: model_files.Spec, model: Model, interrupts: PatientInterrupts
) -> Report:
    from choir_model.cli import engine_render
    from choir_model.engine import check

    with engine_render.progress() as shown, _code_of_the_user(spec), interrupts.asked():
        return check(
            model,
            properties=request.properties or None,
            limit=request.limit,
            depth=request.depth,
            counterexamples=request.counterexamples,
            keep_going=request.keep_going,
            progress=_attentive(interrupts, shown),
        )


def _attentive(
    interrupts: PatientInterrupts, shown: Callable[[Progress], None]
) -> Callable[[Progress], None]:
    def progress(now: Progress) -> None:
        interrupts.check()
        shown(now)

    return progress


@contextmanager
def _code_of_the_user(spec: model_files.Spec) -> Iterator[None]:
    """Within it a model runs, which may print but not end the process.

    The engine tells what actions and properties raise; this is for the methods of values.
    """
    from choir_model.engine.view import Signal

    try:
        with model_files.quietly():
            yield
    except (Exception, KeyboardInterrupt, Signal):
        raise
    except BaseException as error:  # noqa: BLE001 (whatever the user's code raises)
        ends = isinstance(error, SystemExit)
        does = "calls sys.exit" if ends else f"raises {type(error).__name__}"
        place = model_files.place_of(error, spec)
        raise BadInput(f"{place}: the model {does}; let it raise an error") from None


def _faulty(error: ModelError) -> int:
    """A defect of the model: what it is, and the way to it."""
    from choir_model.cli import engine_render

    status = _say(str(error), USAGE)
    path: Behaviour | None = getattr(error, "path", None)
    if path is not None:
        engine_render.show_path(path, sys.stderr)
    return status


class _Problem(NamedTuple):
    """Why a file was not written, and the exit status if the verdict has none of its own."""

    message: str
    status: int


def _deliver(request: Request, report: Report, graph: Callable[[str], bytes]) -> int:
    """Write and show the report; a reader who went away changes no verdict."""
    from choir_model.cli.progress import progress
    from choir_model.engine.report import Verdict

    status = {Verdict.HOLDS: HOLDS, Verdict.VIOLATED: VIOLATED}.get(report.verdict, UNFINISHED)
    problems = []
    with progress() as bars:
        for option, path, write in _jobs(request, report, graph):
            bars.stage(f"writing {path.name}", 0)
            problems.append(_written(f"{option} {path}", request.start / path, write))
    try:
        _show(request, report)
    except SystemExit:
        pass  # how rich ends on a closed pipe
    except OSError as error:
        said = f"the report cannot be shown: {error.strerror or error}"
        problems.append(_Problem(said, UNFINISHED))
        sys.stdout = None  # or Python tries again at its end
    for problem in filter(None, problems):
        status = _say(problem.message, status or problem.status)
    return status


def _show(request: Request, report: Report) -> None:
    from choir_model.cli import engine_render

    if request.json_file == STDOUT:
        sys.stdout.write(_json_text(report))
        sys.stdout.flush()
        engine_render.show(report, request.file, sys.stderr)
    else:
        engine_render.show(report, request.file)
        sys.stdout.flush()


def _json_text(report: Report) -> str:
    from choir_model.engine.export import report_to_json

    return json.dumps(report_to_json(report), indent=1) + "\n"


Job = tuple[str, Path, Callable[[Path], None]]


def _jobs(request: Request, report: Report, graph: Callable[[str], bytes]) -> Iterator[Job]:
    """Option, file, and how it is written, for every file asked for."""
    if request.json_file not in (None, STDOUT):
        yield "--json", request.json_file, lambda p: write_whole(p, _json_text(report).encode())
    if request.itf_file is not None:
        yield "--itf", request.itf_file, lambda path: _write_traces(path, report)
    if request.graph_file is not None:
        suffix = request.graph_file.suffix.lower()
        yield "--graph", request.graph_file, lambda path: write_whole(path, graph(suffix))


def _written(named: str, path: Path, write: Callable[[Path], None]) -> _Problem | None:
    from choir_model.engine import ModelError

    try:
        write(path)
    except _NothingToWrite as nothing:
        return _Problem(f"{named}: is not written: {nothing}", HOLDS)
    except OSError as error:
        return _Problem(f"{named}: cannot be written: {error.strerror or error}", UNFINISHED)
    except ValueError as error:  # too large for a picture
        return _Problem(f"{named}: is not written: {error}", HOLDS)
    except (ImportError, ModelError, BadInput) as error:
        return _Problem(f"{named}: is not written: {error}", USAGE)
    except (KeyboardInterrupt, Ended):
        return _Problem(f"{named}: is not written: interrupted", UNFINISHED)
    return None


class _NothingToWrite(Exception):
    """There is no path a trace could be made of."""


def _write_traces(path: Path, report: Report) -> None:
    """Every counterexample, or if there is none every witness, in files numbered from 2."""
    from choir_model.engine import itf
    from choir_model.engine.export import identity_to_json
    from choir_model.engine.report import Verdict

    findings = report.findings.values()
    found = [(f, p) for f in findings if f.verdict is Verdict.VIOLATED for p in f.paths]
    found = found or [(f, p) for f in findings for p in f.paths]
    if not found:
        raise _NothingToWrite("there is neither a counterexample nor a witness")
    for number, (finding, behaviour) in enumerate(found, 1):
        about = {
            "property": finding.property.name,
            "verdict": finding.verdict.name,
            "description": finding.explanation,
            **identity_to_json(report),
            "seed": "exhaustive",
        }
        text = json.dumps(itf.trace(behaviour, about), indent=1) + "\n"
        write_whole(numbered(path, number), text.encode())


def numbered(path: Path, number: int | str) -> Path:
    """The name of the n-th of several files: ``trace-2.itf.json`` after ``trace.itf.json``."""
    if number == 1:
        return path
    suffix = TRACE_SUFFIX if path.name.endswith(TRACE_SUFFIX) else path.suffix
    return path.with_name(f"{path.name.removesuffix(suffix)}-{number}{suffix}")


def _may_be_numbered(path: Path, first: Path) -> bool:
    """Whether a further file after `first` could be `path`."""
    number = re.search(r"-(\d+)(?=\.|$)", path.name)
    return number is not None and os.path.realpath(path) == os.path.realpath(
        numbered(first, number[1])
    )


def _graph(model: Model, request: Request, suffix: str, report: Report) -> bytes:
    from choir_model.engine import state_graph
    from choir_model.engine.graph_export import render

    limit, depth = request.limit, request.depth
    if suffix in PICTURES:
        from choir_model.engine.pictures import MOST_STATES

        # One state more tells that there are too many; the graph of no more is made.
        limit = min(limit or MOST_STATES + 1, MOST_STATES + 1)
        if report.counts.distinct > MOST_STATES:
            raise _too_large(report.model)
        graph = state_graph(model, limit, depth=depth)
        if graph.size > MOST_STATES:
            raise _too_large(report.model)
        return render(graph, suffix)
    return render(state_graph(model, limit, depth=depth), suffix)


def _too_large(name: str) -> ValueError:
    from choir_model.engine.pictures import MOST_STATES

    return ValueError(
        f"{name} has more than {MOST_STATES} states, a picture has room for {MOST_STATES}; "
        "name a .dot, .graphml or .npz file, or give a --limit or a --depth"
    )
