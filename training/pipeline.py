"""The order of the stages, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from recsys.config import Config
from recsys.progress import Stages
from training import build, measure, prepare
from training.evaluation.results import Comparison, Figure
from training.explore.explore import STEPS
from training.insights import anomalies, tagging
from training.run import OnProgress, Protocol, Stage, TrainingRun, ignore, run_stages
from training.tuning.search import Tuned


def _is_judged(run: TrainingRun) -> bool:
    return run.config.evaluate.gate and run.validation is not None


PREPARE = (
    Stage("read", prepare.read, prepare.n_bytes, unit="bytes"),
    Stage("encode", prepare.encode_texts, prepare.n_items),
    Stage("words", prepare.find_similar_words),
)
SEARCH = Stage("tune", measure.search, lambda run: run.protocol.trials, measure.can_search)
TRAIN = (
    *PREPARE,
    Stage("pictures", prepare.encode_pictures, prepare.n_items, lambda run: bool(run.config.content.picture_encoder)),
    Stage("export", prepare.export_encoder, wanted=prepare.has_exportable_encoder),
    Stage("", measure.hold_out),
    Stage("", measure.let_content_lead, wanted=lambda run: run.protocol.trials > 0 and run.validation is None),
    SEARCH,
    Stage("validate", measure.fit_train_part, measure.n_fit_steps, _is_judged),
    Stage("evaluate", measure.compare_baselines, measure.n_comparisons, _is_judged),
    Stage("", measure.check_quality),
    Stage("factorize", build.factorize, lambda run: run.config.als.iterations),
    Stage("neighbors", build.find_neighbors),
    Stage("", build.leave_out_unlisted, wanted=build.has_unlisted_items),
    Stage("blend", build.blend),
    Stage("index", build.build_indexes, build.n_indexes),
    Stage("keywords", build.index_words, lambda _: build.KEYWORD_STEPS),
    Stage("tags", build.fit_tagging, lambda _: tagging.STEPS, lambda run: run.config.explore.tags),
    Stage("anomalies", build.find_anomalies, lambda _: anomalies.STEPS, lambda run: run.config.explore.anomalies),
    Stage("baskets", build.find_pairs, prepare.n_items, build.has_baskets),
    Stage("users", build.learn_attributes, wanted=build.has_attributes_of_users),
    Stage("", build.build_model),
    Stage("lists", build.precompute_lists, lambda run: len(run.model.users) + len(run.model.catalog)),
    Stage("explore", build.explore_model, lambda _: STEPS),
    Stage("", build.write_header),
)
TUNE = (*PREPARE, Stage("", measure.hold_out), Stage("", measure.require_validation), SEARCH)
FIT_TRAIN_PART = (
    *PREPARE,
    Stage("", measure.hold_out_test_part),
    SEARCH,
    Stage("factorize", measure.fit_train_part, measure.n_fit_steps),
)
COMPARE = (*FIT_TRAIN_PART, Stage("evaluate", measure.compare_baselines, measure.n_comparisons))


def train(
    config: Config,
    progress: Stages,
    trials: int = 0,
    on_progress: OnProgress = ignore,
    before_publish: Callable[[Comparison | None], None] = ignore,
) -> TrainingRun:
    """Train a model, after a search of so many `trials` if any.

    `on_progress` takes a line for each trial and notes for the user. `before_publish` takes the comparison before the final
    fit; it raises ModelRejectedError to refuse the model. Raises ConfigError, DataError, EncoderError, ModelRejectedError.
    """
    return run_stages(TrainingRun(config, _protocol(config, trials), progress, on_progress, before_publish), TRAIN)


def prepare_data(config: Config, progress: Stages) -> TrainingRun:
    """Read the data, encode the texts and find similar ones; raises DataError, EncoderError."""
    return run_stages(TrainingRun(config, _protocol(config, 0), progress), PREPARE)


def tune(config: Config, trials: int, progress: Stages, on_progress: OnProgress = ignore) -> Tuned:
    """Search for the best hyper-parameters; raises ConfigError, DataError, EncoderError, ModelRejectedError."""
    run = run_stages(TrainingRun(config, _protocol(config, trials), progress, on_progress), TUNE)
    assert run.tuned is not None
    return run.tuned


def compare(config: Config, protocol: Protocol, progress: Stages, on_progress: OnProgress = ignore) -> Comparison:
    """Fit on one part of the interactions; measure the model, its parts and the baselines on the other.

    Raises DataError when nothing can be held out.
    """
    run = run_stages(TrainingRun(config, protocol, progress, on_progress), COMPARE)
    assert run.comparison is not None
    return run.comparison


def leave_one_out(
    config: Config, protocol: Protocol, negatives: int, progress: Stages, on_progress: OnProgress = ignore
) -> dict[str, Figure]:
    """Fit on one part of the interactions; rank one item of each user's other part among random ones.

    Raises DataError when nothing can be held out, or a user has too few other items.
    """
    evaluate = Stage("evaluate", partial(measure.leave_one_out, negatives=negatives))
    run = run_stages(TrainingRun(config, protocol, progress, on_progress), (*FIT_TRAIN_PART, evaluate))
    return run.leave_one_out


def _protocol(config: Config, trials: int) -> Protocol:
    """Return how a training measures the model that it publishes."""
    return Protocol(config.evaluate.split, config.tune.share, config.evaluate.k, trials)
