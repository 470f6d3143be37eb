"""What a conversation log can say: one frozen value per line.

Theory of operation
-------------------
A log is a header and a list of commands.  Each command is a struct here, its fields are
the fields of the JSON object, and the tag ``do`` chooses the struct.  Three things differ
from the JSON, so that readers of the values need no second parser:

* amounts of CHOIR are decimal strings in the file and integers of base units here
  (`parse_amount`, `format_amount`); JSON numbers would pass through binary fractions;
* ``expect`` is the name of a refusal in the file and a `Reason` here;
* ``line`` is where the command stands in its file and is never written.

The structs say which fields there are; `MEANING` says, in the words of a remedy, what
each must look like.  What only the lines before can tell (is this user known?) is judged
by :mod:`choir_model.verify.log`.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from choir_model.domain.lifecycle import Privacy
from choir_model.domain.parameters import DEFAULTS
from choir_model.program import designs
from choir_model.program.bindings import DECIMALS, SUPPLY, Design, Reason

Decision: TypeAlias = Literal["approve", "deny"]
Vault: TypeAlias = Literal["stake", "escrow", "balance"]

BASE_UNITS: int = 10**DECIMALS
"""Base units in one CHOIR."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters the ledger is initialized with."""

    approval_window: int = DEFAULTS.approval_window
    """Seconds a spec can be voted on."""
    min_stake: int = DEFAULTS.min_stake
    """Base units."""
    max_co_authors: int = DEFAULTS.max_co_authors


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="log", tag="choir"):
    """The first line."""

    version: Literal[1]
    title: str
    start: int
    """Ledger clock before the first command, unix seconds."""
    parameters: Parameters = Parameters()
    design: dict[str, str] = {}
    """Choices that differ from the default design, as people write them."""

    @property
    def written_for(self) -> Design:
        """The design that what the log expects holds in."""
        return designs.design_of(f"{key}={value}" for key, value in self.design.items())


class _Command(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="do"
):
    """What all commands have."""

    line: int = 0
    """Line number in the file, from 1; 0 for a command that was not read from one."""
    expect: Reason | None = None
    """The refusal the command must meet; None: it must be accepted."""


class User(_Command, frozen=True, tag="user"):
    """A person appears, with `tokens` base units in a token account."""

    name: str
    tokens: int
    premium: bool = False


class Thread(_Command, frozen=True, tag="thread"):
    """`by` creates a thread and takes its first seat."""

    name: str
    by: str


class Message(_Command, frozen=True, tag="message"):
    """A co-author submits directly (M1)."""

    thread: str
    by: str
    text: str
    privacy: Privacy = Privacy.PUBLIC
    id: str | None = None


class Spec(_Command, frozen=True, tag="spec"):
    """Someone without a seat submits for approval (M2); `stake` in base units."""

    id: str
    thread: str
    by: str
    text: str
    stake: int
    privacy: Privacy = Privacy.PUBLIC


class Vote(_Command, frozen=True, tag="vote"):
    """`by` votes on the spec of this id (M3)."""

    spec: str
    by: str
    decision: Decision


class Wait(_Command, frozen=True, kw_only=True, tag="wait"):
    """Time passes.  Exactly one of the three is given."""

    seconds: int | None = None
    hours: int | None = None
    days: int | None = None

    @property
    def duration(self) -> int:
        """Seconds."""
        return (self.seconds or 0) + 3_600 * (self.hours or 0) + 86_400 * (self.days or 0)


class Settle(_Command, frozen=True, tag="settle"):
    """Somebody turns the crank for a spec whose window is over (M6)."""

    spec: str


class Claim(_Command, frozen=True, tag="claim"):
    """A denier takes the share of a rejected spec's stake (L5)."""

    spec: str
    by: str


class ChangePrivacy(_Command, frozen=True, tag="privacy"):
    """The author of a message or spec changes who may see it (M8)."""

    message: str
    by: str
    privacy: Privacy


class Premium(_Command, frozen=True, tag="premium"):
    """A user gains or loses the Premium entitlement."""

    user: str
    on: bool


class Search(_Command, frozen=True, tag="search"):
    """`by` searches, in all threads or one.

    `finds`, unless None, are the ids of all results in order; `hides` are ids that must
    not be among them.
    """

    by: str
    text: str
    limit: int = 5
    thread: str | None = None
    finds: tuple[str, ...] | None = None
    hides: tuple[str, ...] = ()


class Donate(_Command, frozen=True, tag="donate"):
    """`by` sends `amount` base units straight to a vault of the thread (L4)."""

    by: str
    thread: str
    vault: Vault
    amount: int


Instruction: TypeAlias = Message | Spec | Vote | Settle | Claim
"""Commands the ledger program can refuse: those that can carry ``expect``."""
Command: TypeAlias = User | Thread | Instruction | Wait | ChangePrivacy | Premium | Search | Donate

