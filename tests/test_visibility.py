"""S8: the visibility table of section 3, cell by cell, and the shapes derived from it."""

from __future__ import annotations

from itertools import product

import pytest

from choir_model.domain.lifecycle import Privacy, Status
from choir_model.domain.visibility import TABLE, Audience, Operation, grants, may

SPECIFIED = """
status              | author     | electorate / co-author | Premium viewer | anyone
Submitted           | get        | –                      | –              | –
Pending             | get, event | get, list, event       | –              | –
Published Public    | all        | all                    | all            | all
Published Premium   | all        | all                    | all            | event without content
Published ThreadOnly| all        | all                    | –              | –
Rejected            | get, list  | get, list              | –              | –
Expired             | get, list  | get, list              | –              | –
"""
"""Section 3 as it stands in the specification; `Rejected, Expired` is one row there."""

NAMES = {"Public": Privacy.PUBLIC, "Premium": Privacy.PREMIUM, "ThreadOnly": Privacy.THREAD_ONLY}


def operations(cell: str) -> set[Operation]:
    if cell == "all":
        return set(Operation)
    words = [word.strip() for word in cell.split(",")] if cell != "–" else []
    found = {Operation(word) for word in words}
    # An event with content is an event without content, and more.
    return found | ({Operation.NOTICE} if Operation.EVENT in found else set())


def specified() -> dict[tuple[Status, Privacy, Audience], set[Operation]]:
    header, *rows = [
        [cell.strip() for cell in line.split("|")] for line in SPECIFIED.strip().splitlines()
    ]
    assert header[1:] == [audience.value for audience in Audience]
    table = {}
    for name, *cells in rows:
        status, _, privacy = name.partition(" ")
        for each in [NAMES[privacy]] if privacy else Privacy:
            for audience, cell in zip(Audience, cells, strict=True):
                table[Status(status.lower()), each, audience] = operations(cell)
    return table


CELLS = specified()
ROLES = list(product((False, True), repeat=3))


def test_the_specification_has_every_row_but_drafts() -> None:
    rows = {(status, privacy) for status, privacy, _ in CELLS}
    assert rows == {row for row in TABLE if row[0] is not Status.DRAFT}
    assert set(TABLE) == set(product(Status, Privacy))


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize(("author", "member", "premium"), ROLES)
def test_a_viewer_may_what_any_of_its_audiences_may(
    operation: Operation, author: bool, member: bool, premium: bool
) -> None:
    audiences = {Audience.ANYONE}
    audiences |= {Audience.AUTHOR} if author else set()
    audiences |= {Audience.MEMBER} if member else set()
    audiences |= {Audience.PREMIUM} if premium else set()
    for status, privacy in product(Status, Privacy):
        allowed = any(
            operation in CELLS.get((status, privacy, audience), set()) for audience in audiences
        )
        answer = may(operation, status, privacy, author=author, member=member, premium=premium)
        assert answer == allowed, (status, privacy)


def test_drafts_are_shown_to_nobody() -> None:
    for operation, privacy in product(Operation, Privacy):
        assert not may(operation, Status.DRAFT, privacy, author=True, member=True, premium=True)


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("audience", Audience)
def test_grants_cover_exactly_the_cells_of_an_audience(
    operation: Operation, audience: Audience
) -> None:
    granted = [
        cell
        for grant in grants(operation, audience)
        for cell in product(grant.statuses, grant.privacies)
    ]
    assert len(granted) == len(set(granted))
    expected = {
        (status, privacy)
        for (status, privacy, whom), allowed in CELLS.items()
        if whom is audience and operation in allowed
    }
    assert set(granted) == expected


def test_only_published_messages_are_searched() -> None:
    for audience in Audience:
        for grant in grants(Operation.SEARCH, audience):
            assert grant.statuses == (Status.PUBLISHED,)


def test_more_roles_never_show_less() -> None:
    for operation, status, privacy in product(Operation, Status, Privacy):
        for roles in ROLES:
            for more in ROLES:
                if all(b or not a for a, b in zip(roles, more, strict=True)):
                    less, full = (
                        may(operation, status, privacy, author=a, member=m, premium=p)
                        for a, m, p in (roles, more)
                    )
                    assert full or not less
