"""The adversary can fail: wrong rules are noticed, whoever of the two has them, and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from adversary_defects import ALL
from adversary_siege import adversary
from planted_defects import LEDGER_DEFECTS, Defect, planted

from choir_model.adapters.hostile_litesvm import HostileLiteSvm
from choir_model.domain.identity import Address
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.adversary import Adversary, Breached
from choir_model.lockstep.adversary_stories import OLDEST
from choir_model.ports.ledger import Confirmed, Outcome, Rejected
from choir_model.program import addresses

ENOUGH = 40_000
"""Transactions within which each planted defect is caught; most take a few hundred."""
MEASURED: list[tuple[int, Defect, str]] = []


@pytest.fixture(scope="module")
def siege() -> Iterator[Adversary]:
    found = adversary()
    yield found
    found.real.close()
    print("\ntransactions  defect  (family)")
    for transactions, wrong, family in sorted(MEASURED, key=lambda m: -m[0]):
        print(f"{transactions:12}  {wrong}  ({family})")


@pytest.mark.parametrize("wrong", ALL, ids=str)
def test_every_planted_defect_is_caught(siege: Adversary, wrong: Defect) -> None:
    """L3: a rule of the reference is wrong; the real program shows it."""
    before = siege.transactions
    with planted(wrong), pytest.raises(Breached) as caught:
        siege.run(1, ENOUGH)
    MEASURED.append((siege.transactions - before, wrong, caught.value.attack.family))


def test_the_least_attack_is_told_with_what_was_changed_in_it(siege: Adversary) -> None:
    """One account, one flag: enough to see which guard is missing, and to write a test."""
    (unsigned,) = (wrong for wrong in LEDGER_DEFECTS if wrong.name == "nobody has to sign")
    with planted(unsigned), pytest.raises(Breached) as caught:
        siege.run(3, ENOUGH, ["compound"])
    attack, text = caught.value.attack, str(caught.value)
    assert len(attack.steps) == 1
    (call,) = attack.steps[0].calls
    assert len(call.accounts) == len(attack.base.accounts)
    pairs = zip(call.accounts, attack.base.accounts, strict=True)
    differ = [mine for mine, right in pairs if mine != right]
    assert [meta.signer for meta in differ] == [False]
    assert call.data == attack.base.data
    assert text.startswith("outcome: reference ")
    assert " of seed 3\n" in text
    assert f"world {attack.world!r}, family 'compound'" in text
    assert text.count("(was signer ") == 1


# The real ledger, or what it says, is wrong


class Spoiled(HostileLiteSvm):
    """A real ledger that does something else besides, once `spoil` is set."""

    def __init__(self, spoil: Callable[[Spoiled, Outcome], Outcome]) -> None:
        super().__init__(unix_timestamp=OLDEST)
        self.spoil = spoil
        self.spoiling = False

    def _outcome(self, result: object) -> Outcome:
        outcome = super()._outcome(result)
        return self.spoil(self, outcome) if self.spoiling else outcome


def thread_of(ledger: HostileLiteSvm) -> Address:
    return addresses.thread(ledger.wallet(0), 0)


def writes_a_byte(ledger: Spoiled, outcome: Outcome) -> Outcome:
    place = addresses.stake_vault(thread_of(ledger))
    image = ledger.account(place)
    if isinstance(outcome, Rejected) and image is not None:
        data = image.data[:64] + b"\xff" + image.data[65:]
        ledger.put_account(place, replace(image, data=data))
    return outcome


def takes_a_lamport(ledger: Spoiled, outcome: Outcome) -> Outcome:
    image = ledger.account(thread_of(ledger))
    if isinstance(outcome, Rejected) and image is not None:
        ledger._put(thread_of(ledger), image.owner, image.data, (image.lamports or 0) - 1)
    return outcome


def tells_another_fee(ledger: Spoiled, outcome: Outcome) -> Outcome:
    return replace(outcome, fee=1) if isinstance(outcome, Rejected) else outcome


def keeps_an_event(ledger: Spoiled, outcome: Outcome) -> Outcome:
    return (
        replace(outcome, events=outcome.events[:-1]) if isinstance(outcome, Confirmed) else outcome
    )


def does_more(ledger: Spoiled, outcome: Outcome) -> Outcome:
    place = ledger.wallet(1)
    if isinstance(outcome, Confirmed):
        ledger._put(place, addresses.SYSTEM, b"", 5)
    return outcome


@pytest.mark.parametrize(
    ("spoil", "demand"),
    [
        (writes_a_byte, "refusal changed"),
        (takes_a_lamport, "refusal changed"),
        (tells_another_fee, "fee"),
        (keeps_an_event, "outcome"),
        (does_more, "rights"),
    ],
)
def test_what_the_real_ledger_does_wrong_is_seen(
    spoil: Callable[[Spoiled, Outcome], Outcome], demand: str
) -> None:
    real = Spoiled(spoil)
    siege = adversary(real)
    real.spoiling = True
    with pytest.raises(Breached) as caught:
        siege.run(1, 3_000)
    assert caught.value.breach.demand == demand
    real.close()


class Forgetful(ReferenceLedger):
    """A reference that knows of no donations, so that vaults hold more than is due."""

    def donated(self, vault: Address) -> int:
        return 0


def test_tokens_that_do_not_add_up_are_seen() -> None:
    """S1, L4: after every lawful transaction, by record and donation."""
    real = HostileLiteSvm(unix_timestamp=OLDEST)
    siege = Adversary(Forgetful(unix_timestamp=OLDEST), real)
    with pytest.raises(Breached) as caught:
        siege.run(1, 3_000)
    assert caught.value.breach.demand == "S1"
    real.close()
