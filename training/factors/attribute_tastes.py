"""What users with an attribute take (:mod:`recsys.model.extras.attribute_tastes`), as far as it helps on held-out users.

Attributes are chosen one after the other, and the shrinkage with the weight at the end, by ndcg@10 on users who are held out
with all of their interactions. Nothing is kept unless the gain over the popular list is above SURE standard errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.catalog import Attribute
from recsys.data.interactions import Interactions
from recsys.data.packed import PackedStrings
from recsys.index.exact import Nums
from recsys.model.extras.attribute_tastes import AttributeTastes, gains
from recsys.score_order import best_places, displayed, shown

Numbers = NDArray[np.float64]
Users = Mapping[str, Mapping[str, Attribute]]

LEAST_USERS = 10  # of a value
MOST_VALUES = 500  # those with the most users
MOST_ITEMS = 10_000  # with gains, the most popular ones
BINS = 5  # of numbers
FOLDS = 5
MOST_MEASURED, MEASURED_ITEMS = 2000, 2000
K = 10
SURE = 2.5  # standard errors
USUAL = (30.0, 0.5)
SETTINGS = tuple(product((10.0, 30.0, 100.0), (0.25, 0.5, 1.0)))  # shrinkage and weight


@dataclass(frozen=True, eq=False)
class Learned:
    """`tastes` are None where attributes do not help; means of ndcg@10 of `n_users` held-out users, with the half of the 95%
    interval of their difference.
    """

    tastes: AttributeTastes | None
    attributes: tuple[str, ...]
    popular: float
    by_attributes: float
    interval: float
    n_users: int


@dataclass(frozen=True)
class _Value:
    """A value of an attribute with its users, row numbers; numbers from `low` to below `high`, a text where both are 0."""

    attribute: str
    text: str
    users: tuple[int, ...]
    low: float = 0.0
    high: float = 0.0


def learn(users: Users, pairs: Interactions, seed: int) -> Learned | None:
    """Return what was learned; None where no attribute has two values that LEAST_USERS users with interactions have."""
    values = _frequent(_values(users, pairs))
    if not values:
        return None
    data = _Data.of(values, pairs)
    measured = _Measured.of(data, seed)
    chosen = measured.chosen()
    setting = max(SETTINGS, key=lambda one: measured.mean(chosen, one)) if chosen else USUAL
    popular, found = measured.ndcg((), setting), measured.ndcg(chosen, setting)
    difference = found - popular
    error = float(difference.std() / np.sqrt(len(difference)))
    is_better = bool(chosen) and displayed(float(difference.mean())) > displayed(SURE * error)
    tastes = data.only(chosen).tastes(setting) if is_better else None
    return Learned(tastes, chosen, float(popular.mean()), float(found.mean()), 1.96 * error, len(found))


def _values(users: Users, pairs: Interactions) -> Iterator[_Value]:
    """Yield the values of the users with interactions."""
    texts: dict[tuple[str, str], dict[int, str]] = {}
    numbers: dict[str, dict[int, float]] = {}
    for user_id, attributes in users.items():
        if (num := pairs.users.get(user_id)) is None:
            continue
        for name, value in attributes.items():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str):
                    texts.setdefault((name, one.casefold()), {})[num] = one
                else:
                    numbers.setdefault(name, {})[num] = float(one)
    for (name, _), of_users in texts.items():
        yield _Value(name, next(iter(of_users.values())), tuple(sorted(of_users)))
    for name, of_user in numbers.items():
        known = np.array(list(of_user.values()))
        inner = np.unique(np.quantile(known, np.arange(1, BINS) / BINS, method="closest_observation"))
        edges = [-np.inf, *inner[inner > known.min()].tolist(), np.inf]
        for low, high in pairwise(edges):
            inside = tuple(sorted(num for num, number in of_user.items() if low <= number < high))
            yield _Value(name, _range_text(low, high), inside, low, high)


def _range_text(low: float, high: float) -> str:
    if np.isinf(low):
        return "any number" if np.isinf(high) else f"under {high:g}"
    return f"from {low:g}" if np.isinf(high) else f"{low:g} to under {high:g}"


def _frequent(values: Iterator[_Value]) -> list[_Value]:
    """Return the values that enough users have, of attributes with two of them, in a fixed order."""
    often = sorted(
        (value for value in values if len(value.users) >= LEAST_USERS),
        key=lambda value: (-len(value.users), value.attribute, value.low, value.text),
    )[:MOST_VALUES]
    names = [value.attribute for value in often]
    kept = (value for value in often if names.count(value.attribute) > 1)
    return sorted(kept, key=lambda value: (value.attribute, value.low, value.text))


@dataclass(frozen=True, eq=False)
class _Data:
    """Which users have which values (n_users, n_values) and took which of the most popular `items`, (n_users, n_ranked)."""

    values: Sequence[_Value]
    has: sparse.csr_matrix
    taken: sparse.csr_matrix
    items: Nums
    lengths: Numbers  # items of each user, (n_users,)

    @classmethod
    def of(cls, values: Sequence[_Value], pairs: Interactions) -> _Data:
        n_users = len(pairs.users)
        columns = np.repeat(np.arange(len(values)), [len(value.users) for value in values])
        rows = np.concatenate([value.users for value in values]).astype(np.int64)
        has = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n_users, len(values)))
        cells = np.ones(len(pairs)), (pairs.user_nums, pairs.item_nums)
        taken = sparse.csr_matrix(cells, shape=(n_users, len(pairs.items)))
        popular = np.argsort(-pairs.item_counts(), kind="stable")[:MOST_ITEMS]
        items = np.sort(popular).astype(np.int32)
        return cls(values, has, taken[:, items], items, np.asarray(taken.sum(axis=1)).ravel())

    def only(self, attributes: Sequence[str]) -> _Data:
        """Return the data of some attributes."""
        kept = [place for place, value in enumerate(self.values) if value.attribute in attributes]
        return _Data([self.values[place] for place in kept], self.has[:, kept], self.taken, self.items, self.lengths)

    def tastes(self, setting: tuple[float, float]) -> AttributeTastes:
        """Return the part of the model."""
        shrinkage, weight = setting
        values = self.values
        return AttributeTastes(
            PackedStrings.from_strings(value.attribute for value in values),
            PackedStrings.from_strings(value.text for value in values),
            np.array([value.low for value in values]),
            np.array([value.high for value in values]),
            self.items,
            shown(weight * self.gains(self.has, self.taken, shrinkage)),
        )

    def gains(self, has: sparse.csr_matrix, taken: sparse.csr_matrix, shrinkage: float) -> Numbers:
        """Return the gains (n_values, n_items) of some users."""
        both = np.asarray((has.T @ taken).toarray(), dtype=np.float64)
        with_value: Numbers = np.asarray(has.sum(axis=0), dtype=np.float64).ravel()
        with_item, n_users = np.zeros_like(both), np.zeros(len(self.values))
        names = [value.attribute for value in self.values]
        for name in dict.fromkeys(names):
            of_name = np.array([one == name for one in names])
            known = np.asarray(has[:, of_name].sum(axis=1)).ravel() > 0
            with_item[of_name] = np.asarray(taken[known].sum(axis=0)).ravel()
            n_users[of_name] = known.sum()
        return gains(both, with_value, with_item, n_users, shrinkage)


@dataclass(frozen=True, eq=False)
class _Measured:
    """Users who are held out, in folds, and the data without them."""

    data: _Data  # of fewer items
    folds: Sequence[tuple[Nums, NDArray[np.bool_]]]  # held-out users, and the mask of the others

    @classmethod
    def of(cls, data: _Data, seed: int) -> _Measured:
        counts = np.asarray(data.taken.sum(axis=0)).ravel()
        head = np.sort(np.argsort(-counts, kind="stable")[:MEASURED_ITEMS])
        known = np.flatnonzero((np.asarray(data.has.sum(axis=1)).ravel() > 0) & (data.lengths > 0))
        order = np.random.Generator(np.random.PCG64(seed)).permutation(known)[:MOST_MEASURED]
        folds = [part for part in np.array_split(order, FOLDS) if len(part)]
        others = [~np.isin(np.arange(len(data.lengths)), part) for part in folds]
        measured = _Data(data.values, data.has, data.taken[:, head], data.items[head], data.lengths)
        return cls(measured, list(zip(folds, others, strict=True)))

    def chosen(self) -> tuple[str, ...]:
        """Return the attributes that raise ndcg, each with those before it."""
        names = dict.fromkeys(value.attribute for value in self.data.values)
        alone = {name: self.mean((name,), USUAL) for name in names}
        chosen: tuple[str, ...] = ()
        best = self.mean((), USUAL)
        for name in sorted(alone, key=lambda name: (-alone[name], name)):
            if (mean := self.mean((*chosen, name), USUAL)) > best:
                chosen, best = (*chosen, name), mean
        return chosen

    def mean(self, attributes: tuple[str, ...], setting: tuple[float, float]) -> float:
        """Return the mean ndcg@10, as displayed."""
        return displayed(float(self.ndcg(attributes, setting).mean()))

    def ndcg(self, attributes: tuple[str, ...], setting: tuple[float, float]) -> Numbers:
        """Return ndcg@10 of the held-out users with some attributes, none of them the popular list."""
        shrinkage, weight = setting
        data = self.data.only(attributes)
        found = []
        for held_out, others in self.folds:
            taken = data.taken[others]
            scores = np.tile(np.log1p(np.asarray(taken.sum(axis=0))), (len(held_out), 1))
            if attributes:
                scores += weight * (data.has[held_out] @ data.gains(data.has[others], taken, shrinkage))
            found.append(_ndcg(scores, data.taken[held_out].toarray() > 0, data.lengths[held_out]))
        return np.concatenate(found)


def _ndcg(scores: Numbers, relevant: NDArray[np.bool_], lengths: Numbers) -> Numbers:
    """Return ndcg@10 of each row."""
    k = min(K, scores.shape[1])
    discounts = 1 / np.log2(np.arange(2, K + 2))
    hits = np.take_along_axis(relevant, best_places(scores, k), axis=1)
    ideal = np.cumsum(discounts)[np.minimum(lengths, K).astype(np.int64) - 1]
    return np.asarray((hits @ discounts[:k]) / ideal)
