"""Symmetry: states that differ only in which member of a symmetric sort is which are one.

Theory of operation
-------------------
A permutation of a symmetric sort renames its atoms wherever they occur: in record keys, and
in values however deep.  It maps states to states, and, if no action tells members apart,
steps to steps.  So one state of each orbit is enough: the canonical one.

Canonical is the least state of an orbit, where states are compared first by what they say
of each member, in the order of members, and then by the values of their cells, in
canonical order, by rank among their encodings.  What a state says of a member is what the
cells that mention it hold, with all members replaced: itself by "I", others by their sort,
and in further rounds, as long as that distinguishes more of them, by what is said of them.
A permutation takes along what is said, so in the least state members are in that order,
and only those of which the same is said are permuted to find it.  Even of those none need
be that can be exchanged without changing the state, such as all of a state that mentions
no two together.  In a fully regular state, as a ring in which each member names the
next, all members look alike and none may be exchanged: of a ring of 9 or more there are too
many permutations, and it is refused.  A cell that names one of them would tell all apart.

Members are those of the sorts a model knows: that a record is declared over, or that an
action or a property ranges over.  A symmetric sort that is only chosen from is not known, and
its members are not exchanged; an action over the sort says the same.

That no action and no property tells members apart is declared, and audited in
:mod:`choir_model.engine.equivariance`.

The way to a state that exploration recorded leads from one canonical state to another; a
path for people follows it from a real initial state, renaming each step as it goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain, product
from math import factorial, prod
from typing import Any, NamedTuple, cast

from choir_model.engine.dictview import State
from choir_model.engine.layout import Layout
from choir_model.engine.model import Model
from choir_model.engine.paths import order_of_cell
from choir_model.engine.sorts import Atom
from choir_model.engine.values import SCALARS, CanonicalSet, canonical, encode, field_names, made
from choir_model.engine.view import Cell, ModelError

Renaming = Mapping[Atom, Atom]
MOST = 40_320
"""Permutations of one state that are compared, at most."""


def rename(value: Any, renaming: Renaming) -> Any:
    """`value` with every atom in it renamed."""
    if isinstance(value, Atom):
        return renaming.get(value, value)
    kind: Any = type(value)
    parts = _parts(value)
    if not parts:
        return value
    renamed = [rename(part, renaming) for part in parts]
    if kind is tuple:
        return tuple(renamed)
    if kind in (frozenset, CanonicalSet):
        return canonical(frozenset(renamed))
    return made(kind, field_names(kind) or (), renamed)


def _parts(value: Any) -> Sequence[Any]:
    """What a value is made of; nothing for an atom or a plain value."""
    kind: Any = type(value)
    if kind in SCALARS or isinstance(value, Enum | Atom):
        return ()
    if kind is tuple:
        return cast("tuple[Any, ...]", value)
    if kind in (frozenset, CanonicalSet):
        return list(frozenset.__iter__(value))
    return [getattr(value, name) for name in field_names(kind) or ()]


class Mention(NamedTuple):
    """A cell of a state whose key or value contains members of symmetric sorts, `members`."""

    cell: int
    number: int
    members: tuple[Atom, ...]


class Symmetry:
    """The permutations of a model's symmetric sorts, acting on packed states."""

    def __init__(self, model: Model, layout: Layout) -> None:
        self._sorts = model.symmetric_sorts
        self._members = {m: k for k, sort in enumerate(self._sorts) for m in sort.members}
        self.layout = layout
        self._canonical: dict[int, int] = {}
        self._mentions: list[dict[int, Mention | None]] = []
        self._images: dict[tuple[Any, ...], tuple[int, int]] = {}
        self._told: dict[tuple[Any, ...], tuple[bytes, ...]] = {}
        self._order: list[int] = []
        self._ranks: list[list[int]] = []

    def forget(self) -> None:
        """The layout has changed."""
        self._canonical.clear()

    def canonical(self, packed: int) -> int:
        """The canonical state of an orbit; may make the layout stale, and means nothing then.

        Raises `ModelError` if too many permutations would have to be tried to find it.
        """
        found = self._canonical.get(packed)
        if found is None and self.layout.stale:
            return packed
        if found is None:
            found, _ = self.find(packed)
            if self.layout.stale:
                return packed
            self._canonical[packed] = self._canonical[found] = found
        return found

    def find(self, packed: int) -> tuple[int, Renaming]:
        """The canonical state of an orbit, and what maps a state of it there."""
        mentions = self._mentions_in(packed)
        candidates = self._candidates(packed, mentions)
        found = [(self._image(packed, mentions, renaming), renaming) for renaming in candidates]
        if len(found) == 1:
            return found[0]
        return min(found, key=lambda image: self._rank(image[0]))

    def image(self, packed: int, renaming: Renaming) -> int:
        """A state renamed."""
        return self._image(packed, self._mentions_in(packed), renaming)

    def _image(self, packed: int, mentions: list[Mention], renaming: Renaming) -> int:
        layout = self.layout
        for cell, _, _ in mentions:
            packed &= ~(layout.mask[cell] << layout.shift[cell])
        for mention in mentions:
            cell, number, members = mention
            names = tuple([renaming.get(member, member) for member in members])
            known = self._images.get((cell, number, names))
            if known is None:
                known = self._images[cell, number, names] = self._moved(mention, renaming)
            packed |= known[1] << layout.shift[known[0]]
        return packed

    def _moved(self, mention: Mention, renaming: Renaming) -> tuple[int, int]:
        field, key = self.layout.cells[mention.cell]
        value = self.layout.values[mention.cell][mention.number]
        target = self.layout.number(Cell(field, rename(key, renaming)))
        return target, self.layout.intern(target, rename(value, renaming))

    def _mentions_in(self, packed: int) -> list[Mention]:
        layout, known = self.layout, self._mentions
        while len(known) < len(layout.cells):
            known.append({})
        found = []
        for cell, (shift, mask) in enumerate(zip(layout.shift, layout.mask, strict=True)):
            number = (packed >> shift) & mask
            if number not in known[cell]:
                known[cell][number] = self._mention(cell, number)
            mention = known[cell][number]
            if mention is not None:
                found.append(mention)
        return found

    def _mention(self, cell: int, number: int) -> Mention | None:
        """None also for a default without members: then it is what every image has."""
        own = [a for a in _atoms(self.layout.values[cell][number]) if a in self._members]
        if number or own:
            own += [a for a in _atoms(self.layout.cells[cell].key) if a in self._members]
        return Mention(cell, number, tuple(dict.fromkeys(own))) if own else None

    def _candidates(self, packed: int, mentions: list[Mention]) -> Iterator[Renaming]:
        """The renamings that put members in the order of what is said of them.

        Of those that lead to one state, because they differ only in members that may be
        exchanged in it, one.
        """
        stale = self.layout.stale
        colours, shared = self._colours(mentions)
        groups: dict[int, list[Atom]] = {}
        for member in sorted(self._members, key=colours.__getitem__):
            groups.setdefault(colours[member], []).append(member)
        blocks = [self._blocks(packed, mentions, g, shared) for g in groups.values()]
        if self.layout.stale and not stale:
            yield {}
            return
        number = prod(_count(group) for group in blocks)
        if number > MOST:
            sizes = ", ".join(f"{sort.name} has {len(sort)}" for sort in self._sorts)
            raise ModelError(
                f"{sizes} members: to compare {number} permutations of a state is too much; "
                "take fewer members, or symmetric=False"
            )
        targets = [member for sort in self._sorts for member in sort.members]
        for arranged in product(*map(_arrangements, blocks)):
            yield dict(zip(chain.from_iterable(arranged), targets, strict=True))

    def _colours(self, mentions: list[Mention]) -> tuple[dict[Atom, int], set[Atom]]:
        """What is said of each member, as a rank; and those mentioned together with others.

        What is said of a member names others by what is said of them in turn.
        """
        shared = {m for mention in mentions if len(mention.members) > 1 for m in mention.members}
        colours = dict(self._members)
        kinds = len(self._sorts)
        while True:
            told: dict[Atom, list[bytes]] = {member: [] for member in colours}
            for mention in mentions:
                for member, text in zip(
                    mention.members, self._texts(mention, colours), strict=True
                ):
                    told[member].append(text)
            keys = {m: (colours[m], tuple(sorted(texts))) for m, texts in told.items()}
            ranks = {key: rank for rank, key in enumerate(sorted(set(keys.values())))}
            colours = {member: ranks[key] for member, key in keys.items()}
            if len(ranks) == kinds or not shared:
                return colours, shared
            kinds = len(ranks)

    def _texts(self, mention: Mention, colours: Mapping[Atom, int]) -> tuple[bytes, ...]:
        """What a cell says of each member that it mentions."""
        key = (mention.cell, mention.number, *[colours[member] for member in mention.members])
        known = self._told.get(key)
        if known is None:
            field, name = self.layout.cells[mention.cell]
            said = (field.name, name, self.layout.values[mention.cell][mention.number])
            names = {m: b"@%d;" % colours[m] for m in mention.members}
            known = tuple(_told(said, {**names, m: b"@;"}) for m in mention.members)
            self._told[key] = known
        return known

    def _blocks(
        self, packed: int, mentions: list[Mention], group: list[Atom], shared: set[Atom]
    ) -> list[list[Atom]]:
        """A group of which the same is said, by who may be exchanged with whom in this state."""
        if shared.isdisjoint(group):
            return [group]
        found: list[list[Atom]] = []
        for member in group:
            for block in found:
                swap = {member: block[0], block[0]: member}
                if self._image(packed, mentions, swap) == packed:
                    block.append(member)
                    break
            else:
                found.append([member])
        return found

    def _rank(self, packed: int) -> tuple[int, ...]:
        layout = self.layout
        if len(self._order) < len(layout.cells):
            cells = range(len(layout.cells))
            self._order = sorted(cells, key=lambda c: order_of_cell(layout.cells[c]))
            self._ranks = [[] for _ in cells]
        found = []
        for cell in self._order:
            ranks = self._ranks[cell]
            if len(ranks) < len(layout.codes[cell]):
                ranks = self._ranks[cell] = _ranks(layout.codes[cell])
            found.append(ranks[(packed >> layout.shift[cell]) & layout.mask[cell]])
        return tuple(found)


