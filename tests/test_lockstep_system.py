"""Both real stores through the sagas of section 6, in lockstep with both references."""

from __future__ import annotations

from dataclasses import replace

import pytest

from choir_model.adapters.edge import EdgeContent
from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.content import reference
from choir_model.content.cells import Point
from choir_model.content.port import ReferenceContent
from choir_model.domain.identity import RecordKey
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.engine import View
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import MIN_STAKE, SETTINGS, Cast
from choir_model.lockstep.compare import Coverage, Violation
from choir_model.lockstep.content_pair import Damage
from choir_model.lockstep.ledger_pair import Begin, Execute
from choir_model.lockstep.running import Budget, Failure, replay, run_machine
from choir_model.lockstep.system import (
    SAGAS,
    run_system_lockstep,
    system_machine_for,
    system_pair,
)
from choir_model.lockstep.system_pair import Crash, Finish, Recover, Start, Step
from choir_model.program import calls
from choir_model.program.bindings import Decision, Reason
from choir_model.protocols import sagas
from choir_model.protocols.sagas import Arrow, Saga


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    return run_system_lockstep(LiteSvmLedger, EdgeContent, seed=1, steps=9000)


def test_every_saga_is_brought_to_its_end_on_the_real_stores(coverage: Coverage) -> None:
    print(coverage.situations)
    assert {name for name in SAGAS if not coverage.situations[f"{name}: done"]} == set()


def test_every_arrow_of_every_saga_is_performed(coverage: Coverage) -> None:
    propagation = [arrow.value for arrow in sagas.PROPAGATE]
    arrows = {
        "create thread": ["send transaction", "read thread back", "follow thread"],
        "submit message": ["store content", "send transaction", *propagation],
        "submit spec": ["store content", "send transaction", *propagation],
        "vote": ["verify ledger state", "send transaction", *propagation],
        "settle": ["send transaction", *propagation],
        "recover": ["read record back", "correct status", "follow status"],
        "recover thread": ["read thread back", "correct thread", "follow thread"],
    }
    expected = {f"{saga}: {arrow}" for saga, names in arrows.items() for arrow in names}
    assert expected - set(coverage.situations) == set()


def test_sagas_are_cut_off_between_their_arrows(coverage: Coverage) -> None:
    cuts = [s for s in coverage.situations if "cut off before" in s]
    assert any("cut off before send" in s for s in cuts)
    assert any("cut off before follow" in s for s in cuts)
    assert coverage.situations["checked: record is stored with its status"] > 100


def test_specs_are_published_rejected_and_expired(coverage: Coverage) -> None:
    for event in ("MessagePublished", "MessageRejected", "MessageExpired", "CoAuthorAdded"):
        assert coverage.events[event] > 0, event


def test_searches_hide_and_quarantine(coverage: Coverage) -> None:
    for answer in ("Results", "Listing", "Found", "Hidden", "Missing", "Quarantined"):
        assert coverage.events[answer] > 0, answer


def test_the_same_seed_gives_the_same_run() -> None:
    runs = [
        run_system_lockstep(ReferenceLedger, ReferenceContent, seed=5, steps=600) for _ in range(2)
    ]
    assert runs[0] == runs[1]


def caught(steps: int = 6000) -> Failure:
    """The failure of a run on two references, minimised, replayed once more."""
    pair = system_pair(ReferenceLedger, ReferenceContent, Coverage())
    with pytest.raises(Failure) as failure:
        run_machine(system_machine_for(pair), pair, Budget(seed=1, steps=steps))
    again = replay(pair, failure.value.commands)
    assert str(again) == str(failure.value.cause)
    return failure.value


def test_a_saga_that_forgets_the_status_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """S2: sagas that end without FollowStatus leave published records Submitted."""
    forgetful = tuple(a for a in sagas.PROPAGATE if a is not Arrow.FOLLOW_STATUS)
    monkeypatch.setattr(sagas, "PROPAGATE", forgetful)
    failure = caught()
    assert isinstance(failure.cause, Violation)
    assert failure.cause.clause == "S2"
    assert len(failure.commands) <= 8


def test_a_saga_that_forgets_the_co_authors_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """S6: after a completed sync the store's co-authors are the ledger's."""
    forgetful = tuple(a for a in sagas.PROPAGATE if a is not Arrow.FOLLOW_THREAD)
    monkeypatch.setattr(sagas, "PROPAGATE", forgetful)
    failure = caught()
    assert isinstance(failure.cause, Violation)
    assert failure.cause.clause == "S6"


def test_a_saga_that_stores_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """S5a: a record made by the protocol has stored content."""
    honest = sagas._submit

    def hash_only(*arguments: object) -> Saga:
        saga = honest(*arguments)  # type: ignore[arg-type]
        return replace(saga, arrows=saga.arrows[1:])

    monkeypatch.setattr(sagas, "_submit", hash_only)
    failure = caught()
    assert isinstance(failure.cause, Violation)
    assert failure.cause.clause == "S5a"


