"""Reports and paths as plain JSON values, and paths back from them.

Theory of operation
-------------------
Everything written is made of objects, arrays, strings, integers, booleans and null, in an
order that depends on the model alone: two runs give the same bytes.  Cell values keep
their type:

==============================  =====================================================
value                           JSON
==============================  =====================================================
None, True, ``"text"``          ``null``, ``true``, ``"text"``
3, 2**60                        ``3``, ``{"int": "1152921504606846976"}`` (2**53 and more)
``b"\\x00\\xff"``                 ``{"bytes": "00ff"}``
``(1, "a")``                    ``[1, "a"]``
``frozenset({1, 2})``           ``{"set": [1, 2]}``, in canonical order
``Colour.RED``                  ``{"enum": "paint:Colour.RED"}``, module and name
``Vote(yes=True)``              ``{"record": "polls:Vote", "fields": {"yes": true}}``
the atom ``node2``              ``{"atom": "node", "number": 2}``
==============================  =====================================================

`path_from_json` builds nothing from such data: it looks for the initial state and for the
arguments among those of the model, runs the model's own actions, and compares what comes
out with what the file says.  The module before a class's name is not compared, so that a
path outlives the move of a model to another file.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, NoReturn, TypeAlias, cast

from choir_model.engine.dictview import State
from choir_model.engine.machine import initial_states
from choir_model.engine.model import Model
from choir_model.engine.paths import Label, Path, PathDiverged, Step, declaration_order, differing
from choir_model.engine.recorders import described
from choir_model.engine.report import Finding, Report
from choir_model.engine.sorts import Atom, Sort
from choir_model.engine.values import canonical, member_name
from choir_model.engine.view import Cell, ModelError
from choir_model.engine.watchdog import LIMIT as PATIENCE
from choir_model.engine.watchdog import ActionTimedOut, Watchdog

Json: TypeAlias = Any
EXACT = 2**53
"""From here on many readers of JSON lose digits of a number."""
SEARCH = "exhaustive, deterministic"
REPORT, PATH, VERSION = "choir-model report", "choir-model path", 1


class PathDoesNotFit(ModelError):
    """Data is no path, or none of this model; the message says where and why."""


# Writing


def type_name(kind: type) -> str:
    """A class as ``module:Name``."""
    return f"{kind.__module__}:{kind.__qualname__}"


def value_to_json(value: object) -> Json:
    """A cell value in its typed form; see the module's text."""
    if isinstance(value, Enum):
        return {"enum": f"{type_name(type(value))}.{member_name(value)}"}
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < EXACT else {"int": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, Atom):
        return {"atom": value.sort, "number": value.number}
    if isinstance(value, frozenset):
        return {"set": [value_to_json(item) for item in canonical(value)]}
    if type(value) is tuple:
        return [value_to_json(item) for item in value]
    fields = dataclasses.fields(cast("Any", value))
    return {
        "record": type_name(type(value)),
        "fields": {field.name: value_to_json(getattr(value, field.name)) for field in fields},
    }


def _cell(cell: Cell, **values: object) -> dict[str, Json]:
    found = {"cell": cell.field.name, "key": value_to_json(cell.key)}
    return found | {name: value_to_json(value) for name, value in values.items()}


def cells_of(model: Model, states: Iterable[State]) -> list[Cell]:
    """Every declared cell and every other one that some state gives a value, as declared."""
    found = {
        record_field[key]
        for record in model.records
        for record_field in record.fields
        for key in model.keys(record) or ()
    }
    found.update(cell for state in states for cell, _ in differing(state))
    return sorted(found, key=declaration_order(model))


def _step(step: Step) -> dict[str, Json]:
    label = step.label
    return {
        "action": label.action.name,
        "parameters": {name: value_to_json(value) for name, value in label.parameters.items()},
        "script": list(label.script),
        "choices": [value_to_json(choice) for choice in step.choices],
        "changes": [_cell(c.cell, before=c.before, after=c.after) for c in step.changes],
        "events": [value_to_json(event) for event in step.events],
    }


