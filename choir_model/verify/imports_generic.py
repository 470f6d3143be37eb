"""Tables of messages: CSV with a head, a JSON list of objects, or one JSON object a line.

Which column or field is which is a mapping; a field of an object within an object is named
with dots, as in ``from.name``.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from choir_model.verify.imports import Entry, ImportDefect
from choir_model.verify.imports_files import Export, File, decoded, decoded_part
from choir_model.verify.imports_times import REMEDY as TIME_REMEDY
from choir_model.verify.imports_times import moment
from choir_model.verify.story import repeated, show, suggestion

FIELDS = {"time": "time", "author": "author", "text": "text", "channel": "channel"}
"""What is needed of a message, `channel` excepted, and the usual names of the columns."""
DELIMITERS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*DELIMITERS, ".json", ".jsonl", ".ndjson")
OBJECTS = 'write objects such as {"time": 1767225600, "author": "marta", "text": "Hello"}'
ROWS = "give as many values as the first line names"

Row = tuple[str, Mapping[str, Any]]
"""A place in a file, and what is there."""


def entries(export: Export, skipped: Counter[str], fields: Mapping[str, str]) -> Iterator[Entry]:
    """Every message; `fields` says where the columns are that are not named as usual.

    Raises `ImportDefect`.
    """
    chosen = {**FIELDS, **fields}
    suffix = export.path.suffix.lower()
    if export.path.is_dir() or suffix not in SUFFIXES:
        raise export.defect("is no table", f"give a file whose name ends in {' '.join(SUFFIXES)}")
    name = export.name
    for file in export.files(re.compile(".*")):
        for place, row in _rows(file, suffix, chosen, "channel" in fields):
            values = {field: _value(row, column) for field, column in chosen.items()}
            yield from _entry(file, place, values, chosen, skipped, name)


def _entry(
    file: File,
    place: str,
    values: dict[str, Any],
    columns: Mapping[str, str],
    skipped: Counter[str],
    name: str,
) -> Iterator[Entry]:
    def defect(field: str, problem: str, remedy: str) -> ImportDefect:
        return ImportDefect(file.path, place, columns[field], problem, remedy)

    for field in ("time", "author", "text"):
        if values[field] is None:
            raise defect(field, "is missing", f"give it, or name another with --field {field}=…")
    try:
        time = moment(values["time"])
    except ValueError as error:
        raise defect("time", f"{show(values['time'])} {error}", TIME_REMEDY) from None
    texts = {}
    for field in ("author", "text", "channel"):
        value = values[field]
        if isinstance(value, (bool, float, list, dict)):
            raise defect(field, f"{show(value)} is no text", "write it in quotes")
        texts[field] = "" if value is None else str(value)
    if not texts["author"].strip():
        raise defect("author", "is empty", "name who said it")
    if not texts["text"]:
        skipped["without text"] += 1
        return
    channel = texts["channel"] or name
    yield Entry(time, texts["author"], texts["author"], channel, channel, texts["text"])


def _value(row: Mapping[str, Any], column: str) -> Any:
    if column in row:
        return row[column]
    value: Any = row
    for part in column.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _rows(file: File, suffix: str, columns: Mapping[str, str], with_channel: bool) -> Iterator[Row]:
    if suffix in DELIMITERS:
        needed = [c for name, c in columns.items() if name != "channel" or with_channel]
        yield from _table(file, DELIMITERS[suffix], needed)
    elif suffix == ".json":
        for number, row in enumerate(decoded(file, list[dict[str, Any]], OBJECTS), 1):
            yield f"message {number}", row
    else:
        for number, line in enumerate(file.data.split(b"\n"), 1):
            if line.strip():
                place = f"line {number}"
                yield place, decoded_part(file.path, place, line, dict[str, Any], OBJECTS)


def _table(file: File, delimiter: str, needed: list[str]) -> Iterator[Row]:
    try:
        text = file.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.data.count(b"\n", 0, error.start) + 1
        problem = f"byte {error.start + 1} is not UTF-8"
        raise ImportDefect(file.path, f"line {line}", "", problem, "save it as UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)

    def defect(field: str, problem: str, remedy: str) -> ImportDefect:
        return ImportDefect(file.path, f"line {reader.line_num or 1}", field, problem, remedy)

    try:
        head = next(reader, [])
        twice = repeated(head)
        if twice is not None:
            raise defect(twice, "is named twice", "name each column once")
        for column in needed:
            if column not in head:
                known = f"name the columns in the first line, or give --field; there: {head}"
                raise defect(column, "is no column", suggestion(column, head, known))
        for row in reader:
            if not row:
                continue
            if len(row) != len(head):
                raise defect("", f"has {len(row)} values instead of {len(head)}", ROWS)
            yield f"line {reader.line_num}", dict(zip(head, row, strict=True))
    except csv.Error as error:
        raise defect(
            "", f"is not CSV ({error})", 'quote values that hold ", or line breaks'
        ) from None
