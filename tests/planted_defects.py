"""Planted defects: wrong rules that the lockstep suites must notice.

Theory of operation
-------------------
A defect is data: which function of a reference, which text of it, and what stands there
instead.  `planted` compiles the changed text and swaps it into the function object, so that
everybody who holds the function gets the defect, and swaps the old code back afterwards.  A
text that does not occur exactly once is an error: a defect that is no longer planted would
otherwise look like one that is no longer caught.

The lists at the end are what the suites are measured with, one per suite.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from choir_model.adapters.edge_access import AccessFilters
from choir_model.content import reference
from choir_model.engine import dictview
from choir_model.ledger import (
    announcements,
    cells,
    commitment,
    decisions,
    electorates,
    guards,
    instructions,
    port,
    tokens,
)
from choir_model.ports import ledger as ledger_port


@dataclass(frozen=True, slots=True)
class Edit:
    """In the source of `function`, `new` stands where `old` stood."""

    function: Any
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Defect:
    """A wrong rule: what is wrong, the clause it breaks, and how it is planted."""

    name: str
    clause: str
    edits: tuple[Edit, ...]

    def __str__(self) -> str:
        return f"{self.clause}: {self.name}"


def defect(name: str, clause: str, function: Any, old: str, new: str) -> Defect:
    """A defect of one edit."""
    return Defect(name, clause, (Edit(inspect.unwrap(function), old, new),))


@contextmanager
def planted(wrong: Defect) -> Iterator[None]:
    """The reference with the defect in it; as it was when the block is left."""
    before: list[tuple[FunctionType, CodeType]] = []
    try:
        for edit in wrong.edits:
            code = _changed(edit)
            before.append((edit.function, edit.function.__code__))
            edit.function.__code__ = code
        yield
    finally:
        for function, code in reversed(before):
            function.__code__ = code


def _changed(edit: Edit) -> CodeType:
    source = textwrap.dedent(inspect.getsource(edit.function))
    if source.count(edit.old) != 1:
        name = edit.function.__qualname__
        raise LookupError(f"{edit.old!r} occurs {source.count(edit.old)} times in {name}")
    scratch: dict[str, Any] = dict(edit.function.__globals__)
    text = "from __future__ import annotations\n" + source.replace(edit.old, edit.new)
    exec(compile(text, f"<{edit.function.__qualname__}>", "exec"), scratch)  # noqa: S102
    code: CodeType = inspect.unwrap(scratch[edit.function.__name__]).__code__
    return code


_CLOCK_OF_VOTE = """\
    if Clock(view).test(Clock.now, reached, RecordAccount.deadline[record.key]):
        view.refuse(Reason.WindowClosed)
"""
_MEMBERSHIP_FIRST = """\
    if voter not in thread.seats:
        view.refuse(Reason.NotCoAuthor, "voter")
