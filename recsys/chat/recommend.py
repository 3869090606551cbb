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

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.chat.clarify import Question, clarifying
from recsys.chat.intent import Intent, Texts
from recsys.chat.preferences import Preferences
from recsys.data.vectors import Vectors, unit_rows
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
    """The most similar liked item, and its cosine."""

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


@dataclass(frozen=True, eq=False)
class _Scored:
    """Candidates and the parts of their scores, arrays (n,)."""

    nums: Nums
    meaning: Scores
    attributes: Scores
    words: Scores
    personal: Scores
    popularity: Scores

    @property
    def total(self) -> Vectors:
        """As they are shown."""
        return shown(self.meaning + self.attributes + self.words + self.personal + self.popularity)


def converse(
    recommender: Recommender,
    preferences: Preferences,
    vectors: Texts,
    asked: ListRequest,
    hidden: AbstractSet[str] = NONE,
    taste: UserState | None = None,
) -> Reply:
    """Return items for the preferences of a conversation.

    Parameters
    ----------
    preferences : Preferences
    vectors : mapping
        The encoded vectors of :meth:`Preferences.texts`; a text without a vector counts by its words.
    asked : ListRequest
        Its k, exclude, filters and exact; the preferences narrow it further.
    hidden : set of str
        Ids of hidden items.
    taste : UserState or None
        Of the user whose order counts; None for a guest.

    Raises
    ------
    QueryError
        When a filter names no attribute of the catalog.
    """
    model = recommender.model
    out = {*recommender.nums([*asked.exclude, *hidden]).tolist(), *preferences.items(), *preferences.shown}
    out |= set() if taste is None else {*taste.seen.tolist()}
    skip = np.array(sorted(out), dtype=np.int32)
    conditions = (*asked.filters, *preferences.filters)
    eligible = model.attributes.mask(conditions) if conditions else None
    wanted = Intent(model, preferences, vectors)
    index: VectorIndex = ExactIndex(model.items_like_item.table) if asked.exact else model.items_like_item
    nums = _candidates(model, index, wanted, taste, skip, eligible)
    found = _scored(model, wanted, taste, nums)
    total = found.total
    order = falling(total, found.nums)
    top = order[: asked.k]
    reasons = tuple(_reason(model, wanted, found, place) for place in top.tolist())
    items = tuple(
        Recommendation(model.catalog.items.id(num), model.catalog.titles[num], score, _source(reason))
        for num, score, reason in zip(found.nums[top].tolist(), total[top].tolist(), reasons, strict=True)
    )
    strategy, fallback = _strategy(preferences, taste)
    question = clarifying(model.catalog, found.nums[order].tolist(), preferences)
    return Reply(Answer(strategy, items, fallback), reasons, question, len(nums))


def _candidates(
    model: Model, index: VectorIndex, wanted: Intent, taste: UserState | None, skip: Nums, eligible: Mask | None
) -> Nums:
    """Return the best POOL items by meaning, also among those with a liked value, by words, by user, and by popularity."""
    any_value = np.logical_or.reduce(wanted.masks) if wanted.masks else None
    masks = [eligible] if any_value is None else [eligible, any_value if eligible is None else any_value & eligible]
    found = []
    for mask in masks:
        if wanted.towards:
            found.append(_nearest(index, wanted.direction, model.layout.factors, skip, mask))
        else:
            found.append(model.popularity.top(POOL, skip, mask).nums)
    if taste is not None and taste.query.vector.any():
        found.append(_nearest(model.items_for_user, taste.query.vector, model.layout.factors, skip, eligible))
    nums, scores = model.need(Bm25).scores(" ".join(sorted(wanted.words)))
    allowed = np.ones(len(nums), dtype=bool) if eligible is None else eligible[nums]
    allowed &= ~np.isin(nums, skip)
    found.append(best_of(nums[allowed], scores[allowed], POOL).nums)
    return np.unique(np.concatenate(found)).astype(np.int32)


