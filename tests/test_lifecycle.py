"""Section 3: statuses, their transitions; C2: what content is."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choir_model.domain.lifecycle import (
    FINAL,
    MAX_CONTENT_BYTES,
    TRANSITIONS,
    ContentFault,
    Status,
    content_fault,
    follows,
    moves_to,
)

SPECIFIED = {
    ("draft", "submitted"),
    ("submitted", "pending"),
    ("pending", "published"),
    ("pending", "rejected"),
    ("pending", "expired"),
}


def test_the_transitions_are_those_of_section_3_and_no_others() -> None:
    moves = {(a.value, b.value) for a, b in product(Status, Status) if moves_to(a, b)}
    assert moves == SPECIFIED
    assert set(TRANSITIONS) == set(Status)


def test_m8_published_rejected_and_expired_are_final() -> None:
    assert {status.value for status in FINAL} == {"published", "rejected", "expired"}
    assert not any(follows(status, other) for status, other in product(FINAL, Status))


def test_the_lifecycle_is_acyclic() -> None:
    assert not any(follows(status, status) for status in Status)


def test_a_store_may_miss_states_on_the_way_but_not_go_back() -> None:
    assert follows(Status.SUBMITTED, Status.EXPIRED)
    assert follows(Status.DRAFT, Status.PUBLISHED)
    assert not follows(Status.PENDING, Status.SUBMITTED)


@given(st.sampled_from(Status), st.sampled_from(Status), st.sampled_from(Status))
def test_following_twice_is_following(a: Status, b: Status, c: Status) -> None:
    if follows(a, b) and follows(b, c):
        assert follows(a, c)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", ContentFault.INVALID_CONTENT),
        ("half \ud83d", ContentFault.INVALID_CONTENT),
        ("a", None),
        ("\0", None),
        ("x" * MAX_CONTENT_BYTES, None),
        ("x" * (MAX_CONTENT_BYTES + 1), ContentFault.CONTENT_TOO_LARGE),
        ("é" * (MAX_CONTENT_BYTES // 2), None),
        ("é" * (MAX_CONTENT_BYTES // 2) + "x", ContentFault.CONTENT_TOO_LARGE),
    ],
    ids=["empty", "surrogate", "one", "nul", "longest", "longer", "longest in two bytes", "odd"],
)
def test_c2_content_is_valid_utf8_not_empty_and_at_most_65536_bytes(
    content: str, fault: ContentFault | None
) -> None:
    assert content_fault(content) is fault


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=50))
def test_c2_any_text_without_surrogates_is_content(content: str) -> None:
    assert content_fault(content) is None
