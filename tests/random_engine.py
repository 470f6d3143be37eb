"""The engine's reading of a random model: a `Model` whose actions interpret the programs."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from random_plan import ActionPlan, Body, Node, Plan, PropertyPlan, parameter_names
from random_values import FUNCTIONS, Boxed, Reason, typed

from choir_model.engine import (
    ANY,
    Action,
    Atom,
    Cell,
    Computed,
    Fairness,
    Field,
    Model,
    Property,
    Record,
    Sort,
    View,
    always,
    deadlock_free,
    each_step,
    eventually,
    guard,
    leads_to,
    sometimes,
)

BY_OVER = {"always": always, "each_step": each_step, "eventually": eventually}


class EngineReading:
    """Everything of a plan in the engine's terms; `model` is the result."""

    def __init__(self, plan: Plan, *, symmetric: bool = True) -> None:
        self.plan = plan
        self.sorts = {
            sort.name: Sort(sort.name, sort.members, symmetric=sort.symmetric and symmetric)
            for sort in plan.sorts.values()
        }
        self.fields: dict[str, Field[Any]] = {
            name: Field(planned.default, auxiliary=planned.auxiliary)
            for name, planned in plan.fields.items()
        }
        self.records: dict[str, type[Record]] = {}
        for name in plan.records:
            own = {f.name: self.fields[f.name] for f in plan.fields.values() if f.record == name}
            self.records[name] = types.new_class(name, (Record,), {"name": name}, _filled(own))
        self.model = self._model()

    def _model(self) -> Model:
        plan = self.plan
        initial = plan.initial
        return Model(
            name=f"random_{plan.seed}",
            records={
                self.records[r.name]: ANY if r.open else self._over(r.sorts)
                for r in plan.records.values()
            },
            actions=[self._action(action) for action in plan.actions],
            initial=None if initial is None else lambda view: self._run(initial, view, {}),
            properties=[self._property(planned) for planned in plan.properties],
            constraints=[self._predicate(c, "constraint", ()) for c in plan.constraints],
            done=None if plan.done is None else self._predicate(plan.done, "done", ()),
            keep_auxiliary=plan.keep_auxiliary,
        )

    def _over(self, sorts: tuple[str, ...]) -> Any:
        found = tuple(self.sorts[name] for name in sorts)
        return found if len(found) > 1 else found[0] if found else None

    def _action(self, action: ActionPlan) -> Action:
        def act(view: View, *arguments: Any) -> None:
            known = dict(zip(parameter_names(action.sorts), arguments, strict=True))
            self._run(action.body, view, known)

        fn = _with_signature(act, action.name, ("view", *parameter_names(action.sorts)))
        fairness = Fairness[action.fairness.upper()]
        return Action(fn, over=self._over(action.sorts), fairness=fairness)

    def _property(self, planned: PropertyPlan) -> Property:
        over = self._over(planned.sorts)
        views = 2 if planned.kind == "each_step" else 1
        if planned.kind == "deadlock_free":
            return deadlock_free(name=planned.name)
        claim = self._predicate(planned.claim, planned.name, planned.sorts, views)
        if planned.kind == "sometimes":
            return sometimes(claim)
        if planned.kind == "leads_to":
            goal = self._predicate(planned.goal, f"{planned.name}_goal", planned.sorts)
            return leads_to(claim, goal, over=over, name=planned.name)
        if planned.witness:
            witness = self._predicate(planned.witness, f"{planned.name}_witness", ())
            make: Callable[..., Property] = always if planned.kind == "always" else each_step
            return make(claim, over=over, witness=witness)
        return BY_OVER[planned.kind](claim, over=over)

    def _predicate(
        self, claim: Node, name: str, sorts: tuple[str, ...], views: int = 1
    ) -> Callable[..., Any]:
        def holds(*arguments: Any) -> Any:
            known = dict(zip(parameter_names(sorts), arguments[views:], strict=True))
            return self._value(claim, arguments[views - 1], known, arguments[0])

        return _with_signature(holds, name, (*("before", "view")[-views:], *parameter_names(sorts)))

    def cell(self, name: str, key: Any) -> Cell:
        return self.fields[name][key]

    def _value(self, e: Node, view: View, known: dict[str, Any], old: View) -> Any:
        def value(part: Node) -> Any:
            return self._value(part, view, known, old)

        head = e[0]
        if head == "lit":
            return e[1]
        if head == "var":
            return known[e[1]]
        if head in {"cell", "old"}:
            source, key = (view if head == "cell" else old), value(e[2])
            if int(e[1][1:]) % 2:
                return source.read(self.cell(e[1], key))
            return getattr(self.records[self.plan.fields[e[1]].record](source, key), e[1])
        if head == "call":
            return FUNCTIONS[e[1]](*map(value, e[2:]))
        if head == "test":
            arguments = [self._argument(part, view, known) for part in e[4:]]
            return view.test(self.cell(e[1], value(e[2])), FUNCTIONS[e[3]], *arguments)
        if head in {"every", "some"}:
            answers = (
                self._value(e[3], view, {**known, e[1]: member}, old) for member in self.sorts[e[2]]
            )
            return all(answers) if head == "every" else any(answers)
        if head == "member":
            return self._members(e[1])[e[2]]
        if head == "all_of":
            return frozenset(self._members(e[1]))
        return _logic(head, e[1:], value)

    def _members(self, name: str) -> list[Any]:
        members = self.plan.sorts[name].members
        if isinstance(members, int):
            return [Atom(name, number) for number in range(1, members + 1)]
        return list(members)

    def _argument(self, e: Node, view: View, known: dict[str, Any]) -> Any:
        if e[0] == "ref":
            return self.cell(e[1], self._value(e[2], view, known, view))
        if e[0] == "computed":
            return Computed(FUNCTIONS[e[1]], *(self._argument(part, view, known) for part in e[2:]))
        return self._value(e, view, known, view)

    def _run(self, body: Body, view: View, known: dict[str, Any]) -> None:
        for statement in body:
            getattr(self, f"_{statement[0]}")(view, known, *statement[1:])

    def _write(self, view: View, known: dict[str, Any], name: str, key: Node, e: Node) -> None:
        at, new = self._value(key, view, known, view), self._value(e, view, known, view)
        if int(name[1:]) % 2:
            view.write(self.cell(name, at), new)
        else:
            setattr(self.records[self.plan.fields[name].record](view, at), name, new)

    def _update(
        self, view: View, known: dict[str, Any], name: str, key: Node, function: str, *given: Node
    ) -> None:
        arguments = [self._argument(e, view, known) for e in given]
        cell = self.cell(name, self._value(key, view, known, view))
        view.update(cell, FUNCTIONS[function], *arguments)

    def _guard(self, view: View, known: dict[str, Any], e: Node) -> None:
        guard(view, self._value(e, view, known, view))

    def _refuse(self, view: View, known: dict[str, Any], reason: str) -> None:
        view.refuse(Reason[reason])

    def _if(self, view: View, known: dict[str, Any], e: Node, then: Body, otherwise: Body) -> None:
        self._run(then if self._value(e, view, known, view) else otherwise, view, known)

    def _choose(self, view: View, known: dict[str, Any], name: str, options: Node) -> None:
        if options[0] == "literals":
            known[name] = view.choose(options[1])
        elif options[0] == "members":
            known[name] = view.choose(self.sorts[options[1]])
        elif options[0] == "range":
            known[name] = view.choose(range(options[1]))
        else:
            known[name] = view.choose(self._value(options, view, known, view))

    def _bind(self, view: View, known: dict[str, Any], name: str, e: Node) -> None:
        known[name] = self._value(e, view, known, view)
        guard(view, known[name] is not None)

    def _emit(self, view: View, known: dict[str, Any], e: Node) -> None:
        view.emit(self._value(e, view, known, view))

    def _emit_field(self, view: View, known: dict[str, Any], e: Node) -> None:
        view.emit(Boxed, inside=self._argument(e, view, known))

    # From the engine's terms to the naive ones --------------------------------------

    def plain(self, value: Any) -> Any:
        if isinstance(value, Atom):
            return repr(value)
        if isinstance(value, Boxed):
            return Boxed(self.plain(value.inside))
        if isinstance(value, tuple):
            return tuple(map(self.plain, value))
        if isinstance(value, frozenset):
            return frozenset(map(self.plain, value))
        return value

    def values(self, state: dict[Cell, Any]) -> dict[tuple[str, Any], Any]:
        """A state as the naive reading has it."""
        return {
            (name, typed(self.plain(cell.key))): self.plain(value)
            for cell, value in state.items()
            if typed(value) != typed(cell.field.default)
            for name in [cell.field.name.partition(".")[2]]
        }


def _logic(head: str, parts: Node, value: Callable[[Node], Any]) -> bool:
    if head == "not":
        return not value(parts[0])
    assert head in {"and", "or"}, head
    return all(map(value, parts)) if head == "and" else any(map(value, parts))


def _filled(own: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    return lambda namespace: namespace.update(own)


def _with_signature(
    fn: Callable[..., Any], name: str, names: tuple[str, ...]
) -> Callable[..., Any]:
    """`fn` under a name and with parameters of its own, as an author would have written it."""
    parameters = ", ".join(names)
    made: dict[str, Any] = {"fn": fn}
    exec(f"def {name}({parameters}):\n    return fn({parameters})", made)  # noqa: S102
    function: Callable[..., Any] = made[name]
    return function
