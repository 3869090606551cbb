"""From what is known of a user to ranked items: the vector index proposes, the neighborhood adds, both are ranked exactly.

An item's score is ``v . row_i`` plus what the neighborhood gives it, which is zero for all but the items near the history and
never negative. So the best k by score are among the best k by ``v . row`` and the items near the history: an item that is
not near and has k better ones by ``v . row`` has k better ones by score as well.

With a popularity penalty c an item that n_i users have loses ``c m log(1 + n_i) / log(1 + n_most)``, where m is the largest
score that any item has for the user, seen or not: it depends on neither page nor filter. It makes no score larger, so the same
argument holds once the worst of the k is no worse than every product that was not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.index.exact import NOTHING, ExactIndex, Neighbors, VectorIndex, VectorTable, products
from recsys.model.blending import user_vector
from recsys.model.model import Model
from recsys.model.neighborhood import NearbyScores
from recsys.score_order import UNIT, Scores, contenders, falling, marked, rounded, shown

# Up to so many eligible items are all ranked; of more, the index proposes.
FEW_ELIGIBLE = 4096
OVER_FETCH = 4

# Of up to so many times as many items as are wanted, all are scored exactly: a rough score first would cost more.
ENOUGH = 4

# Where the index is approximate, those of the items near a history are ranked to which most is added.
MOST_NEAR = 1024

# What an approximate index finds depends on how many are asked for, so it is asked for blocks of these sizes.
FIRST_BLOCK, GROWTH = 16, 4

Mask = NDArray[np.bool_]
Nums = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class UserQuery:
    """What is asked for a user: a vector (factors + text_dim,), and what the neighborhood adds to some items."""

    vector: Scores
    nearby: NearbyScores


@dataclass(frozen=True, eq=False)
class Ranked:
    """The best items with the parts of their scores, float32 arrays (k,): behaviour, content, and what popularity costs.

    The parts are as they are shown, and so that those of an item add up to its score as it is shown.
    """

    found: Neighbors
    collaborative: Vectors
    content: Vectors
    popularity: Vectors

    def __len__(self) -> int:
        return len(self.found)

    @classmethod
    def joined(cls, parts: Sequence[Ranked]) -> Ranked:
        """Several, one after another."""
        nums = np.concatenate([part.found.nums for part in parts])
        scores = np.concatenate([part.found.scores for part in parts])
        collaborative = np.concatenate([part.collaborative for part in parts])
        content = np.concatenate([part.content for part in parts])
        popularity = np.concatenate([part.popularity for part in parts])
        return cls(Neighbors.unordered(nums, scores), collaborative, content, popularity)

    def take(self, places: NDArray[np.integer] | slice) -> Ranked:
        """Some of the items, in the order of `places`, which need not be that of their scores."""
        found = Neighbors.unordered(self.found.nums[places], self.found.scores[places])
        return Ranked(found, self.collaborative[places], self.content[places], self.popularity[places])


def user_query(model: Model, user_num: int) -> UserQuery:
    """The query of a known user."""
    return history_query(model, model.user_factors[user_num], model.histories.items_of(user_num))


def history_query(model: Model, factors: Scores, history: Nums) -> UserQuery:
    """The query of somebody with the given factors (factors,) who consumed the given items."""
    emphasis = model.layout.emphasis(len(history))
    return UserQuery(_vector(model, factors, history), model.neighborhood.scores(history, emphasis))


def rank_for_user(
    model: Model,
    query: UserQuery,
    k: int,
    skip: Nums,
    *,
    eligible: Mask | None = None,
    exact: bool = False,
    penalty: float = 0.0,
) -> Ranked:
    """The best `k` items that are not in `skip`, and all of them where fewer are left; with a mask, of the eligible ones.

    Parameters
    ----------
    penalty : float
        The c of the module's formula, 0 to 1.
    """
    index: VectorIndex = ExactIndex(model.items_for_user.table) if exact else model.items_for_user
    most_near = len(model.catalog) if isinstance(index, ExactIndex) else MOST_NEAR

    def best(n: int, out: Nums) -> Ranked:
        proposed = find_candidates(index, query.vector, n, out, eligible)
        near = _near(query.nearby, out, most_near, eligible)
        return rank_items(model, query, np.union1d(proposed, near).astype(np.int32), n)

    if not penalty:
        return _in_blocks(index, k, skip, best)
    cost = penalty * _largest(model, query, exact)

    def penalized(n: int, out: Nums) -> Ranked:
        near = _near(query.nearby, out, most_near, eligible)
        wanted = OVER_FETCH * n
        while True:
            proposed = find_candidates(index, query.vector, wanted, out, eligible)
            found = rank_items(model, query, np.union1d(proposed, near).astype(np.int32), n, cost)
            if len(proposed) < wanted or wanted >= len(index) or _settled(index.table, query.vector, proposed, found):
                return found
            wanted *= OVER_FETCH

    return _in_blocks(index, k, skip, penalized)


def rank_similar(
    model: Model,
    item_num: int,
    k: int,
    skip: Nums,
    *,
    eligible: Mask | None = None,
    exact: bool = False,
) -> Ranked:
    """The `k` items most like an item that are not in `skip`, as :func:`rank_for_user`."""
    table = model.items_like_item.table
    index: VectorIndex = ExactIndex(table) if exact else model.items_like_item
    vector = table.rows(np.asarray([item_num]))[0]
    return rank_by_vector(index, vector, model.layout.factors, k, skip, eligible=eligible)


def rank_by_vector(
    index: VectorIndex, vector: Scores, factors: int, k: int, skip: Nums, *, eligible: Mask | None = None
) -> Ranked:
    """The `k` items not in `skip` with the largest products with `vector`, whose first `factors` numbers are behaviour."""

    def best(n: int, out: Nums) -> Ranked:
        return rank_items_by_vector(index.table, vector, factors, find_candidates(index, vector, n, out, eligible), n)

    return _in_blocks(index, k, skip, best)


def find_candidates(index: VectorIndex, vector: Scores, k: int, skip: Nums, eligible: Mask | None = None) -> Nums:
    """Row numbers among which are the best `k` by inner product that are not in `skip` and eligible.

    A few eligible items are all proposed. Of many, a scan passes those that are not eligible by. A forest is asked for more
    than `k`, until enough are eligible; the more often it has to be asked, the fewer are left, so that in the end all of them
    are proposed.
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
    wanted = OVER_FETCH * k * len(allowed) // n
    while n > FEW_ELIGIBLE and wanted < len(allowed) // OVER_FETCH:
        nums = index.candidates(vector, wanted, skip)
        nums = nums[allowed[nums]]
        if len(nums) >= k:
            return nums
        wanted *= OVER_FETCH
    return np.flatnonzero(allowed).astype(np.int32)


