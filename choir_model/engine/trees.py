"""Decision trees: what model code does, learned from recordings.

Theory of operation
-------------------
Each action instance, property instance and the like has one tree.  An inner node asks for
the value of a cell, or for the answer of a test; a leaf has the outcome.  Walking
a tree touches no Python function of the model.  Where a walk meets an empty slot, the
function is run once on that state and its recording becomes a new path (`Forest.learn`).

Nodes are lists ``[shift, mask, children, question]`` so that a walk is a few operations of
the interpreter: ``children[(packed >> shift) & mask]`` is the next node, a leaf, or None.
A test has one such node per cell it depends on, in a row, and all combinations of values
with the same answer lead to the same subtree: one run teaches an answer, not a value.

The paths of one tree must agree: two runs that got the same answers must ask the same next
question.  If they do not, the function depends on something that is not in the state, and
`ImpureAction` shows both.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, NamedTuple, TypeAlias

from choir_model.engine.expressions import Constant
from choir_model.engine.purity import perturbed
from choir_model.engine.recorders import Recorder
from choir_model.engine.recording import Branch, Look, Memory, Pending, Recording, Writes
from choir_model.engine.text import shown
from choir_model.engine.view import ModelError
from choir_model.engine.watchdog import ActionTimedOut

DENSE = 64
"""Up to this many values of a cell, children are a list; beyond, a dictionary."""


class ModelCodeFailed(ModelError):
    """Model code raised, or did something it may not do; `tree` says which."""

    def __init__(self, tree: Tree, text: str) -> None:
        super().__init__(f"{tree.name}: {text}")
        self.tree = tree
        self.text = text


class ImpureAction(ModelCodeFailed):
    """Model code depends on something other than the cells it reads."""


class Sparse(dict[int, Any]):
    """Children of a node with many values; an absent one is None, as in a list."""

    def __missing__(self, key: int) -> None:
        return None


class Test:
    """A test node: an expression, and the subtree for each answer."""

    __slots__ = ("expression", "outcomes")

    def __init__(self, expression: Any) -> None:
        self.expression = expression
        self.outcomes: dict[int, Any] = {}


class Question(NamedTuple):
    """What a node asks: a cell; for a test also which, and the how-manieth of its cells."""

    cell: int
    test: Test | None = None
    position: int = 0


Node: TypeAlias = list[Any]
Slot: TypeAlias = tuple[Any, int]
"""A container of nodes and the index in it."""


class Leaf:
    """The outcome of model code in one local situation.

    `branches` of an action, or the `value` of a predicate.  `learned_at` is the state it
    was recorded on, `audited` whether another run confirmed it, `hits` the number of
    states it applied to.
    """

    __slots__ = (
        "audited",
        "branches",
        "hits",
        "learned_at",
        "looks",
        "moves",
        "tree",
        "value",
        "written",
    )

    def __init__(self, tree: Tree, recording: Recording, packed: int) -> None:
        self.tree = tree
        self.branches: tuple[Branch, ...] = tuple(recording.branches)
        self.value: Any = recording.result
        self.written = recording.written
        self.looks = tuple(recording.looks)
        self.learned_at = packed
        self.audited = False
        self.hits = 0
        self.moves: tuple[Any, ...] = ()

    def says(self, recording: Recording) -> bool:
        """Whether a recording has this leaf's outcome."""
        return _content(self.branches) == _content(recording.branches) and (
            self.value == recording.result and type(self.value) is type(recording.result)
        )


class Tree:
    """What is known of one piece of model code.  `reads` are its cells, as a bit set."""

    __slots__ = ("fn", "leaves", "name", "reads", "record", "root")

    def __init__(self, name: str, fn: Callable[..., Any], record: Recorder) -> None:
        self.name = name
        self.fn = fn
        self.record = record
        self.root: list[Any] = [None]
        self.reads = 0
        self.leaves: list[Leaf] = []


