"""Two content stores in lockstep: every command on both, what it touched compared after each.

Commands are values that say what happens and nothing about the stores, so that a failing
sequence can be written to a file and replayed.  Vectors are not part of them: they follow
from the text (C4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from choir_model.content.snapshot_file import decode, encode
from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Privacy, Status, content_fault
from choir_model.lockstep.compare import Coverage, Disagreement
from choir_model.lockstep.content_cast import readable, sentence, vector_of
from choir_model.lockstep.content_counting import Counter
from choir_model.ports.content import (
    ContentPort,
    Index,
    Listing,
    Message,
    Outcome,
    Page,
    Rank,
    Results,
    Viewer,
    Where,
)


class _Command:
    __slots__ = ()

    def __str__(self) -> str:
        return sentence(self)


@dataclass(frozen=True, slots=True)
class Begin(_Command):
    """Both stores empty: the first command of a sequence."""


@dataclass(frozen=True, slots=True)
class Upsert(_Command):
    """Store a message with the vector of its content; `misfit`: of a wrong dimension."""

    message: Message
    misfit: bool = False

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        # What cannot be content has no vector of its own; the store never looks at this one.
        text = "" if content_fault(self.message.content) else self.message.content
        return port.upsert(self.message, vector_of(text, port.dimension + self.misfit))


@dataclass(frozen=True, slots=True)
class SetStatus(_Command):
    """Follow the ledger."""

    key: RecordKey
    status: Status

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.set_status(self.key, self.status)


@dataclass(frozen=True, slots=True)
class SetPrivacy(_Command):
    """The author changes whom a record is for."""

    key: RecordKey
    privacy: Privacy

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.set_privacy(self.key, self.privacy)


@dataclass(frozen=True, slots=True)
class PutThread(_Command):
    """Co-authors as of a sequence."""

    thread: Address
    co_authors: tuple[Address, ...]
    sequence: int

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.put_thread(self.thread, self.co_authors, self.sequence)


@dataclass(frozen=True, slots=True)
class CorrectStatus(_Command):
    """The ledger wins over a record's status."""

    key: RecordKey
    status: Status

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.correct_status(self.key, self.status)


@dataclass(frozen=True, slots=True)
class CorrectThread(_Command):
    """The ledger wins over a thread's co-authors and sequence."""

    thread: Address
    co_authors: tuple[Address, ...]
    sequence: int

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.correct_thread(self.thread, self.co_authors, self.sequence)


@dataclass(frozen=True, slots=True)
class RebuildIndices(_Command):
    """Make the indices that are not there."""

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.rebuild_indices()


@dataclass(frozen=True, slots=True)
class Delete(_Command):
    """Remove a record's point."""

    key: RecordKey

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.delete(self.key)


@dataclass(frozen=True, slots=True)
class Get(_Command):
    """Read one record."""

    viewer: Viewer
    key: RecordKey

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.get(self.viewer, self.key)


@dataclass(frozen=True, slots=True)
class ListThread(_Command):
    """Read a thread."""

    viewer: Viewer
    thread: Address

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.list_thread(self.viewer, self.thread)


@dataclass(frozen=True, slots=True)
class List(_Command):
    """Read a page of what was said somewhere, by somebody, at some time."""

    viewer: Viewer
    where: Where
    page: Page

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.list(self.viewer, self.where, self.page)


@dataclass(frozen=True, slots=True)
class Search(_Command):
    """Search for what is near a text; `misfit`: with a vector of a wrong dimension."""

    viewer: Viewer
    text: str
    limit: int
    thread: Address | None = None
    misfit: bool = False
    after: Rank | None = None

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        query = vector_of(self.text, port.dimension + self.misfit)
        return port.search(self.viewer, query, self.limit, self.thread, self.after)


@dataclass(frozen=True, slots=True)
class Damage(_Command):
    """FAULT: stored content is overwritten."""

    key: RecordKey
    content: str

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.damage(self.key, self.content)


@dataclass(frozen=True, slots=True)
class LoseVector(_Command):
    """FAULT: a point's vector is gone."""

    key: RecordKey

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.lose_vector(self.key)


@dataclass(frozen=True, slots=True)
class DamageStatus(_Command):
    """FAULT: a record's status is overwritten."""

    key: RecordKey
    status: Status

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.damage_status(self.key, self.status)


@dataclass(frozen=True, slots=True)
class DamagePrivacy(_Command):
    """FAULT: a record's privacy is overwritten."""

    key: RecordKey
    privacy: Privacy

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.damage_privacy(self.key, self.privacy)


