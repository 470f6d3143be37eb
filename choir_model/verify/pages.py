"""Pages of the documentation that are computed: written by a command, compared by a test."""

from __future__ import annotations

import sys
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

from choir_model.ports.ledger import EngineUnavailable

DOCS = Path(__file__).parents[2] / "docs"
"""The folder of the documentation, in a checkout."""


def keep(arguments: list[str], name: str, command: str, render: Callable[[], str]) -> int:
    """Write the page `name`, or with ``--check`` tell how it differs from what is rendered.

    The exit status: 0, 1 when it differs, 2 for wrong usage, outside a checkout, or where an
    engine is missing.
    """
    target = DOCS / name
    if arguments not in ([], ["--check"]):
        print(f"usage: {command} [--check]", file=sys.stderr)
        return 2
    if not DOCS.is_dir():
        print(f"{DOCS}: no such folder; run {command} in a checkout", file=sys.stderr)
        return 2
    try:
        rendered = render()
    except EngineUnavailable as error:
        print(error, file=sys.stderr)
        return 2
    if not arguments:
        target.write_text(rendered, encoding="utf-8")
        return 0
    lines = differing(target.read_text(encoding="utf-8") if target.exists() else "", rendered)
    if lines:
        print("\n".join(lines))
        print(f"{name} differs from what it should be; run {command}")
    return 1 if lines else 0


def differing(written: str, rendered: str) -> list[str]:
    """The lines of the page that should not be there (-), and those that should (+)."""
    diff = unified_diff(written.splitlines(), rendered.splitlines(), "", "", "", "", 0, "")
    return [line for line in diff if line[:3] not in ("---", "+++") and line[:2] != "@@"]
