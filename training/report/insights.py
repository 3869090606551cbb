"""What the report says of exposure, suggested attributes, and what stands out."""

from __future__ import annotations

import numpy as np

from recsys.explore.outliers import page
from recsys.model.extras.anomalies import SUSPECT, Anomalies, Subject
from recsys.model.extras.tagging import SPACES, Tagging
from recsys.model.model import Model
from recsys.model.precomputed_lists import UserLists
from recsys.recommend.recommender import Recommender
from training.evaluation import list_metrics
from training.report.data import Exposure, OddOne, TagQuality

K = 10
SHOWN = 10


def exposure(model: Model) -> Exposure | None:
    """Of the lists that are computed beforehand; None where there are none."""
    lists = model.extra(UserLists)
    if lists is None:
        return None
    top = np.ascontiguousarray(lists.nums[:, :K])
    counts = np.bincount(model.histories.item_nums, minlength=len(model.catalog))
    figures = {
        "catalog_coverage": list_metrics.catalog_coverage(top, len(counts)),
        "exposure_gini": list_metrics.exposure_gini(top, len(counts)),
        "head_1_percent": list_metrics.head_share(top, counts, 0.01),
        "head_10_percent": list_metrics.head_share(top, counts, 0.1),
        "mean_popularity_percentile": list_metrics.mean_popularity_percentile(top, counts),
    }
    known = {name: value for name, value in figures.items() if value is not None}
    return Exposure(top.shape[1], len(top), known, list_metrics.share_by_tenth(top[top >= 0], counts))


def tags(tagging: Tagging | None) -> tuple[TagQuality, ...]:
    """A row for each attribute and space in which something could be tested."""
    rows: list[TagQuality] = []
    if tagging is None:
        return ()
    for attribute, name in enumerate(tagging.names):
        n_values = int(np.diff(tagging.value_indptr[attribute : attribute + 2])[0])
        for space in SPACES:
            one = tagging.measured(attribute, space)
            quality = (one.precision, one.recall, one.f1, one.calibration_error, one.base_f1)
            if one.tested:
                rows.append(TagQuality(name, space, n_values, one.k, one.threshold, one.tested, *quality))
    return tuple(rows)


def odd_ones(model: Model, subject: Subject) -> tuple[OddOne, ...]:
    """The first of those that stand out."""
    return tuple(
        OddOne(one.id, one.title, one.score, one.suspect, tuple(evidence.sentence for evidence in one.evidence))
        for one in page(Recommender(model, ""), subject, SHOWN).outliers
    )


def n_odd(model: Model) -> tuple[int, int, int]:
    """How many items and users stand out, and how many users are suspects."""
    found = model.need(Anomalies)
    items, users = found.items, found.users
    return len(items), len(users), int((users.scores > SUSPECT).sum())
