"""The naive reading of a random model: states are plain dictionaries, atoms plain strings.

A body is run over a list of worlds at once; a choice multiplies them.  Nothing here comes
from the engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import permutations, product
from typing import Any, TypeAlias

from naive_checker import Naive
from random_plan import ActionPlan, Body, Node, Plan, parameter_names
from random_values import FUNCTIONS, Boxed, typed

Values: TypeAlias = dict[tuple[str, Any], Any]
"""A state: values by field and typed key.  Cells that hold their default are left out."""
Meaning: TypeAlias = Callable[[Values, dict[str, Any], Values], Any]


@dataclass
class World:
    """One branch of a running action."""

    state: Values
    variables: dict[str, Any]
    choices: tuple[Any, ...] = ()
    events: tuple[Any, ...] = ()
    status: str = "running"

    def copy(self) -> World:
        return World(dict(self.state), dict(self.variables), self.choices, self.events, self.status)


@dataclass
class NaiveReading:
    plan: Plan
    members: dict[str, list[Any]] = field(init=False)
    meanings: dict[int, tuple[Node, Meaning]] = field(default_factory=dict)
    orbits: dict[Any, Any] = field(default_factory=dict)
    became: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.members = {
            sort.name: [f"{sort.name}{number}" for number in range(1, sort.members + 1)]
            if isinstance(sort.members, int)
            else list(sort.members)
            for sort in self.plan.sorts.values()
        }

    # Values -----------------------------------------------------------------------

    def value(self, e: Node, state: Values, known: dict[str, Any], old: Values) -> Any:
        return self.meaning(e)(state, known, old)

    def meaning(self, e: Node) -> Meaning:
        """What an expression is worth, given a state, the variables, and a state before."""
        if id(e) not in self.meanings:
            self.meanings[id(e)] = (e, self._logic(e) or self._term(e))
        return self.meanings[id(e)][1]

    def _term(self, e: Node) -> Meaning:
        match e:
            case ("lit", value):
                return lambda s, v, o: value
            case ("member", sort, number):
                return lambda s, v, o: self.members[sort][number]
            case ("var", name):
                return lambda s, v, o: v[name]
            case ("all_of", sort):
                return lambda s, v, o: frozenset(self.members[sort])
            case ("cell" | "ref" | "old" as head, name, key):
                at, default = self.meaning(key), self.plan.fields[name].default
                if head == "old":
                    return lambda s, v, o: o.get((name, typed(at(s, v, o))), default)
                return lambda s, v, o: s.get((name, typed(at(s, v, o))), default)
            case ("call" | "computed", function, *arguments):
                fn, parts = FUNCTIONS[function], [self.meaning(part) for part in arguments]
                return lambda s, v, o: fn(*[part(s, v, o) for part in parts])
            case ("test" | "update", name, key, function, *arguments):
                return self._term(("call", function, ("cell", name, key), *arguments))
        raise AssertionError(e)

    def _logic(self, e: Node) -> Meaning | None:
        match e:
            case ("not", inner):
                denied = self.meaning(inner)
                return lambda s, v, o: not denied(s, v, o)
            case ("and", *both):
                parts = [self.meaning(part) for part in both]
                return lambda s, v, o: all(part(s, v, o) for part in parts)
            case ("or", *both):
                parts = [self.meaning(part) for part in both]
                return lambda s, v, o: any(part(s, v, o) for part in parts)
            case ("every" | "some" as head, name, sort, inner):
                said, members = self.meaning(inner), self.members[sort]
                of = all if head == "every" else any
                return lambda s, v, o: of(said(s, {**v, name: m}, o) for m in members)
        return None

    def holds(self, claim: Node, state: Values, arguments: Any = (), old: Any = None) -> bool:
        known = dict(zip(parameter_names(tuple(arguments)), arguments, strict=True))
        return bool(self.value(claim, state, known, state if old is None else old))

    def tuples(self, sorts: tuple[str, ...]) -> list[tuple[Any, ...]]:
        return list(product(*(self.members[sort] for sort in sorts)))

    # Actions ----------------------------------------------------------------------

    def run(self, body: Body, worlds: list[World]) -> list[World]:
        for statement in body:
            ended = [world for world in worlds if world.status != "running"]
            going = [world for world in worlds if world.status == "running"]
            worlds = ended + [after for world in going for after in self.step(statement, world)]
        return worlds

    def step(self, statement: Node, world: World) -> list[World]:
        def value(e: Node) -> Any:
            return self.value(e, world.state, world.variables, world.state)

        match statement:
            case ("write", name, key, e):
                self.put(world.state, name, value(key), value(e))
            case ("update", name, key, *_):
                self.put(world.state, name, value(key), value(statement))
            case ("guard", e):
                world.status = "running" if value(e) else "disabled"
            case ("refuse", reason):
                world.status = f"refused {reason}"
            case ("if", e, then, otherwise):
                return self.run(then if value(e) else otherwise, [world])
            case ("choose", name, options):
                return self.choose(world, name, options)
            case ("bind", name, e):
                world.variables[name] = value(e)
                world.status = "disabled" if value(e) is None else "running"
            case ("emit", e):
                world.events += (value(e),)
            case ("emit_field", argument):
                world.events += (Boxed(value(argument)),)
            case _:
                raise AssertionError(statement)
        return [world]

    def choose(self, world: World, name: str, options: Node) -> list[World]:
        match options:
            case ("literals", values):
                found = list(values)
            case ("members", sort):
                found = self.members[sort]
            case ("range", count):
                found = list(range(count))
            case _:  # a cell with a set
                chosen = self.value(options, world.state, world.variables, world.state)
                members = self.members[self.plan.fields[options[1]].kind[1]]
                found = sorted(chosen, key=members.index)
        if not found:
            world.status = "disabled"
            return [world]
        worlds = [world.copy() for _ in found]
        for branch, option in zip(worlds, found, strict=True):
            branch.variables[name] = option
            branch.choices += (option,)
        return worlds

    def put(self, state: Values, name: str, key: Any, value: Any) -> None:
        state.pop((name, typed(key)), None)
        if typed(value) != typed(self.plan.fields[name].default):
            state[name, typed(key)] = value

    # The model --------------------------------------------------------------------

    def branches(self, action: ActionPlan, arguments: Any, state: Values) -> list[World]:
        known = dict(zip(parameter_names(action.sorts), arguments, strict=True))
        return self.run(action.body, [World(dict(state), known)])

    def initial(self) -> list[Values]:
        worlds = self.run(self.plan.initial or [], [World({}, {})])
        return [world.state for world in worlds if world.status == "running"]

    def successors(self, state: Values) -> list[tuple[Any, Any]]:
        """What fires; what became of every action is counted on the way."""
        found = []
        for action in self.plan.actions:
            for arguments in self.tuples(action.sorts):
                worlds = self.branches(action, arguments, state)
                outcomes = {world.status for world in worlds}
                self.became.update((action.name, world.status) for world in worlds)
                self.became[action.name, "altogether disabled"] += outcomes == {"disabled"}
                instance = (action.name, typed(arguments))
                found += [(instance, w.state) for w in worlds if w.status == "running"]
        return found

    def key(self, state: Values) -> Any:
        fields = self.plan.fields
        kept = self.plan.keep_auxiliary
        return frozenset(
            (name, key, typed(value))
            for (name, key), value in state.items()
            if kept or not fields[name].auxiliary
        )

    def orbit(self, state: Values) -> Any:
        """All that `state` can be turned into by exchanging members of symmetric sorts."""
        key = self.key(state)
        if key in self.orbits:
            return self.orbits[key]
        sorts = [self.members[name] for name in self.plan.symmetric]
        found = frozenset(
            exchanged(
                key,
                {
                    a: b
                    for old, new in zip(sorts, put, strict=True)
                    for a, b in zip(old, new, strict=True)
                },
            )
            for put in product(*map(permutations, sorts))
        )
        self.orbits.update(dict.fromkeys(found, found))
        return found

    def model(self, *, quotient: bool = False) -> Naive:
        fairness = {
            (action.name, typed(arguments)): action.fairness
            for action in self.plan.actions
            if action.fairness != "none"
            for arguments in self.tuples(action.sorts)
        }
        return Naive(
            self.initial(),
            self.successors,
            self.orbit if quotient else self.key,
            lambda state: all(self.holds(c, state) for c in self.plan.constraints),
            fairness,
        )


def exchanged(value: Any, names: dict[str, str]) -> Any:
    """A typed key with the atoms in it renamed."""
    if isinstance(value, tuple):
        return tuple(exchanged(item, names) for item in value)
    if isinstance(value, frozenset):
        return frozenset(exchanged(item, names) for item in value)
    return names.get(value, value) if isinstance(value, str) else value
