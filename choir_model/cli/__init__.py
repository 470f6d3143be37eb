"""The command ``choir``.

`main` is the entry point.  Nothing heavier than the standard library is imported before a
command runs, so that ``choir --help`` answers at once.
"""

from __future__ import annotations

import sys

from choir_model.cli import completion
from choir_model.cli.messages import BadInput, say, tolerate_any_text

USAGE, UNFINISHED = 2, 3


def main() -> None:
    """Run ``choir``; ends the process with 0 holds, 1 violated, 2 usage, 3 could not finish."""
    tolerate_any_text()
    try:
        status = _run()
    except KeyboardInterrupt:
        status = say("choir", "interrupted", UNFINISHED)
    sys.exit(status)


def _run() -> int:
    try:
        import click
    except ModuleNotFoundError:
        return say("choir", "the package click is missing; run pip install click", USAGE)
    from choir_model.cli.app import choir

    try:
        completion.prepare()
        status: int = choir(prog_name="choir", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return USAGE
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "choir"
        message = error.format_message().rstrip(".")
        return say(command, f"{message}; see {command} --help", USAGE)
    except BadInput as error:
        return say("choir", str(error), USAGE)
    except click.Abort:
        return say("choir", "interrupted", UNFINISHED)
    return status
