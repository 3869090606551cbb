"""The part of the training data that is held out to choose and to measure a model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.config import SplitKind
from recsys.data.interactions import Interactions
from training.evaluation.split import Split, describe, split

COLD_SHARE = 0.5  # share of cold items in the test part, in shares of cold items in the catalog


@dataclass(frozen=True, eq=False)
class Validation:
    """A split with the users whose lists are measured.

    Parameters
    ----------
    users : int32 array (n,)
        Users with interactions in `test`, all or a sample of them, rising.
    protocol : str
        How it was cut, in words.
    by_time : bool
        Whether `test` is later than `train` for each user.
    """

    train: Interactions
    test: Interactions
    users: NDArray[np.int32]
    protocol: str
    by_time: bool

    @property
    def as_good(self) -> float:
        """Ratio of two metrics down to which the lesser may be the better one on future interactions.

        Half a percent is chance. Pairs held out at random are nearer to the training pairs (same week, same trip) than
        future pairs and overrate local patterns: another two and a half (docs/decisions/0008).
        """
        return 0.995 if self.by_time else 0.97

    def sampled(self, most: int, random_state: int) -> Validation:
        """Return the same with at most `most` users."""
        if len(self.users) <= most:
            return self
        chosen = np.sort(np.random.default_rng(random_state).permutation(self.users)[:most])
        test = self.test.take(np.isin(self.test.user_nums, chosen))
        return replace(self, test=test, users=chosen, protocol=f"{self.protocol} of {most} sampled users")


def held_out(
    interactions: Interactions, kind: SplitKind, share: float, random_state: int, *, with_cold_items: bool = True
) -> Validation | None:
    """Cut a validation part; None when no user has two interactions.

    Parameters
    ----------
    kind, share
        As for :func:`training.evaluation.split.split`; "auto" is "temporal" with timestamps and "random" without.
    with_cold_items : bool
        Where the catalog has more cold items, such as those of next week, than the split makes, hold out some items
        with all their interactions, as if a cold item were consumed half as often as its share of the catalog.
    """
    counts = np.bincount(interactions.user_nums, minlength=len(interactions.users))
    if counts.max(initial=0) < 2:
        return None
    if kind == "auto":
        kind = "random" if interactions.timestamps is None else "temporal"
    cut = split(interactions, kind, share, random_state)
    protocol = describe(kind, interactions, cut)
    cut, n_cold = _with_cold_items(interactions, cut, random_state) if with_cold_items else (cut, 0)
    if n_cold:
        protocol += f", {n_cold} items held out with all their interactions"
    users = np.unique(cut.test.user_nums).astype(np.int32)
    return Validation(cut.train, cut.test, users, protocol, by_time=kind != "random")


def _with_cold_items(interactions: Interactions, cut: Split, random_state: int) -> tuple[Split, int]:
    """Return the split with items held out until cold ones have their share, and how many are held out."""
    counts = cut.train.item_counts()
    share = COLD_SHARE * float((interactions.item_counts() == 0).mean())
    tested = np.bincount(cut.test.item_nums, minlength=len(counts))
    missing = share * len(cut.test) - tested[counts == 0].sum()
    if missing < 1:
        return cut, 0
    warm = np.random.default_rng(random_state).permutation(np.flatnonzero(counts))
    n_moved = int(np.searchsorted(np.cumsum(tested[warm]), missing)) + 1
    moved = np.zeros(len(counts), dtype=bool)
    moved[warm[:n_moved]] = True
    stays = ~moved[cut.train.item_nums]
    if not stays.any():
        return cut, 0
    return Split(cut.train.take(stays), cut.test), min(n_moved, len(warm))
