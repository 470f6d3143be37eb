"""What a content store says when it cannot answer."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot answer; the message is one line and says what would be right."""


class StoreInUse(StoreError):
    """Another process, or another object of this one, has the store open."""


class StoreDamaged(StoreError):
    """What the store holds cannot be read as a store, or as this store."""


class StoreUnavailable(StoreError):
    """The store cannot be reached, opened or written to."""


class StorePackageMissing(StoreUnavailable):
    """The engine's package is not installed."""


class SnapshotMisfit(StoreError):
    """A snapshot holds vectors of another dimension than the store, which is unchanged."""


class SnapshotUnreadable(StoreError):
    """Bytes are not a snapshot file; the message says in which line, and what would be right."""
