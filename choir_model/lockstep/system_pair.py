"""Both stores in lockstep: sagas run arrow by arrow on reference and real thing.

Theory of operation
-------------------
A `SystemPair` holds a `LedgerPair` and a `ContentPair` and the sagas under way.  `Start`
adds a saga, `Step` performs one arrow of one of them on both sides, `Crash` forgets one
halfway, `Recover` brings the store up to date from the ledger; between any two commands
time may pass, somebody may read, a stored message may be damaged.

Sagas see one answer, because both sides gave the same.  Beyond agreement, what they
achieve together is checked whenever none is under way (`Violation` otherwise):

* **S5a** every record made by a saga that was not cut off has stored content;
* **S5b** which re-hashes and is not in quarantine, unless it was damaged;
* **S2** the store's status of it is the ledger's;
* **S6** the co-authors the store knows are the ledger's.

`Finish` checks what was touched since the last check; `Recover` and the end of a sequence
check everything, cut off or not.  A record that somebody submits past the sagas counts as
cut off: nobody has told the store.  Metadata that was damaged is nobody's promise either,
until a `Recover` has put it right from the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from choir_model.domain.identity import Address, RecordKey, content_hash
from choir_model.domain.lifecycle import Status
from choir_model.ledger.clients import paying
from choir_model.lockstep import content_pair as content
from choir_model.lockstep.compare import Coverage, Violation
from choir_model.lockstep.content_pair import (
    ContentPair,
    Damage,
    DamageStatus,
    DamageThread,
    Get,
    ListThread,
    PutThread,
    Search,
    SetPrivacy,
    SetStatus,
    Upsert,
)
from choir_model.lockstep.ledger_pair import Advance, Begin, Execute, LedgerPair
from choir_model.program import addresses, designs
from choir_model.program.bindings import ACCOUNTS, Record, Thread
from choir_model.program.calls import Call
from choir_model.protocols import sagas
from choir_model.protocols.sagas import Arrow, Saga


@dataclass(frozen=True, slots=True)
class Start:
    """A saga begins; none of its arrows is performed yet."""

    saga: Saga

    def __str__(self) -> str:
        return f"start: {self.saga.name}"


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow of a saga under way, numbered from the oldest, modulo their number."""

    number: int

    def __str__(self) -> str:
        return f"one arrow of saga {self.number}"


@dataclass(frozen=True, slots=True)
class Crash:
    """A saga under way is forgotten where it is."""

    number: int

    def __str__(self) -> str:
        return f"saga {self.number} is cut off"


@dataclass(frozen=True, slots=True)
class Finish:
    """All sagas under way run to their end, oldest first; then the layers must agree."""

    def __str__(self) -> str:
        return "finish all sagas"


@dataclass(frozen=True, slots=True)
class Recover:
    """The store follows every record and thread of the ledger; then the layers must agree."""

    def __str__(self) -> str:
        return "recover"


Look: TypeAlias = Get | ListThread | Search
Command: TypeAlias = (
    Begin | Start | Step | Crash | Finish | Recover
    | Execute | Advance | Look | SetPrivacy | Damage | DamageStatus | DamageThread | Upsert
)  # fmt: skip


@lru_cache(maxsize=4096)
def decoded(kind: type, data: bytes) -> Any:
    """The account in `data`: most accounts are the same as when last looked at."""
    return ACCOUNTS[kind].decode(data)


SUBMISSIONS = ("submit_message", "submit_spec")
READS = (Arrow.READ_RECORD, Arrow.READ_THREAD)


