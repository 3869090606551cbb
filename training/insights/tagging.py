"""Fits suggestions of attribute values by the votes of near items, and measures them on held-out items.

Values in the text of a held-out item are taken out of it and the rest is encoded anew. The settings (k, threshold,
curve) are chosen on one half of the held-out items and measured on the other, both ways round; the final ones are
chosen on both.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.catalog import Catalog, Item
from recsys.data.packed import PackedStrings
from recsys.data.vectors import Vectors
from recsys.model.extras.tagging import SETTING, SPACES, Tagging
from recsys.model.similarity import Likeness
from training.insights.tag_votes import Chosen, cross_measured, vote

FEWEST_ITEMS = 20  # that have the attribute
FEWEST_OF_VALUE = 5  # that have a value
MOST_VALUES = 2000
COVERED = 0.5  # of the items that have the attribute, those with a value that repeats often enough
HELD_OUT = 240
STEPS = 100
SLOWLY = 100  # texts that a slow encoder encodes anew
JOINT = ". "  # between the parts of a text, see training.ingest.items

Encode = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, eq=False)
class Space:
    """Vector space of the items, (n_items, factors + text_dim), and its encoder.

    `encode` makes unit vectors (n, text_dim) of texts, of at most `most_encoded` texts for each attribute.
    """

    rows: Vectors
    factors: int
    likeness: Likeness
    encode: Encode
    most_encoded: int = HELD_OUT


def fit(catalog: Catalog, space: Space, advance: Callable[[int], None] = lambda _: None) -> Tagging | None:
    """Return the attributes of a catalog that can be suggested; None where no values repeat.

    `advance` takes the steps, STEPS in all, after each attribute.
    """
    columns = _columns(catalog)
    values_of = {name: values for name, column in columns.items() if (values := _repeating(column))}
    if not values_of:
        return None
    known = {name: _matrix(columns[name], values) for name, values in values_of.items()}
    chosen = []
    for num, name in enumerate(values_of):
        chosen += _fit_attribute(catalog, space, columns[name], known[name])
        advance(STEPS * (num + 1) // len(values_of) - STEPS * num // len(values_of))
    joined = sparse.hstack(list(known.values()), format="csr")
    joined.sort_indices()
    return Tagging(
        PackedStrings.from_strings(values_of),
        PackedStrings.from_strings(value for values in values_of.values() for value in values),
        _indptr(values_of.values()),
        np.array([max(map(len, columns[name])) == 1 for name in values_of], dtype=np.uint8),
        joined.indptr.astype(np.int64),
        joined.indices.astype(np.int32),
        np.array([choice.settings for choice in chosen]).reshape(len(values_of), len(SPACES), len(SETTING)),
        _indptr([choice.knots for choice in chosen]),
        np.concatenate([choice.knots for choice in chosen]),
    )


def figures(tagging: Tagging | None) -> dict[str, float]:
    """Return the metrics for the manifest: F1 by attribute and space, and of the most frequent values."""
    values: dict[str, float] = {}
    if tagging is None:
        return values
    for attribute, name in enumerate(tagging.names):
        for space in SPACES:
            measured = tagging.measured(attribute, space)
            if measured.tested:
                values[f"tags {name} f1 {space}"] = measured.f1
                values[f"tags {name} f1 most frequent"] = measured.base_f1
    return values


def without(item: Item, values: Sequence[str]) -> str:
    """Return the text of an item without the part that lists `values`."""
    parts, listed = item.text.split(JOINT), ", ".join(values)
    return JOINT.join(part for part in parts if part != listed)


def _columns(catalog: Catalog) -> dict[str, list[tuple[str, ...]]]:
    """Return the different values of each item for each attribute that is no number."""
    columns: defaultdict[str, list[tuple[str, ...]]] = defaultdict(lambda: [()] * len(catalog))
    for num, item in enumerate(catalog):
        for name, value in item.attributes.items():
            if isinstance(value, str | list):
                columns[name][num] = tuple(dict.fromkeys([value] if isinstance(value, str) else value))
    return columns


def _repeating(column: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the values of an attribute that are frequent enough, sorted; none where they cover too little."""
    counts = Counter(value for values in column for value in values)
    frequent = {value for value, n in counts.items() if n >= FEWEST_OF_VALUE}
    having = sum(bool(values) for values in column)
    covered = sum(not frequent.isdisjoint(values) for values in column)
    enough = having >= FEWEST_ITEMS and 2 <= len(frequent) <= MOST_VALUES and covered >= COVERED * having
    return sorted(frequent) if enough else []


def _fit_attribute(
    catalog: Catalog, space: Space, column: Sequence[tuple[str, ...]], known: sparse.csr_matrix
) -> list[Chosen]:
    """Return the settings in each of SPACES; `known` (n_items, n_values) is one where an item has a value."""
    having = np.flatnonzero(np.diff(known.indptr))
    by_chance = nsmallest(HELD_OUT, having.tolist(), key=lambda num: _digest(catalog.items.id(num)))
    single = max(map(len, column)) == 1
    tested, text = _text_rows(catalog, space, column, np.array(by_chance))
    blended = text.copy()
    blended[:, : space.factors] = space.rows[tested, : space.factors]
    chosen = []
    for queries in (blended, text):
        votes = vote(space.rows, queries, tested, known, having)
        chosen.append(cross_measured(votes, known[tested].toarray() > 0, known, single))
    return chosen


def _text_rows(
    catalog: Catalog, space: Space, column: Sequence[tuple[str, ...]], tested: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Vectors]:
    """Return the first of the tested items, as many as may be encoded, and their rows (n, factors + text_dim).

    The rows are those of texts alone, without the values of the attribute.
    """
    rows = np.zeros((len(tested), space.rows.shape[1]), dtype=np.float32)
    if space.rows.shape[1] == space.factors:
        return tested, rows
    items = [catalog[num] for num in tested.tolist()]
    texts = [without(item, column[num]) for item, num in zip(items, tested.tolist(), strict=True)]
    changed = [at for at, (item, text) in enumerate(zip(items, texts, strict=True)) if text != item.text]
    n = changed[space.most_encoded] if len(changed) > space.most_encoded else len(tested)
    tested, rows, changed = tested[:n], rows[:n], changed[: space.most_encoded]
    rows[:, space.factors :] = space.rows[tested, space.factors :]
    rows[changed] = 0
    encoded = [at for at in changed if texts[at]]
    if encoded:
        for at, vector in zip(encoded, space.encode([texts[at] for at in encoded]), strict=True):
            rows[at] = space.likeness.of_text(vector, np.zeros(space.factors, dtype=np.float32))
    return tested, rows


def _matrix(column: Sequence[tuple[str, ...]], values: Sequence[str]) -> sparse.csr_matrix:
    """Return ones where an item has a value, (n_items, n_values)."""
    nums = {value: num for num, value in enumerate(values)}
    rows = [sorted(nums[value] for value in row if value in nums) for row in column]
    indices = np.array([num for row in rows for num in row], dtype=np.int32)
    return sparse.csr_matrix((np.ones(len(indices)), indices, _indptr(rows)), shape=(len(column), len(values)))


def _indptr(rows: Iterable[Sized]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)


def _digest(item_id: str) -> bytes:
    """Return the key of a random order that is stable when items come and go, so that cached vectors are used."""
    return hashlib.sha256(item_id.encode()).digest()
