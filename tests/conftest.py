"""What happens around every test."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from bankrun_world import give_back

# Tests see the same output wherever they run; those of annotations set it themselves.
os.environ.pop("GITHUB_ACTIONS", None)


@pytest.fixture(autouse=True)
def _bankrun_given_back() -> Iterator[None]:
    yield
    give_back()


@pytest.fixture(autouse=True, scope="session")
def _interrupts_are_heard() -> Iterator[None]:
    """Shells start what they put in the background, tests too, with interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
