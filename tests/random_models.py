"""Random small models from a seed: see `random_plan` for what they are made of.

Domains are closed under everything a program may do, so the product of their sizes bounds
the state space.  Programs over a symmetric sort only compare its members, pass them on,
quantify over them or choose among them, so they cannot tell one from another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from random_expressions import Expressions, Scope
from random_naive import NaiveReading
from random_plan import (
    ActionPlan,
    Body,
    FieldPlan,
    Kind,
    Node,
    Plan,
    PropertyPlan,
    RecordPlan,
    SortPlan,
    parameter_names,
)
from random_values import MIXED

T = TypeVar("T")
VALUE_SORTS: tuple[tuple[Any, ...], ...] = (
    ("a", "b"),
    (0, 1, 2),
    (False, 0, "x"),
    (None, True, 1),
    ("a", "b"),
    ((), (True,), (1,)),
    ("only",),
    (-1, 0, 1),
    ("a", "b", b"a"),
)
ANY_KEYS: tuple[Any, ...] = (False, 7, "k", (1, "z"), b"\x00\x01\x02\x03\x04")
STATES = (30, 60, 120, 200, 400)
MEMBERS = (0, 0, 0, 1, 1, 1, 1, 1, 2)
STRONG_INSTANCES = 4


def domain_size(kind: Kind, sorts: dict[str, SortPlan]) -> int:
    """How many values a cell of this kind can take."""
    name, measure = kind[0], kind[1]
    if name == "mod":
        return int(measure)
    if name == "mixed":
        return len(measure)
    n = sorts[measure].size
    sizes: dict[str, int] = {"opt": n + 1, "boxed": n + 1, "set": 2**n, "pairs": 3**n}
    if name == "queue":
        return int(sum(n**length for length in range(kind[2] + 1)))
    return sizes.get(name) or 1 + n * 2**n


class Maker(Expressions):
    """Draws one plan."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.pools: list[tuple[Any, ...]] = []
        self.initial: Body | None = None
        self.keep_auxiliary = False

    def some(self, values: Sequence[T], fewest: int, most: int) -> tuple[T, ...]:
        """A few of `values`, in their order."""
        count = min(len(values), self.rng.randint(fewest, most))
        return tuple(values[i] for i in sorted(self.rng.sample(range(len(values)), count)))

    def plan(self) -> Plan:
        symmetric = self.chance(0.3)
        self.make_sorts(symmetric)
        self.keep_auxiliary = self.chance(0.3)
        self.make_fields(self.rng.choice(STATES))
        self.readable = [f.name for f in self.fields.values() if not f.auxiliary]
        self.initial = self.beginning() if self.chance(0.7) else None
        live = not symmetric and self.chance(0.7)
        actions = self.actions(live)
        if self.keep_auxiliary:
            self.readable = list(self.fields)
        properties = self.safety() + (self.liveness() if live else [])
        constraints = [
            self.true_at_first(self.mostly({}), {})
            for _ in range(self.rng.choice((0, 0, 0, 0, 1, 2)))
        ]
        done = self.claim({}) if self.chance(0.3) else None
        return Plan(
            *(self.seed, self.sorts, self.records, self.fields, actions, self.initial),
            *(properties, constraints, done, self.keep_auxiliary),
        )

    # Sorts, records, fields -------------------------------------------------------

    def make_sorts(self, symmetric: bool) -> None:
        for number in range(self.rng.choice((1, 1, 2, 2, 3))):
            name = f"S{number}x"
            if symmetric and (number == 0 or self.chance(0.3)):
                sort = SortPlan(name, self.rng.choice((2, 2, 3, 3, 4)), symmetric=True)
            elif self.chance(0.4):
                sort = SortPlan(name, self.rng.choice((2, 2, 3)))
            else:
                sort = SortPlan(name, self.rng.choice(VALUE_SORTS))
            self.sorts[name] = sort
        self.pools = [self.some(MIXED, 2, 4) for _ in range(2)]

    def make_fields(self, most_states: int) -> None:
        distinct = [sort.name for sort in self.sorts.values() if sort.distinct]
        states = 1
        for number in range(self.rng.randint(2, 3)):
            name = f"R{number}"
            keys: tuple[Any, ...] = ()
            sorts: tuple[str, ...] = ()
            if self.chance(0.1):
                keys = self.some(ANY_KEYS, 1, 2)
            elif distinct:
                count = self.rng.choice((0, 1, 1, 2))
                sorts = tuple(self.rng.choice(distinct) for _ in range(count))
            cells = len(keys) or 1
            for sort in sorts:
                cells *= self.sorts[sort].size
            self.records[name] = RecordPlan(name, sorts, keys, bool(keys) or self.chance(0.1))
            for _ in range(self.rng.randint(2, 4)):
                kind, auxiliary = self.kind(), self.chance(0.12)
                counts = 1 if auxiliary and not self.keep_auxiliary else cells
                size = domain_size(kind, self.sorts) ** counts
                if states * size <= most_states:
                    states *= size
                    self.add_field(name, kind, auxiliary)
        if not any(not f.auxiliary for f in self.fields.values()):
            self.records["R9"] = RecordPlan("R9", ())
            self.add_field("R9", ("mod", self.rng.choice((2, 5, 40, 300))), False)
        used = {planned.record for planned in self.fields.values()}
        self.records = {name: record for name, record in self.records.items() if name in used}

    def kind(self) -> Kind:
        distinct = [sort.name for sort in self.sorts.values() if sort.distinct]
        names = ["mod", "mod", "mod", "mixed", "mixed", "opt", "opt"]
        if distinct:
            names += ["set", "set", "pairs", "claim", "boxed"]
        name = self.rng.choice([*names, "queue"])
        if name == "mod":
            return (name, self.rng.choice((2, 2, 3, 3, 4, 5, 9, 40)))
        if name == "mixed":
            return (name, self.rng.choice(self.pools))
        sort = self.rng.choice(distinct if name in {"set", "pairs", "claim"} else [*self.sorts])
        return (name, sort, 2) if name == "queue" else (name, sort)

    def add_field(self, record: str, kind: Kind, auxiliary: bool) -> None:
        name = f"f{len(self.fields)}"
        default: Any = {"mod": 0, "opt": None, "queue": (), "claim": None}.get(kind[0], frozenset())
        if kind[0] == "mixed":
            default = self.rng.choice(kind[1])
        elif kind[0] == "boxed":
            default = None
        self.fields[name] = FieldPlan(name, record, kind, default, auxiliary)

    # Programs ---------------------------------------------------------------------

    def actions(self, live: bool) -> list[ActionPlan]:
        found, strong = [], 0
        for number in range(self.rng.randint(2, 5)):
            sorts = self.some_sorts(self.rng.choice(MEMBERS))
            instances = 1
            for sort in sorts:
                instances *= self.sorts[sort].size
            fairness = self.rng.choice(("none", "weak", "weak", "strong")) if live else "none"
            if fairness == "strong":
                strong += instances
                fairness = "strong" if strong <= STRONG_INSTANCES else "weak"
            scope: Scope = {
                name: ("member", sort)
                for name, sort in zip(parameter_names(sorts), sorts, strict=True)
            }
            body = []
            if self.chance(0.45):
                claim = self.claim(scope, 1) if self.chance(0.5) else self.mostly(scope)
                trusted = self.chance(0.7)
                body.append(("guard", self.true_at_first(claim, scope) if trusted else claim))
            if self.chance(0.4):
                body.append(self.choice(scope))
            for _ in range(self.rng.choice((1, 1, 2))):
                body += self.effect(scope, progress=True)
            body += self.body(scope, self.rng.randint(0, 2))
            found.append(ActionPlan(f"a{number}", sorts, fairness, body))
        return found

    def beginning(self) -> Body:
        scope: Scope = {}
        body: Body = []
        for _ in range(self.rng.randint(0, 2)):
            body += self.effect(scope)
        if self.chance(0.5):
            body.append(self.choice_of(self.rng.choice([*self.sorts]), scope))
        for _ in range(self.rng.randint(1, 2)):
            body += self.effect(scope, progress=True)
        return body + (self.body(scope, 1) if self.chance(0.3) else [])

    def true_at_first(self, claim: Node, scope: Scope) -> Node:
        """The claim or its negation: what holds in an initial state, where there is one."""
        plan = Plan(
            *(self.seed, self.sorts, self.records, self.fields, [], self.initial),
            *([], [], None, False),
        )
        reading = NaiveReading(plan)
        known = {name: reading.members[kind[1]][0] for name, kind in scope.items()}
        for state in reading.initial():
            return claim if reading.value(claim, state, known, state) else ("not", claim)
        return claim

    def body(self, scope: Scope, size: int) -> Body:
        scope = dict(scope)
        body: Body = []
        for _ in range(size):
            body += self.effect(scope) if self.chance(0.6) else [self.statement(scope)]
        return body

    def statement(self, scope: Scope) -> Node:
        """Anything but an effect; variables it makes are added to `scope`."""
        draw = self.rng.random()
        if draw < 0.1:
            return ("guard", self.mostly(scope))
        if draw < 0.4:
            return ("if", self.claim(scope, 1), self.body(scope, 1), self.body(scope, 1))
        if draw < 0.58:
            refusal = ("refuse", self.rng.choice(("FULL", "LATE")))
            return ("if", self.claim(scope, 1), [refusal], [])
        if draw < 0.78:
            return self.choice(scope)
        if draw < 0.88 and (source := self.cell(scope, "opt")):
            name = self.fresh()
            scope[name] = ("member", self.fields[source[1]].kind[1])
            return ("bind", name, source)
        return self.emission(scope)

    def effect(self, scope: Scope, *, progress: bool = False) -> Body:
        """A write or an update, after choices for what it needs and nothing in sight offers."""
        target = self.rng.choice([*self.fields.values()])
        needed = [*self.records[target.record].sorts]
        if target.kind[0] not in {"mod", "mixed"}:
            needed.append(target.kind[1])
        body: Body = []
        for sort in needed:
            if self.sorts[sort].symmetric and ("member", sort) not in scope.values():
                body.append(self.choice_of(sort, scope))
        key = self.key(target.name, scope)
        if progress and self.chance(0.6):
            return [*body, ("update", target.name, key, *self.change(target.kind, scope))]
        self.beside = (target.name, key) if self.chance(0.7) else None
        if self.chance(0.5):
            body.append(("write", target.name, key, self.value(target.kind, scope)))
        else:
            body.append(("update", target.name, key, *self.transfer(target.kind, scope)))
        self.beside = None
        return body

    def transfer(self, kind: Kind, scope: Scope) -> Node:
        """The function and arguments of an update that looks at another cell."""
        other = self.cell(scope, "mod") if kind[0] == "mod" else self.cell(scope, kind=kind)
        if not other:
            return ("same_as", self.value(kind, scope))
        reference: Node = ("ref", *other[1:])
        if kind[0] == "mod":
            shifted = ("computed", "add", reference, ("lit", 1), ("lit", 3))
            return ("add", self.rng.choice((reference, shifted, other)), ("lit", kind[1]))
        if kind[0] == "set" and self.chance(0.6):
            return (self.rng.choice(("union", "union", "without")), reference)
        return ("same_as", reference)

    def change(self, kind: Kind, scope: Scope) -> Node:
        """The function and arguments of an update that mostly does change something."""
        member = self.member(kind[1], scope) if kind[0] in {"set", "queue", "pairs"} else None
        if kind[0] == "mod":
            return ("add", ("lit", self.rng.choice((1, 1, 1, 2, 3))), ("lit", kind[1]))
        if kind[0] == "mixed":
            return ("next_of", ("lit", kind[1]))
        if kind[0] == "set" and member:
            return (self.rng.choice(("insert", "insert", "remove")), member)
        if kind[0] == "pairs" and member:
            return ("put", member, ("lit", self.chance(0.5)))
        if kind[0] == "queue":
            return ("append", member, ("lit", 2)) if member and self.chance(0.7) else ("pop",)
        return ("same_as", self.value(kind, scope))

    def choice(self, scope: Scope) -> Node:
        name, draw = self.fresh(), self.rng.random()
        if draw < 0.35:
            return self.choice_of(self.rng.choice([*self.sorts]), scope)
        if draw < 0.55 and (source := self.cell(scope, "set")):
            scope[name] = ("member", self.fields[source[1]].kind[1])
            return ("choose", name, source)
        if draw < 0.75:
            count = self.rng.choice((1, 2, 2, 3))
            scope[name] = ("mod", count)
            return ("choose", name, ("range", count))
        pool = self.rng.choice(self.pools)
        scope[name] = ("mixed", pool)
        return ("choose", name, ("literals", self.some(pool, 1 if self.chance(0.9) else 0, 3)))

    def choice_of(self, sort: str, scope: Scope) -> Node:
        name = self.fresh()
        scope[name] = ("member", sort)
        return ("choose", name, ("members", sort))

    def emission(self, scope: Scope) -> Node:
        numbers = [f for f in self.fields.values() if f.kind[0] == "mod"]
        counted = [(f, key) for f in numbers if (key := self.key(f.name, scope))]
        if counted and self.chance(0.7):
            source, key = self.rng.choice(counted)
            reference = ("ref", source.name, key)
            if self.chance(0.5):
                return ("emit_field", ("computed", "add", reference, ("lit", 1), ("lit", 7)))
            return ("emit_field", reference)
        return ("emit", self.cell(scope, "mod", "mixed") or ("lit", "said"))

    # Properties -------------------------------------------------------------------

    def safety(self) -> list[PropertyPlan]:
        found = []
        for number in range(self.rng.randint(1, 3)):
            sorts, scope = self.over()
            witness = self.claim({}) if self.chance(0.25) else ()
            claim = self.mostly(scope) if self.chance(0.6) else self.claim(scope)
            found.append(PropertyPlan("always", f"always{number}", sorts, claim, (), witness))
        for number in range(self.rng.randint(0, 2)):
            sorts, scope = self.over(most=1)
            self.in_step = True
            claim = self.mostly(scope) if self.chance(0.6) else self.claim(scope)
            self.in_step = False
            witness = self.claim({}) if self.chance(0.15) else ()
            found.append(PropertyPlan("each_step", f"step{number}", sorts, claim, (), witness))
        for number in range(self.rng.randint(0, 2)):
            claim = ("and", self.claim({}, 1), self.claim({}, 1))
            found.append(PropertyPlan("sometimes", f"sometimes{number}", (), claim))
        if self.chance(0.7):
            found.append(PropertyPlan("deadlock_free", "deadlock_free"))
        return found

    def liveness(self) -> list[PropertyPlan]:
        found = []
        for number in range(self.rng.randint(0, 2)):
            sorts, scope = self.over()
            found.append(
                PropertyPlan("eventually", f"eventually{number}", sorts, self.claim(scope))
            )
        for number in range(self.rng.randint(0, 2)):
            sorts, scope = self.over()
            claims = (self.claim(scope, 1), self.claim(scope, 1))
            found.append(PropertyPlan("leads_to", f"leads{number}", sorts, *claims))
        return found

    def some_sorts(self, count: int) -> tuple[str, ...]:
        return tuple(self.rng.choice([*self.sorts]) for _ in range(count))

    def over(self, most: int = 2) -> tuple[tuple[str, ...], Scope]:
        """Sorts for a property to range over, and the variables that makes."""
        sorts = self.some_sorts(min(most, self.rng.choice(MEMBERS)))
        names = zip(parameter_names(sorts), sorts, strict=True)
        return sorts, {name: ("member", sort) for name, sort in names}


def random_plan(seed: int) -> Plan:
    """The plan of this seed, always the same."""
    return Maker(seed).plan()
