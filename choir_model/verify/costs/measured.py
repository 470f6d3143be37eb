"""What the forms cost: compute units, bytes, lamports, and the payees one transaction can pay."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import comb

from choir_model.adapters.litesvm import LEGACY, PACKET_BYTES, Form
from choir_model.domain.identity import RecordKey, content_hash
from choir_model.ports.ledger import Confirmed
from choir_model.program import bindings, calls
from choir_model.program.bindings import SEATS
from choir_model.verify.costs import forms
from choir_model.verify.costs.forms import InstructionForm, settlement
from choir_model.verify.costs.scene import STAKE, Scene, Trial, thread_steps

COUNTS = (1, 8, 32)
"""Co-authors of the tables."""
BOUND = 60_000
"""Compute units that every instruction is to stay under at 32 co-authors."""
GRANTED, MOST = 200_000, 1_400_000
"""Compute units an instruction gets unasked, and those a transaction can ask for."""
STEP = 1_500
"""Compute units of one step of the search for a program-derived address."""
SAMPLE = 64
"""Addresses over which the search is observed."""


def units(scene: Scene, trial: Trial) -> int:
    """Compute units of one trial."""
    spent = scene.run(trial, scene.form(trial)).compute_units
    assert spent is not None
    return spent


def largest(scene: Scene, form: InstructionForm, seated: int) -> int | None:
    """The most compute units among a form's trials; None where the form cannot happen."""
    return max((units(scene, trial) for trial in form.trials(scene, seated)), default=None)


def by_form(scene: Scene, counts: tuple[int, ...] = COUNTS) -> dict[str, dict[int, int | None]]:
    """`largest` of every form at each number of co-authors."""
    return {
        form.name: {seated: largest(scene, form, seated) for seated in counts}
        for form in forms.FORMS
    }


def token_transfer(scene: Scene) -> int:
    """Compute units of SPL Token's own ``Transfer``, with no program of ours around it."""
    owner = scene.authority
    call = calls.token_transfer(owner, scene.reserve, scene.token(owner), STAKE)
    return units(scene, Trial(call, owner, ()))


def publication_level(scene: Scene) -> tuple[int, int]:
    """Compute units of the first direct message of a thread, and what each folded peak adds."""
    author = scene.co_authors[0]
    call = calls.submit_message(author, scene.thread_id, scene.content(author), scene.design)
    events = ("MessageCreated", "MessagePublished")

    def at(published: int) -> int:
        thread = scene.thread(1, published_count=published)
        return units(scene, Trial(call, author, events, thread))

    # Of 0, 1 and 3 leaves, one more folds no, one and two peaks.
    return at(0), at(3) - at(1)


# Searching for addresses


@dataclass(frozen=True, slots=True)
class Search:
    """An instruction that searches `searches` addresses, observed at `SAMPLE` of them.

    `straight` are its compute units where every search ends at once; each step further adds
    `STEP`.  `least`, `median` and `most` were measured.
    """

    instruction: str
    searches: int
    straight: int
    least: int
    median: int
    most: int

    @property
    def spare_steps(self) -> int:
        """Steps further that still stay within `BOUND`."""
        return (BOUND - self.straight) // STEP

    @property
    def chance(self) -> float:
        """Share of all addresses that need more steps: half of all points are on the curve."""
        within: float = sum(
            comb(steps + self.searches - 1, steps) / 2.0 ** (steps + self.searches)
            for steps in range(self.spare_steps + 1)
        )
        return 1 - within


def searches(scene: Scene) -> Iterator[Search]:
    """The instructions that search addresses by arguments, at 32 co-authors."""
    yield _searched(scene, "create_thread", 4, _thread)
    yield _searched(scene, "submit_message", 1, _message)
    yield _searched(scene, "submit_spec", 1, _spec)


def _searched(
    scene: Scene, name: str, count: int, trial: Callable[[Scene, int], tuple[Trial, int]]
) -> Search:
    drawn = [trial(scene, number) for number in range(SAMPLE)]
    seen = [(units(scene, made), steps) for made, steps in drawn]
    straight = {spent - STEP * steps for spent, steps in seen}
    if len(straight) != 1:
        raise ValueError(f"{name}: a step of the search does not cost {STEP}: {sorted(straight)}")
    spent = sorted(spent for spent, _ in seen)
    median = statistics.median_low(spent)
    return Search(name, count, straight.pop(), spent[0], median, spent[-1])


