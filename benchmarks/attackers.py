"""False profiles of the kinds in the literature, added to real ratings.

Kinds (Lam and Riedl, WWW 2004; Mobasher, Burke, Bhaumik and Williams, TOIT 2007; last: Hurley, Cheng and Zhang, RecSys 2009):
``random`` rates filler items around the mean of all ratings, ``average`` around the mean of each item, ``bandwagon`` is random
and also gives the ten most rated items the highest rating, ``popular`` draws the filler items from the most rated fifth and
rates them around their means. The target gets the highest rating (push) or the lowest rating (nuke).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.ingest.dataset import Ratings

Kind = Literal["random", "average", "bandwagon", "popular"]
Direction = Literal["push", "nuke"]
Times = Literal["spread", "one day"]
BANDWAGON = 10
POPULAR = 0.2
SELDOM = (5, 20)  # ratings of a pushed item
OFTEN, GOOD = 60, 3.8  # ratings of a nuked item, and their mean
STEP = 0.5  # of the scale
DAY, HOUR = 86_400, 3600


@dataclass(frozen=True)
class Attack:
    """Parameters of an attack.

    Parameters
    ----------
    kind, direction : str
    size : float
        Number of profiles, as a share of the genuine users.
    filler : float
        Filler items of a profile, as a share of the catalog.
    times : str
        "spread": each profile at another time of the data; "one day": all within a day.
    """

    kind: Kind
    direction: Direction
    size: float
    filler: float
    times: Times = "spread"


@dataclass(frozen=True, eq=False)
class Planted:
    """Ratings with false profiles, whose row numbers follow those of the genuine users.

    Parameters
    ----------
    ratings : Ratings
    target : int
        Row number of the pushed or nuked item.
    n_genuine : int
    """

    ratings: Ratings
    target: int
    n_genuine: int

    @property
    def false(self) -> NDArray[np.bool_]:
        """Mask of the false users, (n_users,)."""
        return np.arange(self.ratings.n_users) >= self.n_genuine


def plant(genuine: Ratings, attack: Attack, seed: int) -> Planted:
    """Add the profiles of an attack on a random item."""
    assert genuine.values is not None
    assert genuine.timestamps is not None
    random = np.random.default_rng([seed, *map(ord, f"{attack}")])
    items = _Items.of(genuine)
    target = int(random.choice(items.targets(attack.direction)))
    n_false, n_filler = max(1, round(attack.size * genuine.n_users)), round(attack.filler * genuine.n_items)
    begin, end = int(genuine.timestamps.min()), int(genuine.timestamps.max())
    day = int(random.integers(begin, end - DAY))
    profiles = []
    for number in range(n_false):
        nums, values = items.profile(attack, target, n_filler, random)
        start = day + int(random.integers(DAY)) if attack.times == "one day" else int(random.integers(begin, end))
        moments = start + np.sort(random.integers(0, HOUR, len(nums)))
        profiles.append((np.full(len(nums), genuine.n_users + number), nums, values, moments))
    users, nums, values, moments = (np.concatenate(column) for column in zip(*profiles, strict=True))
    ratings = Ratings(
        np.concatenate((genuine.user_nums, users)).astype(np.int32),
        np.concatenate((genuine.item_nums, nums)).astype(np.int32),
        np.concatenate((genuine.values, values)),
        np.concatenate((genuine.timestamps, moments)).astype(np.int64),
        genuine.n_users + n_false,
        genuine.n_items,
    )
    return Planted(ratings, target, genuine.n_users)


@dataclass(frozen=True, eq=False)
class _Items:
    """Knowledge of an attacker: number, mean and deviation of each item's ratings, and the rating scale."""

    counts: NDArray[np.int64]
    means: NDArray[np.float64]
    deviations: NDArray[np.float64]
    mean: float
    deviation: float
    low: float
    high: float

    @classmethod
    def of(cls, ratings: Ratings) -> _Items:
        values, nums, n = ratings.values, ratings.item_nums, ratings.n_items
        assert values is not None
        counts = np.bincount(nums, minlength=n)
        means = np.bincount(nums, weights=values, minlength=n) / np.maximum(counts, 1)
        squares = np.bincount(nums, weights=(values - means[nums]) ** 2, minlength=n) / np.maximum(counts, 1)
        mean, deviation = float(values.mean()), float(values.std())
        means, deviations = np.where(counts > 0, means, mean), np.where(counts > 1, np.sqrt(squares), deviation)
        return cls(counts, means, deviations, mean, deviation, float(values.min()), float(values.max()))

    def targets(self, direction: Direction) -> NDArray[np.int64]:
        """Return possible targets: rarely rated items to push, often and highly rated items to nuke."""
        if direction == "push":
            return np.flatnonzero((self.counts >= SELDOM[0]) & (self.counts <= SELDOM[1]))
        return np.flatnonzero((self.counts >= OFTEN) & (self.means >= GOOD))

    def profile(
        self, attack: Attack, target: int, n_filler: int, random: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the items and ratings of a false profile."""
        ranked = np.argsort(-self.counts, kind="stable")
        ranked = ranked[ranked != target]
        selected = ranked[:BANDWAGON] if attack.kind == "bandwagon" else ranked[:0]
        pool = ranked[: int(POPULAR * len(ranked))] if attack.kind == "popular" else ranked[len(selected) :]
        filler = random.choice(pool, min(n_filler, len(pool)), replace=False)
        by_item = attack.kind in ("average", "popular")
        means = self.means[filler] if by_item else np.full(len(filler), self.mean)
        spread = self.deviations[filler] if by_item else np.full(len(filler), self.deviation)
        drawn = np.clip(np.round(random.normal(means, spread) / STEP) * STEP, self.low, self.high)
        end = self.high if attack.direction == "push" else self.low
        nums = np.concatenate((filler, selected, [target]))
        return nums, np.concatenate((drawn, np.full(len(selected), self.high), [end]))
