"""The deck: one way to each refusal and event, as command sequences fixed in advance.

Theory of operation
-------------------
Chance meets rare refusals late, and an engine that takes a millisecond per transaction
cannot wait for it.  So a run begins with the deck: **scenes**, each a sequence of commands
that begins anew and leads past as many (instruction, refusal) pairs as lie on its way; a
refusal changes nothing, so that many can be had in one place.  Scenes are the same under
every design but for payees; what they meet under each is for the ledgers to say, and
`choir_model.lockstep.reachable` says what a run must have met in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from choir_model.lockstep.cast import MIN_STAKE, RICH, SETTINGS, WINDOW, Cast, under
from choir_model.lockstep.deck_rent import RENT_SCENES, thin_initialization
from choir_model.lockstep.ledger_pair import Command, LedgerPair, Resend
from choir_model.lockstep.running import Failure, minimise
from choir_model.lockstep.stage import Stage, damaged, undelivered
from choir_model.program import addresses, calls
from choir_model.program.bindings import MIN_STAKE_FLOOR, Decision, Design

USUAL, ROOMY, ENDLESS, BLANK = SETTINGS
UNEVEN = 2 * MIN_STAKE + 3
"""A stake that leaves remainders when two share it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A sequence of commands with a name; the first begins anew."""

    name: str
    commands: tuple[Command, ...]


def fresh_ledger(stage: Stage) -> None:
    """Everything `initialize` refuses while there is no config yet (L1)."""
    cast = stage.cast
    stage.begin(BLANK, thread=False)
    call = cast.initialize(under(stage.design, USUAL))
    damaged(stage, call, "mint", cast.look_alike, cast.token_garbage)
    for out_of_range in (
        replace(USUAL, max_co_authors=33),
        replace(USUAL, max_co_authors=0),
        replace(USUAL, min_stake=MIN_STAKE_FLOOR - 1),
        replace(USUAL, approval_window=0),
    ):
        stage.send(cast.initialize(under(stage.design, out_of_range)))
    for mint in (cast.unfit_mint, cast.thin_mint):
        stage.send(call.with_account("mint", mint))
    stage.send(call.with_account("destination", cast.spare_reserve))
    stage.send(call.with_account("destination", cast.frozen))
    stage.send(thin_initialization(stage))
    stage.send(call)


def second_initialize(stage: Stage) -> None:
    """Once initialized, always initialized, whatever mint is offered (L1)."""
    cast = stage.cast
    stage.begin(USUAL, thread=False)
    call = cast.initialize(under(stage.design, USUAL)).with_account("mint", cast.spare_mint)
    stage.send(call.with_account("destination", cast.spare_reserve))


def damaged_calls(stage: Stage) -> None:
    """Guards 0 to 2 of the other six instructions."""
    cast, design = stage.cast, stage.design
    first, third = cast.wallets[0], cast.wallets[2]
    stage.begin(USUAL)
    key, thread = stage.spec(1), cast.thread(0)
    well_formed = (
        calls.create_thread(third, cast.mint, 0),
        calls.submit_message(first, thread, cast.hashes[2], design),
        calls.submit_spec(third, cast.token(third), thread, cast.hashes[1], MIN_STAKE, design),
        calls.vote(first, key, Decision.APPROVE, design),
        calls.settle(key, design),
        calls.claim(first, key, cast.token(first), design),
    )
    for call in well_formed:
        damaged(stage, call, "config", cast.look_alike, cast.garbage)
    stage.send(well_formed[0].with_account("mint", cast.other_mint))
    for call, role in ((well_formed[2], "author_token"), (well_formed[5], "destination")):
        for wrong in (cast.other_token(first), cast.token(cast.wallets[1]), cast.unborn_token):
            stage.send(call.with_account(role, wrong))


def elsewhere(stage: Stage) -> None:
    """A record of another thread, and one that is nowhere and not writable (L3)."""
    cast, design = stage.cast, stage.design
    first, second = cast.wallets[:2]
    stage.begin(USUAL)
    stage.send(calls.create_thread(second, cast.mint, 1))
    key = stage.spec(1)
    other, record = replace(key, thread=cast.thread(3)), addresses.record(key, design)
    for call in (
        calls.vote(second, other, Decision.APPROVE, design),
        calls.settle(other, design),
        calls.claim(first, other, cast.token(first), design),
    ):
        stage.send(call.with_account("record", record), cast.crank)
        stage.send(call.with_writable("record", False), cast.crank)


def submissions(stage: Stage) -> None:
    """What `submit_*` and `create_thread` refuse, and what they do (M1, M2)."""
    cast = stage.cast
    stage.begin(USUAL)
    stage.send(calls.create_thread(cast.wallets[0], cast.mint, 0))
    stage.message(3, 0)
    stage.message(0, 0)
    stage.message(0, 0)
    stage.spec(0, 1)
    stage.spec(2, 1)
    stage.spec(2, 1)
    stage.spec(3, 2, MIN_STAKE - 1)
    stage.spec(4, 2, RICH)
    stage.spec(1, 2, MIN_STAKE, cast.frozen)
    stage.spec(1, 1)
    stage.message(0, 1)


def endless_window(stage: Stage) -> None:
    """A deadline that does not fit its type (guard 9)."""
    stage.begin(ENDLESS)
    stage.spec(1)


def approval(stage: Stage) -> None:
    """A spec is approved, and nothing can be done with it afterwards (M3, M4)."""
    cast = stage.cast
    stage.begin(USUAL)
    missing, first = cast.record(0, 3, 2), cast.wallets[0]
    stage.approve(missing, 0)
    stage.settle(missing)
    stage.claim(missing, first, cast.token(first))
    key = stage.spec(2)
    stage.approve(key, 3)
    stage.settle(key)
    stage.claim(key, first, cast.token(first))
    stage.approve(key)
    stage.approve(key, 0)
    stage.wait()
    stage.settle(key)
    stage.claim(key, first, cast.token(first))
    other = stage.spec(3, 1)
    stage.approve(other, 2, 2, 0)


def late_vote(stage: Stage) -> None:
    """A window passes; then only `settle` closes the spec (M6)."""
    stage.begin(USUAL)
    key = stage.spec(3)
    stage.wait(WINDOW - 1)
    stage.settle(key)
    stage.wait(1)
    stage.approve(key, 0)
    stage.settle(key)


def author_seated_meanwhile(stage: Stage) -> None:
    """Who takes a seat by one spec has no vote on the other one; all others approve it."""
    stage.begin(USUAL)
    one, other = stage.spec(1, 0), stage.spec(1, 1)
    stage.approve(one)
    stage.approve(other, 1, 0)


def joined_meanwhile(stage: Stage) -> None:
    """A member who joined after a spec was submitted: in the electorate, or not (M3)."""
    stage.begin(USUAL)
    late, joiner = stage.spec(2, 0), stage.spec(1, 1)
    stage.approve(joiner)
    stage.approve(late, 1, 0, 1)


def full_thread(stage: Stage) -> None:
    """One spec more than seats: refused when submitted, or when approved (M7)."""
    stage.begin(USUAL)
    keys = [stage.spec(author, author - 1) for author in (1, 2, 3)]
    for key in keys:
        stage.approve(key)


def seated_in_a_full_thread(stage: Stage) -> None:
    """The last seat is taken; an author who has one needs none for another spec (M4, M7)."""
    stage.begin(USUAL)
    keys = [stage.spec(author, content) for content, author in enumerate((1, 2, 2))]
    for key in keys:
        stage.approve(key)


def denied_by_several(stage: Stage) -> None:
    """Two members deny an uneven stake; all who might have a claim claim, twice (M5, L5)."""
    cast = stage.cast
    stage.begin(USUAL)
    stage.approve(stage.spec(1))
    key, second = stage.spec(3, 1, UNEVEN), cast.wallets[1]
    stage.deny(key, 1)
    stage.deny(key, 0)
    stage.wait()
    stage.settle(key, (0, 1))
    stage.claim(key, second, cast.frozen, cast.token(second), cast.token(second))
    for claimant in (0, 3):
        stage.claim(key, cast.wallets[claimant])


def denied_and_approved(stage: Stage) -> None:
    """The last approval comes after a denial, and publishes nothing (M4)."""
    stage.begin(USUAL)
    stage.approve(stage.spec(1))
    key = stage.spec(3, 1, UNEVEN)
    stage.deny(key, 1)
    stage.approve(key, 1, 0)
    stage.wait()
    stage.settle(key, (1,))


def denied_by_one(stage: Stage) -> None:
    """One member denies; the author, or the denier, has a claim."""
    cast = stage.cast
    stage.begin(USUAL)
    key, second = stage.spec(1, 0, UNEVEN), cast.wallets[1]
    stage.deny(key, 0)
    stage.wait()
    stage.settle(key, (0,))
    stage.claim(key, second, cast.frozen, cast.token(second), cast.token(second))
    stage.claim(key, cast.wallets[0])


def expired(stage: Stage) -> None:
    """Nobody votes; the author has a claim where the stake comes back."""
    cast = stage.cast
    stage.begin(USUAL)
    key, second = stage.spec(1, 0, UNEVEN), cast.wallets[1]
    stage.wait()
    stage.settle(key)
    stage.claim(key, cast.wallets[0])
    stage.claim(key, second, cast.frozen, cast.token(second), cast.token(second))


def same_content(stage: Stage) -> None:
    """Two wallets submit the same content, which may be the same record (L2)."""
    stage.begin(ROOMY)
    for author in (1, 2):
        stage.spec(author)
    stage.message(0, 0)


def tokens(stage: Stage) -> None:
    """What SPL Token refuses of holders who send or burn (L1, L4)."""
    cast = stage.cast
    (first, second), others = cast.wallets[:2], cast.other_token(cast.wallets[0])
    own, theirs = cast.token(first), cast.token(second)
    stage.begin(USUAL)
    send, burn = calls.token_transfer, calls.token_burn
    for build, target, wrong in ((send, theirs, others), (burn, cast.mint, cast.other_mint)):
        call = build(first, own, target, 1)
        stage.send(call)
        stage.send(build(first, own, target, 2 * RICH))
        stage.send(build(second, own, target, 1))
        stage.send(build(first, own, wrong, 1))
        stage.send(build(second, cast.frozen, target, 1))
        stage.send(build(first, cast.mint, target, 1))
        unsigned = tuple(replace(meta, signer=False) for meta in call.accounts)
        stage.send(replace(call, accounts=unsigned))
        undelivered(stage, call)


def accounts_given_away(stage: Stage) -> None:
    """What SPL Token refuses of holders who close an account, or hand it over."""
    cast = stage.cast
    first, second, third = cast.wallets[:3]
    own, theirs = cast.token(first), cast.token(second)
    stage.begin(USUAL)
    crank = cast.token(cast.crank)
    closing = calls.token_close(cast.crank, crank, own)
    for call in (
        calls.token_close(first, own, theirs),
        calls.token_close(second, crank, theirs),
        calls.token_close(first, cast.mint, theirs),
        calls.token_set_owner(second, own, second),
        calls.token_set_owner(second, cast.frozen, first),
        calls.token_set_owner(first, cast.mint, second),
    ):
        stage.send(call)
    for call in (closing, calls.token_set_owner(third, cast.token(third), second)):
        unsigned = tuple(replace(meta, signer=False) for meta in call.accounts)
        stage.send(replace(call, accounts=unsigned), first)
        readonly = tuple(replace(meta, writable=False) for meta in call.accounts)
        stage.send(replace(call, accounts=readonly))
        undelivered(stage, call)
        stage.send(call)


def payee_gone(stage: Stage, *, closed: bool) -> None:
    """Denier and author give their token accounts away before the decision (M5, guard 7)."""
    cast = stage.cast
    stage.begin(USUAL)
    key = stage.spec(1, 0, UNEVEN)
    for number, amount in ((0, RICH), (1, RICH - UNEVEN)):
        owner, new_owner = cast.wallets[number], cast.wallets[3]
        account, refuge = cast.token(owner), cast.token(new_owner)
        if closed:
            stage.send(calls.token_transfer(owner, account, refuge, amount))
            stage.send(calls.token_close(owner, account, refuge))
        else:
            stage.send(calls.token_set_owner(owner, account, new_owner))
    stage.deny(key, 0)
    stage.wait()
    stage.settle(key, (0,))
    stage.claim(key, cast.wallets[0])
    stage.claim(key, cast.wallets[1])


def payee_closed(stage: Stage) -> None:
    """Their token accounts are no more."""
    payee_gone(stage, closed=True)


def payee_re_owned(stage: Stage) -> None:
    """Their token accounts are somebody else's."""
    payee_gone(stage, closed=False)


