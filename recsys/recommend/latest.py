"""The newest items."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

import numpy as np

from recsys.errors import UnansweredError
from recsys.model.extras.arrivals import ATTRIBUTE, UNKNOWN, Arrivals
from recsys.recommend.answer import page
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.request import ListRequest


class NewItem(NamedTuple):
    """Item with the seconds UTC of its time, and what the time is."""

    item_id: str
    title: str
    timestamp: int
    source: Literal["available_from", "first_event"]


class NewItems(NamedTuple):
    """Items, newest first, and the start of the next page, if any."""

    items: tuple[NewItem, ...]
    next_offset: int | None


def latest(recommender: Recommender, request: ListRequest, now: float, hidden: AbstractSet[str] = NONE) -> NewItems:
    """Return the newest items; without those of no time, and those that are available after `now` (seconds UTC).

    Parameters
    ----------
    request : ListRequest
        Its k, offset, exclude, filters and cluster.
    hidden : set of str
        Ids of items to leave out.

    Raises
    ------
    UnansweredError
        When the model has no times of items.
    QueryError
        When a filter names no attribute of the catalog.
    """
    model, catalog = recommender.model, recommender.model.catalog
    arrivals = model.extra(Arrivals)
    if arrivals is None:
        raise UnansweredError(
            f"the model has no times of items; train again with times of events or the attribute {ATTRIBUTE}"
        )
    listed = (arrivals.times != UNKNOWN) & ~((arrivals.announced == 1) & (arrivals.times > now))
    listed &= recommender.listable(request, hidden)
    order = arrivals.order[listed[arrivals.order]][: request.depth].tolist()
    found = page(order, request.offset, request.k, set())
    nums = [order[place] for place in found.places]
    rows = np.array(nums, dtype=np.int32)
    ids, titles = map(catalog.items.id, nums), (catalog.titles[num] for num in nums)
    sources: list[Literal["available_from", "first_event"]] = [
        "available_from" if announced else "first_event" for announced in arrivals.announced[rows].tolist()
    ]
    return NewItems(tuple(map(NewItem, ids, titles, arrivals.times[rows].tolist(), sources)), found.next_offset)
