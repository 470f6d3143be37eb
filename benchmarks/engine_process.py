"""What a user waits for: a check from the start of ``python -c`` to the printed verdict.

Either program is a process of its own and imports what it needs: `choir_model.engine` the one,
`benchmarks.engine_naive` the other, and both the model.  One run of each comes before the
measured ones, so that Python finds its byte code; what they print must agree.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
LONG = 1.0
"""Seconds of the naive process from which one round will do: starting Python is nothing then."""
PROGRAMS = {
    "engine": """
from choir_model.engine import Verdict, check
from choir_model.zoo import {module} as zoo

model = zoo.{expression}
names = [claim.name for claim in model.properties if claim.kind.name in {asked}]
report = check(model, properties=names, limit={limit}, keep_going=True)
found = report.findings.values()
print(sorted(f.property.name for f in found if f.verdict is Verdict.VIOLATED))
""",
    "naive": """
from benchmarks.engine_naive import Naive
from choir_model.zoo import {module} as zoo

model = zoo.{expression}
claims = [claim for claim in model.properties if claim.kind.name in {asked}]
print(sorted(Naive(model, claims, {limit}).violated))
""",
}


def processes(
    name: str, expression: str, asked: list[str], limit: int | None, rounds: int
) -> dict[str, list[float]]:
    """Seconds of each program, round by round, for the model ``module.expression``.

    `RuntimeError` where one fails or they print different verdicts.
    """
    module = name.partition(".")[0]
    sources = {
        which: source.format(module=module, expression=expression, asked=asked, limit=limit)
        for which, source in PROGRAMS.items()
    }
    printed = {which: _timed(source)[1] for which, source in sources.items()}
    if len(set(printed.values())) > 1:
        raise RuntimeError(f"{name}: the processes print {printed}")
    seconds: dict[str, list[float]] = {which: [] for which in sources}
    for _ in range(rounds):
        for which, source in sources.items():
            seconds[which].append(_timed(source)[0])
        if seconds["naive"][0] > LONG:
            break
    return seconds


def _timed(source: str) -> tuple[float, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = perf_counter()
    done = subprocess.run(  # noqa: S603 (the programs above)
        [sys.executable, "-c", source],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = perf_counter() - before
    if done.returncode:
        raise RuntimeError(f"a process of the benchmark failed: {done.stderr}")
    return seconds, done.stdout
