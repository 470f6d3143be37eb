"""Two-phase commit with a coordinator that may vanish, and a backup that takes over.

As in `two_phase_commit`, all managers must commit or all abort.  Here whoever decides looks
at the managers' stages directly; one manager may fail; and the coordinator, having
announced its decision, vanishes, and the announcement with it.  Managers that have not seen
it must wait for the backup, which decides from what the managers show: to commit, if all
are prepared or one has committed; to abort, if one has aborted or failed and none has
committed.

Source: `2PCwithBTM` in the TLA+ Examples, by Murat Demirbas.  Published for 3 managers:
1 245 states, depth 15.  TLC generates 5 841, this model 4 843: TLC counts a step once for
every reason why it is possible, and has one more for staying where all is over.

Checked: nobody commits what another aborts.
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
    FAILED = "failed"


class Announced(Enum):
    """What the managers see of a decision; GONE when the coordinator has vanished."""

    NOTHING = "nothing"
    COMMIT = "commit"
    ABORT = "abort"
    GONE = "gone"


class Phase(Enum):
    """What a coordinator does next."""

    DECIDE = "decide"
    ANNOUNCE_COMMIT = "announce commit"
    ANNOUNCE_ABORT = "announce abort"
    VANISH_AFTER_COMMIT = "vanish after commit"
    VANISH_AFTER_ABORT = "vanish after abort"
    DONE = "done"


UNDECIDED = (Stage.WORKING, Stage.PREPARED)
ANNOUNCING = {
    Phase.ANNOUNCE_COMMIT: (Announced.COMMIT, Phase.VANISH_AFTER_COMMIT),
    Phase.ANNOUNCE_ABORT: (Announced.ABORT, Phase.VANISH_AFTER_ABORT),
}


class Manager(Record, name="manager"):
    """A resource manager, and whether it has left."""

    stage = Field(Stage.WORKING)
    left = Field(False)


class Board(Record, name="board"):
    """Where decisions are announced."""

    shows = Field(Announced.NOTHING)


class Coordinator(Record, name="coordinator"):
    """The first coordinator."""

    phase = Field(Phase.DECIDE)


class Backup(Record, name="backup"):
    """The one that takes over."""

    phase = Field(Phase.DECIDE)


def prepare(view: View, rm: Atom) -> None:
    """A manager has finished its part."""
    manager = Manager(view, rm)
    guard(view, manager.stage is Stage.WORKING)
    manager.stage = Stage.PREPARED


def commit(view: View, rm: Atom) -> None:
    """A manager commits as announced."""
    manager = Manager(view, rm)
    guard(view, manager.stage in UNDECIDED and Board(view).shows is Announced.COMMIT)
    manager.stage = Stage.COMMITTED


def abort(view: View, rm: Atom) -> None:
    """A manager aborts: as announced, or by itself while it is working."""
    manager = Manager(view, rm)
    guard(view, manager.stage in UNDECIDED)
    guard(view, manager.stage is Stage.WORKING or Board(view).shows is Announced.ABORT)
    manager.stage = Stage.ABORTED


def leave(view: View, rm: Atom) -> None:
    """A manager that has committed, aborted or failed is through."""
    manager = Manager(view, rm)
    guard(view, manager.stage not in UNDECIDED and not manager.left)
    manager.left = True


def announce(view: View) -> None:
    """The coordinator announces what it decided."""
    coordinator = Coordinator(view)
    guard(view, coordinator.phase in ANNOUNCING)
    Board(view).shows, coordinator.phase = ANNOUNCING[coordinator.phase]


def vanish(view: View) -> None:
    """The coordinator fails, and its announcement cannot be seen any more."""
    coordinator = Coordinator(view)
    after = (Phase.VANISH_AFTER_COMMIT, Phase.VANISH_AFTER_ABORT)
    guard(view, coordinator.phase in after)
    Board(view).shows = Announced.GONE
    coordinator.phase = Phase.DONE


def announce_instead(view: View) -> None:
    """The backup announces what it decided."""
    backup = Backup(view)
    guard(view, backup.phase in ANNOUNCING)
    Board(view).shows, _ = ANNOUNCING[backup.phase]
    backup.phase = Phase.DONE


def is_over(view: View) -> bool:
    """The backup has done its part; some managers may not have left yet."""
    return Backup(view).phase is Phase.DONE


def model(managers: int = 3) -> Model:
    """So many managers, a coordinator and a backup."""
    rms = Sort("rm", managers)

    def fail(view: View, rm: Atom) -> None:
        manager = Manager(view, rm)
        guard(view, manager.stage in UNDECIDED)
        # Where another has failed already, the original takes a step that changes nothing.
        if Stage.FAILED not in stages(view):
            manager.stage = Stage.FAILED

    def stages(view: View) -> list[Stage]:
        return [Manager(view, rm).stage for rm in rms]

    def decision(view: View) -> Phase:
        seen = stages(view)
        if Stage.COMMITTED in seen or set(seen) == {Stage.PREPARED}:
            return Phase.ANNOUNCE_COMMIT
        guard(view, Stage.ABORTED in seen or Stage.FAILED in seen)
        return Phase.ANNOUNCE_ABORT

    def decide(view: View) -> None:
        coordinator = Coordinator(view)
        guard(view, coordinator.phase is Phase.DECIDE)
        coordinator.phase = decision(view)

    def decide_instead(view: View) -> None:
        backup = Backup(view)
        guard(view, backup.phase is Phase.DECIDE and Board(view).shows is Announced.GONE)
        backup.phase = decision(view)

    def consistent(view: View) -> bool:
        seen = stages(view)
        return Stage.COMMITTED not in seen or Stage.ABORTED not in seen

    def saved_by_the_backup(view: View) -> bool:
        return Backup(view).phase is Phase.DONE and set(stages(view)) == {Stage.COMMITTED}

    return Model(
        name="backup_coordinator",
        records={Manager: rms, Board: None, Coordinator: None, Backup: None},
        actions=[
            *(Action(step, over=rms) for step in (prepare, commit, abort, fail, leave)),
            *map(Action, (decide, announce, vanish, decide_instead, announce_instead)),
        ],
        properties=[always(consistent), sometimes(saved_by_the_backup), deadlock_free()],
        done=is_over,
    )


MODEL = model()
