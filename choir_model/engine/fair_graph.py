"""What the search for fair behaviours asks of a state graph, in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.int64]
    Marks: TypeAlias = NDArray[np.bool_]


class Steps(NamedTuple):
    """Steps that change the state, by edge number: parallel arrays.

    `fair` is the number of the step's fair instance, or -1.
    """

    edge: Numbers
    source: Numbers
    target: Numbers
    fair: Numbers

    def where(self, kept: Marks) -> Steps:
        """Those that are marked."""
        return Steps(*(column[kept] for column in self))

    def along(self, states: list[int]) -> Numbers:
        """The place of the first step from each of the states to the next one."""
        import numpy as np

        ends = np.array(states, np.int64)
        low, high = (np.searchsorted(self.source, ends[:-1], side) for side in ("left", "right"))
        # All steps that leave the states, one state after the other.
        owner = np.repeat(np.arange(len(low)), high - low)
        places = np.arange(len(owner)) + (high - np.cumsum(high - low))[owner]
        fitting = self.target[places] == ends[1:][owner]
        _, first = np.unique(owner[fitting], return_index=True)
        found: Numbers = places[fitting][first]
        return found


@dataclass(frozen=True)
class FairGraph:
    """What liveness asks of a graph of `size` states.

    Fair instances are numbered from 0; `strong` tells which of them are strongly fair.
    ``enabling[k]`` is a state that enables the fair instance ``enabled[k]``: each pair once,
    by state.  Steps to states outside the graph count there, but are not among `steps`.
    """

    size: int
    initial: list[int]
    steps: Steps
    enabling: Numbers
    enabled: Numbers
    strong: Marks


def rows(sources: Numbers, size: int) -> Numbers:
    """Where the entries of each of `size` rows begin, as for `Transitions.first`."""
    import numpy as np

    return np.concatenate([[0], np.cumsum(np.bincount(sources, minlength=size))])


def search(sources: Numbers, targets: Numbers, size: int, root: int) -> tuple[Numbers, Numbers]:
    """Breadth-first search from `root`: what is found, in order, and each one's parent.

    `sources` must ascend; targets of one source are found in the order in which they stand.
    The root's parent is negative.
    """
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order

    first = rows(sources, size).astype(np.int32)
    entries = np.ones(len(targets)), targets.astype(np.int32), first
    order, parents = breadth_first_order(csr_array(entries, shape=(size, size)), root)
    return order.astype(np.int64), parents.astype(np.int64)


def way(parents: Numbers, goal: int) -> list[int]:
    """The way from the root of a search to what it found, both included."""
    found = [goal]
    while (parent := int(parents[found[-1]])) >= 0:
        found.append(parent)
    return found[::-1]


def distinct(numbers: Numbers) -> Numbers:
    """Each number once, in ascending order."""
    import numpy as np

    found = np.sort(numbers)  # much quicker than `np.unique`, which hashes
    first: Numbers = found[np.diff(found, prepend=-1) != 0]
    return first


def items(values: Any) -> memoryview[int]:
    """An array whose items are plain integers, and quicker to get at one by one."""
    return memoryview(values)
