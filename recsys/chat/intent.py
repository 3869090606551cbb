"""Intent of a conversation: preferences in the form in which items are compared with them.

The intent is a vector of the space of similar items (:mod:`recsys.model.similarity`), moved by relevance feedback (Rocchio
1971; Manning, Raghavan and Schuetze 2008, 9.1.1)::

    v = unit( TEXTS unit(sum w t+) + ITEMS unit(sum w x+) - UNLIKE unit(sum w (t-, x-)) )

with the texts t and the items x that are liked (+) or disliked (-) and the weights w of the statements, which fall with each
later statement. Where nothing is liked, v is ``- UNLIKE unit(...)`` alone: dislikes then move items down a list with another
order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recsys.chat.preferences import Mention, Preferences, latest_texts
from recsys.data.filters import Condition
from recsys.data.vectors import Vectors, unit_rows
from recsys.model.model import Model
from recsys.recommend.ranking import Mask, Nums
from recsys.recommend.text_vectors import content_row
from recsys.score_order import Scores
from recsys.text.bm25 import words
from recsys.text.vocabulary import STOP_WORDS

TEXTS, ITEMS, UNLIKE = 1.0, 1.0, 0.3
ATTRIBUTES, LESS = 1.0, 0.5  # an item with a liked value ranks before all items without

Texts = Mapping[str, Vectors]


class Intent:
    """Preferences as a vector, words and masks of items, with the encoded `vectors` of their texts; texts may be missing.

    The `direction`, (layout.dim,), leads only away from dislikes unless `towards`: an item or a text is liked.
    """

    def __init__(self, model: Model, preferences: Preferences, vectors: Texts) -> None:
        self.items = [mention for mention in preferences.likes if mention.items]
        self.values = [mention for mention in preferences.likes if mention.attribute]
        self.direction, self.towards = _direction(model, preferences, vectors)
        self.words = _content_words(" ".join(text.said for text in latest_texts(preferences.likes)))
        self.masks = _masks(model, self.values)
        self._less = [mention for mention in preferences.dislikes if mention.attribute and not mention.strong]
        self._model = model

    def by_attributes(self, nums: Nums) -> NDArray[np.float64]:
        """Return what the attributes add to the scores of items, (len(nums),)."""
        less = _share(self._less, _masks(self._model, self._less), nums)
        return ATTRIBUTES * _share(self.values, self.masks, nums) - LESS * less


def _direction(model: Model, preferences: Preferences, vectors: Texts) -> tuple[NDArray[np.float64], bool]:
    """Return the v of the module's formula, zero where nothing is stated, and whether an item or a text is liked."""
    liked, disliked = (_text_rows(model, side, vectors) for side in (preferences.likes, preferences.dislikes))
    towards = TEXTS * _sum(model, liked) + ITEMS * _sum(model, _item_rows(model, preferences.likes))
    away = _sum(model, [*disliked, *_item_rows(model, preferences.dislikes)])
    if not towards.any():
        return -UNLIKE * away, False
    return unit_rows(towards - UNLIKE * away), True


def _text_rows(model: Model, mentions: Sequence[Mention], vectors: Texts) -> Iterator[tuple[float, Scores]]:
    for text in latest_texts(mentions):
        if text.said in vectors:
            yield text.weight, unit_rows(content_row(model, vectors[text.said]))


def _item_rows(model: Model, mentions: Sequence[Mention]) -> Iterator[tuple[float, Vectors]]:
    for mention in mentions:
        if mention.items:
            rows = model.items_like_item.table.rows(np.array(mention.items[:1], dtype=np.int32))
            yield mention.weight, unit_rows(rows[0])


def _sum(model: Model, weighted: Iterable[tuple[float, Scores]]) -> NDArray[np.float64]:
    """Return the unit vector of a weighted sum; zero for none."""
    total = np.zeros(model.layout.dim)
    for weight, vector in weighted:
        total += weight * vector
    return unit_rows(total)


def _content_words(text: str) -> set[str]:
    """Return the words of a text without stop words and single letters, such as the rest of "it's"."""
    letters = {word for word in words(text) if len(word) == 1 and word.isascii() and word.isalpha()}
    return {*words(text)} - STOP_WORDS - letters


def _masks(model: Model, values: Sequence[Mention]) -> list[Mask]:
    return [model.attributes.mask((Condition(value.attribute, "in", (value.value,)),)) for value in values]


def _share(mentions: Sequence[Mention], masks: Sequence[Mask], nums: Nums) -> NDArray[np.float64]:
    """Return the share of some values, by their weights, that each item has, (len(nums),)."""
    if not masks:
        return np.zeros(len(nums))
    weights = np.array([mention.weight for mention in mentions], dtype=np.float64)
    having = np.stack([mask[nums] for mask in masks])
    return np.asarray((weights[:, None] * having).sum(axis=0) / weights.sum())
