"""Placement: the rank of an item in a user's list, or the reasons why the list does not have it.

Nothing is ranked here: every rank, score and part is that of an answer of :meth:`Recommender.recommend`, so a placement
agrees with the list of the same request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from recsys.data.catalog import Attribute
from recsys.data.filters import short_form
from recsys.events.activity import NO_EVENTS, Event, UserEvents
from recsys.model.extras.groups import NO_GROUP, Clusters
from recsys.model.model import Model
from recsys.recommend.answer import Answer, Recommendation, Strategy
from recsys.recommend.context import ContextItem
from recsys.recommend.recommender import PLAIN, Recommender
from recsys.recommend.request import MOST_OFFSET, ListRequest

MOST_RANK = MOST_OFFSET  # no page begins after it, and a deeper search would cost more than any page
GROWTH = 32  # of the list in which an item is sought
MOST_EVENTS = 100

Reordering = Literal["diversity", "popularity_penalty", "rotation", "content_weight", "context"]


class Seen(NamedTuple):
    """The user has seen the item."""

    liked: bool
    weight: float | None  # in the training data, 0 if seen but not liked; None: seen after training only
    events: tuple[Event, ...]  # received events with it, newest first, at most MOST_EVENTS
    kind: Literal["seen"] = "seen"

    @property
    def at(self) -> int | None:
        """Time of the last event, seconds since 1970 UTC; None: unknown, as training keeps no times."""
        return max((event.timestamp for event in self.events if event.timestamp is not None), default=None)


class Hidden(NamedTuple):
    """The item is hidden from all lists."""

    kind: Literal["hidden"] = "hidden"


class Unavailable(NamedTuple):
    """The item is not available now."""

    kind: Literal["unavailable"] = "unavailable"


class Excluded(NamedTuple):
    """The request excludes the item."""

    kind: Literal["excluded"] = "excluded"


class InContext(NamedTuple):
    """The item is the one in context."""

    kind: Literal["in_context"] = "in_context"


class Filtered(NamedTuple):
    """The item does not satisfy a condition of the request."""

    by: str  # the condition, such as ``year>=1990`` or ``cluster=3``
    value: Attribute | None  # of the item; None: it has none
    kind: Literal["filtered"] = "filtered"


class Reordered(NamedTuple):
    """The list would have the item without this option of the request, at `rank`."""

    kind: Reordering
    rank: int


class Outranked(NamedTuple):
    """The item ranks after the `k` items of the list; `rank` is None after MOST_RANK."""

    rank: int | None
    k: int
    kind: Literal["rank"] = "rank"


Obstacle = Seen | Hidden | Unavailable | Excluded | InContext | Filtered | Reordered | Outranked


class RankedItem(NamedTuple):
    """Item with its reason, and its rank in a list."""

    rank: int
    item: Recommendation


class Placement(NamedTuple):
    """Place of an item in a list, which has it among its first `k` if there are no obstacles.

    Ranks count from 1 and are those of all pages together; they are None after MOST_RANK.
    """

    strategy: Strategy
    fallback: bool  # nothing is known of the user, who gets the popular items
    rank: int | None  # None also for an item that is seen, hidden, excluded or filtered
    rank_without: int | None  # without what keeps the item out: seen, hidden, excluded, conditions that fail
    item: Recommendation  # with its reason
    obstacles: tuple[Obstacle, ...]
    last: RankedItem | None  # of the list; None: the list is empty
    without: tuple[str, ...] = ()  # ids that the request took out of the history
    context: ContextItem | None = None  # the item in context, if the request has one

    @property
    def listed(self) -> bool:
        """Whether the item is among the first `k`."""
        return not self.obstacles


def find_placement(
    recommender: Recommender,
    user_id: str,
    item_id: str,
    request: ListRequest = PLAIN,
    events: UserEvents = NO_EVENTS,
    trained_events: Sequence[Event] = (),
) -> Placement:
    """Return the place of an item in the first `k` items for a user; `offset` and `explain` of the request do not count.

    `events` are those of :meth:`Recommender.recommend`. `trained_events` are received events of the user with the item,
    newest first, that are part of the training data; they date it.

    Raises
    ------
    NotFoundError
        When the item or the one in context is not in the catalog, or the cluster does not exist.
    QueryError
        When a filter names no attribute of the catalog.
    """
    num = recommender.item_num(item_id)
    request = replace(request, offset=0, explain=False)
    lists = _Lists(recommender, user_id, events)
    free = _Lists(recommender, user_id, replace(events, hidden=events.hidden - {item_id}))
    seen = _seen(lists, num, trained_events, include_seen=request.include_seen)
    kept_out = (*([seen] if seen else []), *_named(item_id, request, events), *_filtered(recommender, num, request))
    answer = lists.first(request)
    explained = lists.explained(request, item_id, *(item.item_id for item in answer.items[-1:]))
    item = explained.get(item_id) or free.explained(request, item_id)[item_id]  # a hidden one is in no list
    last = RankedItem(len(answer.items), explained[answer.items[-1].item_id]) if answer.items else None
    freed = _freed(recommender, num, request, include_seen=seen is not None or item_id == request.context)
    rank_without = free.rank(item_id, freed, free.first(freed) if kept_out else answer)
    rank = None if kept_out else rank_without
    obstacles = (*kept_out, *free.outranked(item_id, freed, rank_without))
    given = answer.without, answer.context
    return Placement(answer.strategy, answer.fallback, rank, rank_without, item, obstacles, last, *given)


@dataclass(frozen=True)
class _Lists:
    """Lists for a user."""

    recommender: Recommender
    user_id: str
    events: UserEvents

    def first(self, request: ListRequest) -> Answer:
        return self.recommender.recommend(self.user_id, request, self.events)

    def rank(self, item_id: str, request: ListRequest, answer: Answer) -> int | None:
        """Return the rank of an item in the whole list, of which `answer` has the first `k`; None after MOST_RANK."""
        k, most = request.k, max(request.k, MOST_RANK)
        while (rank := _rank_in(answer, item_id)) is None and k < most and len(answer.items) == k:
            k = min(GROWTH * k, most)
            answer = self.first(replace(request, k=k))
        return rank

    def explained(self, request: ListRequest, *item_ids: str) -> dict[str, Recommendation]:
        """Return items with their scores in the list and the reasons, wherever they rank; none that is hidden."""
        alone = replace(
            request, k=len(item_ids), exclude=(), include_seen=True, filters=(), cluster=None, diversity=0.0
        )
        answer = self.first(replace(alone, include_refused=True, only=item_ids, explain=True))
        return {item.item_id: item for item in answer.items}

    def outranked(self, item_id: str, request: ListRequest, rank: int | None) -> Iterator[Obstacle]:
        """Yield why an item that nothing keeps out is not among the first `k`; nothing if it is."""
        if rank is not None and rank <= request.k:
            return
        for option, without in _in_plainer_order(request):
            if (rank_without := _rank_in(self.first(without), item_id)) is not None:
                yield Reordered(option, rank_without)
        yield Outranked(rank, request.k)


def _in_plainer_order(request: ListRequest) -> Iterator[tuple[Reordering, ListRequest]]:
    """Yield each option that reorders the list, and the request without it."""
    if request.diversity:
        yield "diversity", replace(request, diversity=0.0)
    if request.popularity_penalty:
        yield "popularity_penalty", replace(request, popularity_penalty=0.0)
    if request.rotation:
        yield "rotation", replace(request, rotation=0.0)
    if request.content_weight != 1:
        yield "content_weight", replace(request, content_weight=1.0)
    if request.context is not None:
        yield "context", replace(request, context=None)


def _rank_in(answer: Answer, item_id: str) -> int | None:
    return next((rank for rank, item in enumerate(answer.items, 1) if item.item_id == item_id), None)


def _seen(lists: _Lists, num: int, trained_events: Sequence[Event], *, include_seen: bool) -> Seen | None:
    """Return why a list does not have the item because of what the user did; None if that does not keep it out."""
    recommender, events = lists.recommender, lists.events
    state, item_id = recommender.user_state(lists.user_id, events), recommender.items.id(num)
    is_later = item_id in recommender.rules.aggregated(events.later)
    if (include_seen and not np.isin(num, state.refused)) or not (is_later or np.isin(num, state.seen)):
        return None
    weight = _trained_weight(recommender.model, state.user_num, num)
    since = [event for event in reversed((*events.events, *events.later)) if event.item_id == item_id]
    counted = [
        event
        for event in (*since, *(() if weight is None else trained_events))
        if recommender.rules.aggregated([event])
    ]
    if not counted and weight is None:
        return None
    return Seen(bool(np.isin(num, state.liked)), weight, tuple(counted[:MOST_EVENTS]))


def _trained_weight(model: Model, user_num: int | None, num: int) -> float | None:
    """Return the weight of an item in the training data of a user; None if it is not in there."""
    if user_num is None:
        return None
    for place in np.flatnonzero(model.histories.items_of(user_num) == num):
        return float(model.histories.weights[model.histories.indptr[user_num] + place])
    return 0.0 if np.isin(num, model.seen_only.items_of(user_num)) else None


def _named(item_id: str, request: ListRequest, events: UserEvents) -> Iterator[Obstacle]:
    if item_id in events.unavailable:
        yield Unavailable()
    elif item_id in events.hidden:
        yield Hidden()
    if item_id in request.exclude:
        yield Excluded()
    if item_id == request.context:
        yield InContext()


def _filtered(recommender: Recommender, num: int, request: ListRequest) -> Iterator[Obstacle]:
    attributes = recommender.model.catalog[num].attributes
    for condition in request.filters:
        if not _passes(recommender, num, ListRequest(filters=(condition,))):
            yield Filtered(short_form(condition), attributes.get(condition.attribute))
    if not _passes(recommender, num, ListRequest(cluster=request.cluster)):
        label = int(recommender.model.need(Clusters).labels[num])
        yield Filtered(f"cluster={request.cluster}", None if label == NO_GROUP else label)


def _freed(recommender: Recommender, num: int, request: ListRequest, *, include_seen: bool) -> ListRequest:
    """Return the request without what keeps an item out of its list."""
    item_id = recommender.items.id(num)
    in_cluster = _passes(recommender, num, ListRequest(cluster=request.cluster))
    return replace(
        request,
        exclude=[other for other in request.exclude if other != item_id],
        include_seen=request.include_seen or include_seen,
        include_refused=include_seen,
        filters=tuple(one for one in request.filters if _passes(recommender, num, ListRequest(filters=(one,)))),
        cluster=request.cluster if in_cluster else None,
    )


def _passes(recommender: Recommender, num: int, request: ListRequest) -> bool:
    eligible = recommender.eligible(request)
    return eligible is None or bool(eligible[num])
