"""The breaks of every instruction, with those that only a variant of the design has (L3).

A *course* is an instruction under a design, where nothing is wrong yet; `BREAKS` lists what
can fail in each, in the order of the guards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from guard_breaks import (
    BREAKS_OF,
    DECIDED,
    ROOMY,
    SEQUENCE,
    UNKNOWN,
    Break,
    at,
    first_guards,
    full,
    poor,
    wait,
)
from ledger_world import APPROVE, DENY, World

from choir_model.lockstep.cast import MIN_STAKE
from choir_model.program import addresses, designs
from choir_model.program.bindings import INSTRUCTIONS, Design, Reason


@dataclass(frozen=True, eq=False)
class Course:
    """An instruction under a design, what happened before, and the usual parameters."""

    instruction: str
    design: Design = designs.DEFAULT
    prepare: Callable[[World], object] | None = None
    usual: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.design == designs.DEFAULT:
            return self.instruction
        return f"{self.instruction} under {designs.name_of(self.design)}"


def under(instruction: str, *choices: str, **more: Any) -> Course:
    return Course(instruction, designs.design_of(choices), **more)


def decided_by_1(world: World, _: dict[str, Any]) -> None:
    world.vote(1, world.key(2, "spec"), DENY)


def settled(world: World, _: dict[str, Any]) -> None:
    world.wait(ROOMY.approval_window)
    world.settle(world.key(2, "spec"))


def approved_by_0(world: World) -> None:
    world.vote(0, world.key(2, "spec"), APPROVE)


def denied_by_both(world: World) -> None:
    for voter in (0, 1):
        world.vote(voter, world.key(2, "spec"), DENY)


def seat_all(world: World, _: dict[str, Any]) -> None:
    """Take guests in until no seat is left."""
    while len(world.seated()) < ROOMY.max_co_authors:
        world.seat(18 + len(world.seated()))


def claimed(world: World, params: dict[str, Any]) -> None:
    if params["decided"]:
        world.do(world.claim_call(params["who"], world.key(2, "spec")))


def squatted(world: World, params: dict[str, Any]) -> None:
    """Another co-author publishes the same content first."""
    world.message(1 if params["author"] == 0 else 0, params["text"])


CLOSED = Break(Reason.WindowClosed, "clock", before=wait, when=5)
OPEN = Break(Reason.WindowOpen, "clock", {"wait": False})
OUTSIDE = Break(Reason.NotCoAuthor, "voter", {"voter": 3})
LATER = Break(Reason.NotInElectorate, "voter", {"voter": 4}, before=lambda world, _: world.seat(4))
UNPAID = Break(
    Reason.PayeeUnavailable,
    "payees",
    damage=lambda _, call: call.with_accounts(len(INSTRUCTIONS[call.name].accounts)),
)
VOTED = Break(
    Reason.AlreadyVoted, "voter", before=lambda world, _: world.vote(1, world.key(2, "spec"))
)
SETTLED = Break(Reason.AlreadyDecided, "record", before=settled, when=4)
SQUATTED = Break(Reason.DuplicateContent, "record", before=squatted)

BREAKS: dict[Course, list[Break]] = {
    **{Course(name): breaks for name, breaks in BREAKS_OF.items()},
    under("vote", "payout=push"): [
        *first_guards("vote"),
        UNKNOWN,
        DECIDED,
        CLOSED,
        OUTSIDE,
        LATER,
        VOTED,
        UNPAID,
        SEQUENCE,
    ],
    under(
        "vote",
        "capacity=check_at_publish",
        prepare=approved_by_0,
        usual={"decision": APPROVE},
    ): [
        *first_guards("vote"),
        UNKNOWN,
        Break(Reason.AlreadyDecided, "record", before=decided_by_1, when=2),
        CLOSED,
        OUTSIDE,
        LATER,
        Break(Reason.AlreadyVoted, "voter", {"voter": 0}),
        Break(Reason.ThreadFull, "seats", before=seat_all, when=1),
        full("token_balance"),
        full("published_count", 2**32 - 1),
        SEQUENCE,
    ],
    under("vote", "electorate=live"): [
        *first_guards("vote"),
        UNKNOWN,
        DECIDED,
        CLOSED,
        OUTSIDE,
        Break(
            Reason.NotInElectorate,
            "voter",
            {"voter": 2},
            before=lambda world, _: world.seat(2),
        ),
        VOTED,
        full("escrow_total"),
        SEQUENCE,
    ],
    under("settle", "payout=push", "expiry=refund"): [
        *first_guards("settle"),
        UNKNOWN,
        DECIDED,
        OPEN,
        UNPAID,
        SEQUENCE,
    ],
    under("settle", "rejection=at_close", "payout=push", prepare=denied_by_both): [
        *first_guards("settle"),
        UNKNOWN,
        SETTLED,
        OPEN,
        UNPAID,
        full("treasury_paid"),
        SEQUENCE,
    ],
    under("settle", "rejection=at_close", prepare=denied_by_both): [
        *first_guards("settle"),
        UNKNOWN,
        SETTLED,
        OPEN,
        full("escrow_total"),
        full("treasury_paid"),
        SEQUENCE,
    ],
    under("claim", "denial_share=refund", usual={"who": 2}): [
        *first_guards("claim"),
        UNKNOWN,
        Break(Reason.NotDecided, "record", {"decided": False}),
        Break(Reason.NothingToClaim, "beneficiary", {"who": 1}),
        Break(Reason.AlreadyClaimed, "beneficiary", before=claimed),
        SEQUENCE,
    ],
    under("submit_message", "record_key=thread_hash"): [
        *first_guards("submit_message"),
        at("record", Reason.WrongAddress, lambda w: addresses.record(w.key(1, "new"))),
        Break(Reason.NotCoAuthor, "author", {"author": 3}),
        SQUATTED,
        full("published_count", 2**32 - 1),
        SEQUENCE,
    ],
    under("submit_spec", "record_key=thread_hash", "capacity=check_at_publish"): [
        *first_guards("submit_spec"),
        at("record", Reason.WrongAddress, lambda w: addresses.record(w.key(3, "new"))),
        Break(Reason.AlreadyCoAuthor, "author", {"author": 0}),
        SQUATTED,
        Break(Reason.InvalidStake, "stake", {"stake": MIN_STAKE - 1}),
        Break(Reason.InsufficientFunds, "author_token", before=poor, when=3),
        full("stake_total"),
        SEQUENCE,
    ],
}
"""Every break of every course, in the order of the guards."""
