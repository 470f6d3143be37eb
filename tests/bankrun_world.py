"""bankrun for the tests, where its environment is set up.

Starting a bank takes a tenth of a second, and there are hundreds of tests.  Each is given a
ledger as good as fresh: one that an earlier test was done with, put back to its beginning.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from choir_model.adapters.bankrun import BankrunLedger
from choir_model.adapters.bankrun_process import find_python
from choir_model.ports.ledger import EngineUnavailable

_beginnings: dict[BankrunLedger, object] = {}
_idle: list[BankrunLedger] = []


def environment() -> Path:
    """The Python of bankrun's environment.

    Without one the test is skipped, but fails where CI is set.
    """
    try:
        return find_python()
    except EngineUnavailable as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


def bankrun() -> BankrunLedger:
    """A ledger at its beginning, for this test alone."""
    if _idle:
        ledger = _idle.pop()
        ledger.restore(_beginnings[ledger])
        return ledger
    ledger = BankrunLedger(python=environment())
    _beginnings[ledger] = ledger.save()
    return ledger


def give_back() -> None:
    """After a test: what it was given may be given to the next one, unless it has ended."""
    for ledger in [ledger for ledger in _beginnings if not ledger.worker.close.alive]:
        del _beginnings[ledger]
    _idle[:] = _beginnings
