"""The audit under every design: a record misread by one bit is an imbalance (S1, L4, S10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ledger_world import APPROVE, DENY, STAKE, World, worlds
from test_ledger_accounting import Misread
from test_ledger_variants import AUTHOR, balanced, world_of

from choir_model.domain.identity import RecordKey
from choir_model.ledger import stakes
from choir_model.ledger.conservation import Imbalance, audit, design_of, owed
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import WINDOW
from choir_model.ports.ledger import LedgerPort
from choir_model.program import addresses, designs
from choir_model.program.bindings import Design, RecordStatus

Make = Callable[[], LedgerPort]
REJECTED, EXPIRED = RecordStatus.REJECTED, RecordStatus.EXPIRED


def ended(world: World, *deniers: int) -> RecordKey:
    """A spec that these denied, or nobody, after its window."""
    key = world.spec(AUTHOR, "may I")
    for number in deniers:
        world.vote(number, key, DENY)
    world.wait(WINDOW)
    world.settle(key)
    return key


@worlds
@pytest.mark.parametrize(
    ("choices", "deniers", "misread", "total", "amount"),
    [
        ((), (0, 21), {"claims": 0b10}, "escrow_total", 1001),
        ((), (0, 21), {"denials": 0b01}, "escrow_total", 2003),
        (("denial_share=refund",), (0, 21), {"claims": 0b01}, "escrow_total", 0),
        (("denial_share=refund",), (0,), {"status": EXPIRED}, "escrow_total", 0),
        (("denial_share=treasury",), (0,), {"status": EXPIRED, "stake": 1}, "treasury_paid", 1),
        (("expiry=refund",), (), {"claims": 0b01}, "escrow_total", 0),
        (("expiry=refund",), (), {"stake": STAKE + 1}, "escrow_total", STAKE + 1),
        (("payout=push",), (0, 21), {"denials": 0b01}, "treasury_paid", 0),
        (("payout=push",), (0, 21), {"status": EXPIRED}, "treasury_paid", STAKE),
        (
            ("payout=push", "expiry=refund"),
            (),
            {"status": RecordStatus.PENDING},
            "stake_total",
            STAKE,
        ),
    ],
)
def test_a_record_misread_is_noticed_under_each_variant(
    make: Make,
    choices: tuple[str, ...],
    deniers: tuple[int, ...],
    misread: dict[str, Any],
    total: str,
    amount: int,
) -> None:
    """S1: the totals are judged by the design of the config account."""
    world = world_of(make, "rejection=at_close", *choices, seats=1)
    key = ended(world, *deniers)
    balanced(world)
    wrong: Any = Misread(world.ledger, addresses.record(key, world.design), **misread)
    with pytest.raises(Imbalance, match=rf"{total} is \d+ .* add up to {amount}$"):
        audit(wrong, world.mint, [], lambda _: 0)


@worlds
def test_the_design_is_the_one_of_the_config_account(make: Make) -> None:
    """S1: judged by another design, the same ledger is out of balance."""
    world = world_of(make, "expiry=refund")
    ended(world)
    assert design_of(world.ledger) == world.design
    other: Any = Misread(world.ledger, addresses.config(), design=designs.DEFAULT)
    with pytest.raises(Imbalance, match="escrow_total"):
        audit(other, world.mint, [], lambda _: 0)
    assert design_of(make()) == designs.DEFAULT, "nothing is initialized, nothing is owed"


@pytest.mark.parametrize("design", designs.NAMED.values(), ids=designs.NAMED)
@pytest.mark.parametrize("status", [RecordStatus.PUBLISHED, REJECTED, EXPIRED])
@pytest.mark.parametrize("stake", [32, 33, 10**19 - 1, 10**19])
def test_the_parts_of_a_stake_add_up_to_it(
    design: Design, status: RecordStatus, stake: int
) -> None:
    """S1, section 9: for any number of deniers, with nothing left but a remainder below it."""
    for deniers in range(1, 32):
        went = stakes.settlement(status, design, stake, deniers)
        sums = (went.to_balance, went.to_escrow, went.to_payees, went.to_treasury)
        assert sum(sums) == stake
        assert min(sums) >= 0
        assert not (went.to_escrow and went.to_payees)
        if went.share not in (0, stake):
            assert went.share * deniers + went.to_treasury == stake
            assert went.to_treasury < deniers
        claimable = stakes.claimants(status, design) is not None
        assert claimable is (went.to_escrow > 0), "what waits in escrow can be claimed"


def test_a_pending_stake_has_no_receiver_but_is_owed_to_the_vault() -> None:
    with pytest.raises(ValueError, match="pending record's stake has no receiver"):
        stakes.receiver(RecordStatus.PENDING, designs.DEFAULT)
    world = world_of(ReferenceLedger, "payout=push", seats=1)
    key = world.spec(AUTHOR, "may I")
    world.vote(0, key, APPROVE)
    assert owed(world.record(key), world.design) == (STAKE, 0, 0, 0)
