"""Collects the data of the report of a trained model."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from recsys.config_file import render_values
from recsys.data.catalog import Catalog
from recsys.explore.map_svg import draw
from recsys.explore.outliers import page
from recsys.model.extras.anomalies import SUSPECT, Anomalies, Outliers
from recsys.model.extras.descriptions import Meaning
from recsys.model.extras.directions import Direction, Directions
from recsys.model.extras.groups import Clusters, Groups, Segments
from recsys.model.extras.tagging import SPACES, Tagging
from recsys.model.model import Model
from recsys.model.precomputed_lists import UserLists
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.score_order import displayed
from training.evaluation import list_metrics
from training.evaluation.results import Figure
from training.indexes.build import sample
from training.report.data import DirectionRow, Exploration, Exposure, GroupRow, ReportData, TagQuality, UserSample
from training.report.render import render
from training.run import TrainingRun

SHOWN_USERS, SHOWN_ITEMS, SHOWN_OUTLIERS = 5, 10, 10
SECTIONS = ("als", "content", "blend", "index", "tune", "evaluate")
EXPOSURE_K = 10
WORDS, VALUES, TITLES = 8, 3, 3  # shown of a group or the end of a direction


def collect_report(trained: TrainingRun, seconds: dict[str, float]) -> bytes:
    """Return the report as a self-contained HTML page."""
    return render(data(trained, seconds)).encode()


def collect_figures(trained: TrainingRun) -> bytes:
    """Return the evaluation as JSON: rows of a model, a metric, its mean with a 95% interval, and the number of users."""
    measured = trained.comparison.measured if trained.comparison else ()
    rows = [
        {"model": way.name, "metric": metric, **_displayed(figure), "n_users": way.users}
        for way in measured
        for metric, figure in way.figures.items()
    ]
    return (json.dumps(rows, indent=1, allow_nan=False) + "\n").encode()


def _displayed(figure: Figure) -> dict[str, float]:
    return {"value": displayed(figure.mean), "low": displayed(figure.low), "high": displayed(figure.high)}


def data(trained: TrainingRun, seconds: dict[str, float]) -> ReportData:
    """Return everything that the report shows; `seconds` are those of the stages."""
    config, tuned = trained.config, trained.tuned
    anomalies = trained.model.extra(Anomalies) or Anomalies(Outliers.of(()), Outliers.of(()))
    recommender = Recommender(trained.model.with_extras(anomalies), "")
    return ReportData(
        facts=_facts(trained),
        comparison=trained.comparison,
        metric=f"{config.tune.metric}@{config.tune.k}",
        trials=tuned.trials if tuned else (),
        indexes={name: built.points for name, built in trained.indexes.items()},
        seconds=dict(seconds),
        users=_users(recommender, trained.seed),
        configuration=render_values(config, SECTIONS),
        notes=_notes(trained),
        exploration=_exploration(trained),
        exposure=_exposure(trained.model),
        tags=tuple(_tags(trained.tagging)) if trained.tagging else (),
        odd_items=page(recommender, "items", SHOWN_OUTLIERS).outliers,
        odd_users=page(recommender, "users", SHOWN_OUTLIERS).outliers,
        n_odd=(len(anomalies.items), len(anomalies.users), int((anomalies.users.scores > SUSPECT).sum())),
    )


def _facts(trained: TrainingRun) -> dict[str, str]:
    counts, shape = trained.header.counts, trained.header.shape
    times = trained.dataset.interactions.timestamps
    facts = {
        "users": f"{counts.users:,}",
        "items": f"{counts.items:,}",
        "interactions": f"{counts.interactions:,}",
        "factors": str(shape.factors),
        "text dimensions": str(shape.text_dim),
        "encoder": trained.header.encoder.name,
    }
    if times is not None and times.any():
        facts["newest interaction"] = f"{datetime.fromtimestamp(int(times.max()), UTC):%Y-%m-%d}"
    return facts


def _notes(trained: TrainingRun) -> tuple[str, ...]:
    notes = list(trained.dataset.notes)
    if trained.tuned is not None and trained.comparison is not None:
        notes.append(
            "The search looked at the same held-out interactions, so the model's figures are a little better than they will be "
            "on new ones; `recsys evaluate` with other data or another split tells."
        )
    if trained.comparison is not None:
        notes.append(
            "The model that serves was fitted on all interactions; the one measured here on those not held out."
        )
    return tuple(notes)


def _users(recommender: Recommender, seed: int) -> tuple[UserSample, ...]:
    model, samples = recommender.model, []
    for num in sample(len(model.users), SHOWN_USERS, seed).tolist():
        history = [model.catalog[item] for item in model.histories.items_of(num)[-SHOWN_ITEMS:].tolist()]
        items = recommender.recommend(model.users.id(num), ListRequest(SHOWN_ITEMS)).items
        both = (tuple((item.item_id, item.title) for item in listed) for listed in (history, items))
        samples.append(UserSample(model.users.id(num), *both))
    return tuple(samples)


def _exploration(trained: TrainingRun) -> Exploration | None:
    model, explored = trained.model, trained.explored
    if explored.clusters is None or explored.segments is None:
        return None
    clusters, segments = (_groups(model.need(kind), model.catalog) for kind in (Clusters, Segments))
    directions = tuple(_direction(direction, model.catalog) for direction in model.need(Directions).directions)
    return Exploration(draw(model), explored, clusters, segments, directions)


def _groups(groups: Groups, catalog: Catalog) -> tuple[GroupRow, ...]:
    rows = []
    for num, group in enumerate(groups.groups):
        values = "; ".join(f"{value.value} {value.share:.0%}" for value in group.meaning.values[:VALUES])
        words, titles = _words(group.meaning), _titles(group.meaning, catalog)
        rows.append(GroupRow(group.name, groups.size(num), group.cohesion, words, values, titles))
    return tuple(rows)


def _direction(direction: Direction, catalog: Catalog) -> DirectionRow:
    low, high = ((_words(end, values=True), _titles(end, catalog)) for end in (direction.low, direction.high))
    goes_with = "; ".join(f"{name} {correlation:+.2f}" for name, correlation in direction.correlations)
    return DirectionRow(direction.space, direction.number, direction.share, low, high, goes_with)


def _words(meaning: Meaning, values: bool = False) -> str:
    names = [value.value for value in meaning.values[:VALUES]] if values else []
    return ", ".join([*names, *(word.word for word in meaning.words[:WORDS])])


def _titles(meaning: Meaning, catalog: Catalog) -> str:
    return "; ".join(catalog.titles[num] or catalog.items.id(num) for num in meaning.items[:TITLES])


def _exposure(model: Model) -> Exposure | None:
    """Return the exposure in the lists that are computed beforehand; None without them."""
    lists = model.extra(UserLists)
    if lists is None:
        return None
    top = np.ascontiguousarray(lists.nums[:, :EXPOSURE_K])
    counts = np.bincount(model.histories.item_nums, minlength=len(model.catalog))
    figures = list_metrics.figures(top, counts, len(model.users))
    return Exposure(top.shape[1], len(top), figures, list_metrics.share_by_tenth(top[top >= 0], counts))


def _tags(tagging: Tagging) -> Iterable[TagQuality]:
    """Yield each attribute in each space in which it was tested."""
    for attribute, (name, n_values) in enumerate(zip(tagging.names, np.diff(tagging.value_indptr), strict=True)):
        for space in SPACES:
            measured = tagging.measured(attribute, space)
            if measured.tested:
                yield TagQuality(name, space, int(n_values), measured)
