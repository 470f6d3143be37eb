"""Random programs: what actions do to the cells in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from random_expressions import Expressions, Scope
from random_plan import Body, Kind, Node

T = TypeVar("T")


class Programs(Expressions):
    """Draws statements; what they write stays in the domain of the cell."""

    def __init__(self, seed: int, draw: str) -> None:
        super().__init__(seed, draw)
        self.pools: list[tuple[Any, ...]] = []

    def some(self, values: Sequence[T], fewest: int, most: int) -> tuple[T, ...]:
        """A few of `values`, in their order."""
        count = min(len(values), self.rng.randint(fewest, most))
        return tuple(values[i] for i in sorted(self.rng.sample(range(len(values)), count)))

    def some_sorts(self, count: int) -> tuple[str, ...]:
        return tuple(self.telling_sort({}) for _ in range(count))

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
            amount = self.rng.choice((1, 1, self.rng.randrange(1, kind[1])))
            return ("add", ("lit", amount), ("lit", kind[1]))
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
            return self.choice_of(self.telling_sort(scope), scope)
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
