"""Fits of ALS that stop early, and the cost of a fit."""

from __future__ import annotations

from recsys.config import AlsConfig, TuneConfig
from recsys.data.histories import Histories
from recsys.data.interactions import Interactions
from training.evaluation.validation import Validation
from training.factors.als import Factorization, Factors
from training.tuning import blend_search
from training.tuning.candidates import Content

FIRST_LOOK, LOOK_EVERY = 4, 2  # iterations
PATIENCE = 2  # looks without a rise before a fit ends
LOOK_USERS = 1000


def fit_until_best(
    validation: Validation, content: Content, disliked: Histories, setting: AlsConfig, tune: TuneConfig
) -> tuple[Factors, int]:
    """Iterate until the validation metric of the factors alone stops rising; return the best, and their iterations.

    Raises
    ------
    ModelRejectedError
        When factors are not finite, or all zero.
    """
    few = validation.sampled(LOOK_USERS, setting.random_state)
    most = max(1, min(tune.max_iterations, most_iterations(validation.train, setting.factors, tune.gflop)))
    factorization = Factorization(validation.train, setting, disliked)
    best: tuple[Factors, int] | None = None
    best_value, misses = -1.0, 0
    for iteration in range(1, most + 1):
        factorization.iterate()
        if iteration != most and (iteration < FIRST_LOOK or (iteration - FIRST_LOOK) % LOOK_EVERY):
            continue
        factors = factorization.factors()
        value = blend_search.factors_alone(few, factors, content, tune.metric, tune.k)
        if value > best_value:
            best, best_value, misses = (factors, iteration), value, 0
            continue
        misses += 1
        if misses == PATIENCE:
            break
    assert best is not None
    return best


def most_iterations(pairs: Interactions, factors: int, gflop: float) -> int:
    """Return how many iterations stay within `gflop` 10^9 operations.

    Each row and each interaction of both sides has four products (a start and three steps of conjugate gradients) of
    two operations a number.
    """
    rows = len(pairs.users) + len(pairs.items)
    each = 8 * (rows * factors**2 + 2 * len(pairs) * factors) / 1e9
    return int(gflop / each)