def rank_items(model: Model, query: UserQuery, nums: Nums, k: int, cost: float = 0.0) -> Ranked:
    """The best `k` of the given items, equal scores in the order of their numbers.

    Parameters
    ----------
    nums : int32 array (n,)
        Each once.
    cost : float
        What the most popular item loses, in units of the score.
    """
    table, factors, nearby = model.items_for_user.table, model.layout.factors, query.nearby
    _, here, there = np.intersect1d(nums, nearby.nums, assume_unique=True, return_indices=True)
    added = np.zeros((2, len(nums)))
    added[0, here], added[1, here] = nearby.collaborative[there], nearby.content[there]
    popularity = -cost * model.popularity.levels(nums) if cost else np.zeros(len(nums))
    rows, kept = _promising(table, query.vector, nums, k, added[0] + added[1] + popularity)
    collaborative, content = _parts(rows, query.vector, factors) + added[:, kept]
    return _best(nums[kept], collaborative, content, popularity[kept], k)


def rank_items_by_vector(table: VectorTable, vector: Scores, factors: int, nums: Nums, k: int) -> Ranked:
    """The best `k` of the given items by their products with `vector`, whose first `factors` numbers are behaviour."""
    nothing = np.zeros(len(nums))
    rows, kept = _promising(table, vector, nums, k, nothing)
    collaborative, content = _parts(rows, vector, factors)
    return _best(nums[kept], collaborative, content, nothing[kept], k)


