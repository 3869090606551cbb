"""What groups, map and directions of a model show, as JSON objects, the same on the command line and over HTTP.

In every question `hidden` are ids of items that nobody may see at the moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.errors import NotFoundError, UnansweredError
from recsys.model.extras.descriptions import Meaning
from recsys.model.extras.directions import Direction, Directions
from recsys.model.extras.groups import NO_GROUP, Clusters, Group, Groups, Segments
from recsys.model.extras.item_map import ItemMap
from recsys.model.model import Model
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.request import ListRequest
from recsys.score_order import displayed

Kind = Literal["cluster", "segment"]
Hidden = AbstractSet[str]
Gone = Callable[[str], bool]
Object = dict[str, Any]
PLAIN = ListRequest()
WITHOUT = "the model was trained without them (explore.enabled), or too little is known of its items"


class Page(NamedTuple):
    """`k` entries of a list from place `offset` on."""

    k: int = 10
    offset: int = 0


def clusters_object(recommender: Recommender, hidden: Hidden = NONE) -> Object:
    """All groups of items; raises UnansweredError where there are none."""
    return _groups_object(recommender, "cluster", hidden)


def segments_object(recommender: Recommender, hidden: Hidden = NONE) -> Object:
    """All groups of users; raises UnansweredError where there are none."""
    return _groups_object(recommender, "segment", hidden)


def cluster_object(recommender: Recommender, group_id: str, page: Page, hidden: Hidden = NONE) -> Object:
    """A group of items and a page of its members, most typical first.

    Raises
    ------
    NotFoundError
        When there is no such group.
    UnansweredError
        When there are no groups at all.
    """
    catalog, barred = recommender.model.catalog, set(recommender.nums(hidden).tolist())

    def shown(num: int) -> Object | None:
        return None if num in barred else {"item_id": catalog.items.id(num), "title": catalog.titles[num]}

    return _group_object(recommender, "cluster", group_id, page, hidden, shown)


def segment_object(
    recommender: Recommender, group_id: str, page: Page, hidden: Hidden = NONE, gone: Gone = lambda _: False
) -> Object:
    """A group of users and a page of its members, most typical first; raises as :func:`cluster_object`.

    Parameters
    ----------
    gone : callable
        Whether a user was deleted since the model was trained, and must not be named.
    """
    users = recommender.model.users

    def shown(num: int) -> Object | None:
        user_id = users.id(num)
        return None if gone(user_id) else {"user_id": user_id}

    return _group_object(recommender, "segment", group_id, page, hidden, shown)


def cluster_of(recommender: Recommender, item_id: str) -> Object | None:
    """Return the cluster of an item, None where it has none; raises NotFoundError."""
    return _membership(recommender.model.extra(Clusters), "cluster", recommender.item_num(item_id))


def segment_of(recommender: Recommender, user_id: str) -> Object | None:
    """Return the segment of a user, None where it has none or the model does not know the user."""
    num = recommender.users.get(user_id)
    return None if num is None else _membership(recommender.model.extra(Segments), "segment", num)


def _membership(groups: Groups | None, kind: Kind, row: int) -> Object | None:
    group = None if groups is None else groups.of(row)
    if groups is None or group is None:
        return None
    return {
        f"{kind}_id": group,
        "name": groups.groups[group].name,
        "closeness": displayed(float(groups.closeness[row])),
    }


def directions_object(recommender: Recommender, hidden: Hidden = NONE) -> Object:
    """All directions, the leading ones of each space first; raises UnansweredError where there are none."""
    model = recommender.model
    directions = model.extra(Directions)
    if directions is None or not len(directions):
        raise UnansweredError(f"no directions: {WITHOUT}")
    return {
        "model_version": recommender.model_version,
        "directions": [_direction(model, one, hidden) for one in directions.directions],
    }


def map_object(recommender: Recommender, page: Page, request: ListRequest = PLAIN, hidden: Hidden = NONE) -> Object:
    """A page of the items that have a place, the most popular first, in columns.

    Parameters
    ----------
    request : ListRequest
        Its exclude and filters.

    Raises
    ------
    UnansweredError
        When no item has a place.
    QueryError
        When a filter names no attribute of the catalogue.
    """
    model = recommender.model
    shown = map_rows(recommender, request, hidden)
    nums = shown[page.offset : page.offset + page.k]
    clusters = item_groups(model)
    places = model.need(ItemMap).places[nums].astype(np.float64).round(4)
    after = page.offset + len(nums)
    return {
        "model_version": recommender.model_version,
        "item_id": [model.catalog.items.id(num) for num in nums.tolist()],
        "title": [model.catalog.titles[num] for num in nums.tolist()],
        "x": places[:, 0].tolist(),
        "y": places[:, 1].tolist(),
        "cluster": [clusters.of(num) for num in nums.tolist()],
        "popularity": [displayed(one) for one in model.popularity.scores[nums].tolist()],
        "clusters": {str(group): one.name for group, one in enumerate(clusters.groups)},
        "next_offset": after if after < len(shown) else None,
    }


def map_rows(recommender: Recommender, request: ListRequest = PLAIN, hidden: Hidden = NONE) -> NDArray[np.int32]:
    """Row numbers of what :func:`map_object` shows, all pages; raises as that does."""
    model = recommender.model
    places = model.extra(ItemMap)
    if places is None or not (kept := places.placed()).any():
        raise UnansweredError(f"no map: {WITHOUT}")
    eligible = recommender.eligible(request)
    if eligible is not None:
        kept &= eligible
    kept[recommender.nums([*hidden, *request.exclude])] = False
    order = model.popularity.order
    return order[kept[order]]


def item_groups(model: Model) -> Clusters:
    """Return the groups of the items; where the model has none, no item is in one."""
    found, n = model.extra(Clusters), len(model.catalog)
    if found is not None:
        return found
    return Clusters.from_labels(np.full(n, NO_GROUP, dtype=np.int32), np.zeros(n, dtype=np.float32), ())


def _groups_object(recommender: Recommender, kind: Kind, hidden: Hidden) -> Object:
    groups = _groups(recommender.model, kind)
    return {
        "model_version": recommender.model_version,
        f"{kind}s": [_described(recommender.model, kind, group, hidden) for group in range(len(groups.groups))],
        "ungrouped": int(len(groups) - len(groups.members)),
    }


def _group_object(
    recommender: Recommender,
    kind: Kind,
    group_id: str,
    page: Page,
    hidden: Hidden,
    shown: Callable[[int], Object | None],
) -> Object:
    model = recommender.model
    groups = _groups(model, kind)
    group = group_num(groups, kind, group_id, recommender.model_version)
    members: list[Object] = []
    found, place = groups.members_of(group), page.offset
    following: int | None = None  # the place of the next one that may be shown
    while place < len(found) and following is None:
        row = int(found[place])
        one = shown(row)
        place += 1
        if one is not None and len(members) == page.k:
            following = place - 1
        elif one is not None:
            members.append({"rank": place, **one, "closeness": displayed(float(groups.closeness[row]))})
    return {
        "model_version": recommender.model_version,
        **_described(model, kind, group, hidden),
        "members": members,
        "next_offset": following,
    }


def group_num(groups: Groups, kind: Kind, group_id: str, model_version: str) -> int:
    """The number of a group by how it is written; raises NotFoundError when there is no such group."""
    known = {str(group): group for group in range(len(groups.groups))}
    if group_id not in known:
        last = len(groups.groups) - 1
        raise NotFoundError(f"{kind} {group_id!r} is not in model {model_version}; it has 0 to {last}")
    return known[group_id]


def _groups(model: Model, kind: Kind) -> Groups:
    groups = model.extra(Clusters if kind == "cluster" else Segments)
    if groups is None or not groups.groups:
        raise UnansweredError(f"no {kind}s: {WITHOUT}")
    return groups


def _described(model: Model, kind: Kind, group: int, hidden: Hidden) -> Object:
    groups, clusters = _groups(model, kind), item_groups(model).groups
    one: Group = groups.groups[group]
    size = groups.size(group)
    described = {
        f"{kind}_id": group,
        "name": one.name,
        "size": size,
        "share": displayed(size / len(groups)),
        "cohesion": displayed(one.cohesion),
        **meaning_object(model, one.meaning, hidden),
    }
    if kind == "segment":
        described["clusters"] = [
            {
                "cluster_id": other.group,
                "name": clusters[other.group].name,
                "share": displayed(other.share),
                "overall": displayed(other.overall),
            }
            for other in one.affinities
            if other.group < len(clusters)
        ]
    return described


def meaning_object(model: Model, meaning: Meaning, hidden: Hidden) -> Object:
    """Words, values, numbers and items of a meaning."""
    catalog = model.catalog
    ids = ((num, catalog.items.id(num)) for num in meaning.items)
    return {
        "words": [_rounded(one._asdict()) for one in meaning.words],
        "attributes": [_rounded(one._asdict()) for one in meaning.values],
        "numbers": [_rounded(one._asdict()) for one in meaning.numbers],
        "items": [{"item_id": one, "title": catalog.titles[num]} for num, one in ids if one not in hidden],
    }


def _direction(model: Model, one: Direction, hidden: Hidden) -> Object:
    return {
        "space": one.space,
        "number": one.number,
        "share": displayed(one.share),
        "low": meaning_object(model, one.low, hidden),
        "high": meaning_object(model, one.high, hidden),
        "correlations": [_rounded(other._asdict()) for other in one.correlations],
    }


def _rounded(found: Mapping[str, Any]) -> Object:
    return {key: displayed(value) if isinstance(value, float) else value for key, value in found.items()}
