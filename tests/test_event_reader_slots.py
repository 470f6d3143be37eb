"""What accounts make up for, told by slots: a truncated log may show no number (L6)."""

from __future__ import annotations

import dataclasses

from test_event_reader_deliveries import cut, fill, fresh, story_of_five

from choir_model.ledger.reader import Delivery


def test_a_node_that_lags_settles_nothing_that_landed_later() -> None:
    """L6: a truncated log may show no number, so its slot decides."""
    story = story_of_five()
    for shown in (0, 2):
        reader = fresh(story, 3)
        half = cut(story.sent[3], shown)
        assert reader.take(half) is Delivery.INCOMPLETE
        fill(reader, story, 3)
        assert reader.truncated == {half.signature}
        assert reader.take(half) is Delivery.INCOMPLETE
        fill(reader, story, 4)
        assert (reader.state, reader.missing) == (story.truth[8], None)
        assert not reader.truncated
        assert reader.take(half) is Delivery.DUPLICATE


def test_what_accounts_had_already_is_no_news_however_late_it_is_told() -> None:
    """L6: unless it shows numbers that they did not have; then whoever said so was wrong."""
    story = story_of_five()
    reader = fresh(story)
    fill(reader, story, 4)
    fill(reader, story, 4)
    reader.fill(story.moments[4], 3)  # type: ignore[arg-type]
    blind = cut(story.sent[3], 0)
    assert reader.take(blind) is Delivery.DUPLICATE
    assert not reader.truncated
    assert reader.take(cut(story.sent[4], 0)) is Delivery.INCOMPLETE
    wrong = dataclasses.replace(cut(story.sent[4], 4), slot=4, signature=b"wrong")
    assert reader.take(wrong) is Delivery.INCOMPLETE
    assert reader.missing == (9, 10)
    assert reader.truncated == {b"wrong", story.sent[4].signature}


def test_what_turns_out_to_have_failed_is_not_waited_for() -> None:
    """L6: its truncated log did not show it, its status does."""
    story = story_of_five()
    reader = fresh(story, 2)
    blind = cut(story.sent[2], 0)
    reader.take(blind)
    assert reader.take(dataclasses.replace(blind, failed=True)) is Delivery.NOTHING
    assert not reader.truncated
