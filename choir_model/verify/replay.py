"""Replaying a conversation log on both stores in lockstep.

Every line of the log becomes one saga or one command of a `SystemPair`, which executes it
on the references, on the real ledger and on the real store, and compares.  What the log
itself expects (``expect``, ``finds``, ``hides``) is checked too: `Unexpected` names the
line.  A log is written for one design; where it is replayed in another, what it expects is not
judged, and lines that went otherwise are only counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

from choir_model.domain.identity import Address, RecordKey, content_hash
from choir_model.ledger.conservation import Audit
from choir_model.lockstep.cast import Setting
from choir_model.lockstep.compare import Violation
from choir_model.lockstep.content_pair import Search, SetPrivacy
from choir_model.lockstep.ledger_pair import Advance, Begin, Execute
from choir_model.lockstep.system_pair import Finish, Recover, Start, SystemPair
from choir_model.ports.content import Results, Stored, Viewer
from choir_model.ports.ledger import Foreign, Outcome, Rejected, meaning
from choir_model.program import addresses, calls, designs
from choir_model.program.bindings import Decision, Design, Reason
from choir_model.protocols import sagas
from choir_model.protocols.sagas import Saga
from choir_model.verify import commands as do
from choir_model.verify.commands import Command
from choir_model.verify.log import Log
from choir_model.verify.people import People

SLOTS_PER_SECOND = 2.5
"""Slots the ledger advances per second of waiting: one per 400 ms."""
SLOTS_AT_MOST = 2**48
"""In one wait: the clock's seconds may go to the end of i64, slots stay far from u64."""


class Unexpected(AssertionError):
    """Something went otherwise than the log expects; both sides agree that it did."""

    def __init__(self, path: str, line: int, what: str) -> None:
        self.path = path
        self.line = line
        self.what = what
        super().__init__(f"{path}, line {line}: {what}")


@dataclass(frozen=True, slots=True)
class Conversation:
    """A log that was replayed: how much of it there was, and how it left the stores.

    `otherwise` counts the lines that went otherwise than the log expects, in a `design` it
    was not written for.
    """

    path: str
    title: str
    commands: int
    steps: int
    records: int
    stored: int
    audit: Audit
    design: dict[str, str]
    otherwise: int


def setting_of(log: Log, design: Design) -> Setting:
    """The ledger parameters and first moment of a log, in a design."""
    parameters = log.header.parameters
    return Setting(
        log.header.title,
        True,
        parameters.approval_window,
        parameters.min_stake,
        parameters.max_co_authors,
        log.header.start,
        design,
    )


def users_of(log: Log) -> tuple[str, ...]:
    """Everybody in the log, in order of appearance."""
    return tuple(c.name for c in log.commands if isinstance(c, do.User))


