"""Paxos Commit: transaction commit that no single failure can block.

In `two_phase_commit` everybody waits while the coordinator is down.  Here, each resource
manager's vote to commit or abort is decided by a run of `paxos` of its own, among acceptors
any majority of which is enough.  In ballot 0 a manager proposes its own vote, without
asking anybody.  If nothing is heard of it, any leader may start a higher ballot for it, and
proposes to abort unless a majority already knows of an earlier vote.  When every manager's
vote to be prepared is chosen, the order is to commit; when somebody's vote to abort is, the
order is to abort.

Source: `PaxosCommit` in the TLA+ Examples, from Gray and Lamport, *Consensus on Transaction
Commit*.  Published for 2 managers, 3 acceptors and 2 ballots: 1 321 761 states, 16 959 159
generated, depth 28.  With one cell for every message, a state does not fit into one machine
word.

Checked: nobody commits what another aborts, and every behaviour is one of
`transaction_commit`.  In `PRESUMPTUOUS` a leader proposes to abort whatever it is told.
"""

from __future__ import annotations

from enum import Enum
from itertools import combinations
from typing import NamedTuple, TypeAlias

from choir_model.engine import (
    Action,
    Atom,
    Field,
    Model,
    Record,
    Sort,
    View,
    always,
    guard,
    refines,
    sometimes,
)
from choir_model.zoo import transaction_commit
from choir_model.zoo.faults import faulty
from choir_model.zoo.transaction_commit import Stage


class Opinion(Enum):
    """What is voted on, for each manager."""

    PREPARED = "prepared"
    ABORTED = "aborted"


LastVote: TypeAlias = tuple[int, Opinion | None]
NO_VOTE: LastVote = (-1, None)
"""An acceptor's latest vote: the ballot, and for what.  Before any vote, this one."""


class Manager(Record, name="manager"):
    """A resource manager."""

    stage = Field(Stage.WORKING)


class Acceptor(Record, name="acceptor"):
    """An acceptor, for one manager: the highest ballot it takes part in, its latest vote."""

    promised = Field(0)
    vote: Field[LastVote] = Field(NO_VOTE)


class Asked(Record, name="asked"):
    """Message 1a, for a manager and ballot: the leader asks for promises."""

    sent = Field(False)


class Promised(Record, name="promised"):
    """Message 1b, for a manager, of an acceptor, for a ballot, with its latest vote."""

    sent = Field(False)


class Proposed(Record, name="proposed"):
    """Message 2a, for a manager and ballot, with an opinion."""

    sent = Field(False)


class Voted(Record, name="voted"):
    """Message 2b, for a manager, of an acceptor, in a ballot, for an opinion."""

    sent = Field(False)


class Orders(Record, name="orders"):
    """What the leader has told all managers."""

    commit = Field(False)
    abort = Field(False)


