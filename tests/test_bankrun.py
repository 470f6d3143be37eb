"""The bankrun adapter, beside what `test_ledger_port` says: its process, and real time."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from bankrun_world import bankrun, environment
from ledger_world import DENY, World

from choir_model.adapters.bankrun import BankrunLedger, Sent
from choir_model.adapters.bankrun_process import FOLDER, SET_UP, VARIABLE, Worker, find_python
from choir_model.adapters.solana import GENESIS_SLOT
from choir_model.lockstep.ledger import LEDGER_EVENTS, LEDGER_REFUSALS, run_ledger_lockstep
from choir_model.ports.ledger import (
    Confirmed,
    EngineUnavailable,
    Foreign,
    LedgerClock,
    Purse,
    Rejected,
)
from choir_model.program.bindings import Reason

ROOT = Path(__file__).parent.parent


def unusable(act: Callable[[], object]) -> str:
    """The message of `EngineUnavailable`, which is one line."""
    with pytest.raises(EngineUnavailable) as caught:
        act()
    assert "\n" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


def own(program: bytes | None = None) -> BankrunLedger:
    """A ledger no other test is given afterwards."""
    return BankrunLedger(program, python=environment())


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are made during this test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


# What it is


def test_it_names_itself_and_its_engine() -> None:
    ledger = bankrun()
    assert (ledger.name, ledger.versions) == ("bankrun", {"solders of bankrun": "0.24.0"})


def test_the_environment_is_locked_to_the_version_the_worker_asks_for() -> None:
    (line,) = [
        line
        for line in (ROOT / "requirements-bankrun.lock").read_text("utf-8").splitlines()
        if line.startswith("solders==")
    ]
    assert line == r"solders==0.24.0 \ ".strip()


def test_the_clock_begins_where_the_other_runtime_begins() -> None:
    ledger = bankrun()
    clock = ledger.clock()
    assert (clock.slot, clock.unix_timestamp) == (GENESIS_SLOT, 0)
    ledger.advance(432_000, 10)
    assert ledger.clock() == LedgerClock(GENESIS_SLOT + 432_000, clock.epoch + 1, 10)
    ledger.advance(0, 5)
    assert ledger.clock() == LedgerClock(GENESIS_SLOT + 432_000, clock.epoch + 1, 15)


# Real time, which passes inside bankrun and is hidden


def forget(ledger: BankrunLedger) -> None:
    """Let as many blockhashes pass as a second of real time would bring."""
    for _ in range(170):
        ledger.advance(1, 0)


def test_a_forgotten_blockhash_is_no_reason_to_refuse() -> None:
    world = World(bankrun)
    ledger = world.ledger
    assert isinstance(ledger, BankrunLedger)
    first, call, wallet = ledger._blockhash, world.message_call(0, "hello"), world.wallet(0)
    forget(ledger)
    world.do(call)
    forgotten = ledger._send(Sent(call, wallet, ledger._sign(call, wallet, first)))
    assert isinstance(forgotten, Rejected)
    assert forgotten.reason is Foreign.BLOCKHASH_NOT_FOUND, "each `advance` is a block"


def test_a_blockhash_is_forgotten_for_good_after_as_many_blocks() -> None:
    """L8; the simulation calls it too old some blocks before the bank would."""
    world = World(own)
    ledger = world.ledger
    assert isinstance(ledger, BankrunLedger)
    call, wallet, first = world.message_call(0, "hello"), world.wallet(0), ledger._blockhash
    world.do(call)
    reasons = []
    for _ in range(170):
        outcome = ledger._send(Sent(call, wallet, ledger._sign(call, wallet, first)))
        assert isinstance(outcome, Rejected)
        reasons.append(outcome.reason)
        ledger.advance(1, 0)
    known = reasons.count(Reason.DuplicateContent)
    assert 0 < known < 150
    assert reasons == [Reason.DuplicateContent] * known + [Foreign.BLOCKHASH_NOT_FOUND] * (
        len(reasons) - known
    )


def test_what_landed_has_landed_also_when_its_blockhash_is_forgotten() -> None:
    """L8: one signature lands at most once."""
    world = World(bankrun)
    ledger = world.ledger
    assert isinstance(ledger, BankrunLedger)
    for outcome in (
        ledger.execute(world.message_call(0, "hello"), world.wallet(0)),
        ledger.execute(world.message_call(0, "hello"), world.wallet(0)),  # refused, and landed
    ):
        assert isinstance(outcome, Confirmed | Rejected)
        before = world.images()
        forget(ledger)
        again = ledger.resend()
        assert isinstance(again, Rejected)
        assert (again.reason, again.fee) == (Foreign.ALREADY_PROCESSED, 0)
        assert world.images() == before


def test_what_never_landed_may_land_when_sent_again() -> None:
    """L8: a payer who had nothing has been given something; forgotten or not, it can land."""
    for wait in (False, True):
        world = World(bankrun)
        ledger, payer = world.ledger, world.cast.crank
        assert isinstance(ledger, BankrunLedger)
        ledger.fund(payer, Purse.EMPTY)
        first = ledger.execute(world.message_call(0, "hello"), payer)
        assert isinstance(first, Rejected)
        assert (first.reason, first.fee) == (Foreign.ACCOUNT_NOT_FOUND, 0)
        if wait:
            forget(ledger)
        ledger.fund(payer, Purse.AMPLE)
        assert isinstance(ledger.resend(), Confirmed)


# What is kept of accounts


def test_images_that_are_kept_are_those_the_bank_holds() -> None:
    world = World(bankrun)
    ledger = world.ledger
    assert isinstance(ledger, BankrunLedger)
    saved = ledger.save()
    world.seat(1)
    key = world.spec(2, "may I")
    world.refused(world.spec_call(2, "may I"))
    world.wait(10)
    world.vote(1, key, DENY)
    ledger.fund(world.wallet(3), Purse.EMPTY)
    ledger.execute_stale(world.message_call(0, "hello"), world.wallet(0))
    for restored in (False, True):
        if restored:
            ledger.restore(saved)
        kept = {address: ledger.account(address) for address in ledger._tracked}
        ledger.program_accounts()
        assert kept == {address: ledger.account(address) for address in ledger._tracked}
        assert len(kept) > 30


# In lockstep with the reference


def test_reference_and_bankrun_agree_on_generated_transactions() -> None:
    """L1 to L8: a few hundred; thousands at night."""
    coverage = run_ledger_lockstep(own, seed=1, steps=300)
    assert coverage.steps >= 300
    assert len(coverage.refusals) > 10
    assert len(coverage.events) > 5


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [1, 2])
def test_reference_and_bankrun_agree_through_every_refusal_and_event(seed: int) -> None:
    """L1 to L8: all codes met."""
    coverage = run_ledger_lockstep(own, seed=seed, steps=20_000)
    assert coverage.missing(LEDGER_REFUSALS, LEDGER_EVENTS) == set()


# The process


def test_it_ends_with_its_ledger_and_leaves_nothing(temporary: Path) -> None:
    ledger = own()
    process = ledger.worker._process
    assert len(list(temporary.iterdir())) == 1
    ledger.close()
    ledger.close()
    assert (process.returncode, list(temporary.iterdir())) == (0, [])
    ledger = own()
    process = ledger.worker._process
    del ledger
    gc.collect()
    assert (process.returncode, list(temporary.iterdir())) == (0, [])


def test_it_ends_with_its_parent_and_leaves_nothing(temporary: Path, tmp_path: Path) -> None:
    """However the parent ends: here it is killed."""
    alive = tmp_path / "held open by the worker as long as it lives"
    os.mkfifo(alive)
    holding = f'exec 9>"{alive}"\nexec "{environment()}" "$@"'
    code = """
        import os, signal
        from choir_model.adapters.bankrun import BankrunLedger, Sent
        ledger = BankrunLedger()
        os.kill(os.getpid(), signal.SIGKILL)
    """
    python = script(tmp_path / "python", holding)
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": str(ROOT), VARIABLE: str(python)},
    )
    assert alive.read_bytes() == b""
    assert parent.wait() == -signal.SIGKILL
    assert list(temporary.iterdir()) == []


def test_a_worker_that_dies_is_told_in_one_line() -> None:
    ledger = own()
    ledger.worker._process.kill()
    said = unusable(ledger.clock)
    assert said == "bankrun: worker ended with status -9: clock"
    assert unusable(ledger.clock) == "bankrun's worker has ended"
    ledger.close()


def test_a_worker_that_hangs_is_told_in_one_line() -> None:
    ledger = own()
    ledger.worker._process.send_signal(signal.SIGSTOP)
    ledger.worker._patience = 0.1
    assert unusable(ledger.clock) == "bankrun: no answer within 0.1 s: clock"
    assert ledger.worker._process.returncode == -signal.SIGKILL


def test_a_panic_of_the_runtime_is_told_in_one_line() -> None:
    ledger = own()
    assert unusable(lambda: ledger.worker.ask("rent", -1)).startswith("rent: OverflowError: ")
    assert unusable(ledger.clock) == "bankrun's worker has ended"


def test_an_interrupted_question_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its late answer would pass for that of the next question."""
    ledger = own()

    def interrupted(_: Worker, operation: str) -> bytes:
        raise KeyboardInterrupt(operation)

    with monkeypatch.context() as patched:
        patched.setattr(Worker, "_line", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ledger.clock()
    assert unusable(ledger.clock) == "bankrun's worker has ended"


# What it says when it cannot be used


def test_without_the_environment_it_says_how_to_make_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "elsewhere" / ".venv"))
    monkeypatch.chdir(tmp_path)
    message = f"bankrun needs an environment of its own; run {SET_UP}"
    assert unusable(BankrunLedger) == message
    assert SET_UP in (ROOT / "README.md").read_text("utf-8")


