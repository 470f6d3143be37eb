"""How fast the engine explores small models, beside a checker without any cleverness.

    python -m benchmarks.engine [--quick] [--rounds N] [--limit N] [--models NAME …] [--json FILE]

On every model of the zoo, two programs do the same: visit every state, or the first so many,
and check the invariants, the witnesses, the claims about steps and the freedom from deadlock.

* **engine**: `choir_model.engine.check`, all that it does included: tracing, audits,
  counterexamples that are confirmed by running them, the report;
* **naive**: `benchmarks.engine_naive`, an ordinary breadth-first search that runs the same
  functions on every state.

Before anything is timed, the counts and verdicts of both are compared.  In each round they
take turns, so that a busy computer slows both alike; a ratio is the median of the rounds'
ratios of engine to naive, by the clock on the wall.  There are two readings:

* **in process**: one exploration in a process that has done others; a model that takes less
  than `LEAST_SECONDS` is explored several times over.  Beside the ratio stands the same in
  processor time;
* **whole process**: from the start of ``python -c`` to the verdict (`engine_process`), which
  is what somebody who checks a model waits for.

Exit status 1 if a ratio is greater than required: of whole processes on any model, in process
on models of at least `KEEPS_UP` states.  An engine that runs everything a second time, to audit it,
cannot keep to 1.5 where every local situation occurs once, as in models of a few dozen states;
it takes about four times as long there, and more on the very least: some milliseconds instead
of one, which nobody notices.

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
from benchmarks.engine_process import processes
from choir_model import zoo
from choir_model.engine import Model, Report, Verdict, check
from choir_model.engine.model import Kind
from choir_model.zoo import coffee_can

RATIO = 1.5
LIMIT, QUICK_LIMIT = 20_000, 200
LEAST_SECONDS = 0.05
KEEPS_UP = 100
"""States from which the engine must keep up in process, too."""
MORE = 5
"""Rounds of whole processes for each in process: how long Python takes to start varies."""
ASKED = frozenset({Kind.ALWAYS, Kind.SOMETIMES, Kind.EACH_STEP, Kind.DEADLOCK_FREE})
SMALLER = {"coffee_can.MODEL": ("model(150)", coffee_can.model(150))}
"""Instead of a model with so many initial states that nothing else would count."""

DEFINITIONS = {
    "engine": "seconds of one check, each round",
    "naive": "seconds of one naive exploration, each round",
    "ratio": "engine / naive, median of rounds",
    "processor_ratio": "the same in processor time",
    "engine_process, naive_process": "seconds from the start of Python to the verdict",
    "process_ratio": "engine_process / naive_process, median of rounds",
    "few": "distinct states from which ratio must be at most what is required",
    "executions": "runs of model code in one check",
    "reduced": "the engine explores orbits, the naive checker their states",
}


def subjects() -> dict[str, Model]:
    """Every model of the zoo by ``module.NAME``."""
    found = {}
    for module in pkgutil.iter_modules(zoo.__path__):
        for name, value in vars(importlib.import_module(f"{zoo.__name__}.{module.name}")).items():
            if isinstance(value, Model):
                found[f"{module.name}.{name}"] = value
    return found | {name: model for name, (_, model) in SMALLER.items() if name in found}


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
    engine_process: list[float] = field(default_factory=list)
    naive_process: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Engine ÷ naive in process: median over the rounds."""
        return median(e / n for e, n in zip(self.engine, self.naive, strict=True))

    @property
    def process_ratio(self) -> float:
        """The same of whole processes."""
        rounds = zip(self.engine_process, self.naive_process, strict=True)
        return median(e / n for e, n in rounds)

    @property
    def processor_ratio(self) -> float:
        """That in process, in processor time."""
        rounds = zip(self.engine_processor, self.naive_processor, strict=True)
        return median(e / n for e, n in rounds)

    def report(self) -> dict[str, Any]:
        """For the JSON file."""
        names = ("engine", "naive", "engine_process", "naive_process")
        medians = {name: median(getattr(self, name)) for name in names}
        ratios = ("ratio", "processor_ratio", "process_ratio")
        return {**asdict(self), "median": medians, **{r: getattr(self, r) for r in ratios}}


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
    before = perf_counter()
    result = compared(name, model, limit)
    long = perf_counter() - before > 20 * least
    programs = {"engine": engine, "naive": naive}
    for which, program in programs.items():
        once = least if long else _seconds(program, model, limit, 1)[0]
        result.repeats[which] = math.ceil(least / once) if least else 1
    for _ in range(rounds):
        for which, program in programs.items():
            wall, processor = _seconds(program, model, limit, result.repeats[which])
            getattr(result, which).append(wall)
            getattr(result, f"{which}_processor").append(processor)
    expression = SMALLER[name][0] if name in SMALLER else name.partition(".")[2]
    asked = sorted(kind.name for kind in ASKED)
    whole = processes(name, expression, asked, limit, rounds * MORE if least else rounds)
    result.engine_process, result.naive_process = whole["engine"], whole["naive"]
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


