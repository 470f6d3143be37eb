"""Random expressions and claims over the cells and variables in sight."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from random_plan import FieldPlan, Kind, Node, RecordPlan, SortPlan

Scope = dict[str, Kind]
"""The kinds of the variables in sight."""


def same(kind: Kind, other: Kind) -> bool:
    """Whether two kinds have the same values, of the same types."""
    return kind == other and (kind[0] != "mixed" or kind[1] is other[1])


class Expressions:
    """Draws expressions whose values stay in the kinds asked for."""

    def __init__(self, seed: int, draw: str) -> None:
        self.seed = seed
        self.rng = random.Random(draw)
        self.sorts: dict[str, SortPlan] = {}
        self.records: dict[str, RecordPlan] = {}
        self.fields: dict[str, FieldPlan] = {}
        self.readable: list[str] = []
        self.in_step = False
        self.beside: Node | None = None  # a cell that need not be spoken of again
        self.nested = 0  # within how many quantifiers
        self.variables = 0

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def fresh(self) -> str:
        self.variables += 1
        return f"v{self.variables}"

    def key(self, name: str, scope: Scope) -> Node | None:
        """An expression for a key of the field; None where nothing in sight can be one."""
        record = self.records[self.fields[name].record]
        if record.keys:
            return ("lit", self.rng.choice(record.keys))
        parts = [self.member(sort, scope) for sort in record.sorts]
        if None in parts:
            return None
        if not parts:
            return ("lit", None)
        return parts[0] if len(parts) == 1 else ("call", "pair", *parts)

    def member(self, sort: str, scope: Scope) -> Node | None:
        names = [name for name, kind in scope.items() if kind == ("member", sort)]
        if names and self.chance(0.8):
            return ("var", self.rng.choice((*names, names[-1])))
        if not self.sorts[sort].symmetric:
            return ("member", sort, self.rng.randrange(self.sorts[sort].size))
        return ("var", self.rng.choice(names)) if names else None

    def cell(self, scope: Scope, *kinds: str, kind: Kind | None = None) -> Node | None:
        """A look at a readable cell of one of the kinds."""
        found = []
        for name in self.readable:
            own = self.fields[name].kind
            if same(own, kind) if kind else own[0] in kinds:
                key = self.key(name, scope)
                if key is not None and (name, key) != self.beside:
                    head = "old" if self.in_step and self.chance(0.5) else "cell"
                    found.append((head, name, key))
        return self.rng.choice(found) if found else None

    def value(self, kind: Kind, scope: Scope) -> Node:
        """An expression for a value of the kind."""
        names = [("var", name) for name, own in scope.items() if same(own, kind)]
        if names and self.chance(0.4):
            return self.rng.choice(names)
        made: Callable[[Kind, Scope], Node | None] = getattr(self, f"_{kind[0]}")
        looked = self.cell(scope, kind=kind) if self.chance(0.3) else None
        return looked or made(kind, scope) or ("lit", self.plain(kind))

    def plain(self, kind: Kind) -> Any:
        """A value that is there without looking at anything."""
        if kind[0] == "mod":
            return self.rng.randrange(kind[1])
        if kind[0] == "mixed":
            return self.rng.choice(kind[1])
        return {"queue": (), "opt": None, "claim": None, "boxed": None}.get(kind[0], frozenset())

    def _mod(self, kind: Kind, scope: Scope) -> Node | None:
        if self.chance(0.5):
            return None
        if (other := self.cell(scope, "mod")) and self.chance(0.7):
            return ("call", "add", other, ("lit", self.rng.randrange(3)), ("lit", kind[1]))
        other = self.cell(scope, "set", "queue", "pairs")
        return other and ("call", "size", other, ("lit", kind[1]))

    def _mixed(self, kind: Kind, scope: Scope) -> Node | None:
        other = self.cell(scope, kind=kind) if self.chance(0.4) else None
        return other and ("call", "next_of", other, ("lit", kind[1]))

    def _opt(self, kind: Kind, scope: Scope) -> Node | None:
        queues = [("queue", kind[1], 2)]
        if self.chance(0.2) and (queue := self.cell(scope, kind=queues[0])):
            return ("call", "head", queue)
        return self.member(kind[1], scope) if self.chance(0.8) else None

    def _boxed(self, kind: Kind, scope: Scope) -> Node | None:
        member = self.member(kind[1], scope) if self.chance(0.8) else None
        return member and ("call", "boxed", member)

    def _set(self, kind: Kind, scope: Scope) -> Node | None:
        member, other = self.member(kind[1], scope), self.cell(scope, kind=kind)
        if member and other and self.chance(0.6):
            return ("call", self.rng.choice(("insert", "remove")), other, member)
        second = self.cell(scope, kind=kind)
        if other and second and self.chance(0.5):
            return ("call", self.rng.choice(("union", "without")), other, second)
        return ("all_of", kind[1]) if self.chance(0.5) else None

    def _pairs(self, kind: Kind, scope: Scope) -> Node | None:
        member, other = self.member(kind[1], scope), self.cell(scope, kind=kind)
        if not (member and other):
            return None
        if self.chance(0.6):
            return ("call", "put", other, member, ("lit", self.chance(0.5)))
        return ("call", "drop", other, member)

    def _claim(self, kind: Kind, scope: Scope) -> Node | None:
        member = self.member(kind[1], scope)
        return member and ("call", "pair", member, self.value(("set", kind[1]), scope))

    def _queue(self, kind: Kind, scope: Scope) -> Node | None:
        member, other = self.member(kind[1], scope), self.cell(scope, kind=kind)
        if member and other and self.chance(0.6):
            return ("call", "append", other, member, ("lit", kind[2]))
        return other and ("call", "pop", other)

    # Claims -----------------------------------------------------------------------

    def claim(self, scope: Scope, depth: int = 2) -> Node:
        """An expression for a truth value."""
        draw = self.rng.random()
        if depth and draw < 0.3:
            first, second = self.claim(scope, depth - 1), self.claim(scope, depth - 1)
            return (self.rng.choice(("and", "or")), first, second)
        if depth and draw < 0.38:
            return ("not", self.claim(scope, depth - 1))
        look = self.look(scope)
        if look is None or (depth and draw < 0.55 and not self.nested):
            name, sort = self.fresh(), self.telling_sort(scope)
            self.nested += 1
            inner = self.claim({**scope, name: ("member", sort)}, max(depth - 1, 0))
            self.nested -= 1
            return (self.rng.choice(("every", "some")), name, sort, inner)
        kind, self.beside = self.fields[look[1]].kind, look[1:]
        if look[0] == "cell" and self.chance(0.4):
            made = self.test(look, kind, scope)
        else:
            function, *arguments = self.question(kind, scope)
            made = ("call", function, look, *arguments)
        self.beside = None
        return made

    def telling_sort(self, scope: Scope) -> str:
        """A sort that cells are over or about, a new one if possible."""
        fields = [self.fields[name] for name in self.readable]
        about: list[str] = [f.kind[1] for f in fields if f.kind[0] not in {"mod", "mixed"}]
        over = [sort for f in fields for sort in self.records[f.record].sorts]
        new = [sort for sort in over if ("member", sort) not in scope.values()]
        if self.chance(0.1):
            return self.rng.choice([*self.sorts])
        return self.rng.choice(new or [*over, *about] or [*self.sorts])

    def look(self, scope: Scope) -> Node | None:
        kinds = {self.fields[name].kind[0] for name in self.readable}
        return self.cell(scope, *kinds)

    def mostly(self, scope: Scope) -> Node:
        """A claim that fails in few states only."""
        first, second = self.claim(scope, 1), self.claim(scope, 1)
        return (
            ("or", ("not", first), ("not", second)) if self.chance(0.5) else ("or", first, second)
        )

    def question(self, kind: Kind, scope: Scope) -> Node:
        """A function and its arguments to ask of a cell of the kind."""
        if kind[0] == "mod" and self.chance(0.7):
            return self.rng.choice([("less", ("lit", self.rng.randint(1, kind[1]))), ("odd",)])
        if kind[0] == "mixed" and self.chance(0.3):
            return ("is_bool",)
        if kind[0] == "mixed" and self.chance(0.3):
            return ("identical", self.value(kind, scope))
        if kind[0] in {"set", "queue"}:
            member = self.member(kind[1], scope)
            if member and self.chance(0.7):
                return ("contains", member)
        if kind[0] in {"opt", "claim", "boxed"} and self.chance(0.3):
            return ("is_none",)
        if kind[0] == "mixed" and self.chance(0.5):
            return ("equal", ("lit", self.plain(kind)))
        if self.chance(0.2):
            return ("either", self.value(kind, scope), self.value(kind, scope))
        return ("equal", self.value(kind, scope))

    def test(self, look: Node, kind: Kind, scope: Scope) -> Node:
        _, name, key = look
        steps, self.in_step = self.in_step, False  # an argument is looked up in one state
        other = self.cell(scope, kind=kind)
        function, *arguments = self.question(kind, scope)
        if other and self.chance(0.4):
            reference = ("ref", *other[1:])
            if kind[0] == "mod" and self.chance(0.5):
                function, arguments = "sum_below", [reference, ("lit", kind[1])]
            elif self.chance(0.5):
                function, arguments = "either", [reference, self.value(kind, scope)]
            elif kind[0] == "mod":
                shifted = ("computed", "add", reference, ("lit", 1), ("lit", kind[1]))
                function, arguments = "equal", [shifted]
            else:
                function, arguments = "equal", [reference]
        self.in_step = steps
        return ("test", name, key, function, *arguments)
