"""Completion in shells: click's, with the values of designs, and bash taught about ``=``."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from choir_model.cli.messages import BadInput

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_CHOIR_COMPLETE"
"""How the shell's script asks for completions; set by it alone."""


def script(command: click.Command, shell: str) -> str:
    """What the shell has to execute, once in each session, to complete `command`."""
    from click.shell_completion import ShellComplete, get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    # bash's own `source` looks for a bash first, which need not be where the script is made.
    return ShellComplete.source(found(command, {}, "choir", VARIABLE))


def prepare() -> None:
    """Before click answers a shell: what it needs is there, and bash's words are put together.

    Raises `BadInput` for what no script of ours asks.
    """
    asked = os.environ.get(VARIABLE)
    if not asked:
        return
    if not re.fullmatch(f"({'|'.join(SHELLS)})_(source|complete)", asked):
        raise BadInput(f"{VARIABLE}={asked}: is set by completion scripts only; unset it")
    if asked.endswith("_complete"):
        missing = [name for name in ("COMP_WORDS", "COMP_CWORD") if name not in os.environ]
        number = os.environ.get("COMP_CWORD", "")
        if missing or (not asked.startswith("fish") and not re.fullmatch(r"\d{1,9}", number)):
            raise BadInput(f"{VARIABLE}={asked}: without COMP_WORDS and COMP_CWORD; unset it")
    _teach_bash()


def _teach_bash() -> None:
    """bash takes ``payout=push`` for three words, and wants the last of them back."""
    from click.shell_completion import BashComplete, add_completion_class

    class Bash(BashComplete):
        name = "bash"

        def get_completion_args(self) -> tuple[list[str], str]:
            given, incomplete = super().get_completion_args()
            words = joined([*given, incomplete])
            self.broken = words[-1] != incomplete or incomplete == "="
            return words[:-1], words[-1]

        def format_completion(self, item: CompletionItem[Any]) -> str:
            plain = item.type == "plain" and self.broken
            value = item.value.rpartition("=")[2] if plain else item.value
            return f"{item.type},{value}"

    add_completion_class(Bash)


def joined(words: list[str]) -> list[str]:
    """The words with those around an equals sign as one."""
    found: list[str] = []
    glue = False
    for word in words:
        if found and (glue or word == "="):
            found[-1] += word
        else:
            found.append(word)
        glue = word == "="
    return found


def designs(_: Any, __: Any, incomplete: str) -> list[CompletionItem[str]]:
    """``key=`` and, once the key is there, its variants."""
    from click.shell_completion import CompletionItem

    from choir_model.program.designs import CHOICES, variant

    choices = (f"{key}={variant(m)}" for key, members in CHOICES.items() for m in members)
    return [CompletionItem(choice) for choice in choices if choice.startswith(incomplete)]


def directories(_: Any, __: Any, incomplete: str) -> list[CompletionItem[str]]:
    """Left to the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def files(_: Any, __: Any, incomplete: str) -> list[CompletionItem[str]]:
    """Left to the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]
