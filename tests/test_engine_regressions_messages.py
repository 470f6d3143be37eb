"""Models whose defects once were told in a wrong way, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from choir_model.engine import Action, Field, Model, ModelError, Record, Sort, View, always, check

PEOPLE = Sort("person", 2, symmetric=True)


class R(Record, name="r"):
    x = Field[Any](0)


def rest(view: View) -> None:
    pass


def fault(action: Callable[..., Any] = rest, **parts: Any) -> str:
    """The error that a model with this action, or with these parts, ends with."""
    with pytest.raises(ModelError) as caught:
        check(Model("m", {R: None}, [Action(action)], **parts))
    return str(caught.value)


# Sets


@pytest.mark.parametrize(
    ("members", "text"),
    [((2, 10), "frozenset({2, 10})"), ((), "frozenset()")],
)
def test_sets_are_shown_as_python_writes_them(members: tuple[int, ...], text: str) -> None:
    def write(view: View) -> None:
        R(view).x = (frozenset(members),)

    def the_set(view: View) -> Any:
        value = R(view).x
        return value[0] if value else True

    told = fault(write, properties=[always(the_set)])
    assert f"the property the_set: it returned {text}; " in told
    assert told.endswith(f"in the state: r.x = ({text},)")


def test_a_set_of_interchangeable_members_is_shown_where_it_is_returned() -> None:
    def everybody(view: View) -> None:
        R(view).x = frozenset(PEOPLE)

    def the_set(view: View) -> Any:
        return R(view).x

    shown = "it returned frozenset({person1, person2}); "
    parts: dict[str, Any] = {"initial": everybody}
    hello = Action(lambda view, who: None, over=PEOPLE, name="hello")
    for action in (the_set, rest):
        claims = [] if action is the_set else [always(the_set)]
        model = Model("m", {R: None}, [Action(action), hello], properties=claims, **parts)
        with pytest.raises(ModelError) as caught:
            check(model)
        assert shown in str(caught.value)