def test_a_recovery_that_recovers_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """S15: after recovery the store is what the ledger says, cut-off sagas or not."""

    def idle(key: object, _: object) -> Saga:
        return Saga("recover", (Arrow.READ_RECORD,), b"", key)  # type: ignore[arg-type]

    monkeypatch.setattr(sagas, "recover", idle)
    failure = caught(12_000)
    assert isinstance(failure.cause, Violation)
    assert any("Crash" in repr(command) for command in failure.commands)


def test_what_a_saga_read_before_another_was_cut_off_is_not_taken_for_a_sync() -> None:
    """S6: a spec's saga reads the thread, a vote seats somebody and is cut off, then the
    first saga ends with what it read: the store is behind, and only recovery is to mend it.
    """
    pair = system_pair(ReferenceLedger, ReferenceContent, Coverage())
    cast = pair.ledgers.cast
    assert isinstance(cast, Cast)
    owner, first, second = cast.wallets[:3]

    def spec(author: bytes, content: int) -> Saga:
        key = RecordKey(cast.thread(0), author, cast.hashes[content])
        text = cast.contents[content]
        draft = sagas.draft(key, text, Privacy.PUBLIC, 1000)
        return sagas.submit_spec(draft, cast.token(author), MIN_STAKE)

    earlier = spec(first, 0)
    assert earlier.key is not None
    vote = calls.vote(owner, earlier.key, Decision.APPROVE)
    pair.apply(Begin(SETTINGS[0]))
    pair.apply(Start(sagas.create_thread(owner, cast.mint, 0)))
    pair.apply(Finish())
    pair.apply(Start(earlier))
    pair.apply(Finish())
    pair.apply(Start(spec(second, 1)))
    for _ in range(4):
        pair.apply(Step(0))
    pair.apply(Start(sagas.approve(owner, earlier.key, vote)))
    pair.apply(Step(1))
    pair.apply(Step(1))
    pair.apply(Crash(1))
    pair.apply(Finish())
    held = pair.stores.reference.observe_thread(cast.thread(0))
    assert held is not None
    assert held.co_authors == (owner,)
    pair.apply(Recover())
    held = pair.stores.reference.observe_thread(cast.thread(0))
    assert held is not None
    assert held.co_authors == (owner, first)


def test_content_that_was_never_said_is_caught_on_whose_side_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S5b: agreement is not enough; both stores may be wrong together."""
    honest = reference.set_status

    def corrupting(view: View, key: RecordKey, status: Status) -> None:
        honest(view, key, status)
        if status is Status.PUBLISHED:
            Point(view, key).content = "never said"

    monkeypatch.setattr(reference, "set_status", corrupting)
    failure = caught()
    assert isinstance(failure.cause, Violation)
    assert failure.cause.clause == "S5b"


def test_a_submission_repeated_after_it_was_cut_off_brings_the_store_up_to_date() -> None:
    """Section 6, StateConflict: the second attempt is refused and reads back."""
    pair = system_pair(ReferenceLedger, ReferenceContent, Coverage())
    cast = pair.ledgers.cast
    assert isinstance(cast, Cast)
    key = cast.record(0, 0, 0)
    saga = sagas.submit_message(sagas.draft(key, cast.contents[0], Privacy.PUBLIC, 1000))
    pair.apply(Begin(SETTINGS[0]))
    pair.apply(Start(sagas.create_thread(cast.wallets[0], cast.mint, 0)))
    pair.apply(Finish())
    pair.apply(Start(saga))
    pair.apply(Step(0))
    pair.apply(Step(0))
    pair.apply(Crash(0))
    ended = pair.run(saga)
    assert ended.failed is Reason.DuplicateContent
    point = pair.stores.reference.observe_point(key)
    assert point is not None
    assert point.message.status is Status.PUBLISHED
    assert key not in pair.cut_off


def test_a_hash_recorded_past_a_saga_that_never_got_to_store_is_nobodys_promise() -> None:
    """S5a is about records made by the protocol; section 8 knows hashes without content."""
    pair = system_pair(ReferenceLedger, ReferenceContent, Coverage())
    cast = pair.ledgers.cast
    assert isinstance(cast, Cast)
    key, owner = cast.record(0, 0, 0), cast.wallets[0]
    pair.apply(Begin(SETTINGS[0]))
    pair.apply(Start(sagas.create_thread(owner, cast.mint, 0)))
    pair.apply(Finish())
    draft = sagas.draft(key, cast.contents[0], Privacy.PUBLIC, 1000)
    pair.apply(Start(sagas.submit_message(draft)))
    pair.apply(Crash(0))
    pair.apply(Execute(calls.submit_message(owner, key.thread, key.hash), owner))
    pair.apply(Recover())
    pair.finish()


def test_damage_is_no_violation_until_somebody_claims_it_is_fine() -> None:
    """Content that was damaged is found out by whoever reads it; agreement still holds."""
    pair = system_pair(ReferenceLedger, ReferenceContent, Coverage())
    run_machine(system_machine_for(pair), pair, Budget(seed=2, steps=300))
    assert pair.coverage.commands[Damage.__name__] > 0