def test_the_environment_is_found_by_variable_beside_the_running_one_and_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, beside, told = tmp_path / "here", tmp_path / "beside", tmp_path / "told"
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(sys, "prefix", str(beside / ".venv"))
    for folder in (here, beside):
        (folder / FOLDER / "bin").mkdir(parents=True)
    monkeypatch.chdir(here)
    (here / FOLDER / "bin" / "python").touch()
    assert find_python() == here / FOLDER / "bin" / "python"
    (beside / FOLDER / "bin" / "python").touch()
    assert find_python() == beside / FOLDER / "bin" / "python"
    monkeypatch.setenv(VARIABLE, str(told))
    assert find_python() == told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot run it: No such file or directory"),
        ("exit 3", "bankrun: worker ended with status 3: start"),
        ("sleep 20", "bankrun: no answer within 0.2 s: start"),
        ("echo hello >&0", "bankrun's worker does not speak its language"),
    ],
)
def test_what_is_no_python_with_bankrun_is_named(
    text: str | None, said: str, tmp_path: Path, temporary: Path
) -> None:
    path = tmp_path / "python"
    if text:
        script(path, text)
    message = unusable(lambda: BankrunLedger(python=path, patience=0.2))
    assert message == f"{path}: {said}; run {SET_UP}"
    assert list(temporary.iterdir()) == []


def test_a_python_of_another_solders_is_named() -> None:
    python = Path(sys.executable)
    said = unusable(lambda: BankrunLedger(python=python))
    assert said == f"{python}: it has no solders 0.24.0; run {SET_UP}"


def test_bytes_the_runtime_refuses_are_no_program(temporary: Path) -> None:
    said = unusable(lambda: own(b"\x7fELF" + bytes(200)))
    assert said == "the Solana runtime of bankrun refuses the program"
    assert list(temporary.iterdir()) == []


def test_where_it_is_checked_a_missing_environment_fails_instead_of_skipping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import bankrun_world

    def missing() -> Path:
        raise EngineUnavailable("no environment")

    monkeypatch.setattr(bankrun_world, "find_python", missing)
    monkeypatch.setattr(bankrun_world, "_idle", [])
    monkeypatch.setenv("CI", "true")
    with pytest.raises(EngineUnavailable, match="no environment"):
        bankrun()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="no environment"):
        bankrun()
