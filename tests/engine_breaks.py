"""Ways to break the engine that random models must notice: each a small edit of its source."""

from __future__ import annotations

from planted_defects import Defect, defect

from choir_model.engine import (
    explored,
    expressions,
    judgement,
    layout,
    liveness,
    moves,
    recorders,
    recording,
    symmetry,
    trees,
    walker,
)

VIEW = recording.RecordingView
MEMORY = recording.Memory
WALKER = walker.Walker

BREAKS: tuple[Defect, ...] = (
    defect(
        "the answer to a test is remembered for other arguments",
        "tracing",
        MEMORY.evaluate,
        "key = (expression, ids)",
        "same = (expression.fn.__name__, expression.cells)\n    "
        "key = (self.expressions.setdefault(same, expression), ids)",
    ),
    defect(
        "cells share the results of updates",
        "tracing",
        moves.Update.compiled,
        "return shift, mask, {},",
        "return shift, mask, vars(self.memory.layout).setdefault(self.expression.fn.__name__, {}),",
    ),
    defect(
        "1 and True are one value",
        "tracing",
        layout.Layout._interned,
        "code = encode(value)",
        "code = encode(int(value) if isinstance(value, bool) else value)",
    ),
    defect(
        "a read does not see what the action has written",
        "tracing",
        VIEW.read,
        "pending = self._pending.get(number)",
        "pending = None",
    ),
    defect(
        "an update starts from the state, not from what the action has written",
        "tracing",
        VIEW._operand,
        "pending = self._pending.get(number)",
        "pending = None",
    ),
    defect(
        "a branch of a choice sees the writes of the one before",
        "tracing",
        recorders.of_action,
        "script=script)",
        "script=script, pending=view.pending if script else None)",
    ),
    defect(
        "a test answers new values as it answered any before",
        "tracing",
        trees.Forest._next_of_test,
        "return test.outcomes.get(answer)",
        "return next(iter(test.outcomes.values()), None)",
    ),
    defect(
        "a closure moves on with the variables it speaks of",
        "tracing",
        expressions.Expression.__init__,
        "self.fn = _as_bound_now(fn)",
        "self.fn = fn",
    ),
    defect(
        "arguments are told apart as Python does it",
        "tracing",
        expressions._key_of,
        "return encode(value)",
        "return value if isinstance(value, int) else encode(value)",
    ),
    defect(
        "auxiliary cells are part of the state",
        "tracing",
        layout.Layout.left_out,
        "return self._model.left_out(field)",
        "return False",
    ),
    defect(
        "a leaf is inherited although one of its cells was written",
        "walker",
        WALKER._refresh,
        "move.affected = tuple(k for k, t in enumerate(self._trees) if t.reads & writes)",
        "move.affected = tuple("
        "k for k, t in enumerate(self._trees) if t.reads & writes & (writes - 1))",
    ),
    defect(
        "a property is not asked again although one of its cells was written",
        "walker",
        WALKER._refresh,
        "recheck = [m for m in awake if m.tree is not None and m.tree.reads & writes]",
        "recheck = ["
        "m for m in awake if m.tree is not None and m.tree.reads & writes & (writes - 1)]",
    ),
    defect(
        "states that a constraint excludes are stored and expanded",
        "walker",
        WALKER._admit,
        "return OUTSIDE",
        "pass",
    ),
    defect(
        "steps that change nothing are not generated",
        "walker",
        WALKER._steps,
        "steps.append((successor, move))",
        "steps += [(successor, move)] * (successor != packed)",
    ),
    defect(
        "states in the queue stay behind when the layout grows",
        "walker",
        WALKER._relayout,
        "self._following = [",
        "_ = [",
    ),
    defect(
        "a refusal is a way out of a deadlock",
        "walker",
        WALKER._take,
        "if not steps:",
        "if not steps and all(leaf.moves or not hasattr(branch.outcome, 'reason') "
        "for leaf in leaves for branch in leaf.branches):",
    ),
    defect(
        "what is done is a deadlock all the same",
        "walker",
        WALKER._terminal,
        "if not done and",
        "if",
    ),
    defect(
        "a claim about a step sees the state before it twice",
        "walker",
        recorders.of_step,
        "pending=dict(writes), ",
        "",
    ),
    defect(
        "members inside sets are not exchanged",
        "symmetry",
        symmetry.rename,
        "renamed = [rename(part, renaming) for part in parts]",
        "renamed = [p if kind is CanonicalSet else rename(p, renaming) for p in parts]",
    ),
    defect(
        "the keys of records are not exchanged",
        "symmetry",
        symmetry.Symmetry._moved,
        "rename(key, renaming)",
        "key",
    ),
    defect(
        "a path keeps the members that representatives had",
        "symmetry",
        explored.Explored._renamed,
        "arguments = rename(label.arguments, back)",
        "arguments = label.arguments",
    ),
    defect(
        "liveness is judged although a constraint cut behaviours off",
        "liveness",
        judgement.Judge._liveness,
        "if not cut and explored.outside:",
        "if not cut and explored.outside < 0:",
    ),
    defect(
        "strong fairness is taken for weak",
        "liveness",
        liveness.fair_graph,
        "strong = set(fair.strong)",
        "strong = set[int]()",
    ),
    defect(
        "weak fairness is owed where the instance was not always enabled",
        "liveness",
        liveness._unfair,
        "everywhere == sizes",
        "everywhere <= sizes",
    ),
    defect(
        "no behaviour stays in a state for ever",
        "liveness",
        liveness.fair_components,
        "done = states[~unsettled[part[states]]]",
        "done = states[~unsettled[part[states]] & (sizes[part[states]] > 1)]",
    ),
    defect(
        "an instance is enabled by a step that changes nothing",
        "liveness",
        liveness.fair_graph,
        "    steps = steps.where(targets != sources)\n"
        "    pairs = distinct(_codes(steps.source, steps.fair, len(owed)))\n",
        "    pairs = distinct(_codes(steps.source, steps.fair, len(owed)))\n"
        "    steps = steps.where(targets != sources)\n",
    ),
    defect(
        "what begins an obligation may pass through its goal",
        "liveness",
        liveness.lasso_in,
        "begins &= avoided",
        "begins &= avoided\n    avoided = avoided | (begin is not None)",
    ),
)
