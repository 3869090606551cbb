"""What a person sees while a command runs: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[int], None]


@dataclass
class Stages:
    """Times the stages of a job and shows their progress on standard error.

    Parameters
    ----------
    quiet : bool
        Show nothing, only keep the times.
    """

    quiet: bool = False
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """One stage; the yielded function is told how many more of `total` steps are done."""
        started = time.perf_counter()
        console = Console(file=sys.stderr, quiet=self.quiet)
        with _bar(console, name, total) as advance:
            yield advance
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
        if not console.is_terminal:
            console.print(f"{name:<12} {self.seconds[name]:6.1f} s", highlight=False)


@contextmanager
def _bar(console: Console, name: str, total: int | None) -> Iterator[Advance]:
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=total or 1)

        def advance(n: int) -> None:
            progress.advance(task, n)

        yield advance
        progress.update(task, completed=total or 1)
