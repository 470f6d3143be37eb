"""Minimising: what is left of a failure fails as the whole did."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from choir_model.content.port import ReferenceContent
from choir_model.lockstep.compare import Coverage, Disagreement, Violation, kind_of
from choir_model.lockstep.content import run_content_lockstep
from choir_model.lockstep.running import minimise


class Scripted:
    """Fails with an outcome once `boom` follows `fuse`; `boom` alone fails otherwise."""

    def __init__(self) -> None:
        self.commands: list[Any] = []
        self.coverage = Coverage()

    def apply(self, command: Any) -> None:
        if command == "begin":
            self.commands = []
        self.commands.append(command)
        if command == "boom":
            lit = "fuse" in self.commands
            aspect = "account vault" if lit else "account thread"
            raise Disagreement(command, aspect, 1, 2)

    def finish(self) -> None:
        return


def test_a_smaller_sequence_must_fail_in_the_same_way() -> None:
    commands = ["begin", "a", "fuse", "b", "c", "boom"]
    failure = minimise(Scripted(), commands)
    assert failure is not None
    assert failure.commands == ["begin", "fuse", "boom"]
    assert failure.original == len(commands)
    assert isinstance(failure.cause, Disagreement)
    assert failure.cause.aspect == "account vault"


def test_what_does_not_fail_again_is_not_minimised() -> None:
    assert minimise(Scripted(), ["begin", "a", "b"]) is None


def test_kinds_tell_clauses_aspects_and_refusals_apart() -> None:
    errors: list[Exception] = [
        Violation("c", "S2", "x"),
        Violation("c", "S6", "x"),
        Disagreement("c", "clock", 1, 2),
        Disagreement("c", "outcome", ("Confirmed", ()), ("Rejected", "WindowClosed")),
        Disagreement("c", "outcome", ("Confirmed", ()), ("Rejected", "WindowOpen")),
        KeyError("x"),
    ]
    assert len({kind_of(error) for error in errors}) == len(errors)
    same = Disagreement("d", "outcome", ("Confirmed", (1, 2)), ("Rejected", "WindowOpen"))
    assert kind_of(same) == kind_of(errors[4])


def test_a_seed_means_the_same_whatever_modules_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hypothesis draws constants of the user's modules, unless it is kept from it."""

    def refusals() -> dict[str, int]:
        return dict(run_content_lockstep(ReferenceContent, seed=2, steps=1_500).refusals)

    before = refusals()
    constants = ", ".join(str(number) for number in range(101, 300))
    (tmp_path / "full_of_constants.py").write_text(f"NUMBERS = [{constants}]\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("full_of_constants")
    assert refusals() == before
