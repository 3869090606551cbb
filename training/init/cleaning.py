"""Keys for what is odd: rows without an id, marks of missing values, returns, amounts with a currency, ids of two forms."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from recsys.config import Decimal
from recsys.events.timestamps import number
from training.ingest.id_form import matching_forms
from training.ingest.numbers import parsed
from training.ingest.value_checks import is_mark
from training.init.finding import Finding

MOST = 0.9  # of the values
TOLERATED = 0.01  # of the rows, as data.max_rejected by default
MOST_UNUSABLE = 0.5  # of the rows, from which on a file is not to be used as it is
OFTEN = 0.01  # of the values, from which on one of them may mean a missing value
MANY_NEGATIVE = 0.1  # of the values, from which on they are ratings around 0 and no returns
MATCHING = 0.5  # of the ids without a record, from which on a form is no coincidence
TRIED = 5000  # distinct texts


def unusable_rows(columns: Mapping[str, Sequence[str]], records: Sequence[str]) -> Iterator[Finding]:
    """Yield the share of rows to leave out: interactions without an id or a time, `records` of items with the id of another."""
    rows = list(zip(*columns.values(), strict=True))
    without = {f"rows without {name}": sum(not value for value in values) for name, values in columns.items()}
    again = len(records) - len(set(records))
    shares = [sum(not all(row) for row in rows) / max(1, len(rows)), again / max(1, len(records))]
    if TOLERATED < max(shares) <= MOST_UNUSABLE:
        reasons = [f"{n} {what}" for what, n in (without | {"records of an item that has one": again}).items() if n]
        why = f"left out are {', '.join(reasons)}"
        yield Finding("data", "max_rejected", math.ceil(100 * max(shares) + 1) / 100, False, why)


def decimal_point(values: Sequence[str]) -> Decimal | None:
    """Return the decimal point with which texts such as '$1,234.50' are numbers: empty for plain numbers, None for texts."""
    texts = list(dict.fromkeys(value for value in values if value))[:TRIED]
    points: tuple[Decimal, ...] = ("", ".", ",")
    shares = {point: sum(parsed(text, point) is not None for text in texts) / max(1, len(texts)) for point in points}
    best = max(points, key=lambda point: shares[point])
    return best if shares[best] > MOST else None


def missing_mark(values: Sequence[str], ids: Sequence[Sequence[str]]) -> str:
    """Return the text, such as -1 or 99, that means no value: often there, far from the others, and no id; else empty."""
    counts = Counter(value for value in values if value)
    for text, n in counts.most_common():
        value = number(text)
        others = [found for other in counts if other != text and (found := number(other)) is not None]
        is_often = n >= OFTEN * counts.total()
        if (
            is_often
            and value is not None
            and is_mark(value, np.array(others), None)
            and not any(text in some for some in ids)
        ):
            return text
    return ""


def negative_values(name: str, values: Sequence[str], point: Decimal) -> Iterator[Finding]:
    """Yield what values below 0 mean: ratings around 0 where they are many, returns otherwise."""
    numbers = [found for value in values if value and (found := parsed(value, point)) is not None]
    n = sum(value < 0 for value in numbers)
    if n > MANY_NEGATIVE * len(numbers):
        why = f"{n} of {len(numbers)} values of {name} are below 0: ratings, liked from this one on"
        yield Finding("data", "threshold", 0.0, False, why)
    elif n:
        why = f'{n} of {len(numbers)} values of {name} are below 0: returns, which reduce what was bought; "drop" ignores them'
        yield Finding("data", "negative", "net", False, why, ("drop", "reject"))


def form_of_ids(ids: Sequence[str], records: Sequence[str]) -> Iterator[Finding]:
    """Yield what ids of two tables have to lose so that those without a record match one."""
    known = set(records)
    unknown = [one for one in dict.fromkeys(ids) if one and one not in known]
    forms, share = matching_forms(unknown, list(known)) if unknown and known else ((), 0.0)
    if share >= MATCHING:
        why = f"{share:.0%} of {len(unknown)} ids without a record match after that, such as {unknown[0]!r}"
        yield Finding("data", "id_form", list(forms), False, why)
