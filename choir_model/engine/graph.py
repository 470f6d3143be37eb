"""The state graph: every state and step of a small model, to look at or to compute with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from choir_model.engine.dictview import State
from choir_model.engine.model import Model
from choir_model.engine.paths import Label
from choir_model.engine.transitions import Transitions


@dataclass(frozen=True)
class StateGraph:
    """The explored part of a model as a graph.

    `transitions` has the edges in arrays; `labels` what each label number stands for;
    `state(i)` decodes the cells of state number `i`; `cut` says why the graph is not
    whole, and is empty if it is.
    """

    model: Model
    transitions: Transitions
    labels: Sequence[Label]
    size: int
    state: Callable[[int], State]
    cut: str = ""
