"""Known divergences: where an engine we drive differs from the system it stands for.

A divergence is an object, not a silent tolerance: what differs, since which version we
know, what the adapter does about it, and where upstream speaks of it.  For each there is
a probe in ``tests/test_divergences.py`` that fails as soon as it no longer differs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Divergence:
    """One difference; `upstream` is an issue as ``owner/repository#number``, or empty."""

    id: str
    engine: str
    version: str
    differs: str
    consequence: str
    upstream: str = ""


DIVERGENCES = (
    Divergence(
        "litesvm-blockhash-never-ages",
        "LiteSVM",
        "solders 0.29.0",
        "a blockhash stays valid however many slots pass",
        "the adapter replaces it before every transaction, and to make one stale",
        "LiteSVM/litesvm#188",
    ),
    Divergence(
        "litesvm-warp-moves-the-slot-only",
        "LiteSVM",
        "solders 0.29.0",
        "warp_to_slot leaves epoch and timestamp as they are, and goes back without complaint",
        "the adapter never warps; it sets the whole clock and the slot hashes together",
        "LiteSVM/litesvm#25",
    ),
    Divergence(
        "edge-booleans-never-match",
        "Qdrant Edge",
        "qdrant-edge-py 0.9.0",
        "a filter for True matches the number 1 and no boolean",
        "flags in payloads are words",
    ),
    Divergence(
        "edge-loads-without-its-segments",
        "Qdrant Edge",
        "qdrant-edge-py 0.9.0",
        "a shard whose segments are gone opens without complaint and is empty",
        "the adapter looks for all parts of a shard before it opens one",
    ),
)
"""All of them."""