class Replay:
    """One log on one `SystemPair`; `design`: another than the log was written for."""

    def __init__(
        self, log: Log, pair: SystemPair, people: People, design: Design | None = None
    ) -> None:
        self.log = log
        self.design = design or log.header.written_for
        self.judged = self.design == log.header.written_for
        self.otherwise = set[int]()
        self.pair = pair
        self.people = people
        self.wallets: dict[str, Address] = {}
        self.premium: dict[str, bool] = {}
        self.threads: dict[str, Address] = {}
        self.nonces: dict[str, int] = {}
        self.records: dict[str, RecordKey] = {}
        self.accepted: set[str] = set()
        self.line = 0
        """Line of the log that is being performed; 0 before the first and after the last."""

    def run(self, progress: Callable[[int], None] | None = None) -> Conversation:
        """Everything in order.  `progress` is called with the number of lines done.

        Raises `Disagreement`, `Violation` or `Unexpected`.
        """
        before = self.pair.coverage.steps
        self.pair.apply(Begin(setting_of(self.log, self.design)))
        for number, command in enumerate(self.log.commands, 1):
            self.line = command.line
            self.perform(command)
            if progress is not None:
                progress(number)
        self.line = 0
        self.pair.apply(Recover())
        self.pair.finish()
        records = self.pair.records()
        observe = self.pair.stores.real.observe_point
        points = (observe(key) for key in records)
        intact = [p for p in points if p and content_hash(p.message.content) == p.message.key.hash]
        if len(intact) < len(records):
            what = f"{len(records) - len(intact)} of {len(records)} hashes have no content"
            raise Violation("the last line", "S5a", what)
        return Conversation(
            self.log.path,
            self.log.header.title,
            len(self.log.commands),
            self.pair.coverage.steps - before,
            len(records),
            len(intact),
            self.pair.ledgers.audit(),
            designs.texts(self.design),
            len(self.otherwise),
        )

    def perform(self, command: Command) -> None:
        """One line of the log."""
        self.PERFORM[type(command)](self, command)

    def _enter(self, command: do.User) -> None:
        wallet = self.people.wallets[len(self.wallets)]
        self.wallets[command.name] = wallet
        self.premium[command.name] = command.premium
        authority, token = self.people.authority, self.people.token(wallet)
        call = calls.token_transfer(authority, self.people.reserve, token, command.tokens)
        self._transaction(command, call, authority)

    def _open(self, command: do.Thread) -> None:
        creator = self.wallets[command.by]
        nonce = self.nonces.get(command.by, 0)
        self.nonces[command.by] = nonce + 1
        self.threads[command.name] = addresses.thread(creator, nonce)
        self._saga(command, sagas.create_thread(creator, self.people.mint, nonce))

    def _submit(self, command: do.Message | do.Spec) -> None:
        author, thread = self.wallets[command.by], self.threads[command.thread]
        key = RecordKey(thread, author, content_hash(command.text))
        if command.id is not None:
            self.records[command.id] = key
            if command.expect is None:
                self.accepted.add(command.id)
        now = self.pair.ledgers.reference.clock().unix_timestamp
        message = sagas.draft(key, command.text, command.privacy, now)
        if isinstance(command, do.Message):
            saga = sagas.submit_message(message, self.design)
        else:
            source = self.people.token(author)
            saga = sagas.submit_spec(message, source, command.stake, self.design)
        self._saga(command, saga)

    def _vote(self, command: do.Vote) -> None:
        voter, key = self.wallets[command.by], self.records[command.spec]
        vote = calls.vote(voter, key, Decision[command.decision.upper()], self.design)
        call = self.pair.paying(vote)
        # A client that looks first would never send a vote that is bound to be refused.
        verified = command.expect is None
        self._saga(command, sagas.approve(voter, key, call, self.design, verified=verified))

    def _settle(self, command: do.Settle) -> None:
        key = self.records[command.spec]
        call = self.pair.paying(calls.settle(key, self.design))
        self._saga(command, sagas.settle(self.people.crank, key, call, self.design))

    def _wait(self, command: do.Wait) -> None:
        seconds = command.duration
        self.pair.apply(Advance(min(int(seconds * SLOTS_PER_SECOND), SLOTS_AT_MOST), seconds))

    def _privacy(self, command: do.ChangePrivacy) -> None:
        answer = self.pair.apply(SetPrivacy(self.records[command.message], command.privacy))
        if not isinstance(answer, Stored):
            self._unexpected(command, f"the store answers {answer}")

    def _entitle(self, command: do.Premium) -> None:
        self.premium[command.user] = command.on

    def _claim(self, command: do.Claim) -> None:
        wallet = self.wallets[command.by]
        token = self.people.token(wallet)
        call = calls.claim(wallet, self.records[command.spec], token, self.design)
        self._transaction(command, call, wallet)

    def _search(self, command: do.Search) -> None:
        viewer = Viewer(self.wallets[command.by], self.premium[command.by])
        thread = None if command.thread is None else self.threads[command.thread]
        answer = self.pair.apply(Search(viewer, command.text, command.limit, thread))
        assert isinstance(answer, Results)
        found = [hit.key for hit in answer.hits]
        names = self._names()
        shown = [names.get(key, key.hash.hex()[:8]) for key in found]
        if command.finds is not None and found != [self.records[i] for i in command.finds]:
            self._unexpected(command, f"found {shown}, the log expects {list(command.finds)}")
        leaked = [i for i in command.hides if names.get(self.records[i]) == i in shown]
        if leaked:
            self._unexpected(command, f"found {leaked}, which must be hidden from {command.by}")

    def _names(self) -> dict[RecordKey, str]:
        """Ids by record; of several for the same record, that of the accepted submission."""
        found: dict[RecordKey, str] = {}
        for name, key in self.records.items():
            if key not in found or name in self.accepted:
                found[key] = name
        return found

    def _donate(self, command: do.Donate) -> None:
        wallet, thread = self.wallets[command.by], self.threads[command.thread]
        vault = {
            "stake": addresses.stake_vault,
            "escrow": addresses.escrow_vault,
            "balance": addresses.balance_vault,
        }[command.vault](thread)
        call = calls.token_transfer(wallet, self.people.token(wallet), vault, command.amount)
        self._transaction(command, call, wallet)

    def _transaction(self, command: Command, call: calls.Call, payer: Address) -> None:
        outcome: Outcome = self.pair.apply(Execute(call, payer))
        self._compare(command, outcome.reason if isinstance(outcome, Rejected) else None)

    def _saga(self, command: Command, saga: Saga) -> None:
        self.pair.apply(Start(saga))
        self.pair.apply(Finish())
        assert self.pair.ended is not None
        self._compare(command, self.pair.ended.failed)

    def _compare(self, command: Command, stopped: Enum | None) -> None:
        if stopped is command.expect:
            return
        met = f"refused with {stopped.name} ({_meaning(stopped)})" if stopped else "accepted"
        wanted = f"refused with {command.expect.name}" if command.expect else "accepted"
        tag = command.__struct_config__.tag
        self._unexpected(command, f"{tag}: {met}; the log expects it to be {wanted}")

    def _unexpected(self, command: Command, what: str) -> None:
        if self.judged:
            raise Unexpected(self.log.path, command.line, what)
        self.otherwise.add(command.line)

    PERFORM: ClassVar[dict[type, Callable[[Replay, Any], None]]] = {
        do.User: _enter,
        do.Thread: _open,
        do.Message: _submit,
        do.Spec: _submit,
        do.Vote: _vote,
        do.Settle: _settle,
        do.Claim: _claim,
        do.Wait: _wait,
        do.ChangePrivacy: _privacy,
        do.Premium: _entitle,
        do.Search: _search,
        do.Donate: _donate,
    }
    """How each command of a log is performed."""


def _meaning(stopped: Enum) -> str:
    return meaning(stopped) if isinstance(stopped, Reason | Foreign) else str(stopped.value)
