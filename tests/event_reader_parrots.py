"""Foreign programs on the VM that print what they are told: real look-alikes of our events.

Each is a handful of instructions behind the smallest ELF file that the loader takes: one
section of code, and the dynamic section that names the one system call.  The input of a
program that is given no accounts is their number (u64), the length of the instruction's
data (u64), and the data.
"""

from __future__ import annotations

import struct
from typing import Any

from choir_model.domain.identity import Address
from choir_model.program.calls import Call

PRINTS_DATA: Address = b"data parrot".ljust(32, b"!")
PRINTS_TEXT: Address = b"text parrot".ljust(32, b"!")
NAMES = b"\0.text\0.dynsym\0.dynstr\0.rel.dyn\0.dynamic\0.shstrtab\0"
LOAD, DYNAMIC = 1, 2


def op(code: int, registers: int = 0, offset: int = 0, immediate: int = 0) -> bytes:
    """One instruction; `registers` is the source in the high digit, the target in the low."""
    return struct.pack("<BBhi", code, registers, offset, immediate)


CALL = op(0x85, immediate=-1)
EXIT = op(0xB7, 0x00) + op(0x95)
CODE_DATA = b"".join(
    (
        op(0x79, 0x12, 8),  # r2 = length of the data
        op(0xBF, 0x13) + op(0x07, 0x03, immediate=16),  # r3 = where it is
        op(0x7B, 0x3A, -16) + op(0x7B, 0x2A, -8),  # one slice, on the stack
        op(0xBF, 0xA1) + op(0x07, 0x01, immediate=-16),  # r1 = the slices
        op(0xB7, 0x02, immediate=1),  # r2 = how many
        CALL,
        EXIT,
    )
)
CODE_TEXT = op(0x79, 0x12, 8) + op(0x07, 0x01, immediate=16) + CALL + EXIT


def elf(code: bytes, system_call: bytes) -> bytes:
    """A program of `code`, in which `CALL` occurs once and means `system_call`."""
    strings = b"\0" + system_call + b"\0"
    strings += bytes(-len(strings) % 8)
    symbols = bytes(24) + struct.pack("<IBBHQQ", 1, 0x10, 0, 0, 0, 0)
    text = 64 + 3 * 56
    dynsym = text + len(code)
    dynstr = dynsym + len(symbols)
    rel = dynstr + len(strings)
    relocations = struct.pack("<QQ", text + code.index(CALL), 1 << 32 | 10)
    dynamic = rel + len(relocations)
    tags = ((17, rel), (18, 16), (19, 16), (6, dynsym), (11, 24), (5, dynstr), (10, len(strings)))
    entries = b"".join(struct.pack("<QQ", *tag) for tag in (*tags, (0, 0)))
    names = dynamic + len(entries)
    sections = names + len(NAMES) + -(names + len(NAMES)) % 8
    head = (3, 247, 1, text, 64, sections, 0, 64, 56, 3, 64, 7, 6)
    segments = ((LOAD, 5, text, dynsym), (LOAD, 4, dynsym, names), (DYNAMIC, 4, dynamic, names))
    table = (
        (b".text", 1, 6, text, len(code), 0, 0, 0),
        (b".dynsym", 11, 2, dynsym, len(symbols), 3, 1, 24),
        (b".dynstr", 3, 2, dynstr, len(strings), 0, 0, 0),
        (b".rel.dyn", 9, 2, rel, len(relocations), 2, 0, 16),
        (b".dynamic", 6, 2, dynamic, len(entries), 3, 0, 16),
        (b".shstrtab", 3, 0, names, len(NAMES), 0, 0, 0),
    )
    body = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", *head)
    for kind, flags, start, end in segments:
        size = end - start
        body += struct.pack("<IIQQQQQQ", kind, flags, start, start, start, size, size, 8)
    body += code + symbols + strings + relocations + entries + NAMES
    body += bytes(sections - len(body)) + bytes(64)
    for name, kind, flags, start, size, link, info, entry in table:
        numbers = (NAMES.index(name + b"\0"), kind, flags, start, start, size, link, info)
        body += struct.pack("<IIQQQQIIQQ", *numbers, 8, entry)
    return body


def add_parrots(svm: Any) -> None:
    """Put both programs on a LiteSVM."""
    from solders.pubkey import Pubkey

    svm.add_program(Pubkey(PRINTS_DATA), elf(CODE_DATA, b"sol_log_data"))
    svm.add_program(Pubkey(PRINTS_TEXT), elf(CODE_TEXT, b"sol_log_"))


def print_data(data: bytes) -> Call:
    """A call that prints ``Program data:`` and the data in base64."""
    return Call("print_data", PRINTS_DATA, (), data)


def print_text(text: str) -> Call:
    """A call that prints ``Program log:`` and the text."""
    return Call("print_text", PRINTS_TEXT, (), text.encode())
