"""Users whose choice of items is unlike that of people.

The items of a history are far more popular than the catalog on average. Profiles that a program fills with random items
are not, whatever their ratings (Hurley, Cheng and Zhang, RecSys 2009, test this choice of the filler items). The
measure is the mean over a history of ``log((n_i + 1/2) / (mean n + 1/2))``, with n_i the other users of an item. It
falls with the length of a history, along a line that is fitted robustly (Theil and Sen); oddness is the distance below
that line in robust standard deviations (1.4826 times the median absolute deviation), which are larger for short
histories. Many false profiles make their items popular, so all is computed again with lower weights in n_i for users
far below.

A user is only odd when nearer to a random choice of items than to the line: where people choose hardly more popular
items than a program would, or a group of them has a taste for rarer ones, the choice says nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import theilslopes

from training.ingest.dataset import Ratings

ROUNDS = 6
TRUSTED = 1.5  # robust deviations below the line up to which a user counts fully
NEARER = 0.5  # of the way from the line to a random choice
TELLING = np.log(1.5)  # least gap between the line and a random choice: people's items have half as many users more
FALL = 4  # power of the distance with which trust falls behind TRUSTED
FITTED = 800  # users that the line is fitted to at most
NORMAL = 1.4826
SMALLEST = 1e-9
HALVINGS = 40
FEWEST_USERS = 30  # fewer are too few for a typical deviation

Numbers = NDArray[np.float64]


def robust_z(values: Numbers, trusted: NDArray[np.bool_], least: float) -> Numbers:
    """Return distances from the median of the `trusted` values in their robust deviations, at least `least`."""
    middle = float(np.median(values[trusted]))
    spread = NORMAL * float(np.median(np.abs(values[trusted] - middle)))
    return (values - middle) / max(spread, least)


def lengths(ratings: Ratings) -> NDArray[np.int64]:
    """Return how many items each user has, (n_users,)."""
    return np.bincount(ratings.user_nums, minlength=ratings.n_users)


def odd_choice(ratings: Ratings) -> Numbers:
    """Return the robust standard deviations of each user's choice below the line, (n_users,); 0 without items.

    All are 0 for fewer than FEWEST_USERS.
    """
    per_user = lengths(ratings)
    active = per_user > 0
    odd = np.zeros(ratings.n_users)
    if active.sum() < FEWEST_USERS:
        return odd
    trust = np.ones(ratings.n_users)
    for _ in range(ROUNDS):
        known = active & (trust > 0.5)
        measure, noise, by_chance = _choice(ratings, trust, per_user)
        line = _line(np.log(per_user[known]), measure[known])(np.log(np.maximum(per_user, 1)))
        gap = line - by_chance
        random = (gap > TELLING) & (line - measure > NEARER * gap)
        odd = np.where(active & random, -_deviations(measure - line, noise, known), 0.0)
        trust = np.where(odd < TRUSTED, 1.0, (TRUSTED / np.maximum(odd, TRUSTED)) ** FALL)
    return odd


def _choice(ratings: Ratings, trust: Numbers, per_user: NDArray[np.int64]) -> tuple[Numbers, Numbers, float]:
    """Return the measure of each user and its variance by chance, (n_users,), and the measure of all items."""
    users, n = ratings.user_nums, ratings.n_users
    weights = trust[users]
    users_of = np.bincount(ratings.item_nums, weights=weights, minlength=ratings.n_items)
    other = np.maximum(users_of[ratings.item_nums] - weights, 0)
    mean = weights.sum() / max(1, ratings.n_items)
    logs = np.log((other + 0.5) / (mean + 0.5))
    means = np.bincount(users, weights=logs, minlength=n) / np.maximum(per_user, 1)
    freedom = max(1.0, weights.sum() - (trust * (per_user > 0)).sum())
    within = float((weights * (logs - means[users]) ** 2).sum() / freedom)
    every = np.log((users_of[users_of > 0] + 0.5) / (mean + 0.5))
    return means, within / np.maximum(per_user, 1), float(every.mean())


def _deviations(values: Numbers, noise: Numbers, trusted: NDArray[np.bool_]) -> Numbers:
    """Return distances from the median in robust deviations: their squares are a constant plus the noise."""
    gaps = values - float(np.median(values[trusted]))
    squares = gaps[trusted] ** 2

    def spread(between: float) -> float:
        return NORMAL**2 * float(np.median(squares / (between + noise[trusted])))

    low, high = SMALLEST, float(squares.max()) + SMALLEST
    for _ in range(HALVINGS if spread(low) > 1 else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if spread(middle) > 1 else (low, middle)
    return gaps / np.sqrt(low + noise)


def _line(x: Numbers, y: Numbers):  # type: ignore[no-untyped-def]
    """Return a robust line through points, fitted to some of them that are spread evenly over x."""
    order = np.lexsort((y, x))
    some = order[np.unique(np.linspace(0, len(order) - 1, min(FITTED, len(order))).astype(int))]
    if np.ptp(x[some]) < SMALLEST:
        middle = float(np.median(y))
        return lambda at: np.full_like(at, middle)
    slope, start = theilslopes(y[some], x[some])[:2]
    return lambda at: start + slope * at
