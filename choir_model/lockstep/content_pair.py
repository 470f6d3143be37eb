"""Two content stores in lockstep: every command on both, what it touched compared after each.

Commands are values that say what happens and nothing about the stores, so that a failing
sequence can be written to a file and replayed.  Vectors are not part of them: they follow
from the text (C4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from choir_model.content.port import ReferenceContent
from choir_model.domain.identity import Address, RecordKey
from choir_model.domain.lifecycle import Privacy, Status, content_fault
from choir_model.lockstep.compare import Coverage, Disagreement
from choir_model.lockstep.content_cast import readable, sentence
from choir_model.ports.content import (
    ContentPort,
    Found,
    Listing,
    Message,
    Outcome,
    Quarantined,
    Refused,
    Results,
    Snapshot,
    Stored,
    StoredPoint,
    Viewer,
)
from choir_model.ports.embeddings import HashedWords, Vector


@lru_cache(maxsize=4096)
def vector_of(text: str, dimension: int) -> Vector:
    """The default embedding of `text`."""
    return HashedWords(dimension).embed(text)


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
class Search(_Command):
    """Search for what is near a text; `misfit`: with a vector of a wrong dimension."""

    viewer: Viewer
    text: str
    limit: int
    thread: Address | None = None
    misfit: bool = False

    def on(self, port: ContentPort) -> Outcome:
        """Execute this command."""
        query = vector_of(self.text, port.dimension + self.misfit)
        return port.search(self.viewer, query, self.limit, self.thread)


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
class Checkpoint(_Command):
    """Save both stores, or (`back`) restore both to what was saved last."""

    back: bool


@dataclass(frozen=True, slots=True)
class Observe(_Command):
    """Compare everything both stores hold."""


Operation: TypeAlias = (
    Upsert | SetStatus | SetPrivacy | PutThread | Delete
    | Get | ListThread | Search | Damage | LoseVector
)  # fmt: skip
Command: TypeAlias = Begin | Operation | Checkpoint | Observe


class ContentPair:
    """A reference and a real store, driven by the same commands."""

    def __init__(self, reference: ContentPort, real: ContentPort, coverage: Coverage) -> None:
        self.reference = reference
        self.real = real
        self.coverage = coverage
        self.commands: list[Command] = []
        self._saved: tuple[Snapshot, Snapshot] | None = None

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
        if isinstance(command, PutThread):
            thread = command.thread
            pair = (self.reference.observe_thread(thread), self.real.observe_thread(thread))
            _agree(command, "thread point", *pair)
        for key in _touched(command, answer):
            pair_of_points = (self.reference.observe_point(key), self.real.observe_point(key))
            _agree(command, "point", *pair_of_points)
        self._count(command, answer, before)
        return answer

    def finish(self) -> None:
        """Compare everything both stores hold."""
        if self.commands:
            self._observe("the last command")

    def _observe(self, command: object) -> None:
        _agree(command, "store", self.reference.observe(), self.real.observe())

    def _checkpoint(self, command: Checkpoint) -> None:
        if not command.back:
            self._saved = (self.reference.save(), self.real.save())
            _agree(command, "saved", *self._saved)
        elif self._saved is not None:
            reference, real = self._saved
            self.reference.restore(reference)
            self.real.restore(real)
            self._observe(command)

    def _count(self, command: Operation, answer: Outcome, before: StoredPoint | None) -> None:
        coverage, operation = self.coverage, type(command).__name__
        if isinstance(answer, Refused):
            coverage.refusals[answer.reason.name] += 1
            coverage.situations[f"{operation} refused {answer.reason.name}"] += 1
            return
        label = type(answer).__name__
        if isinstance(answer, Stored):
            label = "Stored already" if answer.already else "Stored"
        coverage.events[label] += 1
        coverage.situations[f"{operation} {label}"] += 1
        if isinstance(answer, Quarantined) and not answer.newly:
            coverage.situations["Get of a point in quarantine"] += 1
        if isinstance(answer, Listing | Results) and answer.quarantined:
            coverage.events["Quarantined"] += len(answer.quarantined)
            coverage.situations[f"{operation} quarantines"] += 1
        if isinstance(answer, Results) and isinstance(command, Search):
            self._count_ties(command, answer)
        if isinstance(command, Get) and before is not None:
            self._count_visibility(command, before, answer)

    def _count_ties(self, command: Search, results: Results) -> None:
        scores = [hit.score for hit in results.hits]
        if len(set(scores)) < len(scores):
            self.coverage.situations["equal scores"] += 1
        if len(scores) == command.limit and scores[-1] == self._left_out(command):
            self.coverage.situations["equal scores at the limit"] += 1

    def _left_out(self, command: Search) -> float | None:
        """The score of the first hit beyond the limit, after the search."""
        if not isinstance(self.reference, ReferenceContent):
            return None
        query = vector_of(command.text, self.reference.dimension)
        limit = command.limit + 1
        wider = self.reference.foresee(command.viewer, query, limit, command.thread)
        assert isinstance(wider, Results)
        return wider.hits[-1].score if len(wider.hits) > command.limit else None

    def _count_visibility(self, command: Get, before: StoredPoint, answer: Outcome) -> None:
        """Which cell of the table a read was judged by."""
        held = self.reference.observe_thread(command.key.thread)
        viewer, message = command.viewer, before.message
        roles = [
            name
            for name, belongs in (
                ("author", command.key.author == viewer.address),
                ("member", held is not None and viewer.address in held.co_authors),
                ("premium", viewer.premium),
            )
            if belongs
        ]
        shown = "shown" if isinstance(answer, Found | Quarantined) else "hidden"
        cell = f"{message.status.value} {message.privacy.value} {'+'.join(roles) or 'anyone'}"
        self.coverage.situations[f"get {cell}: {shown}"] += 1


def _agree(command: object, aspect: str, expected: object, found: object) -> None:
    if expected != found:
        raise Disagreement(command, aspect, readable(expected), readable(found))


def _touched(command: Operation, answer: Outcome) -> Iterable[RecordKey]:
    if isinstance(command, Upsert):
        return (command.message.key,)
    if isinstance(command, PutThread):
        return ()
    if isinstance(command, ListThread | Search):
        return answer.quarantined if isinstance(answer, Listing | Results) else ()
    return (command.key,)
