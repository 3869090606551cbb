"""Encoders in ONNX beside the same sums in plain loops, and errors for files that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.encoders.hub import EncoderRef
from recsys.encoders.onnx_encoder import (
    BATCH_TOKENS,
    DESCRIPTION,
    IMAGE,
    PROBE,
    SLACK,
    TEXT,
    TOKENIZER,
    OnnxEncoder,
    _batches,
    fingerprint_of,
    is_onnx,
    open_onnx,
    read_files,
)
from recsys.encoders.opening import open_query_encoder
from recsys.encoders.picture_encoders import CLIP_SCALE, find_picture_encoder, open_picture_encoder, scale_of
from recsys.encoders.pictures import squared
from recsys.errors import EncoderError, UnansweredError
from tests.support import tiny_towers
from tests.support.tiny_towers import CHANNELS, DIM, LONGEST, SIDE, TEXT_WORDS, WORDS, picture

TEXTS = ["red wine", "the old castle by the sea", "", "  robots \n", "unknown words", "the " * 20 + "red", "RED Wine"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_towers.write(tmp_path / "tiny")


@pytest.fixture
def towers(folder: Path) -> OnnxEncoder:
    return open_onnx(folder)


@pytest.fixture
def texts(tmp_path: Path) -> OnnxEncoder:
    return open_onnx(tiny_towers.write_text(tmp_path / "texts"))


def looked_at(square: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The vector of a picture, by the definition of a convolution."""
    at = {name: array.astype(np.float64) for name, array in tiny_towers.tensors().items()}
    maps, largest = square.astype(np.float64) / 127.5 - 1, []
    for number, n_out in enumerate(CHANNELS):
        weight = at[f"picture.{number}.weight"].transpose(2, 3, 1, 0)
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
    return _head(np.array([*maps.transpose(2, 0, 1).ravel(), *largest]), at, "picture")


def said(text: str, words: tuple[str, ...], weights: tiny_towers.Tensors) -> NDArray[np.float64]:
    """The vector of a text, by the sum of those of its words."""
    at = {name: array.astype(np.float64) for name, array in weights.items()}
    nums = [words.index(word) + 1 if word in words else 0 for word in text.lower().split()[:LONGEST]]
    return _head(sum((at["text.words"][num] for num in nums), np.zeros(tiny_towers.WORD_DIM)), at, "text")


def _head(state: NDArray[np.float64], at: dict[str, NDArray[np.float64]], name: str) -> NDArray[np.float64]:
    hidden = np.maximum(state @ at[f"{name}.inner"] + at[f"{name}.inner_bias"], 0)
    vector = hidden @ at[f"{name}.outer"] + at[f"{name}.outer_bias"]
    return vector / np.linalg.norm(vector)


def test_pictures_are_encoded_as_written_down_in_loops(towers: OnnxEncoder) -> None:
    shown = [picture("red", (SIDE, SIDE)), picture("blue", (SIDE, SIDE)), picture("green", (50, 30))]
    found = towers.encode_pictures(shown)
    assert found.shape == (3, DIM)
    assert found.dtype == np.float32
    for row, one in enumerate(shown):
        np.testing.assert_allclose(found[row], looked_at(squared(one, SIDE)), atol=1e-5)


def test_texts_are_encoded_as_written_down_in_loops(texts: OnnxEncoder) -> None:
    found = texts.encode(TEXTS)
    assert found.dtype == np.float32
    for row, text in zip(found, TEXTS, strict=True):
        expected = said(text, TEXT_WORDS, tiny_towers.tensors(words=TEXT_WORDS)) if text else np.zeros(DIM)
        np.testing.assert_allclose(row, expected, atol=1e-5)


def test_words_are_added_up_in_any_order(towers: OnnxEncoder) -> None:
    expected = said("red red circle", WORDS, tiny_towers.tensors())
    for row in towers.encode(["Red red CIRCLE!", "circle, red red", "a red unknown circle red"]):
        np.testing.assert_allclose(row, expected, atol=1e-5)


def test_a_text_without_a_known_word_has_no_vector(towers: OnnxEncoder) -> None:
    assert not towers.encode(["", "nothing", "redd"]).any()


