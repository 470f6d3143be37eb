"""Generated from choir.idl.json by ``python -m choir_model.program.generate``.

Errors, enums, account and event values of the ledger program, and their byte layouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from choir_model.program.layout import AccountRole, Instruction, Layout


class Reason(Enum):
    """Why the program refused (L3); values are error codes."""

    UnknownInstruction = 6000
    """guard 0: the data does not begin with the discriminator of an instruction."""
    MissingAccount = 6001
    """guard 1: fewer accounts than the instruction takes."""
    WrongOwner = 6002
    """guard 1: an account is not owned by the program it must belong to."""
    WrongAddress = 6003
    """guard 1: an account is not at the address it must have."""
    WrongDiscriminator = 6004
    """guard 1: an account does not hold the kind of data it must hold."""
    WrongMint = 6005
    """guard 1: a token account is not of the CHOIR mint."""
    WrongTokenOwner = 6006
    """guard 1: a token account does not belong to the party it must belong to."""
    InvalidMint = 6007
    """guard 1: the mint must have 9 decimals, no supply, and the signer as its only authority."""
    NotWritable = 6008
    """guard 1: an account must be writable."""
    MissingSigner = 6009
    """guard 1: an account must have signed."""
    AlreadyInitialized = 6010
    """guard 1: the program is initialized already."""
    ThreadExists = 6011
    """guard 1: this creator has a thread of this nonce already."""
    InvalidArguments = 6012
    """guard 2: the arguments do not decode."""
    InvalidParameter = 6013
    """guard 2: a parameter is out of its range."""
    UnknownRecord = 6014
    """guard 3: no such record."""
    AlreadyDecided = 6015
    """guard 3: the record is final."""
    NotDecided = 6016
    """guard 3: the record is still pending."""
    WindowClosed = 6017
    """guard 4: the approval window is over."""
    WindowOpen = 6018
    """guard 4: the approval window is still open."""
    NotCoAuthor = 6019
    """guard 5: the signer has no seat in the thread."""
    AlreadyCoAuthor = 6020
    """guard 5: the signer has a seat in the thread and submits directly."""
    NotInElectorate = 6021
    """guard 5: the signer took a seat after the spec was submitted."""
    NothingToClaim = 6022
    """guard 5: the signer has no share in the record."""
    AlreadyVoted = 6023
    """guard 6: the signer has voted."""
    AlreadyClaimed = 6024
    """guard 6: the share was claimed."""
    DuplicateContent = 6025
    """guard 6: a record of this author and content exists in the thread."""
    InvalidStake = 6026
    """guard 7: the stake is below the minimum."""
    InsufficientFunds = 6027
    """guard 7: the token account holds less than the stake."""
    PayeeUnavailable = 6028
    """guard 7: an account that a share or refund is to be sent to is missing or unfit."""
    ThreadFull = 6029
    """guard 8: every seat is taken or reserved."""
    Overflow = 6030
    """guard 9: a number would leave its range."""


MEANINGS: dict[Reason, str] = {
    Reason.UnknownInstruction: (
        "guard 0: the data does not begin with the discriminator of an instruction"
    ),
    Reason.MissingAccount: (
        "guard 1: fewer accounts than the instruction takes"
    ),
    Reason.WrongOwner: (
        "guard 1: an account is not owned by the program it must belong to"
    ),
    Reason.WrongAddress: (
        "guard 1: an account is not at the address it must have"
    ),
    Reason.WrongDiscriminator: (
        "guard 1: an account does not hold the kind of data it must hold"
    ),
    Reason.WrongMint: (
        "guard 1: a token account is not of the CHOIR mint"
    ),
    Reason.WrongTokenOwner: (
        "guard 1: a token account does not belong to the party it must belong to"
    ),
    Reason.InvalidMint: (
        "guard 1: the mint must have 9 decimals, no supply, and the signer as its only authority"
    ),
    Reason.NotWritable: (
        "guard 1: an account must be writable"
    ),
    Reason.MissingSigner: (
        "guard 1: an account must have signed"
    ),
    Reason.AlreadyInitialized: (
        "guard 1: the program is initialized already"
    ),
    Reason.ThreadExists: (
        "guard 1: this creator has a thread of this nonce already"
    ),
    Reason.InvalidArguments: (
        "guard 2: the arguments do not decode"
    ),
    Reason.InvalidParameter: (
        "guard 2: a parameter is out of its range"
    ),
    Reason.UnknownRecord: (
        "guard 3: no such record"
    ),
    Reason.AlreadyDecided: (
        "guard 3: the record is final"
    ),
    Reason.NotDecided: (
        "guard 3: the record is still pending"
    ),
    Reason.WindowClosed: (
        "guard 4: the approval window is over"
    ),
    Reason.WindowOpen: (
        "guard 4: the approval window is still open"
    ),
    Reason.NotCoAuthor: (
        "guard 5: the signer has no seat in the thread"
    ),
    Reason.AlreadyCoAuthor: (
        "guard 5: the signer has a seat in the thread and submits directly"
    ),
    Reason.NotInElectorate: (
        "guard 5: the signer took a seat after the spec was submitted"
    ),
    Reason.NothingToClaim: (
        "guard 5: the signer has no share in the record"
    ),
    Reason.AlreadyVoted: (
        "guard 6: the signer has voted"
    ),
    Reason.AlreadyClaimed: (
        "guard 6: the share was claimed"
    ),
    Reason.DuplicateContent: (
        "guard 6: a record of this author and content exists in the thread"
    ),
    Reason.InvalidStake: (
        "guard 7: the stake is below the minimum"
    ),
    Reason.InsufficientFunds: (
        "guard 7: the token account holds less than the stake"
    ),
    Reason.PayeeUnavailable: (
        "guard 7: an account that a share or refund is to be sent to is missing or unfit"
    ),
    Reason.ThreadFull: (
        "guard 8: every seat is taken or reserved"
    ),
    Reason.Overflow: (
        "guard 9: a number would leave its range"
    ),
}
"""What each refusal means, beginning with the number of its guard (L3)."""


class Expiry(Enum):
    """`Expiry` of the IDL."""

    TREASURY = 0
    REFUND = 1


class Rejection(Enum):
    """`Rejection` of the IDL."""

    FIRST_DENIAL = 0
    AT_CLOSE = 1


class Electorate(Enum):
    """`Electorate` of the IDL."""

    SNAPSHOT = 0
    LIVE = 1


class Payout(Enum):
    """`Payout` of the IDL."""

    CLAIM = 0
    PUSH = 1


class Capacity(Enum):
    """`Capacity` of the IDL."""

    RESERVE = 0
    CHECK_AT_PUBLISH = 1


class RecordKey(Enum):
    """`RecordKey` of the IDL."""

    THREAD_AUTHOR_HASH = 0
    THREAD_HASH = 1


class DenialShare(Enum):
    """`DenialShare` of the IDL."""

    DENIERS = 0
    TREASURY = 1
    REFUND = 2


class RecordStatus(Enum):
    """`RecordStatus` of the IDL."""

    PENDING = 0
    PUBLISHED = 1
    REJECTED = 2
    EXPIRED = 3


class Decision(Enum):
    """`Decision` of the IDL."""

    APPROVE = 0
    DENY = 1


@dataclass(frozen=True, slots=True)
class Config:
    """Singleton: mint, design, parameters."""

    bump: int
    treasury_bump: int
    mint: bytes
    design: Design
    approval_window: int
    min_stake: int
    max_co_authors: int


@dataclass(frozen=True, slots=True)
class Thread:
    """Ownership and token accounts of one thread, and the commitment to its published records."""

    bump: int
    stake_bump: int
    escrow_bump: int
    balance_bump: int
    creator: bytes
    nonce: int
    created_at: int
    sequence: int
    token_balance: int
    stake_total: int
    escrow_total: int
    treasury_paid: int
    pending_count: int
    published_count: int
    rejected_count: int
    expired_count: int
    co_author_count: int
    seats: tuple[bytes, ...]
    peaks: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One message or spec: its hash, votes, stake and decision."""

    bump: int
    status: RecordStatus
    electorate_size: int
    approvals: int
    denials: int
    claims: int
    thread: bytes
    author: bytes
    hash: bytes
    stake: int
    submitted_at: int
    deadline: int
    decided_at: int
    submitted_sequence: int
    decided_sequence: int
    leaf_index: int


