"""What the real engines are asked during a run, recorded; and asked again of fresh engines.

A `Tape` stands between an adapter and its engine object and writes down every call with its
arguments: signed transactions, update operations, search requests as the adapter made them.
`replay` calls the bare engine with the same objects in the same order, with nothing between.
The same is done one level higher, with the calls a pair makes of its adapters.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from choir_model.adapters.edge import EdgeContent
from choir_model.adapters.litesvm import LiteSvmLedger

ENGINES = ("litesvm", "edge")
SEND = "send_transaction"


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of an engine, and the gist of its answer; or of an adapter, without."""

    engine: str
    method: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    answer: object


@dataclass(slots=True)
class Tape:
    """Every call of the engines listened to, in order."""

    calls: list[Asked] = field(default_factory=list)

    def between(self, name: str, engine: Any) -> Any:
        """What behaves like `engine` and records how it is called."""
        return _Listening(self, name, engine)

    def methods(self) -> dict[str, int]:
        """How often each method was called."""
        counts = Counter(f"{asked.engine}.{asked.method}" for asked in self.calls)
        return dict(sorted(counts.items()))

    def transactions(self) -> dict[str, int]:
        """How many of the transactions sent were confirmed, and rejected."""
        return outcomes(asked.answer for asked in self.calls if asked.method == SEND)


class _Listening:
    def __init__(self, tape: Tape, name: str, engine: Any) -> None:
        self._tape = tape
        self._name = name
        self._engine = engine

    def __getattr__(self, method: str) -> Any:
        called, calls, name = getattr(self._engine, method), self._tape.calls, self._name
        if not callable(called):
            return called

        def listening(*arguments: Any, **keywords: Any) -> Any:
            answer = called(*arguments, **keywords)
            said = gist(method, answer) if name in ENGINES else None
            calls.append(Asked(name, method, arguments, keywords, said))
            return answer

        return listening


class Engines:
    """Makes adapters with fresh engines.

    `tape` records what the engines are asked, `port_tape` what the adapters are asked.
    """

    def __init__(self, tape: Tape | None = None, port_tape: Tape | None = None) -> None:
        self._tape = tape
        self._port_tape = port_tape
        self.adapters: dict[str, Any] = {}
        self._stores: list[EdgeContent] = []
        self.bare: dict[str, Any] = {}
        self.keys: dict[bytes, Any] = {}

    def ledger(self) -> Any:
        """LiteSVM with the program loaded."""
        ledger = LiteSvmLedger()
        self.bare["litesvm"] = ledger.svm
        self.keys = ledger._keys  # noqa: SLF001
        if self._tape is not None:
            ledger.svm = self._tape.between("litesvm", ledger.svm)
        return self._adapter("ledger", ledger)

    def store(self) -> Any:
        """Qdrant Edge in a temporary directory."""
        store = EdgeContent()
        self._stores.append(store)
        shard = store._shard  # noqa: SLF001 (the engine itself is what is measured)
        self.bare["edge"] = shard._shard  # noqa: SLF001
        if self._tape is not None:
            shard._shard = self._tape.between("edge", shard._shard)  # noqa: SLF001
        return self._adapter("store", store)

    def _adapter(self, name: str, adapter: Any) -> Any:
        self.adapters[name] = adapter
        return adapter if self._port_tape is None else self._port_tape.between(name, adapter)

    def close(self) -> None:
        """Release the directories."""
        while self._stores:
            self._stores.pop().close()


def replay(calls: list[Asked], engines: dict[str, Any]) -> float:
    """Seconds the engines, or adapters, take for the same calls; their answers are dropped."""
    prepared = _prepared(calls, engines)
    gc.collect()
    start = time.perf_counter()
    for function, arguments, keywords in prepared:
        function(*arguments, **keywords)
    return time.perf_counter() - start


def sign(calls: list[Asked], keys: dict[bytes, Any]) -> float:
    """Seconds the engine's own package takes to sign what was sent, each transaction once."""
    sent = {id(asked.arguments[0]): asked.arguments[0] for asked in calls if asked.method == SEND}
    messages = [transaction.message for transaction in sent.values()]
    prepared = [
        (message, [keys[bytes(m)] for m in message.account_keys[: _signers(message)]])
        for message in messages
    ]
    gc.collect()
    start = time.perf_counter()
    for message, signers in prepared:
        text = bytes(message)
        for key in signers:
            key.sign_message(text)
    return time.perf_counter() - start


def _signers(message: Any) -> int:
    count: int = message.header.num_required_signatures
    return count


def differing_answers(calls: list[Asked], engines: dict[str, Any]) -> list[str]:
    """Calls that the bare engines answer otherwise than was recorded; not timed."""
    prepared = zip(calls, _prepared(calls, engines), strict=True)
    return [
        f"{asked.engine}.{asked.method}, call {number}"
        for number, (asked, (function, arguments, keywords)) in enumerate(prepared)
        if gist(asked.method, function(*arguments, **keywords)) != asked.answer
    ]


def _prepared(
    calls: list[Asked], engines: dict[str, Any]
) -> list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]]:
    methods = {
        (asked.engine, asked.method): getattr(engines[asked.engine], asked.method)
        for asked in calls
    }
    return [(methods[a.engine, a.method], a.arguments, a.keywords) for a in calls]


def gist(method: str, answer: Any) -> object:
    """What two answers to the same call must have in common, as a small value.

    Everything, except in a search: of equal scores the engine may return any.
    """
    if method == SEND:
        failed = type(answer).__name__ == "FailedTransactionMetadata"
        meta = answer.meta() if failed else answer
        return ("rejected" if failed else "confirmed"), hash(tuple(meta.logs()))
    if method == "search":
        return tuple(sorted(point.score for point in answer))
    if method == "get_account":
        return answer and hash((answer.lamports, answer.data, bytes(answer.owner)))
    if method == "get_program_accounts":
        return hash(frozenset((bytes(address), account.data) for address, account in answer))
    if method == "info":
        return tuple(sorted(answer.payload_schema))  # which is all that is asked for
    return hash(repr(answer))


def outcomes(gists: Any) -> dict[str, int]:
    """How many transactions were confirmed and rejected, by the gists of their answers."""
    return dict(sorted(Counter(gist[0] for gist in gists).items()))
