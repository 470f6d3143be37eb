"""The formats that can be imported, by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from choir_model.verify import imports_discord, imports_generic, imports_slack
from choir_model.verify.imports import Entry, sanitized
from choir_model.verify.imports_files import Export
from choir_model.verify.story import suggestion


def entries_of(
    name: str,
    path: Path,
    skipped: Counter[str],
    fields: Mapping[str, str],
    channels: Collection[str],
) -> Iterator[Entry]:
    """What people said in an export, in its order; what is passed over is counted by reason.

    `channels`, unless empty, are the only ones.  Raises `ImportDefect`, also for one of them
    that is not there.
    """
    export = Export(path)
    match name:
        case "slack":
            found = imports_slack.entries(export, skipped)
        case "discord":
            found = imports_discord.entries(export, skipped)
        case _:
            found = imports_generic.entries(export, skipped, fields)
    met = set[str]()
    for entry in found:
        met.add(entry.channel_name)
        if not channels or entry.channel_name in channels:
            yield entry
        else:
            skipped["of other channels"] += 1
    for channel in channels:
        if channel not in met:
            known = "give one of " + ", ".join(sorted(map(sanitized, met))[:20])
            problem = f"nobody says anything in a channel {sanitized(channel)}"
            raise export.defect(problem, suggestion(channel, sorted(met), known))
