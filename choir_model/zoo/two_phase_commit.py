"""Two-phase commit: one coordinator decides for all resource managers.

A manager that has finished its part tells the coordinator that it is prepared (phase one).
When the coordinator has heard that from *everybody*, it may tell all to commit; at any time
before, it may tell all to abort (phase two).  A manager that is still working may abort by
itself, without telling anybody: the coordinator will never hear that it is prepared, and so
never commit.

Messages are never lost and never used up: one bit for each message says that it was sent,
and whoever may receive it can do so again and again.  That covers delay, reordering and
duplication.

Source: `TwoPhase` in the TLA+ Examples, from Gray and Lamport, *Consensus on Transaction
Commit*; the Rust checker stateright has the same model.  Published for 3 managers: 288
states, 1 146 generated, depth 11; for 5: 8 832 states, 58 146 generated, depth 17; for 7:
296 448 states; for 9: 10 340 352.  If the names of the managers are nothing, 314 of the
8 832 remain (`SYMMETRIC`).  stateright reports 665: it sorts managers by their stage alone,
so that one state can still go by several names.

Checked: nobody commits what another aborts; every behaviour is one of `transaction_commit`;
and a decision reaches everybody, granted that who can receive an order does so in the end
(weak fairness; the original says nothing of liveness).  `HASTY` and `COUNTING` are two ways
to get it wrong, and in `LOSSY` orders to commit may get lost.
"""

from __future__ import annotations

from enum import Enum

from choir_model.engine import (
    Action,
    Atom,
    Fairness,
    Field,
    Model,
    Record,
    Sort,
    View,
    always,
    deadlock_free,
    guard,
    leads_to,
    refines,
    sometimes,
)
from choir_model.zoo import transaction_commit
from choir_model.zoo.faults import faulty, unfair
from choir_model.zoo.transaction_commit import Stage


class Decision(Enum):
    """What the coordinator has decided."""

    OPEN = "open"
    COMMIT = "commit"
    ABORT = "abort"


class Manager(Record, name="manager"):
    """A resource manager: its stage, and whether it sent word that it is prepared."""

    stage = Field(Stage.WORKING)
    sent_prepared = Field(False)


class Coordinator(Record, name="coordinator"):
    """The coordinator: its decision, and the orders it sent to everybody."""

    decision = Field(Decision.OPEN)
    sent_commit = Field(False)
    sent_abort = Field(False)


class Heard(Record, name="heard"):
    """Of each manager, whether the coordinator has heard that it is prepared."""

    prepared = Field(False)


def prepare(view: View, rm: Atom) -> None:
    """A manager finishes its part and says so."""
    manager = Manager(view, rm)
    guard(view, manager.stage is Stage.WORKING)
    manager.stage = Stage.PREPARED
    manager.sent_prepared = True


def choose_to_abort(view: View, rm: Atom) -> None:
    """A manager gives up by itself, in silence."""
    manager = Manager(view, rm)
    guard(view, manager.stage is Stage.WORKING)
    manager.stage = Stage.ABORTED


def hear(view: View, rm: Atom) -> None:
    """The coordinator hears that a manager is prepared."""
    guard(view, Coordinator(view).decision is Decision.OPEN)
    guard(view, Manager(view, rm).sent_prepared)
    Heard(view, rm).prepared = True


def decide_to_commit(view: View) -> None:
    """The coordinator orders everybody to commit; whether it may is the caller's affair."""
    coordinator = Coordinator(view)
    guard(view, coordinator.decision is Decision.OPEN)
    coordinator.decision = Decision.COMMIT
    coordinator.sent_commit = True


def order_abort(view: View) -> None:
    """The coordinator orders everybody to abort; it needs no reason."""
    coordinator = Coordinator(view)
    guard(view, coordinator.decision is Decision.OPEN)
    coordinator.decision = Decision.ABORT
    coordinator.sent_abort = True


