"""Voting: how acceptors can choose a value together, if they can see each other.

Acceptors vote in numbered ballots; a value is chosen when a majority has voted for it in
one ballot.  What keeps two majorities from choosing differently is *when* a vote is
allowed: an acceptor votes for a value in a ballot only if that value is **safe** there,
that is, no other can have been chosen in a lower ballot and none ever will.  A majority
proves that by having promised to vote in no lower ballot any more: then what its members
voted in the highest of those ballots is safe, and everything is if they have not voted at
all.

It is no protocol yet, for an acceptor looks at the votes of all others; `paxos` does the
same by messages.

Source: `Voting` in the TLA+ Examples, by Leslie Lamport.  Published for 3 acceptors, 2
values and 2 ballots, with acceptors and values interchangeable: 77 states, depth 11.

Checked: in each ballot all votes are for one value, and each vote was for a safe value;
every behaviour is one of `consensus`.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

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
from choir_model.zoo import consensus


class Acceptor(Record, name="acceptor"):
    """The ballot below which an acceptor votes no more."""

    promised = Field(-1)


class Vote(Record, name="vote"):
    """Of an acceptor, a ballot and a value: whether that vote was cast."""

    cast = Field(False)


class Election(NamedTuple):
    """Who votes, in which ballots, for what."""

    acceptors: Sort
    ballots: Sort
    values: Sort

    @classmethod
    def of(cls, acceptors: int, ballots: int, values: int, *, symmetric: bool = False) -> Election:
        """An election of these sizes; `symmetric`: names of acceptors and values are nothing."""
        return cls(
            Sort("acceptor", acceptors, symmetric=symmetric),
            Sort("ballot", range(ballots)),
            Sort("value", values, symmetric=symmetric),
        )

    @property
    def majorities(self) -> list[tuple[Atom, ...]]:
        """The smallest sets of acceptors any two of which have a member in common."""
        return list(combinations(self.acceptors, len(self.acceptors) // 2 + 1))


def promise(view: View, acceptor: Atom, ballot: int) -> None:
    """An acceptor promises to vote in no ballot below this one."""
    guard(view, Acceptor(view, acceptor).promised < ballot)
    Acceptor(view, acceptor).promised = ballot


def voted(view: View, acceptor: Atom, ballot: int, value: Atom) -> bool:
    """Whether the acceptor has cast this vote."""
    return Vote(view, (acceptor, ballot, value)).cast


def silent(view: View, election: Election, acceptor: Atom, ballot: int) -> bool:
    """Whether the acceptor has cast no vote in this ballot."""
    return not any(voted(view, acceptor, ballot, value) for value in election.values)


def shown_safe(view: View, election: Election, ballot: int, value: Atom) -> bool:
    """Whether some majority proves that no other value can be chosen below this ballot."""
    for majority in election.majorities:
        if not all(Acceptor(view, member).promised >= ballot for member in majority):
            continue
        for lower in range(ballot - 1, -1, -1):
            if any(voted(view, member, lower, value) for member in majority):
                return True
            if not all(silent(view, election, member, lower) for member in majority):
                break
        else:
            return True
    return False


def is_safe(view: View, election: Election, ballot: int, value: Atom) -> bool:
    """Whether no other value has been or will be chosen below this ballot."""
    return all(
        any(
            all(
                voted(view, member, lower, value)
                or (
                    Acceptor(view, member).promised > lower
                    and silent(view, election, member, lower)
                )
                for member in majority
            )
            for majority in election.majorities
        )
        for lower in range(ballot)
    )


def chosen(view: View, election: Election) -> list[Atom]:
    """The values for which a majority has voted in one ballot."""
    return [
        value
        for value in election.values
        if any(
            all(voted(view, member, ballot, value) for member in majority)
            for ballot in election.ballots
            for majority in election.majorities
        )
    ]


def model(
    acceptors: int = 3, ballots: int = 2, values: int = 2, *, symmetric: bool = False
) -> Model:
    """An election of these sizes.

    With `symmetric`, states that differ only in the names of acceptors or values count as one.
    That loses who did what, so then nothing is asked about behaviours.
    """
    election = Election.of(acceptors, ballots, values, symmetric=symmetric)

    def vote(view: View, acceptor: Atom, ballot: int, value: Atom) -> None:
        guard(view, Acceptor(view, acceptor).promised <= ballot)
        guard(view, silent(view, election, acceptor, ballot))
        votes_for = [v for v in election.values if anybody_voted(view, ballot, v)]
        guard(view, votes_for in ([], [value]))
        guard(view, shown_safe(view, election, ballot, value))
        Acceptor(view, acceptor).promised = ballot
        Vote(view, (acceptor, ballot, value)).cast = True

    def anybody_voted(view: View, ballot: int, value: Atom) -> bool:
        return any(voted(view, acceptor, ballot, value) for acceptor in election.acceptors)

    def one_value_in_a_ballot(view: View, ballot: int) -> bool:
        return sum(anybody_voted(view, ballot, value) for value in election.values) <= 1

    def votes_are_safe(view: View, ballot: int, value: Atom) -> bool:
        return not anybody_voted(view, ballot, value) or is_safe(view, election, ballot, value)

    def something_chosen(view: View) -> bool:
        return len(chosen(view, election)) > 0

    def as_consensus(view: View, image: View) -> None:
        for value in chosen(view, election):
            consensus.Outcome(image).chosen = value

    return Model(
        name="voting",
        records={Acceptor: election.acceptors, Vote: election},
        actions=[
            Action(promise, over=(election.acceptors, election.ballots)),
            Action(vote, over=election),
        ],
        properties=[
            always(one_value_in_a_ballot, over=election.ballots),
            always(votes_are_safe, over=(election.ballots, election.values)),
            sometimes(something_chosen),
            *([] if symmetric else [refines(consensus.model(values), as_consensus)]),
        ],
    )


MODEL = model()
SYMMETRIC = model(symmetric=True)
