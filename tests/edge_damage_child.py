"""Owns shards that are to be killed or were damaged: run as a script, one command per line.

It forks for every command, so that an engine that aborts, hangs or is killed takes nobody
along.  Lines in: JSON.  Lines out: what the forked child says, and last its exit status.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import random
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from choir_model.adapters.edge import EdgeContent
from choir_model.content.scrub import Condition, ScrubReport, nothing_left, scrub
from choir_model.domain.identity import RecordKey, content_hash
from choir_model.domain.lifecycle import Privacy, Status
from choir_model.ports.content import (
    Deleted,
    Found,
    Index,
    Listing,
    Message,
    Refused,
    Results,
    StoreError,
    Viewer,
)
from choir_model.ports.embeddings import HashedWords

PEOPLE = [bytes([n]) * 32 for n in (1, 2, 3)]
THREADS = [bytes([n]) * 32 for n in (4, 5)]
MEMBERS = {thread: (tuple(PEOPLE[:2]), 7) for thread in THREADS}
EMBED = HashedWords().embed
SECONDS = 30
Story = list[tuple[Any, ...]]


def originals(seed: int, count: int) -> list[Message]:
    """What is stored, as its authors have it."""
    rng = random.Random(f"originals {seed}")
    made = []
    for n in range(count):
        text = f"message {n}: " + " ".join(
            rng.choices(["river", "song", "of", "lost", "words"], k=6)
        )
        key = RecordKey(rng.choice(THREADS), rng.choice(PEOPLE), content_hash(text))
        made.append(Message(key, text, Status.PENDING, rng.choice(list(Privacy)), 1_000 + n))
    return made


def story(seed: int, count: int, flushes: str, end: int) -> Story:
    """Operations on a store; `end`: the place of the last flush where `flushes` is ``last``."""
    rng = random.Random(f"story {seed}")
    told: Story = []
    pending: list[int] = []
    for n in range(count):
        told.append(("upsert", n))
        pending.append(n)
        if rng.random() < 0.5:
            settled = pending.pop(rng.randrange(len(pending)))
            status = rng.choice([Status.PUBLISHED, Status.REJECTED, Status.EXPIRED])
            told.append(("status", settled, status.value))
        if pending and rng.random() < 0.15:
            told.append(("delete", pending.pop(rng.randrange(len(pending)))))
        if rng.random() < 0.1:
            told.append(("optimize",))
        if flushes == "some" and rng.random() < 0.2:
            told.append(("flush",))
    if flushes == "last":
        told.insert(end, ("flush",))
    return told


def write(directory: str, wal: bool, seed: int, count: int, flushes: str, end: int) -> None:
    """Tell the story to a new store, acknowledging each operation; then wait to be killed."""
    store = EdgeContent(directory, wal=wal)
    for thread, (members, sequence) in MEMBERS.items():
        store.put_thread(thread, members, sequence)
    store._shard._shard.flush()
    told, contents = story(seed, count, flushes, end), originals(seed, count)
    for place, (what, *about) in enumerate(told):
        answer: object = None
        if what == "upsert":
            answer = store.upsert(contents[about[0]], EMBED(contents[about[0]].content))
        elif what == "status":
            answer = store.set_status(contents[about[0]].key, Status(about[1]))
        elif what == "delete":
            answer = store.delete(contents[about[0]].key)
        else:
            getattr(store._shard._shard, what)()
        assert not isinstance(answer, Refused)
        assert answer != Deleted(found=False)
        say("done", place)
    say("over")
    signal.pause()


def prepare(directory: str, wal: bool, seed: int, count: int, closed: bool) -> None:
    """The same, up to the end: closed in good order, or left as a killed process leaves it."""
    store = EdgeContent(directory, wal=wal)
    for thread, (members, sequence) in MEMBERS.items():
        store.put_thread(thread, members, sequence)
    for n, message in enumerate(originals(seed, count)):
        store.upsert(message, EMBED(message.content))
        store.set_status(message.key, Status.PUBLISHED)
        if n == count // 2:
            store._shard._shard.flush()
    if closed:
        store.close()
    os.kill(os.getpid(), signal.SIGKILL)


def examine(
    directory: str, wal: bool, seed: int, count: int, statuses: dict[str, str], answer: str
) -> None:
    """Open, scrub, take down what is served, repair, scrub again; all of it to `answer`."""
    contents = originals(seed, count)
    expected = {contents[int(n)].key: Status(status) for n, status in statuses.items()}
    try:
        store = EdgeContent(directory, wal=wal)
    except StoreError as error:
        found = nothing_left(expected, MEMBERS, error)
        told: dict[str, Any] = {"opened": False, "report": found}
    else:
        report = scrub(store, expected, MEMBERS, EMBED)
        served, hits = serve(store, contents)
        told = {"opened": True, "report": report, "served": served, "hits": hits}
        with contextlib.suppress(StoreError):
            repair(store, report, contents, expected)
            told |= {"repaired": "in place", "again": scrub(store, expected, MEMBERS, EMBED)}
        with contextlib.suppress(StoreError):
            store.close()
    if "again" not in told:
        told |= {"repaired": "elsewhere"}
        with EdgeContent(directory + ".new", wal=wal) as store:
            repair(store, scrub(store, expected, MEMBERS, EMBED), contents, expected)
            told["again"] = scrub(store, expected, MEMBERS, EMBED)
    Path(answer).write_bytes(pickle.dumps(told))


def serve(store: EdgeContent, contents: Iterable[Message]) -> tuple[list[Any], list[Any]]:
    """Every message and hit that anybody is given, by any way to ask."""
    served: list[Any] = []
    hits: list[Any] = []
    for viewer in (*map(Viewer, PEOPLE), Viewer(b"\x09" * 32, premium=True)):
        for n, message in enumerate(contents):
            got = asked(store.get, viewer, message.key)
            if isinstance(got, Found):
                served.append((viewer, None, got.message))
            if n % 4:
                continue
            found = asked(store.search, viewer, EMBED(message.content), 3)
            if isinstance(found, Results):
                hits += [(message.content, hit.key, hit.score) for hit in found.hits]
        for thread in THREADS:
            listed = asked(store.list_thread, viewer, thread)
            if isinstance(listed, Listing):
                served += [(viewer, thread, message) for message in listed.messages]
    return served, hits


def asked(question: Callable[..., object], *about: object) -> object:
    try:
        return question(*about)
    except StoreError:
        return None


def repair(
    store: EdgeContent,
    report: ScrubReport,
    contents: list[Message],
    expected: dict[RecordKey, Status],
) -> None:
    """Put everything back that is not intact, from the originals and the ledger."""
    for index in Index:
        store.lose_index(index)
    store.rebuild_indices()
    for thread, (members, sequence) in MEMBERS.items():
        store.correct_thread(thread, members, sequence)
    if report.garbage:
        store.restore(store.observe())
    for key in report.orphans:
        store.delete(key)
    for message in contents:
        if report.records.get(message.key, Condition.INTACT) is not Condition.INTACT:
            store.delete(message.key)
            store.upsert(message, EMBED(message.content))
            store.correct_status(message.key, expected[message.key])


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


COMMANDS: dict[str, Callable[..., None]] = {
    "write": write,
    "prepare": prepare,
    "examine": examine,
}


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    EMBED("warm")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.alarm(SECONDS)  # nobody waits for an engine that hangs
            say("child", os.getpid())
            code = 3
            try:
                what, arguments = json.loads(line)
                COMMANDS[what](**arguments)
                code = 0
            except BaseException as error:  # noqa: BLE001 (a panic is no Exception)
                print(type(error).__name__, str(error)[:300], file=sys.stderr, flush=True)
            finally:
                os._exit(code)
        say("exit", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
