"""A ledger with a cast on it, and the sentences the ledger tests are written in.

Every test that uses `worlds` runs on the reference and on both real runtimes through the port.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from bankrun_world import bankrun

from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.domain.identity import Address, RecordKey, content_hash
from choir_model.ledger.clients import paying
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import MIN_STAKE, START, Cast, Setting
from choir_model.ports.ledger import Confirmed, LedgerPort, Outcome, Purse, Refusal, Rejected
from choir_model.program import addresses, calls, designs
from choir_model.program.bindings import (
    ACCOUNTS,
    Config,
    Decision,
    Record,
    Thread,
)
from choir_model.program.calls import Call

T = TypeVar("T")
LEDGERS: dict[str, Callable[[], LedgerPort]] = {
    "reference": ReferenceLedger,
    "litesvm": LiteSvmLedger,
    "bankrun": bankrun,
}
worlds = pytest.mark.parametrize("make", LEDGERS.values(), ids=LEDGERS)
"""For tests that take `make`, a ledger's factory, and start with ``World(make)``."""

EVERY_DESIGN = [
    designs.design_of(
        f"{key}={designs.variant(v)}" for key, v in zip(designs.CHOICES, chosen, strict=True)
    )
    for chosen in itertools.product(*designs.CHOICES.values())
]
STAKE = 2 * MIN_STAKE + 3
APPROVE, DENY = Decision.APPROVE, Decision.DENY
PROGRAMS = {addresses.PROGRAM, addresses.TOKEN, addresses.SYSTEM}


