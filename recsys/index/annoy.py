"""Annoy vector index by inner product; the only module that imports annoy.

Annoy's own ``dot`` metric splits wrongly in release 1.17.3. Maximum inner product search is reduced to angular
search instead: each vector gets an extra coordinate ``sqrt(M^2 - |v|^2)``, with M the largest length, and the query a zero.
The order by angle is then the order by inner product (Bachrach et al., RecSys 2014).

An Annoy file has neither dimension nor checksum, and opening it with a wrong dimension crashes the process. Open it only by
:meth:`AnnoyVectorIndex.open`, after checking the manifest.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from annoy import AnnoyIndex

from recsys.data.vectors import Vectors
from recsys.errors import BundleError, StoreError
from recsys.index.exact import NOTHING, ExactIndex, Neighbors, Nums, VectorTable, best_of_rows
from recsys.score_order import Scores

METRIC: Literal["angular"] = "angular"
SPARE_CANDIDATES = 10
MEASURED_AT = 10


@dataclass(frozen=True, eq=False)
class AnnoyVectorIndex:
    """Forest of random projection trees; its candidates are re-ranked by the exact inner product."""

    table: VectorTable  # the forest numbers its vectors by position
    forest: Any  # annoy.AnnoyIndex over the augmented vectors, of dimension table.dim + 1
    search_k: int  # vectors inspected by a query for ten items, in proportion for more; higher is slower and more exact

    @classmethod
    def build(cls, table: VectorTable, n_trees: int, random_state: int) -> AnnoyVectorIndex:
        """Build the forest on a single thread; equal seeds give equal bytes."""
        forest = AnnoyIndex(table.dim + 1, METRIC)
        forest.set_seed(random_state)
        for position, vector in enumerate(augmented(table)):
            forest.add_item(position, vector.tolist())  # faster than numbers of numpy
        forest.build(n_trees, n_jobs=1)
        return cls(table, forest, n_trees * MEASURED_AT)

    @classmethod
    def open(cls, table: VectorTable, path: Path, search_k: int) -> AnnoyVectorIndex:
        """Memory-map a saved forest; raises BundleError when its size is not that of `table`."""
        forest = AnnoyIndex(table.dim + 1, METRIC)
        try:
            forest.load(str(path))
        except OSError as error:
            raise BundleError(f"{path.name}: annoy cannot open it: {error}") from error
        if forest.get_n_items() != len(table):
            raise BundleError(f"{path.name}: {forest.get_n_items()} items where {len(table)} are expected")
        return cls(table, forest, search_k)

    def save(self, path: Path) -> None:
        """Write the forest; the caller must sync the file."""
        try:
            self.forest.save(str(path))
        except OSError as error:
            raise StoreError(f"{path}: annoy cannot write it: {error}; the disk may be full") from error

    def with_search_k(self, search_k: int) -> AnnoyVectorIndex:
        """Return the same forest with another search depth."""
        return AnnoyVectorIndex(self.table, self.forest, search_k)

    def __len__(self) -> int:
        return len(self.table)

    def query(self, vector: Scores, k: int, skip: Nums = NOTHING) -> Neighbors:
        return best_of_rows(self.table, self.candidates(vector, k, skip), vector, k)

    def candidates(self, vector: Scores, k: int, skip: Nums = NOTHING) -> Nums:
        """Query `k` rows and spares; fall back to an exact scan when it costs no more or rows are missing."""
        query = self.table.checked(vector, k)
        n = min(k, len(self)) + len(skip)
        depth = self.search_k * max(n, MEASURED_AT) // MEASURED_AT  # in proportion to the length of the list
        if depth < len(self) and query.any():
            extended = np.append(query, np.float32(0))
            positions = self.forest.get_nns_by_vector(extended, n + SPARE_CANDIDATES, search_k=depth)
            nums = self.table.order[np.asarray(positions, dtype=np.int64)]
            nums = nums[~np.isin(nums, skip)] if len(skip) else nums
            if len(nums) >= min(k, len(self) - len(skip)):
                return np.asarray(nums)
        return ExactIndex(self.table).candidates(vector, k, skip)


def augmented(table: VectorTable) -> Vectors:
    """Return the vectors with the extra coordinate that makes all lengths equal, (n, dim + 1)."""
    lengths = table.norms.astype(np.float64)
    longest = lengths.max(initial=0.0)
    extra = np.sqrt(np.maximum(longest**2 - lengths**2, 0.0)).astype(np.float32)
    return np.hstack((table.vectors, extra[:, None]))
