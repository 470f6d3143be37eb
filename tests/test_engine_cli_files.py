"""What ``choir engine check`` writes: JSON reports, traces, state graphs."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from cli_runs import ROOT, Ran, child, choir
from engine_models import JUGS, PURSES, counter

from choir_model import __version__, engine
from choir_model.engine import State
from choir_model.engine.export import path_from_json
from choir_model.engine.graph import StateGraph


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


def last_line(ran: Ran) -> str:
    return ran.out.splitlines()[-1]


def read(path: str) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


# JSON


def test_the_json_report_has_everything_that_is_shown() -> None:
    assert check("purses.py", "--json", "report.json", "--counterexamples", 3).status == 1
    report = read("report.json")
    assert (report["format"], report["version"]) == ("choir-model report", 1)
    assert (report["model"], report["verdict"]) == ("purses", "VIOLATED")
    assert (report["search"], report["seed"]) == ("exhaustive, deterministic", None)
    assert report["design"] == {"theft": "punished", "praise": "free"}
    assert report["bounds"] == {"sort person": "3 members", "constraints": "modest"}
    assert set(report["versions"]) >= {"choir-model", "python"}
    names = ["solvent", "generous", "rich", "praised", "keeps_friends", "deadlock_free"]
    assert [finding["property"] for finding in report["findings"]] == names
    assert report["findings"][0]["over"] == ["person"]
    assert len(report["findings"][0]["paths"]) == 3
    assert report["coverage"]["pay"]["instances"] == 9
    assert set(report["coverage"]["pay"]["refused"]) == {"BROKE", "SAME"}
    assert report["counts"]["distinct"] > 100
    assert report["audit"]["executions"] > 0


def test_the_page_names_the_keys_of_a_report() -> None:
    assert check("purses.py", "--property", "solvent", "--json", "r.json").status == 1
    report, page = read("r.json"), (ROOT / "docs" / "checking-models.md").read_text("utf-8")
    parts = {
        "findings": report["findings"][0],
        "counts": report["counts"],
        "coverage": report["coverage"]["pay"],
        "audit": report["audit"],
    }
    for part, found in parts.items():
        (row,) = re.findall(rf"^\| `{part}` \| (.*) \|$", page, re.MULTILINE)
        assert set(found) <= set(re.findall(r"`(\w+)`", row)), part


def test_the_paths_in_a_report_can_be_replayed() -> None:
    assert check("jugs.py", "--json", "report.json").status == 1
    scope: dict[str, Any] = {"__name__": "jugs"}
    exec(JUGS, scope)  # noqa: S102 (as an import would)
    (violated, *_, witnessed) = read("report.json")["findings"]
    path = path_from_json(scope["MODEL"], violated["paths"][0])
    assert len(path.replay(State().step)) == 6
    assert len(path_from_json(scope["MODEL"], witnessed["paths"][0])) == 2


def test_the_json_report_goes_to_standard_output_and_the_other_one_beside_it() -> None:
    ran = check("jugs.py", "--json", "-")
    assert ran.status == 1
    assert json.loads(ran.out)["verdict"] == "VIOLATED"
    assert ran.err == check("jugs.py").out
    assert list(Path().glob("-*")) == []


def test_two_runs_with_different_hash_seeds_say_the_same_to_the_byte(folder: Path) -> None:
    arguments = ("purses.py", "--counterexamples", 4, "--json", "r.json", "--itf", "t.itf.json")
    found = []
    for seed in ("1", "2"):
        extra = {"PYTHONHASHSEED": seed}
        limited = ("--graph", "g.graphml", "--limit", 200)
        ran = child("engine", "check", *arguments, *limited, folder=folder, extra=extra)
        assert (ran.status, ran.err) == (1, "")
        written = {path.name: path.read_bytes() for path in sorted(folder.glob("*.*ml"))}
        written |= {path.name: path.read_bytes() for path in sorted(folder.glob("*.json"))}
        assert len(written) > 4
        found.append((ran.out, written))
    assert found[0] == found[1]


# Traces


def test_the_first_counterexample_is_written_as_a_trace() -> None:
    assert check("jugs.py", "--itf", "trace.itf.json").status == 1
    trace = read("trace.itf.json")
    assert trace["vars"] == ["jugs.small", "jugs.big"]
    bigs = [int(state["jugs.big"]["#bigint"]) for state in trace["states"]]
    assert bigs == [0, 5, 2, 2, 0, 5, 4]
    meta = trace["#meta"]
    assert (meta["property"], meta["verdict"], meta["seed"]) == (
        "never_four",
        "VIOLATED",
        "exhaustive",
    )
    assert (meta["search"], meta["bounds"]) == ("exhaustive, deterministic", "{}")
    assert json.loads(meta["versions"])["choir-model"] == __version__
    assert all(type(remark) is str for remark in meta.values())
    assert sorted(path.name for path in Path().glob("*.json")) == ["trace.itf.json"]


@pytest.mark.parametrize(
    ("name", "second"),
    [("t.itf.json", "t-2.itf.json"), ("t.json", "t-2.json"), ("t", "t-2"), ("a.b.c", "a.b-2.c")],
)
def test_further_traces_are_numbered(name: str, second: str) -> None:
    found = check("purses.py", "--property", "solvent", "--counterexamples", 2, "--itf", name)
    assert found.status == 1
    assert read(name)["states"] != read(second)["states"]
    assert len(list(Path().iterdir())) == 4


def test_without_a_counterexample_the_witnesses_are_written() -> None:
    assert check("jugs.py", "--property", "both_full", "--itf", "w.json").status == 0
    assert read("w.json")["#meta"]["property"] == "both_full"


def test_without_either_nothing_is_written_and_that_is_said() -> None:
    ran = check("jugs.py", "--property", "never_too_full", "--itf", "t.json")
    assert ran.status == 0
    assert ran.err == (
        "choir engine check: --itf t.json: is not written: "
        "there is neither a counterexample nor a witness\n"
    )
    assert not Path("t.json").exists()


# Graphs


@pytest.mark.parametrize("suffix", [".graphml", ".dot", ".npz", ".png", ".svg"])
def test_the_state_graph_is_written_in_the_form_its_name_ends_in(suffix: str) -> None:
    ran = check("jugs.py", "--graph", f"states{suffix}")
    assert (ran.status, ran.err) == (1, "")
    begins = {".graphml": b"<", ".dot": b"digraph", ".npz": b"PK", ".png": b"\x89PNG"}
    content = Path(f"states{suffix}").read_bytes()
    assert content.startswith(begins.get(suffix, b"<?xml"))


def test_the_state_graph_ends_where_the_check_ends() -> None:
    ran = check("jugs.py", "--graph", "states.dot", "--depth", 3, "--property", "never_too_full")
    assert (ran.status, ran.err) == (3, "")
    distinct = re.search(r"(\d+) distinct .* depth 3 ", ran.out)
    assert distinct is not None
    drawn = Path("states.dot").read_text("utf-8")
    assert len(re.findall(r"^\d+ \[", drawn, re.MULTILINE)) == int(distinct[1])


def test_a_graph_too_large_for_a_picture_costs_no_verdict() -> None:
    ran = check("purses.py", "--property", "solvent", "--graph", "states.png")
    assert ran.status == 1
    said = (
        "choir engine check: --graph states.png: is not written: purses has more than "
        "200 states, a picture has room for 200; name a .dot, .graphml or .npz file, "
        "or give a --limit or a --depth\n"
    )
    assert ran.err == said
    assert last_line(ran).startswith("VIOLATED solvent")
    held = check("purses.py", "--property", "deadlock_free", "--graph", "states.png")
    assert (held.status, held.err) == (0, said)
    assert last_line(held).startswith("HOLDS")
    assert not Path("states.png").exists()


def test_no_more_is_explored_for_a_picture_than_it_has_room_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "many.py").write_text(counter(4, 4), encoding="utf-8")
    asked: list[int | None] = []
    explored = engine.state_graph

    def spy(
        model: engine.Model, limit: int | None = None, *, depth: int | None = None
    ) -> StateGraph:
        asked.append(limit)
        return explored(model, limit, depth=depth)

    monkeypatch.setattr(engine, "state_graph", spy)
    assert check("many.py", "--graph", "states.svg").status == 0
    assert asked == [], "the check has told already"
    assert check("jugs.py", "--graph", "states.svg").status == 1
    assert check("jugs.py", "--graph", "states.svg", "--limit", 9).status == 3
    assert asked == [201, 9]


@pytest.mark.parametrize("name", ["states.SVG", "states.Dot", "states.PNG"])
def test_a_suffix_in_capitals_means_the_same(name: str) -> None:
    ran = check("jugs.py", "--graph", name)
    assert (ran.status, ran.err) == (1, "")
    assert Path(name).stat().st_size > 100


def test_an_output_may_be_a_pipe_or_a_link(folder: Path) -> None:
    link, real = folder / "link.json", folder / "real.json"
    link.symlink_to(real)
    assert check("jugs.py", "--json", link).status == 1
    assert link.is_symlink()
    assert read("real.json")["verdict"] == "VIOLATED"
    reader, writer = os.pipe()
    assert check("jugs.py", "--property", "both_full", "--itf", f"/dev/fd/{writer}").status == 0
    os.close(writer)
    with open(reader, "rb") as pipe:  # noqa: PTH123 (a descriptor)
        assert json.loads(pipe.read())["#meta"]["property"] == "both_full"


def test_files_are_written_where_the_command_was_started(folder: Path) -> None:
    (folder / "away").mkdir()
    (folder / "moving.py").write_text(f"import os\nos.chdir('away')\n{JUGS}", encoding="utf-8")
    out = ("--json", "r.json", "--itf", "t.itf.json", "--graph", "g.dot")
    ran = child("engine", "check", "moving.py", *out, folder=folder)
    assert (ran.status, ran.err) == (1, "")
    assert list((folder / "away").iterdir()) == []
    assert all((folder / name).stat().st_size for name in ("r.json", "t.itf.json", "g.dot"))


def test_a_mistake_after_a_move_is_found_in_its_file(folder: Path) -> None:
    (folder / "away").mkdir()
    (folder / "moving.py").write_text("import os\nos.chdir('away')\n1 / 0\n", encoding="utf-8")
    ran = child("engine", "check", "moving.py", folder=folder)
    assert ran.err == "choir engine check: moving.py:3: ZeroDivisionError: division by zero\n"
