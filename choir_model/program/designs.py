"""On-chain design variants: how people write a design, and those worth looking at (section 9).

A `Design` is one choice of each variant, fixed at `initialize`.  All combinations are
valid.  In text a choice is ``key=value`` with the lower-case names of the IDL, as in
``payout=push``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any

from choir_model.program import bindings
from choir_model.program.bindings import Design

DEFAULT = Design(
    bindings.Expiry.TREASURY,
    bindings.Rejection.FIRST_DENIAL,
    bindings.Electorate.SNAPSHOT,
    bindings.Payout.CLAIM,
    bindings.Capacity.RESERVE,
    bindings.RecordKey.THREAD_AUTHOR_HASH,
    bindings.DenialShare.DENIERS,
)
"""The first variant of every choice."""

CHOICES: Mapping[str, type[Enum]] = MappingProxyType(
    {field.name: type(getattr(DEFAULT, field.name)) for field in dataclasses.fields(Design)}
)
"""The variants of each choice, by its key; the first is the default."""


class UnknownVariant(ValueError):
    """A text names no choice or no variant; the one-line message lists those there are."""


def variant(value: Enum) -> str:
    """A variant as people write it."""
    return value.name.lower()


def texts(design: Design) -> dict[str, str]:
    """The design, variant by variant: ``{"expiry": "treasury", ...}``."""
    return {key: variant(getattr(design, key)) for key in CHOICES}


def design_of(choices: Iterable[str]) -> Design:
    """The default design with `choices` of the form ``key=value``, each key at most once.

    Raises `UnknownVariant`.

    >>> texts(design_of(["payout=push"]))["payout"]
    'push'
    """
    chosen: dict[str, Any] = {}
    for choice in choices:
        key, equals, value = choice.partition("=")
        if not equals or key not in CHOICES:
            raise UnknownVariant(f"{choice!r} is no design choice; expected {_keys()}")
        by_name = {variant(member): member for member in CHOICES[key]}
        if value not in by_name:
            expected = " or ".join(by_name)
            raise UnknownVariant(f"{key} has no variant {value!r}; expected {expected}")
        if key in chosen:
            raise UnknownVariant(f"{key} is given twice; expected one variant of it")
        chosen[key] = by_name[value]
    return dataclasses.replace(DEFAULT, **chosen)


def _keys() -> str:
    return "KEY=VALUE with KEY one of " + ", ".join(CHOICES)


def name_of(design: Design) -> str:
    """A short name: the choices that are not the default's, or ``default``."""
    usual = texts(DEFAULT)
    other = [f"{key}={value}" for key, value in texts(design).items() if value != usual[key]]
    return " ".join(other) or "default"


ALONE: tuple[Design, ...] = tuple(
    dataclasses.replace(DEFAULT, **{key: member})  # type: ignore[arg-type]
    for key, kind in CHOICES.items()
    for member in list(kind)[1:]
)
"""Each variant alone."""

PAIRS: tuple[Design, ...] = tuple(
    map(
        design_of,
        (
            ("rejection=at_close", "payout=push"),
            ("rejection=at_close", "electorate=live"),
            ("capacity=check_at_publish", "electorate=live"),
        ),
    )
)
"""The on-chain ones among the named pairs."""

SOURCE_LITERAL = design_of(("rejection=at_close", "record_key=thread_hash"))
"""What of the original documents, taken at their word, lies on chain."""

NAMED: Mapping[str, Design] = MappingProxyType(
    {name_of(design): design for design in (DEFAULT, *ALONE, *PAIRS, SOURCE_LITERAL)}
)
"""The on-chain part of the design matrix, by `name_of`."""
