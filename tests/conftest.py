"""What happens around every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bankrun_world import give_back


@pytest.fixture(autouse=True)
def _bankrun_given_back() -> Iterator[None]:
    yield
    give_back()
