"""Dates that are written as texts, as seconds since 1970 UTC.

Texts are taken apart by regular expressions of Arrow, all at a time; there is no loop over rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recsys.events.timestamps import LATEST, seconds
from training.read.values import coded

if TYPE_CHECKING:
    import pyarrow as pa

Times = NDArray[np.int64]
NO_DATE = np.int64(-1)
LATER_CENTURY = 70  # years of two digits from here on are of 1900
CLOCK = r"(?:(?:T|,?\s+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
HALF = r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
ZONE = r"(?:\s*(?P<zone>Z|[A-Z]{3}|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?))?(?:\s+\([^)]*\))?"
WEEKDAY, MONTH = r"^(?:[A-Za-z]{3,9},?\s+)?", r"(?P<name>[A-Za-z]{3,9})\.?"
DAY, YEAR = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<year>\d{4}|\d{2})"
END = CLOCK + HALF + ZONE + "$"
PATTERNS = (
    r"^(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + END,
    r"^(?P<first>\d{1,2})[-/.](?P<next>\d{1,2})[-/.]" + YEAR + END,
    WEEKDAY + DAY + r"[\s./-]+" + MONTH + r",?[\s./-]+" + YEAR + END,  # RFC 2822
    WEEKDAY + MONTH + r"\s+" + DAY + r",?\s+(?P<year>\d{4})" + END,
    WEEKDAY + MONTH + r"\s+" + DAY + CLOCK + HALF + ZONE + r"\s+(?P<year>\d{4})$",  # ctime
)
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
ZONES = {"": 0, "Z": 0, "UTC": 0, "GMT": 0, "EDT": -4, "EST": -5, "CDT": -5, "CST": -6}  # hours, RFC 2822 section 4.3
ZONES |= {"MDT": -6, "MST": -7, "PDT": -7, "PST": -8}
OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?")


@dataclass(frozen=True, eq=False)
class Dates:
    """Seconds of texts, (n,), -1 for no date between 1970 and 2100: with the day before the month, and after it."""

    day_first: Times
    month_first: Times


def read_dates(texts: pa.Array) -> Dates:
    """Return the seconds of each text; dates without a zone are of UTC."""
    import pyarrow as pa
    from pyarrow import compute

    texts = compute.utf8_trim_whitespace(texts)
    day_first, month_first = np.full((2, len(texts)), NO_DATE)
    rest = np.arange(len(texts))
    for pattern in PATTERNS:
        parts = compute.extract_regex(texts.take(pa.array(rest)), pattern)
        matched = parts.is_valid().to_numpy(zero_copy_only=False)
        if matched.any():
            where, fields = rest[matched], _Fields(parts.filter(pa.array(matched)))
            day_first[where], month_first[where] = fields.seconds("first", "next"), fields.seconds("next", "first")
            rest = rest[~matched]
        if not len(rest):
            return Dates(day_first, month_first)
    others = [seconds(text) for text in texts.take(pa.array(rest)).to_pylist()]  # less common forms of ISO 8601
    day_first[rest] = month_first[rest] = [NO_DATE if moment is None else moment for moment in others]
    return Dates(day_first, month_first)


def read_format(texts: pa.Array, form: str) -> Times:
    """Return the seconds of each text, (n,), by a format of :meth:`datetime.datetime.strptime`."""
    return np.array([_by_format(text, form) for text in texts.to_pylist()], np.int64)


def _by_format(text: str, form: str) -> int:
    with suppress(ValueError):
        moment = datetime.strptime(text.strip(), form)
        found = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        return int(found) if 0 <= found < LATEST else -1
    return -1


def seconds_of_fields(year: Times, month: Times, day: Times, of_day: Times | int = 0) -> Times:
    """Return the seconds of dates, (n,), plus `of_day`; -1 where there is no such date between 1970 and 2100."""
    is_month = (month >= 1) & (month <= 12)
    months = ((year - 1970) * 12 + np.where(is_month, month, 1) - 1).astype("M8[M]")
    days = months.astype("M8[D]") + (day - 1)
    is_date = is_month & (day >= 1) & (days.astype("M8[M]") == months)
    found = days.astype(np.int64) * 86_400 + of_day
    return np.where(is_date & (found >= 0) & (found < LATEST), found, NO_DATE)


class _Fields:
    """The parts of texts of one form."""

    def __init__(self, parts: pa.StructArray) -> None:
        from pyarrow import compute

        self.parts = {field.name: parts.field(number) for number, field in enumerate(parts.type)}
        self.of_day = self._of_day()
        year = self._number("year")
        century = np.where(year < LATER_CENTURY, 2000, 1900)
        is_short = compute.equal(compute.utf8_length(self.parts["year"]), 2).to_numpy(zero_copy_only=False)
        self.year = np.where(is_short, year + century, year)

    def seconds(self, day: str, month: str) -> Times:
        """Return the seconds with the day and the month in these fields, where the form does not name its own."""
        if "name" in self.parts:
            months = self._mapped("name", lambda text: _month_of(text.lower()))
        else:
            months = self._number("month" if "month" in self.parts else month)
        days = self._number("day" if "day" in self.parts else day)
        found = seconds_of_fields(self.year, months, days)
        in_utc = found + self.of_day
        return np.where((found >= 0) & (self.of_day > -200_000) & (in_utc >= 0) & (in_utc < LATEST), in_utc, NO_DATE)

    def _of_day(self) -> Times:
        """Return the seconds since midnight UTC of the date, -1e6 for what is no time of a day."""
        hour, minute, second = self._number("hour"), self._number("minute"), self._number("second")
        half = self._mapped("half", lambda text: "ap".find(text.lower()) if text else -1)
        zone = self._mapped("zone", _offset)
        is_time = (
            (minute < 60) & (second <= 60) & (zone < 200_000) & np.where(half < 0, hour < 24, (hour - 1) % 12 < 12)
        )
        is_time &= (half < 0) | ((hour >= 1) & (hour <= 12))
        hour = np.where(half < 0, hour, hour % 12 + 12 * half)
        return np.where(is_time, hour * 3600 + minute * 60 + second - zone, -1_000_000)

    def _number(self, name: str) -> Times:
        """Return the numbers of a field, (n,), 0 where it is empty."""
        from pyarrow import compute

        column = self.parts[name]
        column = compute.if_else(compute.equal(column, ""), "0", column)
        return np.asarray(column.cast("int64").to_numpy(zero_copy_only=False))

    def _mapped(self, name: str, number: Callable[[str], int]) -> Times:
        codes, texts = coded(self.parts[name])
        return np.array([number(text) for text in texts], np.int64)[codes]


def _month_of(name: str) -> int:
    """Return the number of an English month, 0 for another word; three letters or more suffice."""
    return next((number for number, month in enumerate(MONTHS, 1) if month.startswith(name)), 9 * (name == "sept"))


def _offset(zone: str) -> int:
    """Return the seconds that a zone is before UTC, more than 1e6 for an unknown zone."""
    if (match := OFFSET.fullmatch(zone)) is None:
        return ZONES.get(zone, 1000) * 3600
    sign, hours, minutes = match.groups("0")
    return (-1 if sign == "-" else 1) * (int(hours) * 3600 + int(minutes) * 60)
