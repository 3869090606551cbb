"""Recommendations for a conversation, with the reasons of each item.

The score of an item is the sum of five parts::

    meaning     the product of item and intent (:mod:`recsys.chat.intent`), their cosine where something is liked
    attributes  ATTRIBUTES times the share, by weight, of the liked values that it has, minus LESS times the share of the
                values that are less wanted
    words       WORDS times its keyword score for the liked texts, over the best score, times the square of the share of their
                words that it has (:mod:`recsys.search.text`)
    personal    PERSONAL times its score for the user, scaled to 0..1 over the candidates; 0 for a guest
    popularity  POPULARITY times its popularity over the largest; only where no item or text is liked and there is no user

Disliked values and number ranges are conditions that all items meet. Items that were named or shown before, are hidden or
excluded, or were seen by the user are not recommended.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.chat.clarify import Question, clarifying
from recsys.chat.intent import Intent, Texts
from recsys.chat.preferences import Preferences
from recsys.data.vectors import unit_rows
from recsys.index.exact import ExactIndex, VectorIndex, best_of, products
from recsys.model.model import Model
from recsys.recommend.answer import Answer, Recommendation, Source, Strategy
from recsys.recommend.ranking import Mask, Nums, rank_by_vector, rank_items
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.request import ListRequest
from recsys.recommend.user_state import UserState
from recsys.score_order import Scores, falling, shown
from recsys.text.bm25 import Bm25, words

WORDS, PERSONAL, POPULARITY = 0.3, 0.15, 0.1
POOL = 200
NEAR = 0.2  # least cosine of similar items
MOST_WORDS = 5


class Near(NamedTuple):
    """Most similar liked item, and its cosine."""

    item_id: str
    title: str
    score: float


class ChatReason(NamedTuple):
    """Parts of the score of an item; they add up to it."""

    near: Near | None
    attributes: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    meaning: float
    by_attributes: float
    by_words: float
    personal: float
    popularity: float


class Reply(NamedTuple):
    """Items with their reasons, and the next question."""

    answer: Answer
    reasons: tuple[ChatReason, ...]
    question: Question | None
    n_left: int


def converse(
    recommender: Recommender,
    preferences: Preferences,
    vectors: Texts,
    request: ListRequest,
    hidden: AbstractSet[str] = NONE,
    state: UserState | None = None,
) -> Reply:
    """Return items for the preferences of a conversation.

    Parameters
    ----------
    vectors : mapping
        The encoded vectors of :meth:`Preferences.texts`; a text without a vector counts by its words.
    request : ListRequest
        Its k, exclude, filters and exact; the preferences narrow it further.
    hidden : set of str
        Ids of hidden items.
    state : UserState or None
        Of the user whose order counts; None for a guest.

    Raises
    ------
    QueryError
        When a filter names no attribute of the catalog.
    """
    model = recommender.model
    out = {*recommender.left_out(request.exclude, hidden).tolist(), *preferences.items(), *preferences.shown}
    out |= set() if state is None else {*state.seen.tolist()}
    skip = np.array(sorted(out), dtype=np.int32)
    conditions = (*request.filters, *preferences.filters)
    eligible = model.attributes.mask(conditions) if conditions else None
    intent = Intent(model, preferences, vectors)
    index: VectorIndex = ExactIndex(model.items_like_item.table) if request.exact else model.items_like_item
    nums = _candidates(model, index, intent, state, skip, eligible)
    parts = _score_parts(model, intent, state, nums)
    total = shown(reduce(np.add, parts))
    order = falling(total, nums)
    top = order[: request.k].tolist()
    reasons = [_reason(model, intent, int(nums[row]), [float(part[row]) for part in parts]) for row in top]
    items = tuple(
        Recommendation(model.catalog.items.id(num), model.catalog.titles[num], score, _source(reason))
        for num, score, reason in zip(nums[top].tolist(), total[top].tolist(), reasons, strict=True)
    )
    strategy, fallback = _strategy(preferences, state)
    question = clarifying(model.catalog, nums[order].tolist(), preferences)
    return Reply(Answer(strategy, items, fallback), tuple(reasons), question, len(nums))


def _candidates(
    model: Model, index: VectorIndex, intent: Intent, state: UserState | None, skip: Nums, eligible: Mask | None
) -> Nums:
    """Return the best POOL items by meaning, also among those with a liked value, by words, by user, and by popularity."""
    masks = [eligible]
    if intent.masks:
        any_value = np.logical_or.reduce(intent.masks)
        masks.append(any_value if eligible is None else any_value & eligible)
    factors = model.layout.factors
    if intent.towards:
        lists = [_nearest(index, intent.direction, factors, skip, mask) for mask in masks]
    else:
        lists = [model.popularity.top(POOL, skip, mask).nums for mask in masks]
    if state is not None and state.query.vector.any():
        lists.append(_nearest(model.items_for_user, state.query.vector, factors, skip, eligible))
    nums, scores = model.need(Bm25).scores(" ".join(sorted(intent.words)))
    allowed = np.ones(len(nums), dtype=bool) if eligible is None else eligible[nums]
    allowed &= ~np.isin(nums, skip)
    lists.append(best_of(nums[allowed], scores[allowed], POOL).nums)
    return np.unique(np.concatenate(lists)).astype(np.int32)


def _nearest(index: VectorIndex, vector: Scores, factors: int, skip: Nums, eligible: Mask | None) -> Nums:
    """Return the best POOL eligible items; an exact scan skips the others and copies no rows."""
    if eligible is None or not isinstance(index, ExactIndex):
        return rank_by_vector(index, vector, factors, POOL, skip, eligible=eligible).found.nums
    return index.query(vector, POOL, np.union1d(skip, np.flatnonzero(~eligible)).astype(np.int32)).nums


def _score_parts(model: Model, intent: Intent, state: UserState | None, nums: Nums) -> tuple[Scores, ...]:
    """Return the five parts of the scores of items, in the order of the module's table, each (len(nums),)."""
    zeros = np.zeros(len(nums))
    is_stated = intent.direction.any()
    meaning = products(model.items_like_item.table.rows(nums), intent.direction) if is_stated else zeros
    text = " ".join(sorted(intent.words))
    worded_nums, keyword_scores = model.need(Bm25).scores(text)
    by_words = zeros.copy()
    _, here, there = np.intersect1d(nums, worded_nums, assume_unique=True, return_indices=True)
    if len(here):
        coverage = model.need(Bm25).coverage(text, worded_nums[there])
        best = float(keyword_scores[there].max())
        by_words[here] = WORDS * coverage.astype(np.float64) ** 2 * keyword_scores[there] / best
    personal = zeros if state is None else _personal(model, state, nums)
    is_known = intent.towards or personal.any() or by_words.any()
    largest = float(model.popularity.scores.max(initial=0)) or 1.0
    popularity = zeros if is_known else POPULARITY * model.popularity.scores[nums].astype(np.float64) / largest
    return meaning, intent.by_attributes(nums), by_words, personal, popularity


