"""JSON object of the answer to a conversation, the same on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from recsys.chat.clarify import Question
from recsys.chat.preferences import Mention, Preferences
from recsys.chat.recommend import ChatReason, Reply
from recsys.chat.reply_text import plain_reply
from recsys.data.filters import Condition
from recsys.model.model import Model
from recsys.recommend.json import answer_object
from recsys.score_order import displayed

MOST_OTHERS = 5
FILTER_KEYS = {"in": "any", "not in": "none", ">=": "min", "<=": "max"}
PhrasedBy = Literal["plain", "model"]


def chat_object(
    model: Model, preferences: Preferences, reply: Reply, subject: Mapping[str, Any], model_version: str
) -> dict[str, Any]:
    """Return the answer with its reply in plain words; `subject` states the user, such as ``{"user_id": "u17"}``."""
    answer = answer_object(reply.answer, subject, model_version)
    sides = {"likes": preferences.likes, "dislikes": preferences.dislikes, "seen": preferences.seen}
    return {
        **answer,
        "items": [
            {**item, "reason": _reason(reason)} for item, reason in zip(answer["items"], reply.reasons, strict=True)
        ],
        "question": None if reply.question is None else _question(reply.question),
        "understood": {
            **{side: [_mention(model, mention) for mention in mentions] for side, mentions in sides.items()},
            "filters": [_filter(condition) for condition in preferences.filters],
            "shown": [model.catalog.items.id(num) for num in sorted(preferences.shown)],
        },
        "reply": plain_reply(model, preferences, reply),
        "phrased_by": "plain",
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "text": question.text,
        "attribute": question.attribute,
        "options": [option._asdict() for option in question.options],
        "bits": displayed(question.gain),
        "candidates": question.n,
    }


def _filter(condition: Condition) -> dict[str, Any]:
    """Return a condition in the form of request bodies."""
    value = list(condition.values) if condition.operator in {"in", "not in"} else condition.values[0]
    return {"attribute": condition.attribute, FILTER_KEYS[condition.operator]: value}


def _mention(model: Model, mention: Mention) -> dict[str, Any]:
    fields: dict[str, Any] = {"said": mention.said, "turn": mention.turn, "weight": displayed(mention.weight)}
    if mention.items:
        ids = [model.catalog.items.id(num) for num in mention.items[: MOST_OTHERS + 1]]
        fields |= {"item_id": ids[0], "title": model.catalog.titles[mention.items[0]], "others": ids[1:]}
    if mention.attribute:
        fields |= {"attribute": mention.attribute, "value": mention.value}
    return fields if mention.strong else {**fields, "less": True}


def _reason(reason: ChatReason) -> dict[str, Any]:
    near = reason.near
    return {
        "near": None if near is None else {**near._asdict(), "score": displayed(near.score)},
        "attributes": [{"attribute": name, "value": value} for name, value in reason.attributes],
        "words": list(reason.words),
        **{name: displayed(value) for name, value in reason._asdict().items() if isinstance(value, float)},
    }
