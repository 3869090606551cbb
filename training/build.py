"""Stages that fit the final model, index it, and compute what is stored with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from recsys.bundle.manifest import Counts, EncoderInfo, Header, PictureInfo, Shape
from recsys.config import Config, TableName
from recsys.data.attributes import Attributes
from recsys.data.histories import Histories
from recsys.data.vectors import Vectors
from recsys.events.records import EventsInfo
from recsys.index.exact import NO_INDEX, VectorTable
from recsys.model import blending
from recsys.model.extras.arrivals import Arrivals
from recsys.model.extras.user_records import UserRecords
from recsys.model.model import Model
from recsys.model.popularity import TRENDING_HALF_LIFE_DAYS, Popularity
from recsys.model.similarity import Likeness
from recsys.text.attribute_terms import value_texts
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex
from training.evaluation import quality_gate
from training.explore import explore
from training.factors import als, attribute_tastes, neighbors, together
from training.factors.blend import blend_parts
from training.indexes import build
from training.indexes import precompute_lists as lists
from training.indexes.build import BuiltIndex, sample
from training.indexes.forest_or_scan import Query
from training.ingest.baskets import MOST_EVENTS
from training.ingest.dataset import checksum
from training.insights import anomalies, tagging
from training.insights.odd_items import Known
from training.read.location import shown
from training.run import TrainingRun

KEYWORD_STEPS = 4
VectorSource = tuple[Vectors, Callable[[VectorTable], Sequence[Query]]]


def factorize(run: TrainingRun) -> TrainingRun:
    """Fit the factors of all interactions."""
    pairs = run.dataset.interactions
    return replace(run, factors=als.fit(pairs, run.config.als, lambda: run.advance(1), run.unliked))


def find_neighbors(run: TrainingRun) -> TrainingRun:
    """Find the nearest items of each item by behavior, and gather the parts of the model."""
    pairs = run.dataset.interactions
    most = neighbors.most_of_a_user(pairs)
    if run.config.blend.n_neighbors and most < int(np.bincount(pairs.user_nums).max(initial=0)):
        run.on_progress(f"neighbors: of users with more than {most:,} items, {most:,} random items of each count")
    return replace(run, parts=run.fitted_parts(pairs, run.disliked, run.factors))


def has_unlisted_items(run: TrainingRun) -> bool:
    return run.dataset.n_unlisted > 0


def leave_out_unlisted(run: TrainingRun) -> TrainingRun:
    """Leave the items without a record out of the model, after the factors have learned from them."""
    dataset, embeddings = run.dataset.listed(), run.encoded.embeddings
    n, items = len(dataset.catalog), dataset.catalog.items
    run = replace(run, dataset=dataset, texts=run.texts[:n], words=run.words[:n, :n])
    return replace(
        run,
        encoded=replace(run.encoded, embeddings=replace(embeddings, items=items, vectors=embeddings.vectors[:n])),
        pictures=replace(run.pictures, vectors=run.pictures.vectors[:n]),
        parts=run.parts.of(dataset.catalog, dataset.interactions, run.disliked),
    )


def blend(run: TrainingRun) -> TrainingRun:
    """Blend the parts to vectors."""
    config, vectors = run.config.blend, run.encoded.embeddings.vectors
    similarity = Likeness.of(config.weight, blending.text_mean(vectors))
    return replace(run, blended=blend_parts(run.parts, config), similarity=similarity)


def n_indexes(run: TrainingRun) -> int:
    """Return how many steps :func:`build_indexes` has."""
    return build.STEPS * len(_vectors_to_index(run))


def build_indexes(run: TrainingRun) -> TrainingRun:
    """Build the vector indexes at the same time; raises ModelRejectedError when the recall of an index is too low."""

    def built(name: str, source: VectorSource) -> BuiltIndex:
        return build.build_index(name, *source, run.config.index, run.seed, run.advance)

    sources = _vectors_to_index(run)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return replace(run, indexes=dict(zip(sources, pool.map(built, sources, sources.values()), strict=True)))


def _vectors_to_index(run: TrainingRun) -> dict[str, VectorSource]:
    """Return rows and sample queries of each index by name; texts and pictures only where the catalog has them."""
    parts, layout, n_queries = run.parts, run.blended.layout, run.config.index.queries

    def of_users(_: VectorTable) -> Sequence[Query]:
        histories = Histories.from_interactions(parts.interactions)
        nums = sample(len(histories), n_queries, run.seed).tolist()
        users = ((parts.factors.users[num], histories.items_of(num)) for num in nums)
        return [(blending.user_vector(factors, parts.texts[items], layout), items) for factors, items in users]

    def of_items(table: VectorTable) -> Sequence[Query]:
        nums = sample(len(table), n_queries, run.seed).astype("int32")
        return list(zip(table.rows(nums), nums[:, None], strict=True))

    sources: dict[str, VectorSource] = {
        "items_for_user": (run.blended.for_user, of_users),
        "items_like_item": (run.blended.like_item, of_items),
        "items_by_text": (run.encoded.embeddings.vectors, of_items),
        "items_by_picture": (run.pictures.vectors, of_items),
    }
    return {name: source for name, source in sources.items() if source[0].shape[1]}


def index_words(run: TrainingRun) -> TrainingRun:
    """Index the words of texts and the names of the items."""
    catalog = run.dataset.catalog
    attributes = Attributes.from_catalog(catalog)
    run.advance(1)
    values = value_texts(catalog, attributes)
    run.advance(1)
    keywords = Bm25.from_texts(catalog.texts(), list(catalog.titles), values)
    run.advance(1)
    names = NameIndex.from_catalog(catalog, attributes.nums) if run.config.explore.names else None
    run.advance(1)
    return replace(run, attributes=attributes, keywords=keywords, names=names)


def fit_tagging(run: TrainingRun) -> TrainingRun:
    """Fit the suggestions of attribute values."""
    encoded, blended = run.encoded, run.blended
    # an encoder that was fitted on the catalog only looks words up, so it is measured on more items
    most = tagging.SLOWLY if encoded.pretrained else tagging.HELD_OUT
    space = tagging.Space(blended.like_item, blended.layout.factors, run.similarity, encoded.encode, most)
    return replace(run, tagging=tagging.fit(run.dataset.catalog, space, run.advance))


def find_anomalies(run: TrainingRun) -> TrainingRun:
    """Find unusual items and users."""
    parts, vectors = run.parts, run.encoded.embeddings.vectors
    matrix = Histories.from_interactions(parts.interactions).matrix()
    known = Known(parts.catalog, parts.texts, vectors, parts.behavior, parts.words, matrix)
    return replace(run, anomalies=anomalies.find(run.dataset.rated(), known, run.seed, run.advance))


def find_pairs(run: TrainingRun) -> TrainingRun:
    """Find the items of the same baskets."""
    baskets = run.dataset.baskets
    assert baskets is not None
    if baskets.n_cut:
        run.on_progress(
            f"baskets: {baskets.n_cut:,} had {MOST_EVENTS} events and ended there; the next event began another"
        )
    found = together.count_pairs(baskets, len(run.dataset.catalog), run.config.together, run.advance)
    return replace(run, together=found)


def has_baskets(run: TrainingRun) -> bool:
    return run.dataset.baskets is not None


def has_attributes_of_users(run: TrainingRun) -> bool:
    return bool(run.dataset.users)


def learn_attributes(run: TrainingRun) -> TrainingRun:
    """Learn what users with an attribute take, for users without events."""
    learned = attribute_tastes.learn(run.dataset.users, run.parts.interactions, run.seed)
    if learned is None:
        run.on_progress("attributes of users: too few users with interactions have some")
        return run
    by = f"ndcg@10 {learned.by_attributes:.4f} by {', '.join(learned.attributes) or 'none'}"
    than = f"{learned.popular:.4f} of popular ±{learned.interval:.4f}, {learned.n_users} held-out users"
    used = "" if learned.tastes is not None else "; new users get the popular items"
    run.on_progress(f"attributes of users: {by} beside {than}{used}")
    return replace(run, tastes=learned.tastes)


def build_model(run: TrainingRun) -> TrainingRun:
    """Put the model together, without what is computed by querying it: lists, groups, map and directions."""
    config, parts, pairs, pictures = run.config, run.parts, run.parts.interactions, run.pictures
    serving = {name: built.serving for name, built in run.indexes.items()}
    model = Model(
        users=pairs.users,
        catalog=parts.catalog,
        histories=Histories.from_interactions(pairs),
        seen_only=parts.seen_only,
        popularity=Popularity.from_interactions(pairs, config.data.half_life_days),
        trending=Popularity.from_interactions(pairs, TRENDING_HALF_LIFE_DAYS),
        user_factors=parts.factors.users,
        layout=run.blended.layout,
        items_for_user=serving["items_for_user"],
        items_like_item=serving["items_like_item"],
        neighborhood=run.blended.neighborhood,
        fold_in=als.fold_in(pairs, config.als, parts.factors.items),
        attributes=run.attributes,
        likeness=run.similarity,
        items_by_text=serving.get("items_by_text", NO_INDEX),
        items_by_picture=serving.get("items_by_picture", NO_INDEX),
        forests={name: built.forest for name, built in run.indexes.items()},
        encoder_files=run.encoded.encoder_files,
        picture_encoder_files=pictures.encoder_files,
    )
    arrivals = Arrivals.of(parts.catalog, run.attributes, run.dataset.first_events)
    extras = (
        run.keywords,
        run.names,
        run.tagging,
        run.anomalies,
        run.together,
        arrivals,
        pictures.tags,
        run.dataset.skipped,
        UserRecords.of(run.dataset.users),
        run.tastes,
    )
    return replace(run, model=model.with_extras(*(part for part in extras if part is not None)))


def precompute_lists(run: TrainingRun) -> TrainingRun:
    """Compute the lists of users and items that the service looks up."""
    return replace(run, model=lists.with_lists(run.model, run.config.index, run.advance))


def explore_model(run: TrainingRun) -> TrainingRun:
    """Find groups, map and directions."""
    model, explored = explore.explore(run.model, run.config, run.advance)
    return replace(run, model=model, explored=explored)


def write_header(run: TrainingRun) -> TrainingRun:
    """Describe the model for the manifest."""
    model, dataset, encoded, rules = run.model, run.dataset, run.encoded, run.dataset.rules
    infos = {name: built.info for name, built in run.indexes.items()}
    header = Header(
        counts=Counts(users=len(model.users), items=len(model.catalog), interactions=len(dataset.interactions)),
        shape=Shape(**vars(model.layout)),
        encoder=EncoderInfo(name=encoded.embeddings.source, fingerprint=encoded.fingerprint),
        events=EventsInfo(weights=dict(rules.weights), threshold=rules.threshold, **vars(dataset.watermark)),
        parameters=parameters(run.config),
        data_sha256=checksum(dataset),
        metrics=quality_gate.metrics_of(run.comparison) | tagging.figures(run.tagging) | run.explored.metrics(),
        pictures=PictureInfo(encoder=run.pictures.encoder, dim=model.picture_dim),
        items_for_user=infos["items_for_user"],
        items_like_item=infos["items_like_item"],
        items_by_text=infos.get("items_by_text"),
        items_by_picture=infos.get("items_by_picture"),
    )
    return replace(run, header=header)


def parameters(config: Config) -> dict[str, Any]:
    """Return the configuration for the manifest: without paths of this machine and without passwords in URLs."""
    paths: Any = {"store": True, "content": {"cache"}, "data": {"rejects"}, "tune": {"storage"}}
    values = config.model_dump(mode="json", exclude=paths)
    for name in get_args(TableName):
        table = values["data"][name]
        values["data"][name] = shown(table) if isinstance(table, str) else table | {"file": shown(table["file"])}
    return values
