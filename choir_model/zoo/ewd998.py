"""Has everybody finished, and is nothing on its way?  Safra's algorithm, EWD 998.

As in `ewd840`, a token goes around a ring to find out whether all nodes have finished.  But
here nodes wake each other by messages that take time, so that a ring of passive nodes
proves nothing.  Every node therefore counts what it sent minus what it received, the token
adds these counts up, and only a sum of zero can mean that nothing is on its way.  Receiving
a message turns a node black, because the token may have passed it before; a black node
taints the token when passing it on, and is white again.

Source: `EWD998PCal` in the TLA+ Examples, from E. W. Dijkstra, *Shmuel Safra's version of
termination detection*.  Published for 3 nodes: 321 370 states, depth 47; all 8 ways of
being active or not are initial.  Messages are without number, so states in which a node has
sent 3 more than it received are looked at but not followed any further.  TLC generates
2 808 396 states, this model 2 609 134: TLC counts a step once for every reason why it is
possible, and the token is sent round again for three reasons.

Checked: who believes that all is over is right; Safra's invariant, from which that follows;
and that the counters account for every message.  In `BOUNDED` nodes *refrain* from sending
at the bound: the states are the same, but no behaviour is cut off, so liveness can be
judged.  Once all is over node 0 finds out, granted that the token is not held for ever
(weak fairness of its two actions).

The other names are faults.  `UNTAINTED` and `UNCOUNTED` believe too early, `SOOTY` never,
and in `HELD` a node may keep the token.
"""

from __future__ import annotations

from choir_model.engine import (
    Action,
    Fairness,
    Field,
    Model,
    Property,
    Record,
    Sort,
    View,
    always,
    guard,
    leads_to,
    sometimes,
)
from choir_model.zoo.ewd840 import Color
from choir_model.zoo.faults import faulty, unfair


class Node(Record, name="node"):
    """A node: messages sent minus received, and messages on their way to it."""

    active = Field(False)
    color = Field(Color.BLACK)
    counter = Field(0)
    pending = Field(0)


class Token(Record, name="token"):
    """The token: where it is, the sum of the counters it passed, and its colour."""

    at = Field(0)
    sum = Field(0)
    color = Field(Color.BLACK)


def plus(value: int, amount: int) -> int:
    """The sum."""
    return value + amount


def at_least(value: int, least: int) -> bool:
    """Whether `value` is `least` or more."""
    return value >= least


def sums_to_zero(value: int, amount: int) -> bool:
    """Whether the two cancel each other."""
    return value + amount == 0


def send(view: View, sender: int, receiver: int) -> None:
    """An active node sends a message."""
    guard(view, sender != receiver)
    guard(view, Node(view, sender).active)
    Node(view, sender).update(Node.counter, plus, 1)
    Node(view, receiver).update(Node.pending, plus, 1)


def receive(view: View, node: int) -> None:
    """A message arrives and activates the node."""
    receiver = Node(view, node)
    guard(view, receiver.test(Node.pending, at_least, 1))
    receiver.update(Node.pending, plus, -1)
    receiver.update(Node.counter, plus, -1)
    receiver.active = True
    receiver.color = Color.BLACK


def idle(view: View, node: int) -> None:
    """A node is passive from now on; it may have been before."""
    Node(view, node).active = False


def pass_on(view: View, node: int) -> None:
    """A passive node gives the token to the next lower one; node 0 never does."""
    hand_over(view, node)


def hand_over(
    view: View, node: int, *, counts: bool = True, taints: bool = True, whitens: bool = True
) -> None:
    """What happens when the token is passed on; a fault leaves one of the three out."""
    token, here = Token(view), Node(view, node)
    guard(view, node != 0 and token.at == node)
    guard(view, not here.active)
    token.at = node - 1
    if counts:
        token.update(Token.sum, plus, Node.counter[node])
    if taints and here.color is Color.BLACK:
        token.color = Color.BLACK
    if whitens:
        here.color = Color.WHITE


def inconclusive(view: View) -> bool:
    """Whether the round that ends at node 0 proves nothing."""
    token, initiator = Token(view), Node(view, 0)
    if Color.BLACK in (token.color, initiator.color):
        return True
    return not token.test(Token.sum, sums_to_zero, Node.counter[0])


