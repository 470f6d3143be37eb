"""The ledger machine: generated transactions on reference and real ledger, in lockstep.

Theory of operation
-------------------
`LedgerMachine` is a Hypothesis state machine whose rules draw a few small numbers, turn
them into one command over the cast, and hand it to a `LedgerPair`, which runs it on both
ledgers and compares everything.  The world is small, so keys, hashes and threads collide;
time is moved to, before and past deadlines on purpose; damaged calls, resent and stale
transactions and wallets without lamports are ordinary rules.

`run_ledger_lockstep` is the suite.  Another ledger is tested by three lines::

    def test_my_ledger():
        coverage = run_ledger_lockstep(MyLedger, seed=1, steps=2000)
        assert not coverage.missing(refusals=LEDGER_REFUSALS, events=LEDGER_EVENTS)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from choir_model.domain.identity import Address, RecordKey
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep import hostile
from choir_model.lockstep.cast import MIN_STAKE, SETTINGS, WINDOW, Cast, Setting
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.ledger_pair import (
    Advance,
    Begin,
    Checkpoint,
    Command,
    Execute,
    LedgerPair,
    Resend,
)
from choir_model.lockstep.running import Budget, run_machine
from choir_model.ports.ledger import Confirmed, LedgerPort, Outcome, Rejected
from choir_model.program import addresses, calls
from choir_model.program.bindings import EVENTS, INSTRUCTIONS, Decision, Reason
from choir_model.program.calls import Call

LedgerFactory: TypeAlias = Callable[[], LedgerPort]

LEDGER_REFUSALS = frozenset(r.name for r in Reason) - {Reason.PayeeUnavailable.name}
"""Every refusal of L3 that can occur in the default design."""
LEDGER_EVENTS = frozenset(layout.name for layout in EVENTS.values())
"""Every event of L6."""

BEGINNINGS = (SETTINGS[0], SETTINGS[0], SETTINGS[1], SETTINGS[0], *SETTINGS)
"""What examples begin with; most with the usual setting."""
SMALL = st.integers(0, 7)
WIDE = st.integers(0, 16 * hostile.STRANGERS - 1)
STAKES = (MIN_STAKE, MIN_STAKE + 1, MIN_STAKE - 1, 1400, 2 * MIN_STAKE + 3, 10**6)
DECIDED = (Reason.AlreadyDecided, Reason.UnknownRecord, Reason.WrongOwner, Reason.WindowClosed)
"""After these, no further vote on the same spec is worth trying."""
JUMPS = (0, 1, WINDOW - 1, WINDOW, 3)
DESTINATIONS = 6


class LedgerMachine(RuleBasedStateMachine):
    """Rules over one `LedgerPair`, which outlives the examples; see `machine_for`."""

    pair: LedgerPair

    @initialize(setting=st.sampled_from(BEGINNINGS), prelude=st.integers(0, 7))
    def begin(self, setting: Setting, prelude: int) -> None:
        """Start from a prepared moment; mostly with a thread, a second seat, a spec."""
        self.specs: list[RecordKey] = []
        self.saved_specs: list[RecordKey] = []
        self.pair.apply(Begin(setting))
        if not setting.initialized:
            return
        self.create_thread(0, 0)
        if prelude & 4:
            self.submit_spec(3, 0, 2, MIN_STAKE)
        if prelude & 2:
            self.submit_spec(1, 0, 0, MIN_STAKE)
            self.vote(0, 0, Decision.APPROVE)
            if setting.max_co_authors > 3:
                self.submit_spec(2, 0, 0, MIN_STAKE)
                self.vote_of_all(0, Decision.APPROVE)
        if prelude & 1:
            self.submit_spec(2 + setting.max_co_authors // 5, 0, 1, 2 * MIN_STAKE + 3)

    def teardown(self) -> None:
        """Compare what is too costly for every step."""
        self.pair.finish()

    @property
    def cast(self) -> Cast:
        """The world the rules draw from."""
        cast = self.pair.cast
        assert isinstance(cast, Cast)
        return cast

    def wallet(self, number: int) -> Address:
        """One of the wallets that hold tokens."""
        return self.cast.wallets[number % Cast.AUTHORS]

    def run(self, call: Call, payer: Address) -> Outcome | None:
        """One transaction on both ledgers."""
        return self.pair.apply(Execute(call, payer))

    def spec(self, number: int) -> RecordKey:
        """One of the last submitted specs; now and then a record that need not exist."""
        if not self.specs or number == 7:
            return self.cast.record(number % 2, 1 + number % 4, number % 3)
        return self.specs[-1 - number % min(3, len(self.specs))]

    @rule(setting=SMALL, who=SMALL)
    def initialize_again(self, setting: int, who: int) -> None:
        """`initialize`, mostly too late, sometimes out of range or with an unfit mint."""
        base = SETTINGS[setting % 3]
        if setting == 5:
            base = Setting("out of range", max_co_authors=33)
        if setting == 6:
            base = Setting("out of range", min_stake=31)
        call = self.cast.initialize(base)
        if who == 1:
            call = call.with_account("mint", self.cast.unfit_mint)
        if who in (2, 3):
            call = call.with_account("mint", self.cast.spare_mint)
            call = call.with_account("destination", self.cast.spare_reserve)
        self.run(call, self.cast.authority)

    @rule(creator=SMALL, nonce=st.integers(0, 1))
    def create_thread(self, creator: int, nonce: int) -> None:
        """Open one of four threads; sometimes by a wallet that cannot pay."""
        wallet = self.cast.wallets[Cast.THIN if creator == 7 else creator % 2]
        self.run(calls.create_thread(wallet, self.cast.mint, nonce), wallet)

    @rule(author=SMALL, thread=SMALL, content=SMALL)
    def submit_message(self, author: int, thread: int, content: int) -> None:
        """A direct message, by whoever."""
        wallet = self.wallet(author)
        hash_ = self.cast.hashes[content % 3]
        self.run(calls.submit_message(wallet, self.cast.thread(thread % 2), hash_), wallet)

    @rule(author=SMALL, thread=SMALL, content=SMALL, stake=st.sampled_from(STAKES))
    def submit_spec(self, author: int, thread: int, content: int, stake: int) -> None:
        """A spec, by whoever; most are well-formed."""
        thread = 0 if thread < 6 else thread - 6
        wallet, hash_ = self.wallet(author), self.cast.hashes[content % 3]
        key = self.cast.record(thread, author % Cast.AUTHORS, content % 3)
        call = calls.submit_spec(
            wallet, self.cast.token(wallet), self.cast.thread(thread), hash_, stake
        )
        if isinstance(self.run(call, wallet), Confirmed):
            self.specs.append(key)

    @rule(voter=SMALL, spec=SMALL, decision=st.sampled_from(Decision))
    def vote(self, voter: int, spec: int, decision: Decision) -> None:
        """A vote, by whoever, on a recent spec."""
        wallet = self.wallet(voter if voter < 5 else 0)
        self.run(calls.vote(wallet, self.spec(spec), decision), wallet)

    @precondition(lambda self: self.specs)
    @rule(spec=SMALL, decision=st.sampled_from(Decision), first=st.integers(0, 4))
    def vote_of_all(self, spec: int, decision: Decision, first: int = 0) -> None:
        """Every wallet votes, in an order that begins anywhere, until the spec is decided."""
        for number in range(first, first + Cast.AUTHORS):
            wallet = self.wallet(number)
            choice = decision if number % Cast.AUTHORS else Decision.APPROVE
            outcome = self.run(calls.vote(wallet, self.spec(spec), choice), wallet)
            if isinstance(outcome, Rejected) and outcome.reason in DECIDED:
                return

    @rule(author=st.integers(1, 4), content=SMALL)
    def two_specs_of_one_author(self, author: int, content: int) -> None:
        """Both are approved; the second finds its author seated, but not in its electorate."""
        for number in (content, content + 1):
            self.submit_spec(author, 0, number, MIN_STAKE)
        for number in (1, 0):
            self.vote_of_all(number, Decision.APPROVE, first=author)

    @rule(author=SMALL, content=SMALL, voter=st.integers(0, 1), decision=st.sampled_from(Decision))
    def vote_twice(self, author: int, content: int, voter: int, decision: Decision) -> None:
        """A spec, an approval, and another vote by the same member."""
        self.submit_spec(author, 0, content, MIN_STAKE)
        wallet, key = self.wallet(voter), self.spec(0)
        self.run(calls.vote(wallet, key, Decision.APPROVE), wallet)
        self.run(calls.vote(wallet, key, decision), wallet)

    @rule(spec=SMALL)
    def settle(self, spec: int) -> None:
        """The crank tries to close a spec."""
        self.run(calls.settle(self.spec(spec)), self.cast.crank)

    @rule(who=SMALL, spec=SMALL, destination=SMALL)
    def claim(self, who: int, spec: int, destination: int) -> None:
        """Somebody claims, mostly to an own account."""
        wallet = self.wallet(who if who < 5 else 0)
        account = self.cast.token(wallet if destination < DESTINATIONS else self.wallet(who + 1))
        self.run(calls.claim(wallet, self.spec(spec), account), wallet)

    @rule(author=SMALL, content=SMALL, who=SMALL, claims=st.integers(1, 2))
    def deny_and_claim(self, author: int, content: int, who: int, claims: int) -> None:
        """A spec, its denial, a claim of the share, sometimes another; or to a frozen account."""
        self.submit_spec(author, 0, content, 2 * MIN_STAKE)
        wallet, key = self.wallet(who % 2), self.spec(who // 2)
        self.run(calls.vote(wallet, key, Decision.DENY), wallet)
        own = self.cast.token(wallet)
        targets = (self.cast.frozen, own) if who % 4 == 1 else (own, own)
        for target in targets[:claims]:
            self.run(calls.claim(wallet, key, target), wallet)

    @rule(jump=st.sampled_from(JUMPS))
    def advance(self, jump: int) -> None:
        """Time passes; or stands still while slots go on."""
        self.pair.apply(Advance(1 + jump, jump))

    @rule(author=SMALL, content=SMALL, off=st.integers(-1, 1), voter=st.integers(0, 4))
    def to_deadline(self, author: int, content: int, off: int, voter: int) -> None:
        """To the second before, of, or after a spec's deadline, and try to vote and close."""
        self.submit_spec(author, 0, content, MIN_STAKE)
        key, wallet = self.spec(content // 3), self.wallet(voter)
        image = self.pair.reference.account(addresses.record(key))
        if image is None:
            return
        deadline = _deadline(image.data)
        seconds = deadline + off - self.pair.reference.clock().unix_timestamp
        if 0 <= seconds < 2**40:
            self.pair.apply(Advance(1, seconds))
            self.pair.coverage.situations[f"clock at deadline {off:+d} s"] += 1
            vote = Execute(calls.vote(wallet, key, Decision.APPROVE), wallet)
            settle = Execute(calls.settle(key), self.cast.crank)
            for command in (settle, vote) if off < 0 else (vote, settle):  # refused, then not
                self.pair.apply(command)

    @rule(giver=SMALL, vault=SMALL, amount=st.sampled_from((1, 77, MIN_STAKE, 10**6)))
    def donate(self, giver: int, vault: int, amount: int) -> None:
        """Anyone sends tokens to a vault, or tries to without having them (L4)."""
        thread = self.cast.thread(vault % 2)
        vaults = [
            addresses.stake_vault(thread),
            addresses.escrow_vault(thread),
            addresses.balance_vault(thread),
            addresses.treasury(),
        ]
        wallet, target = self.wallet(giver), vaults[vault // 2]
        if self.pair.reference.account(target) is not None:
            source = self.cast.token(wallet)
            self.run(calls.token_transfer(wallet, source, target, amount), wallet)

    @rule(holder=SMALL, amount=st.sampled_from((1, 49_000, 10**6)))
    def burn(self, holder: int, amount: int) -> None:
        """A holder burns tokens: supply is what the mint says (L1)."""
        wallet = self.wallet(holder)
        self.run(calls.token_burn(wallet, self.cast.token(wallet), self.cast.mint, amount), wallet)

    @rule(which=st.integers(0, 9), author=st.integers(2, 4), content=SMALL)
    def wrong_token_account(self, which: int, author: int, content: int) -> None:
        """A well-formed spec or claim whose token account is the wrong one."""
        cast, wallet = self.cast, self.wallet(1 if which % 5 == 4 else author)
        wrong = (
            cast.other_token(self.wallet(0)),
            cast.token(self.wallet(author + 1)),
            cast.mint,
            cast.look_alike,
            cast.frozen,
        )[which % 5]
        call = calls.submit_spec(wallet, wrong, cast.thread(0), cast.hashes[content % 3], MIN_STAKE)
        if which >= 5:
            call = calls.claim(wallet, self.spec(content), wrong)
        self.run(call, wallet)

    @rule(instruction=SMALL, a=SMALL, b=SMALL, kind=st.integers(0, hostile.KINDS), at=WIDE)
    def hostile(self, instruction: int, a: int, b: int, kind: int, at: int) -> None:
        """A damaged call, paid by an uninvolved wallet."""
        call = self.plausible(instruction % 7, a, b)
        self.run(hostile.damaged(call, kind, at, self.cast), self.cast.crank)

    @rule(a=SMALL, b=SMALL, instruction=SMALL, how=st.integers(0, 2))
    def undelivered(self, instruction: int, a: int, b: int, how: int) -> None:
        """Resent, stale, or paid by a wallet without lamports (L8)."""
        if how == 0:
            self.pair.apply(Resend())
            return
        call = self.plausible(1 + instruction % 6, a, b)
        payer = self.cast.wallets[Cast.PAUPER] if how == 2 else self.cast.crank
        self.pair.apply(Execute(call, payer, stale=how == 1))

    @rule(back=st.booleans())
    def checkpoint(self, back: bool) -> None:
        """Save both ledgers, or go back to what was saved."""
        if back and not any(c == Checkpoint(False) for c in self.pair.commands):
            return
        self.pair.apply(Checkpoint(back))
        if back:
            self.specs = list(self.saved_specs)
        else:
            self.saved_specs = list(self.specs)

    def plausible(self, instruction: int, a: int, b: int) -> Call:
        """A well-formed call of any instruction."""
        cast, wallet, thread = self.cast, self.wallet(a), self.cast.thread(b % 2)
        hash_, key = cast.hashes[b % 3], self.spec(b)
        match list(INSTRUCTIONS)[instruction]:
            case "initialize":
                return cast.initialize(SETTINGS[0])
            case "create_thread":
                return calls.create_thread(wallet, cast.mint, b % 2)
            case "submit_message":
                return calls.submit_message(wallet, thread, hash_)
            case "submit_spec":
                return calls.submit_spec(wallet, cast.token(wallet), thread, hash_, MIN_STAKE)
            case "vote":
                return calls.vote(wallet, key, Decision.APPROVE if a % 2 else Decision.DENY)
            case "settle":
                return calls.settle(key)
            case _:
                return calls.claim(wallet, key, cast.token(wallet))


def _deadline(record: bytes) -> int:
    from choir_model.program.bindings import ACCOUNTS, Record

    value: Record = ACCOUNTS[Record].decode(record)
    return value.deadline


def machine_for(pair: LedgerPair) -> type[LedgerMachine]:
    """The machine over one pair; examples share the pair and start from saved moments."""
    return type("LedgerMachine", (LedgerMachine,), {"pair": pair})


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
    coverage: Coverage | None = None,
    reference: ReferenceLedger | None = None,
) -> Coverage:
    """Run the ledger machine for about `steps` commands.

    Raises `running.Failure`, which holds the shrunk command sequence, on a disagreement.
    """
    coverage = coverage or Coverage()
    pair = ledger_pair(factory, coverage, reference)
    try:
        run_machine(machine_for(pair), pair, Budget(seed=seed, steps=steps))
    finally:
        pair.real.close()
    return coverage


__all__ = ["LEDGER_EVENTS", "LEDGER_REFUSALS", "Command", "LedgerMachine", "run_ledger_lockstep"]
