"""Answers as JSON objects, the same on the command line and over HTTP."""

from __future__ import annotations

from recsys.catalog import Item
from recsys.recommender import Answer

DIGITS = 6


def answer_object(answer: Answer, subject: dict[str, str], model_version: str) -> dict[str, object]:
    """The envelope of a list; `subject` is whom or what was asked about, such as ``{"user_id": "u17"}``."""
    return {
        **subject,
        "model_version": model_version,
        "strategy": answer.strategy,
        "fallback": answer.fallback,
        "items": [
            {
                "rank": rank,
                "item_id": item.item_id,
                "score": round(item.score, DIGITS),
                "title": item.title,
                "source": item.source,
            }
            for rank, item in enumerate(answer.items, 1)
        ],
    }


def item_object(item: Item, model_version: str) -> dict[str, object]:
    """One record of the catalogue."""
    return {
        "item_id": item.item_id,
        "model_version": model_version,
        "title": item.title,
        "attributes": dict(item.attributes),
    }
