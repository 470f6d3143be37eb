"""The reference under the model checker: what must come about, and the designs that fail it.

A violation that a design brings with it is expected by name, as a counterexample; mutants of
the reference show that each property, of safety too, can fail.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ledger_properties import PENDING, PUBLISHED, OneSpec
from ledger_world import APPROVE, DENY, STAKE, World
from planted_defects import Defect, defect, planted
from test_ledger_variants import AUTHOR
from test_ledger_variants_checked import (
    JOINER,
    NAMED,
    RECORDS,
    VOTERS,
    close,
    model_of,
    verdicts_of,
    world_under,
)

from choir_model.domain.identity import RecordKey
from choir_model.engine import (
    Action,
    Fairness,
    Model,
    Property,
    Verdict,
    View,
    check,
    eventually,
    guard,
    leads_to,
)
from choir_model.ledger import decisions, electorates, instructions
from choir_model.ledger.cells import RecordAccount
from choir_model.ledger.port import ReferenceLedger, transaction
from choir_model.lockstep.reachable import settle_pays
from choir_model.program import addresses, calls, designs
from choir_model.program.bindings import Capacity, Design
from choir_model.program.bindings import RecordKey as KeyedBy
from choir_model.program.calls import Call

SPARE = {number: bytes([100 + number]) * 32 for number in (0, AUTHOR)}
"""A second token account of each wallet, to claim into when the first is closed."""


def acting(world: World, call: Call, name: str, fairness: Fairness = Fairness.WEAK) -> Action:
    def act(view: View) -> None:
        transaction(view, call, world.cast.crank)

    return Action(act, name=name, fairness=fairness)


def running(world: World, actions: list[Action], properties: list[Property]) -> Model:
    """A model that begins where `world` is."""
    assert isinstance(world.ledger, ReferenceLedger)
    start = list(world.ledger.state.items())

    def initial(view: View) -> None:
        for cell, value in start:
            view.write(cell, value)

    return Model(
        "one spec, in the end",
        RECORDS,
        actions,
        initial=initial,
        properties=properties,
        design=designs.texts(world.design),
    )


def about(world: World, key: RecordKey) -> OneSpec:
    record, vaults = addresses.record(key, world.design), (world.vault("stake"),)
    return OneSpec(world.design, world.thread, record, *vaults, world.vault("escrow"))


# V1 and V5: decided and paid out


def emptied(world: World, number: int) -> None:
    """A wallet's account could be closed, but for what is still to be paid into it."""
    owner, account = world.wallet(number), world.token(number)
    world.ledger.create_token_account(SPARE[number], world.mint, owner)
    amount = world.amount(account)
    if amount:
        world.do(calls.token_transfer(owner, account, world.token(1), amount))


def deciding(design: Design) -> Model:
    """A pending spec; whoever votes, votes; the window ends; crank and claimants do not tire.

    Every payee may close the account that the crank knows of, and the crank opens no other.
    """
    world = world_under(design)
    key = world.spec(AUTHOR, "may I", STAKE)
    for number in SPARE:
        emptied(world, number)
    actions = [Action(close, fairness=Fairness.WEAK)]
    for payees in ([], [0], [AUTHOR]):
        accounts, who = [world.token(number) for number in payees], f"paying {payees}"
        settle = calls.settle(key, design).with_payees(accounts)
        actions.append(acting(world, settle, f"settle {who}"))
        for decision in (APPROVE, DENY) if payees else ():
            vote = calls.vote(world.wallet(0), key, decision, design).with_payees(accounts)
            actions.append(acting(world, vote, f"{decision.name} {who}", Fairness.NONE))
    for number, spare in SPARE.items():
        owner, account = world.wallet(number), world.token(number)
        into_spare = calls.claim(owner, key, spare, design)
        actions.append(acting(world, into_spare, f"claim {number}"))
        closing = calls.token_close(owner, account, world.wallet(1))
        actions.append(acting(world, closing, f"close {number}", Fairness.NONE))
    spec = about(world, key)
    return running(
        world, actions, [spec.every_pending_spec_is_decided(), *spec.every_stake_leaves()]
    )


CLOSED = (
    *designs.NAMED.values(),
    designs.design_of(["payout=push", "expiry=refund"]),
    designs.design_of(["payout=push", "expiry=refund", "denial_share=refund"]),
)


@pytest.mark.parametrize("design", CLOSED, ids=designs.name_of)
def test_every_spec_is_decided_and_every_stake_paid_out(design: Design) -> None:
    """V1, V5: but where `settle` pays at once, a payee without an account stops both."""
    expected = Verdict.VIOLATED if settle_pays(design) else Verdict.HOLDS
    found = verdicts_of(deciding(design))
    assert found == dict.fromkeys(("V1_decided", "V5_stake", "V5_escrow"), expected)


# V8: what all approve is published


