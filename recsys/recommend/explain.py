"""Explanations: the contribution of each history item to a score.

Every part of the score is a sum over the history. The factors are ``p = A^-1 sum c_j q_j``, so item j contributes
``c_j q_j' A^-1 q_i`` (Hu, Koren, Volinsky, ICDM 2008, section 5); the content vector is a sum of texts divided by its length;
the neighborhood is a plain sum. The contributions are exact and add up to the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.index.exact import Nums
from recsys.recommend.context import Context
from recsys.recommend.user_state import UserState

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reasons:
    """Contributions (m, n) of the n items of a history to the two parts of the scores of m items, which are their row sums.

    `neighbors` (m,) is what the neighborhood by behavior adds to the collaborative parts. `context` (2, m) is what the item in
    context adds to the collaborative and content parts of the scores, None without one; the row sums are without it.
    """

    history: Nums
    named: NDArray[np.bool_]  # mask of items that may be named
    collaborative: Numbers
    content: Numbers
    neighbors: Numbers
    context: Numbers | None = None


def reasons(
    state: UserState, nums: Nums, hidden: Nums, content_weight: float = 1.0, context: Context | None = None
) -> Reasons:
    """Return the reasons of item scores for a user; `hidden` items count but are not named.

    `content_weight` is the factor of the content parts, as in the request.
    """
    model, history = state.model, state.liked
    factors, emphasis = model.layout.factors, model.layout.emphasis(len(history))
    rows = model.items_for_user.table.rows(nums).astype(np.float64)
    own = model.items_for_user.table.rows(history)[:, factors:].astype(np.float64)
    collaborative = state.solution.shares(rows[:, :factors])
    content = np.zeros_like(collaborative)
    if (length := float(np.linalg.norm(own.sum(axis=0)))) > 0:
        content = emphasis / length * (rows[:, factors:] @ own.T)
    near_collaborative, near_content = model.neighborhood.between(history, nums)
    scale = max(1, len(history)) ** -0.5
    near = scale * near_collaborative.astype(np.float64)
    content = content_weight * (content + scale * emphasis * near_content)
    added = None if context is None else np.asarray(context.parts(model, nums), dtype=np.float64)
    return Reasons(history, ~np.isin(history, hidden), collaborative + near, content, near.sum(axis=1), added)
