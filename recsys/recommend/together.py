"""What goes into the same basket as some items."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np

from recsys.errors import UnansweredError
from recsys.model.extras.together import Together
from recsys.recommend.answer import page
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.request import ListRequest
from recsys.score_order import falling, shown


class Companion(NamedTuple):
    """Item with its lift, the number of baskets behind it, and its score, as :mod:`recsys.model.extras.together` has them."""

    item_id: str
    title: str
    lift: float
    n: int
    score: float


class CompanionPage(NamedTuple):
    """Items, best first, and the start of the next page, if any."""

    items: tuple[Companion, ...]
    next_offset: int | None


def together(
    recommender: Recommender, item_ids: Sequence[str], request: ListRequest, hidden: AbstractSet[str] = NONE
) -> CompanionPage:
    """Return the items that are in baskets with `item_ids` more often than by chance; without `item_ids`, maybe none.

    Parameters
    ----------
    request : ListRequest
        Its k, offset, exclude, filters and cluster.
    hidden : set of str
        Ids of items to leave out.

    Raises
    ------
    UnansweredError
        When the model has no baskets.
    NotFoundError
        When an item is not in the catalog.
    QueryError
        When a filter names no attribute of the catalog.
    """
    model, catalog = recommender.model, recommender.model.catalog
    baskets = model.extra(Together)
    if baskets is None:
        raise UnansweredError("the model was trained without baskets; set together.enabled = true and train again")
    found = baskets.companions(np.unique([recommender.item_num(item_id) for item_id in item_ids]).astype(np.int32))
    kept = ~np.isin(found.nums, recommender.left_out(request.exclude, hidden))
    if (eligible := recommender.eligible(request)) is not None:
        kept &= eligible[found.nums]
    order = np.flatnonzero(kept)[falling(found.scores[kept])]
    order = order[shown(found.scores[order]) > 0]
    listed = page(found.nums[order].tolist(), request.offset, request.k, set())
    best = order[listed.places]
    nums = found.nums[best].tolist()
    columns = found.lifts[best].tolist(), found.n_both[best].tolist(), found.scores[best].tolist()
    ids, titles = map(catalog.items.id, nums), (catalog.titles[num] for num in nums)
    return CompanionPage(tuple(map(Companion, ids, titles, *columns)), listed.next_offset)
