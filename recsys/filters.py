"""Conditions on the attributes of items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operator = Literal["in", "not in", ">=", "<=", ">", "<"]


@dataclass(frozen=True)
class Condition:
    """One condition on an attribute.

    Parameters
    ----------
    attribute : str
        A column of the items.
    operator : str
        "in": one of the values; "not in": none of them; otherwise a comparison with the one number.
    values : tuple
        Strings for "in" and "not in" (case does not matter), one finite number otherwise.
    """

    attribute: str
    operator: Operator
    values: tuple[str | float, ...]
