"""The quality a model must have to be published."""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot, sqrt

from recsys.config import EvaluateConfig
from recsys.errors import ModelRejectedError
from recsys.score_order import displayed
from training.evaluation.results import Comparison, Gain

POPULARITY = "popularity"
FEWEST_USERS = 50  # fewer are too few to compare two means
# Standard errors by which a gain must be too low: 1 of 200 by chance, so that both comparisons refuse 1 of 100 nights
CERTAINTY = 2.576


def metrics_of(comparison: Comparison | None) -> dict[str, float]:
    """Return the metrics for the manifest: the model's means, what its gain is judged by, and the number of users."""
    if comparison is None:
        return {}
    model = comparison.measured[0]
    return {
        **{metric: figure.mean for metric, figure in model.figures.items()},
        _popular(comparison): _mean_ndcg(comparison, POPULARITY),
        _error(comparison): comparison.gains[POPULARITY].error,
        "users": float(model.users),
    }


def check(comparison: Comparison | None, current: Mapping[str, float] | None, config: EvaluateConfig) -> list[str]:
    """Refuse a model that is worse than popularity, or worse than the current one by more than the margin.

    A model is judged by its gain: its NDCG minus that of the popular items for the same users, which depends less than
    the NDCG on how predictable the held-out interactions are. It is refused if the gain is lower than the bar by more
    than CERTAINTY standard errors. The bar is 0, and the gain of the current model minus the margin; the latter has an
    error of its own, as both models were measured on data of their own.

    Parameters
    ----------
    current : mapping
        The metrics in the manifest of the current model; None without one.

    Returns
    -------
    list of str
        What was not judged or is within chance, for the user.

    Raises
    ------
    ModelRejectedError
    """
    if comparison is None:
        return []
    users = comparison.measured[0].users
    if users < FEWEST_USERS:
        return [f"not judged: {users} users have held-out interactions; fewer than {FEWEST_USERS} are too few to judge"]
    return _beside_popularity(comparison) + _beside_current(comparison, current, config.margin)


def _beside_popularity(comparison: Comparison) -> list[str]:
    gain = comparison.gains[POPULARITY]
    what = f"gate: {_ndcg(comparison)}, that of the popular items {_mean_ndcg(comparison, POPULARITY):.4f}"
    advice = f", on the {comparison.protocol}; search better values with --tune 20"
    return _judged(gain.mean, gain.error, what, advice)


def _beside_current(comparison: Comparison, current: Mapping[str, float] | None, margin: float) -> list[str]:
    if current is None:
        return []
    ndcg, popular = current.get(f"ndcg@{comparison.k}"), current.get(_popular(comparison))
    if ndcg is None or popular is None or current.get("users", 0) < FEWEST_USERS:
        why = f"its manifest has no ndcg@{comparison.k} of at least {FEWEST_USERS} users"
        return [f"not compared with the current model: {why}"]
    gain, error, notes = comparison.gains[POPULARITY], current.get(_error(comparison)), []
    if error is None:
        error = gain.error * sqrt(comparison.measured[0].users / current["users"])
        notes = ["the manifest of the current model has no standard error; it is estimated by that of the new model"]
    before = Gain(ndcg - popular, error)
    what = (
        f"gate: {_ndcg(comparison)}, {_above(gain)}; that of the current one was {ndcg:.4f}, {_above(before)}: "
        f"worse by more than evaluate.margin = {margin:g}"
    )
    over_bar = gain.mean - (before.mean - margin * ndcg)
    return notes + _judged(over_bar, hypot(gain.error, error), what, "; look at what changed in the data")


def _judged(over_bar: float, error: float, what: str, advice: str) -> list[str]:
    """Return notes on a gain that is `over_bar`; raises ModelRejectedError when it is certainly below."""
    if displayed(over_bar + CERTAINTY * error) < 0:
        raise ModelRejectedError(f"{what}{advice}, or publish it anyway with --force")
    if displayed(over_bar) < 0:
        return [
            f"{what}, but within chance, so it is published ({-over_bar:.4f} below the bar, standard error {error:.4f})"
        ]
    return []


def _ndcg(comparison: Comparison) -> str:
    return f"ndcg@{comparison.k} of the model is {_mean_ndcg(comparison, comparison.measured[0].name):.4f}"


def _above(gain: Gain) -> str:
    return f"{gain.mean:.4f} ± {CERTAINTY * gain.error:.4f} above popularity"


def _mean_ndcg(comparison: Comparison, name: str) -> float:
    way = next(way for way in comparison.measured if way.name == name)
    return way.figures[f"ndcg@{comparison.k}"].mean


def _popular(comparison: Comparison) -> str:
    return f"{POPULARITY} ndcg@{comparison.k}"


def _error(comparison: Comparison) -> str:
    return f"gain ndcg@{comparison.k} standard error"
