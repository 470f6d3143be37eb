"""Writing a scene: commands of the cast under one design, wallets by number."""

from __future__ import annotations

from collections.abc import Sequence

from choir_model.domain.identity import Address, RecordKey
from choir_model.lockstep import hostile
from choir_model.lockstep.cast import MIN_STAKE, WINDOW, Cast, Setting, under
from choir_model.lockstep.ledger_pair import Advance, Begin, Command, Execute
from choir_model.lockstep.reachable import settle_pays, vote_pays
from choir_model.program import calls
from choir_model.program.bindings import INSTRUCTIONS, Decision, DenialShare, Design
from choir_model.program.calls import Call

MEMBERS = 3
"""Seats of the usual setting; wallets 0, 1, 2 are those who take them."""


class Stage:
    """Writes one scene: commands of the cast under one design, wallets by number."""

    def __init__(self, cast: Cast, design: Design) -> None:
        self.cast = cast
        self.design = design
        self.commands: list[Command] = []

    def begin(self, setting: Setting, *, thread: bool = True) -> None:
        """Begin anew, mostly with a thread of wallet 0's."""
        self.commands.append(Begin(under(self.design, setting)))
        if thread:
            self.send(calls.create_thread(self.cast.wallets[0], self.cast.mint, 0))

    def send(self, call: Call, payer: Address | None = None, *, stale: bool = False) -> None:
        """One transaction, paid by who signs first, or by the crank."""
        signers = [meta.address for meta in call.accounts if meta.signer]
        first = signers[0] if signers else self.cast.crank
        self.commands.append(Execute(call, payer or first, stale))

    def wait(self, seconds: int = WINDOW) -> None:
        """Time passes; until windows are over, if nothing is said."""
        self.commands.append(Advance(1, seconds))

    def message(self, author: int, content: int) -> None:
        """A direct message."""
        wallet, hash_ = self.cast.wallets[author], self.cast.hashes[content]
        self.send(calls.submit_message(wallet, self.cast.thread(0), hash_, self.design))

    def spec(
        self,
        author: int,
        content: int = 0,
        stake: int = MIN_STAKE,
        source: Address | None = None,
    ) -> RecordKey:
        """A spec, with a stake from the author's account unless another is named."""
        key = self.cast.record(0, author, content)
        account = source or self.cast.token(key.author)
        self.send(calls.submit_spec(key.author, account, key.thread, key.hash, stake, self.design))
        return key

    def approve(self, key: RecordKey, *voters: int) -> None:
        """Approvals in this order; by all who may have a seat, if nobody is named."""
        for voter in voters or range(MEMBERS):
            wallet = self.cast.wallets[voter]
            self.send(calls.vote(wallet, key, Decision.APPROVE, self.design))

    def deny(self, key: RecordKey, voter: int) -> None:
        """A denial; where it pays, with wrong payees first."""
        wallet = self.cast.wallets[voter]
        call = calls.vote(wallet, key, Decision.DENY, self.design)
        self._pay(call, self._payees(key, (voter,)), mistakes=vote_pays(self.design))

    def settle(self, key: RecordKey, deniers: tuple[int, ...] = ()) -> None:
        """The crank closes a spec; where that pays, with wrong payees first."""
        call = calls.settle(key, self.design)
        self._pay(call, self._payees(key, deniers), mistakes=settle_pays(self.design))

    def claim(self, key: RecordKey, wallet: Address, *destinations: Address) -> None:
        """Claims into each of these accounts; twice into the own one, if none is named."""
        own = self.cast.token(wallet)
        for destination in destinations or (own, own):
            self.send(calls.claim(wallet, key, destination, self.design))

    def _payees(self, key: RecordKey, deniers: tuple[int, ...]) -> list[Address]:
        if deniers and self.design.denial_share is DenialShare.DENIERS:
            return [self.cast.token(self.cast.wallets[denier]) for denier in deniers]
        return [self.cast.token(key.author)]

    def _pay(self, call: Call, payees: Sequence[Address], *, mistakes: bool) -> None:
        whole = call.with_payees(payees)
        for mistake in range(1, hostile.UNFIT + 1) if mistakes else ():
            wrong = hostile.misdirected(whole, mistake, self.cast)
            if wrong != whole:  # of one payee, there is no other order
                self.send(wrong)
        self.send(whole)


def damaged(stage: Stage, call: Call, wrong: str, owner: Address, data: Address) -> None:
    """What every instruction refuses (guards 0 to 2), and what never arrives.

    `owner` has the wrong owner or address for every role that does not sign, `data` the wrong
    data for the role `wrong`.
    """
    roles, crank = INSTRUCTIONS[call.name].accounts, stage.cast.crank
    for bad in (
        call.with_data(call.data[:4]),
        call.with_data(bytes([call.data[0] ^ 1]) + call.data[1:]),
        call.with_data(call.data + b"\0"),
        call.with_accounts(0),
        call.with_accounts(len(roles) - 1),
        call.with_account(wrong, data),
    ):
        stage.send(bad, crank)
    for role in roles:
        if role.signer:
            stage.send(call.with_signer(role.name, False), crank)
        else:
            stage.send(call.with_account(role.name, owner), crank)
        if role.writable:
            stage.send(call.with_writable(role.name, False), crank)
    undelivered(stage, call)


def undelivered(stage: Stage, call: Call) -> None:
    """A transaction under an expired blockhash, and one whose payer has no account (L8)."""
    stage.send(call, stage.cast.crank, stale=True)
    stage.send(call, stage.cast.wallets[Cast.PAUPER])
