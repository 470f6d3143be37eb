"""Two real ledgers as one: each command on both, and their answers compared with each other.

Driven in lockstep with the reference, that makes three of a kind: where they disagree, two
of them usually say which one is odd.  Fees, compute units, lamports, slots and epochs are
each engine's own business and are not compared; what is shown of them is the first one's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from choir_model.domain.identity import Address
from choir_model.lockstep.compare import Disagreement
from choir_model.lockstep.ledger_pair import Images, describe, lying, said
from choir_model.ports.ledger import (
    AccountImage,
    EngineUnavailable,
    LedgerClock,
    LedgerPort,
    Outcome,
    Purse,
    UnregisteredRefusal,
)
from choir_model.program import addresses
from choir_model.program.calls import Call


class BothLedgers:
    """A `LedgerPort` over two others, which must sign with the same keys.

    Every operation raises `Disagreement` where the two answer differently; in it, the first
    one stands in the place of the reference.
    """

    def __init__(self, first: LedgerPort, second: LedgerPort) -> None:
        self.first = first
        self.second = second
        self.name = f"{first.name} and {second.name}"
        self.versions = {**first.versions, **second.versions}
        self._agreed: dict[Address, Images] = {}
        self._last = "the first command"

    def close(self) -> None:
        """Release what either holds."""
        try:
            self.first.close()
        finally:
            self.second.close()

    # Fixtures

    def wallet(self, number: int) -> Address:
        """The address both have for the wallet; `EngineUnavailable` if they differ."""
        address, other = self.first.wallet(number), self.second.wallet(number)
        if address != other:
            raise EngineUnavailable(f"{self.name} do not sign with the same keys")
        return address

    def fund(self, wallet: Address, purse: Purse) -> None:
        """Give a wallet lamports on both."""
        self.first.fund(wallet, purse)
        self.second.fund(wallet, purse)

    def create_mint(self, mint: Address, authority: Address, freeze: Address | None) -> None:
        """Put an empty mint on both."""
        self.first.create_mint(mint, authority, freeze)
        self.second.create_mint(mint, authority, freeze)

    def create_token_account(self, account: Address, mint: Address, owner: Address) -> None:
        """Put an empty token account on both."""
        self.first.create_token_account(account, mint, owner)
        self.second.create_token_account(account, mint, owner)

    def put_account(self, address: Address, image: AccountImage) -> None:
        """Put bytes at an address of both."""
        self.first.put_account(address, image)
        self.second.put_account(address, image)

    # Transactions

    def execute(self, call: Call, payer: Address) -> Outcome:
        """One transaction on both."""
        self._last = call.name
        outcome = self.first.execute(call, payer)
        with self._registered(outcome):
            return self._same(outcome, self.second.execute(call, payer))

    def resend(self) -> Outcome:
        """The last transaction once more, on both."""
        self._last = "resend"
        outcome = self.first.resend()
        with self._registered(outcome):
            return self._same(outcome, self.second.resend())

    def execute_stale(self, call: Call, payer: Address) -> Outcome:
        """One transaction under an expired blockhash, on both."""
        self._last = f"stale {call.name}"
        outcome = self.first.execute_stale(call, payer)
        with self._registered(outcome):
            return self._same(outcome, self.second.execute_stale(call, payer))

    @contextmanager
    def _registered(self, first: Outcome) -> Iterator[None]:
        """What only the second one refuses for a reason nobody knows is a disagreement too."""
        try:
            yield
        except UnregisteredRefusal as refusal:
            raise self._disagreement("outcome", said(first), str(refusal)) from None

    def _same(self, first: Outcome, second: Outcome) -> Outcome:
        self._agree("outcome", said(first), said(second))
        return first

    # Observation

    def account(self, address: Address) -> AccountImage | None:
        """The account as the first one shows it; owner and data are equal on both."""
        images = self.first.account(address), self.second.account(address)
        if self._agreed.get(address) != images:
            first, second = map(lying, images)
            if first != second:
                where = f"account {addresses.base58(address)}"
                raise self._disagreement(where, describe(first), describe(second))
            self._agreed[address] = images
        return images[0]

    def program_accounts(self) -> frozenset[Address]:
        """Addresses of all accounts the program owns, on both."""
        found, other = self.first.program_accounts(), self.second.program_accounts()
        self._agree("accounts of the program", sorted(found), sorted(other))
        return found

    # Time, and going back

    def clock(self) -> LedgerClock:
        """The first one's clock; the timestamp is the same on both."""
        clock, other = self.first.clock(), self.second.clock()
        self._agree("clock", clock.unix_timestamp, other.unix_timestamp)
        return clock

    def advance(self, slots: int, seconds: int) -> None:
        """Let time pass on both."""
        self.first.advance(slots, seconds)
        self.second.advance(slots, seconds)

    def save(self) -> object:
        """The moment of both."""
        return self.first.save(), self.second.save()

    def restore(self, saved: object) -> None:
        """Go back to a moment on both."""
        assert isinstance(saved, tuple)
        first, second = saved
        self.first.restore(first)
        self.second.restore(second)

    def _agree(self, aspect: str, first: object, second: object) -> None:
        if first != second:
            raise self._disagreement(aspect, first, second)

    def _disagreement(self, aspect: str, first: object, second: object) -> Disagreement:
        sides = f"{self.first.name} (-) against {self.second.name} (+)"
        return Disagreement(self._last, f"{aspect}, {sides},", first, second)
