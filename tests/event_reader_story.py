"""Stories for readers of events: transactions with their logs, and the accounts after each.

`Story` runs calls on a ledger; `play` makes a random story; `deliveries` is what arrives of
one, with what can happen on the way: loss, repetition, disorder, truncation, look-alikes.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from ledger_world import APPROVE, DENY, LEDGERS, STAKE, World
from test_ledger_events import OTHER, data, frame

from choir_model.domain.identity import Address, RecordKey, content_hash
from choir_model.ledger.projection import ThreadState, read_thread
from choir_model.ledger.reader import Transaction
from choir_model.lockstep.cast import START, Setting
from choir_model.ports.ledger import AccountImage, Confirmed, LedgerPort
from choir_model.program import addresses, calls, designs
from choir_model.program.bindings import (
    PROGRAM_ID,
    Decision,
    DenialShare,
    Design,
    Expiry,
    Payout,
    SpecSubmitted,
)
from choir_model.program.calls import Call

WALLETS = (0, 1, 2, 3, 9, 10)
TOLD_ON = ("reference", "litesvm")
"""Ledgers whose logs are at hand: made of the reference's events, or the VM's own."""
LIMIT = 10_000
"""Bytes of log the runtime keeps of a transaction."""


def runtime_log(lines: list[str], limit: int = LIMIT) -> tuple[str, ...]:
    """What the runtime's log collector keeps of `lines`."""
    kept, written, warned = [], 0, False
    for line in lines:
        if written + len(line) < limit:
            written += len(line)
            kept.append(line)
        elif not warned:
            warned = True
            kept.append("Log truncated")
    return tuple(kept)


class Accounts:
    """The program's accounts of one moment, as much of a ledger as a reader needs."""

    def __init__(self, ledger: LedgerPort) -> None:
        found = {address: ledger.account(address) for address in ledger.program_accounts()}
        self.images = {address: image for address, image in found.items() if image}

    def account(self, address: Address) -> AccountImage | None:
        return self.images.get(address)

    def program_accounts(self) -> frozenset[Address]:
        return frozenset(self.images)


class Tap:
    """LiteSVM, whose last result is kept: an adapter hands out events, no log lines."""

    def __init__(self, svm: Any) -> None:
        self.svm = svm
        self.lines: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.svm, name)

    def send_transaction(self, transaction: Any) -> Any:
        result = self.svm.send_transaction(transaction)
        failed = type(result).__name__ == "FailedTransactionMetadata"
        self.lines = (result.meta() if failed else result).logs()
        self.failed = failed
        return result


