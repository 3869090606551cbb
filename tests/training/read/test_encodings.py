"""Texts of other encodings: configured, found by their mark, or guessed in the message."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.errors import ConfigError, DataError
from tests.support.files import config, read, rows, source, text
from training.ingest.ingest import ingest
from training.read import blocks
from training.read.encoding_guess import guess

TITLES = {
    "cp1252": "Amélie “café” €\nGrößenwahn\nSão Paulo, ação",
    "cp1251": "Война и мир\nПреступление и наказание",  # noqa: RUF001
    "koi8-r": "Война и мир\nПреступление и наказание",  # noqa: RUF001
    "shift_jis": "七人の侍\n千と千尋の神隠し\nドラマ",
    "gb18030": "卧虎藏龙\n霸王别姬\n大红灯笼高高挂",
    "big5": "臥虎藏龍\n悲情城市\n海角七號",
    "euc_kr": "올드보이\n기생충\n살인의 추억",
}


@pytest.mark.parametrize("encoding", [*TITLES, "latin-1", "utf-16", "utf-16-be", "utf-8", "utf-8-sig"])
def test_a_configured_encoding_is_read(tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "FIRST_BYTES", 7)  # characters are cut
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 7)
    titles = TITLES.get(encoding, "naïve\nélan").split("\n")
    (tmp_path / "i.csv").write_bytes("\r\n".join(["user_id;item_id", *(f"a;{t}" for t in titles)]).encode(encoding))
    found = rows(tmp_path / "i.csv", source(encoding=encoding, delimiter=";"))
    assert found == [("a", title) for title in titles]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_encodings_of_unicode_need_no_setting(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "i.csv").write_bytes("user_id,item_id\né,日本\n".encode(encoding))
    assert rows(tmp_path / "i.csv") == [("é", "日本")]


@pytest.mark.parametrize("encoding", TITLES)
def test_the_likely_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "items.csv").write_bytes(f"item_id,title\nx,plain\ny,{TITLES[encoding]}\n".encode(encoding))
    interactions = text(tmp_path / "i.csv", "user_id,item_id", "a,x")
    expected = (
        f'items.csv line 3: byte 0x.. is not utf-8; looks like {encoding}: set data.items.encoding = "{encoding}"'
    )
    with pytest.raises(DataError, match=expected):
        ingest(config(interactions, tmp_path / "items.csv"))


def test_no_encoding_is_guessed_of_a_damaged_text() -> None:
    assert guess("日本\n東京\n".encode() + b"\xe9\n") == ""
    assert guess(b"\x00\xff\x00") == ""
    assert guess(b"It\x92s a boy\x92s\n") == "cp1252"  # apostrophes, which Shift JIS could have as well


def test_a_byte_that_is_not_of_the_encoding_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "i.csv").write_bytes(b"user_id,item_id\na,x\nb\x81,y\n")
    with pytest.raises(DataError, match=r"i\.csv line 3: byte 0x81 is not (cp1252|charmap); check data\.encoding"):
        read(tmp_path / "i.csv", source(encoding="cp1252"))


def test_a_text_that_ends_within_a_character_is_refused(tmp_path: Path) -> None:
    (tmp_path / "i.csv").write_bytes("user_id,item_id\na,東".encode("shift_jis")[:-1])
    with pytest.raises(DataError, match=r"i\.csv line 2: byte 0x93 is not shift_jis; check data\.encoding"):
        read(tmp_path / "i.csv", source(encoding="shift_jis"))


@pytest.mark.parametrize("name", ["cp125", "hex"])
def test_an_unknown_encoding_is_refused(tmp_path: Path, name: str) -> None:
    path = text(tmp_path / "i.csv", "user_id,item_id", "a,x")
    with pytest.raises(ConfigError, match=f"data.encoding = '{name}': unknown encoding; did you mean '"):
        read(path, source(encoding=name))
