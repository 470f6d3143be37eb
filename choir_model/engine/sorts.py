"""Sorts: the finite sets that record keys and action parameters range over.

>>> from choir_model.engine.sorts import Sort
>>> list(Sort("jug", ["small", "big"]))
['big', 'small']
>>> list(Sort("node", 3, symmetric=True))
[node1, node2, node3]

A sort of *n* anonymous members is made of `Atom` values, which are unlike any other
value: that is what lets an engine exchange them for one another when the sort is
declared symmetric, also where they occur inside other values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from itertools import product
from typing import Any, NoReturn, TypeAlias, TypeVar

from choir_model.engine.values import canonical, check_value, encode
from choir_model.engine.view import ModelError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Atom:
    """One member of a sort whose members have no properties but their identity."""

    sort: str
    number: int

    def __repr__(self) -> str:
        return f"{self.sort}{self.number}"


class Sort(Sequence[Any]):
    """A finite set with a name; its members are values, in canonical order.

    `members` is a number of atoms to make, or the values themselves.  `symmetric` says
    that no action and no property tells one member from another; only atoms can promise
    that, and the engine audits it.  Raises `ModelError` for a sort that is empty, has
    a member twice, or is symmetric without being made of its own atoms.
    """

    __slots__ = ("_positions", "members", "name", "symmetric")

    def __init__(self, name: str, members: int | Iterable[Any], *, symmetric: bool = False) -> None:
        if isinstance(members, int):
            members = [Atom(name, number) for number in range(1, members + 1)]
        values = [canonical(member) for member in members]
        for value in values:
            check_value(value, f"a member of the sort {name}")
        self.name = name
        self.members = tuple(sorted(values, key=encode))
        self.symmetric = symmetric
        self._positions = {encode(member): i for i, member in enumerate(self.members)}
        if not self.members:
            raise ModelError(f"the sort {name} has no members")
        if len(self._positions) < len(self.members):
            raise ModelError(f"the sort {name} has a member twice")
        if symmetric and not all(isinstance(m, Atom) and m.sort == name for m in self.members):
            raise ModelError(
                f"the sort {name} cannot be symmetric: its members must be its own atoms, "
                f"as Sort({name!r}, {len(self.members)}) makes them"
            )

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.members)

    def __contains__(self, value: object) -> bool:
        return encode(value) in self._positions

    def __getitem__(self, index: Any) -> Any:
        return self.members[index]

    def index(self, value: object, *_: int) -> int:
        """The position of a member; `ValueError` if it is none."""
        try:
            return self._positions[encode(value)]
        except KeyError:
            raise ValueError(f"{value!r} is no member of the sort {self.name}") from None

    def __repr__(self) -> str:
        kind = ", symmetric" if self.symmetric else ""
        return f"Sort({self.name!r}, {len(self.members)} members{kind})"


def tuples(sorts: Sequence[Sort]) -> list[tuple[Any, ...]]:
    """Every tuple with one member of each sort, in canonical order."""
    return list(product(*sorts))


def in_order(options: Sequence[T] | frozenset[T]) -> Sequence[T]:
    """The options of a choice, in canonical order.

    Sets are put in order; a sequence must be in order already, or `ModelError`: what is
    chosen must not depend on how somebody happened to arrange it.
    """
    if (
        options == ()
        or isinstance(options, Sort)
        or (isinstance(options, range) and options.step > 0)
    ):
        return options
    if not isinstance(options, Sequence | AbstractSet):
        raise ModelError(_no_options(options))
    try:
        ordered = sorted(options, key=encode)
    except TypeError:
        for option in options:
            check_value(option, "choose: an option")
        raise
    if not isinstance(options, AbstractSet) and list(options) != ordered:
        raise ModelError(
            f"choose: the options are not in canonical order: {options!r} instead of {ordered!r}; "
            "a set is put in order"
        )
    return ordered


Orders: TypeAlias = dict[tuple[int, ...], tuple[Any, Any]]
"""The options of the choices met by an action, as given and in order, by those taken before."""


def in_order_once(options: Any, before: tuple[int, ...], known: Orders) -> Any:
    """`in_order(options)`; branches that come to the same choice do not sort them again."""
    met = known.get(before)
    if met is None or (met[0] is not options and met[0] != options):
        met = known[before] = options, in_order(options)
    return met[1]


def _no_options(options: object) -> str:
    if isinstance(options, type) and issubclass(options, Enum):
        name = options.__name__
        return f"choose: {name} is an enum; its members are frozenset({name}), put in order"
    shown = repr(options)
    if type(options).__repr__ is object.__repr__ or " at 0x" in shown:
        shown = f"a {type(options).__name__}"
    return f"choose: {shown} is neither a set nor a sequence of options; make it a tuple"


class OrderlessSet(frozenset[Any]):
    """A set of interchangeable members: it may be chosen from, but has no order."""

    __slots__ = ()

    def __iter__(self) -> NoReturn:
        raise ModelError(
            "a set of members of a symmetric sort was iterated, which tells them apart; "
            "use view.choose(the_set), or go over the sort and ask `in the_set`"
        )


def orderless(value: Any, sorts: frozenset[str]) -> Any:
    """`value` with every set that holds an atom of one of `sorts` made orderless."""
    kind = type(value)
    if kind is tuple:
        return tuple(orderless(item, sorts) for item in value)
    if isinstance(value, frozenset) and len(value) > 1:
        members = frozenset.__iter__(value)
        if any(isinstance(member, Atom) and member.sort in sorts for member in members):
            return OrderlessSet(frozenset.__iter__(value))
    return value


def ordinary(value: Any) -> Any:
    """`value` with orderless sets, however deep, made ordinary again, to be kept."""
    if type(value) is tuple:
        return tuple(map(ordinary, value))
    if isinstance(value, frozenset):
        return canonical(frozenset(map(ordinary, frozenset.__iter__(value))))
    if is_dataclass(value) and not isinstance(value, (type, Enum, Atom)):
        changed = {f.name: ordinary(getattr(value, f.name)) for f in fields(value) if f.init}
        return replace(value, **changed)
    return value
