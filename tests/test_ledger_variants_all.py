"""All 192 designs: the same small life of a thread on both ledgers, byte for byte (section 9).

Every step is taken whether or not the design allows it; what matters is that both ledgers
say the same, and that all tokens are accounted for in the end (S1, L4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from ledger_world import APPROVE, DENY, EVERY_DESIGN, STAKE
from planted_defects import Defect, defect, planted

from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.domain.identity import RecordKey, content_hash
from choir_model.ledger import decisions, electorates, guards, instructions, stakes
from choir_model.ledger.clients import paying
from choir_model.ledger.conservation import threads_and_records
from choir_model.lockstep.cast import MIN_STAKE, WINDOW, Cast, Setting
from choir_model.lockstep.compare import Coverage, Disagreement, Violation
from choir_model.lockstep.ledger import ledger_pair
from choir_model.lockstep.ledger_pair import Advance, Begin, Execute, LedgerPair
from choir_model.program import calls, designs
from choir_model.program.bindings import Capacity, Decision, Design, Payout, RecordStatus
from choir_model.program.calls import Call


class Life:
    """A pair of ledgers under one design, and the steps of the story."""

    def __init__(self, pair: LedgerPair, design: Design) -> None:
        assert isinstance(pair.cast, Cast)
        self.pair, self.cast, self.design = pair, pair.cast, design
        self.thread = self.cast.thread(0)
        # where pending specs reserve seats, there must be enough for a spec of each fate
        room = 9 if design.capacity is Capacity.RESERVE else 3
        pair.apply(Begin(Setting(designs.name_of(design), max_co_authors=room, design=design)))
        self.run(calls.create_thread(self.cast.wallets[0], self.cast.mint, 0))

    def run(self, call: Call) -> None:
        """Without accounts of payees, and then with those a client would name."""
        paid = paying(self.pair.reference, call, self.design, self.cast.token)
        for sent in (call, paid) if paid != call else (call,):
            self.pair.apply(Execute(sent, self.cast.crank))

    def key(self, author: int, text: str) -> RecordKey:
        return RecordKey(self.thread, self.cast.wallets[author], content_hash(text))

    def message(self, author: int, text: str) -> None:
        wallet, hash_ = self.cast.wallets[author], content_hash(text)
        self.run(calls.submit_message(wallet, self.thread, hash_, self.design))

    def spec(self, author: int, text: str, stake: int = STAKE) -> RecordKey:
        key = self.key(author, text)
        token = self.cast.token(key.author)
        self.run(calls.submit_spec(key.author, token, self.thread, key.hash, stake, self.design))
        return key

    def votes(self, key: RecordKey, *ballots: tuple[int, Decision]) -> None:
        for voter, decision in ballots:
            self.run(calls.vote(self.cast.wallets[voter], key, decision, self.design))

    def claims(self, key: RecordKey) -> None:
        for number in (0, 1, 2, 3, 0, 1, 2, 3):
            wallet = self.cast.wallets[number]
            self.run(calls.claim(wallet, key, self.cast.token(wallet), self.design))


def live_through(life: Life) -> Iterator[RecordKey]:
    """A spec of each fate, in a thread that fills up; the last one is decided at the close."""
    yield (first := life.spec(1, "let 1 in"))
    yield (early := life.spec(2, "early"))
    life.votes(first, (0, APPROVE))
    life.message(0, "direct")
    life.message(1, "direct")
    yield (denied := life.spec(3, "denied"))
    life.votes(denied, (0, DENY), (1, DENY), (1, APPROVE), (3, APPROVE))
    yield (late := life.spec(3, "late"))
    life.votes(late, (1, APPROVE))
    yield life.spec(3, "direct")
    yield (second := life.spec(2, "second"))
    yield (crowd := life.spec(4, "crowd", MIN_STAKE))
    life.votes(early, (1, APPROVE), (0, APPROVE))
    life.votes(second, (2, APPROVE), (0, APPROVE), (1, APPROVE))
    life.votes(crowd, (0, APPROVE), (1, APPROVE), (2, APPROVE))
    life.votes(late, (2, APPROVE))


def whole_life(pair: LedgerPair, design: Design) -> None:
    """The story, its end, everybody's claims before and after, and the audit."""
    life = Life(pair, design)
    keys = list(live_through(life))
    life.claims(keys[0])
    pair.apply(Advance(1, WINDOW))
    for key in keys:
        life.run(calls.settle(key, design))
    for key in keys:
        life.claims(key)
    pair.finish()
    pair.genesis.clear()


