"""The command group and its commands' options; what they do is in modules of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from choir_model import __version__
from choir_model.cli import completion as completions

FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96})
@click.version_option(__version__, prog_name="choir-model")
def choir() -> None:
    """Choir's dual-state system as a model, and in lockstep with the real engines.

    \b
    Examples:
      choir verify                                    the main job, in half a minute
      choir import export.zip --format slack -o talk.jsonl
      choir engine check die_hard.py                  a model of your own
      source <(choir completion bash)                 complete commands with Tab

    Exit status: 0 holds, 1 violated, 2 usage or bad input, 3 could not finish.
    """


@choir.command()
@click.argument("logs", nargs=-1, type=FILE, metavar="[LOG.jsonl]...")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Seed of the generated commands.",
)
@click.option(
    "--steps",
    type=click.IntRange(0, 10_000_000),
    default=9_000,
    show_default=True,
    help="Generated commands to run in lockstep after the logs; 0 for none.",
)
@click.option("--json", "json_file", type=FILE, metavar="FILE", help="Write the report as JSON.")
@click.option(
    "--junit", "junit_file", type=FILE, metavar="FILE", help="Write the report as JUnit XML."
)
@click.option(
    "--annotations/--no-annotations",
    default=None,
    help="Mark failing lines for GitHub Actions.  [default: if GITHUB_ACTIONS is true]",
)
@click.option(
    "--failure",
    "failure_file",
    type=FILE,
    metavar="FILE",
    default=Path("choir-failure.json"),
    show_default=True,
    help="Where a failing command sequence is written.",
)
@click.option(
    "--replay",
    "replay_file",
    type=FILE,
    metavar="FILE",
    help="Only execute the commands of such a file again.",
)
@click.option(
    "--ledger",
    type=click.Choice(["litesvm", "bankrun", "both"]),
    default="litesvm",
    show_default=True,
    help="The Solana VM to compare with; both: one after the other, command by command.",
)
@click.option(
    "--design",
    "choices",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=completions.designs,
    help="A variant of the on-chain design, such as payout=push; may be given again.",
)
@click.option(
    "--program", type=FILE, metavar="FILE.so", help="Another build of the on-chain program."
)
@click.option(
    "--store",
    type=FILE,
    metavar="DIR",
    shell_complete=completions.directories,
    help="New or empty directory for the vector store.  [default: a temporary one]",
)
@click.option(
    "-v", "--verbose", is_flag=True, help="Show what commands, refusals and events occurred."
)
def verify(**options: Any) -> None:
    """Replay conversations and generated commands on model and real engines, and compare.

    Without LOG, the three bundled conversations are replayed.  After every step the
    reference, the on-chain program on the Solana VM, and the Qdrant engine must agree:
    accounts byte for byte, token balances, events, error codes, points, search results.

    \b
    Examples:
      choir verify                               bundled conversations, 9 000 steps
      choir verify talk.jsonl --steps 0          one conversation only
      choir verify --seed 7 --steps 100000 --json report.json
      choir verify --design payout=push --design rejection=at_close
      choir verify --ledger both --steps 2000    both Solana VMs, step by step
      choir verify --replay choir-failure.json   execute a failure again
      choir verify --junit choir.xml             for continuous integration
    """
    from choir_model.cli import verify_command

    raise SystemExit(verify_command.run(verify_command.Request(**options)))


@choir.command(name="import")
@click.argument("file", type=FILE)
@click.option(
    "--format",
    type=click.Choice(["slack", "discord", "generic"]),
    required=True,
    help="What wrote FILE; generic: a table of messages as .csv, .tsv, .json or .jsonl.",
)
@click.option(
    "-o", "--output", type=FILE, required=True, metavar="LOG.jsonl", help="The log to write."
)
@click.option(
    "--channel", "channels", multiple=True, metavar="NAME", help="Only this one; may be repeated."
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=COLUMN",
    help="Where time, author, text or channel is in a generic FILE; may be repeated.",
)
@click.option("--title", metavar="TEXT", help="Title of the log.  [default: the name of FILE]")
@click.option(
    "--stake",
    metavar="CHOIR",
    default="1",
    show_default=True,
    help="What whoever has no seat stakes with each message.",
)
@click.option(
    "--tokens",
    metavar="CHOIR",
    default="100",
    show_default=True,
    help="What everybody holds at first; more if their stakes need it.",
)
@click.option(
    "--votes",
    type=click.Choice(["approve", "deny"]),
    default="approve",
    show_default=True,
    help="Whether all who are seated approve a newcomer at once, or the creator denies.",
)
@click.option(
    "--seats", type=click.IntRange(1), help="In each thread.  [default: as many as it can have]"
)
@click.option(
    "--privacy",
    type=click.Choice(["public", "premium", "thread_only"]),
    default="public",
    show_default=True,
    help="Of every message.",
)
def import_(**options: Any) -> None:
    """Turn the export of a chat into a conversation log.

    Channels become threads, which their first speakers create.  Whoever speaks later
    submits a first message as a spec, and is approved.  What Choir refuses, such as the
    same words twice, is expected to be refused.  Nothing is executed; FILE can be a
    folder or a zip archive for slack, and a folder for discord.

    \b
    Examples:
      choir import export.zip --format slack -o talk.jsonl --channel general
      choir import general.json --format discord -o talk.jsonl --votes deny
      choir import chat.csv --format generic -o talk.jsonl --field author=sender
      choir verify talk.jsonl --steps 0
    """
    from choir_model.cli import import_command

    raise SystemExit(import_command.run(import_command.Request(**options)))


@choir.command()
@click.argument("shell", type=click.Choice(completions.SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes commands, options and their values with Tab.

    \b
    Put one of these lines into the file that your shell reads when it starts:
      source <(choir completion bash)            ~/.bashrc, bash 4.4 or later
      source <(choir completion zsh)             ~/.zshrc, after compinit
      choir completion fish | source             ~/.config/fish/config.fish
    """
    click.echo(completions.script(choir, shell))
    raise SystemExit(0)


