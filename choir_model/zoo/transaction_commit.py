"""Transaction commit: what it means to commit together, before any protocol.

A transaction has been carried out by several **resource managers**, and now each must make
it permanent (*commit*) or undo it (*abort*).  All must do the same.  A manager that has
finished its part is *prepared*: from then on it obeys whatever is decided.

This model says what may happen, not how anybody learns of it: a manager looks at the state
of all others, which no program could do.  Real protocols are checked by showing that they
refine it; `two_phase_commit` and `paxos_commit` do.

Source: `TCommit` in the TLA+ Examples, from Gray and Lamport, *Consensus on Transaction
Commit*.  Published for 3 managers: 34 states, 94 generated, depth 7.  A behaviour may end,
where everybody has decided.
"""

from __future__ import annotations

from enum import Enum

from choir_model.engine import (
    Action,
    Atom,
    Field,
    Model,
    Record,
    Sort,
    View,
    always,
    deadlock_free,
    guard,
    sometimes,
)


class Stage(Enum):
    """How far a resource manager is."""

    WORKING = "working"
    PREPARED = "prepared"
    COMMITTED = "committed"
    ABORTED = "aborted"


class Manager(Record, name="manager"):
    """A resource manager."""

    stage = Field(Stage.WORKING)


def prepare(view: View, rm: Atom) -> None:
    """The manager has finished its part."""
    manager = Manager(view, rm)
    guard(view, manager.stage is Stage.WORKING)
    manager.stage = Stage.PREPARED


def model(managers: int = 3) -> Model:
    """Atomic commitment among so many resource managers."""
    rms = Sort("rm", managers)

    def commit(view: View, rm: Atom) -> None:
        guard(view, Manager(view, rm).stage is Stage.PREPARED)
        ready = (Stage.PREPARED, Stage.COMMITTED)
        guard(view, all(Manager(view, other).stage in ready for other in rms))
        Manager(view, rm).stage = Stage.COMMITTED

    def abort(view: View, rm: Atom) -> None:
        guard(view, Manager(view, rm).stage in (Stage.WORKING, Stage.PREPARED))
        guard(view, not any(Manager(view, other).stage is Stage.COMMITTED for other in rms))
        Manager(view, rm).stage = Stage.ABORTED

    def consistent(view: View) -> bool:
        stages = [Manager(view, rm).stage for rm in rms]
        return Stage.COMMITTED not in stages or Stage.ABORTED not in stages

    def all_committed(view: View) -> bool:
        return all(Manager(view, rm).stage is Stage.COMMITTED for rm in rms)

    def all_aborted(view: View) -> bool:
        return all(Manager(view, rm).stage is Stage.ABORTED for rm in rms)

    def all_decided(view: View) -> bool:
        decided = (Stage.COMMITTED, Stage.ABORTED)
        return all(Manager(view, rm).stage in decided for rm in rms)

    return Model(
        name="transaction_commit",
        records={Manager: rms},
        actions=[
            Action(prepare, over=rms),
            Action(commit, over=rms),
            Action(abort, over=rms),
        ],
        properties=[
            always(consistent),
            sometimes(all_committed),
            sometimes(all_aborted),
            deadlock_free(),
        ],
        done=all_decided,
    )


MODEL = model()
