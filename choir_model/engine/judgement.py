"""Judgement: from what exploration noticed to verdicts with paths.

A claim is VIOLATED as soon as there is a path that shows it, however little was explored.
It HOLDS only if everything within the bounds was; it is UNREACHED if what would give it a
meaning never occurred, and UNKNOWN whenever the part that was not explored could matter.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from choir_model.engine.dictview import State
from choir_model.engine.explored import Explored, ModelFault, counted
from choir_model.engine.machine import Instance
from choir_model.engine.model import Fairness, Kind, Property, parameter_names
from choir_model.engine.monitors import Place, Watch
from choir_model.engine.paths import Label, Path, PathDiverged
from choir_model.engine.recorders import described
from choir_model.engine.refinement import find_mismatch
from choir_model.engine.report import Finding, Verdict
from choir_model.engine.sorts import tuples
from choir_model.engine.transitions import Lasso
from choir_model.engine.trees import ModelCodeFailed, Tree
from choir_model.engine.view import ModelError
from choir_model.engine.watchdog import ActionTimedOut

if TYPE_CHECKING:
    from choir_model.engine.fair_graph import FairGraph


class Judge:
    """Gives the finding on each property of a finished exploration."""

    def __init__(self, explored: Explored, watch: Watch) -> None:
        self._explored = explored
        self._watch = watch

    def path(self, place: Place) -> Path:
        """The first way to a place, run by the actions themselves; `ModelError` if they fail."""
        explored = self._explored
        if not explored.initial:
            return self._run(State(), [])
        return self._run(explored.initial[explored.origin(place)], explored.labels_to(place))

    def _run(self, start: State, labels: list[Label], loop: int | None = None) -> Path:
        """A path; what only a plain state meets, as in auxiliary cells, fails here at last."""
        machine = self._explored.machine
        try:
            return Path.run(machine.model, start, labels, loop, machine.memory.dog)
        except PathDiverged:
            raise
        except Exception as error:
            step = getattr(error, "__notes__", [""])[-1]
            said = error.told if isinstance(error, ActionTimedOut) else described(error)
            raise ModelError(f"{machine.model.name}, {step} of a path: {said}") from error

    def findings(self, claims: list[Property]) -> dict[str, Finding]:
        """The verdicts on these properties; an interrupt leaves the rest of them open."""
        found: dict[str, Finding] = {}
        for claim in claims:
            try:
                found[claim.name] = self._finding(claim)
            except KeyboardInterrupt:
                self._explored.stopped = self._explored.stopped or "an interrupt"
                found[claim.name] = self._finding(claim)
        return found

    def reopened(self, findings: dict[str, Finding]) -> dict[str, Finding]:
        """What is left of the findings if the audits were broken off: what a path shows."""
        kept = {}
        for name, finding in findings.items():
            kept[name] = finding
            if finding.verdict in (Verdict.HOLDS, Verdict.UNREACHED) and not finding.paths:
                said = "nothing speaks against it, but not everything was audited"
                kept[name] = Finding(finding.property, Verdict.UNKNOWN, (), said)
        return kept

    def _finding(self, claim: Property) -> Finding:
        if claim.kind in (Kind.EVENTUALLY, Kind.LEADS_TO):
            return self._liveness(claim)
        if claim.kind is Kind.REFINES:
            return self._refinement(claim)
        if claim.kind is Kind.SOMETIMES:
            return self._witness(claim)
        monitors = [m for m in self._watch.of(claim, "violation") if m.places]
        if monitors:
            places = [place for monitor in monitors for place in monitor.places]
            paths = self._paths(places, monitors[0].wanted)
            first = min(monitors, key=lambda monitor: monitor.places[0].order)
            arguments = self._explored.renamed_arguments(
                first.places[0], first.arguments, of_step=claim.kind is Kind.EACH_STEP
            )
            said = _violated(claim) + _given(claim, arguments)
            return Finding(claim, Verdict.VIOLATED, paths, said)
        return self._holds(claim)

    def _paths(self, places: list[Place], wanted: int) -> tuple[Path, ...]:
        places = sorted(places, key=lambda place: place.order)
        told: dict[tuple[str, ...], Path] = {}  # one step may show it for several parameters
        for path in sorted(map(self.path, places), key=len):
            told.setdefault(tuple(step.label.action.name for step in path.steps), path)
        return tuple(told.values())[:wanted]

    def _holds(self, claim: Property) -> Finding:
        if self._explored.stopped:
            said = f"not violated in what was explored before {self._explored.stopped}"
            return Finding(claim, Verdict.UNKNOWN, (), said)
        witnesses = self._watch.of(claim, "witness")
        if witnesses and not any(monitor.places for monitor in witnesses):
            return Finding(claim, Verdict.UNREACHED, (), "what it speaks of never occurred")
        return Finding(claim, Verdict.HOLDS)

    def _witness(self, claim: Property) -> Finding:
        places = [p for m in self._watch.of(claim, "witness") for p in m.places]
        if places:
            return Finding(claim, Verdict.HOLDS, self._paths(places, 1), "a way to it")
        if self._explored.stopped:
            said = f"not seen in what was explored before {self._explored.stopped}"
            return Finding(claim, Verdict.UNKNOWN, (), said)
        said = "no reachable state satisfies it"
        if self._explored.outside:
            said = "no state reachable within the constraints satisfies it"
        return Finding(claim, Verdict.UNREACHED, (), said)

    def _refinement(self, claim: Property) -> Finding:
        if self._explored.stopped == "an interrupt":
            return self._holds(claim)
        mismatch = find_mismatch(self._explored, claim)
        if mismatch is not None:
            path = self.path(mismatch.place)
            return Finding(claim, Verdict.VIOLATED, (path,), mismatch.explanation)
        return self._holds(claim)

    def _liveness(self, claim: Property) -> Finding:
        explored = self._explored
        cut = explored.stopped
        if not cut and explored.outside:
            cut = f"a constraint, which excluded {counted(explored.outside, 'generated state')}"
        if cut:
            said = f"behaviours go on beyond {cut}"
            return Finding(claim, Verdict.UNKNOWN, (), said)
        found: Lasso | None = None
        said, surely = "", True
        for arguments in tuples(claim.over):
            lasso = self._lasso(claim, arguments)
            if lasso is not None:
                surely = surely and lasso.shortest
                if found is None or _steps(lasso) < _steps(found):
                    found, said = lasso, _violated(claim) + _given(claim, arguments)
        if found is None:
            return self._holds_eventually(claim)
        said += "" if surely else "; there may be a shorter way to show it"
        return Finding(claim, Verdict.VIOLATED, (self._lasso_path(found),), said)

    def _holds_eventually(self, claim: Property) -> Finding:
        if claim.kind is Kind.LEADS_TO:
            triggers = self._watch.of(claim, "witness")
            if not any(monitor.places for monitor in triggers):
                return Finding(claim, Verdict.UNREACHED, (), "its first half never held")
        return Finding(claim, Verdict.HOLDS)

    def _lasso(self, claim: Property, arguments: tuple[Any, ...]) -> Lasso | None:
        from choir_model.engine.liveness import lasso_in

        goal = claim.fn if claim.goal is None else claim.goal
        avoid = [not reached for reached in self._values(claim, goal, arguments)]
        begin = None
        if claim.kind is Kind.LEADS_TO:
            triggered = self._values(claim, claim.fn, arguments)
            begin = [t and a for t, a in zip(triggered, avoid, strict=True)]
        return lasso_in(self._fair_graph, avoid, begin)

    @cached_property
    def _fair_graph(self) -> FairGraph:
        from choir_model.engine.liveness import FairInstances, fair_graph

        machine, graph = self._explored.machine, self._explored.transitions
        assert graph is not None
        graph.instance_of = list(machine.labels.instances)
        fair = FairInstances(
            weak=_owed(machine.instances, Fairness.WEAK),
            strong=_owed(machine.instances, Fairness.STRONG),
        )
        return fair_graph(graph, fair)

    def _lasso_path(self, lasso: Lasso) -> Path:
        explored = self._explored
        machine, graph = explored.machine, explored.transitions
        assert graph is not None
        labels = [machine.label(graph.labels[edge]) for edge in (*lasso.stem, *lasso.loop)]
        start = explored.initial[explored.via[lasso.start]]
        return self._run(start, labels, loop=len(lasso.stem))

    def _values(self, claim: Property, fn: Any, arguments: tuple[Any, ...]) -> list[bool]:
        """What a predicate says of every state."""
        machine = self._explored.machine
        tree: Tree = machine.predicate(f"the property {claim.name}", fn, *arguments)
        found = []
        for number, packed in enumerate(self._explored.index):
            try:
                found.append(machine.forest.value(tree, packed))
            except ModelCodeFailed as failed:
                place = Place(number, -1)
                raise ModelFault(failed, machine.state_text(packed), place) from failed
        return found


def _owed(instances: list[Instance], fairness: Fairness) -> tuple[int, ...]:
    return tuple(i.number for i in instances if i.action.fairness is fairness)


def _steps(lasso: Lasso) -> int:
    return len(lasso.stem) + len(lasso.loop)


def _given(claim: Property, arguments: tuple[object, ...]) -> str:
    """For which parameters it fails, of a claim that has some."""
    if claim.fn is None or not arguments:
        return ""
    names = parameter_names(claim.fn, 2 if claim.kind is Kind.EACH_STEP else 1, claim.over)
    given = (f"{name}={value}" for name, value in zip(names, arguments, strict=True))
    return f", for {', '.join(given)}"


def _violated(claim: Property) -> str:
    return {
        Kind.ALWAYS: "it fails in the last state",
        Kind.EACH_STEP: "it fails in the last step",
        Kind.DEADLOCK_FREE: "nothing can happen in the last state",
        Kind.EVENTUALLY: "a fair behaviour never comes to it",
        Kind.LEADS_TO: "a fair behaviour has the first and then never the second",
    }[claim.kind]
