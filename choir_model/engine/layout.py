"""The layout: which cells there are, what values each has taken, and how states are packed.

Theory of operation
-------------------
Every cell numbers the values it has been seen with, its default first.  A state is one
integer: each cell's number in a run of bits of its own.  A cell that has only ever had one
value takes no bits, so constants and switched-off features cost nothing.

Numbers are given by the *canonical encoding* of a value, so that 1, True and "1" are three
values.  When a cell outgrows its bits the layout is `stale`: what is packed from then on is
meaningless until `relayout` has moved the cells apart, and everything packed before has
gone through the function it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from choir_model.engine.decoding import decode
from choir_model.engine.dictview import State
from choir_model.engine.model import ANY, Model
from choir_model.engine.values import SCALARS, canonical, check_value, encode
from choir_model.engine.view import Cell, Field, ModelError

Repack = Callable[[int], int]
PATIENCE = 16
"""After so many relayouts, cells are given room before they ask for it."""


@dataclass(slots=True, eq=False)
class Plan:
    """A layout to come: the place of every cell, and how a state gets there."""

    shift: list[int]
    mask: list[int]
    bits: int
    repack: Repack
    done: bool = False
    moved: tuple[Any, ...] = ()
    """What was packed and has been moved, until all of it is in its place."""


def check_key(cell: Cell) -> None:
    """`ModelError` unless the key of a cell is a value."""
    try:
        check_value(cell.key, f"the key of {cell!r}")
    except TypeError as error:
        raise ModelError(str(error)) from error


class _Numbers(dict[Cell, int]):
    """The numbers of cells whose keys are not declared: one that only equals a key is absent."""

    def __init__(self, cells: list[Cell]) -> None:
        super().__init__()
        self._cells = cells

    def get(self, cell: Cell, default: Any = None) -> Any:
        """The number of the cell with this very key: True is not 1."""
        number = super().get(cell)
        if number is not None:
            key, known = cell.key, self._cells[number].key
            if key is not known and not _is_same(key, known):
                return default
        return default if number is None else number


def _is_same(key: Any, known: Any) -> bool:
    """Whether two keys that Python takes for equal are one value."""
    if type(key) is type(known) and type(key) in SCALARS:
        return True
    try:
        return encode(key) == encode(known)
    except TypeError:
        return False


class Layout:
    """Cells, their values, and their place in a packed state."""

    def __init__(self, model: Model) -> None:
        self.cells: list[Cell] = []
        self.values: list[list[Any]] = []
        self.codes: list[list[bytes]] = []
        self.shift: list[int] = []
        self.mask: list[int] = []
        self.bits = 0
        self.stale = False
        self.relayouts = 0
        self.plan = Plan([], [], 0, int, done=True)
        self._model = model
        declared = not any(over is ANY for over in model.records.values())
        self.numbers: dict[Cell, int] = {} if declared else _Numbers(self.cells)
        self._ids: list[dict[bytes, int]] = []
        self._integers: list[dict[int, int]] = []
        self._open: set[Field[Any]] = set()
        for record in model.records:
            keys = model.keys(record)
            if keys is None:
                self._open.update(record.fields)
            for key in keys or ():
                for field in record.fields:
                    if not self.left_out(field):
                        self._add(Cell(field, key))

    def left_out(self, field: Field[Any]) -> bool:
        """Whether the field is no part of a state's identity."""
        return self._model.left_out(field)

    def number(self, cell: Cell) -> int:
        """The number of `cell`; `ModelError` if the model declares no such cell."""
        found = self.numbers.get(cell)
        if found is not None:
            return found
        if cell.field in self._open:
            check_key(cell)
            return self._add(cell)
        raise ModelError(self._undeclared(cell))

    def check_declared(self, cell: Cell) -> None:
        """`ModelError` unless `cell`, which has no number, belongs to the model."""
        if cell.field not in self._open:
            self._declared_key(cell)

    def _declared_key(self, cell: Cell) -> None:
        for record in self._model.records:
            if cell.field in record.fields and cell.key in (self._model.keys(record) or ()):
                return
        raise ModelError(self._undeclared(cell))

    def _undeclared(self, cell: Cell) -> str:
        name = self._model.name
        for record in self._model.records:
            if cell.field in record.fields:
                keys = ", ".join(map(repr, self._model.keys(record) or ()))
                return f"{cell!r} is no cell of {name}: the keys of {record.record_name} are {keys}"
        declared = ", ".join(record.record_name for record in self._model.records)
        return f"{cell!r} is no cell of {name}: its records are {declared}"

    def _add(self, cell: Cell) -> int:
        if cell in self.numbers:
            other = self.cells[self.numbers[cell]]
            raise ModelError(
                f"{other!r} and {cell!r} are one cell, since Python takes their keys for equal"
            )
        number = len(self.cells)
        self.numbers[cell] = number
        self.cells.append(cell)
        self.values.append([])
        self.codes.append([])
        self._ids.append({})
        self._integers.append({})
        self.shift.append(self.bits)
        self.mask.append(0)
        self.intern(number, cell.field.default)
        return number

    def intern(self, cell: int, value: Any) -> int:
        """The id of a value in its cell's domain; a new one may make the layout stale."""
        ids = self._ids[cell]
        if type(value) is int:  # by far the most frequent, and quick to tell from the others
            known = self._integers[cell].get(value)
            if known is None:
                known = self._integers[cell][value] = self._interned(cell, value, ids)
            return known
        return self._interned(cell, value, ids)

    def _interned(self, cell: int, value: Any, ids: dict[bytes, int]) -> int:
        try:
            code = encode(value)
            known = ids.get(code)
            if known is not None:
                return known
            kept = decode(code)
        except (TypeError, ValueError, RecursionError) as error:
            raise ModelError(f"{self.cells[cell]!r}: the value cannot be kept: {error}") from error
        # Of local classes there may be several with one name; the bytes agree all the same.
        if kept != value and b"<locals>" not in code:
            raise ModelError(
                f"{self.cells[cell]!r}: the value {value!r} is not the same after it was "
                f"encoded and decoded, but {kept!r}"
            )
        number = len(ids)
        self.values[cell][number:] = [canonical(value)]
        self.codes[cell][number:] = [code]
        ids[code] = number  # last: an interrupt before it leaves nothing that counts
        if number > self.mask[cell]:
            self.stale = True
        return number

    def ids(self, state: Mapping[Cell, Any]) -> dict[int, int]:
        """The value ids of a state by cell number, auxiliary cells left out."""
        found = {}
        for cell, value in state.items():
            if not self.left_out(cell.field):
                number = self.number(cell)
                found[number] = self.intern(number, value)
        return found

    def value(self, packed: int, cell: int) -> Any:
        """The value of a cell in a packed state."""
        return self.values[cell][(packed >> self.shift[cell]) & self.mask[cell]]

    def id(self, packed: int, cell: int) -> int:
        """The id of a cell's value in a packed state."""
        return (packed >> self.shift[cell]) & self.mask[cell]

    def pack(self, ids: Mapping[int, int]) -> int:
        """The state with these value ids by cell number, and defaults elsewhere."""
        return sum(number << self.shift[cell] for cell, number in ids.items())

    def unpack(self, packed: int) -> State:
        """The cells of a packed state that differ from their default."""
        found = {}
        for number, cell in enumerate(self.cells):
            value_id = (packed >> self.shift[number]) & self.mask[number]
            if value_id:
                found[cell] = self.values[number][value_id]
        return State(found)

    def relayout(self) -> Repack:
        """Give every cell the bits it needs, outgrown ones one to spare.

        After many relayouts, a cell that still has its default gets a bit once another cell
        of its field has left it: a ring of *n* marks would take *n* relayouts otherwise.
        Returns the function that moves a state packed before to its new place, which is
        also in `plan`.  Broken off by an interrupt, it may be called again.
        """
        plan = self.plan
        if plan.done:
            plan = self.plan = self._planned()
        self.shift[:], self.mask[:], self.bits = plan.shift, plan.mask, plan.bits
        self.stale = False
        plan.done = True
        return plan.repack

    def _planned(self) -> Plan:
        self.relayouts += 1
        varied = set[Field[Any]]()
        if self.relayouts > PATIENCE:
            varied.update(c.field for c, v in zip(self.cells, self.values, strict=True) if v[1:])
        position = 0
        shifts, masks = list[int](), list[int]()
        moves: dict[int, int] = {}
        for cell, (shift, mask) in enumerate(zip(self.shift, self.mask, strict=True)):
            need = (len(self.values[cell]) - 1).bit_length()
            width = mask.bit_length()
            if need > width:
                width = need + 1 if width else need
            elif not width and self.cells[cell].field in varied:
                width = 1
            shifts.append(position)
            masks.append((1 << width) - 1)
            if mask:
                moves[position - shift] = moves.get(position - shift, 0) | mask << shift
            position += width
        parts = list(moves.items())

        def repack(packed: int) -> int:
            moved = 0
            for distance, mask in parts:  # cells only ever move up
                moved |= (packed & mask) << distance
            return moved

        return Plan(shifts, masks, position, repack)

    def mutated(self) -> list[str]:
        """The cells that hold a value which no longer encodes as it did when it was new."""
        found = []
        for cell, values, codes in zip(self.cells, self.values, self.codes, strict=True):
            if any(encode(v) != code for v, code in zip(values, codes, strict=True)):
                found.append(repr(cell))
        return found
