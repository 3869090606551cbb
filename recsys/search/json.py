"""Search answers and captions as JSON objects, the same on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recsys.model.extras.picture_tags import Tag
from recsys.recommend.answer import Answer
from recsys.recommend.json import listed_object
from recsys.score_order import displayed
from recsys.search.pictures import PictureQuery, caption
from recsys.search.text import TextQuery


def search_object(
    answer: Answer, query: TextQuery | PictureQuery, subject: Mapping[str, Any], model_version: str
) -> dict[str, Any]:
    """The envelope of what was found for a text, or for a picture, which is not repeated."""
    text = {} if query.text is None else {"query": query.text}
    return listed_object(answer, {**subject, **text, "mode": query.mode}, model_version)


def caption_object(tags: list[Tag], model_version: str) -> dict[str, Any]:
    """What a picture shows."""
    return {
        "model_version": model_version,
        "caption": caption(tags),
        "tags": [{**tag._asdict(), "score": displayed(tag.score), "share": displayed(tag.share)} for tag in tags],
    }
