"""What is said to a person in plain words: what was understood, the items with their reasons, and the question."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from recsys.chat.preferences import Mention, Understood
from recsys.chat.recommend import ChatReason, Reply
from recsys.data.filters import Condition, plain_text
from recsys.data.years import year_attribute
from recsys.model.model import Model
from recsys.recommend.answer import Recommendation

MOST_SAID = 5
LISTED = {"in": "only", "not in": "no"}
OPERATORS = {">=": "from", ">": "above", "<=": "up to", "<": "below"}


def plain_reply(model: Model, understood: Understood, reply: Reply) -> str:
    """The answer as a text of a few lines."""
    lines = [_heard(model, understood, reply)]
    for rank, (item, reason) in enumerate(zip(reply.answer.items, reply.reasons, strict=True), 1):
        why = reason_text(reason)
        if rank == _without(reply) and understood.likes:
            lines.append(f"Without {_asked_for(understood)}:")
        lines.append(f"{rank}. {_titled(model, item)}{f': {why}' if why else ''}")
    if reply.question is not None:
        lines.append(reply.question.text)
    return "\n".join(lines)


def _without(reply: Reply) -> int:
    """The rank from which on no item has a value that was asked for; 0 where all or none have, or they are mixed."""
    having = [bool(reason.attributes) for reason in reply.reasons]
    n = sum(having)
    return n + 1 if 0 < n < len(having) and all(having[:n]) else 0


def _asked_for(understood: Understood) -> str:
    return " or ".join(dict.fromkeys(one.value for one in understood.likes if one.attribute))


def reason_text(reason: ChatReason) -> str:
    """Why one item is there."""
    parts = []
    if reason.near is not None:
        parts.append(f"like {reason.near.title or reason.near.item_id}")
    if reason.attributes:
        parts.append(", ".join(value for _, value in reason.attributes))
    if reason.words:
        parts.append("with " + ", ".join(f'"{word}"' for word in reason.words))
    if reason.personal >= max(reason.meaning, reason.by_attributes, reason.by_words) and reason.personal > 0:
        parts.append("to your taste")
    if reason.popularity:
        parts.append("liked by many")
    return "; ".join(parts) or ("near in meaning" if reason.meaning > 0 else "")


def mention_text(model: Model, one: Mention) -> str:
    """What was meant by words that were said."""
    if one.items:
        num = one.items[0]
        return model.catalog.titles[num] or model.catalog.items.id(num)
    return one.value or f'"{one.said}"'


def condition_text(one: Condition) -> str:
    """A condition in words."""
    values = ", ".join(plain_text(value) for value in one.values)
    numbers = sorted(value for value in one.values if isinstance(value, float))
    if one.operator == "not in" and numbers:
        return f"{one.attribute} not {' nor '.join(_runs(numbers))}"
    if one.operator in LISTED:
        return f"{LISTED[one.operator]} {values}"
    return f"{one.attribute} {OPERATORS.get(one.operator, 'of')} {values}"


def _runs(numbers: list[float]) -> Iterator[str]:
    """Rising numbers, those that follow each other as one range."""
    begins = [place for place, one in enumerate(numbers) if not place or one != numbers[place - 1] + 1]
    for start, stop in pairwise([*begins, len(numbers)]):
        first, last = plain_text(numbers[start]), plain_text(numbers[stop - 1])
        yield first if start == stop - 1 else f"from {first} to {last}"


def _titled(model: Model, item: Recommendation) -> str:
    """A title with the item's year, by which it is told from others of that title."""
    year = year_attribute(model.attributes)
    value = None if year is None else model.catalog[model.catalog.items.known([item.item_id])[0]].attributes.get(year)
    title = item.title or item.item_id
    return title if value is None or str(value) in title else f"{title} ({value})"


def _heard(model: Model, understood: Understood, reply: Reply) -> str:
    likes = [mention_text(model, one) for one in understood.likes[-MOST_SAID:]]
    without = {f"{'no' if one.strong else 'less'} {one.value}" for one in understood.dislikes if one.attribute}
    dislikes = [f"not {mention_text(model, one)}" for one in understood.dislikes[-MOST_SAID:] if not one.attribute]
    numbers = [one for one in understood.filters if one.operator != "not in" or isinstance(one.values[0], float)]
    limits = [condition_text(one) for one in numbers] + sorted(without)
    heard = ", ".join([*dict.fromkeys(likes), *dict.fromkeys(dislikes), *limits])
    if not reply.answer.items:
        return f"Nothing is left for {heard}; take one of it back." if heard else "Nothing is left."
    if likes and all(reason.popularity and not reason.attributes for reason in reply.reasons):
        return f"Nothing is known of {heard}; liked by many:"
    if reply.answer.strategy == "popular":
        return f"Liked by many{f' ({heard})' if heard else ''}:"
    return f"For {heard}:" if heard else "To your taste:"
