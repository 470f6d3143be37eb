"""Wrong arguments, files and models for ``choir engine check``: one line, status 2, no change."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_cases import Case, Prepare, assert_one_line, assert_refused, case
from cli_runs import ROOT, Ran, child, choir
from engine_models import JUGS

from choir_model.cli import model_files
from choir_model.engine import ModelError, Sort

ENGINE = ("engine", "check")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def jugs(*arguments: object, model: str = "jugs.py") -> Prepare:
    """A good model file, ``jugs.py``, is there and named."""

    def prepare(folder: Path) -> list[object]:
        (folder / "jugs.py").write_text(JUGS, encoding="utf-8")
        return [*ENGINE, model, *arguments]

    return prepare


def file(content: str | bytes, name: str = "m.py", argument: str = "") -> Prepare:
    """A file with this content as the model file."""

    def prepare(folder: Path) -> list[object]:
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
        return [*ENGINE, argument or name]

    return prepare


def made(make: Callable[[Path], object], argument: str) -> Prepare:
    """Something else in the folder."""

    def prepare(folder: Path) -> list[object]:
        make(folder)
        return [*ENGINE, argument]

    return prepare


def good(addition: str, argument: str = "m.py") -> Prepare:
    """The good model file with something added at its end."""
    return file(JUGS + addition, argument=argument)


def only(definition: str, argument: str = "m.py") -> Prepare:
    """The good model file with its model replaced."""
    return file(JUGS.partition("MODEL = ")[0] + definition, argument=argument)


def asked(prepare: Prepare, *arguments: object) -> Prepare:
    """The same with further arguments."""
    return lambda folder: [*prepare(folder), *arguments]


ARGUMENTS = (
    case("no file", lambda _: [*ENGINE], "Missing argument 'FILE.py[:NAME]'", "see choir engine"),
    case("two files", jugs("other.py"), "unexpected extra argument"),
    case("unknown command", lambda _: ["engine", "chekc"], "No such command 'chekc'"),
    case("unknown option", jugs("--limits", 1), "--limits", "--limit"),
    case("no states", jugs("--limit", 0), "--limit", "0 is not in the range x>=1"),
    case("less than no states", jugs("--limit", -5), "-5 is not in the range"),
    case("half a state", jugs("--limit", 0.5), "'0.5' is not a valid integer"),
    case("no levels", jugs("--depth", 0), "--depth", "not in the range"),
    case("no counterexamples", jugs("--counterexamples", 0), "--counterexamples", "range"),
    case("option without value", jugs("--json"), "--json", "requires an argument"),
    case(
        "unknown property",
        jugs("--property", "never_five"),
        "jugs has no property 'never_five'; it has never_four, never_too_full, both_full",
    ),
    case(
        "unknown property where there are none",
        asked(only("MODEL = Model('m', {Jugs: None}, [Action(fill_big)])\n"), "--property", "x"),
        "m has no property 'x'; it has none",
    ),
    case("property with no name", jugs("--property", ""), "jugs has no property ''"),
    case(
        "property given twice",
        jugs("--property", "both_full", "--property", "both_full"),
        "--property both_full: is given twice",
    ),
)

CURE = "give a Python file that defines a model"


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "m.py")


FILES = (
    case("no such file", jugs(model="no.py"), "no.py: there is no such file", CURE),
    case("no such file, with a name", jugs(model="no.py:MODEL"), "no.py: there is no such file"),
    case("a name only", jugs(model=":MODEL"), "':MODEL' names no file", CURE),
    case("nothing", jugs(model=""), "'' names no file", CURE),
    case("a directory", jugs(model="."), ".: is a directory", CURE),
    case(
        "a directory called like a file",
        made(lambda folder: (folder / "m.py").mkdir(), "m.py"),
        "m.py: is a directory",
    ),
    case("below a file", jugs(model="jugs.py/m.py"), "jugs.py/m.py: there is no such file"),
    case("another kind of file", file(JUGS, "m.txt"), "m.txt: is no .py file", CURE),
    case("a file without suffix", file(JUGS, "model"), "model: is no .py file", CURE),
    case("a compiled file", file(b"\0\0", "m.pyc"), "m.pyc: is no .py file"),
    case("a pipe", made(a_pipe, "m.py"), "m.py: is no regular file", CURE),
    case("a device", jugs(model="/dev/null"), "/dev/null: is no .py file"),
    case(
        "a dangling link",
        made(lambda folder: (folder / "m.py").symlink_to("gone.py"), "m.py"),
        "m.py: there is no such file",
    ),
    case(
        "a link to itself",
        made(lambda folder: (folder / "m.py").symlink_to("m.py"), "m.py"),
        "m.py",
        CURE,
    ),
    case("too long a name", jugs(model="m" * 300 + ".py"), "File name too long", CURE),
    case("a NUL byte in the name", jugs(model="m\0.py"), r"m\x00.py", CURE),
    case("a line break in the name", jugs(model="m\n.py"), "m .py: there is no such file"),
    case("a colon in the name", jugs(model="a:b.py"), "a:b.py: there is no such file"),
    case("a colon and a name", jugs(model="a:b.py:MODEL"), "a:b.py: there is no such file"),
    case("an empty name", jugs(model="jugs.py:"), "'' is no name of a model; write jugs.py:MODEL"),
    case("two colons", jugs(model="jugs.py::MODEL"), "jugs.py:: there is no such file"),
    case("a name that is none", jugs(model="jugs.py:my-model"), "'my-model' is no name"),
    case("a name with a dot", jugs(model="jugs.py:a.b"), "'a.b' is no name"),
    case(
        "an unknown name",
        jugs(model="jugs.py:OTHER"),
        "jugs.py: has no OTHER; name one as jugs.py:NAME; it has MODEL",
    ),
)

DEEP = "(" * 5000 + ")" * 5000

CONTENTS = (
    case("an empty file", file(""), "m.py: defines no model; bind one, as MODEL = Model(…)"),
    case("a binary file", file(bytes(range(256))), "m.py", "Error: "),
    case("NUL bytes", file(b"x = 1\n\0\0\n"), "m.py", "null bytes"),
    case("not UTF-8", file(b"x = '\xff'\n"), "m.py", "SyntaxError"),
    case("an unknown encoding", file(b"# coding: klingon\n"), "m.py", "unknown encoding: klingon"),
    case("wrong syntax", file("x = 1\ny = = 2\n"), "m.py:2: SyntaxError: invalid syntax"),
    case("wrong indentation", file("x = 1\n  y = 2\n"), "m.py:2: IndentationError: unexpected"),
    case("a bracket left open", file("x = (\n"), "m.py:1: SyntaxError: '(' was never closed"),
    case("too deep", file(f"x = {DEEP}\n"), "m.py", "too many nested parentheses"),
    case("an exception", file("x = 1\n\n1 / 0\n"), "m.py:3: ZeroDivisionError: division by zero"),
    case(
        "an exception in a function",
        file("def f():\n    raise ValueError('two\\nlines')\nf()\n"),
        "m.py:2: ValueError: two lines",
    ),
    case("an exception without text", file("raise RuntimeError\n"), "m.py:1: RuntimeError\n"),
    case(
        "an exception that cannot be shown",
        file("class E(Exception):\n    def __str__(self): raise self\nraise E\n"),
        "m.py:3: E\n",
    ),
    case(
        "no exception at all", file("class B(BaseException): pass\nraise B('b')\n"), "m.py:2: B: b"
    ),
    case("endless recursion", file("def f(): f()\nf()\n"), "m.py:1: RecursionError: maximum"),
    case("a missing module", file("import nowhere\n"), "m.py:1: ModuleNotFoundError: No module"),
    case("a relative import", file("from . import x\n"), "m.py:1: ImportError: attempted relative"),
    case("an exit", file("import sys\nsys.exit()\n"), "m.py:2: the file calls sys.exit; a model"),
    case("an exit with status 0", file("raise SystemExit(0)\n"), "m.py:1: the file calls sys.exit"),
    case("no model", file("x = 1\n"), "m.py: defines no model; bind one, as MODEL = Model(…)"),
    case(
        "a function only",
        only("def make() -> Model:\n    return None\n"),
        "m.py: defines no model; name one as m.py:NAME; it has make\n",
    ),
    case(
        "two models",
        good("first = MODEL\ndel MODEL\nsecond = Model('s', {Jugs: None}, [Action(fill_big)])\n"),
        "m.py: defines several models; name one as m.py:NAME; it has first, second\n",
    ),
    case(
        "twenty models",
        only("for n in range(20):\n    globals()[f'm{n}'] = Model('m', {}, [Action(fill_big)])\n"),
        "it has m0, m1,",
        "m11, …",
    ),
    case("a model of the wrong type", good("MODEL = {}\n"), "m.py:MODEL: is of type dict, not a"),
    case(
        "None for a model", only("MODEL = None\n"), "m.py:MODEL: is of type NoneType, not a Model"
    ),
    case("a class for a model", good("", "m.py:Jugs"), "m.py:Jugs: is a class, not a Model; name"),
    case(
        "a function with parameters",
        good("def make(n, *, top, m=1): return MODEL\n", "m.py:make"),
        "m.py:make: needs arguments (n, top); name one as m.py:NAME; it has MODEL",
    ),
    case(
        "a function that returns nothing",
        good("def make(): pass\n", "m.py:make"),
        "m.py:make(): is of type NoneType, not a Model",
    ),
    case(
        "a function that fails",
        only("def make():\n    return Model()\n", "m.py:make"),
        ": TypeError: ",
        "missing 3 required positional arguments",
    ),
    case(
        "a function that ends the process",
        good("def make(): exit_()\nfrom sys import exit as exit_\n", "m.py:make"),
        ": the file calls sys.exit",
    ),
)

MODELS = (
    case("no action", only("MODEL = Model('m', {Jugs: None}, [])\n"), "a model needs at least one"),
    case(
        "an action twice",
        only("MODEL = Model('m', {Jugs: None}, [Action(fill_big), Action(fill_big)])\n"),
        "m.py:",
        "m: actions must have names of their own; fill_big occurs twice\n",
    ),
    case(
        "an action with too many parameters",
        only("def act(view, who): pass\nMODEL = Model('m', {Jugs: None}, [Action(act)])\n"),
        ": act takes 2 parameters but is declared over 0 sorts: it is called as act(view)\n",
    ),
    case(
        "an empty sort",
        only("from choir_model.engine import Sort\nNOBODY = Sort('nobody', 0)\n"),
        ": the sort nobody has no members\n",
    ),
    case(
        "a float as a default",
        only("class Cup(Record, name='cup'):\n    tea = Field(0.5)\n"),
        "m.py:",
        "a float cannot be a cell value",
    ),
)


OUTPUTS = (
    case("report into no directory", jugs("--json", "no/r.json"), "--json no/r.json: there is no"),
    case("report as a directory", jugs("--json", "."), "--json .: is a directory; name a file"),
    case("report below a file", jugs("--json", "jugs.py/r.json"), "there is no directory"),
    case("report with too long a name", jugs("--json", "r" * 300), "File name too long; name"),
    case("report over the model", jugs("--json", "../here/jugs.py"), "is another file of this run"),
    case("report where nothing can be", jugs("--json", "/proc/self/r.json"), "--json /proc/self/"),
    case("trace over the model", jugs("--itf", "jugs.py"), "--itf jugs.py: is another file"),
    case("trace to standard output", jugs("--itf", "-"), "--itf -: only --json can go to"),
    case("graph to standard output", jugs("--graph", "-"), "--graph -: only --json can go to"),
    case(
        "report and trace in one file",
        jugs("--json", "r.json", "--itf", "./r.json"),
        "--itf r.json: is another file of this run too; name a new one",
    ),
    case(
        "report where a second trace would go",
        jugs("--itf", "t.itf.json", "--json", "../here/t-2.itf.json"),
        "--itf t.itf.json: a second trace would go to ../here/t-2.itf.json",
    ),
    case(
        "trace and graph in one file",
        jugs("--itf", "g.dot", "--graph", "g.dot"),
        "--graph g.dot: is another file of this run too",
    ),
    case(
        "graph with an unknown suffix",
        jugs("--graph", "states.pdf"),
        "--graph states.pdf: end the name in one of ",
        ".graphml",
        ".dot",
        ".png",
        ".svg",
        ".npz",
    ),
    case("graph without a suffix", jugs("--graph", "states"), "--graph states: end the name in"),
    case("graph with a suffix only", jugs("--graph", ".png"), "--graph .png: end the name in"),
    case("graph into no directory", jugs("--graph", "no/g.dot"), "there is no directory"),
)

CASES = (*ARGUMENTS, *FILES, *CONTENTS, *MODELS, *OUTPUTS)


@pytest.mark.parametrize("wrong", CASES, ids=str)
def test_a_mistake_is_one_line_and_changes_nothing(wrong: Case, folder: Path) -> None:
    assert_refused(wrong, folder)


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({wrong.name for wrong in CASES}) == len(CASES) > 80


# What takes more than one file, or another computer


def test_a_file_that_may_not_be_read_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "jugs.py").write_text(JUGS, encoding="utf-8")

    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert_one_line(choir(*ENGINE, "jugs.py"), "jugs.py: cannot be read: Permission denied")


def test_a_mistake_in_a_neighbour_is_placed_there(folder: Path) -> None:
    away = folder / "away"
    away.mkdir()
    (away / "whole.py").write_text("import parts\n", encoding="utf-8")
    for text, said in (
        ("x = 1\ny = ]\n", "away/parts.py:2: SyntaxError: unmatched ']'"),
        ("\n1 / 0\n", "away/parts.py:2: ZeroDivisionError: division by zero"),
        ("import json\n\njson.loads('{')\n", "away/parts.py:3: JSONDecodeError: "),
    ):
        (away / "parts.py").write_text(text, encoding="utf-8")
        extra = {"PYTHONDONTWRITEBYTECODE": "1"}
        assert_one_line(child(*ENGINE, "away/whole.py", folder=folder, extra=extra), said)


def test_a_mistake_is_placed_where_the_user_made_it(folder: Path) -> None:
    """Not in a package installed below, nor in this one."""
    package = folder / "site-packages"
    package.mkdir()
    (package / "lib_of_test.py").write_text("def f():\n    1 / 0\n", encoding="utf-8")
    text = "import sys\nsys.path.insert(0, 'site-packages')\nimport lib_of_test\n"
    (folder / "m.py").write_text(f"{text}\n\n\nlib_of_test.f()\n", encoding="utf-8")
    extra = {"PYTHONDONTWRITEBYTECODE": "1"}
    ran = child(*ENGINE, "m.py", folder=folder, extra=extra)
    assert_one_line(ran, "m.py:7: ZeroDivisionError")
    with pytest.raises(ModelError) as caught:
        Sort("nobody", 0)
    spec = model_files.Spec(ROOT / "m.py", None, str(ROOT / "m.py"), str(ROOT))
    assert model_files.place_of(caught.value, spec).startswith(f"{Path(__file__)}:")


@pytest.mark.parametrize("output", [("--json", "no/r.json"), ("--graph", "states.pdf")])
def test_an_output_that_cannot_be_written_is_found_before_anything_is_run(
    output: tuple[str, str], folder: Path
) -> None:
    text = "open('executed', 'w').close()\n"
    (folder / "m.py").write_text(text + JUGS, encoding="utf-8")
    assert_one_line(choir(*ENGINE, "m.py", *output), output[0])
    assert [path.name for path in folder.iterdir()] == ["m.py"]


def test_a_current_directory_that_is_gone_is_said(folder: Path) -> None:
    before = "import os; os.rmdir(os.getcwd())"
    model = folder.parent / "jugs.py"
    model.write_text(JUGS, encoding="utf-8")
    for argument, said in ((model, "--json r.json: No such file"), ("jugs.py", "no such file")):
        ran: Ran = child(*ENGINE, argument, "--json", "r.json", folder=folder, before=before)
        folder.mkdir()
        assert_one_line(ran, said)
