"""Every answer and every refusal of every operation of the content port, by name."""

from __future__ import annotations

_WRITTEN = ("Stored", "Stored already")
_UNKNOWN = (*_WRITTEN, "refused UNKNOWN_POINT")

_OF: dict[str, tuple[str, ...]] = {
    "Upsert": (
        *_WRITTEN, "Repaired", "refused INVALID_CONTENT", "refused CONTENT_TOO_LARGE",
        "refused HASH_MISMATCH", "refused WRONG_DIMENSION", "refused INVALID_NUMBER",
        "refused ILLEGAL_TRANSITION",
    ),
    "SetStatus": (*_UNKNOWN, "refused ILLEGAL_TRANSITION"),
    "SetPrivacy": _UNKNOWN,
    "PutThread": (*_WRITTEN, "refused INVALID_NUMBER"),
    "CorrectStatus": (*_UNKNOWN, "refused ILLEGAL_TRANSITION"),
    "CorrectThread": (*_WRITTEN, "refused INVALID_NUMBER"),
    "Delete": ("Deleted",),
    "Get": ("Found", "Missing", "Hidden", "Quarantined"),
    "ListThread": ("Listing", "quarantines"),
    "List": (
        "Listing", "refused INVALID_NUMBER", "quarantines", "leaves something for a next page",
    ),
    "Search": (
        "Results", "refused WRONG_DIMENSION", "refused INVALID_NUMBER", "quarantines",
        "leaves something for a next page",
    ),
    "RebuildIndices": ("Rebuilt",),
    "Damage": (*_UNKNOWN, "refused INVALID_CONTENT"),
    "LoseVector": _UNKNOWN,
    "DamageStatus": _UNKNOWN,
    "DamagePrivacy": _UNKNOWN,
    "DamageThread": (*_UNKNOWN, "refused INVALID_NUMBER"),
    "PutThreadPartly": ("Stored already", "refused INVALID_NUMBER"),
    "LoseIndex": _WRITTEN,
}  # fmt: skip

ANSWERS = {f"{operation} {answer}" for operation, answers in _OF.items() for answer in answers}

SITUATIONS = ANSWERS | {
    "Get of a point in quarantine",
    "equal scores",
    "equal scores at the limit",
    "a later page of a list",
    "lost indices rebuilt",
}
"""What a run of the content machine is to reach."""