class Parties(NamedTuple):
    """Who takes part, in which ballots, and what the messages can say."""

    managers: Sort
    acceptors: Sort
    ballots: Sort
    later_ballots: Sort
    opinions: Sort
    last_votes: Sort

    @classmethod
    def of(cls, managers: int, acceptors: int, ballots: int) -> Parties:
        """So many of each."""
        # A promise is for a higher ballot than any vote before it.
        earlier = [(ballot, opinion) for ballot in range(ballots - 1) for opinion in Opinion]
        return cls(
            Sort("rm", managers),
            Sort("acceptor", acceptors),
            Sort("ballot", range(ballots)),
            Sort("later_ballot", range(1, ballots)),
            Sort("opinion", Opinion),
            Sort("last_vote", [NO_VOTE, *earlier]),
        )

    @property
    def majorities(self) -> list[tuple[Atom, ...]]:
        """The smallest sets of acceptors any two of which have a member in common."""
        return list(combinations(self.acceptors, len(self.acceptors) // 2 + 1))


def prepare(view: View, rm: Atom) -> None:
    """A manager has finished its part, and proposes that in ballot 0."""
    manager = Manager(view, rm)
    guard(view, manager.stage is Stage.WORKING)
    manager.stage = Stage.PREPARED
    Proposed(view, (rm, 0, Opinion.PREPARED)).sent = True


def choose_to_abort(view: View, rm: Atom) -> None:
    """A manager gives up, and proposes that in ballot 0."""
    manager = Manager(view, rm)
    guard(view, manager.stage is Stage.WORKING)
    manager.stage = Stage.ABORTED
    Proposed(view, (rm, 0, Opinion.ABORTED)).sent = True


def receive_commit(view: View, rm: Atom) -> None:
    """A manager is told to commit, and obeys."""
    guard(view, Orders(view).commit)
    Manager(view, rm).stage = Stage.COMMITTED


def receive_abort(view: View, rm: Atom) -> None:
    """A manager is told to abort, and obeys."""
    guard(view, Orders(view).abort)
    Manager(view, rm).stage = Stage.ABORTED


def ask(view: View, rm: Atom, ballot: int) -> None:
    """A leader asks for promises about a manager; once more does no harm."""
    Asked(view, (rm, ballot)).sent = True


def promise(view: View, rm: Atom, acceptor: Atom, ballot: int) -> None:
    """An acceptor promises, and says how it voted last about that manager."""
    record = Acceptor(view, (rm, acceptor))
    guard(view, Asked(view, (rm, ballot)).sent and record.promised < ballot)
    record.promised = ballot
    Promised(view, (rm, acceptor, ballot, record.vote)).sent = True


def vote(view: View, rm: Atom, acceptor: Atom, ballot: int, opinion: Opinion) -> None:
    """An acceptor votes as proposed."""
    record = Acceptor(view, (rm, acceptor))
    guard(view, Proposed(view, (rm, ballot, opinion)).sent and record.promised <= ballot)
    record.promised = ballot
    record.vote = (ballot, opinion)
    Voted(view, (rm, acceptor, ballot, opinion)).sent = True


def put_forward(view: View, rm: Atom, ballot: int, opinion: Opinion) -> None:
    """A leader proposes about a manager, the only time in a ballot."""
    guard(view, not any(Proposed(view, (rm, ballot, other)).sent for other in Opinion))
    Proposed(view, (rm, ballot, opinion)).sent = True


def told(view: View, parties: Parties, rm: Atom, acceptor: Atom, ballot: int) -> LastVote | None:
    """The latest vote that an acceptor told of when it promised; None if it has not."""
    for last in parties.last_votes:
        if Promised(view, (rm, acceptor, ballot, last)).sent:
            return (last[0], last[1])
    return None


def conclusion(view: View, parties: Parties, rm: Atom, ballot: int) -> Opinion:
    """What the promises of a majority leave to propose; disabled before they are there.

    The opinion of the highest vote that they tell of; if they tell of none, to abort.
    """
    majority = view.choose(parties.majorities)
    answers = [told(view, parties, rm, member, ballot) for member in majority]
    promises = [answer for answer in answers if answer is not None]
    guard(view, len(promises) == len(majority))
    _, opinion = max(promises, key=lambda last: last[0])
    return opinion or Opinion.ABORTED


def prove(view: View, parties: Parties, rm: Atom, opinion: Opinion) -> None:
    """A leader picks a ballot and a majority that voted for this opinion in it."""
    ballot = view.choose(parties.ballots)
    majority = view.choose(parties.majorities)
    guard(view, all(Voted(view, (rm, member, ballot, opinion)).sent for member in majority))


def model(managers: int = 2, acceptors: int = 3, ballots: int = 2) -> Model:
    """Paxos Commit with these sizes."""
    parties = Parties.of(managers, acceptors, ballots)
    rms = parties.managers

    def propose(view: View, rm: Atom, ballot: int) -> None:
        put_forward(view, rm, ballot, conclusion(view, parties, rm, ballot))

    def order_commit(view: View) -> None:
        for rm in rms:
            prove(view, parties, rm, Opinion.PREPARED)
        Orders(view).commit = True

    def order_abort(view: View, because: Atom) -> None:
        prove(view, parties, because, Opinion.ABORTED)
        Orders(view).abort = True

    def consistent(view: View) -> bool:
        stages = [Manager(view, rm).stage for rm in rms]
        return Stage.COMMITTED not in stages or Stage.ABORTED not in stages

    def all_committed(view: View) -> bool:
        return all(Manager(view, rm).stage is Stage.COMMITTED for rm in rms)

    def as_transaction(view: View, image: View) -> None:
        for rm in rms:
            transaction_commit.Manager(image, rm).stage = Manager(view, rm).stage

    rm, by, ballot, later, opinion, last = parties
    return Model(
        name="paxos_commit",
        records={
            Manager: rm,
            Acceptor: (rm, by),
            Asked: (rm, later),
            Promised: (rm, by, later, last),
            Proposed: (rm, ballot, opinion),
            Voted: (rm, by, ballot, opinion),
            Orders: None,
        },
        actions=[
            Action(prepare, over=rm),
            Action(choose_to_abort, over=rm),
            Action(receive_commit, over=rm),
            Action(receive_abort, over=rm),
            Action(ask, over=(rm, later)),
            Action(propose, over=(rm, later)),
            Action(order_commit),
            Action(order_abort, over=rm),
            Action(promise, over=(rm, by, later)),
            Action(vote, over=(rm, by, ballot, opinion)),
        ],
        properties=[
            always(consistent),
            sometimes(all_committed),
            refines(transaction_commit.model(managers), as_transaction),
        ],
    )


def presumptuous(managers: int = 2, acceptors: int = 3, ballots: int = 2) -> Model:
    """A fault: a leader proposes to abort, whatever votes the acceptors tell it of."""
    parties = Parties.of(managers, acceptors, ballots)

    def propose(view: View, rm: Atom, ballot: int) -> None:
        conclusion(view, parties, rm, ballot)
        put_forward(view, rm, ballot, Opinion.ABORTED)

    return faulty(model(managers, acceptors, ballots), "presumptuous_paxos_commit", propose)


MODEL = model()
PRESUMPTUOUS = presumptuous()
