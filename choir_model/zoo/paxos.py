"""Paxos: consensus by messages, although acceptors may be slow and messages late.

This is `voting` made into a protocol.  The leader of a ballot asks for promises (message
1a).  An acceptor answers with a promise to take part in no lower ballot, and with its
latest vote (1b).  Once a majority has promised, the leader proposes a value (2a): the one
with the highest vote among the answers, or any if nobody has voted.  An acceptor that has
promised nothing higher votes for it (2b).  What a majority votes for in one ballot is
chosen.

Messages are never lost and never used up: one bit for each says that it was sent.  That
covers delay, reordering and duplication; a lost message is one that nobody receives.

Source: `Paxos` in the TLA+ Examples, by Leslie Lamport, after *The Part-Time Parliament*.
Published with one acceptor, one value and two ballots (`MCPaxos`, here `SMALLEST`): 25
states, 82 generated, depth 9.  With 3 acceptors, 2 values and 2 ballots (`MCPaxosTiny`,
here `MODEL`): 3 921 states, 23 563 generated, depth 17.

Checked: no two values are chosen, and every behaviour is one of `voting`.  `DEAF` is a
fault: its leaders wait for the promises, but do not heed the votes that they tell of.
"""

from __future__ import annotations

from typing import TypeAlias

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
)
from choir_model.engine.sorts import tuples
from choir_model.zoo import voting
from choir_model.zoo.faults import faulty
from choir_model.zoo.voting import Election

LastVote: TypeAlias = tuple[int, Atom | None]
NO_VOTE: LastVote = (-1, None)


class Acceptor(Record, name="acceptor"):
    """The highest ballot it takes part in, and its latest vote: a ballot and a value."""

    promised = Field(-1)
    vote: Field[LastVote] = Field(NO_VOTE)


class Asked(Record, name="asked"):
    """Message 1a of a ballot."""

    sent = Field(False)


class Promised(Record, name="promised"):
    """Message 1b of an acceptor for a ballot, with its latest vote until then."""

    sent = Field(False)


class Proposed(Record, name="proposed"):
    """Message 2a of a ballot, with a value."""

    sent = Field(False)


class Voted(Record, name="voted"):
    """Message 2b of an acceptor for a ballot, with a value."""

    sent = Field(False)


def ask(view: View, ballot: int) -> None:
    """The leader asks for promises; once more does no harm."""
    Asked(view, ballot).sent = True


def promise(view: View, acceptor: Atom, ballot: int) -> None:
    """An acceptor promises, and says how it voted last."""
    record = Acceptor(view, acceptor)
    guard(view, Asked(view, ballot).sent and record.promised < ballot)
    record.promised = ballot
    Promised(view, (acceptor, ballot, record.vote)).sent = True


def put_forward(view: View, election: Election, ballot: int, value: Atom) -> None:
    """The leader proposes a value, the only one in its ballot."""
    guard(view, not any(Proposed(view, (ballot, other)).sent for other in election.values))
    Proposed(view, (ballot, value)).sent = True


def vote(view: View, acceptor: Atom, ballot: int, value: Atom) -> None:
    """An acceptor votes as proposed."""
    record = Acceptor(view, acceptor)
    guard(view, Proposed(view, (ballot, value)).sent and record.promised <= ballot)
    record.promised = ballot
    record.vote = (ballot, value)
    Voted(view, (acceptor, ballot, value)).sent = True


def last_votes(election: Election) -> list[LastVote]:
    """Every latest vote that an acceptor can tell of."""
    cast = [(ballot, value) for ballot in election.ballots for value in election.values]
    return [NO_VOTE, *cast]


def told(view: View, election: Election, acceptor: Atom, ballot: int) -> LastVote | None:
    """The latest vote that the acceptor told of when it promised; None if it has not."""
    for last in last_votes(election):
        if Promised(view, (acceptor, ballot, last)).sent:
            return last
    return None


def promises(view: View, election: Election, ballot: int) -> list[LastVote]:
    """The latest votes that a majority told of; disabled before a majority has promised."""
    majority = view.choose(election.majorities)
    answers = [told(view, election, member, ballot) for member in majority]
    given = [answer for answer in answers if answer is not None]
    guard(view, len(given) == len(majority))
    return given


def binding(view: View, promised: list[LastVote]) -> Atom | None:
    """The value of a highest vote among these, the only one to propose; None if all go."""
    highest = max(ballot for ballot, _ in promised)
    if highest < 0:
        return None
    _, value = promised[view.choose([i for i, last in enumerate(promised) if last[0] == highest])]
    return value


def chosen(view: View, election: Election, value: Atom) -> bool:
    """Whether a majority has voted for this value in one ballot."""
    return any(
        all(Voted(view, (member, ballot, value)).sent for member in majority)
        for ballot in election.ballots
        for majority in election.majorities
    )


def model(acceptors: int = 3, ballots: int = 2, values: int = 2) -> Model:
    """Paxos with these sizes."""
    election = Election.of(acceptors, ballots, values)

    def propose(view: View, ballot: int, value: Atom) -> None:
        guard(view, binding(view, promises(view, election, ballot)) in (None, value))
        put_forward(view, election, ballot, value)

    def something_chosen(view: View) -> bool:
        return any(chosen(view, election, value) for value in election.values)

    def one_value_chosen(view: View) -> bool:
        return sum(chosen(view, election, value) for value in election.values) <= 1

    def as_voting(view: View, image: View) -> None:
        for acceptor in election.acceptors:
            voting.Acceptor(image, acceptor).promised = Acceptor(view, acceptor).promised
        for key in tuples(election):
            voting.Vote(image, key).cast = Voted(view, key).sent

    by, ballot, value = election
    return Model(
        name="paxos",
        records={
            Acceptor: by,
            Asked: ballot,
            Promised: (by, ballot, Sort("last_vote", last_votes(election))),
            Proposed: (ballot, value),
            Voted: election,
        },
        actions=[
            Action(ask, over=ballot),
            Action(promise, over=(by, ballot)),
            Action(propose, over=(ballot, value)),
            Action(vote, over=election),
        ],
        properties=[
            always(one_value_chosen, witness=something_chosen),
            refines(voting.model(acceptors, ballots, values), as_voting),
        ],
    )


def deaf(acceptors: int = 3, ballots: int = 2, values: int = 2) -> Model:
    """A fault: a leader proposes any value once a majority has promised."""
    sound = model(acceptors, ballots, values)
    election = Election.of(acceptors, ballots, values)

    def propose(view: View, ballot: int, value: Atom) -> None:
        promises(view, election, ballot)
        put_forward(view, election, ballot, value)

    return faulty(sound, "deaf_paxos", propose)


MODEL = model()
SMALLEST = model(1, 2, 1)
DEAF = deaf()
