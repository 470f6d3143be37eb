"""Liveness by hand-made graphs: one rule at a time."""

from __future__ import annotations

import pytest

from choir_model.engine import lassos
from choir_model.engine.fair_graph import FairGraph
from choir_model.engine.liveness import FairInstances, fair_graph, find_lasso, lasso_in
from choir_model.engine.transitions import OUTSIDE, Lasso, Transitions

NAMES = "abcdefgh"


def graph_of(text: str, initial: tuple[int, ...] = (0,)) -> Transitions:
    """Steps as in ``0-a>1 1-b2>0 1-c>out``: source, label, target; in order of sources.

    The letter of a label is the action instance.
    """
    steps = [step.replace(">", "-").split("-") for step in text.split()]
    ends = [end for source, _, target in steps for end in (source, target) if end != "out"]
    labels = sorted({label for _, label, _ in steps})
    graph = Transitions(initial=list(initial))
    graph.instance_of = [NAMES.index(label[0]) for label in labels]
    for state in range(1 + max(map(int, ends), default=0)):
        for source, label, target in steps:
            if int(source) == state:
                graph.labels.append(labels.index(label))
                graph.targets.append(OUTSIDE if target == "out" else int(target))
        graph.close_row()
    return graph


def fair(weak: str = "", strong: str = "") -> FairInstances:
    return FairInstances(tuple(map(NAMES.index, weak)), tuple(map(NAMES.index, strong)))


def found(
    text: str,
    goal: set[int],
    *,
    weak: str = "",
    strong: str = "",
    begin: set[int] | None = None,
    initial: tuple[int, ...] = (0,),
) -> str | None:
    """The lasso as in ``0 a>1 (b>2 c>1)``."""
    graph = graph_of(text, initial)
    states = range(graph.expanded)
    lasso = find_lasso(
        graph,
        [state not in goal for state in states],
        None if begin is None else [state in begin for state in states],
        fair(weak, strong),
    )
    return None if lasso is None else shown(graph, lasso)


def shown(graph: Transitions, lasso: Lasso) -> str:
    def words(edges: object) -> str:
        assert isinstance(edges, tuple)
        return " ".join(
            f"{NAMES[graph.instance_of[graph.labels[edge]]]}>{graph.targets[edge]}"
            for edge in edges
        )

    assert lasso.shortest
    return f"{lasso.start} {words(lasso.stem)}".strip() + f" ({words(lasso.loop)})"


def test_nobody_has_to_take_a_step_without_fairness() -> None:
    assert found("0-a>1", {1}) == "0 ()"


@pytest.mark.parametrize("kind", ["weak", "strong"])
def test_what_is_fair_and_stays_enabled_is_taken(kind: str) -> None:
    assert found("0-a>1", {1}, **{kind: "a"}) is None  # type: ignore[arg-type]


def test_a_terminal_state_stutters_whatever_is_fair() -> None:
    assert found("0-a>1", set(), weak="a") == "0 a>1 ()"


def test_any_state_in_which_nothing_fair_is_enabled_may_stutter() -> None:
    assert found("0-a>1 1-b>2 2-a>3", {3}, weak="a") == "0 a>1 ()"


@pytest.mark.parametrize("kind", ["weak", "strong"])
def test_a_step_that_changes_nothing_enables_nothing(kind: str) -> None:
    assert found("0-a>0", set(), **{kind: "a"}) == "0 ()"  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["weak", "strong"])
def test_a_step_that_changes_nothing_is_not_taken(kind: str) -> None:
    loop = "0-a>0 0-a>2 0-b>1 1-a>2 1-b>0"
    assert found(loop, {2}, **{kind: "a"}) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["weak", "strong"])
def test_a_step_to_an_excluded_state_enables(kind: str) -> None:
    assert found("0-a>out", set(), **{kind: "a"}) is None  # type: ignore[arg-type]


def test_weak_fairness_is_content_with_an_interruption_and_strong_fairness_is_not() -> None:
    loop = "0-a>2 0-b>1 1-b>0"
    assert found(loop, {2}, weak="ab") == "0 (b>1 b>0)"
    assert found(loop, {2}, weak="b", strong="a") is None


def test_an_instance_in_both_is_strongly_fair() -> None:
    assert found("0-a>2 0-b>1 1-b>0", {2}, weak="ab", strong="a") is None


def test_what_is_weakly_fair_and_enabled_all_around_a_loop_is_taken() -> None:
    loop = "0-b>1 0-a>2 1-b>0 1-a>2"
    assert found(loop, {2}, weak="b") == "0 (b>1 b>0)"
    assert found(loop, {2}, weak="ab") is None


def test_a_loop_may_be_fair_by_taking() -> None:
    assert found("0-a>1 0-b>2 1-a>0", {2}, strong="a") == "0 (a>1 a>0)"


def test_strong_fairness_leaves_the_part_of_a_component_that_does_not_enable() -> None:
    loops = "0-b>1 1-b>0 1-b>2 2-c>1 2-a>3"
    assert found(loops, {3}, weak="bc", strong="a") == "0 (b>1 b>0)"
    assert found(loops, {0, 3}, weak="bc", strong="a", begin={2}) is None


