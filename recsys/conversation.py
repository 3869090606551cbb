"""Items for a conversation, with the reasons of each.

The intent is a vector of the space of like items (:mod:`recsys.likeness`), moved as relevance feedback does it (Rocchio 1971;
Manning, Raghavan and Schuetze 2008, 9.1.1)::

    v = unit( TEXTS unit(sum w t+) + ITEMS unit(sum w x+) - UNLIKE unit(sum w (t-, x-)) )

with the texts t and the items x that were liked (+) or disliked (-) and the weights w of the utterances, which fall by
:data:`recsys.understanding.DECAY` with each later one. An item's score is the sum of what its reasons show::

    meaning     x . v, the cosine of intent and item
    attributes  ATTRIBUTES times the share, by weight, of the values that were asked for and it has, less LESS times that of
                the values of which less was asked for
    words       WORDS times its keyword score for the liked texts, over the best one's
    personal    PERSONAL times its score for the user, brought to 0..1 over the candidates; for a guest 0
    popularity  POPULARITY times its popularity over the largest, and only where there is neither intent nor user

Disliked values and the ranges that were said are conditions that all items meet. What was named or shown before, what is hidden
or excluded, and what the user has seen is not answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.answers import Answer, Recommendation, Source, Strategy
from recsys.asked import Asked
from recsys.embeddings import Vectors, unit_rows
from recsys.everyday import EMPTY
from recsys.filters import Condition
from recsys.index import ExactIndex, VectorIndex
from recsys.keywords import words
from recsys.model import Model
from recsys.questions import Question, clarifying
from recsys.ranking import Mask, Nums, nearest, scored
from recsys.recommender import NONE, Recommender
from recsys.taste import Taste
from recsys.understanding import MOST_TEXTS, Mention, Understood

TEXTS, ITEMS, UNLIKE = 1.0, 1.0, 0.3
ATTRIBUTES, LESS, WORDS, PERSONAL, POPULARITY = 0.5, 0.25, 0.1, 0.15, 0.1
POOL = 200
NEAR = 0.1  # cosine from which an item is said to be like another
MOST_WORDS = 5

Texts = Mapping[str, Vectors]


class Near(NamedTuple):
    """A liked item that an item is like, and their cosine."""

    item_id: str
    title: str
    score: float


class ChatReason(NamedTuple):
    """Why an item has its score, which is the sum of the five parts."""

    near: Near | None
    attributes: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    meaning: float
    by_attributes: float
    by_words: float
    personal: float
    popularity: float


class Reply(NamedTuple):
    """Items, why each, and what to ask next."""

    answer: Answer
    reasons: tuple[ChatReason, ...]
    question: Question | None
    n_left: int


@dataclass(frozen=True, eq=False)
class _Scored:
    """Candidates and the parts of their scores, arrays (n,)."""

    nums: Nums
    meaning: Vectors
    attributes: Vectors
    words: Vectors
    personal: Vectors
    popularity: Vectors

    @property
    def total(self) -> Vectors:
        return self.meaning + self.attributes + self.words + self.personal + self.popularity


def texts_of(understood: Understood) -> list[str]:
    """What has to be encoded: the texts of the latest utterances, each once."""
    found = [one.said for side in _texts(understood) for one in side]
    return list(dict.fromkeys(found))


def converse(
    recommender: Recommender,
    understood: Understood,
    vectors: Texts,
    asked: Asked,
    hidden: AbstractSet[str] = NONE,
    taste: Taste | None = None,
) -> Reply:
    """Items for what was understood of a conversation.

    Parameters
    ----------
    understood : Understood
    vectors : mapping
        The vectors of :func:`texts_of` as the encoder makes them; texts that are not there count by their words alone.
    asked : Asked
        Its k, exclude, filters and exact; what was understood narrows it further.
    hidden : set of str
        Ids of items that nobody may see.
    taste : Taste or None
        Of whom the order is.

    Raises
    ------
    QueryError
        When a filter names no attribute of the catalogue.
    """
    model = recommender.model
    out = {*recommender.nums([*asked.exclude, *hidden]).tolist(), *understood.items(), *understood.shown}
    out |= set() if taste is None else {*taste.seen.tolist()}
    skip = np.array(sorted(out), dtype=np.int32)
    eligible = _eligible(recommender, asked, understood.filters)
    wanted = _Wanted(model, understood, vectors)
    index: VectorIndex = ExactIndex(model.items_like_item.table) if asked.exact else model.items_like_item
    nums = _candidates(model, index, wanted, taste, skip, eligible)
    found = _scored(model, wanted, taste, nums)
    order = np.lexsort((found.nums, -found.total))
    top = order[: asked.k]
    reasons = tuple(_reason(model, wanted, found, place) for place in top.tolist())
    items = tuple(
        Recommendation(model.catalog.items.id(num), model.catalog.titles[num], score, _source(reason))
        for num, score, reason in zip(found.nums[top].tolist(), found.total[top].tolist(), reasons, strict=True)
    )
    strategy, fallback = _strategy(understood, taste)
    question = clarifying(model.catalog, found.nums[order].tolist(), understood)
    return Reply(Answer(strategy, items, fallback), reasons, question, len(nums))


class _Wanted:
    """The intent in the forms in which items are compared with it."""

    def __init__(self, model: Model, understood: Understood, vectors: Texts) -> None:
        self.items = [one for one in understood.likes if one.items]
        self.values = [one for one in understood.likes if one.attribute]
        liked, disliked = _texts(understood)
        self.direction = _direction(model, understood, vectors, liked, disliked)
        self.query = " ".join(one.said for one in liked)
        self.words = {word for word in words(self.query) if word not in EMPTY}
        self.masks = [_having(model, one) for one in self.values]
        self.less = [one for one in understood.dislikes if one.attribute and not one.strong]
        self.model = model

    def by_attributes(self, nums: Nums) -> Vectors:
        """What the attributes give to the scores of items."""
        less = [_having(self.model, one) for one in self.less]
        return ATTRIBUTES * _share(self.values, self.masks, nums) - LESS * _share(self.less, less, nums)


def _texts(understood: Understood) -> tuple[list[Mention], list[Mention]]:
    liked, disliked = ([one for one in side if one.is_text] for side in (understood.likes, understood.dislikes))
    return liked[-MOST_TEXTS:], disliked[-MOST_TEXTS:]


def _direction(
    model: Model, understood: Understood, vectors: Texts, liked: Sequence[Mention], disliked: Sequence[Mention]
) -> Vectors:
    """The v of the module's formula; zero where nothing is said."""
    rows, factors = model.items_like_item.table.rows, model.layout.factors

    def of_texts(side: Sequence[Mention]) -> list[tuple[float, Vectors]]:
        known = [(one.weight, vectors[one.said]) for one in side if one.said in vectors]
        return [(weight, unit_rows(model.likeness.of_text(vector, factors))) for weight, vector in known]

    def of_items(side: Sequence[Mention]) -> list[tuple[float, Vectors]]:
        named = [one for one in side if one.items]
        return [(one.weight, unit_rows(rows(np.array(one.items[:1], dtype=np.int32))[0])) for one in named]

    towards = TEXTS * _sum(model, of_texts(liked)) + ITEMS * _sum(model, of_items(understood.likes))
    away = _sum(model, [*of_texts(disliked), *of_items(understood.dislikes)])
    return unit_rows(towards - UNLIKE * away) if towards.any() else np.zeros_like(towards)


