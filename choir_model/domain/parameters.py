"""Choir's parameters and their defaults: one table (section 13).

Only parameters that something here reads are listed.  Each ledger, store and log may set
its own; machines and checkers use small abstract values.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """The defaults; the unit is given with each."""

    approval_window: int = 604_800
    """Seconds a spec can be voted on: seven days (M2)."""
    min_stake: int = 10**9
    """Base units: one CHOIR (M2)."""
    max_co_authors: int = 32
    """Seats in a thread (M7)."""
    max_content_bytes: int = 65_536
    """Bytes of UTF-8, uncompressed (C2)."""
    embedding_dimension: int = 384
    """Coordinates of an embedding (C4)."""


DEFAULTS = Parameters()
"""The table."""