def crowded(design: Design) -> Model:
    """One seat is left, two want it, and all who may approve both."""
    world = world_under(design, seats=1, max_co_authors=3)
    texts = {AUTHOR: "may I", JOINER: "me too"}
    keys = {number: world.key(number, text) for number, text in texts.items()}
    actions = []
    for number, text in texts.items():
        submit = world.spec_call(number, text)
        actions.append(acting(world, submit, f"submit {number}", Fairness.NONE))
        for voter in (*VOTERS, AUTHOR, JOINER):
            approve = calls.vote(world.wallet(voter), keys[number], APPROVE, design)
            actions.append(acting(world, approve, f"{voter} approves {number}"))
    spec = about(world, keys[AUTHOR])
    published = leads_to(spec.is_(PENDING), spec.is_(PUBLISHED), name="V8", clause="V8")
    return running(world, actions, [published])


@NAMED
def test_what_all_approve_is_published_if_its_seat_is_reserved(design: Design) -> None:
    """V8: a seat that is only looked for in the end may be taken then."""
    full = design.capacity is Capacity.CHECK_AT_PUBLISH
    expected = Verdict.VIOLATED if full else Verdict.HOLDS
    assert verdicts_of(crowded(design)) == {"V8": expected}


def squatted(design: Design) -> Model:
    """Somebody else may submit the same content first; all approve the author's only."""
    world = world_under(design, seats=1)
    key = world.key(AUTHOR, "may I")
    spec = about(world, key)
    author = world.wallet(AUTHOR)

    def is_the_authors(view: View) -> bool:
        return spec.there(view) and RecordAccount(view, spec.record).author == author

    def approving(voter: int) -> Action:
        call = calls.vote(world.wallet(voter), key, APPROVE, design)

        def approve(view: View) -> None:
            guard(view, is_the_authors(view))
            transaction(view, call, world.cast.crank)

        return Action(approve, name=f"{voter} approves", fairness=Fairness.WEAK)

    def published(view: View) -> bool:
        return is_the_authors(view) and spec.status(view) is PUBLISHED

    first = acting(world, world.spec_call(JOINER, "may I"), "squat", Fairness.NONE)
    submit = acting(world, world.spec_call(AUTHOR, "may I"), "submit")
    actions = [first, submit, *map(approving, VOTERS)]
    return running(world, actions, [eventually(published, name="V8_whoever_else", clause="V8")])


@NAMED
def test_what_all_would_approve_is_published_if_nobody_can_take_its_place(design: Design) -> None:
    """V8: where content alone identifies a record, whoever submits first has it."""
    taken = design.record_key is KeyedBy.THREAD_HASH
    expected = Verdict.VIOLATED if taken else Verdict.HOLDS
    assert verdicts_of(squatted(design)) == {"V8_whoever_else": expected}


# Each property can fail

MUTANTS: list[tuple[str, Defect]] = [
    (name, defect(f"{name}: {old}", "", function, old, new))
    for name, function, old, new in (
        (
            "published_by_all",
            electorates.is_completed_by,
            "return record.test(RecordAccount.approvals, completes, seat, members)",
            "return True",
        ),
        (
            "published_stays_approved",
            electorates.is_completed_by,
            "members = (1 << record.electorate_size) - 1",
            "members = 1",
        ),
        (
            "final_is_final",
            instructions.settle,
            "_refuse_unless_pending(view, record)",
            "pass",
        ),
        (
            "one_vote_in_time",
            instructions.vote,
            'view.refuse(Reason.AlreadyVoted, "voter")',
            "pass",
        ),
        (
            "one_vote_in_time",
            instructions.vote,
            "view.refuse(Reason.WindowClosed)",
            "pass",
        ),
        (
            "settled_once",
            instructions.settle,
            "_refuse_unless_pending(view, record)",
            "pass",
        ),
        (
            "claimed_once",
            instructions.claim,
            'view.refuse(Reason.AlreadyClaimed, "beneficiary")',
            "pass",
        ),
        (
            "V1_decided",
            instructions.settle,
            "if not Clock(view)",
            "if Clock(view)",
        ),
        (
            "V5_stake",
            decisions.carry_out,
            "thread.update(ThreadAccount.stake_total, add, -verdict.stake)",
            "pass",
        ),
        (
            "V5_escrow",
            instructions.claim,
            "if bit is None:",
            "if bit is None or status is RecordStatus.REJECTED:",
        ),
        (
            "V8",
            electorates.is_completed_by,
            "completes, seat, members)",
            "completes, seat, members ^ 1)",
        ),
        (
            "V8_whoever_else",
            electorates.is_completed_by,
            "return record.test(RecordAccount.approvals, completes, seat, members)",
            "return False",
        ),
    )
]


def models() -> Iterator[Model]:
    yield model_of(world_under(designs.DEFAULT, seats=1))
    yield deciding(designs.DEFAULT)
    yield crowded(designs.DEFAULT)
    yield squatted(designs.DEFAULT)


@pytest.mark.parametrize(("name", "mutant"), MUTANTS, ids=str)
def test_each_property_catches_a_mutant_of_the_reference(name: str, mutant: Defect) -> None:
    """S3, S4, S9, S10, V1, V5, V8: under the default design, where all of them hold."""
    model = next(m for m in models() if name in {p.name for p in m.properties})
    with planted(mutant):
        report = check(model, properties=[name], limit=5000)
    assert report.findings[name].verdict is Verdict.VIOLATED
