"""The seven instructions of the ledger (SPEC 3 and 4, default design).

Every instruction has the same shape: GUARDS in the order of L3 (0 to 2 were checked by
`guards.admit`), EFFECTS, EMITS.  Guard 9 (`Overflow`) stands where the number changes: it
is the last, and a refusal undoes what was written.  `execute` is the action of the whole
program.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from choir_model.domain.identity import Address
from choir_model.engine import Computed, View
from choir_model.ledger import commitment, tokens
from choir_model.ledger.cells import (
    NOW,
    Account,
    AccountKind,
    Clock,
    ConfigAccount,
    MintAccount,
    RecordAccount,
    ThreadAccount,
    TokenAccount,
    Wallet,
    add,
    append,
    completes,
    exceeds_i64,
    exceeds_u64,
    has_bit,
    reached,
    set_bit,
    take,
)
from choir_model.ledger.guards import Admitted, admit, is_vacant
from choir_model.ports.ledger import Foreign, Purse
from choir_model.program import bindings
from choir_model.program.bindings import SUPPLY, Decision, Reason, RecordStatus
from choir_model.program.calls import Call

Event: TypeAlias = tuple[Callable[..., Any], dict[str, object]]
LEAVES_MAX = 2**32 - 1


def execute(view: View, call: Call, payer: Address) -> None:
    """One call of the ledger program in a transaction paid by `payer`."""
    admitted = admit(view, call, payer)
    HANDLERS[admitted.instruction](view, admitted)


def initialize(view: View, call: Admitted) -> None:
    """Fix mint, design and parameters once, and mint the whole supply (L1)."""
    # EFFECTS
    _pay_rent(view, call.roles["authority"])
    Account(view, call.roles["config"]).kind = AccountKind.CONFIG
    config = ConfigAccount(view, call.roles["config"])
    config.mint = call.roles["mint"]
    config.design = call.arguments["design"]
    config.approval_window = call.arguments["approval_window"]
    config.min_stake = call.arguments["min_stake"]
    config.max_co_authors = call.arguments["max_co_authors"]
    tokens.open_account(view, call.roles["treasury"], config.mint, call.roles["config"])
    tokens.refuse_frozen(view, call.roles["destination"])
    TokenAccount(view, call.roles["destination"]).update(TokenAccount.amount, add, SUPPLY)
    mint = MintAccount(view, config.mint)
    mint.supply = SUPPLY
    mint.revoked_mint_authority = mint.mint_authority
    mint.mint_authority = None
    if mint.freeze_authority is not None:
        mint.revoked_freeze_authority = mint.freeze_authority
        mint.freeze_authority = None


def create_thread(view: View, call: Admitted) -> None:
    """Open a thread with its vaults; the creator takes seat 0 (L2)."""
    creator, address = call.roles["creator"], call.roles["thread"]
    nonce = call.arguments["nonce"]
    # EFFECTS
    _pay_rent(view, creator)
    Account(view, address).kind = AccountKind.THREAD
    thread = ThreadAccount(view, address)
    thread.creator = creator
    thread.nonce = nonce
    thread.update(ThreadAccount.created_at, take, NOW)
    thread.seats = (creator,)
    for vault in ("stake_vault", "escrow_vault", "balance_vault"):
        tokens.open_account(view, call.roles[vault], call.roles["mint"], address)
    # EMITS
    opened = {"creator": creator, "nonce": nonce, "created_at": NOW}
    _announce(view, thread, [(bindings.ThreadCreated, opened)])


def submit_message(view: View, call: Admitted) -> None:
    """A co-author publishes: no stake, empty electorate, vacuous unanimity (M1)."""
    author, hash_ = call.roles["author"], call.arguments["hash"]
    thread = ThreadAccount(view, call.roles["thread"])
    # GUARDS
    if author not in thread.seats:
        view.refuse(Reason.NotCoAuthor, "author")
    if not is_vacant(view, call.roles["record"]):
        view.refuse(Reason.DuplicateContent, "record")
    # EFFECTS
    record = _open_record(view, call, stake=0)
    record.update(RecordAccount.decided_sequence, take, _sequence(thread, 2))
    _publish(view, thread, record, hash_)
    # EMITS
    created = _about(author, hash_, submitted_at=NOW)
    _announce(view, thread, [(bindings.MessageCreated, created), _published(record)])


def submit_spec(view: View, call: Admitted) -> None:
    """Anyone without a seat submits a spec with a stake and reserves a seat (M2, M7)."""
    author, hash_ = call.roles["author"], call.arguments["hash"]
    stake = call.arguments["stake"]
    config = ConfigAccount(view, call.roles["config"])
    thread = ThreadAccount(view, call.roles["thread"])
    # GUARDS
    seats = thread.seats
    if author in seats:
        view.refuse(Reason.AlreadyCoAuthor, "author")
    if not is_vacant(view, call.roles["record"]):
        view.refuse(Reason.DuplicateContent, "record")
    if stake < config.min_stake:
        view.refuse(Reason.InvalidStake, "author")
    if not TokenAccount(view, call.roles["author_token"]).test(TokenAccount.amount, reached, stake):
        view.refuse(Reason.InsufficientFunds, "author_token")
    if thread.test(ThreadAccount.pending_count, reached, config.max_co_authors - len(seats)):
        view.refuse(Reason.ThreadFull, "thread")
    if Clock(view).test(Clock.now, exceeds_i64, config.approval_window):
        view.refuse(Reason.Overflow)
    if thread.test(ThreadAccount.stake_total, exceeds_u64, stake):
        view.refuse(Reason.Overflow)
    # EFFECTS
    record = _open_record(view, call, stake=stake)
    record.status = RecordStatus.PENDING
    record.electorate_size = len(seats)
    record.update(RecordAccount.deadline, take, Computed(add, NOW, config.approval_window))
    thread.update(ThreadAccount.pending_count, add, 1)
    thread.update(ThreadAccount.stake_total, add, stake)
    tokens.move(view, call.roles["author_token"], call.roles["stake_vault"], stake)
    # EMITS
    submitted = _about(
        author,
        hash_,
        stake=stake,
        electorate_size=len(seats),
        submitted_at=NOW,
        deadline=RecordAccount.deadline[record.key],
    )
    _announce(view, thread, [(bindings.SpecSubmitted, submitted)])


def vote(view: View, call: Admitted) -> None:
    """A member of the electorate approves or denies; the deciding vote settles (M3 to M5)."""
    voter, decision = call.roles["voter"], call.arguments["decision"]
    thread = ThreadAccount(view, call.roles["thread"])
    record = RecordAccount(view, call.roles["record"])
    # GUARDS
    _refuse_unless_pending(view, record)
    if Clock(view).test(Clock.now, reached, RecordAccount.deadline[record.key]):
        view.refuse(Reason.WindowClosed)
    seats = thread.seats
    if voter not in seats:
        view.refuse(Reason.NotCoAuthor, "voter")
    seat = seats.index(voter)
    if seat >= record.electorate_size:
        view.refuse(Reason.NotInElectorate, "voter")
    if record.test(RecordAccount.approvals, has_bit, seat) or record.test(
        RecordAccount.denials, has_bit, seat
    ):
        view.refuse(Reason.AlreadyVoted, "voter")
    stake = record.stake
    # EFFECTS
    approves = decision is Decision.APPROVE
    field = RecordAccount.approvals if approves else RecordAccount.denials
    publishes = approves and record.test(field, completes, seat, record.electorate_size)
    record.update(field, set_bit, seat)
    received = _about(record.author, record.hash, voter=voter, decision=decision)
    events: list[Event] = [(bindings.ApprovalReceived, received)]
    if not approves:
        events += _reject(view, call, thread, record, stake)
    elif publishes:
        events += _approve(view, call, thread, record, stake)
    # EMITS
    _announce(view, thread, events)


def settle(view: View, call: Admitted) -> None:
    """Anyone closes a spec whose window is over; it never publishes (M6)."""
    thread = ThreadAccount(view, call.roles["thread"])
    record = RecordAccount(view, call.roles["record"])
    # GUARDS
    _refuse_unless_pending(view, record)
    if not Clock(view).test(Clock.now, reached, RecordAccount.deadline[record.key]):
        view.refuse(Reason.WindowOpen)
    stake = record.stake
    if thread.test(ThreadAccount.treasury_paid, exceeds_u64, stake):
        view.refuse(Reason.Overflow)
    # EFFECTS
    record.status = RecordStatus.EXPIRED
    thread.update(ThreadAccount.expired_count, add, 1)
    _close(thread, record, stake, decision_event=1)
    thread.update(ThreadAccount.treasury_paid, add, stake)
    tokens.move(view, call.roles["stake_vault"], call.roles["treasury"], stake)
    # EMITS
    expired = _about(record.author, record.hash, decided_at=NOW)
    settled = _settled(record, stake, to_treasury=stake)
    _announce(view, thread, [(bindings.MessageExpired, expired), settled])


def claim(view: View, call: Admitted) -> None:
    """A denier takes the share of a rejected spec's stake, once (M5, L5)."""
    beneficiary = call.roles["beneficiary"]
    thread = ThreadAccount(view, call.roles["thread"])
    record = RecordAccount(view, call.roles["record"])
    # GUARDS
    if is_vacant(view, call.roles["record"]):
        view.refuse(Reason.UnknownRecord, "record")
    status = record.status
    if status is RecordStatus.PENDING:
        view.refuse(Reason.NotDecided, "record")
    seats = thread.seats
    denied = status is RecordStatus.REJECTED and beneficiary in seats
    if not denied or not record.test(RecordAccount.denials, has_bit, seats.index(beneficiary)):
        view.refuse(Reason.NothingToClaim, "beneficiary")
    seat = seats.index(beneficiary)
    if record.test(RecordAccount.claims, has_bit, seat):
        view.refuse(Reason.AlreadyClaimed, "beneficiary")
    # EFFECTS
    share = record.stake // record.denials.bit_count()
    record.update(RecordAccount.claims, set_bit, seat)
    thread.update(ThreadAccount.escrow_total, add, -share)
    tokens.move(view, call.roles["escrow_vault"], call.roles["destination"], share)
    # EMITS
    claimed = _about(record.author, record.hash, beneficiary=beneficiary, amount=share)
    _announce(view, thread, [(bindings.ShareClaimed, claimed)])


