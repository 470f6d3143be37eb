"""What can occur under a design: refusals and events by instruction, and why others cannot.

Theory of operation
-------------------
A run that never meets a refusal has shown nothing about it, and a refusal that one
instruction meets shows nothing about the others.  So what is expected of a run are
**pairs** of an instruction and a refusal, or of an instruction and an event.

The tables say of each refusal which instructions can have it (and why no other can), and
of some pairs under which designs they cannot occur (and why).  Everything else follows:
`reachable` are the pairs that a run must meet, `impossible` those that it must never meet,
each with its reason in words.  What would take more transactions than can be made counts
as impossible here; such limits are tested on accounts made for the purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from choir_model.lockstep.compare import Coverage, Pair
from choir_model.ports.ledger import Foreign, Refusal
from choir_model.program import bindings
from choir_model.program.bindings import EVENTS, INSTRUCTIONS, Design, Reason

When: TypeAlias = Callable[[Design], bool]

CALLS = frozenset(INSTRUCTIONS)
"""The instructions of the ledger program."""
MOVES = frozenset({"token_transfer", "token_burn"})
TOKEN_CALLS = MOVES | {"token_close", "token_set_owner"}
"""Instructions of SPL Token that holders call themselves."""
CREATORS = frozenset({"initialize", "create_thread", "submit_message", "submit_spec"})
"""Instructions that create accounts, for which somebody must have paid."""
RESEND = frozenset({"resend"})
SENT = CALLS | TOKEN_CALLS
COMMANDS = SENT | RESEND
"""Everything that has an outcome."""


@dataclass(frozen=True, slots=True)
class Where:
    """The instructions that can meet a refusal or event, and why no other can."""

    instructions: frozenset[str]
    elsewhere: str


@dataclass(frozen=True, slots=True)
class Never:
    """These instructions never meet it under designs that `when` accepts; why."""

    instructions: frozenset[str]
    when: When
    why: str


def _in(*instructions: str, elsewhere: str) -> Where:
    return Where(frozenset(instructions), elsewhere)


def _never(*instructions: str, when: When, why: str) -> Never:
    return Never(frozenset(instructions), when, why)


# What the designs decide


def reserves(design: Design) -> bool:
    """Whether a pending spec reserves a seat (M7)."""
    return design.capacity is bindings.Capacity.RESERVE


def pushes(design: Design) -> bool:
    """Whether the deciding instruction sends shares and refunds (payout push)."""
    return design.payout is bindings.Payout.PUSH


def decides_at_once(design: Design) -> bool:
    """Whether the first denial rejects."""
    return design.rejection is bindings.Rejection.FIRST_DENIAL


def rejection_pays(design: Design) -> bool:
    """Whether somebody, deniers or author, gets the stake of a rejected spec."""
    return design.denial_share is not bindings.DenialShare.TREASURY


def expiry_pays(design: Design) -> bool:
    """Whether the author gets the stake of an expired spec back."""
    return design.expiry is bindings.Expiry.REFUND


def has_claimants(design: Design) -> bool:
    """Whether `claim` can ever pay (guard 5)."""
    return not pushes(design) and (rejection_pays(design) or expiry_pays(design))


def vote_pays(design: Design) -> bool:
    """Whether a vote can have payees (guard 7)."""
    return pushes(design) and decides_at_once(design) and rejection_pays(design)


def settle_pays(design: Design) -> bool:
    """Whether a settlement can have payees (guard 7)."""
    rejects = not decides_at_once(design) and rejection_pays(design)
    return pushes(design) and (expiry_pays(design) or rejects)


# The tables

_OF_PROGRAM = "SPL Token and the runtime have refusals of their own"
_SIGNED = "the account signs nothing there"
_TOKEN_ROLE = "no account there is a token account of the caller's choice"
_GUARDED = "guards come first: amounts, mints, owners and signers are right when tokens move"
_CREATES_NOTHING = "no account is created there, so nobody pays rent"
_NO_AMOUNT = f"no tokens move there, or {_GUARDED}"

REASONS: Mapping[Refusal, Where] = {
    Reason.UnknownInstruction: Where(CALLS, _OF_PROGRAM),
    Reason.MissingAccount: Where(CALLS, _OF_PROGRAM),
    Reason.WrongOwner: Where(CALLS, _OF_PROGRAM),
    Reason.WrongAddress: Where(CALLS, _OF_PROGRAM),
    Reason.WrongDiscriminator: Where(CALLS, _OF_PROGRAM),
    Reason.WrongMint: _in("initialize", "submit_spec", "claim", elsewhere=_TOKEN_ROLE),
    Reason.WrongTokenOwner: _in(
        "submit_spec", "claim", elsewhere=f"{_TOKEN_ROLE}, or it may belong to anybody"
    ),
    Reason.InvalidMint: _in("initialize", elsewhere="only initialize makes a mint CHOIR's"),
    Reason.NotWritable: Where(CALLS, _OF_PROGRAM),
    Reason.MissingSigner: Where(CALLS - {"settle"}, f"anyone may settle (M6): {_SIGNED}"),
    Reason.AlreadyInitialized: _in("initialize", elsewhere="only initialize creates the config"),
    Reason.ThreadExists: _in("create_thread", elsewhere="no other instruction creates a thread"),
    Reason.InvalidArguments: Where(CALLS, _OF_PROGRAM),
    Reason.InvalidParameter: _in("initialize", elsewhere="no other argument has a range (guard 2)"),
    Reason.UnknownRecord: _in("vote", "settle", "claim", elsewhere="no record is looked up there"),
    Reason.AlreadyDecided: _in("vote", "settle", elsewhere="no pending record is asked for there"),
    Reason.NotDecided: _in("claim", elsewhere="no decided record is asked for there"),
    Reason.WindowClosed: _in("vote", elsewhere="the end of the window stops votes only (guard 4)"),
    Reason.WindowOpen: _in("settle", elsewhere="only settle waits for the window's end (guard 4)"),
    Reason.NotCoAuthor: _in(
        "submit_message", "vote", elsewhere="no seat is asked for there (guard 5)"
    ),
    Reason.AlreadyCoAuthor: _in("submit_spec", elsewhere="a seat is in nobody's way there"),
    Reason.NotInElectorate: _in("vote", elsewhere="nobody votes there"),
    Reason.NothingToClaim: _in("claim", elsewhere="nobody claims there"),
    Reason.AlreadyVoted: _in("vote", elsewhere="nobody votes there"),
    Reason.AlreadyClaimed: _in("claim", elsewhere="nobody claims there"),
    Reason.DuplicateContent: _in(
        "submit_message", "submit_spec", elsewhere="no record is created there"
    ),
    Reason.InvalidStake: _in("submit_spec", elsewhere="nothing is staked there"),
    Reason.InsufficientFunds: _in("submit_spec", elsewhere="nothing is staked there"),
    Reason.PayeeUnavailable: _in("vote", "settle", elsewhere="no record is decided there"),
    Reason.ThreadFull: _in("submit_spec", "vote", elsewhere="no seat is given away or reserved"),
    Reason.Overflow: _in(
        "submit_spec",
        elsewhere="totals stay below the supply, which fits u64; sequence numbers and leaves "
        "run out after more transactions than can be made; no deadline is computed",
    ),
}
"""Where the program's reasons can occur."""

