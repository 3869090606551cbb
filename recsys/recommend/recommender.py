"""Recommender: ranked lists of a model for users and items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from typing import Literal

import numpy as np

from recsys.data.catalog import Attribute, Item
from recsys.data.ids import IdMap
from recsys.data.nearest_ids import near_ids
from recsys.encoders.hub import NO_ENCODER, EncoderRef
from recsys.errors import NotFoundError
from recsys.events.activity import NO_EVENTS, Event, EventRules, UserEvents
from recsys.events.records import EventsInfo
from recsys.index.exact import NOTHING, Mask, Neighbors, Nums, best_of
from recsys.model.extras.attribute_tastes import AttributeTastes
from recsys.model.extras.groups import Clusters
from recsys.model.extras.user_records import UserRecords
from recsys.model.model import Model
from recsys.model.new_items import NewItemRules
from recsys.model.popularity import Popularity
from recsys.model.precomputed_lists import ItemLists, Lists, UserLists
from recsys.recommend import answer, user_state
from recsys.recommend.answer import Answer, Page, Strategy
from recsys.recommend.by_attributes import AttributeQuery
from recsys.recommend.context import Context, context_of
from recsys.recommend.diversity import POOL, diversified
from recsys.recommend.explain import reasons
from recsys.recommend.listed import listed_rows, with_new_rows
from recsys.recommend.ranking import (
    Ranked,
    SimilarBy,
    UserQuery,
    new_for_user,
    new_like_item,
    rank_for_user,
    rank_items,
    rank_similar,
    similar_query,
)
from recsys.recommend.request import ListRequest
from recsys.recommend.rotation import Rotation
from recsys.recommend.user_profile import Profile, profile
from recsys.recommend.user_state import UserState

PLAIN = ListRequest()
NEW_ITEM_RULES = NewItemRules()
NONE: frozenset[str] = frozenset()
User = str | Sequence[Event]
MOST_SETS = 4
MOST_KNOWN = 16_384  # users, and items, whose new items are kept
RankedNew = Callable[[int, float], Ranked | None]
PopularKind = Literal["popular", "trending"]


class _KnownSets:
    """Row numbers of the last few sets of ids, which are the same objects from request to request."""

    def __init__(self) -> None:
        self._known: deque[tuple[AbstractSet[str], Nums]] = deque(maxlen=MOST_SETS)

    def rows(self, ids: AbstractSet[str], look_up: Callable[[Collection[str]], Nums]) -> Nums:
        """Return the row numbers of a set that is never changed."""
        for known, rows in tuple(self._known):
            if known is ids:
                return rows
        rows = look_up(ids)
        self._known.appendleft((ids, rows))
        return rows


@dataclass(frozen=True, eq=False)
class Recommender:
    """Recommendations of a model; immutable and thread-safe.

    In every method `hidden` has the ids of items to leave out of lists.
    """

    model: Model
    model_version: str
    events: EventsInfo = field(default_factory=EventsInfo)  # weights, and the events that the model was trained with
    encoder: EncoderRef = NO_ENCODER  # of the text vectors, for search queries
    picture_encoder: EncoderRef = NO_ENCODER  # of the picture vectors
    revision: int = 0  # of the changes of the catalog since the training, see :mod:`recsys.live.overlay`
    deleted: frozenset[str] = NONE  # ids of items that were deleted since
    new_item_rules: NewItemRules = NEW_ITEM_RULES
    _hidden: _KnownSets = field(default_factory=_KnownSets, init=False, repr=False)

    @cached_property
    def rules(self) -> EventRules:
        """Weights of events for this model."""
        return EventRules(self.events.weights, self.events.threshold)

    @cached_property
    def _new_for_user(self) -> RankedNew:
        return lru_cache(MOST_KNOWN)(partial(new_for_user, self.model))

    @cached_property
    def _new_like_item(self) -> RankedNew:
        return lru_cache(MOST_KNOWN)(partial(new_like_item, self.model))

    @property
    def users(self) -> IdMap:
        """Ids of the users that the model knows."""
        return self.model.users

    @property
    def items(self) -> IdMap:
        """Ids of the items of the catalog."""
        return self.model.catalog.items

    def user_state(self, user: User, events: UserEvents = NO_EVENTS) -> UserState:
        """Return the history of a user (id) or a guest (events)."""
        if isinstance(user, str):
            return user_state.of_user(self.model, self.rules, user, events)
        return user_state.of_history(self.model, self.rules, user)

    def profile(self, user_id: str, events: UserEvents = NO_EVENTS) -> Profile:
        """Return the data profile of a user."""
        return profile(self.user_state(user_id, events))

    def user_attributes(self, user_id: str, events: UserEvents = NO_EVENTS) -> dict[str, Attribute]:
        """Return the attributes of a user, with those that came since the training; none if none are known."""
        records = None if events.forgotten else self.model.extra(UserRecords)
        trained = {} if records is None else records.get(user_id)
        return trained if events.change is None else events.change.on(trained)

    def recommend(self, user: User, request: ListRequest = PLAIN, events: UserEvents = NO_EVENTS) -> Answer:
        """Return items for a user (id) or a guest (events, oldest first): up to `k`, none seen, hidden or excluded.

        A user without a history gets what users with the same attributes take, without attributes the popular items, or those
        that go with the item in context. `events` has the events of the user since training, hidden items, and, for rotation,
        what was shown to the user.

        Raises
        ------
        QueryError
            When a filter names no attribute of the catalog.
        NotFoundError
            When the item in context is not in the catalog, or the cluster does not exist.
        """
        if request.rotation and not events.shown:
            request = replace(request, rotation=0.0)
        lists = self.model.extra(UserLists)
        if (
            lists is not None
            and request.plain
            and isinstance(user, str)
            and not (events.events or events.forgotten or events.undone)
        ):
            num, drop = self.model.users.get(user), self._later(events)
            if num is not None and (
                listed := self._listed(lists, num, request, events.hidden, drop, self._new_for_user)
            ):
                return Answer("personalized", *listed)
            request = replace(request, exact=True)  # precomputed lists are exact, and this continues or explains them
        state = self.user_state(user, events)
        if request.without:
            state = state.without(self.nums(request.without))
        return self._recommend(user, state, request, events)

    def similar_items(
        self,
        item_id: str,
        request: ListRequest = PLAIN,
        hidden: AbstractSet[str] = NONE,
        by: SimilarBy = "blended",
    ) -> Answer:
        """Return items similar to an item by behavior, by content or by both, without the item itself.

        An item without data of that kind gets the popular items.

        Raises
        ------
        NotFoundError
            When the item is not in the catalog.
        QueryError
            When a filter names no attribute of the catalog.
        """
        num = self.item_num(item_id)
        lists = self.model.extra(ItemLists)
        if lists is not None and request.plain and by == "blended":
            if listed := self._listed(lists, num, request, hidden, set(), self._new_like_item):
                return Answer("similar", *listed)
            request = replace(request, exact=True)
        skip = np.union1d(self.left_out(request.exclude, hidden), [num]).astype(np.int32)
        query = similar_query(self.model, num, by)
        if not query.any():
            return self._popular(request, skip, "popular", self.model.popularity, fallback=True)
        eligible = self.eligible(request)
        exact = request.exact or by != "blended"  # the forest has been built for the blended vectors
        ranked = rank_similar(self.model, query, self._depth(request), skip, eligible=eligible, exact=exact)
        ranked, page = self._page(ranked, request, set())
        items = answer.of_likeness(self.model.catalog, ranked, request.explain)
        return Answer("similar", items, next_offset=page.next_offset)

    def rank_items(
        self, user: User, item_ids: Sequence[str], events: UserEvents = NO_EVENTS, *, explain: bool = False
    ) -> Answer:
        """Return `item_ids` ranked for a user or a guest, including seen items.

        Ids that are hidden or not in the catalog are returned in `unknown`.
        """
        state, catalog = self.user_state(user, events), self.model.catalog
        nums = {item_id: None if item_id in events.hidden else catalog.items.get(item_id) for item_id in item_ids}
        unknown = tuple(item_id for item_id, num in nums.items() if num is None)
        rows = np.unique(np.array([num for num in nums.values() if num is not None], dtype=np.int32))
        if not state.query.vector.any():
            if (by_attributes := self._attribute_query(user, events)) is not None:
                found = by_attributes.ranked(rows, len(rows))
                return Answer("attributes", by_attributes.items(found, explain), unknown=unknown)
            scores = self.model.popularity.scores[rows]
            items = answer.of_popular(catalog, best_of(rows, scores, len(rows)), explain)
            return Answer("popular", items, fallback=True, unknown=unknown)
        ranked = rank_items(self.model, state.query, rows, len(rows))
        why = reasons(state, ranked.found.nums, self.left_out((), events.hidden)) if explain else None
        return Answer("ranked", answer.of_ranked(catalog, ranked, why), unknown=unknown)

    def popular(
        self,
        request: ListRequest = PLAIN,
        kind: PopularKind = "popular",
        ranking: Popularity | None = None,
        hidden: AbstractSet[str] = NONE,
    ) -> Answer:
        """Return the most popular or trending items; `ranking` is the result of :meth:`popularity_with`."""
        skip = self.left_out(request.exclude, hidden)
        return self._popular(request, skip, kind, ranking or self.popularity_with(kind, {}))

    def popularity_with(self, kind: PopularKind, counted: Mapping[str, float]) -> Popularity:
        """Return popularity including users counted after training, given as ``{item_id: users}``."""
        base = self.model.popularity if kind == "popular" else self.model.trending
        nums = {self.model.catalog.items.get(item_id): n for item_id, n in counted.items()}
        nums.pop(None, None)
        if not nums:
            return base
        return base.added(np.array([*nums], dtype=np.int32), np.array([*nums.values()], dtype=np.float32))

    def item(self, item_id: str) -> Item:
        """Return the record of an item; raises NotFoundError when it is not in the catalog."""
        return self.model.catalog[self.item_num(item_id)]

    def item_num(self, item_id: str) -> int:
        """Return the row number of an item; raises NotFoundError when it is not in the catalog."""
        num = self.model.catalog.items.get(item_id)
        if item_id in self.deleted:
            raise NotFoundError(f"item {item_id!r} was deleted")
        if num is None:
            near = near_ids(self.items, item_id)
            raise NotFoundError(f"item {item_id!r} is not in the catalog of model {self.model_version}{near}")
        return num

    def event_problem(self, event: str, value: float | None) -> str:
        """Return why training would reject an event of this type and value; empty if it would not."""
        return self.rules.problem(event, value)

    def is_cold(self, user_id: str, events: UserEvents = NO_EVENTS) -> bool:
        """Return whether the list of a user may depend on the attributes: without a history in the model."""
        if self.model.extra(AttributeTastes) is None:
            return False
        num = None if events.forgotten else self.users.get(user_id)
        return num is None or not len(self.model.histories.items_of(num))

    def _attribute_query(self, user: User, events: UserEvents) -> AttributeQuery | None:
        """Return the attributes of a user; None without any that the model has learned from."""
        tastes = self.model.extra(AttributeTastes)
        if tastes is None or not isinstance(user, str):
            return None
        rows = tastes.rows_of(self.user_attributes(user, events))
        return AttributeQuery(self.model, tastes, rows) if len(rows) else None

    def _recommend(self, user: User, state: UserState, request: ListRequest, events: UserEvents) -> Answer:
        query = state.query.weighted(request.content_weight, self.model.layout.factors)
        context, is_known = self._context(query, request), bool(query.vector.any())
        skip = self._skipped(state, request, events.hidden, context)
        drop = set() if request.include_seen else self._later(events)
        without = tuple(map(self.items.id, state.left_out.tolist()))
        rotation = Rotation.of(self.items, events.shown, request.rotation) if request.rotation else None
        if context is not None:
            query = query.plus(context.added)
        if not query.vector.any():
            if context is None and (by_attributes := self._attribute_query(user, events)) is not None:
                return self._by_attributes(by_attributes, request, skip, drop)._replace(without=without)
            popular = self._popular(request, skip, "popular", self.model.popularity, drop, rotation, fallback=True)
            return popular._replace(without=without, context=None if context is None else context.item)
        ranked = rank_for_user(
            self.model,
            query,
            self._depth(request) + len(drop),
            skip,
            eligible=self.eligible(request),
            exact=_scanned(request),
            penalty=request.popularity_penalty,
            rotation=rotation,
        )
        ranked, page = self._page(ranked, request, drop)
        why = None
        if request.explain:
            hidden = self.left_out((), events.hidden)
            why = reasons(state, ranked.found.nums, hidden, request.content_weight, context)
        items = answer.of_ranked(self.model.catalog, ranked, why)
        strategy: Strategy = ("fold_in" if state.fresh else "personalized") if is_known else "context"
        item = None if context is None else context.item
        return Answer(strategy, items, next_offset=page.next_offset, without=without, context=item)

    def _context(self, query: UserQuery, request: ListRequest) -> Context | None:
        if request.context is None:
            return None
        num, weight = self.item_num(request.context), request.content_weight
        return context_of(self.model, self.rules, num, query, weight, exact=_scanned(request))

    def _skipped(
        self, state: UserState, request: ListRequest, hidden: AbstractSet[str], context: Context | None
    ) -> Nums:
        """Return the row numbers of items that the list must not have, rising."""
        skip = self.left_out(request.exclude, hidden)
        if request.include_seen and request.include_refused:
            return skip
        out = state.refused if request.include_seen else state.seen
        own = [] if context is None else [context.num]
        return np.union1d(skip, np.append(out, own)).astype(np.int32)

    def _by_attributes(self, query: AttributeQuery, request: ListRequest, skip: Nums, drop: set[int]) -> Answer:
        found = query.best(request.depth + len(drop), skip, self.eligible(request))
        page = answer.page(found.nums.tolist(), request.offset, request.k, drop)
        found = Neighbors(found.nums[page.places], found.scores[page.places])
        return Answer("attributes", query.items(found, request.explain), next_offset=page.next_offset)

    def _popular(
        self,
        request: ListRequest,
        skip: Nums,
        strategy: PopularKind,
        base: Popularity,
        drop: set[int] | None = None,
        rotation: Rotation | None = None,
        fallback: bool = False,
    ) -> Answer:
        depth = request.depth + len(drop or ())
        whole = base.scores
        if rotation is not None:
            base = base.added(rotation.nums, -rotation.lost(rotation.nums, float(whole.max())).astype(np.float32))
        ranking = base.top(depth, skip, self.eligible(request))
        page = answer.page(ranking.nums.tolist(), request.offset, request.k, drop or set())
        ranking = Neighbors(ranking.nums[page.places], ranking.scores[page.places])
        items = answer.of_popular(self.model.catalog, ranking, request.explain, whole[ranking.nums])
        return Answer(strategy, items, fallback=fallback, next_offset=page.next_offset)

    def _listed(
        self,
        lists: Lists,
        row: int,
        request: ListRequest,
        hidden: AbstractSet[str],
        drop: set[int],
        new: RankedNew,
    ) -> tuple[tuple[answer.Recommendation, ...], bool, int | None] | None:
        """Return the answer from a precomputed list; None without a list, if it is too short, or if it needs reasons."""
        if request.explain:
            return None
        skip, depth = self.left_out(request.exclude, hidden), request.depth + len(drop)
        rows = listed_rows(lists, row, depth, skip)
        if rows is None:
            return None
        rows = with_new_rows(rows, depth, skip, partial(new, row))
        page = answer.page(rows.nums, request.offset, request.k, drop)
        if page.next_offset is None and rows.is_cut:
            return None
        rows = rows.take(page.places)
        items = answer.of_list(self.model.catalog, rows.nums, rows.scores, rows.collaborative)
        return items, False, page.next_offset

    def _page(self, ranked: Ranked, request: ListRequest, drop: set[int]) -> tuple[Ranked, Page]:
        if request.diversity:
            rows = self.model.items_like_item.table.rows(ranked.found.nums[:POOL])
            ranked = diversified(ranked, rows, request.diversity, len(ranked))
        page = answer.page(ranked.found.nums.tolist(), request.offset, request.k, drop)
        return ranked.take(np.array(page.places, dtype=np.int64)), page

    def _depth(self, request: ListRequest) -> int:
        return max(request.depth, POOL) if request.diversity else request.depth

    def eligible(self, request: ListRequest) -> Mask | None:
        """Return the mask of items that satisfy the filters, are in the cluster and among `only`; None for all items.

        Raises
        ------
        QueryError
            When a filter names no attribute of the catalog.
        NotFoundError
            When the cluster does not exist.
        """
        masks = [self.model.attributes.mask(request.filters)] if request.filters else []
        if request.cluster is not None:
            clusters = self.model.extra(Clusters)
            if clusters is None:
                raise NotFoundError(f"group {request.cluster} is not in this model; it has 0, counted from 0")
            masks.append(clusters.inside(request.cluster))
        if request.only:
            chosen = np.zeros(len(self.items), dtype=bool)
            chosen[self.nums(request.only)] = True
            masks.append(chosen)
        return np.logical_and.reduce(masks) if masks else None

    def listable(self, request: ListRequest, hidden: AbstractSet[str] = NONE) -> Mask:
        """Return the mask of the items that satisfy a request and are not excluded or hidden; raises as :meth:`eligible`."""
        eligible = self.eligible(request)
        mask = np.ones(len(self.items), dtype=bool) if eligible is None else eligible.copy()
        mask[self.left_out(request.exclude, hidden)] = False
        return mask

    def nums(self, item_ids: Collection[str]) -> Nums:
        """Return the row numbers of known item ids, rising."""
        return np.unique(self.model.catalog.items.known(item_ids)) if item_ids else NOTHING

    def left_out(self, exclude: Collection[str], hidden: AbstractSet[str]) -> Nums:
        """Return the row numbers of excluded and hidden items, rising; a set of hidden items is looked up once."""
        rows = self._hidden.rows(hidden, self.nums) if hidden else NOTHING
        return np.union1d(rows, self.nums(exclude)).astype(np.int32) if exclude else rows

    def _later(self, events: UserEvents) -> set[int]:
        return set(self.nums([*self.rules.aggregated(events.later)]).tolist()) if events.later else set()


def _scanned(request: ListRequest) -> bool:
    """Return whether all items are scanned; a forest finds the best of the trained weight of content alone."""
    return request.exact or request.content_weight != 1
