#!/usr/bin/env python3
"""Write src/generated.rs from the IDL: every name, code, layout and constant the program shares.

`generate.py` rewrites the file; `generate.py --check` only says, with exit status 1, whether
it differs. Standard library only.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "../../choir_model/program/choir.idl.json"
TARGET = HERE / "src/generated.rs"

HEADER = """\
//! Generated from choir.idl.json by generate.py; do not edit.
//!
//! Errors, enumerations, account layouts, instruction accounts and arguments, events and
//! constants of the program. Borsh of types without variable length is the fields packed in order.

use pinocchio::{error::ProgramError, Address};

use crate::layout::{put, Event, Field, Kind, Role, Value};
"""

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
PRIMITIVES = {"u8": ("u8", 1), "u32": ("u32", 4), "u64": ("u64", 8), "i64": ("i64", 8)}
PRIMITIVES["pubkey"] = ("Address", 32)
DISCRIMINATOR_SIZE = 8
# What every event begins with; the program fills these in one place (L6).
EVENT_HEAD = ["thread", "sequence", "first_sequence", "last_sequence"]


class Types:
    """Rust names and packed sizes of the IDL's types."""

    def __init__(self, idl):
        self.defined = {item["name"]: item["type"] for item in idl["types"]}

    def rust(self, kind):
        if isinstance(kind, str):
            return PRIMITIVES[kind][0]
        if "defined" in kind:
            return kind["defined"]["name"]
        item, count = kind["array"]
        return f"[{self.rust(item)}; {count}]"

    def size(self, kind):
        if isinstance(kind, str):
            return PRIMITIVES[kind][1]
        if "defined" in kind:
            return self.size_of(kind["defined"]["name"])
        item, count = kind["array"]
        return self.size(item) * count

    def size_of(self, name):
        spec = self.defined[name]
        if spec["kind"] == "enum":
            return 1
        return sum(self.size(field["type"]) for field in spec["fields"])

    def placed(self, fields, start=0):
        """(name, Rust type, offset, end) of fields packed one after another."""
        for field in fields:
            end = start + self.size(field["type"])
            yield field["name"], self.rust(field["type"]), start, end
            start = end


def base58(text):
    number = 0
    for letter in text:
        number = number * 58 + ALPHABET.index(letter)
    return number.to_bytes(32, "big")


def array(values):
    return f"[{', '.join(str(value) for value in values)}]"


def docs(item, indent=""):
    return [f"{indent}/// {line}" for line in item.get("docs", [])]


def errors(idl):
    lines = ["", "/// Why the program refuses (L3)."]
    lines += ["#[derive(Clone, Copy, Debug, PartialEq, Eq)]", "#[repr(u32)]", "pub enum Error {"]
    for error in idl["errors"]:
        lines += [f"    /// {error['msg']}", f"    {error['name']} = {error['code']},"]
    lines += ["}", "", "impl From<Error> for ProgramError {"]
    lines += ["    fn from(error: Error) -> Self {", "        ProgramError::Custom(error as u32)"]
    return lines + ["    }", "}"]


def enum(item):
    name, variants = item["name"], [variant["name"] for variant in item["type"]["variants"]]
    lines = ["", *docs(item), "#[derive(Clone, Copy, Debug, PartialEq, Eq)]", "#[repr(u8)]"]
    lines += [f"pub enum {name} {{", *(f"    {v} = {i}," for i, v in enumerate(variants)), "}"]
    lines += ["", f"impl Value for {name} {{", "    const SIZE: usize = 1;"]
    lines += ["    fn read(bytes: &[u8]) -> Option<Self> {", "        match bytes {"]
    lines += [f"            [{i}] => Some(Self::{v})," for i, v in enumerate(variants)]
    lines += ["            _ => None,", "        }", "    }"]
    lines += ["    fn write(self, bytes: &mut [u8]) {", "        bytes[0] = self as u8;"]
    return lines + ["    }", "}"]


def struct(types, item):
    """A struct that is itself a field or an argument."""
    name, placed = item["name"], list(types.placed(item["type"]["fields"]))
    lines = ["", *docs(item), "#[derive(Clone, Copy, Debug, PartialEq, Eq)]", f"pub struct {name} {{"]
    lines += [f"    pub {field}: {rust}," for field, rust, _, _ in placed]
    lines += ["}", "", f"impl Value for {name} {{", f"    const SIZE: usize = {placed[-1][3]};"]
    lines += ["    fn read(bytes: &[u8]) -> Option<Self> {", "        Some(Self {"]
    lines += [f"            {field}: Value::read(bytes.get({a}..{b})?)?," for field, _, a, b in placed]
    lines += ["        })", "    }", "    fn write(self, bytes: &mut [u8]) {"]
    lines += [f"        put(bytes, {a}, self.{field});" for field, _, a, _ in placed]
    return lines + ["    }", "}"]


def account(types, item):
    """The kind of account, and one constant per field."""
    name, spec = item["name"], types.defined[item["name"]]
    placed = list(types.placed(spec["fields"], DISCRIMINATOR_SIZE))
    lines = ["", f"/// Account kind `{name}`.", "#[derive(Clone, Copy, Debug)]", f"pub struct {name};"]
    lines += ["", f"impl Kind for {name} {{", f"    const SIZE: usize = {placed[-1][3]};"]
    lines += [f"    const DISCRIMINATOR: [u8; 8] = {array(item['discriminator'])};", "}"]
    lines += ["", f"pub mod {name.lower()} {{", f"    //! Fields of `{name}`.", "    use super::*;"]
    for field, rust, start, _ in placed:
        lines.append(f"    pub const {field.upper()}: Field<{name}, {rust}> = Field::at({start});")
    return lines + ["}"]


