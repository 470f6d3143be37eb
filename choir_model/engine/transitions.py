"""The explored state graph in arrays, as exploration leaves it and analyses read it.

State *i* is the *i*-th state found, breadth first.  Its outgoing edges are the entries
``first[i]`` to ``first[i + 1]`` of `targets` and `labels`, in canonical order of action,
parameters and choice.  Self-loops and parallel edges are kept.  A target of `OUTSIDE`
is a state that a constraint excluded.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

OUTSIDE = -1


def _longs() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Transitions:
    """Edges in compressed rows; see the module's text.

    `initial` are the initial states' numbers.  `labels` holds numbers of labels, and
    `instance_of` maps each of those to the number of its action instance (a label is an
    instance and the options it took).  Rows exist for expanded states only: `first` is
    one longer than the number of them.
    """

    initial: list[int] = field(default_factory=list)
    first: array[int] = field(default_factory=lambda: array("q", [0]))
    targets: array[int] = field(default_factory=_longs)
    labels: array[int] = field(default_factory=_longs)
    instance_of: list[int] = field(default_factory=list)

    def row(self, state: int) -> range:
        """The numbers of the edges that leave `state`."""
        return range(self.first[state], self.first[state + 1])

    @property
    def expanded(self) -> int:
        """How many states have their edges here."""
        return len(self.first) - 1

    def close_row(self) -> None:
        """All edges of the next state have been appended."""
        self.first.append(len(self.targets))


@dataclass(frozen=True, slots=True)
class Lasso:
    """An infinite behaviour: edges of a stem from an initial state, then of a loop for ever.

    An empty loop stays in the state where the stem ends.  `start` is the initial state.
    `shortest` says that no other one has fewer steps in stem and loop together; without it
    there may be one.
    """

    start: int
    stem: Sequence[int]
    loop: Sequence[int]
    shortest: bool = True
