"""Whether a user belongs to an audience, which filters on attributes describe."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping

from recsys.data.catalog import Attribute
from recsys.data.filters import Condition, number_in, plain_text

COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def belongs(attributes: Mapping[str, Attribute], audience: Iterable[Condition]) -> bool:
    """Return whether attributes satisfy all conditions, as those of an item satisfy the filters of a list.

    A user without an attribute has none of its values: ``country:CH`` fails, and ``country!:CH`` holds.
    """
    return all(_satisfies(attributes.get(one.attribute), one) for one in audience)


def _satisfies(value: Attribute | None, condition: Condition) -> bool:
    values = value if isinstance(value, list) else [] if value is None else [value]
    if condition.operator in COMPARE:
        (bound,) = condition.values
        assert not isinstance(bound, str)
        compare = COMPARE[condition.operator]
        return any(not isinstance(one, str) and compare(one, bound) for one in values)
    has = any(_equal(one, wanted) for one in values for wanted in condition.values)
    return has == (condition.operator == "in")


def _equal(value: str | float, wanted: str | float) -> bool:
    if isinstance(value, str):
        return value.casefold() == plain_text(wanted).casefold()
    return value == (number_in(wanted) if isinstance(wanted, str) else wanted)
