"""Every registered divergence still diverges; when one does not, its work-around may go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import qdrant_edge
from solders.account import Account
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import TransactionMetadata

from choir_model.adapters.divergences import DIVERGENCES

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
    "edge-booleans-never-match": a_filter_for_true_misses_a_boolean,
    "edge-loads-without-its-segments": a_shard_without_segments_opens_empty,
}


def test_every_divergence_has_a_probe() -> None:
    assert set(PROBES) == {divergence.id for divergence in DIVERGENCES}


@pytest.mark.parametrize("name", sorted(PROBES))
def test_it_still_differs(name: str, tmp_path: Path) -> None:
    assert PROBES[name](tmp_path), f"{name}: upstream has changed; remove the divergence"
