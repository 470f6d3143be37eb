"""How fast the lockstep machines run, and how much of their time is the engines' own.

    python -m benchmarks.lockstep [--seed N] [--steps N] [--rounds N] [--json FILE]

Three machines are measured: the ledger's, the content store's, and the system machine, which
drives both.  In each round, three runs take turns, so that a busy computer slows all alike:

* **lockstep**: the machine as it is, on fresh engines and references;
* **empty**: the same machine drawing the same rules and arguments, with nothing in the rules;
* **adapters**: the recorded commands and looks again on fresh engines, nothing but the
  engines and the translation to them: no reference, no comparison, no Hypothesis;
* **bare**: stricter still, every call the engines themselves got, made again with nothing
  between the calls; transactions are sent as they were signed then.  What it took to sign
  them is measured beside it.

A **step** is one rule invoked by Hypothesis (initialize rules included), however many
commands it makes of its arguments.  A **command** is what a pair executes on both sides and
compares.  Two figures are required of the system machine: steps per second of lockstep ÷
empty, and seconds of adapters ÷ (lockstep - empty).  Exit status 1 if either is too low.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import os
import platform
import pstats
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machines import time_empty, time_real
from benchmarks.tape import Engines, Tape, differing_answers, replay, sign
from choir_model.content.port import ReferenceContent
from choir_model.lockstep import content, ledger, system
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.content_pair import ContentPair
from choir_model.lockstep.running import Budget

STEP_RATIO = 0.12
REAL_SHARE = 0.40
PACKAGES = ("hypothesis", "qdrant-edge-py", "solders")
RUNS = ("lockstep", "empty", "bare", "signing", "adapters")
WARM_UP = 300
"""Commands of the unmeasured first run: caches are filled, modules imported."""


@dataclass(slots=True)
class Result:
    """Raw seconds of one machine, round by round, and what was run."""

    machine: str
    steps: int = 0
    commands: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    transactions: dict[str, int] = field(default_factory=dict)
    lockstep: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    signing: list[float] = field(default_factory=list)
    adapters: list[float] = field(default_factory=list)

    @property
    def steps_per_second(self) -> float:
        return self.steps / median(self.lockstep)

    @property
    def empty_steps_per_second(self) -> float:
        return self.steps / median(self.empty)

    @property
    def commands_per_second(self) -> float:
        return self.commands / median(self.lockstep)

    @property
    def step_ratio(self) -> float:
        """Steps per second of lockstep ÷ empty: median over the rounds."""
        return median(e / t for t, e in zip(self.lockstep, self.empty, strict=True))

    @property
    def engine_share(self) -> float:
        """Bare ÷ (lockstep - empty): median over the rounds."""
        return self._share(self.bare)

    @property
    def signing_share(self) -> float:
        """Signing ÷ (lockstep - empty): median over the rounds."""
        return self._share(self.signing)

    @property
    def adapter_share(self) -> float:
        """Adapters ÷ (lockstep - empty): median over the rounds."""
        return self._share(self.adapters)

    def _share(self, part: list[float]) -> float:
        rounds = zip(self.lockstep, self.empty, part, strict=True)
        return median(seconds / (lockstep - empty) for lockstep, empty, seconds in rounds)

    def report(self) -> dict[str, Any]:
        """For the JSON file."""
        return {
            **asdict(self),
            "median": {name: median(getattr(self, name)) for name in RUNS},
            "steps_per_second": self.steps_per_second,
            "empty_steps_per_second": self.empty_steps_per_second,
            "commands_per_second": self.commands_per_second,
            "step_ratio": self.step_ratio,
            "engine_share": self.engine_share,
            "signing_share": self.signing_share,
            "adapter_share": self.adapter_share,
        }


def system_subject(engines: Engines) -> tuple[type[Any], Any]:
    """LiteSVM and Edge at once: the machine and its pair."""
    pair = system.system_pair(engines.ledger, engines.store, Coverage())
    return system.system_machine_for(pair), pair


def ledger_subject(engines: Engines) -> tuple[type[Any], Any]:
    """LiteSVM alone."""
    pair = ledger.ledger_pair(engines.ledger, Coverage())
    return ledger.machine_for(pair), pair


def content_subject(engines: Engines) -> tuple[type[Any], Any]:
    """Edge alone."""
    store = engines.store()
    pair = ContentPair(ReferenceContent(store.dimension), store, Coverage())
    return content.machine_for(pair), pair


SUBJECTS: dict[str, Callable[[Engines], tuple[type[Any], Any]]] = {
    "system": system_subject,
    "ledger": ledger_subject,
    "content": content_subject,
}


def record(name: str, budget: Budget, *, ports: bool = False) -> Tape:
    """What the engines, or the adapters, are asked in a lockstep run once the pair is made."""
    tape = Tape()
    engines = Engines(port_tape=tape) if ports else Engines(tape)
    try:
        machine, pair = SUBJECTS[name](engines)
        tape.calls.clear()
        time_real(machine, pair, budget)
        return Tape(list(tape.calls))  # without what closing asks
    finally:
        engines.close()


def measure(name: str, budget: Budget, rounds: int) -> Result:
    """All rounds of one machine.  Raises `RuntimeError` where two runs are not the same."""
    result = Result(name)
    record(name, Budget(budget.seed, min(WARM_UP, budget.steps)))
    tape = record(name, budget)
    ports = record(name, budget, ports=True)
    result.calls, result.transactions = tape.methods(), tape.transactions()
    _on_fresh_engines(name, lambda e: _must_agree(tape, e.bare))
    for _ in range(rounds):
        engines = Engines()
        try:
            machine, pair = SUBJECTS[name](engines)
            seconds, notes = time_real(machine, pair, budget)
            result.lockstep.append(seconds)
            seconds, empty = time_empty(machine, notes, budget)
            result.empty.append(seconds)
        finally:
            engines.close()
        if empty.drawn != notes.drawn:
            raise RuntimeError(f"{name}: the empty machine did not draw the same rules")
        result.steps, result.commands = len(notes.drawn), notes.rounds[-1][0]
        result.bare.append(_on_fresh_engines(name, lambda e: replay(tape.calls, e.bare)))
        result.signing.append(_on_fresh_engines(name, lambda e: sign(tape.calls, e.keys)))
        again = _on_fresh_engines(name, lambda e: replay(ports.calls, e.adapters))
        result.adapters.append(again)
    return result


def profile(name: str, budget: Budget) -> str:
    """Where one lockstep run spends its time: the 15 costliest functions, by own time."""
    record(name, Budget(budget.seed, min(WARM_UP, budget.steps)))
    profiler, engines, text = cProfile.Profile(), Engines(), io.StringIO()
    try:
        machine, pair = SUBJECTS[name](engines)
        profiler.runcall(time_real, machine, pair, budget)
    finally:
        engines.close()
    pstats.Stats(profiler, stream=text).strip_dirs().sort_stats("tottime").print_stats(15)
    return text.getvalue().strip()


def _on_fresh_engines(name: str, act: Callable[[Engines], Any]) -> Any:
    engines = Engines()
    try:
        SUBJECTS[name](engines)  # what making a pair asks of the engines is asked here, too
        return act(engines)
    finally:
        engines.close()


def _must_agree(tape: Tape, bare: dict[str, Any]) -> None:
    differing = differing_answers(tape.calls, bare)
    if differing:
        raise RuntimeError(f"{len(differing)} calls are answered otherwise: {differing[:3]}")


def shortfalls(result: Result, step_ratio: float, real_share: float) -> list[str]:
    """Which of the requirements a result does not meet, in words."""
    found = []
    if result.step_ratio < step_ratio:
        found.append(
            f"{result.machine}: steps per second are {result.step_ratio:.3f} of the empty "
            f"machine's, required: {step_ratio}"
        )
    if result.adapter_share < real_share:
        found.append(
            f"{result.machine}: the commands on the engines alone take "
            f"{result.adapter_share:.3f} of the time outside Hypothesis, required: {real_share}"
        )
    return found


def table(results: list[Result]) -> str:
    """The results for people."""
    head = ("machine", "steps/s", "empty/s", "ratio", "commands/s")
    rows: list[tuple[str, ...]] = [(*head, *RUNS, "bare", "signing", "adapters")]
    rows += [
        (
            r.machine,
            f"{r.steps_per_second:,.0f}",
            f"{r.empty_steps_per_second:,.0f}",
            f"{r.step_ratio:.3f}",
            f"{r.commands_per_second:,.0f}",
            *(f"{median(getattr(r, run)):.3f} s" for run in RUNS),
            f"{r.engine_share:.1%}",
            f"{r.signing_share:.1%}",
            f"{r.adapter_share:.1%}",
        )
        for r in results
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    budget = Budget(options.seed, options.steps)
    if options.profile:
        print(*(profile(name, budget) for name in options.machines), sep="\n\n")
        return 0
    load = [os.getloadavg()]
    results = [measure(name, budget, options.rounds) for name in options.machines]
    load.append(os.getloadavg())
    print(table(results))
    failed = [
        line
        for result in results
        if result.machine == "system"
        for line in shortfalls(result, options.step_ratio, options.real_share)
    ]
    required = {"step_ratio": options.step_ratio, "adapter_share": options.real_share}
    report = {
        "definitions": {
            "step": "one rule invoked by Hypothesis, initialize rules included",
            "command": "one command executed on both sides and compared",
            "step_ratio": "steps per second of lockstep / empty, median of rounds",
            "engine_share": "seconds of bare / (lockstep - empty), median of rounds",
            "signing_share": "seconds of signing / (lockstep - empty), median of rounds",
            "adapter_share": "seconds of adapters / (lockstep - empty), median of rounds",
        },
        "seed": options.seed,
        "least_commands": options.steps,
        "rounds": options.rounds,
        "required_of_system": required,
        "failed": failed,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {name: version(name) for name in PACKAGES},
        "cpus": os.cpu_count(),
        "load_average": {"before": load[0], "after": load[1]},
        "machines": [result.report() for result in results],
    }
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(f"load average {load[0][0]:.2f} before, {load[1][0]:.2f} after; {os.cpu_count()} CPUs")
    for line in failed:
        print(f"FAILED {line}")
    return 1 if failed else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lockstep")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=3000, help="commands, at least")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there")
    parser.add_argument("--step-ratio", type=float, default=STEP_RATIO, help="required at least")
    parser.add_argument("--real-share", type=float, default=REAL_SHARE)
    parser.add_argument("--profile", action="store_true", help="only profile one lockstep run")
    parser.add_argument("--machines", nargs="+", choices=list(SUBJECTS), default=list(SUBJECTS))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