def instruction(types, item):
    """Discriminator, account roles and arguments."""
    lines = ["", f"pub mod {item['name']} {{"]
    lines += [line.replace("///", "//!") for line in docs(item, "    ")]
    lines += ["    use super::*;", ""]
    lines += [f"    pub const DISCRIMINATOR: [u8; 8] = {array(item['discriminator'])};"]
    lines += [f"    pub const ACCOUNTS: usize = {len(item['accounts'])};", ""]
    for index, role in enumerate(item["accounts"]):
        writable, signer = (str(role.get(key, False)).lower() for key in ("writable", "signer"))
        lines += docs(role, "    ")
        lines += [f"    pub const {role['name'].upper()}: Role = Role::new({index}, {writable}, {signer});"]
    return lines + arguments(types, item["args"]) + ["}"]


def arguments(types, args):
    if not args:
        return ["", "    /// Size of the arguments.", "    pub const ARGUMENTS: usize = 0;"]
    placed = list(types.placed(args))
    size = placed[-1][3]
    lines = ["", "    /// Size of the arguments.", f"    pub const ARGUMENTS: usize = {size};"]
    lines += ["", "    #[derive(Clone, Copy, Debug, PartialEq, Eq)]", "    pub struct Arguments {"]
    lines += [f"        pub {field}: {rust}," for field, rust, _, _ in placed]
    lines += ["    }", "", "    impl Arguments {"]
    lines += ["        /// None unless `bytes` is exactly the arguments, with known enumerators."]
    lines += ["        pub fn decode(bytes: &[u8]) -> Option<Self> {"]
    lines += ["            if bytes.len() != ARGUMENTS {", "                return None;", "            }"]
    lines += ["            Some(Self {"]
    lines += [f"                {field}: Value::read(bytes.get({a}..{b})?)?," for field, _, a, b in placed]
    return lines + ["            })", "        }", "    }"]


def event(types, item):
    """The fields after the head that all events share."""
    fields = types.defined[item["name"]]["fields"]
    names = [field["name"] for field in fields]
    assert names[: len(EVENT_HEAD)] == EVENT_HEAD, item["name"]
    placed = list(types.placed(fields, DISCRIMINATOR_SIZE))
    own, size = placed[len(EVENT_HEAD) :], placed[-1][3]
    lines = ["", "#[derive(Clone, Copy, Debug, PartialEq, Eq)]", f"pub struct {item['name']} {{"]
    lines += [f"    pub {field}: {rust}," for field, rust, _, _ in own]
    lines += ["}", "", f"impl Event for {item['name']} {{", f"    const SIZE: usize = {size};"]
    lines += [f"    const DISCRIMINATOR: [u8; 8] = {array(item['discriminator'])};"]
    lines += ["    fn write_fields(&self, bytes: &mut [u8]) {"]
    lines += [f"        put(bytes, {a}, self.{field});" for field, _, a, _ in own]
    return lines + ["    }", "}"]


def event_head(types, idl):
    """Offsets of the shared head, and the size of the longest event."""
    specs = [types.defined[item["name"]]["fields"] for item in idl["events"]]
    lines = ["", "pub mod event_head {", "    //! Offsets of what every event begins with (L6)."]
    for field, _, start, _ in types.placed(specs[0][: len(EVENT_HEAD)], DISCRIMINATOR_SIZE):
        lines.append(f"    pub const {field.upper()}: usize = {start};")
    longest = max(list(types.placed(fields, DISCRIMINATOR_SIZE))[-1][3] for fields in specs)
    return lines + ["}", "", "/// Size of the longest event.", f"pub const LONGEST_EVENT: usize = {longest};"]


def constants(idl):
    lines = [""]
    for item in idl["constants"]:
        lines += docs(item)
        if item["type"] == "bytes":
            lines.append(f"pub const {item['name']}: &[u8] = &{array(json.loads(item['value']))};")
        else:
            lines.append(f"pub const {item['name']}: {item['type']} = {item['value']};")
    addresses = {}
    for spec in idl["instructions"]:
        for role in spec["accounts"]:
            if "address" in role:
                addresses[role["name"]] = role["address"]
    for name, address in sorted(addresses.items()):
        lines += [f"/// {address}", f"pub const {name.upper()}: Address ="]
        lines.append(f"    Address::new_from_array({array(base58(address))});")
    most = max(len(spec["accounts"]) for spec in idl["instructions"])
    return [*lines, "/// The most accounts an instruction takes.", f"pub const MOST_ACCOUNTS: usize = {most};"]


def render(text):
    """The source of generated.rs for the IDL `text`."""
    idl = json.loads(text)
    types = Types(idl)
    tops = {item["name"] for kind in ("accounts", "events") for item in idl[kind]}
    lines = errors(idl) + constants(idl)
    for item in idl["types"]:
        if item["name"] not in tops:
            lines += enum(item) if item["type"]["kind"] == "enum" else struct(types, item)
    for item in idl["accounts"]:
        lines += account(types, item)
    for item in idl["instructions"]:
        lines += instruction(types, item)
    lines += event_head(types, idl)
    for item in idl["events"]:
        lines += event(types, item)
    return HEADER + "\n".join(lines) + "\n"


def main(arguments_given):
    source = render(SOURCE.read_text(encoding="utf-8"))
    if "--check" not in arguments_given:
        TARGET.write_text(source, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == source:
        return 0
    print("programs/choir/src/generated.rs differs from choir.idl.json; run programs/choir/generate.py")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
