"""The benchmark runs, measures what it says, and knows when a figure is too low."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.lockstep import (
    RUNS,
    SUBJECTS,
    Result,
    main,
    measure,
    profile,
    record,
    shortfalls,
    table,
)
from benchmarks.machines import time_empty, time_real
from benchmarks.tape import Engines, differing_answers
from choir_model.lockstep.running import Budget

FEW = Budget(seed=3, steps=30)


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_machine_is_measured_in_every_way(name: str) -> None:
    result = measure(name, FEW, rounds=2)
    assert result.commands >= FEW.steps
    assert result.steps > 0
    assert all(len(getattr(result, run)) == 2 for run in RUNS)
    assert min(*result.lockstep, *result.empty, *result.bare, *result.adapters) > 0
    assert sum(result.calls.values()) > result.commands
    assert set(result.transactions) <= {"confirmed", "rejected"}
    json.dumps(result.report())
    assert len({len(line) for line in table([result, result]).splitlines()}) == 1


def test_the_empty_machine_draws_the_same_rules_and_arguments_and_does_nothing() -> None:
    engines = Engines()
    try:
        machine, pair = SUBJECTS["ledger"](engines)
        _, real = time_real(machine, pair, FEW)
        executed = pair.coverage.steps
        _, empty = time_empty(machine, real, FEW)
    finally:
        engines.close()
    assert empty.drawn == real.drawn != []
    assert real.answers
    assert pair.coverage.steps == executed


def test_a_replay_that_is_answered_otherwise_is_noticed() -> None:
    tape = record("content", FEW)
    engines = Engines()
    try:
        SUBJECTS["content"](engines)
        assert differing_answers(tape.calls[len(tape.calls) // 2 :], engines.bare)
    finally:
        engines.close()


def test_figures_that_are_too_low_are_named() -> None:
    result = Result("system", steps=10, lockstep=[1.0], empty=[0.1], adapters=[0.3])
    assert shortfalls(result, 0.1, 0.3) == []
    low = shortfalls(result, 0.2, 0.4)
    assert [line.partition(":")[0] for line in low] == ["system", "system"]
    assert "0.100" in low[0]
    assert "0.333" in low[1]


def test_the_command_writes_its_figures_and_fails_where_they_are_too_low(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    few = ["--steps", "30", "--rounds", "1", "--machines", "system", "--json", str(file)]
    assert main([*few, "--step-ratio", "1000", "--real-share", "-1000"]) == 1
    assert "FAILED system: steps per second" in capsys.readouterr().out
    written = json.loads(file.read_text("utf-8"))
    assert len(written["failed"]) == 1
    assert written["machines"][0]["lockstep"]
    assert main([*few, "--step-ratio", "0", "--real-share", "-1000"]) == 0


def test_a_profile_has_its_costliest_functions() -> None:
    assert "tottime" in profile("content", FEW)
