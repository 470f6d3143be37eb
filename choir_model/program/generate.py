"""Write `choir_model/program/bindings.py` from the IDL.

``python -m choir_model.program.generate`` rewrites the file; ``--check`` only says, with
exit status 1, whether it differs.  Types of the IDL become enums and frozen dataclasses,
accounts, events and arguments become fixed binary layouts: borsh of types without
variable length is the fields packed in order.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCE = HERE / "choir.idl.json"
TARGET = HERE / "bindings.py"

HEADER = '''"""Generated from choir.idl.json by ``python -m choir_model.program.generate``.

Errors, enums, account and event values of the ledger program, and their byte layouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from choir_model.program.layout import AccountRole, Instruction, Layout

'''

INTEGERS = {"u8": "B", "u32": "I", "u64": "Q", "i64": "q"}


class Idl:
    """The parsed IDL with the look-ups the generator needs."""

    def __init__(self, text: str) -> None:
        self.root: dict[str, Any] = json.loads(text)
        self.address = self.root["address"]
        self.types: dict[str, Any] = {t["name"]: t for t in self.root["types"]}

    def python_type(self, kind: Any) -> str:
        """The Python annotation of an IDL type."""
        if isinstance(kind, str):
            return "bytes" if kind == "pubkey" else "int"
        if "defined" in kind:
            return str(kind["defined"]["name"])
        item, _ = kind["array"]
        return "bytes" if item == "u8" else "tuple[bytes, ...]"

    def code(self, kind: Any) -> str:
        """The layout code of an IDL type, as `Layout` understands it."""
        if isinstance(kind, str):
            return "32s" if kind == "pubkey" else INTEGERS[kind]
        if "defined" in kind:
            name = kind["defined"]["name"]
            return f"@{name}"
        item, count = kind["array"]
        return f"{count}s" if item == "u8" else f"{count}*32s"


def literal(data: list[int]) -> str:
    """A bytes literal that a person can compare with the IDL."""
    return f'bytes.fromhex("{bytes(data).hex()}")'


def errors(idl: Idl) -> list[str]:
    """The `Reason` enum."""
    lines = ["", "class Reason(Enum):"]
    lines += ['    """Why the program refused (L3); values are error codes."""', ""]
    for error in idl.root["errors"]:
        lines += [f"    {error['name']} = {error['code']}", f'    """{error["msg"]}."""']
    lines += ["", "", "MEANINGS: dict[Reason, str] = {"]
    for error in idl.root["errors"]:
        lines += [f"    Reason.{error['name']}: (", f'        "{error["msg"]}"', "    ),"]
    return [
        *lines,
        "}",
        '"""What each refusal means, beginning with the number of its guard (L3)."""',
    ]


def enum(name: str, spec: dict[str, Any]) -> list[str]:
    """One enum of the IDL."""
    lines = ["", "", f"class {name}(Enum):", f'    """{doc(spec, name)}"""', ""]
    for value, variant in enumerate(spec["type"]["variants"]):
        lines.append(f"    {upper(variant['name'])} = {value}")
    return lines


def upper(name: str) -> str:
    """CamelCase to UPPER_SNAKE_CASE."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


def doc(spec: dict[str, Any], name: str) -> str:
    """The first documentation line of an IDL type."""
    return str(spec.get("docs", [f"`{name}` of the IDL."])[0])


def struct(idl: Idl, name: str, spec: dict[str, Any]) -> list[str]:
    """One struct of the IDL, as a frozen dataclass."""
    lines = ["", "", "@dataclass(frozen=True, slots=True)", f"class {name}:"]
    lines += [f'    """{doc(spec, name)}"""', ""]
    for item in spec["type"]["fields"]:
        lines.append(f"    {item['name']}: {idl.python_type(item['type'])}")
    return lines


def layout(idl: Idl, name: str, fields: list[dict[str, Any]], tag: str) -> list[str]:
    """The `Layout` of an account or event."""
    lines = [f"    {name}: Layout(", f'        "{name}",', f"        {tag},"]
    lines += [f"        {name},", "        ("]
    for item in fields:
        lines.append(f'            ("{item["name"]}", {code_literal(idl, item["type"])}),')
    return [*lines, "        ),", "    ),"]


def code_literal(idl: Idl, kind: Any) -> str:
    """The layout code of a type, as source."""
    code = idl.code(kind)
    return code[1:] if code.startswith("@") else f'"{code}"'


def instruction(idl: Idl, spec: dict[str, Any]) -> list[str]:
    """The `Instruction` of one instruction."""
    name = spec["name"]
    lines = [f'    "{name}": Instruction(', f'        "{name}",']
    lines += [f"        {literal(spec['discriminator'])},", "        ("]
    for account in spec["accounts"]:
        signer, writable = account.get("signer", False), account.get("writable", False)
        lines.append(f'            AccountRole("{account["name"]}", {signer}, {writable}),')
    lines += ["        ),", "        Layout(", f'            "{name}",', '            b"",']
    lines += ["            dict,", "            ("]
    for item in spec["args"]:
        lines.append(f'                ("{item["name"]}", {code_literal(idl, item["type"])}),')
    return [*lines, "            ),", "        ),", "    ),"]


def constants(idl: Idl) -> list[str]:
    """The constants of the IDL, and the program's address."""
    lines = ["", "", f'PROGRAM_ID = "{idl.address}"']
    lines += ['"""Base58 address of the ledger program."""']
    for item in idl.root["constants"]:
        value = item["value"]
        shown = literal(json.loads(value)) if item["type"] == "bytes" else value
        lines += [f"{item['name']} = {shown}", f'"""{item["docs"][0]}"""']
    return lines


def render(text: str) -> str:
    """The source of `bindings.py` for the IDL `text`."""
    idl = Idl(text)
    lines = errors(idl)
    ordered = sorted(idl.types.items(), key=lambda t: t[1]["type"]["kind"] != "enum")
    for name, spec in ordered:
        lines += enum(name, spec) if spec["type"]["kind"] == "enum" else struct(idl, name, spec)
    lines += constants(idl)
    for title, kind in (("ACCOUNTS", "accounts"), ("EVENTS", "events")):
        lines += ["", "", f"{title}: dict[type, Layout] = {{"]
        for item in idl.root[kind]:
            fields = idl.types[item["name"]]["type"]["fields"]
            tag = literal(item["discriminator"])
            lines += layout(idl, item["name"], fields, tag)
        lines.append("}")
    lines += ["", "INSTRUCTIONS: dict[str, Instruction] = {"]
    for spec in idl.root["instructions"]:
        lines += instruction(idl, spec)
    return HEADER + "\n".join([*lines, "}"]) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the bindings; the exit status."""
    source = render(SOURCE.read_text(encoding="utf-8"))
    if "--check" in arguments:
        if TARGET.read_text(encoding="utf-8") == source:
            return 0
        print("bindings.py differs from choir.idl.json; run python -m choir_model.program.generate")
        return 1
    TARGET.write_text(source, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
