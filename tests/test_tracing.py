"""Tracing: what a recording depends on, and the trees that recordings make."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from choir_model.engine import Action, Computed, Field, Model, Record, Sort, View, guard
from choir_model.engine.expressions import Constant, Expression, function_key
from choir_model.engine.machine import Machine
from choir_model.engine.recording import Recording, Writes
from choir_model.engine.trees import ImpureAction, Leaf
from choir_model.engine.watchdog import Watchdog

PEOPLE = Sort("person", ["ann", "bob"])


class Account(Record, name="account", layer="bank"):
    balance = Field(0)
    limit = Field(0)
    log = Field(0, auxiliary=True)


class Why(Enum):
    POOR = "too little"


def plus(value: int, *more: int) -> int:
    return value + sum(more)


def at_least(value: int, least: int) -> bool:
    return value >= least


def machine(action: Any, **initial: int) -> tuple[Machine, int]:
    """A machine of one action over two accounts, and a state with these balances."""
    model = Model("bank", {Account: PEOPLE}, [Action(action, name="act")])
    made = Machine(model, Watchdog(None).__enter__())
    cells = {Account.balance[who]: amount for who, amount in initial.items()}
    ids = made.layout.ids(cells)
    made.layout.relayout()
    return made, made.layout.pack(ids)


def recorded(action: Any, **initial: int) -> tuple[Machine, Recording]:
    made, packed = machine(action, **initial)
    return made, made.forest.run(made.instances[0].tree, packed)


def asked(made: Machine, recording: Recording) -> list[str]:
    """The looks, cells by name and tests by function."""
    cells = made.layout.cells
    return [
        repr(cells[look.asked]) if isinstance(look.asked, int) else repr(look.asked)
        for look in recording.looks
    ]


def test_reading_is_a_look_once() -> None:
    def act(view: View) -> None:
        assert Account(view, "ann").balance == 5
        assert Account(view, "ann").balance == 5

    assert asked(*recorded(act, ann=5)) == ["account.balance[ann]"]


def test_what_was_written_is_read_back_and_no_look() -> None:
    def act(view: View) -> None:
        ann = Account(view, "ann")
        ann.balance = 3
        assert ann.balance == 3
        assert ann.test(Account.balance, at_least, 3)
        ann.update(Account.balance, plus, 1)
        assert ann.balance == 4

    made, recording = recorded(act, ann=9)
    assert recording.looks == []
    assert written(recording) == {made.layout.number(Account.balance["ann"]): 4}


def written(recording: Recording) -> dict[int, Any]:
    (branch,) = recording.branches
    assert isinstance(branch.outcome, Writes)
    return {cell: getattr(v, "value", v) for cell, v in branch.outcome.cells.items()}


def test_an_update_is_no_look_until_its_result_is_read() -> None:
    def blind(view: View) -> None:
        Account(view, "ann").update(Account.balance, plus, 1)

    def curious(view: View) -> None:
        blind(view)
        Account(view, "bob").balance = Account(view, "ann").balance

    made, recording = recorded(blind, ann=5)
    assert recording.looks == []
    assert isinstance(next(iter(written(recording).values())), Expression)
    made, recording = recorded(curious, ann=5)
    assert asked(made, recording) == ["account.balance[ann]"]
    assert sorted(written(recording).values()) == [6, 6]


def test_updates_of_one_cell_are_composed() -> None:
    def act(view: View) -> None:
        ann = Account(view, "ann")
        ann.update(Account.balance, plus, 1)
        ann.update(Account.balance, plus, Account.balance["bob"])
        ann.update(Account.balance, plus, Computed(plus, Account.balance["bob"], 10))

    made, packed = machine(act, ann=5, bob=2)
    leaf = made.forest.learn(made.instances[0].tree, packed)
    assert leaf.looks == ()
    assert leaf.moves[0].updates[0].memory.evaluate(
        leaf.moves[0].updates[0].expression, packed
    ) == (5 + 1 + 2 + 12)


def test_a_test_is_one_look_for_all_values_with_the_same_answer() -> None:
    runs = []

    def act(view: View) -> None:
        runs.append(1)
        guard(view, Account(view, "ann").test(Account.balance, at_least, 3))

    made, packed = machine(act, ann=5)
    tree = made.instances[0].tree
    poor = made.forest.walk(tree, 0)
    rich = made.forest.walk(tree, packed)
    assert poor is not rich
    number = made.layout.number(Account.balance["ann"])
    ids = {amount: made.layout.intern(number, amount) for amount in (0, 1, 2, 3, 4, 5)}
    made.forest.relaid(made.layout.relayout())
    leaves = {a: made.forest.walk(tree, made.layout.pack({number: i})) for a, i in ids.items()}
    assert {a for a, leaf in leaves.items() if leaf is poor} == {0, 1, 2}
    assert {a for a, leaf in leaves.items() if leaf is rich} == {3, 4, 5}
    assert len(runs) == 2


def test_a_test_over_two_cells_tells_apart_only_its_answers() -> None:
    runs = []

    def act(view: View) -> None:
        runs.append(1)
        guard(view, Account(view, "ann").test(Account.balance, at_least, Account.balance["bob"]))

    made, _ = machine(act)
    ann = made.layout.number(Account.balance["ann"])
    bob = made.layout.number(Account.balance["bob"])
    for cell in (ann, bob):
        for amount in range(4):
            made.layout.intern(cell, amount)
    made.layout.relayout()
    for first in range(4):
        for second in range(4):
            leaf = made.forest.walk(
                made.instances[0].tree, made.layout.pack({ann: first, bob: second})
            )
            assert bool(leaf.moves) == (first >= second)
    assert len(runs) == 2


def test_a_refusal_and_a_failure_write_nothing() -> None:
    def refusing(view: View) -> None:
        Account(view, "ann").balance = 7
        view.refuse(Why.POOR, "ann")

    made, recording = recorded(refusing)
    assert [type(b.outcome).__name__ for b in recording.branches] == ["Refusal"]
    assert recording.written == {}

    def failing(view: View) -> None:
        Account(view, "ann").balance = 7
        raise ValueError("no")

    made, packed = machine(failing)
    failed = made.instances[0].tree.record(failing, packed)
    assert failed.failure is not None
    assert "ValueError: no" in failed.failure.text
    assert "test_tracing.py" in failed.failure.text
    assert failed.branches == []


def test_all_branches_of_a_choice_are_one_leaf_and_none_leaks_into_another() -> None:
    def act(view: View) -> None:
        who = view.choose(PEOPLE)
        amount = Account(view, who).balance
        if amount > 1:
            view.refuse(Why.POOR)
        Account(view, who).balance = amount + 1

    made, packed = machine(act, ann=1, bob=2)
    leaf = made.forest.walk(made.instances[0].tree, packed)
    assert [type(b.outcome).__name__ for b in leaf.branches] == ["Writes", "Refusal"]
    assert [b.script for b in leaf.branches] == [(0,), (1,)]
    assert len(leaf.looks) == 2
    assert [len(move.cells) for move in leaf.moves] == [1]


def test_an_empty_choice_is_disabled() -> None:
    def act(view: View) -> None:
        view.choose(())

    _, recording = recorded(act)
    assert [type(b.outcome).__name__ for b in recording.branches] == ["Inert"]


def test_lambdas_of_the_same_source_are_one_function() -> None:
    def act(view: View) -> None:
        bound = 3
        guard(view, Account(view, "ann").test(Account.balance, lambda v: v >= bound))

    made, packed = machine(act, ann=5)
    tree = made.instances[0].tree
    leaf = made.forest.walk(tree, packed)
    made.forest.audit(leaf, packed)
    assert leaf.audited


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (lambda v: v + 1, lambda v: v + 1, False),  # two places of the source
        (plus, plus, True),
        ([].append, [].append, False),
    ],
)
def test_functions_are_told_apart_by_code_and_bindings(left: Any, right: Any, same: bool) -> None:
    assert (function_key(left) == function_key(right)) is same


def bound(number: object) -> Any:
    return lambda value: value == number


def test_a_function_is_known_by_what_it_closes_over() -> None:
    assert function_key(bound(1)) == function_key(bound(1))
    assert function_key(bound(1)) != function_key(bound(2))
    assert function_key(bound(1)) != function_key(bound(True))
    assert Constant(1).key != Constant(True).key


def test_asking_something_else_after_the_same_answers_is_impure() -> None:
    order = ["ann", "bob"]

    def act(view: View) -> None:
        guard(view, Account(view, order[0]).balance > 0)

    made, packed = machine(act, ann=1, bob=1)
    tree = made.instances[0].tree
    made.forest.walk(tree, 0)
    order.reverse()
    with pytest.raises(ImpureAction, match=r"act: .*asked for account.balance\[ann\] once and"):
        made.forest.walk(tree, packed)


def test_writing_something_else_in_the_same_situation_is_impure() -> None:
    amounts = [1]

    def act(view: View) -> None:
        Account(view, "ann").balance = amounts[0]

    made, packed = machine(act)
    leaf = made.forest.walk(made.instances[0].tree, packed)
    amounts[0] = 2
    with pytest.raises(ImpureAction, match=r"wrote account.balance\[ann\] := 1; run again .* := 2"):
        made.forest.audit(leaf, packed)


def test_one_and_true_are_different_outcomes() -> None:
    values: list[object] = [1]

    def act(view: View) -> None:
        view.write(Account.balance["ann"], values[0])

    made, packed = machine(act)
    leaf = made.forest.walk(made.instances[0].tree, packed)
    values[0] = True
    with pytest.raises(ImpureAction):
        made.forest.audit(leaf, packed)


def test_auxiliary_cells_leave_no_trace_in_a_recording() -> None:
    def act(view: View) -> None:
        account = Account(view, "ann")
        account.update(Account.log, plus, 1)
        view.emit(lambda log: log, log=Account.log["ann"])

    made, recording = recorded(act)
    assert recording.looks == []
    assert written(recording) == {}
    assert [field.name for field in recording.written] == ["account.log"]
    assert all(cell.field is not Account.log for cell in made.layout.cells)


def test_a_cell_with_one_value_takes_no_bits() -> None:
    made, packed = machine(lambda view: None, ann=5)
    assert len(made.layout.cells) == 4
    assert made.layout.bits == 1
    assert made.layout.unpack(packed) == {Account.balance["ann"]: 5}


def test_a_leaf_survives_a_wider_layout() -> None:
    def act(view: View) -> None:
        ann = Account(view, "ann")
        ann.balance = ann.balance + 1

    made, packed = machine(act, bob=1)
    tree = made.instances[0].tree
    for expected in range(1, 200):
        leaf: Leaf = made.forest.walk(tree, packed)
        if made.layout.stale:
            repack = made.layout.relayout()
            packed = repack(packed)
            made.forest.relaid(repack)
            for known in made.forest.leaves:
                for move in known.moves:
                    move.compile(made.layout)
        packed = leaf.moves[0].apply(packed)
        assert made.layout.unpack(packed) == {
            Account.balance["ann"]: expected,
            Account.balance["bob"]: 1,
        }
