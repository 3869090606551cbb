"""Search by positive and negative examples: items, users and texts as vectors of one space (:mod:`recsys.model.similarity`).

Every example is scaled to length 1. With ``s(x, e) = weight_e x . e`` of an item's row x, the strategies are those of the
vector database Qdrant (qdrant.tech/documentation/concepts/explore):

mean
    ``v = 2 avg(positive) - avg(negative)`` with weighted means, and ``avg(positive)`` where there is no negative; the score is
    ``x . v / |v|``. With two positives and a negative of equal weights v is the arithmetic of king - man + woman (Mikolov, Yih
    and Zweig, NAACL 2013).
best_score
    Score by the most similar example: with ``p = max s(x, positive)`` and ``n = max s(x, negative)`` the score is
    ``h(p)`` where p > n and ``-h(n)`` otherwise, ``h(z) = (1 + z / (1 + |z|)) / 2``. It finds items similar to any of several
    dissimilar positives, where their mean is similar to none.
context_pairs
    Each positive with each negative is a pair; an item satisfies it when more similar to the positive. Items that satisfy
    all pairs come first, with the score ``h(mean of s(x, positive))``; of the others the score is the loss of the context
    search, ``mean over pairs of min(s(x, positive) - s(x, negative), 0)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors, unit_rows
from recsys.errors import NotFoundError, QueryError
from recsys.events.activity import NO_EVENTS, UserEvents
from recsys.index.exact import ExactIndex, Neighbors, VectorIndex, VectorTable, best_of, products
from recsys.model.model import Model
from recsys.recommend import answer
from recsys.recommend.answer import Answer, Recommendation
from recsys.recommend.ranking import Mask, Nums, find_candidates, rank_by_vector
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.request import ListRequest
from recsys.recommend.text_vectors import row_of_text
from recsys.score_order import UNIT, Scores, floor, rounded

Strategy = Literal["mean", "best_score", "context_pairs"]
STRATEGIES: tuple[Strategy, ...] = ("mean", "best_score", "context_pairs")
POOL = 1000  # items ranked for each positive example with an approximate index
LEAST_WEIGHT, LARGEST_WEIGHT = 0.001, 1000
TINY = 1e-6  # shorter sums of unit vectors are rounding errors
NONE_LIKE = np.full((1, 1), -np.inf)  # similarity of every item without examples


@dataclass(frozen=True, eq=False)
class Example:
    """Positive or negative example; raises QueryError when the weight is out of range."""

    vector: Scores  # (layout.dim,)
    weight: float = 1.0  # from LEAST_WEIGHT to LARGEST_WEIGHT
    item_num: int | None = None  # row number of an example item, which is left out of the answer

    def __post_init__(self) -> None:
        if not LEAST_WEIGHT <= self.weight <= LARGEST_WEIGHT:
            raise QueryError(
                f"the weight of an example is {self.weight}; it must lie between {LEAST_WEIGHT} and {LARGEST_WEIGHT}"
            )


@dataclass(frozen=True, eq=False)
class VectorQuery:
    """Examples and their strategy; raises QueryError without a positive example."""

    positive: tuple[Example, ...]
    negative: tuple[Example, ...] = ()
    strategy: Strategy = "mean"

    def __post_init__(self) -> None:
        if not self.positive:
            raise QueryError("a query needs at least one positive example")


def item_example(recommender: Recommender, item_id: str, weight: float = 1.0) -> Example:
    """Return an item as an example; raises NotFoundError when it is not in the catalog."""
    num = recommender.item_num(item_id)
    row = recommender.model.items_like_item.table.rows(np.asarray([num]))[0]
    return Example(unit_rows(row), weight, num)


def text_example(recommender: Recommender, vector: Vectors, weight: float = 1.0) -> Example:
    """Return a text as an example, from its encoded vector (text_dim,); zero for no known word."""
    return Example(unit_rows(row_of_text(recommender.model, vector)), weight)


def user_example(
    recommender: Recommender,
    user_id: str,
    events: UserEvents = NO_EVENTS,
    weight: float = 1.0,
    near_users: Callable[[str], str] = lambda _: "",
) -> Example:
    """Return a user as an example; raises NotFoundError for a user without data, with the text of `near_users`."""
    model, vector = recommender.model, recommender.user_state(user_id, events).query.vector
    if not vector.any():
        raise NotFoundError(f"nothing is known of user {user_id!r}{near_users(user_id)}")
    return Example(unit_rows(model.likeness.of_user(vector, model.layout.factors)), weight)


def search_by_examples(
    recommender: Recommender, query: VectorQuery, request: ListRequest, hidden: AbstractSet[str] = NONE
) -> Answer:
    """Return items by examples, without the example items; popular items if no example has data.

    Parameters
    ----------
    request : ListRequest
        Its k, offset, exclude, filters and exact.
    hidden : set of str
        Ids of items to leave out of lists.

    Raises
    ------
    QueryError
        When a filter names no attribute of the catalog.
    """
    model, eligible, strategy = recommender.model, recommender.eligible(request), query.strategy
    own = [example.item_num for example in (*query.positive, *query.negative) if example.item_num is not None]
    skip = np.union1d(recommender.left_out(request.exclude, hidden), np.array(own, dtype=np.int32)).astype(np.int32)
    index: VectorIndex = ExactIndex(model.items_like_item.table) if request.exact else model.items_like_item
    positive, negative = ([each for each in side if each.vector.any()] for side in (query.positive, query.negative))
    direction = _mean(positive, negative) if positive else np.zeros(1)
    if not positive or (strategy == "mean" and not direction.any()):
        out = [*request.exclude, *map(model.catalog.items.id, own)]
        return recommender.popular(replace(request, exclude=out), hidden=hidden)._replace(fallback=True)
    if strategy == "mean":
        ranked = rank_by_vector(index, direction, model.layout.factors, request.depth, skip, eligible=eligible)
        page = answer.page(ranked.found.nums.tolist(), request.offset, request.k, set())
        items = answer.of_ranked(model.catalog, ranked.take(np.array(page.places, dtype=np.int64)))
    else:
        nums = _candidates(index, positive, skip, eligible)
        best = _best(index.table, strategy, positive, negative, nums, request.depth)
        page = answer.page(best.nums.tolist(), request.offset, request.k, set())
        items = _items(model, best, page.places)
    return Answer(strategy, items, next_offset=page.next_offset)


def _candidates(index: VectorIndex, positive: Sequence[Example], skip: Nums, eligible: Mask | None) -> Nums:
    if not isinstance(index, ExactIndex):
        lists = [find_candidates(index, example.vector, POOL, skip, eligible) for example in positive]
        return np.unique(np.concatenate(lists)).astype(np.int32)
    allowed = np.ones(len(index), dtype=bool) if eligible is None else eligible.copy()
    allowed[skip] = False
    return np.flatnonzero(allowed).astype(np.int32)


def _mean(positive: Sequence[Example], negative: Sequence[Example]) -> NDArray[np.float64]:
    """Return v of the module's formula, of length 1; zero if the examples cancel out."""
    towards = _average(positive)
    moved = 2 * towards - _average(negative) if negative else towards
    return np.zeros_like(moved) if np.linalg.norm(moved) < TINY else unit_rows(moved)


