"""Readers and writers: many may read at a time, or one may write, and nobody waits for ever.

Whoever wants to read or write puts a request at the end of one queue.  The request at the
head is admitted as soon as nobody writes and, if it is to write, nobody reads either.  One
actor may have a request of each kind in the queue, and ask again while still reading or
writing.

Source: `ReadersWriters` in the TLA+ Examples, by Isaac DeFrain.  Published for 3 actors:
21 527 states, 59 674 generated, depth 13.  For 4 actors TLC finds 2 192 020 states,
7 069 237 generated, depth 17.

Checked: nobody reads while another writes, and at most one writes; every actor reads again
and again, and writes, and stops (weak fairness of everything).  `BARGING` lets a writer in
while others read.  `FORGETFUL` drops a writer's request that cannot be admitted at once (two
actors are enough to starve of that), and `ENDLESS` allows reading for ever.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

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
    guard,
    leads_to,
    sometimes,
)
from choir_model.zoo.faults import faulty, unfair


class Wish(Enum):
    """What an actor asks for."""

    READ = "read"
    WRITE = "write"


Request: TypeAlias = tuple[Wish, Atom]


class Actor(Record, name="actor"):
    """What an actor is doing."""

    reading = Field(False)
    writing = Field(False)


class Queue(Record, name="queue"):
    """The requests not yet admitted, the oldest first."""

    requests: Field[tuple[Request, ...]] = Field(())


def holds(requests: tuple[Request, ...], request: Request) -> bool:
    """Whether the request is among them."""
    return request in requests


def with_last(requests: tuple[Request, ...], request: Request) -> tuple[Request, ...]:
    """The queue after a request was put at its end."""
    return (*requests, request)


def without_first(requests: tuple[Request, ...]) -> tuple[Request, ...]:
    """The queue after its head was taken."""
    return requests[1:]


def is_next(requests: tuple[Request, ...], request: Request) -> bool:
    """Whether the request is at the head."""
    return requests[:1] == (request,)


def ask(view: View, request: Request) -> None:
    """Put a request at the end of the queue, unless it is in there."""
    queue = Queue(view)
    # Tested and updated, not read: what happens does not depend on who else waits.
    guard(view, not queue.test(Queue.requests, holds, request))
    queue.update(Queue.requests, with_last, request)


def take(view: View, request: Request) -> None:
    """Take the request from the head of the queue, if it is there."""
    queue = Queue(view)
    guard(view, queue.test(Queue.requests, is_next, request))
    queue.update(Queue.requests, without_first)


def try_read(view: View, actor: Atom) -> None:
    """An actor asks to read, unless it has asked already."""
    ask(view, (Wish.READ, actor))


def try_write(view: View, actor: Atom) -> None:
    """An actor asks to write, unless it has asked already."""
    ask(view, (Wish.WRITE, actor))


def stop(view: View, actor: Atom) -> None:
    """An actor stops reading, or else writing."""
    record = Actor(view, actor)
    if record.reading:
        record.reading = False
    else:
        guard(view, record.writing)
        record.writing = False


def asked_to_write(view: View, actor: Atom) -> bool:
    """The actor waits for being admitted as a writer."""
    return view.test(Queue.requests[None], holds, (Wish.WRITE, actor))


def reads(view: View, actor: Atom) -> bool:
    """The actor is reading."""
    return Actor(view, actor).reading


def writes(view: View, actor: Atom) -> bool:
    """The actor is writing."""
    return Actor(view, actor).writing


def stays_out(view: View, actor: Atom) -> bool:
    """The actor is neither reading nor writing."""
    return not reads(view, actor) and not writes(view, actor)


def whenever(view: View, actor: Atom) -> bool:
    """True of every state: what ``whenever`` leads to happens again and again."""
    return True


def model(actors: int = 3) -> Model:
    """So many actors that read and write."""
    everybody = Sort("actor", actors)

    def someone_writes(view: View) -> bool:
        return any(writes(view, actor) for actor in everybody)

    def someone_reads(view: View) -> bool:
        return any(reads(view, actor) for actor in everybody)

    def admit_reader(view: View, actor: Atom) -> None:
        take(view, (Wish.READ, actor))
        guard(view, not someone_writes(view))
        Actor(view, actor).reading = True

    def admit_writer(view: View, actor: Atom) -> None:
        take(view, (Wish.WRITE, actor))
        guard(view, not someone_reads(view) and not someone_writes(view))
        Actor(view, actor).writing = True

    def readers_or_a_writer(view: View) -> bool:
        return not (someone_reads(view) and someone_writes(view))

    def one_writer(view: View) -> bool:
        return sum(writes(view, actor) for actor in everybody) <= 1

    def all_read(view: View) -> bool:
        return all(reads(view, actor) for actor in everybody)

    steps = (try_read, try_write, admit_reader, admit_writer, stop)
    return Model(
        name="readers_writers",
        records={Actor: everybody, Queue: None},
        actions=[Action(step, over=everybody, fairness=Fairness.WEAK) for step in steps],
        properties=[
            always(readers_or_a_writer, witness=someone_writes),
            always(one_writer, witness=someone_writes),
            sometimes(all_read),
            leads_to(asked_to_write, writes, over=everybody),
            leads_to(whenever, reads, over=everybody),
            leads_to(whenever, writes, over=everybody),
            leads_to(whenever, stays_out, over=everybody),
        ],
    )


def barging(actors: int = 3) -> Model:
    """A fault: a writer is admitted while others read."""
    sound = model(actors)
    (everybody,) = sound.sorts

    def admit_writer(view: View, actor: Atom) -> None:
        take(view, (Wish.WRITE, actor))
        guard(view, not any(writes(view, other) for other in everybody))
        Actor(view, actor).writing = True

    return faulty(sound, "barging_readers_writers", admit_writer)


def forgetful(actors: int = 3) -> Model:
    """A fault: a writer's request that comes up while others read is dropped."""
    sound = model(actors)
    (everybody,) = sound.sorts

    def admit_writer(view: View, actor: Atom) -> None:
        take(view, (Wish.WRITE, actor))
        guard(view, not any(writes(view, other) for other in everybody))
        if not any(reads(view, other) for other in everybody):
            Actor(view, actor).writing = True

    return faulty(sound, "forgetful_readers_writers", admit_writer)


def endless(actors: int = 3) -> Model:
    """A fault: who reads or writes need not ever stop."""
    return unfair(model(actors), "endless_readers_writers", "stop")


MODEL = model()
BARGING = barging()
FORGETFUL = forgetful(2)
ENDLESS = endless()
