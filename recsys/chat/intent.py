"""What is wanted, in the forms in which items are compared with it.

The intent is a vector of the space of like items (:mod:`recsys.model.similarity`), moved as relevance feedback does it
(Rocchio 1971; Manning, Raghavan and Schuetze 2008, 9.1.1)::

    v = unit( TEXTS unit(sum w t+) + ITEMS unit(sum w x+) - UNLIKE unit(sum w (t-, x-)) )

with the texts t and the items x that were liked (+) or disliked (-) and the weights w of the utterances, which fall by
:data:`recsys.chat.parser.DECAY` with each later one. Where nothing was liked, v is ``- UNLIKE unit(...)`` alone: what is
disliked then moves items down a list that something else orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from recsys.chat.parser import MOST_TEXTS
from recsys.chat.preferences import Mention, Understood
from recsys.data.filters import Condition
from recsys.data.vectors import Vectors, unit_rows
from recsys.model.model import Model
from recsys.recommend.ranking import Mask, Nums
from recsys.recommend.text_vectors import content_row
from recsys.text.bm25 import words
from recsys.text.vocabulary import EMPTY

TEXTS, ITEMS, UNLIKE = 1.0, 1.0, 0.3
ATTRIBUTES, LESS = 1.0, 0.5  # an item with what was asked for comes before one without

Texts = Mapping[str, Vectors]


def texts_of(understood: Understood) -> list[str]:
    """What has to be encoded: the texts of the latest utterances, each once."""
    found = [one.said for side in _texts(understood) for one in side]
    return list(dict.fromkeys(found))


class Intent:
    """What is wanted.

    Parameters
    ----------
    model : Model
    understood : Understood
    vectors : mapping
        Of :func:`texts_of`, as the encoder makes them.

    Attributes
    ----------
    direction : float32 array (layout.dim,)
    towards : bool
        Whether an item or a text was liked; otherwise the direction says only what is not.
    """

    def __init__(self, model: Model, understood: Understood, vectors: Texts) -> None:
        self.items = [one for one in understood.likes if one.items]
        self.values = [one for one in understood.likes if one.attribute]
        liked, disliked = _texts(understood)
        self.direction, self.towards = _direction(model, understood, vectors, liked, disliked)
        self.query = " ".join(one.said for one in liked)
        self.words = {word for word in words(self.query) if word not in EMPTY and not _is_letter(word)}
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
) -> tuple[Vectors, bool]:
    """The v of the module's formula, zero where nothing is said, and whether an item or a text was liked."""
    rows = model.items_like_item.table.rows

    def of_texts(side: Sequence[Mention]) -> list[tuple[float, Vectors]]:
        known = [(one.weight, vectors[one.said]) for one in side if one.said in vectors]
        return [(weight, unit_rows(content_row(model, vector))) for weight, vector in known]

    def of_items(side: Sequence[Mention]) -> list[tuple[float, Vectors]]:
        named = [one for one in side if one.items]
        return [(one.weight, unit_rows(rows(np.array(one.items[:1], dtype=np.int32))[0])) for one in named]

    towards = TEXTS * _sum(model, of_texts(liked)) + ITEMS * _sum(model, of_items(understood.likes))
    away = _sum(model, [*of_texts(disliked), *of_items(understood.dislikes)])
    if not towards.any():
        return -UNLIKE * away, False
    return unit_rows(towards - UNLIKE * away), True


def _sum(model: Model, weighted: Sequence[tuple[float, Vectors]]) -> Vectors:
    """The unit vector of a weighted sum; zero for none."""
    total = np.zeros(model.layout.dim, dtype=np.float32)
    for weight, vector in weighted:
        total += np.float32(weight) * vector
    return unit_rows(total)


def _is_letter(word: str) -> bool:
    """Whether it is what is left of "it's"."""
    return len(word) == 1 and word.isascii() and word.isalpha()


def _having(model: Model, one: Mention) -> Mask:
    return model.attributes.mask((Condition(one.attribute, "in", (one.value,)),))


def _share(mentions: Sequence[Mention], masks: Sequence[Mask], nums: Nums) -> Vectors:
    """The share of some values, by their weights, that each item has, (len(nums),)."""
    if not masks:
        return np.zeros(len(nums), dtype=np.float32)
    weights = np.array([one.weight for one in mentions], dtype=np.float32)
    having = np.stack([mask[nums] for mask in masks]).astype(np.float32)
    return np.asarray(weights @ having / weights.sum(), dtype=np.float32)
