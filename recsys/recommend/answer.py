"""What is answered: items with their scores and reasons, and how they were found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Literal, NamedTuple

from recsys.data.catalog import Catalog
from recsys.index.exact import Neighbors
from recsys.recommend.explain import Reasons
from recsys.recommend.ranking import Ranked
from recsys.recommend.request import MOST_OFFSET
from recsys.score_order import falling, shown

Strategy = Literal[
    "personalized",
    "fold_in",
    "similar",
    "ranked",
    "popular",
    "trending",
    "search",
    "personalized_search",
    "mean",
    "best_score",
    "context_pairs",
    "conversation",
]
Source = Literal["collaborative", "content", "blended", "popularity", "semantic", "keyword", "hybrid", "picture"]
MOST_CAUSES = 5


class Cause(NamedTuple):
    """An item of the history, what it gives to a score, and what share of the score before a popularity penalty this is."""

    item_id: str
    title: str
    score: float
    share: float


class Reason(NamedTuple):
    """Why an item has its score, ``collaborative + content + popularity``.

    `because` names the items of the history that give most, best first; their scores, `others`, what the rest of the history
    gives, and `popularity` add up to the score of a personal list. `because` is empty where no history was asked. In a popular
    list `popularity` is the score, in a personal one what a popularity penalty takes away, 0 or less.
    """

    because: tuple[Cause, ...]
    others: float
    collaborative: float
    content: float
    popularity: float


class Recommendation(NamedTuple):
    """One item of an answer; `source` says what its score is made of."""

    item_id: str
    title: str
    score: float
    source: Source
    reason: Reason | None = None


class Answer(NamedTuple):
    """Items, best first, and how they were found.

    Parameters
    ----------
    strategy : str
    items : tuple of Recommendation
    fallback : bool
        The question could not be answered as asked: the popular items stand in, or a search is in nobody's order.
    next_offset : int or None
        Where the next page begins; None where nothing is left, or the offset would be larger than MOST_OFFSET.
    unknown : tuple of str
        Ids of the question that could not be answered.
    """

    strategy: Strategy
    items: tuple[Recommendation, ...]
    fallback: bool = False
    next_offset: int | None = None
    unknown: tuple[str, ...] = ()


class Page(NamedTuple):
    """Places in an ordered list, and where the next page begins."""

    places: list[int]
    next_offset: int | None


def page(nums: Sequence[int], offset: int, k: int, drop: set[int]) -> Page:
    """The first `k` places from `offset` on whose number is not in `drop`, and a next page if it can be asked for."""
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
    """Return items by their row numbers, with the columns beside them."""
    ids, titles = map(catalog.items.id, nums), map(catalog.titles.__getitem__, nums)
    return tuple(map(Recommendation, ids, titles, scores, sources, reasons))


def of_list(
    catalog: Catalog, nums: list[int], scores: list[float], collaborative: list[float]
) -> tuple[Recommendation, ...]:
    """Return items of a precomputed list, with the part of each score that is collaborative; the rest is content."""
    sources = [source(part != 0, score != part) for score, part in zip(scores, collaborative, strict=True)]
    return recommendations(catalog, nums, scores, sources)


def of_ranked(catalog: Catalog, ranked: Ranked, reasons: Reasons | None = None) -> tuple[Recommendation, ...]:
    """Return ranked items; with reasons, which have the same order."""
    sources = map(source, (ranked.collaborative != 0).tolist(), (ranked.content != 0).tolist())
    nums, scores = ranked.found.nums.tolist(), ranked.found.scores.tolist()
    if reasons is None:
        return recommendations(catalog, nums, scores, sources)
    why = (_reason(catalog, reasons, place, cost) for place, cost in enumerate(ranked.popularity.tolist()))
    return recommendations(catalog, nums, scores, sources, why)


def of_likeness(catalog: Catalog, ranked: Ranked, explain: bool) -> tuple[Recommendation, ...]:
    """Return items that are similar to another one; the similarity has two parts and no history."""
    made = of_ranked(catalog, ranked)
    if not explain:
        return made
    parts = zip(made, ranked.collaborative.tolist(), ranked.content.tolist(), strict=True)
    return tuple(
        item._replace(reason=Reason((), 0.0, collaborative, content, 0.0)) for item, collaborative, content in parts
    )


def of_popular(catalog: Catalog, found: Neighbors, explain: bool) -> tuple[Recommendation, ...]:
    """Return items by popularity."""
    scores = found.scores.tolist()
    reasons = (Reason((), 0.0, 0.0, 0.0, score) if explain else None for score in scores)
    return recommendations(catalog, found.nums.tolist(), scores, repeat("popularity"), reasons)


def source(collaborative: bool, content: bool) -> Source:
    """Return the source of a score that has these parts."""
    if content:
        return "blended" if collaborative else "content"
    return "collaborative"


def _reason(catalog: Catalog, reasons: Reasons, place: int, popularity: float) -> Reason:
    collaborative, content = reasons.collaborative[place], reasons.content[place]
    given = collaborative + content
    best = falling(given)
    best = best[(shown(given[best]) > 0) & reasons.named[best]][:MOST_CAUSES]
    total = float(given.sum())
    causes = tuple(_cause(catalog, int(reasons.history[one]), float(given[one]), total) for one in best)
    others = total - sum(cause.score for cause in causes)
    return Reason(causes, others, float(collaborative.sum()), float(content.sum()), popularity)


def _cause(catalog: Catalog, num: int, score: float, total: float) -> Cause:
    return Cause(catalog.items.id(num), catalog.titles[num], score, score / total if total else 0.0)