FOREIGN: Mapping[Refusal, Where] = {
    Foreign.ALREADY_PROCESSED: Where(RESEND, "only a resend has a signature used before"),
    Foreign.BLOCKHASH_NOT_FOUND: Where(SENT, "a resend follows at once, under the same blockhash"),
    Foreign.SIGNATURE_FAILURE: Where(frozenset(), "the port signs what it sends, rightly"),
    Foreign.UNITS_EXHAUSTED: Where(frozenset(), "the port asks for no limit of compute units"),
    Foreign.ACCOUNT_NOT_FOUND: Where(COMMANDS, ""),
    Foreign.INSUFFICIENT_FUNDS_FOR_FEE: Where(
        frozenset(), "who can pay any fee can pay more of them than a sequence has transactions"
    ),
    Foreign.INSUFFICIENT_FUNDS_FOR_RENT: Where(
        frozenset(), "no instruction sends lamports but for rent, and then all that is missing"
    ),
    Foreign.INSUFFICIENT_LAMPORTS: Where(CREATORS, _CREATES_NOTHING),
    Foreign.PAYER_NOT_VACANT: Where(CREATORS, _CREATES_NOTHING),
    Foreign.TOKEN_INSUFFICIENT_FUNDS: Where(MOVES, _NO_AMOUNT),
    Foreign.TOKEN_OWNER_MISMATCH: Where(TOKEN_CALLS, _GUARDED),
    Foreign.TOKEN_MINT_MISMATCH: Where(MOVES, _NO_AMOUNT),
    Foreign.TOKEN_FROZEN: Where(
        MOVES | {"token_set_owner", "initialize", "submit_spec", "claim"},
        "a frozen account can be closed, nobody can freeze a vault, and guard 7 looks at payees",
    ),
    Foreign.TOKEN_MISSING_SIGNATURE: Where(TOKEN_CALLS, _GUARDED),
    Foreign.TOKEN_INVALID_ACCOUNT: Where(TOKEN_CALLS, _GUARDED),
    Foreign.TOKEN_NOT_EMPTY: _in("token_close", elsewhere="no token account is closed there"),
    Foreign.READ_ONLY: _in(
        "token_close",
        "token_set_owner",
        elsewhere="what an instruction of the program writes is writable (guard 1); transfers "
        "and burns are sent with writable accounts only",
    ),
}
"""Where refusals of the runtime and of SPL Token can occur, as far as commands produce them."""

