"""The content machine: generated commands on reference and real store, in lockstep.

Theory of operation
-------------------
`ContentMachine` is a Hypothesis state machine whose rules draw a few small numbers and turn
them into one command, which a `ContentPair` executes on both stores.  The world is the
small one of `content_cast`: keys collide, scores and times tie, and a limit falls between
equals.  Most rules are about records that were stored before.  Faults (damaged content and
metadata, lost vectors, old snapshots) are ordinary rules, and so is every way to be refused.
Pages are asked for beyond places that an earlier answer gave, whatever happened since.

Indices are lost at the beginning of a sequence, if at all: making them again is the one
operation that waits for a disk.

`run_content_lockstep` is the suite.  Another store is tested by three lines::

    def test_my_store():
        coverage = run_content_lockstep(MyStore, seed=1, steps=2000)
        assert not coverage.missing(refusals=CONTENT_REFUSALS, events=CONTENT_ANSWERS)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from choir_model.content.port import ReferenceContent
from choir_model.domain.identity import RecordKey
from choir_model.domain.lifecycle import ContentFault, Privacy, Status
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.content_cast import (
    CONTENTS,
    INTERVALS,
    LIMITS,
    LONE_SURROGATE,
    PAGES,
    PEOPLE,
    QUERIES,
    RECORDS,
    SEQUENCES,
    THREADS,
    TIMES,
    TOO_LARGE,
    VIEWERS,
)
from choir_model.lockstep.content_pair import (
    Begin,
    Checkpoint,
    Command,
    ContentPair,
    CorrectStatus,
    CorrectThread,
    Damage,
    DamagePrivacy,
    DamageStatus,
    DamageThread,
    Delete,
    Get,
    List,
    ListThread,
    LoseIndex,
    LoseVector,
    Observe,
    PutThread,
    PutThreadPartly,
    RebuildIndices,
    Search,
    SetPrivacy,
    SetStatus,
    Upsert,
)
from choir_model.lockstep.running import Budget, Progress, run_machine
from choir_model.ports.content import (
    MAX_INTEGER,
    ContentPort,
    Cursor,
    Index,
    Listing,
    Message,
    Page,
    Rank,
    Reason,
    Results,
    Where,
)

ContentFactory: TypeAlias = Callable[[], ContentPort]

CONTENT_REFUSALS = frozenset({reason.name for reason in (*Reason, *ContentFault)}) - {
    Reason.POINT_ID_COLLISION.name  # needs two records whose SHA-256 begin alike
}
"""Every refusal the commands of this machine can meet."""

CONTENT_ANSWERS = frozenset(
    {"Stored", "Stored already", "Repaired", "Deleted", "Found", "Missing", "Hidden"}
    | {"Quarantined", "Listing", "Results", "Rebuilt"}
)
"""Every kind of answer, as counted in `Coverage.events`."""


RECORD = st.integers(0, len(RECORDS) - 1)
VIEWER = st.integers(0, len(VIEWERS) - 1)
THREAD = st.integers(0, 1)
STORED = st.sampled_from((Status.PENDING, Status.PUBLISHED, Status.SUBMITTED, *Status))
"""Statuses of new records: mostly ones that something may follow."""
KINDS = tuple(product([status for status in Status if status is not Status.DRAFT], Privacy))
"""The rows of the visibility table that can be stored."""
NEWS = st.sampled_from((Status.PUBLISHED, *Status))
PRIVACY = st.sampled_from(Privacy)
PLACES = 5
"""Of a search: either thread, everywhere (twice), everywhere with a misfit vector."""
SEARCHES = len(VIEWERS) * len(LIMITS) * len(QUERIES) * PLACES * 2
SOMEWHERE = (None, *THREADS, None)
SOMEBODY = (None, None, None, *PEOPLE)
LISTS = len(VIEWERS) * len(PAGES) * len(SOMEWHERE) * len(SOMEBODY) * 2


class ContentMachine(RuleBasedStateMachine):
    """Rules over one `ContentPair`, which outlives the examples; see `machine_for`."""

    pair: ContentPair

    @initialize(
        prelude=st.integers(0, 7), spread=st.integers(0, len(KINDS) - 1), lost=st.integers(0, 47)
    )
    def begin(self, prelude: int, spread: int, lost: int) -> None:
        """Start empty; mostly with members, published records, and some of every kind.

        In a third of all sequences some of the indices are lost, perhaps twice.
        """
        self.stored: list[int] = []
        self.place: Cursor | None = None
        self.rank: Rank | None = None
        self.pair.apply(Begin())
        for number, index in enumerate(Index):
            if lost < 16 and lost >> number & 1:
                for _ in range(1 + (lost & 1)):
                    self.pair.apply(LoseIndex(index))
        if prelude & 1:
            self.members(0, 0b0101, 1)
            self.members(1, 0b0010, 1)
        if prelude & 2:
            for number in range(0, len(RECORDS), 2):
                self.store(number, Status.PUBLISHED, Privacy.PUBLIC, TIMES[number // 2 + 2])
        if prelude & 4:
            for number in range(1, len(RECORDS), 2):
                self.store(
                    number, *KINDS[(spread + number) % len(KINDS)], TIMES[spread % len(TIMES)]
                )

    def known(self, number: int) -> int:
        """One of the records stored so far; now and then one that need not be there."""
        if not self.stored or number == 0:
            return number
        return self.stored[-1 - number % len(self.stored)]

    def key(self, number: int) -> RecordKey:
        """The key of such a record."""
        return RECORDS[self.known(number)][0]

    def teardown(self) -> None:
        """Compare what is too costly for every step."""
        self.pair.finish()

    @rule(number=RECORD, status=STORED, privacy=PRIVACY, time=st.sampled_from(TIMES))
    def store(self, number: int, status: Status, privacy: Privacy, time: int) -> None:
        """A proper message, in any status; times repeat."""
        self.pair.apply(Upsert(_message(number, status, privacy, time)))
        if status is not Status.DRAFT:
            self.stored.append(number)

    @rule(number=RECORD, how=st.integers(0, 6))
    def store_improper(self, number: int, how: int) -> None:
        """Something that is refused, or the longest content there is."""
        key, content = RECORDS[number]
        time, misfit = 0, False
        match how:
            case 0:
                content = CONTENTS[(number + 1) % len(CONTENTS)] + "?"
            case 1:
                content = ""
            case 2:
                content = TOO_LARGE
            case 3:
                content = LONE_SURROGATE
            case 4:
                misfit = True
            case 5:
                time = MAX_INTEGER + 1
            case _:
                time = -MAX_INTEGER - 2
        message = Message(key, content, Status.PUBLISHED, Privacy.PUBLIC, time)
        self.pair.apply(Upsert(message, misfit))

    @rule(number=RECORD, status=NEWS)
    def decide(self, number: int, status: Status) -> None:
        """News from the ledger, likely or not."""
        self.pair.apply(SetStatus(self.key(number), status))

    @rule(number=RECORD, privacy=PRIVACY)
    def restrict(self, number: int, privacy: Privacy) -> None:
        """The author changes whom a record is for."""
        self.pair.apply(SetPrivacy(self.key(number), privacy))

    @rule(thread=THREAD, members=st.integers(0, 15), at=st.integers(0, len(SEQUENCES) - 1))
    def members(self, thread: int, members: int, at: int) -> None:
        """A thread's co-authors: newer, older, the same sequence, or no sequence at all."""
        seated = tuple(person for n, person in enumerate(PEOPLE) if members >> n & 1)
        self.pair.apply(PutThread(THREADS[thread], seated, SEQUENCES[at]))

    @rule(number=RECORD, vector_only=st.booleans())
    def lose(self, number: int, vector_only: bool) -> None:
        """An orphan is removed, or a vector gone."""
        key = self.key(number)
        self.pair.apply(LoseVector(key) if vector_only else Delete(key))

    @rule(viewer=VIEWER, number=RECORD)
    def get(self, viewer: int, number: int) -> None:
        """Three viewers read a record: two of one kind, one of the other."""
        for step in (0, 2, 5):
            self.pair.apply(Get(VIEWERS[(viewer + step) % len(VIEWERS)], self.key(number)))

    @rule(viewer=VIEWER, thread=THREAD)
    def list_thread(self, viewer: int, thread: int) -> None:
        """Somebody reads a thread."""
        self.pair.apply(ListThread(VIEWERS[viewer], THREADS[thread]))

    @rule(choice=st.integers(0, LISTS - 1), interval=st.sampled_from(INTERVALS))
    def list(self, choice: int, interval: tuple[int | None, int | None]) -> None:
        """Somebody reads a page: the first one, or one beyond where an earlier one ended."""
        choice, viewer = divmod(choice, len(VIEWERS))
        choice, limit = divmod(choice, len(PAGES))
        choice, thread = divmod(choice, len(SOMEWHERE))
        later, author = divmod(choice, len(SOMEBODY))
        where = Where(SOMEWHERE[thread], SOMEBODY[author], *interval)
        page = Page(PAGES[limit], self.place if later else None)
        answer = self.pair.apply(List(VIEWERS[viewer], where, page))
        if isinstance(answer, Listing) and answer.next is not None:
            self.place = answer.next

    @rule(viewer=VIEWER, limit=st.integers(1, 3))
    def leaf(self, viewer: int, limit: int) -> None:
        """Somebody leafs through everything, page by page."""
        page: Page | None = Page(limit)
        while page is not None:
            answer = self.pair.apply(List(VIEWERS[viewer], Where(), page))
            assert isinstance(answer, Listing)
            page = Page(limit, answer.next) if answer.next is not None else None

    @rule(choice=st.integers(0, SEARCHES - 1))
    def search(self, choice: int) -> None:
        """Somebody searches, everywhere or in a thread; the limit often parts equals.

        Drawn as one number, because Hypothesis prefers the rule with the fewest draws, and
        searches are the operation most worth preferring.
        """
        choice, viewer = divmod(choice, len(VIEWERS))
        choice, limit = divmod(choice, len(LIMITS))
        choice, query = divmod(choice, len(QUERIES))
        later, where = divmod(choice, PLACES)
        thread = THREADS[where] if where < len(THREADS) else None
        wanted = Search(VIEWERS[viewer], QUERIES[query], LIMITS[limit], thread, where == 4)
        answer = self.pair.apply(replace(wanted, after=self.rank) if later else wanted)
        if isinstance(answer, Results) and answer.next is not None:
            self.rank = answer.next

    @rule(number=RECORD, status=st.sampled_from(Status), privacy=PRIVACY, how=st.integers(0, 3))
    def metadata(self, number: int, status: Status, privacy: Privacy, how: int) -> None:
        """Metadata of a record goes wrong, is put right, or both."""
        key = self.key(number)
        if how == 2:
            self.pair.apply(DamagePrivacy(key, privacy))
        if how != 1:
            self.pair.apply(DamageStatus(key, status))
        if how > 0:
            self.pair.apply(CorrectStatus(key, KINDS[number][0] if how == 2 else status))

    @rule(
        thread=THREAD,
        members=st.integers(0, 15),
        at=st.integers(0, len(SEQUENCES) - 1),
        how=st.integers(-2, 2),
    )
    def membership(self, thread: int, members: int, at: int, how: int) -> None:
        """A thread's co-authors go wrong, or are put right, whatever sequence is held.

        Or a change of them is cut off, and perhaps made again.
        """
        seated = tuple(person for n, person in enumerate(PEOPLE) if members >> n & 1)
        if how < 0:
            done = members % 4 - 2 * (members == 6)
            cut_off = PutThreadPartly(THREADS[thread], seated, SEQUENCES[at], done)
            self.pair.apply(cut_off)
            if how == -1:
                self.pair.apply(PutThread(THREADS[thread], seated, SEQUENCES[at]))
            return
        for _ in range(how):
            self.pair.apply(DamageThread(THREADS[thread], seated, SEQUENCES[at]))
        if how < 2:
            self.pair.apply(CorrectThread(THREADS[thread], seated, SEQUENCES[at]))

    @rule(number=RECORD, content=st.integers(-1, len(CONTENTS)))
    def damage(self, number: int, content: int) -> None:
        """Content is overwritten, perhaps by what was there."""
        text = (*CONTENTS, LONE_SURROGATE, "")[content]
        self.pair.apply(Damage(self.key(number), text))

    @rule(number=RECORD, viewer=VIEWER, how=st.integers(0, 5))
    def damage_and_read(self, number: int, viewer: int, how: int) -> None:
        """Content is overwritten, somebody meets it, and it may be stored again."""
        number = self.known(number)
        key = RECORDS[number][0]
        self.pair.apply(Damage(key, "not what was said"))
        reader = VIEWERS[viewer]
        match how % 3:
            case 0:
                self.pair.apply(Get(reader, key))
            case 1:
                self.pair.apply(ListThread(reader, key.thread))
            case _:
                self.pair.apply(Search(reader, "alpha", 2))
        if how < 3:
            self.pair.apply(Upsert(_message(number, Status.PENDING, Privacy.PREMIUM, 9)))

    @rule(compare=st.booleans(), back=st.booleans())
    def checkpoint(self, compare: bool, back: bool) -> None:
        """Compare everything, save both stores, go back, or make lost indices again."""
        if not compare:
            self.pair.apply(Checkpoint(back))
        else:
            self.pair.apply(RebuildIndices() if back else Observe())


def _message(number: int, status: Status, privacy: Privacy, created_at: int) -> Message:
    key, content = RECORDS[number]
    return Message(key, content, status, privacy, created_at)


def machine_for(pair: ContentPair) -> type[ContentMachine]:
    """The machine over one pair; examples share the pair and start from empty stores."""
    return type("ContentMachine", (ContentMachine,), {"pair": pair})


def run_content_lockstep(
    factory: ContentFactory,
    *,
    seed: int,
    steps: int,
    coverage: Coverage | None = None,
    reference: ContentPort | None = None,
    progress: Progress | None = None,
) -> Coverage:
    """Run the content machine for about `steps` commands.

    Raises `running.Failure`, which holds the least command sequence found, on a
    disagreement.  The store is closed at the end.
    """
    coverage = coverage or Coverage()
    real = factory()
    ours = reference or ReferenceContent(real.dimension, design=real.design)
    pair = ContentPair(ours, real, coverage)
    try:
        run_machine(machine_for(pair), pair, Budget(seed=seed, steps=steps), progress=progress)
    finally:
        real.close()
    return coverage


__all__ = [
    "CONTENT_ANSWERS",
    "CONTENT_REFUSALS",
    "Command",
    "ContentMachine",
    "run_content_lockstep",
]
