"""The system machine: submit and approve sequences over both real stores, in lockstep.

Theory of operation
-------------------
Rules start sagas, perform single arrows of those under way in any order, cut some off,
let time pass, read and search as different viewers, damage stored content, and recover.
A `SystemPair` executes all of it on the references and on the real ledger and the real
store, compares after every command, and demands that the store follows the ledger
whenever nothing is under way.

`run_system_lockstep` is the suite; it takes a factory for each of the two stores.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from choir_model.content.port import ReferenceContent
from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Privacy
from choir_model.lockstep.cast import MIN_STAKE, SETTINGS, WINDOW, Cast
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.content import ContentFactory
from choir_model.lockstep.content_pair import ContentPair, Damage, Get, ListThread, Search
from choir_model.lockstep.content_pair import SetPrivacy as ChangePrivacy
from choir_model.lockstep.ledger import LedgerFactory, ledger_pair
from choir_model.lockstep.ledger_pair import Advance, Begin, Execute
from choir_model.lockstep.running import Budget, Progress, run_machine
from choir_model.lockstep.system_pair import Crash, Finish, Recover, Start, Step, SystemPair
from choir_model.ports.content import Viewer
from choir_model.program import addresses, calls, designs
from choir_model.program.bindings import Decision, Design, RecordStatus
from choir_model.protocols import sagas
from choir_model.protocols.sagas import Saga

SMALL = st.integers(0, 7)
PRIVACY = st.sampled_from(Privacy)
QUERIES = ("content zero", "zero", "one content", "nothing of the kind")

SAGAS = frozenset({"create thread", "submit message", "submit spec", "vote", "settle"})
"""Every saga a run must have brought to its end."""


class SystemMachine(RuleBasedStateMachine):
    """Rules over one `SystemPair`, which outlives the examples."""

    pair: SystemPair
    design: Design

    @initialize(second_seat=st.booleans())
    def begin(self, second_seat: bool) -> None:
        """A thread with one or two co-authors, made by sagas like everything else."""
        self.keys: list[RecordKey] = []
        self.pair.apply(Begin(replace(SETTINGS[0], design=self.design)))
        self.pair.apply(Start(sagas.create_thread(self.wallet(0), self.cast.mint, 0)))
        self.pair.apply(Finish())
        if second_seat:
            self.submit_spec(1, 0, 0, Privacy.PUBLIC)
            self.pair.apply(Finish())
            self.vote(0, 0, Decision.APPROVE)
            self.pair.apply(Finish())

    def teardown(self) -> None:
        """Let everything come to rest, recover, and compare everything."""
        self.pair.finish()

    @property
    def cast(self) -> Cast:
        """The world the rules draw from."""
        cast = self.pair.ledgers.cast
        assert isinstance(cast, Cast)
        return cast

    def wallet(self, number: int) -> Address:
        """One of the wallets that hold tokens."""
        return self.cast.wallets[number % Cast.AUTHORS]

    def key(self, number: int) -> RecordKey:
        """One of the last records a saga was about, or one that need not exist."""
        if not self.keys or number == 7:
            return self.cast.record(number % 2, number % 5, number % 3)
        return self.keys[-1 - number % min(4, len(self.keys))]

    def open_spec(self, number: int) -> RecordKey:
        """A spec that can be voted on, if there is one; now and then any record."""
        records = self.pair.records().items() if number < 6 else ()
        pending = [key for key, record in records if record.status is RecordStatus.PENDING]
        return pending[number % len(pending)] if pending else self.key(number)

    def start(self, saga: Saga) -> None:
        """Start a saga and remember what it is about."""
        if saga.key is not None and saga.key not in self.keys[-1:]:
            self.keys.append(saga.key)
        self.pair.apply(Start(saga))

    @property
    def now(self) -> int:
        """The ledger clock."""
        return self.pair.ledgers.reference.clock().unix_timestamp

    @rule(creator=SMALL)
    def create_thread(self, creator: int) -> None:
        """A saga that opens a second thread, or finds it open."""
        self.start(sagas.create_thread(self.wallet(1 if creator > 2 else 0), self.cast.mint, 0))

    @rule(author=SMALL, thread=SMALL, content=SMALL, privacy=PRIVACY)
    def submit_message(self, author: int, thread: int, content: int, privacy: Privacy) -> None:
        """A direct message, mostly by a co-author."""
        key = self.cast.record(thread // 6, author // 2, content % 3)
        text = self.cast.contents[content % 3]
        draft = sagas.draft(key, text, privacy, self.now)
        self.start(sagas.submit_message(draft, self.design))

    @rule(author=SMALL, content=SMALL, privacy=PRIVACY)
    def submit_spec_whole(self, author: int, content: int, privacy: Privacy) -> None:
        """A spec, and everything under way runs to its end."""
        self.submit_spec(author, 0, content, privacy)
        self.pair.apply(Finish())

    @rule(author=SMALL, thread=SMALL, content=SMALL, privacy=PRIVACY)
    def submit_spec(self, author: int, thread: int, content: int, privacy: Privacy) -> None:
        """A spec, mostly by somebody without a seat."""
        author = author % Cast.AUTHORS
        key = self.cast.record(thread // 6, author, content % 3)
        text, source = self.cast.contents[content % 3], self.cast.token(self.wallet(author))
        stake = MIN_STAKE - 1 if content == 7 else MIN_STAKE + content
        draft = sagas.draft(key, text, privacy, self.now)
        self.start(sagas.submit_spec(draft, source, stake, self.design))

    @rule(voter=SMALL, number=SMALL, decision=st.sampled_from(Decision))
    def vote(self, voter: int, number: int, decision: Decision) -> None:
        """An approval or denial, by a client that looks first, or by one that does not."""
        key, wallet = self.open_spec(number), self.wallet(voter if voter < 3 else 0)
        call = self.pair.paying(calls.vote(wallet, key, decision, self.design))
        self.start(sagas.approve(wallet, key, call, self.design, verified=voter != 7))

    @rule(number=SMALL, decision=st.sampled_from(Decision))
    def approve_whole(self, number: int, decision: Decision) -> None:
        """Two members vote and everything runs to its end."""
        for voter in (0, 1):
            self.vote(voter, number, decision if voter else Decision.APPROVE)
            self.pair.apply(Finish())

    @rule(number=SMALL)
    def settle(self, number: int) -> None:
        """The crank tries to close a spec."""
        self.close(self.open_spec(number))

    def close(self, key: RecordKey) -> None:
        """A saga of the crank, which closes a spec."""
        call = self.pair.paying(calls.settle(key, self.design))
        self.start(sagas.settle(self.cast.crank, key, call, self.design))

    @rule(number=st.integers(0, 5))
    def expire(self, number: int) -> None:
        """A spec's window passes, and the crank closes it."""
        key = self.open_spec(number)
        self.pair.apply(Advance(1, WINDOW))
        self.close(key)
        self.pair.apply(Finish())

    @rule(number=SMALL, who=SMALL)
    def claim(self, number: int, who: int) -> None:
        """Somebody claims a share."""
        wallet = self.wallet(who % 2)
        call = calls.claim(wallet, self.key(number), self.cast.token(wallet), self.design)
        self.pair.apply(Execute(call, wallet))

    @precondition(lambda self: self.pair.sagas)
    @rule(number=SMALL)
    def step(self, number: int) -> None:
        """One arrow of one saga."""
        self.pair.apply(Step(number))

    @precondition(lambda self: self.pair.sagas)
    @rule(number=SMALL, arrows=st.integers(1, 4))
    def steps(self, number: int, arrows: int) -> None:
        """A few arrows of one saga."""
        for _ in range(arrows):
            self.pair.apply(Step(number))

    @precondition(lambda self: self.pair.sagas)
    @rule()
    def finish_all(self) -> None:
        """Everything under way runs to its end."""
        self.pair.apply(Finish())

    @precondition(lambda self: self.pair.sagas)
    @rule(arrows=st.integers(0, 5))
    def crash(self, arrows: int) -> None:
        """Somebody goes away in the middle of the youngest saga."""
        youngest = len(self.pair.sagas) - 1
        for _ in range(min(arrows, len(self.pair.sagas[youngest].arrows) - 1)):
            self.pair.apply(Step(youngest))
            if len(self.pair.sagas) == youngest:
                return
        self.pair.apply(Crash(youngest))

    @precondition(lambda self: self.pair.cut_off and not self.pair.sagas)
    @rule()
    def recover(self) -> None:
        """The store catches up with the ledger."""
        self.pair.apply(Recover())

    @rule(seconds=st.sampled_from((0, 1, WINDOW - 1, WINDOW)))
    def advance(self, seconds: int) -> None:
        """Time passes between any two arrows."""
        self.pair.apply(Advance(1, seconds))

    @rule(who=SMALL, premium=st.booleans(), query=st.sampled_from(QUERIES), where=SMALL)
    def search(self, who: int, premium: bool, query: str, where: int) -> None:
        """A search by a co-author, an author or somebody else."""
        thread = self.cast.thread(0) if where % 2 else None
        viewer = Viewer(self.wallet(who), premium)
        self.pair.apply(Search(viewer, query, 1 + where // 2, thread))

    @rule(who=SMALL, number=SMALL, listing=st.booleans())
    def look(self, who: int, number: int, listing: bool) -> None:
        """One record, or a thread, as somebody sees it."""
        viewer, key = Viewer(self.wallet(who), who > 5), self.key(number)
        self.pair.apply(ListThread(viewer, key.thread) if listing else Get(viewer, key))

    @rule(number=SMALL, privacy=PRIVACY)
    def change_privacy(self, number: int, privacy: Privacy) -> None:
        """An author changes whom a record is for (M8)."""
        self.pair.apply(ChangePrivacy(self.key(number), privacy))

    @rule(number=SMALL)
    def damage(self, number: int) -> None:
        """Stored content is overwritten; whoever reads it next must notice."""
        self.pair.apply(Damage(self.key(number), "content that was never said"))

    @rule(author=SMALL, content=SMALL, spec=st.booleans())
    def hash_without_content(self, author: int, content: int, spec: bool) -> None:
        """Somebody submits past the sagas: a hash whose words nobody has stored, as yet."""
        wallet, hash_ = self.wallet(author), self.cast.hashes[content % 3]
        thread = self.cast.thread(0)
        call = calls.submit_message(wallet, thread, hash_, self.design)
        if spec:
            source = self.cast.token(wallet)
            call = calls.submit_spec(wallet, source, thread, hash_, MIN_STAKE, self.design)
        self.pair.apply(Execute(call, wallet))

    @rule(giver=SMALL, amount=st.sampled_from((1, 77)))
    def donate(self, giver: int, amount: int) -> None:
        """Tokens sent to a vault change no account by record (L4)."""
        wallet, vault = self.wallet(giver), addresses.stake_vault(self.cast.thread(0))
        call = calls.token_transfer(wallet, self.cast.token(wallet), vault, amount)
        self.pair.apply(Execute(call, wallet))


def system_machine_for(pair: SystemPair, design: Design = designs.DEFAULT) -> type[SystemMachine]:
    """The machine over one pair and design; examples share the pair and begin anew."""
    return type("SystemMachine", (SystemMachine,), {"pair": pair, "design": design})


def system_pair(ledger: LedgerFactory, store: ContentFactory, coverage: Coverage) -> SystemPair:
    """References and the factories' ledger and store, with the cast of the machines."""
    return SystemPair(
        ledger_pair(ledger, coverage),
        ContentPair(ReferenceContent(), store(), coverage),
        coverage,
    )


def run_system_lockstep(
    ledger: LedgerFactory,
    store: ContentFactory,
    *,
    seed: int,
    steps: int,
    design: Design = designs.DEFAULT,
    coverage: Coverage | None = None,
    progress: Progress | None = None,
) -> Coverage:
    """Run the system machine for at least `steps` commands.

    Raises `running.Failure`, which holds the least command sequence found that fails.
    """
    coverage = coverage or Coverage()
    pair = system_pair(ledger, store, coverage)
    try:
        run_machine(
            system_machine_for(pair, design),
            pair,
            Budget(seed=seed, steps=steps),
            progress=progress,
        )
    finally:
        pair.ledgers.real.close()
        pair.stores.real.close()
    return coverage
