"""The engine's benchmark: both programs do the same work, and a ratio too high is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.engine import (
    KEEPS_UP,
    MORE,
    Result,
    compared,
    engine,
    main,
    measure,
    naive,
    profile,
    shortfalls,
    subjects,
    summary,
    table,
)
from benchmarks.engine_naive import Naive
from benchmarks.engine_process import LONG, PROGRAMS, processes
from choir_model.engine import (
    ANY,
    Action,
    Field,
    Model,
    Record,
    View,
    always,
    deadlock_free,
    each_step,
    guard,
    sometimes,
)
from choir_model.zoo import die_hard, voting

FEW = ["consensus.MODEL", "die_hard.MODEL", "ewd998.MODEL"]
SUBJECTS = subjects()


class Tank(Record, name="tank"):
    litres = Field(0)


def fill(view: View) -> None:
    guard(view, Tank(view).litres < 5)
    Tank(view).litres += view.choose([1, 2])


def small(view: View) -> bool:
    return Tank(view).litres < 4


def upwards(before: View, after: View) -> bool:
    return Tank(after).litres > Tank(before).litres


def full(view: View) -> bool:
    return Tank(view).litres == 6


TANK = Model(
    "tank",
    {Tank: None},
    [Action(fill)],
    properties=[always(small), each_step(upwards), sometimes(full), deadlock_free()],
)


def test_the_naive_checker_counts_and_judges() -> None:
    found = naive(TANK, None)
    assert sorted(state[0] for state in found.states) == [0, 1, 2, 3, 4, 5, 6]
    assert (found.distinct, found.generated, found.depth) == (7, 11, 4)
    assert (found.outside, found.terminal) == (0, 2)
    assert found.violated == {"small", "deadlock_free"}
    assert found.seen == {"full"}
    down = replace(TANK, properties=[each_step(lambda before, after: False, name="never")])
    assert naive(down, None).violated == {"never"}
    assert naive(replace(TANK, done=full), 3).distinct == 3


def test_the_naive_checker_leaves_out_what_a_constraint_excludes() -> None:
    found = naive(replace(TANK, constraints=[small]), None)
    assert (found.distinct, found.generated, found.outside, found.depth) == (4, 9, 3, 3)
    assert compared("tank", replace(TANK, constraints=[small]), None).naive_counts["outside"] == 3


class Anything(Record, name="anything"):
    seen = Field(False)


class Diary(Record, name="diary"):
    entry = Field(0, auxiliary=True)


@pytest.mark.parametrize("records", [{Anything: ANY}, {Diary: None}])
def test_what_is_beyond_the_naive_checker_is_refused(records: dict[type[Record], None]) -> None:
    with pytest.raises(ValueError, match="more than a naive checker can do"):
        Naive(Model("beyond", records, [Action(fill)]), [], None)


@pytest.mark.parametrize("name", SUBJECTS)
def test_both_programs_find_the_same(name: str) -> None:
    model = SUBJECTS[name]
    limit = None if model.symmetric_sorts else 60
    result = compared(name, model, limit)
    assert result.engine_counts["distinct"] > 1
    if not result.reduced:
        assert result.engine_counts == result.naive_counts


def test_the_orbits_of_a_symmetric_model_are_counted() -> None:
    found = naive(voting.SYMMETRIC, None)
    assert found.orbits() == engine(voting.SYMMETRIC, None).counts.distinct < found.distinct
    assert naive(die_hard.MODEL, None).orbits() == 16


def drop_a_state(found: Naive) -> None:
    found.states.popitem()


def forget_a_violation(found: Naive) -> None:
    found.violated.clear()


@pytest.mark.parametrize("spoil", [drop_a_state, forget_a_violation])
def test_programs_that_do_not_agree_are_noticed(
    spoil: Callable[[Naive], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiled(model: Model, limit: int | None) -> Naive:
        found = naive(model, limit)
        spoil(found)
        return found

    monkeypatch.setattr("benchmarks.engine.naive", spoiled)
    with pytest.raises(RuntimeError, match=r"^die_hard: the engine"):
        compared("die_hard", die_hard.MODEL, None)


def test_both_programs_are_timed_in_every_round() -> None:
    result = measure("die_hard.MODEL", die_hard.MODEL, 10, rounds=2, least=0.001)
    assert len(result.engine) == len(result.naive) == 2
    assert len(result.engine_process) == len(result.naive_process)
    assert len(result.naive_process) == 2 * MORE or result.naive_process[0] > LONG
    assert min(*result.engine, *result.naive) > 0
    assert min(*result.engine_process, *result.naive_process) > 0
    assert min(result.repeats.values()) >= 1
    assert result.engine_counts["distinct"] == 10


def measured(in_process: float, whole: float, states: int = KEEPS_UP) -> Result:
    """A result with these ratios."""
    counts = {"distinct": states, "generated": 4}
    result = Result("tank", 1, None, False, counts, counts)
    result.naive = [1.0, 1.0, 2.0]
    result.engine = [in_process, 9.0, 2 * in_process]
    result.engine_processor, result.naive_processor = [2.0], [8.0]
    result.engine_process, result.naive_process = [whole, 9.0, whole], [1.0, 1.0, 1.0]
    return result


def test_ratios_that_are_too_high_are_named() -> None:
    result = measured(in_process=2.0, whole=1.0)
    assert (result.ratio, result.process_ratio, result.processor_ratio) == (2.0, 1.0, 0.25)
    assert shortfalls([result], 2.0) == []
    (line,) = shortfalls([result], 1.5)
    assert line.startswith("tank: in process the engine takes 2.00 times as long")
    assert len({len(row) for row in table([result, result]).splitlines()}) == 1


def test_in_process_a_ratio_counts_only_from_some_states_on() -> None:
    small = measured(in_process=2.0, whole=1.0, states=KEEPS_UP - 1)
    assert shortfalls([small], 1.5) == []
    assert shortfalls([small], 1.5, few=KEEPS_UP - 1) != []


def test_a_whole_process_that_takes_too_long_is_named_however_short() -> None:
    slow = measured(in_process=1.0, whole=1.75, states=3)
    (line,) = shortfalls([slow], 1.5)
    assert line.startswith("tank: in a process of its own the engine takes 1.75 times")


def test_the_summary_says_which_reading_is_met_and_what_the_rest_costs() -> None:
    good, bad = measured(in_process=1.0, whole=1.25), measured(in_process=2.0, whole=1.0)
    bad.model = "pond"
    whole, inside = summary([good, bad, bad], 1.5)
    met = "whole process: at most 1.5 is met by every model; the greatest ratio is 1.25, tank"
    assert whole == met
    assert inside.startswith("in process: at most 1.5 is missed by pond, pond; together")
    assert inside.endswith("8,000.0 ms on them, the naive checker 2,000.0 ms")
    assert summary([good], 1.5)[1] == "in process: at most 1.5 is met by every model"
    assert summary([measured(1.0, 2.0)], 1.5)[0].startswith("whole process: at most 1.5 is missed")


def test_processes_that_print_different_verdicts_are_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expression, asked = "MODEL", ["ALWAYS", "SOMETIMES"]
    seconds = processes("die_hard.MODEL", expression, asked, None, 1)
    assert sorted(map(len, seconds.values())) == [1, 1]
    monkeypatch.setitem(PROGRAMS, "naive", "print('nothing is wrong')")
    with pytest.raises(RuntimeError, match=r"^die_hard\.MODEL: the processes print"):
        processes("die_hard.MODEL", expression, ["ALWAYS"], None, 1)
    with pytest.raises(RuntimeError, match="a process of the benchmark failed"):
        processes("die_hard.MODEL", "NOTHING", asked, None, 1)


def test_the_command_writes_its_figures_and_fails_where_they_are_too_high(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    quick = ["--quick", "--models", *FEW, "--json", str(file)]
    assert main([*quick, "--ratio", "0"]) == 1
    assert capsys.readouterr().out.count("FAILED") >= len(FEW)
    written = json.loads(file.read_text("utf-8"))
    assert [model["model"] for model in written["models"]] == sorted(FEW)
    assert len(written["failed"]) >= len(FEW)
    assert len(written["summary"]) == 2
    for model in written["models"]:
        assert {"engine", "naive"} == set(model["repeats"])
        assert len(model["engine_process"]) == len(model["naive_process"]) == 1
        assert model["reduced"] or model["engine_counts"] == model["naive_counts"]
    assert main([*quick, "--ratio", "1e9"]) == 0


def test_a_profile_has_its_costliest_functions() -> None:
    assert "tottime" in profile(die_hard.MODEL, 10)
