"""What the lines so far have said, and whether the next one fits.

A `Story` keeps names, ids, the clock and the tokens handed out: what can be judged
without running anything.  Whether a vote is late or a stake too small is not judged here;
that is the ledger's to say, and ``expect`` says what it should.
"""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import get_args

from choir_model.domain.lifecycle import MAX_CONTENT_BYTES
from choir_model.program import designs
from choir_model.program.bindings import MIN_STAKE_FLOOR, SEATS, SUPPLY
from choir_model.verify import commands as do
from choir_model.verify.commands import MEANING, Command, Header, Parameters

MAX_NAME_CHARS = 32
MAX_TITLE_CHARS = 200
MAX_RESULTS = 100
MAX_TIME = 2**63 - 1
"""The ledger clock is an i64."""


class Defect(Exception):
    """Something is wrong in `field` of the line at hand ("": the line as a whole)."""

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(field, problem, remedy)
        self.field = field
        self.problem = problem
        self.remedy = remedy


def wrong(field: str, problem: str) -> Defect:
    """A defect of a field's own content, with what the field means as the remedy."""
    return Defect(field, problem, f"write {MEANING[field.rpartition('.')[2]]}")


def show(value: object) -> str:
    """A JSON value in a message: short, on one line, nothing unprintable in it."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 60 else f"{text[:40]}… ({len(text)} characters)"


def printable(text: str) -> str:
    """`text` with line breaks, control characters and lone surrogates escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def similar(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that was probably meant."""
    # Neither all words of a huge log nor all of a long one: the comparison is slow.
    by_folded = {w.casefold(): w for w in islice(words, 1_000)}
    found = difflib.get_close_matches(word[:64].casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def suggestion(word: str, words: Iterable[str], otherwise: str) -> str:
    """A remedy for a word that is not one of `words`."""
    meant = similar(word, words)
    return f"did you mean {show(meant)}?" if meant is not None else otherwise


def repeated(names: Iterable[str]) -> str | None:
    """The first name that occurs a second time."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


class Story:
    """The state of a reading; `begin` once, then `tell` each command in order.

    Both raise `Defect` and are then not to be used again.
    """

    def __init__(self) -> None:
        self._users: dict[str, int] = {}
        self._threads: dict[str, int] = {}
        self._ids: dict[str, int] = {}
        self._records: dict[str, do.Message | do.Spec] = {}
        self._issued = 0
        self._now = 0

    def begin(self, header: Header) -> None:
        """Judge the header and set the clock."""
        _one_line("title", header.title, MAX_TITLE_CHARS)
        _within("start", header.start, 0, MAX_TIME)
        self._now = header.start
        _parameters(header.parameters)
        for key, value in header.design.items():
            _choice(key, value)

    def tell(self, command: Command) -> None:
        """Judge the next command and take in what it says."""
        if command.expect is not None and not isinstance(command, get_args(do.Instruction)):
            kind = command.__struct_config__.tag
            raise Defect("expect", f"the ledger never refuses a {kind}", "leave it out")
        match command:
            case do.User():
                self._user(command)
            case do.Thread():
                self._thread(command)
            case do.Message() | do.Spec():
                self._submission(command)
            case do.Vote() | do.Claim():
                self._spec(command.spec)
                self._known("by", command.by, self._users, "user")
            case do.Settle():
                self._spec(command.spec)
            case do.Wait():
                self._wait(command)
            case do.ChangePrivacy():
                self._privacy(command)
            case do.Premium():
                self._known("user", command.user, self._users, "user")
            case do.Search():
                self._search(command)
            case do.Donate():
                self._donation(command)

    def _user(self, command: do.User) -> None:
        self._new("name", command.name, self._users, "user", command.line)
        self._issued += command.tokens
        if self._issued > SUPPLY:
            held, supply = do.format_amount(self._issued), do.format_amount(SUPPLY)
            problem = f"the users so far hold {held} CHOIR, more than the supply of {supply}"
            raise Defect("tokens", problem, "give the users less")

    def _thread(self, command: do.Thread) -> None:
        self._new("name", command.name, self._threads, "thread", command.line)
        self._known("by", command.by, self._users, "user")

    def _submission(self, command: do.Message | do.Spec) -> None:
        self._known("thread", command.thread, self._threads, "thread")
        self._known("by", command.by, self._users, "user")
        _content(command.text)
        if command.id is not None:
            self._new("id", command.id, self._ids, "id", command.line)
            self._records[command.id] = command

    def _wait(self, command: do.Wait) -> None:
        given = [f for f in ("seconds", "hours", "days") if getattr(command, f) is not None]
        if len(given) != 1:
            problem = "both " + " and ".join(given) + " are given" if given else "no time is given"
            raise Defect(given[-1] if given else "seconds", problem, _WAIT_REMEDY)
        if command.duration < 0:
            raise wrong(given[0], "time never goes backwards")
        self._now += command.duration
        if self._now > MAX_TIME:
            problem = f"the clock would pass the last second it can hold, {MAX_TIME}"
            raise Defect(given[0], problem, "wait less, or start earlier")

    def _privacy(self, command: do.ChangePrivacy) -> None:
        record = self._recorded("message", command.message)
        self._known("by", command.by, self._users, "user")
        if command.by != record.by:
            problem = f"only the author may change the privacy of {show(command.message)}"
            raise Defect("by", problem, f"write {show(record.by)}")

    def _search(self, command: do.Search) -> None:
        self._known("by", command.by, self._users, "user")
        _content(command.text)
        _within("limit", command.limit, 1, MAX_RESULTS)
        if command.thread is not None:
            self._known("thread", command.thread, self._threads, "thread")
        finds = command.finds or ()
        wanted = set(finds)
        _no_repetition("finds", finds)
        _no_repetition("hides", command.hides)
        for name in finds:
            self._recorded("finds", name)
        for name in command.hides:
            self._known("hides", name, self._ids, "id")
            if name in wanted:
                problem = f"{show(name)} is to be found as well"
                raise Defect("hides", problem, "leave it out of finds or of hides")
        if len(finds) > command.limit:
            problem = f"{len(finds)} results cannot come from a search limited to {command.limit}"
            raise Defect("finds", problem, "raise limit or list fewer")

    def _donation(self, command: do.Donate) -> None:
        self._known("by", command.by, self._users, "user")
        self._known("thread", command.thread, self._threads, "thread")
        if command.amount == 0:
            raise Defect("amount", "nothing would be sent", "write an amount above 0")

    def _spec(self, name: str) -> None:
        self._known("spec", name, self._ids, "id")
        record = self._records[name]
        if not isinstance(record, do.Spec):
            problem = f"{show(name)} is the message of line {record.line}, not a spec"
            specs = [n for n, r in self._records.items() if isinstance(r, do.Spec)]
            raise Defect("spec", problem, suggestion(name, specs, f"write {MEANING['spec']}"))

    def _recorded(self, field: str, name: str) -> do.Message | do.Spec:
        self._known(field, name, self._ids, "id")
        record = self._records[name]
        if record.expect is not None:
            problem = f"{show(name)} is to be refused on line {record.line}, so it has no record"
            raise Defect(field, problem, "write the id of a record")
        return record

    def _known(self, field: str, name: str, table: Iterable[str], kind: str) -> None:
        if name not in table:
            remedy = suggestion(name, table, f"write {MEANING[field]}")
            raise Defect(field, f"no line before has the {kind} {show(name)}", remedy)

    def _new(self, field: str, name: str, table: dict[str, int], kind: str, line: int) -> None:
        _one_line(field, name, MAX_NAME_CHARS)
        if name in table:
            problem = f"line {table[name]} has the {kind} {show(name)} already"
            raise Defect(field, problem, "choose another")
        table[name] = line


_WAIT_REMEDY = "write exactly one of seconds, hours and days"


def _parameters(parameters: Parameters) -> None:
    _within("parameters.approval_window", parameters.approval_window, 1, MAX_TIME)
    _within("parameters.max_co_authors", parameters.max_co_authors, 1, SEATS)
    if parameters.min_stake < MIN_STAKE_FLOOR:
        floor = do.format_amount(MIN_STAKE_FLOOR)
        problem = f'"{do.format_amount(parameters.min_stake)}" is below the floor'
        raise Defect("parameters.min_stake", problem, f'write "{floor}" or more')


def _choice(key: str, value: str) -> None:
    keys = designs.CHOICES
    if key not in keys:
        remedy = suggestion(key, keys, f"known here: {', '.join(keys)}")
        raise Defect(f"design.{key}", "is not a choice of the design", remedy)
    variants = [designs.variant(member) for member in keys[key]]
    if value not in variants:
        known = " or ".join(f'"{variant}"' for variant in variants)
        remedy = suggestion(value, variants, f"write {known}")
        raise Defect(f"design.{key}", f"{show(value)} is no variant", remedy)


def _within(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise wrong(field, f"{show(value)} is out of range")


def _content(text: str) -> None:
    size = len(text.encode())
    if size == 0:
        raise wrong("text", "is empty")
    if size > MAX_CONTENT_BYTES:
        raise wrong("text", f"has {size} bytes")


def _one_line(field: str, text: str, limit: int) -> None:
    if not text.strip():
        raise wrong(field, "is empty")
    if len(text) > limit:
        raise wrong(field, f"has {len(text)} characters")
    # Names are printed in reports: what breaks a line or drives a terminal stays out.
    bad = next((c for c in text if unicodedata.category(c) in ("Cc", "Zl", "Zp")), None)
    if bad is not None:
        raise wrong(field, f"holds the control character {printable(bad)}")


def _no_repetition(field: str, names: Sequence[str]) -> None:
    twice = repeated(names)
    if twice is not None:
        raise Defect(field, f"{show(twice)} is listed twice", "list it once")
