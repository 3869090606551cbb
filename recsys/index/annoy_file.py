"""Validation of an Annoy file before annoy maps it.

Annoy trusts its file: a number out of range makes it read beyond the file, and a cycle makes it loop forever. A file that
passes :func:`check` can do neither, whatever the query.

A file is an array of nodes numbered from 0. Each node has an int32 count of descendants, two int32 children (for an item: its
length) and ``dim`` float32. Items come first, with count 1. Buckets have a count of at most ``dim + 2`` and item numbers in
place of children and vector. Splits have two children, written before them. The roots are repeated at the end.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.errors import BundleError

BLOCK = 65_536
HEAD = 3  # four-byte words before the vector

Words = NDArray[np.int32]


def check(path: Path, vectors: Vectors) -> None:
    """Validate a file of the ``angular`` metric against the vectors of its items, which have an extra coordinate there.

    Raises
    ------
    BundleError
        When the file is malformed or has other vectors.
    """
    n_items, dim = len(vectors), vectors.shape[1] + 1
    words = _nodes(path, HEAD + dim)
    if len(words) <= n_items or words[-1, 0] != n_items:
        raise BundleError(f"{path.name}: {words[-1, 0]} items where {n_items} are expected")
    parents: list[Words] = []
    for first in range(0, len(words), BLOCK):  # memory stays bounded
        block = words[first : first + BLOCK]
        items = block[: max(0, n_items - first)]
        if not _are_items(items, vectors[first : first + len(items)]):
            raise BundleError(f"{path.name}: an item differs from its vector")
        inner = block[len(items) :]
        numbers = np.arange(first + len(items), first + len(block))
        splits = inner[:, 0] > dim + 2
        if not (_are_buckets(inner[~splits], n_items) and _are_splits(inner[splits], numbers[splits])):
            raise BundleError(f"{path.name}: a node is invalid")
        parents.append(np.column_stack((numbers[splits], inner[splits, 1:HEAD])))
    if not _is_forest(np.concatenate(parents), n_items, len(words) - _roots(words)):
        raise BundleError(f"{path.name}: a node has two parents")


def _nodes(path: Path, width: int) -> Words:
    size = path.stat().st_size
    if size == 0 or size % (4 * width):
        raise BundleError(f"{path.name}: {size} bytes is not a multiple of the node size {4 * width}")
    return np.memmap(path, dtype="<i4", mode="r").reshape(-1, width).view(np.ndarray)


def _floats(words: Words) -> NDArray[np.float32]:
    return np.ascontiguousarray(words).view(np.float32)


def _are_items(items: Words, vectors: Vectors) -> bool:
    finite = bool(np.all(np.isfinite(_floats(items[:, HEAD - 2 :]))))
    return finite and bool(np.all(items[:, 0] == 1)) and np.array_equal(_floats(items[:, HEAD:])[:, :-1], vectors)


def _are_buckets(buckets: Words, n_items: int) -> bool:
    counts, numbers = buckets[:, 0], buckets[:, 1:]
    filled = np.arange(numbers.shape[1]) < counts[:, None]
    return bool(np.all(counts >= 1)) and bool(np.all((numbers >= 0) & (numbers < n_items) | ~filled))


def _are_splits(splits: Words, numbers: NDArray[np.int64]) -> bool:
    """Return whether all children precede their parent, so that every descent ends."""
    children = splits[:, 1:HEAD]
    earlier = bool(np.all((children >= 0) & (children < numbers[:, None])))
    return earlier and bool(np.all(np.isfinite(_floats(splits[:, HEAD:]))))


def _roots(words: Words) -> int:
    """Return how many nodes at the end annoy treats as roots: the copies and the last root itself."""
    others = np.flatnonzero(words[:, 0] != words[-1, 0])
    return len(words) - 1 - int(others[-1]) if len(others) else len(words)


def _is_forest(parents: Words, n_items: int, first_root: int) -> bool:
    """Return whether no inner node below the roots has two parents; shared nodes multiply the paths of a query."""
    children = parents[parents[:, 0] < first_root, 1:].ravel()
    inner = children[children >= n_items]
    return len(np.unique(inner)) == len(inner)
