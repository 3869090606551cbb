"""The part of the training data that is held out to choose and to judge a model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.config import SplitKind
from recsys.data.interactions import Interactions
from training.evaluation.split import Split, describe, split, tested_users

COLD_SHARE = 0.5  # of the held-out interactions that cold items get, in shares of cold items in the catalogue


@dataclass(frozen=True, eq=False)
class Validation:
    """What is learned from, what is held out, and whose lists are looked at.

    Parameters
    ----------
    train, test : Interactions
        Disjoint, over the same users and items.
    users : int32 array (n,)
        Users with interactions in `test`, all or a sample of them, rising.
    protocol : str
        How it was cut, for a person.
    by_time : bool
        Whether `test` is later than what is learned from of the same user.
    """

    train: Interactions
    test: Interactions
    users: NDArray[np.int32]
    protocol: str
    by_time: bool

    @property
    def as_good(self) -> float:
        """The ratio of two metrics down to which the lesser may be the better one on interactions to come.

        Half a percent is chance. Pairs held out at random are nearer to the ones that are learned from (the same week, the same
        trip) than pairs to come will be, and overrate what is local: another two and a half (docs/decisions/0008).
        """
        return 0.995 if self.by_time else 0.97

    def sampled(self, most: int, random_state: int) -> Validation:
        """The same with at most `most` users."""
        if len(self.users) <= most:
            return self
        chosen = np.sort(np.random.default_rng(random_state).permutation(self.users)[:most])
        test = self.test.take(np.isin(self.test.user_nums, chosen))
        protocol = f"{self.protocol} of {most} sampled users"
        return replace(self, test=test, users=chosen, protocol=protocol)


def held_out(
    interactions: Interactions, kind: SplitKind, share: float, random_state: int, *, with_cold_items: bool = True
) -> Validation | None:
    """Cut a validation part; None when no user has two interactions.

    Parameters
    ----------
    kind, share
        As for :func:`training.evaluation.split.split`; "auto" is "temporal" where there are timestamps and "random" elsewhere.
    with_cold_items : bool
        Whether items are held out as well, where the catalogue has more cold ones than the split brings.

    Sparse data has its cold items by chance: those whose only interactions are held out. Where the catalogue holds more of
    them than chance brings, such as items of next week, some items are held out with all their interactions as well, as if
    a cold item were consumed half as often as its share of the catalogue.
    """
    counts = np.bincount(interactions.user_nums, minlength=len(interactions.users))
    if counts.max(initial=0) < 2:
        return None
    if kind == "auto":
        kind = "random" if interactions.timestamps is None else "temporal"
    cut = split(interactions, kind, share, random_state)
    protocol = describe(kind, share)
    cut, n_cold = _with_cold_items(interactions, cut, random_state) if with_cold_items else (cut, 0)
    if n_cold:
        protocol += f", {n_cold} items held out with all their interactions"
    return Validation(cut.train, cut.test, tested_users(cut), protocol, by_time=kind != "random")


def _with_cold_items(interactions: Interactions, cut: Split, random_state: int) -> tuple[Split, int]:
    """The split with items moved to the test part until cold ones have their share, and how many were moved."""
    counts, n_test = cut.train.item_counts(), len(cut.test)
    wanted = COLD_SHARE * float((interactions.item_counts() == 0).mean())
    tested = np.bincount(cut.test.item_nums, minlength=len(counts))
    missing = wanted * n_test - tested[counts == 0].sum()
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
