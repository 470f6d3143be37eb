"""The command ``choir``.

`main` is the entry point.  Nothing heavier than the standard library is imported before a
command runs, so that ``choir --help`` answers at once.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``choir``; ends the process with 0 holds, 1 violated, 2 usage, 3 could not finish."""
    from choir_model.cli.app import choir

    sys.exit(choir(prog_name="choir", standalone_mode=True))
