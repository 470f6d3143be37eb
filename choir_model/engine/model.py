"""Models: what a state is made of, what can happen, and what must be true.  A tour.

A model is ordinary Python.  Say what the state consists of, as records of fields:

>>> from choir_model.engine import Field, Record, View, guard
>>> class Jugs(Record, name="jugs"):
...     small = Field(0)  # litres; it holds 3
...     big = Field(0)  # it holds 5

Say what can happen, as functions over a view of the state:

>>> def fill_small(view: View) -> None:
...     Jugs(view).small = 3
>>> def fill_big(view: View) -> None:
...     Jugs(view).big = 5
>>> def empty_small(view: View) -> None:
...     Jugs(view).small = 0
>>> def empty_big(view: View) -> None:
...     Jugs(view).big = 0
>>> def pour_into_small(view: View) -> None:
...     jugs = Jugs(view)
...     poured = min(3 - jugs.small, jugs.big)
...     guard(view, poured > 0)  # otherwise the action is disabled
...     jugs.small += poured
...     jugs.big -= poured
>>> def pour_into_big(view: View) -> None:
...     jugs = Jugs(view)
...     poured = min(5 - jugs.big, jugs.small)
...     guard(view, poured > 0)
...     jugs.big += poured
...     jugs.small -= poured

Say what must be true.  `always` is an invariant, `sometimes` a situation that must be
reachable, `eventually` and `leads_to` speak of what happens in the end, `each_step` of a
state and its successor, `deadlock_free` of states in which nothing can happen:

>>> from choir_model.engine import Action, Model, always, sometimes
>>> def never_four_litres(view: View) -> bool:
...     return Jugs(view).big != 4
>>> def both_full(view: View) -> bool:
...     return Jugs(view).small == 3 and Jugs(view).big == 5
>>> die_hard = Model(
...     name="die_hard",
...     records={Jugs: None},
...     actions=[
...         Action(fill_small),
...         Action(fill_big),
...         Action(empty_small),
...         Action(empty_big),
...         Action(pour_into_small),
...         Action(pour_into_big),
...     ],
...     properties=[always(never_four_litres), sometimes(both_full)],
... )

And ask.  Every state is visited, and what is wrong comes with a shortest way to it:

>>> from choir_model.engine import check
>>> report = check(die_hard)
>>> report.verdict.name
'VIOLATED'
>>> print(report.findings["never_four_litres"].paths[0])
0  initial
1  fill_big           jugs.big: 0 → 5
2  pour_into_small    jugs.small: 0 → 3, jugs.big: 5 → 2
3  empty_small        jugs.small: 3 → 0
4  pour_into_small    jugs.small: 0 → 2, jugs.big: 2 → 0
5  fill_big           jugs.big: 0 → 5
6  pour_into_small    jugs.small: 2 → 3, jugs.big: 5 → 4

Records and actions come in families over finite sorts: ``records={Account: PEOPLE}``
declares an account for everybody, ``Action(pay, over=(PEOPLE, PEOPLE))`` an action for
every pair, called as ``pay(view, payer, payee)``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from choir_model.engine.sorts import Sort, tuples
from choir_model.engine.values import canonical
from choir_model.engine.view import Field, ModelError, Record, View

Predicate: TypeAlias = Callable[..., bool]
"""``predicate(view, *parameters) -> bool``, reading only."""
Over: TypeAlias = Sort | Sequence[Sort]
"""What the parameters range over, in the order of the function's signature."""


class AnyKey(Enum):
    """The sort of a record whose keys are not declared: cells appear when first touched."""

    ANY = "any key"


ANY = AnyKey.ANY


class Fairness(Enum):
    """What an instance of an action is owed; a change of state counts, nothing else.

    WEAK: enabled without interruption from some point on, it is taken eventually.
    STRONG: enabled again and again, it is taken again and again.
    """

    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"


def _sorts(over: Over | None) -> tuple[Sort, ...]:
    if over is None:
        return ()
    sorts = (over,) if isinstance(over, Sort) else over
    if not isinstance(sorts, tuple | list) or not all(isinstance(sort, Sort) for sort in sorts):
        raise ModelError(f"{over!r} is neither a Sort nor a tuple of them; make one: Sort(name, …)")
    return tuple(sorts)


def shown_name(fn: Callable[..., Any]) -> str:
    """The name of a function, or what it looks like if it has none."""
    return str(getattr(fn, "__name__", repr(fn)))


_VIEWS = {1: ["view"], 2: ["before", "after"]}


