"""How fast the engine explores small models, beside a checker without any cleverness.

    python -m benchmarks.engine [--quick] [--rounds N] [--limit N] [--models NAME …] [--json FILE]

On every model of the zoo, two programs do the same: visit every state, or the first so many,
and check the invariants, the witnesses, the claims about steps and the freedom from deadlock.

* **engine**: `choir_model.engine.check`, all that it does included: tracing, audits,
  counterexamples that are confirmed by running them, the report;
* **naive**: `benchmarks.engine_naive`, an ordinary breadth-first search that runs the same
  functions on every state.

Before anything is timed, the counts and verdicts of both are compared.  In each round they
take turns, so that a busy computer slows both alike; a model that takes less than
`LEAST_SECONDS` is explored several times over.  A ratio is the median of the rounds' ratios
of engine to naive, by the clock on the wall; beside it stands the same in processor time.
Exit status 1 if one by the wall is greater than required.

Liveness and refinement are not asked: a naive checker has no answer to them.  Where a model
is symmetric, the engine explores orbits and the naive checker all their states, both to
the end; the number of orbits must agree.
"""

from __future__ import annotations

import argparse
import cProfile
import importlib
import io
import json
import math
import os
import pkgutil
import platform
import pstats
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from benchmarks.engine_naive import Naive
from choir_model import zoo
from choir_model.engine import Model, Report, Verdict, check
from choir_model.engine.model import Kind
from choir_model.zoo import coffee_can

RATIO = 1.5
LIMIT, QUICK_LIMIT = 20_000, 200
LEAST_SECONDS = 0.05
ASKED = frozenset({Kind.ALWAYS, Kind.SOMETIMES, Kind.EACH_STEP, Kind.DEADLOCK_FREE})
SMALLER = {"coffee_can.MODEL": coffee_can.model(150)}
"""Instead of a model with so many initial states that nothing else would count."""


def subjects() -> dict[str, Model]:
    """Every model of the zoo by ``module.NAME``."""
    found = {}
    for module in pkgutil.iter_modules(zoo.__path__):
        for name, value in vars(importlib.import_module(f"{zoo.__name__}.{module.name}")).items():
            if isinstance(value, Model):
                found[f"{module.name}.{name}"] = value
    return found | {name: model for name, model in SMALLER.items() if name in found}


