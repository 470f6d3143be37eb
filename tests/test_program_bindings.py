"""The program's interface: what is generated from the IDL, its bytes, and addresses."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import struct
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from choir_model.domain.identity import RecordKey
from choir_model.engine import Record
from choir_model.ledger.cells import ConfigAccount, RecordAccount, ThreadAccount
from choir_model.program import addresses, bindings, generate
from choir_model.program.addresses import PROGRAM, base58, base58_decode, derive
from choir_model.program.bindings import ACCOUNTS, EVENTS, INSTRUCTIONS, Reason
from choir_model.program.layout import DecodeError, EncodeError, Layout

IDL: dict[str, Any] = json.loads(generate.SOURCE.read_text("utf-8"))
ROOT = Path(__file__).parent.parent
LAYOUTS = [
    *ACCOUNTS.values(),
    *EVENTS.values(),
    *(spec.arguments for spec in INSTRUCTIONS.values()),
]
by_name = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)

# Generated files


def test_the_bindings_are_those_of_the_interface(capsys: pytest.CaptureFixture[str]) -> None:
    text = generate.SOURCE.read_text("utf-8")
    assert generate.render(text) == generate.TARGET.read_text("utf-8")
    assert generate.main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_a_difference_is_told_and_generating_removes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "bindings.py"
    target.write_text("something else", "utf-8")
    monkeypatch.setattr(generate, "TARGET", target)
    assert generate.main(["--check"]) == 1
    assert "run python -m choir_model.program.generate" in capsys.readouterr().out
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_the_constants_of_the_on_chain_program_are_those_of_the_interface() -> None:
    script = ROOT / "programs" / "choir" / "generate.py"
    if not script.exists():
        pytest.skip("the sources of the on-chain program are not here")
    ran = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


# Discriminators and names


def tag(text: str) -> list[int]:
    return list(hashlib.sha256(text.encode()).digest()[:8])


@pytest.mark.parametrize(
    ("kind", "prefix"), [("instructions", "global"), ("accounts", "account"), ("events", "event")]
)
def test_discriminators_follow_the_convention_of_the_format(kind: str, prefix: str) -> None:
    """The first 8 bytes of SHA-256 of a prefix and the name, all of them different."""
    for item in IDL[kind]:
        assert item["discriminator"] == tag(f"{prefix}:{item['name']}"), item["name"]
    tags = [
        bytes(i["discriminator"]) for k in ("instructions", "accounts", "events") for i in IDL[k]
    ]
    assert len(set(tags)) == len(tags)


def test_error_codes_begin_at_6000_without_gap_in_the_order_of_the_guards() -> None:
    """L3."""
    assert [reason.value for reason in Reason] == list(range(6000, 6000 + len(Reason)))
    guards = [int(re.findall(r"guard (\d)", error["msg"])[0]) for error in IDL["errors"]]
    assert guards == sorted(guards)


BUMPS = {"bump", "treasury_bump", "stake_bump", "escrow_bump", "balance_bump"}


@pytest.mark.parametrize(
    ("kind", "cells", "derived"),
    [
        (bindings.Config, ConfigAccount, BUMPS),
        (bindings.Thread, ThreadAccount, BUMPS | {"co_author_count"}),
        (bindings.Record, RecordAccount, BUMPS),
    ],
)
def test_account_fields_are_the_cells_of_the_reference(
    kind: type, cells: type[Record], derived: set[str]
) -> None:
    """L2: but for what follows from the rest: bumps from seeds, the count from the seats."""
    fields = [f.name.removeprefix(f"{cells.record_name}.") for f in cells.fields]
    assert fields == [n for n in ACCOUNTS[kind].names if n not in derived]


def test_events_begin_with_thread_and_numbers() -> None:
    """L6."""
    head = ("thread", "sequence", "first_sequence", "last_sequence")
    assert {layout.names[:4] for layout in EVENTS.values()} == {head}


# Layouts

NUMBERS = {"u8": (0, 2**8), "u32": (0, 2**32), "u64": (0, 2**64), "i64": (-(2**63), 2**63)}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of an IDL type."""
    if isinstance(kind, str):
        if kind == "pubkey":
            return st.binary(min_size=32, max_size=32)
        low, high = NUMBERS[kind]
        return st.integers(low, high - 1)
    if "array" in kind:
        item, count = kind["array"]
        if item == "u8":
            return st.binary(min_size=count, max_size=count)
        return st.tuples(*[values(item)] * count)
    made = getattr(bindings, kind["defined"]["name"])
    if issubclass(made, Enum):
        return st.sampled_from(made)
    spec = next(t for t in IDL["types"] if t["name"] == made.__name__)
    return st.builds(made, **{f["name"]: values(f["type"]) for f in spec["type"]["fields"]})


def fields_of(layout: Layout) -> list[dict[str, Any]]:
    for instruction in IDL["instructions"]:
        if instruction["name"] == layout.name:
            return list(instruction["args"])
    spec = next(t for t in IDL["types"] if t["name"] == layout.name)
    return list(spec["type"]["fields"])


