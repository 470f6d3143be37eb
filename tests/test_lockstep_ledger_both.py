"""Three ledgers in one run: the reference, LiteSVM and bankrun, each compared with the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bankrun_world import environment
from planted_defects import LEDGER_DEFECTS, planted

from choir_model.adapters.bankrun import BankrunLedger
from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.both import BothLedgers
from choir_model.lockstep.cast import SETTINGS, Cast
from choir_model.lockstep.compare import Coverage, Disagreement
from choir_model.lockstep.ledger import ledger_pair, run_ledger_lockstep
from choir_model.lockstep.ledger_pair import Advance, Begin, Command, Execute, LedgerPair, Resend
from choir_model.lockstep.reachable import surprises, unmet
from choir_model.lockstep.running import Failure, replay
from choir_model.ports.ledger import (
    AccountImage,
    Confirmed,
    EngineUnavailable,
    Foreign,
    LedgerClock,
    Rejected,
    UnregisteredRefusal,
)
from choir_model.program import addresses, calls
from choir_model.program.bindings import Design
from choir_model.program.designs import DEFAULT, NAMED, design_of

COMBINED = design_of(["rejection=at_close", "payout=push"])


def both_engines() -> BothLedgers:
    return BothLedgers(LiteSvmLedger(), BankrunLedger(python=environment()))


def three_agree(design: Design, steps: int) -> None:
    """A run of all three, which meets all that can occur and nothing else."""
    coverage = run_ledger_lockstep(both_engines, seed=1, steps=steps, design=design)
    assert coverage.steps >= steps
    assert unmet(coverage, design) == []
    assert surprises(coverage, design) == {}


@pytest.mark.parametrize("design", [DEFAULT, COMBINED], ids=["default", "at_close and push"])
def test_reference_litesvm_and_bankrun_agree_on_all_that_can_occur(design: Design) -> None:
    """L1 to L8 on two runtimes of different age: every refusal and event, by instruction."""
    three_agree(design, 600)


@pytest.mark.nightly
@pytest.mark.parametrize("design", NAMED.values(), ids=list(NAMED))
def test_they_agree_under_every_named_design(design: Design) -> None:
    three_agree(design, 2000)


def test_bankrun_alone_meets_all_that_can_occur() -> None:
    """It is a ledger like any other, also without a second one beside it."""
    coverage = run_ledger_lockstep(
        lambda: BankrunLedger(python=environment()), seed=2, steps=0, design=DEFAULT
    )
    assert unmet(coverage, DEFAULT) == []


# What the port over two ledgers notices; both are references here, one of them odd.


def two(odd: Callable[[ReferenceLedger], None] | None = None) -> tuple[LedgerPair, list[Command]]:
    """A pair of the reference and two more, and a thread's first moments."""
    second = ReferenceLedger()
    second.name = "odd"
    if odd is not None:
        odd(second)
    pair = ledger_pair(lambda: BothLedgers(ReferenceLedger(), second), Coverage())
    assert isinstance(pair.cast, Cast)
    creator = pair.cast.wallets[0]
    create = calls.create_thread(creator, pair.cast.mint, 0)
    late = Execute(create, creator, stale=True)
    return pair, [
        Begin(SETTINGS[0]),
        Execute(create, creator),
        Resend(),
        Execute(create, creator),
        late,
        Advance(1, 1),
    ]


def noticed(odd: Callable[[ReferenceLedger], None]) -> Disagreement:
    pair, commands = two(odd)
    error = replay(pair, commands)
    assert isinstance(error, Disagreement), error
    return error


def test_two_that_are_alike_agree() -> None:
    pair, commands = two()
    assert replay(pair, commands) is None
    assert pair.coverage.refused["resend", "ALREADY_PROCESSED"] == 1
    assert pair.coverage.refused["create_thread", "BLOCKHASH_NOT_FOUND"] == 1


