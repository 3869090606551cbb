"""The one object that answers questions about users and items."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalog import Item
from recsys.encoders.hub import NO_ENCODER, EncoderRef
from recsys.errors import NotFoundError
from recsys.events.activity import NOTHING, Activity, Event, EventRules
from recsys.events.records import EventsInfo
from recsys.index.exact import Neighbors
from recsys.model.model import Model
from recsys.model.popularity import Popularity
from recsys.model.precomputed_lists import Lists
from recsys.recommend import answer, user_state
from recsys.recommend.answer import Answer, Page
from recsys.recommend.diversity import POOL, diversified
from recsys.recommend.explain import reasons
from recsys.recommend.ranking import Ranked, alike, rank, scored
from recsys.recommend.request import ListRequest
from recsys.recommend.user_state import UserState

PLAIN = ListRequest()
NONE: frozenset[str] = frozenset()
NO_NUMS: frozenset[int] = frozenset()
Nums = NDArray[np.int32]
Counted = Mapping[str, float]
PopularKind = Literal["popular", "trending"]


@dataclass(frozen=True, eq=False)
class Recommender:
    """Answers from one model. Never changes, so any number of threads may share it.

    In every question `hidden` are ids of items that nobody may see at the moment.

    Parameters
    ----------
    model : Model
    model_version : str
        Goes into every answer.
    events : EventsInfo
        How events count, and which of them the model knows.
    encoder : EncoderRef
        What made the text vectors, to encode what is searched for.
    picture_encoder : EncoderRef
        What made the vectors of the pictures.
    """

    model: Model
    model_version: str
    events: EventsInfo = field(default_factory=EventsInfo)
    encoder: EncoderRef = NO_ENCODER
    picture_encoder: EncoderRef = NO_ENCODER

    @cached_property
    def rules(self) -> EventRules:
        """How events count for this model."""
        return EventRules(self.events.weights, self.events.threshold)

    def recommend(
        self, user_id: str, request: ListRequest = PLAIN, activity: Activity = NOTHING, hidden: AbstractSet[str] = NONE
    ) -> Answer:
        """Items for a user: never one that was seen, hidden or excluded, and `k` of them whenever there are as many.

        A user of whom nothing is known gets the popular items.

        Parameters
        ----------
        activity : Activity
            What happened since the model was trained; the answer counts it.

        Raises
        ------
        QueryError
            When a filter names no attribute of the catalogue.
        """
        if request.plain and self.model.user_lists.length and not (activity.events or activity.forgotten):
            num = self.model.users.get(user_id)
            if num is not None and (listed := self._listed(self.model.user_lists, num, request, activity, hidden)):
                return Answer("personalized", *listed)
            request = replace(request, exact=True)  # as the list is, behind which this goes on
        known = user_state.of_user(self.model, self.rules, user_id, activity)
        return self._recommend(known, request, hidden, activity)

    def recommend_to(
        self, history: Sequence[Event], request: ListRequest = PLAIN, hidden: AbstractSet[str] = NONE
    ) -> Answer:
        """Items for somebody without a name, from what they did; raises as :meth:`recommend`."""
        return self._recommend(user_state.of_history(self.model, self.rules, history), request, hidden, NOTHING)

    def similar_items(self, item_id: str, request: ListRequest = PLAIN, hidden: AbstractSet[str] = NONE) -> Answer:
        """Items like an item, by behaviour and content, without the item itself.

        Raises
        ------
        NotFoundError
            When the item is not in the catalogue.
        QueryError
            When a filter names no attribute of the catalogue.
        """
        num = self.item_num(item_id)
        if request.plain and self.model.item_lists.length:
            if listed := self._listed(self.model.item_lists, num, request, NOTHING, hidden):
                return Answer("similar", *listed)
            request = replace(request, exact=True)
        skip = np.union1d(self.nums([*request.exclude, *hidden]), [num]).astype(np.int32)
        if not self.model.items_like_item.table.rows(np.asarray([num])).any():
            return self._popular(request, skip, "popular", self.model.popularity, fallback=True)
        eligible = self.eligible(request)
        ranked = alike(self.model, num, self._depth(request), skip, eligible=eligible, exact=request.exact)
        chosen, place = self._chosen(ranked, request, set())
        return Answer(
            "similar",
            answer.of_likeness(self.model.catalog, chosen, request.explain),
            next_offset=place.next_offset,
        )

    def rank_items(
        self,
        who: str | Sequence[Event],
        item_ids: Sequence[str],
        activity: Activity = NOTHING,
        hidden: AbstractSet[str] = NONE,
        *,
        explain: bool = False,
    ) -> Answer:
        """The given items in the order of their scores for a user (an id) or a history, also those that were seen.

        Ids that the catalogue does not have, or that are hidden, are answered in `unknown`.
        """
        if isinstance(who, str):
            known = user_state.of_user(self.model, self.rules, who, activity)
        else:
            known = user_state.of_history(self.model, self.rules, who)
        catalog = self.model.catalog
        nums = {one: None if one in hidden else catalog.items.get(one) for one in item_ids}
        unknown = tuple(one for one, num in nums.items() if num is None)
        chosen = np.unique(np.array([num for num in nums.values() if num is not None], dtype=np.int32))
        if not known.query.vector.any():
            scores = self.model.popularity.scores[chosen]
            order = np.lexsort((chosen, -scores))
            items = answer.of_popular(catalog, Neighbors(chosen[order], scores[order]), explain)
            return Answer("popular", items, fallback=True, unknown=unknown)
        ranked = scored(self.model, known.query, chosen, len(chosen))
        why = reasons(known, ranked.found.nums, self.nums(hidden)) if explain else None
        return Answer("ranked", answer.of_ranked(catalog, ranked, why), unknown=unknown)

    def popular(
        self,
        request: ListRequest = PLAIN,
        kind: PopularKind = "popular",
        ranking: Popularity | None = None,
        hidden: AbstractSet[str] = NONE,
    ) -> Answer:
        """The items that most users have, or had in the last days; `ranking` is one of :meth:`counting`, to be used again."""
        return self._popular(request, self.nums([*request.exclude, *hidden]), kind, ranking or self.counting(kind, {}))

    def counting(self, kind: PopularKind, counted: Counted) -> Popularity:
        """The ranking of the items by popularity, with users of items by item id of whom the model does not know."""
        base = self.model.popularity if kind == "popular" else self.model.trending
        nums = {self.model.catalog.items.get(one): n for one, n in counted.items()}
        nums.pop(None, None)
        if not nums:
            return base
        return base.added(np.array([*nums], dtype=np.int32), np.array([*nums.values()], dtype=np.float32))

    def item(self, item_id: str) -> Item:
        """The record of an item; raises NotFoundError when it is not in the catalogue."""
        return self.model.catalog[self.item_num(item_id)]

    def item_num(self, item_id: str) -> int:
        """The row number of an item; raises NotFoundError when it is not in the catalogue."""
        num = self.model.catalog.items.get(item_id)
        if num is None:
            raise NotFoundError(f"item {item_id!r} is not in the catalogue of model {self.model_version}")
        return num

    def _recommend(
        self, known: UserState, request: ListRequest, hidden: AbstractSet[str], activity: Activity
    ) -> Answer:
        skip = self.nums([*request.exclude, *hidden])
        if not request.include_seen:
            skip = np.union1d(skip, known.seen).astype(np.int32)
        drop = set() if request.include_seen else self._later(activity)
        if not known.query.vector.any():
            return self._popular(request, skip, "popular", self.model.popularity, drop, fallback=True)
        depth = self._depth(request) + len(drop)
        ranked = rank(
            self.model,
            known.query,
            depth,
            skip,
            eligible=self.eligible(request),
            exact=request.exact,
            penalty=request.popularity_penalty,
        )
        chosen, place = self._chosen(ranked, request, drop)
        why = reasons(known, chosen.found.nums, self.nums(hidden)) if request.explain else None
        return Answer(
            "fold_in" if known.fresh else "personalized",
            answer.of_ranked(self.model.catalog, chosen, why),
            next_offset=place.next_offset,
        )

    def _popular(
        self,
        request: ListRequest,
        skip: Nums,
        strategy: Literal["popular", "trending"],
        base: Popularity,
        drop: set[int] | None = None,
        fallback: bool = False,
    ) -> Answer:
        depth = request.depth + len(drop or ())
        found = base.top(depth, skip, self.eligible(request))
        place = answer.page(found.nums.tolist(), request.offset, request.k, drop or set())
        found = Neighbors(found.nums[place.places], found.scores[place.places])
        items = answer.of_popular(self.model.catalog, found, request.explain)
        return Answer(strategy, items, fallback=fallback, next_offset=place.next_offset)

    def _listed(
        self, lists: Lists, row: int, request: ListRequest, activity: Activity, hidden: AbstractSet[str]
    ) -> tuple[tuple[answer.Recommendation, ...], bool, int | None] | None:
        """The answer from a precomputed list; None where there is none, or it is too short for the question."""
        drop = self._later(activity)
        skip = set(self.nums([*request.exclude, *hidden]).tolist()) if request.exclude or hidden else NO_NUMS
        depth = request.depth + len(skip) + len(drop)
        nums: list[int] = lists.nums[row, :depth].tolist()
        if nums[0] < 0:
            return None
        kept = [place for place, num in enumerate(nums) if num >= 0 and num not in skip]
        found = answer.page([nums[place] for place in kept], request.offset, request.k, drop)
        if found.next_offset is None and lists.nums[row, -1] >= 0:  # there are more than in this list
            return None
        places = [kept[place] for place in found.places]
        scores, collaborative = lists.scores[row, :depth].tolist(), lists.collaborative[row, :depth].tolist()
        items = answer.personal(
            self.model.catalog,
            [nums[place] for place in places],
            [scores[place] for place in places],
            [collaborative[place] for place in places],
        )
        return items, False, found.next_offset

    def _chosen(self, ranked: Ranked, request: ListRequest, drop: set[int]) -> tuple[Ranked, Page]:
        if request.diversity:
            rows = self.model.items_like_item.table.rows(ranked.found.nums[:POOL])
            ranked = diversified(ranked, rows, request.diversity, len(ranked))
        place = answer.page(ranked.found.nums.tolist(), request.offset, request.k, drop)
        return ranked.take(np.array(place.places, dtype=np.int64)), place

    def _depth(self, request: ListRequest) -> int:
        return max(request.depth, POOL) if request.diversity else request.depth

    def eligible(self, request: ListRequest) -> NDArray[np.bool_] | None:
        """Which items satisfy the filters and are in the cluster, None for all.

        Raises
        ------
        QueryError
            When a filter names no attribute of the catalogue.
        NotFoundError
            When there is no such cluster.
        """
        mask = self.model.attributes.mask(request.filters) if request.filters else None
        if request.cluster is None:
            return mask
        inside = self.model.clusters.inside(request.cluster)
        return inside if mask is None else mask & inside

    def nums(self, item_ids: Collection[str]) -> Nums:
        """The row numbers of those items that the catalogue has, rising."""
        return np.unique(self.model.catalog.items.known(item_ids)) if item_ids else np.empty(0, dtype=np.int32)

    def _later(self, activity: Activity) -> set[int]:
        if not activity.later:
            return set()
        return set(self.nums([*self.rules.aggregated(activity.later)]).tolist())
