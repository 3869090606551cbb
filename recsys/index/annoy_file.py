"""The layout of an annoy file, checked before annoy maps it.

Annoy believes its file: a number that is out of range makes it read beyond the file, a loop keeps it busy forever. A file
that passes :func:`check` can do neither, whatever is asked of it.

A file is an array of nodes, each an int32 count of descendants, two int32 children (in an item: its length) and ``dim``
float32, numbered from 0: first the items, count 1; then buckets, whose count is at most ``dim + 2`` and whose item numbers
lie where children and vector would be; and splits with two children, which were written before them. The roots come last,
a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.errors import BundleError

BLOCK = 65_536
HEAD = 3  # four-byte words before the vector

Words = NDArray[np.int32]


def check(path: Path, vectors: Vectors) -> None:
    """Compare a file of the ``angular`` metric with the vectors that it is to find.

    Parameters
    ----------
    path : Path
    vectors : float32 array (n, dim - 1)
        What its items are made of; each has one more coordinate in the file.

    Raises
    ------
    BundleError
        When annoy could not answer from it.
    """
    n_items, dim = len(vectors), vectors.shape[1] + 1
    words = _nodes(path, HEAD + dim)
    if len(words) <= n_items or words[-1, 0] != n_items:
        raise BundleError(f"{path.name}: {words[-1, 0]} items where {n_items} are expected")
    parents: list[Words] = []
    for first, block in _blocks(words):
        items = block[: max(0, n_items - first)]
        if not _are_items(items, vectors[first : first + len(items)]):
            raise BundleError(f"{path.name}: an item is not the vector that it stands for")
        inner = block[len(items) :]
        numbers = np.arange(first + len(items), first + len(block))
        splits = inner[:, 0] > dim + 2
        if not (_are_buckets(inner[~splits], n_items) and _are_splits(inner[splits], numbers[splits])):
            raise BundleError(f"{path.name}: a node leads nowhere")
        parents.append(np.column_stack((numbers[splits], inner[splits, 1:HEAD])))
    if not _is_forest(np.concatenate(parents), n_items, len(words) - _roots(words)):
        raise BundleError(f"{path.name}: a node is reached in two ways")


def _nodes(path: Path, width: int) -> Words:
    size = path.stat().st_size
    if size == 0 or size % (4 * width):
        raise BundleError(f"{path.name}: {size} bytes are not whole nodes of {4 * width}")
    return np.memmap(path, dtype="<i4", mode="r").reshape(-1, width).view(np.ndarray)


def _blocks(words: Words) -> Iterator[tuple[int, Words]]:
    """Pieces of the file with the number of their first node, so that memory does not grow with the file."""
    return ((first, words[first : first + BLOCK]) for first in range(0, len(words), BLOCK))


def _floats(words: Words) -> NDArray[np.float32]:
    return np.ascontiguousarray(words).view(np.float32)


def _are_items(items: Words, vectors: Vectors) -> bool:
    own = _floats(items[:, HEAD:])
    return (
        bool(np.all(items[:, 0] == 1))
        and bool(np.all(np.isfinite(_floats(items[:, HEAD - 2 :]))))
        and bool(np.array_equal(own[:, :-1], vectors))
    )


def _are_buckets(buckets: Words, n_items: int) -> bool:
    counts, numbers = buckets[:, 0], buckets[:, 1:]
    filled = np.arange(numbers.shape[1]) < counts[:, None]
    return bool(np.all(counts >= 1)) and bool(np.all((numbers >= 0) & (numbers < n_items) | ~filled))


def _are_splits(splits: Words, numbers: NDArray[np.int64]) -> bool:
    """Children lie before their parent, so that every way down ends."""
    children = splits[:, 1:HEAD]
    return bool(np.all((children >= 0) & (children < numbers[:, None]))) and bool(
        np.all(np.isfinite(_floats(splits[:, HEAD:])))
    )


def _roots(words: Words) -> int:
    """How many nodes at the end annoy takes for roots: the copies and the last root itself."""
    others = np.flatnonzero(words[:, 0] != words[-1, 0])
    return len(words) - 1 - int(others[-1]) if len(others) else len(words)


def _is_forest(parents: Words, n_items: int, first_root: int) -> bool:
    """No inner node below the roots has two parents: shared ones would multiply the ways that a query walks."""
    children = parents[parents[:, 0] < first_root, 1:].ravel()
    inner = children[children >= n_items]
    return len(np.unique(inner)) == len(inner)
