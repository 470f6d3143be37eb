"""Known divergences: where an engine we drive differs from the system it stands for.

A divergence is an object, not a silent tolerance: what differs, since which version we
know, what the adapter does about it, and where upstream speaks of it.  For each there is
a probe in ``tests/test_divergences.py`` that fails as soon as it no longer differs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Divergence:
    """One difference; `upstream` is an issue as ``owner/repository#number``, or empty.

    Where several speak of it, they are separated by spaces.
    """

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
        "litesvm-knows-one-blockhash",
        "LiteSVM",
        "solders 0.29.0",
        "a blockhash is unknown as soon as there is a newer one",
        "one is stale after a single replacement; that two are valid at once is not exercised",
    ),
    Divergence(
        "litesvm-runs-what-no-packet-holds",
        "LiteSVM",
        "solders 0.29.0",
        "a transaction of more than 1232 bytes runs",
        "lengths are measured apart from running",
    ),
    Divergence(
        "bankrun-real-time-ages-blockhashes",
        "bankrun",
        "solders 0.24.0",
        "a blockhash is registered every few milliseconds of real time; each lasts a second",
        "the adapter signs again what was forgotten, and looks up what has landed",
    ),
    Divergence(
        "bankrun-expiry-counts-hashes",
        "bankrun",
        "solders 0.24.0",
        "a blockhash ages with blockhashes registered, not with slots passed",
        "the adapter makes one stale by one slot after the other, and the clock stands still",
    ),
    Divergence(
        "bankrun-warp-leaves-the-time",
        "bankrun",
        "solders 0.24.0",
        "warp_to_slot moves the timestamp hardly or not at all",
        "the adapter sets the whole clock",
        "solana-labs/solana#24867",
    ),
    Divergence(
        "bankrun-warp-panics-after-accounts-are-put",
        "bankrun",
        "solders 0.24.0",
        "a warp over more than one slot panics once accounts were put from outside",
        "the adapter puts one new bank on the old one, however many slots pass on the clock",
        "kevinheavey/solana-bankrun#20 anza-xyz/agave#3277",
    ),
    Divergence(
        "bankrun-takes-forged-signatures",
        "bankrun",
        "solders 0.24.0",
        "signatures are not verified",
        "refusals for signatures are shown on LiteSVM alone",
        "kevinheavey/solana-bankrun#23",
    ),
    Divergence(
        "bankrun-failures-have-no-logs",
        "bankrun",
        "solders 0.24.0",
        "a failed transaction is an exception with a text, without logs or compute units",
        "the adapter simulates each transaction before it runs it",
    ),
    Divergence(
        "bankrun-banks-are-random",
        "bankrun",
        "solders 0.24.0",
        "genesis and payer are other ones at each start",
        "wallets have seeds of their own; nothing of the runtime's is compared",
    ),
    Divergence(
        "bankrun-classic-spl-token",
        "bankrun",
        "solders 0.24.0",
        "SPL Token is the older program: a transfer takes 4 644 compute units instead of 76, and "
        "an owner set anew to what it is must be writable",
        "compute units are told by engine; the model follows the newer program",
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
