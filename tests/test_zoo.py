"""The zoo: published models have the published numbers of states, and their claims hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest
from cli_runs import choir

from choir_model.engine import Model, Verdict, check, state_graph
from choir_model.engine.values import encode
from choir_model.zoo import (
    backup_coordinator,
    chandy_misra,
    coffee_can,
    consensus,
    die_hard,
    ewd840,
    ewd998,
    missionaries,
    paxos,
    paxos_commit,
    philosophers,
    prisoners,
    readers_writers,
    transaction_commit,
    two_phase_commit,
    voting,
)

ROOT = Path(__file__).parent.parent
ZOO = ROOT / "choir_model" / "zoo"


class Counted(NamedTuple):
    """A row of the page on the zoo; `tlc` is what TLC generates where that differs."""

    name: str
    of_what: str
    model: Callable[[], Model]
    distinct: int
    generated: int
    depth: int
    tlc: int | None = None


TWO_OF_EACH = "3 acceptors, 2 values, 2 ballots"
PUBLISHED = [
    Counted("die_hard", "jugs of 3 and 5 litres", die_hard.model, 16, 97, 8),
    Counted("missionaries", "3 and 3, named", missionaries.model, 64, 253, 13, 283),
    Counted("missionaries:COUNTED", "3 and 3, counted", missionaries.counted, 16, 35, 13),
    Counted("prisoners", "4 prisoners", prisoners.model, 214, 860, 14),
    Counted("philosophers", "3 philosophers", lambda: philosophers.model(3), 14, 28, 4),
    Counted("philosophers", "4 philosophers", lambda: philosophers.model(4), 34, 89, 5),
    Counted("philosophers", "5 philosophers", lambda: philosophers.model(5), 82, 266, 6),
    Counted("philosophers", "8 philosophers", lambda: philosophers.model(8), 1_154, 5_969, 9),
    Counted("chandy_misra", "5 philosophers", chandy_misra.model, 67, 336, 29),
    Counted("readers_writers", "3 actors", readers_writers.model, 21_527, 59_674, 13),
    Counted("ewd840", "3 nodes", ewd840.model, 302, 1_817, 9, 2_001),
    Counted("consensus", "3 values", consensus.model, 4, 4, 2),
    Counted("voting:SYMMETRIC", TWO_OF_EACH, lambda: voting.SYMMETRIC, 77, 280, 11, 451),
    Counted("paxos:SMALLEST", "1 acceptor, 1 value, 2 ballots", lambda: paxos.SMALLEST, 25, 82, 9),
    Counted("paxos", TWO_OF_EACH, paxos.model, 3_921, 23_563, 17),
    Counted("transaction_commit", "3 managers", transaction_commit.model, 34, 94, 7),
    Counted("two_phase_commit", "3 managers", two_phase_commit.model, 288, 1_146, 11),
    Counted("two_phase_commit", "5 managers", lambda: two_phase_commit.model(5), 8_832, 58_146, 17),
    Counted("backup_coordinator", "3 managers", backup_coordinator.model, 1_245, 4_843, 15, 5_841),
]
"""What takes no more than a few seconds."""

LARGE = [
    Counted("ewd998", "3 nodes", ewd998.model, 321_370, 2_609_134, 47, 2_808_396),
    Counted(
        "readers_writers", "4 actors", lambda: readers_writers.model(4), 2_192_020, 7_069_237, 17
    ),
    Counted(
        "two_phase_commit", "7 managers", lambda: two_phase_commit.model(7), 296_448, 2_744_706, 23
    ),
    Counted(
        "two_phase_commit",
        "9 managers",
        lambda: two_phase_commit.model(9),
        10_340_352,
        123_558_402,
        29,
    ),
    Counted(
        "paxos_commit",
        "2 managers, 3 acceptors, 2 ballots",
        paxos_commit.model,
        1_321_761,
        16_959_159,
        28,
    ),
    Counted("coffee_can", "up to 1 000 beans", coffee_can.model, 501_500, 2_000_002, 1),
]
"""The rest; see `test_zoo_nightly`."""

OURS = [
    Counted("ewd998", "at most 1 sent in excess", lambda: ewd998.model(3, 2), 20_870, 157_308, 28),
    Counted("ewd998", "2 nodes", lambda: ewd998.model(2), 2_360, 11_798, 24),
    Counted("ewd998:BOUNDED", "2 nodes", lambda: ewd998.model(2, bounded=True), 2_360, 10_878, 24),
    Counted("paxos_commit", "1 manager", lambda: paxos_commit.model(1), 1_461, 9_936, 15),
    Counted("coffee_can", "up to 50 beans", lambda: coffee_can.model(50), 1_325, 5_002, 1),
    Counted("readers_writers", "2 actors", lambda: readers_writers.model(2), 390, 935, 9),
    Counted("voting", TWO_OF_EACH, voting.model, 599, 2_080, 11),
    Counted("philosophers:ORDERED", "5", lambda: philosophers.model(ordered=True), 70, 220, 6),
]
"""Nobody published these; a naive search found the same."""


def each(rows: list[Counted]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=[f"{r.name}, {r.of_what}" for r in rows])


@each([*PUBLISHED, *OURS])
def test_there_are_as_many_states_as_published(row: Counted) -> None:
    counts = check(row.model(), properties=(), keep_going=True).counts
    found = (counts.distinct, counts.generated, counts.depth)
    assert found == (row.distinct, row.generated, row.depth)


FALSE_ON_PURPOSE = {
    "die_hard": {"never_the_goal"},
    "missionaries": {"somebody_stays"},
    "missionaries_counted": {"some_stay"},
    "philosophers": {"deadlock_free", "hungry_leads_to_eats"},
}


@each([*PUBLISHED, *OURS])
def test_every_claim_holds_but_those_made_to_be_refuted(row: Counted) -> None:
    report = check(row.model())
    false = FALSE_ON_PURPOSE.get(report.model, set())
    verdicts = {name: finding.verdict for name, finding in report.findings.items()}
    assert verdicts == {
        name: Verdict.VIOLATED if name in false else Verdict.HOLDS for name in verdicts
    }
    assert verdicts
    assert false <= set(verdicts)


@pytest.mark.parametrize(
    ("model", "claim", "steps"),
    [
        (die_hard.MODEL, "never_the_goal", 6),
        (missionaries.MODEL, "somebody_stays", 11),
        (missionaries.COUNTED, "some_stay", 11),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_puzzle_is_solved_in_the_fewest_steps(model: Model, claim: str, steps: int) -> None:
    (path,) = check(model).findings[claim].paths
    assert len(path) == steps
    assert path.replay()


@pytest.mark.parametrize("number", [3, 4, 5, 8])
def test_philosophers_starve_once_each_has_taken_a_fork(number: int) -> None:
    report = check(philosophers.model(number), properties=["deadlock_free"], keep_going=True)
    (path,) = report.findings["deadlock_free"].paths
    assert len(path) == number
    assert {step.label.action.name for step in path.steps} == {"take_first"}
    assert report.counts.terminal == 1


def test_taking_forks_in_order_leaves_nobody_waiting_for_ever() -> None:
    """And it is the order that does it: with the same fairness the classic table starves."""
    claim = "hungry_leads_to_eats"
    assert check(philosophers.ORDERED).findings[claim].verdict is Verdict.HOLDS
    assert check(philosophers.MODEL).findings[claim].verdict is Verdict.VIOLATED


def test_exchanging_managers_leaves_one_state_of_each_kind() -> None:
    """The kinds counted by hand: what the coordinator is, and how many managers are how."""
    model = two_phase_commit.model(5)
    (rms,) = model.sorts
    graph, kinds = state_graph(model), set()
    for number in range(graph.size):
        state = graph.state(number)
        coordinator = [state.value(field[None]) for field in two_phase_commit.Coordinator.fields]
        fields = (*two_phase_commit.Manager.fields, *two_phase_commit.Heard.fields)
        managers = sorted(encode(tuple(state.value(field[rm]) for field in fields)) for rm in rms)
        kinds.add((encode(tuple(coordinator)), *managers))
    report = check(two_phase_commit.SYMMETRIC, keep_going=True)
    assert report.counts.distinct == len(kinds) == 314
    assert report.verdict is Verdict.HOLDS


Packed: TypeAlias = tuple[tuple[int, ...], str, tuple[bool, ...], frozenset[Any]]
"""Stages (0 working, 1 prepared, 2 committed, 3 aborted), decision, heard, messages sent."""


def put(values: tuple[Any, ...], place: int, value: Any) -> tuple[Any, ...]:
    return (*values[:place], value, *values[place + 1 :])


def successors(state: Packed) -> Iterator[Packed]:
    """Two-phase commit once more, in the order in which stateright goes through it."""
    stages, decision, heard, sent = state
    if decision == "open" and all(heard):
        yield stages, "commit", heard, sent | {"commit"}
    if decision == "open":
        yield stages, "abort", heard, sent | {"abort"}
    for rm, stage in enumerate(stages):
        if decision == "open" and rm in sent:
            yield stages, decision, put(heard, rm, True), sent
        if stage == 0:
            yield put(stages, rm, 1), decision, heard, sent | {rm}
            yield put(stages, rm, 3), decision, heard, sent
        if "commit" in sent:
            yield put(stages, rm, 2), decision, heard, sent
        if "abort" in sent:
            yield put(stages, rm, 3), decision, heard, sent


def sorted_by_stage(state: Packed) -> Packed:
    stages, decision, heard, sent = state
    order = sorted(range(len(stages)), key=stages.__getitem__)
    named = frozenset(order.index(m) if isinstance(m, int) else m for m in sent)
    return tuple(stages[rm] for rm in order), decision, tuple(heard[rm] for rm in order), named


@pytest.mark.parametrize(
    ("managers", "name", "count"),
    [(3, lambda s: s, 288), (5, lambda s: s, 8_832), (5, sorted_by_stage, 665)],
    ids=["3", "5", "5, sorted by stage"],
)
def test_stateright_counts_665_because_it_sorts_by_stage_alone(
    managers: int, name: Callable[[Packed], Packed], count: int
) -> None:
    """Depth first, and a state is known if one of the same name is; many share no name."""
    start: Packed = ((0,) * managers, "open", (False,) * managers, frozenset())
    known, ahead = {name(start)}, [start]
    while ahead:
        for state in successors(ahead.pop()):
            if name(state) not in known:
                known.add(name(state))
                ahead.append(state)
    assert len(known) == count


def test_nodes_that_refrain_from_sending_reach_the_states_within_the_limit() -> None:
    def states(model: Model) -> set[bytes]:
        graph = state_graph(model)
        cells = [
            f[key]
            for record in model.records
            for key in model.keys(record) or ()
            for f in record.fields
        ]
        found = map(graph.state, range(graph.size))
        return {encode(tuple(state.value(cell) for cell in cells)) for state in found}

    assert states(ewd998.model(2)) == states(ewd998.model(2, bounded=True))


# The files and the page


FILES = sorted(p.stem for p in ZOO.glob("*.py") if p.stem not in {"__init__", "faults"})


def test_every_file_has_a_model_and_a_way_to_build_others() -> None:
    for name in FILES:
        module = import_module(f"choir_model.zoo.{name}")
        assert isinstance(module.MODEL, Model)
        assert isinstance(module.model(), Model)
        assert module.MODEL.name == name


def spaced(number: int) -> str:
    return f"{number:_}".replace("_", " ")


@each([*PUBLISHED, *LARGE])
def test_a_file_tells_how_many_states_there_are(row: Counted) -> None:
    text = (ZOO / f"{row.name.partition(':')[0]}.py").read_text("utf-8")
    said = " ".join((ast.get_docstring(ast.parse(text)) or "").split())
    assert re.search(rf"(?<!\d ){spaced(row.distinct)}\b", said)


def test_the_page_has_the_tested_counts() -> None:
    rows = re.findall(r"^\| `(\w+(?::\w+)?)` \| (.+?) \| (.+)\|$", page(), re.MULTILINE)
    listed = {
        (name, of): tuple(cell.strip() for cell in rest.split("|")) for name, of, rest in rows
    }
    expected = {}
    for row in (*PUBLISHED, *LARGE):
        generated = spaced(row.generated) + (f" ({spaced(row.tlc)})" if row.tlc else "")
        expected[row.name, row.of_what] = (spaced(row.distinct), generated, str(row.depth))
    assert {key: cells for key, cells in listed.items() if len(cells) == 3} == expected


def page() -> str:
    return (ROOT / "docs" / "zoo.md").read_text("utf-8")


def test_the_commands_on_the_page_end_as_it_says() -> None:
    sound, faulty = re.findall(r"^choir (engine check \S+)$", page(), re.MULTILINE)
    assert choir(*sound.split()).status == 0
    ran = choir(*faulty.split())
    assert (ran.status, "VIOLATED" in ran.out) == (1, True)
