"""Ids of all chunks as numbers, in the order of their first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recsys.config import IdForm
from training.ingest.id_form import formed
from training.read.values import arrow_codes

if TYPE_CHECKING:
    import pyarrow as pa

Codes = NDArray[np.int32]


class IdCodes:
    """Collects the different ids of each chunk, in the configured form; ids of several chunks become one at the end."""

    def __init__(self, forms: Sequence[IdForm], first: Sequence[str] = ()) -> None:
        import pyarrow as pa

        self.forms = forms
        self.written: list[pa.Array] = []  # ids as the files have them, if there are forms
        self.n_first = len(first)
        self.distinct = [pa.array(first, pa.large_string())]
        self.n_codes = len(first)

    def add(self, column: pa.Array) -> tuple[Codes, Codes, pa.Array]:
        """Return the code of each value among all chunks, (n,), that within the chunk, (n,), and the ids of the latter."""
        codes, distinct = arrow_codes(column)
        if self.forms:
            self.written.append(distinct)
            distinct = formed(distinct, self.forms)
        first, self.n_codes = self.n_codes, self.n_codes + len(distinct)
        self.distinct.append(distinct)
        return codes + np.int32(first), codes, distinct

    @property
    def n_merged(self) -> int:
        """The number of ids that became equal to another by the forms."""
        import pyarrow as pa

        if not self.written:
            return 0
        return len(pa.concat_arrays(self.written).unique()) - len(pa.concat_arrays(self.distinct[1:]).unique())

    def numbered(self, codes: Codes) -> tuple[NDArray[np.int32], list[str]]:
        """Return the number of the id of each code, (n,), and the ids: `first`, then those of `codes` by their first use."""
        import pyarrow as pa

        encoded = pa.concat_arrays(self.distinct).dictionary_encode()
        ids = encoded.indices.to_numpy()[codes]
        n, n_ids = len(ids), len(encoded.dictionary)
        first_use = np.full(n_ids, n, np.int64)
        first_use[ids[::-1]] = np.arange(n - 1, -1, -1)  # of several values the last one holds
        first_use[: self.n_first] = np.arange(-self.n_first, 0)
        order = np.argsort(first_use, kind="stable")[: np.count_nonzero(first_use < n)]
        number = np.empty(n_ids, np.int32)
        number[order] = np.arange(len(order), dtype=np.int32)
        return number[ids], encoded.dictionary.take(pa.array(order)).to_pylist()
