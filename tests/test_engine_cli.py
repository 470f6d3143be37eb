"""``choir engine check`` as its users meet it: what it shows, writes, and ends with."""

from __future__ import annotations

import json
import platform
import re
import sys
from pathlib import Path

import pytest
from cli_runs import Ran, Terminal, child, choir
from engine_models import JUGS, PURSES, counter

from choir_model import __version__

ESCAPE = "\x1b"
HEAVY = ("hypothesis", "solders", "qdrant_edge", "msgspec", "rich", "numpy", "networkx", "scipy")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with two model files."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "jugs.py").write_text(JUGS, encoding="utf-8")
    (here / "purses.py").write_text(PURSES, encoding="utf-8")
    return here


def check(*arguments: object) -> Ran:
    return choir("engine", "check", *arguments)


def table(ran: Ran, title: str) -> dict[str, list[str]]:
    """The rows below a title, by their first words."""
    lines = ran.out.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"{title} "))
    rows = [re.split(" {2,}", line) for line in lines[start + 1 : lines.index("", start)]]
    return {row[0]: row[1:] for row in rows}


# Help


def test_help_names_the_engine_and_its_command_with_all_options() -> None:
    assert "engine" in choir("--help").out
    assert "check" in choir("engine", "--help").out
    ran = check("--help")
    assert (ran.status, ran.err) == (0, "")
    options = "--property --limit --depth --counterexamples --keep-going --json --itf --graph"
    assert [o for o in options.split() if o not in ran.out] == []
    assert max(map(len, ran.out.splitlines())) <= 96


def test_help_of_the_engine_loads_nothing_heavy(folder: Path) -> None:
    report = (
        "import atexit, sys\n"
        f"heavy = lambda: [m for m in {HEAVY!r} if m in sys.modules]\n"
        "atexit.register(lambda: print('loaded:', heavy()))"
    )
    ran = child("engine", "check", "--help", folder=folder, before=report)
    assert ran.out.endswith("loaded: []\n")


def test_a_check_loads_no_engine_of_choir_and_nothing_it_has_no_use_for(folder: Path) -> None:
    report = (
        "import atexit, sys\n"
        "unused = ('hypothesis', 'solders', 'qdrant_edge', 'networkx', 'matplotlib', 'numpy')\n"
        "atexit.register(lambda: print('loaded:', [m for m in unused if m in sys.modules]))"
    )
    ran = child("engine", "check", "jugs.py", folder=folder, before=report)
    assert ran.out.endswith("loaded: []\n")


# Verdicts and exit statuses


def test_a_violated_property_is_status_1_and_the_last_line_says_which() -> None:
    ran = check("jugs.py")
    assert (ran.status, ran.err) == (1, "")
    assert ran.out.splitlines()[-1] == "VIOLATED never_four; explored all 16 states there are"


def test_what_holds_is_status_0_and_says_within_which_bounds() -> None:
    ran = check("purses.py", "--property", "deadlock_free", "--property", "keeps_friends")
    assert (ran.status, ran.err) == (0, "")
    last = ran.out.splitlines()[-1]
    assert re.fullmatch(
        r"HOLDS 2 properties; explored all [\d ]+ states within sort person: 3 members, "
        "constraints: modest",
        last,
    )


def test_what_must_occur_and_does_not_is_unreached_and_status_3() -> None:
    ran = check("purses.py", "--property", "rich")
    assert (ran.status, ran.err) == (3, "")
    assert ran.out.splitlines()[-1].startswith("UNREACHED rich; explored all ")
    assert "rich: no state reachable within the constraints satisfies it\n" in ran.out


@pytest.mark.parametrize(
    ("option", "why"), [("--limit", "the limit of 5 states"), ("--depth", "the depth limit of 5")]
)
def test_a_run_that_met_a_limit_claims_nothing(option: str, why: str) -> None:
    ran = check("purses.py", "--property", "keeps_friends", option, 5)
    assert (ran.status, ran.err) == (3, "")
    assert re.match(
        rf"UNKNOWN keeps_friends; explored [\d ]+ states .*stopped by {why}", last_line(ran)
    )
    assert f"stopped   by {why}" in ran.out


def test_a_limit_that_was_not_met_bounds_nothing() -> None:
    ran = check("jugs.py", "--limit", 100, "--depth", 100)
    assert last_line(ran) == "VIOLATED never_four; explored all 16 states there are"
    assert "bounds    limit: 100 states · depth: 100 levels\n" in ran.out


def last_line(ran: Ran) -> str:
    return ran.out.splitlines()[-1]


def test_a_model_without_properties_is_explored_and_nothing_is_claimed(folder: Path) -> None:
    text = re.sub(r"    properties=.*\n", "", JUGS)
    (folder / "quiet.py").write_text(text, encoding="utf-8")
    ran = check("quiet.py")
    assert (ran.status, ran.err) == (0, "")
    assert (
        last_line(ran) == "HOLDS nothing: no property was checked; explored all 16 states there are"
    )
    assert "\nproperty " not in ran.out


# Which model


