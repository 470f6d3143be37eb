"""A ledger whose one thread can be put into any state, to see what an instruction costs there.

The config comes from `initialize` and the thread from `create_thread`; what a form needs of
them is then written over their bytes, through the layouts of the IDL.  So a thread with 32
co-authors costs no 496 transactions, and the seat, the votes and the count of published
records can be chosen.  All keys and addresses are seeded: the same everywhere.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from choir_model.adapters.litesvm import LEGACY, PACKET_BYTES, Form, LiteSvmLedger
from choir_model.domain.identity import Address, Hash, RecordKey, content_hash
from choir_model.ports.ledger import AccountImage, Confirmed, Outcome, Purse
from choir_model.program import addresses, calls
from choir_model.program.bindings import (
    ACCOUNTS,
    BALANCE_SEED,
    ESCROW_SEED,
    PEAKS,
    SEATS,
    STAKE_SEED,
    THREAD_SEED,
    Design,
    Record,
    RecordStatus,
    Thread,
)
from choir_model.program.calls import Call

STAKE = 1_000_003
"""Base units of every stake: a prime, so that sharing it leaves a remainder to transfer."""
NOW, WINDOW = 1_000_000, 604_800
"""Ledger clock and approval window, in seconds."""
DEEPEST = 2**31 - 1
"""Published records after which one more costs most: all of the 31 peaks below are folded."""


def seeded(label: str) -> Address:
    """The address that stands for `label`."""
    return hashlib.sha256(label.encode()).digest()


FULL = tuple(seeded(f"peak {level}") for level in range(PEAKS - 1))
"""Peaks of a thread with `DEEPEST` published records: all but the last."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One instruction in one state, and the kinds of events that show it did what is meant.

    The state is the one saved as `at`, or else the scene's, with `thread` and `record`.
    """

    call: Call
    payer: Address
    events: tuple[str, ...]
    thread: Thread | None = None
    record: Record | None = None
    at: object | None = None


class Unexpected(Exception):
    """An instruction that was to be measured did something else; says what."""


class Scene:
    """The ledger of one design: 32 co-authors, a spec author without a seat, a crank."""

    def __init__(self, design: Design, program: bytes | None = None) -> None:
        self.design = design
        self.ledger = LiteSvmLedger(program, unix_timestamp=NOW)
        wallets = [self.ledger.wallet(number) for number in range(SEATS + 3)]
        self.co_authors = tuple(wallets[:SEATS])
        self.outsider, self.crank, self.authority = wallets[SEATS:]
        self.mint, self.reserve = seeded("mint"), seeded("reserve")
        self.table = seeded("lookup table")
        self._furnish(wallets)
        self.initialization = Trial(self._initialize(), self.authority, (), at=self.ledger.save())
        self._must(self.initialization)
        opening = self.create_thread(self.co_authors[0], 0)
        self._must(opening)
        self.thread_id = opening.call.address("thread")
        self._fill()
        self._list()
        self.start = self.ledger.save()

    @cached_property
    def opened(self) -> Thread:
        """The thread as `create_thread` left it."""
        self.ledger.restore(self.start)
        image = self.ledger.account(self.thread_id)
        assert image is not None
        value: Thread = ACCOUNTS[Thread].decode(image.data)
        return value

    # Getting there

    def _furnish(self, wallets: list[Address]) -> None:
        self.ledger.create_mint(self.mint, self.authority, self.authority)
        self.ledger.create_token_account(self.reserve, self.mint, self.authority)
        for wallet in wallets:
            self.ledger.fund(wallet, Purse.AMPLE)
            self.ledger.create_token_account(self.token(wallet), self.mint, wallet)

    def _initialize(self) -> Call:
        accounts = self.authority, self.mint, self.reserve
        return calls.initialize(*accounts, self.design, WINDOW, 1000, SEATS)

    def _fill(self) -> None:
        # Donations change no total of the thread, so any state finds its tokens there.
        for vault in (addresses.stake_vault, addresses.escrow_vault):
            self._give(vault(self.thread_id))
        self._give(self.token(self.outsider))

    def _give(self, account: Address) -> None:
        call = calls.token_transfer(self.authority, self.reserve, account, STAKE)
        self._must(Trial(call, self.authority, ()))

    def _list(self) -> None:
        # What every settlement of this thread names, and whom it may have to pay.
        key = RecordKey(self.thread_id, self.outsider, content_hash("listed"))
        named = [meta.address for meta in calls.settle(key, self.design).accounts]
        payees = [self.token(wallet) for wallet in self.co_authors]
        self.ledger.create_lookup_table(self.table, [*named, *payees])

    # Who and what

    def token(self, wallet: Address) -> Address:
        """The wallet's token account."""
        return seeded(f"token account of {wallet.hex()}")

    def create_thread(self, creator: Address, nonce: int) -> Trial:
        """Opening the creator's thread number `nonce`."""
        return Trial(calls.create_thread(creator, self.mint, nonce), creator, ("ThreadCreated",))

    def creation(self) -> Trial:
        """Opening a thread whose four addresses all lie at bump 255: each search ends at once."""
        creator = self.co_authors[1]
        nonce = next(nonce for nonce in count() if thread_steps(creator, nonce) == 0)
        return self.create_thread(creator, nonce)

    def content(self, author: Address) -> Hash:
        """A content whose record lies at bump 255, where the search for it ends at once."""
        drawn = (content_hash(f"content {number}") for number in count())
        keys = (RecordKey(self.thread_id, author, hash) for hash in drawn)
        return next(key.hash for key in keys if self.record_steps(key) == 0)

    def record_steps(self, key: RecordKey) -> int:
        """Steps that the search for a record's address takes beyond the first."""
        return 255 - addresses.derive(*addresses.record_seeds(key, self.design))[1]

    def thread(self, seated: int, **fields: Any) -> Thread:
        """The thread with the first `seated` wallets as co-authors, deepest in peaks."""
        usual: dict[str, Any] = {
            "co_author_count": seated,
            "seats": self.co_authors[:seated],
            "published_count": DEEPEST,
            "peaks": FULL,
        }
        return dataclasses.replace(self.opened, **{**usual, **fields})

    def record(self, author: Address, electorate: int, **fields: Any) -> Record:
        """A pending spec of `author` whose window is open; `fields` say what is different."""
        key = RecordKey(self.thread_id, author, content_hash("spec"))
        bump = 255 - self.record_steps(key)
        pending = RecordStatus.PENDING
        usual = Record(
            bump, pending, electorate, 0, 0, 0, *(key.thread, key.author, key.hash), STAKE,
            NOW, NOW + WINDOW, 0, 1, 0, 0,
        )  # fmt: skip
        return dataclasses.replace(usual, **fields)

    def key(self, record: Record) -> RecordKey:
        """What identifies a record."""
        return RecordKey(record.thread, record.author, record.hash)

    # Measuring

    def put(self, trial: Trial) -> None:
        """Go back to the start and write the trial's state."""
        self.ledger.restore(self.start if trial.at is None else trial.at)
        if trial.thread is not None:
            self._write(self.thread_id, trial.thread)
        if trial.record is not None:
            self._write(addresses.record(self.key(trial.record), self.design), trial.record)

    def _write(self, address: Address, value: object) -> None:
        data = ACCOUNTS[type(value)].encode(value)
        self.ledger.put_account(address, AccountImage(addresses.PROGRAM, data))

    def run(self, trial: Trial, form: Form = LEGACY) -> Confirmed:
        """What the trial's instruction costs, on its own.

        Raises `Unexpected` when it is refused or does not emit the trial's events.
        """
        self.put(trial)
        return self._must(trial, form)

    def attempt(self, trial: Trial, form: Form = LEGACY) -> Outcome:
        """What becomes of the trial."""
        self.put(trial)
        return self.ledger.execute(trial.call, trial.payer, form)

    def lamports(self, address: Address) -> int:
        """What an account holds."""
        image = self.ledger.account(address)
        return 0 if image is None else image.lamports or 0

    def form(self, trial: Trial) -> Form:
        """The legacy form, or where that is too long the one with the lookup table."""
        length = self.ledger.transaction_bytes(trial.call, trial.payer)
        return LEGACY if length <= PACKET_BYTES else Form(self.table)

    def _must(self, trial: Trial, form: Form = LEGACY) -> Confirmed:
        outcome = self.ledger.execute(trial.call, trial.payer, form)
        seen = outcome.events if isinstance(outcome, Confirmed) else ()
        emitted = tuple(type(event).__name__ for event in seen)
        if not isinstance(outcome, Confirmed) or emitted != trial.events:
            told = outcome if not isinstance(outcome, Confirmed) else f"events {emitted}"
            raise Unexpected(f"{trial.call.name}: {told}; expected events {trial.events}")
        return outcome


def thread_steps(creator: Address, nonce: int) -> int:
    """Steps that the searches for a thread and its vaults take beyond the first each."""
    thread, bump = addresses.derive(THREAD_SEED, creator, nonce.to_bytes(8, "little"))
    vaults = (STAKE_SEED, ESCROW_SEED, BALANCE_SEED)
    return 255 - bump + sum(255 - addresses.derive(seed, thread)[1] for seed in vaults)
