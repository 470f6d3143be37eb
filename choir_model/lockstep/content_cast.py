"""The cast of the content machine: a small fixed world, and its names in reports.

Four people, two threads, twelve records.  Several records hold the same words in another
order, or written otherwise, and so have *equal* vectors under the default embedding: in
any search they tie.  The same words by two people, and in two threads, are there as well.
"""

from __future__ import annotations

import dataclasses
import hashlib
from enum import Enum
from functools import lru_cache
from typing import Any

from choir_model.domain.identity import Address, RecordKey, content_hash
from choir_model.domain.lifecycle import MAX_CONTENT_BYTES
from choir_model.ports.content import MAX_INTEGER, Viewer
from choir_model.ports.embeddings import HashedWords, Vector


def _address(label: str) -> Address:
    return hashlib.sha256(label.encode()).digest()


_NAMES = ("ada", "bob", "cyd", "dan", "thread 1", "thread 2")
PEOPLE = tuple(map(_address, _NAMES[:4]))
THREADS = tuple(map(_address, _NAMES[4:]))
CONTENTS = (
    "alpha beta",
    "beta alpha",
    "Beta, alpha!",
    "gamma delta of the alpha",
    "naïve — 日本語 \N{SLIGHTLY SMILING FACE}",
    "!!!",
    "nul\0inside",
)
"""The first three have one vector; the last but one has no word."""

_RECORDS = (
    # thread, author, content
    (0, 0, 0), (0, 0, 1), (0, 1, 2), (0, 1, 0), (0, 2, 3), (0, 3, 4),
    (1, 0, 0), (1, 1, 1), (1, 1, 2), (1, 2, 5), (1, 2, 6), (1, 3, 3),
)  # fmt: skip
RECORDS = tuple(
    (RecordKey(THREADS[thread], PEOPLE[author], content_hash(CONTENTS[content])), CONTENTS[content])
    for thread, author, content in _RECORDS
)
"""Keys, each with the content that hashes to it."""

VIEWERS = tuple(Viewer(person, premium) for person in PEOPLE for premium in (False, True))
QUERIES = ("alpha", "gamma beta", "beta alpha", "!!!")
LIMITS = (2, 1, 3, 1, 2, 100, 4, 0, -1)
TIMES = (0, 1, 0, 1, 2, MAX_INTEGER, 1 << 53, (1 << 53) + 1, MAX_INTEGER - 1, -MAX_INTEGER)
"""Of messages (seconds): mostly equal or near, and some that floats do not tell apart."""
INTERVALS: tuple[tuple[int | None, int | None], ...] = (
    (None, None),
    *((None, until) for until in TIMES[2:]),
    *((since, None) for since in TIMES[2:]),
    (0, 2),
    (2, 0),
    (1, 1 << 53),
    (-MAX_INTEGER, MAX_INTEGER),
    (None, MAX_INTEGER + 1),
    (-MAX_INTEGER - 1, None),
)
"""From the first time on until before the second; the last two are none."""
PAGES = (None, 1, 2, 3, 1, 0)
"""Limits of lists."""
SEQUENCES = (0, 1, 2, 3, 2, 1, -1, MAX_INTEGER, MAX_INTEGER + 1)
TOO_LARGE = "x" * (MAX_CONTENT_BYTES + 1)
LONE_SURROGATE = "half \ud83d"

_LABELS = {
    **{_address(name): name for name in _NAMES},
    **{content_hash(text): repr(text) for text in CONTENTS},
}


@lru_cache(maxsize=4096)
def vector_of(text: str, dimension: int) -> Vector:
    """The default embedding of `text`."""
    return HashedWords(dimension).embed(text)


def readable(value: object) -> Any:
    """`value` with names for the cast's addresses and hashes, dataclasses as dictionaries."""
    if isinstance(value, bytes):
        return _LABELS.get(value, value.hex())
    if isinstance(value, RecordKey):
        return f"{readable(value.hash)} by {readable(value.author)} in {readable(value.thread)}"
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, str) and len(value) > 80:
        return f"{value[:20]}… ({len(value)} characters)"
    if isinstance(value, tuple | list):
        return [readable(item) for item in value]
    if isinstance(value, Vector) or not dataclasses.is_dataclass(value):
        return value
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {"": type(value).__name__, **{name: readable(item) for name, item in fields.items()}}


def sentence(command: object) -> str:
    """A command on one line."""
    if not dataclasses.is_dataclass(command):
        return str(command)
    words = [f"{f.name}={_word(getattr(command, f.name))}" for f in dataclasses.fields(command)]
    return f"{type(command).__name__}({', '.join(words)})"


def _word(value: object) -> str:
    shown = readable(value)
    if isinstance(shown, dict):
        return sentence(value)
    return str(shown) if isinstance(value, Enum | RecordKey | bytes) else repr(shown)
