"""The order of the stages, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from recsys.config import Config, SplitKind
from recsys.errors import DataError
from recsys.progress import Stages
from training import build
from training.build import Trained
from training.content import pictures
from training.evaluation import compare as judge
from training.evaluation import evaluate
from training.evaluation.results import Comparison, Figure
from training.evaluation.validation import Validation, held_out
from training.factors import als, neighbors
from training.factors.blend import Parts
from training.ingest.dataset import checksum
from training.prepare import Material, nothing_seen, prepare
from training.tuning import search as tune
from training.tuning.candidates import Content, behaviour_by_power
from training.tuning.search import Task, Tuned

Tell = Callable[[str], None]


def train(
    config: Config,
    stages: Stages,
    trials: int = 0,
    tell: Tell = lambda _: None,
    before_publish: Callable[[Comparison | None], None] = lambda _: None,
) -> Trained:
    """Read, search, judge, fit and index.

    Parameters
    ----------
    trials : int
        Fits of the search before the final one; 0: the configured values are taken.
    tell : callable
        Is given a line after each trial, and what a person should know.
    before_publish : callable
        Is given the comparison before the final fit, and may refuse the model.

    Raises
    ------
    ConfigError, DataError, EncoderError, ModelRejectedError
    """
    material = prepare(config, stages)
    pictured = pictures.NO_PICTURES
    if config.content.picture_encoder:
        with stages.stage("pictures", len(material.dataset.catalog)) as advance:
            pictured = pictures.embed(material.dataset.catalog, config, advance)
        for note in pictured.notes:
            tell(note)
    validation = held_out(
        material.dataset.interactions, config.evaluate.split, config.tune.share, config.als.random_state
    )
    tuned = None
    if trials and validation is None:
        config = _without_search(material, config, tell)
    elif trials and validation is not None:
        tuned = search(material, validation, config, trials, stages, tell)
        config = tuned.config
    comparison = None
    if config.evaluate.gate and validation is not None:
        with stages.stage("validate"):
            few = validation.sampled(config.tune.users, config.als.random_state)
            parts = judge.fitted_parts(material, few, config, tuned.factors if tuned else None)
        comparison = judge.compare(parts, few, config, config.evaluate.k, stages)
    before_publish(comparison)
    parts = fit_parts(material, config, stages)
    return build.finish(material, parts, config, stages, tuned, comparison, pictured)


def _without_search(material: Material, config: Config, tell: Tell) -> Config:
    why = "no user has two interactions, so nothing can be held out and searched with"
    if not (material.texts.shape[1] or material.words.nnz):
        tell(f"{why}: the configured values are taken")
        return config
    config = tune.without_validation(config)
    tell(f"{why}; content leads: blend.beta = {config.blend.beta:g}, blend.lexical = {config.blend.lexical:g}")
    return config


def search(
    material: Material, validation: Validation, config: Config, trials: int, stages: Stages, tell: Tell
) -> Tuned:
    """Search for the best values; raises DataError, ModelRejectedError."""
    seed = config.als.random_state
    with stages.stage("tune", trials) as advance:
        content = Content(material.texts, material.words, behaviour_by_power(validation.train, config.blend, seed))
        unknown = nothing_seen(
            validation.train
        )  # dislikes have no times here, so they may be later than what is held out
        task = Task(validation.sampled(config.tune.users, seed), content, unknown, checksum(material.dataset))

        def step(line: str) -> None:
            tell(line)
            advance(int(line.startswith("trial")))

        return tune.search(task, config, trials, step)


def fit_parts(material: Material, config: Config, stages: Stages) -> Parts:
    """Factors and neighbors of all interactions."""
    pairs, blend, seed = material.dataset.interactions, config.blend, config.als.random_state
    with stages.stage("factorize", config.als.iterations) as advance:
        factors = als.fit(pairs, config.als, lambda: advance(1), material.disliked)
    with stages.stage("neighbors"):
        behaviour = neighbors.by_behaviour(pairs, blend.n_neighbors, blend.neighbor_power, seed)
    return Parts(
        catalog=material.dataset.catalog,
        interactions=pairs,
        seen_only=material.disliked,
        factors=factors,
        texts=material.texts,
        behaviour=behaviour,
        words=material.words,
    )


@dataclass(frozen=True)
class Protocol:
    """How a measurement cuts the interactions, how long its lists are, and how many fits it may search with first, in the
    part that is learned from alone."""

    kind: SplitKind
    share: float
    k: int
    trials: int = 0


def compare(config: Config, protocol: Protocol, stages: Stages, tell: Tell = lambda _: None) -> Comparison:
    """Fit on one part of the interactions and measure the model, its parts and the baselines on the other.

    Raises
    ------
    DataError
        When nothing can be held out.
    """
    validation, parts, config = _fitted_on_part(config, protocol, stages, tell)
    return judge.compare(parts, validation, config, protocol.k, stages)


def leave_one_out(
    config: Config, protocol: Protocol, negatives: int, stages: Stages, tell: Tell = lambda _: None
) -> dict[str, Figure]:
    """Fit on one part of the interactions and rank one item of each user's other part among random ones.

    Raises
    ------
    DataError
        When nothing can be held out, or a user has too few other items.
    """
    validation, parts, config = _fitted_on_part(config, protocol, stages, tell)
    with stages.stage("evaluate"):
        scores = judge.pair_scores(parts, config)
        seed = config.als.random_state
        return evaluate.leave_one_out(scores, validation.train, validation.test, negatives, protocol.k, seed)


def _fitted_on_part(config: Config, protocol: Protocol, stages: Stages, tell: Tell) -> tuple[Validation, Parts, Config]:
    material, seed = prepare(config, stages), config.als.random_state
    pairs = material.dataset.interactions
    validation = held_out(pairs, protocol.kind, protocol.share, seed, with_cold_items=False)
    if validation is None:
        raise DataError("no user has two interactions, so nothing can be held out")
    inner = held_out(validation.train, config.evaluate.split, config.tune.share, seed) if protocol.trials else None
    if protocol.trials and inner is None:
        tell("no user has two interactions left, so nothing can be searched with: the configured values are measured")
    if inner is not None:
        inner = replace(inner, protocol=f"{inner.protocol} without the {validation.protocol}")
        config = search(material, inner, config, protocol.trials, stages, tell).config
    with stages.stage("factorize"):
        return validation, judge.fitted_parts(material, validation, config), config
