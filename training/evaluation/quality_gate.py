"""The quality gate: how good a model must be to be published."""

from __future__ import annotations

from collections.abc import Mapping

from recsys.config import EvaluateConfig
from recsys.errors import ModelRejectedError
from recsys.score_order import displayed
from training.evaluation.results import Comparison

POPULARITY = "popularity"
FEWEST_USERS = 50  # of whom the order of two means says something


def metrics_of(comparison: Comparison | None) -> dict[str, float]:
    """What the manifest keeps of a comparison: the model's means, popularity's NDCG, and over how many users."""
    if comparison is None:
        return {}
    model, k = comparison.measured[0], comparison.k
    popular = _of(comparison, POPULARITY)
    kept = {metric: figure.mean for metric, figure in model.figures.items()}
    return {**kept, f"{POPULARITY} ndcg@{k}": popular, "users": float(model.users)}


def check(comparison: Comparison | None, current: Mapping[str, float], config: EvaluateConfig) -> None:
    """Refuse a model that is worse than popularity, or worse than the current one by more than the margin.

    Parameters
    ----------
    current : mapping
        The metrics in the manifest of the current model, empty where there is none. They were measured on the data of its
        time; another k is not compared.

    Raises
    ------
    ModelRejectedError
    """
    if comparison is None or too_few(comparison):
        return
    metric = f"ndcg@{comparison.k}"
    found, popular = displayed(comparison.measured[0].figures[metric].mean), displayed(_of(comparison, POPULARITY))
    if found < popular:
        raise ModelRejectedError(
            f"gate: {metric} of the model is {found:.4f}, that of the popular items {popular:.4f}, on the "
            f"{comparison.protocol}; search better values with --tune 20, or publish it anyway with --force"
        )
    before = current.get(metric)
    if before is not None and found < displayed((1 - config.margin) * before):
        raise ModelRejectedError(
            f"gate: {metric} of the model is {found:.4f}, that of the current one was {before:.4f}: worse by more than "
            f"evaluate.margin = {config.margin:g}; look at what changed in the data, or publish it anyway with --force"
        )


def too_few(comparison: Comparison) -> bool:
    """Whether it was measured on fewer users than an order of two means can be told from."""
    return comparison.measured[0].users < FEWEST_USERS


def _of(comparison: Comparison, name: str) -> float:
    return next(one for one in comparison.measured if one.name == name).figures[f"ndcg@{comparison.k}"].mean
