"""The reference as a `LedgerPort`: the actions of this package on one concrete state."""

from __future__ import annotations

import hashlib

from choir_model import __version__
from choir_model.domain.identity import Address
from choir_model.engine import Disabled, Fired, State, View
from choir_model.engine.dictview import Outcome as ActionOutcome
from choir_model.ledger import images, instructions, tokens
from choir_model.ledger.cells import (
    OWNERS,
    Account,
    AccountKind,
    Clock,
    Donations,
    MintAccount,
    Wallet,
)
from choir_model.ports.ledger import (
    RESERVED,
    RUNTIME,
    AccountImage,
    Confirmed,
    Foreign,
    LedgerClock,
    Outcome,
    Purse,
    Rejected,
)
from choir_model.program import addresses
from choir_model.program.bindings import ACCOUNTS, DECIMALS, Reason
from choir_model.program.calls import Call
from choir_model.program.layout import DecodeError

KIND = Account.kind


def tick(view: View, seconds: int) -> None:
    """Let the ledger clock advance; zero seconds is a clock that repeats."""
    clock = Clock(view)
    clock.now = clock.now + seconds


def transaction(view: View, call: Call, payer: Address) -> None:
    """One transaction holding `call`: the runtime's fee check, then the program."""
    if Wallet(view, payer).purse is Purse.EMPTY:
        view.refuse(Foreign.ACCOUNT_NOT_FOUND, "payer")
    ACTIONS[call.program](view, call, payer)


ACTIONS = {addresses.PROGRAM: instructions.execute, addresses.TOKEN: tokens.execute}