@pytest.mark.parametrize("argument", ["jugs.py", "jugs.py:MODEL", "./jugs.py", "../here/jugs.py"])
def test_the_usual_model_of_a_file_needs_no_name(argument: str) -> None:
    ran = check(argument)
    assert ran.status == 1
    assert ran.out.startswith(f"model     jugs · {argument}\n")


def test_a_function_may_make_the_model() -> None:
    assert check("purses.py:model", "--property", "deadlock_free").status == 0


def test_the_only_model_is_found_whatever_its_names(folder: Path) -> None:
    text = JUGS.replace("MODEL =", "puzzle =") + "again = puzzle\n"
    (folder / "only.py").write_text(text, encoding="utf-8")
    assert check("only.py").status == 1


def test_of_several_models_one_is_named(folder: Path) -> None:
    text = JUGS.replace("MODEL =", "first =") + "second = Model('second', {Jugs: None}, STEPS_)\n"
    text = text.replace("STEPS_", "[Action(fill_big)]")
    (folder / "two.py").write_text(text, encoding="utf-8")
    assert last_line(check("two.py:second")).startswith("HOLDS")
    assert last_line(check("two.py:first")).startswith("VIOLATED")


@pytest.mark.parametrize("name", ["a:b.py", "a:MODEL.py", "with space.py", "-x.py", "a.b.py"])
def test_a_file_may_have_any_name(name: str, folder: Path) -> None:
    (folder / name).write_text(JUGS, encoding="utf-8")
    assert check("--", name).status == 1
    assert check("--", f"{name}:MODEL").status == 1


def test_a_model_file_imports_its_neighbours_wherever_one_stands(folder: Path) -> None:
    away = folder / "away"
    away.mkdir()
    (away / "parts.py").write_text(JUGS, encoding="utf-8")
    (away / "whole.py").write_text("from parts import MODEL\n", encoding="utf-8")
    ran = child("engine", "check", "away/whole.py", folder=folder)
    assert (ran.status, ran.err) == (1, "")


@pytest.mark.parametrize("name", ["numpy.py", "queue.py", "rich.py", "tempfile.py"])
def test_a_neighbour_of_a_model_file_hides_no_library(name: str, folder: Path) -> None:
    (folder / "away").mkdir()
    (folder / "away" / name).write_text("raise ImportError('the wrong one')\n")
    (folder / "away" / "m.py").write_text(f"import numpy, queue\n{JUGS}", encoding="utf-8")
    ran = child("engine", "check", "away/m.py", "--graph", "states.npz", folder=folder)
    assert (ran.status, ran.err) == (1, "")


def test_a_model_file_leaves_paths_and_arguments_as_they_were(folder: Path) -> None:
    text = "import sys\nassert sys.argv[1:3] == ['engine', 'check']\nsys.path.insert(0, '/x')\n"
    (folder / "adding.py").write_text(text + JUGS, encoding="utf-8")
    before = list(sys.path), list(sys.argv)
    assert check("adding.py").status == 1
    assert (sys.path, sys.argv) == before


@pytest.mark.parametrize("name", ["json.py", "click.py", "choir_model.py", "__main__.py"])
def test_a_model_file_takes_nobodys_place(name: str, folder: Path) -> None:
    (folder / name).write_text(JUGS, encoding="utf-8")
    before = dict(sys.modules), list(sys.path)
    assert check(name, "--json", "report.json").status == 1
    assert {n: m for n, m in sys.modules.items() if n in before[0]} == before[0]
    assert name not in sys.modules
    assert sys.path == before[1]


def test_a_model_file_may_ask_for_its_own_name_and_types(folder: Path) -> None:
    text = (
        "from __future__ import annotations\nimport sys, typing\n"
        "assert __name__ != '__main__' and sys.modules[__name__].__file__ == __file__\n" + JUGS
    )
    assert JUGS.startswith("from choir")
    (folder / "self.py").write_text(text, encoding="utf-8")
    ran = check("self.py")
    assert ran.status == 1, ran.err


def test_a_model_file_is_python_as_it_would_be_anywhere(folder: Path) -> None:
    text = "def f(x: int): pass\nassert f.__annotations__ == {'x': int}\n"
    (folder / "plain.py").write_text(text + JUGS, encoding="utf-8")
    assert check("plain.py").status == 1


def test_what_a_model_prints_is_no_part_of_the_report(folder: Path) -> None:
    text = JUGS.replace(
        "    Jugs(view).big = 0\n", "    print('emptied')\n    Jugs(view).big = 0\n"
    )
    (folder / "loud.py").write_text("print('hello')\n" + text, encoding="utf-8")
    ran = check("loud.py", "--json", "-")
    assert ran.status == 1
    assert json.loads(ran.out)["verdict"] == "VIOLATED"
    assert ran.err.startswith("hello\n")
    assert "emptied\n" in ran.err


# What is shown


def test_the_report_begins_with_what_identifies_the_run() -> None:
    head = check("purses.py", "--limit", 9).out.partition("\n\n")[0]
    assert head.splitlines() == [
        "model     purses · purses.py",
        "design    theft=punished · praise=free",
        "bounds    sort person: 3 members · constraints: modest · limit: 9 states",
        "search    exhaustive, deterministic",
        f"versions  choir-model {__version__} · python {platform.python_version()}",
    ]


