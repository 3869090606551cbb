"""Stages that hold a part of the interactions out: the search, the comparison with the baselines, and the quality gate."""

from __future__ import annotations

from dataclasses import replace

from recsys.errors import DataError
from training.evaluation import compare, evaluate
from training.evaluation.validation import Validation, held_out
from training.factors import als
from training.factors.als import Factors
from training.factors.blend import FittedParts, empty_histories
from training.ingest.dataset import checksum
from training.run import NOT_YET, TrainingRun
from training.tuning import search as tuning
from training.tuning.candidates import Content, behavior_by_power
from training.tuning.search import Task

NOTHING_TO_HOLD_OUT = "no user has two interactions, so nothing can be held out"


def hold_out(run: TrainingRun) -> TrainingRun:
    """Hold out what the search and the comparison of a training use."""
    pairs, protocol = run.dataset.interactions, run.protocol
    validation = held_out(pairs, protocol.kind, protocol.share, run.seed)
    if validation is not None:
        validation = validation.sampled(run.config.tune.users, run.seed)
    return replace(run, validation=validation, search_validation=validation)


def hold_out_test_part(run: TrainingRun) -> TrainingRun:
    """Hold out the test part of a measurement and, within the rest, the validation part of the search.

    Raises DataError when no user has two interactions.
    """
    pairs, protocol, config = run.dataset.interactions, run.protocol, run.config
    validation = held_out(pairs, protocol.kind, protocol.share, run.seed, with_cold_items=False)
    if validation is None:
        raise DataError(NOTHING_TO_HOLD_OUT)
    if not protocol.trials:
        return replace(run, validation=validation)
    inner = held_out(validation.train, config.evaluate.split, config.tune.share, run.seed)
    if inner is None:
        run.on_progress("no user has two interactions left to search with: the configured values are measured")
        return replace(run, validation=validation)
    inner = replace(inner, protocol=f"{inner.protocol} without the {validation.protocol}")
    return replace(run, validation=validation, search_validation=inner.sampled(config.tune.users, run.seed))


def let_content_lead(run: TrainingRun) -> TrainingRun:
    """Choose the weights of the blend for data that cannot be searched with."""
    why = f"{NOTHING_TO_HOLD_OUT} and searched with"
    if not (run.texts.shape[1] or run.words.nnz):
        run.on_progress(f"{why}: the configured values are taken")
        return run
    config = tuning.without_validation(run.config)
    beta, lexical = config.blend.beta, config.blend.lexical
    run.on_progress(f"{why}; content leads: blend.beta = {beta:g}, blend.lexical = {lexical:g}")
    return replace(run, config=config)


def require_validation(run: TrainingRun) -> TrainingRun:
    """Raise DataError when there is nothing to search with."""
    if run.search_validation is None:
        raise DataError(f"{NOTHING_TO_HOLD_OUT} and searched with")
    return run


def can_search(run: TrainingRun) -> bool:
    return run.protocol.trials > 0 and run.search_validation is not None


def search(run: TrainingRun) -> TrainingRun:
    """Search for the best hyper-parameters.

    Raises DataError when the storage of trials cannot be used, ModelRejectedError when no fit succeeds.
    """
    validation = run.search_validation
    assert validation is not None
    content = Content(run.texts, run.words, behavior_by_power(validation.train, run.config.blend, run.seed))
    # dislikes have no times, so they may be later than the held-out part: the search learns from none
    task = Task(validation, content, empty_histories(validation.train), checksum(run.dataset))

    def report(line: str) -> None:
        run.on_progress(line)
        run.advance(int(line.startswith("trial")))

    tuned = tuning.search(task, run.config, run.protocol.trials, report)
    return replace(run, config=tuned.config, tuned=tuned)


def n_fit_steps(run: TrainingRun) -> int:
    """Return how many steps :func:`fit_train_part` has: the iterations, and the neighbors."""
    return run.config.als.iterations + 1


def fit_train_part(run: TrainingRun) -> TrainingRun:
    """Fit the parts of a model on the train part of the validation."""
    assert run.validation is not None
    factors = run.tuned.factors if run.tuned and run.search_validation is run.validation else None
    return replace(run, validation_parts=fitted_parts(run, run.validation, factors))


def fitted_parts(run: TrainingRun, validation: Validation, factors: Factors | None = None) -> FittedParts:
    """Return the parts of a model of the validation's train part; `factors` are fitted if they are None."""
    train = validation.train
    # dislikes have no times, so they may be later than the cut: neither left out nor learned from
    factors = factors or als.fit(train, run.config.als, lambda: run.advance(1))
    return run.fitted_parts(train, empty_histories(train), factors)


def n_comparisons(run: TrainingRun) -> int:
    """Return how many steps :func:`compare_baselines` has."""
    return compare.n_steps(run.validation_parts)


def compare_baselines(run: TrainingRun) -> TrainingRun:
    """Measure the model, its parts and the baselines on the held-out part; release the parts."""
    assert run.validation is not None
    result = compare.compare_baselines(run.validation_parts, run.validation, run.config, run.protocol.k, run.advance)
    return replace(run, comparison=result, validation_parts=NOT_YET)


def leave_one_out(run: TrainingRun, negatives: int) -> TrainingRun:
    """Rank a held-out item of each user among `negatives` random ones; raises DataError when a user has too few others."""
    assert run.validation is not None
    train, test = run.validation.train, run.validation.test
    scores = compare.pair_scores(run.validation_parts, run.config)
    figures = evaluate.leave_one_out(scores, train, test, negatives, run.protocol.k, run.seed)
    return replace(run, leave_one_out=figures)


def check_quality(run: TrainingRun) -> TrainingRun:
    """Check whether the model may be published; raises ModelRejectedError."""
    run.before_publish(run.comparison)
    return run
