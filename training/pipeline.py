"""The order of the stages, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys import blending
from recsys.batch import recommend_many
from recsys.blending import Layout
from recsys.catalog import Catalog
from recsys.config import Config
from recsys.console import Stages
from recsys.embeddings import Vectors
from recsys.histories import Histories
from recsys.index import ExactIndex, VectorTable
from recsys.interactions import Interactions
from recsys.manifest import Counts, EncoderInfo, Header, Shape
from recsys.model import Model
from recsys.popularity import Popularity
from recsys.recommender import Recommender
from training import als, content, evaluate, indexing
from training.als import Factors
from training.content import Content
from training.dataset import Dataset, checksum
from training.evaluate import Measured
from training.indexing import Query, sample
from training.ingest import ingest
from training.split import split_last_share, tested_users


@dataclass(frozen=True, eq=False)
class Trained:
    """A fitted model with the header of its manifest and the data it was fitted on."""

    model: Model
    header: Header
    dataset: Dataset


@dataclass(frozen=True, eq=False)
class Blended:
    """The item vectors of both questions, (n_items, layout.dim)."""

    layout: Layout
    for_user: Vectors
    like_item: Vectors


def train(config: Config, stages: Stages) -> Trained:
    """Read, factorize, encode, blend and index.

    Raises
    ------
    DataError, EncoderError, ModelRejectedError
    """
    with stages.stage("read"):
        dataset = ingest(config)
    factors = fit_factors(dataset.interactions, config, stages)
    encoded = encode(dataset.catalog, config, stages)
    return index(dataset, factors, encoded, config, stages)


def fit_factors(interactions: Interactions, config: Config, stages: Stages) -> Factors:
    with stages.stage("factorize", config.als.iterations) as advance:
        return als.fit(interactions, config.als, lambda: advance(1))


def encode(catalog: Catalog, config: Config, stages: Stages) -> Content:
    with stages.stage("encode", len(catalog)) as advance:
        return content.embed(catalog, config, advance)


def blend(interactions: Interactions, factors: Factors, texts: Vectors, config: Config) -> Blended:
    """Both blends of the factors (n_items, factors) and the centred text vectors (n_items, text_dim)."""
    scale = blending.content_scale(factors.users, factors.items, config.blend.beta) if texts.shape[1] else 0.0
    trust = blending.reliability(interactions.item_counts(), config.blend.half_at)
    return Blended(
        Layout(factors.items.shape[1], texts.shape[1], scale),
        blending.items_for_user(factors.items, texts, scale),
        blending.items_like_item(factors.items, texts, config.blend.weight, trust),
    )


def index(dataset: Dataset, factors: Factors, encoded: Content, config: Config, stages: Stages) -> Trained:
    """Blend and build the two indexes; raises ModelRejectedError when one misses its recall."""
    pairs, texts, seed = dataset.interactions, blending.centred(encoded.embeddings.vectors), config.als.random_state
    histories = Histories.from_interactions(pairs)

    def of_users(_: VectorTable) -> Sequence[Query]:
        chosen = sample(len(pairs.users), config.index.queries, seed).tolist()
        seen = [histories.items_of(num) for num in chosen]
        vectors = [
            blending.user_vector(factors.users[num], texts[items]) for num, items in zip(chosen, seen, strict=True)
        ]
        return list(zip(vectors, seen, strict=True))

    def of_items(table: VectorTable) -> Sequence[Query]:
        chosen = sample(len(table), config.index.queries, seed).astype(np.int32)
        return list(zip(table.rows(chosen), chosen[:, None], strict=True))

    with stages.stage("index", 2) as advance:
        blended = blend(pairs, factors, texts, config)
        for_user = indexing.build_index("items_for_user", blended.for_user, of_users, config.index, seed)
        advance(1)
        like_item = indexing.build_index("items_like_item", blended.like_item, of_items, config.index, seed)
        advance(1)
    model = Model(
        users=pairs.users,
        catalog=dataset.catalog,
        histories=histories,
        seen_only=dataset.seen_only or _nothing_else_seen(pairs),
        popularity=Popularity.from_interactions(pairs, config.data.half_life_days),
        user_factors=factors.users,
        layout=blended.layout,
        items_for_user=for_user.serving,
        items_like_item=like_item.serving,
        forests={"items_for_user": for_user.forest, "items_like_item": like_item.forest},
        encoder_files=encoded.encoder_files,
    )
    header = Header(
        counts=Counts(users=len(pairs.users), items=len(pairs.items), interactions=len(pairs)),
        shape=Shape(**vars(blended.layout)),
        encoder=EncoderInfo(name=encoded.embeddings.source, fingerprint=encoded.fingerprint),
        items_for_user=for_user.info,
        items_like_item=like_item.info,
        parameters=config.model_dump(
            mode="json",
            exclude={"store": True, "content": {"cache"}, "data": {"rejects"}},  # paths say nothing of the model
        ),
        data_sha256=checksum(dataset),
        metrics={},
    )
    return Trained(model, header, dataset)


def compare(config: Config, share: float, k: int, stages: Stages) -> list[Measured]:
    """Fit on the first part of each user's history and measure the blend, its parts and popularity on the last `share`.

    Raises
    ------
    DataError
        When the data has no timestamps.
    """
    with stages.stage("read"):
        dataset = ingest(config)
    split = split_last_share(dataset.interactions, share)
    factors = fit_factors(split.train, config, stages)
    texts = blending.centred(encode(dataset.catalog, config, stages).embeddings.vectors)
    users, seed = tested_users(split), config.als.random_state
    no_factors = Factors(np.zeros_like(factors.users), np.zeros_like(factors.items))
    ways = {
        "blended": (factors, texts),
        "behaviour alone": (factors, texts[:, :0]),
        "content alone": (no_factors, texts),
    }
    measured = []
    with stages.stage("evaluate", len(ways) + 1) as advance:
        for name, (some_factors, some_texts) in ways.items():
            model = _exact_model(dataset.catalog, split.train, some_factors, some_texts, config)
            answers = recommend_many(Recommender(model, ""), users, k, exact=True)
            measured.append(evaluate.measure(name, answers, users, split.test, k, seed))
            advance(1)
        popular = (model.popularity.top(k, model.histories.items_of(num)) for num in users.tolist())
        measured.append(evaluate.measure("popularity", popular, users, split.test, k, seed))
        advance(1)
    return measured


def _nothing_else_seen(interactions: Interactions) -> Histories:
    nothing = np.empty(0, dtype=np.int32)
    return Histories.from_pairs(nothing, nothing, len(interactions.users), len(interactions.items))


def _exact_model(
    catalog: Catalog, interactions: Interactions, factors: Factors, texts: Vectors, config: Config
) -> Model:
    blended = blend(interactions, factors, texts, config)
    return Model(
        users=interactions.users,
        catalog=catalog,
        histories=Histories.from_interactions(interactions),
        seen_only=_nothing_else_seen(interactions),
        popularity=Popularity.from_interactions(interactions, config.data.half_life_days),
        user_factors=factors.users,
        layout=blended.layout,
        items_for_user=ExactIndex(VectorTable.from_vectors(blended.for_user)),
        items_like_item=ExactIndex(VectorTable.from_vectors(blended.like_item)),
    )