def resent(stage: Stage) -> None:
    """The same signature once more: processed before, or still without a payer (L8)."""
    cast = stage.cast
    first = cast.wallets[0]
    stage.begin(USUAL)
    call = calls.token_transfer(first, cast.token(first), cast.token(cast.wallets[1]), 1)
    for payer in (first, cast.wallets[Cast.PAUPER]):
        stage.send(call, payer)
        stage.commands.append(Resend())


Play: TypeAlias = Callable[[Stage], None]
SCENES: tuple[Play, ...] = (
    fresh_ledger,
    second_initialize,
    damaged_calls,
    elsewhere,
    *RENT_SCENES,
    submissions,
    endless_window,
    approval,
    late_vote,
    author_seated_meanwhile,
    joined_meanwhile,
    full_thread,
    seated_in_a_full_thread,
    denied_by_several,
    denied_and_approved,
    denied_by_one,
    expired,
    same_content,
    tokens,
    accounts_given_away,
    payee_closed,
    payee_re_owned,
    resent,
)
"""Every scene of the deck."""


def deck(cast: Cast, design: Design) -> Iterator[Scene]:
    """The deck of a design, scene by scene."""
    for play in SCENES:
        stage = Stage(cast, design)
        play(stage)
        yield Scene(play.__name__.replace("_", " "), tuple(stage.commands))


def deal(pair: LedgerPair, design: Design, *, minimised: bool = True) -> None:
    """Execute the deck on both sides.  Raises `Failure` where they differ."""
    assert isinstance(pair.cast, Cast)
    for scene in deck(pair.cast, design):
        try:
            for command in scene.commands:
                pair.apply(command)
            pair.finish()
        except Exception as error:
            commands = list(pair.commands)
            failure = Failure(commands, error, len(commands))
            raise (minimise(pair, commands) if minimised else None) or failure from error
