"""What becomes of each kind of delivery, gap and look at the accounts (L6)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from event_reader_story import Accounts, Story, runtime_log
from ledger_world import APPROVE, DENY
from test_ledger_events import OTHER, data, frame

from choir_model.domain.identity import Address
from choir_model.ledger.projection import TornRead, UnfitEvent, after, read_thread
from choir_model.ledger.reader import Delivery, StaleLedger, ThreadReader, Transaction
from choir_model.ports.ledger import AccountImage
from choir_model.program import addresses, bindings
from choir_model.program.bindings import PROGRAM_ID
from choir_model.program.events import read_events


def story_of_five(name: str = "reference") -> Story:
    """Sequences 1 | 2 3 | 4 | 5 to 8 | 9 10 11 12, the last two messages in one transaction."""
    story = Story(name)
    story.send(story.create())
    story.send(story.message(0, "first"))
    story.send(story.spec(1, "let me in"))
    story.send(story.vote(0, story.key(1, "let me in")))
    story.send(story.message(0, "third"), story.message(1, "fourth"))
    assert list(story.truth) == [0, 1, 3, 4, 8, 12]
    return story


def fresh(story: Story, taken: int = 0) -> ThreadReader:
    """A reader that has had the first transactions of the story."""
    reader = ThreadReader(story.thread, story.design)
    for transaction in story.sent[:taken]:
        assert reader.take(transaction) is Delivery.APPLIED
    return reader


def cut(transaction: Transaction, before: int) -> Transaction:
    """Truncated by the runtime at line `before`."""
    logs = (*transaction.logs[:before], "Log truncated")
    return dataclasses.replace(transaction, logs=logs)


def fill(reader: ThreadReader, story: Story, slot: int) -> None:
    """From accounts as of `slot`."""
    reader.fill(story.moments[slot], slot)  # type: ignore[arg-type]


def test_a_repeated_delivery_changes_nothing() -> None:
    """L6: also of what came early, and of what the accounts knew before."""
    story = story_of_five()
    reader = fresh(story, 2)
    assert [reader.take(t) for t in story.sent[:2]] == [Delivery.DUPLICATE] * 2
    assert reader.take(story.sent[4]) is Delivery.EARLY
    assert reader.take(story.sent[4]) is Delivery.DUPLICATE
    assert reader.state == story.truth[3]
    fill(reader, story, 5)
    assert {reader.take(t) for t in story.sent} == {Delivery.DUPLICATE}
    assert reader.state == story.truth[12]


def test_a_gap_is_told_with_its_first_and_last_number() -> None:
    """L6: and closed when what is missing arrives, in whatever order."""
    story = story_of_five()
    reader = fresh(story, 1)
    assert reader.missing is None
    assert reader.take(story.sent[4]) is Delivery.EARLY
    assert reader.missing == (2, 8)
    assert reader.take(story.sent[2]) is Delivery.EARLY
    assert reader.missing == (2, 3)
    assert reader.take(story.sent[1]) is Delivery.APPLIED
    assert reader.state == story.truth[4]
    assert reader.missing == (5, 8)
    assert reader.take(story.sent[3]) is Delivery.APPLIED
    assert reader.state == story.truth[12]
    assert not reader.missing


def test_half_a_transaction_is_never_applied() -> None:
    """L6, S12: one instruction of two, whether or not the log says that it was truncated."""
    story = story_of_five()
    pair = story.sent[4]
    assert len(pair.logs) == 8
    for half in (cut(pair, 4), cut(pair, 6)):
        reader = fresh(story, 4)
        assert reader.take(half) is Delivery.INCOMPLETE
        assert reader.state == story.truth[8]
        assert reader.truncated == {pair.signature}
        assert reader.missing in ((9, 10), (9, 12))
        assert reader.take(pair) is Delivery.APPLIED
        assert (reader.state, reader.truncated) == (story.truth[12], frozenset())
        assert reader.missing is None
    for lost in (1, 2, 5, 6):
        reader = fresh(story, 4)
        logs = tuple(line for at, line in enumerate(pair.logs) if at != lost)
        assert reader.take(dataclasses.replace(pair, logs=logs)) is Delivery.INCOMPLETE
        assert reader.state == story.truth[8]
        assert reader.missing
        fill(reader, story, 5)
        assert reader.state == story.truth[12]
        assert not reader.missing


def test_a_truncated_log_counts_even_if_it_shows_nothing_of_the_thread() -> None:
    """L6: until the whole log or the accounts make up for it; its copies are no news then."""
    story = story_of_five()
    blind = cut(story.sent[2], 0)
    for recover in ("log", "accounts"):
        reader = fresh(story, 2)
        assert reader.take(blind) is Delivery.INCOMPLETE
        assert reader.missing is None
        assert reader.truncated == {blind.signature}
        if recover == "log":
            assert reader.take(story.sent[2]) is Delivery.APPLIED
        else:
            fill(reader, story, 3)
        assert (reader.state, reader.truncated) == (story.truth[4], frozenset())
        assert reader.take(blind) is Delivery.DUPLICATE
        assert reader.truncated == frozenset()
    reader = fresh(story, 2)
    other = Transaction(b"other", 3, (*frame(OTHER, 1), "Log truncated"))
    reader.take(other)
    assert reader.take(dataclasses.replace(other, logs=tuple(frame(OTHER, 1)))) is Delivery.NOTHING
    assert reader.truncated == frozenset()


def test_what_failed_did_not_happen() -> None:
    """L6, L3: told by the status, or by the log alone, also at another program's hands."""
    story = story_of_five()
    happened = story.sent[1]
    failed = f"Program {OTHER} failed: custom program error: 0x1"
    wrapped = (f"Program {OTHER} invoke [1]", *happened.logs, failed)
    for not_so in (
        dataclasses.replace(happened, failed=True),
        dataclasses.replace(cut(happened, 2), failed=True),
        dataclasses.replace(happened, logs=(*happened.logs, *wrapped[:1], failed)),
        dataclasses.replace(happened, logs=wrapped),
    ):
        reader = fresh(story, 1)
        assert reader.take(not_so) is Delivery.NOTHING
        assert (reader.state, reader.missing) == (story.truth[1], None)
        assert reader.truncated == frozenset()