def _thread(scene: Scene, number: int) -> tuple[Trial, int]:
    creator = scene.co_authors[1]
    return scene.create_thread(creator, number), thread_steps(creator, number)


def _message(scene: Scene, number: int) -> tuple[Trial, int]:
    author, hash = scene.co_authors[-1], content_hash(f"sample {number}")
    call = calls.submit_message(author, scene.thread_id, hash, scene.design)
    events = ("MessageCreated", "MessagePublished")
    steps = scene.record_steps(RecordKey(scene.thread_id, author, hash))
    return Trial(call, author, events, scene.thread(SEATS)), steps


def _spec(scene: Scene, number: int) -> tuple[Trial, int]:
    author, hash = scene.outsider, content_hash(f"sample {number}")
    call = calls.submit_spec(
        author, scene.token(author), scene.thread_id, hash, STAKE, scene.design
    )
    steps = scene.record_steps(RecordKey(scene.thread_id, author, hash))
    return Trial(call, author, ("SpecSubmitted",), scene.thread(SEATS - 1)), steps


# Lamports and bytes


@dataclass(frozen=True, slots=True)
class Expense:
    """What the sender of an instruction pays as its only signer, in lamports.

    `created` are the roles of the accounts it creates.
    """

    instruction: str
    transaction_bytes: int
    fee: int
    rent: int
    created: tuple[str, ...]


def expenses(scene: Scene, seated: int = 2) -> Iterator[Expense]:
    """Of each instruction, in its first form: the payer's balance before and after."""
    for name, roles in bindings.INSTRUCTIONS.items():
        own = (form for form in forms.FORMS if form.instruction == name)
        trial = next((trial for form in own for trial in form.trials(scene, seated)), None)
        if trial is None:
            continue
        scene.put(trial)
        vacant = [scene.ledger.account(meta.address) is None for meta in trial.call.accounts]
        before = scene.lamports(trial.payer)
        length = scene.ledger.transaction_bytes(trial.call, trial.payer)
        fee = scene.run(trial).fee
        assert fee is not None
        rent = before - scene.lamports(trial.payer) - fee
        accounts = zip(roles.accounts, trial.call.accounts, vacant, strict=False)
        created = tuple(
            role.name
            for role, meta, was_vacant in accounts
            if was_vacant and scene.ledger.account(meta.address) is not None
        )
        yield Expense(name, length, fee, rent, created)


# Push payout


@dataclass(frozen=True, slots=True)
class Reach:
    """How many payees a `settle` of one form of transaction can pay.

    `payees` is the largest number whose transaction is no longer than a packet and is
    confirmed; `length` its bytes, `units` its compute units, `beyond` the bytes of one with
    one payee more, 0 where a spec has no more deniers.
    """

    form: str
    payees: int
    length: int
    units: int
    beyond: int


def reaches(scene: Scene) -> Iterator[Reach]:
    """The largest settlement in each form of transaction, for a design that pushes shares."""
    yield _reach(scene, "legacy", LEGACY)
    yield _reach(scene, "legacy, compute unit limit set", Form(unit_limit=GRANTED))
    yield _reach(scene, "version 0, lookup table", Form(scene.table))
    both = Form(scene.table, GRANTED)
    yield _reach(scene, "version 0, lookup table, compute unit limit set", both)


def _reach(scene: Scene, name: str, form: Form) -> Reach:
    reached: Reach | None = None
    for payees in range(1, SEATS + 1):
        trial = settlement(scene, SEATS, payees)
        length = scene.ledger.transaction_bytes(trial.call, trial.payer, form)
        outcome = scene.attempt(trial, form)
        if length > PACKET_BYTES or not isinstance(outcome, Confirmed):
            assert reached is not None, f"{name}: no payee at all can be paid"
            return Reach(name, reached.payees, reached.length, reached.units, length)
        reached = Reach(name, payees, length, outcome.compute_units or 0, 0)
    assert reached is not None
    return reached


def push_units(scene: Scene) -> dict[int, int]:
    """Compute units of `settle` by the number of payees, in any form of transaction."""
    trials = {payees: settlement(scene, SEATS, payees) for payees in range(1, SEATS + 1)}
    return {payees: units(scene, trial) for payees, trial in trials.items()}


def payees_within(limit: int, spent: dict[int, int]) -> int:
    """The largest number of payees that takes at most `limit` compute units."""
    return max((payees for payees, used in spent.items() if used <= limit), default=0)
