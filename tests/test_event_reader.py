"""A reader of events ends in the state of the accounts, whatever happens on the way (L6)."""

from __future__ import annotations

import base64
import random

import pytest
from event_reader_story import TOLD_ON, Story, deliveries, told

from choir_model.ledger.reader import Delivery, ThreadReader, Transaction
from choir_model.program import designs
from choir_model.program.bindings import ACCOUNTS, EVENTS, Design, Record, RecordStatus, Thread


def hold_against(story: Story, reader: ThreadReader) -> None:
    """The reader's state is one the thread really had between two transactions."""
    assert reader.sequence in story.truth, "a state between the events of one transaction"
    assert reader.state == story.truth[reader.sequence]


def tells(story: Story, came: Transaction, slot: int) -> bool:
    """Whether this is what moved the thread on in `slot`, whole or saying that it is not."""
    sent = story.sent[slot - 1]
    cut = came.signature == sent.signature and "Log truncated" in came.logs
    return (came == sent or cut) and story.reached[slot] > story.reached[slot - 1]


def follow(story: Story, seed: int) -> None:
    """Everything that can go wrong, with fills now and then from nodes that may lag behind.

    Never wrong, never behind what was delivered without saying so, and right in the end.
    """
    rng, reader = random.Random(seed), ThreadReader(story.thread, story.design)
    latest = 0  # the highest slot of anything that came
    newest = 0  # the highest slot of what came whole, or saying that it is not
    for at, transaction in deliveries(rng, story, faults=True):
        reader.take(transaction)
        latest = max(latest, at + 1, transaction.slot)
        if tells(story, transaction, at + 1):
            newest = max(newest, at + 1)
        hold_against(story, reader)
        if (reader.missing or reader.truncated) and rng.random() < 0.15:
            slot = rng.choice([s for s, n in enumerate(story.reached) if n >= reader.sequence])
            reader.fill(story.moments[slot], slot)  # type: ignore[arg-type]
            assert slot < latest or not (reader.missing or reader.truncated)
            newest, latest = max(newest, slot), max(latest, slot)
            hold_against(story, reader)
        if not (reader.missing or reader.truncated):
            assert reader.sequence >= story.reached[newest], "lost, and nothing says so"
    reader.fill(story.ledger, story.slot)
    assert reader.sequence == max(story.truth)
    assert (reader.missing, reader.truncated) == (None, frozenset())
    hold_against(story, reader)


def follow_without_loss(story: Story, seed: int) -> None:
    """Order and repetition alone need no account: all is applied in the end."""
    rng, reader = random.Random(seed), ThreadReader(story.thread, story.design)
    for _, transaction in deliveries(rng, story, faults=False):
        reader.take(transaction)
        hold_against(story, reader)
    assert (reader.missing, reader.truncated) == (None, frozenset())
    assert reader.sequence == max(story.truth)


DESIGNS = pytest.mark.parametrize("design", designs.NAMED.values(), ids=designs.NAMED)
ON = pytest.mark.parametrize("name", TOLD_ON)


@ON
@DESIGNS
def test_events_in_order_give_the_accounts_byte_for_byte(name: str, design: Design) -> None:
    """L6: after every transaction, under every design, with nothing but its events."""
    story = told(name, design)
    reader = ThreadReader(story.thread, design)
    for at, transaction in enumerate(story.sent, start=1):
        took = reader.take(transaction)
        assert took in (Delivery.APPLIED, Delivery.NOTHING)
        image = story.moments[at].account(story.thread)
        assert image
        assert reader.state
        assert ACCOUNTS[Thread].encode(reader.state.thread) == image.data
        for address, record in reader.state.records.items():
            found = story.moments[at].account(address)
            assert found
            assert ACCOUNTS[Record].encode(record) == found.data
        assert reader.state == story.truth[reader.sequence]


@ON
@DESIGNS
def test_a_reader_is_never_wrong_and_right_in_the_end(name: str, design: Design) -> None:
    """L6, S12: drops, repetitions, truncation, damage, imitations, early arrivals."""
    for seed in range(12):
        follow(told(name, design), seed)
        follow_without_loss(told(name, design), seed)


def test_the_stories_hold_what_a_reader_can_meet() -> None:
    """L6: each event, each final status, refused and joint transactions, on each ledger."""
    for name in TOLD_ON:
        seen: set[str] = set()
        lines: list[str] = []
        statuses: set[RecordStatus] = set()
        for design in (designs.DEFAULT, designs.design_of(["rejection=at_close"])):
            story = told(name, design)
            state = story.truth[max(story.truth)]
            assert state
            statuses |= {record.status for record in state.records.values()}
            assert any(transaction.failed for transaction in story.sent)
            for transaction in story.sent:
                lines += transaction.logs
                seen.add(f"{sum(line.endswith('invoke [1]') for line in transaction.logs)} calls")
        kinds = {base64.b64decode(x[14:])[:8] for x in lines if x.startswith("Program data")}
        assert kinds == {layout.discriminator for layout in EVENTS.values()}
        assert statuses == set(RecordStatus)
        assert {"1 calls", "2 calls", "4 calls"} <= seen
