"""Symmetry: orbits counted, members inside values renamed, real paths, and its audit."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import chain, permutations, product
from typing import Any

import pytest

from choir_model.engine import (
    Action,
    Atom,
    Field,
    Fired,
    Model,
    ModelError,
    Record,
    Sort,
    State,
    Verdict,
    View,
    always,
    branches,
    check,
    each_step,
    eventually,
    guard,
    sometimes,
)
from choir_model.engine.layout import Layout
from choir_model.engine.paths import differing
from choir_model.engine.sorts import tuples
from choir_model.engine.symmetry import Symmetry, rename, renamed_state
from choir_model.engine.values import encode
from choir_model.engine.view import Cell


class Worker(Record, name="worker"):
    state = Field("idle")
    friend: Field[object] = Field(None)


class Board(Record, name="board"):
    done: Field[frozenset[object]] = Field(frozenset())
    order: Field[tuple[object, ...]] = Field(())


def start(view: View, who: Atom) -> None:
    guard(view, Worker(view, who).state == "idle")
    Worker(view, who).state = "busy"


def finish(view: View, who: Atom) -> None:
    guard(view, Worker(view, who).state == "busy")
    board = Board(view)
    board.done = board.done | {who}
    board.order = (*board.order, who)
    Worker(view, who).state = "done"


def befriend(view: View, who: Atom) -> None:
    """Whoever is done may choose a friend among those who are done."""
    board = Board(view)
    guard(view, who in board.done)
    friend = view.choose(board.done)
    guard(view, friend != who)
    Worker(view, who).friend = friend


def two_friends(view: View, who: Atom, other: Atom) -> bool:
    """Nobody's friend has them for a friend."""
    return who == other or not (
        Worker(view, who).friend == other and Worker(view, other).friend == who
    )


def everybody_done(view: View) -> bool:
    return len(Board(view).order) == 3


class Shade(Record, name="shade"):
    """Of a colour in a place."""

    dark = Field(False)


@dataclass(frozen=True)
class Note:
    """Something about somebody."""

    about: object
    number: int


def workers(*, symmetric: bool, extra: tuple[Action, ...] = (), **options: object) -> Model:
    people = Sort("worker", 3, symmetric=symmetric)
    actions = [Action(act, over=people) for act in (start, finish, befriend)]
    properties = options.pop(
        "properties", [always(two_friends, over=(people, people)), sometimes(everybody_done)]
    )
    return Model(
        "workers",
        {Worker: people, Board: None},
        [*actions, *extra],
        properties=properties,  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )


def orbits(model: Model) -> int:
    """The number of orbits of reachable states, by brute force and without the engine's tables."""
    seen: dict[bytes, State] = {encode_state(State()): State()}
    queue = list(seen.values())
    while queue:
        state = queue.pop()
        for action in model.actions:
            for arguments in tuples(action.sorts):
                for outcome in branches(action.fn, state, *arguments):
                    if isinstance(outcome, Fired):
                        after = State({**state, **outcome.writes})
                        if encode_state(after) not in seen:
                            seen[encode_state(after)] = after
                            queue.append(after)
    members = model.sorts[0].members
    found = set()
    for state in seen.values():
        images = []
        for image in permutations(members):
            renaming = dict(zip(members, image, strict=True))
            images.append(
                encode_state(
                    {
                        Cell(c.field, rename(c.key, renaming)): rename(v, renaming)
                        for c, v in state.items()
                    }
                )
            )
        found.add(min(images))
    return len(found)


def encode_state(state: object) -> bytes:
    return b"".join(
        cell.field.name.encode() + encode(cell.key) + encode(value)
        for cell, value in differing(state)  # type: ignore[arg-type]
    )


def test_one_state_of_each_orbit_is_explored() -> None:
    model = workers(symmetric=True)
    report = check(model, keep_going=True)
    plain = check(workers(symmetric=False), keep_going=True)
    assert report.counts.distinct == orbits(model)
    assert report.counts.distinct < plain.counts.distinct / 4
    assert report.counts.depth == plain.counts.depth
    assert report.audit.equivariance > 100


def test_paths_are_real_and_as_short_as_without_symmetry() -> None:
    report, plain = check(workers(symmetric=True)), check(workers(symmetric=False))
    for name in ("two_friends", "everybody_done"):
        (path,), (other,) = report.findings[name].paths, plain.findings[name].paths
        assert len(path) == len(other)
        path.replay()
    last = report.findings["two_friends"].paths[0].states[-1]
    friends = {c.key: v for c, v in last.items() if c.field is Worker.friend}
    assert any(friends.get(friend) == who for who, friend in friends.items())
    assert report.verdict is plain.verdict is Verdict.VIOLATED


