"""The forms an instruction takes, and every state in which one may cost differently.

A form is an instruction together with what it decides: a vote that only records costs less
than one that publishes.  Its trials at n co-authors run through the seats of who acts, the
votes there are and whether the author has a seat; the form's cost is the largest among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from choir_model.domain.identity import Address
from choir_model.program import calls
from choir_model.program.bindings import (
    SEATS,
    Decision,
    DenialShare,
    Electorate,
    Expiry,
    Payout,
    RecordStatus,
    Rejection,
)
from choir_model.verify.costs.scene import NOW, STAKE, Scene, Trial

APPROVE, DENY = Decision.APPROVE, Decision.DENY
Trials = Iterator[Trial]


@dataclass(frozen=True, slots=True)
class InstructionForm:
    """An instruction and what it decides; `trials` yields nothing where it cannot happen."""

    instruction: str
    decides: str
    trials: Callable[[Scene, int], Trials]
    by_co_authors: bool = True

    @property
    def name(self) -> str:
        """As in ``vote, publishes``."""
        return ", ".join(filter(None, (self.instruction, self.decides)))


def bits(seats: tuple[int, ...]) -> int:
    """The bit mask of seat numbers."""
    return sum(1 << seat for seat in seats)


@dataclass(frozen=True, slots=True)
class Poll:
    """A spec's author, the seats that vote on it, and how many seats are taken."""

    author: Address
    electorate: tuple[int, ...]
    seated: int

    def others(self, seat: int) -> tuple[int, ...]:
        """The electorate without `seat`."""
        return tuple(other for other in self.electorate if other != seat)


def polls(scene: Scene, seated: int) -> Iterator[Poll]:
    """On the spec of an author without a seat, or with one: they may get one meanwhile."""
    everyone = tuple(range(seated))
    yield Poll(scene.outsider, everyone, seated)
    # Snapshot: who was not seated at submission sits behind the electorate.
    live = scene.design.electorate is Electorate.LIVE
    for seat in dict.fromkeys((1, seated - 1) if live else (seated - 1,)):
        if 0 < seat < seated:
            others = tuple(other for other in everyone if other != seat)
            yield Poll(scene.co_authors[seat], others, seated)


def initialize(scene: Scene, _: int) -> Trials:
    """The first call; its mint has a freeze authority to revoke."""
    yield scene.initialization


def create_thread(scene: Scene, _: int) -> Trials:
    """A further thread of somebody."""
    yield scene.creation()


def submit_message(scene: Scene, seated: int) -> Trials:
    """By each of the co-authors."""
    events = ("MessageCreated", "MessagePublished")
    for author in scene.co_authors[:seated]:
        hash = scene.content(author)
        call = calls.submit_message(author, scene.thread_id, hash, scene.design)
        yield Trial(call, author, events, scene.thread(seated))


def submit_spec(scene: Scene, seated: int) -> Trials:
    """By somebody without a seat, while there is one left."""
    author = scene.outsider
    call = calls.submit_spec(
        author, scene.token(author), scene.thread_id, scene.content(author), STAKE, scene.design
    )
    yield Trial(call, author, ("SpecSubmitted",), scene.thread(min(seated, SEATS - 1)))


def _vote(
    scene: Scene,
    poll: Poll,
    seat: int,
    decision: Decision,
    events: tuple[str, ...],
    **votes: int,
) -> Trial:
    record = scene.record(poll.author, len(poll.electorate), **votes)
    thread = scene.thread(poll.seated, pending_count=1, stake_total=STAKE)
    voter = scene.co_authors[seat]
    call = calls.vote(voter, scene.key(record), decision, scene.design)
    if "MessageRejected" in events:
        call = call.with_payees(rejection_payees(scene, poll.author, (seat,)))
    return Trial(call, voter, ("ApprovalReceived", *events), thread, record)


def rejection_payees(
    scene: Scene, author: Address, deniers: tuple[int, ...]
) -> tuple[Address, ...]:
    """Token accounts of those whom the rejection of a spec pays."""
    if scene.design.payout is not Payout.PUSH:
        return ()
    if scene.design.denial_share is DenialShare.DENIERS:
        return tuple(scene.token(scene.co_authors[seat]) for seat in deniers)
    refunds = scene.design.denial_share is DenialShare.REFUND
    return (scene.token(author),) if refunds else ()


def records(scene: Scene, seated: int) -> Trials:
    """Votes after which others are still awaited, or a denial under at_close."""
    at_close = scene.design.rejection is Rejection.AT_CLOSE
    for poll in polls(scene, seated):
        for seat in poll.electorate:
            others = poll.others(seat)
            before = dict.fromkeys((0, bits(others[:-1])))
            for approvals in before if others else ():
                yield _vote(scene, poll, seat, APPROVE, (), approvals=approvals)
            for denials in before if at_close else ():
                yield _vote(scene, poll, seat, DENY, (), denials=denials)