def detected(view: View) -> bool:
    """What node 0 takes for the proof that all is over."""
    return Token(view).at == 0 and not inconclusive(view) and not Node(view, 0).active


def claims(ring: Sort, *, lively: bool) -> list[Property]:
    """What is said of the nodes of a ring; of what happens in the end if `lively`."""

    def terminated(view: View) -> bool:
        if any(Node(view, node).active for node in ring):
            return False
        return not any(Node(view, node).test(Node.pending, at_least, 1) for node in ring)

    def detection_is_right(view: View) -> bool:
        return not detected(view) or terminated(view)

    def messages_are_accounted_for(view: View) -> bool:
        records = [Node(view, node) for node in ring]
        return sum(node.counter for node in records) == sum(node.pending for node in records)

    def safras_invariant(view: View) -> bool:
        token = Token(view)
        at = token.at
        ahead = [Node(view, node) for node in ring if node <= at]
        if token.color is Color.BLACK or any(node.color is Color.BLACK for node in ahead):
            return True
        passed = [Node(view, node) for node in ring if node > at]
        if token.sum + sum(node.counter for node in ahead) > 0:
            return True
        counted = token.sum == sum(node.counter for node in passed)
        return counted and not any(node.active for node in passed)

    return [
        always(detection_is_right, witness=detected),
        always(safras_invariant),
        always(messages_are_accounted_for),
        sometimes(detected),
        *([leads_to(terminated, detected)] if lively else []),
    ]


def model(nodes: int = 3, limit: int = 3, *, bounded: bool = False) -> Model:
    """Termination detection on a ring of so many nodes.

    States in which a node has sent `limit` messages more than it received are not followed
    any further; with `bounded`, nodes do not come to that.
    """
    ring = Sort("node", range(nodes))

    def anyhow(view: View) -> None:
        for node in ring:
            Node(view, node).active = view.choose([False, True])

    def initiate(view: View) -> None:
        guard(view, Token(view).at == 0)
        guard(view, inconclusive(view))
        Token(view).at = nodes - 1
        Token(view).sum = 0
        Token(view).color = Color.WHITE
        Node(view, 0).color = Color.WHITE

    def send_within(view: View, sender: int, receiver: int) -> None:
        guard(view, not Node(view, sender).test(Node.counter, at_least, limit - 1))
        send(view, sender, receiver)

    def within_the_limit(view: View) -> bool:
        return not any(Node(view, node).test(Node.counter, at_least, limit) for node in ring)

    sending = Action(send_within if bounded else send, over=(ring, ring), name="send")
    return Model(
        name="ewd998_bounded" if bounded else "ewd998",
        records={Node: ring, Token: None},
        actions=[
            sending,
            Action(receive, over=ring),
            Action(idle, over=ring),
            Action(pass_on, over=ring, fairness=Fairness.WEAK),
            Action(initiate, fairness=Fairness.WEAK),
        ],
        initial=anyhow,
        constraints=[] if bounded else [within_the_limit],
        properties=claims(ring, lively=bounded),
    )


def untainted(nodes: int = 3, limit: int = 3) -> Model:
    """A fault: a black node does not taint the token."""

    def pass_on(view: View, node: int) -> None:
        hand_over(view, node, taints=False)

    return faulty(model(nodes, limit), "ewd998_untainted", pass_on)


def uncounted(nodes: int = 3, limit: int = 3) -> Model:
    """A fault: a node does not add its counter to the token's sum."""

    def pass_on(view: View, node: int) -> None:
        hand_over(view, node, counts=False)

    return faulty(model(nodes, limit), "ewd998_uncounted", pass_on)


def sooty(nodes: int = 3, limit: int = 3) -> Model:
    """A fault: a black node stays black when the token has passed."""

    def pass_on(view: View, node: int) -> None:
        hand_over(view, node, whitens=False)

    return faulty(model(nodes, limit, bounded=True), "ewd998_sooty", pass_on)


def held(nodes: int = 3, limit: int = 3) -> Model:
    """A fault: a node may keep the token for ever."""
    return unfair(model(nodes, limit, bounded=True), "ewd998_held", "pass_on")


MODEL = model()
BOUNDED = model(bounded=True)
UNTAINTED = untainted()
UNCOUNTED = uncounted()
SOOTY = sooty()
HELD = held()