@by_name
@settings(max_examples=25, derandomize=True, database=None, deadline=None)
@given(data=st.data())
def test_every_layout_reads_what_it_writes(layout: Layout, data: st.DataObject) -> None:
    fields = {f["name"]: values(f["type"]) for f in fields_of(layout)}
    assert tuple(fields) == layout.names
    value = layout.made(**data.draw(st.fixed_dictionaries(fields)))
    written = layout.encode(value)
    assert len(written) == layout.size == len(layout.discriminator) + sum(layout.sizes.values())
    assert written[:8] == layout.discriminator or not layout.discriminator
    assert layout.decode(written) == value
    for damaged in (written + b"\0", written[:-1]):
        if damaged != written:
            with pytest.raises(DecodeError, match=f"{len(damaged)} bytes instead of"):
                layout.decode(damaged)


def test_bytes_are_borsh_of_the_fields_in_order() -> None:
    """Little-endian, packed; an enumeration is one byte, an array its items."""
    claimed = bindings.ShareClaimed(b"t" * 32, 1, 2, 3, b"a" * 32, b"h" * 32, b"b" * 32, 2**64 - 2)
    parts = [b"t" * 32, struct.pack("<QQQ", 1, 2, 3), b"a" * 32, b"h" * 32, b"b" * 32]
    parts.append(struct.pack("<Q", 2**64 - 2))
    layout = EVENTS[bindings.ShareClaimed]
    assert layout.encode(claimed) == layout.discriminator + b"".join(parts)


def test_a_wrong_discriminator_or_enumerator_is_named() -> None:
    layout = EVENTS[bindings.ApprovalReceived]
    written = layout.encode(
        bindings.ApprovalReceived(
            bytes(32), 1, 1, 1, bytes(32), bytes(32), bytes(32), bindings.Decision.DENY
        )
    )
    with pytest.raises(DecodeError, match="ApprovalReceived: wrong discriminator 00"):
        layout.decode(bytes(8) + written[8:])
    with pytest.raises(DecodeError, match="decision: 2 is no Decision"):
        layout.decode(written[:-1] + b"\2")
    design = INSTRUCTIONS["initialize"].arguments
    with pytest.raises(DecodeError, match="rejection: 9 is no Rejection"):
        design.decode(b"\0\x09" + bytes(design.size - 2))


def test_a_number_that_does_not_fit_is_not_written() -> None:
    with pytest.raises(EncodeError, match="out of range"):
        INSTRUCTIONS["create_thread"].arguments.encode({"nonce": 2**64})


def test_seats_not_taken_are_zeros() -> None:
    layout = ACCOUNTS[bindings.Thread]
    empty = {f.name: 0 for f in dataclasses.fields(bindings.Thread)}
    value = layout.decode(
        layout.encode(empty | {"creator": bytes(32), "seats": (b"s" * 32,), "peaks": ()})
    )
    assert value.seats == (b"s" * 32, *[bytes(32)] * 31)


# Addresses

seeds_ = st.lists(st.binary(max_size=32), max_size=6)
quick = settings(max_examples=150, derandomize=True, database=None, deadline=None)


@quick
@given(seeds=seeds_)
def test_program_addresses_are_those_of_solana(seeds: list[bytes]) -> None:
    """L2: against an independent implementation, bump included."""
    address, bump = Pubkey.find_program_address(seeds, Pubkey(PROGRAM))
    assert derive(*seeds) == (bytes(address), bump)


@quick
@given(data=st.binary(min_size=32, max_size=32), zeros=st.integers(0, 32))
def test_base58_is_that_of_explorers(data: bytes, zeros: int) -> None:
    data = bytes(zeros) + data[zeros:]
    text = base58(data)
    assert text == str(Pubkey(data))
    assert base58_decode(text) == data


@pytest.mark.parametrize("text", ["", "1" * 31, "1" * 33, "0" * 32, "l" * 43, "z" * 44, "ä"])
def test_text_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        base58_decode(text)


def test_every_account_lives_where_the_interface_says() -> None:
    """L2: the IDL's seeds, by solders."""
    program, thread = Pubkey(PROGRAM), b"\7" * 32
    key = RecordKey(thread, b"\3" * 32, b"\4" * 32)
    where = {
        addresses.config(): [b"config"],
        addresses.treasury(): [b"treasury"],
        addresses.thread(b"\1" * 32, 258): [b"thread", b"\1" * 32, b"\2\1" + bytes(6)],
        addresses.stake_vault(thread): [b"stake", thread],
        addresses.escrow_vault(thread): [b"escrow", thread],
        addresses.balance_vault(thread): [b"balance", thread],
        addresses.record(key): [b"record", thread, key.author, key.hash],
    }
    for address, seeds in where.items():
        assert address == bytes(Pubkey.find_program_address(seeds, program)[0])
    assert base58(PROGRAM) == IDL["address"]
