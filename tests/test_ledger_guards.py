"""The order of the guards (L3): of two that fail the first refuses, and nothing changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from guard_breaks import BREAKS, ROOMY, Break, broken, prepare
from ledger_world import World, worlds

from choir_model.lockstep.cast import Setting
from choir_model.ports.ledger import LedgerPort
from choir_model.program.bindings import INSTRUCTIONS, Reason

Make = Callable[[], LedgerPort]
instructions = pytest.mark.parametrize("name", INSTRUCTIONS)


def world_for(make: Make, name: str) -> World:
    blank = Setting("blank", initialized=False)
    world = World(make, blank if name == "initialize" else ROOMY, thread=name != "initialize")
    if name != "initialize":
        for guest in range(20, 25):
            world.wallet(guest)
    prepare(world, name)
    return world


def try_all(make: Make, name: str, cases: list[list[Break]]) -> list[str]:
    """Every case from the same moment; the cases another guard refused than the first."""
    world = world_for(make, name)
    saved, wrong = world.ledger.save(), []
    for breaks in cases:
        world.ledger.restore(saved)
        call = broken(world, name, breaks)
        found = world.refused(call, payer=world.cast.crank)
        if found is not breaks[0].reason:
            wrong.append(f"{name}: {' before '.join(map(str, breaks))}: {found.name}")
    return wrong


@worlds
@instructions
def test_the_call_in_which_nothing_is_wrong_is_confirmed(make: Make, name: str) -> None:
    world = world_for(make, name)
    world.do(broken(world, name, []), payer=world.cast.crank)


@worlds
@instructions
def test_every_guard_refuses_alone(make: Make, name: str) -> None:
    """L3: each break is met by its own reason."""
    assert try_all(make, name, [[each] for each in BREAKS[name]]) == []


@worlds
@instructions
def test_of_two_failing_guards_the_earlier_one_refuses(make: Make, name: str) -> None:
    """L3: all pairs that can fail together."""
    pairs = [
        [first, second]
        for first, second in itertools.combinations(BREAKS[name], 2)
        if first.touches != second.touches
    ]
    assert len(pairs) > 50
    assert try_all(make, name, pairs) == []


def test_every_reason_of_the_program_is_among_the_breaks() -> None:
    assert {each.reason for breaks in BREAKS.values() for each in breaks} == set(Reason)
