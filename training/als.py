"""Matrix factorization of implicit feedback. The only file that imports implicit.

Alternating least squares minimizes ``sum c_ui (x_ui - p_u . q_i)^2 + reg (sum |p_u|^2 + sum |q_i|^2)`` over all users and
items, with x = 1 where there is an interaction (Hu, Koren, Volinsky, ICDM 2008). The value that implicit takes *is* the
confidence c, so ``c = 1 + alpha w`` is built here and the library's own alpha stays 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.recommender_base import ModelFitError

from recsys.config import AlsConfig
from recsys.embeddings import Vectors
from recsys.errors import ModelRejectedError
from recsys.interactions import Interactions


@dataclass(frozen=True, eq=False)
class Factors:
    """The factors of users (n_users, factors) and items (n_items, factors), float32; an item without interactions is zero."""

    users: Vectors
    items: Vectors


def fit(interactions: Interactions, config: AlsConfig, advance: Callable[[], None] = lambda: None) -> Factors:
    """Factorize; the same seed gives the same bytes.

    Parameters
    ----------
    advance : callable
        Called after each iteration.

    Raises
    ------
    ModelRejectedError
        When a factor is not finite.
    """
    confidence = interactions.matrix()
    confidence.data = 1 + np.float32(config.alpha) * confidence.data
    model = AlternatingLeastSquares(
        factors=config.factors,
        regularization=config.regularization,
        alpha=1.0,
        iterations=config.iterations,
        random_state=config.random_state,
        dtype=np.float32,
    )
    try:
        model.fit(confidence, show_progress=False, callback=lambda *_: advance())
    except ModelFitError as error:
        raise ModelRejectedError(f"als: {error}; raise als.regularization or lower als.alpha") from error
    factors = Factors(np.array(model.user_factors), np.array(model.item_factors))
    factors.items[interactions.item_counts() == 0] = 0
    factors.users[np.bincount(interactions.user_nums, minlength=len(interactions.users)) == 0] = 0
    for name, vectors in (("user", factors.users), ("item", factors.items)):
        if not np.isfinite(vectors).all():
            raise ModelRejectedError(f"als: a {name} factor is not finite; raise als.regularization or lower als.alpha")
    if not (factors.users.any() and factors.items.any()):
        raise ModelRejectedError("als: all factors are zero; lower als.regularization or raise als.alpha")
    return factors
