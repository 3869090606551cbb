"""Answers as JSON objects, the same on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recsys.answers import Answer, Reason, Recommendation
from recsys.catalog import Item
from recsys.picture_search import PictureQuery, caption
from recsys.picture_tags import Tag
from recsys.text_search import TextQuery

DIGITS = 6


def answer_object(answer: Answer, subject: Mapping[str, Any], model_version: str) -> dict[str, Any]:
    """The envelope of a list; `subject` is whom or what was asked about, such as ``{"user_id": "u17"}``."""
    return {
        **subject,
        "model_version": model_version,
        "strategy": answer.strategy,
        "fallback": answer.fallback,
        "items": [_item(rank, item) for rank, item in enumerate(answer.items, 1)],
    }


def listed_object(answer: Answer, subject: Mapping[str, Any], model_version: str) -> dict[str, Any]:
    """The envelope of a list that has pages."""
    return {**answer_object(answer, subject, model_version), "next_offset": answer.next_offset}


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
        "tags": [
            {**tag._asdict(), "score": round(tag.score, DIGITS), "share": round(tag.share, DIGITS)} for tag in tags
        ],
    }


def item_object(item: Item, model_version: str) -> dict[str, Any]:
    """One record of the catalogue."""
    return {
        "item_id": item.item_id,
        "model_version": model_version,
        "title": item.title,
        "attributes": dict(item.attributes),
    }


def _item(rank: int, item: Recommendation) -> dict[str, Any]:
    shown = {
        "rank": rank,
        "item_id": item.item_id,
        "score": round(item.score, DIGITS),
        "title": item.title,
        "source": item.source,
    }
    return shown if item.reason is None else {**shown, "reason": _reason(item.reason)}


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "because": [
            {
                "item_id": cause.item_id,
                "title": cause.title,
                "score": round(cause.score, DIGITS),
                "share": round(cause.share, DIGITS),
            }
            for cause in reason.because
        ],
        "others": round(reason.others, DIGITS),
        "collaborative": round(reason.collaborative, DIGITS),
        "content": round(reason.content, DIGITS),
        "popularity": round(reason.popularity, DIGITS),
    }
