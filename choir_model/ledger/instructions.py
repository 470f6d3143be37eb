"""The seven instructions of the ledger under every design (SPEC 3, 4 and 9).

Every instruction has the same shape: GUARDS in the order of L3 (0 to 2 were checked by
`guards.admit`), EFFECTS, EMITS.  What the design decides is asked where it matters:
`electorates` says who votes and what completes, `decisions` what a decision does, `stakes`
where a stake goes, `payees` who is paid at once.  `execute` is the action of the whole
program.
"""

from __future__ import annotations

from collections.abc import Callable

from choir_model.domain.identity import Address
from choir_model.engine import Computed, View
from choir_model.ledger import decisions, electorates, stakes, tokens
from choir_model.ledger.announcements import (
    Event,
    about,
    announce,
    refuse_overflow,
    sequence,
)
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
    exceeds_i64,
    exceeds_u64,
    has_bit,
    reached,
    set_bit,
    take,
)
from choir_model.ledger.guards import CREATED, Admitted, admit, is_vacant
from choir_model.ledger.stakes import AUTHORS_BIT, Receiver
from choir_model.ports.ledger import Foreign, Purse
from choir_model.program import bindings
from choir_model.program.bindings import (
    SUPPLY,
    Capacity,
    Decision,
    Design,
    Reason,
    RecordStatus,
    Rejection,
)
from choir_model.program.calls import Call


def execute(view: View, call: Call, payer: Address) -> None:
    """One call of the ledger program in a transaction paid by `payer`."""
    admitted = admit(view, call, payer)
    HANDLERS[admitted.instruction](view, admitted)


def initialize(view: View, call: Admitted) -> None:
    """Fix mint, design and parameters once, and mint the whole supply (L1)."""
    # EFFECTS
    _pay_rent(view, call, "authority")
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
    _pay_rent(view, call, "creator")
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
    announce(view, thread, [(bindings.ThreadCreated, opened)])


def submit_message(view: View, call: Admitted) -> None:
    """A co-author publishes: no stake, empty electorate, vacuous unanimity (M1)."""
    thread = ThreadAccount(view, call.roles["thread"])
    # GUARDS
    if call.roles["author"] not in thread.seats:
        view.refuse(Reason.NotCoAuthor, "author")
    if not is_vacant(view, call.roles["record"]):
        view.refuse(Reason.DuplicateContent, "record")
    decisions.refuse_leaf_overflow(view, thread)
    refuse_overflow(view, thread, 2)
    # EFFECTS
    record = _open_record(view, call, stake=0)
    record.update(RecordAccount.decided_sequence, take, sequence(thread, 2))
    published = decisions.publish(thread, record)
    # EMITS
    created = about(record, submitted_at=NOW)
    announce(view, thread, [(bindings.MessageCreated, created), published])


def submit_spec(view: View, call: Admitted) -> None:
    """Anyone without a seat submits a spec with a stake (M2); it may reserve a seat (M7)."""
    stake = call.arguments["stake"]
    config = ConfigAccount(view, call.roles["config"])
    thread = ThreadAccount(view, call.roles["thread"])
    # GUARDS
    seats = thread.seats
    if call.roles["author"] in seats:
        view.refuse(Reason.AlreadyCoAuthor, "author")
    if not is_vacant(view, call.roles["record"]):
        view.refuse(Reason.DuplicateContent, "record")
    if stake < config.min_stake:
        view.refuse(Reason.InvalidStake, "author")
    if not TokenAccount(view, call.roles["author_token"]).test(TokenAccount.amount, reached, stake):
        view.refuse(Reason.InsufficientFunds, "author_token")
    if config.design.capacity is Capacity.RESERVE:
        free = config.max_co_authors - len(seats)
        if thread.test(ThreadAccount.pending_count, reached, free):
            view.refuse(Reason.ThreadFull, "thread")
    if Clock(view).test(Clock.now, exceeds_i64, config.approval_window):
        view.refuse(Reason.Overflow)
    if thread.test(ThreadAccount.stake_total, exceeds_u64, stake):
        view.refuse(Reason.Overflow)
    refuse_overflow(view, thread, 1)
    # EFFECTS
    record = _open_record(view, call, stake=stake)
    record.status = RecordStatus.PENDING
    record.electorate_size = len(seats)
    record.update(RecordAccount.deadline, take, Computed(add, NOW, config.approval_window))
    thread.update(ThreadAccount.pending_count, add, 1)
    thread.update(ThreadAccount.stake_total, add, stake)
    tokens.move(view, call.roles["author_token"], call.roles["stake_vault"], stake)
    # EMITS
    submitted = about(
        record,
        stake=stake,
        electorate_size=len(seats),
        submitted_at=NOW,
        deadline=RecordAccount.deadline[record.key],
    )
    announce(view, thread, [(bindings.SpecSubmitted, submitted)])


def vote(view: View, call: Admitted) -> None:
    """A member of the electorate approves or denies; the deciding vote settles (M3 to M5)."""
    voter, decision = call.roles["voter"], call.arguments["decision"]
    design = ConfigAccount(view, call.roles["config"]).design
    thread = ThreadAccount(view, call.roles["thread"])
    record = RecordAccount(view, call.roles["record"])
    # GUARDS
    _refuse_unless_pending(view, record)
    if Clock(view).test(Clock.now, reached, RecordAccount.deadline[record.key]):
        view.refuse(Reason.WindowClosed)
    seat = electorates.seat_of(view, design, thread, record, voter)
    if record.test(RecordAccount.approvals, has_bit, seat) or record.test(
        RecordAccount.denials, has_bit, seat
    ):
        view.refuse(Reason.AlreadyVoted, "voter")
    verdict, approves = None, decision is Decision.APPROVE
    if approves and electorates.is_completed_by(design, thread, record, seat):
        verdict = decisions.reach(view, call, thread, record, RecordStatus.PUBLISHED)
    elif not approves and design.rejection is Rejection.FIRST_DENIAL:
        denial = set_bit(0, seat)
        verdict = decisions.reach(view, call, thread, record, RecordStatus.REJECTED, denial)
    refuse_overflow(view, thread, 1 + (verdict.events if verdict else 0))
    # EFFECTS
    record.update(RecordAccount.approvals if approves else RecordAccount.denials, set_bit, seat)
    received = about(record, voter=voter, decision=decision)
    events: list[Event] = [(bindings.ApprovalReceived, received)]
    if verdict:
        events += decisions.carry_out(view, call, thread, record, verdict, position=2)
    # EMITS
    announce(view, thread, events)


