"""Rows of precomputed lists, completed with items that came after the training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from recsys.index.exact import Mask, Nums
from recsys.model.precomputed_lists import Lists
from recsys.recommend.ranking import Ranked


class ListedRows(NamedTuple):
    """The first rows of a list, best first, with the collaborative parts of their scores."""

    nums: list[int]
    scores: list[float]
    collaborative: list[float]
    is_cut: bool  # whether the precomputed list ends before the items do

    def take(self, places: Sequence[int]) -> ListedRows:
        """Return the rows at `places`, in that order."""
        nums, scores, parts = self.nums, self.scores, self.collaborative
        return ListedRows(
            [nums[place] for place in places],
            [scores[place] for place in places],
            [parts[place] for place in places],
            self.is_cut,
        )


def listed_rows(lists: Lists, row: int, depth: int, skip: Nums) -> ListedRows | None:
    """Return the first `depth` rows that are not in `skip`, rising; fewer at the end of the list; None without a list."""
    if row >= len(lists):  # an item that came after the training
        return None
    head = lists.nums[row, :depth] if not len(skip) else lists.nums[row]
    nums: list[int] = head.tolist()
    if nums[0] < 0:
        return None
    out = _among(head, skip).tolist() if len(skip) else repeat(False)
    places = [place for place, (num, skipped) in enumerate(zip(nums, out, strict=False)) if num >= 0 and not skipped]
    places = places[:depth]
    most = places[-1] + 1 if places else 0
    scores, collaborative = lists.scores[row, :most].tolist(), lists.collaborative[row, :most].tolist()
    return ListedRows(nums[:most], scores, collaborative, bool(lists.nums[row, -1] >= 0)).take(places)


def with_new_rows(
    listed: ListedRows, depth: int, skip: Nums, ranked_new: Callable[[float], Ranked | None]
) -> ListedRows:
    """Return rows with those of new items among them, in the order of scores.

    `ranked_new` returns the new items of at least a score, None for none. Of a list that was cut nothing is known behind its
    end, so that new items are added up to its last score.
    """
    is_open = len(listed.nums) < depth and not listed.is_cut
    least = float("-inf") if is_open or not listed.nums else listed.scores[-1]
    ranked = ranked_new(least)
    if ranked is None:
        return listed
    if len(skip):
        ranked = ranked.take(np.flatnonzero(~_among(ranked.found.nums, skip)))
    nums = np.concatenate((np.array(listed.nums, dtype=np.int64), ranked.found.nums))
    scores = np.concatenate((np.array(listed.scores, dtype=np.float32), ranked.found.scores))
    parts = np.concatenate((np.array(listed.collaborative, dtype=np.float32), ranked.collaborative))
    order = np.lexsort((nums, -scores))[:depth]
    return ListedRows(nums[order].tolist(), scores[order].tolist(), parts[order].tolist(), listed.is_cut)


def _among(nums: Nums, rising: Nums) -> Mask:
    """Return which of a few numbers are among one or many rising ones."""
    return np.asarray(rising[np.minimum(np.searchsorted(rising, nums), len(rising) - 1)] == nums)
