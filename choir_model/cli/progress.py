"""Progress bars on standard error, if that is a terminal; nothing otherwise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from choir_model.cli.messages import printable

LONGEST_NAME = 24


def shortened(path: str) -> str:
    """A conversation or stage in few characters."""
    name = printable(Path(path).stem)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


class Bars:
    """Hears how far a run is, and draws one bar per stage; a moving one for no known total."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._total = 0

    def stage(self, name: str, total: int) -> None:
        """Finish the bar of the stage before and begin one of `total` units; 0: nobody knows."""
        self.complete()
        self._total = total
        self._task = self._progress.add_task(escape(shortened(name)), total=total or None)

    def done(self, units: int) -> None:
        """Move the bar."""
        if self._task is not None and self._total:
            self._progress.update(self._task, completed=min(units, self._total))

    def complete(self) -> None:
        """Fill the bar; one without a total, which tells of no result, goes away."""
        if self._task is not None and self._total:
            self._progress.update(self._task, completed=self._total)
        elif self._task is not None:
            self._progress.update(self._task, visible=False)


class _Count(TextColumn):
    """So many of so many, where that is known."""

    def __init__(self) -> None:
        super().__init__("{task.completed}/{task.total}")

    def render(self, task: Task) -> Text:
        return super().render(task) if task.total is not None else Text()


@contextmanager
def progress() -> Iterator[Bars]:
    """Live progress for as long as the block lasts."""
    console = Console(stderr=True)
    live = sys.stderr.isatty() and console.is_interactive  # colours may be forced elsewhere
    columns = (TextColumn("{task.description}"), BarColumn(), _Count(), TimeRemainingColumn())
    shown = Progress(
        *columns, console=console, transient=True, redirect_stdout=False, disable=not live
    )
    with shown as bars:
        yield Bars(bars)
