"""The one object that answers questions about users and items."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.catalog import Item
from recsys.embeddings import Vectors
from recsys.errors import NotFoundError, QueryError
from recsys.index import ExactIndex, Neighbors, VectorIndex
from recsys.model import Model
from recsys.ranking import Ranked, UserQuery, rank, user_query

Strategy = Literal["personalized", "similar", "popular"]
Source = Literal["collaborative", "content", "blended", "popularity"]


@dataclass(frozen=True)
class Recommendation:
    """One item of an answer; `source` says what its score is made of."""

    item_id: str
    title: str
    score: float
    source: Source


@dataclass(frozen=True)
class Answer:
    """Items, best first, and how they were found.

    `fallback` is true when the question could not be answered as asked and the popular items stand in.
    """

    strategy: Strategy
    items: tuple[Recommendation, ...]

    @property
    def fallback(self) -> bool:
        return self.strategy == "popular"


@dataclass(frozen=True, eq=False)
class Recommender:
    """Answers from one model. Never changes, so any number of threads may share it.

    Parameters
    ----------
    model : Model
    model_version : str
        Goes into every answer.
    """

    model: Model
    model_version: str

    def recommend(
        self,
        user_id: str,
        k: int = 10,
        *,
        exclude: Iterable[str] = (),
        include_seen: bool = False,
        exact: bool = False,
    ) -> Answer:
        """Items for a user: never one that was seen or excluded, and `k` of them whenever there are as many.

        Parameters
        ----------
        user_id : str
            A user that is not known, or of whom no vector exists, gets the popular items.
        exclude : ids
            Not to be recommended; ids that are not known change nothing.
        include_seen : bool
            Also items of the user's history.
        exact : bool
            Scan all items instead of asking the approximate index.

        Raises
        ------
        QueryError
            When `k` is below 1.
        """
        _check_k(k)
        skip = np.unique(self.model.catalog.items.known(exclude))
        user_num = self.model.users.get(user_id)
        if user_num is None:
            return self._popular(k, skip)
        if not include_seen:
            skip = np.union1d(skip, self.model.seen(user_num))
        query = self.user_query(user_num)
        if not query.vector.any():
            return self._popular(k, skip)
        ranked = rank(self.model, query, k, skip, exact=exact)
        return self._answer("personalized", ranked.found, made_of(ranked))

    def similar_items(self, item_id: str, k: int = 10, *, exclude: Iterable[str] = (), exact: bool = False) -> Answer:
        """Items like an item, by behaviour and content, without the item itself.

        Raises
        ------
        NotFoundError
            When the item is not in the catalogue.
        QueryError
            When `k` is below 1.
        """
        _check_k(k)
        num = self._item_num(item_id)
        skip = np.union1d(self.model.catalog.items.known(exclude), [num]).astype(np.int32)
        index = _choose(self.model.items_like_item, exact)
        vector = index.table.rows(np.asarray([num]))[0]
        if not vector.any():
            return self._popular(k, skip)
        return self._found("similar", index, vector, index.query(vector, k, skip))

    def item(self, item_id: str) -> Item:
        """The record of an item; raises NotFoundError when it is not in the catalogue."""
        return self.model.catalog[self._item_num(item_id)]

    def user_query(self, user_num: int) -> UserQuery:
        """What is asked for a known user, by row number."""
        return user_query(self.model, user_num)

    def _item_num(self, item_id: str) -> int:
        num = self.model.catalog.items.get(item_id)
        if num is None:
            raise NotFoundError(f"item {item_id!r} is not in the catalogue of model {self.model_version}")
        return num

    def _popular(self, k: int, skip: NDArray[np.int32]) -> Answer:
        found = self.model.popularity.top(k, skip)
        return self._answer("popular", found, ["popularity"] * len(found))

    def _found(self, strategy: Strategy, index: VectorIndex, vector: Vectors, found: Neighbors) -> Answer:
        rows = index.table.rows(found.nums)
        return self._answer(strategy, found, sources(vector, rows, self.model.layout.factors))

    def _answer(self, strategy: Strategy, found: Neighbors, made_of: list[Source]) -> Answer:
        catalog = self.model.catalog
        items = zip(found.nums.tolist(), found.scores.tolist(), made_of, strict=True)
        return Answer(
            strategy,
            tuple(
                Recommendation(catalog.items.id(num), catalog[num].title, score, source) for num, score, source in items
            ),
        )


def sources(vector: Vectors, rows: Vectors, factors: int) -> list[Source]:
    """What the product of `vector` (dim,) with each of `rows` (n, dim) is made of, the first `factors` being behaviour."""
    parts = vector * rows
    return [_source(bool(row[:factors].any()), bool(row[factors:].any())) for row in parts]


def made_of(ranked: Ranked) -> list[Source]:
    """What each score is made of."""
    parts = zip(ranked.collaborative.tolist(), ranked.content.tolist(), strict=True)
    return [_source(collaborative != 0, content != 0) for collaborative, content in parts]


def _source(collaborative: bool, content: bool) -> Source:
    if content:
        return "blended" if collaborative else "content"
    return "collaborative"


def _choose(index: VectorIndex, exact: bool) -> VectorIndex:
    return ExactIndex(index.table) if exact else index


def _check_k(k: int) -> None:
    if k < 1:
        raise QueryError(f"k is {k}; it must be at least 1")