HANDLERS: dict[str, Callable[[View, Admitted], None]] = {
    "initialize": initialize,
    "create_thread": create_thread,
    "submit_message": submit_message,
    "submit_spec": submit_spec,
    "vote": vote,
    "settle": settle,
    "claim": claim,
}


def _approve(
    view: View, call: Admitted, thread: ThreadAccount, record: RecordAccount, stake: int
) -> list[Event]:
    """The completing approval: publication, the author's seat, stake to balance (M4)."""
    if thread.test(ThreadAccount.token_balance, exceeds_u64, stake):
        view.refuse(Reason.Overflow)
    _close(thread, record, stake, decision_event=2)
    _publish(view, thread, record, record.hash)
    thread.update(ThreadAccount.token_balance, add, stake)
    tokens.move(view, call.roles["stake_vault"], call.roles["balance_vault"], stake)
    events = [_published(record)]
    seats, author = thread.seats, record.author
    if author not in seats:
        thread.update(ThreadAccount.seats, append, author)
        events.append((bindings.CoAuthorAdded, {"co_author": author, "seat": len(seats)}))
    return [*events, _settled(record, stake, to_balance=stake)]


def _reject(
    view: View, call: Admitted, thread: ThreadAccount, record: RecordAccount, stake: int
) -> list[Event]:
    """The first denial decides: its share to escrow, the remainder to the treasury (M5)."""
    share = stake // record.denials.bit_count()
    remainder = stake - share
    if thread.test(ThreadAccount.escrow_total, exceeds_u64, share):
        view.refuse(Reason.Overflow)
    record.status = RecordStatus.REJECTED
    thread.update(ThreadAccount.rejected_count, add, 1)
    _close(thread, record, stake, decision_event=2)
    thread.update(ThreadAccount.escrow_total, add, share)
    thread.update(ThreadAccount.treasury_paid, add, remainder)
    tokens.move(view, call.roles["stake_vault"], call.roles["escrow_vault"], share)
    tokens.move(view, call.roles["stake_vault"], call.roles["treasury"], remainder)
    rejected = _about(record.author, record.hash, decided_at=NOW)
    settled = _settled(record, stake, to_escrow=share, to_treasury=remainder, share=share)
    return [(bindings.MessageRejected, rejected), settled]