@pytest.mark.parametrize(
    "value",
    [
        Atom("worker", 1),
        ("x", (Atom("worker", 1), 7)),
        frozenset({Atom("worker", 1), Atom("worker", 3)}),
        (frozenset({(Atom("worker", 1), True)}), None),
    ],
)
def test_renaming_reaches_members_however_deep(value: object) -> None:
    there = {Atom("worker", 1): Atom("worker", 2), Atom("worker", 2): Atom("worker", 1)}
    renamed = rename(value, there)
    assert "worker2" in repr(renamed)
    assert "worker1" not in repr(renamed)
    assert encode(rename(renamed, there)) == encode(value)


def test_atoms_of_other_sorts_stay() -> None:
    assert rename(Atom("other", 1), {Atom("worker", 1): Atom("worker", 2)}) == Atom("other", 1)


def test_an_action_that_prefers_a_member_is_reported() -> None:
    def boss(view: View) -> None:
        guard(view, Worker(view, Atom("worker", 1)).state == "idle")
        Worker(view, Atom("worker", 1)).state = "busy"

    model = workers(symmetric=True, extra=(Action(boss),))
    with pytest.raises(
        ModelError,
        match=r"the action boss.* tells the members of worker apart.*worker1 and worker2",
    ):
        check(model)


def test_a_property_that_prefers_a_member_is_reported() -> None:
    def first_is_idle(view: View) -> bool:
        return Worker(view, Atom("worker", 1)).state == "idle"

    def first_stays(before: View, after: View) -> bool:
        first = Atom("worker", 1)
        return Worker(before, first).state == Worker(after, first).state

    for claim in (always(first_is_idle), sometimes(first_is_idle), each_step(first_stays)):
        with pytest.raises(ModelError, match=f"the property {claim.name} tells the members"):
            check(workers(symmetric=True, properties=[claim]))


def test_a_constraint_that_prefers_a_member_is_reported() -> None:
    def first_waits(view: View) -> bool:
        return Worker(view, Atom("worker", 1)).state != "done"

    with pytest.raises(ModelError, match="the constraint first_waits tells the members"):
        check(workers(symmetric=True, constraints=[first_waits]))


def test_a_set_of_members_has_no_order() -> None:
    def first_of_the_done(view: View) -> None:
        for who in Board(view).done:
            Worker(view, who).friend = who
            return

    model = workers(symmetric=True, extra=(Action(first_of_the_done),))
    with pytest.raises(ModelError, match=r"first_of_the_done.*symmetric sort was iterated.*choose"):
        check(model)


def test_behaviours_are_refused_under_symmetry() -> None:
    with pytest.raises(ModelError, match="everybody_done speaks of behaviours"):
        check(workers(symmetric=True, properties=[eventually(everybody_done)]))


def test_initial_states_of_one_orbit_are_one() -> None:
    people = Sort("worker", 3, symmetric=True)

    def somebody_busy(view: View) -> None:
        Worker(view, view.choose(people)).state = "busy"

    model = Model(
        "workers",
        {Worker: people, Board: None},
        [Action(start, over=people)],
        initial=somebody_busy,
    )
    counts = check(model).counts
    assert (counts.initial, counts.distinct, counts.generated) == (1, 3, 3 + 2 + 1)


class Link(Record, name="link"):
    weight = Field(0)
    about: Field[Any] = Field(None)


COLOURS = Sort("colour", 2, symmetric=True)
PLACES = Sort("place", 2)


def do_nothing(view: View) -> None:
    guard(view, False)


def random_value(rng: random.Random, people: Sort, depth: int = 2) -> Any:
    plain = (lambda: None, lambda: rng.randrange(2), lambda: rng.choice(people))
    more = (
        lambda: rng.choice(COLOURS),
        lambda: rng.choice(PLACES),
        lambda: tuple(random_value(rng, people, depth - 1) for _ in range(rng.randrange(3))),
        lambda: frozenset(random_value(rng, people, depth - 1) for _ in range(rng.randrange(4))),
        lambda: Note(random_value(rng, people, depth - 1), rng.randrange(2)),
    )
    return rng.choice(plain + more if depth else plain)()


