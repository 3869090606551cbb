"""What there is to say of one operation of the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel

from serving.schemas.queries import NoQuery, Query

TAGS: Final[Mapping[str, str]] = {
    "recommend": "Lists",
    "similar": "Lists",
    "popular": "Lists",
    "rank": "Lists",
    "search": "Search",
    "query": "Search",
    "chat": "Search",
    "clusters": "Exploration",
    "segments": "Exploration",
    "map": "Exploration",
    "directions": "Exploration",
    "caption": "Search",
    "items": "Items",
    "tags": "Items",
    "anomalies": "Anomalies",
    "events": "Events and users",
    "users": "Events and users",
}

Scope = Literal["none", "read", "write", "admin"]
Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked of the service.

    Parameters
    ----------
    endpoint : str
        Name of the Flask endpoint, ``blueprint.function``.
    method, path : str
        The path as OpenAPI writes it, ``/items/{item_id}``.
    summary, description : str
    query : subclass of Query
        Its parameters.
    body : pydantic model or None
    media : tuple of str
        Types of a body beside JSON.
    answer : pydantic model, media type or None
        A model: JSON of its shape; a media type such as ``text/html``: text; None: an answer without content.
    status : int
        Of the answer.
    errors : tuple of int
        Statuses of problems beside those that every operation has.
    scope : str
        What a key must be allowed to do; "none": no key is asked for.
    always : bool
        It is answered however busy the service is, and not counted by rate limits.
    stored_id : bool
        The id of the path goes into the event store, which takes no NUL and no more than 512 bytes.
    example : object
        Of a body.
    """

    endpoint: str
    method: Method
    path: str
    summary: str
    description: str = ""
    query: type[Query] = NoQuery
    body: type[BaseModel] | None = None
    media: tuple[str, ...] = ()
    answer: type[BaseModel] | str | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
    scope: Scope = "read"
    always: bool = False
    stored_id: bool = False
    example: object = None

    @property
    def tag(self) -> str:
        """The heading under which it is listed."""
        return TAGS.get(self.path.split("/")[1], "Operation of the service")
