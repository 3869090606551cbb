"""What a picture can be said to show: values of attributes as vectors in the space of the pictures.

A caption is zero-shot classification (Radford et al., ICML 2021): for each attribute the value whose words are nearest to the
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
    """A value of an attribute, the cosine of its words and the picture, and its share beside the attribute's other values."""

    attribute: str
    value: str
    score: float
    share: float


@dataclass(frozen=True, eq=False)
class Tags(Part):
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
        """From attributes and values, and the vector of each value."""
        names, values = ([pair[place] for pair in pairs] for place in range(2))
        return cls(PackedStrings.from_strings(names), PackedStrings.from_strings(values), vectors, scale)

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
