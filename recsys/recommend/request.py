"""Request for a list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from recsys.data.filters import Condition
from recsys.errors import QueryError

MOST_OFFSET = 10_000
MOST_CONTENT_WEIGHT = 4


@dataclass(frozen=True)
class ListRequest:
    """Request for the k best eligible items from `offset` on; raises QueryError when a number is out of range."""

    k: int = 10
    offset: int = 0  # number of better items to skip: the second page of ten begins at 10
    exclude: Collection[str] = ()  # ids of items to leave out; unknown ids are ignored
    include_seen: bool = False  # whether to include items of the user's history
    include_refused: bool = False  # with include_seen: whether also items that the user does not want to see again
    filters: tuple[Condition, ...] = ()  # conditions that all must hold
    diversity: float = 0.0  # up to 1: dissimilar to the items before it (recsys.recommend.diversity)
    popularity_penalty: float = 0.0  # up to 1: lower scores for items with many users (recsys.recommend.ranking)
    rotation: float = (
        0.0  # up to 1: lower scores for items that were shown without a reaction (recsys.recommend.rotation)
    )
    content_weight: float = 1.0  # up to MOST_CONTENT_WEIGHT: factor of the content part of scores; 0: behavior alone
    without: Collection[str] = ()  # ids to take out of the history, which stay seen; others are ignored
    context: str | None = None  # id of an item that the list is to go with, too (recsys.recommend.context)
    explain: bool = False  # whether to add the reasons of each score
    exact: bool = False  # scan all items instead of using the approximate index or precomputed lists
    cluster: int | None = None  # only items of this group of the model
    only: Collection[str] = ()  # ids of the only items to rank; unknown ids are ignored; empty: all items

    def __post_init__(self) -> None:
        if self.k < 1:
            raise QueryError(f"k is {self.k}; it must be at least 1")
        shares = ("diversity", 1), ("popularity_penalty", 1), ("rotation", 1)
        for name, most in (("offset", MOST_OFFSET), *shares, ("content_weight", MOST_CONTENT_WEIGHT)):
            if not 0 <= (value := getattr(self, name)) <= most:
                raise QueryError(f"{name} is {value}; it must lie between 0 and {most}")

    @property
    def plain(self) -> bool:
        """Whether the list is all unseen items by score alone."""
        whole = self.cluster is None and self.context is None and not (self.filters or self.only or self.without)
        reordered = self.diversity or self.popularity_penalty or self.rotation or self.content_weight != 1
        return whole and not (reordered or self.include_seen or self.exact)

    @property
    def depth(self) -> int:
        """Number of ranked items needed: up to the first item of the next page, to detect whether it exists."""
        return self.offset + self.k + 1