def publishes(scene: Scene, seated: int) -> Trials:
    """The approval that completes the electorate, whoever gives it."""
    # An author who joins needs a seat, so of 32 there are 31 before.
    joining = Poll(scene.outsider, tuple(range(seated))[: SEATS - 1], min(seated, SEATS - 1))
    for poll in (joining, *(p for p in polls(scene, seated) if p.author != scene.outsider)):
        joins = ("CoAuthorAdded",) if poll is joining else ()
        events = ("MessagePublished", *joins, "StakeSettled")
        for seat in poll.electorate:
            yield _vote(scene, poll, seat, APPROVE, events, approvals=bits(poll.others(seat)))


def rejects(scene: Scene, seated: int) -> Trials:
    """The first denial, where it decides."""
    if scene.design.rejection is not Rejection.FIRST_DENIAL:
        return
    events = ("MessageRejected", "StakeSettled")
    for poll in polls(scene, seated):
        for seat in poll.electorate:
            for approvals in dict.fromkeys((0, bits(poll.others(seat)))):
                yield _vote(scene, poll, seat, DENY, events, approvals=approvals)


def _settle(
    scene: Scene, seated: int, kind: str, payees: tuple[Address, ...], **votes: int
) -> Trial:
    record = scene.record(scene.outsider, seated, deadline=NOW, **votes)
    call = calls.settle(scene.key(record), scene.design).with_payees(payees)
    thread = scene.thread(seated, pending_count=1, stake_total=STAKE)
    return Trial(call, scene.crank, (kind, "StakeSettled"), thread, record)


def expires(scene: Scene, seated: int) -> Trials:
    """Closing a spec nobody denied."""
    design = scene.design
    refunded = design.expiry is Expiry.REFUND and design.payout is Payout.PUSH
    payees = (scene.token(scene.outsider),) if refunded else ()
    for approvals in dict.fromkeys((0, bits(tuple(range(seated - 1))))):
        yield _settle(scene, seated, "MessageExpired", payees, approvals=approvals)


def settlement(scene: Scene, seated: int, deniers: int) -> Trial:
    """Closing a spec which the first `deniers` of the seats denied."""
    seats = tuple(range(deniers))
    payees = rejection_payees(scene, scene.outsider, seats)
    return _settle(scene, seated, "MessageRejected", payees, denials=bits(seats))


def settle_rejects(scene: Scene, seated: int) -> Trials:
    """Closing a spec which all co-authors denied, or one."""
    if scene.design.rejection is Rejection.AT_CLOSE:
        for deniers in dict.fromkeys((1, seated)):
            yield settlement(scene, seated, deniers)


def _claim(
    scene: Scene, seated: int, status: RecordStatus, beneficiary: Address, author: Address,
    **votes: int,
) -> Trial:  # fmt: skip
    record = scene.record(author, seated, status=status, decided_at=NOW, **votes)
    thread = scene.thread(seated, escrow_total=STAKE)
    token = scene.token(beneficiary)
    call = calls.claim(beneficiary, scene.key(record), token, scene.design)
    return Trial(call, beneficiary, ("ShareClaimed",), thread, record)


def claims_share(scene: Scene, seated: int) -> Trials:
    """By each denier: of one, or of all co-authors where more can deny."""
    design = scene.design
    if design.payout is not Payout.CLAIM or design.denial_share is not DenialShare.DENIERS:
        return
    for seat in range(seated):
        alone, everyone = 1 << seat, bits(tuple(range(seated)))
        several = design.rejection is Rejection.AT_CLOSE
        for denials in dict.fromkeys((alone, everyone) if several else (alone,)):
            for claims in dict.fromkeys((0, denials & ~alone)):
                yield _claim(
                    scene, seated, RecordStatus.REJECTED, scene.co_authors[seat],
                    scene.outsider, denials=denials, claims=claims,
                )  # fmt: skip


def claims_refund(scene: Scene, seated: int) -> Trials:
    """By the author, who may have a seat by now."""
    design = scene.design
    if design.payout is not Payout.CLAIM:
        return
    for author in (poll.author for poll in polls(scene, seated)):
        if design.denial_share is DenialShare.REFUND:
            yield _claim(scene, seated, RecordStatus.REJECTED, author, author, denials=1)
        if design.expiry is Expiry.REFUND:
            yield _claim(scene, seated, RecordStatus.EXPIRED, author, author)


FORMS = (
    InstructionForm("initialize", "", initialize, by_co_authors=False),
    InstructionForm("create_thread", "", create_thread, by_co_authors=False),
    InstructionForm("submit_message", "", submit_message),
    InstructionForm("submit_spec", "", submit_spec),
    InstructionForm("vote", "only records", records),
    InstructionForm("vote", "publishes", publishes),
    InstructionForm("vote", "rejects", rejects),
    InstructionForm("settle", "expires", expires),
    InstructionForm("settle", "rejects, all deny", settle_rejects),
    InstructionForm("claim", "a share", claims_share),
    InstructionForm("claim", "a refund", claims_refund),
)
"""Every form; a design knows some of them."""
