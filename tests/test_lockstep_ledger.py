"""The ledger machine: what it reaches on the real VM, and what becomes of a disagreement."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import pytest
from every_design import EVERY
from planted_defects import LEDGER_DEFECTS, planted

from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import SETTINGS, Cast
from choir_model.lockstep.codec import decode, encode
from choir_model.lockstep.compare import Coverage, Disagreement
from choir_model.lockstep.deck import deck
from choir_model.lockstep.ledger import (
    LEDGER_EVENTS,
    LEDGER_REFUSALS,
    ledger_pair,
    machine_for,
    run_ledger_lockstep,
)
from choir_model.lockstep.ledger_pair import Begin, Execute
from choir_model.lockstep.reachable import surprises, unmet
from choir_model.lockstep.running import Budget, Failure, replay, run_machine
from choir_model.ports.ledger import Foreign
from choir_model.program import calls, designs
from choir_model.program.bindings import Design
from choir_model.program.designs import DEFAULT, NAMED
from choir_model.verify.readable import told

SITUATIONS = {
    "author seated meanwhile",
    "clock at deadline -1 s",
    "clock at deadline +0 s",
    "clock at deadline +1 s",
    "electorate of 1",
    "electorate of 2",
    "electorate of 3",
}
"""Where rules have been wrong before; a run that never gets there proves little."""
FOREIGN = {
    Foreign.ALREADY_PROCESSED,
    Foreign.BLOCKHASH_NOT_FOUND,
    Foreign.ACCOUNT_NOT_FOUND,
    Foreign.INSUFFICIENT_LAMPORTS,
    Foreign.TOKEN_INSUFFICIENT_FUNDS,
}
"""Refusals of the runtime and of SPL Token that both ledgers know."""


PAID = {
    "": {"one share kept in escrow", "share claimed"},
    "expiry=refund": {"refund claimed", "share claimed"},
    "rejection=at_close": {"several shares kept in escrow", "remainder to the treasury"},
    "payout=push": {"one share sent"},
    "denial_share=refund": {"refund claimed", "one share kept in escrow"},
    "rejection=at_close payout=push": {"several shares sent", "remainder to the treasury"},
}
"""What becomes of stakes under some designs, in the words of the counters."""
RANDOM = random.Random(192).sample(EVERY, 4)


def agree_and_meet_all(design: Design, steps: int, seed: int = 1) -> Coverage:
    coverage = run_ledger_lockstep(LiteSvmLedger, seed=seed, steps=steps, design=design)
    assert coverage.steps >= steps
    assert unmet(coverage, design) == []
    assert surprises(coverage, design) == {}
    return coverage


def test_reference_and_real_vm_agree_through_all_that_can_occur() -> None:
    """L1 to L8 on generated transactions: both ledgers equal after each, all pairs met."""
    coverage = agree_and_meet_all(DEFAULT, 5000)
    assert not SITUATIONS - set(coverage.situations)


@pytest.mark.parametrize("design", NAMED.values(), ids=list(NAMED))
def test_they_agree_under_every_named_design(design: Design) -> None:
    """L1 to L8, section 9: each variant alone, the named pairs, the source's literal design."""
    agree_and_meet_all(design, 1000, seed=2)


@pytest.mark.parametrize("design", RANDOM, ids=designs.name_of)
def test_they_agree_under_designs_nobody_named(design: Design) -> None:
    agree_and_meet_all(design, 800, seed=3)


@pytest.mark.parametrize("choices", PAID)
def test_stakes_go_where_the_design_says(choices: str) -> None:
    """M5, M6, L4, L5: shares and refunds, one or several, kept or sent."""
    design = designs.design_of(choices.split())
    coverage = run_ledger_lockstep(LiteSvmLedger, seed=1, steps=0, design=design)
    assert not PAID[choices] - set(coverage.situations)


def test_another_ledger_is_tested_by_three_lines() -> None:
    coverage = run_ledger_lockstep(ReferenceLedger, seed=1, steps=2000)
    assert unmet(coverage, DEFAULT) == []


def test_the_machine_finds_its_way_without_the_deck() -> None:
    """Chance alone meets every reason and event; only pairs are left to the deck."""
    coverage = Coverage()
    pair = ledger_pair(ReferenceLedger, coverage)
    run_machine(machine_for(pair), pair, Budget(seed=1, steps=12_000))
    assert not coverage.missing(refusals=LEDGER_REFUSALS, events=LEDGER_EVENTS)
    assert not {f.name for f in FOREIGN} - set(coverage.refusals)


