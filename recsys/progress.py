"""Progress of a command: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Advance = Callable[[int], None]
Unit = Literal["steps", "bytes"]
BAR_WIDTH = 20  # so that a line fits into 80 columns


@dataclass
class Stages:
    """Times of the stages of a job, and their progress on standard error unless `quiet`."""

    quiet: bool = False
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, total: int | None = None, unit: Unit = "steps") -> Iterator[Advance]:
        """Time a stage; the yielded function takes the steps or bytes of `total` that were done since its last call.

        Without a `total` the bar moves, and no time left is shown.
        """
        started = time.perf_counter()
        console = Console(file=sys.stderr, quiet=self.quiet)
        with Progress(*columns(total, unit), console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task(name, total=total or None)
            yield partial(progress.advance, task)
            progress.update(task, total=total or 1, completed=total or 1)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
        if not console.is_terminal:
            console.print(f"{name:<12} {self.seconds[name]:6.1f} s", highlight=False)


def columns(total: int | None, unit: Unit) -> tuple[ProgressColumn, ...]:
    """Return the columns of a stage: name, bar and time elapsed; with a `total` also what is done and the time left."""
    name, elapsed = TextColumn("{task.description:<12}"), (TimeElapsedColumn(), TextColumn("elapsed"))
    if not total:
        return (name, BarColumn(BAR_WIDTH), *elapsed)
    done = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    return (name, BarColumn(BAR_WIDTH), done, *elapsed, TimeRemainingColumn(), TextColumn("left"))