def test_another_outcome_of_one_of_them_is_told_with_both_names() -> None:
    def odd(ledger: ReferenceLedger) -> None:
        ledger.resend = lambda: Confirmed(())  # type: ignore[method-assign]

    error = noticed(odd)
    assert error.aspect == "outcome, reference (-) against odd (+),"
    assert error.command == "resend"
    assert (error.reference[0], error.real[0]) == ("Rejected", "Confirmed")  # type: ignore[index]


def test_a_stale_transaction_that_one_of_them_takes_is_noticed() -> None:
    def odd(ledger: ReferenceLedger) -> None:
        ledger.execute_stale = lambda call, payer: Confirmed(())  # type: ignore[method-assign]

    assert noticed(odd).command == "stale create_thread"


def test_a_refusal_nobody_has_registered_is_a_disagreement() -> None:
    def odd(ledger: ReferenceLedger) -> None:
        def resend() -> Rejected:
            raise UnregisteredRefusal("Custom(99)")

        ledger.resend = resend  # type: ignore[method-assign]

    assert noticed(odd).real == "Custom(99)"


def test_fees_and_units_are_not_compared() -> None:
    def odd(ledger: ReferenceLedger) -> None:
        known = Rejected(Foreign.ALREADY_PROCESSED, "", 5000, 7)
        ledger.resend = lambda: known  # type: ignore[method-assign]

    pair, commands = two(odd)
    assert replay(pair, commands) is None


def test_an_account_that_differs_is_noticed_though_lamports_may() -> None:
    def odd(ledger: ReferenceLedger) -> None:
        account = ledger.account

        def other(address: bytes) -> AccountImage | None:
            image = account(address)
            if image is None or address != addresses.config():
                return image
            return AccountImage(image.owner, image.data[:-1] + b"\7", 12)

        ledger.account = other  # type: ignore[method-assign]

    error = noticed(odd)
    assert error.aspect.startswith(f"account {addresses.base58(addresses.config())}")

    def rich(ledger: ReferenceLedger) -> None:
        account = ledger.account

        def other(address: bytes) -> AccountImage | None:
            image = account(address)
            return image and AccountImage(image.owner, image.data, 12)

        ledger.account = other  # type: ignore[method-assign]

    pair, commands = two(rich)
    assert replay(pair, commands) is None


def test_a_clock_that_goes_wrong_is_noticed() -> None:
    def odd(ledger: ReferenceLedger) -> None:
        ledger.clock = lambda: LedgerClock(0, 0, 12_345)  # type: ignore[method-assign]

    assert noticed(odd).aspect.startswith("clock")


def test_an_account_of_the_program_too_many_is_noticed_at_the_end() -> None:
    def odd(ledger: ReferenceLedger) -> None:
        ledger.program_accounts = frozenset  # type: ignore[method-assign]

    assert noticed(odd).aspect.startswith("accounts of the program")


def test_ledgers_that_sign_with_other_keys_are_no_pair() -> None:
    with pytest.raises(EngineUnavailable, match="do not sign with the same keys"):
        BothLedgers(ReferenceLedger(), LiteSvmLedger()).wallet(0)


def test_both_are_closed_even_if_one_will_not() -> None:
    closed = []

    def refuse() -> None:
        raise EngineUnavailable("hangs")

    first, second = ReferenceLedger(), ReferenceLedger()
    first.close = refuse  # type: ignore[method-assign]
    second.close = lambda: closed.append(True)  # type: ignore[method-assign]
    with pytest.raises(EngineUnavailable):
        BothLedgers(first, second).close()
    assert closed == [True]


def test_a_wrong_reference_is_told_apart_from_two_engines_that_agree() -> None:
    """Where the engines agree, the disagreement is the reference's, with the usual names."""
    wrong = next(d for d in LEDGER_DEFECTS if d.clause == "M7")
    with planted(wrong), pytest.raises(Failure) as caught:
        run_ledger_lockstep(lambda: BothLedgers(LiteSvmLedger(), LiteSvmLedger()), seed=1, steps=0)
    cause = caught.value.cause
    assert isinstance(cause, Disagreement)
    assert cause.aspect == "outcome"
    assert cause.real == ("Rejected", cause.real[1])  # type: ignore[index]
