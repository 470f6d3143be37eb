"""Coverage and audits: what became of every action, and whether all of it was pure."""

from __future__ import annotations

from functools import partial
from itertools import chain, islice

from choir_model.engine.equivariance import audit_equivariance
from choir_model.engine.explored import Explored, ModelFault
from choir_model.engine.machine import Machine
from choir_model.engine.monitors import Place
from choir_model.engine.purity import perturbed
from choir_model.engine.recorders import described
from choir_model.engine.recording import Refusal
from choir_model.engine.report import ActionCoverage, Audit
from choir_model.engine.trees import ImpureAction, Leaf, ModelCodeFailed, Tree, order_of_sets
from choir_model.engine.values import encode
from choir_model.engine.view import ModelError

SEARCHED = 5_000
"""States looked at for a second one that reaches a leaf, before its own is taken again."""
AT_MOST = 20_000
"""So many leaves with a single state are all run again there; of more, a sample."""
FIRST, THEN_EVERY = 4, 8
"""Which of a tree's leaves are in that sample."""


def coverage_of(explored: Explored) -> dict[str, ActionCoverage]:
    """What became of each action over all its instances and all expanded states."""
    machine = explored.machine
    found = {}
    for action in machine.model.actions:
        trees = [i.tree for i in machine.instances if i.action is action]
        leaves = [leaf for tree in trees for leaf in tree.leaves]
        refused: dict[str, int] = {}
        fired = disabled = 0
        fields: set[str] = set()
        for leaf in leaves:
            fired += leaf.hits * len(leaf.moves)
            outcomes = [b.outcome for b in leaf.branches if isinstance(b.outcome, Refusal)]
            for outcome in outcomes:
                refused[outcome.reason.name] = refused.get(outcome.reason.name, 0) + leaf.hits
            if not leaf.moves and not outcomes:
                disabled += leaf.hits
            fields.update(field.name for field in leaf.written)
        found[action.name] = ActionCoverage(
            instances=len(trees),
            fired=fired,
            disabled=disabled,
            refused=dict(sorted(refused.items())),
            leaves=len(leaves),
            widest=max((len(leaf.looks) for leaf in leaves), default=0),
            writes=tuple(sorted(fields)),
        )
    return found


def audit_everything(explored: Explored) -> Audit:
    """Run again what has not been run twice yet; raises `ModelFault` for what differs.

    A leaf is confirmed on another state that reaches it, where one is found soon, so that
    a dependence on anything but the cells it read shows.  Those that only one state reaches
    are confirmed there; if they are very many, some of each tree.  An interrupt ends it; then
    `explored` is not `audited`.
    """
    leaves = explored.machine.forest.leaves
    again: set[Leaf] = set()
    try:
        _audit_leaves(explored, again)
        _audit_values(explored.machine)
        if explored.symmetry is not None:
            explored.equivariance += audit_equivariance(explored)
        explored.audited = True
    except KeyboardInterrupt:
        explored.stopped = explored.stopped or "an interrupt"
    audited = sum(leaf.audited for leaf in leaves)
    return Audit(
        leaves=len(leaves),
        elsewhere=audited - len(again),
        again=len(again),
        executions=explored.machine.forest.executions,
        equivariance=explored.equivariance,
        unaudited=len(leaves) - audited,
    )


def _audit_leaves(explored: Explored, again: set[Leaf]) -> None:
    """Run every leaf again; `again` gets those that were, on the state they come from."""
    pending: dict[Tree, list[Leaf]] = {}
    for leaf in explored.machine.forest.leaves:
        if not leaf.audited:
            pending.setdefault(leaf.tree, []).append(leaf)
    for tree, leaves in pending.items():
        _audit_elsewhere(explored, tree, {leaf for leaf in leaves if leaf.hits > 1})
    alone = [[leaf for leaf in leaves if not leaf.audited] for leaves in pending.values()]
    if sum(map(len, alone)) > AT_MOST:
        alone = [leaves[:FIRST] + leaves[FIRST::THEN_EVERY] for leaves in alone]
    for leaf in chain.from_iterable(alone):
        _audit(explored, leaf, leaf.learned_at)
        again.add(leaf)


def _audit_elsewhere(explored: Explored, tree: Tree, searched: set[Leaf]) -> None:
    """Look for other states that reach these leaves, and run them there."""
    for packed in islice(explored.index, SEARCHED if searched else 0):
        node = tree.root[0]
        while type(node) is list:  # and nothing is learned where it never was asked
            node = node[2][(packed >> node[0]) & node[1]]
        if node in searched and node.learned_at != packed:
            _audit(explored, node, packed)
            searched.remove(node)
            if not searched:
                break


def _audit_values(machine: Machine) -> None:
    """Look again at what updates and tests computed, and whether any value changed in place."""
    _audit_answers(machine)
    mutated = machine.layout.mutated()
    if mutated:
        tree = machine.forest.leaves[0].tree
        first = ImpureAction(tree, f"a value of {mutated[0]} was changed in place")
        raise ModelFault(first, "any", Place(-1, 0))


def _audit_answers(machine: Machine) -> None:
    """Compute again what updates and tests computed, some of it if that is a lot.

    They see values and no view, so there is no state and no path to show.
    """
    answers, layout = machine.memory.answers, machine.layout
    for (expression, ids), once in islice(
        list(answers.items()), 0, None, len(answers) // SEARCHED + 1
    ):
        numbers = zip(expression.cells, ids, strict=True)
        given = {cell: layout.values[cell][number] for cell, number in numbers}
        compute, sites = expression.evaluate, list[list[str]]()
        for fn in expression.functions():
            again = perturbed(fn)
            again.sites.clear()
            sites.append(again.sites)
            compute = partial(again.run, compute)
        try:
            now = machine.memory.dog.watch(expression, compute, given.__getitem__)
            told = None if encode(now) == encode(once) else f"{once} once and {now} another time"
        except Exception as error:  # noqa: BLE001 (model code: reported with its arguments)
            told = f"{once} once, and another time raised {described(error)}"
        if told is not None:
            cells = ", ".join(f"{layout.cells[cell]!r} = {value}" for cell, value in given.items())
            places = list(chain.from_iterable(sites))
            raise ModelError(
                f"{expression!r}, with which cells are updated or tested, is not a function of its "
                f"arguments: for {cells} it returned {told}{order_of_sets(places)}"
            )


def _audit(explored: Explored, leaf: Leaf, packed: int) -> None:
    try:
        explored.machine.forest.audit(leaf, packed)
    except ModelCodeFailed as failed:
        number = explored.index.get(packed)
        place = Place(-1, 0) if number is None else Place(number, -1)
        raise ModelFault(failed, explored.machine.state_text(packed), place) from failed
