"""A naive breadth-first model checker to hold the engine against: plain sets, nothing clever."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import chain, combinations
from typing import Any, NamedTuple


class Naive(NamedTuple):
    initial: list[Any]
    successors: Callable[[Any], list[tuple[Any, Any]]]  # what fires: instance and state
    key: Callable[[Any], Hashable]
    constraint: Callable[[Any], bool]
    fairness: Mapping[Any, str]  # "weak" or "strong", by instance


class Explored:
    def __init__(self, model: Naive) -> None:
        self.model, self.depth, self.outside = model, 0, 0
        self.states: dict[Any, tuple[int, Any]] = {}  # distance and state, by key
        self.steps: dict[Any, list[tuple[Any, Any]]] = {}  # what fires: instance and target
        self.generated, self.stuck = list[Any](), list[Any]()  # distance, state before, state
        level = [(None, state) for state in model.initial]
        while level:
            self.generated += [(self.depth, before, state) for before, state in level]
            inside = [state for _, state in level if model.constraint(state)]
            self.outside += len(level) - len(inside)
            new = {model.key(s): s for s in inside if model.key(s) not in self.states}
            self.states |= {key: (self.depth, state) for key, state in new.items()}
            self.depth, level = self.depth + bool(new), []
            for key, state in new.items():
                fired = model.successors(state)
                self.steps[key] = [(i, model.key(after)) for i, after in fired]
                level += [(state, after) for _, after in fired]
                self.stuck += [] if fired else [(self.depth - 1, state, None)]

    def shortest(self, bad: Callable[[Any, Any], bool]) -> int | None:
        return next((n for n, before, state in self.generated if bad(before, state)), None)

    def some_fair_behaviour_stays_in(self, avoid: set[Any], starts: Iterable[Any]) -> bool:
        moves = {k: [(i, t) for i, t in self.steps[k] if t != k] for k in self.states}
        region, new = set[Any](), set(starts) & avoid
        while new:
            region |= new
            new = {t for k in new for _, t in moves[k]} & avoid - region
        enabled = {key: {instance for instance, _ in moves[key]} for key in region}
        strong = [instance for instance, kind in self.model.fairness.items() if kind == "strong"]
        for never in chain.from_iterable(combinations(strong, n) for n in range(len(strong) + 1)):
            stay, size = {key for key in region if not enabled[key] & set(never)}, -1
            while size != len(stay):  # every obligation can be met again, without leaving
                size = len(stay)
                for due in self.model.fairness.keys() - set(never):
                    good = {k for k in stay if any((due, t) in moves[k] for t in stay)}
                    good |= {k for k in stay if due not in strong and due not in enabled[k]}
                    while more := {k for k in stay - good if {t for _, t in moves[k]} & good}:
                        good |= more
                    stay = good
            if stay:
                return True
        return False
