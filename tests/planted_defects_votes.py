"""Wrong rules of electorates, seats, record keys, commitment and numbers, under their designs."""

from __future__ import annotations

from planted_defects import Defect, Edit, defect

from choir_model.engine import dictview
from choir_model.ledger import (
    announcements,
    commitment,
    decisions,
    electorates,
    guards,
    images,
    instructions,
    port,
    tokens,
)
from choir_model.program import addresses

AT_CLOSE = "rejection=at_close"
PUSH = "payout=push"
SHARED = f"{AT_CLOSE} {PUSH}"
LIVE = "electorate=live"
LATE = "capacity=check_at_publish"
EXPIRED_BACK = "expiry=refund"
DENIED_BACK = "denial_share=refund"

REFUSED_VOTE_STAYS = Defect(
    "a vote that a full thread refuses is recorded",
    "M7",
    (
        Edit(
            decisions.reach,
            '                view.refuse(Reason.ThreadFull, "thread")\n',
            "                record.approvals = record.approvals | 1\n"
            '                view.refuse(Reason.ThreadFull, "thread")\n',
        ),
        Edit(
            dictview._run,
            "outcome = Refused(refusal.reason, refusal.role)",
            "outcome = Refused(refusal.reason, refusal.role); state.update(view.writes)",
        ),
        Edit(
            port.ReferenceLedger._step,
            "    if isinstance(outcome, Fired):\n",
            "    self._images.clear()\n    if isinstance(outcome, Fired):\n",
        ),
    ),
)

VOTES: tuple[tuple[str, Defect], ...] = (
    (
        LIVE,
        defect(
            "a live electorate forgets who joined later",
            "M4",
            electorates.is_completed_by,
            "members = (1 << len(seats)) - 1",
            "members = (1 << record.electorate_size) - 1",
        ),
    ),
    (
        "",
        defect(
            "a snapshot waits for who joined later",
            "M4",
            electorates.is_completed_by,
            "members = (1 << record.electorate_size) - 1",
            "members = (1 << len(thread.seats)) - 1",
        ),
    ),
    (
        LIVE,
        defect(
            "a live electorate has no later votes",
            "M3",
            electorates.seat_of,
            "if design.electorate is Electorate.LIVE:",
            "if design.electorate is Electorate.LIVE and seats.index(voter) "
            "< record.electorate_size:",
        ),
    ),
    (
        AT_CLOSE,
        defect(
            "one denial at the close is none",
            "M6",
            instructions.settle,
            "record.test(RecordAccount.denials, reached, 1)",
            "record.test(RecordAccount.denials, reached, 2)",
        ),
    ),
    (
        AT_CLOSE,
        defect(
            "the approvals of all others publish in spite of a denial",
            "M4",
            electorates.is_completed_by,
            "    return record.test(",
            "    members &= ~record.denials\n    return record.test(",
        ),
    ),
    (LATE, REFUSED_VOTE_STAYS),
    (
        LATE,
        defect(
            "a full thread refuses an author who is seated",
            "M7",
            decisions.reach,
            "if record.author not in seats:",
            "if design.capacity is Capacity.CHECK_AT_PUBLISH and "
            "len(seats) >= config.max_co_authors:\n"
            '            view.refuse(Reason.ThreadFull, "thread")\n'
            "        if record.author not in seats:",
        ),
    ),
    (
        LATE,
        defect(
            "a full thread publishes and seats nobody",
            "M7",
            decisions.reach,
            'view.refuse(Reason.ThreadFull, "thread")',
            "new_seat = None",
        ),
    ),
    (
        EXPIRED_BACK,
        defect(
            "what expires keeps its seat reserved",
            "M7",
            decisions.carry_out,
            "thread.update(ThreadAccount.pending_count, add, -1)",
            "thread.update(ThreadAccount.pending_count, add, "
            "-int(verdict.status is not RecordStatus.EXPIRED))",
        ),
    ),
)
"""Electorates, when a denial decides, and seats."""

RECORDS: tuple[tuple[str, Defect], ...] = (
    (
        "record_key=thread_hash",
        defect(
            "the author is in every key",
            "L2",
            addresses.record_seeds,
            "return bindings.RECORD_SEED, key.thread, key.hash",
            "return bindings.RECORD_SEED, key.thread, key.author, key.hash",
        ),
    ),
    (
        "record_key=thread_hash",
        defect(
            "a record's bump is that of the default design",
            "L2",
            images._record_bump,
            "addresses.record_seeds(key, design)",
            "(bindings.RECORD_SEED, key.thread, key.author, key.hash)",
        ),
    ),
    (
        "",
        defect(
            "a thread's address needs no nonce",
            "L2",
            guards._future_address,
            'addresses.thread(roles["creator"], arguments["nonce"])',
            'addresses.thread(roles["creator"], 0)',
        ),
    ),
    ("", defect("a leaf is hashed like a node", "L7", commitment.leaf_hash, r'b"\0"', r'b"\1"')),
    ("", defect("right is left", "L7", commitment.node_hash, "left + right", "right + left")),
    (
        "",
        defect(
            "the index is hashed from its other end",
            "L7",
            commitment.leaf_hash,
            '"little"',
            '"big"',
        ),
    ),
    (
        AT_CLOSE,
        defect(
            "a settlement's first number is its last",
            "L6",
            announcements.announce,
            "first_sequence=Computed(add, after, 1 - count)",
            "first_sequence=after if count == 2 else Computed(add, after, 1 - count)",
        ),
    ),
    (
        PUSH,
        defect(
            "a decision has the vote's number",
            "L6",
            instructions.vote,
            "verdict, position=2",
            "verdict, position=1",
        ),
    ),
    (
        "",
        defect(
            "a donation is no donation",
            "L4",
            tokens._transfer,
            ".kind in VAULT_OWNERS",
            ".kind is AccountKind.THREAD",
        ),
    ),
    (
        PUSH,
        defect(
            "an account that holds tokens can be closed",
            "M5",
            tokens._close,
            "view.refuse(Foreign.TOKEN_NOT_EMPTY",
            "(lambda *_: None)(Foreign.TOKEN_NOT_EMPTY",
        ),
    ),
)
"""Where records lie, what they commit to, and the numbers of events."""
