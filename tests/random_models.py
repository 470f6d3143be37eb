"""Random small models from a seed: see `random_plan` for what they are made of.

Domains are closed under everything a program may do, so the product of their sizes bounds
the state space.  Programs over a symmetric sort only compare its members, pass them on,
quantify over them or choose among them, so they cannot tell one from another.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from naive_checker import Explored
from random_expressions import Scope
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
from random_programs import Programs
from random_values import MIXED

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
ALIKE = [
    (i, j) for j, late in enumerate(MIXED) for i, early in enumerate(MIXED[:j]) if early == late
]
MEMBERS = (0, 0, 0, 1, 1, 1, 1, 1, 2)
STRONG_INSTANCES, FAIR_INSTANCES = 4, 7
DRAFTS, ENOUGH_STATES = 3, 6


class Bounds(NamedTuple):
    """How large models may be: the states that domains allow, drawn from, and their steps."""

    states: tuple[int, ...]
    steps: int


SMALL = Bounds((20, 40, 60, 80, 150), 400)
LARGE = Bounds((80, 200, 400, 800), 5000)


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


class Maker(Programs):
    """Draws one plan."""

    def __init__(self, seed: int, draw: str, bounds: Bounds) -> None:
        super().__init__(seed, draw)
        self.bounds = bounds
        self.initial: Body | None = None
        self.keep_auxiliary = False

    def plan(self) -> Plan:
        symmetric = self.chance(0.22)
        self.make_sorts(symmetric)
        self.keep_auxiliary = self.chance(0.3)
        self.make_fields(self.rng.choice(self.bounds.states[: 3 if symmetric else None]))
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
        done = self.ends() if self.chance(0.4) else None
        return Plan(
            *(self.seed, self.sorts, self.records, self.fields, actions, self.initial),
            *(properties, constraints, done, self.keep_auxiliary, self.chance(0.4)),
        )

    # Sorts, records, fields -------------------------------------------------------

    def make_sorts(self, symmetric: bool) -> None:
        for number in range(self.rng.choice((1, 1, 2, 2, 3))):
            name = f"S{number}x"
            if symmetric and (number == 0 or self.chance(0.3)):
                sizes = (2, 2) if number else (2, 2, 3, 3, 3, 4)
                sort = SortPlan(name, self.rng.choice(sizes), symmetric=True)
            elif self.chance(0.4):
                sort = SortPlan(name, self.rng.choice((2, 2, 3)))
            else:
                sort = SortPlan(name, self.rng.choice(VALUE_SORTS))
            self.sorts[name] = sort
        self.pools = [self.pool(), self.pool()]

    def pool(self) -> tuple[Any, ...]:
        """Some mixed values, often two that Python calls equal among them."""
        places = set(self.rng.sample(range(len(MIXED)), self.rng.randint(1, 3)))
        if len(places) == 1 or self.chance(0.5):
            places |= set(self.rng.choice(ALIKE))
        return tuple(MIXED[place] for place in sorted(places))

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
            self.add_field("R9", ("mod", self.rng.choice((2, 5, 40))), False)
        used = {planned.record for planned in self.fields.values()}
        self.records = {name: record for name, record in self.records.items() if name in used}

    def kind(self) -> Kind:
        distinct = [sort.name for sort in self.sorts.values() if sort.distinct]
        names = ["mod", "mod", "mod", "mod", "mixed", "mixed", "opt", "opt"]
        exchanged = [sort.name for sort in self.sorts.values() if sort.symmetric]
        if distinct:
            names += ["set", "set", "pairs", "claim", "boxed"]
        if exchanged:
            names += ["opt", "set", "set", "pairs", "pairs", "claim", "claim", "queue", "boxed"]
        name = self.rng.choice([*names, "queue"])
        if name == "mod":
            return (name, self.rng.choice((2, 2, 2, 3, 3, 3, 4, 5, 9, 40, 300)))
        if name == "mixed":
            return (name, self.rng.choice(self.pools))
        sorts = distinct if name in {"set", "pairs", "claim"} else [*self.sorts]
        sort = self.rng.choice(exchanged if exchanged and self.chance(0.7) else sorts)
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
        found, strong, fair = [], 0, 0
        guarded = self.rng.choice((0.3, 0.5, 1))
        fuel = self.fuel() if self.chance(0.6) else None
        fuelled = self.rng.choice((0.8, 1))
        for number in range(self.rng.randint(2, 5)):
            sorts = self.some_sorts(self.rng.choice(MEMBERS))
            instances = 1
            for sort in sorts:
                instances *= self.sorts[sort].size
            fairness = self.rng.choice(("none", "weak", "weak", "strong")) if live else "none"
            if fairness == "strong" and strong + instances > STRONG_INSTANCES:
                fairness = "weak"
            if fair + instances > FAIR_INSTANCES:
                fairness = "none"
            strong += instances * (fairness == "strong")
            fair += instances * (fairness != "none")
            scope: Scope = {
                name: ("member", sort)
                for name, sort in zip(parameter_names(sorts), sorts, strict=True)
            }
            body: Body = []
            if self.chance(guarded):
                claim = self.claim(scope, 1) if self.chance(0.5) else self.mostly(scope)
                trusted = self.chance(0.7)
                body.append(("guard", self.true_at_first(claim, scope) if trusted else claim))
            if self.chance(0.4):
                body.append(self.choice(scope))
            for _ in range(self.rng.choice((1, 1, 2))):
                body += self.effect(scope, progress=True)
            body += self.body(scope, self.rng.randint(0, 2))
            if fuel and self.chance(fuelled):
                body = [self.some_left(fuel), *body, self.one_less(fuel)]
            found.append(ActionPlan(f"a{number}", sorts, fairness, body))
        return found

    def fuel(self) -> FieldPlan | None:
        """A counter whose end stops whoever uses it."""
        for f in self.fields.values():
            record = self.records[f.record]
            if f.kind[0] == "mod" and f.kind[1] > 2 and not (f.auxiliary or record.sorts):
                return f
        return None

    def ends(self) -> Node:
        """A claim that marks states as done: what stops most actions, or anything."""
        fuel = self.fuel()
        return ("not", self.left(fuel)) if fuel and self.chance(0.6) else self.claim({})

    def left(self, fuel: FieldPlan) -> Node:
        key = ("lit", (self.records[fuel.record].keys or (None,))[0])
        return ("test", fuel.name, key, "less", ("lit", fuel.kind[1] - 1))

    def some_left(self, fuel: FieldPlan) -> Node:
        if self.chance(0.7):
            return ("guard", self.left(fuel))
        return ("if", ("not", self.left(fuel)), [("refuse", "FULL")], [])

    def one_less(self, fuel: FieldPlan) -> Node:
        key = ("lit", (self.records[fuel.record].keys or (None,))[0])
        return ("update", fuel.name, key, "add", ("lit", 1), ("lit", fuel.kind[1]))

    def beginning(self) -> Body:
        scope: Scope = {}
        body: Body = []
        for _ in range(self.rng.randint(0, 2)):
            body += self.effect(scope)
        if self.chance(0.5):
            body.append(self.choice_of(self.telling_sort(scope), scope))
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

    # Properties -------------------------------------------------------------------

    def safety(self) -> list[PropertyPlan]:
        found = []
        for number in range(self.rng.randint(1, 3)):
            sorts, scope = self.over()
            witness = self.claim({}) if self.chance(0.25) else ()
            claim = self.safe(scope)
            found.append(PropertyPlan("always", f"always{number}", sorts, claim, (), witness))
        if self.chance(0.4):
            sorts, scope = self.over(most=1 if self.chance(0.3) else 0)
            self.in_step = True
            claim = self.safe(scope)
            self.in_step = False
            witness = self.claim({}) if self.chance(0.2) else ()
            found.append(PropertyPlan("each_step", "step", sorts, claim, (), witness))
        for number in range(self.rng.randint(0, 2)):
            claim = ("and", self.claim({}, 1), self.claim({}, 1))
            found.append(PropertyPlan("sometimes", f"sometimes{number}", (), claim))
        if self.chance(0.7):
            found.append(PropertyPlan("deadlock_free", "deadlock_free"))
        return found

    def safe(self, scope: Scope) -> Node:
        """A claim that holds at first, and often for long."""
        claim = self.mostly(scope)
        if self.chance(0.6):
            claim = ("or", claim, self.mostly(scope))
        return self.true_at_first(claim, scope)

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

    def over(self, most: int = 2) -> tuple[tuple[str, ...], Scope]:
        """Sorts for a property to range over, and the variables that makes."""
        if any(sort.symmetric for sort in self.sorts.values()):
            most = min(most, 1)
        sorts = self.some_sorts(min(most, self.rng.choice(MEMBERS)))
        names = zip(parameter_names(sorts), sorts, strict=True)
        return sorts, {name: ("member", sort) for name, sort in names}


class Answers(NamedTuple):
    """A plan and what the naive checker found."""

    plan: Plan
    naive: NaiveReading
    explored: Explored


def random_model(seed: int, bounds: Bounds = SMALL) -> Answers:
    """The plan of this seed, always the same, checked by the naive checker.

    Most programs drawn at random go nowhere, and a few are slow, so the first of a few
    drafts that has some states is taken; the last one is taken whatever it has.
    """
    for draft in range(DRAFTS):
        plan = Maker(seed, f"{seed}/{draft}", bounds).plan()
        naive = NaiveReading(plan)
        explored = Explored(naive.model(quotient=bool(plan.symmetric)))
        most = bounds.steps // 2 if plan.symmetric else bounds.steps  # images are steps, too
        if len(explored.states) >= ENOUGH_STATES and len(explored.generated) <= most:
            break
    return Answers(plan, naive, explored)