def path_to_json(path: Path, claim: str = "") -> dict[str, Json]:
    """A path; `claim` names the property it was found for."""
    initial = path.initial
    return {
        "format": PATH,
        "version": VERSION,
        "model": path.model.name,
        "property": claim or None,
        "initial": [_cell(c, value=initial.value(c)) for c in cells_of(path.model, [initial])],
        "steps": [_step(step) for step in path.steps],
        "loop": path.loop,
    }


def _finding(finding: Finding) -> dict[str, Json]:
    claim = finding.property
    return {
        "property": claim.name,
        "kind": claim.kind.value,
        "over": [sort.name for sort in claim.over],
        "clause": claim.clause or None,
        "verdict": finding.verdict.name,
        "explanation": finding.explanation,
        "paths": [path_to_json(path, claim.name) for path in finding.paths],
    }


def identity_to_json(report: Report) -> dict[str, Json]:
    """What makes a run this run; there is no seed, for nothing is drawn."""
    return {
        "model": report.model,
        "search": SEARCH,
        "seed": None,
        "design": dict(report.design),
        "bounds": dict(report.bounds),
        "versions": dict(report.versions),
    }


def report_to_json(report: Report) -> dict[str, Json]:
    """A whole report with its paths; without times, so that equal runs give equal reports."""
    return {
        "format": REPORT,
        "version": VERSION,
        **identity_to_json(report),
        "verdict": report.verdict.name,
        "complete": report.complete,
        "stopped": report.stopped or None,
        "findings": [_finding(finding) for finding in report.findings.values()],
        "counts": dataclasses.asdict(report.counts),
        "coverage": {
            name: {**dataclasses.asdict(item), "refused": dict(item.refused)}
            for name, item in report.coverage.items()
        },
        "audit": dataclasses.asdict(report.audit),
        "notes": list(report.notes),
    }


# Reading


def path_from_json(model: Model, data: Json, *, patience: float | None = PATIENCE) -> Path:
    """The path that `path_to_json` wrote, replayed through the actions of `model`.

    Nothing in `data` is executed.  `patience` is how many seconds one run of an action may
    take.  Raises `PathDoesNotFit` where it is no path of this model, `PathDiverged` where one
    of its steps cannot be taken, and `ModelError` where the model has no initial states.
    """
    try:
        with Watchdog(patience) as dog:
            return _read(model, data, dog)
    except RecursionError:
        raise PathDoesNotFit("the path is nested too deeply") from None


def _read(model: Model, data: Json, dog: Watchdog) -> Path:
    fields = _object(data, "the path", PATH_FIELDS)
    for name, expected in (("format", PATH), ("version", VERSION), ("model", model.name)):
        if _key(fields.get(name)) != _key(expected):
            _misfit(name, f"{_key(fields.get(name))} instead of {_key(expected)}")
    initial = _initial(model, _list(fields, "initial"), dog)
    steps = _list(fields, "steps")
    labels = [_label(model, step, f"steps[{number}]") for number, step in enumerate(steps)]
    loop = fields.get("loop")
    if loop is not None and not (_is_number(loop) and 0 <= loop <= len(steps)):
        _misfit("loop", f"{_key(loop)} is no number of one of the {len(steps) + 1} states")
    try:
        path = Path.run(model, initial, labels, loop, dog)
    except PathDiverged:
        raise
    except Exception as error:
        where = ", ".join(getattr(error, "__notes__", ()))
        said = error.told if isinstance(error, ActionTimedOut) else described(error)
        raise PathDoesNotFit(f"{where}: {said}") from error
    for number, (said, step) in enumerate(zip(steps, path.steps, strict=True)):
        _compare(said, step, f"steps[{number}]")
    if loop is not None and _values(model, path.states[loop]) != _values(model, path.states[-1]):
        _misfit("loop", f"the last step does not lead back to state {loop}")
    return path


