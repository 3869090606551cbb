"""Plain text of a reply: the preferences, the items with their reasons, and the question."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from recsys.chat.preferences import Mention, Preferences
from recsys.chat.recommend import ChatReason, Reply
from recsys.data.filters import Condition, plain_text
from recsys.data.years import year_attribute
from recsys.model.model import Model
from recsys.recommend.answer import Recommendation

MOST_STATED = 5
OPERATORS = {">=": "from", "<=": "up to"}


def plain_reply(model: Model, preferences: Preferences, reply: Reply) -> str:
    """Return the reply as a text of a few lines."""
    lines = [_headline(model, preferences, reply)]
    having = [bool(reason.attributes) for reason in reply.reasons]
    n = sum(having)  # items with a liked value
    first_without = n if 0 < n < len(having) and all(having[:n]) and preferences.likes else None
    for i, (item, reason) in enumerate(zip(reply.answer.items, reply.reasons, strict=True)):
        if i == first_without:
            values = dict.fromkeys(mention.value for mention in preferences.likes if mention.attribute)
            lines.append(f"Without {' or '.join(values)}:")
        why = reason_text(reason)
        lines.append(f"{i + 1}. {_titled(model, item)}{f': {why}' if why else ''}")
    if reply.question is not None:
        lines.append(reply.question.text)
    return "\n".join(lines)


def reason_text(reason: ChatReason) -> str:
    """Return why an item is recommended."""
    near, best = reason.near, max(reason.meaning, reason.by_attributes, reason.by_words)
    texts = (
        f"like {near.title or near.item_id}" if near else "",
        ", ".join(value for _, value in reason.attributes),
        "with " + ", ".join(f'"{word}"' for word in reason.words) if reason.words else "",
        "to your taste" if reason.personal > 0 and reason.personal >= best else "",
        "liked by many" if reason.popularity else "",
    )
    return "; ".join(filter(None, texts)) or ("near in meaning" if reason.meaning > 0 else "")


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
    if condition.operator in OPERATORS:
        return f"{condition.attribute} {OPERATORS[condition.operator]} {values}"
    if condition.operator == "not in" and numbers:
        return f"{condition.attribute} not {' nor '.join(_runs(numbers))}"
    return f"{'only' if condition.operator == 'in' else 'no'} {values}"


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
    dislikes = preferences.dislikes
    texts = [mention_text(model, like) for like in preferences.likes[-MOST_STATED:]]
    texts += [f"not {mention_text(model, item)}" for item in dislikes[-MOST_STATED:] if not item.attribute]
    filters = [each for each in preferences.filters if each.operator != "not in" or isinstance(each.values[0], float)]
    values = {f"{'no' if value.strong else 'less'} {value.value}" for value in dislikes if value.attribute}
    return [*dict.fromkeys(texts), *map(condition_text, filters), *sorted(values)]


def _runs(numbers: list[float]) -> Iterator[str]:
    """Yield rising numbers as text, successive numbers as one range."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        texts = [plain_text(number) for _, number in run]
        yield texts[0] if len(texts) == 1 else f"from {texts[0]} to {texts[-1]}"


def _titled(model: Model, item: Recommendation) -> str:
    """Return a title with the item's year, which tells items of the same title apart."""
    year = year_attribute(model.attributes)
    value = None if year is None else model.catalog[model.catalog.items.known([item.item_id])[0]].attributes.get(year)
    title = item.title or item.item_id
    return title if value is None or str(value) in title else f"{title} ({value})"
