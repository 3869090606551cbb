"""Picture tags: attribute values as vectors in the space of the pictures.

A caption is zero-shot classification (Radford et al., ICML 2021): for each attribute the value whose text is nearest to the
picture. With the cosines c and the encoder's scale s, the share of a value is ``exp(s c) / sum exp(s c)``, the sum
over the values of its attribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from recsys.data.packed import PackedStrings
from recsys.data.part import Column, Fields, Nested, Part, Scalar
from recsys.data.vectors import Vectors
from recsys.index.exact import products
from recsys.score_order import falling


class Tag(NamedTuple):
    """Attribute value, its cosine with the picture, and its share among the values of the attribute."""

    attribute: str
    value: str
    score: float
    share: float


@dataclass(frozen=True, eq=False)
class Tags(Part):
    """Attribute values that describe pictures.

    Parameters
    ----------
    attributes, values : PackedStrings
        Attribute and value of each tag, grouped by attribute.
    vectors : float32 array (n_tags, dim)
        Of length 1.
    scale : float
        Factor of the cosines in the softmax, above 0.

    Raises
    ------
    BundleError
        When the parts do not fit together.
    """

    name: ClassVar[str] = "picture_tags"
    fields: ClassVar[Fields] = {
        "attributes": Nested(PackedStrings, "tags"),
        "values": Nested(PackedStrings, "tags"),
        "vectors": Column(np.float32, ("tags", "picture_dim"), finite=True),
        "scale": Scalar(low=np.finfo(np.float64).tiny),
    }

    attributes: PackedStrings
    values: PackedStrings
    vectors: Vectors
    scale: float

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]], vectors: Vectors, scale: float) -> Tags:
        """Build tags from (attribute, value) pairs and the vector of each value."""
        names, values = ([pair[place] for pair in pairs] for place in range(2))
        return cls(PackedStrings.from_strings(names), PackedStrings.from_strings(values), vectors, scale)

    def __len__(self) -> int:
        return len(self.vectors)

    def nearest(self, vector: Vectors, k: int = 1) -> list[Tag]:
        """Return the `k` nearest values of each attribute, best first; attributes in the order of the tags.

        Parameters
        ----------
        vector : float32 array (dim,)
            Picture vector of length 1.
        """
        scores = products(self.vectors, vector)
        tags: list[Tag] = []
        for attribute, places in self._by_attribute().items():
            own = scores[places]
            logits = self.scale * (own - own.max())
            shares = np.exp(logits) / np.exp(logits).sum()
            tags += [
                Tag(attribute, self.values[places[best]], float(own[best]), float(shares[best]))
                for best in falling(own)[:k].tolist()
            ]
        return tags

    def _by_attribute(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = {}
        for place, attribute in enumerate(self.attributes):
            places.setdefault(attribute, []).append(place)
        return places
