"""Files by their names, and the reader of each kind."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path

from recsys.errors import DataError
from training.read.arrow_file import read_parquet
from training.read.chunk import Chunk
from training.read.csv_file import read_csv
from training.read.json_file import read_json
from training.read.opening import plain_name
from training.read.source import Source

READERS = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".dat", ".data", ".item", ".txt"), read_csv),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), read_json),
    ".parquet": read_parquet,
}


def expand(pattern: str, key: str) -> list[Path]:
    """Return the files of a name or a glob, sorted; raises DataError when there is none."""
    if not pattern:
        raise DataError(f"{key} is not set; give the file in the configuration or with --set {key}=FILE")
    names = [pattern] if Path(pattern).is_file() else glob.glob(pattern, recursive=True)
    files = sorted(file for file in map(Path, names) if file.is_file())
    if not files:
        raise DataError(f"{key} = {pattern!r}: there is no such file")
    return files


def read_chunks(files: Iterable[Path], source: Source) -> Iterator[Chunk]:
    """Yield the rows of all files.

    Raises DataError when a file cannot be decoded, has no usable header, lacks a column or is of an unknown kind.
    """
    for file in files:
        suffix = Path(plain_name(file)).suffix.lower()
        reader = READERS.get(suffix)
        if reader is None:
            raise DataError(f"{file}: unknown kind of file {suffix!r}; use .csv, .jsonl or .parquet, also with .gz")
        for chunk in reader(file, source):
            source.accounting.read[source.what] += len(chunk)
            yield chunk
