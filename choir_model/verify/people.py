"""The people of a conversation log, as the world its ledgers are prepared with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from choir_model.domain.identity import Address
from choir_model.lockstep.cast import Setting, initialization, must
from choir_model.ports.ledger import LedgerPort, Purse
from choir_model.program import addresses


class People:
    """A wallet and a CHOIR account per user, a reserve that holds the supply, and a crank."""

    def __init__(self, wallets: tuple[Address, ...], names: tuple[str, ...] = ()) -> None:
        *self.wallets, self.authority, self.crank = wallets
        self.user_names = names
        self._mint = hashlib.sha256(b"choir mint").digest()
        self.reserve = hashlib.sha256(b"reserve").digest()

    @classmethod
    def of(cls, ledger: LedgerPort, count: int, names: tuple[str, ...] = ()) -> People:
        """`count` users whose keys `ledger` holds."""
        return cls(tuple(map(ledger.wallet, range(count + 2))), names)

    @property
    def mint(self) -> Address:
        """The CHOIR mint."""
        return self._mint

    def token(self, wallet: Address) -> Address:
        """The wallet's CHOIR account."""
        return hashlib.sha256(b"token account of " + wallet).digest()

    def prepare(self, ledger: LedgerPort, setting: Setting) -> None:
        """Everybody has an empty token account; the supply is minted to the reserve."""
        for wallet in (*self.wallets, self.authority, self.crank):
            ledger.fund(wallet, Purse.AMPLE)
            ledger.create_token_account(self.token(wallet), self.mint, wallet)
        ledger.create_mint(self.mint, self.authority, None)
        ledger.create_token_account(self.reserve, self.mint, self.authority)
        call = initialization(setting, self.authority, self.mint, self.reserve)
        must(ledger, call, self.authority)

    def holders(self) -> list[Address]:
        """Every token account of the mint but the vaults."""
        wallets = (*self.wallets, self.authority, self.crank)
        return [self.reserve, *map(self.token, wallets)]

    def accounts(self) -> list[Address]:
        """The mint and every token account."""
        return [self.mint, *self.holders()]

    def names(self) -> Mapping[Address, str]:
        """Users by name, their token accounts likewise."""
        found = {self.mint: "mint", self.reserve: "reserve", addresses.treasury(): "treasury"}
        for wallet, name in zip(self.wallets, self.user_names, strict=False):
            found |= {wallet: name, self.token(wallet): f"tokens of {name}"}
        return found
