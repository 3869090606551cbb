"""Groups, map and directions of a model as JSON objects, shared by command line and HTTP.

In every function `hidden` has the ids of items to leave out.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.errors import NotFoundError, UnansweredError
from recsys.model.extras.descriptions import Meaning
from recsys.model.extras.directions import Directions
from recsys.model.extras.groups import NO_GROUP, Clusters, Groups, Segments
from recsys.model.extras.item_map import ItemMap
from recsys.model.model import Model
from recsys.recommend.json import displayed_fields, item_object
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.request import ListRequest
from recsys.score_order import displayed

Kind = Literal["cluster", "segment"]
Fields = Literal["all", "attribute"]
Hidden = AbstractSet[str]
Object = dict[str, Any]
PLAIN = ListRequest()
WITHOUT = "the model was trained without them (explore.enabled), or its items have too little data"


class Page(NamedTuple):
    """`k` entries of a list from place `offset` on."""

    k: int = 10
    offset: int = 0


def clusters_object(recommender: Recommender, hidden: Hidden = NONE) -> Object:
    """Return all groups of items; raises UnansweredError if there are none."""
    return _groups_object(recommender, "cluster", hidden)


def segments_object(recommender: Recommender, hidden: Hidden = NONE) -> Object:
    """Return all groups of users; raises UnansweredError if there are none."""
    return _groups_object(recommender, "segment", hidden)


def cluster_object(recommender: Recommender, group_id: str, page: Page, hidden: Hidden = NONE) -> Object:
    """Return a group of items and a page of its members, most typical first.

    Raises
    ------
    NotFoundError
        When the group does not exist.
    UnansweredError
        When the model has no groups.
    """
    catalog, hidden_nums = recommender.model.catalog, set(recommender.left_out((), hidden).tolist())

    def member(num: int) -> Object | None:
        return None if num in hidden_nums else {"item_id": catalog.items.id(num), "title": catalog.titles[num]}

    return _group_object(recommender, "cluster", group_id, page, hidden, member)


def segment_object(
    recommender: Recommender,
    group_id: str,
    page: Page,
    hidden: Hidden = NONE,
    gone: Callable[[str], bool] = lambda _: False,
) -> Object:
    """Return a group of users and a page of its members, most typical first; raises as :func:`cluster_object`.

    `gone` returns whether a user was deleted after training and must not be named.
    """
    users = recommender.model.users

    def member(num: int) -> Object | None:
        return None if gone(users.id(num)) else {"user_id": users.id(num)}

    return _group_object(recommender, "segment", group_id, page, hidden, member)


def cluster_of(recommender: Recommender, item_id: str) -> Object | None:
    """Return the cluster of an item, None without one; raises NotFoundError."""
    return _membership(recommender.model.extra(Clusters), "cluster", recommender.item_num(item_id))


def segment_of(recommender: Recommender, user_id: str) -> Object | None:
    """Return the segment of a user; None without one, and for a user that the model does not know."""
    num = recommender.users.get(user_id)
    return None if num is None else _membership(recommender.model.extra(Segments), "segment", num)


def record_object(recommender: Recommender, item_id: str) -> Object:
    """Return an item's record of the catalog, its popularity, place on the map and cluster; raises NotFoundError."""
    row, model = recommender.item_num(item_id), recommender.model
    return {
        **item_object(recommender.item(item_id), recommender.model_version),
        "n_users": int(model.fold_in.item_counts[row]),
        "popularity": displayed(float(model.popularity.scores[row])),
        "place": _place(model, row),
        "cluster": cluster_of(recommender, item_id),
    }


def _place(model: Model, row: int) -> list[float] | None:
    """Return x and y of an item on the map, None without a place."""
    item_map = model.extra(ItemMap)
    if item_map is None or np.isnan(item_map.places[row, 0]):
        return None
    place: list[float] = item_map.places[row].astype(np.float64).round(4).tolist()
    return place


def _membership(groups: Groups | None, kind: Kind, row: int) -> Object | None:
    group = None if groups is None else groups.of(row)
    if groups is None or group is None:
        return None
    closeness = displayed(float(groups.closeness[row]))
    return {f"{kind}_id": group, "name": groups.groups[group].name, "closeness": closeness}


def directions_object(recommender: Recommender, hidden: Hidden = NONE) -> Object:
    """Return all directions, the leading ones of each space first; raises UnansweredError if there are none."""
    model = recommender.model
    directions = model.extra(Directions)
    if directions is None or not len(directions):
        raise UnansweredError(f"no directions: {WITHOUT}")
    objects = [
        {
            **displayed_fields(direction),
            "low": _meaning(model, direction.low, hidden),
            "high": _meaning(model, direction.high, hidden),
            "correlations": [displayed_fields(correlation) for correlation in direction.correlations],
        }
        for direction in directions.directions
    ]
    return {"model_version": recommender.model_version, "directions": objects}


