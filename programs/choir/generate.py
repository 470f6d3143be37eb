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
PRIMITIVES = {
    "u8": ("u8", 1),
    "u32": ("u32", 4),
    "u64": ("u64", 8),
    "i64": ("i64", 8),
    "pubkey": ("Address", 32),
}
TAG = 8  # bytes of a discriminator
# What every event begins with; the program fills these in one place (L6).
EVENT_HEAD = ["thread", "sequence", "first_sequence", "last_sequence"]
DERIVES = "#[derive(Clone, Copy, Debug, PartialEq, Eq)]"


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
            spec = self.defined[kind["defined"]["name"]]
            return 1 if spec["kind"] == "enum" else self.total(spec["fields"])
        item, count = kind["array"]
        return self.size(item) * count

    def total(self, fields):
        return sum(self.size(field["type"]) for field in fields)

    def first(self, name):
        """The first variant of an enum."""
        return self.defined[name]["variants"][0]["name"]

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
    return list(number.to_bytes(32, "big"))


def docs(item, mark="///"):
    return "".join(f"{mark} {line}\n" for line in item.get("docs", []))


def joined(form, items):
    """One filled-in form per item, on lines of their own."""
    return "".join(form.format(*item) + "\n" for item in items)


def errors(idl):
    codes = [(error["msg"], error["name"], error["code"]) for error in idl["errors"]]
    return f"""
/// Why the program refuses (L3).
{DERIVES}
#[repr(u32)]
pub enum Error {{
{joined("    /// {0}" + chr(10) + "    {1} = {2},", codes)}}}

impl From<Error> for ProgramError {{
    fn from(error: Error) -> Self {{
        ProgramError::Custom(error as u32)
    }}
}}
"""


def enum(item):
    name = item["name"]
    variants = [(value, variant["name"]) for value, variant in enumerate(item["type"]["variants"])]
    return f"""
{docs(item)}{DERIVES}
#[repr(u8)]
pub enum {name} {{
{joined("    {1} = {0},", variants)}}}

impl Value for {name} {{
    const SIZE: usize = 1;

    fn read(bytes: &[u8]) -> Option<Self> {{
        match bytes {{
{joined("            [{0}] => Some(Self::{1}),", variants)}            _ => None,
        }}
    }}

    fn write(self, bytes: &mut [u8]) {{
        bytes[0] = self as u8;
    }}
}}
"""


def struct(types, item):
    """A struct that is itself a field or an argument, and consists of enums."""
    name, placed = item["name"], list(types.placed(item["type"]["fields"]))
    firsts = [(field, rust, types.first(rust)) for field, rust, _, _ in placed]
    return f"""
{docs(item)}{DERIVES}
pub struct {name} {{
{joined("    pub {0}: {1},", placed)}}}

impl {name} {{
    /// The first variant of each.
    pub const DEFAULT: Self = Self {{
{joined("        {0}: {1}::{2},", firsts)}    }};
}}

impl Value for {name} {{
    const SIZE: usize = {placed[-1][3]};

    fn read(bytes: &[u8]) -> Option<Self> {{
        Some(Self {{
{joined("            {0}: Value::read(bytes.get({2}..{3})?)?,", placed)}        }})
    }}

    fn write(self, bytes: &mut [u8]) {{
{joined("        put(bytes, {2}, self.{0});", placed)}    }}
}}
"""


def account(types, item):
    """The kind of account, and one constant per field."""
    name, fields = item["name"], types.defined[item["name"]]["fields"]
    placed = [
        (field.upper(), name, rust, start) for field, rust, start, _ in types.placed(fields, TAG)
    ]
    return f"""
/// Account kind `{name}`.
#[derive(Clone, Copy, Debug)]
pub struct {name};

impl Kind for {name} {{
    const SIZE: usize = {TAG + types.total(fields)};
    const DISCRIMINATOR: [u8; {TAG}] = {item["discriminator"]};
}}

pub mod {name.lower()} {{
    //! Fields of `{name}`.
    use super::*;

{joined("    pub const {0}: Field<{1}, {2}> = Field::at({3});", placed)}}}
"""