REFUSALS_BY_DESIGN: Mapping[Refusal, tuple[Never, ...]] = {
    Reason.AlreadyClaimed: (
        _never(
            "claim",
            when=lambda design: not has_claimants(design),
            why="nobody can claim, so nobody has claimed",
        ),
    ),
    Reason.PayeeUnavailable: (
        _never(
            "vote",
            when=lambda design: not vote_pays(design),
            why="no vote has payees: what a denial decides waits for claim, goes to the "
            "treasury, or is left to settle",
        ),
        _never(
            "settle",
            when=lambda design: not settle_pays(design),
            why="no settlement has payees: what it decides waits for claim or goes to the treasury",
        ),
    ),
    Reason.ThreadFull: (
        _never(
            "submit_spec",
            when=lambda design: not reserves(design),
            why="a pending spec reserves no seat; the completing approval looks for one",
        ),
        _never("vote", when=reserves, why="a pending spec has its seat reserved"),
    ),
    Foreign.TOKEN_FROZEN: (
        _never(
            "claim",
            when=lambda design: not has_claimants(design),
            why="nobody can claim, so nothing moves",
        ),
    ),
}
"""Refusals that some designs have in fewer instructions."""

EMITTERS: Mapping[str, Where] = {
    "ThreadCreated": _in("create_thread", elsewhere="no thread is created there"),
    "MessageCreated": _in("submit_message", elsewhere="no message is created there"),
    "MessagePublished": _in("submit_message", "vote", elsewhere="nothing is published there (M6)"),
    "SpecSubmitted": _in("submit_spec", elsewhere="no spec is created there"),
    "ApprovalReceived": _in("vote", elsewhere="nobody votes there"),
    "MessageRejected": _in("vote", "settle", elsewhere="nothing is rejected there"),
    "MessageExpired": _in("settle", elsewhere="only settle closes what nobody decided"),
    "CoAuthorAdded": _in("vote", elsewhere="nobody is given a seat there"),
    "StakeSettled": _in("vote", "settle", elsewhere="no stake is settled there"),
    "ShareClaimed": _in("claim", elsewhere="nobody claims there"),
}
"""Where each event can be emitted."""

EVENTS_BY_DESIGN: Mapping[str, tuple[Never, ...]] = {
    "MessageRejected": (
        _never(
            "vote",
            when=lambda design: not decides_at_once(design),
            why="voting goes on after a denial, and settle decides",
        ),
        _never("settle", when=decides_at_once, why="the first denial has decided before"),
    ),
    "ShareClaimed": (
        _never(
            "claim",
            when=lambda design: not has_claimants(design),
            why="shares and refunds are sent by the deciding instruction, or go to the treasury",
        ),
    ),
}
"""Events that some designs have in fewer instructions."""

REFUSALS: Mapping[Refusal, Where] = {**REASONS, **FOREIGN}


def why_never(instruction: str, refusal: Refusal, design: Design) -> str | None:
    """Why `instruction` cannot be refused for this reason under `design`; None if it can."""
    where, by_design = REFUSALS[refusal], REFUSALS_BY_DESIGN.get(refusal, ())
    return _why(instruction, where, by_design, design)


def why_not_emitted(instruction: str, event: str, design: Design) -> str | None:
    """Why `instruction` cannot emit this event under `design`; None if it can."""
    where, by_design = EMITTERS[event], EVENTS_BY_DESIGN.get(event, ())
    return _why(instruction, where, by_design, design)


def _why(
    instruction: str, where: Where, by_design: tuple[Never, ...], design: Design
) -> str | None:
    if instruction not in where.instructions:
        return where.elsewhere
    for never in by_design:
        if instruction in never.instructions and never.when(design):
            return never.why
    return None


def _all(design: Design) -> Iterator[tuple[Pair, str | None]]:
    for instruction in sorted(COMMANDS):
        for refusal in REFUSALS:
            yield (instruction, refusal.name), why_never(instruction, refusal, design)
        for event in EMITTERS:
            yield (instruction, event), why_not_emitted(instruction, event, design)


@cache
def reachable(design: Design) -> frozenset[Pair]:
    """Every (instruction, refusal or event) that can occur under `design`, by their names."""
    return frozenset(pair for pair, why in _all(design) if why is None)


@cache
def impossible(design: Design) -> Mapping[Pair, str]:
    """Every such pair that cannot occur under `design`, and why."""
    return {pair: why for pair, why in _all(design) if why is not None}


@cache
def ledger_refusals(design: Design) -> frozenset[str]:
    """The names of the program's reasons that some instruction can meet under `design` (L3)."""
    own = {reason.name for reason in Reason}
    return frozenset(name for _, name in reachable(design) if name in own)


@cache
def ledger_events(design: Design) -> frozenset[str]:
    """The names of the events that can be emitted under `design` (L6)."""
    own = {layout.name for layout in EVENTS.values()}
    return frozenset(name for _, name in reachable(design) if name in own)


def unmet(coverage: Coverage, design: Design) -> list[Pair]:
    """What can occur under `design` and did not in a run."""
    return sorted(reachable(design) - coverage.pairs)


def surprises(coverage: Coverage, design: Design) -> dict[Pair, str]:
    """What occurred in a run although it cannot, and why it was thought that it cannot."""
    never = impossible(design)
    return {pair: never[pair] for pair in sorted(coverage.pairs) if pair in never}
