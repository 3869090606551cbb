"""What a picture can be said to show: values of attributes as vectors in the space of the pictures.

A caption is zero-shot classification (Radford et al., ICML 2021): for each attribute the value whose words are nearest to the
picture. With the cosines c and the encoder's scale s, the share of a value is ``exp(s c) / sum exp(s c)``, the sum
over the values of its attribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import Arrays, PackedStrings
from recsys.data.vectors import Vectors
from recsys.errors import BundleError
from recsys.index.exact import products
from recsys.score_order import falling

COLUMNS = ("attributes_blob", "attributes_offsets", "values_blob", "values_offsets", "vectors", "scale")


class Tag(NamedTuple):
    """A value of an attribute, the cosine of its words and the picture, and its share beside the attribute's other values."""

    attribute: str
    value: str
    score: float
    share: float


@dataclass(frozen=True, eq=False)
class Tags:
    """The values by which pictures are described.

    Parameters
    ----------
    attributes, values : PackedStrings
        Of each tag; the tags of an attribute stand together.
    vectors : float32 array (n_tags, dim)
        Of length 1.
    scale : float
        Above 0; what cosines are multiplied with before they become shares.

    Raises
    ------
    BundleError
        When the parts do not fit together.
    """

    attributes: PackedStrings
    values: PackedStrings
    vectors: Vectors
    scale: float

    def __post_init__(self) -> None:
        sound = (
            len(self.attributes) == len(self.values) == len(self.vectors)
            and self.vectors.dtype == np.float32
            and self.vectors.ndim == 2
            and bool(np.all(np.isfinite(self.vectors)))
            and 0 < self.scale < np.inf
        )
        if not sound:
            raise BundleError("tags: the arrays do not fit together")

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]], vectors: Vectors, scale: float) -> Tags:
        """From attributes and values, and the vector of each value."""
        names, values = ([pair[place] for pair in pairs] for place in range(2))
        return cls(PackedStrings.from_strings(names), PackedStrings.from_strings(values), vectors, scale)

    @classmethod
    def from_arrays(cls, arrays: Arrays, dim: int) -> Tags:
        """Open the arrays of :meth:`to_arrays`; raises BundleError when they do not fit together."""
        found: Any = [arrays[column] for column in COLUMNS]
        scale = found[5]
        if scale.dtype != np.float64 or scale.shape != (1,):
            raise BundleError("tags: the scale is not one number")
        tags = cls(PackedStrings(*found[0:2]), PackedStrings(*found[2:4]), found[4], float(scale[0]))
        if tags.vectors.shape[1] != dim:
            raise BundleError(f"tags: vectors of {tags.vectors.shape[1]} dimensions beside pictures of {dim}")
        return tags

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """By the names of COLUMNS."""
        strings = (self.attributes.blob, self.attributes.offsets, self.values.blob, self.values.offsets)
        return dict(zip(COLUMNS, (*strings, self.vectors, np.array([self.scale])), strict=True))

    def __len__(self) -> int:
        return len(self.vectors)

    def nearest(self, vector: Vectors, k: int = 1) -> list[Tag]:
        """The `k` nearest values of each attribute, best first; attributes in the order in which the tags stand.

        Parameters
        ----------
        vector : float32 array (dim,)
            Of a picture, of length 1.
        """
        scores = products(self.vectors, vector)
        found: list[Tag] = []
        for attribute, places in self._by_attribute().items():
            own = scores[places]
            logits = self.scale * (own - own.max())
            shares = np.exp(logits) / np.exp(logits).sum()
            found += [
                Tag(attribute, self.values[places[best]], float(own[best]), float(shares[best]))
                for best in falling(own)[:k].tolist()
            ]
        return found

    def _by_attribute(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = {}
        for place, attribute in enumerate(self.attributes):
            places.setdefault(attribute, []).append(place)
        return places


NO_TAGS = Tags.of((), np.zeros((0, 0), dtype=np.float32), 1.0)
