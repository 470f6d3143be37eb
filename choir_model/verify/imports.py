"""A chat as a conversation log: who said what when, told as Choir would have seen it.

Theory of operation
-------------------
A reader of an export format (`choir_model.verify.imports_formats`) yields entries in any
order; `imported` sorts them by time and tells them as commands.  A channel becomes a thread,
which its first speaker creates.  Whoever has a seat there says their message; whoever has
none submits it as a spec, on which the people seated decide at once.  What the ledger must
refuse is expected to be refused: the same text twice by the same author, a spec where
no seat is left.  So nothing anybody said is left out for the rules of Choir, and the log replays.

Everybody gets the tokens the options say, or as many as their stakes need if that is
more.  Every command is told to a `Story`, so the log has no defect a reader would find.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from choir_model.domain.lifecycle import MAX_CONTENT_BYTES, Privacy
from choir_model.domain.parameters import DEFAULTS
from choir_model.program.bindings import SUPPLY, Reason
from choir_model.verify import commands as do
from choir_model.verify.commands import Command, Header, Parameters
from choir_model.verify.log import Log
from choir_model.verify.story import MAX_NAME_CHARS, MAX_TITLE_CHARS, Story, printable

if TYPE_CHECKING:
    from choir_model.verify.run import Listener

_T = TypeVar("_T")
MICROSECONDS = 1_000_000
PROGRESS_EVERY = 500
"""Messages, or lines, between two tellings of progress."""
CUT = f"cut to {MAX_CONTENT_BYTES} bytes"


class ImportDefect(Exception):
    """An export that cannot be imported; ``str()`` is one line: where, what, and the remedy.

    `place` is the part of the file, such as ``message 4``; both it and `field` can be empty.
    """

    def __init__(self, path: str, place: str, field: str, problem: str, remedy: str) -> None:
        parts = [path, place, f"field {field}" if field else ""]
        where = ", ".join(printable(part) for part in parts if part)
        super().__init__(f"{where}: {problem}; {remedy}")


class Entry(NamedTuple):
    """Somebody said something.  `author` and `channel` tell apart, the names are shown."""

    time: int
    """Microseconds since 1970, so that fast answers keep their order."""
    author: str
    name: str
    channel: str
    channel_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Choices:
    """How a chat is told; amounts in base units."""

    title: str
    stake: int = DEFAULTS.min_stake
    tokens: int = 100 * do.BASE_UNITS
    decision: Literal["approve", "deny"] = "approve"
    seats: int = DEFAULTS.max_co_authors
    privacy: Privacy = Privacy.PUBLIC


class TooManyTokens(ValueError):
    """The people of a chat would hold more than the supply."""


@dataclass(slots=True)
class Imported:
    """A log, and what came of the messages: `expected` refusals by name, `changed` texts."""

    log: Log
    people: int
    threads: int
    messages: int
    expected: Counter[str]
    changed: Counter[str]


def imported(
    path: str,
    entries: Iterable[Entry],
    choices: Choices,
    listener: Listener | None = None,
) -> Imported:
    """The log of `path`.

    Raises `TooManyTokens`, and `ImportDefect` where there is nothing to tell.
    """
    ordered = sorted(entries, key=lambda entry: entry.time)  # stable: as exported within a moment
    if not ordered:
        remedy = "give an export with messages of people, or another --channel"
        raise ImportDefect(path, "", "", "holds no message to import", remedy)
    chat = _Chat(choices)
    for entry in _heard(listener, "telling", ordered):
        chat.tell(entry)
    users = [
        do.User(name=name, tokens=max(choices.tokens, chat.needed[author]))
        for author, name in chat.names.by_key.items()
    ]
    issued = sum(user.tokens for user in users)
    if issued > SUPPLY:
        raise TooManyTokens(
            f"{len(users)} people would hold {do.format_amount(issued)} CHOIR, more than the supply"
        )
    header = _header(choices, ordered[0].time // MICROSECONDS)
    log = Log(path, header, (*users, *chat.commands))
    _judge(log, listener)
    return Imported(log, len(users), len(chat.threads), len(ordered), chat.expected, chat.changed)


def _header(choices: Choices, start: int) -> Header:
    usual = DEFAULTS
    parameters = Parameters(
        min_stake=min(choices.stake, usual.min_stake), max_co_authors=choices.seats
    )
    title = sanitized(choices.title, MAX_TITLE_CHARS)
    return Header(version=1, title=title, start=start, parameters=parameters)


def _heard(listener: Listener | None, stage: str, items: Sequence[_T]) -> Iterator[_T]:
    """The items, while somebody listens to how many are done."""
    if listener is not None:
        listener.stage(stage, len(items))
    for number, item in enumerate(items):
        if listener is not None and number % PROGRESS_EVERY == 0:
            listener.done(number)
        yield item


def _judge(log: Log, listener: Listener | None) -> None:
    """Meet the judgement a reader of the log would pass on it."""
    story = Story()
    story.begin(log.header)
    for command in _heard(listener, "checking", log.commands):
        story.tell(command)


def sanitized(text: str, limit: int = MAX_NAME_CHARS) -> str:
    """The text as a name a log can hold: one line without control characters, and short."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") else c for c in text)
    return " ".join("".join(kept).split())[:limit].strip() or "nameless"