def instruction(types, item):
    """Discriminator, account roles and arguments."""
    roles = []
    for index, role in enumerate(item["accounts"]):
        flags = [str(role.get(flag, False)).lower() for flag in ("writable", "signer")]
        roles.append((role["name"].upper(), index, *flags))
    placed = list(types.placed(item["args"]))
    return f"""
pub mod {item["name"]} {{
    {docs(item, "//!")}    use super::*;

    pub const DISCRIMINATOR: [u8; {TAG}] = {item["discriminator"]};
    pub const ACCOUNTS: usize = {len(roles)};
{joined("    pub const {0}: Role = Role::new({1}, {2}, {3});", roles)}
    /// Size of the arguments.
    pub const ARGUMENTS: usize = {types.total(item["args"])};
{arguments(placed) if placed else ""}}}
"""


def arguments(placed):
    return f"""
    {DERIVES}
    pub struct Arguments {{
{joined("        pub {0}: {1},", placed)}    }}

    impl Arguments {{
        /// None unless `bytes` is exactly the arguments, with known enumerators.
        pub fn decode(bytes: &[u8]) -> Option<Self> {{
            if bytes.len() != ARGUMENTS {{
                return None;
            }}
            Some(Self {{
{joined("                {0}: Value::read(bytes.get({2}..{3})?)?,", placed)}            }})
        }}
    }}
"""


def event(types, item):
    """The fields after the head that all events share."""
    name, fields = item["name"], types.defined[item["name"]]["fields"]
    own = list(types.placed(fields, TAG))[len(EVENT_HEAD) :]
    return f"""
{DERIVES}
pub struct {name} {{
{joined("    pub {0}: {1},", own)}}}

impl Event for {name} {{
    const SIZE: usize = {TAG + types.total(fields)};
    const DISCRIMINATOR: [u8; {TAG}] = {item["discriminator"]};

    fn write_fields(&self, bytes: &mut [u8]) {{
{joined("        put(bytes, {2}, self.{0});", own)}    }}
}}
"""


def event_head(types, idl):
    """Offsets of the shared head, and the size of the longest event."""
    specs = [types.defined[item["name"]]["fields"] for item in idl["events"]]
    heads = [fields[: len(EVENT_HEAD)] for fields in specs]
    assert all(head == heads[0] for head in heads), "events must share their head"
    assert [field["name"] for field in heads[0]] == EVENT_HEAD
    placed = [(field.upper(), start) for field, _, start, _ in types.placed(heads[0], TAG)]
    return f"""
pub mod event_head {{
    //! Offsets of what every event begins with (L6).
{joined("    pub const {0}: usize = {1};", placed)}}}

/// Size of the longest event.
pub const LONGEST_EVENT: usize = {TAG + max(types.total(fields) for fields in specs)};
"""


def constants(idl):
    parts = []
    for item in idl["constants"]:
        is_bytes = item["type"] == "bytes"
        rust, value = ("&[u8]", "&" + item["value"]) if is_bytes else (item["type"], item["value"])
        parts.append(f"\n{docs(item)}pub const {item['name']}: {rust} = {value};\n")
    roles = [role for item in idl["instructions"] for role in item["accounts"]]
    programs = sorted({(role["name"], role["address"]) for role in roles if "address" in role})
    for name, address in programs:
        value = f"Address::new_from_array({base58(address)})"
        parts.append(f"\n/// {address}\npub const {name.upper()}: Address =\n    {value};\n")
    most = max(len(item["accounts"]) for item in idl["instructions"])
    parts.append("\n/// The most accounts an instruction takes.\n")
    parts.append(f"pub const MOST_ACCOUNTS: usize = {most};\n")
    return "".join(parts)


def render(text):
    """The source of generated.rs for the IDL `text`."""
    idl = json.loads(text)
    types = Types(idl)
    tops = {item["name"] for kind in ("accounts", "events") for item in idl[kind]}
    parts = [HEADER, errors(idl), constants(idl)]
    for item in idl["types"]:
        if item["name"] not in tops:
            is_enum = item["type"]["kind"] == "enum"
            parts.append(enum(item) if is_enum else struct(types, item))
    parts += [account(types, item) for item in idl["accounts"]]
    parts += [instruction(types, item) for item in idl["instructions"]]
    parts.append(event_head(types, idl))
    parts += [event(types, item) for item in idl["events"]]
    return "".join(parts)


def main(options):
    source = render(SOURCE.read_text(encoding="utf-8"))
    if "--check" not in options:
        TARGET.write_text(source, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == source:
        return 0
    print("programs/choir/src/generated.rs differs from choir.idl.json; run generate.py there")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
