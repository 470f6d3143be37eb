"""Has everybody finished?  Dijkstra's termination detection on a ring, EWD 840.

Nodes work; an active node may activate another one at once, and an active node may become
passive at any time.  When all are passive, nothing will ever happen again; but who can see
that?  A **token** goes around the ring, from node 0 to the last one and then downwards.  A
node keeps it while active.  Whoever activates a node with a greater number may have woken
one that the token has passed already, so it turns black, and blackens the token when
passing it on.  If the token comes back white to a white and passive node 0, all have
finished; otherwise node 0 sends it round again.

Source: `EWD840` in the TLA+ Examples, from E. W. Dijkstra, W. H. J. Feijen and A. J. M. van
Gasteren, *Derivation of a termination detection algorithm for distributed computations*.
Published for 3 nodes: 302 states, depth 9 (the collection's manifest says 10, but TLC finds
9).  All 192 states that differ in activity, colours and place of a black token are
initial.  TLC generates 2 001 states, this model 1 817: TLC counts a step once for every
reason why it is possible, and a token may be passed for three reasons.

Checked: who believes that all have finished is right; Dijkstra's invariant, from which that
follows; and once all have finished, node 0 finds out, granted that the token is not held
for ever (weak fairness of its two actions).
"""

from __future__ import annotations

from enum import Enum

from choir_model.engine import (
    Action,
    Fairness,
    Field,
    Model,
    Record,
    Sort,
    View,
    always,
    guard,
    leads_to,
    sometimes,
)


class Color(Enum):
    """Black means: the round that passes here proves nothing."""

    WHITE = "white"
    BLACK = "black"


class Node(Record, name="node"):
    """A node of the ring."""

    active = Field(False)
    color = Field(Color.WHITE)


class Token(Record, name="token"):
    """The token: where it is, and its colour."""

    at = Field(0)
    color = Field(Color.BLACK)


def pass_on(view: View, node: int) -> None:
    """A node hands the token to the next lower one; no node hands on what is node 0's."""
    token, here = Token(view), Node(view, node)
    guard(view, node != 0 and token.at == node)
    tainted = here.color is Color.BLACK
    guard(view, not here.active or tainted or token.color is Color.BLACK)
    token.at = node - 1
    if tainted:
        token.color = Color.BLACK
    here.color = Color.WHITE


def activate(view: View, sender: int, receiver: int) -> None:
    """An active node activates another, at once."""
    guard(view, sender != receiver)
    guard(view, Node(view, sender).active)
    Node(view, receiver).active = True
    if receiver > sender:
        Node(view, sender).color = Color.BLACK


def finish(view: View, node: int) -> None:
    """An active node becomes passive."""
    guard(view, Node(view, node).active)
    Node(view, node).active = False


def detected(view: View) -> bool:
    """What node 0 takes for the proof that all have finished."""
    token, initiator = Token(view), Node(view, 0)
    if token.at != 0 or token.color is not Color.WHITE:
        return False
    return initiator.color is Color.WHITE and not initiator.active


def model(nodes: int = 3) -> Model:
    """Termination detection on a ring of so many nodes."""
    ring = Sort("node", range(nodes))

    def anywhere(view: View) -> None:
        for node in ring:
            Node(view, node).active = view.choose([False, True])
            Node(view, node).color = view.choose(frozenset(Color))
        Token(view).at = view.choose(ring)

    def initiate(view: View) -> None:
        token, initiator = Token(view), Node(view, 0)
        guard(view, token.at == 0)
        guard(view, Color.BLACK in (token.color, initiator.color))
        token.at = nodes - 1
        token.color = Color.WHITE
        initiator.color = Color.WHITE

    def terminated(view: View) -> bool:
        return not any(Node(view, node).active for node in ring)

    def detection_is_right(view: View) -> bool:
        return not detected(view) or terminated(view)

    def dijkstras_invariant(view: View) -> bool:
        token = Token(view)
        if token.color is Color.BLACK:
            return True
        at = token.at
        if any(Node(view, node).color is Color.BLACK for node in ring if node <= at):
            return True
        return not any(Node(view, node).active for node in ring if node > at)

    return Model(
        name="ewd840",
        records={Node: ring, Token: None},
        actions=[
            Action(initiate, fairness=Fairness.WEAK),
            Action(pass_on, over=ring, fairness=Fairness.WEAK),
            Action(activate, over=(ring, ring)),
            Action(finish, over=ring),
        ],
        initial=anywhere,
        properties=[
            always(detection_is_right, witness=detected),
            always(dijkstras_invariant),
            sometimes(detected),
            leads_to(terminated, detected),
        ],
    )


MODEL = model()
