"""Dining philosophers, the classic: five of them, five forks, and a deadlock.

Philosophers sit around a table with a fork between any two.  Each takes the left fork, then
the right one, eats, and puts both back.  If all have taken their left fork, all wait for
ever.

Source: the standard example of a deadlock, from E. W. Dijkstra.  For 3, 4, 5 and 8 of them
there are 14, 34, 82 and 1 154 states; with 5, 266 generated and depth 6; with 8, 5 969 and
depth 9.  Exactly one state is dead, and the shortest way there has as many steps as there
are philosophers.

`ORDERED` is the classic cure: the last one takes the right fork first, so no circle of
waiting can close.  There everybody eats again and again, if whoever can take a fork again
and again at last gets it (strong fairness: a free fork may be gone when one reaches for
it).  The solution of Chandy and Misra is in `chandy_misra`.
"""

from __future__ import annotations

from choir_model.engine import (
    Action,
    Fairness,
    Field,
    Model,
    Record,
    Sort,
    View,
    always,
    deadlock_free,
    guard,
    leads_to,
    sometimes,
)


class Fork(Record, name="fork"):
    """Who holds it; fork n lies to the left of philosopher n.  None while on the table."""

    holder: Field[int | None] = Field(None)


def take(view: View, fork: int, philosopher: int) -> None:
    """Take a fork from the table."""
    guard(view, Fork(view, fork).holder is None)
    Fork(view, fork).holder = philosopher


def holds(view: View, fork: int, philosopher: int) -> bool:
    """Whether that philosopher has the fork."""
    return Fork(view, fork).holder == philosopher


def model(philosophers: int = 5, *, ordered: bool = False) -> Model:
    """So many philosophers; with `ordered` the last one takes the right fork first."""
    seats = Sort("seat", range(philosophers))

    def forks(philosopher: int) -> tuple[int, int]:
        left, right = philosopher, (philosopher + 1) % philosophers
        if ordered and philosopher == philosophers - 1:
            return right, left
        return left, right

    def take_first(view: View, philosopher: int) -> None:
        first, _ = forks(philosopher)
        take(view, first, philosopher)

    def take_second(view: View, philosopher: int) -> None:
        first, second = forks(philosopher)
        guard(view, holds(view, first, philosopher))
        take(view, second, philosopher)

    def release(view: View, philosopher: int) -> None:
        guard(view, eats(view, philosopher))
        for fork in forks(philosopher):
            Fork(view, fork).holder = None

    def eats(view: View, philosopher: int) -> bool:
        return all(holds(view, fork, philosopher) for fork in forks(philosopher))

    def hungry(view: View, philosopher: int) -> bool:
        return not eats(view, philosopher)

    def neighbours_do_not_both_eat(view: View, philosopher: int) -> bool:
        after = (philosopher + 1) % philosophers
        return not (eats(view, philosopher) and eats(view, after))

    def somebody_eats(view: View) -> bool:
        return any(eats(view, philosopher) for philosopher in seats)

    return Model(
        name="ordered_philosophers" if ordered else "philosophers",
        records={Fork: seats},
        actions=[
            Action(take_first, over=seats, fairness=Fairness.STRONG),
            Action(take_second, over=seats, fairness=Fairness.STRONG),
            Action(release, over=seats, fairness=Fairness.WEAK),
        ],
        properties=[
            always(neighbours_do_not_both_eat, over=seats),
            sometimes(somebody_eats),
            deadlock_free(),
            leads_to(hungry, eats, over=seats),
        ],
    )


MODEL = model()
ORDERED = model(ordered=True)
