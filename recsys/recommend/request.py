"""The request for a list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from recsys.data.filters import Condition
from recsys.errors import QueryError

MOST_OFFSET = 10_000


@dataclass(frozen=True)
class ListRequest:
    """The k items from `offset` on, of those that are eligible.

    Parameters
    ----------
    k : int
        How many, at least 1.
    offset : int
        How many better ones to pass over: the second page of ten begins at 10.
    exclude : collection of item ids
        Not to be answered; ids that are not known change nothing.
    include_seen : bool
        Also items of the user's history.
    filters : tuple of Condition
        All must hold.
    diversity : float
        0: by score alone; up to 1: the less like the items before it, the better (maximal marginal relevance, Carbonell and
        Goldstein, SIGIR 1998).
    popularity_penalty : float
        0: by score alone; up to 1: the more users an item has, the more its score falls (:mod:`recsys.recommend.ranking`).
    explain : bool
        With the reasons of each score.
    exact : bool
        Scan all items instead of asking the approximate index or precomputed lists.
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
        """Whether the order is by score alone, over all items that were not seen."""
        whole = self.cluster is None and not self.filters
        reordered = self.diversity or self.popularity_penalty
        return whole and not (reordered or self.include_seen or self.explain or self.exact)

    @property
    def depth(self) -> int:
        """How far down a list must be known: to the first item of the next page, so that it is known whether there is one."""
        return self.offset + self.k + 1
