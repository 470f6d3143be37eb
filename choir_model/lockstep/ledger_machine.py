"""The ledger machine: the rules, and more of them that go where chance rarely leads."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from choir_model.lockstep import hostile
from choir_model.lockstep.cast import MIN_STAKE, WINDOW, Cast
from choir_model.lockstep.ledger_pair import Advance, Execute
from choir_model.lockstep.ledger_rules import SMALL, STAKES, LedgerRules
from choir_model.ports.ledger import CLOCK, RENT, token_amounts
from choir_model.program import addresses, calls
from choir_model.program.bindings import INSTRUCTIONS, Decision

DECISIONS = st.sampled_from(Decision)
UNEVEN = (MIN_STAKE, 2 * MIN_STAKE + 3, 1400, 10 * MIN_STAKE + 1)
"""Stakes that leave remainders when two or three deniers share them."""

READ_ONLY = (CLOCK, RENT, addresses.SYSTEM, addresses.TOKEN, addresses.PROGRAM)
"""Whatever a transaction says, these cannot be written in a call of the program."""


class LedgerMachine(LedgerRules):
    """Directed rules: short sequences towards one situation, which may fail halfway."""

    @rule(author=st.integers(1, 4), content=SMALL)
    def two_specs_of_one_author(self, author: int, content: int) -> None:
        """Both are approved; the second finds its author seated, but not in its electorate."""
        for number in (content, content + 1):
            self.submit_spec(author, 0, number, MIN_STAKE)
        for number in (1, 0):
            self.vote_of_all(number, Decision.APPROVE, first=author)

    @rule(author=SMALL, content=SMALL, voter=st.integers(0, 1), decision=DECISIONS)
    def vote_twice(self, author: int, content: int, voter: int, decision: Decision) -> None:
        """A spec, an approval, and another vote by the same member."""
        self.submit_spec(author, 0, content, MIN_STAKE)
        wallet, key = self.wallet(voter), self.spec(0)
        self.run(self.ballot(wallet, key, Decision.APPROVE), wallet)
        self.run(self.ballot(wallet, key, decision), wallet)

    @rule(author=SMALL, content=SMALL, who=SMALL, claims=st.integers(1, 2))
    def deny_and_claim(self, author: int, content: int, who: int, claims: int) -> None:
        """A spec, its denial, a claim of the share, sometimes another; or to a frozen account."""
        self.submit_spec(author, 0, content, 2 * MIN_STAKE)
        wallet, key = self.wallet(who % 2), self.spec(who // 2)
        self.run(self.ballot(wallet, key, Decision.DENY), wallet)
        own = self.cast.token(wallet)
        targets = (self.cast.frozen, own) if who % 4 == 1 else (own, own)
        for target in targets[:claims]:
            self.run(calls.claim(wallet, key, target, self.design), wallet)

    @rule(
        author=st.integers(2, 4),
        content=SMALL,
        denials=st.lists(st.booleans(), min_size=2, max_size=4),
        stake=st.sampled_from(UNEVEN),
        claims=st.integers(0, 3),
    )
    def whole_voting(
        self, author: int, content: int, denials: list[bool], stake: int, claims: int
    ) -> None:
        """Several members vote, in order of wallets; the window ends; whoever may claims."""
        self.submit_spec(author, 0, content, stake)
        key = self.spec(0)
        for number, denies in enumerate(denials):
            wallet = self.wallet(number)
            choice = Decision.DENY if denies else Decision.APPROVE
            self.run(self.ballot(wallet, key, choice), wallet)
        self.pair.apply(Advance(1, WINDOW))
        self.run(self.closing(key), self.cast.crank)
        for number in (0, 1, author)[:claims]:
            wallet = self.wallet(number)
            call = calls.claim(wallet, key, self.cast.token(wallet), self.design)
            self.run(call, wallet)

    @rule(late=st.integers(1, 3), joiner=st.integers(1, 3), content=SMALL, decision=DECISIONS)
    def joined_meanwhile(self, late: int, joiner: int, content: int, decision: Decision) -> None:
        """Somebody takes a seat between a spec's submission and its decision, and votes on it."""
        self.submit_spec(late, 0, content, MIN_STAKE)
        key = self.spec(0)
        self.submit_spec(joiner, 0, content + 1, MIN_STAKE)
        self.vote_of_all(0, Decision.APPROVE)
        for number in (joiner, 0, 1, 2):
            wallet = self.wallet(number)
            choice = decision if number == joiner else Decision.APPROVE
            self.run(self.ballot(wallet, key, choice), wallet)

    @rule(first=st.integers(1, 4), content=SMALL, setting=st.integers(3, 5))
    def crowd(self, first: int, content: int, setting: int) -> None:
        """More specs than seats, all of them approved: the last finds the thread full."""
        for number in range(setting):
            self.submit_spec(first + number, 0, content + number, MIN_STAKE)
        for number in range(min(3, setting), 0, -1):
            self.vote_of_all(number - 1, Decision.APPROVE)

    @rule(squatter=SMALL, owner=SMALL, thread=st.integers(0, 1), content=SMALL)
    def same_content(self, squatter: int, owner: int, thread: int, content: int) -> None:
        """Two wallets submit the same content, one as a spec, one as whatever it may."""
        self.submit_spec(squatter, 7 * thread, content, MIN_STAKE)
        self.submit_message(owner, thread, content)
        self.submit_spec(owner, 7 * thread, content, MIN_STAKE)

    @rule(
        author=st.integers(1, 4),
        content=SMALL,
        voter=st.integers(0, 1),
        how=st.integers(1, hostile.UNFIT + 1),
        seconds=st.sampled_from((0, WINDOW)),
    )
    def misdirected(self, author: int, content: int, voter: int, how: int, seconds: int) -> None:
        """A denial and a settlement whose payees are wrong; then the same with the right ones."""
        self.submit_spec(author, 0, content, MIN_STAKE)
        key, wallet = self.spec(0), self.wallet(voter)
        for mistake in (how, 0):
            self.run(self.ballot(wallet, key, Decision.DENY, mistake), wallet)
        self.pair.apply(Advance(1, seconds))
        for mistake in (how, 0):
            self.run(self.closing(key, mistake), self.cast.crank)

    @rule(
        author=st.integers(1, 4),
        content=SMALL,
        stake=st.sampled_from(UNEVEN),
        how=st.sampled_from((0, 0, *range(1, hostile.UNFIT + 1))),
        claims=st.integers(1, 3),
    )
    def expire_and_claim(
        self, author: int, content: int, stake: int, how: int, claims: int
    ) -> None:
        """Nobody votes; the author wants the stake back, at once or by a claim."""
        self.submit_spec(author, 0, content, stake)
        key, wallet = self.spec(0), self.wallet(author)
        self.pair.apply(Advance(1, WINDOW))
        for mistake in (how, 0) if how else (0,):
            self.run(self.closing(key, mistake), self.cast.crank)
        for _ in range(claims):
            self.run(calls.claim(wallet, key, self.cast.token(wallet), self.design), wallet)

    @rule(author=SMALL, content=SMALL, off=st.integers(-1, 1), voter=st.integers(0, 4))
    def to_deadline(self, author: int, content: int, off: int, voter: int) -> None:
        """To the second before, of, or after a spec's deadline, and try to vote and close."""
        self.submit_spec(author, 0, content, MIN_STAKE)
        key, wallet = self.spec(content // 3), self.wallet(voter)
        record = self.record(key)
        if record is None:
            return
        seconds = record.deadline + off - self.pair.reference.clock().unix_timestamp
        if 0 <= seconds < 2**40:
            self.pair.apply(Advance(1, seconds))
            self.pair.coverage.situations[f"clock at deadline {off:+d} s"] += 1
            vote = Execute(self.ballot(wallet, key, Decision.APPROVE), wallet)
            settle = Execute(self.closing(key), self.cast.crank)
            for command in (settle, vote) if off < 0 else (vote, settle):  # refused, then not
                self.pair.apply(command)

    @rule(author=SMALL, content=SMALL, slots=st.integers(1, 3))
    def clock_that_repeats(self, author: int, content: int, slots: int) -> None:
        """Slots go on while the timestamp stands still; a spec's whole life in one second."""
        self.submit_spec(author, 0, content, MIN_STAKE)
        for number in range(slots):
            self.pair.apply(Advance(1, 0))
            wallet = self.wallet(number)
            self.run(self.ballot(wallet, self.spec(0), Decision.APPROVE), wallet)
        self.run(self.closing(self.spec(0)), self.cast.crank)

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
        hash_, design = cast.hashes[content % 3], self.design
        call = calls.submit_spec(wallet, wrong, cast.thread(0), hash_, MIN_STAKE, design)
        if which >= 5:
            call = calls.claim(wallet, self.spec(content), wrong, design)
        self.run(call, wallet)

    @rule(
        owner=SMALL,
        thief=SMALL,
        amount=st.sampled_from(STAKES),
        place=st.integers(0, 4),
        burns=st.booleans(),
    )
    def odd_transfer(self, owner: int, thief: int, amount: int, place: int, burns: bool) -> None:
        """Tokens sent or burnt by whoever signs, from and to whatever account."""
        cast, signer = self.cast, self.wallet(thief)
        source = (cast.token(self.wallet(owner)), cast.frozen, cast.mint)[owner % 8 // 3]
        where = (
            cast.token(signer),
            cast.other_token(self.wallet(0)),
            cast.mint,
            cast.other_mint,
            cast.frozen,
        )[place]
        build = calls.token_burn if burns else calls.token_transfer
        self.run(build(signer, source, where, amount), cast.crank)

    @rule(holder=st.integers(0, 4), heir=SMALL, how=st.integers(0, 3), empties=st.booleans())
    def leave_account(self, holder: int, heir: int, how: int, empties: bool) -> None:
        """A holder closes a token account, or hands it over: the next payee may have none."""
        cast, owner, other = self.cast, self.wallet(holder), self.wallet(heir)
        own, refuge = cast.token(owner), cast.token(other)
        if how > 1:
            signer = owner if how == 2 else other
            self.run(calls.token_set_owner(signer, own, other), signer)
            return
        held = token_amounts(self.pair.reference, [own])[own]
        if empties:
            self.run(calls.token_transfer(owner, own, refuge, held), owner)
        self.run(calls.token_close(owner, own, refuge if how else owner), owner)

    @rule(instruction=st.integers(0, 6), a=SMALL, b=SMALL, role=SMALL, which=SMALL)
    def kept_by_the_runtime(self, instruction: int, a: int, b: int, role: int, which: int) -> None:
        """Where an account is to be written, one that the runtime lets nobody write."""
        call = self.plausible(instruction, a, b)
        roles = [r.name for r in INSTRUCTIONS[call.name].accounts if r.writable and not r.signer]
        wrong = READ_ONLY[which % len(READ_ONLY)]
        self.run(call.with_account(roles[role % len(roles)], wrong), self.cast.crank)

    @rule(author=st.integers(1, 3), content=SMALL)
    def spec_of_the_poor(self, author: int, content: int) -> None:
        """Somebody without lamports for rent is given tokens, and stakes them."""
        cast, giver = self.cast, self.wallet(author)
        thin = cast.wallets[Cast.THIN]
        gift = calls.token_transfer(giver, cast.token(giver), cast.token(thin), MIN_STAKE)
        self.run(gift, giver)
        hash_, thread = cast.hashes[content % 3], cast.thread(0)
        call = calls.submit_spec(thin, cast.token(thin), thread, hash_, MIN_STAKE, self.design)
        self.run(call, thin)
