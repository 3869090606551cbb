"""The order of the stages, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from recsys import blending
from recsys.attributes import Attributes
from recsys.config import Config, SplitKind
from recsys.console import Stages
from recsys.embeddings import Vectors
from recsys.errors import DataError
from recsys.histories import Histories
from recsys.index import VectorTable
from recsys.lists import Lists
from recsys.manifest import Counts, EncoderInfo, EventsInfo, FoldInInfo, Header, Shape
from recsys.model import Model
from recsys.popularity import TRENDING_HALF_LIFE_DAYS, Popularity
from training import als, evaluate, gate, indexing, judge, listing, neighbors, tune
from training.assembly import Parts, assemble
from training.candidates import Content, behaviour_by_power
from training.dataset import Dataset, checksum
from training.indexing import BuiltIndex, Query, sample
from training.material import Material, nothing_seen, prepare
from training.measured import Comparison, Figure
from training.tune import Task, Tuned
from training.validation import Validation, held_out

Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Trained:
    """A fitted model with the header of its manifest, and what is told of it.

    Parameters
    ----------
    config : Config
        With the values that the search found, where there was one.
    tuned : Tuned or None
    comparison : Comparison or None
        None where it was not measured: ``evaluate.gate`` is off, or no user has two interactions.
    indexes : dict
        By name, for the report.
    """

    model: Model
    header: Header
    dataset: Dataset
    config: Config
    tuned: Tuned | None
    comparison: Comparison | None
    indexes: dict[str, BuiltIndex]


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
    DataError, EncoderError, ModelRejectedError
    """
    material = prepare(config, stages)
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
    return index(material, fit_parts(material, config, stages), config, stages, tuned, comparison)


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


def index(
    material: Material,
    parts: Parts,
    config: Config,
    stages: Stages,
    tuned: Tuned | None = None,
    comparison: Comparison | None = None,
) -> Trained:
    """Blend and build the two indexes; raises ModelRejectedError when one misses its recall."""
    pairs, seed, chosen = parts.interactions, config.als.random_state, config.index.queries
    histories = Histories.from_interactions(pairs)
    with stages.stage("blend"):
        assembled = assemble(parts, config.blend)

    def of_users(_: VectorTable) -> Sequence[Query]:
        return [
            (_user_vector(parts, assembled.layout, histories, num), histories.items_of(num))
            for num in sample(len(pairs.users), chosen, seed).tolist()
        ]

    def of_items(table: VectorTable) -> Sequence[Query]:
        nums = sample(len(table), chosen, seed).astype("int32")
        return list(zip(table.rows(nums), nums[:, None], strict=True))

    with stages.stage("index", 2) as advance:
        for_user = indexing.build_index("items_for_user", assembled.for_user, of_users, config.index, seed)
        advance(1)
        like_item = indexing.build_index("items_like_item", assembled.like_item, of_items, config.index, seed)
        advance(1)
    indexes = {"items_for_user": for_user, "items_like_item": like_item}
    model = Model(
        users=pairs.users,
        catalog=parts.catalog,
        histories=histories,
        seen_only=parts.seen_only,
        popularity=Popularity.from_interactions(pairs, config.data.half_life_days),
        trending=Popularity.from_interactions(pairs, TRENDING_HALF_LIFE_DAYS),
        user_factors=parts.factors.users,
        layout=assembled.layout,
        items_for_user=for_user.serving,
        items_like_item=like_item.serving,
        neighborhood=assembled.neighborhood,
        fold_in=als.fold_in(pairs, config.als, parts.factors.items),
        attributes=Attributes.from_catalog(parts.catalog),
        user_lists=Lists.none(len(pairs.users)),
        item_lists=Lists.none(len(pairs.items)),
        forests={name: built.forest for name, built in indexes.items()},
        encoder_files=material.encoded.encoder_files,
    )
    with stages.stage("lists", len(pairs.users) + len(pairs.items)) as advance:
        model = listing.with_lists(model, config.index, advance)
    header = _header(material, model, indexes, config, comparison)
    return Trained(model, header, material.dataset, config, tuned, comparison, indexes)


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


def _header(
    material: Material, model: Model, indexes: Mapping[str, BuiltIndex], config: Config, comparison: Comparison | None
) -> Header:
    encoded, pairs = material.encoded, material.dataset.interactions
    return Header(
        counts=Counts(users=len(pairs.users), items=len(pairs.items), interactions=len(pairs)),
        shape=Shape(**vars(model.layout)),
        encoder=EncoderInfo(name=encoded.embeddings.source, fingerprint=encoded.fingerprint),
        items_for_user=indexes["items_for_user"].info,
        items_like_item=indexes["items_like_item"].info,
        fold_in=FoldInInfo(**vars(model.fold_in.confidence)),
        events=_events(material.dataset),
        parameters=config.model_dump(
            mode="json",  # paths say nothing of the model
            exclude={"store": True, "content": {"cache"}, "data": {"rejects"}, "tune": {"storage"}},
        ),
        data_sha256=checksum(material.dataset),
        metrics=gate.metrics_of(comparison),
    )


def _events(dataset: Dataset) -> EventsInfo:
    rules = dataset.rules
    return EventsInfo(weights=dict(rules.weights), threshold=rules.threshold, **vars(dataset.watermark))


def _user_vector(parts: Parts, layout: blending.Layout, histories: Histories, num: int) -> Vectors:
    return blending.user_vector(parts.factors.users[num], parts.texts[histories.items_of(num)], layout)