def test_every_property_has_a_row_with_verdict_clause_and_length() -> None:
    assert table(check("jugs.py"), "property") == {
        "never_four": ["always", "J1", "VIOLATED", "6"],
        "never_too_full": ["always", "HOLDS"],
        "both_full": ["sometimes", "HOLDS", "2"],
    }


def test_every_action_has_a_row_and_those_that_never_fired_are_named() -> None:
    ran = check("purses.py", "--keep-going")
    rows = table(ran, "action")
    assert rows["steal"][:2] == ["3", "never"]
    assert re.search(r"\npay +9 +[\d ]+ +0 +[\d ]+  BROKE [\d ]+ · SAME [\d ]+\n", ran.out)
    assert "\nnever fired: steal\n" in ran.out
    partial = check("purses.py", "--limit", 3)
    assert "\nnever fired, as far as was explored: steal\n" in partial.out


def test_counts_and_audits_are_shown() -> None:
    out = check("jugs.py").out
    assert re.search(r"\nstates    16 distinct · \d+ generated · depth 8 · 0 terminal · 6 b", out)
    assert re.search(r"\naudit     \d+ local situations · \d+ confirmed in another state · ", out)
    assert re.search(r" \d+ outside the constraints", check("purses.py").out)


def test_a_counterexample_is_shown_as_differences() -> None:
    out = check("jugs.py").out
    begin = out.index("never_four: counterexample, 6 steps; it fails in the last state\n")
    assert out[begin:].splitlines()[1:8] == [
        "0  initial",
        "1  fill_big           jugs.big: 0 → 5",
        "2  pour_into_small    jugs.small: 0 → 3, jugs.big: 5 → 2",
        "3  empty_small        jugs.small: 3 → 0",
        "4  pour_into_small    jugs.small: 0 → 2, jugs.big: 2 → 0",
        "5  fill_big           jugs.big: 0 → 5",
        "6  pour_into_small    jugs.small: 2 → 3, jugs.big: 5 → 4",
    ]


def test_several_counterexamples_are_numbered() -> None:
    out = check("purses.py", "--property", "solvent", "--counterexamples", 2).out
    assert "\nsolvent: counterexample 1 of 2, 1 step; it fails in the last state, for " in out
    assert "\nsolvent: counterexample 2 of 2, 2 steps; it fails in the last state, for " in out
    assert "\n1  pay(payer=person1, payee=person2)" in out


def test_only_the_properties_asked_for_are_judged() -> None:
    ran = check("jugs.py", "--property", "both_full", "--property", "never_too_full")
    assert ran.status == 0
    assert list(table(ran, "property")) == ["both_full", "never_too_full"]


def test_exploring_ends_once_all_is_decided_unless_told_otherwise() -> None:
    ran = check("jugs.py", "--property", "never_four")
    assert "stopped   by the verdict on the last open property, after 7 levels\n" in ran.out
    assert "explored all 16 states" not in last_line(ran)
    on = check("jugs.py", "--property", "never_four", "--keep-going")
    assert last_line(on) == "VIOLATED never_four; explored all 16 states there are"


def test_without_a_terminal_there_are_neither_colours_nor_progress(folder: Path) -> None:
    ran = child("engine", "check", "jugs.py", folder=folder)
    assert (ran.status, ran.err) == (1, "")
    assert ESCAPE not in ran.out
    assert [line for line in ran.out.splitlines() if line != line.rstrip()] == []
    assert max(map(len, ran.out.splitlines())) <= 100


def test_on_a_terminal_there_are_both(folder: Path) -> None:
    (folder / "many.py").write_text(counter(5, 5), encoding="utf-8")
    ran = Terminal("engine", "check", "many.py", folder=folder).finish()
    assert ran.status == 0
    assert re.search(r"level \d+ · [\d ]+ states · [\d ]+/s · [\d ]+ in the queue", ran.err)
    assert f"{ESCAPE}[32mHOLDS{ESCAPE}[0m 2 properties" in ran.err


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("options", [(), ("--limit", 5)], ids=["all", "some"])
def test_the_report_fits_a_narrow_terminal(
    columns: int, options: tuple[object, ...], folder: Path
) -> None:
    run = ("engine", "check", "purses.py", *options)
    ran = Terminal(*run, folder=folder, columns=columns).finish()
    seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", ran.err)
    report = seen[seen.rindex("model     ") :]
    assert [line for line in report.splitlines() if len(line) > columns] == []
    assert " ".join(report.split()).count("; explored ") == 1
    assert ("instances" in report) == (columns == 80)


def test_progress_goes_to_the_terminal_while_the_report_goes_to_a_file(folder: Path) -> None:
    (folder / "many.py").write_text(counter(5, 5), encoding="utf-8")
    out = folder / "out.txt"
    ran = Terminal("engine", "check", "many.py", folder=folder, out=out).finish()
    assert "in the queue" in ran.err
    assert ESCAPE not in out.read_text(encoding="utf-8")