@dataclass(frozen=True, slots=True)
class ThreadCreated:
    """`ThreadCreated` of the IDL."""

    thread: bytes
    sequence: int
    first_sequence: int
    last_sequence: int
    creator: bytes
    nonce: int
    created_at: int


@dataclass(frozen=True, slots=True)
class MessageCreated:
    """`MessageCreated` of the IDL."""

    thread: bytes
    sequence: int
    first_sequence: int
    last_sequence: int
    author: bytes
    hash: bytes
    submitted_at: int


@dataclass(frozen=True, slots=True)
class MessagePublished:
    """`MessagePublished` of the IDL."""

    thread: bytes
    sequence: int
    first_sequence: int
    last_sequence: int
    author: bytes
    hash: bytes
    leaf_index: int
    decided_at: int


@dataclass(frozen=True, slots=True)
class SpecSubmitted:
    """`SpecSubmitted` of the IDL."""

    thread: bytes
    sequence: int
    first_sequence: int
    last_sequence: int
    author: bytes
    hash: bytes
    stake: int
    electorate_size: int
    submitted_at: int
    deadline: int


@dataclass(frozen=True, slots=True)
class ApprovalReceived:
    """`ApprovalReceived` of the IDL."""

    thread: bytes
    sequence: int
    first_sequence: int
    last_sequence: int
    author: bytes
    hash: bytes
    voter: bytes
    decision: Decision


