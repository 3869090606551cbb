"""A column of ratings or counts as numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recsys.config import Decimal
from recsys.events.timestamps import number
from training.read.values import coded

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
ABSENT = -np.inf  # no number of a column is infinite
TRUTH = {"true": 1.0, "false": 0.0}
GROUPED = r"(?P<whole>\d{{1,3}}(?:[{group}\s'\u2019]\d{{3}})+|\d*)(?:\{point}(?P<part>\d+))?"
CURRENCY = r"(?:[^\W\d_]{1,3}\.?|[\u20a0-\u20cf$\u00a2-\u00a5%])?"
WRITTEN = {
    point: re.compile(
        rf"(?P<open>\()?(?P<sign>[+-])?{CURRENCY}\s*(?P<minus>-)?"
        rf"{GROUPED.format(group=group, point=point)}\s*{CURRENCY}(?(open)\))"
    )
    for point, group in ((".", ","), (",", r"\."))
}
KEPT, SHOWN = 1000, 5  # texts that are no number


@lru_cache(100_000)
def parsed(text: str, decimal: Decimal = "") -> float | None:
    """Return the number that a text spells, with a currency, spaces and separators of thousands where `decimal` is set."""
    plain = text.strip()
    if plain.casefold() in TRUTH:
        return TRUTH[plain.casefold()]
    if decimal != "," and (value := number(plain)) is not None:
        return value
    if not decimal or not (match := WRITTEN[decimal].fullmatch(plain)):
        return None
    digits = re.sub(r"\D", "", match["whole"])
    if not digits and not match["part"]:
        return None
    value = float(f"{digits or 0}.{match['part'] or 0}")
    return -value if match["open"] or match["sign"] == "-" or match["minus"] else value


class ValueColumn:
    """Reads the values of all chunks, and keeps what is no number."""

    def __init__(self, decimal: Decimal = "", missing: Sequence[str] = ()) -> None:
        self.decimal = decimal
        self.missing = [value for text in missing if (value := number(text.strip())) is not None]
        self.others: dict[str, None] = {}  # the first texts that are no number
        self.has_truth, self.has_numbers = False, False

    def numbers(self, column: pa.Array) -> Floats:
        """Return the number of each value, (n,): ABSENT for an absent one, NaN for a text that is no finite number."""
        from pyarrow import types

        if types.is_floating(column.type) or types.is_integer(column.type):
            values = column.cast("float64").to_numpy(zero_copy_only=False)
            absent = column.is_null().to_numpy(zero_copy_only=False)
            values = np.where(np.isfinite(values), values, np.nan)
            values = np.where(absent, ABSENT, values)
        else:
            codes, texts = coded(column)
            values = self._of_texts(texts)[codes] if texts else np.empty(0)
        return np.where(np.isin(values, self.missing), ABSENT, values) if self.missing else values

    def _of_texts(self, texts: Sequence[str]) -> Floats:
        found = [ABSENT if not text.strip() else parsed(text, self.decimal) for text in texts]
        values = np.array([np.nan if value is None else value for value in found], np.float64)
        for row in np.flatnonzero(np.isnan(values))[: KEPT - len(self.others)].tolist():
            self.others[texts[row]] = None
        self.has_numbers |= bool(np.isfinite(values).any())
        self.has_truth |= any(text.strip().casefold() in TRUTH for text in texts)
        return values

    def hint(self) -> str:
        """Return what to set so that the texts that are no number can be used."""
        return "; ".join([*self._settings(), 'data.value_column = "" leaves all values out'])

    def _settings(self) -> Iterator[str]:
        points: tuple[Decimal, ...] = (".", ",")
        readable = {point: [text for text in self.others if parsed(text, point) is not None] for point in points}
        most = max(points, key=lambda point: len(readable[point]))
        if readable[most]:
            text = readable[most][0]
            readings = {point: parsed(text, point) for point in points if text in readable[point]}
            same = len({len(texts) for texts in readable.values()}) == 1 and len(set(readings.values())) > 1
            yield " or ".join(
                f'data.decimal = "{point}" reads {text!r} as {value:.12g}'
                for point, value in readings.items()
                if same or point == most
            )
        rest = [text for text in self.others if text not in readable[most]]
        if self.has_numbers and 0 < len(rest) < SHOWN:  # many are no marks but another way to write values
            yield f"where no value is meant, data.missing = {json.dumps(rest, ensure_ascii=False)}"
