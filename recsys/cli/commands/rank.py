"""`recsys rank`: scores for given user-item pairs."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import click

from recsys.cli.main import configured
from recsys.cli.open_model import OpenModel, open_model
from recsys.config import Config
from recsys.data.nearest_ids import near_ids
from recsys.data.table_files import check_format, write_rows
from recsys.errors import ConfigError, DataError, did_you_mean
from recsys.recommend.batch import score_pairs
from recsys.recommend.ranking import UserQuery

CHUNK_ROWS = 100_000


@dataclass
class Unknown:
    """Rows with an id that the model does not know."""

    n: int = 0
    example: str = ""

    def add(self, ids: Iterable[str]) -> None:
        """Count the ids."""
        for external_id in ids:
            self.example = self.example or external_id
            self.n += 1

    def first(self, near: Callable[[str], str]) -> str:
        """Return the first id and the known ones near it, for people."""
        return f" (the first is {self.example!r}{near(self.example)})" if self.example else ""


@click.command("rank")
@configured
@click.option(
    "--input", "source", type=click.Path(path_type=Path), required=True, help="CSV with user_id and item_id, also .gz"
)
@click.option("--output", type=click.Path(path_type=Path), required=True, help=".csv, .csv.gz, .parquet or .jsonl")
def rank(config: Config, source: Path, output: Path) -> None:
    """Score the user_id,item_id pairs of a file: its columns plus score, empty where an id is not known."""
    check_format(output)
    opened = open_model(config)
    unknown = {"user": Unknown(), "item": Unknown()}
    with _opened(source) as stream:
        reader = csv.DictReader(stream, strict=True)
        columns = _columns(source, reader)
        rows = _scored(source, reader, opened, unknown)
        written = write_rows(output, (*columns, "score"), rows, {"score": "float32"})
    ids: dict[str, Callable[[str], str]] = {
        "user": opened.near_users,
        "item": partial(near_ids, opened.recommender.items),
    }
    without = ", ".join(f"{found.n} with an unknown {what}{found.first(ids[what])}" for what, found in unknown.items())
    click.echo(f"{written} pairs in {output} ({opened.source}); without a score: {without}", err=True)


def _opened(source: Path):  # type: ignore[no-untyped-def]
    if not source.name.endswith((".csv", ".csv.gz")):
        raise ConfigError(f"--input {source}: unknown kind of file; use .csv or .csv.gz")
    try:
        opened = gzip.open if source.suffix == ".gz" else open
        return opened(source, "rt", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise DataError(f"--input {source}: {error.strerror}") from error


def _columns(source: Path, reader: csv.DictReader[str]) -> list[str]:
    try:
        columns = list(reader.fieldnames or [])
    except (csv.Error, UnicodeDecodeError, OSError, EOFError) as error:
        raise DataError(f"--input {source} line 1: {error}") from error
    if len(set(columns)) != len(columns):
        raise DataError(f"--input {source}: a column occurs twice in the header {columns}; names must be unique")
    for name in ("user_id", "item_id"):
        if name not in columns:
            raise DataError(f"--input {source}: there is no column {name!r}{did_you_mean(name, columns)}")
    if "score" in columns:
        raise DataError(f"--input {source}: there is a column 'score' already; rename it")
    return columns


def _scored(
    source: Path, reader: csv.DictReader[str], opened: OpenModel, unknown: Mapping[str, Unknown]
) -> Iterator[tuple[object, ...]]:
    recommender, hidden = opened.recommender, opened.changes.hidden
    try:
        while chunk := list(islice(reader, CHUNK_ROWS)):
            if any(None in row or None in row.values() for row in chunk):
                line = reader.line_num + 1
                raise DataError(f"--input {source}: a row before line {line} has a wrong number of fields")
            changed = _changed(opened, {row["user_id"] for row in chunk})
            users = [changed.get(user := row["user_id"], recommender.users.get(user)) for row in chunk]
            items = [None if (item := row["item_id"]) in hidden else recommender.items.get(item) for row in chunk]
            for what, nums in (("user", users), ("item", items)):
                unknown[what].add(row[f"{what}_id"] for row, num in zip(chunk, nums, strict=True) if num is None)
            for row, score in zip(chunk, score_pairs(recommender, users, items), strict=True):
                yield (*row.values(), score)
    except (csv.Error, UnicodeDecodeError, OSError, EOFError) as error:
        raise DataError(f"--input {source} line {reader.line_num + 1}: {error}") from error


def _changed(opened: OpenModel, user_ids: set[str]) -> dict[str, int | UserQuery | None]:
    """Return the queries of users with changes since training; None without data."""
    changes, queries = opened.changes, dict[str, int | UserQuery | None]()
    for user_id in sorted(user_ids):
        if user_id in changes.users:
            query = opened.recommender.user_state(user_id, changes.of_user(user_id)).query
            queries[user_id] = query if query.vector.any() else None
    return queries