def test_what_one_removal_leaves_is_judged_anew() -> None:
    """Without state 2, which enables a, nobody takes d any more, which state 1 enables."""
    loops = "0-b>1 1-b>0 1-d>4 1-b>2 2-d>1 2-a>3"
    assert found(loops, {3, 4}, weak="b", strong="d") == "0 b>1 (b>2 d>1)"
    assert found(loops, {3, 4}, weak="b", strong="ad") is None


def test_fairness_is_owed_to_an_instance_and_not_to_what_it_chooses() -> None:
    assert found("0-a1>1 0-a2>2 1-b>0", {2}, strong="ab") == "0 (a>1 b>0)"


def test_fairness_is_owed_to_each_instance() -> None:
    assert found("0-a>1 0-b>2 1-a>0", {2}, strong="ab") is None


def test_the_goal_ends_what_began_in_the_initial_state() -> None:
    assert found("0-a>1 1-a>2 2-a>2", {1}, weak="a") is None


def test_an_initial_state_at_the_goal_begins_nothing() -> None:
    assert found("0-a>1 1-a>0", {0}) is None


def test_a_loop_through_the_goal_is_none() -> None:
    assert found("0-a>1 1-b>2 2-c>0", {2}, weak="abc") is None


def test_no_initial_state_no_behaviour() -> None:
    assert found("0-a>1", set(), initial=()) is None


def test_an_obligation_begins_after_any_stem_even_over_the_goal() -> None:
    steps = "0-a>1 1-a>2 2-a>3 3-a>2"
    assert found(steps, {1}, weak="a", begin={2}) == "0 a>1 a>2 (a>3 a>2)"


def test_nothing_is_owed_where_no_obligation_begins() -> None:
    assert found("0-a>1", {1}, begin=set()) is None
    assert found("0-a>1 2-a>2", {1}, begin={2}) is None


def test_an_obligation_does_not_begin_at_the_goal() -> None:
    assert found("0-a>1 1-a>2", {1}, weak="a", begin={1}) is None


def test_an_obligation_that_was_met_must_begin_again() -> None:
    steps = "0-a>1 1-a>2 2-b>3 3-b>2"
    assert found(steps, {1}, weak="ab", begin={0}) is None
    assert found(steps, {1}, weak="ab", begin={0, 3}) == "0 a>1 a>2 (b>3 b>2)"


def test_an_obligation_may_begin_inside_the_loop() -> None:
    steps = "0-a>1 1-b>2 1-b>3 2-b>1 3-b>1"
    assert found(steps, set(), weak="ab", begin={3}) == "0 a>1 (b>3 b>1)"


def test_a_shorter_way_into_the_loop_does_not_miss_the_obligation() -> None:
    """Two steps lead into the loop 2, 3, but the obligation begins only on a way of three."""
    steps = "0-a>1 0-b>4 1-a>2 2-a>3 3-a>2 4-b>5 5-b>2"
    lasso = found(steps, set(), weak="a", strong="b", begin={5})
    assert lasso == "0 b>4 b>5 b>2 (a>3 a>2)"


def test_the_nearest_initial_state_begins() -> None:
    steps = "0-a>1 1-a>3 2-a>3"
    assert found(steps, set(), weak="a", initial=(0, 2)) == "2 a>3 ()"


def test_the_lowest_of_equally_near_initial_states_begins() -> None:
    assert found("0-a>2 1-a>2", set(), weak="a", initial=(1, 0, 1)) == "0 a>2 ()"


def test_the_first_of_equally_short_ways_is_taken() -> None:
    steps = "0-b>2 0-c>1 1-a>3 2-c>3 2-a>3 3-a>4 3-b>4 4-d>3"
    assert found(steps, set(), weak="abcd") == "0 b>2 c>3 (a>4 d>3)"


def test_a_long_loop_is_better_than_a_long_stem() -> None:
    steps = "0-a>1 1-a>2 2-a>3 3-a>4 2-b>0"
    assert found(steps, set(), weak="a") == "0 (a>1 a>2 b>0)"


def test_stem_and_loop_are_shortest_together() -> None:
    """From the nearest state the loop is long; two states further there is a short one."""
    steps = "0-a>1 1-a>2 2-a>3 2-b>4 3-a>2 4-b>5 5-b>0"
    assert found(steps, set(), weak="a", strong="b") == "0 (a>1 a>2 b>4 b>5 b>0)"
    assert found(steps, set(), weak="ab") == "0 a>1 a>2 (a>3 a>2)"


def test_a_loop_passes_a_state_twice_if_fairness_wants_it() -> None:
    steps = "0-a>1 0-b>2 1-a>0 2-b>0"
    assert found(steps, set(), strong="ab") == "0 (a>1 a>0 b>2 b>0)"


def test_the_fair_one_of_parallel_steps_is_taken() -> None:
    steps = "0-a>1 0-b>1 0-b>1 1-c>0 1-c>0"
    assert found(steps, set(), strong="bc") == "0 (b>1 c>0)"