class Story:
    """Transactions of a ledger with their logs, and the accounts after each of them.

    Each lands in a slot of its own, counted from 1: `moments[n]` are the accounts as of slot n.
    """

    def __init__(self, name: str, design: Design = designs.DEFAULT) -> None:
        self.design = design
        setting = Setting("story", max_co_authors=5, design=design)
        self.world = World(LEDGERS[name], setting, thread=False)
        self.ledger = self.world.ledger
        self.tap: Tap | None = None
        if name == "litesvm":
            self.tap = Tap(self.ledger.svm)  # type: ignore[attr-defined]
            self.ledger.svm = self.tap  # type: ignore[attr-defined]
        self.thread = self.world.thread
        self.wallets = {number: self.world.wallet(number) for number in WALLETS}
        self.sent: list[Transaction] = []
        self.moments = [Accounts(self.ledger)]
        self.reached = [0]
        self.truth: dict[int, ThreadState | None] = {0: None}

    def send(self, *together: Call) -> bool:
        """One transaction of these instructions; whether it was confirmed."""
        signers = [m.address for call in together for m in call.accounts if m.signer]
        payer = (signers or [self.world.cast.crank])[0]
        confirmed = self._vm(together, payer) if self.tap else self._reference(together, payer)
        self.moments.append(Accounts(self.ledger))
        state = read_thread(self.ledger, self.thread)
        self.reached.append(state.sequence if state else 0)
        self.truth.setdefault(self.reached[-1], state)
        return confirmed

    @property
    def slot(self) -> int:
        """The slot of the last transaction."""
        return len(self.sent)

    def _sent(self, lines: list[str], failed: bool) -> bool:
        signature = len(self.sent).to_bytes(64, "little")
        self.sent.append(Transaction(signature, self.slot + 1, runtime_log(lines), failed))
        return not failed

    def _reference(self, together: tuple[Call, ...], payer: Address) -> bool:
        saved, lines = self.ledger.save(), []
        for call in together:
            outcome = self.ledger.execute(call, payer)
            if not isinstance(outcome, Confirmed):
                self.ledger.restore(saved)
                lines += [*frame(PROGRAM_ID, 1)[:1], f"Program {PROGRAM_ID} failed: custom"]
                return self._sent(lines, failed=True)
            lines += frame(PROGRAM_ID, 1, *map(data, outcome.events))
        return self._sent(lines, failed=False)

    def _vm(self, together: tuple[Call, ...], payer: Address) -> bool:
        from solders.hash import Hash
        from solders.instruction import AccountMeta, Instruction
        from solders.message import Message
        from solders.pubkey import Pubkey
        from solders.transaction import VersionedTransaction

        assert self.tap
        self.tap.expire_blockhash()
        instructions = []
        for call in together:
            metas = [AccountMeta(Pubkey(m.address), m.signer, m.writable) for m in call.accounts]
            instructions.append(Instruction(Pubkey(call.program), call.data, metas))
        blockhash: Hash = self.tap.latest_blockhash()
        message = Message.new_with_blockhash(instructions, Pubkey(payer), blockhash)
        signers = message.account_keys[: message.header.num_required_signatures]
        keys = self.ledger._keys  # type: ignore[attr-defined]
        signatures = [keys[bytes(signer)].sign_message(bytes(message)) for signer in signers]
        self.tap.send_transaction(VersionedTransaction.populate(message, signatures))
        return self._sent(self.tap.lines, self.tap.failed)

    # Calls

    def create(self, number: int = 0) -> Call:
        return calls.create_thread(self.wallets[number], self.world.mint, 0)

    def key(self, author: int, text: str) -> RecordKey:
        return RecordKey(self.thread, self.wallets[author], content_hash(text))

    def message(self, author: int, text: str, thread: Address | None = None) -> Call:
        where = thread or self.thread
        return calls.submit_message(self.wallets[author], where, content_hash(text), self.design)

    def spec(self, author: int, text: str, stake: int = STAKE) -> Call:
        wallet, token = self.wallets[author], self.world.token(author)
        return calls.submit_spec(wallet, token, self.thread, content_hash(text), stake, self.design)

    def vote(self, voter: int, key: RecordKey, decision: Decision = APPROVE) -> Call:
        call = calls.vote(self.wallets[voter], key, decision, self.design)
        denier = (self.wallets[voter],) if decision is DENY else ()
        return self._paying(call, key, denier)

    def settle(self, key: RecordKey) -> Call:
        return self._paying(calls.settle(key, self.design), key, ())

    def claim(self, who: int, key: RecordKey) -> Call:
        return calls.claim(self.wallets[who], key, self.world.token(who), self.design)

    def _paying(self, call: Call, key: RecordKey, denier: tuple[Address, ...]) -> Call:
        """Under `payout` push, whom the instruction may have to pay; too many do no harm."""
        state, at = read_thread(self.ledger, self.thread), addresses.record(key, self.design)
        if self.design.payout is not Payout.PUSH or state is None or at not in state.records:
            return call
        denials = state.records[at].denials
        deniers = [s for n, s in enumerate(state.seats) if denials >> n & 1 or s in denier]
        rejected = {
            DenialShare.DENIERS: deniers,
            DenialShare.TREASURY: [],
            DenialShare.REFUND: [key.author],
        }[self.design.denial_share]
        refunded = [key.author] if self.design.expiry is Expiry.REFUND else []
        return call.with_payees(
            [self.world.cast.token(who) for who in (rejected if deniers else refunded)]
        )


def prelude(story: Story) -> Iterator[RecordKey]:
    """A second seat; a spec that both deny and one that nobody decides; claims of both."""
    endings = ((1, "yes", APPROVE), (2, "no", DENY), (3, "late", None))
    for author, text, decision in endings:
        key = story.key(author, text)
        story.send(story.spec(author, text))
        for voter in (0, 1):
            if decision:
                story.send(story.vote(voter, key, decision))
        if decision is not APPROVE:
            story.world.wait(101)
            story.send(story.settle(key))
        for claimant in (0, 1, author):
            story.send(story.claim(claimant, key))
        yield key


