"""Clarifying question: the one whose answer narrows the candidates most.

It splits the best POOL candidates, all equally likely. The information of its answer is the entropy of the split in bits,
``- sum p log2 p`` over the shares p of the answers (Quinlan 1986). Three kinds of questions are compared: has the item a value
or not (1 bit at most); which of a few values, for attributes with a single value; and, where neither brings ENOUGH, is a number
at least its median, which always brings about a bit. Nothing that was stated or asked before is asked again.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from recsys.chat.preferences import Preferences
from recsys.data.catalog import Catalog, Item

POOL = 50
FEWEST = 4  # candidates
ENOUGH = 0.8
LEAST = 0.3  # bits; no question with less is asked
MOST_OPTIONS = 4
RARELY = 0.1  # share of the candidates below which a value is no option
LONGEST = 60


class Option(NamedTuple):
    """Possible answer to a question."""

    label: str
    say: str  # the message that gives this answer
    n: int  # candidates that it leaves


class Question(NamedTuple):
    """Question with its options."""

    text: str
    attribute: str
    options: tuple[Option, ...]
    gain: float  # information of its answer, in bits
    n: int  # candidates that it splits


def clarifying(catalog: Catalog, nums: Sequence[int], preferences: Preferences) -> Question | None:
    """Return the question that splits the candidates best, given by their row numbers, best first; None where none does."""
    items = [catalog[num] for num in nums[:POOL]]
    if len(items) < FEWEST:
        return None
    stated = _stated(preferences)
    best = _best(_of_values(items, stated))
    if best is None or best.gain < ENOUGH:
        best = _best([*_of_numbers(items, stated), *([best] if best else [])])
    return best if best is not None and best.gain >= LEAST else None


def _stated(preferences: Preferences) -> set[tuple[str, str]]:
    """Return the attributes and values that were stated or asked for; (attribute, "") for a range."""
    values = {(one.attribute, one.value) for one in (*preferences.likes, *preferences.dislikes)}
    return values | preferences.asked | {(one.attribute, "") for one in preferences.filters if one.operator != "not in"}


def _best(questions: Iterable[Question]) -> Question | None:
    return max(questions, key=lambda one: (round(one.gain, 9), one.attribute, one.text), default=None)


def entropy(counts: Sequence[int]) -> float:
    """Return the entropy of a split into groups of these sizes, in bits."""
    n = sum(counts)
    return -sum(one / n * math.log2(one / n) for one in counts if one)


def _of_values(items: Sequence[Item], stated: Set[tuple[str, str]]) -> Iterator[Question]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    multiple: set[str] = set()
    for name, value in (pair for item in items for pair in item.attributes.items()):
        counts[name].update(_texts(value))
        multiple |= {name} if isinstance(value, list) else set()
    for name, having in sorted(counts.items()):
        free = [(value, n) for value, n in sorted(having.items()) if (name, value) not in stated and n < len(items)]
        yield from (_yes_or_no(name, value, n, len(items)) for value, n in free if n >= RARELY * len(items))
        if name not in multiple and len(free) == len(having):
            yield from _which(name, free, len(items))


def _texts(value: object) -> set[str]:
    """Return the short texts of the value of an attribute."""
    texts = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    return {text for text in texts if len(text) <= LONGEST}


def _yes_or_no(name: str, value: str, n: int, n_items: int) -> Question:
    options = (Option(value, value, n), Option(f"not {value}", f"no {value}", n_items - n))
    return Question(f"{value}, yes or no?", name, options, entropy((n, n_items - n)), n_items)


def _which(name: str, counts: Sequence[tuple[str, int]], n_items: int) -> Iterator[Question]:
    """Ask which of the most frequent values, or another."""
    frequent = [one for one in counts if one[1] >= RARELY * n_items]
    frequent = sorted(frequent, key=lambda one: (-one[1], one[0]))[:MOST_OPTIONS]
    rest = n_items - sum(n for _, n in frequent)
    if len(frequent) >= 2:
        options = [Option(value, value, n) for value, n in frequent]
        options += [Option("another", "none of them", rest)] if rest else []
        listed = ", ".join(option.label for option in options[:-1])
        text = f"Which {name}: {listed} or {options[-1].label}?"
        yield Question(text, name, tuple(options), entropy([option.n for option in options]), n_items)


def _of_numbers(items: Sequence[Item], stated: Set[tuple[str, str]]) -> Iterator[Question]:
    numbers: dict[str, list[float]] = defaultdict(list)
    for item in items:
        for name, value in item.attributes.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                numbers[name].append(float(value))
    for name, values in sorted(numbers.items()):
        median = sorted(values)[len(values) // 2]
        below = sum(one < median for one in values)
        if below and len(values) >= FEWEST and (name, "") not in stated:
            yield _from_or_below(name, median, below, len(values), len(items))


def _from_or_below(name: str, median: float, below: int, n: int, n_items: int) -> Question:
    """Ask for numbers from the median on, or below it."""
    bound = f"{median:.0f}" if median == int(median) else f"{median:g}"
    from_, under = ("since", "before") if "year" in name.casefold() else (f"{name} at least", f"{name} under")
    options = tuple(
        Option(f"{word} {bound}", f"{word} {bound}", size) for word, size in ((from_, n - below), (under, below))
    )
    text = f"{options[0].label[:1].upper()}{options[0].label[1:]}, or {under.removeprefix(f'{name} ')} it?"
    return Question(text, name, options, entropy((below, n - below)), n_items)
