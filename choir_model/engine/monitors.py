"""Monitors: predicates watched during exploration, and the alarms they raise.

A monitor is a predicate's tree with the answer that matters: False for an invariant, True
for a witness.  It is asked at every new state whose cells it reads may have changed; at a
successor that left them alone it would say what it said before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from choir_model.engine.machine import Machine
from choir_model.engine.model import Kind, Property
from choir_model.engine.sorts import tuples
from choir_model.engine.trees import Tree


class Place(NamedTuple):
    """Where something was noticed: after a step of label `via` from state `source`.

    A negative source stands for an initial state, `via` being its number among them;
    a negative `via` for the state `source` itself.  `order` counts what was noticed.
    """

    source: int
    via: int
    order: int = 0


@dataclass(slots=True, eq=False)
class Monitor:
    """A predicate being watched.  `alarm` is the answer that counts; None for deadlocks.

    `role` is "violation" or "witness"; `wanted` how many alarms there may be before it
    goes to sleep; `places` where there were any.  With several wanted, each has a sequence
    of actions of its own, in `stories`.
    """

    claim: Property
    role: str
    tree: Tree | None
    alarm: bool
    wanted: int
    arguments: tuple[object, ...] = ()
    places: list[Place] = field(default_factory=list)
    stories: set[tuple[str, ...]] = field(default_factory=set)

    @property
    def asleep(self) -> bool:
        """Whether nothing more is to be learned from it."""
        return len(self.places) >= self.wanted


@dataclass(slots=True)
class Watch:
    """All monitors of a check: over states, over steps, and for deadlocks."""

    states: list[Monitor] = field(default_factory=list)
    steps: list[Monitor] = field(default_factory=list)
    deadlocks: list[Monitor] = field(default_factory=list)

    @property
    def every(self) -> tuple[Monitor, ...]:
        """All of them."""
        return (*self.states, *self.steps, *self.deadlocks)

    def awake(self) -> bool:
        """Whether any monitor could still learn something."""
        return any(not monitor.asleep for monitor in self.every)

    def of(self, claim: Property, role: str) -> list[Monitor]:
        """The monitors of a property in one role."""
        return [m for m in self.every if m.claim is claim and m.role == role]


def watch(machine: Machine, claims: list[Property], wanted: int) -> Watch:
    """The monitors of these properties; `wanted` counterexamples of each."""
    found = Watch()
    for claim in claims:
        for arguments in tuples(claim.over):
            _add(found, machine, claim, arguments, wanted)
        if claim.witness is not None:
            tree = machine.predicate(f"the witness of {claim.name}", claim.witness)
            found.states.append(Monitor(claim, "witness", tree, True, 1))
    return found


def _add(
    found: Watch, machine: Machine, claim: Property, arguments: tuple[object, ...], wanted: int
) -> None:
    what = f"the property {claim.name}"
    if claim.kind is Kind.DEADLOCK_FREE:
        found.deadlocks.append(Monitor(claim, "violation", None, True, wanted))
    elif claim.kind is Kind.EACH_STEP:
        found.steps.append(Monitor(claim, "violation", None, False, wanted, arguments))
    elif claim.fn is not None and claim.kind is Kind.ALWAYS:
        tree = machine.predicate(what, claim.fn, *arguments)
        found.states.append(Monitor(claim, "violation", tree, False, wanted, arguments))
    elif claim.fn is not None and claim.kind in (Kind.SOMETIMES, Kind.LEADS_TO):
        tree = machine.predicate(what, claim.fn, *arguments)
        found.states.append(Monitor(claim, "witness", tree, True, 1, arguments))


def needs_graph(claims: list[Property]) -> bool:
    """Whether some property is decided on the whole graph of states and steps."""
    on_graph = (Kind.EVENTUALLY, Kind.LEADS_TO, Kind.REFINES)
    return any(claim.kind in on_graph for claim in claims)