@pytest.mark.parametrize("name", ["reference", "litesvm"])
def test_a_joint_transaction_that_fails_at_its_second_instruction_leaves_nothing(name: str) -> None:
    """L6: the first instruction's events are in the log of a transaction without effect."""
    story = story_of_five(name)
    assert not story.send(story.message(0, "fifth"), story.message(0, "fifth"))
    assert len(read_events(story.sent[5].logs)) == 2
    reader = fresh(story, 5)
    assert reader.take(story.sent[5]) is Delivery.NOTHING
    told_by_log_alone = dataclasses.replace(story.sent[5], failed=False)
    assert reader.take(told_by_log_alone) is Delivery.NOTHING
    assert reader.state == read_thread(story.ledger, story.thread)


def test_accounts_older_than_the_state_are_refused_and_change_nothing() -> None:
    """L6."""
    story = story_of_five()
    reader = fresh(story, 4)
    for old in range(4):
        with pytest.raises(StaleLedger):
            fill(reader, story, old)
    assert reader.state == story.truth[8]
    fill(reader, story, 4)
    assert reader.state == story.truth[8]


def test_accounts_older_than_what_was_seen_fill_what_they_can() -> None:
    """L6: the rest stays missing; what had come early goes on where they end."""
    story = story_of_five()
    reader = fresh(story)
    reader.take(story.sent[4])
    reader.take(cut(story.sent[3], 2))
    fill(reader, story, 2)
    assert (reader.state, reader.missing) == (story.truth[3], (4, 8))
    assert reader.truncated == {story.sent[3].signature}
    fill(reader, story, 4)
    assert (reader.state, reader.missing) == (story.truth[12], None)


def test_before_its_creation_a_thread_has_no_state() -> None:
    """L6."""
    story = story_of_five()
    reader = fresh(story)
    fill(reader, story, 0)
    assert (reader.state, reader.sequence, reader.missing) == (None, 0, None)
    assert reader.take(story.sent[1]) is Delivery.EARLY
    assert reader.missing == (1, 1)


