"""Ranges of numbers in an utterance: "from the 80s", "nothing before 1990", "between 1970 and 1979", "under 120 minutes".

A year is a whole number of four digits; it belongs to the attribute of the items that holds years, the newest of which is
today for "the last 20 years", and the outer thirds of which are "old films" and "recent ones". Any other number belongs to the
attribute that is named beside it, or that was asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from recsys.data.attributes import Attributes
from recsys.data.years import year_attribute
from recsys.text.tokens import fold

AROUND = 2
ALONE_WORDS = 3  # of an utterance that ends with a year: "films 1994"
INF = math.inf
Y = r"((?:1[0-9]|20)[0-9]{2})"
DECADE = r"(?:((?:1[0-9]|20)[0-9]|['\u2019]?[0-9])0['\u2019]?s)"
WRITTEN = {
    "twenties": 1920, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960, "seventies": 1970,
    "eighties": 1980, "nineties": 1990,
}  # fmt: skip
PARTS = {"early": (0, 3), "mid": (3, 7), "late": (6, 9)}
BEFORE = r"(?:from |made |released )?(?:before|prior to|earlier than|older than|pre)"
AFTER = r"(?:from |made |released )?(?:after|later than|newer than|more recent than|younger than|post)"
SINCE = r"(?:since|starting (?:in|from))"
UNTIL = r"(?:until|till|up to|no later than)"
OVER = r"over|above|more than|longer than|higher than|greater than|bigger than"
UNDER = r"under|below|less than|shorter than|lower than|cheaper than|smaller than"
LEAST, MOST = r"at least|minimum|from", r"at most|maximum|up to|no more than"
THING = r"films?|movies?|books?|albums?|songs?|games?|pictures?"
NUM = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)"


class Range(NamedTuple):
    """A range of an attribute and where it stands in the text, in characters.

    Parameters
    ----------
    start, stop : int
    attribute : str
    low, high : float
        Both belong to it; infinite where it is open. "Before 1990" ends with 1989; "under 120 minutes" is not so exact.
    """

    start: int
    stop: int
    attribute: str
    low: float = -INF
    high: float = INF

    def opposite(self, step: float) -> Range | None:
        """All other numbers, where the range is open at one end; `step` is the distance of two numbers."""
        if self.low == -INF:
            return self._replace(low=self.high + step, high=INF)
        return self._replace(low=-INF, high=self.low - step) if self.high == INF else None


YEAR_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b{pattern}(?![\w'\u2019])", re.IGNORECASE), kind)
    for pattern, kind in (
        (rf"(?:not|nothing|none|no \w+|never)(?: \w+)? older than {Y}", "least"),
        (rf"(?:not|nothing|none|no \w+|never)(?: \w+)? (?:newer|younger|later) than {Y}", "most"),
        (rf"between (?:the years )?{Y} and {Y}", "between"),
        (rf"from {Y} (?:to|till|until|through) {Y}", "between"),
        (rf"{Y} ?[-\u2013] ?{Y}", "between"),
        (rf"(?:from|since|made in) {Y} (?:on|onwards?|or later|and later|up)", "least"),
        (rf"{Y} (?:or|and) (?:later|newer|after)(?! [0-9])", "least"),
        (rf"{Y} (?:or|and) (?:earlier|older|before)(?! [0-9])", "most"),
        (rf"{BEFORE}[ -](?:the year )?{Y}", "under"),
        (rf"{AFTER}[ -](?:the year )?{Y}", "over"),
        (rf"{SINCE} {Y}", "least"),
        (rf"(?:at least|minimum) {Y}", "least"),
        (rf"{Y} ?\+", "least"),
        (rf"(?:at most|maximum) {Y}", "most"),
        (rf"{UNTIL} {Y}", "most"),
        (rf"(?:around|about|circa|near) {Y}", "around"),
        (rf"(?:from|in|of|year|made in|released in) {Y}", "equal"),
        (rf"{Y}(?= (?:{THING})\b)", "equal"),
        (rf"(?<![^\s]){Y}(?=[\s.!?]*$)", "alone"),
    )
)
LAST_YEARS = re.compile(r"\b(?:from |in |of )?(?:the )?(?:last|past) ([0-9]{1,3}) years\b", re.IGNORECASE)
OLD_OR_NEW = re.compile(
    rf"\b(?:(old|vintage|classic)|(new|recent|modern|contemporary))(?=[\s]*(?:$|[,.!?;]| (?:{THING}|ones?|stuff)\b))",
    re.IGNORECASE,
)
ANY_DECADE = rf"(?:(early|mid|late)[ -])?(?:{DECADE}|({'|'.join(WRITTEN)}))(?!\w)"
DECADE_FORMS = tuple(
    (re.compile(rf"(?<!\w){pattern}", re.IGNORECASE), kind)
    for pattern, kind in (
        (rf"{BEFORE} (?:the )?{ANY_DECADE}", "under"),
        (rf"{AFTER} (?:the )?{ANY_DECADE}", "over"),
        (rf"{SINCE} (?:the )?{ANY_DECADE}", "least"),
        (rf"from (?:the )?{ANY_DECADE} (?:on|onwards?)(?!\w)", "least"),
        (rf"(?:from |in |of )?(?:the )?{ANY_DECADE}", "within"),
    )
)


def ranges(text: str, attributes: Attributes, taken: list[tuple[int, int]]) -> list[Range]:
    """The ranges of an utterance, in its order, none of which meets a part that is `taken`."""
    found: list[Range] = []
    busy = list(taken)
    year = year_attribute(attributes)
    of_years = (*_years(text, year), *_relative(text, attributes, year)) if year else ()
    for one in (*_of_names(text, attributes, year), *of_years):
        if all(one.stop <= start or one.start >= stop for start, stop in busy):
            found.append(one)
            busy.append((one.start, one.stop))
    return sorted(found)


def _years(text: str, name: str) -> Iterator[Range]:
    for form, kind in YEAR_FORMS:
        for match in form.finditer(text):
            numbers = [float(one) for one in match.groups()]
            if kind == "alone" and len(text.split()) > ALONE_WORDS:
                continue
            yield _bounded(match.start(), match.end(), name, kind, numbers[0], numbers[-1])
    for form, kind in DECADE_FORMS:
        for match in form.finditer(text):
            low, high = _decade(match.group(1), match.group(2), match.group(3))
            yield _bounded(match.start(), match.end(), name, kind, high if kind == "over" else low, high)


def _relative(text: str, attributes: Attributes, name: str) -> Iterator[Range]:
    """Ranges by the years that the catalogue has."""
    num = attributes.nums[name]
    values = attributes.numbers.values[attributes.numbers.indptr[num] : attributes.numbers.indptr[num + 1]]
    for match in LAST_YEARS.finditer(text):
        yield Range(*match.span(), name, low=float(values[-1]) - int(match.group(1)))
    for match in OLD_OR_NEW.finditer(text):
        if match.group(1):
            yield Range(*match.span(), name, high=float(values[len(values) // 3]))
        else:
            yield Range(*match.span(), name, low=float(values[-1 - len(values) // 3]))


def answered(text: str, asked: Range, step: float) -> Range | None:
    """What "under 20", "at least 39.15" or "before it" says behind a question with a range, and with nothing else in it.

    `step` is the distance of two numbers of the attribute.
    """
    for words, kind in (
        (f"{OVER}|after", "over"),
        (f"{UNDER}|before", "under"),
        (f"{LEAST}|since", "least"),
        (MOST, "most"),
    ):
        match = re.fullmatch(rf"\W*(?:{words}) (?:{NUM}|it|that)\W*", text, re.IGNORECASE)
        if match:
            number = float(match.group(1)) if match.group(1) else asked.low if asked.low > -INF else asked.high
            return _bounded(0, len(text), asked.attribute, kind, number, number, step)
    return None


def _decade(part: str | None, digits: str | None, word: str | None) -> tuple[float, float]:
    if word:
        first = WRITTEN[word.casefold()]
    else:
        assert digits is not None
        decade = int(digits.lstrip("'\u2019"))
        first = 10 * decade if decade >= 100 else (2000 if decade < 3 else 1900) + 10 * decade
    begin, end = PARTS[part.casefold()] if part else (0, 9)
    return first + begin, first + end


def _bounded(start: int, stop: int, name: str, kind: str, low: float, high: float, step: float = 1.0) -> Range:
    if kind == "under":
        return Range(start, stop, name, high=low - step)
    if kind == "over":
        return Range(start, stop, name, low=high + step)
    if kind == "least":
        return Range(start, stop, name, low=low)
    if kind == "most":
        return Range(start, stop, name, high=high)
    if kind == "around":
        return Range(start, stop, name, low - AROUND, high + AROUND)
    return Range(start, stop, name, min(low, high), max(low, high))  # between, within, equal


def _of_names(text: str, attributes: Attributes, year: str | None) -> Iterator[Range]:
    """Ranges of attributes that are named beside a number."""
    for name in attributes.nums:
        if name == year or not attributes.numbers.any(attributes.nums[name]):
            continue
        named = rf"{re.escape(fold(name).replace('_', ' '))}(?:s|es)?"
        for words, kind in ((OVER, "over"), (UNDER, "under"), (LEAST, "least"), (MOST, "most")):
            for pattern in (rf"\b{named} (?:is |of |that is )?(?:{words}) {NUM}\b", rf"\b(?:{words}) {NUM} {named}\b"):
                for match in re.finditer(pattern, text, re.IGNORECASE):
                    number = float(match.group(1))
                    yield _bounded(match.start(), match.end(), name, kind, number, number, 0.0)
