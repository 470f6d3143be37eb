"""The view contract (engine rules 6 and 7) on the dictionary-backed implementation."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

import pytest

from choir_model.engine import (
    Cell,
    Computed,
    Disabled,
    Field,
    Fired,
    ModelError,
    Record,
    Refused,
    State,
    StepBudgetExceeded,
    View,
    ViewExpired,
    branches,
    run,
)
from choir_model.engine.values import check_value, encode


class Why(Enum):
    EMPTY = "empty"


class Account(Record, name="account", layer="bank"):
    balance = Field(0)
    tags: Field[frozenset[str]] = Field(frozenset())
    log: Field[object] = Field(None, auxiliary=True)


def add(value: int, amount: int) -> int:
    return value + amount


def below(value: int, limit: int) -> bool:
    return value < limit


def withdraw(view: View, number: int, amount: int) -> None:
    account = Account(view, number)
    account.update(Account.balance, add, -amount)
    view.emit(("withdrawn", number, amount))
    if account.balance < 0:
        view.refuse(Why.EMPTY, "holder")


def transfer(view: View, source: int) -> None:
    target = view.choose([n for n in (1, 2, 3) if n != source])
    Account(view, source).balance -= 1
    Account(view, target).balance += 1


def test_a_refusal_writes_nothing_and_says_nothing() -> None:
    state = State({Account.balance[1]: 5})
    assert state.step(withdraw, 1, 6) == Refused(Why.EMPTY, "holder")
    assert state == {Account.balance[1]: 5}
    fired = state.step(withdraw, 1, 5)
    assert fired == Fired({Account.balance[1]: 0}, (("withdrawn", 1, 5),))
    assert state.value(Account.balance[1]) == 0


def test_an_exception_writes_nothing_and_passes_through() -> None:
    def broken(view: View) -> None:
        Account(view, 1).balance = 9
        raise ZeroDivisionError

    state = State()
    with pytest.raises(ZeroDivisionError):
        state.step(broken)
    assert state == {}


def test_reads_after_writes_return_the_written_value() -> None:
    def action(view: View) -> None:
        account = Account(view, 1)
        account.balance = 4
        account.update(Account.balance, add, 3)
        assert account.balance == 7
        assert account.test(Account.balance, below, 8)
        assert not account.test(Account.balance, below, 7)

    assert run(action, {}) == Fired({Account.balance[1]: 7})


def test_an_argument_that_is_a_cell_stands_for_its_value() -> None:
    def action(view: View) -> None:
        Account(view, 1).update(Account.balance, add, Account.balance[2])
        assert Account(view, 1).test(Account.balance, below, Account.balance[3])

    state = {Account.balance[1]: 1, Account.balance[2]: 10, Account.balance[3]: 12}
    assert run(action, state) == Fired({Account.balance[1]: 11})


def test_an_event_may_carry_values_the_action_never_saw() -> None:
    def action(view: View) -> None:
        account = Account(view, 1)
        account.update(Account.balance, add, 2)
        view.emit(
            dict_event, balance=Account.balance[1], before=Computed(add, Account.balance[1], -2)
        )

    assert run(action, {Account.balance[1]: 5}) == Fired({Account.balance[1]: 7}, ((7, 5),))


def dict_event(balance: int, before: int) -> tuple[int, int]:
    return balance, before


def test_every_choice_is_a_branch_and_no_write_leaks_between_them() -> None:
    found = branches(transfer, {Account.balance[2]: 1}, 2)
    assert found == [
        Fired({Account.balance[2]: 0, Account.balance[1]: 1}, (), (0,), (1,)),
        Fired({Account.balance[2]: 0, Account.balance[3]: 1}, (), (1,), (3,)),
    ]
    assert run(transfer, {Account.balance[2]: 1}, 2, script=[1]) == found[1]


def test_no_option_means_disabled_not_refused() -> None:
    assert run(lambda view: view.choose([]), {}) == Disabled()


def test_options_must_be_in_canonical_order() -> None:
    with pytest.raises(Exception, match="canonical order"):
        run(lambda view: view.choose([2, 1]), {})


def test_a_refusal_cannot_be_taken_for_something_else() -> None:
    def careless(view: View) -> None:
        with suppress(Exception):
            view.refuse(Why.EMPTY)
        Account(view, 1).balance = 9

    def stubborn(view: View) -> None:
        with suppress(BaseException):
            view.refuse(Why.EMPTY)
        Account(view, 1).balance = 9

    def undeterred(view: View) -> None:
        while True:
            with suppress(Exception):
                view.choose([])

    assert run(careless, {}) == Refused(Why.EMPTY)
    with pytest.raises(ViewExpired):
        run(stubborn, {})
    assert run(undeterred, {}) == Disabled()


def test_a_field_cannot_have_a_default_that_changes() -> None:
    with pytest.raises(TypeError, match="default"):
        Field([])


def test_a_facade_has_the_fields_it_declares_and_no_others() -> None:
    def typo(view: View) -> None:
        Account(view, 1).balanse = 7

    with pytest.raises(AttributeError, match="account has no field balanse"):
        run(typo, {})


def test_a_script_takes_options_that_are_there() -> None:
    for script in ([2], [-1]):
        with pytest.raises(ModelError, match="option"):
            run(transfer, {Account.balance[2]: 1}, 2, script=script)


def test_a_long_walk_may_be_given_a_budget_of_its_own() -> None:
    def walk(view: View) -> None:
        for number in range(100_001):
            view.read(Account.balance[number])

    state = State()
    with pytest.raises(StepBudgetExceeded):
        state.step(walk)
    state.step_budget = None
    assert state.step(walk) == Fired({})


def test_a_view_used_after_its_call_raises() -> None:
    kept: list[View] = []
    run(kept.append, {})
    with pytest.raises(ViewExpired):
        kept[0].read(Account.balance[1])


def test_an_endless_action_is_stopped() -> None:
    def endless(view: View) -> None:
        while True:
            view.read(Account.balance[1])

    with pytest.raises(StepBudgetExceeded):
        run(endless, {})


@dataclass
class Mutable:
    x: int = 0


@pytest.mark.parametrize("value", [1.5, [1], {"a": 1}, ({1},), Mutable()])
def test_floats_and_mutables_are_refused_by_cell_name(value: object) -> None:
    def action(view: View) -> None:
        view.write(Account.log[3], value)

    with pytest.raises(TypeError, match=r"account\.log\[3\]"):
        run(action, {})


def test_encoding_tells_types_apart_and_orders_integers() -> None:
    values = [None, False, True, 0, 1, "1", b"1", (1,), frozenset({1}), Why.EMPTY, (1, 2), ("1",)]
    assert len({encode(v) for v in values}) == len(values)
    numbers = [0, 1, -1, 127, 128, -128, -129, 255, 256, 2**63, -(2**63), 2**64, 10**30]
    assert sorted(numbers, key=encode) == sorted(numbers)
    for value in values:
        check_value(value, "here")


ITERATE = """
from choir_model.engine import *
fruit = frozenset({"pear", "apple", "fig", "kiwi", "plum"})
class A(Record, name="a", layer="l"):
    s = Field(fruit)
    nested = Field((1, fruit))
    seen = Field(())
def keep(_, members):
    return tuple(members)
def first(members, wanted):
    return next(iter(members)) == wanted
def action(view):
    a = A(view, 1)
    a.update(A.seen, keep, A.s[1])
    view.emit((tuple(a.s), tuple(a.nested[1]), tuple(a.s | {"lime"}), a.seen))
    view.emit(a.test(A.s, first, "fig"))
    a.s = a.s - {"fig"}
    view.emit(tuple(a.s))
print(run(action, {}).events)
"""


def test_sets_from_a_view_iterate_in_the_same_order_under_every_hash_seed() -> None:
    seen = {
        subprocess.run(
            [sys.executable, "-c", ITERATE],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(seen) == 1
    assert "(('fig', 'kiwi', 'pear', 'plum', 'apple')," in seen.pop()


def test_cells_name_their_record_field_and_key() -> None:
    assert repr(Account.balance[7]) == "account.balance[7]"
    assert repr(Cell(Account.balance, None)) == "account.balance"
    assert Account.balance.layer == "bank"
