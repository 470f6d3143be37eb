"""The naive reading once more, in order: the first of the shortest ways to whatever is noticed.

States are visited level by level, the actions of a state in the model's order, parameters
and choices in canonical order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from random_compare import telling
from random_engine import plain, plain_state
from random_naive import NaiveReading, Values
from random_plan import PropertyPlan
from random_values import typed

from choir_model.engine import Path


class Way(NamedTuple):
    """An initial state, and steps: an action, its arguments, and the options it chose."""

    initial: Any
    steps: tuple[Any, ...]


class Noticed(NamedTuple):
    """A generated state, the one before, and the way to it; `stuck` is None until expanded."""

    way: Way
    before: Values | None
    state: Values
    stuck: bool = False


def noticed(naive: NaiveReading) -> Iterator[Noticed]:
    """Everything a breadth-first search comes across, in order; stuck states when expanded."""
    within = naive.model().constraint
    level = [Noticed(Way(full_key(s), ()), None, s) for s in naive.initial()]
    seen = set[Any]()
    while level:
        following: list[Noticed] = []
        for found in level:
            yield found
            if within(found.state) and naive.key(found.state) not in seen:
                seen.add(naive.key(found.state))
                after = list(_after(naive, found))
                following += after
                if not after:
                    yield found._replace(stuck=True)
        level = following


def _after(naive: NaiveReading, found: Noticed) -> Iterator[Noticed]:
    for action in naive.plan.actions:
        for arguments in naive.tuples(action.sorts):
            for world in naive.branches(action, arguments, found.state):
                if world.status == "running":
                    step = (action.name, typed(arguments), typed(world.choices))
                    way = Way(found.way.initial, (*found.way.steps, step))
                    yield Noticed(way, found.state, world.state)


def first_way(claim: PropertyPlan, naive: NaiveReading) -> Way | None:
    """The way to what first violates a claim of safety, or witnesses a `sometimes`."""
    if claim.kind == "deadlock_free":
        done = naive.plan.done
        ends = (n for n in noticed(naive) if n.stuck)
        return next((n.way for n in ends if done is None or not naive.holds(done, n.state)), None)
    tells = telling(claim, naive)
    found = (n for n in noticed(naive) if not n.stuck)
    return next((n.way for n in found if tells(n.before, n.state)), None)


def way_of(path: Path) -> Way:
    """A path of the engine's in the same terms."""
    return Way(
        full_key(plain_state(path.initial)),
        tuple(
            (s.label.action.name, typed(plain(s.label.arguments)), typed(plain(s.choices)))
            for s in path.steps
        ),
    )


def full_key(state: Values) -> Any:
    """A key of a state that also tells auxiliary cells apart."""
    return frozenset((*cell, typed(value)) for cell, value in state.items())