class Forest:
    """All trees over one layout; learns, and keeps the nodes in step with the layout.

    `version` grows whenever a tree starts to read a cell; `executions` counts runs of
    model code.  `prepare` is called with every new leaf.
    """

    def __init__(self, memory: Memory, prepare: Callable[[Leaf], None]) -> None:
        self.memory = memory
        self.version = 0
        self.executions = 0
        self.leaves: list[Leaf] = []
        self._prepare = prepare
        self._nodes: list[Node] = []

    def walk(self, tree: Tree, packed: int) -> Leaf:
        """The leaf of `tree` for a state, learned if need be.

        Raises `ModelCodeFailed` where the model code fails, `ImpureAction` where it
        contradicts what it did before.
        """
        node = tree.root[0]
        while type(node) is list:
            node = node[2][(packed >> node[0]) & node[1]]
        return node if node is not None else self.learn(tree, packed)

    def reach(self, tree: Tree, packed: int) -> Leaf:
        """The leaf for a state, which counts it; every leaf is audited at its second state."""
        leaf = self.walk(tree, packed)
        leaf.hits += 1
        if not leaf.audited and leaf.learned_at != packed:
            self.audit(leaf, packed)
        return leaf

    def value(self, tree: Tree, packed: int) -> Any:
        """What a predicate says of a state."""
        return self.reach(tree, packed).value

    def learn(self, tree: Tree, packed: int) -> Leaf:
        """The leaf for a state that the tree has no complete path for yet."""
        found = self._follow(tree, packed)
        if found is not None:
            return found
        recording = self.run(tree, packed)
        return self._graft(tree, recording, packed)

    def run(self, tree: Tree, packed: int, fn: Callable[..., Any] | None = None) -> Recording:
        """Run the model code of a tree on a state; `ModelCodeFailed` if it fails there."""
        self.executions += 1
        try:
            recording = tree.record(fn or tree.fn, packed)
        except ActionTimedOut as late:
            raise ModelCodeFailed(tree, late.told) from late
        if recording.failure is not None:
            raise ModelCodeFailed(tree, recording.failure.text)
        return recording

    def audit(self, leaf: Leaf, packed: int) -> None:
        """Run a leaf's model code again on a state that reaches it, sets in another order.

        Raises `ImpureAction` if the run differs.
        """
        again = perturbed(leaf.tree.fn)
        again.sites.clear()
        recording = self.run(leaf.tree, packed, again)
        if _asked(leaf.looks) != _asked(recording.looks) or not leaf.says(recording):
            text = self._contradiction(leaf, recording) + order_of_sets(again.sites)
            raise ImpureAction(leaf.tree, text)
        leaf.audited = True

    def relaid(self, repack: Callable[[int], int]) -> None:
        """The layout has changed: find the cells again."""
        self.settle([repack(leaf.learned_at) for leaf in self.leaves])

    def settle(self, learned_at: list[int]) -> None:
        """The same, given where each leaf was learned; it may be done twice."""
        layout = self.memory.layout
        for node in self._nodes:
            cell = node[3].cell
            node[0], node[1] = layout.shift[cell], layout.mask[cell]
            children = node[2]
            if type(children) is list and len(children) <= node[1]:
                if node[1] < DENSE:
                    children += [None] * (node[1] + 1 - len(children))
                else:
                    node[2] = Sparse({i: c for i, c in enumerate(children) if c is not None})
        for leaf, packed in zip(self.leaves, learned_at, strict=True):
            leaf.learned_at = packed

    def _follow(self, tree: Tree, packed: int) -> Leaf | None:
        """Walk as far as the tree goes, answering tests for values not met before."""
        slot: Slot = (tree.root, 0)
        while True:
            node = slot[0][slot[1]]
            if node is None:
                return None
            if isinstance(node, Leaf):
                return node
            slot = (node[2], (packed >> node[0]) & node[1])
            question: Question = node[3]
            if slot[0][slot[1]] is None and question.test is not None:
                child = self._next_of_test(question, packed)
                if child is None:
                    return None
                slot[0][slot[1]] = child

    def _next_of_test(self, question: Question, packed: int) -> Any:
        test = question.test
        assert test is not None
        if question.position + 1 < len(test.expression.cells):
            return self._node(test.expression.cells, test, question.position + 1)
        try:
            answer = self.memory.evaluate(test.expression, packed)
        except Exception:  # noqa: BLE001 (the run that follows meets it too and reports it)
            return None
        return test.outcomes.get(answer) if type(answer) is bool else None

    def _node(self, cells: tuple[int, ...], test: Test | None, position: int = 0) -> Node:
        layout = self.memory.layout
        cell = cells[position]
        mask = layout.mask[cell]
        children: Any = [None] * (mask + 1) if mask < DENSE else Sparse()
        node = [layout.shift[cell], mask, children, Question(cell, test, position)]
        self._nodes.append(node)
        return node

    def _graft(self, tree: Tree, recording: Recording, packed: int) -> Leaf:
        slot: Slot = (tree.root, 0)
        filled: list[tuple[Slot, Slot]] = []
        for position, look in enumerate(recording.looks):
            node = slot[0][slot[1]]
            if node is None:
                node = slot[0][slot[1]] = self._asking(look)
                self._note_reads(tree, look)
            elif isinstance(node, Leaf) or not _asks(node[3], look):
                raise ImpureAction(tree, self._other_question(node, recording, position))
            slot, shortcut = self._enter(node, look, packed)
            if shortcut is not None:
                filled.append((shortcut, slot))
        if slot[0][slot[1]] is not None:
            question = self._other_question(slot[0][slot[1]], recording, len(recording.looks))
            raise ImpureAction(tree, question)
        leaf = slot[0][slot[1]] = Leaf(tree, recording, packed)
        for shortcut, target in filled:
            shortcut[0][shortcut[1]] = target[0][target[1]]
        tree.leaves.append(leaf)
        self.leaves.append(leaf)
        try:
            self._prepare(leaf)
        except ModelCodeFailed:
            raise
        except ModelError as error:
            raise ModelCodeFailed(tree, str(error)) from error
        return leaf

    def _asking(self, look: Look) -> Node:
        if isinstance(look.asked, int):
            return self._node((look.asked,), None)
        return self._node(look.asked.cells, Test(look.asked))

    def _note_reads(self, tree: Tree, look: Look) -> None:
        cells = (look.asked,) if isinstance(look.asked, int) else look.asked.cells
        reads = tree.reads
        for cell in cells:
            reads |= 1 << cell
        if reads != tree.reads:
            tree.reads = reads
            self.version += 1

    def _enter(self, node: Node, look: Look, packed: int) -> tuple[Slot, Slot | None]:
        """The slot behind an answer; for a test also the slot of this value that leads there."""
        question: Question = node[3]
        slot: Slot = (node[2], (packed >> node[0]) & node[1])
        if question.test is None:
            return slot, None
        for position in range(1, len(question.test.expression.cells)):
            following = slot[0][slot[1]]
            if following is None:
                following = self._node(question.test.expression.cells, question.test, position)
                slot[0][slot[1]] = following
            slot = (following[2], (packed >> following[0]) & following[1])
        outcomes: MutableMapping[int, Any] = question.test.outcomes
        outcomes.setdefault(look.answer, None)
        return (outcomes, look.answer), slot

    def _other_question(self, node: Any, recording: Recording, position: int) -> str:
        before = "nothing more" if isinstance(node, Leaf) else self._question(node[3])
        looks = recording.looks
        now = "nothing more" if position == len(looks) else self._look(looks[position])
        after = ", ".join(map(self._look, looks[:position])) or "nothing"
        return (
            f"it is not a function of the state: having seen {after}, it asked for {before} "
            f"once and for {now} another time"
        )

    def _contradiction(self, leaf: Leaf, recording: Recording) -> str:
        seen = ", ".join(map(self._look, leaf.looks)) or "nothing"
        again = ", ".join(map(self._look, recording.looks)) or "nothing"
        once = self.told(leaf.branches, leaf.value)
        now = self.told(tuple(recording.branches), recording.result)
        return (
            f"it is not a function of the state: once it saw {seen} and {once}; "
            f"run again it saw {again} and {now}"
        )

    def told(self, branches: tuple[Branch, ...], value: Any) -> str:
        """What model code did, in words."""
        if not branches:
            return f"answered {shown(value)}"
        return " or ".join(self._outcome(branch) for branch in branches)

    def _outcome(self, branch: Branch) -> str:
        outcome = branch.outcome
        if isinstance(outcome, Writes):
            cells = self.memory.layout.cells
            wrote = [f"{cells[c]!r} := {_pending(v)}" for c, v in outcome.cells.items()]
            return f"wrote {', '.join(wrote) or 'nothing'}"
        reason = getattr(outcome, "reason", None)
        return "was disabled" if reason is None else f"refused with {reason.name}"

    def _question(self, question: Question) -> str:
        if question.test is None:
            return repr(self.memory.layout.cells[question.cell])
        return self._test(question.test.expression)

    def _test(self, expression: Any) -> str:
        cells = ", ".join(repr(self.memory.layout.cells[cell]) for cell in expression.cells)
        return f"{expression!r}({cells})"

    def _look(self, look: Look) -> str:
        if isinstance(look.asked, int):
            layout = self.memory.layout
            return f"{layout.cells[look.asked]!r} = {shown(layout.values[look.asked][look.answer])}"
        return f"{self._test(look.asked)} is {bool(look.answer)}"


def _pending(pending: Pending) -> str:
    return shown(pending.value) if isinstance(pending, Constant) else repr(pending)


def order_of_sets(sites: list[str]) -> str:
    """Where a run iterated sets in another order, as the end of a sentence."""
    if not sites:
        return ""
    where = "; ".join(dict.fromkeys(sites))
    return f"; sets were iterated in another order there, sort them: {where}"


def _asks(question: Question, look: Look) -> bool:
    if question.test is None:
        return bool(question.cell == look.asked)
    return question.test.expression is look.asked


def _asked(looks: Any) -> list[Any]:
    return [look.asked for look in looks]


def _content(branches: Any) -> list[Any]:
    """What branches did, comparable: constants by type and value, expressions by identity."""
    found: list[Any] = []
    for branch in branches:
        outcome = branch.outcome
        if isinstance(outcome, Writes):
            cells = {cell: pending.key for cell, pending in outcome.cells.items()}
            found.append((branch.script, "writes", cells))
        else:
            found.append((branch.script, outcome))
    return found
