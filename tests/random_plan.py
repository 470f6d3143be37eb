"""Random models as data: sorts, fields, and programs in a small language of nested tuples.

Expressions::

    ("lit", v)  ("member", sort, i)  ("var", name)  ("all_of", sort)
    ("cell", field, key)  ("old", field, key)     in a step: the cell after it, and before
    ("call", function, *arguments)  ("not", e)  ("and", e, e)  ("or", e, e)
    ("test", field, key, function, *arguments)
    ("every", var, sort, e)  ("some", var, sort, e)

Arguments of updates, tests and emitted fields may also be ``("ref", field, key)`` and
``("computed", function, *arguments)``, looked up where they are used.  Statements::

    ("write", field, key, e)  ("update", field, key, function, *arguments)
    ("guard", e)  ("refuse", reason)  ("if", e, then, otherwise)
    ("choose", var, options)  ("bind", var, e)    disabled where e is None
    ("emit", e)  ("emit_field", argument)

Options are an expression for a set, ``("literals", values)``, ``("members", sort)`` or
``("range", n)``.  The functions are those of `random_values`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

Node: TypeAlias = tuple[Any, ...]
Body: TypeAlias = list[Node]
Kind: TypeAlias = tuple[Any, ...]
"""The domain of a cell: its name and its measures."""


@dataclass(frozen=True)
class SortPlan:
    """`members` is a number of atoms, or values in canonical order."""

    name: str
    members: int | tuple[Any, ...]
    symmetric: bool = False

    @property
    def size(self) -> int:
        return self.members if isinstance(self.members, int) else len(self.members)

    @property
    def distinct(self) -> bool:
        """Whether Python, too, tells all members from one another."""
        return isinstance(self.members, int) or len(set(self.members)) == self.size


@dataclass(frozen=True)
class RecordPlan:
    """Keys are members of `sorts`, or one of `keys`; if `open`, any key goes."""

    name: str
    sorts: tuple[str, ...]
    keys: tuple[Any, ...] = ()
    open: bool = False


@dataclass(frozen=True)
class FieldPlan:
    name: str
    record: str
    kind: Kind
    default: Any
    auxiliary: bool = False


@dataclass(frozen=True)
class ActionPlan:
    name: str
    sorts: tuple[str, ...]
    fairness: str
    body: Body


@dataclass(frozen=True)
class PropertyPlan:
    """`kind` is the name of the function that makes the property."""

    kind: str
    name: str
    sorts: tuple[str, ...] = ()
    claim: Node = ()
    goal: Node = ()
    witness: Node = ()


@dataclass(frozen=True)
class Plan:
    """A whole model.  With `lambdas`, updates and tests take closures over their arguments."""

    seed: int
    sorts: dict[str, SortPlan]
    records: dict[str, RecordPlan]
    fields: dict[str, FieldPlan]
    actions: list[ActionPlan]
    initial: Body | None
    properties: list[PropertyPlan]
    constraints: list[Node]
    done: Node | None
    keep_auxiliary: bool
    lambdas: bool = False

    @property
    def symmetric(self) -> list[str]:
        """The sorts whose members are exchanged: those that records, actions, claims are over."""
        spoken = {sort for r in self.records.values() if not r.open for sort in r.sorts}
        spoken |= {sort for action in self.actions for sort in action.sorts}
        spoken |= {sort for claim in self.properties for sort in claim.sorts}
        return [name for name, sort in self.sorts.items() if sort.symmetric and name in spoken]


def parameter_names(sorts: tuple[str, ...]) -> list[str]:
    """What the parameters over these sorts are called in a program."""
    return [f"p{number}" for number in range(len(sorts))]
