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
TEXT = 64 + 3 * 56
"""Where the code lies: behind the file's header and those of three segments."""


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


def elf(code: bytes, *system_calls: bytes) -> bytes:
    """A program of `code`, in which the `CALL`s mean `system_calls`, one after the other."""
    strings, symbols, relocations, at = b"\0", bytes(24), b"", 0
    for number, name in enumerate(system_calls, start=1):
        symbols += struct.pack("<IBBHQQ", len(strings), 0x10, 0, 0, 0, 0)
        strings += name + b"\0"
        at = code.index(CALL, at) + len(CALL)
        relocations += struct.pack("<QQ", TEXT + at - len(CALL), number << 32 | 10)
    strings += bytes(-len(strings) % 8)
    text = TEXT
    dynsym = text + len(code)
    dynstr = dynsym + len(symbols)
    rel = dynstr + len(strings)
    dynamic = rel + len(relocations)
    tags = (17, rel), (18, len(relocations)), (19, 16), (6, dynsym), (11, 24), (5, dynstr)
    entries = b"".join(struct.pack("<QQ", *tag) for tag in (*tags, (10, len(strings)), (0, 0)))
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


Word = tuple[int, int]
"""Eight bytes on a program's stack: an offset from the base they name, or a number."""
INPUT, STACK, NUMBER = 0x63, 0xA3, 0
"""Bases: what register 6 or 10 points to, copied to register 3; none."""


def relay(call: Call, sizes: list[int], imitation: int) -> bytes:
    """A program that prints, calls `call.program` as `call` does, and prints once more.

    It takes the accounts of the call, which hold `sizes` bytes of data, and behind them the
    called program's.  Its data are those of the call and `imitation` bytes that it prints.
    """
    infos: list[Word] = []
    metas: list[Word] = []
    position = 8
    for account, size in zip((*call.accounts, None), sizes, strict=True):
        key, owner, lamports, data = (position + n for n in (8, 40, 72, 88))
        signer, writable = (account.signer, account.writable) if account else (False, False)
        flags = signer | writable << 8 | (account is None) << 16
        infos += [(INPUT, key), (INPUT, lamports), (NUMBER, size), (INPUT, data), (INPUT, owner)]
        infos += [(NUMBER, -1), (NUMBER, flags)]
        if account:
            metas += [(INPUT, key), (NUMBER, writable | signer << 8)]
        end = data + size + 10240  # room to grow
        position = end + -end % 8 + 8
    data, count = position + 8, len(sizes)
    slices = [(INPUT, data + len(call.data)), (NUMBER, imitation)]
    top = 8 * (len(infos) + len(metas) + len(slices) + 5)
    at_slices = 8 * (len(infos) + len(metas)) - top
    code = op(0xBF, 0x16)  # r6 = the input
    instruction = [(INPUT, key), (STACK, 8 * len(infos) - top), (NUMBER, count - 1)]
    instruction += [(INPUT, data), (NUMBER, len(call.data))]
    for at, (base, value) in enumerate([*infos, *metas, *slices, *instruction]):
        if base == NUMBER:
            code += op(0xB7, 0x03, immediate=value)
        else:
            code += op(0xBF, base) + op(0x07, 0x03, immediate=value)
        code += op(0x7B, 0x3A, 8 * at - top)
    prints = stack_at(1, at_slices) + op(0xB7, 0x02, immediate=1) + CALL
    calls = stack_at(1, at_slices + 16) + stack_at(2, -top) + op(0xB7, 0x03, immediate=count)
    calls += op(0xB7, 0x04) + op(0xB7, 0x05) + CALL
    names = (b"sol_log_data", b"sol_invoke_signed_c", b"sol_log_data")
    return elf(code + prints + calls + prints + EXIT, *names)


def stack_at(register: int, offset: int) -> bytes:
    """Let a register point into the stack."""
    return op(0xBF, 0xA0 | register) + op(0x07, register, immediate=offset)


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
