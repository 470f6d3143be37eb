"""The LiteSVM adapter, beside what `test_ledger_port` says: its clock, and how it fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from ledger_world import World

from choir_model.adapters import litesvm
from choir_model.adapters.litesvm import LiteSvmLedger, load_program
from choir_model.adapters.solana import GENESIS_SLOT
from choir_model.adapters.solana_errors import refusal
from choir_model.ports.ledger import (
    EngineUnavailable,
    Foreign,
    LedgerClock,
    Rejected,
    UnregisteredRefusal,
)
from choir_model.program import addresses
from choir_model.program.bindings import PROGRAM_ID, Reason

# What it is


def test_it_names_itself_and_its_engine() -> None:
    ledger = LiteSvmLedger()
    assert (ledger.name, ledger.versions) == ("litesvm", {"solders": "0.29.0"})
    ledger.close()


# Time


def test_slot_epoch_timestamp_and_slot_hashes_move_together() -> None:
    ledger = LiteSvmLedger(unix_timestamp=50)
    schedule = ledger.svm.get_epoch_schedule()
    assert ledger.clock() == LedgerClock(GENESIS_SLOT, schedule.get_epoch(GENESIS_SLOT), 50)
    ledger.advance(schedule.slots_per_epoch, 10)
    slot = GENESIS_SLOT + schedule.slots_per_epoch
    assert ledger.clock() == LedgerClock(slot, schedule.get_epoch(GENESIS_SLOT) + 1, 60)
    assert [s for s, _ in ledger.svm.get_slot_hashes()] == [slot]
    ledger.advance(1, 0)
    assert (ledger.clock().slot, ledger.clock().unix_timestamp) == (slot + 1, 60)


# Refusals


def test_a_forged_signature_is_refused() -> None:
    from solders.signature import Signature
    from solders.transaction import VersionedTransaction

    world = World(LiteSvmLedger)
    assert isinstance(world.ledger, LiteSvmLedger)
    ledger = world.ledger
    signed = ledger._sign(world.message_call(0, "hello"), world.wallet(0))
    unsigned = VersionedTransaction.populate(signed.message, [Signature.default()])
    outcome = ledger._outcome(ledger.svm.send_transaction(unsigned))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is Foreign.SIGNATURE_FAILURE


def failed(code: int | None, program: str, text: str = "") -> tuple[object, list[str]]:
    inner = SimpleNamespace(code=code) if code is not None else text
    return SimpleNamespace(err=inner), [f"Program {program} failed: custom program error"]


@pytest.mark.parametrize(
    ("error", "logs"),
    [
        ("TransactionErrorFieldless.ClusterMaintenance", []),
        failed(9999, PROGRAM_ID),
        failed(1, PROGRAM_ID),
        failed(Reason.Overflow.value, addresses.base58(addresses.TOKEN)),
        failed(0x1, addresses.base58(b"\5" * 32)),
        failed(0x2, addresses.base58(addresses.SYSTEM)),
        failed(None, PROGRAM_ID, "InstructionErrorFieldless.InvalidAccountData"),
    ],
)
def test_an_error_nobody_registered_is_no_guess(error: object, logs: list[str]) -> None:
    with pytest.raises(UnregisteredRefusal, match="of program"):
        refusal(error, logs)


def test_a_code_means_what_its_program_means_by_it() -> None:
    assert refusal(*failed(Reason.Overflow.value, PROGRAM_ID)) is Reason.Overflow
    assert refusal(*failed(1, addresses.base58(addresses.SYSTEM))) is Foreign.INSUFFICIENT_LAMPORTS
    token = addresses.base58(addresses.TOKEN)
    assert refusal(*failed(1, token)) is Foreign.TOKEN_INSUFFICIENT_FUNDS


# What it says when it cannot be used


def unusable(act: Callable[[], object]) -> str:
    """The message of `EngineUnavailable`, which is one line."""
    with pytest.raises(EngineUnavailable) as caught:
        act()
    assert "\n" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


def test_a_file_that_is_no_program_is_named_with_what_is_expected(tmp_path: Path) -> None:
    path = tmp_path / "choir.so"
    missing = unusable(lambda: load_program(path))
    assert missing.startswith(f"{path}: cannot read the program: No such file")
    assert missing.endswith("expected a built choir.so")
    assert "Is a directory" in unusable(lambda: load_program(tmp_path))
    for content in (b"", b"\x7fEL", b"text"):
        path.write_bytes(content)
        assert unusable(lambda: load_program(path)).startswith(f"{path}: is no ELF file")
    path.write_bytes(load_program())
    assert load_program(path) == load_program()


def test_bytes_the_vm_refuses_are_no_program() -> None:
    garbage = b"\x7fELF" + bytes(200)
    assert unusable(lambda: LiteSvmLedger(garbage)).startswith("the Solana VM refuses the program")


def test_a_changed_program_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = load_program()
    recorded = Path(litesvm.__file__).parents[1] / "program" / "choir.so.sha256"
    (tmp_path / "choir.so").write_bytes(code[:-1] + bytes([code[-1] ^ 1]))
    (tmp_path / "choir.so.sha256").write_text(recorded.read_text())
    monkeypatch.setattr(litesvm, "files", lambda _: tmp_path)
    assert "differs from its recorded SHA-256" in unusable(LiteSvmLedger)
    (tmp_path / "choir.so").write_bytes(code)
    LiteSvmLedger()


def test_without_solders_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "solders", None)
    assert unusable(LiteSvmLedger) == (
        "the package solders is missing; run pip install solders==0.29.0"
    )
