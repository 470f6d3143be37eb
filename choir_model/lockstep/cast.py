"""The cast of the ledger machines: a small fixed world, so that commands collide.

A handful of wallets, one of them without lamports and one with too few for rent; a token
account for each; a second mint whose accounts are the wrong ones; look-alike accounts.
`Cast.prepare` puts all of that on a ledger, in the same way on reference and real thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from choir_model.domain.identity import Address, Hash, RecordKey, content_hash
from choir_model.ports.ledger import AccountImage, Confirmed, LedgerPort, Outcome, Purse
from choir_model.program import addresses, calls, designs
from choir_model.program.bindings import Design

WINDOW = 100
"""Approval window of the machines, in seconds."""
MIN_STAKE = 1000
RICH, POOR = 50_000, 1_500
"""Token holdings in base units: enough for many stakes, and for one only."""


START = 1_000
"""Ledger clock of the first moment, in seconds."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Parameters the ledger is initialized with; `initialized` false leaves that undone."""

    name: str
    initialized: bool = True
    approval_window: int = WINDOW
    min_stake: int = MIN_STAKE
    max_co_authors: int = 3
    start: int = START
    design: Design = designs.DEFAULT


SETTINGS = (
    Setting("usual"),
    Setting("roomy", max_co_authors=5),
    Setting("endless window", approval_window=2**63 - 1),
    Setting("blank", initialized=False),
)


def under(design: Design, setting: Setting) -> Setting:
    """The same setting in another design."""
    return replace(setting, design=design)


def _address(label: str) -> Address:
    return hashlib.sha256(label.encode()).digest()


class World(Protocol):
    """Who and what is on a ledger before the first command."""

    @property
    def mint(self) -> Address:
        """The CHOIR mint."""

    def token(self, wallet: Address) -> Address:
        """The wallet's CHOIR account."""

    def prepare(self, ledger: LedgerPort, setting: Setting) -> None:
        """Put everything on a fresh ledger and, unless left blank, initialize it."""

    def accounts(self) -> list[Address]:
        """Every token account and mint that `prepare` puts on a ledger."""

    def holders(self) -> list[Address]:
        """Every token account of the CHOIR mint but the vaults."""

    def names(self) -> Mapping[Address, str]:
        """Readable names of addresses, for reports."""