def _nearest(index: VectorIndex, vector: Scores, factors: int, skip: Nums, eligible: Mask | None) -> Nums:
    """Return the best POOL eligible items; an exact scan skips the others and copies no rows."""
    if eligible is None or not isinstance(index, ExactIndex):
        return rank_by_vector(index, vector, factors, POOL, skip, eligible=eligible).found.nums
    return index.query(vector, POOL, np.union1d(skip, np.flatnonzero(~eligible)).astype(np.int32)).nums


def _scored(model: Model, wanted: Intent, taste: UserState | None, nums: Nums) -> _Scored:
    zeros = np.zeros(len(nums))
    is_stated = wanted.direction.any()
    meaning = products(model.items_like_item.table.rows(nums), wanted.direction) if is_stated else zeros
    text = " ".join(sorted(wanted.words))
    by_words, keyword_scores = model.need(Bm25).scores(text)
    worded = zeros.copy()
    _, here, there = np.intersect1d(nums, by_words, assume_unique=True, return_indices=True)
    if len(here):
        coverage = model.need(Bm25).coverage(text, by_words[there])
        best = float(keyword_scores[there].max())
        worded[here] = WORDS * coverage.astype(np.float64) ** 2 * keyword_scores[there] / best
    personal = zeros if taste is None else _personal(model, taste, nums)
    known = wanted.towards or personal.any() or worded.any()
    largest = float(model.popularity.scores.max(initial=0)) or 1.0
    popularity = zeros if known else POPULARITY * model.popularity.scores[nums].astype(np.float64) / largest
    return _Scored(nums, meaning, wanted.by_attributes(nums), worded, personal, popularity)


def _personal(model: Model, taste: UserState, nums: Nums) -> NDArray[np.float64]:
    made = np.zeros(len(nums))
    if not taste.query.vector.any() or not len(nums):
        return made
    ranked = rank_items(model, taste.query, nums, len(nums)).found
    scores = ranked.scores.astype(np.float64)
    made[np.searchsorted(nums, ranked.nums)] = PERSONAL * (scores - scores[-1]) / ((scores[0] - scores[-1]) or 1.0)
    return made


def _reason(model: Model, wanted: Intent, found: _Scored, place: int) -> ChatReason:
    num = int(found.nums[place])
    item = model.catalog[num]
    having = tuple(
        (one.attribute, one.value) for one, mask in zip(wanted.values, wanted.masks, strict=True) if mask[num]
    )
    said = sorted(wanted.words & set(words(f"{item.title} {item.text}"))) if wanted.words else []
    parts = (found.meaning, found.attributes, found.words, found.personal, found.popularity)
    return ChatReason(
        _near(model, wanted, num), having, tuple(said[:MOST_WORDS]), *(float(part[place]) for part in parts)
    )


def _near(model: Model, wanted: Intent, num: int) -> Near | None:
    """Return the most similar liked item."""
    if not wanted.items:
        return None
    liked = np.array([one.items[0] for one in wanted.items], dtype=np.int32)
    rows: NDArray[np.float32] = unit_rows(model.items_like_item.table.rows(np.append(liked, np.int32(num))))
    cosines = shown(products(rows[:-1], rows[-1]))
    best = int(np.argmax(cosines))  # the first of equal ones
    if cosines[best] < NEAR:
        return None
    return Near(model.catalog.items.id(int(liked[best])), model.catalog.titles[int(liked[best])], float(cosines[best]))


def _source(reason: ChatReason) -> Source:
    if reason.popularity:
        return "popularity"
    if reason.near or reason.personal:
        return "blended"
    if reason.by_words and reason.meaning:
        return "hybrid"
    return "keyword" if reason.by_words else "semantic" if reason.meaning else "content"


def _strategy(preferences: Preferences, taste: UserState | None) -> tuple[Strategy, bool]:
    if not preferences.is_empty:
        return "conversation", False
    if taste is not None and taste.query.vector.any():
        return ("fold_in" if taste.fresh else "personalized"), False
    return "popular", True
