"""Models with interchangeable members on which the engine once was wrong."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import Enum
from itertools import pairwise
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
    Verdict,
    View,
    always,
    check,
    deadlock_free,
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


class Counted(Record, name="counted"):
    times: Field[int] = Field(0, auxiliary=True)


class Reason(Enum):
    FULL = 1


def first_is_low(view: View) -> bool:
    return Node(view, NODES[0]).level == 0


def test_only_the_properties_asked_for_are_audited() -> None:
    model = nodes(rise, properties=[always(low, over=NODES), always(first_is_low)])
    check(model, properties=["low"])
    with pytest.raises(ModelError, match="the property first_is_low tells the members"):
        check(model)


def test_a_model_is_asked_whether_it_is_done_only_where_nothing_can_happen() -> None:
    def done(view: View) -> bool:
        levels = [Node(view, node).level for node in NODES]
        assert levels == [3, 3, 3]
        return True

    model = nodes(rise, done=done, properties=[deadlock_free()])
    assert check(model).verdict is Verdict.HOLDS

    def first_is_done(view: View) -> bool:
        return Node(view, NODES[0]).level == 2

    def pair_up(view: View, node: Atom) -> None:
        guard(view, all(Node(view, other).level == 0 for other in NODES))
        Node(view, node).level = 2

    with pytest.raises(ModelError, match="done tells the members of node apart"):
        check(nodes(pair_up, done=first_is_done, properties=[deadlock_free()]))


def test_a_property_that_fails_beyond_its_violation_is_no_matter_of_symmetry() -> None:
    def at_most_one(view: View, node: Atom) -> bool:
        return {0: True, 1: False}[Node(view, node).level]

    report = check(nodes(rise, properties=[always(at_most_one, over=NODES)]), keep_going=True)
    assert report.verdict is Verdict.VIOLATED


def falling(view: View) -> bool:
    """Of interchangeable nodes, never true in the states that are explored."""
    return Node(view, NODES[0]).level > Node(view, NODES[1]).level


def test_an_action_that_raises_for_other_members_is_reported_with_what_it_raised() -> None:
    def fragile(view: View, node: Atom) -> None:
        if falling(view):
            raise KeyError("falling")
        rise(view, node)

    with pytest.raises(ModelError, match=r"the action fragile.* tells the members.*KeyError"):
        check(nodes(fragile))


def test_an_action_that_raises_on_the_way_of_other_members_is_reported() -> None:
    def fragile(view: View, node: Atom) -> None:
        if falling(view):
            raise KeyError("falling")
        rise(view, node)

    with pytest.raises(ModelError, match=r"the action fragile tells the members.*KeyError"):
        check(nodes(fragile, properties=[always(low, over=NODES)]), depth=3)


def test_a_predicate_that_never_ends_for_other_members_is_stopped() -> None:
    def hangs(view: View) -> bool:
        waiting = falling(view)
        while waiting:
            pass
        return True

    with pytest.raises(ModelError, match=r"the property hangs.*did not end"):
        check(nodes(rise, properties=[always(hangs)]), patience=0.2)


def test_whom_a_refusal_blames_may_be_a_member() -> None:
    def enter(view: View, node: Atom) -> None:
        if Node(view, node).level == 1:
            view.refuse(Reason.FULL, role=str(node))
        Node(view, node).level = 1

    assert check(nodes(enter)).counts.distinct == 4


def test_auxiliary_fields_that_are_kept_count_in_the_audit() -> None:
    def count(view: View, node: Atom) -> None:
        guard(view, Counted(view).times < 5)
        Counted(view).times += node.number

    model = Model("counted", {Counted: None}, [Action(count, over=NODES)], keep_auxiliary=True)
    with pytest.raises(ModelError, match=r"the action count.* tells the members of node apart"):
        check(model)


@dataclass(frozen=True)
class Pair:
    """Two nodes, of which one is computed."""

    first: Any
    both: Any = dataclass_field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "both", (self.first, self.first))


def test_values_with_computed_fields_are_renamed() -> None:
    def look(view: View, node: Atom) -> None:
        Node(view, node).seen = Pair(node)

    assert check(nodes(look)).counts.distinct == 4


def test_a_sort_that_is_only_chosen_from_is_not_reduced_but_one_that_is_ranged_over() -> None:
    class Chair(Record, name="chair"):
        taken: Field[Any] = Field(None)

    def sit(view: View) -> None:
        Chair(view).taken = view.choose(NODES)

    def sit_down(view: View, node: Atom) -> None:
        Chair(view).taken = node

    chosen = Model("chosen", {Chair: None}, [Action(sit)])
    ranged = Model("ranged", {Chair: None}, [Action(sit_down, over=NODES)])
    assert [check(model).counts.distinct for model in (chosen, ranged)] == [4, 2]


@pytest.mark.parametrize("named", [False, True])
def test_a_ring_of_many_is_refused_unless_the_state_tells_who_is_first(*, named: bool) -> None:
    people = Sort("person", 9, symmetric=True)

    class Person(Record, name="person"):
        following: Field[Any] = Field(None)
        first = Field(False)

    def ring(view: View) -> None:
        Person(view, people[0]).first = named
        for who, other in pairwise((*people, people[0])):
            Person(view, who).following = other

    def pass_on(view: View, who: Atom) -> None:
        guard(view, Person(view, who).first)
        Person(view, who).first = False
        Person(view, Person(view, who).following).first = True

    model = Model("ring", {Person: people}, [Action(pass_on, over=people)], initial=ring)
    if named:
        assert check(model).counts.distinct == 1
    else:
        with pytest.raises(ModelError, match="is too much; take fewer members, or symmetric=F"):
            check(model)


def test_members_that_only_distant_others_tell_apart_take_no_permutations() -> None:
    people = Sort("person", 14, symmetric=True)

    class Person(Record, name="person"):
        knows: Field[Any] = Field(None)

    def chain(view: View) -> None:
        for who, other in pairwise(people):
            Person(view, who).knows = other

    def forget(view: View, who: Atom) -> None:
        """The last who knows somebody."""
        other = Person(view, who).knows
        guard(view, other is not None)
        guard(view, Person(view, other).knows is None)
        Person(view, who).knows = None

    model = Model("chain", {Person: people}, [Action(forget, over=people)], initial=chain)
    assert check(model).counts.distinct == 14
