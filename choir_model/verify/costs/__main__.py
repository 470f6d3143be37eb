"""Write docs/ledger-costs.md, or with ``--check`` tell how it differs from what is measured."""

from __future__ import annotations

import sys

from choir_model.verify import pages
from choir_model.verify.costs import page


def main(arguments: list[str]) -> int:
    """The exit status, as `pages.keep` says."""
    command = "python -m choir_model.verify.costs"
    return pages.keep(arguments, "ledger-costs.md", command, page.render)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
