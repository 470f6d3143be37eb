"""The pages: what they point at exists, what they show runs and is what one sees."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from planted_defects import LEDGER_DEFECTS
from test_architecture import STEPS

from choir_model.cli.app import verify

ROOT = Path(__file__).parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *DOCS,
    *sorted(ROOT.glob("programs/*/README.md")),
]
PICTURES = sorted((ROOT / "docs").glob("**/*.svg"))

MADE = {"choir-failure.json", "your-log.jsonl", "target/deploy/choir.so"}
"""Files the pages speak of that somebody makes."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(
    r"[\w./-]+\.(json|jsonl|lock|md|py|rs|sh|sha256|so|svg|toml)|[\w.-]+(/[\w.-]+)*/|\w+(/[\w-]+)+"
)
COMMAND = re.compile(r"^choir verify.*$", re.MULTILINE)


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", paths, ids=[str(p.relative_to(ROOT)) for p in paths])


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return BLOCK.sub("", page.read_text("utf-8"))


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text("utf-8")) if kind == language]


def anchors(page: Path) -> set[str]:
    """The fragments that headings of a page can be linked by."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def broken_links(page: Path) -> Iterator[str]:
    for target in LINK.findall(prose(page)):
        path, _, fragment = target.partition("#")
        if path.startswith(("https://", "http://")):
            continue
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (fragment and fragment not in anchors(found)):
            yield target


SOURCES = ("choir_model", "programs/choir/src", "tests")
"""What paths in tables may be relative to, as the pages say."""


def places(path: str, page: Path) -> list[Path]:
    """The files a page means by `path`: beside itself, in the project, among the sources."""
    near = (page.parent, page.parent / "src", ROOT, ROOT / "choir_model" / "program")
    folders = (*near, *(ROOT / source for source in SOURCES))
    return [folder / path for folder in folders if (folder / path).exists()]


def missing_paths(page: Path) -> Iterator[str]:
    for span in SPAN.findall(prose(page)):
        if PATH.fullmatch(span) and span not in MADE and not places(span, page):
            yield span


@each(PAGES)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert not list(broken_links(page))


@each(PAGES)
def test_every_path_named_exists(page: Path) -> None:
    assert not list(missing_paths(page))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        links = (link.partition("#")[0] for link in LINK.findall(prose(page)))
        found = ((page.parent / link).resolve() for link in links if link.endswith(".md"))
        ahead += [other for other in found if other not in reached]
    assert set(PAGES) <= reached


def test_what_is_missing_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A b\n[x](none.md) [y](#a-c) [z](#a-b) `none.py` `a/b/` `tests/` `a / b`\n")
    assert list(broken_links(page)) == ["none.md", "#a-c"]
    assert list(missing_paths(page)) == ["none.py", "a/b/"]


@each([ROOT / "README.md", *DOCS])
def test_python_on_a_page_runs_and_prints_what_it_says(page: Path) -> None:
    for block in blocks(page, "python"):
        printed, scope = io.StringIO(), {"__name__": page.stem}
        with contextlib.redirect_stdout(printed):
            exec(compile(block, str(page), "exec"), scope)  # noqa: S102
            for name, value in list(scope.items()):
                if name.startswith("test_") and callable(value):
                    value()
        said = re.findall(r"^print\(.*\)  # (.*)$", block, re.MULTILINE)
        assert printed.getvalue().splitlines() == said


@each([ROOT / "README.md", *DOCS])
def test_options_on_a_page_are_those_of_the_command(page: Path) -> None:
    known = {option for parameter in verify.params for option in parameter.opts}
    for block in blocks(page, "sh"):
        for command in COMMAND.findall(block):
            assert set(re.findall(r"(?<= )--?[a-z]+", command)) <= known


def tables(page: Path, heading: str) -> list[list[list[str]]]:
    """The tables of a section, each as its rows without the head."""
    section = page.read_text("utf-8").partition(f"{heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\|[-|]+\|\n((?:\|.*\|\n)+)", section, re.MULTILINE)
    return [
        [[cell.strip() for cell in row[1:-1].split("|")] for row in rows.splitlines()]
        for rows in found
    ]


@pytest.mark.parametrize(
    ("page", "heading"),
    [("docs/architecture.md", "## Packages, in import order"), ("CONTRIBUTING.md", "## Layout")],
)
def test_packages_are_listed_in_the_order_the_architecture_is_tested_for(
    page: str, heading: str
) -> None:
    *_, rows = tables(ROOT / page, heading)
    listed = [set(SPAN.findall(row[0])) for row in rows]
    assert listed == [set(step) - {"__main__"} for step in STEPS]


(CLAUSES,) = tables(ROOT / "docs" / "architecture.md", "## Where each clause lives")


def cited(text: str) -> set[str]:
    """The clauses a text speaks of; ``L1 to L8``, ``C1-C3`` and ``test_m8_…`` included."""
    found = set(re.findall(r"\b[A-Z]\d+[a-z]?\b", text))
    for letter, first, last in re.findall(r"\b([A-Z])(\d)(?: to |-)[A-Z](\d)\b", text):
        found |= {f"{letter}{number}" for number in range(int(first), int(last) + 1)}
    found |= {name.upper() for name in re.findall(r"(?<=_)[a-z]\d(?=_)", text)}
    return found | {f"section {number}" for number in re.findall(r"\b[Ss]ection (\d+)", text)}


@pytest.mark.parametrize("row", CLAUSES, ids=[row[0] for row in CLAUSES])
def test_each_file_of_the_clause_table_cites_its_clause(row: list[str]) -> None:
    clause, _, *columns, _ = row
    for base, column in zip(SOURCES, columns, strict=True):
        for path in SPAN.findall(column):
            text = (ROOT / base / path).read_text("utf-8")
            assert clause in cited(text), f"{path} does not cite {clause}"


# What is shown of the command's output

NUMBER = re.compile(r"\d[\d, ]*(\.\d+)*")
WRAPPED = re.compile(r"\n {10,}")
NOT_REACHED = re.compile(r"^\w+: not reached: .*\n|; not all was reached \(.*\)", re.MULTILINE)
"""What only a short run says."""


def shape(output: str) -> list[str]:
    """The lines of an output but for numbers, spacing, and what a short run did not reach."""
    text = NOT_REACHED.sub("", WRAPPED.sub(" · ", output)).replace("UNREACHED", "HOLDS")
    text = re.sub(r"program [0-9a-f]{12}", "program 0", text)
    return [" ".join(NUMBER.sub("0 ", line).split()) for line in text.splitlines()]


def choir(*arguments: str, cwd: Path, before: str = "") -> tuple[int, str]:
    """Run the command in a process of its own, after `before`; exit status and output."""
    code = f"import sys\n{before}\nfrom choir_model.cli import main\nmain()"
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8", "FORCE_COLOR": ""},
        cwd=cwd,
        capture_output=True,
        check=False,
    )
    assert not done.stderr, done.stderr.decode()
    return done.returncode, done.stdout.decode()


def test_the_readme_shows_what_one_sees(tmp_path: Path) -> None:
    status, seen = choir("verify", "--steps", "300", cwd=tmp_path)
    assert status == 0
    verify, counterexample = blocks(ROOT / "README.md", "text")
    assert shape(verify) == shape(seen)
    model = ROOT / "choir_model" / "zoo" / "philosophers.py"
    status, seen = choir("engine", "check", str(model), cwd=tmp_path)
    assert status == 1
    assert counterexample in seen


PLANT = """
from planted_defects import LEDGER_DEFECTS, planted
defect = planted(next(d for d in LEDGER_DEFECTS if d.name == {name!r}))
defect.__enter__()
"""
DEFECT = "a vote counts at the deadline itself"


def test_the_failure_on_the_page_is_what_one_sees(tmp_path: Path) -> None:
    assert DEFECT in {defect.name for defect in LEDGER_DEFECTS}
    status, seen = choir("verify", cwd=tmp_path, before=PLANT.format(name=DEFECT))
    assert status == 1
    (sample,) = blocks(ROOT / "docs" / "lockstep.md", "text")
    seen = seen.replace(f"{ROOT / 'choir_model' / 'data' / 'logs'}{os.sep}", "")
    assert shape(sample) == shape(seen)
    status, again = choir("verify", "--replay", "choir-failure.json", cwd=tmp_path)
    assert status == 0, again  # without the defect both sides agree


@pytest.mark.parametrize("picture", PICTURES, ids=[p.name for p in PICTURES])
def test_a_picture_stands_alone(picture: Path) -> None:
    """Text as text, with a title, nothing fetched from elsewhere."""
    root = ET.parse(picture).getroot()  # noqa: S314 (a file of the project)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert {"title", "desc", "text"} <= names
    assert not names & {"image", "script", "foreignObject", "use"}
    text = picture.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|@import|@font-face", text)
