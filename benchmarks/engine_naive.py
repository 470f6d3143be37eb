"""A plain breadth-first checker: what anybody would write in an afternoon.

It runs the very actions and properties of a model, on states that are tuples in a dictionary,
through the least view that works.  Nothing is reused from one state to the next, nothing is
audited, no counterexample is confirmed, and no symmetry is used: it is what the engine must
not be much slower than, on whatever model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import chain, permutations, product
from typing import Any, NoReturn

from choir_model.engine import ANY, Cell, Computed, Model, Property
from choir_model.engine.model import Kind
from choir_model.engine.values import encode

State = tuple[Any, ...]
Script = list[int]


class Refusal(Exception):
    """The action ends without an effect."""


class NoOption(Exception):
    """The action cannot happen."""


class Limit(Exception):
    """So many states were wanted."""


class NaiveView:
    """One action on one state; `script` says which options to take."""

    __slots__ = ("place", "script", "state", "taken", "widths", "writes")

    def __init__(self, place: dict[Cell, int], state: State, script: Script) -> None:
        self.place = place
        self.state = state
        self.script = script
        self.taken: Script = []
        self.widths: Script = []
        self.writes: dict[int, Any] = {}

    def read(self, cell: Cell) -> Any:
        place = self.place[cell]
        return self.writes[place] if place in self.writes else self.state[place]

    def write(self, cell: Cell, value: Any) -> None:
        self.writes[self.place[cell]] = value

    def update(self, cell: Cell, fn: Callable[..., Any], *args: Any) -> None:
        self.write(cell, fn(self.read(cell), *map(self._argument, args)))

    def test(self, cell: Cell, fn: Callable[..., bool], *args: Any) -> bool:
        return fn(self.read(cell), *map(self._argument, args))

    def choose(self, options: Any) -> Any:
        options = _in_order(options) if isinstance(options, frozenset) else tuple(options)
        if not options:
            raise NoOption
        at = len(self.taken)
        option = self.script[at] if at < len(self.script) else 0
        self.taken.append(option)
        self.widths.append(len(options))
        return options[option]

    def refuse(self, reason: Any, role: str = "") -> NoReturn:
        raise Refusal

    def emit(self, event: Any, **fields: Any) -> None:
        pass

    def _argument(self, argument: Any) -> Any:
        if isinstance(argument, Cell):
            return self.read(argument)
        if isinstance(argument, Computed):
            return argument.fn(*map(self._argument, argument.args))
        return argument


class Naive:
    """Explores `model` up to `limit` states and judges `claims`, breadth first.

    The counts mean what the engine's mean.  `violated` and `seen` are the names of properties
    that failed, and of those of which a witness was found.  Like the engine, it looks for one
    violation of each and asks no more after that.  Liveness, refinement, undeclared keys and
    auxiliary fields are beyond it; `ValueError` for a model with one of the latter two.
    """

    def __init__(self, model: Model, claims: Sequence[Property], limit: int | None) -> None:
        fields = [field for record in model.records for field in record.fields]
        if ANY in model.records.values() or any(field.auxiliary for field in fields):
            raise ValueError(f"{model.name} is more than a naive checker can do")
        self.model = model
        self.limit = limit
        cells = [
            Cell(field, key)
            for record in model.records
            for key in model.keys(record) or ()
            for field in record.fields
        ]
        self.place = {cell: place for place, cell in enumerate(cells)}
        self.default = tuple(_plain(cell.field.default) for cell in cells)
        self.instances = [
            (action.fn, arguments)
            for action in model.actions
            for arguments in product(*action.sorts)
        ]
        self.always = self._claims(claims, Kind.ALWAYS)
        self.sometimes = self._claims(claims, Kind.SOMETIMES)
        self.sometimes += [
            (f"{claim.name}: witness", claim.witness, ()) for claim in claims if claim.witness
        ]
        self.each_step = self._claims(claims, Kind.EACH_STEP)
        self.deadlock = [claim.name for claim in claims if claim.kind is Kind.DEADLOCK_FREE]
        self.states: dict[State, State | None] = {}  # and how each was reached
        self.generated = self.outside = self.terminal = 0
        self.levels: list[list[State]] = []
        self.violated: set[str] = set()
        self.seen: set[str] = set()
        with suppress(Limit):
            self._explore()

    @property
    def depth(self) -> int:
        return sum(1 for level in self.levels if level)

    @property
    def distinct(self) -> int:
        return len(self.states)

    def orbits(self) -> int:
        """How many states there are but for the names of interchangeable members."""
        sorts = self.model.symmetric_sorts
        exchanges = [
            dict(zip(chain(*sorts), chain(*orders), strict=True))
            for orders in product(*map(permutations, sorts))
        ]
        moved = [
            {
                place: self.place[Cell(cell.field, _renamed(cell.key, names))]
                for cell, place in self.place.items()
            }
            for names in exchanges
        ]
        count, met = 0, set[State]()
        for state in self.states:
            if state not in met:
                count += 1
                for names, places in zip(exchanges, moved, strict=True):
                    other = {places[at]: _renamed(value, names) for at, value in enumerate(state)}
                    met.add(tuple(other[at] for at in range(len(state))))
        return count

    def _claims(self, claims: Sequence[Property], kind: Kind) -> list[tuple[str, Any, Any]]:
        return [
            (claim.name, claim.fn, arguments)
            for claim in claims
            if claim.kind is kind
            for arguments in product(*claim.over)
        ]

    def _explore(self) -> None:
        level: list[State] = []
        self.levels.append(level)
        initial = self.model.initial
        for state in (
            [self.default] if initial is None else self._outcomes(initial, self.default, ())
        ):
            self.generated += 1
            self._visit(state, None, level)
        while level:
            following: list[State] = []
            self.levels.append(following)
            for state in level:
                successors = [
                    successor
                    for fn, arguments in self.instances
                    for successor in self._outcomes(fn, state, arguments)
                ]
                self.generated += len(successors)
                if not successors:
                    self._stuck(state)
                for successor in successors:
                    if self.each_step:
                        self._check_step(state, successor)
                    self._visit(successor, state, following)
            level = following

    def _outcomes(
        self, fn: Callable[..., None], state: State, arguments: tuple[Any, ...]
    ) -> Iterator[State]:
        """The successors by one action instance, one for each combination of choices."""
        script: Script | None = []
        while script is not None:
            view = NaiveView(self.place, state, script)
            try:
                fn(view, *arguments)
            except (Refusal, NoOption):
                pass
            else:
                successor = list(state)
                for place, value in view.writes.items():
                    successor[place] = value
                yield tuple(successor)
            script = None
            for at in reversed(range(len(view.taken))):
                if view.taken[at] + 1 < view.widths[at]:
                    script = [*view.taken[:at], view.taken[at] + 1]
                    break

    def _visit(self, state: State, parent: State | None, following: list[State]) -> None:
        if state in self.states:
            return
        self._check(state)
        if not all(self._ask(fn, state) for fn in self.model.constraints):
            self.outside += 1
            return
        if self.limit is not None and len(self.states) >= self.limit:
            raise Limit
        self.states[state] = parent
        following.append(state)

    def _ask(self, fn: Callable[..., Any], state: State, arguments: tuple[Any, ...] = ()) -> Any:
        return fn(NaiveView(self.place, state, []), *arguments)

    def _check(self, state: State) -> None:
        for claim in self.always:
            if not self._ask(claim[1], state, claim[2]):
                self.violated.add(claim[0])
                self.always = [other for other in self.always if other is not claim]
        for claim in self.sometimes:
            if self._ask(claim[1], state, claim[2]):
                self.seen.add(claim[0])
                self.sometimes = [other for other in self.sometimes if other is not claim]

    def _check_step(self, state: State, successor: State) -> None:
        for claim in self.each_step:
            views = (NaiveView(self.place, s, []) for s in (state, successor))
            if not claim[1](*views, *claim[2]):
                self.violated.add(claim[0])
                self.each_step = [other for other in self.each_step if other is not claim]

    def _stuck(self, state: State) -> None:
        self.terminal += 1
        done = self.model.done
        if self.deadlock and (done is None or not self._ask(done, state)):
            self.violated.update(self.deadlock)


@cache
def _in_order(options: frozenset[Any]) -> tuple[Any, ...]:
    # As the engine orders them: else the first so many states would be others.
    return tuple(sorted(options, key=encode))


def _plain(value: Any) -> Any:
    return frozenset(value) if isinstance(value, frozenset) else value


def _renamed(value: Any, names: Mapping[Any, Any]) -> Any:
    if isinstance(value, tuple):
        return tuple(_renamed(item, names) for item in value)
    if isinstance(value, frozenset):
        return frozenset(_renamed(item, names) for item in value)
    return names.get(value, value)
