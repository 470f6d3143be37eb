"""What the engine says of a random model, held against the naive checker line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from naive_checker import Explored
from random_engine import engine_model, plain, plain_state
from random_models import Answers
from random_naive import NaiveReading, Values
from random_plan import Plan, PropertyPlan
from random_values import typed

from choir_model.engine import ModelError, Path, Report, check

SAFETY = ("always", "each_step")
WORST_FIRST = ("VIOLATED", "UNKNOWN", "UNREACHED", "HOLDS")


class Compared(NamedTuple):
    """Both answers, and where they differ.  No report if there is no initial state."""

    answers: Answers
    report: Report | None
    differences: list[str]


def compared(answers: Answers) -> Compared:
    """Check the same plan with the engine, and compare all there is."""
    try:
        report = check(engine_model(answers.plan), keep_going=True)
    except ModelError as error:
        if not answers.explored.generated and "no initial state" in str(error):
            return Compared(answers, None, [])
        return Compared(answers, None, [f"{type(error).__name__}: {error}"])
    return Compared(answers, report, list(differences(*answers, report)))


def differences(
    plan: Plan, naive: NaiveReading, explored: Explored, report: Report
) -> Iterator[str]:
    """One line for every disagreement."""
    yield from _unequal("", counted(naive, explored), as_counted(report))
    for action in plan.actions:
        yield from _unequal(action.name, became(naive, action.name), covered(report, action.name))
    verdicts = []
    for claim in plan.properties:
        finding = report.findings[claim.name]
        verdict, length = judged(claim, naive, explored)
        verdicts.append(verdict)
        told = (finding.verdict.name, len(finding.paths[0]) if finding.paths else None)
        if told != (verdict, length if length is not None or not finding.paths else told[1]):
            yield f"{claim.name}: naive {verdict, length}, engine {told}"
    yield from differences_of_paths(plan, report)
    worst = min(verdicts, key=WORST_FIRST.index, default="HOLDS")
    if report.verdict.name != worst:
        yield f"verdict: naive {worst}, engine {report.verdict.name}"


def differences_of_paths(plan: Plan, report: Report) -> list[str]:
    """What is wrong with the paths of a report."""
    naive = NaiveReading(plan)
    claims = {claim.name: claim for claim in plan.properties}
    return [
        f"{name}: {error}"
        for name, finding in report.findings.items()
        for path in finding.paths
        for error in Walk(naive, path).errors(claims[name])
    ]


def _unequal(what: str, naive: dict[str, Any], engine: dict[str, Any]) -> Iterator[str]:
    for name, value in naive.items():
        if engine[name] != value:
            yield f"{what} {name}: naive {value}, engine {engine[name]}"


def counted(naive: NaiveReading, explored: Explored) -> dict[str, int]:
    steps = [(k, t) for k, targets in explored.steps.items() for _, t in targets]
    return {
        "initial": sum(distance == 0 for distance, _ in explored.states.values()),
        "distinct": len(explored.states),
        "generated": len(explored.generated),
        "transitions": sum(key != target for key, target in steps),
        "depth": explored.depth,
        "outside": explored.outside,
        "terminal": len(explored.stuck),
    }


def as_counted(report: Report) -> dict[str, int]:
    counts = report.counts
    return {name: getattr(counts, name) for name in type(counts).__slots__}


def became(naive: NaiveReading, action: str) -> dict[str, Any]:
    found = naive.became
    refused = {s.split()[1]: n for (a, s), n in found.items() if a == action and "refused" in s}
    fired, disabled = found[action, "running"], found[action, "altogether disabled"]
    return {"fired": fired, "disabled": disabled, "refused": refused}


def covered(report: Report, action: str) -> dict[str, Any]:
    coverage = report.coverage[action]
    refused = {reason: count for reason, count in coverage.refused.items() if count}
    return {"fired": coverage.fired, "disabled": coverage.disabled, "refused": refused}


def judged(claim: PropertyPlan, naive: NaiveReading, explored: Explored) -> tuple[str, int | None]:
    """The naive verdict, and the length of the shortest path that shows it, if there is one."""
    if claim.kind == "deadlock_free":
        done = naive.plan.done
        ends = [n for n, s, _ in explored.stuck if done is None or not naive.holds(done, s)]
        return ("VIOLATED", min(ends)) if ends else ("HOLDS", None)
    if claim.kind in {"eventually", "leads_to"}:
        return _judged_in_the_end(claim, naive, explored), None
    shortest = explored.shortest(telling(claim, naive))
    if claim.kind == "sometimes":
        return ("UNREACHED" if shortest is None else "HOLDS"), shortest
    if shortest is not None:
        return "VIOLATED", shortest
    if claim.witness and explored.shortest(lambda _, s: naive.holds(claim.witness, s)) is None:
        return "UNREACHED", None
    return "HOLDS", None


def telling(claim: PropertyPlan, naive: NaiveReading) -> Callable[[Values | None, Values], bool]:
    """Whether a generated state, or the step to it, shows what a path is wanted for."""
    every = naive.tuples(claim.sorts)

    def tells(before: Values | None, state: Values) -> bool:
        if before is None and claim.kind == "each_step":
            return False
        said = {naive.holds(claim.claim, state, arguments, before) for arguments in every}
        return (claim.kind == "sometimes") in said

    return tells


def _judged_in_the_end(claim: PropertyPlan, naive: NaiveReading, explored: Explored) -> str:
    if explored.outside:
        return "UNKNOWN"
    reached = claim.kind == "eventually"
    for arguments in naive.tuples(claim.sorts):
        states = {key: state for key, (_, state) in explored.states.items()}
        first = {k for k, s in states.items() if naive.holds(claim.claim, s, arguments)}
        if claim.kind == "leads_to":
            goal = {k for k, s in states.items() if naive.holds(claim.goal, s, arguments)}
            starts = first
            reached = reached or bool(first)
        else:
            goal = first
            starts = {key for key, (distance, _) in explored.states.items() if distance == 0}
        if explored.some_fair_behaviour_stays_in(states.keys() - goal, starts):
            return "VIOLATED"
    return "HOLDS" if reached else "UNREACHED"


class Walk:
    """A path of the engine's, walked by the naive reading."""

    def __init__(self, naive: NaiveReading, path: Path) -> None:
        self.naive, self.path = naive, path
        self.states: list[Values] = []
        self.problems: list[str] = []
        self.taken: list[Any] = []
        self._walk()

    def _walk(self) -> None:
        start = plain_state(self.path.initial)
        if self._full_key(start) not in map(self._full_key, self.naive.initial()):
            self.problems.append(f"the path begins at {start}, which is not initial")
        self.states = [start]
        actions = {action.name: action for action in self.naive.plan.actions}
        for number, step in enumerate(self.path.steps, 1):
            arguments = plain(step.label.arguments)
            options = typed(plain(step.choices))
            events = typed(plain(step.events))
            worlds = [
                world
                for world in self.naive.branches(
                    actions[step.label.action.name], arguments, self.states[-1]
                )
                if world.status == "running"
                and (typed(world.choices), typed(world.events)) == (options, events)
            ]
            if not worlds:
                self.problems.append(f"step {number}, {step}, is not possible")
                return
            self.states.append(worlds[0].state)
            self.taken.append((step.label.action.name, typed(arguments)))
            if self._full_key(plain_state(self.path.states[number])) != self._full_key(
                self.states[-1]
            ):
                self.problems.append(f"step {number}, {step}, leads to {self.states[-1]}")

    def _full_key(self, state: Values) -> Any:
        return frozenset((*cell, typed(value)) for cell, value in state.items())

    def errors(self, claim: PropertyPlan) -> Iterator[str]:
        """What is wrong with the path as a counterexample or witness."""
        yield from self.problems
        if self.problems:
            return
        model, last = self.naive.model(), self.states[-1]
        if not all(model.constraint(state) for state in self.states[:-1]):
            yield "the path leaves the constraint before its end"
        if claim.kind in {"eventually", "leads_to"}:
            yield from self._lasso_errors(claim)
        elif claim.kind == "deadlock_free":
            if model.successors(last):
                yield "something can happen in the last state"
        else:
            before = self.states[-2] if len(self.states) > 1 else last
            answers = {
                self.naive.holds(claim.claim, last, arguments, before)
                for arguments in self.naive.tuples(claim.sorts)
            }
            if (claim.kind == "sometimes") not in answers:
                yield "the last state does not show it"

    def _lasso_errors(self, claim: PropertyPlan) -> Iterator[str]:
        model, loop = self.naive.model(), self.path.loop
        keys = [model.key(state) for state in self.states]
        if loop is None or keys[loop] != keys[-1]:
            yield "the loop does not close"
            return
        if not any(self._avoided(claim, arguments) for arguments in self.naive.tuples(claim.sorts)):
            yield "the goal is reached"
        around = range(loop, max(loop + 1, len(self.path)))
        enabled = [
            {i for i, after in model.successors(self.states[n]) if model.key(after) != keys[n]}
            for n in around
        ]
        taken = {self.taken[n] for n in range(loop, len(self.path)) if keys[n] != keys[n + 1]}
        for instance, kind in model.fairness.items():
            times = [instance in here for here in enabled]
            if instance not in taken and (all(times) if kind == "weak" else any(times)):
                yield f"the loop is not fair to {instance}, which is {kind}"

    def _avoided(self, claim: PropertyPlan, arguments: tuple[Any, ...]) -> bool:
        holds = [self.naive.holds(claim.claim, state, arguments) for state in self.states]
        if claim.kind == "eventually":
            return not any(holds)
        goal = [self.naive.holds(claim.goal, state, arguments) for state in self.states]
        return any(first and not any(goal[n:]) for n, first in enumerate(holds))
