"""The encoder that is fitted on the catalog."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load
from tokenizers import Tokenizer

from recsys.encoders.hub import StaticEncoder, open_encoder
from recsys.errors import DataError
from tests.support import factories
from training.content import lsa

SPACE = ["rocket planet star crew", "planet star orbit rocket", "crew orbit rocket star", "orbit star planet crew"]
LOVE = [
    "kiss wedding heart bride",
    "bride kiss heart letter",
    "letter wedding heart kiss",
    "wedding bride letter heart",
]


@pytest.fixture(scope="module")
def descriptions() -> list[str]:
    with (factories.SAMPLE / "items.csv").open(encoding="utf-8", newline="") as stream:
        return [row["description"] for row in csv.DictReader(stream)]


def test_the_same_texts_and_seed_give_the_same_bytes(descriptions: list[str]) -> None:
    (one, files, vectors), (same, again, others) = (lsa.fit(descriptions, 32, 7) for _ in range(2))
    assert files == again
    assert vectors.tobytes() == others.tobytes()
    assert one.fingerprint == same.fingerprint
    assert lsa.fit(descriptions[:-1], 32, 7)[1] != files


def test_texts_on_one_subject_are_nearer_than_texts_on_two() -> None:
    encoder, _, _ = lsa.fit(SPACE + LOVE, 2, 0)
    vectors = encoder.encode(SPACE + LOVE)
    cosines = vectors @ vectors.T
    within = np.concatenate((cosines[:4, :4].ravel(), cosines[4:, 4:].ravel()))
    assert within.min() > cosines[:4, 4:].max() + 0.5


def test_words_that_occur_together_bring_texts_together_that_share_none() -> None:
    encoder, _, _ = lsa.fit(SPACE + LOVE, 2, 0)
    rocket, orbit, kiss = encoder.encode(["rocket", "orbit", "kiss"])
    assert rocket @ orbit > 0.9
    assert rocket @ kiss < 0.1


def test_vectors_are_of_unit_length_or_zero() -> None:
    encoder, _, _ = lsa.fit(SPACE + LOVE, 3, 0)
    lengths = np.linalg.norm(encoder.encode(["rocket kiss", "unknown words", "", "!?", "ROCKET"]), axis=1)
    assert lengths.tolist() == pytest.approx([1, 0, 0, 0, 1], abs=1e-6)


def test_case_and_accents_do_not_matter() -> None:
    encoder, _, _ = lsa.fit([*SPACE, "café star"], 3, 0)
    one, other = encoder.encode(["Café ROCKET", "cafe rocket"])
    assert one.tolist() == other.tolist()


def test_full_dimension_is_the_cosine_of_tf_idf() -> None:
    texts = ["a b", "b c", "c d d", "a d", "e a b"]
    encoder, _, vectors = lsa.fit(texts, 100, 0)
    words = "abcde"
    counts = np.array([[text.split().count(word) for word in words] for text in texts], dtype=float)
    idf = np.log((1 + 5) / (1 + (counts > 0).sum(axis=0))) + 1
    damped = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * idf
    damped /= np.linalg.norm(damped, axis=1, keepdims=True)
    _, _, directions = np.linalg.svd(damped)
    assert vectors.shape == (5, 4)  # one dimension less than texts
    for found, rows in ((vectors, damped), (encoder.encode(texts), counts * idf)):  # a new text has plain counts
        reduced = rows @ directions[:4].T
        reduced /= np.linalg.norm(reduced, axis=1, keepdims=True)
        assert np.allclose(found.astype(np.float64) @ found.T, reduced @ reduced.T, atol=1e-5)


def test_the_vectors_of_texts_whose_words_occur_once_are_those_of_the_encoder() -> None:
    encoder, _, vectors = lsa.fit(SPACE + LOVE, 3, 0)
    assert vectors.dtype == np.float32
    assert np.allclose(encoder.encode(SPACE + LOVE), vectors, atol=1e-6)
    repeated = ["rocket rocket rocket planet", *SPACE[1:], *LOVE]
    encoder, _, vectors = lsa.fit(repeated, 3, 0)
    assert np.allclose(encoder.encode(repeated[1:]), vectors[1:], atol=1e-6)
    assert not np.allclose(encoder.encode(repeated[:1]), vectors[:1], atol=1e-2)


def test_rare_and_very_common_words_of_a_large_collection_are_left_out() -> None:
    texts = [f"the film{number % 7} once{number}" for number in range(70)]
    _, files, _ = lsa.fit(texts, 3, 0)
    words = Tokenizer.from_str(files["0_StaticEmbedding/tokenizer.json"].decode()).get_vocab()
    assert words.keys() == {"[UNK]", *(f"film{number}" for number in range(7))}


def test_the_files_are_a_sentence_transformer_folder(tmp_path: Path) -> None:
    encoder, files, _ = lsa.fit(SPACE + LOVE, 3, 0)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    modules = json.loads(files["modules.json"])
    assert [module["type"].rpartition(".")[2] for module in modules] == ["StaticEmbedding", "Normalize"]
    assert [module["path"] for module in modules] == ["0_StaticEmbedding", "1_Normalize"]
    assert open_encoder(str(tmp_path)).folder == tmp_path
    weights = load(files["0_StaticEmbedding/model.safetensors"])["embedding.weight"]
    tokenizer = Tokenizer.from_str(files["0_StaticEmbedding/tokenizer.json"].decode())
    assert weights.shape == (tokenizer.get_vocab_size(), 3)
    assert not weights[tokenizer.token_to_id("[UNK]")].any()
    total = weights[tokenizer.encode("Rocket, kiss!", add_special_tokens=False).ids].mean(axis=0)
    assert encoder.encode(["Rocket, kiss!"])[0] == pytest.approx(total / np.linalg.norm(total), abs=1e-6)


def test_the_encoder_opens_again_from_its_files() -> None:
    encoder, files, _ = lsa.fit(SPACE + LOVE, 3, 0)
    opened = StaticEncoder.from_files(
        "lsa", {name.removeprefix("0_StaticEmbedding/"): content for name, content in files.items() if "0_" in name}
    )
    assert opened.fingerprint == encoder.fingerprint
    assert np.array_equal(opened.encode(SPACE), encoder.encode(SPACE))


@pytest.mark.slow
def test_sentence_transformers_gives_the_same_vectors(tmp_path: Path) -> None:
    encoder, files, _ = lsa.fit(SPACE + LOVE, 3, 0)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    texts = ["Rocket, kiss!", *SPACE]
    assert np.allclose(open_encoder(str(tmp_path)).encode(texts), encoder.encode(texts), atol=1e-6)


@pytest.mark.parametrize(
    "texts", [["one text"], ["!!!", "???"], [f"word{number}" for number in range(60)], ["same"] * 60]
)
def test_texts_that_share_no_words_are_refused(texts: list[str]) -> None:
    with pytest.raises(DataError, match=r'content\.encoder = lsa: the texts share too few words; .* or "none"'):
        lsa.fit(texts, 8, 0)


def test_equal_texts_have_equal_vectors() -> None:
    vectors = lsa.fit(["the same text"] * 3, 8, 0)[0].encode(["the same text"] * 3)
    assert np.allclose(vectors @ vectors.T, 1)