class Cast:
    """Wallets, token accounts and contents the machines draw from, by small numbers."""

    AUTHORS = 5
    PAUPER = 5
    """Has no lamports at all."""
    THIN = 6
    """Has lamports for fees, not for rent."""
    AUTHORITY = 7
    CRANK = 8

    def __init__(self, wallets: tuple[Address, ...]) -> None:
        self.wallets = wallets
        self.mint = _address("choir mint")
        self.other_mint = _address("other mint")
        self.unfit_mint = _address("mint of another authority")
        self.spare_mint = _address("mint that could become a second one")
        self.thin_mint = _address("mint of an authority who cannot pay rent")
        self.reserve = _address("reserve")
        self.spare_reserve = _address("reserve of the spare mint")
        self.thin_reserve = _address("reserve of the thin mint")
        self.look_alike = _address("look-alike")
        self.garbage = _address("garbage")
        self.token_garbage = _address("garbage of SPL Token")
        self.unborn_token = _address("token account never initialized")
        self.frozen = _address("frozen token account of wallet 1")
        self.contents = ("content zero", "content one", "zero content")
        self.hashes: tuple[Hash, ...] = tuple(map(content_hash, self.contents))

    @classmethod
    def of(cls, ledger: LedgerPort) -> Cast:
        """The cast whose keys `ledger` holds."""
        return cls(tuple(ledger.wallet(number) for number in range(9)))

    @property
    def authority(self) -> Address:
        """The mint authority, who initializes."""
        return self.wallets[self.AUTHORITY]

    @property
    def crank(self) -> Address:
        """Pays for what nobody in particular sends."""
        return self.wallets[self.CRANK]

    def token(self, wallet: Address) -> Address:
        """The wallet's CHOIR account."""
        return _address(f"token account of {wallet.hex()}")

    def other_token(self, wallet: Address) -> Address:
        """The wallet's account of the other mint."""
        return _address(f"other token account of {wallet.hex()}")

    def thread(self, number: int) -> Address:
        """Thread `number`: two creators with two nonces each."""
        return addresses.thread(self.wallets[number % 2], number // 2)

    def record(self, thread: int, author: int, content: int) -> RecordKey:
        """The key of a record, which need not exist."""
        return RecordKey(self.thread(thread), self.wallets[author], self.hashes[content])

    def names(self) -> Mapping[Address, str]:
        """Readable names of the cast's addresses, for reports."""
        found = {wallet: f"wallet{n}" for n, wallet in enumerate(self.wallets)}
        found |= {self.token(w): f"token{n}" for n, w in enumerate(self.wallets)}
        found |= {self.thread(n): f"thread{n}" for n in range(4)}
        found |= {self.mint: "mint", self.reserve: "reserve", self.frozen: "frozen1"}
        return found

    def holders(self) -> list[Address]:
        """Every token account of the CHOIR mint but the vaults."""
        return [self.reserve, self.frozen, *(self.token(w) for w in self.wallets)]

    def accounts(self) -> list[Address]:
        """Every token account and mint, valid or not, that `prepare` puts on a ledger."""
        mints = [self.mint, self.other_mint, self.unfit_mint, self.spare_mint, self.thin_mint]
        others = [self.spare_reserve, self.thin_reserve, self.other_token(self.wallets[0])]
        others += [self.token_garbage, self.unborn_token]
        return [*mints, *others, *self.holders()]

    def prepare(self, ledger: LedgerPort, setting: Setting) -> None:
        """Put the cast on a fresh ledger and, unless left blank, initialize it."""
        for number, wallet in enumerate(self.wallets):
            purse = {self.PAUPER: Purse.EMPTY, self.THIN: Purse.FEES_ONLY}.get(number, Purse.AMPLE)
            ledger.fund(wallet, purse)
            ledger.create_token_account(self.token(wallet), self.mint, wallet)
        ledger.create_mint(self.mint, self.authority, self.authority)
        ledger.create_mint(self.other_mint, self.authority, None)
        ledger.create_mint(self.unfit_mint, self.crank, self.crank)
        ledger.create_mint(self.spare_mint, self.authority, None)
        first, thin = self.wallets[0], self.wallets[self.THIN]
        ledger.create_mint(self.thin_mint, thin, None)
        ledger.create_token_account(self.thin_reserve, self.thin_mint, thin)
        ledger.create_token_account(self.reserve, self.mint, self.authority)
        ledger.create_token_account(self.spare_reserve, self.spare_mint, self.authority)
        ledger.create_token_account(self.other_token(first), self.other_mint, first)
        foreign = AccountImage(_address("some other program"), b"look-alike" + bytes(2171))
        ledger.put_account(self.look_alike, foreign)
        ledger.put_account(self.garbage, AccountImage(addresses.PROGRAM, b"\7" * 66))
        ledger.put_account(self.token_garbage, AccountImage(addresses.TOKEN, b"\7" * 66))
        ledger.put_account(self.unborn_token, AccountImage(addresses.TOKEN, bytes(165)))
        ledger.create_token_account(self.frozen, self.mint, self.wallets[1])
        if setting.initialized:
            must(ledger, self.initialize(setting), self.authority)
            for number, wallet in enumerate(self.wallets[: self.AUTHORS]):
                amount = POOR if number == self.AUTHORS - 1 else RICH
                give = calls.token_transfer(
                    self.authority, self.reserve, self.token(wallet), amount
                )
                must(ledger, give, self.authority)
            give = calls.token_transfer(self.authority, self.reserve, self.frozen, RICH)
            must(ledger, give, self.authority)
        ledger.put_account(self.frozen, self._frozen(RICH if setting.initialized else 0))

    def _frozen(self, amount: int) -> AccountImage:
        """What ``FreezeAccount`` leaves; after `initialize` nobody could call it (L1)."""
        held = self.mint + self.wallets[1] + amount.to_bytes(8, "little")
        return AccountImage(addresses.TOKEN, held + bytes(36) + b"\2" + bytes(56))

    def initialize(self, setting: Setting) -> calls.Call:
        """The call that initializes the ledger as the setting says."""
        return initialization(setting, self.authority, self.mint, self.reserve)


def initialization(
    setting: Setting, authority: Address, mint: Address, destination: Address
) -> calls.Call:
    """The call that initializes a ledger as the setting says."""
    return calls.initialize(
        authority,
        mint,
        destination,
        setting.design,
        setting.approval_window,
        setting.min_stake,
        setting.max_co_authors,
    )


class Unprepared(Exception):
    """A ledger refuses what a world is prepared with, which the rules allow."""

    def __init__(self, call: calls.Call, outcome: Outcome) -> None:
        super().__init__(f"{call.name}: {outcome}")
        self.call = call
        self.outcome = outcome


def must(ledger: LedgerPort, call: calls.Call, payer: Address) -> None:
    """Run a call that the rules allow.  Raises `Unprepared` where the ledger does not."""
    outcome = ledger.execute(call, payer)
    if not isinstance(outcome, Confirmed):
        raise Unprepared(call, outcome)
