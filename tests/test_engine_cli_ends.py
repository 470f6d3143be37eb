"""How ``choir engine check`` ends: errors in a model, signals, full disks, odd terminals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_cases import assert_one_line
from cli_runs import PATIENCE, RUN, Ran, Terminal, child, choir, environment
from engine_models import JUGS, counter
from test_cli_bad_input import WITHOUT


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a model file."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "jugs.py").write_text(JUGS, encoding="utf-8")
    return here


def check(*arguments: object) -> Ran:
    return choir("engine", "check", *arguments)


def last_line(ran: Ran) -> str:
    return ran.out.splitlines()[-1]


# Errors in the model


FAULTY = """\
import sys
from choir_model.engine import Action, Field, Model, Record, Sort, always, guard

class Cup(Record, name="cup"):
    tea = Field(0)

CUPS = Sort("cup", ["big", "small"])

def pour(view, cup):
    guard(view, Cup(view, cup).tea < 3)
    Cup(view, cup).tea += 1

def spill(view, cup):
    if Cup(view, cup).tea == 2:
        {spill}

def fine(view):
    {fine}

MODEL = Model("cups", {{Cup: CUPS}}, [Action(pour, over=CUPS), Action(spill, over=CUPS)],
              properties=[always(fine)])
"""


@pytest.mark.parametrize(
    ("spill", "fine", "message"),
    [
        ("raise ValueError('too\\nhot')", "return True", "spill(cup=big): ValueError: too hot"),
        ("Cup(view, cup).tea = []", "return True", "cup.tea[big]: a list cannot be a cell value"),
        ("Cup(view, cup).milk = 1", "return True", "AttributeError: cup has no field milk"),
        ("view.choose((2, 1))", "return True", "the options are not in canonical order"),
        ("while True: Cup(view, cup).tea += 0", "return True", "used its view more than"),
        ("sys.exit(0)", "return True", "spill(cup=big): SystemExit: 0 ("),
        ("pass", "return 1 // (2 - Cup(view, 'big').tea) >= 0", "ZeroDivisionError"),
    ],
)
def test_an_error_in_the_model_is_one_line_and_the_way_to_it(
    spill: str, fine: str, message: str, folder: Path
) -> None:
    text = FAULTY.format(spill=spill, fine=fine)
    (folder / "cups.py").write_text(text, encoding="utf-8")
    ran = check("cups.py", "--json", "report.json")
    assert (ran.status, ran.out) == (2, "")
    first, *path = ran.err.splitlines()
    assert first.startswith("choir engine check: ")
    assert message in first
    assert "cups.py:" in first
    assert path == [
        "0  initial",
        "1  pour(cup=big)    cup.tea[big]: 0 → 1",
        "2  pour(cup=big)    cup.tea[big]: 1 → 2",
    ]
    assert not (folder / "report.json").exists()


def test_a_model_that_ends_the_process_gives_no_verdict(folder: Path) -> None:
    raising = "raise type('Gone', (BaseException,), {})('for good')"
    for spill, what in (("sys.exit(0)", "SystemExit: 0"), (raising, "Gone: for good")):
        (folder / "cups.py").write_text(FAULTY.format(spill=spill, fine="return True"))
        ran = check("cups.py")
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.splitlines()[0] == (
            f"choir engine check: spill(cup=big): {what} (cups.py:15); "
            "in the state: cup.tea[big] = 2"
        )


COMPARING = """\
import sys
from dataclasses import dataclass
from choir_model.engine import Action, Field, Model, Record

@dataclass(frozen=True, eq=False)
class Leaf:
    size: int

    def __eq__(self, other):
        {compare}

    def __hash__(self):
        return 1

class Cup(Record, name="cup"):
    tea = Field(None)

def pour(view):
    Cup(view).tea = Leaf(1)

