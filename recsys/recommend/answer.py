"""Answers: items with scores and reasons, and the strategy that produced them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Literal, NamedTuple

from recsys.data.catalog import Catalog
from recsys.data.vectors import Vectors
from recsys.index.exact import Neighbors
from recsys.recommend.context import ContextItem
from recsys.recommend.explain import Reasons
from recsys.recommend.ranking import Ranked
from recsys.recommend.request import MOST_OFFSET
from recsys.score_order import falling, shown

Strategy = Literal[
    "personalized",
    "fold_in",
    "context",
    "similar",
    "ranked",
    "attributes",
    "popular",
    "trending",
    "search",
    "personalized_search",
    "mean",
    "best_score",
    "context_pairs",
    "conversation",
]
Source = Literal[
    "collaborative", "content", "blended", "popularity", "semantic", "keyword", "hybrid", "picture", "attributes"
]
OF_USER: frozenset[Strategy] = frozenset({"personalized", "fold_in"})  # lists by the history of the user
MOST_CAUSES = 5


class Cause(NamedTuple):
    """History item, its contribution to a score, and its share of the score before a popularity penalty."""

    item_id: str
    title: str
    score: float
    share: float


class Given(NamedTuple):
    """A value of an attribute of the user, and what it adds to a score."""

    attribute: str
    value: str
    score: float


class Reason(NamedTuple):
    """Decomposition of a score, ``collaborative + content + popularity + rotation``.

    `neighbors` is the part of `collaborative` that comes from items of the same users (:mod:`recsys.model.neighborhood`); the
    rest is a product of factors.

    `because` lists the history items that contribute most, best first; it is empty for lists without a history. In a personal
    list their scores, `others` (the rest of the history), `context` (the item in context, if any), `popularity`, the penalty,
    and `rotation`, both 0 or less, add up to the score. In a popular list `popularity` is the score before `rotation`; in a
    list by the attributes of the user it adds up to the score with `attributes`.
    """

    because: tuple[Cause, ...]
    others: float
    collaborative: float
    content: float
    popularity: float
    neighbors: float = 0.0  # of `collaborative`
    context: float | None = None  # of `collaborative` and `content`; None: there is no item in context
    rotation: float = 0.0
    attributes: tuple[Given, ...] = ()  # the values of the user


class Recommendation(NamedTuple):
    """Item of an answer; `source` names the parts of its score."""

    item_id: str
    title: str
    score: float
    source: Source
    reason: Reason | None = None


class Answer(NamedTuple):
    """Items, best first, and the strategy that produced them."""

    strategy: Strategy
    items: tuple[Recommendation, ...]
    fallback: bool = False  # unfulfilled request: popular items replace the list, or a search is not personalized
    next_offset: int | None = None  # None at the end, or if the offset would exceed MOST_OFFSET
    unknown: tuple[str, ...] = ()  # unknown ids of the request
    without: tuple[str, ...] = ()  # ids that the request took out of the history
    context: ContextItem | None = None  # the item in context, if the request has one


class Page(NamedTuple):
    """Places in an ordered list, and the start of the next page."""

    places: list[int]
    next_offset: int | None


def page(nums: Sequence[int], offset: int, k: int, drop: set[int]) -> Page:
    """Return the first `k` places from `offset` on whose number is not in `drop`, and the start of the next page, if any."""
    places: list[int] = []
    for place in range(offset, len(nums)):
        if nums[place] in drop:
            continue
        if len(places) == k:
            after = places[-1] + 1
            return Page(places, after if after <= MOST_OFFSET else None)
        places.append(place)
    return Page(places, None)


def recommendations(
    catalog: Catalog,
    nums: Sequence[int],
    scores: Iterable[float],
    sources: Iterable[Source],
    reasons: Iterable[Reason | None] = repeat(None),
) -> tuple[Recommendation, ...]:
    """Return items by row number, with parallel columns."""
    ids, titles = map(catalog.items.id, nums), map(catalog.titles.__getitem__, nums)
    return tuple(map(Recommendation, ids, titles, scores, sources, reasons))


def of_list(
    catalog: Catalog, nums: list[int], scores: list[float], collaborative: list[float]
) -> tuple[Recommendation, ...]:
    """Return items of a precomputed list, with the part of each score that is collaborative; the rest is content."""
    sources = [source(part != 0, score != part) for score, part in zip(scores, collaborative, strict=True)]
    return recommendations(catalog, nums, scores, sources)


def of_ranked(catalog: Catalog, ranked: Ranked, reasons: Reasons | None = None) -> tuple[Recommendation, ...]:
    """Return ranked items, with reasons in the same order if given."""
    sources = map(source, (ranked.collaborative != 0).tolist(), (ranked.content != 0).tolist())
    nums, scores = ranked.found.nums.tolist(), ranked.found.scores.tolist()
    if reasons is None:
        return recommendations(catalog, nums, scores, sources)
    costs = zip(ranked.popularity.tolist(), ranked.rotation.tolist(), strict=True)
    why = (_reason(catalog, reasons, place, *cost) for place, cost in enumerate(costs))
    return recommendations(catalog, nums, scores, sources, why)


def of_likeness(catalog: Catalog, ranked: Ranked, explain: bool) -> tuple[Recommendation, ...]:
    """Return items similar to an item; reasons have two parts and no history."""
    items = of_ranked(catalog, ranked)
    if not explain:
        return items
    parts = zip(items, ranked.collaborative.tolist(), ranked.content.tolist(), strict=True)
    return tuple(item._replace(reason=Reason((), 0.0, behavior, content, 0.0)) for item, behavior, content in parts)


def of_popular(
    catalog: Catalog, ranking: Neighbors, explain: bool, popularity: Vectors | None = None
) -> tuple[Recommendation, ...]:
    """Return items by popularity, or, with rotation, by what is left of `popularity` (len(ranking),)."""
    scores = ranking.scores.tolist()
    whole = scores if popularity is None else popularity.tolist()
    parts = zip(whole, scores, strict=True)
    reasons = (Reason((), 0.0, 0.0, 0.0, all_, rotation=score - all_) if explain else None for all_, score in parts)
    return recommendations(catalog, ranking.nums.tolist(), scores, repeat("popularity"), reasons)


def source(collaborative: bool, content: bool) -> Source:
    """Return the source of a score that has these parts."""
    if content:
        return "blended" if collaborative else "content"
    return "collaborative"


def _reason(catalog: Catalog, reasons: Reasons, place: int, popularity: float, rotation: float) -> Reason:
    collaborative, content = reasons.collaborative[place], reasons.content[place]
    contributions = collaborative + content
    best = falling(contributions)
    best = best[(shown(contributions[best]) > 0) & reasons.named[best]][:MOST_CAUSES]
    context = None if reasons.context is None else reasons.context[:, place]
    own = float(contributions.sum())
    behavior, text = (0.0, 0.0) if context is None else context.tolist()
    total = own + behavior + text
    items = zip(reasons.history[best].tolist(), contributions[best].tolist(), strict=True)
    causes = tuple(
        Cause(catalog.items.id(num), catalog.titles[num], score, score / total if total else 0.0)
        for num, score in items
    )
    return Reason(
        causes,
        own - sum(cause.score for cause in causes),
        float(collaborative.sum()) + behavior,
        float(content.sum()) + text,
        popularity,
        float(reasons.neighbors[place]),
        None if context is None else behavior + text,
        rotation,
    )
