"""What every record account must look like, by itself and beside its thread (S1, S3, S9, S10).

Pure, for audits: `implausible` says in words what no history under the design could leave.
It does not compare amounts; `conservation` does.
"""

from __future__ import annotations

from choir_model.ledger import stakes
from choir_model.ledger.stakes import AUTHORS_BIT, Receiver
from choir_model.program.bindings import (
    Design,
    Electorate,
    Record,
    RecordStatus,
    Rejection,
    Thread,
)

COUNTERS = {
    RecordStatus.PENDING: "pending_count",
    RecordStatus.PUBLISHED: "published_count",
    RecordStatus.REJECTED: "rejected_count",
    RecordStatus.EXPIRED: "expired_count",
}
"""The counter of a thread for its records of each status."""


def entitled(record: Record, design: Design) -> int:
    """The claim bits that can be set on a record under `design` (L5)."""
    if record.status is RecordStatus.PENDING:
        return 0
    match stakes.claimants(record.status, design):
        case Receiver.DENIERS:
            return record.denials
        case Receiver.AUTHOR:
            return 1 << AUTHORS_BIT
    return 0


def implausible(record: Record, thread: Thread, design: Design) -> str | None:
    """What is wrong with `record` of `thread`, in words; None if nothing is."""
    votes, seats = record.approvals | record.denials, thread.co_author_count
    live = design.electorate is Electorate.LIVE and record.electorate_size
    voting = seats if live else record.electorate_size
    if record.approvals & record.denials:
        return "a seat has approved and denied it"
    if record.electorate_size > seats:
        return f"its electorate are {record.electorate_size} of {seats} seats"
    if votes >> voting or votes & _authors_seat(record, thread):
        return "somebody outside its electorate has voted"
    if record.claims & ~entitled(record, design):
        return "somebody has claimed who is not entitled"
    if not record.electorate_size:
        direct = record.status is RecordStatus.PUBLISHED and not record.stake
        return None if direct else "it has no electorate, and is no direct message"
    return _undecidable(record, thread, design)


def _undecidable(record: Record, thread: Thread, design: Design) -> str | None:
    """Whether its votes cannot have led to the status of a spec."""
    denials, at_once = record.denials, design.rejection is Rejection.FIRST_DENIAL
    match record.status:
        case RecordStatus.PUBLISHED if denials:
            return "it is published although somebody has denied it"
        case RecordStatus.PUBLISHED if not _is_complete(record, thread, design):
            return "it is published without the approval of its whole electorate"
        case RecordStatus.REJECTED if not denials:
            return "it is rejected although nobody has denied it"
        case RecordStatus.REJECTED if at_once and denials.bit_count() > 1:
            return "it is denied by several although the first denial decides"
        case RecordStatus.EXPIRED if denials:
            return "it is expired although somebody has denied it"
        case RecordStatus.PENDING if at_once and denials:
            return "it is pending although the first denial decides"
    snapshot = design.electorate is Electorate.SNAPSHOT
    undecided = record.status is not RecordStatus.PUBLISHED
    if snapshot and undecided and _is_complete(record, thread, design):
        return "it is not published although its whole electorate has approved"
    return None


def _is_complete(record: Record, thread: Thread, design: Design) -> bool:
    """Whether the electorate approved: of a live one, what it can have been at some moment."""
    approvals, members = record.approvals, (1 << record.electorate_size) - 1
    if design.electorate is Electorate.SNAPSHOT:
        return approvals == members
    passed = (1 << approvals.bit_length()) - 1
    return approvals & members == members and approvals == passed & ~_authors_seat(record, thread)


def _authors_seat(record: Record, thread: Thread) -> int:
    """The bit of the author's seat on a spec; 0 while there is none, and of a direct message."""
    seats = thread.seats[: thread.co_author_count]
    return 1 << seats.index(record.author) if record.author in seats else 0
