"""Number ranges in an utterance: "from the 80s", "nothing before 1990", "between 1970 and 1979", "under 120 minutes".

A year is a whole number of four digits; it belongs to the attribute that holds years. "The last 20 years" count from the newest
year of the catalog; its outer thirds are "old films" and "recent ones". Any other number belongs to the attribute named beside
it, or asked for. The patterns are those of ``recsys/text/english.toml``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from recsys.data.attributes import Attributes
from recsys.data.years import year_attribute
from recsys.text.tokens import fold
from recsys.text.vocabulary import NUMBER_RANGES

AROUND = 2
ALONE_WORDS = 3  # most words of an utterance that ends with a bare year: "films 1994"
INF = math.inf
NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)"
DECADE = r"(?:((?:1[0-9]|20)[0-9]|['\u2019]?[0-9])0['\u2019]?s)"
WRITTEN = {word: 1920 + 10 * n for n, word in enumerate(NUMBER_RANGES["written_decades"].split())}
PARTS: dict[str, tuple[int, int]] = NUMBER_RANGES["decade_parts"]
COMPARISONS: dict[str, list[str]] = NUMBER_RANGES["comparisons"]
FRAGMENTS = {
    "year": "((?:1[0-9]|20)[0-9]{2})",
    "decade": rf"(?:({'|'.join(PARTS)})[ -])?(?:{DECADE}|({'|'.join(WRITTEN)}))(?!\w)",
    **NUMBER_RANGES["fragments"],
}
BOUNDS: dict[str, Callable[[float, float, float], tuple[float, float]]] = {  # of (low, high, step), by kind
    "under": lambda low, _, step: (-INF, low - step),
    "over": lambda _, high, step: (high + step, INF),
    "least": lambda low, _high, _step: (low, INF),
    "most": lambda _low, high, _step: (-INF, high),
    "around": lambda low, high, _: (low - AROUND, high + AROUND),
    "between": lambda low, high, _: (min(low, high), max(low, high)),
    "alone": lambda low, high, _: (low, high),  # one year
}


class Range(NamedTuple):
    """Range of an attribute, and its characters in the text.

    Both ends belong to the range, and are infinite where it is open. "Before 1990" ends with 1989; "under 120 minutes"
    includes 120.
    """

    start: int
    stop: int
    attribute: str
    low: float = -INF
    high: float = INF

    def opposite(self, step: float) -> Range | None:
        """Return all other numbers, where the range is open at one end; `step` is the distance of two numbers."""
        if self.low == -INF:
            return self._replace(low=self.high + step, high=INF)
        return self._replace(low=-INF, high=self.low - step) if self.high == INF else None


def ranges(text: str, attributes: Attributes, taken: Iterable[tuple[int, int]]) -> list[Range]:
    """Return the ranges of an utterance in order, without those that overlap characters in `taken`."""
    free: list[Range] = []
    busy = list(taken)
    for numbers in _candidates(text, attributes):
        if all(numbers.stop <= start or numbers.start >= stop for start, stop in busy):
            free.append(numbers)
            busy.append((numbers.start, numbers.stop))
    return sorted(free)


def answer_range(text: str, question: Range, step: float) -> Range | None:
    """Return the range of a text such as "under 20" or "before it" after a question with a range; None for others.

    `step` is the distance of two numbers of the attribute.
    """
    for kind, words in COMPARISONS.items():
        match = re.fullmatch(rf"\W*(?:{'|'.join(words)}) (?:{NUMBER}|it|that)\W*", text, re.IGNORECASE)
        if match:
            number = float(match.group(1)) if match.group(1) else question.low if question.low > -INF else question.high
            return _range((0, len(text)), question.attribute, kind, number, number, step)
    return None


def _candidates(text: str, attributes: Attributes) -> Iterator[Range]:
    year = year_attribute(attributes)
    for name in attributes.nums:
        if name != year and attributes.numbers.any(attributes.nums[name]):
            yield from _of_attribute(text, name)
    if year:
        yield from _years(text, year)
        yield from _decades(text, year)
        yield from _relative(text, attributes, year)


def _of_attribute(text: str, name: str) -> Iterator[Range]:
    """Yield the ranges of numbers beside the name of an attribute."""
    called = rf"{re.escape(fold(name).replace('_', ' '))}(?:s|es)?"
    for kind, (words, *_) in COMPARISONS.items():
        behind, before = rf"{called} (?:is |of |that is )?(?:{words}) {NUMBER}", rf"(?:{words}) {NUMBER} {called}"
        for pattern in (behind, before):
            for match in re.finditer(rf"\b{pattern}\b", text, re.IGNORECASE):
                number = float(match.group(1))
                yield _range(match.span(), name, kind, number, number, 0.0)


def _years(text: str, name: str) -> Iterator[Range]:
    for form, kind in YEAR_FORMS:
        for match in form.finditer(text) if kind != "alone" or len(text.split()) <= ALONE_WORDS else ():
            numbers = [float(group) for group in match.groups()]
            yield _range(match.span(), name, kind, numbers[0], numbers[-1])


def _decades(text: str, name: str) -> Iterator[Range]:
    for form, kind in DECADE_FORMS:
        for match in form.finditer(text):
            part, digits, word = match.groups()
            decade = 0 if word else int(digits.lstrip("'\u2019"))  # 198 and 8 are the 1980s, 1 the 2010s
            century = 0 if decade >= 100 else 2000 if decade < 3 else 1900
            first = WRITTEN[word.casefold()] if word else 10 * decade + century
            begin, end = PARTS[part.casefold()] if part else (0, 9)
            yield _range(match.span(), name, kind, first + begin, first + end)


def _relative(text: str, attributes: Attributes, name: str) -> Iterator[Range]:
    """Yield the ranges that depend on the years of the catalog."""
    num = attributes.nums[name]
    values = attributes.numbers.values[attributes.numbers.indptr[num] : attributes.numbers.indptr[num + 1]]
    for match in LAST_YEARS.finditer(text):
        yield Range(*match.span(), name, low=float(values[-1]) - int(match.group(1)))
    third = len(values) // 3
    for match in OLD_OR_NEW.finditer(text):
        bounds = (-INF, float(values[third])) if match.group(1) else (float(values[-1 - third]), INF)
        yield Range(*match.span(), name, *bounds)


def _range(span: tuple[int, int], name: str, kind: str, low: float, high: float, step: float = 1.0) -> Range:
    return Range(*span, name, *BOUNDS[kind](low, high, step))


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<(\w+)>", lambda match: FRAGMENTS[match.group(1)], text), re.IGNORECASE)


YEAR_FORMS = [(_pattern(rf"\b{form}(?![\w'\u2019])"), kind) for form, kind in NUMBER_RANGES["years"]]
DECADE_FORMS = [(_pattern(rf"(?<!\w){form}"), kind) for form, kind in NUMBER_RANGES["decades"]]
LAST_YEARS, OLD_OR_NEW = _pattern(NUMBER_RANGES["last_years"]), _pattern(NUMBER_RANGES["old_or_new"])
