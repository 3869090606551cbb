"""Request for a list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from recsys.data.filters import Condition
from recsys.errors import QueryError

MOST_OFFSET = 10_000


@dataclass(frozen=True)
class ListRequest:
    """Request for the k best eligible items from `offset` on.

    Parameters
    ----------
    k : int
        Number of items, at least 1.
    offset : int
        Number of better items to skip: the second page of ten begins at 10.
    exclude : collection of item ids
        Items to leave out; unknown ids are ignored.
    include_seen : bool
        Whether to include items of the user's history.
    filters : tuple of Condition
        Conditions that all must hold.
    diversity : float
        0: by score alone; up to 1: dissimilar to the items before it (maximal marginal relevance, Carbonell and
        Goldstein, SIGIR 1998).
    popularity_penalty : float
        0: by score alone; up to 1: lower scores for items with many users (:mod:`recsys.recommend.ranking`).
    explain : bool
        Whether to add the reasons of each score.
    exact : bool
        Scan all items instead of using the approximate index or precomputed lists.
    cluster : int or None
        Only items of this group of the model.

    Raises
    ------
    QueryError
        When a number is out of range.
    """

    k: int = 10
    offset: int = 0
    exclude: Collection[str] = ()
    include_seen: bool = False
    filters: tuple[Condition, ...] = ()
    diversity: float = 0.0
    popularity_penalty: float = 0.0
    explain: bool = False
    exact: bool = False
    cluster: int | None = None

    def __post_init__(self) -> None:
        if self.k < 1:
            raise QueryError(f"k is {self.k}; it must be at least 1")
        if not 0 <= self.offset <= MOST_OFFSET:
            raise QueryError(f"offset is {self.offset}; it must lie between 0 and {MOST_OFFSET}")
        if not 0 <= self.diversity <= 1:
            raise QueryError(f"diversity is {self.diversity}; it must lie between 0 and 1")
        if not 0 <= self.popularity_penalty <= 1:
            raise QueryError(f"popularity_penalty is {self.popularity_penalty}; it must lie between 0 and 1")

    @property
    def plain(self) -> bool:
        """Whether the list is all unseen items by score alone."""
        whole = self.cluster is None and not self.filters
        reordered = self.diversity or self.popularity_penalty
        return whole and not (reordered or self.include_seen or self.explain or self.exact)

    @property
    def depth(self) -> int:
        """Number of ranked items needed: up to the first item of the next page, to detect whether it exists."""
        return self.offset + self.k + 1
