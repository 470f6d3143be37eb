"""Channels of Discord in the JSON format of DiscordChatExporter: a file, or a folder of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from choir_model.verify.imports import Entry, ImportDefect
from choir_model.verify.imports_files import Export, decoded
from choir_model.verify.imports_times import moment

FILES = re.compile(r"[^/]+\.json")
SAID = ("Default", "Reply")
"""Types of messages in which a person says something."""
REMEDY = "give what DiscordChatExporter wrote in its JSON format"


class Author(msgspec.Struct, rename="camel"):
    """Who wrote a message; `nickname` is their name on the server."""

    id: str
    name: str
    nickname: str | None = None
    is_bot: bool = False


class Message(msgspec.Struct):
    """A message; the exporter writes many more fields."""

    type: str
    timestamp: str
    content: str
    author: Author


class Channel(msgspec.Struct):
    """Where the messages are from."""

    id: str
    name: str


class Document(msgspec.Struct):
    """A file of the exporter."""

    channel: Channel
    messages: list[Message]


def entries(export: Export, skipped: Counter[str]) -> Iterator[Entry]:
    """Everything people said.  Raises `ImportDefect`."""
    found = False
    for file in export.files(FILES):
        found = True
        document = decoded(file, Document, REMEDY)
        channel = document.channel
        for number, message in enumerate(document.messages, 1):
            reason = _skipped(message)
            if reason is not None:
                skipped[reason] += 1
                continue
            try:
                time = moment(message.timestamp)
            except ValueError as error:
                place = f"message {number}"
                raise ImportDefect(file.path, place, "timestamp", str(error), REMEDY) from None
            author = message.author
            name = author.nickname or author.name or author.id
            yield Entry(time, author.id, name, channel.id, channel.name, message.content)
    if not found:
        raise export.defect("holds no .json file", REMEDY)


def _skipped(message: Message) -> str | None:
    """Why no person says anything in a message."""
    if message.type not in SAID:
        return "by Discord"
    if message.author.is_bot:
        return "by bots"
    return None if message.content else "without text"
