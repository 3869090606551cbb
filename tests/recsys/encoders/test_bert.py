"""The numpy runtime of BERT against the formulas written down anew, and against sentence-transformers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from recsys.data.vectors import unit_rows
from recsys.encoders.bert import BATCH_TOKENS, BertEncoder
from recsys.encoders.bert_files import open_bert, read_shape
from recsys.encoders.hub import SentenceEncoder, open_encoder
from recsys.encoders.opening import lightest
from recsys.errors import EncoderError
from tests.recsys.encoders.test_hub import MINILM, needs_minilm
from tests.support import tiny_bert

TEXTS = [
    "red wine",
    "the old castle by the sea",
    "",
    "  robots \n",
    "unknown words alone",
    "the the the the the the the the the the the red wine is cut off",
    "Réd WÍNE",
]
HARD = [
    "",
    "   ",
    "What is AI?",
    "word " * 400,
    "x" * 300,
    "ünïcödé café naïve 日本語 テスト",
    "a\nb\tc\x00d",
    "emoji 🎬 film",
    "[MASK] [SEP] hello [CLS]",
    *(f"the quick brown fox number {num} jumps " * (num % 9 + 1) for num in range(40)),
]
PROMPT = {"prompts": {"query": "query: "}, "default_prompt_name": "query"}


def opened(folder: Path) -> BertEncoder:
    encoder = open_bert("tiny", folder, "f")
    assert encoder is not None
    return encoder


def ids(text: str) -> list[int]:
    tokenizer = tiny_bert.tokenizer()
    tokenizer.no_padding()
    tokenizer.enable_truncation(tiny_bert.LONGEST)
    found: list[int] = tokenizer.encode(text.strip()).ids
    return found


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_vectors_are_those_of_the_formulas(tmp_path: Path, pooling: str) -> None:
    modes = {"pooling_mode_mean_tokens": pooling == "mean", "pooling_mode_cls_token": pooling == "cls"}
    found = opened(tiny_bert.write(tmp_path, pooling=modes)).encode(TEXTS)
    states = [tiny_bert.states(ids(text)) for text in TEXTS]
    pooled = [one.mean(axis=0) if pooling == "mean" else one[0] for one in states]
    np.testing.assert_allclose(found, unit_rows(np.array(pooled)), atol=2e-5)


def test_a_vector_does_not_depend_on_the_other_texts(tmp_path: Path) -> None:
    encoder = opened(tiny_bert.write(tmp_path))
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_more_texts_than_a_batch_come_back_in_their_order_and_are_counted(tmp_path: Path) -> None:
    encoder = opened(tiny_bert.write(tmp_path))
    texts = TEXTS * (1 + BATCH_TOKENS // 20)
    told: list[int] = []
    found = encoder.encode(texts, told.append)
    assert sum(told) == len(texts)
    assert len(told) > 1
    np.testing.assert_allclose(found, np.tile(encoder.encode(TEXTS), (len(texts) // len(TEXTS), 1)), atol=1e-6)


def test_no_texts_have_no_vectors(tmp_path: Path) -> None:
    assert opened(tiny_bert.write(tmp_path)).encode([]).shape == (0, tiny_bert.HIDDEN)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "roberta"},
        {"hidden_act": "relu"},
        {"position_embedding_type": "relative_key"},
        {"is_decoder": True},
        {"modules": ("Transformer", "Pooling", "Dense")},
        {"modules": ("Transformer",)},
        {"pooling": {"pooling_mode_max_tokens": True}},
        {"pooling": {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}},
        {"pooling": {"pooling_mode": "lasttoken"}},
        {"limits": {"max_seq_length": 10, "do_lower_case": True}},
        {"limits": {}},
    ],
    ids=str,
)
def test_what_is_no_plain_bert_is_left_to_sentence_transformers(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder = tiny_bert.write(tmp_path, **changes)
    assert read_shape(folder) is None
    assert open_bert("tiny", folder, "f") is None
    assert isinstance(lightest(SentenceEncoder("tiny", folder, "f")), SentenceEncoder)


def test_a_prompt_before_every_text_is_left_to_sentence_transformers(tmp_path: Path) -> None:
    folder = tiny_bert.write(tmp_path)
    (folder / "config_sentence_transformers.json").write_text(json.dumps(PROMPT))
    assert open_bert("tiny", folder, "f") is None


def test_half_precision_is_left_to_sentence_transformers(tmp_path: Path) -> None:
    folder = tiny_bert.write(tmp_path)
    halves = {name: array.astype(np.float16) for name, array in tiny_bert.tensors().items()}
    save_file(halves, folder / "model.safetensors")
    assert open_bert("tiny", folder, "f") is None


def test_the_newer_way_to_name_the_pooling_is_read(tmp_path: Path) -> None:
    shape = read_shape(tiny_bert.write(tmp_path, pooling={"pooling_mode": "cls"}))
    assert shape is not None
    assert shape.pooling == "cls"


def test_arrays_may_have_a_prefix(tmp_path: Path) -> None:
    folder = tiny_bert.write(tmp_path)
    plain = opened(folder).encode(TEXTS)
    save_file({f"bert.{name}": array for name, array in tiny_bert.tensors().items()}, folder / "model.safetensors")
    assert np.array_equal(opened(folder).encode(TEXTS), plain)


def test_a_missing_array_is_told(tmp_path: Path) -> None:
    folder = tiny_bert.write(tmp_path)
    arrays = tiny_bert.tensors()
    del arrays["encoder.layer.1.output.dense.bias"]
    save_file(arrays, folder / "model.safetensors")
    with pytest.raises(EncoderError, match=r"has no array 'encoder\.layer\.1\.output\.dense\.bias'"):
        open_bert("tiny", folder, "f")


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("encoder.layer.0.attention.self.query.weight", (13, 12)),
        ("encoder.layer.0.output.dense.weight", (12, 71)),
        ("embeddings.position_embeddings.weight", (10, 13)),
        ("encoder.layer.1.output.LayerNorm.bias", (5,)),
    ],
)
def test_arrays_that_do_not_fit_are_told_when_it_is_opened(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    folder = tiny_bert.write(tmp_path)
    save_file({**tiny_bert.tensors(), name: np.ones(shape, np.float32)}, folder / "model.safetensors")
    with pytest.raises(EncoderError, match="does not load"):
        open_bert("tiny", folder, "f")


def test_a_damaged_tokenizer_is_told(tmp_path: Path) -> None:
    folder = tiny_bert.write(tmp_path)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(EncoderError, match="does not load"):
        open_bert("tiny", folder, "f")


@needs_minilm
def test_minilm_gives_the_cosines_that_are_published_for_it() -> None:
    encoder = lightest(open_encoder(MINILM))
    assert isinstance(encoder, BertEncoder)
    first, second, ai, learning = encoder.encode(
        [
            "Artificial Intelligence is fascinating.",
            "Machine learning and deep learning are subsets of AI.",
            "What is AI?",
            "What is machine learning?",
        ]
    )
    assert ai @ second == pytest.approx(0.570, abs=5e-4)
    assert ai @ first == pytest.approx(0.558, abs=5e-4)
    assert learning @ second == pytest.approx(0.555, abs=5e-4)


@needs_minilm
@pytest.mark.slow
def test_minilm_is_that_of_sentence_transformers() -> None:
    found = open_encoder(MINILM)
    np.testing.assert_allclose(lightest(found).encode(HARD), found.encode(HARD), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["mean_tokens", "cls_token"])
def test_a_model_of_another_shape_is_that_of_sentence_transformers(tmp_path: Path, mode: str) -> None:
    folder = tiny_bert.write(tmp_path / "tiny", pooling={f"pooling_mode_{mode}": True})
    shutil.copytree(folder, tmp_path / "copy")
    expected = SentenceEncoder("tiny", tmp_path / "copy", "f").encode(TEXTS)
    np.testing.assert_allclose(opened(folder).encode(TEXTS), expected, atol=1e-5)
