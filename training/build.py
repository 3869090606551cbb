"""From fitted parts to a model that answers: blended, indexed, and with everything that is computed beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from recsys.bundle.manifest import Counts, EncoderInfo, FoldInInfo, Header, PictureInfo, Shape
from recsys.config import Config
from recsys.data.attributes import Attributes
from recsys.data.histories import Histories
from recsys.data.vectors import Vectors
from recsys.events.records import EventsInfo
from recsys.index.exact import NO_INDEX, ExactIndex, VectorTable
from recsys.model import blending
from recsys.model.extras.anomalies import Anomalies
from recsys.model.extras.directions import Directions
from recsys.model.extras.groups import Groups
from recsys.model.extras.item_map import ItemMap
from recsys.model.extras.tagging import Tagging
from recsys.model.model import Model
from recsys.model.popularity import TRENDING_HALF_LIFE_DAYS, Popularity
from recsys.model.precomputed_lists import Lists
from recsys.model.similarity import Likeness
from recsys.progress import Stages
from recsys.text.bm25 import Keywords
from recsys.text.name_index import Names
from training.content.attribute_terms import value_texts
from training.content.pictures import NO_PICTURES, Pictures
from training.evaluation import gate
from training.evaluation.results import Comparison
from training.explore import explore
from training.explore.explore import Explored
from training.factors import als
from training.factors.blend import Assembled, Parts, assemble
from training.indexes import build, precompute_lists
from training.indexes.build import BuiltIndex, Query, sample
from training.ingest.dataset import Dataset, checksum
from training.insights import anomalies, tagging
from training.insights.odd_items import Known
from training.prepare import Material
from training.tuning.search import Tuned


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
    explored : Explored
    """

    model: Model
    header: Header
    dataset: Dataset
    config: Config
    tuned: Tuned | None
    comparison: Comparison | None
    indexes: dict[str, BuiltIndex]
    explored: Explored


def finish(
    material: Material,
    parts: Parts,
    config: Config,
    stages: Stages,
    tuned: Tuned | None = None,
    comparison: Comparison | None = None,
    pictures: Pictures = NO_PICTURES,
) -> Trained:
    """Blend, build the indexes and compute what is kept; raises ModelRejectedError when an index misses its recall."""
    with stages.stage("blend"):
        assembled = assemble(parts, config.blend)
    indexes = _indexes(parts, assembled, material.encoded.embeddings.vectors, pictures.vectors, config, stages)
    model = _model(material, parts, assembled, indexes, pictures, config, stages)
    with stages.stage("lists", len(model.users) + len(model.catalog)) as advance:
        model = precompute_lists.with_lists(model, config.index, advance)
    with stages.stage("explore", explore.STEPS) as advance:
        model, explored = explore.explore(model, config, advance)
    measured = {**gate.metrics_of(comparison), **tagging.figures(model.tagging), **explored.metrics()}
    header = _header(material, model, indexes, config, measured, pictures.encoder)
    return Trained(model, header, material.dataset, config, tuned, comparison, indexes, explored)


def _model(
    material: Material,
    parts: Parts,
    assembled: Assembled,
    indexes: Mapping[str, BuiltIndex],
    pictures: Pictures,
    config: Config,
    stages: Stages,
) -> Model:
    """The model without what is computed by asking it: lists, groups, map and directions."""
    pairs, vectors = parts.interactions, material.encoded.embeddings.vectors
    n_users, n_items = len(pairs.users), len(pairs.items)
    with stages.stage("keywords"):
        attributes = Attributes.from_catalog(parts.catalog)
        values = value_texts(parts.catalog, attributes)
        keywords = Keywords.from_texts(parts.catalog.texts(), list(parts.catalog.titles), values)
        names = Names.from_catalog(parts.catalog, attributes.nums)
    by_text, by_picture = indexes.get("items_by_text"), indexes.get("items_by_picture")
    likeness = Likeness.of(config.blend.weight, blending.text_mean(vectors))
    return Model(
        users=pairs.users,
        catalog=parts.catalog,
        histories=Histories.from_interactions(pairs),
        seen_only=parts.seen_only,
        popularity=Popularity.from_interactions(pairs, config.data.half_life_days),
        trending=Popularity.from_interactions(pairs, TRENDING_HALF_LIFE_DAYS),
        user_factors=parts.factors.users,
        layout=assembled.layout,
        items_for_user=indexes["items_for_user"].serving,
        items_like_item=indexes["items_like_item"].serving,
        items_by_text=by_text.serving if by_text else ExactIndex(VectorTable.from_vectors(vectors)),
        neighborhood=assembled.neighborhood,
        fold_in=als.fold_in(pairs, config.als, parts.factors.items),
        attributes=attributes,
        user_lists=Lists.none(n_users),
        item_lists=Lists.none(n_items),
        keywords=keywords,
        likeness=likeness,
        names=names,
        clusters=Groups.none(n_items),
        segments=Groups.none(n_users),
        item_map=ItemMap.none(n_items),
        directions=Directions(),
        tagging=_tagging(material, parts, assembled, likeness, stages),
        anomalies=_anomalies(material, parts, config, stages),
        items_by_picture=by_picture.serving if by_picture else NO_INDEX,
        picture_tags=pictures.tags,
        forests={name: built.forest for name, built in indexes.items()},
        encoder_files=material.encoded.encoder_files,
        picture_encoder_files=pictures.encoder_files,
    )