@dataclass(frozen=True, slots=True)
class MessageRejected:
    """`MessageRejected` of the IDL."""

    thread: bytes
    sequence: int
    first_sequence: int
    last_sequence: int
    author: bytes
    hash: bytes
    decided_at: int


@dataclass(frozen=True, slots=True)
class MessageExpired:
    """`MessageExpired` of the IDL."""

    thread: bytes
    sequence: int
    first_sequence: int
    last_sequence: int
    author: bytes
    hash: bytes
    decided_at: int


@dataclass(frozen=True, slots=True)
class CoAuthorAdded:
    """`CoAuthorAdded` of the IDL."""

    thread: bytes
    sequence: int
    first_sequence: int
    last_sequence: int
    co_author: bytes
    seat: int


@dataclass(frozen=True, slots=True)
class StakeSettled:
    """`StakeSettled` of the IDL."""

    thread: bytes
    sequence: int
    first_sequence: int
    last_sequence: int
    author: bytes
    hash: bytes
    stake: int
    to_balance: int
    to_escrow: int
    to_payees: int
    to_treasury: int
    share: int


@dataclass(frozen=True, slots=True)
class ShareClaimed:
    """`ShareClaimed` of the IDL."""

    thread: bytes
    sequence: int
    first_sequence: int
    last_sequence: int
    author: bytes
    hash: bytes
    beneficiary: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class Design:
    """The ledger's design variants; the first of each is the default."""

    expiry: Expiry
    rejection: Rejection
    electorate: Electorate
    payout: Payout
    capacity: Capacity
    record_key: RecordKey
    denial_share: DenialShare


PROGRAM_ID = "ChoirLedger11111111111111111111111111111111"
"""Base58 address of the ledger program."""
SEATS = 32
"""Seats in a thread; the upper bound of max_co_authors."""
PEAKS = 32
"""Peaks of the Merkle mountain range a thread stores."""
MIN_STAKE_FLOOR = 32
"""Lower bound of min_stake in base units, so that no share is zero (M2)."""
DECIMALS = 9
"""Decimals of the CHOIR mint."""
SUPPLY = 10000000000000000000
"""Base units minted by initialize: 10 000 000 000 CHOIR (L1)."""
CONFIG_SEED = bytes.fromhex("636f6e666967")
"""PDA seed."""
TREASURY_SEED = bytes.fromhex("7472656173757279")
"""PDA seed."""
THREAD_SEED = bytes.fromhex("746872656164")
"""PDA seed."""
STAKE_SEED = bytes.fromhex("7374616b65")
"""PDA seed."""
ESCROW_SEED = bytes.fromhex("657363726f77")
"""PDA seed."""
BALANCE_SEED = bytes.fromhex("62616c616e6365")
"""PDA seed."""
RECORD_SEED = bytes.fromhex("7265636f7264")
"""PDA seed."""


ACCOUNTS: dict[type, Layout] = {
    Config: Layout(
        "Config",
        bytes.fromhex("9b0caae01efacc82"),
        Config,
        (
            ("bump", "B"),
            ("treasury_bump", "B"),
            ("mint", "32s"),
            ("design", Design),
            ("approval_window", "q"),
            ("min_stake", "Q"),
            ("max_co_authors", "B"),
        ),
    ),
    Thread: Layout(
        "Thread",
        bytes.fromhex("ba1b9a6f33249f5a"),
        Thread,
        (
            ("bump", "B"),
            ("stake_bump", "B"),
            ("escrow_bump", "B"),
            ("balance_bump", "B"),
            ("creator", "32s"),
            ("nonce", "Q"),
            ("created_at", "q"),
            ("sequence", "Q"),
            ("token_balance", "Q"),
            ("stake_total", "Q"),
            ("escrow_total", "Q"),
            ("treasury_paid", "Q"),
            ("pending_count", "Q"),
            ("published_count", "Q"),
            ("rejected_count", "Q"),
            ("expired_count", "Q"),
            ("co_author_count", "B"),
            ("seats", "32*32s"),
            ("peaks", "32*32s"),
        ),
    ),
    Record: Layout(
        "Record",
        bytes.fromhex("fee975fc4ca6928b"),
        Record,
        (
            ("bump", "B"),
            ("status", RecordStatus),
            ("electorate_size", "B"),
            ("approvals", "I"),
            ("denials", "I"),
            ("claims", "I"),
            ("thread", "32s"),
            ("author", "32s"),
            ("hash", "32s"),
            ("stake", "Q"),
            ("submitted_at", "q"),
            ("deadline", "q"),
            ("decided_at", "q"),
            ("submitted_sequence", "Q"),
            ("decided_sequence", "Q"),
            ("leaf_index", "Q"),
        ),
    ),
}


