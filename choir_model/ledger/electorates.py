"""Who votes on a spec, and when its electorate is complete (M2 to M4).

Under snapshot the electorate are the first `electorate_size` seats, as taken at
submission.  Under live it is every seat taken at the moment of the vote but the author's:
who joins later must approve too.
"""

from __future__ import annotations

from choir_model.domain.identity import Address
from choir_model.engine import View
from choir_model.ledger.cells import RecordAccount, ThreadAccount, completes
from choir_model.program.bindings import Design, Electorate, Reason


def seat_of(
    view: View, design: Design, thread: ThreadAccount, record: RecordAccount, voter: Address
) -> int:
    """The seat number `voter` votes with; refuses outsiders (guard 5)."""
    seats = thread.seats
    if voter not in seats:
        view.refuse(Reason.NotCoAuthor, "voter")
    seat = seats.index(voter)
    if design.electorate is Electorate.LIVE:
        if voter == record.author:
            view.refuse(Reason.NotInElectorate, "voter")
    elif seat >= record.electorate_size:
        view.refuse(Reason.NotInElectorate, "voter")
    return seat


def is_completed_by(
    design: Design, thread: ThreadAccount, record: RecordAccount, seat: int
) -> bool:
    """Whether the approval of `seat` is the last one missing (M4).

    A denial takes its seat's approval away for good, as nobody votes twice.
    """
    if design.electorate is Electorate.LIVE:
        seats = thread.seats
        members = (1 << len(seats)) - 1
        if record.author in seats:
            members ^= 1 << seats.index(record.author)
    else:
        members = (1 << record.electorate_size) - 1
    return record.test(RecordAccount.approvals, completes, seat, members)
