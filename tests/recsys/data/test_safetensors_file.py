from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save, save_file

from recsys.data.safetensors_file import ALIGNMENT, map_tensors, write_tensors
from recsys.errors import EncoderError

ARRAYS = {
    "numbers": np.arange(6, dtype=np.float32).reshape(2, 3),
    "halves": np.array([0.5, 1.5], dtype=np.float16),
    "whole": np.array([[1], [-(2**40)]], dtype=np.int64),
    "nothing": np.zeros((0, 4), dtype=np.float32),
}


def test_arrays_are_those_that_the_library_wrote(tmp_path: Path) -> None:
    save_file(ARRAYS, tmp_path / "some.safetensors", metadata={"format": "np"})
    found = map_tensors(tmp_path / "some.safetensors", EncoderError)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_arrays_are_mapped_and_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    save_file(ARRAYS, path)
    numbers = map_tensors(path, EncoderError)["numbers"]
    with pytest.raises(ValueError, match="read-only"):
        numbers[0, 0] = 7
    assert str(path) in Path("/proc/self/maps").read_text()


def test_types_that_numpy_does_not_have_are_left_out(tmp_path: Path) -> None:
    header = {"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}
    assert map_tensors(written(tmp_path, header, b"\0\0"), EncoderError) == {}


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
        one(data_offsets=[0, 4], shape=[1]),
        one(data_offsets=[4, 8], shape=[1]),
        one(shape=[-1]),
        {**one(), "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}},
        b"[" * 100_000,
    ],
    ids=repr,
)
def test_a_file_of_another_form_is_told(tmp_path: Path, header: object) -> None:
    with pytest.raises(EncoderError, match=r"x\.safetensors: no sound \.safetensors file"):
        map_tensors(written(tmp_path, header, bytes(8)), EncoderError)


@pytest.mark.parametrize("content", [b"", b"\1", b"\xff" * 16, save(ARRAYS)[:-5]])
def test_a_file_that_is_cut_off_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(EncoderError, match=r"no sound \.safetensors file"):
        map_tensors(tmp_path / "x.safetensors", EncoderError)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"no sound \.safetensors file"):
        map_tensors(tmp_path / "nix", EncoderError)


# --- writing


MANY = {
    **ARRAYS,
    "whole_too": np.arange(3, dtype=np.uint64),
    "flags": np.array([True, False, True]),
    "letters": np.frombuffer(b"abcde", dtype=np.uint8),
    "column": np.arange(12, dtype=np.int32).reshape(4, 3)[:, 1],
    "number": np.array(1.5),
}


def test_what_is_written_is_read_back_and_the_library_reads_it_too(tmp_path: Path) -> None:
    write_tensors(tmp_path / "x.safetensors", MANY)
    found, theirs = map_tensors(tmp_path / "x.safetensors", EncoderError), load_file(tmp_path / "x.safetensors")
    assert found.keys() == MANY.keys()
    for name, array in MANY.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(found[name], array)
        np.testing.assert_array_equal(theirs[name], array)


@pytest.mark.parametrize("leave_out", [None, *MANY])
def test_each_array_begins_at_a_cache_line(tmp_path: Path, leave_out: str | None) -> None:
    """Whatever the length of the header is."""
    write_tensors(tmp_path / "x.safetensors", {name: MANY[name] for name in MANY if name != leave_out})
    found = map_tensors(tmp_path / "x.safetensors", EncoderError)
    assert {array.ctypes.data % ALIGNMENT for array in found.values() if array.size} == {0}


def test_equal_arrays_give_equal_bytes_in_any_order(tmp_path: Path) -> None:
    for name, arrays in (("one", MANY), ("other", dict(reversed(MANY.items())))):
        write_tensors(tmp_path / name, arrays)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_file_that_is_there_already_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="File exists"):
        write_tensors(tmp_path / "x", MANY)
    assert (tmp_path / "x").read_bytes() == b"mine"


def test_others_may_read_the_file_where_the_process_lets_them(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_tensors(tmp_path / "x", MANY)
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_folder_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="No such file or directory"):
        write_tensors(tmp_path / "gone" / "x", MANY)
