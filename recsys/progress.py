"""Progress of a command: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[int], None]


@dataclass
class Stages:
    """Times of the stages of a job, and their progress on standard error unless `quiet`."""

    quiet: bool = False
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Time a stage; the yielded function takes the number of steps of `total` that were done since its last call."""
        started = time.perf_counter()
        console = Console(file=sys.stderr, quiet=self.quiet)
        columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task(name, total=total or 1)
            yield partial(progress.advance, task)
            progress.update(task, completed=total or 1)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
        if not console.is_terminal:
            console.print(f"{name:<12} {self.seconds[name]:6.1f} s", highlight=False)
