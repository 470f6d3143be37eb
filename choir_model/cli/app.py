"""The command group and its commands' options; what they do is in modules of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from choir_model import __version__

FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96})
@click.version_option(__version__, prog_name="choir-model")
def choir() -> None:
    """Choir's dual-state system as a model, and in lockstep with the real engines.

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
    help="A variant of the on-chain design, such as payout=push; may be given again.",
)
@click.option(
    "--program", type=FILE, metavar="FILE.so", help="Another build of the on-chain program."
)
@click.option(
    "--store",
    type=FILE,
    metavar="DIR",
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


@choir.group()
def engine() -> None:
    """Check models of your own with the explicit-state engine."""


@engine.command()
@click.argument("file", metavar="FILE.py[:NAME]")
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
