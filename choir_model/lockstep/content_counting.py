"""What a run over two content stores has reached: answers, refusals, and situations."""

from __future__ import annotations

from typing import Any

from choir_model.content.port import ReferenceContent
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.content_cast import vector_of
from choir_model.ports.content import (
    ContentPort,
    Found,
    Listing,
    Outcome,
    Quarantined,
    Rebuilt,
    Refused,
    Results,
    Stored,
    StoredPoint,
)


class Counter:
    """Counts answers by operation, and what makes some of them worth having."""

    def __init__(self, reference: ContentPort, coverage: Coverage) -> None:
        self.reference = reference
        self.coverage = coverage

    def count(self, command: Any, answer: Outcome, before: StoredPoint | None) -> None:
        """Count an answer to a command; `before`: the point that a Get was about."""
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
        if isinstance(answer, Listing | Results) and answer.next is not None:
            coverage.situations[f"{operation} leaves something for a next page"] += 1
        if isinstance(answer, Rebuilt) and answer.indices:
            coverage.situations["lost indices rebuilt"] += 1
        if operation == "List" and isinstance(answer, Listing) and command.page.after is not None:
            coverage.situations["a later page of a list"] += bool(answer.messages)
        if isinstance(answer, Results) and operation == "Search":
            self._count_ties(command, answer)
        if operation == "Get" and before is not None:
            self._count_visibility(command, before, answer)

    def _count_ties(self, command: Any, results: Results) -> None:
        scores = [hit.score for hit in results.hits]
        if len(set(scores)) < len(scores):
            self.coverage.situations["equal scores"] += 1
        if len(scores) == command.limit and scores[-1] == self._left_out(command, results):
            self.coverage.situations["equal scores at the limit"] += 1

    def _left_out(self, command: Any, results: Results) -> float | None:
        """The score of the first hit beyond the limit, after the search."""
        if results.next is None or not isinstance(self.reference, ReferenceContent):
            return None
        query = vector_of(command.text, self.reference.dimension)
        beyond = self.reference.foresee(command.viewer, query, 1, command.thread, results.next)
        assert isinstance(beyond, Results)
        return beyond.hits[0].score if beyond.hits else None

    def _count_visibility(self, command: Any, before: StoredPoint, answer: Outcome) -> None:
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
