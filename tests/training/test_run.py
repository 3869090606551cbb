"""A training run grows from stage to stage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recsys.config import Config
from recsys.progress import Stages
from training import build, pipeline
from training.run import Protocol, Stage, TrainingRun, run_stages


def start(trials: int = 0) -> TrainingRun:
    return TrainingRun(Config(), Protocol("auto", 0.1, 10, trials), Stages(quiet=True))


def more_trials(run: TrainingRun) -> TrainingRun:
    run.advance(1)
    return replace(run, protocol=replace(run.protocol, trials=run.protocol.trials + 1))


def test_a_stage_sees_what_the_ones_before_it_made() -> None:
    seen: list[int] = []

    def look(run: TrainingRun) -> TrainingRun:
        seen.append(run.protocol.trials)
        return run

    before = start()
    after = run_stages(before, (Stage("a", more_trials), Stage("", more_trials), Stage("b", look)))
    assert (before.protocol.trials, after.protocol.trials, seen) == (0, 2, [2])
    assert list(after.progress.seconds) == ["a", "b"]  # a stage without a name is not shown


def test_a_stage_that_is_not_wanted_is_left_out() -> None:
    stages = (Stage("a", more_trials, wanted=lambda run: run.protocol.trials > 0), Stage("b", more_trials))
    after = run_stages(start(), stages)
    assert (after.protocol.trials, list(after.progress.seconds)) == (1, ["b"])


def test_a_value_that_is_read_before_its_stage_raises() -> None:
    with pytest.raises(RuntimeError, match="'interactions' is read before the stage that makes it"):
        run_stages(start(), (Stage("factorize", build.factorize),))


def test_the_stages_of_every_command_begin_with_the_data() -> None:
    for stages in (pipeline.TRAIN, pipeline.TUNE, pipeline.COMPARE):
        assert [stage.name for stage in stages[:3]] == ["read", "encode", "words"]
