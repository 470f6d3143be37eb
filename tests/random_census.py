"""What a number of random models contained, so that a fuzz that stopped trying is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from naive_checker import Explored
from random_compare import Compared
from random_plan import Node, Plan
from random_values import typed

from choir_model.engine import Report


def census(compared: Compared) -> Iterator[str]:
    """The features of one model, each as often as it counts."""
    (plan, _, explored), report = compared.answers, compared.report
    yield from _written(plan)
    if report is None:
        yield "no initial state"
        return
    for claim in plan.properties:
        yield f"{claim.kind} {report.findings[claim.name].verdict.name}"
    yield from _met(explored, report)
    if any(coverage.refused for coverage in report.coverage.values()):
        yield "a refusal"


def _met(explored: Explored, report: Report) -> Iterator[str]:
    """What exploration came across."""
    counts = report.counts
    if counts.outside:
        yield "a constraint excluded states"
    if counts.initial > 1:
        yield "several initial states"
    if counts.state_bits > 8:
        yield "states of more than a byte"
    if 5 <= counts.distinct <= 400:
        yield "of a good size"
    if counts.generated - counts.initial - counts.transitions > 0:
        yield "a step that changes nothing"
    domains: dict[Any, dict[Any, set[Any]]] = {}
    for _, state in explored.states.values():
        for cell, value in state.items():
            domains.setdefault(cell, {}).setdefault(value, set()).add(typed(value))
    if any(len(alike) > 1 for cell in domains.values() for alike in cell.values()):
        yield "equal values of different types in one cell"
    if any(len(values) > 32 for values in domains.values()):
        yield "a cell with a large domain"


def _written(plan: Plan) -> Iterator[str]:
    """What the text of a plan has."""
    if plan.symmetric:
        yield "symmetric"
        kinds = {f.kind[0] for f in plan.fields.values() if f.kind[-1:] and _about(plan, f.kind)}
        yield from (f"symmetric members in {kind}" for kind in kinds)
    if len(plan.symmetric) > 1:
        yield "several symmetric sorts"
    live = any(claim.kind in {"eventually", "leads_to"} for claim in plan.properties)
    for fairness in {action.fairness for action in plan.actions}:
        yield f"{'live, ' if live else ''}fairness {fairness}"
    auxiliary = any(f.auxiliary for f in plan.fields.values())
    if auxiliary:
        yield f"auxiliary cells, {'kept' if plan.keep_auxiliary else 'dropped'}"
    if any(record.open for record in plan.records.values()):
        yield "any key"
    if plan.done is not None:
        yield "done"
    bodies = [plan.initial or [], *(action.body for action in plan.actions)]
    for body in bodies:
        heads = Counter(_heads(body))
        yield from heads
        if heads["choose"] > 1:
            yield "several choices in one body"
        yield from _after_writing(body)
    yield from {f"{claim.kind} over {len(claim.sorts)} sorts" for claim in plan.properties}


def _about(plan: Plan, kind: tuple[Any, ...]) -> bool:
    return kind[0] not in {"mod", "mixed"} and kind[1] in plan.symmetric


def _heads(node: Any) -> Iterator[str]:
    """The names of everything in a program, with what is remarkable about them."""
    if isinstance(node, list):
        for part in node:
            yield from _heads(part)
    elif _is_node(node) and node[0] not in {"lit", "var", "literals"}:
        yield from _remarkable(node)
        for part in node[1:]:
            yield from _heads(part)


def _is_node(thing: Any) -> bool:
    return isinstance(thing, tuple) and bool(thing) and isinstance(thing[0], str)


def _remarkable(node: Node) -> Iterator[str]:
    yield node[0]
    if node[0] in {"update", "test"}:
        yield from {f"{node[0]} with a {part[0]}" for part in node[4:]}
    if node[0] == "choose":
        yield f"choose from {node[2][0]}"
        if node[2] == ("literals", ()):
            yield "an empty choice"


def _after_writing(body: list[Node]) -> Iterator[str]:
    written: set[tuple[str, str]] = set()
    for statement in body:
        looked = {
            (head, *part[1:])
            for part in _parts(statement)
            for head in [part[0]]
            if head in {"cell", "test", "ref"}
        }
        for look in looked:
            if (look[1], repr(look[2])) in written:
                yield f"{look[0]} after a write"
        if statement[0] in {"write", "update"}:
            written.add((statement[1], repr(statement[2])))


def _parts(node: Any) -> Iterator[Node]:
    if _is_node(node) and node[0] not in {"lit", "literals"}:
        yield node
    if isinstance(node, tuple | list):
        for part in node:
            yield from _parts(part)


FEWEST_MODELS = {
    "of a good size": 1200,
    "several initial states": 150,
    "any key": 250,
    "done": 400,
    "states of more than a byte": 50,
    "a cell with a large domain": 5,
    "equal values of different types in one cell": 50,
    "a step that changes nothing": 900,
    "auxiliary cells, dropped": 150,
    "auxiliary cells, kept": 80,
    "a constraint excluded states": 150,
    "a refusal": 250,
    "no initial state": 2,
    "several choices in one body": 250,
    "an empty choice": 8,
    "choose from cell": 50,
    "choose from literals": 400,
    "choose from members": 800,
    "choose from range": 500,
    "cell after a write": 600,
    "ref after a write": 400,
    "test after a write": 250,
    "update with a ref": 600,
    "update with a computed": 180,
    "update with a call": 200,
    "test with a ref": 200,
    "test with a computed": 30,
    "test with a call": 150,
    "emit": 200,
    "emit_field": 150,
    "bind": 40,
    "if": 600,
    "every": 350,
    "some": 350,
    "symmetric": 200,
    "several symmetric sorts": 15,
    "symmetric members in opt": 15,
    "symmetric members in set": 15,
    "symmetric members in pairs": 5,
    "symmetric members in claim": 5,
    "symmetric members in queue": 5,
    "symmetric members in boxed": 5,
    "live, fairness none": 400,
    "live, fairness weak": 450,
    "live, fairness strong": 300,
    "always HOLDS": 700,
    "always VIOLATED": 650,
    "always UNREACHED": 50,
    "always over 0 sorts": 500,
    "always over 1 sorts": 700,
    "always over 2 sorts": 180,
    "each_step HOLDS": 200,
    "each_step VIOLATED": 200,
    "each_step UNREACHED": 5,
    "sometimes HOLDS": 450,
    "sometimes UNREACHED": 350,
    "deadlock_free HOLDS": 600,
    "deadlock_free VIOLATED": 60,
    "eventually HOLDS": 200,
    "eventually VIOLATED": 180,
    "eventually UNKNOWN": 60,
    "leads_to HOLDS": 150,
    "leads_to VIOLATED": 170,
    "leads_to UNKNOWN": 50,
    "leads_to UNREACHED": 70,
}
"""How many of two thousand models must have each feature."""
