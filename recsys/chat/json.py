"""JSON object of the answer to a conversation, the same on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from recsys.chat.preferences import Mention, Preferences
from recsys.chat.recommend import ChatReason, Reply
from recsys.chat.reply_text import plain_reply
from recsys.data.filters import Condition
from recsys.model.model import Model
from recsys.score_order import displayed

MOST_OTHERS = 5
BOUND_KEYS = {">=": "min", "<=": "max"}
PhrasedBy = Literal["plain", "model"]


def chat_object(
    model: Model, preferences: Preferences, reply: Reply, subject: Mapping[str, Any], model_version: str
) -> dict[str, Any]:
    """Return the answer with its reply in plain words; `subject` states the user, such as ``{"user_id": "u17"}``."""
    answer, question = reply.answer, reply.question
    return {
        **subject,
        "model_version": model_version,
        "strategy": answer.strategy,
        "fallback": answer.fallback,
        "items": [
            {
                "rank": rank,
                "item_id": item.item_id,
                "score": displayed(item.score),
                "title": item.title,
                "source": item.source,
                "reason": _reason(reason),
            }
            for rank, (item, reason) in enumerate(zip(answer.items, reply.reasons, strict=True), 1)
        ],
        "question": None
        if question is None
        else {
            "text": question.text,
            "attribute": question.attribute,
            "options": [option._asdict() for option in question.options],
            "bits": displayed(question.gain),
            "candidates": question.n,
        },
        "understood": {
            "likes": [_mention(model, one) for one in preferences.likes],
            "dislikes": [_mention(model, one) for one in preferences.dislikes],
            "seen": [_mention(model, one) for one in preferences.seen],
            "filters": filter_objects(preferences.filters),
            "shown": [model.catalog.items.id(num) for num in sorted(preferences.shown)],
        },
        "reply": plain_reply(model, preferences, reply),
        "phrased_by": "plain",
    }


def filter_objects(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    """Return conditions in the form of request bodies."""
    lists = {"in": "any", "not in": "none"}
    return [
        {"attribute": one.attribute, lists[one.operator]: list(one.values)}
        if one.operator in lists
        else {"attribute": one.attribute, BOUND_KEYS[one.operator]: one.values[0]}
        for one in conditions
    ]


def _mention(model: Model, one: Mention) -> dict[str, Any]:
    shown: dict[str, Any] = {"said": one.said, "turn": one.turn, "weight": displayed(one.weight)}
    if one.items:
        ids = [model.catalog.items.id(num) for num in one.items[: MOST_OTHERS + 1]]
        shown |= {"item_id": ids[0], "title": model.catalog.titles[one.items[0]], "others": ids[1:]}
    if one.attribute:
        shown |= {"attribute": one.attribute, "value": one.value}
    return shown if one.strong else {**shown, "less": True}


def _reason(reason: ChatReason) -> dict[str, Any]:
    near = reason.near
    return {
        "near": None if near is None else {**near._asdict(), "score": displayed(near.score)},
        "attributes": [{"attribute": name, "value": value} for name, value in reason.attributes],
        "words": list(reason.words),
        "meaning": displayed(reason.meaning),
        "by_attributes": displayed(reason.by_attributes),
        "by_words": displayed(reason.by_words),
        "personal": displayed(reason.personal),
        "popularity": displayed(reason.popularity),
    }