def _open_record(view: View, call: Admitted, stake: int) -> RecordAccount:
    _pay_rent(view, call.roles["author"])
    Account(view, call.roles["record"]).kind = AccountKind.RECORD
    record = RecordAccount(view, call.roles["record"])
    record.thread = call.roles["thread"]
    record.author = call.roles["author"]
    record.hash = call.arguments["hash"]
    record.stake = stake
    record.update(RecordAccount.submitted_at, take, NOW)
    sequence = Computed(add, ThreadAccount.sequence[record.thread], 1)
    record.update(RecordAccount.submitted_sequence, take, sequence)
    return record


def _pay_rent(view: View, payer: Address) -> None:
    """Creating an account takes lamports; the system program refuses who has none."""
    if Wallet(view, payer).purse is not Purse.AMPLE:
        view.refuse(Foreign.INSUFFICIENT_LAMPORTS, "payer")


def _close(thread: ThreadAccount, record: RecordAccount, stake: int, decision_event: int) -> None:
    """What every decision of a pending record does, whatever its outcome."""
    record.update(RecordAccount.decided_at, take, NOW)
    record.update(RecordAccount.decided_sequence, take, _sequence(thread, decision_event))
    thread.update(ThreadAccount.pending_count, add, -1)
    thread.update(ThreadAccount.stake_total, add, -stake)