def settle(view: View, call: Admitted) -> None:
    """Anyone closes a spec whose window is over; it never publishes (M6)."""
    thread = ThreadAccount(view, call.roles["thread"])
    record = RecordAccount(view, call.roles["record"])
    # GUARDS
    _refuse_unless_pending(view, record)
    if not Clock(view).test(Clock.now, reached, RecordAccount.deadline[record.key]):
        view.refuse(Reason.WindowOpen)
    denied = record.test(RecordAccount.denials, reached, 1)
    status = RecordStatus.REJECTED if denied else RecordStatus.EXPIRED
    verdict = decisions.reach(view, call, thread, record, status)
    refuse_overflow(view, thread, verdict.events)
    # EFFECTS
    events = decisions.carry_out(view, call, thread, record, verdict, position=1)
    # EMITS
    announce(view, thread, events)


def claim(view: View, call: Admitted) -> None:
    """A denier takes the share, or the author the refund, that waits in escrow, once (L5)."""
    beneficiary = call.roles["beneficiary"]
    design = ConfigAccount(view, call.roles["config"]).design
    thread = ThreadAccount(view, call.roles["thread"])
    record = RecordAccount(view, call.roles["record"])
    # GUARDS
    if is_vacant(view, call.roles["record"]):
        view.refuse(Reason.UnknownRecord, "record")
    status = record.status
    if status is RecordStatus.PENDING:
        view.refuse(Reason.NotDecided, "record")
    bit = _claim_bit(design, status, thread, record, beneficiary)
    if bit is None:
        view.refuse(Reason.NothingToClaim, "beneficiary")
    if record.test(RecordAccount.claims, has_bit, bit):
        view.refuse(Reason.AlreadyClaimed, "beneficiary")
    refuse_overflow(view, thread, 1)
    # EFFECTS
    shared = stakes.receiver(status, design) is Receiver.DENIERS
    deniers = record.denials.bit_count() if shared else 0
    share = stakes.settlement(status, design, record.stake, deniers).share
    record.update(RecordAccount.claims, set_bit, bit)
    thread.update(ThreadAccount.escrow_total, add, -share)
    tokens.move(view, call.roles["escrow_vault"], call.roles["destination"], share)
    # EMITS
    claimed = about(record, beneficiary=beneficiary, amount=share)
    announce(view, thread, [(bindings.ShareClaimed, claimed)])


def _claim_bit(
    design: Design,
    status: RecordStatus,
    thread: ThreadAccount,
    record: RecordAccount,
    beneficiary: Address,
) -> int | None:
    """The claim bit of `beneficiary`, or None for who is no claimant."""
    match stakes.claimants(status, design):
        case Receiver.AUTHOR:
            return AUTHORS_BIT if record.author == beneficiary else None
        case Receiver.DENIERS:
            seats = thread.seats
            if beneficiary in seats:
                seat = seats.index(beneficiary)
                return seat if record.test(RecordAccount.denials, has_bit, seat) else None
    return None


HANDLERS: dict[str, Callable[[View, Admitted], None]] = {
    "initialize": initialize,
    "create_thread": create_thread,
    "submit_message": submit_message,
    "submit_spec": submit_spec,
    "vote": vote,
    "settle": settle,
    "claim": claim,
}


def _open_record(view: View, call: Admitted, stake: int) -> RecordAccount:
    _pay_rent(view, call, "author")
    Account(view, call.roles["record"]).kind = AccountKind.RECORD
    record = RecordAccount(view, call.roles["record"])
    thread = ThreadAccount(view, call.roles["thread"])
    record.thread = thread.key
    record.author = call.roles["author"]
    record.hash = call.arguments["hash"]
    record.stake = stake
    record.update(RecordAccount.submitted_at, take, NOW)
    record.update(RecordAccount.submitted_sequence, take, sequence(thread, 1))
    return record


def _pay_rent(view: View, call: Admitted, payer_role: str) -> None:
    """Creating an account takes the lamports its address lacks, and who pays them.

    The system program takes them from nobody who has none, nor from what is no plain wallet.
    Where enough was sent to each address beforehand, nothing is asked of the payer (L2).
    """
    created, payer = CREATED[call.instruction], call.roles[payer_role]
    if all(Wallet(view, call.roles[role]).purse is Purse.AMPLE for role in created):
        return
    if not is_vacant(view, payer):
        view.refuse(Foreign.PAYER_NOT_VACANT, payer_role)
    if Wallet(view, payer).purse is not Purse.AMPLE:
        view.refuse(Foreign.INSUFFICIENT_LAMPORTS, payer_role)


def _refuse_unless_pending(view: View, record: RecordAccount) -> None:
    if is_vacant(view, record.key):
        view.refuse(Reason.UnknownRecord, "record")
    if record.status is not RecordStatus.PENDING:
        view.refuse(Reason.AlreadyDecided, "record")
