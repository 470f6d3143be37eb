"""What takes longer than a moment shows that it goes on: on a terminal, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import TEA, Terminal, child, choir
from engine_models import JUGS

from choir_model.cli.progress import Bars, progress

ESCAPE = "\x1b"
DEFECT = (
    "from planted_defects import LEDGER_DEFECTS, planted\n"
    "held = planted(LEDGER_DEFECTS[2]); held.__enter__()\n"
)
"""A reference with a wrong rule, for the rest of a child's life."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a log in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tea.jsonl").write_text(TEA, encoding="utf-8")
    return tmp_path


def test_reading_and_opening_are_shown_as_well_as_running(folder: Path) -> None:
    ran = Terminal("verify", "tea.jsonl", "--steps", 60, folder=folder).finish()
    assert ran.status == 0
    for stage in ("reading", "opening the engines", "tea", "ledger machine", "system machine"):
        assert stage in ran.err


def test_executing_a_failure_again_is_shown(folder: Path) -> None:
    failing(folder)
    ran = Terminal("verify", "--replay", "choir-failure.json", folder=folder).finish()
    assert "executing again" in ran.err


def failing(folder: Path, terminal: bool = False) -> str:
    """What a run that minimises a failure says on standard error."""
    tests = str(Path(__file__).parent)
    before = f"import sys; sys.path.insert(0, {tests!r})\n{DEFECT}"
    arguments = ("verify", "tea.jsonl", "--steps", 3000)
    if terminal:
        ran = Terminal(*arguments, folder=folder, before=before).finish()
    else:
        ran = child(*arguments, folder=folder, before=before)
    assert ran.status == 1
    return ran.err


def test_minimising_a_failure_is_shown_on_a_terminal_only(folder: Path) -> None:
    assert "minimising the failure" in failing(folder, terminal=True)
    assert failing(folder) == ""


def test_a_check_of_a_model_shows_what_it_explores_and_writes(folder: Path) -> None:
    (folder / "jugs.py").write_text(JUGS, encoding="utf-8")
    arguments = ("engine", "check", "jugs.py", "--keep-going", "--graph", "states.svg")
    ran = Terminal(*arguments, folder=folder).finish()
    assert "exploring" in ran.err
    assert "writing states" in ran.err
    assert (folder / "states.svg").exists()
    assert choir(*arguments).err == ""


def test_without_a_terminal_nothing_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as bars:
        bars.stage("first", 0)
        bars.stage("second", 7)
        bars.done(3)
    assert capsys.readouterr() == ("", "")


def test_a_stage_without_a_total_moves_and_then_goes_away() -> None:
    from rich.progress import Progress

    drawn = Progress(disable=True)
    bars = Bars(drawn)
    bars.stage("reading", 0)
    assert drawn.tasks[0].total is None
    bars.done(5)
    bars.stage("a [bold]talk\x1b[2J", 2)
    assert not drawn.tasks[0].visible
    assert drawn.tasks[1].description == r"a \[bold]talk\x1b[2J"
    bars.done(9)
    assert (drawn.tasks[1].completed, drawn.tasks[1].visible) == (2, True)


def test_what_is_written_to_a_pipe_has_neither_colours_nor_bars(folder: Path) -> None:
    ran = choir("verify", "tea.jsonl", "--steps", 0)
    assert (ran.status, ran.err) == (0, "")
    assert ESCAPE not in ran.out
