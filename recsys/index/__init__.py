"""The nearest vectors by inner product: an exact scan, and a forest of Annoy."""

from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import ExactIndex, Neighbors, VectorIndex, VectorTable

__all__ = ["AnnoyVectorIndex", "ExactIndex", "Neighbors", "VectorIndex", "VectorTable"]
