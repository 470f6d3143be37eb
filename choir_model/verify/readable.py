"""Values of a failure in the words of its world: names for addresses, no raw bytes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from choir_model.domain.identity import Address
from choir_model.lockstep.compare import Disagreement
from choir_model.lockstep.ledger_pair import Execute, LedgerPair
from choir_model.lockstep.running import Pair
from choir_model.lockstep.system_pair import Start, SystemPair
from choir_model.program import addresses
from choir_model.program.bindings import INSTRUCTIONS
from choir_model.program.calls import Call
from choir_model.program.layout import DecodeError

HASH = re.compile(r"\b[0-9a-f]{64}\b")
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
    if isinstance(value, str):
        return _named(value, names)
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


def _named(text: str, names: Names, shortest: int = 64) -> str:
    """`text` with names for addresses; other hashes keep their first `shortest` digits."""

    def name(found: re.Match[str]) -> str:
        known = names.get(bytes.fromhex(found[0]))
        return known or found[0][:shortest] + ("…" if shortest < len(found[0]) else "")

    return HASH.sub(name, text)


def diff(found: Disagreement, names: Names) -> str:
    """Both sides as a unified diff of readable values; as they are where those are equal."""
    sides = readable(found.reference, names), readable(found.real, names)
    if sides[0] == sides[1]:
        return found.diff()
    return Disagreement(found.command, found.aspect, *sides).diff()


def told(command: object, names: Names) -> str:
    """A command on one line: what, with which arguments, about what, and who acts."""
    call, actor = None, b""
    if isinstance(command, Execute):
        call, actor = command.call, command.payer
    elif isinstance(command, Start):
        call, actor = command.saga.call, command.saga.payer
    words = [_named(str(command), names, shortest=8)]
    if call is not None:
        words += [f"{name}={value}" for name, value in _arguments(call, names).items()]
    if actor in names:
        words.append(f"by {names[actor]}")
    return " ".join(words)


def _arguments(call: Call, names: Names) -> dict[str, str]:
    """What a call says and which thread and record it is about; nothing of damaged data."""
    spec = INSTRUCTIONS.get(call.name)
    if spec is None:
        return _token_arguments(call, names)
    try:
        given = spec.arguments.decode(call.data[8:])
    except DecodeError:
        given = {"data": f"{call.data[:12].hex()}…"}
    shown = {name: _argument(value) for name, value in given.items() if name != "design"}
    for role, meta in zip(spec.accounts, call.accounts, strict=False):
        if role.name in ("thread", "record"):
            shown[role.name] = _short(meta.address, names)
    further = [_short(meta.address, names) for meta in call.accounts[len(spec.accounts) :]]
    return shown | ({"payees": ", ".join(further)} if further else {})


def _token_arguments(call: Call, names: Names) -> dict[str, str]:
    account, to = (_short(meta.address, names) for meta in call.accounts[:2])
    match call.name:
        case "token_set_owner":
            return {"account": account, "to": _short(call.data[3:], names)}
        case "token_close":
            return {"account": account, "to": to}
    return {"amount": str(int.from_bytes(call.data[1:9], "little")), "to": to}


def _argument(value: object) -> str:
    if isinstance(value, bytes):
        return f"{value.hex()[:8]}…"
    return value.name.lower() if isinstance(value, Enum) else str(value)


def _short(address: Address, names: Names) -> str:
    return names.get(address) or f"{addresses.base58(address)[:8]}…"
