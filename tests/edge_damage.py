"""Real damage to shards of Qdrant Edge: killed processes, and files that rot (S5b, S15)."""

from __future__ import annotations

import json
import os
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

from edge_damage_child import EMBED, MEMBERS, originals, story

from choir_model.content.scrub import Condition, ScrubReport
from choir_model.domain.identity import RecordKey
from choir_model.domain.lifecycle import Status
from choir_model.domain.visibility import Operation, may
from choir_model.ports.content import Message
from choir_model.ports.embeddings import SCORE_STEPS, dot

ROOT = Path(__file__).parent.parent
COUNT = 24
FLUSHES = ("none", "some", "last")


def folder() -> tempfile.TemporaryDirectory[str]:
    """A folder in memory where there is such a thing: opening a shard waits for the disk."""
    memory = Path("/dev/shm")  # noqa: S108 (the folder in it has a name of its own)
    return tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None)


class Children:
    """The process that forks one child for each command; see `edge_damage_child`."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self._log = self.folder / "log"
        with self._log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("edge_damage_child.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )

    def run(self, what: str, after: int | None = None, **arguments: Any) -> tuple[int, int]:
        """How many operations were acknowledged, and how the child ended.

        It is killed after `after` acknowledgements, or when its story is over.
        """
        to, out = self._process.stdin, self._process.stdout
        assert to is not None
        assert out is not None
        to.write(json.dumps([what, arguments]).encode() + b"\n")
        to.flush()
        done, child = 0, 0
        for line in out:
            word, _, rest = line.decode().strip().partition(" ")
            if word == "child":
                child = int(rest)
            elif word == "exit":
                return done, int(rest)
            done += word == "done"
            if word == "over" or (word == "done" and done == after):
                os.kill(child, signal.SIGKILL)
        raise AssertionError(f"the children are gone: {self.complaints()}")

    def complaints(self) -> str:
        """What they wrote where errors go, the end of it."""
        return self._log.read_text("utf-8", "replace")[-2000:]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class Told(NamedTuple):
    """What a store was found to be; without a `report` the engine killed its process."""

    ended: int
    opened: bool = False
    report: ScrubReport | None = None
    served: Any = ()
    hits: Any = ()
    repaired: str = ""
    again: ScrubReport | None = None

    @property
    def outcome(self) -> str:
        if self.report is None:
            return "the engine died"
        if not self.opened:
            return "not opened"
        return "intact" if self.report.sound else f"reported, repaired {self.repaired}"


def examine(
    children: Children, directory: Path, wal: bool, seed: int, expected: dict[int, Status]
) -> Told:
    answer = directory.with_name(directory.name + ".answer")
    statuses = {str(n): status.value for n, status in expected.items()}
    _, ended = children.run(
        "examine",
        directory=str(directory),
        wal=wal,
        seed=seed,
        count=COUNT,
        statuses=statuses,
        answer=str(answer),
    )
    told = Told(ended)
    if ended == 0:
        told = Told(ended, **pickle.loads(answer.read_bytes()))  # noqa: S301 (written by our child)
    for path in directory.parent.glob(f"{directory.name}.*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(directory)
    return told


class After(NamedTuple):
    """What is known of a store whose process was killed: statuses by number of the message.

    `durable`: of those, what no kill may lose.  `open`: the message of the operation under way.
    """

    expected: dict[int, Status]
    durable: set[int]
    open: int | None


def after(told: list[tuple[Any, ...]], done: int, wal: bool) -> After:
    expected: dict[int, Status] = {}
    loose: set[int] = set()
    for what, *about in told[:done]:
        if what == "flush":
            loose.clear()
        elif what != "optimize":
            loose.add(about[0])
        if what == "upsert":
            expected[about[0]] = Status.PENDING
        elif what == "status":
            expected[about[0]] = Status(about[1])
        elif what == "delete":
            del expected[about[0]]
    under_way = told[done][1] if done < len(told) and len(told[done]) > 1 else None
    durable = set(expected) if wal else set(expected) - loose
    return After(expected, durable - {under_way}, under_way)


def wrong(told: Told, contents: list[Message]) -> list[str]:
    """What was served that is not the original, or to somebody it is not for."""
    right = {message.key: message for message in contents}
    assert told.report is not None
    faults = []
    for viewer, thread, message in told.served:
        original = right.get(message.key)
        if original is None or message.content != original.content:
            faults.append(f"content: {message}")
        elif (message.privacy, message.created_at) != (original.privacy, original.created_at):
            faults.append(f"privacy or time: {message}, was {original}")
        elif thread is not None and thread != message.key.thread:
            faults.append(f"listed in another thread: {message}")
        elif not allowed(viewer, message, Operation.LIST if thread else Operation.GET):
            faults.append(f"shown to somebody else: {message}")
    for query, key, score in told.hits:
        original = right.get(key)
        known = told.report.records.get(key) in (Condition.INTACT, Condition.UNLISTED)
        if original is None:
            faults.append(f"hit nobody stored: {key}")
        elif known and score != true_score(query, original):
            faults.append(f"score {score} of {original}")
    return faults


def gone(told: Told) -> list[str]:
    """Records that are said to be intact, and which their author is not given by every way."""
    assert told.report is not None
    found = {(viewer.address, thread, message.key) for viewer, thread, message in told.served}
    return [
        f"silently gone: {key}"
        for key in told.report.of(Condition.INTACT)
        if (key.author, None, key) not in found
        or (listable(told, key) and (key.author, key.thread, key) not in found)
    ]


def listable(told: Told, key: RecordKey) -> bool:
    return any(
        allowed(viewer, message, Operation.LIST)
        for viewer, thread, message in told.served
        if thread is None and message.key == key and viewer.address == key.author
    )


def true_score(query: str, message: Message) -> float:
    return dot(EMBED(query).steps(), EMBED(message.content)) / SCORE_STEPS


def allowed(viewer: Any, message: Message, operation: Operation) -> bool:
    return may(
        operation,
        message.status,
        message.privacy,
        author=viewer.address == message.key.author,
        member=viewer.address in MEMBERS[message.key.thread][0],
        premium=viewer.premium,
    )


class Kill(NamedTuple):
    """One killed process: what was acknowledged, and what was found."""

    case: str
    known: After
    told: Told
    contents: list[Message]


def kill(children: Children, seed: int) -> Kill:
    """Kill the owner of a store at a seeded moment, and look at what is left."""
    wal, flushes = bool(seed % 2), FLUSHES[seed // 2 % 3]
    moment = random.Random(f"moment {seed}").randrange(4, 30)
    arguments: dict[str, Any] = {"seed": seed, "count": COUNT, "flushes": flushes}
    arguments["end"] = moment - 1
    directory = children.folder / f"kill-{seed}"
    done, _ = children.run("write", moment, directory=str(directory), wal=wal, **arguments)
    known = after(story(**arguments), done, wal)
    told = examine(children, directory, wal, seed, known.expected)
    case = f"seed {seed}, log {'on' if wal else 'off'}, flushes {flushes}, {done} acknowledged"
    return Kill(case, known, told, originals(seed, COUNT))


CLASSES = {
    "log": "wal/*",
    "vectors": "segments/*/vector_storage/**/*",
    "payloads": "segments/*/payload_storage/*",
    "indices": "segments/*/payload_index/**/*",
    "ids": "segments/*/mutable_id_tracker.*",
    "segment": "segments/*/*.*",
    "configuration": "edge_config.json",
}


def bit_flip(data: bytearray, used: int, rng: random.Random) -> bytearray:
    data[rng.randrange(used)] ^= 1 << rng.randrange(8)
    return data


def truncation(data: bytearray, used: int, rng: random.Random) -> bytearray:
    return data[: rng.randrange(used)]


def torn_tail(data: bytearray, used: int, rng: random.Random) -> bytearray:
    start = rng.randrange(used)
    data[start:used] = bytes(used - start)
    return data


def header(data: bytearray, used: int, rng: random.Random) -> bytearray:
    data[: min(8, used)] = rng.randbytes(min(8, used))
    return data


KINDS: dict[str, Callable[[bytearray, int, random.Random], bytearray] | None] = {
    "bit flip": bit_flip,
    "truncation": truncation,
    "torn tail": torn_tail,
    "header": header,
    "deletion": None,
}


class Damaged(NamedTuple):
    """One damaged file, and what was found."""

    case: str
    told: Told
    contents: list[Message]


def shelf(children: Children) -> dict[tuple[bool, bool], Path]:
    """Stores to take copies of, by whether they have a log and were closed in good order."""
    made = {}
    for wal, closed in ((True, True), (True, False), (False, True)):
        directory = children.folder / f"prepared-{wal}-{closed}"
        children.run(
            "prepare", directory=str(directory), wal=wal, seed=0, count=COUNT, closed=closed
        )
        made[wal, closed] = directory
    return made


def damage(children: Children, shelf: dict[tuple[bool, bool], Path], seed: int) -> Damaged:
    """Damage one file of a copy, chosen by `seed`, and look at what is left."""
    rng = random.Random(f"damage {seed}")
    kind = list(KINDS)[seed % len(KINDS)]
    which = list(CLASSES)[seed % len(CLASSES)]  # 5 kinds, 7 classes: 35 seeds meet every pair
    wal, closed = rng.choice([place for place in shelf if place[0] or which != "log"])
    directory = children.folder / f"damaged-{seed}"
    # Files of a shard are mostly holes: 150 MB that take up 1.
    copy = ["cp", "-r", "--sparse=always", str(shelf[wal, closed]), str(directory)]
    subprocess.run(copy, check=True)
    found = files(directory, which)
    path = rng.choices(found, [path.stat().st_blocks + 8 for path in found])[0]
    spoil(path, kind, rng)
    told = examine(children, directory, wal, 0, dict.fromkeys(range(COUNT), Status.PUBLISHED))
    before = f"log {'on' if wal else 'off'}, {'closed' if closed else 'killed'}"
    place = nameless(path.relative_to(directory))
    return Damaged(f"seed {seed}, {before}, {kind} in {place}", told, originals(0, COUNT))


def files(directory: Path, which: str) -> list[Path]:
    """The files of a class with anything in them, in an order that has no random names in it."""
    found = [path for path in directory.glob(CLASSES[which]) if path.is_file()]
    full = [path for path in found if path.read_bytes().rstrip(b"\0")]
    return sorted(full, key=lambda path: nameless(path.relative_to(directory)))


def nameless(path: Path) -> str:
    """A path within a shard without the names the engine makes up."""
    return re.sub(r"[0-9a-f-]{36}/|[0-9a-z]{24}-", "", str(path))


def spoil(path: Path, kind: str, rng: random.Random) -> None:
    change = KINDS[kind]
    if change is None:
        path.unlink()
        return
    data = bytearray(path.read_bytes())
    size, used = len(data), len(data.rstrip(b"\0"))
    spoilt = change(data, used, rng)
    with path.open("wb") as file:
        file.write(spoilt.rstrip(b"\0"))
        file.truncate(size if kind != "truncation" else len(spoilt))