PATH_FIELDS = ("format", "version", "model", "property", "initial", "steps", "loop")
STEP_FIELDS = ("action", "parameters", "script", "choices", "changes", "events")


def _misfit(where: str, problem: str) -> NoReturn:
    raise PathDoesNotFit(f"{where}: {problem}")


def _object(data: Json, where: str, known: Sequence[str]) -> dict[str, Json]:
    if not isinstance(data, dict):
        _misfit(where, "is no object")
    for name in data:
        if name not in known:
            _misfit(where, f"has the unknown field {_key(name)}; known are {', '.join(known)}")
    return data


def _list(fields: Mapping[str, Json], name: str, where: str = "") -> list[Json]:
    found = fields.get(name, [])
    if not isinstance(found, list):
        _misfit(f"{where}{name}", "is no list")
    return found


def _is_number(data: Json) -> bool:
    return isinstance(data, int) and not isinstance(data, bool)


def _key(data: Json) -> str:
    """Text that is equal for equal data: not what Python calls equal, and without modules."""
    return json.dumps(_anywhere(data), sort_keys=True)


def _anywhere(data: Json) -> Json:
    if isinstance(data, list):
        return [_anywhere(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        name: item.rpartition(":")[2]
        if name in ("enum", "record") and isinstance(item, str)
        else _anywhere(item)
        for name, item in data.items()
    }


def _values(model: Model, state: State) -> dict[str, str]:
    """A state's identity, as text by text."""
    return {
        _key(_cell(cell)): _key(value_to_json(state.value(cell)))
        for cell in cells_of(model, [state])
        if model.keep_auxiliary or not cell.field.auxiliary
    }


def _initial(model: Model, said: list[Json], dog: Watchdog) -> State:
    found = {}
    for number, item in enumerate(said):
        fields = _object(item, f"initial[{number}]", ("cell", "key", "value"))
        found[_key({"cell": fields.get("cell"), "key": fields.get("key")})] = _key(
            fields.get("value")
        )
    starts = initial_states(model, dog)
    hidden = set() if model.keep_auxiliary else _auxiliary(model)
    found = {cell: value for cell, value in found.items() if json.loads(cell)["cell"] not in hidden}
    for start in starts:
        if _values(model, start) == found:
            return start
    _misfit("initial", f"is none of the {len(starts)} initial states of {model.name}")


def _auxiliary(model: Model) -> set[str]:
    fields = (field for record in model.records for field in record.fields)
    return {field.name for field in fields if field.auxiliary}


def _label(model: Model, data: Json, where: str) -> Label:
    fields = _object(data, where, STEP_FIELDS)
    name = fields.get("action")
    action = next((action for action in model.actions if action.name == name), None)
    if action is None:
        known = ", ".join(action.name for action in model.actions)
        _misfit(where, f"{model.name} has no action {_key(name)}; it has {known}")
    given = _object(fields.get("parameters", {}), f"{where}.parameters", action.parameters)
    arguments = tuple(
        _member(sort, given, parameter, f"{where}.parameters")
        for parameter, sort in zip(action.parameters, action.sorts, strict=True)
    )
    script = _list(fields, "script", f"{where}.")
    if not all(_is_number(option) and option >= 0 for option in script):
        _misfit(f"{where}.script", "is no list of option numbers")
    return Label(action, arguments, tuple(script))


def _member(sort: Sort, given: Mapping[str, Json], parameter: str, where: str) -> Any:
    if parameter not in given:
        _misfit(where, f"{parameter} is missing")
    wanted = _key(given[parameter])
    for member in sort:
        if _key(value_to_json(member)) == wanted:
            return member
    _misfit(f"{where}.{parameter}", f"{wanted} is no member of the sort {sort.name}")


def _compare(said: Mapping[str, Json], step: Step, where: str) -> None:
    happened = _step(step)
    for name in ("choices", "changes", "events"):
        if name in said and _key(said[name]) != _key(happened[name]):
            _misfit(
                f"{where}.{name}",
                f"{_key(said[name])} instead of {_key(happened[name])}, which is what happens",
            )
