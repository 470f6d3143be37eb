"""Mutants of the on-chain program: one wrong text each, and what must notice it.

A mutant is data: the file of ``programs/choir/src``, a text that occurs there exactly once, and
what stands there instead.  `MUTANTS` must all be caught, each by what its row names; `SURVIVORS`
are known not to be, each for the reason beside it.  `test_program_mutants` builds them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

SOURCES = Path(__file__).parents[1] / "programs" / "choir" / "src"

LOCKSTEP = "lockstep"
"""Deck and machine on the reference and on the mutant (`choir_model.lockstep.ledger`)."""
ADVERSARY = "the adversary"
"""Hostile transactions in worlds of many designs (`choir_model.lockstep.adversary`)."""
UNIT = "unit tests"
"""``cargo test`` of the mutant: what no transaction can reach."""

PUSH = "payout=push"
AT_CLOSE = "rejection=at_close"
LIVE = "electorate=live"
LATE = "capacity=check_at_publish"
SHARED = f"{AT_CLOSE} {PUSH}"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A wrong program: `new` stands where `old` stood in `file`.

    `design` are the choices under which it shows, as people write them; `by` is what catches it:
    `LOCKSTEP`, `ADVERSARY`, `UNIT`, or the name of a test, as in ``test_module.test_name``.
    """

    name: str
    clause: str
    file: str
    old: str
    new: str
    design: str = ""
    by: str = LOCKSTEP

    def __str__(self) -> str:
        return f"{self.clause}: {self.name}"

    def applied(self) -> str:
        """The file's text with the mistake in it; `LookupError` unless it has one place."""
        text = (SOURCES / self.file).read_text("utf-8")
        if text.count(self.old) != 1:
            raise LookupError(f"{self.old!r} occurs {text.count(self.old)} times in {self.file}")
        return text.replace(self.old, self.new)


Row: TypeAlias = tuple[str, ...]
"""A mutant's fields, but for the file."""


def mutants_of(file: str, *rows: Row) -> Iterator[Mutant]:
    """The mutants of one file."""
    for name, clause, *rest in rows:
        yield Mutant(name, clause, file, *rest)


def all_mutants() -> tuple[Mutant, ...]:
    """Every mutant that must be caught, by what it is about."""
    import program_mutants_accounts
    import program_mutants_effects
    import program_mutants_guards
    import program_mutants_money

    lists = (
        program_mutants_accounts,
        program_mutants_guards,
        program_mutants_money,
        program_mutants_effects,
    )
    return tuple(itertools.chain.from_iterable(module.ROWS for module in lists))


SURVIVORS: dict[Mutant, str] = {
    Mutant(
        "the last unreachable payee is not loaded",
        "M5",
        "entrypoint.rs",
        "generated::MOST_ACCOUNTS + generated::SEATS as usize",
        "generated::MOST_ACCOUNTS + generated::SEATS as usize - 2",
        SHARED,
    ): "equivalent: a settlement names 7 accounts and pays 32 at most; a vote names 9 and pays one",
    Mutant(
        "a longer account is a thread, too",
        "L3",
        "state.rs",
        "if view.data_len() != K::SIZE {",
        "if view.data_len() < K::SIZE {",
    ): "defence in depth: only this program writes its discriminators, always into accounts that "
    "it created with the exact size, and nothing is ever reallocated",
    Mutant(
        "empty seats are looked at",
        "M7",
        "seats.rs",
        "(0..taken).find",
        "(0..taken.max(32)).find",
    ): "defence in depth: an empty seat holds the address of the system program, which cannot sign "
    "and so is never a voter, author or beneficiary",
    Mutant(
        "unanimity counts votes of nobody",
        "M4",
        "electorate.rs",
        "approvals & electorate == electorate",
        "approvals == electorate",
    ): "equivalent: nobody outside the electorate has ever approved, and a live electorate only "
    "grows: a member votes with a bit of it, and the author never votes",
    Mutant(
        "zero is transferred",
        "L4",
        "tokens.rs",
        "if amount == 0 {",
        "if amount == u64::MAX {",
    ): "equivalent but for compute units: SPL Token moves nothing; nobody can freeze a vault",
    Mutant(
        "the treasury is paid first",
        "M5",
        "payees.rs",
        """tokens::pay(thread, self.stake_vault, self.escrow_vault, parts.to_escrow)?;
""",
        """tokens::pay(thread, self.stake_vault, self.treasury, parts.to_treasury)?;
        let parts = &Settlement { to_treasury: 0, ..*parts };
        tokens::pay(thread, self.stake_vault, self.escrow_vault, parts.to_escrow)?;
""",
        SHARED,
    ): "not seen through the port: the order shows in inner instructions only; all transfers of a "
    "settlement succeed or none does, whatever their order",
    Mutant(
        "a seat without a bit votes as the creator",
        "M3",
        "instructions/vote.rs",
        "votes::bit(seat).ok_or(Error::NotInElectorate)?",
        "votes::bit(seat).unwrap_or(1)",
    ): "defence in depth: a thread has SEATS seats at most, each of which has a bit",
    Mutant(
        "a refund leaves nothing to subtract from",
        "L4",
        "instructions/claim.rs",
        "subtract(thread.get(thread::ESCROW_TOTAL), amount)?",
        "thread.get(thread::ESCROW_TOTAL).wrapping_sub(amount)",
    ): "defence in depth: what can be claimed was added to the total by the same rule, and is "
    "claimed once (S10)",
}
"""Mutants that nothing catches, and why; tried with what their row names."""
