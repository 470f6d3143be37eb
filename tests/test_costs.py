"""The page of costs is what is measured, and what it says holds (section 9, L5, M6, V1, V5)."""

from __future__ import annotations

import dataclasses
from itertools import islice, product
from pathlib import Path

import pytest
from ledger_world import World

from choir_model.adapters.litesvm import LEGACY, PACKET_BYTES, Form, LiteSvmLedger
from choir_model.lockstep.cast import Setting
from choir_model.ports.ledger import (
    Confirmed,
    EngineUnavailable,
    Foreign,
    Rejected,
)
from choir_model.program import addresses, calls, designs
from choir_model.program.bindings import (
    ACCOUNTS,
    INSTRUCTIONS,
    SEATS,
    Config,
    Decision,
    Design,
    Reason,
    Record,
    RecordStatus,
    Thread,
)
from choir_model.verify import pages
from choir_model.verify.costs import __main__ as command
from choir_model.verify.costs import forms, measured, page
from choir_model.verify.costs.forms import FORMS, settlement
from choir_model.verify.costs.measured import BOUND
from choir_model.verify.costs.page import PUSHED
from choir_model.verify.costs.scene import DEEPEST, NOW, STAKE, Scene, Trial, Unexpected

EVERY_DESIGN = [
    Design(*variants)  # type: ignore[arg-type]
    for variants in product(*(list(kind) for kind in designs.CHOICES.values()))
]
LEGACY_DENIERS = 24
"""The most that one legacy settlement can pay."""


@pytest.fixture(scope="module")
def usual() -> Scene:
    return Scene(designs.DEFAULT)


@pytest.fixture(scope="module")
def pushing() -> Scene:
    return Scene(PUSHED)


# The page


def test_the_page_is_what_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    status = command.main(["--check"])
    assert capsys.readouterr().out == ""
    assert status == 0


