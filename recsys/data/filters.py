"""Conditions on the attributes of items."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from recsys.errors import QueryError

Operator = Literal["in", "not in", ">=", "<=", ">", "<"]
OPERATORS: dict[str, Operator] = {":": "in", "!:": "not in", ">=": ">=", "<=": "<=", ">": ">", "<": "<"}
MOST_VALUES = 1000
FORM = (
    "write attribute:value, attribute:value,value (any of them), attribute!:value (none of them) "
    "or attribute>=number (also <=, > and <)"
)
FILTER = re.compile(r"(?P<attribute>.+?)(?P<operator>!:|>=|<=|[:<>])(?P<values>.*)", re.DOTALL)
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
LONGEST_NUMBER = 400
SHOWN = 100


@dataclass(frozen=True)
class Condition:
    """Condition on an attribute, a column of the items.

    Raises
    ------
    QueryError
        When the values do not fit the operator, or are more than MOST_VALUES.
    """

    attribute: str
    operator: Operator  # "in": one of the values; "not in": none of them; otherwise a comparison
    values: tuple[str | float, ...]  # strings for "in" and "not in", in any case; otherwise one finite number

    def __post_init__(self) -> None:
        about = f"the filter on {shown(self.attribute)}"
        if self.operator in ("in", "not in"):
            if not 1 <= len(self.values) <= MOST_VALUES:
                raise QueryError(f"{about} has {len(self.values)} values; it must have 1 to {MOST_VALUES}")
        elif len(self.values) != 1 or isinstance(self.values[0], str) or not math.isfinite(self.values[0]):
            raise QueryError(f"{about} compares with {self.values}; it must compare with one finite number")


def parse_filter(text: str) -> Condition:
    """Parse a condition from its short form.

    ``genre:sci-fi`` and ``genre:sci-fi,drama`` (any of them), ``genre!:horror`` (none of them), ``year>=1990``, ``<=``, ``>``,
    ``<``. The attribute ends at the first operator; nothing is stripped. Raises QueryError when `text` is malformed.
    """
    match = FILTER.fullmatch(text)
    if match is None:
        equals = "; for equality write : in place of =" if "=" in text else ""
        raise QueryError(f"filter {shown(text)} is not understood{equals}; {FORM}")
    attribute, operator, values = match.group("attribute", "operator", "values")
    if ":" in operator:
        parts = tuple(values.split(","))
        if "" in parts:
            raise QueryError(f"filter {shown(text)} has an empty value; {FORM}")
        return Condition(attribute, OPERATORS[operator], parts)
    number = number_in(values)
    if number is None:
        raise QueryError(
            f"filter {shown(text)} compares with {shown(values)}, which is not a number in plain digits; {FORM}"
        )
    return Condition(attribute, OPERATORS[operator], (number,))


def short_form(condition: Condition) -> str:
    """Return the short form of a condition, which :func:`parse_filter` reads if no value has a comma."""
    symbol = next(symbol for symbol, operator in OPERATORS.items() if operator == condition.operator)
    return f"{condition.attribute}{symbol}{','.join(map(plain_text, condition.values))}"


def number_in(text: str) -> float | None:
    """Return the finite number written in plain digits, such as ``-1.5``; None for ``+5``, ``1e5``, ``007`` and words."""
    if len(text) > LONGEST_NUMBER or not NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def plain_text(value: str | float) -> str:
    """Return a condition value for comparison with strings: an integer without a decimal point."""
    if isinstance(value, str):
        return value
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)


def shown(text: str) -> str:
    """Return `text` quoted for a message, truncated if long."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
