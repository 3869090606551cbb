"""Bars on a terminal, lines elsewhere; a fake clock, so that no test depends on time."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from recsys import progress
from recsys.progress import Stages, Unit


def shown(total: int | None, done: int, seconds: float, unit: Unit = "steps") -> str:
    """The bar of a stage of which some steps were done in so many seconds, on a terminal of 80 columns."""
    now, written = [0.0], io.StringIO()
    terminal = Console(file=written, width=80, force_terminal=True, color_system=None, legacy_windows=False)
    with Progress(
        *progress.columns(total, unit), console=terminal, get_time=lambda: now[0], auto_refresh=False
    ) as bars:
        task = bars.add_task("validate", total=total)
        for _ in range(2):  # a speed is measured between two steps
            now[0] += seconds / 2
            bars.advance(task, done / 2)
        bars.refresh()
        return written.getvalue().split("\r")[-1]


def test_a_bar_has_what_is_done_and_the_time_left() -> None:
    bar = shown(total=100, done=40, seconds=20)
    assert "validate " in bar
    assert "40/100 0:00:20 elapsed 0:00:30 left" in bar


def test_the_size_of_files_has_a_unit() -> None:
    bar = shown(total=120_000_000, done=30_000_000, seconds=10, unit="bytes")
    assert "30.0/120.0 MB 0:00:10 elapsed 0:00:30 left" in bar


def test_without_a_number_of_steps_only_the_time_elapsed_is_shown() -> None:
    bar = shown(total=None, done=2, seconds=65)
    assert "0:01:05 elapsed" in bar
    assert "left" not in bar
    assert "/" not in bar


@pytest.mark.parametrize("total", [None, 0, 4])
def test_a_stage_ends_with_a_full_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, total: int | None) -> None:
    written = io.StringIO()
    terminal = Console(file=written, width=80, force_terminal=True, color_system=None, legacy_windows=False)
    monkeypatch.setattr(progress, "Console", lambda **_: terminal)
    stages = Stages()
    with stages.stage("tags", total) as advance:
        advance(1)
    bar = written.getvalue().split("\r")[-1]
    assert ("4/4" in bar) == (total == 4)
    assert "━" * progress.BAR_WIDTH in bar
    assert list(stages.seconds) == ["tags"]


def test_elsewhere_a_stage_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Stages().stage("tags", 4) as advance:
        advance(4)
    with Stages(quiet=True).stage("quiet"):
        pass
    (line,) = capsys.readouterr().err.splitlines()
    assert line.split()[::2] == ["tags", "s"]
