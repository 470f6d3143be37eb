"""The ids of points: derived from what a point is of, so that everybody knows them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from choir_model.domain.identity import Address, RecordKey, point_id

IdOf: TypeAlias = Callable[[RecordKey], str]

message_point_id: IdOf = lru_cache(maxsize=65_536)(point_id)
"""The point id of a record, remembered: orders of lists and searches ask for it often."""


@lru_cache(maxsize=65_536)
def thread_point_id(thread: Address) -> str:
    """The id of a thread's point: as a record's, of the thread's address alone.

    Hashing 32 bytes where a record's key has 96 keeps the two kinds of ids apart.
    """
    return str(uuid.UUID(bytes=hashlib.sha256(thread).digest()[:16]))
