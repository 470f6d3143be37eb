"""The ledger port on LiteSVM: the real Solana VM running the real program, in-process.

Theory of operation
-------------------
LiteSVM has no blocks: every transaction takes effect at once, one blockhash is valid at a
time, and time stands still.  This adapter rotates the blockhash before each transaction,
so that equal calls are different transactions, and moves slot, epoch, timestamp and slot
hashes together in `advance`.

LiteSVM cannot be copied.  `save` therefore records every account this adapter has
touched, and `restore` puts them back, deleting what did not exist; blockhash and
transaction history stay as they are, which only `resend` could notice.

Not modelled by LiteSVM at all: forks, commitment levels, loss and delay of transactions.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from choir_model.adapters.solana import (
    GENESIS_SLOT,
    LEGACY,
    PACKET_BYTES,
    Form,
    SolanaLedger,
    later,
)
from choir_model.adapters.solana_errors import refusal
from choir_model.domain.identity import Address
from choir_model.ports.ledger import (
    RESERVED,
    AccountImage,
    Confirmed,
    EngineUnavailable,
    LedgerClock,
    Outcome,
    Rejected,
)
from choir_model.program.addresses import PROGRAM
from choir_model.program.calls import Call
from choir_model.program.events import read_every_event as read_events

__all__ = ["LEGACY", "PACKET_BYTES", "Form", "LiteSvmLedger", "load_program"]


def load_program(path: Path | None = None) -> bytes:
    """The program's bytes: those shipped with the package, or those at `path`.

    Raises `EngineUnavailable` when the file cannot be read, is no ELF file, or, for the
    shipped one, differs from its recorded SHA-256.
    """
    if path is None:
        shipped = files("choir_model.program")
        source: Any = shipped.joinpath("choir.so")
    else:
        source = path
    try:
        code: bytes = source.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise EngineUnavailable(
            f"{source}: cannot read the program: {why}; expected a built choir.so"
        ) from None
    if code[:4] != b"\x7fELF":
        raise EngineUnavailable(f"{source}: is no ELF file; expected a built choir.so")
    if path is None:
        recorded = shipped.joinpath("choir.so.sha256").read_text("ascii").split()[0]
        if hashlib.sha256(code).hexdigest() != recorded:
            raise EngineUnavailable(f"{source}: differs from its recorded SHA-256; install again")
    return code


class LiteSvmLedger(SolanaLedger):
    """A fresh ledger with the program loaded and nothing initialized.

    `program` is the program's bytes (see `load_program`).  Raises `EngineUnavailable` when
    solders is not installed or the VM refuses the program.
    """

    def __init__(self, program: bytes | None = None, *, unix_timestamp: int = 0) -> None:
        super().__init__()
        from solders.litesvm import LiteSVM

        self.name = "litesvm"
        self.versions = {"solders": version("solders")}
        self._last: Any = None
        self._seen: dict[Address, tuple[Any, AccountImage]] = {}
        self.svm = LiteSVM()
        code = load_program() if program is None else program
        try:
            self.svm.add_program(self._pubkey(PROGRAM), code)
        except Exception as error:  # noqa: BLE001 (the VM's error class is not exported)
            raise EngineUnavailable(f"the Solana VM refuses the program: {error}") from None
        self._set_clock(GENESIS_SLOT, unix_timestamp)

    def close(self) -> None:
        """Nothing to release."""

    # Transactions

    def execute(self, call: Call, payer: Address, form: Form = LEGACY) -> Outcome:
        """Run one transaction under a new blockhash."""
        self.svm.expire_blockhash()
        self._last = self._sign(call, payer, form)
        return self._outcome(self.svm.send_transaction(self._last))

    def resend(self) -> Outcome:
        """Send the last transaction once more."""
        return self._outcome(self.svm.send_transaction(self._last))

    def execute_stale(self, call: Call, payer: Address) -> Outcome:
        """Sign under the current blockhash, rotate it, then send."""
        transaction = self._sign(call, payer)
        self.svm.expire_blockhash()
        return self._outcome(self.svm.send_transaction(transaction))

    def transaction_bytes(self, call: Call, payer: Address, form: Form = LEGACY) -> int:
        """Length of the signed transaction, to hold against `PACKET_BYTES`."""
        return len(bytes(self._sign(call, payer, form)))

    def _sign(self, call: Call, payer: Address, form: Form = LEGACY) -> Any:
        blockhash = self.svm.latest_blockhash()
        return self._signed(self._message(call, payer, blockhash, form))

    def _outcome(self, result: Any) -> Outcome:
        failed = type(result).__name__ == "FailedTransactionMetadata"
        meta = result.meta() if failed else result
        # Where nothing was run, the VM names a fee that it has not taken.
        fee, units = meta.fee() if meta.logs() else 0, meta.compute_units_consumed()
        if not failed:
            return Confirmed(read_events(meta.logs()), fee, units)
        return Rejected(refusal(result.err(), meta.logs()), "", fee, units)

    # Observation

    def account(self, address: Address) -> AccountImage | None:
        """The account at `address`, or None; the same image as before if it is unchanged."""
        if address in RESERVED:
            return None
        found = self.svm.get_account(self._pubkey(address))
        if found is None:
            return None
        seen = self._seen.get(address)
        if seen is None or seen[0] != found:
            seen = found, AccountImage(bytes(found.owner), found.data, found.lamports)
            self._seen[address] = seen
        return seen[1]

    def program_accounts(self) -> frozenset[Address]:
        """Addresses of all accounts the program owns."""
        found = self.svm.get_program_accounts(self._pubkey(PROGRAM))
        return frozenset(bytes(address) for address, _ in found)

    def rent_exempt(self, size: int) -> int:
        """Lamports an account of `size` bytes must hold."""
        lamports: int = self.svm.minimum_balance_for_rent_exemption(size)
        return lamports

    # Time

    def clock(self) -> LedgerClock:
        """The Clock sysvar."""
        clock = self.svm.get_clock()
        return LedgerClock(clock.slot, clock.epoch, clock.unix_timestamp)

    def advance(self, slots: int, seconds: int) -> None:
        """Move slot, epoch, timestamp and slot hashes together.

        Raises `ValueError` if time would go backwards or leave i64.
        """
        clock = self.clock()
        self._set_clock(clock.slot + slots, later(clock.unix_timestamp, slots, seconds))

    def _set_clock(self, slot: int, unix_timestamp: int) -> None:
        from solders.clock import Clock
        from solders.hash import Hash

        schedule = self.svm.get_epoch_schedule()
        epoch = schedule.get_epoch(slot)
        self.svm.set_clock(Clock(slot, 0, epoch, epoch + 1, unix_timestamp))
        digest = hashlib.sha256(slot.to_bytes(8, "little")).digest()
        self.svm.set_slot_hashes([(slot, Hash(digest))])

    # Saving

    def save(self) -> object:
        """Every touched account, and the clock."""
        accounts = {a: self.svm.get_account(self._pubkey(a)) for a in self._tracked}
        return accounts, self.clock()

    def restore(self, saved: object) -> None:
        """Put every touched account and the clock back."""
        from solders.account import Account
        from solders.pubkey import Pubkey

        assert isinstance(saved, tuple)
        accounts, clock = saved
        gone = Account(0, b"", Pubkey.default())
        for address in self._tracked | accounts.keys():
            account = accounts.get(address) or gone
            self.svm.set_account(self._pubkey(address), account)
        self._tracked = set(accounts)
        self._set_clock(clock.slot, clock.unix_timestamp)

    # Plumbing

    def _put(self, address: Address, owner: Address, data: bytes, lamports: int) -> None:
        from solders.account import Account

        self._tracked.add(address)
        self.svm.set_account(self._pubkey(address), Account(lamports, data, self._pubkey(owner)))