class SystemPair:
    """Ledger and content store, each in lockstep, and the sagas between them."""

    def __init__(self, ledgers: LedgerPair, stores: ContentPair, coverage: Coverage) -> None:
        self.ledgers = ledgers
        self.stores = stores
        self.coverage = coverage
        self.design = designs.DEFAULT
        self.commands: list[Command] = []
        self.sagas: list[Saga] = []
        self._read: list[set[object]] = []
        self.ended: Saga | None = None
        self.cut_off: set[object] = set()
        self._damaged: set[RecordKey] = set()
        self._misled: set[object] = set()
        self._promised: set[RecordKey | None] = set()
        self._touched: set[object] = set()

    def apply(self, command: Command) -> Any:
        """Run one command on both sides.  Raises `Disagreement` or `Violation`."""
        if isinstance(command, Begin):
            self.commands = [command]
            self.sagas, self._read = [], []
            self.cut_off, self._damaged, self._misled = set(), set(), set()
            self._promised, self._touched = set(), set()
            self.design = command.setting.design
            self.stores.apply(content.Begin())
            return self.ledgers.apply(command)
        self.commands.append(command)
        match command:
            case Start(saga):
                self.coverage.commands[saga.name] += 1
                self._begin(saga)
            case Step(number):
                self._step(number)
            case Crash(number):
                self._crash(number)
            case Finish():
                self._finish()
                self.check(command, self._touched)
            case Recover():
                self._recover()
                self.check(command)
            case Execute(call):
                if call.name in SUBMISSIONS:
                    self.cut_off.add(submitted(call))
                return self.ledgers.apply(command)
            case Advance():
                return self.ledgers.apply(command)
            case _:
                return self._store(command)
        return None

    def run(self, saga: Saga) -> Saga:
        """Start a saga and all others under way, to the end; how this one ended."""
        self.apply(Start(saga))
        self.apply(Finish())
        assert self.ended is not None
        return self.ended

    def paying(self, call: Call) -> Call:
        """`call` with the accounts of whom it would pay if it landed now (payout push)."""
        cast = self.ledgers.cast
        return paying(self.ledgers.reference, call, self.design, cast.token)

    def finish(self) -> None:
        """Let nothing be under way, and compare everything."""
        self._finish()
        if self.cut_off or self._misled:
            self._recover()
        self.check("the last command")
        self.ledgers.finish()
        self.stores.finish()

    # Sagas

    def _begin(self, saga: Saga) -> None:
        self.sagas.append(saga)
        self._read.append(set())
        self._touched |= {saga.key, saga.thread}

    def _step(self, number: int) -> None:
        if not self.sagas:
            return
        at = number % len(self.sagas)
        saga = self.sagas[at]
        arrow = saga.arrows[0]
        self.coverage.situations[f"{saga.name}: {arrow.value}"] += 1
        after = sagas.react(saga, self._perform(sagas.command(saga)))
        if arrow is Arrow.SEND and saga.message is not None:
            self._promised.add(saga.key)
        if arrow in READS:
            self._read[at].add(saga.key if arrow is Arrow.READ_RECORD else saga.thread)
        if after.arrows:
            self.sagas[at] = after
            return
        read = self._read.pop(at)
        del self.sagas[at]
        self.ended = after
        how = "done" if after.failed is None else f"failed: {after.failed.name}"
        self.coverage.situations[f"{saga.name}: {how}"] += 1
        if after.stopped is None:
            self.cut_off -= read

    def _perform(self, command: sagas.SagaCommand | None) -> Any:
        match command:
            case sagas.Send(call, payer):
                return self.ledgers.apply(Execute(call, payer))
            case sagas.Read(address):
                return self.ledgers.read(address)
            case sagas.Store(message):
                return self._store(Upsert(message))
            case sagas.FollowStatus(key, status):
                return self._store(SetStatus(key, status))
            case sagas.FollowThread(thread, co_authors, sequence):
                return self._store(PutThread(thread, co_authors, sequence))
            case sagas.CorrectStatus(key, status):
                return self._store(content.CorrectStatus(key, status))
            case sagas.CorrectThread(thread, co_authors, sequence):
                return self._store(content.CorrectThread(thread, co_authors, sequence))
        raise AssertionError(f"a saga without a command: {command}")

    def _store(self, command: content.Operation) -> Any:
        if isinstance(command, Damage):
            self._damaged.add(command.key)
        if isinstance(command, DamageStatus):
            self._misled.add(command.key)
        if isinstance(command, DamageThread):
            self._misled.add(command.thread)
        if isinstance(command, Upsert):
            self._damaged.discard(command.message.key)
        return self.stores.apply(command)

    def _crash(self, number: int) -> None:
        if self.sagas:
            at = number % len(self.sagas)
            saga = self.sagas.pop(at)
            del self._read[at]
            self.cut_off |= {saga.key, saga.thread}
            # What the others read before this moment may be what this one has made old.
            for read in self._read:
                read -= {saga.key, saga.thread}
            self.coverage.situations[f"{saga.name}: cut off before {saga.arrows[0].value}"] += 1

    def _finish(self) -> None:
        while self.sagas:
            self._step(0)

    def _recover(self) -> None:
        ended = self.ended
        for key in self.records():
            self._begin(sagas.recover(key, self.design))
        for thread in self.threads():
            self._begin(sagas.recover_thread(thread))
        self._finish()
        self.cut_off.clear()
        self._misled.clear()
        self.ended = ended

    # What the ledger holds, and whether the store follows it

    def records(self) -> dict[RecordKey, Record]:
        """Every record of the ledger, decoded from its account, in order of its key."""
        found = {RecordKey(r.thread, r.author, r.hash): r for r in self._accounts(Record)}
        return dict(sorted(found.items()))

    def threads(self) -> dict[bytes, Thread]:
        """Every thread of the ledger, decoded from its account, in order of its address."""
        found = {}
        for thread in self._accounts(Thread):
            found[addresses.thread(thread.creator, thread.nonce)] = thread
        return dict(sorted(found.items()))

    def _accounts(self, kind: type) -> list[Any]:
        discriminator = ACCOUNTS[kind].discriminator
        images = map(self.ledgers.reference.account, self.ledgers.reference.program_accounts())
        return [
            decoded(kind, image.data)
            for image in images
            if image and image.data[:8] == discriminator
        ]

    def check(self, command: object, only: Iterable[object] | None = None) -> None:
        """Demand that the store follows the ledger, of everything that was not cut off.

        `only`: the record keys and thread addresses to look at; None for all.
        """
        everything = [*self.records(), *self.threads()] if only is None else only
        for item in everything:
            if item in self.cut_off or item in self._misled:
                continue
            if isinstance(item, RecordKey):
                record = self._account(Record, addresses.record(item, self.design))
                if record is not None and record.author == item.author:
                    self._check_record(command, item, record)
            elif isinstance(item, bytes):
                thread = self._account(Thread, item)
                if thread is not None:
                    self._check_thread(command, item, thread)
        self._touched = set()

    def _account(self, kind: type, address: Address) -> Any:
        image = self.ledgers.reference.account(address)
        return decoded(kind, image.data) if image is not None else None

    def _check_record(self, command: object, key: RecordKey, record: Record) -> None:
        name = f"record {key.hash.hex()}"
        point = self.stores.reference.observe_point(key)
        if point is None:
            if key in self._promised:
                raise Violation(command, "S5a", f"{name} has no content")
            return
        intact = not point.quarantined and content_hash(point.message.content) == key.hash
        if not intact and key not in self._damaged:
            raise Violation(command, "S5b", f"{name} has content that was never said")
        status = Status[record.status.name]
        if point.message.status is not status:
            what = f"{name} is {status.name}, stored as {point.message.status.name}"
            raise Violation(command, "S2", what)
        self.coverage.situations["checked: record is stored with its status"] += 1

    def _check_thread(self, command: object, address: Address, thread: Thread) -> None:
        held = self.stores.reference.observe_thread(address)
        seats = thread.seats[: thread.co_author_count]
        if held is None or held.co_authors != seats:
            what = f"thread {address.hex()} has {len(seats)} co-authors, stored: {held}"
            raise Violation(command, "S6", what)


def submitted(call: Call) -> RecordKey:
    """The record that a call of `submit_message` or `submit_spec` is about."""
    return RecordKey(call.address("thread"), call.address("author"), call.data[8:40])
