"""Annoy as a vector index by inner product. The only file that imports annoy.

Annoy's own ``dot`` metric splits wrongly in release 1.17.3. Maximum inner product search is instead reduced to the
angle: each vector gets one more coordinate ``sqrt(M^2 - |v|^2)``, with M the largest length, and the query a zero, so
that the order by angle is the order by inner product (Bachrach et al., RecSys 2014).

An Annoy file carries neither dimension nor checksum and kills the process when opened with the wrong one, so it is
opened only by :meth:`AnnoyVectorIndex.open`, after the manifest was checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from annoy import AnnoyIndex
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.errors import BundleError, StoreError
from recsys.index.exact import NOTHING, ExactIndex, Neighbors, VectorTable, best_of_rows
from recsys.score_order import Scores

METRIC: Literal["angular"] = "angular"
SPARE_CANDIDATES = 10
MEASURED_AT = 10


@dataclass(frozen=True, eq=False)
class AnnoyVectorIndex:
    """Candidates from a forest of random projection trees, re-ranked by the exact inner product.

    Parameters
    ----------
    table : VectorTable
        The vectors; the forest numbers them by their position in it.
    forest : annoy.AnnoyIndex
        Over the augmented vectors, of dimension ``table.dim + 1``.
    search_k : int
        How many vectors a query for the first ten inspects, and in proportion for more; more is slower and closer to exact.
    """

    table: VectorTable
    forest: Any
    search_k: int

    @classmethod
    def build(cls, table: VectorTable, n_trees: int, random_state: int) -> AnnoyVectorIndex:
        """Build the forest on one thread, which with a seed gives the same bytes every time."""
        forest = AnnoyIndex(table.dim + 1, METRIC)
        forest.set_seed(random_state)
        for position, vector in enumerate(augmented(table)):
            forest.add_item(position, vector)
        forest.build(n_trees, n_jobs=1)
        return cls(table, forest, n_trees * MEASURED_AT)

    @classmethod
    def open(cls, table: VectorTable, path: Path, search_k: int) -> AnnoyVectorIndex:
        """Memory-map a saved forest; raises BundleError when it does not hold one entry for each vector."""
        forest = AnnoyIndex(table.dim + 1, METRIC)
        try:
            forest.load(str(path))
        except OSError as error:
            raise BundleError(f"{path.name}: annoy cannot open it: {error}") from error
        if forest.get_n_items() != len(table):
            raise BundleError(f"{path.name}: {forest.get_n_items()} items where {len(table)} are expected")
        return cls(table, forest, search_k)

    def save(self, path: Path) -> None:
        """Write the forest; annoy does not sync it, the caller has to."""
        try:
            self.forest.save(str(path))
        except OSError as error:
            raise StoreError(f"{path}: annoy cannot write it: {error}; the disk may be full") from error

    def with_search_k(self, search_k: int) -> AnnoyVectorIndex:
        """The same forest, searched more or less deeply."""
        return AnnoyVectorIndex(self.table, self.forest, search_k)

    def __len__(self) -> int:
        return len(self.table)

    def query(self, vector: Scores, k: int, skip: NDArray[np.int32] = NOTHING) -> Neighbors:
        return best_of_rows(self.table, self.candidates(vector, k, skip), vector, k)

    def candidates(self, vector: Scores, k: int, skip: NDArray[np.int32] = NOTHING) -> NDArray[np.int32]:
        """As many more are asked for as may fall out; where a scan is no dearer, or too few are found, those of a scan."""
        query = self.table.checked(vector, k)
        wanted = min(k, len(self)) + len(skip)
        depth = self.search_k * max(wanted, MEASURED_AT) // MEASURED_AT  # as deep for each of many as for the first ten
        if depth < len(self) and query.any():
            extended = np.append(query, np.float32(0))
            found = self.forest.get_nns_by_vector(extended, wanted + SPARE_CANDIDATES, search_k=depth)
            nums = self.table.order[np.asarray(found, dtype=np.int64)]
            nums = nums[~np.isin(nums, skip)] if len(skip) else nums
            if len(nums) >= min(k, len(self) - len(skip)):
                return np.asarray(nums)
        return ExactIndex(self.table).candidates(vector, k, skip)


def augmented(table: VectorTable) -> Vectors:
    """The vectors with the coordinate that gives all of them the length of the longest, (n, dim + 1)."""
    lengths = table.norms.astype(np.float64)
    longest = lengths.max(initial=0.0)
    extra = np.sqrt(np.maximum(longest**2 - lengths**2, 0.0)).astype(np.float32)
    return np.hstack((table.vectors, extra[:, None]))
