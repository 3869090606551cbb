"""Queries of SQLite and PostgreSQL as tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from recsys.config import TableConfig
from recsys.errors import DataError
from tests.support import postgresql
from tests.support.files import config, source
from training.build import parameters
from training.ingest.ingest import ingest
from training.read import read_table, sql

SELECT = "SELECT u AS user_id, i AS item_id, n AS value, at AS timestamp FROM t WHERE u LIKE 'u%' ORDER BY k"
EXPECTED = [("u1", "1", "1.50", "1704184200"), ("u2", "2", "", ""), ("", "3", "3.50", "1704184203")]


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    try:
        with postgresql.server() as here:
            yield here
    except postgresql.NotInstalledError as error:
        pytest.skip(str(error))


@pytest.fixture
def url(server: postgresql.Server) -> str:
    url = server.new_database()
    server.sql(
        """CREATE TABLE t (k int, u text, i bigint, n numeric(8, 2), at timestamptz, id uuid);
        INSERT INTO t VALUES
            (1, 'u1', 1, 1.5, '2024-01-02 10:30:00+02', '00000000-0000-0000-0000-000000000001'),
            (2, 'u2', 2, NULL, NULL, NULL), (3, NULL, 3, 3.5, '2024-01-02 08:30:03+00', NULL)""",
        urlsplit(url).path[1:],
    )
    return url


def rows(url: str, query: str | None) -> list[tuple[str, ...]]:
    chunks = read_table(TableConfig(file=url, query=query), "data.interactions", source())
    return [row for chunk in chunks for row in zip(*map(chunk.texts, chunk.columns), strict=True)]


def test_types_of_postgresql(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    query = SELECT.replace("u LIKE 'u%'", "u LIKE 'u%' OR k::int = 3")
    assert rows(url, query) == EXPECTED
    assert rows(url.replace("+psycopg", ""), query) == EXPECTED
    monkeypatch.setattr(sql, "CHUNK_ROWS", 1)
    assert rows(url, query) == EXPECTED
    assert rows(url, "SELECT id AS user_id, i::numeric AS item_id, at::date AS day FROM t WHERE id IS NOT NULL") == [
        ("00000000-0000-0000-0000-000000000001", "1", "2024-01-02")
    ]


def test_a_query_is_trained_on_and_changes_nothing(url: str, server: postgresql.Server) -> None:
    query = {"file": url, "query": SELECT}
    keys = {"interactions": query, "items": {"file": url, "query": SELECT}, "max_rejected": 1.0}
    found = ingest(config("", data=keys)).interactions
    assert (list(found.users), list(found.items)) == (["u1"], ["1", "2"])
    with pytest.raises(DataError, match=r"postgresql\+psycopg:///test\d+: the query failed: "):
        rows(url, "DELETE FROM t")
    assert server.sql("SELECT count(*) FROM t", urlsplit(url).path[1:]).strip() == "3"


def test_errors_of_a_database_are_one_line_without_the_password(url: str) -> None:
    for name, query, problem in [
        (url, "SELECT 1 / (k - 3) AS user_id, i AS item_id FROM t", "the query failed: division by zero"),
        (url, "SELECT i::float AS user_id, i AS item_id FROM t", "column 'user_id' is of type double"),
        (url, "SELECT i AS user_id FROM t", "there is no column 'item_id'"),
        (url, None, r"is a database; set data\.interactions\.query to a SELECT"),
        (
            "postgresql://me:hid/den@127.0.0.1:1/db?password=hidden",
            "SELECT 1",
            r"127\.0\.0\.1:1/db: the query failed: ",
        ),
        ("mysql+nothing://me:hid/den@host/db", "SELECT 1", "mysql"),
        (
            "oracle://me:hidden@host/db",
            "SELECT 1",
            "its driver is not installed; install the Python package 'oracledb'",
        ),
        ("i.csv", "SELECT 1", r"data\.interactions\.query: 'i\.csv' is no database"),
    ]:
        with pytest.raises(DataError, match=problem) as caught:
            rows(name, query)
        assert "hid" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_sqlite_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(tmp_path / "i.sqlite")) as connection:
        connection.execute("CREATE TABLE t (u, i)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [("a", 1), (2, "y"), (None, 2**40)])
        connection.commit()
    monkeypatch.setattr(sql, "CHUNK_ROWS", 2)
    url = f"sqlite:///{tmp_path / 'i.sqlite'}"
    chunks = list(
        read_table(TableConfig(file=url, query="SELECT u AS user_id, i AS item_id FROM t"), "data.items", source())
    )
    assert [list(chunk.lines) for chunk in chunks] == [[1, 2], [3]]
    assert [chunk.texts("user_id") for chunk in chunks] == [["a", "2"], [""]]
    assert [chunk.texts("item_id") for chunk in chunks] == [["1", "y"], [str(2**40)]]
    with pytest.raises(DataError, match=r"no\.sqlite: there is no such file"):
        rows(f"sqlite:///{tmp_path / 'no.sqlite'}", "SELECT 1")
    assert not (tmp_path / "no.sqlite").exists()
    with pytest.raises(DataError, match="the query returns no rows; it must be a SELECT"):
        rows(url, "DELETE FROM t")


def test_the_manifest_has_no_password() -> None:
    query = {"file": "postgresql+psycopg://me:hidden@host/db?password=hidden", "query": "SELECT 1"}
    data = parameters(config("https://me:hidden@host/i.csv?token=hidden#x", data={"items": query}))["data"]
    assert data["interactions"] == "https://host/i.csv"
    assert data["items"] == {"file": "postgresql+psycopg://host/db", "query": "SELECT 1"}
