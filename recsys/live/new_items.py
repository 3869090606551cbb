"""Items that came after the training: their records, texts and vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recsys.data.catalog import Attribute, Item
from recsys.data.item_text import PROSE, joined_text, text_columns
from recsys.data.vectors import Vectors
from recsys.events.item_values import TITLE, ItemChange, Value
from recsys.model.new_items import NewItemRules
from recsys.text.attribute_terms import value_text
from recsys.text.bm25 import weighted_words


@dataclass(frozen=True, eq=False)
class NewItem:
    """An item that the model does not know.

    Parameters
    ----------
    vector : float32 array (text_dim,) or None
        Unit vector of its text as encoded; None: not encoded yet, or without a text.
    own : float32 array (factors,) or None
        Its factors by fold-in of its users, None without users.
    n_users : int
        Users whose events count in `own`.
    """

    item: Item
    vector: Vectors | None = None
    own: Vectors | None = None
    n_users: int = 0

    def with_data(self, vector: Vectors | None, own: Vectors | None, n_users: int) -> NewItem:
        """Return the same record with a vector and factors."""
        item = NewItem(self.item, vector, own, n_users)
        item._word_counts.update(self._word_counts)
        return item

    @cached_property
    def _word_counts(self) -> dict[str | None, Mapping[str, int]]:
        return {}

    def words(self, year: str | None) -> Mapping[str, int]:
        """Return what its words count together; `year` is the attribute that is the year."""
        if year not in self._word_counts:
            self._word_counts[year] = weighted_words(self.item.text, self.item.title, value_text(self.item, year))
        return self._word_counts[year]


def new_item(change: ItemChange, rules: NewItemRules) -> Item:
    """Return the record of an unknown item, as training makes it of the same values."""
    values = {name: value for name, value in change.values.items() if value not in (None, "", [])}
    title = values.pop(TITLE, "")
    separator = rules.list_separator
    attributes = {name: attribute(value, separator if name not in PROSE else "") for name, value in values.items()}
    texts = {**attributes, rules.title_column or TITLE: str(title)}
    columns = text_columns(rules.text_columns, texts, rules.title_column)
    text = joined_text(_entries(texts.get(name, "")) for name in columns)
    return Item(change.item_id, str(title), text, attributes)


def attribute(value: Value | None, separator: str = "") -> Attribute:
    """Return a value as training reads it from a file: a text with the separator of lists is a list."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return value.split(separator) if separator and isinstance(value, str) and separator in value else value


def _entries(value: Attribute) -> Sequence[str]:
    return value if isinstance(value, list) else [str(value)]


def stacked(items: Sequence[NewItem], dim: int, factors: int) -> tuple[Vectors, Vectors, np.ndarray]:
    """Return the vectors (m, dim), the own factors (m, factors) and the numbers of users (m,) of new items."""
    vectors, own = np.zeros((len(items), dim), dtype=np.float32), np.zeros((len(items), factors), dtype=np.float32)
    for row, item in enumerate(items):
        if item.vector is not None and len(item.vector) == dim:
            vectors[row] = item.vector
        if item.own is not None:
            own[row] = item.own
    return vectors, own, np.array([item.n_users for item in items], dtype=np.int64)
