"""From what is known of a user to ranked items: the vector index proposes, the neighborhood adds, both are ranked exactly.

An item's score is ``v . row_i`` plus what the neighborhood gives it, which is zero for all but the items near the history and
never negative. So the best k by score are among the best k by ``v . row`` and the items near the history: an item that is
not near and has k better ones by ``v . row`` has k better ones by score as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.blending import user_vector
from recsys.embeddings import Vectors
from recsys.index import ExactIndex, Neighbors, VectorIndex
from recsys.model import Model
from recsys.neighborhood import NearbyScores

# Where the index is approximate, those of the items near a history are ranked to which most is added.
MOST_NEAR = 1024


@dataclass(frozen=True, eq=False)
class UserQuery:
    """What is asked for a user: a vector (factors + text_dim,), and what the neighborhood adds to some items."""

    vector: Vectors
    nearby: NearbyScores


@dataclass(frozen=True, eq=False)
class Ranked:
    """The best items with the two parts of their scores, float32 arrays (k,): behaviour and content."""

    found: Neighbors
    collaborative: Vectors
    content: Vectors


def user_query(model: Model, user_num: int) -> UserQuery:
    """The query of a known user."""
    history = model.histories.items_of(user_num)
    emphasis = model.layout.emphasis(len(history))
    return UserQuery(_vector(model, user_num, history), model.neighborhood.scores(history, emphasis))


def rank(model: Model, query: UserQuery, k: int, skip: NDArray[np.int32], *, exact: bool = False) -> Ranked:
    """The best `k` items that are not in `skip`, and all of them where fewer are left."""
    index: VectorIndex = ExactIndex(model.items_for_user.table) if exact else model.items_for_user
    proposed = index.query(query.vector, k, skip).nums
    near = _near(query.nearby, skip, len(model.catalog) if isinstance(index, ExactIndex) else MOST_NEAR)
    return scored(model, query, np.union1d(proposed, near).astype(np.int32), k)


def scored(model: Model, query: UserQuery, nums: NDArray[np.int32], k: int) -> Ranked:
    """The best `k` of the given items, equal scores in the order of their numbers."""
    rows = model.items_for_user.table.rows(nums)
    factors = model.layout.factors
    collaborative = rows[:, :factors] @ query.vector[:factors]
    content = rows[:, factors:] @ query.vector[factors:]
    _, here, there = np.intersect1d(nums, query.nearby.nums, assume_unique=True, return_indices=True)
    collaborative[here] += query.nearby.collaborative[there]
    content[here] += query.nearby.content[there]
    scores = collaborative + content
    best = np.lexsort((nums, -scores))[:k]
    return Ranked(Neighbors(nums[best], scores[best]), collaborative[best], content[best])


def _vector(model: Model, user_num: int, history: NDArray[np.int32]) -> Vectors:
    factors = model.user_factors[user_num]
    if not model.layout.text_dim:
        return np.asarray(factors)
    texts = model.items_for_user.table.rows(history)[:, model.layout.factors :]
    return user_vector(factors, texts, model.layout)


def _near(nearby: NearbyScores, skip: NDArray[np.int32], most: int) -> NDArray[np.int32]:
    """The items that are not in `skip`, where there are more than `most` those to which most is added."""
    kept = np.flatnonzero(~np.isin(nearby.nums, skip))
    if len(kept) > most:
        kept = kept[np.argpartition(-nearby.total[kept], most)[:most]]
    return nearby.nums[kept]