@dataclass(slots=True)
class Result:
    """Raw seconds of one model, round by round, and what was explored."""

    model: str
    instances: int
    limit: int | None
    reduced: bool
    engine_counts: dict[str, int] = field(default_factory=dict)
    naive_counts: dict[str, int] = field(default_factory=dict)
    repeats: dict[str, int] = field(default_factory=dict)
    executions: int = 0
    engine: list[float] = field(default_factory=list)
    naive: list[float] = field(default_factory=list)
    engine_processor: list[float] = field(default_factory=list)
    naive_processor: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Engine ÷ naive: median over the rounds."""
        return median(e / n for e, n in zip(self.engine, self.naive, strict=True))

    @property
    def processor_ratio(self) -> float:
        """The same in processor time."""
        rounds = zip(self.engine_processor, self.naive_processor, strict=True)
        return median(e / n for e, n in rounds)

    def report(self) -> dict[str, Any]:
        """For the JSON file."""
        medians = {"engine": median(self.engine), "naive": median(self.naive)}
        ratios = {"ratio": self.ratio, "processor_ratio": self.processor_ratio}
        return {**asdict(self), "median": medians, **ratios}


def engine(model: Model, limit: int | None) -> Report:
    """One run of the engine."""
    names = [claim.name for claim in model.properties if claim.kind in ASKED]
    return check(model, properties=names, limit=limit, keep_going=True)


def naive(model: Model, limit: int | None) -> Naive:
    """The same by the naive checker."""
    claims = [claim for claim in model.properties if claim.kind in ASKED]
    return Naive(model, claims, limit)


def compared(name: str, model: Model, limit: int | None) -> Result:
    """What both programs found, unmeasured; `RuntimeError` where they do not agree."""
    report, other = engine(model, limit), naive(model, limit)
    instances = sum(math.prod(map(len, action.sorts)) for action in model.actions)
    result = Result(name, instances, limit, bool(model.symmetric_sorts))
    result.executions = report.audit.executions
    which = ("distinct", "generated", "depth", "outside", "terminal")
    result.engine_counts = {count: getattr(report.counts, count) for count in which}
    result.naive_counts = {count: getattr(other, count) for count in which}
    found = report.findings.values()
    violated = {f.property.name for f in found if f.verdict is Verdict.VIOLATED}
    seen = {
        f.property.name
        for f in found
        if f.property.kind is Kind.SOMETIMES and f.verdict is Verdict.HOLDS
    }
    if (violated, seen) != (other.violated, other.seen & set(report.findings)):
        raise RuntimeError(f"{name}: the engine found {violated, seen}, not as the naive checker")
    if result.reduced:
        agree = result.engine_counts["distinct"] == other.orbits()
    else:
        agree = result.engine_counts == result.naive_counts
    if not agree:
        counts = f"{result.engine_counts}, the naive checker {result.naive_counts}"
        raise RuntimeError(f"{name}: the engine counts {counts}")
    return result


def measure(name: str, model: Model, most: int, rounds: int, least: float) -> Result:
    """All rounds of one model; `RuntimeError` where the programs do not agree."""
    limit = None if model.symmetric_sorts else most
    result = compared(name, model, limit)
    programs = {"engine": engine, "naive": naive}
    for which, program in programs.items():
        result.repeats[which] = math.ceil(least / _seconds(program, model, limit, 1)[0]) or 1
    for _ in range(rounds):
        for which, program in programs.items():
            wall, processor = _seconds(program, model, limit, result.repeats[which])
            getattr(result, which).append(wall)
            getattr(result, f"{which}_processor").append(processor)
    return result


def _seconds(program: Any, model: Model, limit: int | None, repeats: int) -> tuple[float, float]:
    """Of one run, on average: on the wall, and of the processor."""
    wall, processor = perf_counter(), process_time()
    for _ in range(repeats):
        program(model, limit)
    return (perf_counter() - wall) / repeats, (process_time() - processor) / repeats


def profile(model: Model, limit: int) -> str:
    """Where the engine spends its time: the 15 costliest functions, by own time."""
    profiler, text = cProfile.Profile(), io.StringIO()
    engine(model, limit)  # caches are filled, modules imported
    profiler.runcall(engine, model, limit)
    pstats.Stats(profiler, stream=text).strip_dirs().sort_stats("tottime").print_stats(15)
    return text.getvalue().strip()


def shortfalls(results: list[Result], required: float) -> list[str]:
    """Which models miss the requirement, in words."""
    return [
        f"{result.model}: the engine takes {result.ratio:.2f} times as long as the naive checker, "
        f"required: at most {required}"
        for result in results
        if result.ratio > required
    ]


def table(results: list[Result]) -> str:
    """The results for people, slowest ratio first."""
    rows = [("model", "instances", "states", "generated", "engine", "naive", "ratio", "CPU")]
    rows += [
        (
            f"{r.model} (orbits)" if r.reduced else r.model,
            f"{r.instances:,}",
            f"{r.engine_counts['distinct']:,}",
            f"{r.engine_counts['generated']:,}",
            f"{median(r.engine) * 1e3:,.2f} ms",
            f"{median(r.naive) * 1e3:,.2f} ms",
            f"{r.ratio:.2f}",
            f"{r.processor_ratio:.2f}",
        )
        for r in sorted(results, key=lambda r: -r.ratio)
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    models = {name: model for name, model in subjects().items() if name in options.models}
    limit = options.limit or (QUICK_LIMIT if options.quick else LIMIT)
    rounds = options.rounds or (1 if options.quick else 5)
    least = 0.0 if options.quick else LEAST_SECONDS
    if options.profile:
        texts = (f"{name}\n{profile(model, limit)}" for name, model in models.items())
        print(*texts, sep="\n\n")
        return 0
    load = [os.getloadavg()]
    results = [measure(name, model, limit, rounds, least) for name, model in models.items()]
    load.append(os.getloadavg())
    failed = shortfalls(results, options.ratio)
    report = {
        "definitions": {
            "engine": "seconds of one check, each round",
            "naive": "seconds of one naive exploration, each round",
            "ratio": "engine / naive, median of rounds",
            "processor_ratio": "the same in processor time",
            "executions": "runs of model code in one check",
            "reduced": "the engine explores orbits, the naive checker their states",
        },
        "limit": limit,
        "rounds": rounds,
        "required": options.ratio,
        "failed": failed,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "load_average": {"before": load[0], "after": load[1]},
        "models": [result.report() for result in results],
    }
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(table(results))
    print(f"load average {load[0][0]:.2f} before, {load[1][0]:.2f} after; {os.cpu_count()} CPUs")
    for line in failed:
        print(f"FAILED {line}")
    return 1 if failed else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine")
    names = list(subjects())
    parser.add_argument("--quick", action="store_true", help="a few states, one round")
    parser.add_argument("--rounds", type=int, help="5; with --quick 1")
    parser.add_argument("--limit", type=int, help=f"states; {LIMIT}, with --quick {QUICK_LIMIT}")
    parser.add_argument("--models", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--ratio", type=float, default=RATIO, help="required at most")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there")
    parser.add_argument("--profile", action="store_true", help="only profile the engine")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
