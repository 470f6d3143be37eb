"""The JSON export of a Slack workspace, or a part of it.

An export has ``users.json`` and a folder for each channel, in which there is a file for each
day: a list of messages.  It can be given as the zip archive Slack makes, unpacked, as the folder of
one channel, or as the file of one day.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from choir_model.verify.imports import Entry, ImportDefect
from choir_model.verify.imports_files import Export, decoded
from choir_model.verify.imports_times import moment

USERS = re.compile(r"(org_)?users\.json")
DAYS = re.compile(r"([^/]+/)?\d{4}-\d{2}-\d{2}\.json")
SAID = (None, "me_message", "thread_broadcast", "file_share")
"""Subtypes of messages in which a person says something; of the others Slack is the author."""
MARKUP = re.compile(r"<([^<>]*)>")
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
REMEDY = "give what Slack exported, as JSON"


class Profile(msgspec.Struct):
    """What a member calls themselves."""

    display_name: str | None = None
    real_name: str | None = None
    name: str | None = None


class User(msgspec.Struct):
    """A member, as in ``users.json``."""

    id: str
    name: str | None = None
    real_name: str | None = None
    profile: Profile | None = None


class Message(msgspec.Struct):
    """A message of a day; Slack writes many more fields."""

    type: str | None = None
    subtype: str | None = None
    user: str | None = None
    bot_id: str | None = None
    text: str | None = None
    ts: str | None = None
    user_profile: Profile | None = None


def entries(export: Export, skipped: Counter[str]) -> Iterator[Entry]:
    """Everything people said.  Raises `ImportDefect`."""
    names: dict[str, str] = {}
    for user in _users(export):
        names.setdefault(user.id, _name(user))
    found = False
    for file in export.files(DAYS):
        found = True
        folder = file.parts[0] if len(file.parts) > 1 else _folder(export)
        for number, message in enumerate(decoded(file, list[Message], REMEDY), 1):
            try:
                entry = _entry(message, folder, names, skipped)
            except ValueError as error:
                field, problem = error.args
                raise ImportDefect(file.path, f"message {number}", field, problem, REMEDY) from None
            if entry is not None:
                yield entry
    if not found:
        remedy = "give the export, a channel's folder or a day's file"
        raise export.defect("holds no day of a channel, such as general/2026-01-31.json", remedy)


def _users(export: Export) -> Iterator[User]:
    """The members; for a channel's folder those of the export around it."""
    if export.path.is_file() and not export.is_archive:
        return
    found = list(export.files(USERS))
    beside = export.path.resolve().parent / "users.json"
    if not found and export.path.is_dir() and beside.is_file():
        found = list(export.beside(beside).files(USERS))
    for file in found:
        yield from decoded(file, list[User], REMEDY)


def _folder(export: Export) -> str:
    """The channel of files that are in no folder of the export."""
    if export.path.is_file() and re.fullmatch(DAYS, export.path.name):
        return export.path.resolve().parent.name or export.name
    return export.name


def _entry(
    message: Message, channel: str, names: dict[str, str], skipped: Counter[str]
) -> Entry | None:
    """The message as an entry; None, and counted, if no person says anything in it."""
    if message.type not in (None, "message") or message.subtype not in (*SAID, "bot_message"):
        skipped["by Slack"] += 1
        return None
    if message.bot_id is not None or message.subtype == "bot_message":
        skipped["by bots"] += 1
        return None
    for field in ("user", "ts"):
        if not getattr(message, field):
            raise ValueError(field, "is missing")
    user, ts = message.user or "", message.ts or ""
    try:
        time = moment(ts)
    except ValueError as error:
        raise ValueError("ts", str(error)) from None
    if not message.text:
        skipped["without text"] += 1
        return None
    if message.user_profile is not None:
        names.setdefault(user, _called(message.user_profile) or user)
    text = plain(message.text, names)
    return Entry(time, user, names.get(user, user), channel, channel, text)


def _name(user: User) -> str:
    called = _called(user.profile) if user.profile is not None else None
    return called or user.real_name or user.name or user.id


def _called(profile: Profile) -> str | None:
    return profile.display_name or profile.real_name or profile.name or None


def plain(text: str, names: dict[str, str]) -> str:
    """A text without Slack's markup of mentions, channels and links."""

    def shown(found: re.Match[str]) -> str:
        target, _, label = found[1].partition("|")
        if target.startswith("@"):
            return f"@{label or names.get(target[1:], target[1:])}"
        if target.startswith(("#", "!")):
            sign = "#" if target.startswith("#") else "@"
            return f"{sign}{label.lstrip('@') or target[1:]}"
        return f"{label} ({target})" if label and label != target else target

    text = MARKUP.sub(shown, text)
    for entity, character in ENTITIES:
        text = text.replace(entity, character)
    return text