MODEL = Model("cups", {{Cup: None}}, [Action(pour)])
"""


@pytest.mark.parametrize(
    ("compare", "does"),
    [
        ("sys.exit(1)", "calls sys.exit"),
        ("raise type('Gone', (BaseException,), {})", "raises Gone"),
    ],
)
def test_a_value_that_ends_the_process_where_it_is_compared_gives_no_verdict(
    compare: str, does: str, folder: Path
) -> None:
    (folder / "cups.py").write_text(COMPARING.format(compare=compare))
    told = f"choir engine check: cups.py:10: the model {does}; let it raise an error\n"
    assert check("cups.py") == Ran(2, "", told)


def test_an_error_that_only_the_state_graph_meets_costs_no_verdict(folder: Path) -> None:
    (folder / "cups.py").write_text(FAULTY.format(spill="raise ValueError", fine="return False"))
    ran = check("cups.py", "--property", "fine", "--graph", "cups.dot")
    assert ran.status == 1
    assert last_line(ran).startswith("VIOLATED fine; explored ")
    assert ran.err.startswith("choir engine check: --graph cups.dot: is not written: spill(cup=")
    assert not (folder / "cups.dot").exists()


# Signals


STRIKING = """\
import os, signal
from choir_model.engine import Action, Field, Model, Record, Sort, guard, always

class Counter(Record, name="counter"):
    value = Field(0)

struck = []

def count(view):
    guard(view, Counter(view).value < 3000)
    Counter(view).value = Counter(view).value + 1
    {strike}

def fine(view):
    return True

MODEL = Model("striking", {{Counter: None}}, [Action(count)], properties=[always(fine)])
"""
ONCE = "if Counter(view).value == 7 and not struck: struck.append(1); strike()\n"
STRIKE = "\ndef strike():\n    os.kill(os.getpid(), signal.SIGINT)\n"


def striking(folder: Path, how: str, extra: str = STRIKE) -> str:
    (folder / "striking.py").write_text(STRIKING.format(strike=how) + extra, encoding="utf-8")
    return "striking.py"


def test_an_interrupted_check_reports_what_it_did_and_draws_nothing(folder: Path) -> None:
    out = ("--json", "report.json", "--graph", "states.dot")
    ran = check(striking(folder, ONCE), *out)
    assert ran.status == 3
    assert last_line(ran).startswith("UNKNOWN fine; explored 8 states, stopped by an interrupt")
    assert ran.err == "choir engine check: --graph states.dot: is not written: interrupted\n"
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert (report["verdict"], report["stopped"]) == ("UNKNOWN", "an interrupt")
    assert not (folder / "states.dot").exists()


def test_a_second_interrupt_ends_at_once(folder: Path) -> None:
    twice = "if Counter(view).value == 7: strike(), strike()\n"
    ran = check(striking(folder, twice), "--json", "report.json")
    assert ran == Ran(3, "", "choir engine check: interrupted\n")
    assert not (folder / "report.json").exists()


def test_an_interrupt_waits_for_the_end_of_a_step(folder: Path) -> None:
    """A step torn in the middle would be held against the model."""
    strike = f"{STRIKE}    open('went on', 'w').close()\n"
    assert check(striking(folder, ONCE, strike)).status == 3
    assert (folder / "went on").exists()


def test_an_interrupt_of_the_state_graph_costs_no_verdict(folder: Path) -> None:
    """The check ends with the violation; only the graph comes to where the signal is."""
    text = """
def fine(view):
    return Counter(view).value < 3

