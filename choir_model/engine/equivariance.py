"""The audit of symmetry: that no action and no property tells members apart.

That is declared, and audited on a sample of states: renaming first and acting then must be
acting first and renaming then, and a claim must say the same of a state and its image.
What raises on both sides does not tell them apart either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from choir_model.engine.dictview import DictView, Fired, Outcome, Refused, State, branches
from choir_model.engine.explored import Explored
from choir_model.engine.machine import Machine, state_text
from choir_model.engine.model import Kind, Property, shown_name
from choir_model.engine.paths import Label, identity_of
from choir_model.engine.recorders import described
from choir_model.engine.sorts import Sort, tuples
from choir_model.engine.symmetry import Renaming, rename, renamed_state
from choir_model.engine.view import ModelError, NoOptionSignal, RefusalSignal
from choir_model.engine.watchdog import ActionTimedOut, Escaped

MANY = 40
"""Up to so many pairs of a state and an exchange, all are audited."""


@dataclass(frozen=True, slots=True)
class Raised:
    """Model code raised instead of answering.  Its text may name members, so it does not count."""

    kind: type[BaseException]
    text: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Act:
    """An action with its arguments; what it is called is made where it is told."""

    label: Label

    def __str__(self) -> str:
        return f"the action {self.label}"


Case: TypeAlias = tuple[object, Any, Any]
"""What was asked, and the answers of a state and of its renamed image."""
Question: TypeAlias = tuple[str, Callable[..., Any], tuple[Sort, ...]]
"""What is asked of states, by which function, and for which parameters."""


def audit_equivariance(explored: Explored) -> int:
    """Check on some states that no action, constraint or watched claim tells members apart.

    Returns the number of cases compared, those of an earlier audit left out; raises
    `ModelError` with the first that differs.
    """
    machine, sample = explored.machine, explored.sample()
    audit = _Audit(machine, list(explored.claims.values()))
    swaps = [_swap(s, i) for s in machine.model.symmetric_sorts for i in range(len(s) - 1)]
    cases = 0
    for position, (number, state) in enumerate(sample.items()):
        every = len(sample) * len(swaps) <= MANY
        for k in range(len(swaps)) if every else [position % len(swaps)]:
            if (number, k) in explored.exchanged:
                continue
            for what, here, there in audit.cases(state, swaps[k]):
                cases += 1
                if here != there:
                    raise ModelError(_told(what, state, swaps[k], here, there))
            explored.exchanged.add((number, k))
    return cases


def _swap(sort: Sort, position: int) -> Renaming:
    first, second = sort.members[position : position + 2]
    return {first: second, second: first}


class _Audit:
    """What is asked about a model, and how."""

    def __init__(self, machine: Machine, claims: list[Property]) -> None:
        self._model = machine.model
        self._dog = machine.memory.dog
        self._of_states = list(_questions(machine, claims))
        self._of_steps: list[Question] = [
            (f"the property {claim.name}", claim.fn, claim.over)
            for claim in claims
            if claim.kind is Kind.EACH_STEP and claim.fn is not None
        ]
        self._state: State | None = None
        self._known: dict[tuple[int, ...], Any] = {}
        self._of_ends: list[Question] = []
        if self._model.done is not None and any(c.kind is Kind.DEADLOCK_FREE for c in claims):
            self._of_ends.append(("done", self._model.done, ()))

    def cases(self, state: State, renaming: Renaming) -> Iterator[Case]:
        """What is asked of a state and, renamed, of its image: both answers must be equal.

        Successors are asked too: a constraint may keep them from being states of their own.
        """
        if self._state is not state:
            self._state, self._known = state, {}
        other = renamed_state(state, renaming)
        yield from self._told_of(state, other, renaming)
        instances = ((a, arguments) for a in self._model.actions for arguments in tuples(a.sorts))
        for number, (action, arguments) in enumerate(instances):
            label = Label(action, arguments)
            outcomes = self._once((number,), self._outcomes, label, state)
            image = Label(action, rename(arguments, renaming))
            here = self._comparable(outcomes, state, renaming)
            there = self._comparable(self._outcomes(image, other), other, {})
            yield _Act(label), here, there
            for branch, outcome in enumerate(() if isinstance(outcomes, Raised) else outcomes):
                if isinstance(outcome, Fired):
                    after = self._once((number, branch), _after, state, outcome)
                    afterwards = renamed_state(after, renaming)
                    yield from self._told_of(after, afterwards, renaming)
                    pairs = (state, after), (other, afterwards)
                    yield from self._answers(self._of_steps, *pairs, renaming)

    def _once(self, key: tuple[int, ...], call: Callable[..., Any], *arguments: Any) -> Any:
        """``call(*arguments)``, not again for the next renaming of the same state."""
        if key not in self._known:
            self._known[key] = call(*arguments)
        return self._known[key]

    def _told_of(self, state: State, other: State, renaming: Renaming) -> Iterator[Case]:
        yield from self._answers(self._of_states, (state,), (other,), renaming)
        if self._of_ends and self._ends(state):
            yield from self._answers(self._of_ends, (state,), (other,), renaming)

    def _ends(self, state: State) -> bool:
        """Whether nothing can happen; only then is a model asked whether it is done."""
        for action in self._model.actions:
            for arguments in tuples(action.sorts):
                outcomes = self._outcomes(Label(action, arguments), state)
                if isinstance(outcomes, Raised) or any(isinstance(o, Fired) for o in outcomes):
                    return False
        return True

    def _answers(
        self,
        questions: list[Question],
        states: tuple[State, ...],
        others: tuple[State, ...],
        renaming: Renaming,
    ) -> Iterator[Case]:
        for asked, (what, fn, sorts) in enumerate(questions):
            for number, arguments in enumerate(tuples(sorts)):
                # The states asked about stay, so what `id` says of them does too.
                key = (id(questions), asked, number, *map(id, states))
                here = self._once(key, self._run, what, fn, *map(DictView, states), *arguments)
                image = rename(arguments, renaming)
                yield what, here, self._run(what, fn, *map(DictView, others), *image)

    def _outcomes(self, label: Label, state: State) -> list[Outcome] | Raised:
        found: list[Outcome] | Raised = self._run(
            _Act(label), branches, label.action.fn, state, *label.arguments
        )
        return found

    def _run(self, what: object, fn: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return self._dog.watch(what, fn, *arguments)
        except ActionTimedOut:
            raise
        except Escaped as error:
            return Raised(type(error.raised), described(error))
        except (Exception, RefusalSignal, NoOptionSignal) as error:  # noqa: BLE001 (model code)
            return Raised(type(error), described(error))

    def _comparable(
        self, outcomes: list[Outcome] | Raised, state: State, renaming: Renaming
    ) -> list[Any] | Raised:
        """What an action can do in a state, renamed, in an order of its own."""
        if isinstance(outcomes, Raised):
            return outcomes
        found = []
        for outcome in outcomes:
            if isinstance(outcome, Fired):
                after = renamed_state(State({**state, **outcome.writes}), renaming)
                found.append(str(identity_of(self._model, after)))
            elif isinstance(outcome, Refused):  # its role may be the name of a member
                found.append(f"{type(outcome.reason).__qualname__}.{outcome.reason.name}")
            else:
                found.append(str(outcome))
        return sorted(found)


def _after(state: State, outcome: Fired) -> State:
    return State({**state, **outcome.writes})


def _questions(machine: Machine, claims: list[Property]) -> Iterator[Question]:
    for claim in claims:
        if claim.fn is not None and claim.kind in (Kind.ALWAYS, Kind.SOMETIMES):
            yield f"the property {claim.name}", claim.fn, claim.over
        if claim.witness is not None:
            yield f"the witness of {claim.name}", claim.witness, ()
    for fn in machine.model.constraints:
        yield f"the constraint {shown_name(fn)}", fn, ()


def _told(what: object, state: State, renaming: Renaming, *answers: Any) -> str:
    swapped = " and ".join(map(str, renaming))
    sort = next(iter(renaming)).sort
    raised = [f"; once it raised {a.text}" for a in answers if isinstance(a, Raised)]
    return (
        f"{what} tells the members of {sort} apart, which is declared symmetric: exchanging "
        f"{swapped} makes a difference in the state {state_text(state)}{''.join(raised)}"
    )