def test_a_difference_is_told_line_by_line_and_writing_removes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "ledger-costs.md"
    target.write_text("same\n| vote | 2 |\n", "utf-8")
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    monkeypatch.setattr(page, "render", lambda: "same\n| vote | 3 |\n")
    assert command.main(["--check"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == ["-| vote | 2 |", "+| vote | 3 |"]
    assert "run python -m choir_model.verify.costs" in told[2]
    assert command.main([]) == 0
    assert command.main(["--check"]) == 0
    target.unlink()
    assert command.main(["--check"]) == 1


def test_wrong_usage_and_what_is_missing_are_one_line_and_exit_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> str:
        raise EngineUnavailable("the package solders is missing")

    monkeypatch.setattr(page, "render", missing)
    for arguments, told in ((["--chek"], "usage"), (["--check"], "solders")):
        assert command.main(arguments) == 2
        captured = capsys.readouterr()
        assert told in captured.err
        assert captured.err.count("\n") == 1
        assert captured.out == ""
    monkeypatch.setattr(pages, "DOCS", tmp_path / "docs")
    assert command.main([]) == 2
    assert "docs: no such folder; run python -m choir_model" in capsys.readouterr().err


# Compute units


def test_every_instruction_is_measured_and_every_form_exists_in_some_named_design() -> None:
    assert {form.instruction for form in FORMS} == set(INSTRUCTIONS)
    scenes = [Scene(design) for design in designs.NAMED.values()]
    for form in FORMS:
        assert any(next(form.trials(scene, 8), None) for scene in scenes), form.name


@pytest.mark.parametrize("name", designs.NAMED)
def test_an_instruction_takes_less_than_60_000_compute_units_at_32_co_authors(name: str) -> None:
    scene = Scene(designs.NAMED[name])
    for form, spent in measured.by_form(scene, (SEATS,)).items():
        assert (spent[SEATS] or 0) < BOUND, form


def test_so_it_does_in_each_of_the_192_designs() -> None:
    """At one seat of each form; the seat moves the cost little."""
    assert len(EVERY_DESIGN) == 192
    for design in EVERY_DESIGN:
        scene = Scene(design)
        for form in FORMS:
            for trial in islice(form.trials(scene, SEATS), 1):
                spent = measured.units(scene, trial)
                assert spent < BOUND, (designs.name_of(design), form.name)


@pytest.mark.nightly
def test_so_it_does_in_each_of_the_192_designs_at_every_seat() -> None:
    for design in EVERY_DESIGN:
        for form, spent in measured.by_form(Scene(design), (SEATS,)).items():
            assert (spent[SEATS] or 0) < BOUND, (designs.name_of(design), form)


def test_a_thread_that_got_there_by_itself_costs_no_more_than_the_states_written_for_it(
    usual: Scene,
) -> None:
    """M2 to M6, L5: three co-authors, by transactions only."""
    limits = {form: spent[3] for form, spent in measured.by_form(usual, (3,)).items()}
    world = World(LiteSvmLedger, Setting("roomy", max_co_authors=5))
    world.seat(1, 2)
    denied, expired = world.spec(3, "denied"), world.spec(3, "expired")

    def spent(call: calls.Call) -> int:
        payer = next((m.address for m in call.accounts if m.signer), world.cast.crank)
        outcome = world.ledger.execute(call, payer)
        assert isinstance(outcome, Confirmed), outcome
        return outcome.compute_units or 0

    def vote(voter: int, decision: Decision) -> int:
        return spent(calls.vote(world.wallet(voter), denied, decision))

    seen = {"vote, only records": max(vote(0, Decision.APPROVE), vote(1, Decision.APPROVE))}
    seen["vote, rejects"] = vote(2, Decision.DENY)
    seen["claim, a share"] = spent(world.claim_call(2, denied))
    world.wait(world.setting.approval_window)
    seen["settle, expires"] = spent(calls.settle(expired))
    for form, units in seen.items():
        most = limits[form]
        assert most is not None
        assert 0.9 * most < units <= most, form


def test_the_last_seat_costs_most_of_those_who_act_alone(usual: Scene) -> None:
    form = next(form for form in FORMS if form.instruction == "submit_message")
    spent = [measured.units(usual, trial) for trial in form.trials(usual, SEATS)]
    assert len(spent) == SEATS
    assert spent == sorted(set(spent))


def test_no_count_of_published_records_costs_more_than_the_deepest(usual: Scene) -> None:
    trial = next(forms.submit_message(usual, 1))

    def at(published: int) -> int:
        thread = usual.thread(1, published_count=published)
        return measured.units(usual, dataclasses.replace(trial, thread=thread))

    others = (0, 1, 2**20 - 1, 2**30 - 1, DEEPEST - 1, DEEPEST + 1, 2**32 - 2)
    assert at(DEEPEST) > max(map(at, others))
    first, level = measured.publication_level(usual)
    assert at(0) == first
    assert at(DEEPEST) == pytest.approx(first + 31 * level, rel=0.01)


def test_a_search_costs_1500_units_a_step_wherever_it_leads(usual: Scene) -> None:
    """`searches` refuses to give one number if that is not so to the unit."""
    found = {search.instruction: search for search in measured.searches(usual)}
    assert set(found) == {"create_thread", "submit_message", "submit_spec"}
    for search in found.values():
        assert search.straight <= search.least <= search.median < search.most < BOUND
        over = search.straight + measured.STEP * (search.spare_steps + 1)
        assert over - measured.STEP <= BOUND < over
        assert 0 < search.chance < 1 / 20_000


def test_the_chance_of_a_long_search_is_that_of_tossing_coins() -> None:
    search = measured.Search("any", 2, BOUND - measured.STEP, 0, 0, 0)
    # Two searches, one step to spare: neither or one tail before the second head.
    assert search.spare_steps == 1
    assert search.chance == 1 - (1 / 4 + 2 / 8)


def test_what_did_not_happen_as_meant_is_not_measured(usual: Scene) -> None:
    trial = next(forms.expires(usual, 8))
    with pytest.raises(Unexpected, match=r"settle: events .* expected events \('MessageRejected"):
        usual.run(dataclasses.replace(trial, events=("MessageRejected", "StakeSettled")))
    early = dataclasses.replace(trial, record=usual.record(usual.outsider, 8))
    with pytest.raises(Unexpected, match=r"settle: .*WindowOpen"):
        usual.run(early)


# Bytes and lamports


def test_rent_is_paid_for_the_bytes_of_the_layouts_and_a_fee_for_each_signature(
    usual: Scene,
) -> None:
    rent = usual.ledger.rent_exempt
    vault = rent(165)
    config, thread, record = (rent(ACCOUNTS[kind].size) for kind in (Config, Thread, Record))
    assert {spent.instruction: spent.rent for spent in measured.expenses(usual)} == {
        "initialize": config + vault,
        "create_thread": thread + 3 * vault,
        "submit_message": record,
        "submit_spec": record,
        "vote": 0,
        "settle": 0,
        "claim": 0,
    }
    assert {spent.fee for spent in measured.expenses(usual)} == {5_000}


def test_neither_the_co_authors_nor_the_design_change_what_is_paid(usual: Scene) -> None:
    paid = {spent.instruction: spent for spent in measured.expenses(usual)}
    for design, seated in product(designs.NAMED.values(), (2, 31)):
        for spent in measured.expenses(Scene(design), seated):
            assert spent == paid[spent.instruction]


def test_another_payer_and_every_payee_make_the_transaction_longer(pushing: Scene) -> None:
    voting = next(forms.records(pushing, 8))
    length = pushing.ledger.transaction_bytes
    assert length(voting.call, pushing.crank) == length(voting.call, voting.payer) + 96
    pushing.put(voting)
    outcome = pushing.ledger.execute(voting.call, pushing.crank)
    assert isinstance(outcome, Confirmed)
    assert outcome.fee == 10_000
    one, two = (settlement(pushing, 8, deniers).call for deniers in (1, 2))
    assert length(two, pushing.crank) == length(one, pushing.crank) + 33


# Forms of transactions


def test_a_compute_unit_limit_takes_40_bytes_and_holds(usual: Scene) -> None:
    trial = next(forms.expires(usual, 8))
    enough, too_little = Form(unit_limit=10_000), Form(unit_limit=1_000)
    length = usual.ledger.transaction_bytes
    assert length(trial.call, trial.payer, enough) == length(trial.call, trial.payer) + 40
    usual.run(trial, enough)
    starved = usual.attempt(trial, too_little)
    assert isinstance(starved, Rejected)
    assert starved.reason is Foreign.UNITS_EXHAUSTED


def test_a_lookup_table_shortens_a_transaction_and_changes_nothing_else(usual: Scene) -> None:
    trial = next(forms.expires(usual, 8))
    short = Form(usual.table)
    length = usual.ledger.transaction_bytes
    assert length(trial.call, trial.payer, short) < length(trial.call, trial.payer) - 100
    plain, looked_up = usual.run(trial), usual.run(trial, short)
    assert looked_up == plain
    with pytest.raises(ValueError, match="no lookup table at"):
        length(trial.call, trial.payer, Form(usual.mint[::-1]))


# Push payout


def test_a_legacy_transaction_pays_24_deniers_and_a_lookup_table_all_32(pushing: Scene) -> None:
    reached = [(r.payees, r.length, r.beyond) for r in measured.reaches(pushing)]
    assert reached == [
        (LEGACY_DENIERS, 1_200, 1_233),
        (LEGACY_DENIERS - 1, 1_207, 1_240),
        (SEATS, 322, 0),
        (SEATS, 362, 0),
    ]
    assert measured.payees_within(BOUND, measured.push_units(pushing)) == SEATS


def test_the_limit_of_a_legacy_transaction_is_its_length_not_the_runtime(pushing: Scene) -> None:
    trial = settlement(pushing, SEATS, LEGACY_DENIERS + 1)
    assert pushing.ledger.transaction_bytes(trial.call, trial.payer) > PACKET_BYTES
    assert pushing.form(trial) == Form(pushing.table)
    assert isinstance(pushing.attempt(trial, LEGACY), Confirmed)


def test_a_spec_with_25_deniers_has_no_way_out_but_a_lookup_table(pushing: Scene) -> None:
    """V1, V5: the record stays pending and its stake in the stake vault (M6)."""
    trial = settlement(pushing, SEATS, LEGACY_DENIERS + 1)
    assert trial.record is not None
    key = pushing.key(trial.record)
    vault = addresses.stake_vault(pushing.thread_id)
    pushing.put(trial)
    staked = amount(pushing, vault)

    shortest = trial.call.with_accounts(len(trial.call.accounts) - 1)
    assert pushing.ledger.transaction_bytes(shortest, trial.payer) <= PACKET_BYTES
    assert refusal(pushing, Trial(shortest, trial.payer, ())) is Reason.PayeeUnavailable
    for voter, decision in product(pushing.co_authors, Decision):
        call = calls.vote(voter, key, decision, pushing.design)
        assert refusal(pushing, Trial(call, voter, ())) is Reason.WindowClosed
    assert status(pushing, trial) is RecordStatus.PENDING
    assert amount(pushing, vault) == staked

    pushing.run(trial, Form(pushing.table))
    assert status(pushing, trial) is RecordStatus.REJECTED
    assert amount(pushing, vault) == staked - STAKE
    paid = [amount(pushing, pushing.token(wallet)) for wallet in pushing.co_authors]
    assert paid == [STAKE // 25] * 25 + [0] * 7


def test_max_co_authors_of_24_leaves_no_settlement_too_long(pushing: Scene) -> None:
    for deniers in (1, LEGACY_DENIERS):
        trial = settlement(pushing, LEGACY_DENIERS, deniers)
        assert pushing.ledger.transaction_bytes(trial.call, trial.payer) <= PACKET_BYTES
        pushing.run(trial)


def refusal(scene: Scene, trial: Trial) -> object:
    """Why a call is refused in the state there is."""
    outcome = scene.ledger.execute(trial.call, trial.payer)
    assert isinstance(outcome, Rejected), outcome
    return outcome.reason


def status(scene: Scene, trial: Trial) -> RecordStatus:
    image = scene.ledger.account(trial.call.address("record"))
    assert image is not None
    record: Record = ACCOUNTS[Record].decode(image.data)
    assert record.deadline == NOW
    return record.status


def amount(scene: Scene, account: bytes) -> int:
    image = scene.ledger.account(account)
    assert image is not None
    return int.from_bytes(image.data[64:72], "little")
