"""Picture tags: attribute values as vectors in the space of the pictures.

A caption is zero-shot classification (Radford et al., ICML 2021): for each attribute the value whose text is nearest to the
picture. With the cosines c and the encoder's scale s, the share of a value is ``exp(s c) / sum exp(s c)``, the sum
over the values of its attribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from recsys.data.packed import PackedStrings
from recsys.data.part import Column, Nested, Part, Scalar
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
    """Attribute values that describe pictures, grouped by attribute, with a unit vector each.

    `scale` is the factor of the cosines in the softmax, above 0.
    """

    name = "picture_tags"
    attributes: Annotated[PackedStrings, Nested(PackedStrings, "tags")]
    values: Annotated[PackedStrings, Nested(PackedStrings, "tags")]
    vectors: Annotated[Vectors, Column(np.float32, ("tags", "picture_dim"), finite=True)]
    scale: Annotated[float, Scalar(low=np.finfo(np.float64).tiny)]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]], vectors: Vectors, scale: float) -> Tags:
        """Build tags from (attribute, value) pairs and the vector of each value."""
        names, values = (PackedStrings.from_strings(pair[place] for pair in pairs) for place in range(2))
        return cls(names, values, vectors, scale)

    def __len__(self) -> int:
        return len(self.vectors)

    def nearest(self, vector: Vectors, k: int = 1) -> list[Tag]:
        """Return the `k` nearest values of each attribute to a unit picture vector (dim,), best first.

        Attributes are in the order of the tags.
        """
        scores = products(self.vectors, vector)
        places_of: dict[str, list[int]] = {}
        for place, attribute in enumerate(self.attributes):
            places_of.setdefault(attribute, []).append(place)
        tags: list[Tag] = []
        for attribute, places in places_of.items():
            own = scores[places]
            logits = self.scale * (own - own.max())
            shares = np.exp(logits) / np.exp(logits).sum()
            tags += [
                Tag(attribute, self.values[places[best]], float(own[best]), float(shares[best]))
                for best in falling(own)[:k].tolist()
            ]
        return tags
