"""Values and cells in the words of people: short, unambiguous, safe on a terminal."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from enum import Enum

from choir_model.engine.sorts import Atom
from choir_model.engine.values import canonical, member_name
from choir_model.engine.view import Cell

LONGEST = 100
"""Characters of one value; of a longer one the middle is left out."""
LONGEST_KEY = 24
BARE = re.compile(r"(?!(?:None|True|False)$)[^\W\d][\w.\-]*")
"""Text that can be mistaken for nothing else and needs no quotes."""


def shown(value: object, longest: int = LONGEST) -> str:
    """A cell value in at most about `longest` characters.

    Enum members go by their name and bytes in hexadecimal; text is quoted only where it
    might be taken for something else.

    >>> shown((1, "ann", "1", b"\\x00\\xff", frozenset({3, 2})))
    "(1, ann, '1', 0x00ff, {2, 3})"
    """
    return clipped(_text(value), longest)


def shown_cell(cell: Cell) -> str:
    """A cell as ``record.field[key]``, without brackets where the record is a singleton."""
    key = cell.key
    if key is None:
        return cell.field.name
    inside = _joined(key) if type(key) is tuple and key else _text(key)
    return f"{cell.field.name}[{clipped(inside, LONGEST_KEY)}]"


def clipped(text: str, longest: int = LONGEST) -> str:
    """The text with its middle left out if it is longer, and nothing that drives a terminal."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    if len(text) <= longest:
        return text
    tail = longest // 4
    return f"{text[: longest - tail - 1]}…{text[-tail:]}"


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return member_name(value)
    if isinstance(value, str):
        return str(value) if BARE.fullmatch(value) else repr(value)
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, frozenset):
        return f"{{{_joined(canonical(value))}}}"
    if type(value) is tuple:
        return f"({_text(value[0])},)" if len(value) == 1 else f"({_joined(value)})"
    if isinstance(value, Atom) or not dataclasses.is_dataclass(value):
        return repr(value)
    if type(value).__str__ is not object.__str__:
        return str(value)
    fields = [f"{f.name}={_text(getattr(value, f.name))}" for f in dataclasses.fields(value)]
    return f"{type(value).__name__}({', '.join(fields)})"


def _joined(items: Iterable[object]) -> str:
    return ", ".join(map(_text, items))
