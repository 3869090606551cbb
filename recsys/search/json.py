"""JSON objects of search answers and captions, shared by command line and HTTP."""

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
    """Return the envelope of a search answer; a picture query is not repeated."""
    text = {} if query.text is None else {"query": query.text}
    return listed_object(answer, {**subject, **text, "mode": query.mode}, model_version)


def caption_object(tags: list[Tag], model_version: str) -> dict[str, Any]:
    """Return the caption and tags of a picture."""
    return {
        "model_version": model_version,
        "caption": caption(tags),
        "tags": [{**tag._asdict(), "score": displayed(tag.score), "share": displayed(tag.share)} for tag in tags],
    }
