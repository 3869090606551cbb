"""Clarifying question: the question whose answer narrows the candidates most.

It splits the best POOL candidates, all equally likely. The information of its answer is the entropy of the split in bits,
``- sum p log2 p`` over the shares p of the answers (Quinlan 1986). Three kinds of questions are compared: has the item a value
or not (1 bit at most); which of a few values, for attributes with a single value; and, where neither brings ENOUGH, is a number
at least its median, which always brings about a bit. Nothing that was stated or asked before is asked again.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
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
    stated = {(mention.attribute, mention.value) for mention in (*preferences.likes, *preferences.dislikes)}
    stated |= {(condition.attribute, "") for condition in preferences.filters if condition.operator != "not in"}
    stated |= preferences.asked
    questions = list(_of_values(items, stated))
    if max((question.gain for question in questions), default=0.0) < ENOUGH:
        questions += _of_numbers(items, stated)
    best = max(questions, key=lambda each: (round(each.gain, 9), each.attribute, each.text), default=None)
    return best if best and best.gain >= LEAST else None


def entropy(counts: Sequence[int]) -> float:
    """Return the entropy of a split into groups of these sizes, in bits."""
    n = sum(counts)
    return -sum(count / n * math.log2(count / n) for count in counts if count)


def _question(text: str, attribute: str, options: Sequence[Option], n_items: int) -> Question:
    return Question(text, attribute, tuple(options), entropy([option.n for option in options]), n_items)


def _of_values(items: Sequence[Item], stated: Set[tuple[str, str]]) -> Iterator[Question]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    multiple: set[str] = set()
    for name, value in (pair for item in items for pair in item.attributes.items()):
        texts = value if isinstance(value, list) else [value] if isinstance(value, str) else []
        counts[name].update({text for text in texts if len(text) <= LONGEST})
        multiple |= {name} if isinstance(value, list) else set()
    for name, having in sorted(counts.items()):
        free = [(value, n) for value, n in sorted(having.items()) if (name, value) not in stated and n < len(items)]
        frequent = [(value, n) for value, n in free if n >= RARELY * len(items)]
        for value, n in frequent:
            options = (Option(value, value, n), Option(f"not {value}", f"no {value}", len(items) - n))
            yield _question(f"{value}, yes or no?", name, options, len(items))
        if name not in multiple and len(free) == len(having):
            yield from _which(name, frequent, len(items))


def _which(name: str, counts: Sequence[tuple[str, int]], n_items: int) -> Iterator[Question]:
    """Ask which of the most frequent values, or another."""
    frequent = sorted(counts, key=lambda pair: (-pair[1], pair[0]))[:MOST_OPTIONS]
    rest = n_items - sum(n for _, n in frequent)
    if len(frequent) >= 2:
        options = [Option(value, value, n) for value, n in frequent]
        options += [Option("another", "none of them", rest)] if rest else []
        listed = ", ".join(option.label for option in options[:-1])
        yield _question(f"Which {name}: {listed} or {options[-1].label}?", name, options, n_items)


def _of_numbers(items: Sequence[Item], stated: Set[tuple[str, str]]) -> Iterator[Question]:
    """Ask for numbers from the median on, or below it."""
    numbers: dict[str, list[float]] = defaultdict(list)
    for name, value in (pair for item in items for pair in item.attributes.items()):
        if isinstance(value, int | float) and not isinstance(value, bool):
            numbers[name].append(float(value))
    for name, values in sorted(numbers.items()):
        median = sorted(values)[len(values) // 2]
        below = sum(value < median for value in values)
        if below and len(values) >= FEWEST and (name, "") not in stated:
            bound = f"{median:.0f}" if median == int(median) else f"{median:g}"
            is_year = "year" in name.casefold()
            from_, under = ("since", "before") if is_year else (f"{name} at least", f"{name} under")
            counts = ((f"{from_} {bound}", len(values) - below), (f"{under} {bound}", below))
            label = counts[0][0]
            text = f"{label[:1].upper()}{label[1:]}, or {under.removeprefix(f'{name} ')} it?"
            yield _question(text, name, [Option(answer, answer, n) for answer, n in counts], len(items))
