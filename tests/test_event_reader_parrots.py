"""Programs of other people that print our events, on the real VM (L6)."""

from __future__ import annotations

import dataclasses

from event_reader_parrots import PRINTS_DATA, add_parrots, print_data, print_text, relay
from event_reader_story import Story
from test_ledger_events import data

from choir_model.ledger.reader import Delivery, ThreadReader
from choir_model.program import addresses
from choir_model.program.bindings import EVENTS, PROGRAM_ID, MessageCreated, MessagePublished
from choir_model.program.calls import Call, Meta
from choir_model.program.events import read_events


def test_what_a_foreign_program_prints_in_our_name_is_not_believed() -> None:
    """L6: before, between and after our own instructions of one real transaction."""
    story = Story("litesvm")
    assert story.tap
    add_parrots(story.tap.svm)
    story.send(story.create())
    reader = ThreadReader(story.thread, story.design)
    reader.take(story.sent[0])
    who, what = story.wallets[0], b"h" * 32
    forged = (
        MessageCreated(story.thread, 2, 2, 3, who, what, 5),
        MessagePublished(story.thread, 3, 2, 3, who, what, 0, 5),
    )
    imitate = [print_data(EVENTS[type(event)].encode(event)) for event in forged]
    text = print_text(f"\nProgram {PROGRAM_ID} invoke [1]\n{data(forged[0])}")
    enter = print_text(f"Program {PROGRAM_ID} invoke [1]")
    ours = [story.message(0, "first"), story.message(0, "second")]
    assert story.send(enter, *imitate, ours[0], text, *imitate, ours[1], *imitate)
    logs = story.sent[1].logs
    assert all(logs.count(data(event)) == 3 for event in forged)
    assert f"Program log: Program {PROGRAM_ID} invoke [1]" in logs
    assert len(read_events(logs)) == 4
    assert reader.take(story.sent[1]) is Delivery.APPLIED
    assert reader.state == story.truth[5]

    assert story.send(enter, *imitate, story.message(0, "third"))
    assert reader.take(story.sent[2]) is Delivery.APPLIED
    assert reader.state == story.truth[7]


def test_a_program_in_our_place_would_be_believed() -> None:
    """L6: the invoking program is all that tells these events from ours."""
    story = Story("litesvm")
    assert story.tap
    add_parrots(story.tap.svm)
    story.send(story.create())
    event = MessageCreated(story.thread, 2, 2, 2, story.wallets[0], b"h" * 32, 5)
    parrot = addresses.base58(PRINTS_DATA)
    assert story.send(print_data(EVENTS[MessageCreated].encode(event)), story.message(0, "first"))
    logs = story.sent[1].logs
    assert event not in read_events(logs)
    renamed = tuple(line.replace(parrot, PROGRAM_ID) for line in logs)
    assert event in read_events(renamed)
    reader = ThreadReader(story.thread, story.design)
    reader.take(story.sent[0])
    reader.take(dataclasses.replace(story.sent[1], logs=renamed))
    assert reader.state == story.truth[1]


def test_our_program_is_believed_when_a_foreign_one_calls_it_and_imitates_it_around_that() -> None:
    """L6: a real call by another program, which prints our events before and after."""
    from solders.pubkey import Pubkey

    story = Story("litesvm")
    assert story.tap
    story.send(story.create())
    reader = ThreadReader(story.thread, story.design)
    reader.take(story.sent[0])
    call = story.message(0, "first")
    forged = MessageCreated(story.thread, 2, 2, 2, story.wallets[0], b"h" * 32, 5)
    imitation = EVENTS[MessageCreated].encode(forged)
    targets = [*(meta.address for meta in call.accounts), addresses.PROGRAM]
    found = [story.tap.get_account(Pubkey(address)) for address in targets]
    sizes = [len(account.data) if account else 0 for account in found]
    relaying = b"relay".ljust(32, b"!")
    story.tap.svm.add_program(Pubkey(relaying), relay(call, sizes, len(imitation)))
    accounts = (*call.accounts, Meta(addresses.PROGRAM, False, False))
    assert story.send(Call("relay", relaying, accounts, call.data + imitation)), story.tap.lines
    logs = story.sent[1].logs
    assert f"Program {PROGRAM_ID} invoke [2]" in logs
    assert logs.count(data(forged)) == 2
    assert len(read_events(logs)) == 2
    assert reader.take(story.sent[1]) is Delivery.APPLIED
    assert reader.state == story.truth[3]
