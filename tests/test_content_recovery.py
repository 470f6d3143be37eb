"""Section 6, conflicts: metadata that went wrong is put right, and the ledger wins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from choir_model.adapters.edge import EdgeContent
from choir_model.content.port import ReferenceContent
from choir_model.domain.identity import RecordKey
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import MIN_STAKE, SETTINGS, Cast
from choir_model.lockstep.compare import Coverage, Violation
from choir_model.lockstep.content_pair import DamageStatus, DamageThread
from choir_model.lockstep.ledger_pair import Begin
from choir_model.lockstep.system import system_pair
from choir_model.lockstep.system_pair import Finish, Recover, Start, Step, SystemPair
from choir_model.ports.content import MAX_INTEGER, ContentPort
from choir_model.program import calls
from choir_model.program.bindings import Decision
from choir_model.protocols import sagas
from choir_model.protocols.sagas import Arrow, Saga

NEWS_ONLY = (Arrow.READ_RECORD, Arrow.FOLLOW_STATUS)
NEWS_ONLY_OF_THREADS = (Arrow.READ_THREAD, Arrow.FOLLOW_THREAD)


class Chat:
    """A thread with a pending spec, in both stores."""

    def __init__(self, pair: SystemPair) -> None:
        self.pair = pair
        cast = pair.ledgers.cast
        assert isinstance(cast, Cast)
        self.owner, author = cast.wallets[:2]
        self.thread = cast.thread(0)
        self.key = RecordKey(self.thread, author, cast.hashes[0])
        draft = sagas.draft(self.key, cast.contents[0], Privacy.PUBLIC, 1000)
        pair.apply(Begin(SETTINGS[0]))
        pair.run(sagas.create_thread(self.owner, cast.mint, 0))
        pair.run(sagas.submit_spec(draft, cast.token(author), MIN_STAKE))

    def approve(self) -> Saga:
        return sagas.approve(
            self.owner, self.key, calls.vote(self.owner, self.key, Decision.APPROVE)
        )

    def status(self) -> Status:
        held = self.pair.stores.real.observe_point(self.key)
        assert held is not None
        return held.message.status


@pytest.fixture(scope="module")
def edge() -> Iterator[EdgeContent]:
    with EdgeContent() as store:
        yield store


@pytest.fixture(params=["reference", "edge"])
def chat(request: pytest.FixtureRequest) -> Chat:
    def store() -> ContentPort:
        if request.param == "reference":
            return ReferenceContent()
        real: EdgeContent = request.getfixturevalue("edge")
        return real

    return Chat(system_pair(ReferenceLedger, store, Coverage()))


@pytest.mark.parametrize(
    "wrong", [Status.REJECTED, Status.PUBLISHED, Status.SUBMITTED, Status.DRAFT]
)
def test_s2_a_status_that_no_ledger_ever_had_is_taken_back(chat: Chat, wrong: Status) -> None:
    """Final statuses too: what is final is the ledger's record, not the store's copy (M8)."""
    chat.pair.apply(DamageStatus(chat.key, wrong))
    chat.pair.apply(Finish())  # is nobody's fault before somebody looked
    chat.pair.apply(Recover())
    assert chat.status() is Status.PENDING


def test_s2_a_flipped_decision_is_put_right(chat: Chat) -> None:
    chat.pair.run(chat.approve())
    chat.pair.apply(DamageStatus(chat.key, Status.REJECTED))
    chat.pair.apply(Recover())
    assert chat.status() is Status.PUBLISHED


@pytest.mark.parametrize("sequence", [0, MAX_INTEGER])
def test_s6_co_authors_of_a_sequence_that_never_was_are_put_right(
    chat: Chat, sequence: int
) -> None:
    before = chat.pair.stores.real.observe_thread(chat.thread)
    chat.pair.apply(DamageThread(chat.thread, (b"\7" * 32,), sequence))
    chat.pair.apply(Recover())
    assert chat.pair.stores.real.observe_thread(chat.thread) == before


def test_following_alone_recovers_no_status_from_the_future(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def follow(key: RecordKey, _: object) -> Saga:
        return Saga("recover", NEWS_ONLY, key.thread, key)

    monkeypatch.setattr(sagas, "recover", follow)
    chat.pair.apply(DamageStatus(chat.key, Status.EXPIRED))
    with pytest.raises(Violation, match="S2"):
        chat.pair.apply(Recover())


def test_following_alone_recovers_no_sequence_from_the_future(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def follow(thread: bytes) -> Saga:
        return Saga("recover thread", NEWS_ONLY_OF_THREADS, thread)

    monkeypatch.setattr(sagas, "recover_thread", follow)
    chat.pair.apply(DamageThread(chat.thread, (), MAX_INTEGER))
    with pytest.raises(Violation, match="S6"):
        chat.pair.apply(Recover())


@pytest.mark.parametrize("again", [True, False])
def test_a_correction_with_old_news_is_overtaken_by_the_second_reading(
    chat: Chat, again: bool
) -> None:
    """The record is read as Pending and published before the correction lands."""
    recovery = sagas.recover(chat.key)
    if not again:
        recovery = Saga("recover", recovery.arrows[:2], chat.thread, chat.key)
    chat.pair.apply(Start(recovery))
    chat.pair.apply(Step(0))
    chat.pair.apply(Start(chat.approve()))
    while len(chat.pair.sagas) > 1:
        chat.pair.apply(Step(1))
    assert chat.status() is Status.PUBLISHED
    chat.pair.apply(Step(0))
    assert chat.status() is Status.PENDING
    if again:
        chat.pair.apply(Finish())
        assert chat.status() is Status.PUBLISHED
    else:
        with pytest.raises(Violation, match="S2"):
            chat.pair.apply(Finish())
