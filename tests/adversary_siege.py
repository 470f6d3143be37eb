"""One siege for all tests of the adversary: sweeps and random attacks, and what they met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from choir_model.adapters.hostile_litesvm import HostileLiteSvm
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep import adversary_sweeps
from choir_model.lockstep.adversary import Adversary
from choir_model.lockstep.adversary_stories import OLDEST

SWEPT = ("default", "all are paid", "blank")
"""Worlds that are swept in every run; the long run sweeps all."""
RANDOM = 26_000
"""Random transactions; with the sweeps more than 50 000."""
SEED = 1


def adversary(real: HostileLiteSvm | None = None) -> Adversary:
    """An adversary with its worlds prepared."""
    ledger = real or HostileLiteSvm(unix_timestamp=OLDEST)
    return Adversary(ReferenceLedger(unix_timestamp=OLDEST), ledger)


def sweep(of: Adversary, worlds: Iterable[str]) -> None:
    """Every sweep of these worlds."""
    for name in worlds:
        for attack in adversary_sweeps.attacks(of.worlds[name]):
            of.launch(attack)


def refusals(of: Adversary) -> Counter[tuple[str, str]]:
    """How often each instruction met each refusal, or was lawful, in whatever family."""
    found: Counter[tuple[str, str]] = Counter()
    for (_, instruction, result), times in of.met.items():
        found[instruction, result] += times
    return found


def by_family(of: Adversary) -> Counter[tuple[str, str]]:
    """How often each family met each refusal, or was lawful, with whatever instruction."""
    found: Counter[tuple[str, str]] = Counter()
    for (family, _, result), times in of.met.items():
        found[family, result] += times
    return found
