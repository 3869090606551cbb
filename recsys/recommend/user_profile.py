"""Data profile of a user."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from recsys.data.catalog import Catalog
from recsys.recommend.user_state import UserState
from recsys.score_order import displayed

MOST_ITEMS = 1000
MOST_VALUES = 5


class Consumed(NamedTuple):
    """History item with its weight."""

    item_id: str
    title: str
    weight: float


class Preference(NamedTuple):
    """Attribute value with its share of the history, by weight."""

    attribute: str
    value: str
    share: float


class Profile(NamedTuple):
    """History of a user and its common attribute values."""

    in_model: bool  # whether the model was trained with the user, and the user was not deleted since
    n_liked: int
    n_disliked: int
    liked: tuple[Consumed, ...]  # by falling weight, at most MOST_ITEMS
    disliked: tuple[Consumed, ...]  # not liked, at most MOST_ITEMS, with weight 0 or below
    preferences: tuple[Preference, ...]  # most frequent text values of each attribute in `liked`


def profile(state: UserState) -> Profile:
    """Return the profile of a user."""
    catalog = state.model.catalog
    pairs = zip(state.liked.tolist(), state.weights.tolist(), strict=True)
    liked = sorted(pairs, key=lambda pair: -displayed(pair[1]))[:MOST_ITEMS]
    return Profile(
        state.user_num is not None,
        len(state.liked),
        len(state.disliked),
        tuple(Consumed(catalog.items.id(num), catalog.titles[num], weight) for num, weight in liked),
        tuple(
            Consumed(catalog.items.id(num), catalog.titles[num], min(weight, 0.0))
            for num, weight in zip(state.disliked[:MOST_ITEMS].tolist(), state.disliked_weights.tolist(), strict=False)
        ),
        _preferences(catalog, liked),
    )


def _preferences(catalog: Catalog, liked: list[tuple[int, float]]) -> tuple[Preference, ...]:
    totals: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for num, weight in liked:
        for attribute, value in catalog[num].attributes.items():
            for word in value if isinstance(value, list) else [value]:
                if isinstance(word, str):
                    totals[attribute][word] += weight
    whole = sum(weight for _, weight in liked) or 1.0
    preferences = []
    for attribute, words in totals.items():
        if len(words) == 1 or max(words.values()) > min(words.values()):  # values that never repeat say nothing
            best = sorted(words.items(), key=lambda word: (-displayed(word[1] / whole), word[0]))[:MOST_VALUES]
            preferences += [Preference(attribute, word, total / whole) for word, total in best]
    return tuple(preferences)
