from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save, save_file

from recsys.encoders.safetensors_file import map_tensors
from recsys.errors import EncoderError

ARRAYS = {
    "numbers": np.arange(6, dtype=np.float32).reshape(2, 3),
    "halves": np.array([0.5, 1.5], dtype=np.float16),
    "whole": np.array([[1], [-(2**40)]], dtype=np.int64),
    "nothing": np.zeros((0, 4), dtype=np.float32),
}


def test_arrays_are_those_that_the_library_wrote(tmp_path: Path) -> None:
    save_file(ARRAYS, tmp_path / "some.safetensors", metadata={"format": "np"})
    found = map_tensors(tmp_path / "some.safetensors")
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_arrays_are_mapped_and_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    save_file(ARRAYS, path)
    numbers = map_tensors(path)["numbers"]
    with pytest.raises(ValueError, match="read-only"):
        numbers[0, 0] = 7
    assert str(path) in Path("/proc/self/maps").read_text()


def test_types_that_numpy_does_not_have_are_left_out(tmp_path: Path) -> None:
    header = {"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}
    assert map_tensors(written(tmp_path, header, b"\0\0")) == {}


def written(folder: Path, header: object, numbers: bytes) -> Path:
    content = header if isinstance(header, bytes) else json.dumps(header).encode()
    (folder / "x.safetensors").write_bytes(len(content).to_bytes(8, "little") + content + numbers)
    return folder / "x.safetensors"


def one(**changes: object) -> dict[str, object]:
    return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


@pytest.mark.parametrize(
    "header",
    [
        b"{",
        b"[]",
        b'"text"',
        b"\xff",
        {"a": 3},
        {"a": {}},
        one(shape=[3]),
        one(shape="x"),
        one(data_offsets=[0, 9]),
        one(data_offsets=[-8, 0]),
        one(data_offsets=[8, 0]),
        one(data_offsets=[0]),
        one(data_offsets=[0, 3]),
        b"[" * 100_000,
    ],
    ids=repr,
)
def test_a_file_of_another_form_is_told(tmp_path: Path, header: object) -> None:
    with pytest.raises(EncoderError, match=r"x\.safetensors: no sound \.safetensors file"):
        map_tensors(written(tmp_path, header, bytes(8)))


@pytest.mark.parametrize("content", [b"", b"\1", b"\xff" * 16, save(ARRAYS)[:-5]])
def test_a_file_that_is_cut_off_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(EncoderError, match=r"no sound \.safetensors file"):
        map_tensors(tmp_path / "x.safetensors")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"no sound \.safetensors file"):
        map_tensors(tmp_path / "nix")