def parameter_names(
    fn: Callable[..., Any], leading: int, sorts: tuple[Sort, ...]
) -> tuple[str, ...]:
    """The names of the parameters of `fn` after the views; `ModelError` if they do not fit."""
    name = shown_name(fn)
    if not callable(fn):
        raise ModelError(f"{name} is no function")
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = list(inspect.signature(fn).parameters.values())
    required = [p for p in signature if p.kind in kinds and p.default is inspect.Parameter.empty]
    named = [p for p in signature if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if len(required) != leading + len(sorts) or named:
        called = [*_VIEWS[leading], *(sort.name for sort in sorts)]
        raise ModelError(
            f"{name} takes {_counted(len(required) + len(named), 'parameter')} but is declared "
            f"over {_counted(len(sorts), 'sort')}: it is called as {name}({', '.join(called)})"
        )
    return tuple(p.name for p in required[leading:])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@dataclass(frozen=True)
class Action:
    """A function ``fn(view, *parameters)`` with an instance for every tuple of `over`.

    `layer` is who performs it: it may write records of that layer and of the model's
    channels; an empty layer may write everything.  `fairness` is owed to each instance.
    `name` defaults to the function's.  Raises `ModelError` if the signature does not fit.
    """

    fn: Callable[..., None]
    over: Over | None = None
    layer: str = ""
    fairness: Fairness = Fairness.NONE
    name: str = ""
    sorts: tuple[Sort, ...] = field(init=False)
    parameters: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sorts", _sorts(self.over))
        object.__setattr__(self, "name", self.name or _name_of(self.fn))
        object.__setattr__(self, "parameters", parameter_names(self.fn, 1, self.sorts))


class Kind(Enum):
    """What a property says."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    EVENTUALLY = "eventually"
    LEADS_TO = "leads_to"
    EACH_STEP = "each_step"
    DEADLOCK_FREE = "deadlock_free"
    REFINES = "refines"


@dataclass(frozen=True)
class Property:
    """A named claim about a model; made by the functions below.

    `clause` is the clause of a specification that demands it.  `witness` is a predicate
    over states that must be reachable for the claim to mean anything: where it never
    held, the verdict is UNREACHED instead of HOLDS.  `goal` is the consequence of a
    `leads_to`; `abstract` the model that a refinement maps to.
    """

    kind: Kind
    name: str
    fn: Callable[..., Any] | None = None
    over: tuple[Sort, ...] = ()
    clause: str = ""
    goal: Predicate | None = None
    witness: Predicate | None = None
    abstract: Model | None = None

    def __post_init__(self) -> None:
        if self.witness is not None:
            parameter_names(self.witness, 1, ())


def _name_of(fn: Callable[..., Any]) -> str:
    name = getattr(fn, "__name__", "")
    if not name or name == "<lambda>":
        raise ModelError(f"{fn!r} has no name of its own; give one with name=…")
    return str(name)


def always(
    fn: Predicate,
    *,
    over: Over | None = None,
    name: str = "",
    clause: str = "",
    witness: Predicate | None = None,
) -> Property:
    """An invariant: `fn(view, *parameters)` in every reachable state, for all parameters.

    An invariant over a sort is one claim per member, checked only where it may have changed.
    """
    parameter_names(fn, 1, _sorts(over))
    return Property(Kind.ALWAYS, name or _name_of(fn), fn, _sorts(over), clause, witness=witness)


def sometimes(fn: Predicate, *, name: str = "", clause: str = "") -> Property:
    """A witness: some reachable state satisfies `fn`; UNREACHED if none does."""
    parameter_names(fn, 1, ())
    return Property(Kind.SOMETIMES, name or _name_of(fn), fn, (), clause)


def eventually(
    fn: Predicate, *, over: Over | None = None, name: str = "", clause: str = ""
) -> Property:
    """Every fair behaviour comes to a state that satisfies `fn`, for all parameters."""
    parameter_names(fn, 1, _sorts(over))
    return Property(Kind.EVENTUALLY, name or _name_of(fn), fn, _sorts(over), clause)


def leads_to(
    fn: Predicate, goal: Predicate, *, over: Over | None = None, name: str = "", clause: str = ""
) -> Property:
    """Whenever `fn` holds, `goal` holds then or later, in every fair behaviour.

    UNREACHED where `fn` never held.
    """
    for predicate in (fn, goal):
        parameter_names(predicate, 1, _sorts(over))
    name = name or f"{_name_of(fn)}_leads_to_{_name_of(goal)}"
    return Property(Kind.LEADS_TO, name, fn, _sorts(over), clause, goal=goal)


def each_step(
    fn: Predicate,
    *,
    over: Over | None = None,
    name: str = "",
    clause: str = "",
    witness: Predicate | None = None,
) -> Property:
    """`fn(before, after, *parameters)`, two views, for every step any action can take."""
    parameter_names(fn, 2, _sorts(over))
    return Property(Kind.EACH_STEP, name or _name_of(fn), fn, _sorts(over), clause, witness=witness)


def deadlock_free(*, name: str = "deadlock_free", clause: str = "") -> Property:
    """In every reachable state that is not `done`, some action can fire.

    A refusal is no way out; a step that changes nothing is.
    """
    return Property(Kind.DEADLOCK_FREE, name, clause=clause)


def refines(
    abstract: Model,
    mapping: Callable[[View, View], None],
    *,
    name: str = "",
    clause: str = "",
) -> Property:
    """Every behaviour, seen through `mapping`, is one of `abstract`.

    ``mapping(view, image)`` reads this model's state and writes the abstract one, from its
    default values.  Initial states map to initial states, and every step to a step of the
    abstract model or to none at all.  Fairness is not compared.
    """
    parameter_names(mapping, 2, ())
    name = name or f"refines_{abstract.name}"
    return Property(Kind.REFINES, name, mapping, clause=clause, abstract=abstract)


@dataclass(frozen=True)
class Model:
    """A state machine: records, initial states, actions, properties.

    `records` gives for each record class the sort of its keys: a sort, a tuple of sorts
    (keys are tuples), None for a singleton, or `ANY`.  `initial` is an action whose
    branches are the initial states; without it there is one, all defaults.  States that
    fail one of the `constraints` are generated and checked, but not explored further.  A
    state in which `done` holds may have no successor.  `channels` are layers that every
    action may write.  `design` names what is being checked, for reports.  Auxiliary
    fields are no part of a state's identity unless `keep_auxiliary`.
    """

    name: str
    records: Mapping[type[Record], Over | AnyKey | None]
    actions: Sequence[Action]
    initial: Callable[[View], None] | None = None
    properties: Sequence[Property] = ()
    constraints: Sequence[Predicate] = ()
    done: Predicate | None = None
    channels: frozenset[str] = frozenset()
    design: Mapping[str, str] = field(default_factory=dict)
    keep_auxiliary: bool = False

    def __post_init__(self) -> None:
        self._check_kinds()
        _distinct([a.name for a in self.actions], f"{self.name}: actions")
        _distinct([p.name for p in self.properties], f"{self.name}: properties")
        _distinct([r.record_name for r in self.records], f"{self.name}: records")
        _distinct([s.name for s in self.sorts], f"{self.name}: sorts")
        if not self.actions:
            raise ModelError(f"{self.name}: a model needs at least one action")

    def _check_kinds(self) -> None:
        for action in self.actions:
            if not isinstance(action, Action):
                raise ModelError(f"{self.name}: {shown_name(action)} is no Action; wrap it in one")
        for claim in self.properties:
            if not isinstance(claim, Property):
                name = shown_name(claim)
                raise ModelError(f"{self.name}: {name} is no Property; say always({name}), …")
        for record, over in self.records.items():
            if not isinstance(record, type) or not issubclass(record, Record):
                raise ModelError(f"{self.name}: {shown_name(record)} is no Record class")
            if not isinstance(over, AnyKey):
                _sorts(over)
        for fn in (*self.constraints, self.done, self.initial):
            if fn is not None:
                parameter_names(fn, 1, ())

    @property
    def sorts(self) -> tuple[Sort, ...]:
        """Every sort the model speaks of, each once, in order of first mention."""
        found: dict[int, Sort] = {}
        for over in self.records.values():
            if not isinstance(over, AnyKey):
                found.update((id(sort), sort) for sort in _sorts(over))
        spoken = [action.sorts for action in self.actions]
        spoken += [claim.over for claim in self.properties]
        found.update((id(sort), sort) for sorts in spoken for sort in sorts)
        return tuple(found.values())

    @property
    def symmetric_sorts(self) -> tuple[Sort, ...]:
        """The sorts whose members may be exchanged."""
        return tuple(sort for sort in self.sorts if sort.symmetric)

    def keys(self, record: type[Record]) -> list[Any] | None:
        """Every key of a declared record, in canonical order; None where any key goes."""
        over = self.records[record]
        if isinstance(over, AnyKey):
            return None
        if over is None:
            return [None]
        if isinstance(over, Sort):
            return list(over)
        return [canonical(key) for key in tuples(tuple(over))]

    def left_out(self, field: Field[Any]) -> bool:
        """Whether a field is no part of a state's identity."""
        return field.auxiliary and not self.keep_auxiliary

    def property_named(self, name: str) -> Property:
        """The property of that name; `ModelError` lists those there are."""
        for candidate in self.properties:
            if candidate.name == name:
                return candidate
        known = ", ".join(p.name for p in self.properties) or "none"
        raise ModelError(f"{self.name} has no property {name!r}; it has {known}")


def _distinct(names: list[str], what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ModelError(f"{what} must have names of their own; {', '.join(twice)} occurs twice")
