"""Files a command writes: found impossible before the work, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from choir_model.cli.messages import BadInput


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[Path]) -> None:
    """Raise `BadInput` if a file, given by its option, cannot be written.

    It is also refused to be one of the inputs or another output.
    """
    taken = {os.path.realpath(path) for path in inputs}
    for option, path in outputs.items():
        if path is None:
            continue
        try:
            _check_output(path, f"{option} {path}")
        except (OSError, ValueError) as error:
            problem = getattr(error, "strerror", None) or error
            raise BadInput(f"{option} {path}: {problem}; name another file") from None
        if os.path.realpath(path) in taken:
            raise BadInput(f"{option} {path}: is another file of this run too; name a new one")
        taken.add(os.path.realpath(path))


def _check_output(path: Path, named: str) -> None:
    if not path.name:
        raise BadInput(f"{named}: is a directory; name a file")
    if path.is_dir():
        raise BadInput(f"{named}: is a directory; name a file")
    if path.exists() and not path.is_file():
        return  # a pipe or a device
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise BadInput(f"{named}: there is no directory {target.parent}; create it first")
    if not os.access(target.parent, os.W_OK):
        raise BadInput(f"{named}: {target.parent} cannot be written to; name another place")
    draft = _draft(target)
    try:
        draft.touch()
    finally:
        draft.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, or leave what was there; as it comes where that is no plain file."""
    if path.exists() and not path.is_file():
        path.write_bytes(content)  # replacing a pipe or device would remove it
        return
    target = Path(os.path.realpath(path))
    draft = _draft(target)
    try:
        draft.write_bytes(content)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _draft(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.draft")