COMMANDS: dict[str, type[Command]] = {str(c.__struct_config__.tag): c for c in get_args(Command)}
"""Commands by the word that follows ``do``."""

FIELDS: dict[type, tuple[Any, ...]] = {
    kind: msgspec.structs.fields(kind) for kind in (Header, Parameters, *COMMANDS.values())
}
"""The fields of each line; to ask msgspec at each takes longer than all else about a line."""

AMOUNTS = ("tokens", "stake", "amount", "min_stake")
"""Fields that hold CHOIR."""

_NAME = 'a name in quotes, at most 32 characters, such as "marta"'
_USER = "the name of a user of an earlier line, in quotes"
_SPEC = "the id of a spec of an earlier line, in quotes"
_AMOUNT = 'CHOIR as a decimal number in quotes with at most 9 decimals, such as "1250.5"'
_WAIT = "a whole number from 0 up, without quotes"
_IDS = 'a list of ids of earlier lines, such as ["m1", "m2"]'

MEANING = {
    "do": "one of " + ", ".join(COMMANDS),
    "log": '"choir"',
    "version": "1",
    "title": "a title in quotes, at most 200 characters on one line",
    "start": "unix seconds from 0 to 9223372036854775807, such as 1767225600",
    "parameters": 'an object, such as {"approval_window": 604800}',
    "approval_window": "seconds, a whole number from 1 to 9223372036854775807",
    "min_stake": _AMOUNT,
    "max_co_authors": "a whole number from 1 to 32",
    "expect": 'the name of a refusal of the ledger program, such as "AlreadyVoted"',
    "name": _NAME,
    "design": 'an object such as {"payout": "push"}',
    "id": _NAME,
    "by": _USER,
    "user": _USER,
    "thread": "the name of a thread of an earlier line, in quotes",
    "text": "text in quotes, 1 to 65536 bytes",
    "privacy": '"public", "premium" or "thread_only"',
    "spec": _SPEC,
    "message": "the id of a message or spec of an earlier line, in quotes",
    "decision": '"approve" or "deny"',
    "tokens": _AMOUNT,
    "stake": _AMOUNT,
    "amount": _AMOUNT,
    "premium": "true or false, without quotes",
    "on": "true or false, without quotes",
    "seconds": _WAIT,
    "hours": _WAIT,
    "days": _WAIT,
    "limit": "a whole number from 1 to 100",
    "finds": _IDS,
    "hides": _IDS,
    "vault": '"stake", "escrow" or "balance"',
}
"""What each field must look like; reads well after the word "write"."""


class AmountError(ValueError):
    """A string that is not an amount of CHOIR; its text says why."""


def parse_amount(text: str) -> int:
    """Base units of a decimal number of CHOIR, exactly.

    Raises `AmountError` for anything but digits with at most one point and 9 decimals,
    and for more than the supply.
    """
    if re.fullmatch(r"-[0-9]+(\.[0-9]+)?", text):
        raise AmountError("is negative")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        raise AmountError("is not a decimal number")
    whole, _, fraction = text.partition(".")
    if len(fraction) > DECIMALS:
        raise AmountError(f"has {len(fraction)} decimals")
    # Compared as text first: int() refuses strings of thousands of digits.
    if len(whole.lstrip("0")) > len(str(SUPPLY)):
        raise AmountError("is more than the whole supply")
    amount = int(whole) * BASE_UNITS + int(fraction.ljust(DECIMALS, "0"))
    if amount > SUPPLY:
        raise AmountError("is more than the whole supply")
    return amount


def format_amount(amount: int) -> str:
    """The shortest decimal number of CHOIR that `parse_amount` reads back as `amount`."""
    whole, fraction = divmod(amount, BASE_UNITS)
    return f"{whole}.{fraction:0{DECIMALS}}".rstrip("0").rstrip(".")


def to_line(value: Header | Command) -> str:
    """The line of a log that says `value`, without the line break; defaults are left out."""
    return json.dumps(_fields(value), ensure_ascii=False)


def _fields(value: Header | Parameters | Command) -> dict[str, object]:
    config = value.__struct_config__
    fields: dict[str, object] = {}
    if config.tag_field is not None:
        fields[config.tag_field] = config.tag
    for field in FIELDS[type(value)]:
        content = getattr(value, field.name)
        if field.name == "line" or (not field.required and content in (field.default, {})):
            continue
        if field.name in AMOUNTS:
            content = format_amount(content)
        elif isinstance(content, Reason):
            content = content.name
        elif isinstance(content, Privacy):
            content = content.value
        elif isinstance(content, Parameters):
            content = _fields(content)
        fields[field.name] = content
    return fields
