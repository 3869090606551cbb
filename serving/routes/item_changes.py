"""PUT, PATCH and DELETE /items/<item_id>, and POST /items: changes of the catalog, on disk before the answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from flask import Blueprint, Response, jsonify, request
from pydantic import ValidationError
from werkzeug.exceptions import MethodNotAllowed

from recsys.data.ids import IdMap
from recsys.data.nearest_ids import near_ids
from recsys.errors import NotFoundError, QueryError
from recsys.events.item_values import ItemChange
from serving.errors import BodyError, ConflictError
from serving.http.read_body import body, problem_text, read_lines
from serving.live.event_view import EventView
from serving.live.new_items import NewItems
from serving.live.serving_model import ServingModel
from serving.schemas.items import ItemBody, ItemInList, ItemsBody
from serving.schemas.queries import NoQuery, query

HIDDEN = "/hidden"
LINES = "application/x-ndjson"
MOST_NEW = 100_000  # items that changed since the training, which every worker keeps
NO_ITEMS = IdMap.from_ids(())


@dataclass(frozen=True)
class _Catalog:
    """The catalog of the service: that of the model, and the changes."""

    serving: ServingModel
    view: EventView
    new_items: NewItems

    def store(self, changes: Sequence[ItemChange]) -> list[ItemChange]:
        store = self.view.configured_store()
        if self.serving.version and self.view.catalog.n_changed(self.serving.get()) + len(changes) > MOST_NEW:
            problem = f"more than {MOST_NEW} items would have changed since the training"
            raise ConflictError(f"{problem}; train a model, which takes the changes along")
        vectors = self.new_items.vectors(changes)
        held = store.items.apply(changes, vectors) if changes else []
        self.view.catalog.look_again()
        self.new_items.received(changes, vectors)
        return held

    def stored(self, change: ItemChange) -> Response:
        """Store a change and return the answer to it."""
        (held,) = self.store([change])
        searchable = self.new_items.is_known(held) and held.is_available(time.time())
        return jsonify({"item_id": held.item_id, "revision": held.revision, "searchable": searchable})

    def has(self, item_id: str) -> bool:
        earlier = self.view.configured_store().items.get(item_id)
        return item_id in self._items() if earlier is None else not earlier.is_deleted

    def near(self, item_id: str) -> str:
        """Return a text with near ids; empty without any."""
        return near_ids(self._items(), item_id) if len(self._items()) else ""

    def _items(self) -> IdMap:
        return self.serving.get().items if self.serving.version else NO_ITEMS


def blueprint(model: ServingModel, view: EventView, new_items: NewItems, max_batch: int) -> Blueprint:
    """Return the routes; a list has at most `max_batch` items."""
    routes, catalog = Blueprint("item_changes", __name__), _Catalog(model, view, new_items)

    @routes.put("/items/<id:item_id>")
    def put(item_id: str) -> tuple[Response, int]:
        query(NoQuery)
        change = body(ItemBody).change(item_id, "put")
        status = HTTPStatus.OK if catalog.has(item_id) else HTTPStatus.CREATED
        return catalog.stored(change), status

    @routes.patch("/items/<id:item_id>")
    def patch(item_id: str) -> Response:
        query(NoQuery)
        if item_id.endswith(HIDDEN):  # as PUT and DELETE, it is about the hiding of an item
            raise MethodNotAllowed(["DELETE", "OPTIONS", "PUT"])
        change = body(ItemBody).change(item_id, "patch")
        if not catalog.has(item_id):
            raise NotFoundError(f"there is no item {item_id!r}{catalog.near(item_id)}; PUT makes one")
        return catalog.stored(change)

    @routes.delete("/items/<id:item_id>")
    def delete(item_id: str) -> Response:
        query(NoQuery)
        catalog.store([ItemChange(item_id, "delete", {})])
        return Response(status=204)

    @routes.post("/items")
    def put_many() -> Response:
        query(NoQuery)
        given = read_lines() if request.mimetype == LINES else [*body(ItemsBody).root]
        if len(given) > max_batch:
            raise BodyError(f"the body is a list of {len(given)} items; send at most {max_batch} at once")
        rejected: list[dict[str, Any]] = []
        changes = [change for place, value in enumerate(given) for change in _checked(place, value, rejected)]
        catalog.store(changes)
        return jsonify({"accepted": len(changes), "rejected": rejected})

    return routes


def _checked(place: int, value: object, rejected: list[dict[str, Any]]) -> Iterator[ItemChange]:
    """Yield the change of an item of a list, or add to `rejected` why there is none."""
    try:
        if isinstance(value, bytes):
            value = orjson.loads(value)
        yield ItemInList.model_validate(value).change()
    except orjson.JSONDecodeError as error:
        rejected.append({"place": place, "detail": f"this is not JSON: {error}"})
    except ValidationError as error:
        rejected.append({"place": place, "detail": problem_text(value, error)})
    except QueryError as error:
        rejected.append({"place": place, "detail": str(error)})
