"""Mistakes as data: what is prepared in an empty folder, the arguments, the line that must come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cli_runs import TEA, Ran, choir

Prepare = Callable[[Path], list[object]]
"""Puts files into a folder; the arguments after ``choir``."""


@dataclass(frozen=True, slots=True)
class Case:
    """A mistake, and what the line about it must contain."""

    name: str
    prepare: Prepare
    expected: tuple[str, ...]
    opened: bool = False
    """The engine only finds out by opening a store, and makes notes of its own there."""

    def __str__(self) -> str:
        return self.name


def case(name: str, prepare: Prepare, *expected: str) -> Case:
    return Case(name, prepare, expected)


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file and directory below, with the content of the files."""
    found = {}
    for path in sorted(folder.rglob("*")):
        is_file = path.is_file() and not path.is_symlink()
        found[str(path.relative_to(folder))] = path.read_bytes() if is_file else b""
    return found


def assert_one_line(ran: Ran, *expected: str) -> None:
    assert "Traceback" not in ran.err, ran.err
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("choir")
    assert ran.err.count("\n") == 1, ran.err
    assert ran.err.endswith("\n")
    assert ran.err[:-1].isprintable()
    assert len(ran.err) < 1_100
    assert [piece for piece in expected if piece not in ran.err] == [], ran.err


def given(*arguments: object) -> Prepare:
    return lambda folder: list(arguments)


def with_log(*arguments: object) -> Prepare:
    """A good log, ``log.jsonl``, is there."""

    def prepare(folder: Path) -> list[object]:
        (folder / "log.jsonl").write_text(TEA, encoding="utf-8")
        return list(arguments)

    return prepare


def with_file(content: str | bytes, name: str = "log.jsonl") -> Prepare:
    """A file as the log to replay."""
    data = content if isinstance(content, bytes) else content.encode()

    def prepare(folder: Path) -> list[object]:
        (folder / name).write_bytes(data)
        return ["verify", name]

    return prepare


def assert_refused(wrong: Case, folder: Path) -> None:
    """Run the case in the folder: one line, and nothing is written or changed."""
    arguments = wrong.prepare(folder)
    before = snapshot(folder)
    ran = choir(*arguments)
    assert_one_line(ran, *wrong.expected)
    after = snapshot(folder)
    if wrong.opened:
        before, after = ({n: b"" for n in found if "journal" not in n} for found in (before, after))
    assert after == before
