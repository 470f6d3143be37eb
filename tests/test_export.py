"""Values, paths and reports as JSON: typed, complete, and read back by replaying only."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from value_model import (
    EVERYTHING,
    LASSO,
    MODEL,
    MOVE,
    PUT,
    STUTTERING,
    VALUES,
    Colour,
    Purse,
    Vote,
    through,
)

from choir_model.engine import Action, Atom, Model, ModelError, Path, State, View
from choir_model.engine.export import (
    PathDoesNotFit,
    path_from_json,
    path_to_json,
    value_to_json,
)
from choir_model.engine.paths import Label, PathDiverged
from choir_model.engine.values import encode


def journey(path: Path) -> Any:
    """A path as it comes out of a file."""
    return json.loads(json.dumps(path_to_json(path, "claim")))


# Values


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, None),
        (True, True),
        (1, 1),
        ("1", "1"),
        (2**53 - 1, 2**53 - 1),
        (2**53, {"int": "9007199254740992"}),
        (-(2**53), {"int": "-9007199254740992"}),
        (b"\x00\xff", {"bytes": "00ff"}),
        ((1, "a"), [1, "a"]),
        (frozenset({10, 9}), {"set": [9, 10]}),
        (Colour.RED, {"enum": "value_model:Colour.RED"}),
        (Atom("node", 2), {"atom": "node", "number": 2}),
        (
            Vote("ann", yes=True),
            {"record": "value_model:Vote", "fields": {"by": "ann", "yes": True}},
        ),
    ],
    ids=repr,
)
def test_a_value_keeps_its_type(value: object, data: object) -> None:
    assert json.dumps(value_to_json(value)) == json.dumps(data)


def test_different_values_are_different_json() -> None:
    found = {json.dumps(value_to_json(value)) for value in VALUES}
    assert len(found) == len({encode(value) for value in VALUES}) == len(VALUES)


# Paths


@pytest.mark.parametrize("path", [EVERYTHING, LASSO, STUTTERING], ids=["all", "lasso", "still"])
def test_a_path_comes_back_from_json(path: Path) -> None:
    again = path_from_json(MODEL, journey(path))
    assert again == path
    assert path_to_json(again, "claim") == path_to_json(path, "claim")


def test_a_path_says_everything_that_happened() -> None:
    data = journey(through(Label(MOVE, (Atom("node", 1), "ann"), (1,)), Label(PUT, (2,))))
    assert (data["model"], data["property"], data["loop"]) == ("values", "claim", None)
    assert data["initial"][0] == {"cell": "lamp.value", "key": None, "value": 2}
    assert data["steps"][0] == {
        "action": "move",
        "parameters": {"node": {"atom": "node", "number": 1}, "person": "ann"},
        "script": [1],
        "choices": [5],
        "changes": [
            {"cell": "purse.coins", "key": "ann", "before": 3, "after": 5},
            {
                "cell": "grant.given",
                "key": [{"atom": "node", "number": 1}, "ann"],
                "before": False,
                "after": True,
            },
            {"cell": "note.text", "key": ["ann", 1], "before": "", "after": "seen"},
        ],
        "events": [],
    }
    (event,) = data["steps"][1]["events"]
    assert event["fields"] == {"by": "ann", "yes": False}


def test_the_initial_state_lists_every_declared_cell() -> None:
    cells = [(c["cell"], json.dumps(c["key"])) for c in journey(LASSO)["initial"]]
    assert len(set(cells)) == len(cells) == 2 + 4 + 2 * 4


def test_a_path_written_by_hand_may_leave_out_what_follows() -> None:
    data = journey(LASSO)
    data["steps"] = [
        {"action": step["action"], "parameters": step["parameters"]} for step in data["steps"]
    ]
    assert path_from_json(MODEL, data) == LASSO


def test_a_path_outlives_the_move_of_its_model_to_another_module() -> None:
    path = through(Label(PUT, (Colour.RED,)), Label(PUT, (Vote("ann", yes=True),)))
    text = json.dumps(journey(path))
    moved = text.replace('"value_model:', '"elsewhere.py:')
    assert moved != text
    assert path_from_json(MODEL, json.loads(moved)) == path


def test_the_order_of_fields_means_nothing() -> None:
    def turned(data: Any) -> Any:
        if isinstance(data, dict):
            return {name: turned(data[name]) for name in reversed(data)}
        return [turned(item) for item in data] if isinstance(data, list) else data

    assert path_from_json(MODEL, turned(journey(EVERYTHING))) == EVERYTHING


def edit(place: str, value: object) -> Callable[[Any], None]:
    """Put a value somewhere, as ``steps.0.action``."""
    *way, last = [int(part) if part.isdigit() else part for part in place.split(".")]

    def change(data: Any) -> None:
        for part in way:
            data = data[part]
        data[last] = value

    return change


FIRST = "steps.0.changes.0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (edit("format", "choir-model report"), 'format: "choir-model report" instead of'),
        (edit("version", 2), "version: 2 instead of 1"),
        (edit("version", True), "version: true instead of 1"),
        (edit("model", "other"), 'model: "other" instead of "values"'),
        (edit("extra", 1), 'the path: has the unknown field "extra"'),
        (edit("initial", {}), "initial: is no list"),
        (edit("initial", []), "initial: is none of the 2 initial states of values"),
        (edit("initial.0.value", 3), "initial: is none of the 2 initial states"),
        (edit("initial.0.value", 2.0), "initial: is none of the 2 initial states"),
        (edit("initial.0", 1), r"initial\[0\]: is no object"),
        (edit("initial.0.more", 1), r'initial\[0\]: has the unknown field "more"'),
        (edit("steps", None), "steps: is no list"),
        (edit("steps.0", []), r"steps\[0\]: is no object"),
        (
            edit("steps.0.action", "fly"),
            r'steps\[0\]: values has no action "fly"; it has put, move',
        ),
        (edit("steps.0.action", ["put"]), r"has no action \[\"put\"\]"),
        (edit("steps.0.parameters", []), r"steps\[0\].parameters: is no object"),
        (edit("steps.0.parameters", {}), r"steps\[0\].parameters: node is missing"),
        (edit("steps.0.parameters.who", 1), 'has the unknown field "who"; known are node, person'),
        (
            edit("steps.0.parameters.person", "eve"),
            r'steps\[0\].parameters.person: "eve" is no member of the sort person',
        ),
        (edit("steps.0.parameters.node.number", 3), '"number": 3} is no member of the sort node'),
        (edit("steps.0.script", 1), r"steps\[0\].script: is no list"),
        (edit("steps.0.script", [True]), "is no list of option numbers"),
        (edit("steps.0.script", [-1]), "is no list of option numbers"),
        (
            edit("steps.0.script", [2]),
            r"^step 1, move\(node=node2, person=RED\): ModelError: choose: .* option 2 of 2",
        ),
        (edit("steps.0.script", [0]), r"steps\[0\].choices: \[5\] instead of \[4\], which is"),
        (edit("steps.0.choices", [True]), r"\[true\] instead of \[5\]"),
        (edit(f"{FIRST}.after", 9), r"steps\[0\].changes: .* instead of "),
        (edit(f"{FIRST}.after", 5.0), r"steps\[0\].changes: .* instead of "),
        (edit("steps.1.events", []), r"steps\[1\].events: \[\] instead of "),
        (edit("loop", -1), "loop: -1 is no number of one of the"),
        (edit("loop", 99), "loop: 99 is no number of one of the"),
        (edit("loop", True), "loop: true is no number"),
        (edit("loop", 0), "loop: the last step does not lead back to state 0"),
    ],
)
def test_a_path_that_does_not_fit_says_where_and_why(
    change: Callable[[Any], None], message: str
) -> None:
    data = copy.deepcopy(journey(EVERYTHING))
    change(data)
    with pytest.raises(PathDoesNotFit, match=message):
        path_from_json(MODEL, data)


@pytest.mark.parametrize("data", [None, [], "path", 1, {}], ids=repr)
def test_what_is_no_path_at_all_is_said(data: object) -> None:
    with pytest.raises(PathDoesNotFit, match=r"is no object|format: null"):
        path_from_json(MODEL, data)


def test_endless_nesting_is_refused() -> None:
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    data = journey(LASSO)
    data["initial"][0]["value"] = nested
    with pytest.raises(PathDoesNotFit, match="nested too deeply"):
        path_from_json(MODEL, data)


class Refusal(Exception):
    pass


def test_a_step_that_cannot_be_taken_any_more_is_said() -> None:
    def put(view: View, value: object) -> None:
        view.choose(())

    def fail(view: View, value: object) -> None:
        raise Refusal("no\nmore")

    records = MODEL.records
    for fn, kind, message in (
        (put, PathDiverged, r"step 1, put\(value=None\): Disabled"),
        (fail, PathDoesNotFit, r"step 1, put\(value=None\): Refusal: no"),
    ):
        action = Action(fn, over=PUT.over, name="put")
        changed = Model("values", records, [action], initial=MODEL.initial)
        with pytest.raises(kind, match=message):
            path_from_json(changed, journey(LASSO))


def endless(view: View, *arguments: object) -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("fn", "told"),
    [
        (endless, "did not end within 0.05 seconds"),
        (lambda view, *arguments: sys.exit("the end"), "SystemExit: the end"),
    ],
)
def test_model_code_that_does_not_return_is_an_error_when_a_path_is_read(
    fn: Callable[..., None], told: str
) -> None:
    begun = Model("values", MODEL.records, MODEL.actions, initial=fn)
    with pytest.raises(ModelError, match=f"^the initial states of values: {told}"):
        path_from_json(begun, journey(LASSO), patience=0.05)
    action = Action(lambda view, value: fn(view), over=PUT.over, name="put")
    changed = Model("values", MODEL.records, [action], initial=MODEL.initial)
    with pytest.raises(PathDoesNotFit, match=rf"^step 1, put\(value=None\): {told}"):
        path_from_json(changed, journey(LASSO), patience=0.05)


def test_a_model_without_initial_states_of_its_own_begins_with_the_defaults() -> None:
    plain = Model("plain", MODEL.records, MODEL.actions)
    path = Path.run(plain, State(), [Label(PUT, ("",))])
    assert path_from_json(plain, journey(path)) == path
    data = journey(path)
    data["initial"][2]["value"] = 4
    assert data["initial"][2]["cell"] == Purse.coins.name
    with pytest.raises(PathDoesNotFit, match="is none of the 1 initial states of plain"):
        path_from_json(plain, data)