class Names:
    """Names for keys, in order of appearance: sanitized, and no two alike."""

    def __init__(self) -> None:
        self.by_key: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, key: str, wanted: str) -> str:
        """The name of `key`; one like `wanted` if it has none yet."""
        if key not in self.by_key:
            name, number = sanitized(wanted), 1
            while name in self._taken:
                number += 1
                end = f" {number}"
                name = sanitized(wanted, MAX_NAME_CHARS - len(end)) + end
            self._taken.add(name)
            self.by_key[key] = name
        return self.by_key[key]


@dataclass(slots=True)
class _Thread:
    """What decides whether the ledger refuses."""

    name: str
    seated: list[str]
    """Names of users, by seat."""
    recorded: set[tuple[str, str]] = field(default_factory=set)
    """Author and text of each record."""


class _Chat:
    """What has been told so far."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.names = Names()
        self.needed: Counter[str] = Counter()
        self.commands: list[Command] = []
        self.threads: dict[str, _Thread] = {}
        self.expected: Counter[str] = Counter()
        self.changed: Counter[str] = Counter()
        self._thread_names = Names()
        self._specs = 0
        self._paid: Counter[str] = Counter()
        self._now: int | None = None

    def tell(self, entry: Entry) -> None:
        """Take in the next entry."""
        self._wait(entry.time // MICROSECONDS)
        author = self.names.of(entry.author, entry.name)
        thread = self.threads.get(entry.channel)
        if thread is None:
            name = self._thread_names.of(entry.channel, entry.channel_name)
            thread = self.threads[entry.channel] = _Thread(name, [author])
            self.commands.append(do.Thread(name=name, by=author))
        text = self._fitting(entry.text)
        if author in thread.seated:
            self._message(thread, author, text)
        else:
            self._spec(thread, entry.author, author, text)

    def _wait(self, now: int) -> None:
        if self._now is not None and now > self._now:
            self.commands.append(do.Wait(seconds=now - self._now))
        self._now = now

    def _fitting(self, text: str) -> str:
        data = text.encode()
        if len(data) <= MAX_CONTENT_BYTES:
            return text
        self.changed[CUT] += 1
        return data[:MAX_CONTENT_BYTES].decode(errors="ignore")

    def _message(self, thread: _Thread, author: str, text: str) -> None:
        again = Reason.DuplicateContent if (author, text) in thread.recorded else None
        self._expect(again)
        thread.recorded.add((author, text))
        privacy = self.choices.privacy
        self.commands.append(
            do.Message(thread=thread.name, by=author, text=text, privacy=privacy, expect=again)
        )

    def _spec(self, thread: _Thread, key: str, author: str, text: str) -> None:
        """Submit for approval; the guards of the program in their order (L3)."""
        refusal = None
        if (author, text) in thread.recorded:
            refusal = Reason.DuplicateContent
        elif len(thread.seated) >= self.choices.seats:
            refusal = Reason.ThreadFull
        self._expect(refusal)
        # Whoever cannot pay is refused before whoever finds no seat.
        self.needed[key] = max(self.needed[key], self._paid[key] + self.choices.stake)
        self._specs += 1
        name = f"s{self._specs}"
        spec = do.Spec(
            id=name,
            thread=thread.name,
            by=author,
            text=text,
            stake=self.choices.stake,
            privacy=self.choices.privacy,
            expect=refusal,
        )
        self.commands.append(spec)
        if refusal is None:
            self._paid[key] += self.choices.stake
            thread.recorded.add((author, text))
            self._decide(thread, author, name)

    def _decide(self, thread: _Thread, author: str, spec: str) -> None:
        """Everybody seated votes; where that is to deny, nobody but the creator ever is."""
        decision = self.choices.decision
        for voter in thread.seated:
            self.commands.append(do.Vote(spec=spec, by=voter, decision=decision))
        if decision == "approve":
            thread.seated.append(author)

    def _expect(self, refusal: Reason | None) -> None:
        if refusal is not None:
            self.expected[refusal.name] += 1
