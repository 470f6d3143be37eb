"""The ledger suite: generated transactions on reference and real ledger, in lockstep.

Theory of operation
-------------------
`LedgerMachine` is a Hypothesis state machine whose rules draw a few small numbers, turn
them into one command over the cast, and hand it to a `LedgerPair`, which runs it on both
ledgers and compares everything.  The world is small, so keys, hashes and threads collide;
time is moved to, before and past deadlines on purpose; damaged calls, resent and stale
transactions and wallets without lamports are ordinary rules.

A run begins with the deck (`choir_model.lockstep.deck`): one way to each refusal and event
that the design can have, so that even a short run meets them all; then rules are drawn.

`run_ledger_lockstep` is the suite.  Another ledger is tested by three lines::

    def test_my_ledger():
        coverage = run_ledger_lockstep(MyLedger, seed=1, steps=2000)
        assert not reachable(designs.DEFAULT) - coverage.pairs
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import Cast
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.deck import deal
from choir_model.lockstep.ledger_machine import LedgerMachine
from choir_model.lockstep.ledger_pair import Command, LedgerPair
from choir_model.lockstep.reachable import ledger_events, ledger_refusals
from choir_model.lockstep.running import Budget, Progress, run_machine
from choir_model.ports.ledger import LedgerPort
from choir_model.program import designs
from choir_model.program.bindings import Design

LedgerFactory: TypeAlias = Callable[[], LedgerPort]

LEDGER_REFUSALS = ledger_refusals(designs.DEFAULT)
"""Every refusal of L3 that can occur in the default design."""
LEDGER_EVENTS = ledger_events(designs.DEFAULT)
"""Every event of L6 that can occur in the default design: all."""


def machine_for(pair: LedgerPair, design: Design = designs.DEFAULT) -> type[LedgerMachine]:
    """The machine over one pair and design; examples share the pair and begin anew."""
    return type("LedgerMachine", (LedgerMachine,), {"pair": pair, "design": design})


def ledger_pair(
    factory: LedgerFactory, coverage: Coverage, reference: ReferenceLedger | None = None
) -> LedgerPair:
    """A pair of the reference and the factory's ledger, with the cast the latter can sign for."""
    real = factory()
    return LedgerPair(reference or ReferenceLedger(), real, Cast.of(real), coverage)


def run_ledger_lockstep(
    factory: LedgerFactory,
    *,
    seed: int,
    steps: int,
    design: Design = designs.DEFAULT,
    coverage: Coverage | None = None,
    reference: ReferenceLedger | None = None,
) -> Coverage:
    """Run the deck of `design`, then the ledger machine, for at least `steps` commands.

    Raises `running.Failure`, which holds the shrunk command sequence, on a disagreement.
    """
    coverage = coverage or Coverage()
    pair = ledger_pair(factory, coverage, reference)
    try:
        deal_and_run(pair, design, Budget(seed=seed, steps=steps))
    finally:
        pair.real.close()
    return coverage


def deal_and_run(
    pair: LedgerPair,
    design: Design,
    budget: Budget,
    *,
    progress: Progress | None = None,
    minimised: bool = True,
) -> None:
    """Execute the deck of `design`, then the machine until the budget is used.

    The deck is executed whole, however small the budget.  Raises `Failure`.
    """
    before = pair.coverage.steps
    deal(pair, design, minimised=minimised)
    dealt = pair.coverage.steps - before

    def told(done: int) -> None:
        if progress is not None:
            progress(dealt + done)

    told(0)
    left = Budget(seed=budget.seed, steps=budget.steps - dealt)
    run_machine(machine_for(pair, design), pair, left, progress=told, minimised=minimised)


__all__ = [
    "LEDGER_EVENTS",
    "LEDGER_REFUSALS",
    "Command",
    "LedgerMachine",
    "deal_and_run",
    "ledger_events",
    "ledger_refusals",
    "machine_for",
    "run_ledger_lockstep",
]