"""

LEDGER_DEFECTS: tuple[Defect, ...] = (
    defect(
        "the supply can be inflated later, the mint authority stays",
        "L1",
        instructions.initialize,
        "mint.mint_authority = None",
        "pass",
    ),
    defect(
        "nobody has to sign",
        "L3",
        guards._accounts,
        "view.refuse(Reason.MissingSigner, role.name)",
        "pass",
    ),
    defect(
        "membership is judged before the clock",
        "L3",
        instructions.vote,
        _CLOCK_OF_VOTE,
        _MEMBERSHIP_FIRST + _CLOCK_OF_VOTE,
    ),
    defect(
        "too early a settlement is called too late",
        "L3",
        instructions.settle,
        "Reason.WindowOpen",
        "Reason.WindowClosed",
    ),
    Defect(
        "a refused vote of an outsider leaves a bit behind",
        "L3",
        (
            Edit(
                electorates.seat_of,
                "    if voter not in seats:\n",
                "    if voter not in seats:\n        record.denials = record.denials | 1 << 31\n",
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
    ),
    defect(
        "an expired stake is what the vault holds, donations included",
        "L4",
        decisions.reach,
        "stake = config.design, record.stake",
        "stake = config.design, (record.stake if status is not RecordStatus.EXPIRED "
        'else tokens.TokenAccount(view, call.roles["stake_vault"]).amount)',
    ),
    defect(
        "a share is paid back into the escrow",
        "L5",
        instructions.claim,
        'call.roles["destination"]',
        'call.roles["escrow_vault"]',
    ),
    defect(
        "a claimed share stays in the escrow's account",
        "L5",
        instructions.claim,
        "thread.update(ThreadAccount.escrow_total, add, -share)",
        "pass",
    ),
    defect(
        "a share can be claimed twice",
        "S10",
        instructions.claim,
        'view.refuse(Reason.AlreadyClaimed, "beneficiary")',
        "pass",
    ),
    defect(
        "whoever has a seat has a share",
        "L5",
        instructions._claim_bit,
        "seat if record.test(RecordAccount.denials, has_bit, seat) else None",
        "seat",
    ),
    defect(
        "a new co-author is not announced",
        "L6",
        decisions.carry_out,
        "events.append((bindings.CoAuthorAdded, joined))",
        "pass",
    ),
    defect(
        "sequence numbers skip",
        "L6",
        announcements.announce,
        "thread.update(ThreadAccount.sequence, add, count)",
        "thread.update(ThreadAccount.sequence, add, count + (count > 2))",
    ),
    defect(
        "the first leaf has index one",
        "L7",
        commitment.append_leaf,
        "leaf_hash(count, record, content)",
        "leaf_hash(count + 1, record, content)",
    ),
    defect(
        "a peak that was carried stays",
        "L7",
        commitment.append_leaf,
        "after[level] = EMPTY",
        "pass",
    ),
    defect(
        "a resent transaction is answered like the first time",
        "L8",
        port.ReferenceLedger.resend,
        "return Rejected(Foreign.ALREADY_PROCESSED)",
        "return outcome",
    ),
    defect(
        "the same message can be submitted again",
        "M1",
        instructions.submit_message,
        'view.refuse(Reason.DuplicateContent, "record")',
        "pass",
    ),
    defect(
        "the least stake is too little",
        "M2",
        instructions.submit_spec,
        "stake < config.min_stake",
        "stake <= config.min_stake",
    ),
    defect(
        "a stake is recorded but not moved",
        "M2",
        instructions.submit_spec,
        'tokens.move(view, call.roles["author_token"], call.roles["stake_vault"], stake)',
        "pass",
    ),
    defect(
        "a vote counts at the deadline itself",
        "M2",
        instructions.vote,
        "reached, RecordAccount.deadline[record.key]",
        "reached, Computed(add, RecordAccount.deadline[record.key], 1)",
    ),
    defect(
        "who joined later votes too",
        "M2",
        electorates.seat_of,
        "seat >= record.electorate_size",
        "seat >= len(seats)",
    ),
    defect(
        "a member votes twice",
        "M3",
        instructions.vote,
        'view.refuse(Reason.AlreadyVoted, "voter")',
        "pass",
    ),
    defect(
        "a majority is unanimous",
        "M4",
        cells.completes,
        "bits | 1 << position == electorate",
        "2 * (bits | 1 << position).bit_count() > electorate.bit_count()",
    ),
    defect(
        "an author seated meanwhile is seated again",
        "M4",
        decisions.reach,
        "if record.author not in seats:",
        "if True:",
    ),
    defect(
        "a denied stake is recorded in escrow and paid to the treasury",
        "M5",
        decisions._pay,
        "call.roles[vault], amount",
        'call.roles[{"escrow_vault": "treasury"}.get(vault, vault)], amount',
    ),
    defect(
        "a spec can be settled a second early",
        "M6",
        instructions.settle,
        "reached, RecordAccount.deadline[record.key]",
        "reached, Computed(add, RecordAccount.deadline[record.key], -1)",
    ),
    defect(
        "expired specs are not counted",
        "M6",
        decisions._finish,
        "thread.update(counter, add, 1)",
        "thread.update(counter, add, int(status is not RecordStatus.EXPIRED))",
    ),
    defect(
        "a pending spec reserves no seat",
        "M7",
        instructions.submit_spec,
        "thread.test(ThreadAccount.pending_count, reached, free)",
        "not free",
    ),
    defect(
        "a decision releases no seat",
        "M7",
        decisions.carry_out,
        "thread.update(ThreadAccount.pending_count, add, -1)",
        "pass",
    ),
    defect(
        "a decided record can be decided again",
        "M8",
        instructions._refuse_unless_pending,
        'view.refuse(Reason.AlreadyDecided, "record")',
        "pass",
    ),
    defect(
        "a frozen account pays and is paid",
        "L1",
        tokens.refuse_frozen,
        "view.refuse(Foreign.TOKEN_FROZEN)",
        "pass",
    ),
    defect(
        "what the runtime keeps can be written",
        "L3",
        ledger_port.privileges,
        "and not demoted",
        "",
    ),
)
"""Defects of the ledger reference; the ledger machine must catch each."""

CONTENT_DEFECTS: tuple[Defect, ...] = (
    defect(
        "a payload's status stays what it was",
        "S2",
        reference.set_status,
        "hold_status(view, key, status)",
        "view.emit(Stored(already=current is status))",
    ),
    defect(
        "the search filter leaks ThreadOnly messages",
        "S8",
        AccessFilters._rectangle,
        "if len(grant.privacies) < len(Privacy):",
        "if False:",
    ),
    defect(
        "content that does not re-hash is served",
        "S5b",
        reference.hashes_to,
        "return content_hash(content) ==",
        "return True or content_hash(content) ==",
    ),
)
"""Defects of the content side; the content machine must catch each."""

NAMED: dict[str, str] = {
    "deadline off by one": "a vote counts at the deadline itself",
    "vote counted twice": "a member votes twice",
    "capacity not reserved": "a pending spec reserves no seat",
    "event missing": "a new co-author is not announced",
    "error code swapped": "too early a settlement is called too late",
    "stake not moved": "a stake is recorded but not moved",
    "payload status stale": "a payload's status stays what it was",
    "filter leaking a ThreadOnly message": "the search filter leaks ThreadOnly messages",
    "donation counted as stake": "an expired stake is what the vault holds, donations included",
    "wrong guard order": "membership is judged before the clock",
}
"""The ten classic mistakes, and the planted defect that stands for each."""
