"""The engine's reading of a random model: Python as an author might have written it.

`source` is a whole module; a failure message shows it, and it can be pasted into a test.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any

import random_values
from random_plan import ActionPlan, Body, Node, Plan, PropertyPlan, parameter_names
from random_values import Boxed, typed

from choir_model import engine
from choir_model.engine import Atom, Cell, Model

CLOSED_OVER = {"lit", "var", "member", "all_of"}
WITH_SOURCE = 20
"""The source of one model in so many can be found as that of a file can."""
WRITTEN_AS = {"not": "(not {})", "and": "({} and {})", "or": "({} or {})"}


def engine_model(plan: Plan) -> Model:
    """The model that `source` describes."""
    names = {**vars(engine), "Fairness": engine.model.Fairness, **vars(random_values)}
    text, file = source(plan), f"<random model {plan.seed}>"
    if plan.seed % WITH_SOURCE == 0:  # audits read it, which takes time
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), names)  # noqa: S102
    model: Model = names["model"]
    return model


def source(plan: Plan) -> str:
    """The module of a plan: sorts, records, actions, properties, and `model`."""
    return "\n".join(Writer(plan).lines())


class Writer:
    """Writes a plan down in Python."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def lines(self) -> Iterator[str]:
        plan = self.plan
        for sort in plan.sorts.values():
            symmetric = ", symmetric=True" if sort.symmetric else ""
            members = sort.members if isinstance(sort.members, int) else literal(sort.members)
            yield f"{sort.name} = Sort({sort.name!r}, {members}{symmetric})"
        for name in plan.records:
            yield f"class {name}(Record, name={name!r}):"
            for f in (f for f in plan.fields.values() if f.record == name):
                auxiliary = ", auxiliary=True" if f.auxiliary else ""
                yield f"    {f.name} = Field({literal(f.default)}{auxiliary})"
        if plan.initial is not None:
            yield "def initial(view):"
            yield from self.body(plan.initial)
        for action in plan.actions:
            yield f"def {action.name}({self.signature('view', action.sorts)}):"
            yield from self.body(action.body)
        for claim in plan.properties:
            yield from self.predicates(claim)
        for number, constraint in enumerate(plan.constraints):
            yield from self.predicate(f"constraint{number}", "view", (), constraint)
        if plan.done is not None:
            yield from self.predicate("done", "view", (), plan.done)
        yield from self.model()

    def model(self) -> Iterator[str]:
        plan = self.plan
        yield "model = Model("
        yield f"    name='random_{plan.seed}',"
        records = [
            f"{r.name}: {'ANY' if r.open else self.over(r.sorts)}" for r in plan.records.values()
        ]
        yield f"    records={{{', '.join(records)}}},"
        yield f"    actions=[{', '.join(map(self.action, plan.actions))}],"
        if plan.initial is not None:
            yield "    initial=initial,"
        yield f"    properties=[{', '.join(map(self.claim, plan.properties))}],"
        constraints = [f"constraint{number}" for number in range(len(plan.constraints))]
        yield f"    constraints=[{', '.join(constraints)}],"
        if plan.done is not None:
            yield "    done=done,"
        yield f"    keep_auxiliary={plan.keep_auxiliary},"
        yield ")"

    def over(self, sorts: tuple[str, ...]) -> str:
        if not sorts:
            return "None"
        return sorts[0] if len(sorts) == 1 else f"({', '.join(sorts)})"

    def action(self, action: ActionPlan) -> str:
        over = f", over={self.over(action.sorts)}" if action.sorts else ""
        fairness = f", fairness=Fairness.{action.fairness.upper()}"
        return f"Action({action.name}{over}{fairness if action.fairness != 'none' else ''})"

    def claim(self, claim: PropertyPlan) -> str:
        if claim.kind == "deadlock_free":
            return "deadlock_free()"
        arguments = [claim.name]
        if claim.kind == "leads_to":
            arguments += [f"{claim.name}_goal", f"name={claim.name!r}"]
        if claim.sorts:
            arguments.append(f"over={self.over(claim.sorts)}")
        if claim.witness:
            arguments.append(f"witness={claim.name}_witness")
        return f"{claim.kind}({', '.join(arguments)})"

    def predicates(self, claim: PropertyPlan) -> Iterator[str]:
        views = "before, view" if claim.kind == "each_step" else "view"
        if claim.claim:
            yield from self.predicate(claim.name, views, claim.sorts, claim.claim)
        if claim.goal:
            yield from self.predicate(f"{claim.name}_goal", "view", claim.sorts, claim.goal)
        if claim.witness:
            yield from self.predicate(f"{claim.name}_witness", "view", (), claim.witness)

    def predicate(self, name: str, views: str, sorts: tuple[str, ...], e: Node) -> Iterator[str]:
        yield f"def {name}({self.signature(views, sorts)}):"
        yield f"    return {self.value(e)}"

    def signature(self, views: str, sorts: tuple[str, ...]) -> str:
        return ", ".join([views, *parameter_names(sorts)])

    def body(self, body: Body) -> Iterator[str]:
        for statement in body or [("pass",)]:
            for line in self.statement(statement):
                yield f"    {line}"

    def statement(self, statement: Node) -> Iterator[str]:
        head, *parts = statement
        if head == "if":
            yield f"if {self.value(parts[0])}:"
            yield from self.body(parts[1])
            if parts[2]:
                yield "else:"
                yield from self.body(parts[2])
            return
        if head == "write" and self.by_record(parts[0]):
            yield f"{self.record('view', *parts[:2])}.{parts[0]} = {self.value(parts[2])}"
            return
        if head == "bind":
            yield f"{parts[0]} = {self.value(parts[1])}"
            yield f"guard(view, {parts[0]} is not None)"
            return
        written: dict[str, Callable[[], str]] = {
            "pass": lambda: "pass",
            "write": lambda: f"view.write({self.cell(*parts[:2])}, {self.value(parts[2])})",
            "update": lambda: self.asking("update", *parts),
            "guard": lambda: f"guard(view, {self.value(parts[0])})",
            "refuse": lambda: f"view.refuse(Reason.{parts[0]})",
            "choose": lambda: f"{parts[0]} = view.choose({self.options(parts[1])})",
            "emit": lambda: f"view.emit({self.value(parts[0])})",
            "emit_field": lambda: f"view.emit(Boxed, inside={self.value(parts[0])})",
        }
        yield written[head]()

    def options(self, options: Node) -> str:
        if options[0] == "range":
            return f"range({options[1]})"
        if options[0] == "members":
            return str(options[1])
        return literal(options[1]) if options[0] == "literals" else self.value(options)

    def by_record(self, name: str) -> bool:
        """Half of the cells are touched through their record, half directly."""
        return int(name[1:]) % 2 == 0

    def record(self, view: str, name: str, key: Node) -> str:
        return f"{self.plan.fields[name].record}({view}, {self.value(key)})"

    def cell(self, name: str, key: Node) -> str:
        return f"{self.plan.fields[name].record}.{name}[{self.value(key)}]"

    def read(self, view: str, name: str, key: Node) -> str:
        if self.by_record(name):
            return f"{self.record(view, name, key)}.{name}"
        return f"{view}.read({self.cell(name, key)})"

    def asking(self, method: str, name: str, key: Node, function: str, *arguments: Node) -> str:
        if self.plan.lambdas and all(part[0] in CLOSED_OVER for part in arguments):
            given = ", ".join(["value", *map(self.value, arguments)])
            handed = f"lambda value: {function}({given})"
        else:
            handed = ", ".join([function, *map(self.value, arguments)])
        if self.by_record(name):
            field = f"{self.plan.fields[name].record}.{name}"
            return f"{self.record('view', name, key)}.{method}({field}, {handed})"
        return f"view.{method}({self.cell(name, key)}, {handed})"

    def value(self, e: Node) -> str:
        head, *parts = e
        if head in WRITTEN_AS:
            return WRITTEN_AS[head].format(*map(self.value, parts))
        if head in {"every", "some"}:
            name = "all" if head == "every" else "any"
            return f"{name}({self.value(parts[2])} for {parts[0]} in {parts[1]})"
        if head in {"call", "computed"}:
            arguments = map(self.value, parts[1:])
            if head == "computed":
                return f"Computed({', '.join([parts[0], *arguments])})"
            return f"{parts[0]}({', '.join(arguments)})"
        written: dict[str, Callable[[], str]] = {
            "lit": lambda: literal(parts[0]),
            "var": lambda: parts[0],
            "member": lambda: f"{parts[0]}[{parts[1]}]",
            "all_of": lambda: f"frozenset({parts[0]})",
            "cell": lambda: self.read("view", *parts),
            "old": lambda: self.read("before", *parts),
            "ref": lambda: self.cell(*parts),
            "test": lambda: self.asking("test", *parts),
        }
        return written[head]()


def literal(value: Any) -> str:
    """A value as Python writes it."""
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, Boxed):
        return f"Boxed({literal(value.inside)})"
    if isinstance(value, tuple):
        return f"({''.join(literal(item) + ', ' for item in value)})"
    if isinstance(value, frozenset):
        return f"frozenset({literal(tuple(value))})" if value else "frozenset()"
    return repr(value)


def plain(value: Any) -> Any:
    """A value of the engine's as the naive reading has it."""
    if isinstance(value, Atom):
        return repr(value)
    if isinstance(value, Boxed):
        return Boxed(plain(value.inside))
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, frozenset):
        return frozenset(map(plain, value))
    return value


def plain_state(state: Mapping[Cell, Any]) -> dict[tuple[str, Any], Any]:
    """A state of the engine's as the naive reading has it."""
    return {
        (cell.field.name.partition(".")[2], typed(plain(cell.key))): plain(value)
        for cell, value in state.items()
        if typed(value) != typed(cell.field.default)
    }
