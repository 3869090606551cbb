"""Pretrained encoders in ONNX against the formulas written down anew, and against sentence-transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.bundle.store import Store
from recsys.data.vectors import unit_rows
from recsys.encoders.hub import SentenceEncoder, open_encoder
from recsys.encoders.onnx_encoder import DESCRIPTION, TEXT, TOKENIZER, OnnxEncoder, export_folder, open_onnx
from recsys.encoders.opening import lightest, open_query_encoder
from recsys.errors import DataError, EncoderError
from recsys.progress import Stages
from tests.recsys.encoders.test_hub import MINILM, needs_minilm, written
from tests.support import factories, tiny_bert, tiny_towers
from tests.support.files import config, table
from training import pipeline
from training.content import lsa, onnx_export
from training.content.onnx_export import export, write

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
FILES = {DESCRIPTION, TOKENIZER, TEXT, f"{TEXT}.data"}


def tiny(folder: Path, **changes: Any) -> SentenceEncoder:
    return open_encoder(str(tiny_bert.write(folder, **changes)))


def ids(text: str) -> list[int]:
    tokenizer = tiny_bert.tokenizer()
    tokenizer.no_padding()
    tokenizer.enable_truncation(tiny_bert.LONGEST)
    found: list[int] = tokenizer.encode(text.strip()).ids
    return found


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    write(tiny(folder / "tiny"), folder / "onnx")
    return folder


@pytest.mark.slow
def test_vectors_are_those_of_the_formulas(exported: Path) -> None:
    found = open_onnx(exported / "onnx").encode(TEXTS)
    means = [tiny_bert.states(ids(text)).mean(axis=0) for text in TEXTS]
    np.testing.assert_allclose(found, unit_rows(np.array(means)), atol=2e-5)


@pytest.mark.soak
def test_a_model_of_another_kind_is_that_of_sentence_transformers(tmp_path: Path) -> None:
    kind = {"hidden_act": "relu", "pooling": {"pooling_mode": "cls"}, "modules": ("Transformer", "Pooling")}
    encoder = tiny(tmp_path / "tiny", **kind)
    write(encoder, tmp_path / "onnx")
    np.testing.assert_allclose(open_onnx(tmp_path / "onnx").encode(TEXTS), encoder.encode(TEXTS), atol=1e-5)


@pytest.mark.soak
def test_equal_encoders_give_equal_bytes_without_a_path_of_this_machine(exported: Path) -> None:
    again = export(open_encoder(str(exported / "tiny")), "")
    assert again.keys() == FILES
    for name, content in again.items():
        assert content[:] == (exported / "onnx" / name).read_bytes()
    assert not [path for path in (b"site-packages", bytes(exported)) if path in again[TEXT][:]]


@pytest.mark.soak
def test_an_encoder_that_would_differ_is_refused(tmp_path: Path) -> None:
    folder = tiny_bert.write(tmp_path / "tiny")
    (folder / "config_sentence_transformers.json").write_text(json.dumps(PROMPT))  # before every text
    with pytest.raises(EncoderError, match=r"cannot be exported to ONNX: its vectors would differ by \d\.\de-0[12]"):
        write(open_encoder(str(folder)), tmp_path / "onnx")


@pytest.mark.slow
def test_what_is_no_transformer_cannot_be_exported(tmp_path: Path) -> None:
    _, files, _ = lsa.fit(TEXTS * 3, 2, 0)
    with pytest.raises(EncoderError, match=r"cannot be exported to ONNX: .") as refused:
        write(open_encoder(str(written(tmp_path / "lsa", files))), tmp_path / "onnx")
    assert "\n" not in str(refused.value)


class Exports:
    """Writes another encoder and counts."""

    def __init__(self) -> None:
        self.written = 0

    def __call__(self, encoder: SentenceEncoder, folder: Path) -> None:
        self.written += 1
        tiny_towers.write_text(folder)


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> Exports:
    made = Exports()
    monkeypatch.setattr(onnx_export, "write", made)
    return made


def test_an_export_is_kept_beside_the_cache(tmp_path: Path, exports: Exports) -> None:
    encoder = tiny(tmp_path / "tiny")
    cache = str(tmp_path / "new" / "texts.sqlite")
    assert isinstance(lightest(encoder, cache), SentenceEncoder)
    first = export(encoder, cache)
    again = export(encoder, cache)
    assert exports.written == 1
    assert {name: content[:] for name, content in first.items()} == {name: again[name][:] for name in again}
    assert [one.name for one in (tmp_path / "new" / "encoders").iterdir()] == [encoder.fingerprint]
    assert isinstance(lightest(encoder, cache), OnnxEncoder)
    export(tiny(tmp_path / "other", hidden_act="relu"), cache)
    assert exports.written == 2


def test_without_a_cache_nothing_is_kept(tmp_path: Path, exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    encoder = tiny(tmp_path / "tiny")
    assert [len(export(encoder, "")[TEXT]) for _ in range(2)] > [0, 0]
    assert exports.written == 2
    assert not list((tmp_path / "here").iterdir())


def test_a_damaged_or_unwritable_export_is_refused(tmp_path: Path, exports: Exports) -> None:
    encoder, cache = tiny(tmp_path / "tiny"), str(tmp_path / "texts.sqlite")
    export(encoder, cache)
    (export_folder(cache, encoder.fingerprint) / TEXT).write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"its files do not load: .*; remove the folder, and it is written again"):
        export(encoder, cache)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"content\.cache = .*encoders.* cannot be written: Not a directory"):
        export(encoder, str(tmp_path / "file" / "texts.sqlite"))


def test_an_export_that_failed_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: SentenceEncoder, folder: Path) -> None:
        tiny_towers.write_text(folder)
        raise EncoderError("no")

    monkeypatch.setattr(onnx_export, "write", fail)
    with pytest.raises(EncoderError, match="no"):
        export(tiny(tmp_path / "tiny"), str(tmp_path / "texts.sqlite"))
    assert not list((tmp_path / "encoders").iterdir())


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    pairs = [(f"u{user}", f"i{(user + step) % 7}") for user in range(12) for step in range(3)]
    items = [(f"i{num}", TEXTS[num] or "wine") for num in range(7)]
    return (
        table(tmp_path / "pairs.csv", pairs, ("user_id", "item_id")),
        table(tmp_path / "items.csv", items, ("item_id", "title")),
    )


@pytest.mark.slow
def test_a_training_keeps_the_export_with_the_model(tmp_path: Path, files: tuple[Path, Path]) -> None:
    encoder = tiny(tmp_path / "tiny")
    told: list[str] = []
    chosen = config(*files, content={"encoder": encoder.name}, als={"factors": 4}, evaluate={"gate": False})
    trained = pipeline.train(chosen, Stages(quiet=True), on_progress=told.append)
    store = Store(tmp_path / "store")
    version = store.publish(trained.model, trained.header, factories.NOON)
    assert {file.name for file in (store.path / version / "encoder").iterdir()} == FILES
    ref = store.recommender().encoder
    assert (ref.name, ref.fingerprint) == (encoder.name, encoder.fingerprint)
    opened = open_query_encoder(ref)
    assert isinstance(opened, OnnxEncoder)
    np.testing.assert_allclose(opened.encode(TEXTS), encoder.encode(TEXTS), atol=1e-5)
    assert not told


@pytest.mark.slow
def test_a_training_says_why_there_is_no_export(
    tmp_path: Path, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EncoderError("encoder tiny cannot be exported to ONNX: why")

    monkeypatch.setattr(onnx_export, "write", fail)
    told: list[str] = []
    encoder = tiny(tmp_path / "tiny")
    chosen = config(*files, content={"encoder": encoder.name}, als={"factors": 4}, evaluate={"gate": False})
    trained = pipeline.train(chosen, Stages(quiet=True), on_progress=told.append)
    assert not trained.model.encoder_files
    assert told == [
        "encoder tiny cannot be exported to ONNX: why; the service opens it by its name, and needs the extra `training` "
        "for that"
    ]


@needs_minilm
@pytest.mark.soak
def test_minilm_is_that_of_sentence_transformers_and_gives_its_published_cosines(tmp_path: Path) -> None:
    encoder = open_encoder(MINILM)
    write(encoder, tmp_path)
    found = open_onnx(tmp_path, encoder.fingerprint)
    np.testing.assert_allclose(found.encode(HARD), encoder.encode(HARD), atol=1e-5)
    first, second, ai, learning = found.encode(
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
