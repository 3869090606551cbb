"""Recommender with the changes of the catalog that came after the training.

A changed record replaces that of the model in every list, filter, facet and explanation, and the newest items follow its time;
its vectors, and the words of searches, are those of the training. An item that the model does not know gets rows of its own
(:mod:`recsys.live.grown_model`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from recsys.data.catalog import Item
from recsys.events.item_values import TITLE, ItemChange
from recsys.live.changed_attributes import changed_attributes
from recsys.live.changed_catalog import changed_catalog
from recsys.live.grown_model import grown_model
from recsys.live.new_items import NewItem, attribute
from recsys.live.new_neighbors import NearItems
from recsys.model.extras.arrivals import Arrivals, announced_time
from recsys.model.model import Model
from recsys.model.new_items import ItemRows
from recsys.recommend.recommender import Recommender


def overlaid(
    recommender: Recommender, changes: Collection[ItemChange], revision: int, earlier: Recommender | None = None
) -> Recommender:
    """Return the recommender of a model after changes of the items that it knows, up to a revision.

    `earlier` is the result of an earlier call; then `changes` are those since.
    """
    live = earlier or recommender
    model, known = live.model, recommender.model.catalog
    items: dict[int, tuple[Item, Item]] = {}
    for change in changes:
        num = known.items.get(change.item_id)
        if num is not None and not change.is_deleted:
            items[num] = model.catalog[num], changed_item(known[num], change)
    if items:
        attributes = changed_attributes(
            model.attributes, {num: (before.attributes, after.attributes) for num, (before, after) in items.items()}
        )
        catalog = changed_catalog(model.catalog, {num: after for num, (_, after) in items.items()})
        model = _with_arrivals(replace(model, catalog=catalog, attributes=attributes), recommender.model, items)
    deleted = live.deleted.difference(change.item_id for change in changes)
    deleted |= {change.item_id for change in changes if change.is_deleted}
    return replace(recommender, model=model, revision=revision, deleted=deleted)


def with_new_items(
    recommender: Recommender, items: Sequence[NewItem], rows: ItemRows, near: Sequence[NearItems] = ()
) -> Recommender:
    """Return the recommender of :func:`overlaid` with items that the model does not know, rising by id, and their rows.

    `near` has the items near each of them; nothing if the neighbors are not known.
    """
    if not items:
        return recommender
    model, n_known = grown_model(recommender.model, items, rows, near), len(recommender.model.catalog)
    times = {num: announced_time(new.item.attributes) for num, new in enumerate(items, n_known)}
    times = {num: time for num, time in times.items() if time is not None}
    arrivals = model.extra(Arrivals)
    model = model.with_extras(arrivals.changed(times, arrivals)) if arrivals and times else model
    return replace(recommender, model=model)


def _with_arrivals(model: Model, trained: Model, items: Mapping[int, tuple[Item, Item]]) -> Model:
    """Return the model in which items whose `available_from` changed have its new time."""
    arrivals, first = model.extra(Arrivals), trained.extra(Arrivals)
    both = {num: tuple(announced_time(item.attributes) for item in pair) for num, pair in items.items()}
    times = {num: after for num, (before, after) in both.items() if before != after}
    return model.with_extras(arrivals.changed(times, first)) if arrivals and first and times else model


def changed_item(item: Item, change: ItemChange) -> Item:
    """Return the record of a known item after a change of its title and attributes; its text is that of the training."""
    title = change.values.get(TITLE, "" if change.kind == "put" else item.title)
    before = {} if change.kind == "put" else dict(item.attributes)
    new = {name: value for name, value in change.values.items() if name != TITLE}
    attributes = {name: attribute(value) for name, value in {**before, **new}.items() if value not in (None, "", [])}
    return Item(item.item_id, "" if title is None else str(title), item.text, attributes)
