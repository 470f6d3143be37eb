"""The ledger port on bankrun: a bank of an older Solana runtime, as a second opinion.

Theory of operation
-------------------
The bank runs in a process of its own (`bankrun_process`, `bankrun_worker`); transactions are
written and signed here, so that both engines are given the same ones.

Real time passes inside bankrun: it registers a blockhash every few milliseconds and forgets
each after 150, about a second.  The port knows no time but its own, so this adapter hides
that.  A transaction that finds its blockhash forgotten has not landed and is signed again;
one that is sent once more is looked up where the bank keeps what it has processed.  So that
equal calls are different transactions under whatever blockhash, each names one more account,
which nobody reads: it costs neither fee nor compute units.

What programs see as the clock is set, and each `advance` puts a new bank on the old one.
bankrun can be neither listed nor copied: `save` reads every account this adapter has
touched, and `restore` puts back those that changed, deleting what did not exist.

Reading an account costs 50 µs, so images are kept.  What a transaction may write comes back
with its outcome; what it may not write, it cannot change, nor can a new bank, as every
account holds its rent.  `program_accounts` reads everything anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from choir_model.adapters.bankrun_process import Worker, find_python
from choir_model.adapters.bankrun_worker import SOLDERS
from choir_model.adapters.litesvm import load_program
from choir_model.adapters.solana import GENESIS_SLOT, LEGACY, SolanaLedger, later
from choir_model.adapters.solana_errors import refusal
from choir_model.domain.identity import Address
from choir_model.ports.ledger import (
    RESERVED,
    AccountImage,
    Confirmed,
    EngineUnavailable,
    Foreign,
    LedgerClock,
    Outcome,
    Rejected,
)
from choir_model.program.addresses import PROGRAM
from choir_model.program.calls import Call
from choir_model.program.events import read_every_event

PATIENCE = 60.0
"""Seconds one operation may take; the longest known one takes a fraction of one."""
ATTEMPTS = 10
"""How often a transaction is signed again before its blockhash counts as refused for good."""

Image: TypeAlias = AccountImage | None
Told: TypeAlias = list[Any] | None
"""An account as it travels: owner, data, lamports."""


@dataclass(slots=True)
class Sent:
    """A transaction as it went out, what it was made from, and whether the bank ran it."""

    call: Call
    payer: Address
    transaction: Any
    landed: bool = False


class BankrunLedger(SolanaLedger):
    """A fresh ledger with the program loaded and nothing initialized.

    `program` is the program's bytes (see `load_program`), `python` the interpreter of
    bankrun's environment (see `find_python`), `patience` how many seconds one operation may
    take.  Raises `EngineUnavailable`, also later, when there is no such environment, the
    runtime refuses the program, or the process dies or hangs.
    """

    def __init__(
        self,
        program: bytes | None = None,
        *,
        unix_timestamp: int = 0,
        python: Path | None = None,
        patience: float = PATIENCE,
    ) -> None:
        super().__init__()
        self.name = "bankrun"
        self.versions = {"solders of bankrun": SOLDERS}
        self._images: dict[Address, Image] = {}
        self._seen: dict[Address, tuple[Told, Image]] = {}
        self._rents: dict[int, int] = {}
        self._last: Sent | None = None
        self._count = 0
        code = load_program() if program is None else program
        self.worker = Worker(python or find_python(), patience)
        started = self.worker.ask("start", PROGRAM.hex(), code.hex())
        if not started["loaded"]:
            self.close()
            raise EngineUnavailable("the Solana runtime of bankrun refuses the program")
        self._oldest = self._blockhash = started["blockhash"]
        self._set_clock(GENESIS_SLOT, unix_timestamp, new_block=False)

    def close(self) -> None:
        """End the process."""
        self.worker.close()

    # Transactions

    def execute(self, call: Call, payer: Address) -> Outcome:
        """Run one transaction under a blockhash the bank remembers."""
        for _ in range(ATTEMPTS):
            self._last = Sent(call, payer, self._sign(call, payer, self._blockhash))
            outcome = self._send(self._last)
            if not _forgotten(outcome):
                return outcome
        raise EngineUnavailable(f"bankrun: {ATTEMPTS} new blockhashes were all forgotten")

    def resend(self) -> Outcome:
        """Send the last transaction once more; sign it again only if it never landed."""
        last = self._last
        assert last is not None
        outcome = self._send(last)
        if not _forgotten(outcome):
            return outcome
        if last.landed:
            return Rejected(Foreign.ALREADY_PROCESSED, "", 0, 0)
        return self.execute(last.call, last.payer)

    def execute_stale(self, call: Call, payer: Address) -> Outcome:
        """Sign under the bank's first blockhash, which is too old by then."""
        self.worker.ask("age", self._oldest)
        sent = Sent(call, payer, self._sign(call, payer, self._oldest))
        return self._send(sent, stale=True)

    def _sign(self, call: Call, payer: Address, blockhash: str) -> Any:
        from solders.hash import Hash
        from solders.message import Message

        plain = self._message(call, payer, Hash(bytes.fromhex(blockhash)), LEGACY)
        self._count += 1
        nobody = self._pubkey(b"unique by account".ljust(24) + self._count.to_bytes(8, "big"))
        header = plain.header
        message = Message.new_with_compiled_instructions(
            header.num_required_signatures,
            header.num_readonly_signed_accounts,
            header.num_readonly_unsigned_accounts + 1,
            [*plain.account_keys, nobody],
            plain.recent_blockhash,
            plain.instructions,
        )
        return self._signed(message)

    def _send(self, sent: Sent, *, stale: bool = False) -> Outcome:
        written = [m.address for m in sent.call.accounts if m.writable]
        watched = list(dict.fromkeys([sent.payer, *written]))
        raw = bytes(sent.transaction).hex()
        found = self.worker.ask("send", raw, [address.hex() for address in watched], stale)
        self._blockhash = found["blockhash"]
        sent.landed |= found["landed"]
        self._keep(watched, found["images"])
        fee, units, logs = found["fee"], found["units"], found["logs"]
        if (error := found["error"]) is None:
            return Confirmed(read_every_event(logs), fee, units)
        return Rejected(refusal(_error(**error), logs), "", fee, units)

    # Observation

    def account(self, address: Address) -> AccountImage | None:
        """The account at `address`, or None; the same image as before if it is unchanged."""
        if address in RESERVED:
            return None
        if address not in self._images:
            self._read(self._tracked - self._images.keys() | {address})
        return self._images[address]

    def program_accounts(self) -> frozenset[Address]:
        """Addresses of all accounts the program owns, among those touched; reads them anew."""
        self._read(self._tracked)
        images = ((address, self._images[address]) for address in self._tracked)
        return frozenset(a for a, image in images if image and image.owner == PROGRAM)

    def rent_exempt(self, size: int) -> int:
        """Lamports an account of `size` bytes must hold."""
        if size not in self._rents:
            self._rents[size] = self.worker.ask("rent", size)
        return self._rents[size]

    def _read(self, addresses: Iterable[Address]) -> None:
        if wanted := list(addresses):
            self._keep(wanted, self.worker.ask("read", [address.hex() for address in wanted]))

    def _keep(self, addresses: Iterable[Address], found: Iterable[Told]) -> None:
        for address, told in zip(addresses, found, strict=True):
            seen = self._seen.get(address)
            if seen is None or seen[0] != told:
                seen = self._seen[address] = told, _image(told)
            self._images[address] = seen[1]

    # Time

    def clock(self) -> LedgerClock:
        """The Clock sysvar."""
        return LedgerClock(*self.worker.ask("clock"))

    def advance(self, slots: int, seconds: int) -> None:
        """Move slot, epoch and timestamp together, onto a new bank if slots pass.

        Raises `ValueError` if time would go backwards or leave i64.
        """
        clock = self.clock()
        timestamp = later(clock.unix_timestamp, slots, seconds)
        self._set_clock(clock.slot + slots, timestamp, new_block=slots > 0)

    def _set_clock(self, slot: int, unix_timestamp: int, *, new_block: bool) -> None:
        from solders.epoch_schedule import EpochSchedule

        epoch = EpochSchedule.default().get_epoch(slot)
        self.worker.ask("set_clock", slot, epoch, unix_timestamp, new_block)
        self._clock = LedgerClock(slot, epoch, unix_timestamp)

    # Saving

    def save(self) -> object:
        """Every touched account, and the clock."""
        self._read(self._tracked - self._images.keys())
        return {address: self._images[address] for address in self._tracked}, self.clock()

    def restore(self, saved: object) -> None:
        """Put every touched account and the clock back."""
        assert isinstance(saved, tuple)
        accounts, clock = saved
        touched = self._tracked | accounts.keys()
        self._read(touched - self._images.keys())
        changed = {a: accounts.get(a) for a in touched if self._images[a] != accounts.get(a)}
        self._put_all(changed)
        self._tracked = set(accounts)
        if clock != self._clock:
            self._set_clock(clock.slot, clock.unix_timestamp, new_block=False)

    def _put(self, address: Address, owner: Address, data: bytes, lamports: int) -> None:
        self._tracked.add(address)
        self._put_all({address: AccountImage(owner, data, lamports) if lamports else None})

    def _put_all(self, accounts: dict[Address, Image]) -> None:
        if accounts:
            self.worker.ask("put", [_spelled(*account) for account in accounts.items()])
            self._images |= accounts


def _forgotten(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.reason is Foreign.BLOCKHASH_NOT_FOUND


def _image(told: Told) -> Image:
    if told is None:
        return None
    owner, data, lamports = told
    return AccountImage(bytes.fromhex(owner), bytes.fromhex(data), lamports)


def _spelled(address: Address, image: Image) -> list[Any]:
    if image is None:
        return [address.hex(), bytes(32).hex(), "", 0]
    return [address.hex(), image.owner.hex(), image.data.hex(), image.lamports]


@dataclass(frozen=True, slots=True)
class _Error:
    """An error of the worker's bank, in the shape an engine of this process has."""

    text: str
    err: _Error | None = None
    code: int | None = None

    def __str__(self) -> str:
        return self.text


def _error(text: str, instruction: str | None, code: int | None) -> _Error:
    return _Error(text, None if instruction is None else _Error(instruction, None, code))