def _atoms(value: Any) -> Iterator[Atom]:
    """Every atom in a value, however deep."""
    if isinstance(value, Atom):
        yield value
    for part in _parts(value):
        yield from _atoms(part)


def _told(value: Any, names: Mapping[Atom, bytes]) -> bytes:
    """A value in bytes, with `names` for atoms; no two values with the same bytes."""
    if isinstance(value, Atom) and value in names:
        return names[value]
    parts = [_told(part, names) for part in _parts(value)]
    if not parts:
        return encode(value)
    kind: Any = type(value)
    if kind in (frozenset, CanonicalSet):
        kind = frozenset
        parts.sort()
    parts.append(f"{kind.__module__}.{kind.__qualname__}".encode())
    return b"(" + b"".join(b"%d:%b" % (len(part), part) for part in parts) + b")"


def _count(blocks: list[list[Atom]]) -> int:
    return factorial(sum(map(len, blocks))) // prod(factorial(len(block)) for block in blocks)


def _arrangements(blocks: list[list[Atom]]) -> Iterator[tuple[Atom, ...]]:
    """Every order of some blocks of members, those of a block in their own order."""
    if not any(blocks):
        yield ()
    for k, block in enumerate(blocks):
        if block:
            rest = [*blocks[:k], block[1:], *blocks[k + 1 :]]
            for others in _arrangements(rest):
                yield (block[0], *others)


def inverse(renaming: Renaming) -> Renaming:
    """What undoes a renaming."""
    return {image: atom for atom, image in renaming.items()}


def _ranks(codes: list[bytes]) -> list[int]:
    order = sorted(range(len(codes)), key=codes.__getitem__)
    ranks = [0] * len(codes)
    for rank, number in enumerate(order):
        ranks[number] = rank
    return ranks


def renamed_state(state: State, renaming: Renaming) -> State:
    """A state with every atom in it renamed, in keys and in values."""
    return State(
        {Cell(c.field, rename(c.key, renaming)): rename(v, renaming) for c, v in state.items()}
    )
