"""The question whose answer tells most about what is wanted.

It splits the best POOL candidates, each of which is as likely to be meant as another. The information that its answer brings is
the entropy of the split in bits, ``- sum p log2 p`` over the shares p of the answers (Quinlan 1986). Three kinds of questions
are compared: has it a value or not (1 bit at most); which of a few values, of an attribute of which each item has one; and,
where neither brings ENOUGH, a number from its median on or below it, which would always bring a bit. What was said or asked
before is not asked again.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from recsys.chat.preferences import Understood
from recsys.data.catalog import Catalog, Item

POOL = 50
FEWEST = 4  # candidates that can be told apart
ENOUGH = 0.8
LEAST = 0.3  # bits, under which nothing is asked
MOST_OPTIONS = 4
RARELY = 0.1  # share of the candidates below which a value is no option
LONGEST = 60


class Option(NamedTuple):
    """A possible answer.

    Parameters
    ----------
    label : str
    say : str
        What the next message may be.
    n : int
        The candidates that it leaves.
    """

    label: str
    say: str
    n: int


class Question(NamedTuple):
    """A question.

    Parameters
    ----------
    text, attribute : str
    options : tuple of Option
    gain : float
        What its answer tells, in bits.
    n : int
        The candidates that it splits.
    """

    text: str
    attribute: str
    options: tuple[Option, ...]
    gain: float
    n: int


def clarifying(catalog: Catalog, nums: Sequence[int], understood: Understood) -> Question | None:
    """The question that splits the candidates best, given by their row numbers, best first; None where none does."""
    items = [catalog[num] for num in nums[:POOL]]
    if len(items) < FEWEST:
        return None
    said = {(one.attribute, one.value) for one in (*understood.likes, *understood.dislikes)} | understood.asked
    said |= {(one.attribute, "") for one in understood.filters if one.operator != "not in"}
    texts = _best(_of_values(items, said))
    if texts is not None and texts.gain >= ENOUGH:
        return texts
    best = _best(one for one in (texts, _best(_of_numbers(items, said))) if one is not None)
    return best if best is not None and best.gain >= LEAST else None


def _best(questions: Iterator[Question]) -> Question | None:
    return max(questions, key=lambda one: (round(one.gain, 9), one.attribute, one.text), default=None)


def entropy(counts: Sequence[int]) -> float:
    """Of a split into so many, in bits."""
    n = sum(counts)
    return -sum(one / n * math.log2(one / n) for one in counts if one)


def _of_values(items: Sequence[Item], said: set[tuple[str, str]]) -> Iterator[Question]:
    having: dict[str, Counter[str]] = defaultdict(Counter)
    several: set[str] = set()
    for item in items:
        for name, value in item.attributes.items():
            texts = value if isinstance(value, list) else [value] if isinstance(value, str) else []
            if isinstance(value, list):
                several.add(name)
            having[name].update({one for one in texts if len(one) <= LONGEST})
    for name, counts in sorted(having.items()):
        free = [(value, n) for value, n in sorted(counts.items()) if (name, value) not in said and n < len(items)]
        for value, n in free:
            if n >= RARELY * len(items):
                yield _yes_or_no(name, value, n, len(items))
        if name not in several and len(free) == len(counts):
            yield from _which(name, free, len(items))


def _yes_or_no(name: str, value: str, n: int, n_items: int) -> Question:
    options = (Option(value, value, n), Option(f"not {value}", f"no {value}", n_items - n))
    return Question(f"{value}, yes or no?", name, options, entropy((n, n_items - n)), n_items)


def _which(name: str, counts: Sequence[tuple[str, int]], n_items: int) -> Iterator[Question]:
    """Which of the most frequent values, or another."""
    often = sorted((one for one in counts if one[1] >= RARELY * n_items), key=lambda one: (-one[1], one[0]))[
        :MOST_OPTIONS
    ]
    rest = n_items - sum(n for _, n in often)
    if len(often) < 2:
        return
    options = [Option(value, value, n) for value, n in often]
    if rest:
        options.append(Option("another", "none of them", rest))
    listed = ", ".join(option.label for option in options[:-1])
    text = f"Which {name}: {listed} or {options[-1].label}?"
    yield Question(text, name, tuple(options), entropy([option.n for option in options]), n_items)


def _of_numbers(items: Sequence[Item], said: set[tuple[str, str]]) -> Iterator[Question]:
    numbers: dict[str, list[float]] = defaultdict(list)
    for item in items:
        for name, value in item.attributes.items():
            if isinstance(value, int | float) and not isinstance(value, bool) and (name, "") not in said:
                numbers[name].append(float(value))
    for name, values in sorted(numbers.items()):
        middle = sorted(values)[len(values) // 2]
        below = sum(one < middle for one in values)
        if not below or len(values) < FEWEST:
            continue
        shown = f"{middle:.0f}" if middle == int(middle) else f"{middle:g}"
        named = "" if "year" in name.casefold() else f"{name} "
        later, earlier = ("since", "before") if not named else ("at least", "under")
        options = (
            Option(f"{named}{later} {shown}", f"{named}{later} {shown}", len(values) - below),
            Option(f"{named}{earlier} {shown}", f"{named}{earlier} {shown}", below),
        )
        text = f"{options[0].label[:1].upper()}{options[0].label[1:]}, or {earlier} it?"
        yield Question(text, name, options, entropy((below, len(values) - below)), len(items))
