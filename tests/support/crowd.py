"""Ratings of a made-up crowd that finds items by their popularity, to plant false profiles in."""

from __future__ import annotations

import numpy as np

from training.ingest.dataset import Ratings

DAY = 86_400


def crowd(n_users: int = 250, n_items: int = 700, seed: int = 0) -> Ratings:
    """Histories of 15 to about 200 items, drawn by popularity with a long tail; half-star ratings around the items' means."""
    random = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, n_items + 1) ** 0.9
    popularity /= popularity.sum()
    means = random.normal(3.5, 0.5, n_items)
    lengths = np.minimum(np.exp(random.normal(3.6, 0.7, n_users)).astype(int) + 15, n_items // 3)
    users, items, values, times = [], [], [], []
    for user, n in enumerate(lengths.tolist()):
        chosen = random.choice(n_items, n, replace=False, p=popularity)
        users.append(np.full(n, user))
        items.append(chosen)
        values.append(np.clip(np.round(random.normal(means[chosen], 0.9) * 2) / 2, 0.5, 5))
        start = random.integers(0, 2000) * DAY
        times.append(1_500_000_000 + start + np.sort(random.integers(0, 90 * DAY, n)))
    columns = (np.concatenate(column) for column in (users, items, values, times))
    user_nums, item_nums, ratings, moments = columns
    return Ratings(
        user_nums.astype(np.int32), item_nums.astype(np.int32), ratings, moments.astype(np.int64), n_users, n_items
    )