EVENTS: dict[type, Layout] = {
    ThreadCreated: Layout(
        "ThreadCreated",
        bytes.fromhex("3b45bdc9e670344d"),
        ThreadCreated,
        (
            ("thread", "32s"),
            ("sequence", "Q"),
            ("first_sequence", "Q"),
            ("last_sequence", "Q"),
            ("creator", "32s"),
            ("nonce", "Q"),
            ("created_at", "q"),
        ),
    ),
    MessageCreated: Layout(
        "MessageCreated",
        bytes.fromhex("ec6eb1275b350ec3"),
        MessageCreated,
        (
            ("thread", "32s"),
            ("sequence", "Q"),
            ("first_sequence", "Q"),
            ("last_sequence", "Q"),
            ("author", "32s"),
            ("hash", "32s"),
            ("submitted_at", "q"),
        ),
    ),
    MessagePublished: Layout(
        "MessagePublished",
        bytes.fromhex("adbc390264f93848"),
        MessagePublished,
        (
            ("thread", "32s"),
            ("sequence", "Q"),
            ("first_sequence", "Q"),
            ("last_sequence", "Q"),
            ("author", "32s"),
            ("hash", "32s"),
            ("leaf_index", "Q"),
            ("decided_at", "q"),
        ),
    ),
    SpecSubmitted: Layout(
        "SpecSubmitted",
        bytes.fromhex("3056531ac563a253"),
        SpecSubmitted,
        (
            ("thread", "32s"),
            ("sequence", "Q"),
            ("first_sequence", "Q"),
            ("last_sequence", "Q"),
            ("author", "32s"),
            ("hash", "32s"),
            ("stake", "Q"),
            ("electorate_size", "B"),
            ("submitted_at", "q"),
            ("deadline", "q"),
        ),
    ),
    ApprovalReceived: Layout(
        "ApprovalReceived",
        bytes.fromhex("bb52a56beb23d22a"),
        ApprovalReceived,
        (
            ("thread", "32s"),
            ("sequence", "Q"),
            ("first_sequence", "Q"),
            ("last_sequence", "Q"),
            ("author", "32s"),
            ("hash", "32s"),
            ("voter", "32s"),
            ("decision", Decision),
        ),
    ),
    MessageRejected: Layout(
        "MessageRejected",
        bytes.fromhex("f8ab9c9a32161989"),
        MessageRejected,
        (
            ("thread", "32s"),
            ("sequence", "Q"),
            ("first_sequence", "Q"),
            ("last_sequence", "Q"),
            ("author", "32s"),
            ("hash", "32s"),
            ("decided_at", "q"),
        ),
    ),
    MessageExpired: Layout(
        "MessageExpired",
        bytes.fromhex("09cdcaba13f16a70"),
        MessageExpired,
        (
            ("thread", "32s"),
            ("sequence", "Q"),
            ("first_sequence", "Q"),
            ("last_sequence", "Q"),
            ("author", "32s"),
            ("hash", "32s"),
            ("decided_at", "q"),
        ),
    ),
    CoAuthorAdded: Layout(
        "CoAuthorAdded",
        bytes.fromhex("eeae2b516d62a413"),
        CoAuthorAdded,
        (
            ("thread", "32s"),
            ("sequence", "Q"),
            ("first_sequence", "Q"),
            ("last_sequence", "Q"),
            ("co_author", "32s"),
            ("seat", "B"),
        ),
    ),
    StakeSettled: Layout(
        "StakeSettled",
        bytes.fromhex("ab3569ab8e41ece8"),
        StakeSettled,
        (
            ("thread", "32s"),
            ("sequence", "Q"),
            ("first_sequence", "Q"),
            ("last_sequence", "Q"),
            ("author", "32s"),
            ("hash", "32s"),
            ("stake", "Q"),
            ("to_balance", "Q"),
            ("to_escrow", "Q"),
            ("to_payees", "Q"),
            ("to_treasury", "Q"),
            ("share", "Q"),
        ),
    ),
    ShareClaimed: Layout(
        "ShareClaimed",
        bytes.fromhex("eb902c82be8d8bb0"),
        ShareClaimed,
        (
            ("thread", "32s"),
            ("sequence", "Q"),
            ("first_sequence", "Q"),
            ("last_sequence", "Q"),
            ("author", "32s"),
            ("hash", "32s"),
            ("beneficiary", "32s"),
            ("amount", "Q"),
        ),
    ),
}