def _sum(model: Model, weighted: Sequence[tuple[float, Vectors]]) -> Vectors:
    """The unit vector of a weighted sum; zero for none."""
    total = np.zeros(model.layout.dim, dtype=np.float32)
    for weight, vector in weighted:
        total += np.float32(weight) * vector
    return unit_rows(total)


def _eligible(recommender: Recommender, asked: Asked, understood: Sequence[Condition]) -> Mask | None:
    conditions = (*asked.filters, *understood)
    return recommender.model.attributes.mask(conditions) if conditions else None


def _having(model: Model, one: Mention) -> Mask:
    return model.attributes.mask((Condition(one.attribute, "in", (one.value,)),))


def _candidates(
    model: Model, index: VectorIndex, wanted: _Wanted, taste: Taste | None, skip: Nums, eligible: Mask | None
) -> Nums:
    """The best POOL by meaning, also of those with a value that was asked for, by words, by taste, and by popularity."""
    any_value = np.logical_or.reduce(wanted.masks) if wanted.masks else None
    masks = [eligible] if any_value is None else [eligible, any_value if eligible is None else any_value & eligible]
    found = []
    for mask in masks:
        if wanted.direction.any():
            found.append(nearest(index, wanted.direction, model.layout.factors, POOL, skip, eligible=mask).found.nums)
        else:
            found.append(model.popularity.top(POOL, skip, mask).nums)
    if taste is not None and taste.query.vector.any():
        found.append(
            nearest(
                model.items_for_user, taste.query.vector, model.layout.factors, POOL, skip, eligible=eligible
            ).found.nums
        )
    nums, scores = model.keywords.scores(wanted.query)
    allowed = ~np.isin(nums, skip) if eligible is None else eligible[nums] & ~np.isin(nums, skip)
    best = np.argsort(-scores[allowed], kind="stable")[:POOL]
    return np.unique(np.concatenate([*found, nums[allowed][best]])).astype(np.int32)