def _personal(model: Model, state: UserState, nums: Nums) -> NDArray[np.float64]:
    personal = np.zeros(len(nums))
    if state.query.vector.any() and len(nums):
        ranked = rank_items(model, state.query, nums, len(nums)).found
        scores = ranked.scores.astype(np.float64)
        spread = (scores[0] - scores[-1]) or 1.0
        personal[np.searchsorted(nums, ranked.nums)] = PERSONAL * (scores - scores[-1]) / spread
    return personal


def _reason(model: Model, intent: Intent, num: int, parts: Sequence[float]) -> ChatReason:
    item = model.catalog[num]
    values = [value for value, mask in zip(intent.values, intent.masks, strict=True) if mask[num]]
    shared = sorted(intent.words & set(words(f"{item.title} {item.text}"))) if intent.words else []
    having = tuple((value.attribute, value.value) for value in values)
    return ChatReason(_near(model, intent, num), having, tuple(shared[:MOST_WORDS]), *parts)


def _near(model: Model, intent: Intent, num: int) -> Near | None:
    """Return the most similar liked item."""
    if not intent.items:
        return None
    liked = [mention.items[0] for mention in intent.items]
    rows: NDArray[np.float32] = unit_rows(model.items_like_item.table.rows(np.array([*liked, num], dtype=np.int32)))
    cosines = shown(products(rows[:-1], rows[-1]))
    best = int(np.argmax(cosines))  # the first of equal ones
    if cosines[best] < NEAR:
        return None
    return Near(model.catalog.items.id(liked[best]), model.catalog.titles[liked[best]], float(cosines[best]))


def _source(reason: ChatReason) -> Source:
    if reason.popularity:
        return "popularity"
    if reason.near or reason.personal:
        return "blended"
    if reason.by_words and reason.meaning:
        return "hybrid"
    return "keyword" if reason.by_words else "semantic" if reason.meaning else "content"


def _strategy(preferences: Preferences, state: UserState | None) -> tuple[Strategy, bool]:
    if preferences.likes or preferences.dislikes or preferences.filters:
        return "conversation", False
    if state is not None and state.query.vector.any():
        return ("fold_in" if state.fresh else "personalized"), False
    return "popular", True
