"""The built program: what is committed is what its hash says, and what its source builds to."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "programs" / "choir"
BUILT = ROOT / "choir_model" / "program" / "choir.so"


def test_the_committed_program_has_its_recorded_hash() -> None:
    recorded = BUILT.with_name("choir.so.sha256").read_text("ascii").split()
    assert recorded == [hashlib.sha256(BUILT.read_bytes()).hexdigest(), "choir.so"]


def test_the_generated_constants_are_those_of_the_idl() -> None:
    script = [sys.executable, str(SOURCE / "generate.py"), "--check"]
    run = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.nightly
@pytest.mark.skipif(shutil.which("cargo") is None, reason="needs a Rust tool chain")
def test_the_unit_tests_of_the_program_pass() -> None:
    run = subprocess.run(
        ["cargo", "test", "--locked"], cwd=SOURCE, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 failed" in run.stdout


@pytest.mark.nightly
def test_the_source_builds_to_the_committed_program_where_its_tool_chain_is_present() -> None:
    script = [sys.executable, str(SOURCE / "rebuild_check.py")]
    run = subprocess.run(script, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    if run.stdout.startswith("SKIPPED"):
        pytest.skip(run.stdout.strip())
    assert run.stdout.startswith("SAME")
