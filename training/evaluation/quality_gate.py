"""The quality a model must have to be published."""

from __future__ import annotations

from collections.abc import Mapping

from recsys.config import EvaluateConfig
from recsys.errors import ModelRejectedError
from recsys.score_order import displayed
from training.evaluation.results import Comparison

POPULARITY = "popularity"
FEWEST_USERS = 50  # fewer are too few to compare two means


def metrics_of(comparison: Comparison | None) -> dict[str, float]:
    """Return the metrics for the manifest: the model's means, popularity's NDCG, and the number of users."""
    if comparison is None:
        return {}
    model = comparison.measured[0]
    means = {metric: figure.mean for metric, figure in model.figures.items()}
    return {**means, f"{POPULARITY} ndcg@{comparison.k}": _popular_ndcg(comparison), "users": float(model.users)}


def check(comparison: Comparison | None, current: Mapping[str, float], config: EvaluateConfig) -> None:
    """Refuse a model that is worse than popularity, or worse than the current one by more than the margin.

    Parameters
    ----------
    current : mapping
        The metrics in the manifest of the current model, empty without one; another k is not compared.

    Raises
    ------
    ModelRejectedError
    """
    if comparison is None or too_few(comparison):
        return
    metric = f"ndcg@{comparison.k}"
    ndcg, popular = displayed(comparison.measured[0].figures[metric].mean), displayed(_popular_ndcg(comparison))
    if ndcg < popular:
        raise ModelRejectedError(
            f"gate: {metric} of the model is {ndcg:.4f}, that of the popular items {popular:.4f}, on the "
            f"{comparison.protocol}; search better values with --tune 20, or publish it anyway with --force"
        )
    before = current.get(metric)
    if before is not None and ndcg < displayed((1 - config.margin) * before):
        raise ModelRejectedError(
            f"gate: {metric} of the model is {ndcg:.4f}, that of the current one was {before:.4f}: worse by more than "
            f"evaluate.margin = {config.margin:g}; look at what changed in the data, or publish it anyway with --force"
        )


def too_few(comparison: Comparison) -> bool:
    """Return whether the comparison was measured on fewer users than FEWEST_USERS."""
    return comparison.measured[0].users < FEWEST_USERS


def _popular_ndcg(comparison: Comparison) -> float:
    popular = next(way for way in comparison.measured if way.name == POPULARITY)
    return popular.figures[f"ndcg@{comparison.k}"].mean
