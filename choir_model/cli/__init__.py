"""The command ``choir``.

`main` is the entry point.  Nothing heavier than the standard library is imported before a
command runs, so that ``choir --help`` answers at once.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``choir``; ends the process with 0 holds, 1 violated, 2 usage, 3 could not finish."""
    import click

    from choir_model.cli.app import choir

    try:
        status = choir(prog_name="choir", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
        status = 2
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "choir"
        message = error.format_message().rstrip(".")
        print(f"{command}: {message}; see {command} --help", file=sys.stderr)
        status = 2
    except click.Abort:
        print("choir: interrupted", file=sys.stderr)
        status = 3
    sys.exit(status)