def _scored(model: Model, wanted: _Wanted, taste: Taste | None, nums: Nums) -> _Scored:
    zeros = np.zeros(len(nums), dtype=np.float32)
    meaning = model.items_like_item.table.rows(nums) @ wanted.direction if wanted.direction.any() else zeros
    by_words, keyword_scores = model.keywords.scores(" ".join(sorted(wanted.words)))
    worded = zeros.copy()
    _, here, there = np.intersect1d(nums, by_words, assume_unique=True, return_indices=True)
    if len(here):
        worded[here] = WORDS * keyword_scores[there] / keyword_scores[there].max()
    personal = zeros if taste is None else _personal(model, taste, nums)
    known = wanted.direction.any() or personal.any() or worded.any()
    largest = float(model.popularity.scores.max(initial=0)) or 1.0
    popularity = zeros if known else np.asarray(POPULARITY * model.popularity.scores[nums] / largest, dtype=np.float32)
    return _Scored(nums, np.asarray(meaning), wanted.by_attributes(nums), worded, personal, popularity)


def _share(mentions: Sequence[Mention], masks: Sequence[Mask], nums: Nums) -> Vectors:
    """The share of some values, by their weights, that each item has, (len(nums),)."""
    if not masks:
        return np.zeros(len(nums), dtype=np.float32)
    weights = np.array([one.weight for one in mentions], dtype=np.float32)
    having = np.stack([mask[nums] for mask in masks]).astype(np.float32)
    return np.asarray(weights @ having / weights.sum(), dtype=np.float32)


def _personal(model: Model, taste: Taste, nums: Nums) -> Vectors:
    if not taste.query.vector.any() or not len(nums):
        return np.zeros(len(nums), dtype=np.float32)
    ranked = scored(model, taste.query, nums, len(nums)).found
    spread = float(ranked.scores[0] - ranked.scores[-1]) or 1.0
    made = np.empty(len(nums), dtype=np.float32)
    made[np.searchsorted(nums, ranked.nums)] = PERSONAL * (ranked.scores - ranked.scores[-1]) / spread
    return made


def _reason(model: Model, wanted: _Wanted, found: _Scored, place: int) -> ChatReason:
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


def _near(model: Model, wanted: _Wanted, num: int) -> Near | None:
    """The liked item that an item is most like."""
    if not wanted.items:
        return None
    liked = np.array([one.items[0] for one in wanted.items], dtype=np.int32)
    rows: NDArray[np.float32] = unit_rows(model.items_like_item.table.rows(np.append(liked, np.int32(num))))
    cosines = rows[:-1] @ rows[-1]
    best = int(np.argmax(cosines))
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


def _strategy(understood: Understood, taste: Taste | None) -> tuple[Strategy, bool]:
    if not understood.is_empty:
        return "conversation", False
    if taste is not None and taste.query.vector.any():
        return ("fold_in" if taste.fresh else "personalized"), False
    return "popular", True
