"""Attributes of the items, and filters on them."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from recsys.data.attribute_index import Numbers, Nums, Texts, digest, invert_numbers, invert_texts
from recsys.data.catalog import Attribute, Catalog
from recsys.data.filters import Condition, number_in, plain_text, shown
from recsys.data.packed import PackedStrings
from recsys.data.part import Nested, Part, Size
from recsys.errors import BundleError, QueryError, did_you_mean

Kind = Literal["number", "text", "number and text"]
KINDS: Sequence[Kind | None] = (None, "number", "text", "number and text")
FEW = 20
KNOWN = "; known are "
RANGE = re.compile(r"\s*(\d+)\s*(?:-|to|\.{2,3})\s*(\d+)\s*", re.ASCII)
TRUTH = ("1", "0", "yes", "no")
BESIDES = {
    "title": "; an item is found by its title with a search",
    "item_id": "; an item is asked for by its id, and left out with the list `exclude`",
}


@dataclass(frozen=True, eq=False)
class Attributes(Part):
    """Attribute values of the items, inverted.

    A missing attribute satisfies neither a comparison nor "in", and satisfies "not in". An attribute may hold numbers for some
    items and strings for others; a list satisfies "in" by any of its entries.

    Raises
    ------
    BundleError
        When the parts do not fit together.
    """

    name = "attributes"
    strings: Annotated[PackedStrings, Nested(PackedStrings, "names")]  # their names, in the order of first occurrence
    n_items: Annotated[int, Size("items")]
    numbers: Annotated[Numbers, Nested(Numbers)]
    texts: Annotated[Texts, Nested(Texts)]
    nums: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            names = list(self.strings)
        except UnicodeDecodeError as error:
            raise BundleError("attributes: a name is not UTF-8") from error
        if len(names) != len(set(names)):
            raise BundleError("attributes: a name occurs twice")
        object.__setattr__(self, "nums", {name: num for num, name in enumerate(names)})

    @classmethod
    def from_catalog(cls, catalog: Catalog) -> Attributes:
        """Invert the attributes of every record."""
        nums: dict[str, int] = {}
        entries = Entries(nums)
        for item_num, item in enumerate(catalog):
            for name, value in item.attributes.items():
                entries.add(item_num, name, value)
        return cls(PackedStrings.from_strings(nums), len(catalog), entries.numbers(), entries.texts())

    @classmethod
    def none(cls, n_items: int) -> Attributes:
        """Return the attributes of items that have none."""
        entries = Entries({})
        return cls(PackedStrings.from_strings(()), n_items, entries.numbers(), entries.texts())

    def names(self) -> dict[str, Kind | None]:
        """Return the kind of each attribute; None if no item has a value."""
        texts = set(self.texts.attributes.tolist())
        return {name: KINDS[self.numbers.any(num) + 2 * (num in texts)] for name, num in self.nums.items()}

    def mask(self, conditions: Sequence[Condition]) -> NDArray[np.bool_]:
        """Return the mask of items that satisfy all conditions, bool array (n_items,).

        Raises
        ------
        QueryError
            For an attribute that no item has, a comparison where no item has a number, or a value that no item has and that is
            another way to write a range, a truth value or several values.
        """
        mask = np.ones(self.n_items, dtype=bool)
        for condition in conditions:
            num = self._num(condition)
            if condition.operator == "not in":
                for nums in self._having(num, condition):
                    mask[nums] = False
                continue
            satisfied = np.zeros(self.n_items, dtype=bool)
            if condition.operator == "in":
                for nums in self._having(num, condition):
                    satisfied[nums] = True
            else:
                satisfied[self.numbers.compared(num, condition.operator, float(condition.values[0]))] = True
            mask &= satisfied
        return mask

    def check_name(self, name: str) -> int:
        """Return the row number of an attribute; raises QueryError, with the nearest name, for one that no item has."""
        num = self.nums.get(name)
        if num is None:
            raise QueryError(f"items have no attribute {shown(name)}{self._nearest(name)}{BESIDES.get(name, '')}")
        return num

    def _num(self, condition: Condition) -> int:
        num = self.check_name(condition.attribute)
        if condition.operator not in ("in", "not in") and not self.numbers.any(num):
            problem = "holds no numbers to compare with; ask for equality, attribute:value"
            raise QueryError(f"attribute {shown(condition.attribute)} {problem}")
        return num

    def _nearest(self, name: str) -> str:
        near = did_you_mean(name, self.nums) if self.nums else ""
        if len(self.nums) > FEW:
            return "" if near.startswith(KNOWN) else near
        known = f"{KNOWN}{', '.join(sorted(self.nums))}" if self.nums else "; they have none at all"
        return known if near.startswith(KNOWN) else near + known

    def _having(self, num: int, condition: Condition) -> Iterator[Nums]:
        for value in condition.values:
            found = [self.texts.equal(num, plain_text(value))]
            number = number_in(value) if isinstance(value, str) else float(value)
            if number is not None:
                found.append(self.numbers.equal(num, number))
            if not any(map(len, found)):
                self._check_form(num, condition.attribute, plain_text(value))
            yield from found

    def _check_form(self, num: int, name: str, value: str) -> None:
        """Raise QueryError for a value that no item has if it is a range, 1 for true, or several values with a bar."""
        about = f"attribute {shown(name)}"
        if num not in self.texts.attributes:
            if match := RANGE.fullmatch(value):
                raise QueryError(f"{about} holds numbers; for a range write {name}>={match[1]} and {name}<={match[2]}")
        elif value.casefold() in TRUTH and any(len(self.texts.equal(num, text)) for text in ("true", "false")):
            raise QueryError(f"{about} holds true and false, and not {shown(value)}; write {name}:true or {name}:false")
        elif any(len(self.texts.equal(num, part)) for part in value.split("|")):
            several = ",".join(value.split("|"))
            raise QueryError(
                f"{about} has no value {shown(value)}; for any of several write {shown(f'{name}:{several}')}"
            )


class Entries:
    """Values of items, to be inverted; an attribute that is not in `nums` gets the next number there."""

    def __init__(self, nums: dict[str, int]) -> None:
        self._nums = nums
        self._numbers = array("i"), array("i"), array("d")
        self._digests, self._text_items, self._text_attributes = bytearray(), array("i"), set[int]()

    def add(self, item_num: int, name: str, value: Attribute) -> None:
        """Add the value of an attribute of an item."""
        num = self._nums.setdefault(name, len(self._nums))
        if isinstance(value, int | float) and _is_number(value):
            attributes, items, values = self._numbers
            attributes.append(num)
            items.append(item_num)
            values.append(float(value))
            return
        for text in value if isinstance(value, list) else [str(value)]:
            self._text_attributes.add(num)
            self._text_items.append(item_num)
            self._digests += digest(num, text)

    def numbers(self) -> Numbers:
        return invert_numbers(*self._numbers, len(self._nums))

    def texts(self) -> Texts:
        return invert_texts(self._digests, self._text_items, self._text_attributes)


def _is_number(value: float) -> bool:
    """Return whether a value is comparable: not a bool, and not an integer beyond the range of floats."""
    return not isinstance(value, bool) and abs(value) <= sys.float_info.max
