"""Ranking of items for a user: candidates of the vector index and the neighborhood, ranked exactly.

An item's score is ``v . row_i`` plus its neighborhood score, which is never negative, and zero for items not near the history.
So the best k by score are among the best k by ``v . row`` and the items near the history: an item that is not near and has k
better items by ``v . row`` has k better items by score as well.

With a popularity penalty c an item that n_i users have loses ``c m log(1 + n_i) / log(1 + n_most)``, where m is the largest
score that any item has for the user, seen or not: it depends on neither page nor filter. Rotation takes shares of the same m
(:mod:`recsys.recommend.rotation`). Both raise no score, so the same argument holds once the last of the k is at least as good
as every product outside the candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.index.exact import NOTHING, ExactIndex, Neighbors, VectorIndex, VectorTable, products
from recsys.index.grown import GrownTable
from recsys.model.blending import user_vector
from recsys.model.model import Model
from recsys.model.neighborhood import NearbyScores
from recsys.recommend.rotation import Rotation
from recsys.score_order import UNIT, Scores, contenders, falling, rounded, shown

# Rank up to this many eligible items directly; for more, query the index.
FEW_ELIGIBLE = 4096
OVER_FETCH = 4

# Score up to ENOUGH * k items exactly; a rough score first would cost more.
ENOUGH = 4

# With an approximate index, rank this many items near a history, by falling neighborhood score.
MOST_NEAR = 1024

# The results of an approximate index depend on the length of the list, so it is queried in blocks of these sizes.
FIRST_BLOCK, GROWTH = 16, 4

SimilarBy = Literal["blended", "behavior", "content"]
Mask = NDArray[np.bool_]
Nums = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class UserQuery:
    """Query of a user: a vector (factors + text_dim,) and the neighborhood scores."""

    vector: Scores
    nearby: NearbyScores

    def weighted(self, content_weight: float, factors: int) -> UserQuery:
        """Return the query whose content parts count `content_weight` times; the first `factors` numbers are behavior."""
        if content_weight == 1:
            return self
        weights = np.where(np.arange(len(self.vector)) < factors, 1.0, content_weight)
        nearby = replace(self.nearby, content=content_weight * self.nearby.content)
        return UserQuery(self.vector * weights, nearby)

    def times(self, factor: float) -> UserQuery:
        """Return the query whose scores are `factor` times as large; it is not negative."""
        return UserQuery(factor * self.vector, self.nearby.times(factor))

    def plus(self, other: UserQuery | NearbyScores) -> UserQuery:
        """Return the query whose scores are the sums of both."""
        if isinstance(other, NearbyScores):
            return UserQuery(self.vector, self.nearby.plus(other))
        return UserQuery(self.vector + other.vector, self.nearby.plus(other.nearby))


@dataclass(frozen=True, eq=False)
class Ranked:
    """Best items with the parts of their scores, float32 arrays (k,): behavior, content, popularity penalty and rotation.

    Parts are displayed values and add up to the displayed score.
    """

    found: Neighbors
    collaborative: Vectors
    content: Vectors
    popularity: Vectors
    rotation: Vectors

    def __len__(self) -> int:
        return len(self.found)

    @classmethod
    def joined(cls, parts: Sequence[Ranked]) -> Ranked:
        """Concatenate ranked lists."""
        rows = ((x.found.nums, x.found.scores, x.collaborative, x.content, x.popularity, x.rotation) for x in parts)
        nums, scores, *scored = map(np.concatenate, zip(*rows, strict=True))
        return cls(Neighbors.unordered(nums, scores), *scored)

    def take(self, places: NDArray[np.integer] | slice) -> Ranked:
        """Return the items at `places`, in that order."""
        neighbors = Neighbors.unordered(self.found.nums[places], self.found.scores[places])
        parts = self.collaborative, self.content, self.popularity, self.rotation
        return Ranked(neighbors, *(part[places] for part in parts))


class Costs(NamedTuple):
    """What items lose: the most popular one `popularity`, in units of the score, and those of `rotation` shares of `best`."""

    popularity: float = 0.0
    rotation: Rotation | None = None
    best: float = 0.0

    def popular(self, model: Model, nums: Nums) -> NDArray[np.float64]:
        """Return what the popularity penalty adds to scores, 0 or less."""
        return -self.popularity * model.popularity.levels(nums) if self.popularity else np.zeros(len(nums))

    def rotated(self, nums: Nums) -> NDArray[np.float64]:
        """Return what rotation adds to scores, 0 or less."""
        return np.zeros(len(nums)) if self.rotation is None else -self.rotation.lost(nums, self.best)


FREE = Costs()


def user_query(model: Model, user_num: int) -> UserQuery:
    """Return the query of a known user."""
    return history_query(model, model.user_factors[user_num], model.histories.items_of(user_num))


def history_query(model: Model, factors: Scores, history: Nums) -> UserQuery:
    """Return the query for user factors (factors,) and a history of items."""
    emphasis = model.layout.emphasis(len(history))
    return UserQuery(query_vector(model, factors, history), model.neighborhood.scores(history, emphasis))


def query_vector(model: Model, factors: Scores, history: Nums) -> Scores:
    """Return the vector of a query, (factors + text_dim,)."""
    if not model.layout.text_dim:
        return np.asarray(factors)
    texts = model.items_for_user.table.rows(history)[:, model.layout.factors :]
    return user_vector(factors, texts, model.layout)


def rank_for_user(
    model: Model,
    query: UserQuery,
    k: int,
    skip: Nums,
    *,
    eligible: Mask | None = None,
    exact: bool = False,
    penalty: float = 0.0,
    rotation: Rotation | None = None,
) -> Ranked:
    """Return the best `k` items that are not in `skip` and within the mask `eligible`, all of them if fewer are left.

    `penalty` is the c of the module's formula, 0 to 1.
    """
    index: VectorIndex = ExactIndex(model.items_for_user.table) if exact else model.items_for_user
    most_near = len(model.catalog) if isinstance(index, ExactIndex) else MOST_NEAR

    def best(n: int, out: Nums) -> Ranked:
        proposed = find_candidates(index, query.vector, n, out, eligible)
        near = _near(query.nearby, out, most_near, eligible)
        return rank_items(model, query, np.union1d(proposed, near).astype(np.int32), n)

    if not penalty and rotation is None:
        return _in_blocks(index, k, skip, best)
    most = best_score(model, query, exact=exact)
    costs = Costs(penalty * most, rotation, most)

    def penalized(n: int, out: Nums) -> Ranked:
        near = _near(query.nearby, out, most_near, eligible)
        size = OVER_FETCH * n
        while True:
            proposed = find_candidates(index, query.vector, size, out, eligible)
            ranked = rank_items(model, query, np.union1d(proposed, near).astype(np.int32), n, costs)
            if len(proposed) < size or size >= len(index) or _settled(index.table, query.vector, proposed, ranked):
                return ranked
            size *= OVER_FETCH

    return _in_blocks(index, k, skip, penalized)


def best_score(model: Model, query: UserQuery, *, exact: bool = False) -> float:
    """Return the largest score that any item has for a user, seen or not; 0 if none is above 0 or the vector is zero."""
    if not query.vector.any():
        return 0.0
    top = rank_for_user(model, query, 1, NOTHING, exact=exact).found.scores
    return max(0.0, float(top[0])) if len(top) else 0.0


def score_parts(model: Model, query: UserQuery, nums: Nums) -> NDArray[np.float64]:
    """Return the behavior and content parts of the scores of unique items, (2, len(nums))."""
    rows = model.items_for_user.table.rows(nums)
    return _parts(rows, query.vector, model.layout.factors) + _added(query.nearby, nums)


def similar_query(model: Model, item_num: int, by: SimilarBy = "blended") -> Scores:
    """Return the vector whose products with the rows of the items are their similarities to an item, (factors + text_dim,).

    By both, it is the row of the item. By behavior, the products are ``r_i r_j cos(q_i, q_j)``, and by content
    ``cos(t_i, t_j)``, see :mod:`recsys.model.blending`. It is zero if the item has no such data.
    """
    row = model.items_like_item.table.rows(np.asarray([item_num]))[0]
    if by == "blended":
        return np.asarray(row)
    share = model.likeness.weight if by == "behavior" else 1 - model.likeness.weight
    kept = (np.arange(len(row)) < model.layout.factors) == (by == "behavior")
    return np.asarray(np.where(kept, row / np.float64(share), 0.0) if share > 0 else np.zeros(len(row)))


def rank_similar(
    model: Model, query: Scores, k: int, skip: Nums, *, eligible: Mask | None = None, exact: bool = False
) -> Ranked:
    """Return the `k` most similar items not in `skip`; `query` is that of :func:`similar_query`. See :func:`rank_for_user`."""
    index: VectorIndex = ExactIndex(model.items_like_item.table) if exact else model.items_like_item
    return rank_by_vector(index, query, model.layout.factors, k, skip, eligible=eligible)


def rank_by_vector(
    index: VectorIndex, vector: Scores, factors: int, k: int, skip: Nums, *, eligible: Mask | None = None
) -> Ranked:
    """Return the `k` items not in `skip` with the largest products with `vector`; its first `factors` numbers are behavior."""

    def best(n: int, out: Nums) -> Ranked:
        return rank_items_by_vector(index.table, vector, factors, find_candidates(index, vector, n, out, eligible), n)

    return _in_blocks(index, k, skip, best)


def new_for_user(model: Model, user_num: int, least: float) -> Ranked | None:
    """Return the items that came after the training and have at least a score for a known user; None if there are none."""
    table = model.items_for_user.table
    if not isinstance(table, GrownTable):
        return None
    history = model.histories.items_of(user_num)
    nearby = model.neighborhood.new_scores(history, model.layout.emphasis(len(history)))
    query = UserQuery(query_vector(model, model.user_factors[user_num], history), nearby)
    nums = table.reaching(query.vector, least, (nearby.nums, nearby.total))
    return _reaching(rank_items(model, query, nums, len(nums)), least) if len(nums) else None


def new_like_item(model: Model, item_num: int, least: float) -> Ranked | None:
    """Return the items that came after the training and have at least a similarity to an item; None if there are none."""
    table = model.items_like_item.table
    if not isinstance(table, GrownTable):
        return None
    vector = similar_query(model, item_num)
    nums = table.reaching(vector, least)
    if not len(nums):
        return None
    return _reaching(rank_items_by_vector(table, vector, model.layout.factors, nums, len(nums)), least)


def _reaching(ranked: Ranked, least: float) -> Ranked | None:
    """Return the items with at least a score, None for none."""
    n = int(np.searchsorted(-ranked.found.scores, -least, side="right"))
    return ranked.take(slice(n)) if n else None


def find_candidates(index: VectorIndex, vector: Scores, k: int, skip: Nums, eligible: Mask | None = None) -> Nums:
    """Return a superset of the best `k` rows by inner product that are not in `skip` and eligible.

    A few eligible items are all proposed. Of many, a scan skips ineligible rows. An approximate index is queried for more and
    more rows until enough are eligible; if that costs too much, all eligible items are proposed.
    """
    if eligible is None:
        return index.candidates(vector, k, skip)
    allowed = eligible.copy()
    allowed[skip] = False
    n = int(np.count_nonzero(allowed))
    if n == 0:
        return NOTHING
    if isinstance(index, ExactIndex) and n > FEW_ELIGIBLE:
        return index.candidates(vector, k, eligible=allowed)
    size = OVER_FETCH * k * len(allowed) // n
    while n > FEW_ELIGIBLE and size < len(allowed) // OVER_FETCH:
        nums = index.candidates(vector, size, skip)
        nums = nums[allowed[nums]]
        if len(nums) >= k:
            return nums
        size *= OVER_FETCH
    return np.flatnonzero(allowed).astype(np.int32)


def rank_items(model: Model, query: UserQuery, nums: Nums, k: int, costs: Costs = FREE) -> Ranked:
    """Return the best `k` of unique row numbers `nums`; equal scores are ordered by row number."""
    table, added = model.items_for_user.table, _added(query.nearby, nums)
    popularity, rotation = costs.popular(model, nums), costs.rotated(nums)
    rows, places = _promising(table, query.vector, nums, k, added[0] + added[1] + popularity + rotation)
    collaborative, content = _parts(rows, query.vector, model.layout.factors) + added[:, places]
    nums = nums[places]
    best = partial(_falling, nums, k)
    return rank_scored(nums, collaborative, content, popularity[places], best, rotation[places])


def rank_items_by_vector(table: VectorTable, vector: Scores, factors: int, nums: Nums, k: int) -> Ranked:
    """Return the best `k` of `nums` by their products with `vector`; its first `factors` numbers are behavior."""
    zeros = np.zeros(len(nums))
    rows, places = _promising(table, vector, nums, k, zeros)
    collaborative, content = _parts(rows, vector, factors)
    return rank_scored(nums[places], collaborative, content, zeros[places], partial(_falling, nums[places], k))


def _promising(
    table: VectorTable, vector: Scores, nums: Nums, k: int, added: NDArray[np.float64]
) -> tuple[Vectors, NDArray[np.int64]]:
    """Return rows and places of the items that may be among the best `k` by product plus `added`."""
    rows = table.rows(nums)
    if len(nums) <= ENOUGH * k:  # scored exactly
        return rows, np.arange(len(nums))
    rough = rows @ np.asarray(vector, dtype=np.float32) + added
    places = contenders(rough, k, table.slack(vector) + UNIT)  # the parts are rounded before they are added up
    return rows[places], places


def _added(nearby: NearbyScores, nums: Nums) -> NDArray[np.float64]:
    """Return what the neighborhood adds to the behavior and content parts of items, (2, len(nums))."""
    _, here, there = np.intersect1d(nums, nearby.nums, assume_unique=True, return_indices=True)
    added = np.zeros((2, len(nums)))
    added[0, here], added[1, here] = nearby.collaborative[there], nearby.content[there]
    return added


def _parts(rows: Vectors, vector: Scores, factors: int) -> NDArray[np.float64]:
    """Return the behavior and content parts of the products, (2, len(rows))."""
    return np.stack((products(rows[:, :factors], vector[:factors]), products(rows[:, factors:], vector[factors:])))


def _falling(nums: Nums, k: int, scores: Scores) -> NDArray[np.int64]:
    return falling(scores, nums)[:k]


def rank_scored(
    nums: Nums,
    collaborative: Scores,
    content: Scores,
    popularity: Scores,
    best: Callable[[Vectors], NDArray[np.int64]],
    rotation: Scores | None = None,
) -> Ranked:
    """Return items by the exact parts of their scores; `best` returns the places of the listed ones from displayed scores."""
    product, behavior, cost = rounded(collaborative + content), rounded(collaborative), rounded(popularity)
    turned = np.zeros(len(nums)) if rotation is None else rounded(rotation)
    scores = shown(product + cost + turned)
    places = best(scores)
    rest = shown(product[places] - behavior[places])
    found = Neighbors.unordered(nums[places], scores[places])
    return Ranked(found, shown(behavior[places]), rest, shown(cost[places]), shown(turned[places]))


def _settled(table: VectorTable, vector: Scores, proposed: Nums, ranked: Ranked) -> bool:
    """Return whether no item outside `proposed` can rank above the last ranked item: its product is no larger than theirs."""
    least = float((table.rows(proposed) @ np.asarray(vector, dtype=np.float32)).min())
    return least + table.slack(vector) + 2 * UNIT < float(ranked.found.scores[-1])


def _in_blocks(index: VectorIndex, k: int, skip: Nums, best: Callable[[int, Nums], Ranked]) -> Ranked:
    """Return the first `k` of a list that does not depend on `k`, so that pages do not overlap.

    An approximate index yields the list in blocks, each without the items of earlier blocks. An item that it missed for a block
    may head the next.
    """
    if isinstance(index, ExactIndex):
        return best(k, skip)
    blocks, size = [best(FIRST_BLOCK, skip)], FIRST_BLOCK
    while len(blocks[-1]) == size and sum(len(block) for block in blocks) < k:
        skip = np.union1d(skip, blocks[-1].found.nums).astype(np.int32)
        size *= GROWTH
        blocks.append(best(size, skip))
    return Ranked.joined(blocks).take(slice(k))


def _near(nearby: NearbyScores, skip: Nums, most: int, eligible: Mask | None) -> Nums:
    """Return the eligible items that are not in `skip`, at most `most`, by falling neighborhood score."""
    places = np.flatnonzero(~np.isin(nearby.nums, skip))
    if eligible is not None:
        places = places[eligible[nearby.nums[places]]]
    if len(places) > most:
        places = places[falling(nearby.total[places])[:most]]
    return nearby.nums[places]
