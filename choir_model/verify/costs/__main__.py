"""Write docs/ledger-costs.md, or with ``--check`` tell how it differs from what is measured."""

from __future__ import annotations

import sys
from difflib import unified_diff
from pathlib import Path

from choir_model.ports.ledger import EngineUnavailable
from choir_model.verify.costs import page

TARGET = Path(__file__).parents[3] / "docs" / "ledger-costs.md"
COMMAND = "python -m choir_model.verify.costs"


def main(arguments: list[str]) -> int:
    """Write or check the page; the exit status: 0, 1 when it differs, 2 for wrong usage."""
    if arguments not in ([], ["--check"]):
        print(f"usage: {COMMAND} [--check]", file=sys.stderr)
        return 2
    if not TARGET.parent.is_dir():
        print(f"{TARGET.parent}: no such folder; run {COMMAND} in a checkout", file=sys.stderr)
        return 2
    try:
        measured = page.render()
    except EngineUnavailable as error:
        print(error, file=sys.stderr)
        return 2
    if not arguments:
        TARGET.write_text(measured, encoding="utf-8")
        return 0
    written = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    lines = list(differing(written, measured))
    if lines:
        print("\n".join(lines))
        print(f"{TARGET.name} differs from what is measured; run {COMMAND}")
    return 1 if lines else 0


def differing(written: str, measured: str) -> list[str]:
    """The lines of the page that are not as measured (-), and those measured (+)."""
    diff = unified_diff(written.splitlines(), measured.splitlines(), "", "", "", "", 0, "")
    return [line for line in diff if line[:3] not in ("---", "+++") and line[:2] != "@@"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
