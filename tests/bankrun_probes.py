"""What bankrun does otherwise, asked of it directly: a script for its own environment.

``python bankrun_probes.py NAME`` says on its first line whether it still differs.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

from solders.account import Account
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

MINUTES = 500_000
"""Transactions that take longer to simulate than any second."""


async def started() -> Any:
    return await import_module("solders.bankrun").start()


def gift(context: Any, blockhash: Any, lamports: int) -> VersionedTransaction:
    """The payer sends lamports to itself."""
    payer = context.payer
    own = TransferParams(from_pubkey=payer.pubkey(), to_pubkey=payer.pubkey(), lamports=lamports)
    message = Message.new_with_blockhash([transfer(own)], payer.pubkey(), blockhash)
    return VersionedTransaction(message, [payer])


async def error_of(context: Any, transaction: VersionedTransaction) -> BaseException | None:
    try:
        await context.banks_client.process_transaction(transaction)
    except Exception as error:  # noqa: BLE001 (which class it is is not said)
        return error
    return None


async def blockhashes_age_in_real_time() -> bool:
    """Nothing is done, and yet the first blockhash becomes too old."""
    context = await started()
    client = context.banks_client
    first, _ = await client.get_latest_blockhash()
    for lamports in range(1, MINUTES):
        simulated = await client.simulate_transaction(gift(context, first, lamports))
        if simulated.result is not None:
            return str(simulated.result).endswith("BlockhashNotFound")
    return False


async def expiry_counts_hashes() -> bool:
    """Ten thousand slots pass at once, and the blockhash from before is still good."""
    context = await started()
    before, _ = await context.banks_client.get_latest_blockhash()
    context.warp_to_slot(10_000)
    return await error_of(context, gift(context, before, 1)) is None


async def a_warp_leaves_the_time() -> bool:
    """A thousand slots, which take a cluster some 400 seconds, take none."""
    context = await started()
    before = await context.banks_client.get_clock()
    context.warp_to_slot(1_000)
    after = await context.banks_client.get_clock()
    return bool(after.slot == 1_000 and after.unix_timestamp == before.unix_timestamp)


async def a_warp_after_accounts_were_put_panics() -> bool:
    context = await started()
    context.set_account(Keypair().pubkey(), Account(10**9, b"", Pubkey.default()))
    context.warp_to_slot(2)
    try:
        context.warp_to_slot(10)
    except BaseException as panic:  # noqa: BLE001 (a panic of Rust is no Exception)
        return "calculate_accounts_hash_with_verify mismatch" in str(panic)
    return False


async def a_forged_signature_is_taken() -> bool:
    context = await started()
    blockhash, _ = await context.banks_client.get_latest_blockhash()
    signed = gift(context, blockhash, 1)
    forged = VersionedTransaction.populate(signed.message, [Signature.default()])
    return await error_of(context, forged) is None


async def a_failure_is_an_exception_without_logs() -> bool:
    context = await started()
    blockhash, _ = await context.banks_client.get_latest_blockhash()
    error = await error_of(context, gift(context, blockhash, 2**63))
    text = "Error processing Instruction 0: custom program error: 0x1"
    return error is not None and error.args == (text,) and not hasattr(error, "logs")


async def two_banks_have_different_payers() -> bool:
    return bool((await started()).payer != (await started()).payer)


PROBES: dict[str, Callable[[], Coroutine[Any, Any, bool]]] = {
    "bankrun-real-time-ages-blockhashes": blockhashes_age_in_real_time,
    "bankrun-expiry-counts-hashes": expiry_counts_hashes,
    "bankrun-warp-leaves-the-time": a_warp_leaves_the_time,
    "bankrun-warp-panics-after-accounts-are-put": a_warp_after_accounts_were_put_panics,
    "bankrun-takes-forged-signatures": a_forged_signature_is_taken,
    "bankrun-failures-have-no-logs": a_failure_is_an_exception_without_logs,
    "bankrun-banks-are-random": two_banks_have_different_payers,
}

if __name__ == "__main__":
    found = asyncio.run(PROBES[sys.argv[1]]())
    print(json.dumps(found), flush=True)
    os._exit(0)  # bankrun may crash an interpreter that shuts down
