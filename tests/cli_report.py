"""The documented shape of the JSON report (`choir_model.verify.report`), written once more."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec


class Audit(msgspec.Struct, forbid_unknown_fields=True):
    supply: str
    holders: str
    stakes: str
    escrow: str
    balances: str
    treasury: str
    donations: str
    burned: str


class Conversation(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    title: str
    commands: int
    steps: int
    records: int
    stored: int
    audit: Audit
    design: dict[str, str]
    otherwise: int


class Machine(msgspec.Struct, forbid_unknown_fields=True):
    name: Literal["ledger", "content", "system"]
    verdict: Literal["HOLDS", "VIOLATED", "UNREACHED", "UNKNOWN"]
    steps: int
    examples: int
    seconds: float
    steps_per_second: float
    expected: int
    missing: list[str]
    commands: dict[str, int]
    refusals: dict[str, int]
    events: dict[str, int]
    situations: dict[str, int]


class Failure(msgspec.Struct, forbid_unknown_fields=True):
    where: str
    kind: Literal["disagreement", "violation", "expectation"]
    message: str
    commands: list[str]
    diff: str
    replay_file: str | None
    unwritten: str | None
    options: list[str]


class Replayed(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    where: str
    message: str
    seed: int
    commands: int
    differs: list[str]


class Report(msgspec.Struct, forbid_unknown_fields=True):
    tool: Literal["choir verify"]
    verdict: Literal["HOLDS", "VIOLATED", "UNKNOWN"]
    seed: int
    steps: int
    ledger: Literal["litesvm", "bankrun", "both"]
    program: str
    design: dict[str, str]
    versions: dict[str, str]
    conversations: list[Conversation]
    machines: list[Machine]
    failure: Failure | None
    replayed: Replayed | None
    unfinished: str | None


def read_report(path: Path) -> Report:
    return msgspec.json.decode(path.read_bytes(), type=Report)
