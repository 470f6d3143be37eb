"""Help of every command: it is short, shows examples that are right, and comes at once."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cli_runs import child, choir
from test_cli import HEAVY

from choir_model.cli.app import choir as group

MODULES = 120
"""Modules that help may load, those Python itself begins with apart."""


def commands(
    command: click.Command = group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))


ALL = dict(commands())


def examples(text: str) -> list[list[str]]:
    """The command lines below "Example", without what explains them."""
    lines = text.partition("Example")[2].splitlines()
    found = (re.search(r"\b(choir [a-z].*?)(\)|   | \||$)", line) for line in lines)
    return [shlex.split(line[1]) for line in found if line]


def test_the_commands_are_those_this_file_knows() -> None:
    assert set(ALL) == {
        (),
        ("verify",),
        ("import",),
        ("completion",),
        ("engine",),
        ("engine", "check"),
    }


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_shows_examples_and_fits_a_terminal(path: tuple[str, ...]) -> None:
    ran = choir(*path, "--help")
    assert (ran.status, ran.err) == (0, "")
    assert max(map(len, ran.out.splitlines())) <= 96
    shown = ran.out if path != ("completion",) else ran.out.replace("Put one", "Example")
    found = examples(shown)
    assert len(found) >= 1
    prefix = ["choir", *path]
    assert any(words[: len(prefix)] == prefix for words in found)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_example_is_understood(path: tuple[str, ...]) -> None:
    text = choir(*path, "--help").out.replace("Put one", "Example")
    for words in examples(text):
        command: click.Command = group
        arguments = words[1:]
        while isinstance(command, click.Group):
            command = command.commands[arguments.pop(0)]
        command.make_context("choir", arguments)  # raises for what it does not know


def test_an_example_that_is_wrong_would_be_noticed() -> None:
    assert examples("Examples:\n  choir verify --sed 1     a seed\n  source <(choir x y)\n") == [
        ["choir", "verify", "--sed", "1"],
        ["choir", "x", "y"],
    ]
    with pytest.raises(click.NoSuchOption):
        ALL["verify",].make_context("choir", ["--sed", "1"])


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_loads_little_and_nothing_heavy(path: tuple[str, ...], tmp_path: Path) -> None:
    """A count instead of a time: it is the same on every machine."""
    report = (
        "import atexit, json, sys; before = set(sys.modules)\n"
        "atexit.register(lambda: print('\\n' + json.dumps(sorted(set(sys.modules) - before))))"
    )
    ran = child(*path, "--help", folder=tmp_path, before=report)
    assert (ran.status, ran.err) == (0, "")
    loaded = json.loads(ran.out.splitlines()[-1])
    assert [name for name in loaded if name in (*HEAVY, "junitparser")] == []
    assert "click" in loaded
    assert len(loaded) < MODULES, len(loaded)
