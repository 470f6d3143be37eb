"""Traces in the Informal Trace Format, read back by the rules of its document (ADR-015)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from value_model import (
    ALL,
    EVERYTHING,
    LASSO,
    MODEL,
    NODES,
    PUT,
    STUTTERING,
    Ballot,
    Colour,
    Grant,
    Lamp,
    Light,
    Note,
    Purse,
    Right,
    SameName,
    Vote,
    Word,
    through,
)

from choir_model.engine import Atom, Path
from choir_model.engine.itf import trace
from choir_model.engine.paths import Label
from choir_model.engine.values import encode

RECORDS: dict[str, Any] = {
    "value_model:Vote": Vote,
    "polls:Vote": SameName,
    "Ballot": Ballot,
    "Ballot.Vote": Ballot.Vote,
}
ENUMS: dict[str, Any] = {"Colour": Colour, "Light": Light, "Word": Word, "Right": Right}


def written(path: Path, **about: Any) -> dict[str, Any]:
    """A trace after a journey through a file."""
    found: dict[str, Any] = json.loads(json.dumps(trace(path, about)))
    return found


def constant(data: Any) -> Any:
    """A constant in its typed form."""
    if data is None:
        return None
    if "bytes" in data:
        return bytes.fromhex(data["bytes"])
    if "atom" in data:
        return Atom(data["atom"], data["number"])
    kind, name = data["enum"].rpartition(":")[2].rsplit(".", 1)
    return ENUMS[kind](int(name)) if name.isdigit() else ENUMS[kind][name]


def read(expression: Any, constants: Mapping[str, Any]) -> Any:
    """The value of an expression; other syntax than that of the document fails."""
    if isinstance(expression, bool):
        return expression
    if isinstance(expression, str):
        return constant(constants[expression]) if expression in constants else expression
    assert isinstance(expression, dict), expression
    if set(expression) == {"tag", "value"}:
        fields = {name: read(item, constants) for name, item in expression["value"].items()}
        return RECORDS[expression["tag"]](**fields)
    ((kind, content),) = expression.items()
    if kind == "#bigint":
        assert re.fullmatch("-?[0-9]+", content)
        return int(content)
    if kind == "#map":
        return tuple((read(key, constants), read(item, constants)) for key, item in content)
    items = [read(item, constants) for item in content]
    return {"#tup": tuple, "#set": frozenset}[kind](items)


@pytest.mark.parametrize("path", [EVERYTHING, LASSO, STUTTERING], ids=["all", "lasso", "still"])
def test_a_trace_reads_back_into_the_states_of_the_path(path: Path) -> None:
    found = written(path)
    constants = json.loads(found["#meta"]["constants"])
    assert len(found["states"]) == len(path.states)
    for number, (said, state) in enumerate(zip(found["states"], path.states, strict=True)):
        assert set(said) == {"#meta", *found["vars"]}
        assert said["#meta"]["index"] == number
        values = {name: read(said[name], constants) for name in found["vars"]}
        assert encode(values["lamp.value"]) == encode(state.value(Lamp.value[None]))
        for field in (Purse.coins, Grant.given, Note.text):
            for key, value in values[field.name]:
                assert encode(value) == encode(state.value(field[key]))


def test_a_family_is_one_variable_with_every_key_in_canonical_order() -> None:
    found = written(EVERYTHING)
    last = found["states"][-1]
    people = [key for key, _ in last["purse.coins"]["#map"]]
    assert people == ["RED", "ann", "0xff", "None"]
    assert len(last["grant.given"]["#map"]) == len(NODES) * len(people)
    assert last["purse.coins"]["#map"][0] == ["RED", {"#bigint": "5"}]
    assert last["grant.given"]["#map"][4] == [{"#tup": ["node2", "RED"]}, True]


def test_an_undeclared_key_is_there_in_every_state_once_it_occurs() -> None:
    notes = [state["note.text"]["#map"] for state in written(EVERYTHING)["states"]]
    key = {"#tup": ["RED", {"#bigint": "1"}]}
    assert notes[0] == [[key, ""]]
    assert notes[1] == [[key, "seen"]]
    assert written(LASSO)["states"][0]["note.text"] == {"#map": []}


def test_strings_that_stand_for_constants_are_unlike_all_text() -> None:
    found = json.loads(written(EVERYTHING)["#meta"]["constants"])
    meant = {json.dumps(value): name for name, value in found.items()}
    assert len(meant) == len(found)
    assert meant["null"] == "None'"
    assert meant['{"bytes": "ff"}'] == "0xff'"
    assert meant['{"enum": "value_model:Light.RED"}'] == "value_model:Light.RED"
    assert meant['{"enum": "value_model:Colour.GREEN"}'] == "value_model:Colour.GREEN'"
    assert not set(found) & {value for value in ALL if type(value) is str}


def test_a_constant_goes_by_its_short_name_where_that_is_its_own() -> None:
    found = written(through(Label(PUT, (Colour.GREEN,)), Label(PUT, (b"\x01",))))
    meanings = json.loads(found["#meta"]["constants"])
    assert meanings["GREEN"] == {"enum": "value_model:Colour.GREEN"}
    assert meanings["0x01"] == {"bytes": "01"}
    assert meanings["node1"] == {"atom": "node", "number": 1}
    assert found["states"][1]["lamp.value"] == "GREEN"


def test_records_of_the_same_name_are_told_apart() -> None:
    both = through(Label(PUT, (Vote("ann", yes=True),)), Label(PUT, (SameName(7),)))
    _, ours, theirs = (state["lamp.value"] for state in written(both)["states"])
    assert ours == {"tag": "value_model:Vote", "value": {"by": "ann", "yes": True}}
    assert theirs == {"tag": "polls:Vote", "value": {"yes": {"#bigint": "7"}}}
    (alone,) = [
        state["lamp.value"] for state in written(through(both.steps[0].label))["states"][1:]
    ]
    assert alone["tag"] == "Vote"


def test_the_state_after_the_last_one_of_a_lasso_is_the_one_named_loop() -> None:
    """The last state is state 1 again, so state 2 follows it."""
    found = written(LASSO)
    values = [state["lamp.value"] for state in found["states"]]
    assert values[1] == values[4]
    assert found["loop"] == 2


def test_a_behaviour_that_stays_in_its_last_state_loops_there() -> None:
    assert written(STUTTERING)["loop"] == 1
    assert "loop" not in written(EVERYTHING)


def test_auxiliary_fields_are_no_variables_unless_they_count() -> None:
    assert "lamp.uses" not in written(LASSO)["vars"]


def test_each_state_but_the_first_says_what_led_to_it() -> None:
    first, second, *_ = written(EVERYTHING)["states"]
    assert first["#meta"] == {"index": 0}
    assert second["#meta"] == {
        "index": 1,
        "action": "move",
        "parameters": '{"node": "node2", "person": "RED"}',
        "choices": '[{"#bigint": "5"}]',
    }


def test_the_trace_says_where_it_comes_from() -> None:
    found = written(EVERYTHING, property="fine", clause=None, bounds={"sort node": "2 members"})
    meta = found["#meta"]
    assert meta["format"] == "ITF"
    assert meta["property"] == "fine"
    assert json.loads(meta["bounds"]) == {"sort node": "2 members"}
    assert "clause" not in meta


@pytest.mark.parametrize("path", [EVERYTHING, LASSO, STUTTERING], ids=["all", "lasso", "still"])
def test_a_reader_that_types_its_remarks_as_text_can_read_them(path: Path) -> None:
    """As the crate ``itf`` does: ``index: Option<u64>``, and a map from text to text."""
    about = {"seed": None, "bounds": {"sort node": "2 members"}, "steps": 3, "whole": True}
    found = written(path, **about)
    names = ("format", "format-description", "bounds", "steps", "whole", "constants")
    assert {n: type(remark) for n, remark in found["#meta"].items()} == dict.fromkeys(names, str)
    for number, state in enumerate(found["states"]):
        assert state["#meta"].pop("index") == number
        assert all(type(remark) is str for remark in state["#meta"].values())


def test_the_order_of_variables_is_that_of_the_model() -> None:
    assert written(LASSO)["vars"] == ["lamp.value", "purse.coins", "grant.given", "note.text"]
    assert MODEL.name == "values"