MODEL = Model("striking", {Counter: None}, [Action(count)], properties=[always(fine)])
"""
    ran = check(striking(folder, ONCE, STRIKE + text), "--graph", "states.dot")
    assert ran.status == 1
    assert last_line(ran).startswith("VIOLATED fine; explored ")
    assert ran.err == "choir engine check: --graph states.dot: is not written: interrupted\n"
    assert not (folder / "states.dot").exists()


def test_an_interrupt_that_the_model_swallows_is_not_lost(folder: Path) -> None:
    swallowing = (
        "\ndef strike():\n    try:\n        os.kill(os.getpid(), signal.SIGINT)\n"
        "    except BaseException:\n        pass\n"
    )
    ran = check(striking(folder, ONCE, swallowing))
    assert ran.status == 3
    assert "stopped by an interrupt" in last_line(ran)


def test_an_interrupt_while_the_file_is_executed_ends_it(folder: Path) -> None:
    (folder / "stuck.py").write_text("raise KeyboardInterrupt\n")
    assert check("stuck.py") == Ran(3, "", "choir engine check: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_from_outside_ends_a_long_run_with_its_report(
    number: signal.Signals, folder: Path
) -> None:
    (folder / "many.py").write_text(counter(8, 20), encoding="utf-8")
    out = folder / "out.txt"
    terminal = Terminal("engine", "check", "many.py", "--json", "r.json", folder=folder, out=out)
    terminal.wait_for(r"level [5-9] ")
    terminal.process.send_signal(number)
    ran = terminal.finish()
    assert ran.status == 3
    assert "Traceback" not in ran.err
    last = out.read_text(encoding="utf-8").splitlines()[-1]
    assert last.startswith("UNKNOWN small, full; explored ")
    assert "stopped by an interrupt" in last
    assert json.loads((folder / "r.json").read_text("utf-8"))["counts"]["distinct"] > 100


def test_a_check_gives_the_signal_handlers_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    assert check("jugs.py").status == 1
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


# Errors of ours, and of the computer


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ZeroDivisionError("two\nlines"), "internal error, ZeroDivisionError: two lines; please"),
        (ImportError("libc is too old"), "internal error, ImportError: libc is too old; please"),
    ],
)
def test_an_error_of_ours_is_no_verdict(
    error: Exception, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("choir_model.engine.check", failing(error))
    ran = check("jugs.py", "--json", "report.json")
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith("Traceback")
    assert line in ran.err.splitlines()[-1]
    assert not Path("report.json").exists()


def failing(error: BaseException) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_a_lack_of_memory_is_said_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("choir_model.engine.check", failing(MemoryError()))
    assert check("jugs.py") == Ran(3, "", "choir engine check: out of memory; give a --limit\n")


def test_an_output_replaces_the_last_one_whole_or_not_at_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "t.json").write_text("the last one")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        ran = check("jugs.py", "--property", "both_full", "--itf", "t.json", "--json", "r.json")
    assert ran.status == 3
    assert ran.err.splitlines() == [
        "choir engine check: --json r.json: cannot be written: No space left on device",
        "choir engine check: --itf t.json: cannot be written: No space left on device",
    ]
    assert last_line(ran).startswith("HOLDS"), "the result is not lost"
    assert sorted(path.name for path in folder.iterdir()) == ["jugs.py", "t.json"]
    assert (folder / "t.json").read_text() == "the last one"


def test_a_full_disk_below_the_report_is_no_verdict(folder: Path) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 (as in a shell)
        ran = subprocess.run(
            [sys.executable, "-c", RUN, "engine", "check", "jugs.py", "--property", "both_full"],
            cwd=folder,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert ran.returncode == 3
    said = "choir engine check: the report cannot be shown: No space left on device\n"
    assert ran.stderr == said


@pytest.mark.parametrize(("claim", "status"), [("never_four", 1), ("both_full", 0)])
def test_a_reader_who_went_away_changes_no_verdict(claim: str, status: int, folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "engine", "check", "jugs.py", "--property", claim],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (status, "")


@pytest.mark.parametrize("package", ["rich", "networkx", "pydot", "numpy", "matplotlib"])
def test_a_missing_package_is_named_with_its_cure(package: str, folder: Path) -> None:
    suffix = {"networkx": "graphml", "pydot": "dot", "numpy": "npz"}.get(package, "png")
    arguments = ("engine", "check", "jugs.py", "--graph", f"states.{suffix}")
    ran = child(*arguments, folder=folder, before=WITHOUT.format(name=package))
    assert_one_line(ran, f"the package {package} is missing; run pip install {package}")
    assert [path.name for path in folder.iterdir()] == ["jugs.py"]