def play(name: str, design: Design, seed: int, steps: int) -> Story:
    """A random story: every instruction, alone and with others, some of them refused."""
    rng, story = random.Random(seed), Story(name, design)
    story.send(story.create())
    story.send(story.create(1))
    other, keys = addresses.thread(story.wallets[1], 0), list(prelude(story))
    for step in range(steps):
        who, kind = rng.choice(WALLETS), rng.randrange(10)
        key = rng.choice(keys[-4:]) if keys else story.key(who, "nothing")
        decision = DENY if rng.random() < 0.25 else APPROVE
        if kind < 2:
            story.send(story.message(0, f"message {step}"))
        elif kind == 2:
            story.send(story.message(who, f"other {step}", other))
        elif kind < 5:
            keys.append(story.key(who, f"spec {step}"))
            story.send(story.spec(who, f"spec {step}", STAKE + step % 3))
        elif kind < 7:
            for voter in rng.sample(WALLETS, rng.randrange(1, len(WALLETS))):
                story.send(story.vote(voter, key, decision))
        elif kind == 7:
            story.world.wait(rng.choice((1, 60, 101)))
            story.send(story.settle(key))
        elif kind == 8:
            for claimant in WALLETS:
                story.send(story.claim(claimant, key))
        else:
            pair = [story.message(0, f"{n} of {step}") for n in range(2)]
            also = [story.message(1, f"beside {step}", other), story.vote(who, key)]
            story.send(*pair, *also[: rng.randrange(3)])
    return story


@lru_cache
def told(name: str, design: Design) -> Story:
    return play(name, design, seed=len(designs.name_of(design)), steps=45)


# The world between ledger and reader

Change = Callable[[random.Random, Story, Transaction], Transaction]


def forged(rng: random.Random, story: Story) -> str:
    """A line with a believable event of the thread that never happened."""
    number, last = rng.randrange(1, max(story.truth) + 3), rng.randrange(2)
    numbers = (number, number, number + last)
    who, what = rng.randbytes(32), rng.randbytes(32)
    return data(SpecSubmitted(story.thread, *numbers, who, what, 10**6, 1, START, START + 5))


def imitation(rng: random.Random, story: Story) -> Transaction:
    """A transaction of other people with lines that look like ours."""
    line, inside = forged(rng, story), frame(PROGRAM_ID, 1)[0]
    nested = frame(OTHER, 2, forged(rng, story))
    failed = [inside, line, f"Program {PROGRAM_ID} success"]
    logs: list[list[str]] = [
        frame(OTHER, 1, line),
        frame(OTHER, 1, f"Program log: \n{inside}", line),
        frame(OTHER, 1, f"Program log: {inside}", line, *frame(PROGRAM_ID, 2), line),
        frame(PROGRAM_ID, 1, *nested),
        [f"Program {OTHER} invoke [1]", *failed, f"Program {OTHER} failed: custom"],
        [line, f"Program {PROGRAM_ID} success", line],
    ]
    slot = rng.randrange(1, story.slot + 1)
    return Transaction(rng.randbytes(64), slot, tuple(rng.choice(logs)))


def truncated(rng: random.Random, transaction: Transaction) -> Transaction:
    """The same transaction, of whose log lines are missing."""
    size = sum(map(len, transaction.logs))
    logs = runtime_log(list(transaction.logs), rng.randrange(60, size + 1))
    return dataclasses.replace(transaction, logs=logs)


def damaged(rng: random.Random, transaction: Transaction) -> Transaction:
    """The same transaction without one of its lines with data, and nobody says so."""
    lines = [n for n, line in enumerate(transaction.logs) if line.startswith("Program data")]
    if len(lines) < 2:
        return transaction
    without = rng.choice(lines[:-1])
    logs = (*transaction.logs[:without], *transaction.logs[without + 1 :])
    return dataclasses.replace(transaction, logs=logs)


def deliveries(rng: random.Random, story: Story, faults: bool) -> Iterator[tuple[int, Transaction]]:
    """The story as it arrives, each with its place: out of order, twice, and with faults."""
    arriving: list[tuple[float, int, Transaction]] = []
    for at, transaction in enumerate(story.sent):
        copies = 1 + (rng.random() < 0.3)
        if faults and rng.random() < 0.1:
            copies -= 1
        for _ in range(copies):
            delivered = transaction
            if faults and not transaction.failed:
                change = rng.choice([truncated, damaged, *[None] * 8])
                delivered = change(rng, transaction) if change else transaction
            arriving.append((at + rng.choice((0, 0, 0, 1.5, 4.5, 9.5)), at, delivered))
        if rng.random() < 0.3:
            arriving.append((at + rng.random(), at, imitation(rng, story)))
    for _, at, transaction in sorted(arriving, key=lambda item: item[:2]):
        yield at, transaction