def _tagging(material: Material, parts: Parts, assembled: Assembled, likeness: Likeness, stages: Stages) -> Tagging:
    with stages.stage("tags"):
        encoded = material.encoded
        most = tagging.HELD_OUT if encoded.encoder_files else tagging.SLOWLY  # a fitted encoder only looks words up
        space = tagging.Space(assembled.like_item, assembled.layout.factors, likeness, encoded.encode, most)
        return tagging.fit(parts.catalog, space)


def _anomalies(material: Material, parts: Parts, config: Config, stages: Stages) -> Anomalies:
    with stages.stage("anomalies"):
        matrix = Histories.from_interactions(parts.interactions).matrix()
        known = Known(
            parts.catalog, parts.texts, material.encoded.embeddings.vectors, parts.behaviour, parts.words, matrix
        )
        return anomalies.find(material.dataset.rated(), known, config.als.random_state)


def _indexes(
    parts: Parts, assembled: Assembled, vectors: Vectors, pictures: Vectors, config: Config, stages: Stages
) -> dict[str, BuiltIndex]:
    """The indexes by name; over the vectors of texts and of pictures (n_items, dim) only where there are any."""
    pairs, seed, chosen = parts.interactions, config.als.random_state, config.index.queries
    histories, layout = Histories.from_interactions(pairs), assembled.layout

    def of_users(_: VectorTable) -> Sequence[Query]:
        nums = sample(len(pairs.users), chosen, seed).tolist()
        consumed = [histories.items_of(num) for num in nums]
        return [
            (blending.user_vector(parts.factors.users[num], parts.texts[items], layout), items)
            for num, items in zip(nums, consumed, strict=True)
        ]

    def of_items(table: VectorTable) -> Sequence[Query]:
        nums = sample(len(table), chosen, seed).astype("int32")
        return list(zip(table.rows(nums), nums[:, None], strict=True))

    wanted: dict[str, tuple[Vectors, Callable[[VectorTable], Sequence[Query]]]] = {
        "items_for_user": (assembled.for_user, of_users),
        "items_like_item": (assembled.like_item, of_items),
    }
    if vectors.shape[1]:
        wanted["items_by_text"] = (vectors, of_items)
    if pictures.shape[1]:
        wanted["items_by_picture"] = (pictures, of_items)
    built = {}
    with stages.stage("index", len(wanted)) as advance:
        for name, (rows, queries) in wanted.items():
            built[name] = build.build_index(name, rows, queries, config.index, seed)
            advance(1)
    return built


def _header(
    material: Material,
    model: Model,
    indexes: Mapping[str, BuiltIndex],
    config: Config,
    measured: dict[str, float],
    picture_encoder: EncoderInfo,
) -> Header:
    encoded, pairs = material.encoded, material.dataset.interactions
    return Header(
        counts=Counts(users=len(pairs.users), items=len(pairs.items), interactions=len(pairs)),
        shape=Shape(**vars(model.layout)),
        encoder=EncoderInfo(name=encoded.embeddings.source, fingerprint=encoded.fingerprint),
        items_for_user=indexes["items_for_user"].info,
        items_like_item=indexes["items_like_item"].info,
        items_by_text=indexes["items_by_text"].info if "items_by_text" in indexes else None,
        items_by_picture=indexes["items_by_picture"].info if "items_by_picture" in indexes else None,
        fold_in=FoldInInfo(**vars(model.fold_in.confidence)),
        events=_events(material.dataset),
        parameters=config.model_dump(
            mode="json",  # paths say nothing of the model
            exclude={"store": True, "content": {"cache"}, "data": {"rejects"}, "tune": {"storage"}},
        ),
        data_sha256=checksum(material.dataset),
        metrics=measured,
        pictures=PictureInfo(encoder=picture_encoder, dim=model.picture_dim),
    )


def _events(dataset: Dataset) -> EventsInfo:
    rules = dataset.rules
    return EventsInfo(weights=dict(rules.weights), threshold=rules.threshold, **vars(dataset.watermark))
