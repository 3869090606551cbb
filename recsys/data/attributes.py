"""Attributes of the items, and filters on them."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from recsys.data.attribute_index import Numbers, Nums, Texts, digest, invert_numbers, invert_texts
from recsys.data.catalog import Attribute, Catalog
from recsys.data.filters import Condition, number_in, plain_text, shown
from recsys.data.packed import PackedStrings
from recsys.data.part import Fields, Nested, Part, Size
from recsys.errors import BundleError, QueryError, did_you_mean

Kind = Literal["number", "text", "number and text"]
FEW = 20
KNOWN = "; known are "


@dataclass(frozen=True, eq=False)
class Attributes(Part):
    """Attribute values of the items, inverted.

    A missing attribute satisfies neither a comparison nor "in", and satisfies "not in". An attribute may hold numbers for some
    items and strings for others; a list satisfies "in" by any of its entries.

    Parameters
    ----------
    strings : PackedStrings
        Names of the attributes, in the order of first occurrence.
    n_items : int
    numbers : Numbers
    texts : Texts

    Raises
    ------
    BundleError
        When the parts do not fit together.
    """

    name: ClassVar[str] = "attributes"
    fields: ClassVar[Fields] = {
        "strings": Nested(PackedStrings, "names"),
        "n_items": Size("items"),
        "numbers": Nested(Numbers),
        "texts": Nested(Texts),
    }

    strings: PackedStrings
    n_items: int
    numbers: Numbers
    texts: Texts
    nums: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            names = list(self.strings)
        except UnicodeDecodeError as error:
            raise BundleError("attributes: a name is not UTF-8") from error
        if len(names) != len(set(names)):
            raise BundleError("attributes: a name stands twice")
        object.__setattr__(self, "nums", {name: num for num, name in enumerate(names)})

    @classmethod
    def from_catalog(cls, catalog: Catalog) -> Attributes:
        """Invert the attributes of every record."""
        nums: dict[str, int] = {}
        inverted = _Inverted()
        for item_num, item in enumerate(catalog):
            for name, value in item.attributes.items():
                inverted.add(nums.setdefault(name, len(nums)), item_num, value)
        return cls(PackedStrings.from_strings(nums), len(catalog), inverted.numbers(len(nums)), inverted.texts())

    def names(self) -> dict[str, Kind | None]:
        """Return the kind of each attribute; None if no item has a value."""
        text = set(self.texts.attributes.tolist())
        return {name: _kind(self.numbers.any(num), num in text) for name, num in self.nums.items()}

    def mask(self, conditions: Sequence[Condition]) -> NDArray[np.bool_]:
        """Return the mask of items that satisfy all conditions, bool array (n_items,).

        Raises
        ------
        QueryError
            For an attribute that no item has, or a comparison where no item has a number.
        """
        mask = np.ones(self.n_items, dtype=bool)
        for condition in conditions:
            num = self._num(condition)
            if condition.operator == "not in":
                for nums in self._having(num, condition.values):
                    mask[nums] = False
                continue
            satisfied = np.zeros(self.n_items, dtype=bool)
            for nums in self._satisfying(num, condition):
                satisfied[nums] = True
            mask &= satisfied
        return mask

    def matching(self, conditions: Sequence[Condition]) -> Nums:
        """Return the row numbers of items that satisfy all conditions, rising; raises QueryError as :meth:`mask` does."""
        return np.flatnonzero(self.mask(conditions)).astype(np.int32)

    def _num(self, condition: Condition) -> int:
        num = self.nums.get(condition.attribute)
        if num is None:
            raise QueryError(
                f"items have no attribute {shown(condition.attribute)}{self._nearest(condition.attribute)}"
            )
        if condition.operator not in ("in", "not in") and not self.numbers.any(num):
            raise QueryError(
                f"attribute {shown(condition.attribute)} holds no numbers to compare with; ask for equality, attribute:value"
            )
        return num

    def _nearest(self, name: str) -> str:
        near = did_you_mean(name, self.nums) if self.nums else ""
        if len(self.nums) > FEW:
            return "" if near.startswith(KNOWN) else near
        known = f"{KNOWN}{', '.join(sorted(self.nums))}" if self.nums else "; they have none at all"
        return known if near.startswith(KNOWN) else near + known

    def _satisfying(self, num: int, condition: Condition) -> Iterator[Nums]:
        if condition.operator == "in":
            yield from self._having(num, condition.values)
        else:
            yield self.numbers.compared(num, condition.operator, float(condition.values[0]))

    def _having(self, num: int, values: Sequence[str | float]) -> Iterator[Nums]:
        for value in values:
            yield self.texts.equal(num, plain_text(value))
            number = number_in(value) if isinstance(value, str) else float(value)
            if number is not None:
                yield self.numbers.equal(num, number)


class _Inverted:
    """Collects the values of all items."""

    def __init__(self) -> None:
        self._number_attributes, self._number_items, self._values = array("i"), array("i"), array("d")
        self._digests, self._text_items = bytearray(), array("i")
        self._text_attributes: set[int] = set()

    def add(self, attribute_num: int, item_num: int, value: Attribute) -> None:
        if isinstance(value, int | float) and _is_number(value):
            self._number_attributes.append(attribute_num)
            self._number_items.append(item_num)
            self._values.append(float(value))
            return
        for text in value if isinstance(value, list) else [str(value)]:
            self._text_attributes.add(attribute_num)
            self._text_items.append(item_num)
            self._digests += digest(attribute_num, text)

    def numbers(self, n_names: int) -> Numbers:
        return invert_numbers(self._number_attributes, self._number_items, self._values, n_names)

    def texts(self) -> Texts:
        return invert_texts(self._digests, self._text_items, self._text_attributes)


def _is_number(value: float) -> bool:
    """Return whether a value is comparable: not a bool, and not an integer beyond the range of floats."""
    return not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _kind(has_numbers: bool, has_texts: bool) -> Kind | None:
    if has_numbers:
        return "number and text" if has_texts else "number"
    return "text" if has_texts else None
