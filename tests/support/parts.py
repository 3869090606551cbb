"""The arrays of a part by name, and the part of some arrays, as a bundle opens it."""

from __future__ import annotations

from typing import Any, TypeVar

from numpy.typing import NDArray
from scipy import sparse

from recsys.data.part import Arrays, Part
from recsys.model.neighborhood import Neighborhood

P = TypeVar("P", bound=Part)


def arrays(part: Part) -> dict[str, NDArray[Any]]:
    return {name.removeprefix("."): array for name, array in part.tensors("").items()}


def opened(kind: type[P], of: Arrays, **sizes: int) -> P:
    """Open a part of a model that has these sizes."""
    part = kind.open({f".{name}": array for name, array in of.items()}, "", sizes)
    part.confirm(sizes)
    return part


def matrices_of(near: Neighborhood) -> list[sparse.csr_matrix]:
    """Return the collaborative and the content weights, each (n_items, n_items)."""
    places, shape = (near.item_nums, near.indptr), (len(near), len(near))
    return [sparse.csr_matrix((weights, *places), shape=shape) for weights in (near.collaborative, near.content)]