def shortfalls(results: list[Result], required: float, few: int = KEEPS_UP) -> list[str]:
    """Which models miss the requirement, in words."""
    failed = []
    for result in results:
        readings = {"in a process of its own": result.process_ratio}
        if result.naive_counts["distinct"] >= few:
            readings["in process"] = result.ratio
        failed += [
            f"{result.model}: {reading} the engine takes {ratio:.2f} times as long as the naive "
            f"checker, required: at most {required}"
            for reading, ratio in readings.items()
            if ratio > required
        ]
    return failed


def summary(results: list[Result], required: float) -> list[str]:
    """What either reading says of all models."""
    whole = max(results, key=lambda r: r.process_ratio)
    slow = sorted((r for r in results if r.process_ratio > required), key=lambda r: r.model)
    met = f"missed by {', '.join(r.model for r in slow)}" if slow else "met by every model"
    said = (
        f"whole process: at most {required} is {met}; "
        f"the greatest ratio is {whole.process_ratio:.2f}, {whole.model}"
    )
    over = sorted((r for r in results if r.ratio > required), key=lambda r: -r.ratio)
    if not over:
        return [said, f"in process: at most {required} is met by every model"]
    spent = {w: sum(median(getattr(r, w)) for r in over) * 1e3 for w in ("engine", "naive")}
    missed = (
        f"in process: at most {required} is missed by {', '.join(r.model for r in over)}; "
        f"together the engine takes {spent['engine']:,.1f} ms on them, "
        f"the naive checker {spent['naive']:,.1f} ms"
    )
    return [said, missed]


def table(results: list[Result]) -> str:
    """The results for people, slowest ratio first: in process, then of whole processes."""
    headings = ("instances", "states", "generated", "engine", "naive", "ratio", "CPU")
    rows = [("model", *headings, "engine", "naive", "process ratio")]
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
            f"{median(r.engine_process) * 1e3:,.0f} ms",
            f"{median(r.naive_process) * 1e3:,.0f} ms",
            f"{r.process_ratio:.2f}",
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
    failed, said = shortfalls(results, options.ratio), summary(results, options.ratio)
    if options.json is not None:
        conditions = {
            "limit": limit,
            "rounds": rounds,
            "required": options.ratio,
            "few": KEEPS_UP,
            "failed": failed,
            "summary": said,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "cpus": os.cpu_count(),
            "load_average": {"before": load[0], "after": load[1]},
        }
        readings = [result.report() for result in results]
        written = {"definitions": DEFINITIONS, **conditions, "models": readings}
        options.json.write_text(json.dumps(written, indent=2) + "\n", "utf-8")
    print(table(results))
    print(f"load average {load[0][0]:.2f} before, {load[1][0]:.2f} after; {os.cpu_count()} CPUs")
    print(*said, *(f"FAILED {line}" for line in failed), sep="\n")
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
