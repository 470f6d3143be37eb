"""Symmetry: orbits counted, members inside values renamed, real paths, and its audit."""

from __future__ import annotations

from itertools import permutations

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
from choir_model.engine.paths import differing
from choir_model.engine.sorts import tuples
from choir_model.engine.symmetry import rename
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


def test_too_many_permutations_are_refused() -> None:
    people = Sort("worker", 9, symmetric=True)
    with pytest.raises(ModelError, match="worker has 9 members: more than 40320"):
        check(Model("many", {Worker: people, Board: None}, [Action(start, over=people)]))


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
