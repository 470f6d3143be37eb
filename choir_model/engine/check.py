"""The front door: check a model, and say what was found and what was covered."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from choir_model import __version__
from choir_model.engine.coverage import audit_everything, coverage_of
from choir_model.engine.dictview import State
from choir_model.engine.explored import Explored, Limits, ModelFault, Progress, counted
from choir_model.engine.graph import StateGraph
from choir_model.engine.judgement import Judge
from choir_model.engine.machine import Machine
from choir_model.engine.model import Kind, Model, Property, shown_name
from choir_model.engine.monitors import Watch, needs_graph, watch
from choir_model.engine.report import Counts, Report, overall
from choir_model.engine.view import ModelError
from choir_model.engine.walker import Walker
from choir_model.engine.watchdog import LIMIT as PATIENCE
from choir_model.engine.watchdog import Watchdog

NOT_UNDER_SYMMETRY = frozenset({Kind.EVENTUALLY, Kind.LEADS_TO, Kind.REFINES})


def check(
    model: Model,
    *,
    properties: Sequence[str] | None = None,
    limit: int | None = None,
    depth: int | None = None,
    counterexamples: int = 1,
    keep_going: bool = False,
    progress: Callable[[Progress], None] | None = None,
    patience: float | None = PATIENCE,
) -> Report:
    """Explore `model` and judge its properties, or those named in `properties`.

    `limit` is a number of distinct states, `depth` one of levels, the last of which is checked
    but not expanded.  `counterexamples` is how many to give for each violated property,
    with different sequences of actions.  A run ends early once every property is decided,
    unless `keep_going`.  An interrupt (`KeyboardInterrupt`) ends it with a report on what was
    covered until then.  `patience` is how many seconds one run of an action may take
    before it is taken to be endless; None for ever.

    Raises `ModelError` if the model itself is defective: `ModelFault`, with a `path` to the
    state, where model code fails, breaks the rules of the view, or is no function of
    the state.
    """
    claims = _chosen(model, properties)
    _check_numbers(limit=limit, depth=depth, counterexamples=counterexamples)
    _refuse_behaviours_under_symmetry(model, claims)
    with Watchdog(patience) as dog:
        machine = Machine(model, dog)
        watched = watch(machine, claims, counterexamples)
        walker = Walker(
            machine,
            watched,
            limits=Limits(limit, depth),
            keep_edges=needs_graph(claims),
            keep_going=keep_going,
            progress=progress,
        )
        judge = Judge(walker.found, watched)
        with _paths_to_faults(judge):
            explored = walker.run()
            findings = judge.findings(claims)
            audit = audit_everything(explored)
            if not explored.audited:
                findings = judge.reopened(findings)
    return Report(
        model=model.name,
        design=dict(model.design),
        bounds=_bounds(model, limit, depth),
        versions={"choir-model": __version__, "python": platform.python_version()},
        verdict=overall(findings, complete=not explored.stopped),
        findings=findings,
        counts=_counts(explored),
        coverage=coverage_of(explored),
        audit=audit,
        stopped=explored.stopped,
        notes=_notes(explored),
    )


@contextmanager
def _paths_to_faults(judge: Judge) -> Iterator[None]:
    """Gives a `ModelFault` the path to where it was met, if the actions lead there again."""
    try:
        yield
    except ModelFault as fault:
        with suppress(Exception):  # the fault is what counts, even where no path comes to be
            fault.path = judge.path(fault.place)
        raise


def state_graph(model: Model, limit: int | None = None, *, depth: int | None = None) -> StateGraph:
    """The graph of all states and steps of `model`, as far as these bounds let it go.

    `limit` is a number of states, `depth` one of levels, the last of which has states but no
    steps that leave them.  Raises `ModelError` as `check` does.
    """
    _check_numbers(limit=limit, depth=depth)
    with Watchdog(PATIENCE) as dog:
        machine = Machine(model, dog)
        limits = Limits(limit, depth)
        walker = Walker(machine, Watch(), limits=limits, keep_edges=True, keep_going=True)
        with _paths_to_faults(Judge(walker.found, Watch())):
            explored = walker.run()
            audit_everything(explored)
    assert explored.transitions is not None
    explored.transitions.instance_of = list(machine.labels.instances)
    packed = list(explored.index)

    def state(number: int) -> State:
        return machine.layout.unpack(packed[number])

    labels = [machine.label(number) for number in range(len(machine.labels.instances))]
    size = len(packed)
    return StateGraph(model, explored.transitions, labels, size, state, explored.stopped)


def _chosen(model: Model, names: Sequence[str] | None) -> list[Property]:
    if names is None:
        return list(model.properties)
    return [model.property_named(name) for name in dict.fromkeys(names)]


def _check_numbers(**numbers: int | None) -> None:
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise ModelError(f"{name} must be at least 1, not {number}")


def _refuse_behaviours_under_symmetry(model: Model, claims: list[Property]) -> None:
    over = [claim.name for claim in claims if claim.kind in NOT_UNDER_SYMMETRY]
    if over and model.symmetric_sorts:
        names = ", ".join(sort.name for sort in model.symmetric_sorts)
        raise ModelError(
            f"{over[0]} speaks of behaviours, and those are lost when the members of {names} "
            "are exchanged for one another; check it with symmetric=False"
        )


def _bounds(model: Model, limit: int | None, depth: int | None) -> dict[str, str]:
    found = {}
    for sort in model.sorts:
        kind = ", symmetric" if sort.symmetric else ""
        found[f"sort {sort.name}"] = counted(len(sort), "member") + kind
    if model.constraints:
        found["constraints"] = ", ".join(map(shown_name, model.constraints))
    if limit is not None:
        found["limit"] = counted(limit, "state")
    if depth is not None:
        found["depth"] = counted(depth, "level")
    return found


def _counts(explored: Explored) -> Counts:
    return Counts(
        initial=explored.levels[0] if explored.levels else 0,
        distinct=len(explored.index),
        generated=explored.generated,
        transitions=explored.changing,
        depth=sum(1 for level in explored.levels if level),
        outside=explored.outside,
        terminal=explored.terminal,
        expanded=explored.expanded,
        state_bits=explored.machine.layout.bits,
    )


def _notes(explored: Explored) -> tuple[str, ...]:
    if not explored.stopped:
        return ()
    found, expanded = len(explored.index), explored.expanded
    if found == expanded:
        return ()
    were, left = "was" if expanded == 1 else "were", found - expanded
    said = f"{expanded} of {counted(found, 'state')} found {were} expanded, {left} "
    return (said + ("was not" if left == 1 else "were not"),)
