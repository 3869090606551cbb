"""The towers in numpy beside the same sums in plain loops, and what is told of files that do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.encoders.hub import EncoderRef
from recsys.encoders.opening import open_query_encoder
from recsys.encoders.picture_encoders import CLIP_SCALE, find_picture_encoder, open_picture_encoder, scale_of
from recsys.encoders.tower_files import DESCRIPTION, WEIGHTS, fingerprint_of, is_towers, open_towers, read_files
from recsys.encoders.towers import TowerEncoder, squared
from recsys.errors import EncoderError, UnansweredError
from tests.support import tiny_towers
from tests.support.tiny_towers import CHANNELS, DIM, SIDE, WORDS, picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_towers.write(tmp_path / "tiny")


@pytest.fixture
def towers(folder: Path) -> TowerEncoder:
    return open_towers(folder)


def looked_at(square: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The vector of a picture, by the definition of a convolution."""
    at = {name: array.astype(np.float64) for name, array in tiny_towers.tensors().items()}
    maps, largest = square.astype(np.float64) / 127.5 - 1, []
    for number, n_out in enumerate(CHANNELS):
        weight = at[f"picture.{number}.weight"].reshape(3, 3, maps.shape[2], n_out)
        half = len(maps) // 2
        found = np.zeros((half, half, n_out))
        for y in range(half):
            for x in range(half):
                total = at[f"picture.{number}.bias"].copy()
                for down in range(3):
                    for across in range(3):
                        row, column = 2 * y + down - 1, 2 * x + across - 1
                        if 0 <= row < len(maps) and 0 <= column < len(maps):
                            total += maps[row, column] @ weight[down, across]
                found[y, x] = np.maximum(total, 0)
        maps = found
        largest += [maps[:, :, channel].max() for channel in range(n_out)]
    return _head(np.array([*maps.ravel(), *largest]), at, "picture")


def _head(state: NDArray[np.float64], at: dict[str, NDArray[np.float64]], name: str) -> NDArray[np.float64]:
    hidden = np.maximum(state @ at[f"{name}.inner"] + at[f"{name}.inner_bias"], 0)
    vector = hidden @ at[f"{name}.outer"] + at[f"{name}.outer_bias"]
    return vector / np.linalg.norm(vector)


def test_pictures_are_encoded_as_written_down_in_loops(towers: TowerEncoder) -> None:
    shown = [picture("red", (SIDE, SIDE)), picture("blue", (SIDE, SIDE)), picture("green", (50, 30))]
    found = towers.encode_pictures(shown)
    assert found.shape == (3, DIM)
    assert found.dtype == np.float32
    for row, one in enumerate(shown):
        np.testing.assert_allclose(found[row], looked_at(squared(one, SIDE)), atol=1e-5)


def test_words_are_added_up_in_any_order(towers: TowerEncoder) -> None:
    at = {name: array.astype(np.float64) for name, array in tiny_towers.tensors().items()}
    total = sum(at["text.words"][WORDS.index(word)] for word in ("red", "red", "circle"))
    found = towers.encode(["Red red CIRCLE!", "circle, red red", "a red unknown circle red"])
    for row in found:
        np.testing.assert_allclose(row, _head(total, at, "text"), atol=1e-5)


def test_a_text_without_a_known_word_has_no_vector(towers: TowerEncoder) -> None:
    assert not towers.encode(["", "nothing", "redd"]).any()


def test_it_is_told_how_many_are_done(towers: TowerEncoder) -> None:
    done: list[int] = []
    many = [picture("red", (8, 8))] * 70
    assert towers.encode_pictures(many, done.append).shape == (70, DIM)
    assert done == [64, 6]
    towers.encode(["red", "blue"], done.append)
    assert done[-1] == 2
    assert towers.encode_pictures([]).shape == (0, DIM)


def test_a_folder_is_found_by_the_configuration(folder: Path) -> None:
    assert is_towers(folder)
    found = find_picture_encoder(str(folder))
    assert isinstance(found, TowerEncoder)
    assert found.fingerprint == fingerprint_of(read_files(folder))
    assert scale_of(found) == 12.5
    with pytest.raises(EncoderError, match="is not on this machine"):
        find_picture_encoder("clip-of-nobody")


def test_the_encoder_of_a_model_is_opened(folder: Path) -> None:
    fingerprint = open_towers(folder).fingerprint
    kept = open_query_encoder(EncoderRef("tiny", fingerprint, folder, pictures=True))
    assert isinstance(kept, TowerEncoder)
    assert kept.fingerprint == fingerprint
    assert open_picture_encoder(EncoderRef(str(folder), fingerprint, pictures=True)).fingerprint == fingerprint
    with pytest.raises(EncoderError, match="is not the one that the model was trained with"):
        open_picture_encoder(EncoderRef(str(folder), "0" * 64, pictures=True))
    with pytest.raises(UnansweredError, match="the model was trained without pictures"):
        open_picture_encoder(EncoderRef(pictures=True))


def test_another_encoder_has_the_scale_of_clip(towers: TowerEncoder) -> None:
    class Other:
        encode, encode_pictures = towers.encode, towers.encode_pictures
        name, fingerprint = "x", "y"

    assert scale_of(Other()) == CLIP_SCALE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"convolutions": 1}, "picture.inner is float32 of shape"),
        ({"convolutions": 3}, "picture.2.weight"),
        ({"words": ("red",)}, "text.words is float32 of shape"),
        ({"side": 32}, "picture.inner is float32 of shape"),
        ({"scale": 0.0}, "greater than 0"),
        ({"version": 2}, "validation error"),
        ({"kind": "other"}, "validation error"),
    ],
)
def test_a_description_that_does_not_fit_is_told(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    folder = tiny_towers.write(tmp_path / "bad", **changes)
    with pytest.raises(EncoderError, match="its files do not load") as told:
        open_towers(folder)
    assert message in str(told.value) or "validation error" in str(told.value)
    assert "\n" not in str(told.value)


def test_weights_that_do_not_fit_are_told(tmp_path: Path) -> None:
    weights = tiny_towers.tensors()
    weights["text.outer"], weights["text.outer_bias"] = (
        weights["text.outer"][:, :-1].copy(),
        weights["text.outer_bias"][:-1],
    )
    with pytest.raises(EncoderError, match="spaces of different dimensions"):
        open_towers(tiny_towers.write(tmp_path / "bad", weights))
    weights = tiny_towers.tensors()
    weights["text.words"] = weights["text.words"].astype(np.float64)  # type: ignore[assignment]
    with pytest.raises(EncoderError, match=r"text\.words is float64"):
        open_towers(tiny_towers.write(tmp_path / "double", weights))


def test_files_that_are_missing_or_damaged_are_told(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[:100])
    with pytest.raises(EncoderError, match=r"no sound \.safetensors file"):
        open_towers(folder)
    (folder / WEIGHTS).unlink()
    with pytest.raises(EncoderError, match="cannot be read: No such file"):
        open_towers(folder)
    (folder / DESCRIPTION).write_text("{")
    with pytest.raises(EncoderError, match="its files do not load"):
        open_towers(folder, "0" * 64)