def _average(examples: Sequence[Example]) -> NDArray[np.float64]:
    weights, vectors = [example.weight for example in examples], [example.vector for example in examples]
    return np.asarray(np.average(vectors, axis=0, weights=np.array(weights)), dtype=np.float64)


def _items(model: Model, best: Neighbors, places: list[int]) -> tuple[Recommendation, ...]:
    """Return the items at `places`; the source of a score is the data of its item."""
    nums, scores, factors = best.nums[places], best.scores[places], model.layout.factors
    rows = model.items_like_item.table.rows(nums)
    sources = [answer.source(bool(row[:factors].any()), bool(row[factors:].any())) for row in rows]
    return answer.recommendations(model.catalog, nums.tolist(), scores.tolist(), sources)


def _best(
    table: VectorTable, strategy: Strategy, positive: Sequence[Example], negative: Sequence[Example], nums: Nums, k: int
) -> Neighbors:
    """Return the best `k` of `nums` by comparison with each example.

    A fast product selects the candidates: no score falls when an item is more similar to a positive example, or less similar
    to a negative example.
    """
    compare = _best_score if strategy == "best_score" else _context
    if len(nums) > k:
        near, far = _roughly(table, positive, nums), _roughly(table, negative, nums)
        off = max(example.weight for example in (*positive, *negative)) * table.slack(np.ones(1)) + UNIT
        least = floor(compare(near - off, far + off), k)
        nums = nums[compare(near + off, far - off) >= least]
    scores = compare(rounded(_exactly(table, positive, nums)), rounded(_exactly(table, negative, nums)))
    return best_of(nums, scores, k)


def _roughly(table: VectorTable, examples: Sequence[Example], nums: Nums) -> Scores:
    """Return ``s(x, e)`` in single precision, (len(nums), len(examples))."""
    if not examples:
        return NONE_LIKE
    weighted = np.stack([example.weight * example.vector for example in examples]).astype(np.float32)
    return table.multiplied(weighted, nums)


def _exactly(table: VectorTable, examples: Sequence[Example], nums: Nums) -> NDArray[np.float64]:
    """Return ``s(x, e)``, (len(nums), len(examples))."""
    if not examples:
        return NONE_LIKE
    rows = table.rows(nums)
    return np.stack([example.weight * products(rows, example.vector) for example in examples], axis=1)


def _best_score(positive: Scores, negative: Scores) -> NDArray[np.float64]:
    best, worst = positive.max(axis=1), negative.max(axis=1)
    return np.where(best > worst, _bounded(best), -_bounded(worst))


def _context(positive: Scores, negative: Scores) -> NDArray[np.float64]:
    loss = np.minimum(positive[:, :, None] - negative[:, None, :], 0).mean(axis=(1, 2))
    return np.where(loss < 0, loss, _bounded(positive.mean(axis=1)))


def _bounded(likeness: Scores) -> NDArray[np.float64]:
    """Return h of the module's formulas, from 0 to 1; 0 for minus infinity."""
    finite = np.maximum(likeness.astype(np.float64), -1e30)
    return np.asarray((1 + finite / (1 + np.abs(finite))) / 2)