def receive_commit(view: View, rm: Atom) -> None:
    """A manager is told to commit, and obeys."""
    guard(view, Coordinator(view).sent_commit)
    Manager(view, rm).stage = Stage.COMMITTED


def receive_abort(view: View, rm: Atom) -> None:
    """A manager is told to abort, and obeys."""
    guard(view, Coordinator(view).sent_abort)
    Manager(view, rm).stage = Stage.ABORTED


def decided_to_commit(view: View) -> bool:
    """The order to commit has been given."""
    return Coordinator(view).decision is Decision.COMMIT


def decided_to_abort(view: View) -> bool:
    """The order to abort has been given."""
    return Coordinator(view).decision is Decision.ABORT


def model(managers: int = 3, *, symmetric: bool = False) -> Model:
    """Two-phase commit among so many resource managers.

    With `symmetric`, states that differ only in the names of managers count as one.  That
    loses who did what, so then nothing is asked about behaviours.
    """
    rms = Sort("rm", managers, symmetric=symmetric)

    def order_commit(view: View) -> None:
        guard(view, all(Heard(view, rm).prepared for rm in rms))
        decide_to_commit(view)

    def consistent(view: View) -> bool:
        stages = [Manager(view, rm).stage for rm in rms]
        return Stage.COMMITTED not in stages or Stage.ABORTED not in stages

    def all_committed(view: View) -> bool:
        return all(Manager(view, rm).stage is Stage.COMMITTED for rm in rms)

    def all_aborted(view: View) -> bool:
        return all(Manager(view, rm).stage is Stage.ABORTED for rm in rms)

    def as_transaction(view: View, image: View) -> None:
        for rm in rms:
            transaction_commit.Manager(image, rm).stage = Manager(view, rm).stage

    properties = [
        always(consistent),
        sometimes(all_committed),
        sometimes(all_aborted),
        deadlock_free(),
    ]
    if not symmetric:
        properties.append(refines(transaction_commit.model(managers), as_transaction))
        properties.append(leads_to(decided_to_commit, all_committed))
        properties.append(leads_to(decided_to_abort, all_aborted))
    return Model(
        name="two_phase_commit",
        records={Manager: rms, Coordinator: None, Heard: rms},
        actions=[
            Action(prepare, over=rms),
            Action(choose_to_abort, over=rms),
            Action(hear, over=rms),
            Action(order_commit),
            Action(order_abort),
            Action(receive_commit, over=rms, fairness=Fairness.WEAK),
            Action(receive_abort, over=rms, fairness=Fairness.WEAK),
        ],
        properties=properties,
    )


def hasty(managers: int = 3) -> Model:
    """A fault: the coordinator does not wait for the last manager."""
    sound = model(managers)
    (rms,) = sound.sorts

    def order_commit(view: View) -> None:
        guard(view, sum(Heard(view, rm).prepared for rm in rms) >= managers - 1)
        decide_to_commit(view)

    return faulty(sound, "hasty_two_phase_commit", order_commit)


class Tally(Record, name="tally"):
    """What a faulty coordinator keeps instead of a list of whom it has heard."""

    count = Field(0)


def counting(managers: int = 3) -> Model:
    """A fault: the coordinator counts messages, and a message can arrive twice."""

    def hear(view: View, rm: Atom) -> None:
        guard(view, Coordinator(view).decision is Decision.OPEN)
        guard(view, Manager(view, rm).sent_prepared)
        guard(view, Tally(view).count < managers)
        Tally(view).count += 1

    def order_commit(view: View) -> None:
        guard(view, Tally(view).count == managers)
        decide_to_commit(view)

    name = "counting_two_phase_commit"
    return faulty(model(managers), name, hear, order_commit, records={Tally: None})


def lossy(managers: int = 3) -> Model:
    """A fault: an order to commit may get lost, so nobody is owed its arrival."""
    return unfair(model(managers), "lossy_two_phase_commit", "receive_commit")


MODEL = model()
SYMMETRIC = model(5, symmetric=True)
HASTY = hasty()
COUNTING = counting()
LOSSY = lossy()
