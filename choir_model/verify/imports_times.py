"""Moments as exports write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

LAST = 253_402_300_799
"""Unix seconds of the end of year 9999."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REMEDY = "write unix seconds, or a date and time such as 2026-01-01T12:00:00Z"


def moment(value: object) -> int:
    """Microseconds since 1970 of unix seconds or an ISO 8601 time; without a zone, of UTC.

    Raises ValueError with what is wrong.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("is neither a number nor a text")
    try:
        seconds = Decimal(str(value).strip())
    except InvalidOperation:
        return _iso(str(value).strip())
    if not seconds.is_finite() or not 0 <= seconds <= LAST:
        milliseconds = seconds.is_finite() and LAST < seconds <= 1_000 * LAST
        hint = " (milliseconds?)" if milliseconds else ""
        raise ValueError(f"is not between 0 and {LAST}{hint}")
    return int(seconds * 1_000_000)


def _iso(text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        microseconds = (time - EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise ValueError("is no time") from None
    if microseconds < 0:
        raise ValueError("is before 1970")
    return microseconds