@pytest.fixture(scope="module")
def pair() -> LedgerPair:
    return ledger_pair(LiteSvmLedger, Coverage())


@pytest.mark.parametrize("rejection", designs.CHOICES["rejection"])
@pytest.mark.parametrize("payout", designs.CHOICES["payout"])
def test_both_ledgers_live_the_same_life_under_every_design(
    pair: LedgerPair, rejection: object, payout: object
) -> None:
    """S1, L3, L4, L6: outcomes, events, accounts; and the audit of all tokens at the end."""
    fates: Counter[RecordStatus] = Counter()
    chosen = [d for d in EVERY_DESIGN if (d.rejection, d.payout) == (rejection, payout)]
    assert len(chosen) == 48
    refused = pair.coverage.refusals["PayeeUnavailable"]
    for design in chosen:
        whole_life(pair, design)
        _, records = threads_and_records(pair.real)
        fates.update(record.status for record in records.values())
    assert fates[RecordStatus.PENDING] == 0, "settling is always possible in the end"
    assert min(fates[s] for s in RecordStatus if s is not RecordStatus.PENDING) >= 48
    unpaid = pair.coverage.refusals["PayeeUnavailable"] - refused
    assert (unpaid > 0) is (payout is Payout.PUSH)


DEFECTS = (
    defect("deniers get the whole stake each", "M5", stakes.settlement, "stake // shares", "stake"),
    defect("the remainder vanishes", "S1", stakes.settlement, "stake % shares", "0"),
    defect("pushed stakes go to escrow", "M5", stakes.settlement, "is Payout.PUSH", "is None"),
    defect(
        "what was pushed can be claimed too",
        "L5",
        stakes.claimants,
        "design.payout is Payout.CLAIM and ",
        "",
    ),
    defect("only seat 0 is paid", "M5", stakes.payees, "range(len(seats))", "range(1)"),
    defect("payees are not paid", "S1", decisions._pay, "in verdict.payees", "in ()"),
    defect(
        "the deciding denial is left out", "M5", decisions.reach, "record.denials | denial", "0"
    ),
    defect(
        "a full thread takes one more",
        "M7",
        decisions.reach,
        "new_seat >= config.max_co_authors",
        "new_seat > config.max_co_authors",
    ),
    defect(
        "seats are reserved under every design",
        "M7",
        instructions.submit_spec,
        "config.design.capacity is Capacity.RESERVE",
        "True",
    ),
    defect(
        "every denial decides at once",
        "M5",
        instructions.vote,
        "and design.rejection is Rejection.FIRST_DENIAL",
        "",
    ),
    defect(
        "what was denied expires at the close",
        "M6",
        instructions.settle,
        "RecordStatus.REJECTED if denied",
        "RecordStatus.EXPIRED if denied",
    ),
    defect(
        "anybody takes the author's refund",
        "L5",
        instructions._claim_bit,
        "record.author == beneficiary",
        "record",
    ),
    defect(
        "a live electorate is that of the submission",
        "M4",
        electorates.is_completed_by,
        "design.electorate is Electorate.LIVE",
        "False",
    ),
    defect(
        "a live electorate waits for the author",
        "M4",
        electorates.is_completed_by,
        "members ^= 1 << seats.index(record.author)",
        "pass",
    ),
    defect(
        "a seated author votes on the own spec",
        "M3",
        electorates.seat_of,
        "voter == record.author",
        "not voter",
    ),
    defect(
        "records lie where the default design has them",
        "L2",
        guards._future_address,
        'addresses.record(key, ConfigAccount(view, roles["config"]).design)',
        "addresses.record(key)",
    ),
)
"""Wrong rules of the variants; the life of a thread must notice each under some design."""


@pytest.mark.parametrize("wrong", DEFECTS, ids=str)
def test_a_wrong_rule_of_a_variant_is_noticed(pair: LedgerPair, wrong: Defect) -> None:
    def every_life() -> None:
        for design in EVERY_DESIGN:
            whole_life(pair, design)

    with planted(wrong), pytest.raises((Disagreement, Violation)):
        every_life()
    pair.genesis.clear()