def random_state(rng: random.Random, people: Sort) -> State:
    """A state of few values, so that members often are alike."""
    state = State()
    for person in people:
        if rng.random() < 0.5:
            state[Cell(Worker.state, person)] = rng.choice(["busy", "done"])
        if rng.random() < 0.3:
            state[Cell(Worker.friend, person)] = random_value(rng, people)
        if rng.random() < 0.3:
            state[Cell(Link.weight, (person, rng.choice(people)))] = 1
            state[Cell(Link.about, (person, rng.choice(people)))] = rng.choice(COLOURS)
    state[Cell(Shade.dark, (rng.choice(COLOURS), rng.choice(PLACES)))] = rng.random() < 0.5
    state[Cell(Board.done, None)] = frozenset(p for p in people if rng.random() < 0.5)
    if rng.random() < 0.5:
        state[Cell(Board.order, None)] = tuple(rng.sample(people.members, 2))
    return state


def images_of(state: State, sorts: tuple[Sort, ...]) -> list[State]:
    """The whole orbit, by brute force."""
    found = []
    for orders in product(*(permutations(sort.members) for sort in sorts)):
        members = chain.from_iterable(sort.members for sort in sorts)
        found.append(renamed_state(state, dict(zip(members, chain(*orders), strict=True))))
    return found


def canonical_state(symmetry: Symmetry, state: State) -> State:
    layout = symmetry.layout
    while True:
        packed = layout.pack(layout.ids(state))
        found = packed if layout.stale else symmetry.canonical(packed)
        if not layout.stale:
            return layout.unpack(found)
        layout.relayout()
        symmetry.forget()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [3, 4])
def test_every_orbit_has_one_canonical_state_and_that_belongs_to_it(seed: int, size: int) -> None:
    rng = random.Random(seed)
    people = Sort("worker", size, symmetric=True)
    records = {Worker: people, Board: None, Link: (people, people), Shade: (COLOURS, PLACES)}
    model = Model("canonical", records, [Action(do_nothing)])
    symmetry = Symmetry(model, Layout(model))
    least, canonical = set[bytes](), set[bytes]()
    for _ in range(40):
        orbit = images_of(random_state(rng, people), (people, COLOURS))
        codes = [encode_state(image) for image in orbit]
        asked = rng.sample(orbit, 6)
        found = {encode_state(canonical_state(symmetry, state)) for state in asked}
        assert len(found) == 1
        assert found <= set(codes)
        least.add(min(codes))
        canonical |= found
    assert len(canonical) == len(least)


def test_members_of_whom_the_same_is_said_in_a_ring_are_told_apart_by_trying() -> None:
    """Two rings of three and one of six: of each member the same is said in all rounds."""
    people = Sort("worker", 6, symmetric=True)
    model = Model("rings", {Worker: people, Board: None}, [Action(do_nothing)])
    symmetry = Symmetry(model, Layout(model))

    def rings(*order: int, closed: int) -> State:
        friends = {}
        for k, number in enumerate(order):
            ring = k // closed * closed
            friend = order[ring + (k + 1 - ring) % closed]
            friends[Cell(Worker.friend, people[number])] = people[friend]
        return State(friends)

    orders = [(0, 1, 2, 3, 4, 5), (0, 2, 4, 1, 5, 3), (5, 1, 3, 0, 2, 4)]
    found = {
        closed: {encode_state(canonical_state(symmetry, rings(*o, closed=closed))) for o in orders}
        for closed in (3, 6)
    }
    assert [len(states) for states in found.values()] == [1, 1]
    assert found[3] != found[6]


def test_many_members_that_are_never_mentioned_together_take_no_permutations() -> None:
    people = Sort("worker", 30, symmetric=True)

    def advance(view: View, who: Atom) -> None:
        guard(view, Worker(view, who).state != "done")
        Worker(view, who).state = {"idle": "busy", "busy": "done"}[Worker(view, who).state]

    model = Model("many", {Worker: people}, [Action(advance, over=people)])
    assert check(model).counts.distinct == 32 * 31 // 2


def test_many_members_in_a_set_take_no_permutations() -> None:
    people = Sort("worker", 12, symmetric=True)
    records = {Worker: people, Board: None}

    def enter(view: View, who: Atom) -> None:
        guard(view, who not in Board(view).done)
        Board(view).done |= {who}

    assert check(Model("set", records, [Action(enter, over=people)])).counts.distinct == 13


def test_too_many_permutations_are_refused() -> None:
    people = Sort("worker", 9, symmetric=True)

    def ring(view: View) -> None:
        for who, friend in zip(people, (*people[1:], people[0]), strict=True):
            Worker(view, who).friend = friend

    model = Model("ring", {Worker: people, Board: None}, [Action(start, over=people)], initial=ring)
    with pytest.raises(ModelError, match=r"worker has 9 members: .* 362880 permutations"):
        check(model)