def _promising(
    table: VectorTable, vector: Scores, nums: Nums, k: int, added: NDArray[np.float64]
) -> tuple[Vectors, NDArray[np.int64]]:
    """The rows and places of those items that may be among the best `k` by product and what is `added` to it."""
    rows = table.rows(nums)
    if len(nums) <= ENOUGH * k:  # computed exactly, as few are left out
        return rows, np.arange(len(nums))
    rough = rows @ np.asarray(vector, dtype=np.float32) + added
    kept = contenders(rough, k, table.slack(vector) + UNIT)  # the parts are rounded before they are added up
    return rows[kept], kept


def _parts(rows: Vectors, vector: Scores, factors: int) -> NDArray[np.float64]:
    """Behaviour and content of the products, (2, len(rows))."""
    return np.stack((products(rows[:, :factors], vector[:factors]), products(rows[:, factors:], vector[factors:])))


def _best(nums: Nums, collaborative: Scores, content: Scores, popularity: Scores, k: int) -> Ranked:
    product, behaviour, cost = rounded(collaborative + content), rounded(collaborative), rounded(popularity)
    scores = shown(product + cost)
    best = falling(scores, nums)[:k]
    rest = shown(product[best] - behaviour[best])
    return Ranked(Neighbors(nums[best], scores[best]), shown(behaviour[best]), rest, shown(cost[best]))


def _largest(model: Model, query: UserQuery, exact: bool) -> float:
    """The m of the module's formula; 0 where no item has a score above it."""
    found = rank_for_user(model, query, 1, NOTHING, exact=exact).found.scores
    return max(0.0, float(found[0])) if len(found) else 0.0


def _settled(table: VectorTable, vector: Scores, proposed: Nums, found: Ranked) -> bool:
    """Whether no item beyond the proposed ones can be better than the last one found: its product is no larger than theirs."""
    least = float((table.rows(proposed) @ np.asarray(vector, dtype=np.float32)).min())
    return least + table.slack(vector) + 2 * UNIT < float(found.found.scores[-1])


def _in_blocks(index: VectorIndex, k: int, skip: Nums, best: Callable[[int, Nums], Ranked]) -> Ranked:
    """The first `k` of a list that does not depend on `k`: a longer one begins with the shorter one, so pages repeat nothing.

    An approximate index gives it block by block, each without the items of those before; one that it missed for a block may
    stand at the head of the next.
    """
    if isinstance(index, ExactIndex):
        return best(k, skip)
    blocks, size = [best(FIRST_BLOCK, skip)], FIRST_BLOCK
    while len(blocks[-1]) == size and sum(len(block) for block in blocks) < k:
        skip = np.union1d(skip, blocks[-1].found.nums).astype(np.int32)
        size *= GROWTH
        blocks.append(best(size, skip))
    return Ranked.joined(blocks).take(slice(k))


def _vector(model: Model, factors: Scores, history: Nums) -> Scores:
    if not model.layout.text_dim:
        return np.asarray(factors)
    texts = model.items_for_user.table.rows(history)[:, model.layout.factors :]
    return user_vector(factors, texts, model.layout)


def _near(nearby: NearbyScores, skip: Nums, most: int, eligible: Mask | None) -> Nums:
    """The eligible items that are not in `skip`, where there are more than `most` those to which most is added."""
    kept = np.flatnonzero(~np.isin(nearby.nums, skip))
    if eligible is not None:
        kept = kept[eligible[nearby.nums[kept]]]
    if len(kept) > most:
        kept = kept[marked(nearby.total[kept][None], most)[0]]
    return nearby.nums[kept]
