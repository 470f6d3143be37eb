"""Prisoners and two switches: how do they know that everybody has been in the room?

Now and then the warden takes one prisoner into a room with two switches, and the prisoner
must flip exactly one.  Everybody will be taken there again and again.  Once anybody says
rightly that all have been there, they go free.  They cannot talk, and nobody knows how the
switches stood at first.

The plan: one of them counts.  Whoever else finds switch A down for the first or second time
puts it up, and otherwise flips B, which means nothing.  The counter puts A down whenever it
is up, and counts.  With n prisoners, all have been there when the count is 2n − 2.  A may
have been up at first, so that once nobody had put it up; but the other 2n − 3 times are
more than n − 2 of them can bring about.

Source: `Prisoners` in the TLA+ Examples, by Leslie Lamport, after a puzzle of the radio
show *Car Talk*.  Published for 4 prisoners: 214 states, 860 generated, depth 14.  Nobody
stops when the counter knows; the behaviours go on for ever.

Checked: when the counter says so, all have been in the room; and the counter will say so,
granted that nobody is passed over for ever (weak fairness).
"""

from __future__ import annotations

from choir_model.engine import (
    Action,
    Atom,
    Fairness,
    Field,
    Model,
    Record,
    Sort,
    View,
    always,
    deadlock_free,
    eventually,
)


class Room(Record, name="room"):
    """The two switches."""

    a_up = Field(False)
    b_up = Field(False)


class Counter(Record, name="counter"):
    """How often the counter has put switch A down."""

    count = Field(0)


class Prisoner(Record, name="prisoner"):
    """How often another prisoner has put switch A up."""

    times = Field(0)


def any_position(view: View) -> None:
    """Nobody knows how the switches stood at first."""
    Room(view).a_up = view.choose([False, True])
    Room(view).b_up = view.choose([False, True])


def visit_of_the_counter(view: View) -> None:
    """The counter is taken into the room."""
    room = Room(view)
    if room.a_up:
        room.a_up = False
        Counter(view).count += 1
    else:
        room.b_up = not room.b_up


def visit(view: View, prisoner: Atom) -> None:
    """Another prisoner is taken into the room."""
    room, visitor = Room(view), Prisoner(view, prisoner)
    if not room.a_up and visitor.times < 2:
        room.a_up = True
        visitor.times += 1
    else:
        room.b_up = not room.b_up


def model(prisoners: int = 4) -> Model:
    """So many prisoners, one of whom counts."""
    others = Sort("prisoner", prisoners - 1)

    def counter_knows(view: View) -> bool:
        return Counter(view).count == 2 * (prisoners - 1)

    def all_have_been_there(view: View) -> bool:
        return all(Prisoner(view, other).times > 0 for other in others)

    def knowledge_is_right(view: View) -> bool:
        return not counter_knows(view) or all_have_been_there(view)

    def count_fits(view: View) -> bool:
        put_up = sum(Prisoner(view, other).times for other in others)
        unseen = int(Room(view).a_up)
        return Counter(view).count in (put_up - unseen, put_up - unseen + 1)

    return Model(
        name="prisoners",
        records={Room: None, Counter: None, Prisoner: others},
        actions=[
            Action(visit_of_the_counter, fairness=Fairness.WEAK),
            Action(visit, over=others, fairness=Fairness.WEAK),
        ],
        initial=any_position,
        properties=[
            always(knowledge_is_right, witness=counter_knows),
            always(count_fits),
            eventually(counter_knows),
            deadlock_free(),
        ],
    )


MODEL = model()
