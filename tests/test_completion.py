"""``choir completion``: what Tab offers, and that it costs nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from cli_runs import PATIENCE, RUN, Ran, child, choir, environment
from test_cli import HEAVY

from choir_model.cli.app import choir as command
from choir_model.cli.completion import SHELLS, joined
from choir_model.program.designs import CHOICES, variant

VARIANTS = {f"{key}={variant(m)}" for key, members in CHOICES.items() for m in members}


def tab(folder: Path, *words: str, of: str = "zsh") -> list[tuple[str, str]]:
    """Kind and value of what is offered for the last of the words after ``choir``."""
    extra = {
        "_CHOIR_COMPLETE": f"{of}_complete",
        "COMP_WORDS": " ".join(("choir", *words)),
        "COMP_CWORD": words[-1] if of == "fish" else str(len(words)),
    }
    ran = child(folder=folder, extra=extra)
    assert (ran.status, ran.err) == (0, "")
    if of == "zsh":
        lines = ran.out.splitlines()
        return list(zip(lines[::3], lines[1::3], strict=True))
    if of == "fish":
        lines = ran.out.splitlines()
        return [(lines[n], lines[n + 1]) for n in range(0, len(lines) - 2, 3)]
    found = (line.partition(",") for line in ran.out.splitlines())
    return [(kind, value) for kind, comma, value in found if comma]


def values(folder: Path, *words: str, of: str = "zsh") -> set[str]:
    return {value for kind, value in tab(folder, *words, of=of) if kind == "plain"}


def test_commands_and_what_belongs_to_them_are_offered(tmp_path: Path) -> None:
    assert values(tmp_path, "") == {"verify", "import", "completion", "engine"}
    assert values(tmp_path, "engine", "") == {"check"}
    assert values(tmp_path, "completion", "") == set(SHELLS)


@pytest.mark.parametrize("path", [("verify",), ("import",), ("engine", "check")])
def test_every_option_of_a_command_is_offered(path: tuple[str, ...], tmp_path: Path) -> None:
    found: click.Command = command
    for name in path:
        assert isinstance(found, click.Group)
        found = found.commands[name]
    names = (name for option in found.params for name in (*option.opts, *option.secondary_opts))
    wanted = {name for name in names if name.startswith("--")}
    assert len(wanted) > 5
    assert wanted <= values(tmp_path, *path, "--")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("verify", "--ledger", ""), {"litesvm", "bankrun", "both"}),
        (("verify", "--ledger", "b"), {"bankrun", "both"}),
        (("verify", "--design", ""), VARIANTS),
        (("verify", "--design", "payout="), {"payout=claim", "payout=push"}),
        (("verify", "--design", "payout=push", "--design", "payout=pu"), {"payout=push"}),
        (("import", "--format", "s"), {"slack"}),
        (("import", "--votes", ""), {"approve", "deny"}),
    ],
)
def test_values_are_offered(words: tuple[str, ...], offered: set[str], tmp_path: Path) -> None:
    assert values(tmp_path, *words) == offered


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("verify", "ta"), "file"),
        (("verify", "--json", "ta"), "file"),
        (("verify", "--junit", "ta"), "file"),
        (("verify", "--store", "ta"), "dir"),
        (("import", "ta"), "file"),
        (("engine", "check", "ta"), "file"),
    ],
)
def test_files_and_directories_are_left_to_the_shell(
    words: tuple[str, ...], kind: str, tmp_path: Path
) -> None:
    assert tab(tmp_path, *words) == [(kind, "ta")]


def test_bash_gets_what_follows_the_equals_sign_it_breaks_words_at(tmp_path: Path) -> None:
    split = ("verify", "--design", "payout", "=")
    assert values(tmp_path, *split, of="bash") == {"claim", "push"}
    assert values(tmp_path, *split, "pu", of="bash") == {"push"}
    assert values(tmp_path, "verify", "--ledger", "=", "bo", of="bash") == {"both"}
    whole = {"payout=claim", "payout=push"}
    assert values(tmp_path, "verify", "--design", "pay", of="bash") == whole


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "k", "=", "v", "b"], ["a", "k=v", "b"]),
        (["k", "="], ["k="]),
        (["="], ["="]),
        (["k", "=", "v", "--design", "l", "=", "w"], ["k=v", "--design", "l=w"]),
    ],
)
def test_words_around_an_equals_sign_are_one(words: list[str], whole: list[str]) -> None:
    assert joined(words) == whole


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed_and_is_that_of_the_shell(shell: str) -> None:
    ran = choir("completion", shell)
    assert (ran.status, ran.err) == (0, "")
    assert f"_CHOIR_COMPLETE={shell}_complete" in ran.out
    assert re.search(r"\bchoir\b", ran.out)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_shell_understands_its_script(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"this system has no {shell}")
    script = choir("completion", shell).out
    done = subprocess.run(
        [shell, "-n"], input=script, text=True, capture_output=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="this system has no bash")
@pytest.mark.parametrize(
    ("words", "replies"),
    [
        (("verify", "--design", "payout", "=", ""), {"claim", "push"}),
        (("verify", "--ledger", "bo"), {"both"}),
    ],
)
def test_bash_completes_what_is_typed(
    words: tuple[str, ...], replies: set[str], tmp_path: Path
) -> None:
    program = tmp_path / "choir"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{RUN}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "script").write_text(choir("completion", "bash").out, encoding="utf-8")
    typed = " ".join(f'"{word}"' for word in ("choir", *words))
    lines = (
        "source ./script",
        f"COMP_WORDS=({typed})",
        f"COMP_CWORD={len(words)}",
        "_choir_completion ./choir",
        'printf "%s\\n" "${COMPREPLY[@]}"',
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env=environment(),
        text=True,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert set(done.stdout.split()) == replies, done.stderr


def test_completing_loads_nothing_heavy(tmp_path: Path) -> None:
    report = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print('loaded:', [m for m in {HEAVY!r} if m in sys.modules]))"
    )
    extra = {
        "_CHOIR_COMPLETE": "zsh_complete",
        "COMP_WORDS": "choir verify --design p",
        "COMP_CWORD": "3",
    }
    ran = child(folder=tmp_path, before=report, extra=extra)
    assert "payout=push" in ran.out
    assert ran.out.endswith("loaded: []\n")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"_CHOIR_COMPLETE": "1"}, "_CHOIR_COMPLETE=1: is set by completion scripts only"),
        ({"_CHOIR_COMPLETE": "tcsh_complete"}, "is set by completion scripts only; unset it"),
        ({"_CHOIR_COMPLETE": "bash_complete"}, "without COMP_WORDS and COMP_CWORD; unset it"),
        (
            {"_CHOIR_COMPLETE": "zsh_complete", "COMP_WORDS": "choir", "COMP_CWORD": "two"},
            "without COMP_WORDS and COMP_CWORD; unset it",
        ),
    ],
)
def test_variables_no_script_of_ours_sets_are_said(
    variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ran = choir("--help")
    assert ran == Ran(2, "", ran.err)
    assert (ran.err.count("\n"), said in ran.err) == (1, True), ran.err
