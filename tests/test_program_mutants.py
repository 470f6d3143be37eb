"""Mutants of the on-chain program: built where the tool chain is, and each one caught.

How many commands and seconds each took is printed (``-s``).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from program_mutants import ADVERSARY, LOCKSTEP, SOURCES, SURVIVORS, UNIT, Mutant, all_mutants
from program_mutants_workshop import (
    Workshop,
    by_adversary,
    by_lockstep,
    by_test,
    function_of,
    missing_tool,
)

from choir_model.program import designs
from choir_model.program.bindings import INSTRUCTIONS

MUTANTS = all_mutants()
EVERY = (*MUTANTS, *SURVIVORS)
WHERE_NOTHING_IS_DECIDED = {"lib.rs", "fixtures.rs", "instructions/mod.rs", "layout.rs"}
"""Declarations, what only unit tests use, and how values are packed (known to all accounts)."""
THEFTS = {
    "nobody has to sign",
    "a voter need not sign",
    "a beneficiary need not sign",
    "any address will do",
    "any mint becomes CHOIR",
    "initialized as often as one likes",
    "anybody publishes",
    "the electorate does not matter",
    "who approved may deny",
    "what is decided is decided again",
    "what is decided is settled",
    "settled at any time",
    "a share is paid to anybody's account",
    "whoever has a seat has a share",
    "a share is claimed twice",
    "anybody claims a refund",
    "what was sent is claimed",
    "anybody is paid for a denier",
    "anybody is paid for the author",
    "a frozen payee is paid",
}
"""Mutants with which somebody takes what is not theirs: seats, votes, tokens."""
AHEAD = 3
"""Mutants built while one is looked at."""


def test_every_mutant_changes_one_place_of_the_source() -> None:
    for mutant in EVERY:
        assert mutant.old != mutant.new, mutant
        assert mutant.applied() != (SOURCES / mutant.file).read_text("utf-8")
    with pytest.raises(LookupError, match=r"'let ' occurs \d+ times in entrypoint.rs"):
        Mutant("", "", "entrypoint.rs", "let ", "").applied()


def test_mutants_have_names_designs_and_catchers_that_exist() -> None:
    names = [(mutant.file, mutant.name) for mutant in EVERY]
    assert len(set(names)) == len(names)
    assert {name for _, name in names} >= THEFTS
    for mutant in EVERY:
        designs.design_of(mutant.design.split())
        if mutant.by not in (ADVERSARY, LOCKSTEP, UNIT):
            assert callable(function_of(mutant.by))


def test_mutants_are_in_every_file_instruction_and_variant() -> None:
    """Forty is the least; a clause of the ledger without one would be a gap."""
    assert len(MUTANTS) >= 40
    files = {str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.rs")}
    tests = {name for name in files if "test" in name or name.endswith("world.rs")}
    assert files - tests - {m.file for m in MUTANTS} == WHERE_NOTHING_IS_DECIDED
    assert {f"instructions/{name}.rs" for name in INSTRUCTIONS} <= {m.file for m in MUTANTS}
    chosen = {choice for m in MUTANTS for choice in m.design.split()}
    variants = {
        f"{key}={designs.variant(value)}"
        for key, kind in designs.CHOICES.items()
        for value in list(kind)[1:]
    }
    assert variants == chosen
    clauses = {m.clause for m in MUTANTS}
    assert {"L1", "L2", "L3", "L4", "L5", "L6", "L7", *(f"M{n}" for n in range(1, 9))} <= clauses


def test_every_survivor_has_a_reason() -> None:
    assert not set(SURVIVORS) & set(MUTANTS)
    assert all(len(why.split()) > 5 for why in SURVIVORS.values())


# Nightly

MEASURED: list[tuple[float, int, Mutant]] = []


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    missing = missing_tool()
    if missing is not None:
        pytest.skip(f"{missing} is missing: programs/choir/setup.sh installs it")
    made = Workshop(tmp_path_factory.mktemp("mutants") / "choir")
    yield made
    made.close()
    if MEASURED:
        print("\nseconds  steps  mutant")
        for seconds, steps, mutant in sorted(MEASURED, key=lambda m: -m[0]):
            print(f"{seconds:7.2f}  {steps:5}  {mutant.file}: {mutant} [{mutant.by}]")
        count = len(MEASURED)
        print(f"{sum(m[0] for m in MEASURED) / count:7.2f}  on average of {count} caught")


def looked_at(workshop: Workshop, mutant: Mutant) -> int | None:
    """What it took whoever must catch the mutant, or None."""
    if mutant.by == UNIT:
        return None if workshop.unit_tests_pass(mutant) else 1
    if mutant.by == ADVERSARY:
        return by_adversary(workshop.take(mutant, ()))
    built = [m for m in EVERY if m.by != UNIT]
    at = built.index(mutant)
    program = workshop.take(mutant, built[at + 1 : at + 1 + AHEAD])
    return (
        by_lockstep(program, mutant.design)
        if mutant.by == LOCKSTEP
        else by_test(program, mutant.by)
    )


@pytest.mark.nightly
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file}: {m}")
def test_every_mutant_is_caught(workshop: Workshop, mutant: Mutant) -> None:
    start = time.perf_counter()
    steps = looked_at(workshop, mutant)
    assert steps is not None, f"{mutant} survives {mutant.by}"
    MEASURED.append((time.perf_counter() - start, steps, mutant))


@pytest.mark.nightly
@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.name in THEFTS], ids=str)
def test_what_lets_somebody_take_what_is_not_theirs_is_caught_by_the_adversary(
    workshop: Workshop, mutant: Mutant
) -> None:
    assert by_adversary(workshop.take(mutant, ())) is not None


@pytest.mark.nightly
@pytest.mark.parametrize("mutant", SURVIVORS, ids=lambda m: f"{m.file}: {m}")
def test_every_survivor_is_one(workshop: Workshop, mutant: Mutant) -> None:
    """Whoever is caught is no survivor any more, and belongs to the mutants."""
    steps = looked_at(workshop, mutant)
    assert steps is None, f"{mutant} is caught: {SURVIVORS[mutant]}?"
    assert by_adversary(workshop.take(mutant, ())) is None


@pytest.mark.nightly
def test_the_program_without_a_mistake_is_not_caught(workshop: Workshop) -> None:
    """What the tests above call a catch is one."""
    program = workshop.original()
    for design in sorted({m.design for m in EVERY if m.by == LOCKSTEP}):
        assert by_lockstep(program, design) is None
    assert by_adversary(program) is None
    for name in sorted({m.by for m in EVERY} - {ADVERSARY, LOCKSTEP, UNIT}):
        assert by_test(program, name) is None
