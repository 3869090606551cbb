"""Plain text of a reply: the preferences, the items with their reasons, and the question."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from recsys.chat.preferences import Mention, Preferences
from recsys.chat.recommend import ChatReason, Reply
from recsys.data.filters import Condition, plain_text
from recsys.data.years import year_attribute
from recsys.model.model import Model
from recsys.recommend.answer import Recommendation

MOST_STATED = 5
LISTED = {"in": "only", "not in": "no"}
OPERATORS = {">=": "from", ">": "above", "<=": "up to", "<": "below"}


def plain_reply(model: Model, preferences: Preferences, reply: Reply) -> str:
    """Return the reply as a text of a few lines."""
    lines = [_headline(model, preferences, reply)]
    for rank, (item, reason) in enumerate(zip(reply.answer.items, reply.reasons, strict=True), 1):
        if rank == _first_without(reply) and preferences.likes:
            lines.append(f"Without {_liked_values(preferences)}:")
        why = reason_text(reason)
        lines.append(f"{rank}. {_titled(model, item)}{f': {why}' if why else ''}")
    if reply.question is not None:
        lines.append(reply.question.text)
    return "\n".join(lines)


def reason_text(reason: ChatReason) -> str:
    """Return why an item is recommended."""
    near, parts = reason.near, (reason.meaning, reason.by_attributes, reason.by_words)
    texts = (
        (near is not None, f"like {near.title or near.item_id}" if near else ""),
        (reason.attributes, ", ".join(value for _, value in reason.attributes)),
        (reason.words, "with " + ", ".join(f'"{word}"' for word in reason.words)),
        (reason.personal > 0 and reason.personal >= max(parts), "to your taste"),
        (reason.popularity, "liked by many"),
    )
    return "; ".join(text for applies, text in texts if applies) or ("near in meaning" if reason.meaning > 0 else "")


def mention_text(model: Model, mention: Mention) -> str:
    """Return the item, value or text that a mention refers to."""
    if mention.items:
        num = mention.items[0]
        return model.catalog.titles[num] or model.catalog.items.id(num)
    return mention.value or f'"{mention.said}"'


def condition_text(condition: Condition) -> str:
    """Return a condition in words."""
    values = ", ".join(map(plain_text, condition.values))
    numbers = sorted(value for value in condition.values if isinstance(value, float))
    if condition.operator == "not in" and numbers:
        return f"{condition.attribute} not {' nor '.join(_runs(numbers))}"
    if condition.operator in LISTED:
        return f"{LISTED[condition.operator]} {values}"
    return f"{condition.attribute} {OPERATORS.get(condition.operator, 'of')} {values}"


def _headline(model: Model, preferences: Preferences, reply: Reply) -> str:
    stated = ", ".join(_stated(model, preferences))
    if not reply.answer.items:
        return f"Nothing is left for {stated}; take one of it back." if stated else "Nothing is left."
    if preferences.likes and all(reason.popularity and not reason.attributes for reason in reply.reasons):
        return f"Nothing is known of {stated}; liked by many:"
    if reply.answer.strategy == "popular":
        return f"Liked by many{f' ({stated})' if stated else ''}:"
    return f"For {stated}:" if stated else "To your taste:"


def _stated(model: Model, preferences: Preferences) -> list[str]:
    """Return the latest likes and dislikes, the limits of numbers, and the unwanted values."""
    likes = [mention_text(model, one) for one in preferences.likes[-MOST_STATED:]]
    dislikes = [f"not {mention_text(model, one)}" for one in preferences.dislikes[-MOST_STATED:] if not one.attribute]
    limits = [
        *(condition_text(one) for one in preferences.filters if one.operator != "not in" or _is_of_numbers(one)),
        *sorted({f"{'no' if one.strong else 'less'} {one.value}" for one in preferences.dislikes if one.attribute}),
    ]
    return [*dict.fromkeys(likes), *dict.fromkeys(dislikes), *limits]


def _is_of_numbers(condition: Condition) -> bool:
    return isinstance(condition.values[0], float)


def _first_without(reply: Reply) -> int:
    """Return the rank from which on no item has a liked value; 0 where all or none have one, or they are mixed."""
    having = [bool(reason.attributes) for reason in reply.reasons]
    n = sum(having)
    return n + 1 if 0 < n < len(having) and all(having[:n]) else 0


def _liked_values(preferences: Preferences) -> str:
    return " or ".join(dict.fromkeys(one.value for one in preferences.likes if one.attribute))


def _runs(numbers: list[float]) -> Iterator[str]:
    """Yield rising numbers as text, successive numbers as one range."""
    begins = [i for i, number in enumerate(numbers) if not i or number != numbers[i - 1] + 1]
    for start, stop in pairwise([*begins, len(numbers)]):
        first, last = plain_text(numbers[start]), plain_text(numbers[stop - 1])
        yield first if start == stop - 1 else f"from {first} to {last}"


def _titled(model: Model, item: Recommendation) -> str:
    """Return a title with the item's year, which tells items of the same title apart."""
    year = year_attribute(model.attributes)
    value = None if year is None else model.catalog[model.catalog.items.known([item.item_id])[0]].attributes.get(year)
    title = item.title or item.item_id
    return title if value is None or str(value) in title else f"{title} ({value})"
