"""Paths in the Informal Trace Format (ITF, ADR-015 of Apalache), which other tools read.

=====================================  ==============================================
here                                   there
=====================================  ==============================================
a field of a singleton record          a variable ``record.field``
a field of a family of records         one variable holding a ``#map`` from key to value
True, 3, ``"text"``                    ``true``, ``{"#bigint": "3"}``, ``"text"``
tuple, frozen set                      ``{"#tup": […]}``, ``{"#set": […]}``
frozen dataclass ``Vote(yes=True)``    variant ``{"tag": "Vote", "value": {"yes": true}}``
None, enum members, atoms, bytes       a string; ``#meta.constants`` says which value it is
=====================================  ==============================================

The strings that stand for constants differ from one another and from all text of the trace.
What happened stands in the ``#meta`` of the state it led to.  An infinite path goes on
after its last state with the state numbered ``loop``.  Auxiliary fields are left out
unless they are part of a state's identity.

Readers in typed languages take what they do not know in a ``#meta`` for text.  So only
``index`` is a number there; what is not text by nature is text that holds JSON.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, cast

from choir_model.engine.dictview import State
from choir_model.engine.export import Json, cells_of, type_name, value_to_json
from choir_model.engine.paths import Path, Step
from choir_model.engine.sorts import Atom
from choir_model.engine.values import canonical, encode, member_name
from choir_model.engine.view import Cell

DESCRIPTION = "https://apalache-mc.org/docs/adr/015adr-trace.html"


@dataclasses.dataclass(frozen=True, slots=True)
class _Variable:
    family: bool
    cells: list[Cell]


def trace(path: Path, about: Mapping[str, Json] | None = None) -> dict[str, Json]:
    """The path as a trace object; `about` goes into its ``#meta``, as text and without nulls."""
    states = path.states
    variables = _variables(path, states)
    cells = [cell for variable in variables.values() for cell in variable.cells]
    used = [cell.key for cell in cells]
    used += [state.value(cell) for state in states for cell in cells]
    used += [value for step in path.steps for value in (*step.label.arguments, *step.choices)]
    write = _Writer(used)
    remarks = [{}, *map(write.step, path.steps)]
    found: dict[str, Json] = {
        "#meta": {
            "format": "ITF",
            "format-description": DESCRIPTION,
            **_texts(about or {}),
            **_texts({"constants": write.constants}),
        },
        "vars": list(variables),
        "states": [
            {
                "#meta": {"index": number, **_texts(remarks[number])},
                **{name: write.variable(variables[name], state) for name in variables},
            }
            for number, state in enumerate(states)
        ],
    }
    if path.loop is not None:
        # Our last step leads back to state `loop`: the last state is that state once more,
        # and what follows it is the next one.
        found["loop"] = min(path.loop + 1, len(path.steps))
    return found


def _variables(path: Path, states: list[State]) -> dict[str, _Variable]:
    model = path.model
    cells = cells_of(model, states)
    return {
        field.name: _Variable(
            model.keys(record) != [None], [cell for cell in cells if cell.field is field]
        )
        for record in model.records
        for field in record.fields
        if model.keep_auxiliary or not field.auxiliary
    }


class _Writer:
    """Writes expressions, with one string for each constant."""

    def __init__(self, used: Iterable[object]) -> None:
        parts = [part for value in used for part in _parts(value)]
        kinds = {type(part) for part in parts if not _is_text_or_constant(part)}
        same = Counter(kind.__qualname__ for kind in kinds)
        self._tags = {
            kind: kind.__qualname__ if same[kind.__qualname__] == 1 else type_name(kind)
            for kind in kinds
        }
        found = [part for part in parts if _is_text_or_constant(part)]
        taken = {item for item in found if type(item) is str}
        constants = {encode(item): item for item in found if type(item) is not str}
        briefly = Counter(_brief(item) for item in constants.values())
        self._names: dict[bytes, str] = {}
        self.constants: dict[str, Json] = {}
        for code, item in sorted(constants.items()):
            name = _brief(item)
            if briefly[name] > 1 or name in taken:
                name = _fully(item)
            while name in taken:
                name += "'"
            taken.add(name)
            self._names[code] = name
            self.constants[name] = value_to_json(item)

    def expression(self, value: object) -> Json:
        """A value as an expression of the format."""
        if _is_text_or_constant(value):
            return value if type(value) is str else self._names[encode(value)]
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            return {"#bigint": str(value)}
        if isinstance(value, frozenset):
            return {"#set": [self.expression(item) for item in canonical(value)]}
        if type(value) is tuple:
            return {"#tup": [self.expression(item) for item in value]}
        fields = dataclasses.fields(cast("Any", value))
        inside = {field.name: self.expression(getattr(value, field.name)) for field in fields}
        return {"tag": self._tags[type(value)], "value": inside}

    def variable(self, variable: _Variable, state: State) -> Json:
        """What a variable is in a state."""
        values = [(cell.key, state.value(cell)) for cell in variable.cells]
        if variable.family:
            return {"#map": [[self.expression(item) for item in pair] for pair in values]}
        return self.expression(values[0][1])

    def step(self, step: Step) -> dict[str, Json]:
        """What happened, as a remark on the state it led to."""
        label = step.label
        return {
            "action": label.action.name,
            "parameters": {n: self.expression(value) for n, value in label.parameters.items()},
            "choices": [self.expression(choice) for choice in step.choices],
        }


def _texts(remarks: Mapping[str, Json]) -> dict[str, str]:
    """Remarks as every reader can take them."""
    return {
        name: remark if isinstance(remark, str) else json.dumps(remark)
        for name, remark in remarks.items()
        if remark is not None
    }


def _is_text_or_constant(value: object) -> bool:
    return value is None or isinstance(value, str | Enum | bytes | Atom)


def _parts(value: object) -> Iterator[Any]:
    """The value, and what is in it, however deep."""
    yield value
    if _is_text_or_constant(value):
        return
    if isinstance(value, tuple | frozenset):
        for item in value:
            yield from _parts(item)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _parts(getattr(value, field.name))


def _brief(constant: object) -> str:
    if isinstance(constant, Enum):
        return member_name(constant)
    return f"0x{constant.hex()}" if isinstance(constant, bytes) else str(constant)


def _fully(constant: object) -> str:
    if isinstance(constant, Enum):
        return f"{type_name(type(constant))}.{member_name(constant)}"
    return _brief(constant)
