"""C4: embeddings are deterministic, and their scores are exact in float32 in any order."""

from __future__ import annotations

import hashlib
import math
import random
import subprocess
import sys
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from choir_model.ports.embeddings import (
    DEFAULT_DIMENSION,
    SCORE_STEPS,
    STEPS,
    HashedWords,
    Vector,
    dot,
    quantize,
    sparse,
)

ROOT = Path(__file__).parent.parent
EMBED = HashedWords().embed
TEXTS = st.text(st.sampled_from("aábc !,日\ud800"), max_size=40)
COORDINATES = st.lists(
    st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=DEFAULT_DIMENSION
)


def float32(x: float) -> float:
    return array("f", [x])[0]


def summed(products: list[float], grouping: random.Random) -> float:
    """The sum in float32, adding any two of what there is at a time."""
    terms = [float32(product) for product in products]
    while len(terms) > 1:
        a = terms.pop(grouping.randrange(len(terms)))
        b = terms.pop(grouping.randrange(len(terms)))
        terms.append(float32(a + b))
    return terms[0] if terms else 0.0


def norm_squared(vector: Vector) -> float:
    return sum(steps * steps for _, steps in vector.entries) / SCORE_STEPS


@given(TEXTS, TEXTS, st.integers(0, 2**32))
def test_scores_are_exact_in_float32_in_any_order_and_grouping(a: str, b: str, seed: int) -> None:
    x, y = EMBED(a), EMBED(b)
    products = [p * q for p, q in zip(x.dense(), y.dense(), strict=True)]
    assert summed(products, random.Random(seed)) == dot(x.steps(), y) / SCORE_STEPS


@settings(max_examples=50)
@given(st.integers(0, 2**32))
def test_scores_are_exact_for_full_vectors_too(seed: int) -> None:
    dice = random.Random(seed)
    x, y = (quantize([dice.gauss(0, 1) for _ in range(DEFAULT_DIMENSION)]) for _ in "xy")
    products = [p * q for p, q in zip(x.dense(), y.dense(), strict=True)]
    assert summed(products, dice) == dot(x.steps(), y) / SCORE_STEPS


@given(COORDINATES)
def test_rounding_keeps_the_norm_within_the_stated_bound(coordinates: list[float]) -> None:
    if not any(coordinates):
        return
    vector = quantize(coordinates)
    assert vector.entries
    slack = math.sqrt(len(coordinates)) / (2 * STEPS)
    assert 1 - slack - 1e-9 <= math.sqrt(norm_squared(vector)) <= 1 + slack + 1e-9


def test_the_bound_holds_for_any_dimension_in_use() -> None:
    assert (1 + math.sqrt(2_000_000) / (2 * STEPS)) ** 2 < 2


@given(TEXTS)
def test_every_text_has_a_nonzero_vector_on_the_grid(text: str) -> None:
    vector = EMBED(text)
    assert vector.entries
    assert vector.dimension == DEFAULT_DIMENSION == len(vector.dense())
    assert sparse(vector.dense()) == vector
    assert [float32(x) for x in vector.dense()] == vector.dense()


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("text", ["", "a b", "alpha beta gamma", "!?"])
def test_features_that_cancel_leave_a_vector_too(dimension: int, text: str) -> None:
    assert HashedWords(dimension).embed(text).entries


def test_word_order_case_and_punctuation_do_not_matter() -> None:
    assert EMBED("Beta, alpha!") == EMBED("alpha beta") == EMBED("beta alpha")
    assert EMBED("alpha beta") != EMBED("alpha")


def test_common_words_bring_texts_nearer() -> None:
    query = EMBED("the quick brown fox").steps()
    near, far = EMBED("a brown fox, quick"), EMBED("unrelated words entirely")
    assert dot(query, near) > 2 * dot(query, far)


def test_vectors_are_the_same_in_every_process() -> None:
    script = (
        "from choir_model.ports.embeddings import HashedWords;"
        "print(HashedWords().embed('naïve words, 日本語 ' * 3).entries)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_version_1_never_changes() -> None:
    """Stored vectors are derived: whoever changes them must change the version (C4)."""
    assert (HashedWords.name, HashedWords.version) == ("hashed-words", "1")
    texts = ("", "alpha beta", "naïve — 日本語", "x" * 1000)
    digest = hashlib.sha256(repr([EMBED(text).entries for text in texts]).encode()).hexdigest()
    assert digest[:16] == "3f235d270645927b"


@pytest.mark.parametrize(
    "entries",
    [((1, 1), (0, 1)), ((0, 1), (0, 1)), ((4, 1),), ((-1, 1),), ((0, 0),), ((0, 2897),)],
    ids=["descending", "twice", "beyond", "negative", "zero", "too long"],
)
def test_a_vector_that_would_not_be_exact_is_refused(entries: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match=r"entry|norm"):
        Vector(4, entries)


def test_the_longest_exact_vector() -> None:
    assert norm_squared(Vector(4, ((0, 2896),))) < 2


@pytest.mark.parametrize("coordinates", [[0.0, 0.0], [0], [], [math.inf, 1.0], [1.0, math.nan]])
def test_what_has_no_direction_is_refused(coordinates: list[float]) -> None:
    with pytest.raises(ValueError, match="no direction"):
        quantize(coordinates)


@pytest.mark.parametrize(
    ("extreme", "plain"),
    [
        ([1e154] * 2, [1, 1]),
        ([1e200, 1], [1, 0]),
        ([1.7e308, -1.7e308, 0], [1, -1, 0]),
        ([5e-324, -5e-324], [1, -1]),
        ([1e-300, 0.0], [1, 0]),
        ([1e308, 5e-324], [1, 0]),
    ],
)
def test_c4_the_size_of_a_vector_does_not_matter(extreme: list[float], plain: list[float]) -> None:
    assert quantize(extreme) == quantize(plain)


def test_whole_numbers_are_coordinates() -> None:
    assert sparse([1, 0]) == sparse([1.0, 0.0]) == Vector(2, ((0, STEPS),))


@pytest.mark.parametrize("coordinate", [0.1, math.inf, math.nan, 1e308])
def test_coordinates_off_the_grid_are_refused(coordinate: float) -> None:
    with pytest.raises(ValueError, match="no multiple"):
        sparse([coordinate])


def test_a_vector_prints_short() -> None:
    assert len(repr(EMBED("alpha beta gamma delta"))) < 40
