"""What can occur under each design: the table is whole, and agrees with the real VM."""

from __future__ import annotations

import itertools

import pytest
from every_design import EVERY

from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep import reachable as table
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.deck import SCENES, deck
from choir_model.lockstep.ledger import LedgerFactory, ledger_pair, run_ledger_lockstep
from choir_model.lockstep.ledger_pair import Begin
from choir_model.lockstep.reachable import impossible, reachable, surprises, unmet
from choir_model.lockstep.running import replay
from choir_model.ports.ledger import Foreign
from choir_model.program.bindings import EVENTS, INSTRUCTIONS, Design, Reason
from choir_model.program.designs import DEFAULT, NAMED, design_of


def dealt(factory: LedgerFactory, design: Design) -> Coverage:
    """What the deck alone meets."""
    return run_ledger_lockstep(factory, seed=1, steps=0, design=design)


def test_the_table_knows_every_refusal_and_every_event() -> None:
    """L3, L6: nothing that can be said is left out of it."""
    assert set(table.REFUSALS) == {*Reason, *Foreign}
    assert set(table.EMITTERS) == {layout.name for layout in EVENTS.values()}
    assert set(table.CALLS) == set(INSTRUCTIONS)


def test_every_pair_can_occur_or_has_a_reason_in_words() -> None:
    assert len(EVERY) == 192
    names = {refusal.name for refusal in table.REFUSALS} | set(table.EMITTERS)
    for design in EVERY:
        can, cannot = reachable(design), impossible(design)
        assert can | cannot.keys() == set(itertools.product(table.COMMANDS, names))
        assert not can & cannot.keys()
        assert all(len(why) > 10 for why in cannot.values())


def test_what_a_design_rules_out_names_only_what_can_occur_elsewhere() -> None:
    """A line about some designs would be dead if no design had the pair."""
    for by_design, where in (
        (table.REFUSALS_BY_DESIGN, table.REFUSALS),
        (table.EVENTS_BY_DESIGN, table.EMITTERS),
    ):
        for what, nevers in by_design.items():
            for never in nevers:
                assert never.instructions <= where[what].instructions  # type: ignore[index]
                ruled_out = [design for design in EVERY if never.when(design)]
                assert 0 < len(ruled_out) < len(EVERY), (what, never.why)


@pytest.mark.parametrize(
    ("instruction", "refusal", "choices"),
    [
        ("submit_spec", Reason.ThreadFull, "capacity=reserve"),
        ("vote", Reason.ThreadFull, "capacity=check_at_publish"),
        ("claim", Reason.AlreadyClaimed, "payout=claim"),
        ("claim", Reason.AlreadyClaimed, "payout=claim denial_share=treasury expiry=refund"),
        ("vote", Reason.PayeeUnavailable, "payout=push"),
        ("vote", Reason.PayeeUnavailable, "payout=push denial_share=refund"),
        ("settle", Reason.PayeeUnavailable, "payout=push rejection=at_close"),
        ("settle", Reason.PayeeUnavailable, "payout=push expiry=refund"),
    ],
)
def test_these_can_occur(instruction: str, refusal: Reason, choices: str) -> None:
    assert (instruction, refusal.name) in reachable(design_of(choices.split()))


@pytest.mark.parametrize(
    ("instruction", "refusal", "choices", "why"),
    [
        ("vote", Reason.ThreadFull, "capacity=reserve", "reserved"),
        ("submit_spec", Reason.ThreadFull, "capacity=check_at_publish", "reserves no seat"),
        ("claim", Reason.AlreadyClaimed, "payout=push", "nobody can claim"),
        ("claim", Reason.AlreadyClaimed, "denial_share=treasury", "nobody can claim"),
        ("vote", Reason.PayeeUnavailable, "payout=claim", "no vote has payees"),
        ("vote", Reason.PayeeUnavailable, "payout=push rejection=at_close", "no vote has"),
        ("settle", Reason.PayeeUnavailable, "payout=push", "no settlement has payees"),
        ("claim", Reason.WindowOpen, "payout=claim", "only settle waits"),
        ("settle", Reason.MissingSigner, "payout=claim", "anyone may settle"),
        ("settle", Reason.Overflow, "payout=claim", "below the supply"),
    ],
)
def test_these_cannot(instruction: str, refusal: Reason, choices: str, why: str) -> None:
    assert why in impossible(design_of(choices.split()))[instruction, refusal.name]


@pytest.mark.parametrize("design", NAMED.values(), ids=list(NAMED))
def test_the_deck_meets_exactly_what_can_occur(design: Design) -> None:
    """L3, L6: no refusal and no event is missing, and none is there that cannot be."""
    coverage = dealt(LiteSvmLedger, design)
    assert unmet(coverage, design) == []
    assert surprises(coverage, design) == {}


def test_a_pair_thought_impossible_is_noticed_when_it_occurs() -> None:
    """The table of one design against a run of another: each difference is told."""
    for choice in ("payout=push", "capacity=check_at_publish", "rejection=at_close"):
        other = design_of([choice])
        coverage = dealt(ReferenceLedger, other)
        assert surprises(coverage, other) == {}
        told = surprises(coverage, DEFAULT)
        assert set(told) == reachable(other) - reachable(DEFAULT)
        assert unmet(coverage, DEFAULT) == sorted(reachable(DEFAULT) - reachable(other))
        assert told


def test_a_deck_without_one_of_its_scenes_leaves_something_unmet() -> None:
    """But for those that are there for what they lead to, each scene has a pair of its own."""
    pair = ledger_pair(ReferenceLedger, Coverage())
    cast = pair.cast
    met: dict[str, frozenset[tuple[str, str]]] = {}
    for design in (DEFAULT, design_of(["payout=push", "rejection=at_close"])):
        for scene in deck(cast, design):  # type: ignore[arg-type]
            pair.coverage = Coverage()
            assert replay(pair, list(scene.commands)) is None
            met[scene.name] = met.get(scene.name, frozenset()) | pair.coverage.pairs
    alone = {
        name
        for name, pairs in met.items()
        if pairs - frozenset().union(*(other for n, other in met.items() if n != name))
    }
    assert len(met) == len(SCENES)
    assert len(alone) >= 10


def test_every_scene_begins_anew_and_so_can_be_run_by_itself() -> None:
    cast = ledger_pair(ReferenceLedger, Coverage()).cast
    for scene in deck(cast, DEFAULT):  # type: ignore[arg-type]
        kinds = [isinstance(command, Begin) for command in scene.commands]
        assert kinds[0]
        assert not any(kinds[1:])


def test_designs_that_can_do_the_same_have_the_same_table() -> None:
    """Neither what identifies a record nor who votes decides which refusals there are."""
    for choice in ("record_key=thread_hash", "electorate=live"):
        assert reachable(design_of([choice])) == reachable(DEFAULT)