def test_a_vector_does_not_depend_on_the_other_texts(texts: OnnxEncoder) -> None:
    alone = np.concatenate([texts.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(texts.encode(TEXTS), alone, atol=1e-6)


def test_more_texts_than_a_batch_come_back_in_their_order_and_are_counted(texts: OnnxEncoder) -> None:
    many, done = TEXTS * (1 + BATCH_TOKENS // 20), []
    found = texts.encode(many, done.append)
    assert sum(done) == len(many)
    assert len(done) > len({len(text) for text in TEXTS}) / 2
    np.testing.assert_allclose(found, np.tile(texts.encode(TEXTS), (len(many) // len(TEXTS), 1)), atol=1e-6)


def test_no_texts_have_no_vectors(texts: OnnxEncoder) -> None:
    assert texts.encode([]).shape == (0, DIM)


def test_batches_hold_like_lengths_and_not_too_many_tokens() -> None:
    random = np.random.default_rng(0)
    lengths = [*random.integers(0, 40, 500).tolist(), BATCH_TOKENS + 1, 256, 256]
    batches = list(_batches(lengths))
    assert sorted(row for rows in batches for row in rows) == [row for row, length in enumerate(lengths) if length]
    for rows in batches:
        sizes = [lengths[row] for row in rows]
        assert sizes == sorted(sizes)
        assert len(sizes) == 1 or len(sizes) * sizes[-1] <= BATCH_TOKENS
        assert sum(sizes[-1] - size for size in sizes) <= SLACK
    assert len(batches) < 60


def test_progress_counts_pictures(towers: OnnxEncoder) -> None:
    done: list[int] = []
    assert towers.encode_pictures([picture("red", (8, 8))] * 70, done.append).shape == (70, DIM)
    assert done == [64, 6]
    assert towers.encode_pictures([]).shape == (0, DIM)


def test_an_encoder_of_texts_takes_no_pictures(texts: OnnxEncoder) -> None:
    with pytest.raises(EncoderError, match=r"encoder tiny takes no pictures: it has no image\.onnx"):
        texts.encode_pictures([picture()])


def test_a_folder_is_found_by_the_configuration(folder: Path) -> None:
    assert is_onnx(folder)
    found = find_picture_encoder(str(folder))
    assert isinstance(found, OnnxEncoder)
    assert found.fingerprint == fingerprint_of(folder)
    assert scale_of(found) == tiny_towers.SCALE
    with pytest.raises(EncoderError, match="is not on this machine"):
        find_picture_encoder("clip-of-nobody")


def test_the_fingerprint_is_that_of_all_files(folder: Path, tmp_path: Path) -> None:
    one = fingerprint_of(folder)
    assert fingerprint_of(tiny_towers.write(tmp_path / "same")) == one
    for name in (DESCRIPTION, TOKENIZER, TEXT, IMAGE):
        other = tiny_towers.write(tmp_path / name)
        (other / name).write_bytes((other / name).read_bytes() + b" ")
        assert fingerprint_of(other) != one
    (folder / f"{TEXT}.data").write_bytes(b"weights")
    assert fingerprint_of(folder) != one


def test_the_encoder_of_a_model_is_opened(folder: Path) -> None:
    fingerprint = open_onnx(folder).fingerprint
    for pictures in (True, False):
        kept = open_query_encoder(EncoderRef("tiny", fingerprint, folder, pictures=pictures))
        assert isinstance(kept, OnnxEncoder)
        assert (kept.name, kept.fingerprint) == ("tiny", fingerprint)
    assert open_picture_encoder(EncoderRef(str(folder), fingerprint, pictures=True)).fingerprint == fingerprint
    with pytest.raises(EncoderError, match="is not the one that the model was trained with"):
        open_picture_encoder(EncoderRef(str(folder), "0" * 64, pictures=True))
    with pytest.raises(UnansweredError, match="the model was trained without pictures"):
        open_picture_encoder(EncoderRef(pictures=True))


def test_another_encoder_has_the_scale_of_clip(towers: OnnxEncoder) -> None:
    class Other:
        encode, encode_pictures = towers.encode, towers.encode_pictures
        name, fingerprint = "x", "y"

    assert scale_of(Other()) == CLIP_SCALE


@pytest.mark.parametrize("changes", [{"scale": 0.0}, {"version": 2}, {"kind": "other"}, {"name": ""}], ids=str)
def test_a_description_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder = tiny_towers.write(tmp_path / "bad", **changes)
    with pytest.raises(EncoderError, match=r"bad: its files do not load: 1 validation error") as refused:
        open_onnx(folder)
    assert "\n" not in str(refused.value)


def test_models_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    weights = tiny_towers.tensors()
    weights["text.outer"], weights["text.outer_bias"] = weights["text.outer"][:, :-1], weights["text.outer_bias"][:-1]
    with pytest.raises(EncoderError, match="its models end in spaces of 5 and 6 dimensions"):
        open_onnx(tiny_towers.write(tmp_path / "spaces", weights))
    with pytest.raises(EncoderError, match="its files do not load"):  # a word of the text has no vector
        open_onnx(tiny_towers.write_text(tmp_path / "words", (*PROBE.split(), "red"), tiny_towers.tensors(words=())))
    swapped = tiny_towers.write(tmp_path / "swapped")
    (swapped / IMAGE).rename(swapped / TEXT)
    with pytest.raises(EncoderError, match="its files do not load"):
        open_onnx(swapped)


@pytest.mark.parametrize("name", [DESCRIPTION, TOKENIZER, TEXT, IMAGE])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 100])
def test_damaged_files_are_refused_with_one_line(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(EncoderError, match=r"its files do not load|cannot be read") as refused:
        open_onnx(folder, "0" * 64)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", [TOKENIZER, TEXT])
def test_missing_files_are_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(EncoderError, match=f"{name} cannot be read: No such file"):
        read_files(folder)
    with pytest.raises(EncoderError, match="its files do not load"):
        open_onnx(folder, "0" * 64)
