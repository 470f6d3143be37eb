"""Wrong failure files: one line that names file and field, exit status 2, nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_cases import Case, Prepare, assert_refused, case, given, with_file
from cli_runs import TEA, choir

from choir_model.adapters.litesvm import LiteSvmLedger
from choir_model.domain.identity import RecordKey, content_hash
from choir_model.lockstep import system_pair
from choir_model.lockstep.cast import Cast, Setting
from choir_model.lockstep.ledger_pair import Advance, Begin, Execute, Resend
from choir_model.program import calls
from choir_model.protocols import sagas
from choir_model.verify import failure


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


CAST = Cast.of(LiteSvmLedger())
CREATE = Execute(calls.create_thread(CAST.wallets[0], CAST.mint, 0), CAST.wallets[0])
KEY = RecordKey(CAST.thread(0), CAST.wallets[0], content_hash("x"))
STRANGER = bytes(range(32))
ABOUT = {"where": "test", "kind": "disagreement", "message": "something", "seed": 1, "versions": {}}


def sequence(machine: failure.Machine, *commands: object, users: Any = None) -> Prepare:
    """A well-formed failure file with these commands."""

    def prepare(folder: Path) -> list[object]:
        failure.write_failure(folder / "f.json", machine, users, commands, ABOUT)
        return ["verify", "--replay", "f.json"]

    return prepare


def changed(change: Callable[[Any], object]) -> Prepare:
    """A good failure file of the ledger machine, then changed."""

    def prepare(folder: Path) -> list[object]:
        arguments = sequence("ledger", Begin(Setting("usual")), CREATE, Advance(1, 1))(folder)
        value = json.loads((folder / "f.json").read_text(encoding="utf-8"))
        change(value)
        (folder / "f.json").write_text(json.dumps(value), encoding="utf-8")
        return arguments

    return prepare


def replaced(content: str | bytes) -> Prepare:
    def prepare(folder: Path) -> list[object]:
        with_file(content, "f.json")(folder)
        return ["verify", "--replay", "f.json"]

    return prepare


def put(value: object, *path: str | int) -> Prepare:
    """A good failure file with `value` at `path`."""

    def change(file: Any) -> None:
        for step in path[:-1]:
            file = file[step]
        file[path[-1]] = value

    return changed(change)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def saga_of(*arrows: sagas.Arrow) -> tuple[object, ...]:
    saga = sagas.Saga("odd", arrows, CAST.thread(0), KEY)
    return Begin(Setting("usual")), system_pair.Start(saga), system_pair.Finish()


HINT = "; give a file that choir verify wrote after a failure"
CALL = ("commands", 1, "call")

CASES = (
    case("no such failure file", given("verify", "--replay", "no.json"), "no.json: cannot be read"),
    case("failure as a directory", given("verify", "--replay", "."), "Is a directory", HINT),
    case("endless failure", given("verify", "--replay", "/dev/zero"), "larger than 64 MiB", HINT),
    case("empty failure", replaced(""), "f.json: line 1, column 1: is not JSON", HINT),
    case("binary failure", replaced(b"\x7fELF\xff\xfe"), "f.json: is not JSON: byte 5", HINT),
    case("truncated failure", replaced('{"choir": "fail'), "column 11: is not JSON", HINT),
    case("a log as failure", replaced(TEA), "line 2, column 1: is not JSON (Extra data)", HINT),
    case("a list as failure", replaced("[]"), "is no failure file: not a JSON object", HINT),
    case("deep JSON", replaced("[" * 100_000), "f.json: is nested too deeply", HINT),
    case("long number", replaced("1" * 9000), "f.json: holds a number that is too long", HINT),
    case("another JSON", put("report", "choir"), 'field choir is not "failure"', HINT),
    case("a later version", put(2, "version"), "field version: 2 instead of 1", HINT),
    case("version true", put(True, "version"), "field version: true instead of 1", HINT),
    case("no version", changed(lambda f: f.pop("version")), "version: null instead of 1", HINT),
    case("unknown machine", put("luck", "machine"), 'machine: "luck" is not one of ledger, ', HINT),
    case("machine as a list", put([], "machine"), "machine: a list is not one of ledger", HINT),
    case("users as a number", put(3, "users"), "field users: expected null or", HINT),
    case("users of the ledger", put(["a"], "users"), "for the system machine, a list", HINT),
    case("seed as text", put("1", "seed"), "field seed: expected a whole number", HINT),
    case("no message", changed(lambda f: f.pop("message")), "field message: expected text", HINT),
    case("commands as text", put("all", "commands"), "field commands: expected a list", HINT),
    case("no commands", put([], "commands"), "expected a list that is not empty", HINT),
    case(
        "command of text", put("go", "commands", 1), "commands[1]: is no command of the led", HINT
    ),
    case("command as list", put([1], "commands", 1), "commands[1]: is no command of the", HINT),
    case(
        "unknown command", put({"do": "fly"}, "commands", 1), 'commands[1].do: "fly" is not', HINT
    ),
    case("nameless command", put({}, "commands", 1), "commands[1].do: null is not the name", HINT),
    case(
        "command of another machine",
        put({"do": "content_pair.Observe"}, "commands", 1),
        "field commands[1]: is no command of the ledger machine",
        HINT,
    ),
    case(
        "part as a command",
        changed(lambda f: f["commands"].__setitem__(1, f["commands"][1]["call"])),
        "field commands[1]: is no command of the ledger machine",
    ),
    case("no Begin", changed(lambda f: f["commands"].pop(0)), "commands[0]: must be a Begin", HINT),
    case(
        "Begin twice",
        changed(lambda f: f["commands"].append(f["commands"][0])),
        "commands[3]: only the first can be a Begin",
    ),
    case(
        "Begin of another machine",
        put({"do": "content_pair.Begin"}, "commands", 0),
        "commands[0]: is no command of the ledger machine",
    ),
    case(
        "missing field", changed(lambda f: f["commands"][1].pop("payer")), "[1].payer: is missing"
    ),
    case(
        "foreign field",
        put(1, "commands", 1, "fee"),
        'commands[1]: "fee" is not a field here; fields are call, payer, stale',
    ),
    case(
        "hex that is none", put("0g", *CALL, "data", "hex"), "call.data: expected {", "hexadecimal"
    ),
    case("hex of half a byte", put("012", *CALL, "data", "hex"), "pairs of hexadecimal digits"),
    case("hex as a number", put(12, *CALL, "data", "hex"), "commands[1].call.data: expected {"),
    case(
        "text for bytes",
        put("00ff", *CALL, "program"),
        'commands[1].call.program: "00ff" instead of {"hex": "…"}',
    ),
    case(
        "number for a flag",
        put(1, *CALL, "accounts", 0, "signer"),
        "commands[1].call.accounts[0].signer: 1 instead of true or false",
    ),
    case("fraction", put(0.5, "commands", 2, "seconds"), "seconds: the number 0.5 is not a whole"),
    case("flag for a number", put(True, "commands", 2, "slots"), "true instead of a whole number"),
    case("accounts as an object", put({}, *CALL, "accounts"), "call.accounts.do: null is not"),
    case("account as null", put([None], *CALL, "accounts"), "call.accounts: a list instead of"),
    case("nested command", put(nested(500), *CALL, "accounts"), "is nested deeper than any"),
    case(
        "unknown enumeration",
        put({"enum": "Mood", "name": "GOOD"}, *CALL, "data"),
        'commands[1].call.data.enum: "Mood" is not the name of an enumeration',
    ),
    case(
        "unknown member",
        put({"enum": "lifecycle.Status", "name": "LOST"}, *CALL, "data"),
        'call.data.name: "LOST" is not one of DRAFT, ',
    ),
    case(
        "unknown signer",
        sequence("ledger", Begin(Setting("usual")), Execute(CREATE.call, STRANGER)),
        "commands[1]: nobody here has the key to sign for 000102",
        HINT,
    ),
    case(
        "signer with half an address",
        sequence("ledger", Begin(Setting("usual")), Execute(CREATE.call, b"abc")),
        "field commands[1]: ",
        HINT,
    ),
    case(
        "time going backwards",
        sequence("ledger", Begin(Setting("usual")), Resend(), Advance(0, -1)),
        "commands[2]: cannot be executed (ValueError: ",
        HINT,
    ),
    case(
        "more time than there is",
        sequence("ledger", Begin(Setting("usual")), Advance(2**70, 0)),
        "commands[1]: cannot be executed (",
    ),
    case(
        "a setting the ledger refuses",
        sequence("ledger", Begin(Setting("greedy", min_stake=0))),
        "commands[0]: cannot be executed (",
        HINT,
    ),
    case(
        "a setting no account can hold",
        sequence("ledger", Begin(Setting("huge", min_stake=2**80))),
        "commands[0]: cannot be executed (",
    ),
    case(
        "saga without a call",
        sequence("system", *saga_of(sagas.Arrow.SEND)),
        "commands[2]: cannot be executed (",
        HINT,
    ),
    case("saga without arrows", sequence("system", *saga_of()), "[2]: cannot be executed (Index"),
    case(
        "saga that stores nothing",
        sequence("system", *saga_of(sagas.Arrow.STORE)),
        "commands[2]: cannot be executed (AssertionError",
    ),
)


@pytest.mark.parametrize("wrong", CASES, ids=str)
def test_a_mistake_is_one_line_and_changes_nothing(wrong: Case, folder: Path) -> None:
    assert_refused(wrong, folder)


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({wrong.name for wrong in CASES}) == len(CASES)


def test_the_good_file_of_these_cases_is_good(folder: Path) -> None:
    ran = choir(*changed(lambda file: None)(folder))
    assert (ran.status, ran.err) == (0, "")
