"""Values of a failure in the words of its world: names for addresses, no raw bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

from choir_model.domain.identity import Address
from choir_model.lockstep.compare import Disagreement
from choir_model.lockstep.ledger_pair import Execute, LedgerPair
from choir_model.lockstep.running import Pair
from choir_model.lockstep.system_pair import Start, SystemPair
from choir_model.program import addresses

Names = Mapping[Address, str]


def names_of(pair: Pair) -> Names:
    """Who is who on the pair's ledgers; nobody without one."""
    ledgers = pair.ledgers if isinstance(pair, SystemPair) else pair
    return ledgers.cast.names() if isinstance(ledgers, LedgerPair) else {}


def readable(value: object, names: Names) -> Any:
    """The same value of dictionaries, lists, text and numbers."""
    if isinstance(value, bytes):
        return names.get(value) or (addresses.base58(value) if len(value) == 32 else value.hex())
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, str) and len(value) == 64:
        return _named_hex(value, names)
    if isinstance(value, Mapping):
        return {
            key: item.hex() if key == "hash" and isinstance(item, bytes) else readable(item, names)
            for key, item in value.items()
        }
    if isinstance(value, tuple | list):
        return [readable(item, names) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {"": type(value).__name__, **readable(fields, names)}
    return value


def _named_hex(text: str, names: Names) -> str:
    try:
        return names.get(bytes.fromhex(text), text)
    except ValueError:
        return text


def diff(found: Disagreement, names: Names) -> str:
    """Both sides as a unified diff of readable values; as they are where those are equal."""
    sides = readable(found.reference, names), readable(found.real, names)
    if sides[0] == sides[1]:
        return found.diff()
    return Disagreement(found.command, found.aspect, *sides).diff()


def told(command: object, names: Names) -> str:
    """A command on one line, with who acts."""
    actor = b""
    if isinstance(command, Execute):
        actor = command.payer
    elif isinstance(command, Start):
        actor = command.saga.payer
    return f"{command} by {names[actor]}" if actor in names else str(command)
