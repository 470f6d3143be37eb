"""The reference under the model checker: one spec, every order of events, each variant (S1).

It also shows that the ledger's actions keep the rules of the view: no auxiliary cell is read.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ledger_properties import OneSpec
from ledger_world import APPROVE, DENY, World
from test_ledger_variants import AUTHOR, world_of

from choir_model.domain.identity import Address, RecordKey
from choir_model.engine import ANY, Action, Model, Verdict, View, always, check, guard, sometimes
from choir_model.ledger import cells
from choir_model.ledger.cells import Clock, RecordAccount, ThreadAccount, TokenAccount
from choir_model.ledger.port import ReferenceLedger, transaction
from choir_model.lockstep.cast import START, WINDOW
from choir_model.program import addresses, bindings, calls, designs
from choir_model.program.bindings import Design, RecordStatus
from choir_model.program.calls import Call

VOTERS = (0, 21)
RECORDS = {
    Clock: None,
    **dict.fromkeys(
        (
            cells.Account,
            cells.Wallet,
            cells.ConfigAccount,
            ThreadAccount,
            RecordAccount,
            TokenAccount,
            cells.MintAccount,
            cells.Donations,
        ),
        ANY,
    ),
}


JOINER = 22
"""Lets everybody approve before them, so that they may be seated in between."""


def everything(world: World, key: RecordKey) -> Iterator[Call]:
    """All calls about one spec, with every list of payees that some decision wants."""
    design = world.design
    yield world.spec_call(AUTHOR, "may I")
    lists = [[], [0], [21], [0, 21], [AUTHOR]]
    for numbers in lists:
        payees = [world.token(n) for n in numbers]
        yield calls.settle(key, design).with_payees(payees)
        for voter in VOTERS if len(payees) < 2 else ():
            yield calls.vote(world.wallet(voter), key, DENY, design).with_payees(payees)
    for number in (*VOTERS, AUTHOR):
        yield world.claim_call(number, key)
    for voter in VOTERS:
        yield calls.vote(world.wallet(voter), key, APPROVE, design)


def acting(call: Call, payer: Address, number: int) -> Action:
    def act(view: View) -> None:
        transaction(view, call, payer)

    return Action(act, name=f"{call.name} {number}")


def close(view: View) -> None:
    """The window ends."""
    clock = Clock(view)
    guard(view, not clock.test(Clock.now, cells.reached, START + WINDOW))
    clock.now = START + WINDOW


def with_joiner(world: World, key: RecordKey) -> Iterator[Call]:
    """A spec of somebody else's that lacks one approval, and their votes once seated."""
    other = world.spec(JOINER, "me too")
    world.vote(VOTERS[0], other)
    yield calls.vote(world.wallet(VOTERS[1]), other, APPROVE, world.design)
    for decision in (APPROVE, DENY):
        yield calls.vote(world.wallet(JOINER), key, decision, world.design)


def model_of(world: World, *, joiner: bool = False) -> Model:
    assert isinstance(world.ledger, ReferenceLedger)
    key = world.key(AUTHOR, "may I")
    record = addresses.record(key, world.design)
    further = list(with_joiner(world, key)) if joiner else []
    others = (addresses.record(world.key(JOINER, "me too"), world.design),) if joiner else ()
    vaults = world.vault("stake"), world.vault("escrow")
    spec = OneSpec(world.design, world.thread, record, *vaults, others)
    start = list(world.ledger.state.items())
    held = [world.token(n) for n in (*VOTERS, AUTHOR)]
    held += [world.vault(v) for v in ("stake", "escrow", "balance", "treasury")]
    total = sum(world.amount(account) for account in held)
    offered = [*everything(world, key), *further]

    def initial(view: View) -> None:
        for cell, value in start:
            view.write(cell, value)

    def conserved(view: View) -> bool:
        return sum(TokenAccount(view, account).amount for account in held) == total

    def vaults_hold_the_totals(view: View) -> bool:
        thread = ThreadAccount(view, world.thread)
        due = {
            "stake": thread.stake_total,
            "escrow": thread.escrow_total,
            "balance": thread.token_balance,
            "treasury": thread.treasury_paid,
        }
        return all(TokenAccount(view, world.vault(v)).amount == due[v] for v in due)

    finals = [s for s in RecordStatus if s is not RecordStatus.PENDING]
    return Model(
        "one spec",
        RECORDS,
        [*(acting(c, world.cast.crank, n) for n, c in enumerate(offered)), Action(close)],
        initial=initial,
        properties=[
            always(conserved, clause="S1"),
            always(vaults_hold_the_totals, clause="S1"),
            *(sometimes(spec.is_(s), name=s.name.lower()) for s in finals),
            *spec.safety(),
        ],
        design=designs.texts(world.design),
    )


NAMED = pytest.mark.parametrize("design", designs.NAMED.values(), ids=designs.NAMED)


def world_under(design: Design, **how: int) -> World:
    choices = (f"{key}={value}" for key, value in designs.texts(design).items())
    return world_of(ReferenceLedger, *choices, **how)


def verdicts_of(model: Model) -> dict[str, Verdict]:
    report = check(model, keep_going=True)
    assert report.complete
    return {name: finding.verdict for name, finding in report.findings.items()}


@NAMED
def test_tokens_are_conserved_and_safety_holds_in_every_order_of_events(design: Design) -> None:
    """S1, S3, S4, S9, S10, M4 to M6: and each final status is reached, under each variant."""
    verdicts = verdicts_of(model_of(world_under(design, seats=1)))
    assert set(verdicts.values()) == {Verdict.HOLDS}, verdicts


LIVE_OR_NOT = [d for d in designs.NAMED.values() if d.electorate is bindings.Electorate.LIVE]


@pytest.mark.parametrize("design", [designs.DEFAULT, *LIVE_OR_NOT], ids=designs.name_of)
def test_safety_holds_when_somebody_is_seated_in_between(design: Design) -> None:
    """S3, S9: of a live electorate, all who have a seat at the deciding vote."""
    world = world_under(design, seats=1)
    verdicts = verdicts_of(model_of(world, joiner=True))
    assert set(verdicts.values()) == {Verdict.HOLDS}, verdicts
