"""Failure files: every command of every machine survives being written and read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from choir_model.content.port import ReferenceContent
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep import content, ledger, system
from choir_model.lockstep.codec import BY_NAME, CodecError, decode, encode
from choir_model.lockstep.compare import Coverage
from choir_model.lockstep.content_pair import ContentPair
from choir_model.lockstep.ledger_pair import Advance, Begin
from choir_model.lockstep.running import Budget, run_machine
from choir_model.lockstep.system_pair import SystemPair


class Recorder:
    """Keeps every command a machine has ever applied to its pair."""

    def __init__(self, pair: Any) -> None:
        self.commands: list[Any] = []
        apply = pair.apply

        def recording(command: Any) -> Any:
            self.commands.append(command)
            return apply(command)

        pair.apply = recording


def pairs() -> dict[str, tuple[Any, type[Any]]]:
    ledgers = ledger.ledger_pair(ReferenceLedger, Coverage())
    stores = ContentPair(ReferenceContent(), ReferenceContent(), Coverage())
    both: SystemPair = system.system_pair(ReferenceLedger, ReferenceContent, Coverage())
    return {
        "ledger": (ledgers, ledger.machine_for(ledgers)),
        "content": (stores, content.machine_for(stores)),
        "system": (both, system.system_machine_for(both)),
    }


@pytest.mark.parametrize("name", ["ledger", "content", "system"])
def test_commands_survive_a_file(name: str) -> None:
    pair, machine = pairs()[name]
    recorder = Recorder(pair)
    run_machine(machine, pair, Budget(seed=3, steps=1500))
    kinds = {type(command).__name__ for command in recorder.commands}
    assert len(kinds) >= 4
    for command in recorder.commands:
        assert decode(json.loads(json.dumps(encode(command)))) == command


def test_names_are_unique() -> None:
    """`Begin` of the ledger and `Begin` of the store must not be taken for each other."""
    assert len(BY_NAME) == len(set(BY_NAME.values()))
    assert BY_NAME["ledger_pair.Begin"] is Begin


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"do": "os.system", "command": "true"}, "os.system"),
        ({"do": "ledger_pair.Advance", "slots": 1}, "seconds"),
        ({"do": "ledger_pair.Advance", "slots": "1", "seconds": 0}, "command.slots"),
        ({"do": "ledger_pair.Advance", "slots": True, "seconds": 0}, "command.slots"),
        ({"do": "ledger_pair.Checkpoint", "back": {"hex": "0g"}}, "hexadecimal"),
        ({"enum": "sagas.Arrow", "name": "FLY"}, "FLY"),
        ({"enum": "ledger_pair.Begin", "name": "x"}, "ledger_pair.Begin"),
        ([1.5], "1.5"),
    ],
)
def test_what_is_no_command_is_refused_by_name(data: Any, told: str) -> None:
    with pytest.raises(CodecError) as error:
        decode(data)
    assert told in str(error.value)


def test_a_command_of_a_file_is_the_value_itself() -> None:
    data = {"do": "ledger_pair.Advance", "slots": 1, "seconds": 0}
    assert decode(data) == Advance(1, 0)