def test_a_disagreement_in_the_deck_is_told_with_its_least_commands() -> None:
    """The scene in which it comes up, without what does not matter; it fails again."""
    wrong = next(d for d in LEDGER_DEFECTS if d.clause == "M7")
    with planted(wrong), pytest.raises(Failure) as caught:
        run_ledger_lockstep(LiteSvmLedger, seed=1, steps=0)
    specs = ["submit_spec"] * SETTINGS[0].max_co_authors
    assert [str(c) for c in caught.value.commands] == ["begin: usual", "create_thread", *specs]


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    runs = [run_ledger_lockstep(ReferenceLedger, seed=s, steps=1000) for s in (5, 5, 77)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


SAME_RUN = """
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.ledger import run_ledger_lockstep
coverage = run_ledger_lockstep(ReferenceLedger, seed=5, steps=500)
print(coverage.steps, sorted(coverage.refusals.items()), sorted(coverage.events.items()))
"""


def test_the_same_seed_gives_the_same_run_under_every_hash_seed() -> None:
    seen = {
        subprocess.run(
            [sys.executable, "-c", SAME_RUN],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_a_disagreement_shrinks_to_few_commands_that_fail_again_and_only_with_the_defect() -> None:
    wrong = next(d for d in LEDGER_DEFECTS if d.clause == "M7")
    pair = ledger_pair(LiteSvmLedger, Coverage())
    with planted(wrong):
        with pytest.raises(Failure) as caught:
            run_machine(machine_for(pair), pair, Budget(seed=2, steps=20_000))
        failure = caught.value
        # a thread, and one spec more than it has seats for: nothing else
        begin, *rest = failure.commands
        specs = ["submit_spec"] * begin.setting.max_co_authors
        assert [str(c) for c in rest] == ["create_thread", *specs]
        assert failure.original > len(failure.commands)
        again = replay(ledger_pair(LiteSvmLedger, Coverage()), failure.commands)
        assert isinstance(again, Disagreement)
        assert str(again) == str(failure.cause)
        assert "ThreadFull" in str(failure)
        assert again.aspect == "outcome"
    assert replay(ledger_pair(LiteSvmLedger, Coverage()), failure.commands) is None


def test_a_disagreement_names_the_account_and_shows_both_sides_decoded() -> None:
    wrong = next(d for d in LEDGER_DEFECTS if "the first leaf has index one" in d.name)
    pair = ledger_pair(LiteSvmLedger, Coverage())
    with planted(wrong), pytest.raises(Failure) as caught:
        run_machine(machine_for(pair), pair, Budget(seed=1, steps=20_000))
    cause = caught.value.cause
    assert isinstance(cause, Disagreement)
    assert cause.aspect == "account thread0"
    assert cause.diff().startswith("--- reference\n+++ real\n")
    assert len(cause.diff()) < 4000
    assert cause.reference["published_count"] == 1  # type: ignore[index]


def test_an_account_nobody_watches_is_noticed_at_the_end() -> None:
    """`finish` compares the set of all accounts the program owns."""
    pair = ledger_pair(ReferenceLedger, Coverage())
    reference = pair.reference
    assert isinstance(reference, ReferenceLedger)
    commands = _a_thread(Cast.of(pair.real))
    assert replay(pair, commands) is None
    reference.program_accounts = frozenset  # type: ignore[method-assign]
    error = replay(pair, commands)
    assert isinstance(error, Disagreement)
    assert error.aspect == "accounts of the program"


def _a_thread(cast: Cast) -> list[Begin | Execute]:
    creator = cast.wallets[0]
    return [Begin(SETTINGS[0]), Execute(calls.create_thread(creator, cast.mint, 0), creator)]


def test_commands_of_every_design_survive_a_failure_file() -> None:
    """Designs, payees and all: what was written is executed again as it was."""
    pair = ledger_pair(ReferenceLedger, Coverage())
    assert isinstance(pair.cast, Cast)
    for design in (DEFAULT, designs.design_of(["payout=push", "record_key=thread_hash"])):
        for scene in deck(pair.cast, design):
            written = json.dumps([encode(command) for command in scene.commands])
            read = list(decode(json.loads(written)))
            assert read == list(scene.commands)
            assert replay(pair, read) is None
            assert read[0].setting.design == design


def test_a_failing_sequence_names_payees_and_who_gives_which_account_to_whom() -> None:
    cast = Cast.of(ReferenceLedger())
    first, second = cast.wallets[:2]
    own, theirs = cast.token(first), cast.token(second)
    settle = calls.settle(cast.record(0, 1, 0)).with_payees([theirs, own])
    for call, words in (
        (settle, "payees=token1, token0"),
        (calls.token_set_owner(first, own, second), "token_set_owner account=token0 to=wallet1"),
        (calls.token_close(first, own, theirs), "token_close account=token0 to=token1"),
        (calls.token_transfer(first, own, theirs, 7), "token_transfer amount=7 to=token1"),
    ):
        assert words in told(Execute(call, first), cast.names())
