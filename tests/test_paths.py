"""Paths: built by running actions, shown as differences, replayed on any other machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from choir_model.engine import Action, Atom, Field, Model, Path, Record, Sort, State, View
from choir_model.engine.dictview import DictView, Fired, Outcome, run
from choir_model.engine.paths import STAYS, Label, PathDiverged, ending, rows
from choir_model.engine.text import shown, shown_cell


class Colour(Enum):
    RED = 1
    GREEN = 2


@dataclass(frozen=True)
class Vote:
    by: str
    yes: bool


class Lamp(Record, name="lamp"):
    lit = Field(False)
    colour = Field(Colour.RED)


class Purse(Record, name="purse"):
    coins = Field[int | None](3)


class Grumble(Enum):
    BROKE = "no coins left"


PEOPLE = Sort("person", ["ann", "bob"])


def switch(view: View) -> None:
    lamp = Lamp(view)
    lamp.lit = not lamp.lit


def paint(view: View) -> None:
    Lamp(view).colour = view.choose(frozenset(Colour))


def pay(view: View, payer: str, payee: str) -> None:
    if not view.test(Purse.coins[payer], bool):
        view.refuse(Grumble.BROKE)
    view.update(Purse.coins[payer], add, -1)
    view.update(Purse.coins[payee], add, 1)
    view.emit(Vote(payer, yes=True))


def forget(view: View) -> None:
    Purse(view, "ann").coins = None


def add(value: int, amount: int) -> int:
    return value + amount


MODEL = Model(
    name="lamps",
    records={Purse: PEOPLE, Lamp: None},
    actions=[Action(switch), Action(paint), Action(pay, over=(PEOPLE, PEOPLE)), Action(forget)],
)
SWITCH, PAINT, PAY, FORGET = MODEL.actions


def path(*labels: Label, loop: int | None = None) -> Path:
    return Path.run(MODEL, State(), labels, loop)


USUAL = path(Label(PAINT, (), (1,)), Label(PAY, ("ann", "bob")), Label(SWITCH, ()))


# What it holds


def test_a_path_says_what_each_step_was_called_with_what_it_chose_changed_and_said() -> None:
    painted, paid, _ = USUAL.steps
    assert painted.choices == (Colour.GREEN,)
    assert paid.label.parameters == {"payer": "ann", "payee": "bob"}
    assert paid.events == (Vote("ann", yes=True),)
    assert [change.cell for change in paid.changes] == [Purse.coins["ann"], Purse.coins["bob"]]


def test_a_path_passes_one_state_more_than_it_has_steps() -> None:
    lit = [state.value(Lamp.lit[None]) for state in USUAL.states]
    assert lit == [False, False, False, True]
    assert len(USUAL) == 3


def test_a_path_cannot_be_built_from_a_step_that_does_not_fire() -> None:
    broke = [Label(PAY, ("ann", "bob"))] * 4
    with pytest.raises(PathDiverged, match=r"step 4, pay\(payer=ann, payee=bob\): Refused"):
        path(*broke)


# For people


def test_a_path_reads_as_what_happened_and_what_changed() -> None:
    assert str(USUAL).splitlines() == [
        "0  initial",
        "1  paint choosing GREEN         lamp.colour: RED → GREEN",
        "2  pay(payer=ann, payee=bob)    purse.coins[ann]: 3 → 2, purse.coins[bob]: 3 → 4",
        "3  switch                       lamp.lit: False → True",
    ]


def test_the_steps_of_a_loop_are_marked_and_it_says_where_they_lead() -> None:
    blink = path(Label(PAINT, (), (1,)), Label(SWITCH, ()), Label(SWITCH, ()), loop=1)
    assert str(blink).splitlines() == [
        "0  initial",
        "1  paint choosing GREEN    lamp.colour: RED → GREEN",
        "2↻ switch                  lamp.lit: False → True",
        "3↻ switch                  lamp.lit: True → False",
        "   and back to state 1, for ever",
    ]


def test_a_path_that_ends_in_doing_nothing_says_so() -> None:
    still = path(Label(SWITCH, ()), loop=1)
    assert ending(still) == STAYS
    assert str(still).endswith(f"\n   {STAYS}")
    assert not any(row.looping for row in rows(still))


def test_a_finite_path_has_no_ending() -> None:
    assert ending(USUAL) == ""


def test_the_initial_state_is_shown_where_it_differs_from_the_defaults_as_declared() -> None:
    state = State({Lamp.lit[None]: True, Lamp.colour[None]: Colour.RED, Purse.coins["bob"]: 0})
    (row,) = rows(Path(MODEL, state, ()))
    assert row.changes == ("purse.coins[bob] = 0", "lamp.lit = True")


def test_a_step_that_changes_nothing_says_so() -> None:
    assert str(path(Label(PAINT, (), (0,)))).endswith("paint choosing RED    (no change)")


def test_numbers_of_steps_are_aligned() -> None:
    long = path(*[Label(SWITCH, ())] * 10)
    assert {line.index("switch") for line in str(long).splitlines()[1:]} == {4}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (-7, "-7"),
        ("ann", "ann"),
        ("", "''"),
        ("7", "'7'"),
        ("None", "'None'"),
        ("two words", "'two words'"),
        ("a, b", "'a, b'"),
        ("été", "été"),
        ("\x1b[2J", r"'\x1b[2J'"),
        (b"", "0x"),
        (b"\x01\xff", "0x01ff"),
        (Colour.RED, "RED"),
        ((), "()"),
        (("a",), "(a,)"),
        ((1, ("a", None)), "(1, (a, None))"),
        (frozenset({10, 9}), "{9, 10}"),
        (frozenset({frozenset({2, 1})}), "{{1, 2}}"),
        (frozenset(), "{}"),
        (Atom("node", 3), "node3"),
        (Vote("ann", yes=False), "Vote(by=ann, yes=False)"),
        ("x" * 200, "x" * 74 + "…" + "x" * 25),
    ],
    ids=repr,
)
def test_a_value_is_short_and_not_to_be_taken_for_another(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_value_that_names_itself_is_shown_by_that_name() -> None:
    @dataclass(frozen=True)
    class Seat:
        row: int

        def __str__(self) -> str:
            return f"seat\n{self.row}"

    assert shown(Seat(4)) == r"seat\n4"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (None, "purse.coins"),
        ("ann", "purse.coins[ann]"),
        (("ann", Colour.RED), "purse.coins[ann, RED]"),
        ((), "purse.coins[()]"),
        (b"\x01" * 8, "purse.coins[0x0101010101010101]"),
        (b"\x01" * 32, "purse.coins[0x010101010101010…010101]"),
    ],
    ids=repr,
)
def test_a_cell_is_named_by_record_field_and_key(key: object, text: str) -> None:
    assert shown_cell(Purse.coins[key]) == text


# Replay


def test_a_path_replays_on_a_fresh_state() -> None:
    outcomes = USUAL.replay()
    assert all(isinstance(outcome, Fired) for outcome in outcomes)
    assert len(outcomes) == 3


def test_a_path_replays_on_a_state_of_somebody_else_and_moves_it() -> None:
    state = State()
    USUAL.replay(state.step)
    assert state.value(Purse.coins["bob"]) == 4
    assert state.value(Lamp.colour[None]) is Colour.GREEN


class Recorder:
    """Another machine: it runs actions on a view of its own and counts how it is used."""

    def __init__(self) -> None:
        self.cells: dict[Any, Any] = {}
        self.used: Counter[str] = Counter()

    def __call__(
        self, fn: Callable[..., None], *arguments: object, script: tuple[int, ...]
    ) -> Outcome:
        recorder = self

        class Counting(DictView):
            def read(self, cell: Any) -> Any:
                recorder.used["read"] += 1
                return super().read(cell)

            def update(self, cell: Any, fn: Callable[..., Any], *args: object) -> None:
                recorder.used["update"] += 1
                super().update(cell, fn, *args)

        view = Counting(self.cells, script)
        fn(view, *arguments)
        self.cells.update(view.writes)
        return Fired(view.writes)


def test_a_path_replays_on_any_view() -> None:
    recorder = Recorder()
    USUAL.replay(recorder)
    assert recorder.used == {"read": 1, "update": 2}
    assert recorder.cells[Purse.coins["ann"]] == 2


def diverging(**instead: Outcome) -> Callable[..., Outcome]:
    """A machine that does one action otherwise."""
    state = State()

    def act(fn: Callable[..., None], *arguments: object, script: tuple[int, ...]) -> Outcome:
        usual = state.step(fn, *arguments, script=script)
        return instead.get(fn.__name__, usual)

    return act


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (Fired({Lamp.lit[None]: False}), "lamp.lit should be True, but is False"),
        (Fired({Lamp.lit[None]: 1}), "lamp.lit should be True, but is 1"),
        (Fired({}), "lamp.lit: False → True, but nothing was written"),
        (
            Fired({Lamp.lit[None]: True, Purse.coins["bob"]: 9}),
            r"purse.coins\[bob\] should be 4, but is 9",
        ),
        (run(pay, State({Purse.coins["ann"]: 0}), "ann", "bob"), "Refused.* instead of firing"),
    ],
)
def test_a_machine_that_does_something_else_is_caught_at_that_step(
    outcome: Outcome, message: str
) -> None:
    with pytest.raises(PathDiverged, match=f"^step 3, switch: {message}"):
        USUAL.replay(diverging(switch=outcome))


def test_writing_the_value_that_is_there_already_is_no_divergence() -> None:
    same = Fired({Lamp.lit[None]: True, Purse.coins["bob"]: 4})
    assert len(USUAL.replay(diverging(switch=same))) == 3


def test_not_writing_is_not_taken_for_writing_none() -> None:
    with pytest.raises(PathDiverged, match="3 → None, but nothing was written"):
        path(Label(FORGET, ())).replay(diverging(forget=Fired({})))


def test_a_path_replayed_from_another_state_diverges() -> None:
    elsewhere = State({Purse.coins["bob"]: 7})
    with pytest.raises(PathDiverged, match=r"step 2.*coins\[bob\] should be 4, but is 8"):
        USUAL.replay(elsewhere.step)
