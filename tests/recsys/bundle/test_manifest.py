"""A bundle that was signed again after a change is refused for what it says, before annoy opens a file."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import DTypeLike, NDArray

from recsys.bundle.bundle import MANIFEST, MODEL, load_bundle
from recsys.bundle.manifest import Manifest
from recsys.bundle.parts import to_tensors
from recsys.errors import BundleError
from tests.support import factories
from tests.support.faults import bundles
from tests.support.faults.bundles import Change

FORESTS = ("items_for_user.ann", "items_like_item.ann", "items_by_text.ann")
ARRAYS = sorted(to_tensors(bundles.tiny("a")))

DTYPES: tuple[DTypeLike, ...] = (np.float64, np.float32, np.float16, np.uint8)
ANY_LENGTH = ("users.starts", "catalog.items.starts", "attributes.texts.attributes")  # buckets, attributes with words


@pytest.fixture
def unopenable(sound: Path) -> Path:
    """A signed bundle in which annoy fails on any file that it is given, so that an error shows who came first."""
    for name in FORESTS:
        (sound / name).write_bytes(b"no forest")
    bundles.resign(sound)
    return sound


def put(*keys: str, value: object) -> Change:
    def change(raw: dict[str, Any]) -> None:
        for key in keys[:-1]:
            raw = raw[key]
        raw[keys[-1]] = value

    return change


def drop(*keys: str) -> Change:
    def change(raw: dict[str, Any]) -> None:
        for key in keys[:-1]:
            raw = raw[key]
        del raw[keys[-1]]

    return change


def listed(name: str) -> Change:
    return lambda raw: raw["files"].update({name: {"size": 0, "sha256": "0" * 64}})


WRONG: dict[str, tuple[Change, str]] = {
    "factors": (put("shape", "factors", value=5), "fold-in: factors are 4 where the model has 5"),
    "text_dim": (put("shape", "text_dim", value=2), "likeness: text_dim are 3 where the model has 2"),
    "no factors": (put("shape", "factors", value=0), "shape.factors: Input should be greater than 0"),
    "parts shifted": (
        lambda raw: raw["shape"].update(factors=5, text_dim=2),
        "fold-in: factors are 4 where the model has 5",
    ),
    "scale": (put("shape", "content_scale", value=-1.0), "content_scale: Input should be greater than or equal to 0"),
    "short history": (
        put("shape", "short_history", value=-0.5),
        "short_history: Input should be greater than or equal to 0",
    ),
    "no short history": (drop("shape", "short_history"), "shape.short_history: Field required"),
    "endless short history": (
        put("shape", "short_history", value=float("inf")),
        "short_history: Input should be a finite",
    ),
    "more users": (put("counts", "users", value=9), r"are \(8, 12, 24\), the manifest says users=9"),
    "more items": (put("counts", "items", value=13), "histories: items are 13 where the model has 12"),
    "fewer items": (
        put("counts", "items", value=11),
        "attributes: the arrays do not fit together: items holds a number that is not under 11",
    ),
    "more interactions": (put("counts", "interactions", value=25), "interactions=25"),
    "no users": (put("counts", "users", value=0), "counts.users: Input should be greater than 0"),
    "users as a text": (put("counts", "users", value="8"), "counts.users: Input should be a valid integer"),
    "users as a fraction": (put("counts", "users", value=8.0), "counts.users: Input should be a valid integer"),
    "users as a boolean": (put("counts", "users", value=True), "counts.users: Input should be a valid integer"),
    "metric": (put("items_for_user", "metric", value="euclidean"), "metric: Input should be 'inner_product'"),
    "index": (put("items_like_item", "serves", value="faiss"), "serves: Input should be 'annoy' or 'exact'"),
    "no texts": (put("items_by_text", value=None), "unknown tensor items_by_text"),
    "another extra": (put("extras", value=["clusters", "taste"]), "extras: 'taste' is not known to this release"),
    "an extra more": (lambda raw: raw["extras"].append("tagging"), "the model lacks the tensor tagging"),
    "an extra less": (lambda raw: raw["extras"].remove("item_map"), "the model has an unknown tensor item_map"),
    "recall": (put("items_like_item", "recall", value=1.5), "recall: Input should be less than or equal to 1"),
    "search_k": (put("items_like_item", "search_k", value=-1), "search_k: Input should be greater than 0"),
    "not finite": (put("metrics", value={"recall": float("nan")}), "metrics.recall: Input should be a finite number"),
    "newer schema": (put("schema_version", value=7), "schema version 7, this release reads 6; train again"),
    "older schema": (put("schema_version", value=5), "schema version 5, this release reads 6; train again"),
    "schema as a text": (put("schema_version", value="6"), "schema version '6'"),
    "schema as a boolean": (put("schema_version", value=True), "schema version True"),
    "schema as a fraction": (put("schema_version", value=6.0), r"schema version 6\.0"),
    "no schema": (drop("schema_version"), "schema version None"),
    "unknown key": (put("extra", value=1), "extra: Extra inputs are not permitted"),
    "unknown inner key": (put("counts", "extra", value=1), "counts.extra: Extra inputs are not permitted"),
    "version": (put("model_version", value="20270101T000000Z-0000"), "the manifest is that of 20270101T000000Z-0000"),
    "version as a path": (put("model_version", value="../20270101T000000Z-0000"), "model_version: String should match"),
    "data checksum": (put("data_sha256", value="0" * 63), "data_sha256: String should match"),
    "file checksum": (put("files", "model.safetensors", "sha256", value="x"), "sha256: String should match"),
    "file size": (
        put("files", "model.safetensors", "size", value=-1),
        "size: Input should be greater than or equal to 0",
    ),
    "file not listed": (drop("files", "model.safetensors"), r"model\.safetensors: not in the manifest"),
    "no such file": (listed("more.txt"), r"more\.txt: missing"),
    "the manifest itself": (listed(MANIFEST), r"manifest\.json: missing"),
}
NAMES = [
    "../model.safetensors",
    "..",
    "encoder/../../x",
    "/etc/passwd",
    ".hidden",
    "encoder/.hidden",
    "a//b",
    "a/",
    "a/./b",
    ".",
    "",
]
NAMES += ["C:x", "a\\b", "a\0b", "a\n", "a b", "~/x*"]
HEADER = ["counts", "shape", "encoder", "items_for_user", "items_like_item", "items_by_text", "events"]
HEADER += ["parameters", "data_sha256", "metrics"]
KEYS = [*HEADER, "model_version", "created_at", "files", "extras"]


def test_signing_again_is_otherwise_accepted(sound: Path) -> None:
    before = bundles.digest(load_bundle(sound).model)
    bundles.resign(sound)
    assert bundles.digest(load_bundle(sound).model) == before


def test_control_annoy_is_the_last_to_complain(unopenable: Path) -> None:
    with pytest.raises(BundleError, match="is not a multiple of the node size"):
        load_bundle(unopenable)


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_refused(unopenable: Path, change: Change, message: str) -> None:
    bundles.edit(unopenable, change)
    with pytest.raises(BundleError, match=message):
        load_bundle(unopenable)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_that_could_leave_the_folder_is_refused(unopenable: Path, name: str) -> None:
    bundles.edit(unopenable, listed(name))
    with pytest.raises(BundleError, match="is not a plain relative file name"):
        load_bundle(unopenable)


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key_is_refused(unopenable: Path, key: str) -> None:
    bundles.edit(unopenable, drop(key))
    with pytest.raises(BundleError, match=f"{key}: Field required"):
        load_bundle(unopenable)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", [None, 1, "text", []], ids=repr)
def test_a_key_of_a_wrong_type_is_refused(unopenable: Path, key: str, value: object) -> None:
    if isinstance(value, str) and key == "created_at":
        value = 2.5  # its own type is text
    if value == [] and key == "extras":
        value = 2.5
    if value is None and key == "items_by_text":
        value = 2.5  # None is that of a model without text vectors
    bundles.edit(unopenable, put(key, value=value))
    with pytest.raises(BundleError, match=f"{key}: (Input|String) should"):
        load_bundle(unopenable)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff", b"{", b'{"schema_version": 6}', b"[" * 100_000])
def test_a_manifest_that_is_none_is_refused(sound: Path, content: bytes) -> None:
    bundles.sign(sound, content)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        load_bundle(sound)


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_of_another_dtype_is_refused(unopenable: Path, name: str) -> None:
    array = bundles.tensors(unopenable)[name]
    for other in [dtype for dtype in DTYPES if array.dtype != dtype]:
        with np.errstate(invalid="ignore", over="ignore"):  # a place on the map may be not a number
            refused_array(unopenable, name, array.astype(other))


@pytest.mark.parametrize("name", [name for name in ARRAYS if name not in ANY_LENGTH])
def test_an_array_of_another_shape_is_refused(unopenable: Path, name: str) -> None:
    array = bundles.tensors(unopenable)[name]
    others = (array[:-1], np.concatenate((array, array[-1:])), array[None], array[:0], np.zeros((), array.dtype))
    for changed in others:
        if changed.shape != array.shape:  # an empty one has no shorter one
            refused_array(unopenable, name, changed)


def refused_array(folder: Path, name: str, array: NDArray[Any]) -> None:
    sound = bundles.tensors(folder)
    bundles.put_tensors(folder, {**sound, name: array})
    with pytest.raises(BundleError, match=r"^(?!.*is not a multiple of the node size)"):
        load_bundle(folder)
    bundles.put_tensors(folder, sound)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("item_nums", -1, "the arrays do not fit together"),
        ("item_nums", 12, "the arrays do not fit together"),
        ("indptr", 48, "the arrays do not fit together"),
        ("collaborative", -1e-3, "the arrays do not fit together: (collaborative|content) holds a number"),
        ("content", np.nan, "the arrays do not fit together: (collaborative|content) holds a number"),
    ],
)
def test_a_neighborhood_that_is_unsound_is_refused(unopenable: Path, name: str, value: float, message: str) -> None:
    tensors = bundles.tensors(unopenable)
    tensors[f"neighborhood.{name}"][5] = value
    bundles.put_tensors(unopenable, tensors)
    with pytest.raises(BundleError, match=f"neighborhood: {message}"):
        load_bundle(unopenable)


def test_a_missing_array_is_refused(unopenable: Path) -> None:
    tensors = bundles.tensors(unopenable)
    for name in ARRAYS:
        bundles.put_tensors(unopenable, {other: array for other, array in tensors.items() if other != name})
        with pytest.raises(BundleError, match=rf"the model lacks the tensor {name}$"):
            load_bundle(unopenable)


@pytest.mark.parametrize("name", ["users.blobs", "more", "items_by_picture.norms", "tagging"])
def test_an_unknown_array_is_refused(unopenable: Path, name: str) -> None:
    bundles.put_tensors(unopenable, {**bundles.tensors(unopenable), name: np.zeros(3)})
    with pytest.raises(BundleError, match=f"the model has an unknown tensor {name}$"):
        load_bundle(unopenable)


def test_arrays_that_are_not_aligned_are_refused(unopenable: Path) -> None:
    content = (unopenable / MODEL).read_bytes()
    size = int.from_bytes(content[:8], "little")
    longer = (size + 1).to_bytes(8, "little") + content[8 : 8 + size] + b" " + content[8 + size :]
    (unopenable / MODEL).write_bytes(longer)
    bundles.resign(unopenable)
    with pytest.raises(BundleError, match=r"tensor \S+ is not aligned"):
        load_bundle(unopenable)


class Explosive:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("kind", ["array", "pickle", "archive"])
def test_loading_executes_nothing(sound: Path, tmp_path: Path, kind: str) -> None:
    trace, path = tmp_path / "executed", sound / MODEL
    objects = np.array([Explosive(trace)], dtype=object)
    with path.open("wb") as stream:
        if kind == "array":
            np.save(stream, objects, allow_pickle=True)
        elif kind == "pickle":
            pickle.dump(Explosive(trace), stream)
        else:
            np.savez(stream, objects=objects)
    bundles.resign(sound)
    with pytest.raises(BundleError, match=r"no sound \.safetensors file"):
        load_bundle(sound)
    assert not trace.exists()


def test_control_the_pickle_would_have_executed(tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    np.save(tmp_path / "bad.npy", np.array([Explosive(trace)], dtype=object), allow_pickle=True)
    np.load(tmp_path / "bad.npy", allow_pickle=True)
    assert trace.exists()


def test_a_forest_of_another_size_is_refused(sound: Path) -> None:
    other = factories.model(8, 13, annoy=True)
    other.forests["items_for_user"].save(sound / "items_for_user.ann")
    bundles.resign(sound)
    with pytest.raises(BundleError, match=r"items_for_user\.ann: 13 items where 12 are expected"):
        load_bundle(sound)


def test_a_manifest_is_read_back_as_it_was_written(sound: Path) -> None:
    content = (sound / MANIFEST).read_bytes()
    assert Manifest.from_json(content).to_json() == content