INSTRUCTIONS: dict[str, Instruction] = {
    "initialize": Instruction(
        "initialize",
        bytes.fromhex("afaf6d1f0d989bed"),
        (
            AccountRole("authority", True, True),
            AccountRole("config", False, True),
            AccountRole("mint", False, True),
            AccountRole("treasury", False, True),
            AccountRole("destination", False, True),
            AccountRole("token_program", False, False),
            AccountRole("system_program", False, False),
        ),
        Layout(
            "initialize",
            b"",
            dict,
            (
                ("design", Design),
                ("approval_window", "q"),
                ("min_stake", "Q"),
                ("max_co_authors", "B"),
            ),
        ),
    ),
    "create_thread": Instruction(
        "create_thread",
        bytes.fromhex("b6df40038521cc1a"),
        (
            AccountRole("creator", True, True),
            AccountRole("config", False, False),
            AccountRole("thread", False, True),
            AccountRole("stake_vault", False, True),
            AccountRole("escrow_vault", False, True),
            AccountRole("balance_vault", False, True),
            AccountRole("mint", False, False),
            AccountRole("token_program", False, False),
            AccountRole("system_program", False, False),
        ),
        Layout(
            "create_thread",
            b"",
            dict,
            (
                ("nonce", "Q"),
            ),
        ),
    ),
    "submit_message": Instruction(
        "submit_message",
        bytes.fromhex("5c0cbcc236ebbc5c"),
        (
            AccountRole("author", True, True),
            AccountRole("config", False, False),
            AccountRole("thread", False, True),
            AccountRole("record", False, True),
            AccountRole("system_program", False, False),
        ),
        Layout(
            "submit_message",
            b"",
            dict,
            (
                ("hash", "32s"),
            ),
        ),
    ),
    "submit_spec": Instruction(
        "submit_spec",
        bytes.fromhex("869c0c2b4b5ee4e8"),
        (
            AccountRole("author", True, True),
            AccountRole("config", False, False),
            AccountRole("thread", False, True),
            AccountRole("record", False, True),
            AccountRole("author_token", False, True),
            AccountRole("stake_vault", False, True),
            AccountRole("token_program", False, False),
            AccountRole("system_program", False, False),
        ),
        Layout(
            "submit_spec",
            b"",
            dict,
            (
                ("hash", "32s"),
                ("stake", "Q"),
            ),
        ),
    ),
    "vote": Instruction(
        "vote",
        bytes.fromhex("e36e9b17887eac19"),
        (
            AccountRole("voter", True, False),
            AccountRole("config", False, False),
            AccountRole("thread", False, True),
            AccountRole("record", False, True),
            AccountRole("stake_vault", False, True),
            AccountRole("escrow_vault", False, True),
            AccountRole("balance_vault", False, True),
            AccountRole("treasury", False, True),
            AccountRole("token_program", False, False),
        ),
        Layout(
            "vote",
            b"",
            dict,
            (
                ("decision", Decision),
            ),
        ),
    ),
    "settle": Instruction(
        "settle",
        bytes.fromhex("af2ab957908366d4"),
        (
            AccountRole("config", False, False),
            AccountRole("thread", False, True),
            AccountRole("record", False, True),
            AccountRole("stake_vault", False, True),
            AccountRole("escrow_vault", False, True),
            AccountRole("treasury", False, True),
            AccountRole("token_program", False, False),
        ),
        Layout(
            "settle",
            b"",
            dict,
            (
            ),
        ),
    ),
    "claim": Instruction(
        "claim",
        bytes.fromhex("3ec6d6c1d59f6cd2"),
        (
            AccountRole("beneficiary", True, False),
            AccountRole("config", False, False),
            AccountRole("thread", False, True),
            AccountRole("record", False, True),
            AccountRole("escrow_vault", False, True),
            AccountRole("destination", False, True),
            AccountRole("token_program", False, False),
        ),
        Layout(
            "claim",
            b"",
            dict,
            (
            ),
        ),
    ),
}
