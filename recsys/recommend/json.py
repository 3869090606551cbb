"""JSON objects of answers, shared by command line and HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from recsys.data.catalog import Item
from recsys.events.records import StoredEvent
from recsys.recommend.answer import Answer, Reason, Recommendation
from recsys.recommend.latest import NewItems
from recsys.recommend.placement import Obstacle, Placement, Seen
from recsys.recommend.recommender import Recommender
from recsys.recommend.together import CompanionPage
from recsys.score_order import displayed


def answer_object(answer: Answer, subject: Mapping[str, Any], model_version: str) -> dict[str, Any]:
    """Return the envelope of a list; `subject` identifies the request, such as ``{"user_id": "u17"}``."""
    return {
        **subject,
        "model_version": model_version,
        "strategy": answer.strategy,
        "fallback": answer.fallback,
        "items": [_item(rank, item) for rank, item in enumerate(answer.items, 1)],
    }


def listed_object(answer: Answer, subject: Mapping[str, Any], model_version: str) -> dict[str, Any]:
    """Return the envelope of a list with pages."""
    subject = {**subject, **_without(answer), **_context(answer)}
    return {**answer_object(answer, subject, model_version), "next_offset": answer.next_offset}


def with_attributes(shown: dict[str, Any], recommender: Recommender) -> dict[str, Any]:
    """Return a list whose items have their attributes."""
    items = [{**item, "attributes": dict(recommender.item(item["item_id"]).attributes)} for item in shown["items"]]
    return {**shown, "items": items}


def placement_object(placement: Placement, subject: Mapping[str, Any], model_version: str) -> dict[str, Any]:
    """Return the place of an item in a list, and what keeps it out; `subject` has the ids of the user and the item."""
    item, last = placement.item, placement.last
    assert item.reason is not None
    return {
        **subject,
        **_without(placement),
        **_context(placement),
        "model_version": model_version,
        "title": item.title,
        "strategy": placement.strategy,
        "fallback": placement.fallback,
        "listed": placement.listed,
        "rank": placement.rank,
        "rank_without": placement.rank_without,
        "score": displayed(item.score),
        "source": item.source,
        "parts": _parts(item.reason),
        "reasons": [_obstacle(obstacle) for obstacle in placement.obstacles],
        "last": None if last is None else _item(last.rank, last.item),
    }


def together_object(page: CompanionPage, item_ids: Sequence[str], model_version: str) -> dict[str, Any]:
    """Return the items of the same baskets as `item_ids`."""
    return {
        "item_ids": [*item_ids],
        "model_version": model_version,
        "items": [{"rank": rank, **displayed_fields(item)} for rank, item in enumerate(page.items, 1)],
        "next_offset": page.next_offset,
    }


def latest_object(page: NewItems, model_version: str) -> dict[str, Any]:
    """Return the newest items."""
    return {
        "model_version": model_version,
        "items": [{"rank": rank, **item._asdict()} for rank, item in enumerate(page.items, 1)],
        "next_offset": page.next_offset,
    }


def item_object(item: Item, model_version: str) -> dict[str, Any]:
    """Return a record of the catalog."""
    return {
        "item_id": item.item_id,
        "model_version": model_version,
        "title": item.title,
        "attributes": dict(item.attributes),
    }


def event_object(stored: StoredEvent, recommender: Recommender | None) -> dict[str, Any]:
    """Return a received event; its title is empty without a model, and for an item that the model does not have."""
    num = None if recommender is None else recommender.items.get(stored.event.item_id)
    title = "" if recommender is None or num is None else recommender.model.catalog.titles[num]
    return {"event_id": stored.event_id, "user_id": stored.user_id, "title": title, **asdict(stored.event)}


def displayed_fields(record: NamedTuple) -> dict[str, Any]:
    """Return the fields of a record, floats as displayed."""
    fields = record._asdict().items()
    return {name: displayed(value) if isinstance(value, float) else value for name, value in fields}


def _without(answer: Answer | Placement) -> dict[str, list[str]]:
    return {"without": list(answer.without)} if answer.without else {}


def _context(answer: Answer | Placement) -> dict[str, dict[str, str]]:
    return {"context": answer.context._asdict()} if answer.context else {}


def _item(rank: int, item: Recommendation) -> dict[str, Any]:
    fields = {
        "rank": rank,
        "item_id": item.item_id,
        "score": displayed(item.score),
        "title": item.title,
        "source": item.source,
    }
    return fields if item.reason is None else {**fields, "reason": _parts(item.reason)}


def _parts(reason: Reason) -> dict[str, Any]:
    fields = displayed_fields(reason) | {"because": [displayed_fields(cause) for cause in reason.because]}
    fields["attributes"] = [displayed_fields(given) for given in reason.attributes] or None
    return {name: value for name, value in fields.items() if value is not None}


def _obstacle(obstacle: Obstacle) -> dict[str, Any]:
    if not isinstance(obstacle, Seen):
        return {"kind": obstacle.kind, **obstacle._asdict()}
    events = [{name: getattr(event, name) for name in ("event", "value", "timestamp")} for event in obstacle.events]
    return {"kind": obstacle.kind, **displayed_fields(obstacle), "at": obstacle.at, "events": events}
