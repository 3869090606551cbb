"""JSON objects of answers, shared by command line and HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recsys.data.catalog import Item
from recsys.recommend.answer import Answer, Reason, Recommendation
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
    return {**answer_object(answer, subject, model_version), "next_offset": answer.next_offset}


def item_object(item: Item, model_version: str) -> dict[str, Any]:
    """Return a record of the catalog."""
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
        "score": displayed(item.score),
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
                "score": displayed(cause.score),
                "share": displayed(cause.share),
            }
            for cause in reason.because
        ],
        "others": displayed(reason.others),
        "collaborative": displayed(reason.collaborative),
        "content": displayed(reason.content),
        "popularity": displayed(reason.popularity),
    }
