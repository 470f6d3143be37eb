"""Declarations of models, actions, properties and sorts: what is derived, and what is refused."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from choir_model.engine import (
    ANY,
    Action,
    Atom,
    Fairness,
    Field,
    Model,
    ModelError,
    Property,
    Record,
    Sort,
    View,
    always,
    check,
    deadlock_free,
    each_step,
    eventually,
    leads_to,
    refines,
    sometimes,
    state_graph,
)
from choir_model.engine.model import Kind
from choir_model.engine.sorts import in_order, tuples
from choir_model.engine.values import CanonicalSet, encode

PERSON = Sort("person", ["bob", "ann"])
SHOP = Sort("shop", 2)
NODE = Sort("node", 3, symmetric=True)


class Purse(Record, name="purse"):
    coins = Field(0)


class OtherPurse(Record, name="purse"):
    coins = Field(0)


class Sale(Record, name="sale"):
    price = Field(0)


class Till(Record, name="till"):
    coins = Field(0)


def rest(view: View) -> None:
    pass


def pay(view: View, payer: str, shop: Atom) -> None:
    pass


def fine(view: View) -> bool:
    return True


def fine_for(view: View, who: str) -> bool:
    return True


def fine_step(before: View, after: View) -> bool:
    return True


def rest_image(view: View, image: View) -> None:
    pass


def fine_step_of(before: View, after: View, who: str) -> bool:
    return True


def by_name_only(view: View, *, who: str) -> None:
    pass


def with_a_default(view: View, who: str, times: int = 1) -> None:
    pass


REST = Action(rest)


def model(**parts: Any) -> Model:
    given: dict[str, Any] = {"name": "m", "records": {Purse: PERSON}, "actions": [REST]}
    return Model(**(given | parts))


def test_an_action_knows_its_name_and_what_its_parameters_range_over() -> None:
    action = Action(pay, over=(PERSON, SHOP), layer="people", fairness=Fairness.STRONG)
    assert (action.name, action.parameters) == ("pay", ("payer", "shop"))
    assert action.sorts == (PERSON, SHOP)
    assert (REST.parameters, REST.sorts) == ((), ())
    assert Action(with_a_default, over=PERSON).parameters == ("who",)
    assert Action(lambda view: None, name="idle").name == "idle"
    assert Action(functools.partial(pay, shop=SHOP[0]), over=PERSON, name="buy").parameters == (
        "payer",
    )


@pytest.mark.parametrize(
    ("declare", "kind", "name"),
    [
        (lambda: always(fine), Kind.ALWAYS, "fine"),
        (lambda: always(fine_for, over=PERSON, witness=fine), Kind.ALWAYS, "fine_for"),
        (lambda: sometimes(fine, name="can_be"), Kind.SOMETIMES, "can_be"),
        (lambda: eventually(fine_for, over=[PERSON]), Kind.EVENTUALLY, "fine_for"),
        (lambda: leads_to(fine, fine), Kind.LEADS_TO, "fine_leads_to_fine"),
        (lambda: each_step(fine_step), Kind.EACH_STEP, "fine_step"),
        (lambda: each_step(fine_step_of, over=PERSON), Kind.EACH_STEP, "fine_step_of"),
        (lambda: deadlock_free(), Kind.DEADLOCK_FREE, "deadlock_free"),  # noqa: PLW0108
        (lambda: refines(model(), rest_image), Kind.REFINES, "refines_m"),
    ],
)
def test_a_property_knows_its_kind_and_its_name(
    declare: Callable[[], Property], kind: Kind, name: str
) -> None:
    assert (declare().kind, declare().name) == (kind, name)


def test_a_model_knows_its_sorts_keys_and_properties() -> None:
    claim = always(lambda view, node: True, over=NODE, name="calm")
    records = {Purse: PERSON, Sale: (PERSON, SHOP), Till: None, Anything: ANY}
    whole = model(records=records, properties=[claim])
    assert whole.sorts == (PERSON, SHOP, NODE)
    assert whole.symmetric_sorts == (NODE,)
    assert whole.keys(Purse) == ["ann", "bob"]
    assert whole.keys(Sale) == [(who, shop) for who in ("ann", "bob") for shop in SHOP]
    assert whole.keys(Till) == [None]
    assert whole.keys(Anything) is None
    assert whole.property_named("calm") is claim


class Anything(Record, name="anything"):
    value = Field(0)


WRONG_SIGNATURES: list[tuple[Callable[[], object], str]] = [
    (
        lambda: Action(rest, over=PERSON),
        "rest takes 1 parameter but is declared over 1 sort: it is called as rest(view, person)",
    ),
    (
        lambda: Action(pay, over=PERSON),
        "pay takes 3 parameters but is declared over 1 sort: it is called as pay(view, person)",
    ),
    (
        lambda: Action(pay),
        "pay takes 3 parameters but is declared over 0 sorts: it is called as pay(view)",
    ),
    (
        lambda: Action(by_name_only, over=PERSON),
        "by_name_only takes 2 parameters but is declared over 1 sort: it is called as by_name",
    ),
    (
        lambda: Action(lambda: None, name="nothing"),
        "<lambda> takes 0 parameters but is declared over 0 sorts: it is called as <lambda>(view)",
    ),
    (lambda: Action(by_name_only), "it is called as by_name_only(view)"),
    (lambda: always(fine, over=PERSON), "it is called as fine(view, person)"),
    (lambda: always(fine_for), "it is called as fine_for(view)"),
    (lambda: sometimes(fine_for), "it is called as fine_for(view)"),
    (lambda: eventually(fine_step), "it is called as fine_step(view)"),
    (lambda: leads_to(fine, fine_for), "it is called as fine_for(view)"),
    (lambda: leads_to(fine_for, fine, over=PERSON), "it is called as fine(view, person)"),
    (lambda: each_step(fine), "it is called as fine(before, after)"),
    (
        lambda: each_step(fine_step, over=PERSON),
        "it is called as fine_step(before, after, person)",
    ),
    (lambda: refines(model(), rest), "it is called as rest("),  # type: ignore[arg-type]
    (lambda: model(initial=fine_for), "it is called as fine_for(view)"),
    (lambda: model(constraints=[fine_for]), "it is called as fine_for(view)"),
    (lambda: model(done=fine_for), "it is called as fine_for(view)"),
]


@pytest.mark.parametrize("number", range(len(WRONG_SIGNATURES)))
def test_a_function_that_does_not_fit_is_refused_where_it_is_declared(number: int) -> None:
    declare, message = WRONG_SIGNATURES[number]
    with pytest.raises(ModelError) as refused:
        declare()
    assert message in str(refused.value)


def test_a_witness_has_the_parameters_of_a_state() -> None:
    with pytest.raises(ModelError, match=r"it is called as fine_step\(view\)"):
        always(fine, witness=fine_step)
    with pytest.raises(ModelError, match=r"it is called as fine_for\(view\)"):
        each_step(fine_step, witness=fine_for)


NAMELESS = functools.partial(fine)
OTHER_PERSON = Sort("person", ["zoe"])

WRONG_KINDS: list[tuple[Callable[[], object], str]] = [
    (lambda: Action(lambda view: None), " has no name of its own; give one with name=…"),
    (lambda: always(lambda view: True), " has no name of its own; give one with name=…"),
    (lambda: sometimes(NAMELESS), " has no name of its own; give one with name=…"),
    (lambda: leads_to(NAMELESS, fine), " has no name of its own; give one with name=…"),
    (lambda: Action("rest"), "'rest' has no name of its own"),  # type: ignore[arg-type]
    (lambda: always(True, name="yes"), "True is no function"),  # type: ignore[arg-type]
    (lambda: model(constraints=[5]), "5 is no function"),
    (
        lambda: Action(pay, over=["ann", "bob"]),  # type: ignore[list-item]
        "['ann', 'bob'] is neither a Sort nor a tuple of them; make one: Sort(name, …)",
    ),
    (lambda: Action(pay, over=(PERSON, 3)), ", 3) is neither a Sort nor"),  # type: ignore[arg-type]
    (lambda: always(fine_for, over="ab"), "'ab' is neither a Sort nor"),  # type: ignore[arg-type]
    (lambda: model(records={Purse: ["ann"]}), "['ann'] is neither a Sort nor a tuple of them"),
    (lambda: model(records={Purse: 3}), "3 is neither a Sort nor a tuple of them"),
    (lambda: model(records={rest: None}), "m: rest is no Record class"),
    (lambda: model(records={"purse": None}), "m: 'purse' is no Record class"),
    (lambda: model(records={int: None}), "m: int is no Record class"),
    (lambda: model(actions=[rest]), "m: rest is no Action; wrap it in one"),
    (lambda: model(properties=[fine]), "m: fine is no Property; say always(fine), …"),
    (lambda: model(actions=[]), "m: a model needs at least one action"),
    (
        lambda: model(actions=[REST, Action(rest), Action(fine)]),  # type: ignore[arg-type]
        "m: actions must have names of their own; rest occurs twice",
    ),
    (
        lambda: model(properties=[always(fine), sometimes(fine)]),
        "m: properties must have names of their own; fine occurs twice",
    ),
    (
        lambda: model(records={Purse: PERSON, OtherPurse: None}),
        "m: records must have names of their own; purse occurs twice",
    ),
    (
        lambda: model(actions=[Action(pay, over=(OTHER_PERSON, SHOP))]),
        "m: sorts must have names of their own; person occurs twice",
    ),
    (
        lambda: model(properties=[always(fine), sometimes(fine, name="can")]).property_named("cen"),
        "m has no property 'cen'; it has fine, can",
    ),
    (lambda: model().property_named("x"), "m has no property 'x'; it has none"),
    (lambda: check(model(), properties=["x"]), "m has no property 'x'; it has none"),
    (lambda: check(model(), limit=0), "limit must be at least 1, not 0"),
    (lambda: check(model(), depth=-1), "depth must be at least 1, not -1"),
    (lambda: check(model(), counterexamples=0), "counterexamples must be at least 1, not 0"),
    (lambda: state_graph(model(), limit=0), "limit must be at least 1, not 0"),
    (
        lambda: check(
            model(
                actions=[Action(fine_for, over=NODE)],  # type: ignore[arg-type]
                properties=[eventually(fine)],
            )
        ),
        "fine speaks of behaviours, and those are lost when the members of node are exchanged",
    ),
    (lambda: Sort("empty", []), "the sort empty has no members"),
    (lambda: Sort("empty", 0), "the sort empty has no members"),
    (lambda: Sort("pair", ["a", "b", "a"]), "the sort pair has a member twice"),
    (
        lambda: Sort("person", ["a", "b"], symmetric=True),
        "person cannot be symmetric: its members must be its own atoms, as Sort('person', 2)",
    ),
    (
        lambda: Sort("other", list(NODE), symmetric=True),
        "other cannot be symmetric: its members must be its own atoms, as Sort('other', 3)",
    ),
    (lambda: in_order([2, 1]), "choose: the options are not in canonical order: [2, 1] instead of"),
    (lambda: in_order(range(3, 0, -1)), "not in canonical order: range(3, 0, -1) instead of"),
    (lambda: in_order(("aa", "b")), "not in canonical order: ('aa', 'b') instead of ['b', 'aa']"),
    (lambda: in_order(5), "choose: 5 is neither a set nor a sequence"),  # type: ignore[arg-type]
    (lambda: in_order(iter("ab")), "is neither a set nor a seq"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("number", range(len(WRONG_KINDS)))
def test_a_wrong_declaration_is_refused_with_a_way_out(number: int) -> None:
    declare, message = WRONG_KINDS[number]
    with pytest.raises(ModelError) as refused:
        declare()
    assert message in str(refused.value)


def test_members_of_a_sort_must_be_values() -> None:
    with pytest.raises(TypeError, match="a member of the sort bad: a list cannot be a cell value"):
        Sort("bad", [[1], [2]])


def test_a_sort_is_a_sequence_in_canonical_order() -> None:
    assert list(PERSON) == ["ann", "bob"]
    assert (len(PERSON), PERSON[1], PERSON.index("bob")) == (2, "bob", 1)
    assert list(NODE) == [Atom("node", 1), Atom("node", 2), Atom("node", 3)]
    assert "ann" in PERSON
    assert "zoe" not in PERSON
    assert True not in Sort("number", [1, 2])
    assert repr(NODE) == "Sort('node', 3 members, symmetric)"
    assert str(list(SHOP)) == "[shop1, shop2]"
    with pytest.raises(ValueError, match="'zoe' is no member of the sort person"):
        PERSON.index("zoe")


def test_sets_in_a_sort_are_canonical_members() -> None:
    pairs = Sort("pair", [frozenset({"b", "a"}), frozenset({"c", "a"})])
    assert all(type(member) is CanonicalSet for member in pairs)
    assert [list(member) for member in pairs] == [["a", "b"], ["a", "c"]]


def test_tuples_of_sorts_are_in_canonical_order() -> None:
    found = tuples((PERSON, SHOP))
    assert found == [(who, shop) for who in PERSON for shop in SHOP]
    assert sorted(found, key=encode) == found
    assert tuples(()) == [()]


def test_options_are_put_in_order_where_they_have_none() -> None:
    assert list(in_order(frozenset({"b", "aa", "c"}))) == ["b", "c", "aa"]
    many = [str(number) for number in range(10, 90)]
    assert list(in_order(frozenset(many))) == many
    assert list(in_order(set(many))) == many  # type: ignore[arg-type]
    assert list(in_order(PERSON)) == ["ann", "bob"]
    assert list(in_order(range(1, 4))) == [1, 2, 3]
    assert list(in_order((False, True, 0, 1))) == [False, True, 0, 1]
    assert list(in_order([])) == []
