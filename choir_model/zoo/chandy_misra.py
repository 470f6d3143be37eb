"""Dining philosophers who hand each other the forks: the solution of Chandy and Misra.

As in `philosophers`, each needs the two forks beside the plate.  Here a fork is clean or
dirty.  Eating makes both forks dirty, and whoever holds a dirty fork cleans it and hands it
to the neighbour.  A clean fork is kept until its holder has eaten with it.  So nobody eats
twice while a neighbour waits, and nobody starves.

Source: `DiningPhilosophers` in the TLA+ Examples, after K. M. Chandy and J. Misra, *The
Drinking Philosophers Problem*.  Published for 5 philosophers: 67 states, 336 generated,
depth 29.  At first all forks are dirty, everybody has the left one, and the first
philosopher has the second's too.

Checked: neighbours do not eat at the same time, there is no deadlock, and everybody has
eaten and is not hungry again and again (weak fairness of each philosopher).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from choir_model.engine import (
    Action,
    Fairness,
    Field,
    Model,
    Property,
    Record,
    Sort,
    View,
    always,
    deadlock_free,
    guard,
    leads_to,
    sometimes,
)


class Next(Enum):
    """What a philosopher does next."""

    TIDY = "tidy"
    EAT = "eat"
    THINK = "think"


class Fork(Record, name="fork"):
    """Who holds it, and whether it is clean; fork n lies to the left of philosopher n."""

    holder = Field(0)
    clean = Field(False)


class Philosopher(Record, name="philosopher"):
    """What a philosopher does next, and whether hungry."""

    next = Field(Next.TIDY)
    hungry = Field(True)


def think(view: View, seat: int) -> None:
    """A philosopher thinks, and becomes hungry over it."""
    philosopher = Philosopher(view, seat)
    guard(view, philosopher.next is Next.THINK)
    philosopher.hungry = True
    philosopher.next = Next.TIDY


def eats(view: View, seat: int) -> bool:
    """The philosopher is eating."""
    return Philosopher(view, seat).next is Next.EAT


def can_eat(view: View, seat: int, forks: Sequence[int]) -> bool:
    """Whether the philosopher has these forks, and they are clean."""
    return all(Fork(view, fork).holder == seat and Fork(view, fork).clean for fork in forks)


def hungry(view: View, seat: int) -> bool:
    """The philosopher wants to eat."""
    return Philosopher(view, seat).hungry


def sated(view: View, seat: int) -> bool:
    """The philosopher has eaten and does not want to eat now."""
    return not Philosopher(view, seat).hungry


def claims(seats: Sort) -> list[Property]:
    """What is said of the philosophers in these seats."""

    def neighbours_do_not_both_eat(view: View, seat: int) -> bool:
        return not (eats(view, seat) and eats(view, (seat + 1) % len(seats)))

    def somebody_eats(view: View) -> bool:
        return any(eats(view, seat) for seat in seats)

    return [
        always(neighbours_do_not_both_eat, over=seats),
        sometimes(somebody_eats),
        deadlock_free(),
        leads_to(hungry, sated, over=seats),
    ]


def model(philosophers: int = 5) -> Model:
    """So many philosophers around a table."""
    seats = Sort("seat", range(philosophers))

    def neighbours(seat: int) -> dict[int, int]:
        """The left fork and who shares it, then the right one."""
        before, after = (seat - 1) % philosophers, (seat + 1) % philosophers
        return {seat: before, after: after}

    def laid(view: View) -> None:
        for seat in seats:
            Fork(view, seat).holder = seat
        Fork(view, 1).holder = 0

    def tidy(view: View, seat: int) -> None:
        philosopher = Philosopher(view, seat)
        guard(view, philosopher.next is Next.TIDY)
        for number, neighbour in neighbours(seat).items():
            fork = Fork(view, number)
            if fork.holder == seat and not fork.clean:
                fork.holder = neighbour
                fork.clean = True
                break  # one fork at a time
        if not philosopher.hungry:
            philosopher.next = Next.THINK
        elif can_eat(view, seat, list(neighbours(seat))):
            philosopher.next = Next.EAT

    def eat(view: View, seat: int) -> None:
        philosopher = Philosopher(view, seat)
        guard(view, philosopher.next is Next.EAT)
        for number in neighbours(seat):
            Fork(view, number).clean = False
        philosopher.hungry = False
        philosopher.next = Next.TIDY

    return Model(
        name="chandy_misra",
        records={Fork: seats, Philosopher: seats},
        actions=[
            Action(tidy, over=seats, fairness=Fairness.WEAK),
            Action(eat, over=seats, fairness=Fairness.WEAK),
            Action(think, over=seats, fairness=Fairness.WEAK),
        ],
        initial=laid,
        properties=claims(seats),
    )


MODEL = model()
