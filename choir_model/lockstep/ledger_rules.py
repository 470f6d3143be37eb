"""The rules of the ledger machine: what may be drawn in any state, under any design.

Rules draw a few small numbers and turn them into one command, or a few, over the cast.  The
world is small, so keys, hashes and threads collide.  They hold no rule of the ledger: what
becomes of a command is for the two ledgers to say.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from choir_model.domain.identity import Address, RecordKey
from choir_model.ledger.clients import paying
from choir_model.lockstep import hostile
from choir_model.lockstep.cast import MIN_STAKE, SETTINGS, WINDOW, Cast, Setting, under
from choir_model.lockstep.ledger_pair import Advance, Begin, Checkpoint, Execute, LedgerPair, Resend
from choir_model.ports.ledger import Confirmed, Outcome, Rejected
from choir_model.program import addresses, calls, designs
from choir_model.program.bindings import ACCOUNTS, INSTRUCTIONS, Decision, Design, Reason, Record
from choir_model.program.calls import Call

BEGINNINGS = (SETTINGS[0], SETTINGS[0], SETTINGS[1], SETTINGS[0], *SETTINGS)
"""What examples begin with; most with the usual setting."""
SMALL = st.integers(0, 7)
WIDE = st.integers(0, 16 * hostile.STRANGERS - 1)
STAKES = (MIN_STAKE, MIN_STAKE + 1, MIN_STAKE - 1, 1400, 2 * MIN_STAKE + 3, 10**6)
DECIDED = (Reason.AlreadyDecided, Reason.UnknownRecord, Reason.WrongOwner, Reason.WindowClosed)
"""After these, no further vote on the same spec is worth trying."""
JUMPS = (0, 1, WINDOW - 1, WINDOW, 3)
DESTINATIONS = 6


class LedgerRules(RuleBasedStateMachine):
    """Rules over one `LedgerPair`, which outlives the examples."""

    pair: LedgerPair
    design: Design = designs.DEFAULT

    @initialize(setting=st.sampled_from(BEGINNINGS), prelude=st.integers(0, 7))
    def begin(self, setting: Setting, prelude: int) -> None:
        """Start from a prepared moment; mostly with a thread, a second seat, a spec."""
        self.specs: list[RecordKey] = []
        self.saved_specs: list[RecordKey] = []
        self.pair.apply(Begin(under(self.design, setting)))
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

    # What rules are made of

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

    def record(self, key: RecordKey) -> Record | None:
        """The record that lies where `key`'s does; None if none does."""
        image = self.pair.reference.account(addresses.record(key, self.design))
        if image is None or image.data[:8] != ACCOUNTS[Record].discriminator:
            return None
        found: Record = ACCOUNTS[Record].decode(image.data)
        return found

    def paid(self, call: Call, how: int = 0) -> Call:
        """`call`, which may decide a record, with its payees; `how`: see `misdirected`."""
        whole = paying(self.pair.reference, call, self.design, self.cast.token)
        return hostile.misdirected(whole, how, self.cast)

    def ballot(self, wallet: Address, key: RecordKey, decision: Decision, how: int = 0) -> Call:
        """A vote with its payees."""
        return self.paid(calls.vote(wallet, key, decision, self.design), how)

    def closing(self, key: RecordKey, how: int = 0) -> Call:
        """A settlement with its payees."""
        return self.paid(calls.settle(key, self.design), how)

    # Instructions

    @rule(setting=SMALL, who=SMALL)
    def initialize_again(self, setting: int, who: int) -> None:
        """`initialize`, mostly too late, sometimes out of range or with an unfit mint."""
        base = SETTINGS[setting % 3]
        if setting == 5:
            base = Setting("out of range", max_co_authors=33)
        if setting == 6:
            base = Setting("out of range", min_stake=31)
        call = self.cast.initialize(under(self.design, base))
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
        wallet, thread_ = self.wallet(author), self.cast.thread(thread % 2)
        hash_ = self.cast.hashes[content % 3]
        self.run(calls.submit_message(wallet, thread_, hash_, self.design), wallet)

    @rule(author=SMALL, thread=SMALL, content=SMALL, stake=st.sampled_from(STAKES))
    def submit_spec(self, author: int, thread: int, content: int, stake: int) -> None:
        """A spec, by whoever; most are well-formed."""
        thread = 0 if thread < 6 else thread - 6
        wallet, hash_ = self.wallet(author), self.cast.hashes[content % 3]
        key = self.cast.record(thread, author % Cast.AUTHORS, content % 3)
        source = self.cast.token(wallet)
        call = calls.submit_spec(
            wallet, source, self.cast.thread(thread), hash_, stake, self.design
        )
        if isinstance(self.run(call, wallet), Confirmed):
            self.specs.append(key)

    @rule(voter=SMALL, spec=SMALL, decision=st.sampled_from(Decision))
    def vote(self, voter: int, spec: int, decision: Decision) -> None:
        """A vote, by whoever, on a recent spec."""
        wallet = self.wallet(voter if voter < 5 else 0)
        self.run(self.ballot(wallet, self.spec(spec), decision), wallet)

    @precondition(lambda self: self.specs)
    @rule(spec=SMALL, decision=st.sampled_from(Decision), first=st.integers(0, 4))
    def vote_of_all(self, spec: int, decision: Decision, first: int = 0) -> None:
        """Every wallet votes, in an order that begins anywhere, until the spec is decided."""
        for number in range(first, first + Cast.AUTHORS):
            wallet = self.wallet(number)
            choice = decision if number % Cast.AUTHORS else Decision.APPROVE
            outcome = self.run(self.ballot(wallet, self.spec(spec), choice), wallet)
            if isinstance(outcome, Rejected) and outcome.reason in DECIDED:
                return

    @rule(spec=SMALL)
    def settle(self, spec: int) -> None:
        """The crank tries to close a spec."""
        self.run(self.closing(self.spec(spec)), self.cast.crank)

    @rule(who=SMALL, spec=SMALL, destination=SMALL)
    def claim(self, who: int, spec: int, destination: int) -> None:
        """Somebody claims, mostly to an own account."""
        wallet = self.wallet(who if who < 5 else 0)
        account = self.cast.token(wallet if destination < DESTINATIONS else self.wallet(who + 1))
        self.run(calls.claim(wallet, self.spec(spec), account, self.design), wallet)

    # Time, and going back

    @rule(jump=st.sampled_from(JUMPS))
    def advance(self, jump: int) -> None:
        """Time passes; or stands still while slots go on."""
        self.pair.apply(Advance(1 + jump, jump))

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

    # Tokens

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

    # Callers who mean no good, and transactions that do not arrive

    @rule(instruction=SMALL, a=SMALL, b=SMALL, kind=st.integers(0, hostile.KINDS), at=WIDE)
    def hostile(self, instruction: int, a: int, b: int, kind: int, at: int) -> None:
        """A call damaged in three ways, one after the other, paid by an uninvolved wallet."""
        call = self.plausible(instruction % 7, a, b)
        for number in (kind, kind + 4, kind + 8):
            damage = number % (hostile.KINDS + 1)
            bad = hostile.damaged(call, damage, at, self.cast, self.design)
            self.run(bad, self.cast.crank)

    @rule(a=SMALL, b=SMALL, instruction=SMALL, how=st.integers(0, 2))
    def undelivered(self, instruction: int, a: int, b: int, how: int) -> None:
        """Resent, stale, or paid by a wallet without lamports (L8)."""
        if how == 0:
            self.pair.apply(Resend())
            return
        call = self.plausible(1 + instruction % 6, a, b)
        payer = self.cast.wallets[Cast.PAUPER] if how == 2 else self.cast.crank
        self.pair.apply(Execute(call, payer, stale=how == 1))

    def plausible(self, instruction: int, a: int, b: int) -> Call:
        """A well-formed call of any instruction."""
        cast, wallet, thread, design = (
            self.cast,
            self.wallet(a),
            self.cast.thread(b % 2),
            self.design,
        )
        hash_, key, own = cast.hashes[b % 3], self.spec(b), cast.token(wallet)
        match list(INSTRUCTIONS)[instruction]:
            case "initialize":
                return cast.initialize(under(design, SETTINGS[0]))
            case "create_thread":
                return calls.create_thread(wallet, cast.mint, b % 2)
            case "submit_message":
                return calls.submit_message(wallet, thread, hash_, design)
            case "submit_spec":
                return calls.submit_spec(wallet, own, thread, hash_, MIN_STAKE, design)
            case "vote":
                return self.ballot(wallet, key, Decision.APPROVE if a % 2 else Decision.DENY)
            case "settle":
                return self.closing(key)
            case _:
                return calls.claim(wallet, key, own, design)
