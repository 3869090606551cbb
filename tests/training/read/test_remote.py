"""Files behind URLs, over HTTP and from a stand-in of S3."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from recsys.errors import DataError
from tests.support.files import config, source, text
from tests.training.read.file_server import BUCKET, FileServer, serve
from training.ingest.ingest import ingest, n_bytes
from training.read import expand, read_chunks

ROWS = [(f"u{n % 7}", f"i{n % 5}") for n in range(35)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text(tmp_path / "i.csv", "user_id,item_id", *map(",".join, ROWS))
    for day in ("1", "2"):
        (tmp_path / f"p/day={day}").mkdir(parents=True)
        table = pa.table({"user_id": [f"u{day}"], "item_id": ["x"]})
        parquet.write_table(table, tmp_path / f"p/day={day}/part-0.parquet")
    more = {f"more{n}": range(100_000) for n in range(5)}
    wide = pa.table({"user_id": ["a", "b"] * 50_000, "item_id": ["x"] * 100_000} | more)
    parquet.write_table(wide, tmp_path / "wide.parquet", use_dictionary=False, compression="none")
    return tmp_path


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    for name, value in {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "hidden", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with serve(folder) as here:
        monkeypatch.setenv("AWS_ENDPOINT_URL", here.url)
        yield here


def read(pattern: str) -> list[tuple[str, ...]]:
    chunks = read_chunks(expand(pattern, "data.interactions"), source())
    return [row for chunk in chunks for row in zip(*map(chunk.texts, chunk.columns), strict=True)]


def test_csv_over_http(server: FileServer) -> None:
    pytest.importorskip("aiohttp", reason="the extra `remote` is not installed")
    assert read(f"{server.url}/i.csv?token=hidden") == ROWS


def test_parquet_from_a_server_without_ranges(folder: Path) -> None:
    pytest.importorskip("aiohttp", reason="the extra `remote` is not installed")
    with serve(folder, with_ranges=False) as server:
        assert len(read(f"{server.url}/wide.parquet")) == 100_000
        assert read(f"{server.url}/i.csv") == ROWS


@pytest.mark.parametrize("kind", ["aiohttp", "s3fs"])
def test_of_remote_parquet_only_the_wanted_columns_are_sent(server: FileServer, kind: str) -> None:
    pytest.importorskip(kind, reason="the extra `remote` is not installed")
    url = f"s3://{BUCKET}" if kind == "s3fs" else server.url
    chunks = read_chunks(expand(f"{url}/wide.parquet", "data.interactions"), source(wanted=()))
    assert sum(map(len, chunks)) == 100_000
    assert server.sent < 0.5 * (server.folder / "wide.parquet").stat().st_size


def test_errors_of_http_are_one_line_without_secrets(server: FileServer) -> None:
    pytest.importorskip("aiohttp", reason="the extra `remote` is not installed")
    for url, problem in {
        server.url.replace("http://", "http://me:hidden@") + "/no.csv?token=hidden": "no.csv: there is no such file",
        "http://me:hidden@127.0.0.1:1/i.csv?token=hidden": r"127\.0\.0\.1:1/i\.csv: cannot be read: .*Cannot connect",
    }.items():
        with pytest.raises(DataError, match=problem) as caught:
            read(url)
        assert "hidden" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_files_globs_and_folders_of_s3(server: FileServer) -> None:
    pytest.importorskip("s3fs", reason="the extra `remote` is not installed")
    assert read(f"s3://{BUCKET}/i.csv") == ROWS
    assert read(f"s3://{BUCKET}/p") == [("u1", "x", "1"), ("u2", "x", "2")]
    assert read(f"s3://{BUCKET}/p/*/*.parquet") == [("u1", "x", "1"), ("u2", "x", "2")]
    with pytest.raises(DataError, match=f"s3://{BUCKET}/no.csv: there is no such file"):
        read(f"s3://{BUCKET}/no.csv")
    with pytest.raises(DataError, match=rf"data\.interactions = 's3://{BUCKET}/no\*\.csv': there is no such file"):
        read(f"s3://{BUCKET}/no*.csv")


def test_a_remote_table_is_trained_on(server: FileServer) -> None:
    pytest.importorskip("s3fs", reason="the extra `remote` is not installed")
    settings = config(f"s3://{BUCKET}/wide.parquet")
    steps: list[int] = []
    assert sorted(ingest(settings, steps.append).interactions.users) == ["a", "b"]
    assert sum(steps) == n_bytes(settings)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(import_module("fsspec.registry")._registry, "s3", raising=False)  # what an earlier test loaded
    with pytest.raises(DataError, match=f"s3://{BUCKET}/i.csv: needs the extra `remote`"):
        read(f"s3://{BUCKET}/i.csv")
