"""Parts of a model by the names of their tensors; a new extra is a :class:`Part` with an entry in KINDS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from recsys.bundle.manifest import Manifest
from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog
from recsys.data.histories import Histories
from recsys.data.ids import IdMap
from recsys.data.part import Arrays, Part
from recsys.errors import BundleError
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model.blending import Layout
from recsys.model.extras.anomalies import Anomalies
from recsys.model.extras.arrivals import Arrivals
from recsys.model.extras.attribute_tastes import AttributeTastes
from recsys.model.extras.directions import Directions
from recsys.model.extras.groups import Clusters, Segments
from recsys.model.extras.item_map import ItemMap
from recsys.model.extras.picture_tags import Tags
from recsys.model.extras.skipped import Skipped
from recsys.model.extras.tagging import Tagging
from recsys.model.extras.together import Together
from recsys.model.extras.user_records import UserRecords
from recsys.model.fold_in import FoldIn
from recsys.model.model import Model
from recsys.model.neighborhood import Neighborhood
from recsys.model.popularity import Popularity
from recsys.model.precomputed_lists import ItemLists, UserLists
from recsys.model.similarity import Likeness
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex

CORE: Mapping[str, type[Part]] = {
    "users": IdMap,
    "catalog": Catalog,
    "histories": Histories,
    "seen_only": Histories,
    "popularity": Popularity,
    "trending": Popularity,
    "neighborhood": Neighborhood,
    "fold_in": FoldIn,
    "attributes": Attributes,
    "likeness": Likeness,
}
INDEXES = ("items_for_user", "items_like_item", "items_by_text", "items_by_picture")
KINDS = (
    UserLists,
    ItemLists,
    Bm25,
    NameIndex,
    Clusters,
    Segments,
    ItemMap,
    Directions,
    Tagging,
    Anomalies,
    Tags,
    Skipped,
    Together,
    Arrivals,
    UserRecords,
    AttributeTastes,
)
EXTRAS: Mapping[str, type[Part]] = {kind.name: kind for kind in KINDS}
USER_FACTORS = "user_factors"


def to_tensors(model: Model) -> Arrays:
    """Return the tensors of a model by name."""
    tensors = {USER_FACTORS: model.user_factors}
    for name in CORE:
        tensors |= getattr(model, name).tensors(name)
    for name in INDEXES:
        if (table := getattr(model, name).table).dim:
            tensors |= table.tensors(name)
    for part in model.extras.values():
        tensors |= part.tensors(part.name)
    return tensors


def open_parts(tensors: Arrays, manifest: Manifest) -> Model:
    """Return the model of some tensors, with exact indexes.

    Raises BundleError when a tensor is missing, unknown or not aligned, or does not fit the others or the manifest.
    """
    kinds = dict(_kinds(manifest))
    expected = {USER_FACTORS, *(tensor for name, kind in kinds.items() for tensor in kind.tensor_names(name))}
    for what, wrong in (("lacks the", expected - tensors.keys()), ("has an unknown", tensors.keys() - expected)):
        if wrong:
            raise BundleError(f"the model {what} tensor {min(wrong)}")
    for name in sorted(expected):
        if not tensors[name].flags.aligned:
            raise BundleError(f"tensor {name} is not aligned")
    sizes = {"users": manifest.counts.users, "items": manifest.counts.items}
    parts: dict[str, Any] = {name: kind.open(tensors, name, sizes) for name, kind in kinds.items()}
    extras = {EXTRAS[name]: parts.pop(name) for name in kinds if name in EXTRAS}
    indexes: dict[str, Any] = {name: ExactIndex(parts.pop(name)) for name in kinds if name in INDEXES}
    layout = Layout(**dict(manifest.shape))
    return Model(user_factors=tensors[USER_FACTORS], layout=layout, extras=extras, **parts, **indexes)


def _kinds(manifest: Manifest) -> Iterator[tuple[str, type[Part]]]:
    """Yield the parts that a bundle has by its manifest; raises BundleError for an unknown extra."""
    yield from CORE.items()
    yield from ((name, VectorTable) for name in INDEXES if getattr(manifest, name) is not None)
    for name in manifest.extras:
        if name not in EXTRAS:
            raise BundleError(f"manifest.json: extras: {name!r} is not known to this release")
        yield name, EXTRAS[name]
