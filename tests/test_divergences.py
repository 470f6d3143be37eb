"""Every registered divergence still diverges; when one does not, its work-around may go."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import qdrant_edge
from bankrun_world import bankrun, environment
from ledger_world import World
from solders.account import Account
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import TransactionMetadata

from choir_model.adapters.divergences import DIVERGENCES
from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.adapters.solana import PACKET_BYTES
from choir_model.ports.ledger import Confirmed, Foreign, Rejected
from choir_model.program import addresses, calls
from choir_model.program.calls import Call, Meta

Probe = Callable[[Path], bool]
POINT = "00000000-0000-0000-0000-000000000001"


def a_blockhash_survives_a_year_of_slots(_: Path) -> bool:
    vm, payer = LiteSVM(), Keypair.from_seed(bytes(32))
    vm.set_account(payer.pubkey(), Account(10**12, b"", Pubkey.default()))
    hash_ = vm.latest_blockhash()
    vm.warp_to_slot(vm.get_clock().slot + 80_000_000)
    gift = transfer(
        TransferParams(from_pubkey=payer.pubkey(), to_pubkey=Keypair().pubkey(), lamports=10**9)
    )
    message = Message.new_with_blockhash([gift], payer.pubkey(), hash_)
    result = vm.send_transaction(VersionedTransaction(message, [payer]))
    return isinstance(result, TransactionMetadata)


def a_warp_moves_the_slot_alone(_: Path) -> bool:
    vm = LiteSVM()
    before = vm.get_clock()
    vm.warp_to_slot(before.slot + 10_000_000)
    after = vm.get_clock()
    vm.warp_to_slot(before.slot)
    stayed = (after.epoch, after.unix_timestamp) == (before.epoch, before.unix_timestamp)
    return stayed and after.slot != before.slot == vm.get_clock().slot


def the_newest_blockhash_alone_is_known(_: Path) -> bool:
    world = World(LiteSvmLedger)
    stale = world.ledger.execute_stale(world.message_call(0, "hello"), world.wallet(0))
    return isinstance(stale, Rejected) and stale.reason is Foreign.BLOCKHASH_NOT_FOUND


def more_than_a_packet_runs(_: Path) -> bool:
    world = World(LiteSvmLedger)
    assert isinstance(world.ledger, LiteSvmLedger)
    call = calls.token_transfer(world.wallet(0), world.token(0), world.token(1), 1)
    more = tuple(Meta(bytes([number]) * 32, False, False) for number in range(30, 62))
    long = Call(call.name, call.program, (*call.accounts, *more), call.data)
    length = world.ledger.transaction_bytes(long, world.wallet(0))
    return length > PACKET_BYTES and isinstance(
        world.ledger.execute(long, world.wallet(0)), Confirmed
    )


def its_spl_token_is_the_older_one(_: Path) -> bool:
    units = []
    for make in (LiteSvmLedger, bankrun):
        world = World(make)
        owner, account = world.wallet(0), world.token(0)
        moved = world.ledger.execute(calls.token_transfer(owner, account, account, 1), owner)
        assert isinstance(moved, Confirmed)
        units.append(moved.compute_units or 0)
    same = calls.token_set_owner(owner, account, owner)
    metas = tuple(Meta(m.address, m.signer, False) for m in same.accounts)
    read_only = Call(same.name, addresses.TOKEN, metas, same.data)
    return units[1] > 10 * units[0] and world.refused(read_only, world.cast.crank) is (
        Foreign.READ_ONLY
    )


def of_bankrun(name: str, directory: Path) -> bool:
    """Asked of bankrun itself, in its own environment."""
    script = Path(__file__).parent / "bankrun_probes.py"
    done = subprocess.run(
        [environment(), "-I", script, name],
        env={**os.environ, "RUST_LOG": "off", "TMPDIR": str(directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return json.loads(done.stdout) is True


def _shard(directory: Path) -> qdrant_edge.EdgeShard:
    directory.mkdir()
    size, distance = 1, qdrant_edge.Distance.Dot
    config = qdrant_edge.EdgeConfig(
        vectors=qdrant_edge.EdgeVectorParams(size=size, distance=distance)
    )
    shard = qdrant_edge.EdgeShard.create(str(directory), config)
    point = qdrant_edge.Point(POINT, [1.0], {"flag": True})
    shard.update(qdrant_edge.UpdateOperation.upsert_points([point]))
    return shard


def a_filter_for_true_misses_a_boolean(directory: Path) -> bool:
    shard = _shard(directory / "shard")
    match = qdrant_edge.MatchValue(True)
    condition = qdrant_edge.FieldCondition("flag", match=match)
    request = qdrant_edge.CountRequest(exact=True, filter=qdrant_edge.Filter(must=[condition]))
    found = shard.count(request)
    shard.close()
    return found == 0


def a_shard_without_segments_opens_empty(directory: Path) -> bool:
    shard = _shard(directory / "shard")
    shard.flush()
    shard.close()
    shutil.rmtree(directory / "shard" / "segments")
    shutil.rmtree(directory / "shard" / "wal")
    opened = qdrant_edge.EdgeShard.load(str(directory / "shard"))
    held = opened.count(qdrant_edge.CountRequest(exact=True))
    opened.close()
    return held == 0


PROBES: dict[str, Probe] = {
    "litesvm-blockhash-never-ages": a_blockhash_survives_a_year_of_slots,
    "litesvm-warp-moves-the-slot-only": a_warp_moves_the_slot_alone,
    "litesvm-knows-one-blockhash": the_newest_blockhash_alone_is_known,
    "litesvm-runs-what-no-packet-holds": more_than_a_packet_runs,
    **{
        f"bankrun-{name}": partial(of_bankrun, f"bankrun-{name}")
        for name in (
            "real-time-ages-blockhashes",
            "expiry-counts-hashes",
            "warp-leaves-the-time",
            "warp-panics-after-accounts-are-put",
            "takes-forged-signatures",
            "failures-have-no-logs",
            "banks-are-random",
        )
    },
    "bankrun-classic-spl-token": its_spl_token_is_the_older_one,
    "edge-booleans-never-match": a_filter_for_true_misses_a_boolean,
    "edge-loads-without-its-segments": a_shard_without_segments_opens_empty,
}


def test_every_divergence_has_a_probe() -> None:
    assert set(PROBES) == {divergence.id for divergence in DIVERGENCES}


@pytest.mark.parametrize("name", sorted(PROBES))
def test_it_still_differs(name: str, tmp_path: Path) -> None:
    assert PROBES[name](tmp_path), f"{name}: upstream has changed; remove the divergence"
