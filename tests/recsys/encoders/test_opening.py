from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from recsys.encoders.hub import NO_ENCODER, EncoderRef, SentenceEncoder, StaticEncoder, open_encoder
from recsys.encoders.opening import lightest, open_query_encoder
from recsys.errors import EncoderError, UnansweredError
from tests.recsys.encoders.test_hub import TEXTS, written
from tests.support import tiny_bert, tiny_towers
from training.content import lsa


@pytest.fixture(scope="module")
def fitted() -> tuple[StaticEncoder, dict[str, bytes]]:
    encoder, files, _ = lsa.fit(TEXTS, 4, 0)
    return encoder, files


def test_an_encoder_that_was_fitted_is_opened_from_its_files(
    tmp_path: Path, fitted: tuple[StaticEncoder, dict[str, bytes]]
) -> None:
    encoder, files = fitted
    opened = open_query_encoder(EncoderRef("lsa", encoder.fingerprint, written(tmp_path, files)))
    assert isinstance(opened, StaticEncoder)
    np.testing.assert_array_equal(opened.encode(["a red fox", "", "nix"]), encoder.encode(["a red fox", "", "nix"]))
    assert str(tmp_path) in Path("/proc/self/maps").read_text()


def test_an_encoder_with_a_name_is_opened_by_it_where_it_is_the_same_one(tmp_path: Path) -> None:
    folder = tiny_bert.write(tmp_path / "tiny")
    found = open_encoder(str(folder))
    opened = open_query_encoder(EncoderRef(found.name, found.fingerprint))
    assert isinstance(opened, SentenceEncoder)
    assert (opened.name, opened.fingerprint) == (found.name, found.fingerprint)


def test_another_encoder_of_the_same_name_is_refused(tmp_path: Path) -> None:
    folder = tiny_bert.write(tmp_path / "tiny")
    ref = EncoderRef(str(folder), open_encoder(str(folder)).fingerprint)
    save_file(tiny_bert.tensors(seed=1), folder / "model.safetensors")
    with pytest.raises(EncoderError, match="is not the one that the model was trained with"):
        open_query_encoder(ref)


def test_an_encoder_that_has_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="is not on this machine"):
        open_query_encoder(EncoderRef(str(tmp_path / "nix"), "f"))


def test_a_model_without_text_vectors_has_none() -> None:
    with pytest.raises(UnansweredError, match="trained without text vectors"):
        open_query_encoder(NO_ENCODER)


@pytest.mark.parametrize("normalized", [True, False])
def test_a_folder_of_word_vectors_needs_no_torch(
    tmp_path: Path, fitted: tuple[StaticEncoder, dict[str, bytes]], normalized: bool
) -> None:
    encoder, files = fitted
    folder = written(tmp_path, files)
    if not normalized:
        (folder / "modules.json").write_bytes(
            files["modules.json"].replace(b"models.Normalize", b"models.StaticEmbedding").split(b"},")[0] + b"}]"
        )
    opened = lightest(open_encoder(str(folder)))
    assert isinstance(opened, StaticEncoder)
    np.testing.assert_array_equal(opened.encode(TEXTS), encoder.encode(TEXTS))


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.zeros((3, 4), np.float64), "holds no token vectors in float32"),
        (np.zeros(3, np.float32), "holds no token vectors in float32"),
        (np.zeros((2, 4), np.float32), "has vectors for some of its tokens only"),
        (None, "holds no token vectors in float32"),
    ],
)
def test_word_vectors_that_do_not_fit_are_told(
    tmp_path: Path, fitted: tuple[StaticEncoder, dict[str, bytes]], vectors: object, message: str
) -> None:
    folder = written(tmp_path, fitted[1])
    arrays = {"other": np.zeros(3)} if vectors is None else {"embedding.weight": vectors}
    save_file(arrays, folder / "0_StaticEmbedding" / "model.safetensors")  # type: ignore[arg-type]
    with pytest.raises(EncoderError, match=message):
        open_query_encoder(EncoderRef("lsa", "f", folder))


def test_a_folder_without_its_tokenizer_is_told(tmp_path: Path, fitted: tuple[StaticEncoder, dict[str, bytes]]) -> None:
    folder = written(tmp_path, fitted[1])
    shutil.move(folder / "0_StaticEmbedding" / "tokenizer.json", tmp_path / "elsewhere")
    with pytest.raises(EncoderError, match="does not load"):
        open_query_encoder(EncoderRef("lsa", "f", folder))


def test_only_a_look_up_is_light(tmp_path: Path, fitted: tuple[StaticEncoder, dict[str, bytes]]) -> None:
    ref = EncoderRef("lsa", "f", written(tmp_path / "lsa", fitted[1]))
    assert ref.light
    assert not replace(ref, folder=None).light
    assert not replace(ref, folder=tiny_towers.write_text(tmp_path / "onnx")).light


def test_where_sentence_transformers_is_missing_an_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(EncoderError, match="needs sentence-transformers: install the extra `training`"):
        open_encoder(str(tiny_bert.write(tmp_path / "tiny"))).encode(["red"])