def test_what_the_accounts_knew_is_kept_no_longer() -> None:
    """L6: a later gap is told from where it begins to where it ends."""
    story = story_of_five()
    reader = fresh(story, 2)
    reader.take(story.sent[4])
    fill(reader, story, 5)
    story.send(story.message(0, "fifth"))
    story.send(story.message(0, "sixth"))
    assert reader.take(story.sent[6]) is Delivery.EARLY
    assert reader.missing == (13, 14)


class Moving(Accounts):
    """A ledger on which the thread moves on while it is read."""

    def __init__(self, before: Accounts, later: Accounts) -> None:
        self.before, self.later, self.reads = before, later, 0

    def account(self, address: Address) -> AccountImage | None:
        self.reads += 1
        return (self.before if self.reads == 1 else self.later).account(address)

    def program_accounts(self) -> frozenset[Address]:
        return self.later.program_accounts()


def test_a_thread_that_moves_while_it_is_read_is_read_again() -> None:
    """L6, S12: accounts of two moments are no state."""
    story = story_of_five()
    reader = fresh(story, 2)
    with pytest.raises(TornRead):
        reader.fill(Moving(story.moments[2], story.moments[3]), 3)  # type: ignore[arg-type]
    assert reader.state == story.truth[3]


def test_accounts_restore_the_state_and_not_the_order_of_votes() -> None:
    """L6: two histories, one state."""
    filled, histories = [], []
    for order in ((0, 1), (1, 0)):
        story = story_of_five()
        key = story.key(2, "both")
        story.send(story.spec(2, "both"))
        for voter in order:
            story.send(story.vote(voter, key, APPROVE))
        histories.append([e for t in story.sent for e in read_events(t.logs)])
        reader = fresh(story)
        reader.fill(story.ledger, story.slot)
        filled.append(reader.state)
    assert histories[0] != histories[1]
    assert filled[0] == filled[1]


# Events that cannot follow

STRANGER = b"s" * 32


def unfit(story: Story) -> dict[str, list[Any]]:
    """Events with the right numbers that no ledger would emit after the story's fourth."""
    thread, me = story.thread, story.wallets[0]
    known, spec = story.key(0, "first"), story.key(2, "open")
    at = (thread, 9, 9, 9)
    opened = bindings.SpecSubmitted(thread, 9, 9, 10, spec.author, spec.hash, 100, 2, 0, 5)
    then = (thread, 10, 9, 10)
    voted = bindings.ApprovalReceived
    return {
        "created again": [bindings.ThreadCreated(*at, me, 0, 0)],
        "opened again": [bindings.MessageCreated(*at, me, known.hash, 0)],
        "decided again": [bindings.MessageRejected(*at, me, known.hash, 0)],
        "expired again": [bindings.MessageExpired(*at, me, known.hash, 0)],
        "vote on nothing": [voted(*at, me, b"h" * 32, me, APPROVE)],
        "vote on what is decided": [voted(*at, me, known.hash, me, DENY)],
        "vote of a stranger": [
            opened,
            voted(*then, spec.author, spec.hash, STRANGER, APPROVE),
        ],
        "vote of nobody": [opened, voted(*then, spec.author, spec.hash, bytes(32), APPROVE)],
        "wrong leaf": [opened, bindings.MessagePublished(*then, spec.author, spec.hash, 5, 0)],
        "wrong seat": [bindings.CoAuthorAdded(*at, STRANGER, 3)],
        "claim of nothing": [bindings.ShareClaimed(*at, me, b"h" * 32, me, 5)],
        "range the wrong way round": [bindings.CoAuthorAdded(thread, 9, 9, 8, STRANGER, 2)],
        "ends that differ": [
            bindings.CoAuthorAdded(thread, 9, 9, 10, STRANGER, 2),
            bindings.CoAuthorAdded(thread, 10, 9, 11, b"t" * 32, 3),
        ],
        "begins too late": [bindings.CoAuthorAdded(thread, 9, 8, 9, STRANGER, 2)],
    }


