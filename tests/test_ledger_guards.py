"""The order of the guards (L3): of two that fail the first refuses, and nothing changes."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import pytest
from guard_breaks import ROOMY, Break, broken, prepare
from guard_breaks_designs import BREAKS, Course
from ledger_world import World, worlds

from choir_model.lockstep.cast import Setting
from choir_model.ports.ledger import LedgerPort
from choir_model.program.bindings import INSTRUCTIONS, Reason

Make = Callable[[], LedgerPort]
instructions = pytest.mark.parametrize("course", BREAKS, ids=str)


def world_for(make: Make, course: Course) -> World:
    blank = Setting("blank", initialized=False)
    initialized = course.instruction != "initialize"
    setting = dataclasses.replace(ROOMY, design=course.design) if initialized else blank
    world = World(make, setting, thread=initialized)
    if initialized:
        for guest in range(20, 25):
            world.wallet(guest)
    prepare(world, course.instruction)
    if course.prepare:
        course.prepare(world)
    return world


def try_all(make: Make, course: Course, cases: list[list[Break]]) -> list[str]:
    """Every case from the same moment; the cases another guard refused than the first."""
    world = world_for(make, course)
    saved, wrong = world.ledger.save(), []
    for breaks in cases:
        world.ledger.restore(saved)
        call = broken(world, course.instruction, breaks, course.usual)
        found = world.refused(call, payer=world.cast.crank)
        if found is not breaks[0].reason:
            wrong.append(f"{course}: {' before '.join(map(str, breaks))}: {found.name}")
    return wrong


@worlds
@instructions
def test_the_call_in_which_nothing_is_wrong_is_confirmed(make: Make, course: Course) -> None:
    world = world_for(make, course)
    call = broken(world, course.instruction, [], course.usual)
    world.do(call, payer=world.cast.crank)


@worlds
@instructions
def test_every_guard_refuses_alone(make: Make, course: Course) -> None:
    """L3: each break is met by its own reason."""
    assert try_all(make, course, [[each] for each in BREAKS[course]]) == []


@worlds
@instructions
def test_of_two_failing_guards_the_earlier_one_refuses(make: Make, course: Course) -> None:
    """L3: all pairs that can fail together."""
    pairs = [
        [first, second]
        for first, second in itertools.combinations(BREAKS[course], 2)
        if first.touches != second.touches
    ]
    assert len(pairs) > 50
    assert try_all(make, course, pairs) == []


def test_every_instruction_has_a_course_of_breaks() -> None:
    assert {course.instruction for course in BREAKS} == set(INSTRUCTIONS)


def test_every_reason_of_the_program_is_among_the_breaks() -> None:
    assert {each.reason for breaks in BREAKS.values() for each in breaks} == set(Reason)