def test_parallel_steps_in_many_states_do_no_harm() -> None:
    steps = " ".join(
        f"{i}-{name}>{(i + k) % 9}" for i in range(9) for name in "abab" for k in (3, 1)
    )
    assert found(steps, set(), weak="ab") == "0 (a>3 a>6 b>0)"


def test_flags_may_be_bytes_and_not_only_zero_and_one() -> None:
    graph = graph_of("0-a>1 1-a>0 1-b>2 2-a>2")
    for kind in (bytes, bytearray, lambda b: memoryview(bytes(b))):
        lasso = find_lasso(graph, kind(b"\1\2\0"), kind(b"\0\7\0"), fair(weak="a"))
        assert lasso is not None
        assert shown(graph, lasso) == "0 (a>1 a>0)"


def test_one_graph_serves_for_many_goals() -> None:
    graph = fair_graph(graph_of("0-a>1 1-a>2 2-b>0"), fair(weak="ab"))
    assert isinstance(graph, FairGraph)
    verdicts = [lasso_in(graph, flags, None) for flags in (b"\1\1\0", b"\1\1\1", b"\1\1\0")]
    assert [lasso and len(lasso.loop) for lasso in verdicts] == [None, 3, None]


def test_flags_for_other_than_all_states_are_refused() -> None:
    graph = graph_of("0-a>1")
    with pytest.raises(ValueError, match="1 flags for 2 states"):
        find_lasso(graph, [True], None, fair())
    with pytest.raises(ValueError, match="3 flags for 2 states"):
        find_lasso(graph, [True, True], [True] * 3, fair())


def test_a_graph_that_is_not_whole_is_refused() -> None:
    graph = graph_of("0-a>1")
    graph.targets[0] = 2
    with pytest.raises(ValueError, match="state 2 has no row"):
        find_lasso(graph, [True, True], None, fair())


def test_the_graph_can_grow_after_it_was_looked_at() -> None:
    graph = graph_of("0-a>1")
    kept = fair_graph(graph, fair(weak="a"))
    graph.targets.append(0)
    graph.labels.append(0)
    graph.close_row()
    assert len(kept.steps.edge) == 1


def mutex(processes: int) -> Transitions:
    """Each process is idle, waits, and works, which one at a time may do; it is an instance."""
    graph = Transitions(initial=[0], instance_of=list(range(processes)))
    for state in range(3**processes):
        at = [state // 3**i % 3 for i in range(processes)]
        for i in range(processes):
            if at[i] != 1 or 2 not in at:
                graph.labels.append(i)
                graph.targets.append(state - 2 * 3**i if at[i] == 2 else state + 3**i)
        graph.close_row()
    return graph


def test_a_waiting_process_starves_under_weak_fairness_and_works_under_strong() -> None:
    """All must wait before one of them can come and go without being unfair to another."""
    graph, everybody = mutex(6), tuple(range(6))
    at_work = [state % 3 == 2 for state in range(3**6)]
    waiting = [state % 3 == 1 for state in range(3**6)]
    avoid = [not yes for yes in at_work]
    lasso = find_lasso(graph, avoid, waiting, FairInstances(everybody, ()))
    assert lasso is not None
    assert (len(lasso.stem), len(lasso.loop), lasso.shortest) == (5, 3, True)
    assert find_lasso(graph, avoid, waiting, FairInstances((), everybody)) is None


def test_a_search_that_gives_up_has_still_guessed_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the nearest entry a loop goes to all processes in turn."""
    monkeypatch.setattr(lassos, "STEPS_TRIED", 0)
    graph = mutex(5)
    avoid = [state % 3 != 2 for state in range(3**5)]
    waiting = [state % 3 == 1 for state in range(3**5)]
    lasso = find_lasso(graph, avoid, waiting, FairInstances((0, 1, 2, 3, 4), ()))
    assert lasso is not None
    assert (len(lasso.stem), len(lasso.loop), lasso.shortest) == (4, 3, False)


def test_a_loop_goes_to_where_nothing_is_owed_any_more() -> None:
    steps = "0-b>1 0-c>2 0-a>3 1-b>0 1-a>3 2-d>0"
    assert found(steps, {3}, weak="ad") == "0 (c>2 d>0)"


def test_a_search_that_gives_up_says_so_and_still_finds_a_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lassos, "STEPS_TRIED", 0)
    graph = graph_of("0-a>1 0-b>2 1-a>0 2-b>0")
    lasso = find_lasso(graph, [True] * 3, None, fair(strong="ab"))
    assert lasso is not None
    assert not lasso.shortest
    assert sorted(lasso.loop) == [0, 1, 2, 3]


def test_a_ring_of_thousands_of_states_is_gone_round() -> None:
    size = 3000
    graph = Transitions(initial=[0], instance_of=[0])
    for state in range(size):
        graph.labels.append(0)
        graph.targets.append((state + 1) % size)
        graph.close_row()
    lasso = find_lasso(graph, [True] * size, None, fair(weak="a"))
    assert lasso is not None
    assert (list(lasso.stem), list(lasso.loop)) == ([], list(range(size)))
    assert lasso.shortest
