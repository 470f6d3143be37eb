"""The files of an export: one file, a folder of them or a zip archive, read within bounds.

What is read is decoded as JSON of an expected shape, or is an `ImportDefect` that says where
it is something else.  Links are followed, pipes and devices are not read.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from choir_model.verify.imports import ImportDefect

LARGEST = 256 * 2**20
"""Bytes of all files of an export together, unpacked."""
MOST_FILES = 100_000

_T = TypeVar("_T")
_SMALLER = "import a part of it"


@dataclass(frozen=True, slots=True)
class File:
    """One file of an export; `parts` is its path below the export."""

    path: str
    parts: tuple[str, ...]
    data: bytes


class Export:
    """A file, folder or archive, whose files can be read one after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._left = LARGEST
        try:
            path.stat()
        except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
            raise self._unreadable(error) from None

    @property
    def name(self) -> str:
        """What to call a chat that does not tell its name."""
        return self.path.resolve().name.removesuffix(self.path.suffix)

    @property
    def is_archive(self) -> bool:
        """Whether it is a file that holds others."""
        return self.path.is_file() and zipfile.is_zipfile(self.path)

    def beside(self, path: Path) -> Export:
        """A file that belongs to the export, within the same bounds."""
        other = Export(path)
        other._left = self._left
        return other

    def defect(self, problem: str, remedy: str) -> ImportDefect:
        """A defect of the export as a whole."""
        return ImportDefect(str(self.path), "", "", problem, remedy)

    def files(self, wanted: re.Pattern[str]) -> Iterator[File]:
        """The files whose path below the export matches, in order of their paths.

        A single file is what is wanted, whatever its name.
        """
        try:
            if self.path.is_dir():
                yield from self._in_folder(wanted)
            elif not self.path.is_file():
                raise self.defect("is no regular file", "give an export")
            elif self.is_archive or self.path.suffix.lower() == ".zip":
                yield from self._in_archive(wanted)
            else:
                yield self._plain(self.path, (self.path.name,))
        except OSError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> ImportDefect:
        why = getattr(error, "strerror", None) or error
        return self.defect(f"cannot be read: {why}", "give a readable export")

    def _in_folder(self, wanted: re.Pattern[str]) -> Iterator[File]:
        found = {
            "/".join(path.relative_to(self.path).parts): path
            for pattern in ("*.json", "*/*.json")
            for path in self.path.glob(pattern)
        }
        for name in self._chosen(found, wanted):
            path = found[name]
            if not path.is_file():
                problem = "is no regular file"
                raise ImportDefect(str(path), "", "", problem, "remove it from the export")
            yield self._plain(path, tuple(name.split("/")))

    def _plain(self, path: Path, parts: tuple[str, ...]) -> File:
        with path.open("rb") as file:
            return File(str(path), parts, self._read(file, str(path), path.stat().st_size))

    def _in_archive(self, wanted: re.Pattern[str]) -> Iterator[File]:
        remedy = "export it again"
        try:
            with zipfile.ZipFile(self.path) as archive:
                for name in self._chosen(archive.namelist(), wanted):
                    path, size = f"{self.path}/{name}", archive.getinfo(name).file_size
                    with archive.open(name) as file:
                        yield File(path, tuple(name.split("/")), self._read(file, path, size))
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise self.defect(f"is no whole zip archive ({error})", remedy) from None
        except (RuntimeError, NotImplementedError) as error:  # encrypted, or an unknown method
            raise self.defect(f"cannot be unpacked ({error})", "unpack it first") from None

    def _chosen(self, names: object, wanted: re.Pattern[str]) -> list[str]:
        assert isinstance(names, (list, dict))
        chosen = sorted(name for name in names if wanted.fullmatch(name))
        if len(chosen) > MOST_FILES:
            raise self.defect(f"holds more than {MOST_FILES} files", _SMALLER)
        return chosen

    def _read(self, file: IO[bytes], path: str, size: int) -> bytes:
        """Everything in the file, unless that is too much with all that was read before.

        `size` is what it claims to have, which is not believed where it is less.
        """
        data = file.read(self._left + 1) if size <= self._left else b""
        if max(size, len(data)) > self._left:
            problem = f"with what was read before larger than {LARGEST // 2**20} MiB"
            raise ImportDefect(path, "", "", problem, _SMALLER)
        self._left -= len(data)
        return data


def decoded(file: File, kind: type[_T], remedy: str) -> _T:
    """The JSON of a file as a value of this type.  Raises `ImportDefect` with `remedy`."""
    return decoded_part(file.path, "", file.data, kind, remedy)


def decoded_part(path: str, place: str, data: bytes, kind: type[_T], remedy: str) -> _T:
    """The JSON of a part of a file, such as ``line 3``, likewise."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ImportDefect(path, place, "", "is UTF-16", "save it as UTF-8")
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=kind)
    except msgspec.ValidationError as error:
        where, field = _place(str(error))
        problem = f"{_said(error)}"
        raise ImportDefect(path, where or place, field, problem, remedy) from None
    except msgspec.DecodeError as error:
        raise ImportDefect(path, place, "", f"is not JSON ({_said(error)})", remedy) from None
    except UnicodeDecodeError as error:
        problem = f"byte {error.start + 1} is not UTF-8"
        raise ImportDefect(path, place, "", problem, "save it as UTF-8") from None
    except RecursionError:
        raise ImportDefect(path, place, "", "is nested too deeply", remedy) from None


def _said(error: Exception) -> str:
    text = str(error).partition(" - at `")[0].replace("`", "").removeprefix("JSON is malformed: ")
    return text[:1].lower() + text[1:]


def _place(said: str) -> tuple[str, str]:
    """Of a message like ``… - at `$.messages[3].author.id` ``: the message and its field."""
    path = said.partition(" - at `$")[2].rstrip("`")
    found = re.search(r"\[(\d+)\]", path)
    if found is None:
        return "", path.lstrip(".")
    return f"message {int(found[1]) + 1}", path[found.end() :].lstrip(".")