@dataclass(frozen=True, slots=True)
class DamageThread(_Command):
    """FAULT: a thread's co-authors and sequence are overwritten."""

    thread: Address
    co_authors: tuple[Address, ...]
    sequence: int

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.damage_thread(self.thread, self.co_authors, self.sequence)


@dataclass(frozen=True, slots=True)
class PutThreadPartly(_Command):
    """FAULT: a change of co-authors is cut off after `done` messages."""

    thread: Address
    co_authors: tuple[Address, ...]
    sequence: int
    done: int

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.put_thread_partly(self.thread, self.co_authors, self.sequence, self.done)


@dataclass(frozen=True, slots=True)
class LoseIndex(_Command):
    """FAULT: a payload index is gone."""

    index: Index

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        return port.lose_index(self.index)


@dataclass(frozen=True, slots=True)
class Checkpoint(_Command):
    """Save both stores, or (`back`) restore both to what was saved last, however old."""

    back: bool


@dataclass(frozen=True, slots=True)
class Observe(_Command):
    """Compare everything both stores hold."""


Operation: TypeAlias = (
    Upsert | SetStatus | SetPrivacy | PutThread | CorrectStatus | CorrectThread | Delete
    | Get | ListThread | List | Search | RebuildIndices
    | Damage | LoseVector | DamageStatus | DamagePrivacy | DamageThread | PutThreadPartly
    | LoseIndex
)  # fmt: skip
Command: TypeAlias = Begin | Operation | Checkpoint | Observe


class ContentPair:
    """A reference and a real store, driven by the same commands."""

    def __init__(self, reference: ContentPort, real: ContentPort, coverage: Coverage) -> None:
        self.reference = reference
        self.real = real
        self.coverage = coverage
        self.commands: list[Command] = []
        self._counter = Counter(reference, coverage)
        self._saved: bytes | None = None

    def apply(self, command: Command) -> Outcome | None:
        """Run one command on both; compare answers and every point it was about.

        Raises `Disagreement` at the first difference.
        """
        if isinstance(command, Begin):
            self.commands = [command]
            self._saved = None
            self.coverage.examples += 1
            for port in (self.reference, self.real):
                port.reset()
            return None
        self.commands.append(command)
        self.coverage.steps += 1
        self.coverage.commands[type(command).__name__] += 1
        if isinstance(command, Observe):
            self._observe(command)
            return None
        if isinstance(command, Checkpoint):
            self._checkpoint(command)
            return None
        before = self.reference.observe_point(command.key) if isinstance(command, Get) else None
        expected, answer = command.on(self.reference), command.on(self.real)
        _agree(command, "answer", expected, answer)
        if isinstance(command, PutThread | CorrectThread | DamageThread | PutThreadPartly):
            thread = command.thread
            pair = (self.reference.observe_thread(thread), self.real.observe_thread(thread))
            _agree(command, "thread point", *pair)
        if isinstance(command, LoseIndex | RebuildIndices):
            _agree(command, "indices", self.reference.indices(), self.real.indices())
        for key in _touched(command, answer):
            pair_of_points = (self.reference.observe_point(key), self.real.observe_point(key))
            _agree(command, "point", *pair_of_points)
        self._counter.count(command, answer, before)
        return answer

    def finish(self) -> None:
        """Compare everything both stores hold."""
        if self.commands:
            self._observe("the last command")

    def _observe(self, command: object) -> None:
        _agree(command, "store", self.reference.observe(), self.real.observe())

    def _checkpoint(self, command: Checkpoint) -> None:
        if not command.back:
            saved = (self.reference.save(), self.real.save())
            _agree(command, "saved", *saved)
            self._saved = encode(saved[1])
        elif self._saved is not None:
            snapshot = decode(self._saved)
            self.reference.restore(snapshot)
            self.real.restore(snapshot)
            self._observe(command)


def _agree(command: object, aspect: str, expected: object, found: object) -> None:
    if expected != found:
        raise Disagreement(command, aspect, readable(expected), readable(found))


def _touched(command: Operation, answer: Outcome) -> Iterable[RecordKey]:
    if isinstance(command, Upsert):
        return (command.message.key,)
    if isinstance(command, ListThread | List | Search):
        return answer.quarantined if isinstance(answer, Listing | Results) else ()
    key = getattr(command, "key", None)
    return () if key is None else (key,)