def _publish(view: View, thread: ThreadAccount, record: RecordAccount, hash_: bytes) -> None:
    """Final status, and one more leaf of the commitment to content (L7)."""
    if thread.test(ThreadAccount.published_count, reached, LEAVES_MAX):
        view.refuse(Reason.Overflow)
    count = ThreadAccount.published_count[thread.key]
    record.status = RecordStatus.PUBLISHED
    record.update(RecordAccount.decided_at, take, NOW)
    record.update(RecordAccount.leaf_index, take, count)
    thread.update(ThreadAccount.peaks, commitment.append_leaf, count, record.key, hash_)
    thread.update(ThreadAccount.published_count, add, 1)


def _refuse_unless_pending(view: View, record: RecordAccount) -> None:
    if is_vacant(view, record.key):
        view.refuse(Reason.UnknownRecord, "record")
    if record.status is not RecordStatus.PENDING:
        view.refuse(Reason.AlreadyDecided, "record")


def _sequence(thread: ThreadAccount, offset: int) -> Computed:
    return Computed(add, ThreadAccount.sequence[thread.key], offset)


def _about(author: Address, hash_: bytes, **fields: object) -> dict[str, object]:
    return {"author": author, "hash": hash_, **fields}


def _published(record: RecordAccount) -> Event:
    index = RecordAccount.leaf_index[record.key]
    fields = _about(record.author, record.hash, leaf_index=index, decided_at=NOW)
    return bindings.MessagePublished, fields


def _settled(record: RecordAccount, stake: int, **amounts: int) -> Event:
    nothing = dict.fromkeys(("to_balance", "to_escrow", "to_payees", "to_treasury", "share"), 0)
    given = nothing | amounts
    return bindings.StakeSettled, _about(record.author, record.hash, stake=stake, **given)


def _announce(view: View, thread: ThreadAccount, events: list[Event]) -> None:
    """Number and emit the events of one instruction (L6)."""
    count, after = len(events), ThreadAccount.sequence[thread.key]
    if thread.test(ThreadAccount.sequence, exceeds_u64, count):
        view.refuse(Reason.Overflow)
    thread.update(ThreadAccount.sequence, add, count)
    for position, (kind, fields) in enumerate(events, start=1):
        view.emit(
            kind,
            thread=thread.key,
            sequence=Computed(add, after, position - count),
            first_sequence=Computed(add, after, 1 - count),
            last_sequence=after,
            **fields,
        )