def map_object(
    recommender: Recommender,
    page: Page,
    request: ListRequest = PLAIN,
    hidden: Hidden = NONE,
    attribute: str | None = None,
    fields: Fields = "all",
) -> Object:
    """Return a page of the items that have a place, the most popular first, in columns; one is that of `attribute`, if given.

    Of `request` only `exclude`, `filters` and `cluster` count. With the `fields` "attribute" the only columns are the ids and
    the values of `attribute`.

    Raises
    ------
    UnansweredError
        When no item has a place.
    QueryError
        When a filter, or `attribute`, names no attribute of the catalog.
    """
    rows = map_rows(recommender, request, hidden)
    nums = rows[page.offset : page.offset + page.k]
    after = page.offset + len(nums)
    return {
        "model_version": recommender.model_version,
        "n_items": len(rows),
        "item_id": [recommender.items.id(num) for num in nums.tolist()],
        **(_map_columns(recommender.model, nums) if fields == "all" else {}),
        **_attribute_column(recommender, nums, attribute),
        "next_offset": after if after < len(rows) else None,
    }


def _map_columns(model: Model, nums: NDArray[np.int32]) -> Object:
    clusters = item_groups(model)
    places = model.need(ItemMap).places[nums].astype(np.float64).round(4)
    return {
        "title": [model.catalog.titles[num] for num in nums.tolist()],
        "x": places[:, 0].tolist(),
        "y": places[:, 1].tolist(),
        "cluster": [clusters.of(num) for num in nums.tolist()],
        "popularity": [displayed(score) for score in model.popularity.scores[nums].tolist()],
        "clusters": {str(num): group.name for num, group in enumerate(clusters.groups)},
    }


def _attribute_column(recommender: Recommender, nums: NDArray[np.int32], name: str | None) -> Object:
    if name is None:
        return {}
    recommender.model.attributes.check_name(name)
    return {"attribute_name": name, "attribute": list(recommender.model.catalog.values_of(name, nums.tolist()))}


def map_rows(recommender: Recommender, request: ListRequest = PLAIN, hidden: Hidden = NONE) -> NDArray[np.int32]:
    """Return the row numbers of all pages of :func:`map_object`; raises as that does."""
    model = recommender.model
    item_map = model.extra(ItemMap)
    if item_map is None or not (mask := item_map.placed()).any():
        raise UnansweredError(f"no map: {WITHOUT}, or explore.map_items is 0")
    mask &= recommender.listable(request, hidden)
    return model.popularity.order[mask[model.popularity.order]]


def item_groups(model: Model) -> Clusters:
    """Return the groups of the items; without groups in the model, no item is in a group."""
    n = len(model.catalog)
    return model.extra(Clusters) or Clusters.from_labels(
        np.full(n, NO_GROUP, dtype=np.int32), np.zeros(n, dtype=np.float32), ()
    )


def _groups_object(recommender: Recommender, kind: Kind, hidden: Hidden) -> Object:
    groups = _groups(recommender.model, kind)
    return {
        "model_version": recommender.model_version,
        f"{kind}s": [_described(recommender.model, kind, group, hidden) for group in range(len(groups.groups))],
        "ungrouped": len(groups) - len(groups.members),
    }


def _group_object(
    recommender: Recommender,
    kind: Kind,
    group_id: str,
    page: Page,
    hidden: Hidden,
    member: Callable[[int], Object | None],
) -> Object:
    groups, version = _groups(recommender.model, kind), recommender.model_version
    known = {str(group): group for group in range(len(groups.groups))}
    if group_id not in known:
        raise NotFoundError(f"{kind} {group_id!r} is not in model {version}; it has 0 to {len(known) - 1}")
    group = known[group_id]
    members: list[Object] = []
    next_offset: int | None = None  # the place of the next visible member
    for place, row in enumerate(groups.members_of(group)[page.offset :], page.offset):
        visible = member(int(row))
        if visible is None:
            continue
        if len(members) == page.k:
            next_offset = place
            break
        members.append({"rank": place + 1, **visible, "closeness": displayed(float(groups.closeness[row]))})
    described = _described(recommender.model, kind, group, hidden)
    return {"model_version": version, **described, "members": members, "next_offset": next_offset}


def _groups(model: Model, kind: Kind) -> Groups:
    groups = model.extra(Clusters if kind == "cluster" else Segments)
    if groups is None or not groups.groups:
        raise UnansweredError(f"no {kind}s: {WITHOUT}")
    return groups


def _described(model: Model, kind: Kind, num: int, hidden: Hidden) -> Object:
    groups, clusters = _groups(model, kind), item_groups(model).groups
    group, size = groups.groups[num], groups.size(num)
    described = {
        f"{kind}_id": num,
        "name": group.name,
        "size": size,
        "share": displayed(size / len(groups)),
        "cohesion": displayed(group.cohesion),
        **_meaning(model, group.meaning, hidden),
    }
    if kind == "segment":
        described["clusters"] = [
            {
                "cluster_id": affinity.group,
                "name": clusters[affinity.group].name,
                "share": displayed(affinity.share),
                "overall": displayed(affinity.overall),
            }
            for affinity in group.affinities
            if affinity.group < len(clusters)
        ]
    return described


def _meaning(model: Model, meaning: Meaning, hidden: Hidden) -> Object:
    catalog = model.catalog
    ids = ((num, catalog.items.id(num)) for num in meaning.items)
    return {
        "words": [displayed_fields(word) for word in meaning.words],
        "attributes": [displayed_fields(value) for value in meaning.values],
        "numbers": [displayed_fields(numbers) for numbers in meaning.numbers],
        "items": [{"item_id": item_id, "title": catalog.titles[num]} for num, item_id in ids if item_id not in hidden],
    }
