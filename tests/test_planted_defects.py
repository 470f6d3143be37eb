"""Every planted defect is caught by the machine of its suite; how fast is printed (``-s``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from planted_defects import CONTENT_DEFECTS, LEDGER_DEFECTS, NAMED, Defect, Edit, planted
from planted_defects_silent import SILENT_DEFECTS
from planted_defects_variants import VARIANT_DEFECTS
from program_mutants_workshop import cases_of, function_of

from choir_model.adapters.edge import EdgeContent
from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.content.port import ReferenceContent
from choir_model.ledger import instructions
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep import content
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.content_pair import ContentPair
from choir_model.lockstep.ledger import deal_and_run, ledger_pair, machine_for
from choir_model.lockstep.running import Budget, Failure, run_machine
from choir_model.program.designs import CHOICES, design_of, variant

BUDGET = Budget(seed=1, steps=20_000)
"""Far more commands than any defect needs."""

Run = Callable[[Coverage], None]
MEASURED: list[tuple[float, int, Defect]] = []


def run_ledger(coverage: Coverage) -> None:
    run_variant("", coverage)


def run_ledger_machine(coverage: Coverage) -> None:
    """Without the deck."""
    pair = ledger_pair(LiteSvmLedger, coverage)
    run_machine(machine_for(pair), pair, BUDGET, minimised=False)


def run_variant(choices: str, coverage: Coverage) -> None:
    """Deck and machine under a design."""
    pair = ledger_pair(LiteSvmLedger, coverage)
    deal_and_run(pair, design_of(choices.split()), BUDGET, minimised=False)


def run_content(coverage: Coverage) -> None:
    with EdgeContent() as real:
        pair = ContentPair(ReferenceContent(), real, coverage)
        run_machine(content.machine_for(pair), pair, BUDGET, minimised=False)


CASES: list[tuple[Run, Defect]] = [
    *((run_ledger, d) for d in LEDGER_DEFECTS),
    *((run_content, d) for d in CONTENT_DEFECTS),
    *((partial(run_variant, choices), d) for choices, d in VARIANT_DEFECTS),
]
"""Which run must catch which defect."""


def caught(run: Run, wrong: Defect) -> float:
    """The seconds until `run` notices the defect; fails the test if it never does."""
    coverage = Coverage()
    start = time.perf_counter()
    with planted(wrong), pytest.raises(Failure) as failure:
        run(coverage)
    seconds = time.perf_counter() - start
    assert failure.value.commands, "a failure tells the commands that lead to it"
    MEASURED.append((seconds, coverage.steps, wrong))
    return seconds


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    """Print what was measured, slowest first."""
    yield
    print("\nseconds  commands  defect")
    for seconds, commands, wrong in sorted(MEASURED, key=lambda m: -m[0]):
        print(f"{seconds:7.2f}  {commands:8}  {wrong}")
    if MEASURED:
        print(f"{sum(m[0] for m in MEASURED) / len(MEASURED):7.2f}  on average")


@pytest.mark.parametrize(("run", "wrong"), CASES, ids=[str(d) for _, d in CASES])
def test_every_planted_defect_is_caught(run: Run, wrong: Defect) -> None:
    caught(run, wrong)


@pytest.mark.nightly
@pytest.mark.parametrize("wrong", LEDGER_DEFECTS, ids=str)
def test_the_rules_of_the_machine_catch_them_without_the_deck(wrong: Defect) -> None:
    caught(run_ledger_machine, wrong)


@pytest.mark.parametrize(("name", "wrong"), SILENT_DEFECTS, ids=[str(d) for _, d in SILENT_DEFECTS])
def test_what_changes_no_transaction_is_noticed_by_a_test(name: str, wrong: Defect) -> None:
    """S1, M5: defects of the audit and of clients."""
    checks = list(cases_of(function_of(name), ReferenceLedger))
    with planted(wrong):
        assert any(fails(check) for check in checks)
    assert not any(fails(check) for check in checks)


def fails(check: Callable[[], None]) -> bool:
    """Whether a test notices."""
    try:
        check()
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 (however it notices)
        return True
    return False


def test_every_variant_has_a_defect_of_its_own() -> None:
    chosen = {choice for choices, _ in VARIANT_DEFECTS for choice in choices.split()}
    others = {f"{key}={variant(v)}" for key, kind in CHOICES.items() for v in list(kind)[1:]}
    assert chosen == others


def test_a_defect_is_gone_when_its_block_is_left() -> None:
    before = instructions.vote.__code__
    wrong = Defect("", "", (Edit(instructions.vote, "has_bit", "reached"),))
    with pytest.raises(LookupError, match="occurs 2 times in vote"), planted(wrong):
        pass
    assert instructions.vote.__code__ is before
    with planted(LEDGER_DEFECTS[2]):
        assert instructions.vote.__code__ is not before
    assert instructions.vote.__code__ is before
    with pytest.raises(KeyError), planted(LEDGER_DEFECTS[2]):
        raise KeyError
    assert instructions.vote.__code__ is before


def test_the_ten_classic_mistakes_are_among_them() -> None:
    names = {d.name for d in LEDGER_DEFECTS + CONTENT_DEFECTS}
    assert len(NAMED) == 10
    assert set(NAMED.values()) - names == set()


def test_defects_have_names_of_their_own() -> None:
    lists = (*VARIANT_DEFECTS, *SILENT_DEFECTS)
    names = [str(d) for d in (*LEDGER_DEFECTS, *CONTENT_DEFECTS, *(d for _, d in lists))]
    assert len(set(names)) == len(names)


def test_the_machine_of_the_defects_is_content_without_one() -> None:
    coverage = Coverage()
    pair = ledger_pair(LiteSvmLedger, coverage)
    run_machine(machine_for(pair), pair, Budget(seed=BUDGET.seed, steps=1000))
    assert coverage.steps >= 1000