@pytest.mark.parametrize("case", unfit(Story("reference")))
def test_events_that_cannot_follow_are_not_believed(case: str) -> None:
    """L6: whoever printed them, the state stays one the thread had, and the gap is told."""
    story = story_of_five()
    reader = fresh(story, 4)
    lines = frame(PROGRAM_ID, 1, *map(data, unfit(story)[case]))
    assert reader.take(Transaction(b"unfit", 6, tuple(lines))) is not Delivery.APPLIED
    assert reader.state == story.truth[8]
    fill(reader, story, 5)
    assert (reader.state, reader.missing) == (story.truth[12], None)


def test_no_event_is_applied_out_of_turn() -> None:
    """L6: nor one of another thread; and then none of those it came with."""
    story = story_of_five()
    state, design = story.truth[3], story.design
    assert state
    (next_,) = read_events(story.sent[2].logs)
    later = dataclasses.replace(next_, sequence=5)
    elsewhere = dataclasses.replace(next_, sequence=5, thread=STRANGER)
    assert after(state, [next_], story.thread, design) == story.truth[4]
    for wrong in ([later], [next_, next_], [next_, elsewhere], [elsewhere]):
        with pytest.raises(UnfitEvent):
            after(state, wrong, story.thread, design)
        assert state == read_thread(story.moments[2], story.thread)  # type: ignore[arg-type]


def test_an_unreadable_event_of_the_program_does_not_hide_the_others() -> None:
    """L6."""
    story = story_of_five()
    begin, *rest = story.sent[1].logs
    reader = fresh(story, 1)
    logs = (begin, "Program data: AAAA", *rest)
    assert reader.take(dataclasses.replace(story.sent[1], logs=logs)) is Delivery.APPLIED
    assert reader.state == story.truth[3]


def test_only_this_threads_events_count() -> None:
    """L6: each thread has its own numbers, also inside one transaction."""
    story = story_of_five()
    other = addresses.thread(story.wallets[1], 0)
    story.send(story.create(1))
    story.send(story.message(1, "there", other), story.message(0, "here"))
    reader = fresh(story, 5)
    assert reader.take(story.sent[5]) is Delivery.NOTHING
    assert reader.take(story.sent[6]) is Delivery.APPLIED
    assert reader.state == read_thread(story.ledger, story.thread)
    beside = ThreadReader(other, story.design)
    assert beside.take(story.sent[6]) is Delivery.EARLY
    assert beside.take(story.sent[5]) is Delivery.APPLIED
    assert beside.state == read_thread(story.ledger, other)


# The runtime's own truncation


def test_the_vm_truncates_as_these_tests_do_and_the_reader_notices() -> None:
    """L6: the same transactions under a full and under a small limit of log bytes."""
    whole = story_of_five("litesvm")
    steps: list[Callable[[Story], Any]] = [
        lambda s: s.send(s.create()),
        lambda s: s.send(s.message(0, "first")),
        lambda s: s.send(s.spec(1, "let me in")),
        lambda s: s.send(s.vote(0, s.key(1, "let me in"))),
        lambda s: s.send(s.message(0, "third"), s.message(1, "fourth")),
    ]
    seen = set()
    for limit in range(150, 2400, 150):
        story = Story("litesvm")
        assert story.tap
        story.tap.svm = story.tap.svm.with_log_bytes_limit(limit)
        reader = fresh(story)
        for at, step in enumerate(steps):
            assert step(story)
            lines = story.sent[at].logs
            assert lines == runtime_log(list(whole.sent[at].logs), limit)
            cut_short = "Log truncated" in lines
            assert (reader.take(story.sent[at]) is Delivery.INCOMPLETE) is cut_short
            assert (story.sent[at].signature in reader.truncated) is cut_short
            seen.add(cut_short)
            assert reader.state == story.truth[reader.sequence]
            if cut_short:
                reader.fill(story.ledger, story.slot)
            assert reader.state == story.truth[max(story.truth)]
    assert seen == {True, False}
