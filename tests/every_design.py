"""All combinations of on-chain variants."""

from __future__ import annotations

import itertools

from choir_model.program import designs
from choir_model.program.bindings import Design

EVERY = [
    Design(*chosen)  # type: ignore[arg-type]
    for chosen in itertools.product(*map(list, designs.CHOICES.values()))
]
