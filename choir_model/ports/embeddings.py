"""Embeddings whose similarities are exact, so that two engines can agree bit for bit (C4).

Theory of operation
-------------------
A vector's coordinates are whole multiples of ``2**-11``; a `Vector` stores those whole
numbers, and only the nonzero ones.  A product of two coordinates is then a whole multiple
of ``2**-22``.  A sum of products over *any* subset of the coordinates is at most
``|a| * |b|`` in size (Cauchy-Schwarz on the subset), and `Vector` refuses a squared norm
of 2 or more, so every partial sum, in whatever order and grouping a processor forms it,
fused or not, is a whole multiple of ``2**-22`` below 2: fewer than 24 significant bits, a
float32.  No operation ever rounds.  Hence the reference, which adds integers, and any
engine, which adds float32 in the order its vector units like, compute the same score, ties
included, and are compared without a tolerance.

Why normalised vectors pass: rounding moves each of *n* coordinates by at most
``2**-12``, so a unit vector becomes at most ``1 + sqrt(n) * 2**-12`` long, which is 1.005
for 384 coordinates (and below the square root of 2 for any *n* up to two million).

The default embedder needs no model and no dependency: hashed words and character
trigrams.  It knows nothing of meaning, but texts with common words are near each other,
which is all that the model of a search needs; a real model is another `Embedder`, whose
output passes through `quantize`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol

from choir_model.domain.parameters import DEFAULTS

STEPS = 1 << 11
"""Steps per unit: a coordinate is an integer divided by this."""

SCORE_STEPS = STEPS * STEPS
"""Steps per unit of a score: a dot product is an integer divided by this."""

DEFAULT_DIMENSION = DEFAULTS.embedding_dimension


@dataclass(frozen=True, slots=True)
class Vector:
    """A sparse vector: ``entries`` holds (index, coordinate in steps of 2**-11) by index.

    Raises `ValueError` if the entries are not nonzero coordinates in ascending order
    within `dimension`, or if the squared norm is 2 or more (exactness would be lost).
    """

    dimension: int
    entries: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        before = -1
        norm = 0
        for index, steps in self.entries:
            if not before < index < self.dimension or steps == 0:
                raise ValueError(f"entry {(index, steps)} of a {self.dimension}-vector")
            before = index
            norm += steps * steps
        if norm >= 2 * SCORE_STEPS:
            raise ValueError(f"squared norm {norm / SCORE_STEPS:.3f} is not below 2")

    def steps(self) -> list[int]:
        """Every coordinate, in steps."""
        steps = [0] * self.dimension
        for index, coordinate in self.entries:
            steps[index] = coordinate
        return steps

    def dense(self) -> list[float]:
        """Every coordinate as a float, exact also in float32; for engines."""
        floats = [0.0] * self.dimension
        for index, coordinate in self.entries:
            floats[index] = coordinate / STEPS
        return floats

    def __repr__(self) -> str:
        digest = blake2b(repr(self.entries).encode(), digest_size=4).hexdigest()
        return f"Vector<{self.dimension}:{len(self.entries)}:{digest}>"


def dot(weights: Sequence[int], vector: Vector) -> int:
    """The score of `vector` in steps of 2**-22; `weights` = ``query.steps()``."""
    return sum([steps * weights[index] for index, steps in vector.entries])


def sparse(coordinates: Sequence[float]) -> Vector:
    """The `Vector` with exactly these coordinates; `ValueError` if one is off the grid."""
    entries = []
    for index, coordinate in enumerate(coordinates):
        if coordinate:
            steps = coordinate * STEPS
            if steps % 1:
                raise ValueError(f"coordinate {index} is {coordinate!r}, no multiple of 1/{STEPS}")
            entries.append((index, int(steps)))
    return Vector(len(coordinates), tuple(entries))


def quantize(coordinates: Sequence[float]) -> Vector:
    """The direction of `coordinates` at length 1, rounded to the grid of `Vector`.

    Never the zero vector: the largest of *n* coordinates of a unit vector is at least
    1 / sqrt(n), far above half a step.  Raises `ValueError` for a zero or infinite input.

    The largest is first brought near 1, by a power of two: that rounds nothing that matters,
    and no square overflows, or vanishes where it counts.
    """
    _, exponent = math.frexp(max(map(abs, coordinates), default=0.0))
    scaled = [math.ldexp(x, -exponent) for x in coordinates]
    norm = math.sqrt(math.fsum(x * x for x in scaled))
    if not 0.0 < norm < math.inf:
        raise ValueError("a vector that is zero, or not finite, has no direction")
    return sparse([round(x * STEPS / norm) / STEPS for x in scaled])


class EmbedderUnavailable(Exception):
    """A model cannot be loaded; the one-line message says what would be right."""


class Embedder(Protocol):
    """Maps content to a vector, deterministically for a name and a version (C4)."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def version(self) -> str:
        """Changes whenever any text's vector does; stored vectors are then rebuilt."""

    @property
    def dimension(self) -> int:
        """The length of every vector."""

    def embed(self, text: str) -> Vector:
        """The vector of `text`: nonzero, whatever the text."""


WORDS = re.compile(r"\w+")


class HashedWords:
    """The default embedder: signed feature hashing of words and character trigrams.

    A word weighs as much as two of its trigrams, so that equal words beat equal letters.
    Which characters are letters, and their case folding, is Python's Unicode table; text
    that a later Unicode version treats differently may get another vector there.
    """

    name = "hashed-words"
    version = "1"

    def __init__(self, dimension: int = DEFAULT_DIMENSION) -> None:
        if dimension < 1:
            raise ValueError(f"dimension {dimension} is not positive")
        self.dimension = dimension

    def embed(self, text: str) -> Vector:
        """The vector of `text`; the same words in another order give the same vector."""
        sums = [0.0] * self.dimension
        for feature, weight in Counter(_features(text)).items():
            slot, sign = _slot(feature, self.dimension)
            sums[slot] += sign * weight
        if not any(sums):
            # No word at all, or features that cancelled: the text as a whole is the feature.
            slot, sign = _hash("t" + text, self.dimension)
            sums[slot] = sign
        return quantize(sums)


def _features(text: str) -> Iterator[str]:
    for word in WORDS.findall(text.casefold()):
        yield from _features_of(word)


def _features_of(word: str) -> Iterable[str]:
    yield "w" + word
    yield "w" + word
    framed = f"^{word}$"
    for start in range(len(framed) - 2):
        yield "c" + framed[start : start + 3]


def _hash(feature: str, dimension: int) -> tuple[int, int]:
    digest = blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    number = int.from_bytes(digest, "little")
    return (number >> 1) % dimension, 1 if number & 1 else -1


_slot = lru_cache(maxsize=65_536)(_hash)
