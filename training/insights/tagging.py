"""Which attributes can be suggested by the votes of near items, how their votes are counted, and how right that is.

Held-out items are asked for as if they had no value: where the values stand in an item's text they are taken out of it and the
rest is encoded anew, so that nothing is found that the text said. What is chosen (k, threshold, curve) is chosen on one half of
them and measured on the other, both ways round; what is kept is chosen on both.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.catalog import Catalog, Item
from recsys.data.packed import PackedStrings
from recsys.data.vectors import Vectors
from recsys.model.extras.tagging import SETTING, SPACES, Tagging
from recsys.model.similarity import Likeness
from training.insights.tag_votes import Chosen, Votes, cross_measured

FEWEST_ITEMS = 20  # that have the attribute
FEWEST_OF_VALUE = 5  # that have a value
MOST_VALUES = 2000
COVERED = 0.5  # of the items that have the attribute, those with a value that repeats often enough
HELD_OUT = 240
SLOWLY = 100  # texts that an encoder encodes anew which takes its time
JOINT = ". "  # between the parts of a text, see training.ingest.items

Encode = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, eq=False)
class Space:
    """Where items are near each other.

    Parameters
    ----------
    rows : float32 array (n_items, factors + text_dim)
        The rows of items that are like an item.
    factors : int
    likeness : Likeness
    encode : callable
        Texts to unit vectors, (n, text_dim).
    most_encoded : int
        So many texts for each attribute at most.
    """

    rows: Vectors
    factors: int
    likeness: Likeness
    encode: Encode
    most_encoded: int = HELD_OUT


def fit(catalog: Catalog, space: Space) -> Tagging | None:
    """The attributes of a catalogue that can be suggested; None where no values repeat."""
    columns = _columns(catalog)
    kept = {name: found for name, values in columns.items() if (found := _repeating(values)) is not None}
    if not kept:
        return None
    chosen = [_fit_attribute(catalog, space, columns[name], kept[name]) for name in kept]
    sizes = [len(values) for values in kept.values()]
    value_indptr = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    indptr, nums = _by_item(columns, kept, value_indptr, len(catalog))
    knots = [one.knots for pair in chosen for one in pair]
    return Tagging(
        PackedStrings.from_strings(kept),
        PackedStrings.from_strings(value for values in kept.values() for value in values),
        value_indptr,
        np.array([max(map(len, columns[name])) == 1 for name in kept], dtype=np.uint8),
        indptr,
        nums,
        np.array([[one.settings for one in pair] for pair in chosen]).reshape(len(kept), len(SPACES), len(SETTING)),
        np.concatenate(([0], np.cumsum([len(one) for one in knots]))).astype(np.int64),
        np.concatenate(knots),
    )


def figures(tagging: Tagging | None) -> dict[str, float]:
    """What the manifest keeps of the held-out items: F1 by attribute and space, beside that of the most frequent values."""
    found: dict[str, float] = {}
    if tagging is None:
        return found
    for attribute, name in enumerate(tagging.names):
        for space in SPACES:
            measured = tagging.measured(attribute, space)
            if measured.tested:
                found[f"tags {name} f1 {space}"] = measured.f1
                found[f"tags {name} f1 most frequent"] = measured.base_f1
    return found


def without(item: Item, values: Sequence[str]) -> str:
    """The text of an item without the part that lists `values`."""
    parts, listed = item.text.split(JOINT), ", ".join(values)
    return JOINT.join(part for part in parts if part != listed)


def _columns(catalog: Catalog) -> dict[str, list[tuple[str, ...]]]:
    """For each attribute of words the values of each item, each once."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for num, item in enumerate(catalog):
        for name, value in item.attributes.items():
            if isinstance(value, str | list):
                column = found.setdefault(name, [()] * len(catalog))
                column[num] = tuple(dict.fromkeys([value] if isinstance(value, str) else value))
    return found


def _repeating(column: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """The values of an attribute that are frequent enough to be learned, sorted; None where they say too little of it."""
    counts = Counter(value for values in column for value in values)
    kept = {value for value, n in counts.items() if n >= FEWEST_OF_VALUE}
    having = sum(bool(values) for values in column)
    covered = sum(not kept.isdisjoint(values) for values in column)
    if having < FEWEST_ITEMS or not 2 <= len(kept) <= MOST_VALUES or covered < COVERED * having:
        return None
    return tuple(sorted(kept))


def _fit_attribute(
    catalog: Catalog, space: Space, column: Sequence[tuple[str, ...]], values: Sequence[str]
) -> list[Chosen]:
    """What is chosen in each of SPACES."""
    known = _matrix(column, values)
    having = np.flatnonzero(np.diff(known.indptr))
    by_chance = sorted(having.tolist(), key=lambda num: _digest(catalog.items.id(num)))[:HELD_OUT]
    single = max(map(len, column)) == 1
    tested, text = _text_rows(catalog, space, column, np.array(by_chance))
    blended = text.copy()
    blended[:, : space.factors] = space.rows[tested, : space.factors]
    chosen = []
    for queries in (blended, text):
        votes = Votes.of(space.rows, queries, tested, known, having)
        chosen.append(cross_measured(votes, known[tested].toarray() > 0, known, single))
    return chosen


def _text_rows(
    catalog: Catalog, space: Space, column: Sequence[tuple[str, ...]], tested: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Vectors]:
    """The rows of items by their texts alone, without what the attribute says, (n, factors + text_dim).

    Before them the items: the first of those given, not so many that too many texts would have to be encoded.
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
    """Ones where an item has a value, (n_items, n_values)."""
    nums = {value: num for num, value in enumerate(values)}
    found = [sorted(nums[value] for value in row if value in nums) for row in column]
    indptr = np.concatenate(([0], np.cumsum([len(row) for row in found])))
    indices = np.array([num for row in found for num in row], dtype=np.int32)
    return sparse.csr_matrix((np.ones(len(indices)), indices, indptr), shape=(len(column), len(values)))


def _by_item(
    columns: dict[str, list[tuple[str, ...]]],
    kept: dict[str, tuple[str, ...]],
    value_indptr: NDArray[np.int64],
    n_items: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The values of all attributes by item, as :class:`Tagging` has them."""
    joined = sparse.hstack([_matrix(columns[name], values) for name, values in kept.items()], format="csr")
    joined.sort_indices()
    assert joined.shape == (n_items, value_indptr[-1])
    return joined.indptr.astype(np.int64), joined.indices.astype(np.int32)


def _digest(item_id: str) -> bytes:
    """An order by chance that stays the same when items come and go, so that what was encoded serves again."""
    return hashlib.sha256(item_id.encode()).digest()
