# SPDX-License-Identifier: Apache-2.0
"""A progress bar for one stage of long work; a line at the end where the output is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


@dataclass(slots=True)
class Progress:
    """How far a stage is; `note` stands behind the bar."""

    bar: RichProgress | None = None
    task: TaskID | None = None
    note: str = ""

    def tell(self, note: str, done: float, of: float) -> None:
        """So much of so much is done."""
        self.note = note
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=done, total=of, note=note)

    def tell_share(self, at: datetime, start: datetime, stop: datetime) -> None:
        """The simulated time that was reached between two others."""
        self.tell(f"{at:%Y-%m-%d}", (at - start).total_seconds(), (stop - start).total_seconds())


@contextmanager
def show_progress(title: str) -> Iterator[Progress]:
    """A bar on the terminal (stderr) while the block runs, and afterwards a line with the time it took."""
    began = time.monotonic()
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn(f"{title:<12}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
        )  # fmt: skip
        with RichProgress(*columns, console=Console(stderr=True)) as bar:
            progress = Progress(bar, bar.add_task(title, total=1, note=""))
            yield progress
            total = bar.tasks[0].total
            progress.tell(progress.note, total or 1, total or 1)
        return
    progress = Progress()
    yield progress
    typer.echo(f"{title:<12} {time.monotonic() - began:6.1f} s  {progress.note}".rstrip(), err=True)
