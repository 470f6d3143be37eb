"""Write docs/ledger-refusals.md, or with ``--check`` tell how it differs.

The page shows the tables of `lockstep.reachable`: which instruction can meet which refusal,
under which designs, and why no other can.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from choir_model.lockstep import reachable as tables
from choir_model.ports.ledger import Foreign, Refusal, meaning
from choir_model.program import designs
from choir_model.program.bindings import INSTRUCTIONS
from choir_model.verify import pages

TOKEN_CALLS = ("token_transfer", "token_burn", "token_close", "token_set_owner")
COLUMNS = (*INSTRUCTIONS, *TOKEN_CALLS, "resend")

HEAD = """\
# What can be refused where

`python -m choir_model.verify.refusals` writes this page from the tables that the lockstep runs
are held to; with `--check` it only says what differs. Under each named design a run on the real
virtual machine must meet every refusal that can occur, in every instruction that can meet it,
and must never meet another: `tests/test_lockstep_ledger.py`, on bankrun
`tests/test_lockstep_ledger_both.py`.

**●** can occur in every design · **○** in some, see [below](#by-design) · empty: never, see
[the last section](#why-nowhere-else).
"""


FOREIGN = """\
They come after all guards of the program. The last columns are instructions of SPL Token that
holders send themselves, and a transaction sent once more.
"""


def render() -> str:
    """The page."""
    program = [refusal for refusal in tables.REFUSALS if not isinstance(refusal, Foreign)]
    foreign = [refusal for refusal in tables.REFUSALS if isinstance(refusal, Foreign)]
    parts = [
        HEAD,
        "## Refusals of the program\n",
        _matrix(program, tuple(INSTRUCTIONS)),
        "## Refusals of the runtime and of SPL Token\n",
        FOREIGN,
        _matrix(foreign, COLUMNS),
        "## By design\n",
        "What is marked ○ above: under which of the named designs, and why not under the others.\n",
        "\n".join(_by_design()) + "\n",
        "## Why nowhere else\n",
        "\n".join(_elsewhere()),
    ]
    return "\n".join(parts) + "\n"


def _matrix(refusals: Sequence[Refusal], columns: tuple[str, ...]) -> str:
    lines = [
        f"| refusal | {' | '.join(f'`{column}`' for column in columns)} |",
        f"| --- |{' :-: |' * len(columns)}",
    ]
    for refusal in refusals:
        cells = " | ".join(_cell(column, refusal) for column in columns)
        lines.append(f"| `{refusal.name}` | {cells} |")
    return "\n".join(lines) + "\n"


def _cell(instruction: str, refusal: Refusal) -> str:
    can = {tables.why_never(instruction, refusal, d) is None for d in designs.NAMED.values()}
    return "○" if can == {True, False} else "●" if can == {True} else " "


def _by_design() -> Iterator[str]:
    for refusal, nevers in tables.REFUSALS_BY_DESIGN.items():
        for never in nevers:
            instructions = ", ".join(f"`{name}`" for name in sorted(never.instructions))
            without = [name for name, design in designs.NAMED.items() if never.when(design)]
            under = [name for name in designs.NAMED if name not in without]
            few, word = (
                (under, "only under") if len(under) < len(without) else (without, "not under")
            )
            listed = ", ".join(f"`{name}`" for name in few)
            yield f"- `{refusal.name}` at {instructions}, {word} {listed}. Why not: {never.why}."


def _elsewhere() -> Iterator[str]:
    for refusal, where in tables.REFUSALS.items():
        if where.elsewhere:
            yield f"- `{refusal.name}` ({meaning(refusal)}): {where.elsewhere}."


def main(arguments: list[str]) -> int:
    """The exit status, as `pages.keep` says."""
    command = "python -m choir_model.verify.refusals"
    return pages.keep(arguments, "ledger-refusals.md", command, render)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
