"""The walker: breadth-first exploration over the decision trees, in pure Python.

Theory of operation
-------------------
States are visited level by level, each level in the order of discovery, the actions of a
state in their order, branches in the order of their choices.  So the first way a state is
found is the least of its shortest ways, and the first violation found is the least of the
shortest: nothing in a result depends on chance, on hashing, or on the numbering of values.

A successor differs from its parent in the cells that a move wrote, and an action whose
tree reads none of those does there what it did at the parent.  So a state inherits its
parent's leaves, and only the trees that may answer differently are walked again; monitors
likewise.

Model code runs only where a tree has no path yet.  That may bring values a cell has no bits
for: then everything packed is moved to a wider layout, and the state is taken up anew;
nothing of it had been counted.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from choir_model.engine.equivariance import audit_equivariance
from choir_model.engine.explored import Explored, Limits, ModelFault, Progress, counted, unbroken
from choir_model.engine.machine import Machine, initial_states
from choir_model.engine.model import shown_name
from choir_model.engine.monitors import Monitor, Place, Watch
from choir_model.engine.moves import Move
from choir_model.engine.recorders import of_step
from choir_model.engine.symmetry import Symmetry
from choir_model.engine.transitions import OUTSIDE, Transitions
from choir_model.engine.trees import Leaf, ModelCodeFailed, Tree

PROGRESS_EVERY = 4096


class _Stop(Exception):
    """A limit was reached in the middle of a level."""


class Entry(NamedTuple):
    """A state to be expanded, the leaves of the state it comes from, and how."""

    packed: int
    inherited: list[Leaf] | None
    move: Move | None


class Walker:
    """Explores a machine; `run` returns what it found."""

    def __init__(
        self,
        machine: Machine,
        watch: Watch,
        *,
        limits: Limits,
        keep_edges: bool,
        keep_going: bool,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.machine = machine
        self.found = Explored(machine, [])
        self._watch = watch
        self._limits = limits
        self._keep_going = keep_going
        self._progress = progress
        self._trees = [instance.tree for instance in machine.instances]
        self._within = [
            machine.predicate(f"the constraint {shown_name(fn)}", fn)
            for fn in machine.model.constraints
        ]
        done = machine.model.done
        self._done = machine.predicate("done", done) if done is not None else None
        self._alarms = 0
        self._audit_at = 8
        self._following: list[Entry] = []
        self._carried_out = machine.layout.plan
        self._symmetry = None
        if machine.model.symmetric_sorts:
            self._symmetry = Symmetry(machine.model, machine.layout)
        self.found.symmetry = self._symmetry
        self.found.claims = {monitor.claim.name: monitor.claim for monitor in watch.every}
        if keep_edges:
            self.found.transitions = Transitions()

    def run(self) -> Explored:
        """Explore until everything is, a limit is met, or nothing is left to decide."""
        found, machine = self.found, self.machine
        collecting = gc.isenabled()
        gc.disable()  # millions of small objects, and no cycles among them
        try:
            self._start()
            while self._following:
                if self._limits.depth is not None and len(found.levels) >= self._limits.depth:
                    found.stopped = f"the depth limit of {counted(self._limits.depth, 'level')}"
                    break
                level, self._following = self._following, []
                self._level(level)
                if self._following:
                    found.levels.append(len(self._following))
                if self._symmetry is not None and len(found.index) >= self._audit_at:
                    found.equivariance += audit_equivariance(found)
                    self._audit_at *= 8
                if self._following and self._decided():
                    levels = counted(len(found.levels), "level")
                    found.stopped = f"the verdict on the last open property, after {levels}"
                    break
        except _Stop:
            found.stopped = f"the limit of {counted(self._limits.states or 0, 'state')}"
        except KeyboardInterrupt:
            found.stopped = "an interrupt"
            while machine.layout.stale or machine.layout.plan is not self._carried_out:
                self._relayout([], 0)
        finally:
            if collecting:
                gc.enable()
        found.settle()
        return found

    def _decided(self) -> bool:
        if self._keep_going or self.found.transitions is not None:
            return False
        return bool(self._watch.every) and not self._watch.awake()

    def _start(self) -> None:
        machine, found = self.machine, self.found
        layout = machine.layout
        found.initial = initial_states(machine.model, machine.memory.dog)
        rows = [layout.ids(state) for state in found.initial]
        layout.relayout()
        states = [layout.pack(row) for row in rows]
        if self._symmetry is not None:
            states = self._canonical_initial(states)
        self._carried_out = layout.plan
        for number, packed in enumerate(states):
            found.generated += 1
            self._admit_initial(packed, number)
        found.check_initial()
        found.levels.append(len(self._following))

    def _canonical_initial(self, states: list[int]) -> list[int]:
        assert self._symmetry is not None
        layout = self.machine.layout
        while True:
            found = [self._symmetry.canonical(packed) for packed in states]
            if not layout.stale:
                return found
            repack = layout.relayout()
            self._symmetry.forget()
            states = [repack(packed) for packed in states]

    def _admit_initial(self, packed: int, number: int) -> None:
        if packed not in self.found.index:
            place = Place(-1, number)
            if self._check(packed, place, self._awake(), self._within):
                self._store(Entry(packed, None, None), -1, number)
                if self.found.transitions is not None:
                    self.found.transitions.initial.append(self.found.index[packed])
            else:
                self.found.outside += 1

    def _level(self, level: list[Entry]) -> None:
        """Expand every state of a level."""
        first = self.found.expanded
        position, told = 0, -1
        while position < len(level):
            if self._progress is not None and position % PROGRESS_EVERY == 0 and position != told:
                self._tell(len(level) - position)
                told = position
            entry = level[position]
            number = first + position
            leaves = self._leaves(entry, number)
            steps = self._steps(entry.packed, leaves, number)
            if self.machine.layout.stale:
                unbroken(partial(self._relayout, level, position))
                continue
            for leaf in leaves:
                leaf.hits += 1
            self._take(entry.packed, leaves, steps, number)
            self.found.expanded += 1
            level[position] = entry._replace(inherited=None)
            position += 1

    def _leaves(self, entry: Entry, number: int) -> list[Leaf]:
        """What every action instance does in a state."""
        forest, packed = self.machine.forest, entry.packed
        try:
            if entry.inherited is None or entry.move is None:
                leaves = [forest.walk(tree, packed) for tree in self._trees]
                again: Any = range(len(leaves))
            else:
                leaves = entry.inherited.copy()
                if entry.move.version != forest.version:
                    self._refresh(entry.move)
                again = entry.move.affected
                trees = self._trees
                for k in again:
                    tree = trees[k]
                    node = tree.root[0]
                    while type(node) is list:
                        node = node[2][(packed >> node[0]) & node[1]]
                    leaves[k] = node if node is not None else forest.learn(tree, packed)
            for k in again:
                leaf = leaves[k]
                if not leaf.audited and leaf.learned_at != packed:
                    forest.audit(leaf, packed)
        except ModelCodeFailed as failed:
            raise self._fault(failed, packed, Place(number, -1)) from failed
        return leaves

    def _steps(self, packed: int, leaves: list[Leaf], number: int) -> list[tuple[int, Move]]:
        """The successors of a state and the moves that lead to them, in order."""
        steps = []
        try:
            for leaf in leaves:
                for move in leaf.moves:
                    successor = packed & move.keep | move.put
                    for shift, mask, table, up, update in move.lookups:
                        key = (packed >> shift) & mask
                        value = table.get(key)
                        if value is None:
                            value = table[key] = update.result(packed)
                        successor |= value << up
                    steps.append((successor, move))
        except ModelCodeFailed as failed:
            raise self._fault(failed, packed, Place(number, -1)) from failed
        if self._symmetry is not None and not self.machine.layout.stale:
            canonical = self._symmetry.canonical
            steps = [(canonical(successor), move) for successor, move in steps]
        return steps

    def _take(
        self, packed: int, leaves: list[Leaf], steps: list[tuple[int, Move]], number: int
    ) -> None:
        """Count and store the successors of a state, and check what is new."""
        found = self.found
        index, edges = found.index, found.transitions
        found.generated += len(steps)
        if not steps:
            self._terminal(packed, number)
        for successor, move in steps:
            if successor != packed:
                found.changing += 1
            target = index.get(successor)
            if target is None:
                target = self._admit(successor, move, leaves, number)
            if edges is not None:
                edges.targets.append(target)
                edges.labels.append(move.number)
            if self._watch.steps:
                self._check_step(packed, move, number)
        if edges is not None:
            edges.close_row()

    def _admit(self, packed: int, move: Move, leaves: list[Leaf], source: int) -> int:
        """Check a new state and store it, unless a constraint excludes it."""
        if move.version != self.machine.forest.version:
            self._refresh(move)
        place = Place(source, move.number)
        if self._symmetry is None:
            inside = self._check(packed, place, *move.recheck)
        else:
            inside = self._check(packed, place, self._awake(), self._within)
        if not inside:
            self.found.outside += 1
            return OUTSIDE
        inherited = leaves if self._symmetry is None else None  # a renamed state inherits nothing
        return self._store(Entry(packed, inherited, move), source, move.number)

    def _store(self, entry: Entry, parent: int, via: int) -> int:
        found = self.found
        number = len(found.index)
        if self._limits.states is not None and number >= self._limits.states:
            raise _Stop
        found.index[entry.packed] = number
        found.parents.append(parent)
        found.via.append(via)
        self._following.append(entry)
        return number

    def _check(
        self, packed: int, place: Place, monitors: list[Monitor], within: list[Tree]
    ) -> bool:
        """Ask monitors about a new state; whether all constraints hold in it."""
        value = self.machine.forest.value
        inside = True
        try:
            for monitor in monitors:
                assert monitor.tree is not None
                if not monitor.asleep and value(monitor.tree, packed) is monitor.alarm:
                    self._alarm(monitor, place)
            for tree in within:  # all of them: a tree never walked would seem to read nothing
                inside = value(tree, packed) and inside
        except ModelCodeFailed as failed:
            raise self._fault(failed, packed, place) from failed
        return inside

    def _alarm(self, monitor: Monitor, place: Place) -> None:
        if monitor.wanted > 1:
            story = tuple(label.action.name for label in self.found.canonical_labels(place))
            if story in monitor.stories:
                return
            monitor.stories.add(story)
        self._alarms += 1
        monitor.places.append(place._replace(order=self._alarms))
        if monitor.asleep:
            self.machine.forest.version += 1  # what moves recheck has changed

    def _terminal(self, packed: int, number: int) -> None:
        self.found.terminal += 1
        if not any(not monitor.asleep for monitor in self._watch.deadlocks):
            return
        try:
            done = self._done is not None and self.machine.forest.value(self._done, packed)
        except ModelCodeFailed as failed:
            raise self._fault(failed, packed, Place(number, -1)) from failed
        for monitor in self._watch.deadlocks:
            if not done and not monitor.asleep:
                self._alarm(monitor, Place(number, -1))

    def _check_step(self, packed: int, move: Move, number: int) -> None:
        if move.step_trees is None:
            move.step_trees = self._step_trees(move, packed, number)
        for monitor, tree in move.step_trees:
            if not monitor.asleep:
                try:
                    holds = self.machine.forest.value(tree, packed)
                except ModelCodeFailed as failed:
                    raise self._fault(failed, packed, Place(number, move.number)) from failed
                if holds is False:
                    self._alarm(monitor, Place(number, move.number))

    def _step_trees(self, move: Move, packed: int, number: int) -> list[tuple[Monitor, Tree]]:
        """The claims about this step; those true of it in any state are left out."""
        found = []
        for monitor in self._watch.steps:
            claim = monitor.claim
            assert claim.fn is not None
            record = of_step(self.machine.memory, monitor.arguments, move.cells)
            label = self.machine.label(move.number)
            tree = Tree(f"the property {claim.name} of {label}", claim.fn, record)
            try:
                leaf = self.machine.forest.walk(tree, packed)
            except ModelCodeFailed as failed:
                raise self._fault(failed, packed, Place(number, move.number)) from failed
            if leaf.looks or leaf.value is not True:
                found.append((monitor, tree))
        return found

    def _refresh(self, move: Move) -> None:
        """Find again what a move may change, now that trees have grown."""
        move.version = self.machine.forest.version
        writes = move.writes
        move.affected = tuple(k for k, t in enumerate(self._trees) if t.reads & writes)
        awake = self._awake()
        if any(monitor.wanted > 1 for monitor in awake):
            recheck = awake  # a violating parent's successors may violate too
        else:
            recheck = [m for m in awake if m.tree is not None and m.tree.reads & writes]
        move.recheck = (recheck, [tree for tree in self._within if tree.reads & writes])

    def _awake(self) -> list[Monitor]:
        return [monitor for monitor in self._watch.states if not monitor.asleep]

    def _relayout(self, level: list[Entry], position: int) -> None:
        """Move everything packed to a wider layout; called again, it goes on where it was."""
        layout, forest, found = self.machine.layout, self.machine.forest, self.found
        if layout.plan is self._carried_out or not layout.plan.done:
            layout.relayout()
        plan, repack = layout.plan, layout.plan.repack
        plan.moved = plan.moved or (
            {repack(packed): number for packed, number in found.index.items()},
            [e._replace(packed=repack(e.packed)) for e in level[position:]],
            [e._replace(packed=repack(e.packed)) for e in self._following],
            [repack(leaf.learned_at) for leaf in forest.leaves],
        )
        found.index, level[position:], following, learned_at = plan.moved
        self._following = [*following]
        if self._symmetry is not None:
            self._symmetry.forget()
        forest.settle(learned_at)
        for leaf in forest.leaves:
            for move in leaf.moves:
                move.compile(layout)
        self._carried_out = plan
        plan.moved = ()

    def _fault(self, failed: ModelCodeFailed, packed: int, place: Place) -> ModelFault:
        return ModelFault(failed, self.machine.state_text(packed), place)

    def _tell(self, queue: int) -> None:
        assert self._progress is not None
        found = self.found
        level, distinct, limit = len(found.levels), len(found.index), self._limits.states
        self._progress(Progress(level, distinct, found.generated, queue, limit))
