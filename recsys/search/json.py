"""JSON objects of search answers and captions, shared by command line and HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recsys.model.extras.picture_tags import Tag
from recsys.recommend.answer import Answer
from recsys.recommend.json import listed_object
from recsys.recommend.recommender import Recommender
from recsys.score_order import displayed
from recsys.search.pictures import PictureQuery, caption
from recsys.search.text import TextQuery


def search_object(
    answer: Answer, query: TextQuery | PictureQuery, subject: Mapping[str, Any], model_version: str
) -> dict[str, Any]:
    """Return the envelope of a search answer; a picture query is not repeated."""
    text = {} if query.text is None else {"query": query.text}
    return listed_object(answer, {**subject, **text, "mode": query.mode}, model_version)


def items_object(recommender: Recommender, nums: Sequence[int], next_offset: int | None) -> dict[str, Any]:
    """Return items of the catalog by row number, with their attributes."""
    found = (recommender.model.catalog[num] for num in nums)
    items = [{"item_id": item.item_id, "title": item.title, "attributes": dict(item.attributes)} for item in found]
    return {"model_version": recommender.model_version, "items": items, "next_offset": next_offset}


def users_object(recommender: Recommender, nums: Sequence[int]) -> dict[str, Any]:
    """Return users of the model by row number, with the number of items that they liked."""
    histories = recommender.model.histories
    users = [{"user_id": recommender.users.id(num), "n_liked": len(histories.items_of(num))} for num in nums]
    return {"model_version": recommender.model_version, "users": users}


def caption_object(tags: list[Tag], model_version: str) -> dict[str, Any]:
    """Return the caption and tags of a picture."""
    return {
        "model_version": model_version,
        "caption": caption(tags),
        "tags": [{**tag._asdict(), "score": displayed(tag.score), "share": displayed(tag.share)} for tag in tags],
    }
