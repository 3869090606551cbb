"""Intent of a conversation: preferences in the form in which items are compared with them.

The intent is a vector of the space of similar items (:mod:`recsys.model.similarity`), moved by relevance feedback (Rocchio
1971; Manning, Raghavan and Schuetze 2008, 9.1.1)::

    v = unit( TEXTS unit(sum w t+) + ITEMS unit(sum w x+) - UNLIKE unit(sum w (t-, x-)) )

with the texts t and the items x that are liked (+) or disliked (-) and the weights w of the statements, which fall by
:data:`recsys.chat.parser.DECAY` with each later one. Where nothing is liked, v is ``- UNLIKE unit(...)`` alone: dislikes then
move items down a list with another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recsys.chat.preferences import Mention, Preferences
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
    """Preferences as a vector, words and masks of items.

    Parameters
    ----------
    model : Model
    preferences : Preferences
    vectors : mapping
        The encoded vectors of :meth:`Preferences.texts`; texts may be missing.

    Attributes
    ----------
    direction : float64 array (layout.dim,)
    towards : bool
        Whether an item or a text is liked; otherwise the direction only leads away from dislikes.
    """

    def __init__(self, model: Model, preferences: Preferences, vectors: Texts) -> None:
        self.items = [one for one in preferences.likes if one.items]
        self.values = [one for one in preferences.likes if one.attribute]
        self.direction, self.towards = _direction(model, preferences, vectors)
        self.words = _content_words(" ".join(one.said for one in preferences.liked_texts()))
        self.masks = [_having(model, one) for one in self.values]
        self._less = [one for one in preferences.dislikes if one.attribute and not one.strong]
        self._model = model

    def by_attributes(self, nums: Nums) -> NDArray[np.float64]:
        """Return what the attributes add to the scores of items, (len(nums),)."""
        less = [_having(self._model, one) for one in self._less]
        return ATTRIBUTES * _share(self.values, self.masks, nums) - LESS * _share(self._less, less, nums)


def _direction(model: Model, preferences: Preferences, vectors: Texts) -> tuple[NDArray[np.float64], bool]:
    """Return the v of the module's formula, zero where nothing is stated, and whether an item or a text is liked."""
    liked, disliked = (
        _text_rows(model, side, vectors) for side in (preferences.liked_texts(), preferences.disliked_texts())
    )
    towards = TEXTS * _sum(model, liked) + ITEMS * _sum(model, _item_rows(model, preferences.likes))
    away = _sum(model, [*disliked, *_item_rows(model, preferences.dislikes)])
    if not towards.any():
        return -UNLIKE * away, False
    return unit_rows(towards - UNLIKE * away), True


def _text_rows(model: Model, texts: Sequence[Mention], vectors: Texts) -> Iterator[tuple[float, Scores]]:
    for one in texts:
        if one.said in vectors:
            yield one.weight, unit_rows(content_row(model, vectors[one.said]))


def _item_rows(model: Model, mentions: Sequence[Mention]) -> Iterator[tuple[float, Vectors]]:
    for one in mentions:
        if one.items:
            rows = model.items_like_item.table.rows(np.array(one.items[:1], dtype=np.int32))
            yield one.weight, unit_rows(rows[0])


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


def _having(model: Model, value: Mention) -> Mask:
    return model.attributes.mask((Condition(value.attribute, "in", (value.value,)),))


def _share(mentions: Sequence[Mention], masks: Sequence[Mask], nums: Nums) -> NDArray[np.float64]:
    """Return the share of some values, by their weights, that each item has, (len(nums),)."""
    if not masks:
        return np.zeros(len(nums))
    weights = np.array([one.weight for one in mentions], dtype=np.float64)
    having = np.stack([mask[nums] for mask in masks])
    return np.asarray((weights[:, None] * having).sum(axis=0) / weights.sum())