class World:
    """A prepared ledger; wallets by number, wallet 0 has opened thread 0."""

    def __init__(
        self,
        make: Callable[[], LedgerPort],
        setting: Setting | None = None,
        *,
        thread: bool = True,
    ) -> None:
        self.ledger = make()
        self.cast = Cast.of(self.ledger)
        self.setting = setting or Setting("usual")
        self.design = self.setting.design
        self.ledger.advance(0, START)
        self.cast.prepare(self.ledger, self.setting)
        self.mint, self.thread = self.cast.mint, self.cast.thread(0)
        self.watched = {addresses.config(), addresses.treasury(), *self.cast.accounts()}
        self.events: list[Any] = []
        if thread:
            self.do(calls.create_thread(self.wallet(0), self.mint, 0))

    # Who and where

    def wallet(self, number: int) -> Address:
        """One of the cast, or a guest, who is given lamports and tokens on first sight."""
        if number < len(self.cast.wallets):
            return self.cast.wallets[number]
        wallet = self.ledger.wallet(number)
        if self.ledger.account(self.cast.token(wallet)) is None:
            self.ledger.fund(wallet, Purse.AMPLE)
            self.ledger.create_token_account(self.cast.token(wallet), self.mint, wallet)
            self.give(self.cast.token(wallet), 10 * STAKE)
        return wallet

    def token(self, number: int) -> Address:
        """The CHOIR account of a wallet."""
        return self.cast.token(self.wallet(number))

    def vault(self, kind: str) -> Address:
        """Thread 0's ``stake``, ``escrow`` or ``balance`` vault, or the ``treasury``."""
        if kind == "treasury":
            return addresses.treasury()
        vault: Address = getattr(addresses, f"{kind}_vault")(self.thread)
        return vault

    # What happens

    def do(self, call: Call, payer: Address | None = None) -> tuple[Any, ...]:
        """Run a call that must be confirmed; its events."""
        outcome = self._execute(call, payer)
        assert isinstance(outcome, Confirmed), outcome
        self.events += outcome.events
        return outcome.events

    def refused(self, call: Call, payer: Address | None = None) -> Refusal:
        """Run a call that must be refused, and so changes nothing; the reason."""
        self._watch(call)
        before = self.images()
        outcome = self._execute(call, payer)
        assert isinstance(outcome, Rejected), outcome
        assert self.images() == before, "a refusal changed an account (L3)"
        return outcome.reason

    def _execute(self, call: Call, payer: Address | None) -> Outcome:
        self._watch(call)
        signers = [meta.address for meta in call.accounts if meta.signer]
        return self.ledger.execute(call, payer or (signers or [self.cast.crank])[0])

    def _watch(self, call: Call) -> None:
        self.watched |= {meta.address for meta in call.accounts} - PROGRAMS

    def give(self, account: Address, amount: int) -> None:
        """The reserve gives tokens: to a wallet's account, or as a donation to a vault."""
        authority = self.cast.authority
        self.do(calls.token_transfer(authority, self.cast.reserve, account, amount))

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.ledger.advance(1, seconds)

    def message(self, author: int, text: str) -> RecordKey:
        """A direct message."""
        self.do(self.message_call(author, text))
        return self.key(author, text)

    def spec(self, author: int, text: str, stake: int = STAKE) -> RecordKey:
        """A pending spec."""
        self.do(self.spec_call(author, text, stake))
        return self.key(author, text)

    def vote(self, voter: int, key: RecordKey, decision: Decision = APPROVE) -> tuple[Any, ...]:
        """A vote."""
        return self.do(self.vote_call(voter, key, decision))

    def settle(self, key: RecordKey) -> tuple[Any, ...]:
        """The end of a window, by the crank."""
        return self.do(self.settle_call(key))

    def seat(self, *numbers: int) -> None:
        """Take wallets in as co-authors: each submits a spec that all seated approve."""
        for number in numbers:
            key = self.spec(number, f"let {number} in", MIN_STAKE)
            for seated in list(self.seated()):
                self.do(calls.vote(seated, key, APPROVE, self.design))

    def expired(self, author: int, text: str) -> RecordKey:
        """A spec nobody decided."""
        key = self.spec(author, text)
        self.wait(self.setting.approval_window)
        self.settle(key)
        return key

    # The calls, to see them refused

    def message_call(self, author: int, text: str) -> Call:
        hash_ = content_hash(text)
        return calls.submit_message(self.wallet(author), self.thread, hash_, self.design)

    def spec_call(self, author: int, text: str, stake: int = STAKE) -> Call:
        wallet, token, hash_ = self.wallet(author), self.token(author), content_hash(text)
        return calls.submit_spec(wallet, token, self.thread, hash_, stake, self.design)

    def vote_call(self, voter: int, key: RecordKey, decision: Decision = APPROVE) -> Call:
        """With the accounts of whom it pays, as a client would look them up."""
        return self.paying(calls.vote(self.wallet(voter), key, decision, self.design))

    def settle_call(self, key: RecordKey) -> Call:
        """With the accounts of whom it pays, as a client would look them up."""
        return self.paying(calls.settle(key, self.design))

    def claim_call(self, who: int, key: RecordKey, to: Address | None = None) -> Call:
        return calls.claim(self.wallet(who), key, to or self.token(who), self.design)

    def paying(self, call: Call) -> Call:
        return paying(self.ledger, call, self.design, self.cast.token)

    # What can be seen

    @property
    def now(self) -> int:
        return self.ledger.clock().unix_timestamp

    def key(self, author: int, text: str) -> RecordKey:
        return RecordKey(self.thread, self.wallet(author), content_hash(text))

    def read(self, kind: type[T], address: Address) -> T:
        """An account of the program, decoded."""
        image = self.ledger.account(address)
        assert image is not None
        assert image.owner == addresses.PROGRAM
        value: T = ACCOUNTS[kind].decode(image.data)
        return value

    def config(self) -> Config:
        return self.read(Config, addresses.config())

    def about(self, thread: Address | None = None) -> Thread:
        return self.read(Thread, thread or self.thread)

    def record(self, key: RecordKey) -> Record:
        return self.read(Record, addresses.record(key, self.design))

    def seated(self) -> tuple[Address, ...]:
        thread = self.about()
        return thread.seats[: thread.co_author_count]

    def amount(self, account: Address) -> int:
        """Base units in a token account."""
        image = self.ledger.account(account)
        assert image is not None
        return int.from_bytes(image.data[64:72], "little")

    def amounts(self) -> dict[str, int]:
        """Base units in the four vaults."""
        return {k: self.amount(self.vault(k)) for k in ("stake", "escrow", "balance", "treasury")}

    def image(self, address: Address) -> tuple[Address, bytes] | None:
        """Owner and data of an account; lamports are foreign to the program's rules (L3)."""
        image = self.ledger.account(address)
        if image is None or (image.owner == addresses.SYSTEM and not image.data):
            return None
        return image.owner, image.data

    def images(self) -> dict[Address, tuple[Address, bytes] | None]:
        """Every watched account."""
        return {address: self.image(address) for address in self.watched}