class ReferenceLedger:
    """The reference ledger.  It models no fees, lamports, slots or signatures' validity."""

    def __init__(self, *, unix_timestamp: int = 0) -> None:
        self.name = "reference"
        self.versions = {"choir-model": __version__}
        self.state = State({Clock.now[None]: unix_timestamp})
        for known in (addresses.PROGRAM, addresses.TOKEN, *RUNTIME):
            self.state[Account.kind[known]] = AccountKind.FOREIGN
        self._foreign: dict[Address, AccountImage] = {}
        self._images: dict[Address, AccountImage | None] = {}
        self._owned: frozenset[Address] | None = None
        self._last: Outcome = Rejected(Foreign.BLOCKHASH_NOT_FOUND)
        self.slot = 0

    def close(self) -> None:
        """Nothing to release."""

    def wallet(self, number: int) -> Address:
        """A fixed address; nobody needs its key, signatures are taken at their word."""
        return hashlib.sha256(b"wallet" + number.to_bytes(8, "little")).digest()

    def fund(self, wallet: Address, purse: Purse) -> None:
        """Set what lies there for fees and rent."""
        self.state[Wallet.purse[wallet]] = purse

    def create_mint(self, mint: Address, authority: Address, freeze: Address | None) -> None:
        """Put an empty mint at `mint`."""

        def action(view: View) -> None:
            Account(view, mint).kind = AccountKind.MINT
            cells = MintAccount(view, mint)
            cells.mint_authority = authority
            cells.freeze_authority = freeze
            cells.decimals = DECIMALS

        self._step(action)

    def create_token_account(self, account: Address, mint: Address, owner: Address) -> None:
        """Put an empty token account at `account`."""
        self._step(tokens.open_account, account, mint, owner)

    def put_account(self, address: Address, image: AccountImage) -> None:
        """Put bytes at `address`; those of SPL Token are what the token program takes them for.

        Raises `ValueError` for bytes that would be a valid account of the program (such
        states are reached by transactions only), and for token accounts and mints with
        fields that the reference does not model, such as a delegate.
        """
        kind = AccountKind.FOREIGN
        if image.owner == addresses.PROGRAM:
            if _is_program_account(image.data):
                raise ValueError("a valid program account cannot be planted")
            kind = AccountKind.UNREADABLE
        elif image.owner == addresses.TOKEN:
            kind = self._plant(address, image)
        elif image.owner == addresses.SYSTEM and not image.data:
            kind = AccountKind.VACANT
        self.state[Account.kind[address]] = kind
        self._foreign.pop(address, None)
        if kind not in (AccountKind.TOKEN, AccountKind.MINT):
            self._foreign[address] = image
        self._images.pop(address, None)
        self._owned = None

    def _plant(self, address: Address, image: AccountImage) -> AccountKind:
        trial = State()
        trial.step(images.plant, address, image.data)
        shown = images.image(trial, address)
        if shown and shown.data != image.data:
            raise ValueError("an account with fields that are not modelled cannot be planted")
        self._step(images.plant, address, image.data)
        kind: AccountKind = self.state.value(KIND[address])
        return kind

    def execute(self, call: Call, payer: Address) -> Outcome:
        """Run one call; the outcome knows no fee and no compute units."""
        outcome = self._step(transaction, call, payer)
        if isinstance(outcome, Fired):
            self._last = Confirmed(outcome.events)
        else:
            assert not isinstance(outcome, Disabled)
            assert isinstance(outcome.reason, (Reason, Foreign))
            self._last = Rejected(outcome.reason, outcome.role)
        return self._last

    def resend(self) -> Outcome:
        """Refused if the last transaction landed: one signature does so at most once (L8).

        A refused transaction has landed too, unless its payer could not even pay the fee.
        """
        outcome = self._last
        if isinstance(outcome, Rejected) and outcome.reason is Foreign.ACCOUNT_NOT_FOUND:
            return outcome
        return Rejected(Foreign.ALREADY_PROCESSED)

    def execute_stale(self, call: Call, payer: Address) -> Outcome:
        """Always refused: a transaction does not outlive its blockhash (L8)."""
        return Rejected(Foreign.BLOCKHASH_NOT_FOUND)

    def account(self, address: Address) -> AccountImage | None:
        """The account's bytes, as the program would have written them."""
        if address in RESERVED:
            return None
        if address not in self._images:
            # what was planted at a vacant address gives way to an account created there
            found = images.image(self.state, address) or self._foreign.get(address)
            self._images[address] = found
        return self._images[address]

    def donated(self, vault: Address) -> int:
        """Base units anyone has sent to `vault` uninvited: a ghost of the model (L4)."""
        amount: int = self.state.value(Donations.amount[vault])
        return amount

    def program_accounts(self) -> frozenset[Address]:
        """Addresses of all accounts the program owns."""
        if self._owned is None:
            kinds = [(c.key, v) for c, v in self.state.items() if c.field is KIND]
            self._owned = frozenset(k for k, kind in kinds if OWNERS[kind] == addresses.PROGRAM)
        return self._owned

    def clock(self) -> LedgerClock:
        """Slots are counted; epochs are not modelled."""
        return LedgerClock(self.slot, 0, self.state.value(Clock.now[None]))

    def advance(self, slots: int, seconds: int) -> None:
        """Let time pass; raises `ValueError` if it would go backwards."""
        if slots < 0 or seconds < 0:
            raise ValueError("time does not go backwards")
        self.slot += slots
        self._step(tick, seconds)

    def save(self) -> object:
        """A copy of the state."""
        return State(self.state), dict(self._foreign), dict(self._images), self.slot

    def restore(self, saved: object) -> None:
        """Go back to a copy made by `save`."""
        assert isinstance(saved, tuple)
        state, foreign, images_, self.slot = saved
        self.state, self._foreign = State(state), dict(foreign)
        self._images = dict(images_)
        self._owned = None

    def _step(self, action: object, *params: object) -> ActionOutcome:
        outcome = self.state.step(action, *params)  # type: ignore[arg-type]
        if isinstance(outcome, Fired):
            for cell in outcome.writes:
                self._images.pop(cell.key, None)
                if cell.field is KIND:
                    self._owned = None
        return outcome


def _is_program_account(data: bytes) -> bool:
    for layout in ACCOUNTS.values():
        try:
            layout.decode(data)
        except DecodeError:
            continue
        return True
    return False
