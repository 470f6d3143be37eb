"""Models with interchangeable members on which the engine once was wrong."""

from __future__ import annotations

from typing import Any

import pytest

from choir_model.engine import (
    Action,
    Atom,
    Field,
    Model,
    ModelError,
    Record,
    Sort,
    View,
    always,
    check,
    each_step,
    guard,
)

NODES = Sort("node", 3, symmetric=True)


class Node(Record, name="node"):
    level = Field(0)
    seen: Field[Any] = Field(None)


def rise(view: View, node: Atom) -> None:
    guard(view, Node(view, node).level < 3)
    Node(view, node).level += 1


def low(view: View, node: Atom) -> bool:
    return Node(view, node).level < 2


def stays_low(before: View, after: View, node: Atom) -> bool:
    return Node(after, node).level < 2


def nodes(*actions: Any, **options: Any) -> Model:
    return Model("nodes", {Node: NODES}, [Action(a, over=NODES) for a in actions], **options)


@pytest.mark.parametrize("claim", [always(low, over=NODES), each_step(stays_low, over=NODES)])
def test_an_explanation_names_the_member_that_fails_on_the_path(claim: Any) -> None:
    finding = check(nodes(rise, properties=[claim])).findings[claim.name]
    (path,) = finding.paths
    last = path.states[-1]
    (culprit,) = [cell.key for cell, value in last.items() if value == 2]
    assert finding.explanation.endswith(f"for node={culprit}")


def test_with_several_counterexamples_an_action_that_tells_members_apart_is_reported() -> None:
    following = {1: 2, 2: 3, 3: 1}

    def look_round(view: View, node: Atom) -> None:
        other = NODES[following[node.number] - 1]
        guard(view, Node(view, node).level < 2)
        guard(view, Node(view, other).level == Node(view, node).level or node.number == 2)
        Node(view, node).level += node.number % 2 + 1

    def never(view: View) -> bool:
        return all(Node(view, node).level == 0 for node in NODES)

    with pytest.raises(ModelError, match="tells the members of node apart"):
        check(nodes(look_round, properties=[always(never)]), counterexamples=5)