@choir.group()
def engine() -> None:
    """Check models of your own with the explicit-state engine.

    \b
    Example:
      choir engine check die_hard.py
    """


@engine.command()
@click.argument("file", metavar="FILE.py[:NAME]", shell_complete=completions.files)
@click.option(
    "--property",
    "properties",
    multiple=True,
    metavar="NAME",
    help="Judge this property only; may be given again for others.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most N distinct states.")
@click.option("--depth", type=click.IntRange(1), metavar="N", help="At most N levels.")
@click.option(
    "--counterexamples",
    type=click.IntRange(1),
    metavar="N",
    default=1,
    show_default=True,
    help="Up to N for each violated property, by different actions.",
)
@click.option("--keep-going", is_flag=True, help="Explore everything, even once all is decided.")
@click.option(
    "--json", "json_file", type=FILE, metavar="FILE", help="Write the report as JSON; - for stdout."
)
@click.option(
    "--itf",
    "itf_file",
    type=FILE,
    metavar="FILE",
    help="Write counterexamples, or else witnesses, as ITF traces.",
)
@click.option(
    "--graph",
    "graph_file",
    type=FILE,
    metavar="FILE",
    help="Write the state graph as .graphml, .dot, .npz, or up to 200 states as .png or .svg.",
)
def check(**options: Any) -> None:
    """Visit every state of a model and judge its properties.

    FILE.py is executed.  NAME is a model in it, or a function that returns one; without
    NAME it is MODEL, or the only model there is.  A violated property comes with a
    shortest way to show it.  Exit status 2 also for an error in the model, 3 also where a
    limit was met or a situation that must occur does not.

    \b
    Examples:
      choir engine check die_hard.py
      choir engine check bank.py:small --property no_overdraft --limit 1000000
      choir engine check bank.py --json report.json --itf trace.itf.json
      choir engine check die_hard.py --keep-going --graph states.svg
    """
    from choir_model.cli import engine_command

    raise SystemExit(engine_command.run(engine_command.Request(**options)))
