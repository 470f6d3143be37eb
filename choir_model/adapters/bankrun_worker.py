"""One bank of bankrun, driven by lines of JSON: a script for an environment of its own.

Theory of operation
-------------------
bankrun lives in a version of solders that cannot be installed beside the one LiteSVM lives
in.  `BankrunLedger` therefore starts this file with the Python of another environment and
speaks to it over a socket, given as standard input: a line ``[operation, argument, …]`` in,
a line ``{"result": …}`` or ``{"error": "one line"}`` out.  Bytes travel as hexadecimal text.
Only the standard library and solders are imported.

It never outlives its parent for long: it ends where its input ends, and whoever keeps it
waiting inside bankrun longer than its patience, it ends without.  It leaves by ``os._exit``,
because bankrun may crash an interpreter that shuts down.
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import shutil
import signal
import sys
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

SOLDERS = "0.24.0"
"""The last version that has bankrun."""
LOADER = "BPFLoader2111111111111111111111111111111111"
FORGOTTEN = "Blockhash not found"
"""What running a transaction says whose blockhash is too old."""
RENEWAL = 0.2
"""Seconds a blockhash is used for; the bank remembers it for about one."""
FORWARDED = 10
"""Slots for longer than which no bank still processes what its simulation calls too old (6)."""


class Bank:
    """What the adapter can ask; every public method is an operation, its result JSON."""

    context: Any
    client: Any

    def __init__(self) -> None:
        self.fees: dict[int, int] = {}
        self.hash, self.renewed = "", 0.0
        self.expired: set[str] = set()

    async def start(self, program: str, code: str) -> dict[str, Any]:
        """A new bank with one program; whether it could be loaded, and a first blockhash."""
        from solders.account import Account
        from solders.pubkey import Pubkey

        size = len(code) // 2
        address = Pubkey(bytes.fromhex(program))
        loader = Pubkey.from_string(LOADER)
        account = Account(10**7 * (size + 128), bytes.fromhex(code), loader, executable=True)
        bankrun = import_module("solders.bankrun")  # unknown to the types of later versions
        self.context = await bankrun.start(accounts=[(address, account)])
        self.client = self.context.banks_client
        refused = "Program is not deployed" in (await self._probe(address)).meta.log_messages
        return {"loaded": not refused, "blockhash": await self._recent(fresh=True)}

    async def rent(self, size: int) -> int:
        """Lamports an account of `size` bytes must hold."""
        lamports: int = (await self.client.get_rent()).minimum_balance(size)
        return lamports

    async def read(self, addresses: list[str]) -> list[list[Any] | None]:
        """Accounts as owner, data and lamports; None where there is none."""
        from solders.pubkey import Pubkey

        keys = [Pubkey(bytes.fromhex(address)) for address in addresses]
        found = await asyncio.gather(*map(self.client.get_account, keys))
        return [a and [bytes(a.owner).hex(), a.data.hex(), a.lamports] for a in found]

    async def put(self, accounts: list[list[Any]]) -> None:
        """Put accounts: address, owner, data, lamports; without lamports they go."""
        from solders.account import Account
        from solders.pubkey import Pubkey

        for address, owner, data, lamports in accounts:
            account = Account(lamports, bytes.fromhex(data), Pubkey(bytes.fromhex(owner)))
            self.context.set_account(Pubkey(bytes.fromhex(address)), account)

    async def send(self, transaction: str, watched: list[str], stale: bool) -> dict[str, Any]:
        """Run a transaction; what became of it, and `watched` as they are afterwards.

        A failure is an exception that holds a text and no logs.  Each transaction is
        therefore simulated first, which changes nothing and gives both.  One whose
        blockhash the simulation calls too old is run only if that is what is wanted
        (`stale`): the bank itself would still take it for some slots.
        """
        from solders.transaction import VersionedTransaction

        signed = VersionedTransaction.from_bytes(bytes.fromhex(transaction))
        simulated = await self.client.simulate_transaction(signed)
        meta, error, landed = simulated.meta, None, True
        try:
            if _forgotten(simulated.result) and not stale:
                error, landed = _told(simulated.result, FORGOTTEN), False
            else:
                meta = await self.client.process_transaction(signed)
        except Exception as failure:
            if type(failure).__name__ != "TransactionError":
                raise
            error = _told(simulated.result, str(failure))
            landed = bool(meta.log_messages) or await self._landed(signed.signatures[0])
            landed = landed and error["text"] != "AlreadyProcessed"
        return {
            "error": error,
            "landed": landed,
            "logs": meta.log_messages,
            "units": meta.compute_units_consumed,
            "fee": await self._fee(signed.message) if landed else 0,
            "images": await self.read(watched),
            "blockhash": await self._recent(fresh=error is not None and not landed),
        }

    async def _landed(self, signature: Any) -> bool:
        """Whether the bank has processed a transaction, with success or without."""
        return await self.client.get_transaction_status(signature) is not None

    async def _fee(self, message: Any) -> int:
        """Lamports a message costs, which here depends on its signatures alone."""
        signatures = message.header.num_required_signatures
        if signatures not in self.fees:
            self.fees[signatures] = await self.client.get_fee_for_message(message)
        return self.fees[signatures]

    async def _recent(self, *, fresh: bool) -> str:
        """A blockhash the bank remembers for a while; the newest if `fresh`."""
        if fresh or time.monotonic() > self.renewed + RENEWAL:
            hash_, _ = await self.client.get_latest_blockhash()
            self.hash, self.renewed = bytes(hash_).hex(), time.monotonic()
        return self.hash

    async def age(self, blockhash: str) -> None:
        """Let slots pass, one by one, until a blockhash is too old; the clock stands still."""
        from solders.hash import Hash
        from solders.pubkey import Pubkey

        if blockhash in self.expired:
            return
        clock = await self.client.get_clock()
        hash_ = Hash(bytes.fromhex(blockhash))
        while not str((await self._probe(Pubkey.default(), hash_)).result).endswith(
            "BlockhashNotFound"
        ):
            await self._pass_slot()
        for _ in range(FORWARDED):
            await self._pass_slot()
        self.context.set_clock(clock)
        self.expired.add(blockhash)

    async def clock(self) -> list[int]:
        """Slot, epoch and unix timestamp as programs see them."""
        clock = await self.client.get_clock()
        return [clock.slot, clock.epoch, clock.unix_timestamp]

    async def set_clock(self, slot: int, epoch: int, timestamp: int, new_block: bool) -> None:
        """Set what programs see; with `new_block`, on a new bank above the old one."""
        from solders.clock import Clock

        if new_block:
            await self._pass_slot()
        self.context.set_clock(Clock(slot, 0, epoch, epoch + 1, timestamp))

    async def _pass_slot(self) -> None:
        # One by one: a warp further than that verifies a sum of lamports that accounts put
        # from outside have falsified, and panics.
        self.context.warp_to_slot(await self.client.get_slot() + 1)

    async def _probe(self, program: Any, blockhash: Any = None) -> Any:
        """What a simulated transaction without any data comes to."""
        from solders.instruction import Instruction
        from solders.message import Message
        from solders.transaction import VersionedTransaction

        payer = self.context.payer
        if blockhash is None:
            blockhash, _ = await self.client.get_latest_blockhash()
        empty = [Instruction(program, b"", [])]
        message = Message.new_with_blockhash(empty, payer.pubkey(), blockhash)
        return await self.client.simulate_transaction(VersionedTransaction(message, [payer]))


def _forgotten(error: Any) -> bool:
    return str(error).endswith("BlockhashNotFound")


def _told(error: Any, text: str) -> dict[str, Any]:
    """What a simulation said, as texts and, where a program gave one, its number.

    `text` is what running it said.  It can differ, as blockhashes age between the two; then
    it is what counts.
    """
    inner = getattr(error, "err", None)
    told = str(error) if inner is not None else str(error).rsplit(".", 1)[-1]
    if text == FORGOTTEN:
        inner, told = None, "BlockhashNotFound"
    elif error is None or _forgotten(error):
        inner, told = None, text
    instruction = None if inner is None else str(inner)
    return {"text": told, "instruction": instruction, "code": getattr(inner, "code", None)}


def installed() -> str | None:
    """The version of solders this interpreter finds, if any."""
    try:
        return version("solders")
    except PackageNotFoundError:
        return None


async def serve(fd: int, patience: float, quiet: int) -> None:
    """Answer line by line until there are no more."""
    bank = Bank()
    with os.fdopen(fd, "rb") as asked, os.fdopen(os.dup(fd), "wb") as answers:
        if installed() != SOLDERS:
            answers.write(b'{"error": "it has no solders %s"}\n' % SOLDERS.encode())
            return
        answers.write(b'{"result": null}\n')
        answers.flush()
        for line in asked:
            faulthandler.dump_traceback_later(patience, exit=True, file=quiet)
            operation, *arguments = json.loads(line)
            try:
                answer = {"result": await getattr(bank, operation)(*arguments)}
            except BaseException as error:  # noqa: BLE001 (a panic of Rust is no Exception)
                told = " ".join(str(error).split())
                answer = {"error": f"{operation}: {type(error).__name__}: {told}"}
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()
            faulthandler.cancel_dump_traceback_later()


def main() -> None:
    """Serve the socket at standard input; arguments: patience in seconds, a folder to use."""
    patience, folder = float(sys.argv[1]), sys.argv[2]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to end
    os.environ["RUST_LOG"] = "off"
    fd, quiet = os.dup(0), os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(quiet, standard)
    os.environ["TMPDIR"] = folder  # where the bank makes its files, and leaves them
    try:
        asyncio.run(serve(fd, patience, quiet))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)


if __name__ == "__main__":
    main()
