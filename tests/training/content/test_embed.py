"""Texts of the items to vectors, each text encoded once."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from recsys.data.catalog import Catalog, Item
from recsys.data.vectors import Vectors
from recsys.errors import DataError
from tests.support.files import config
from training.content import embed as content
from training.content import lsa
from training.content.embed import _cached, embed


@dataclass
class CountingEncoder:
    """Unit vectors that depend on the text alone; remembers what it was asked."""

    name: str = "counting"
    fingerprint: str = "f1"
    dim: int = 3
    asked: list[str] = field(default_factory=list)

    def encode(self, texts: Sequence[str], advance: Callable[[int], None] = lambda _: None) -> Vectors:
        self.asked += texts
        advance(len(texts))
        vectors = np.array([[len(text), sum(text.encode()), 1.0] for text in texts], dtype=np.float32)[:, : self.dim]
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def silent(_: int) -> None:
    """Nobody watches the progress."""


def cached(path: Path, texts: Sequence[str], encoder: CountingEncoder | None = None) -> Vectors:
    return _cached(encoder or CountingEncoder(), texts, str(path), silent)


def catalog(*texts: str) -> Catalog:
    return Catalog.from_items([Item(f"i{number}", "", text) for number, text in enumerate(texts)])


def test_only_new_texts_are_encoded(tmp_path: Path) -> None:
    path, encoder = tmp_path / "new" / "texts.sqlite", CountingEncoder()
    first = cached(path, ["one", "two"], encoder)
    second = cached(path, ["three", "two", "one"], encoder)
    assert sorted(encoder.asked[:2]) == ["one", "two"]
    assert encoder.asked[2:] == ["three"]
    assert np.array_equal(first, CountingEncoder().encode(["one", "two"]))
    assert np.array_equal(second, CountingEncoder().encode(["three", "two", "one"]))


@pytest.mark.parametrize("kept", [True, False])
def test_a_text_that_stands_twice_is_encoded_once(tmp_path: Path, kept: bool) -> None:
    encoder = CountingEncoder()
    vectors = _cached(encoder, ["one", "two", "one"], str(tmp_path / "c") if kept else "", silent)
    assert sorted(encoder.asked) == ["one", "two"]
    assert np.array_equal(vectors, CountingEncoder().encode(["one", "two", "one"]))


def test_only_new_texts_of_many_are_encoded(tmp_path: Path) -> None:
    texts, encoder = [f"text {number}" for number in range(20)], CountingEncoder()
    assert np.array_equal(cached(tmp_path / "c", texts[:10], encoder), CountingEncoder().encode(texts[:10]))
    assert np.array_equal(cached(tmp_path / "c", texts, encoder), CountingEncoder().encode(texts))
    assert sorted(encoder.asked) == sorted(texts)


def test_what_was_encoded_before_a_failure_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(CountingEncoder):
        def encode(self, texts: Sequence[str], advance: Callable[[int], None] = lambda _: None) -> Vectors:
            if len(self.asked) == 4:
                raise KeyboardInterrupt("in the middle")
            return super().encode(texts, advance)

    monkeypatch.setattr(content, "SLAB", 2)
    texts, encoder = [f"text {number}" for number in range(6)], CountingEncoder()
    with pytest.raises(KeyboardInterrupt, match="in the middle"):
        cached(tmp_path / "c", texts, Failing())
    cached(tmp_path / "c", texts, encoder)
    assert len(encoder.asked) == 2


def test_the_vectors_of_another_encoder_are_not_used(tmp_path: Path) -> None:
    cached(tmp_path / "c", ["one"])
    other = CountingEncoder(fingerprint="f2", dim=2)
    assert cached(tmp_path / "c", ["one"], other).shape == (1, 2)
    assert other.asked == ["one"]
    assert cached(tmp_path / "c", ["one"]).shape == (1, 3)


def test_progress_counts_known_and_new_texts(tmp_path: Path) -> None:
    told: list[int] = []
    cached(tmp_path / "c", ["one", "two"])
    _cached(CountingEncoder(), ["one", "two", "three", "one"], str(tmp_path / "c"), told.append)
    assert sum(told) == 4


def test_without_a_cache_everything_is_encoded() -> None:
    encoder = CountingEncoder()
    for _ in range(2):
        _cached(encoder, ["one"], "", silent)
    assert encoder.asked == ["one", "one"]


@pytest.mark.parametrize("damage", [b"no database" * 500, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_cache_that_is_no_database_gives_one_clear_line(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "texts.sqlite"
    path.write_bytes(damage)
    with pytest.raises(
        DataError, match=r"content\.cache = '.*texts\.sqlite': .*; remove the file or set another"
    ) as caught:
        cached(path, ["one"])
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == damage


def test_a_cache_that_cannot_be_opened_gives_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "texts.sqlite"):
        with pytest.raises(DataError, match=r"content\.cache = .*; remove the file or set another"):
            cached(path, ["one"])


@pytest.mark.parametrize("vector", [b"", b"123", b"12345678", None, "text", 7])
def test_a_damaged_record_gives_one_clear_line(tmp_path: Path, vector: object) -> None:
    path = tmp_path / "texts.sqlite"
    cached(path, ["one", "two"])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE texts SET vector = ? WHERE text = (SELECT min(text) FROM texts)", (vector,))
    with pytest.raises(DataError, match=r"content\.cache = '.*': a record is damaged: .*; remove the file"):
        cached(path, ["one", "two"])


def test_flipped_bytes_of_a_cache_never_crash(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(50)]
    path = tmp_path / "texts.sqlite"
    cached(path, texts)
    sound, chance, refused = path.read_bytes(), random.Random(5), 0
    for _ in range(150):
        broken = bytearray(sound)
        for _ in range(20):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        path.write_bytes(broken)
        try:
            assert cached(path, texts).shape == (50, 3)
        except DataError:
            refused += 1
    assert refused > 10


def test_a_cache_of_another_shape_gives_one_clear_line(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "c")) as connection:
        connection.execute("CREATE TABLE texts (something TEXT)")
    with pytest.raises(DataError, match="no such column"):
        cached(tmp_path / "c", ["one"])


def test_items_without_text_are_rows_of_zeros() -> None:
    items = catalog("", "red green", "", "green blue", "blue red", "")
    found = embed(items, config("", content={"encoder": "lsa", "lsa_dim": 2}))
    assert [bool(row.any()) for row in found.embeddings.vectors] == [False, True, False, True, True, False]
    assert np.linalg.norm(found.embeddings.vectors[[1, 3, 4]], axis=1) == pytest.approx([1, 1, 1], abs=1e-6)


def test_lsa_brings_its_files_and_its_vectors() -> None:
    texts = ["red green", "green blue", "blue red"]
    found = embed(catalog(*texts), config("", content={"encoder": "lsa", "lsa_dim": 2}, als={"random_state": 5}))
    encoder, files, vectors = lsa.fit(texts, 2, 5)
    assert found.encoder_files == files
    assert found.fingerprint == encoder.fingerprint
    assert found.embeddings.source == "lsa"
    assert np.array_equal(found.embeddings.vectors, vectors)
    assert np.allclose(found.embeddings.vectors, encoder.encode(texts), atol=1e-6)  # every word stands once in its text


@pytest.mark.parametrize(("encoder", "text"), [("none", "red green"), ("lsa", ""), ("no-such-encoder", "")])
def test_without_encoder_or_texts_there_is_no_content(encoder: str, text: str) -> None:
    found = embed(catalog(text, text), config("", content={"encoder": encoder}))
    assert found.embeddings.vectors.shape == (2, 0)
    assert (found.embeddings.source, found.fingerprint, found.encoder_files) == ("none", "", {})
