"""Item vectors aligned with ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.errors import DataError

Vectors = NDArray[np.float32]
Float = TypeVar("Float", bound=np.floating[Any])


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Vector of each item.

    Raises
    ------
    DataError
        When the shape does not fit the ids or a number is not finite.
    """

    items: IdMap
    vectors: Vectors  # (n_items, dim), made read-only; a row of zeros is an item without data
    source: str  # ``als``, or the name of a text encoder

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.items):
            raise DataError(f"{self.source} embeddings of shape {self.vectors.shape} for {len(self.items)} items")
        if not bool(np.all(np.isfinite(self.vectors))):
            raise DataError(f"{self.source} embeddings hold a number that is not finite")
        self.vectors.setflags(write=False)

    @property
    def dim(self) -> int:
        return int(self.vectors.shape[1])


def unit_rows(vectors: NDArray[Float]) -> NDArray[Float]:
    """Return each row divided by its Euclidean length; rows of zeros stay zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: NDArray[Float] = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return scaled
