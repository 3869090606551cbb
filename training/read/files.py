"""Tables by the names of their files or databases, and the reader of each kind."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from recsys.config import TableConfig
from recsys.errors import DataError
from training.read.arrow_file import read_feather, read_orc, read_parquet
from training.read.chunk import Chunk
from training.read.csv_file import read_csv
from training.read.excel_file import read_excel
from training.read.joined import JoinedRows
from training.read.json_file import read_json
from training.read.location import is_database, scheme, shown
from training.read.opening import DAMAGE, File, Member, first_bytes, members, plain_name
from training.read.remote import RemoteFile, remote_files
from training.read.source import Source

Reader = Callable[[File, Source], Iterator[Chunk]]
GENERIC = ("", ".txt", ".dat", ".data", ".log")  # JSON lines or CSV
TEXTS = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".item", *GENERIC), read_csv),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), read_json),
}
READERS = {
    **TEXTS,
    **dict.fromkeys((".parquet", ".pq"), read_parquet),
    **dict.fromkeys((".feather", ".arrow", ".ipc"), read_feather),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), read_excel),
    ".orc": read_orc,
}
MAGIC = {
    b"PAR1": ".parquet",
    b"ARROW1": ".arrow",
    b"ORC": ".orc",
    b"PK\x03\x04": ".xlsx",
    b"\xd0\xcf\x11\xe0": ".xls",
    b"SQLite format 3": ".sqlite",
    b"\x80\x04\x95": ".pkl",
    b"\x80\x05\x95": ".pkl",
    b"<?xml": ".xml",
    b"%PDF": ".pdf",
    b"7z\xbc\xaf\x27\x1c": ".7z",
    b"Rar!\x1a\x07": ".rar",
}
PAGES = {b"<!doctype html": ".html", b"<html": ".html", b"version https://git-lfs": ".lfs"}  # in place of a text
UNREAD = {
    **dict.fromkeys((".pkl", ".pickle"), "a pickle, which can run code; write Parquet instead (df.to_parquet)"),
    **dict.fromkeys(
        (".sqlite", ".sqlite3", ".db"), "a database; set {key} to sqlite:///FILE and {key}.query to a SELECT"
    ),
    ".xml": "XML; convert it to CSV or JSON lines",
    ".html": "a page of HTML and no table; was it saved in place of the file?",
    ".lfs": "a pointer of Git LFS and not the file; fetch it with git lfs pull",
    **dict.fromkeys((".tar", ".tgz", ".tbz2", ".txz", ".7z", ".rar"), "an archive; unpack it and give the file in it"),
}
BINARY = bytes(range(9))  # in no text


def expand(pattern: str, key: str) -> list[File]:
    """Return the files of a name, a folder of Parquet files, a glob or a URL, sorted; raises DataError when there is none."""
    if not pattern:
        raise DataError(f"{key} is not set; give the file in the configuration or with --set {key}=FILE")
    if pattern.startswith("~"):
        pattern = str(Path(pattern).expanduser())
    if scheme(pattern) not in ("", "file"):
        files: Sequence[File] = remote_files(pattern)
    elif Path(pattern).is_dir():
        return _of_folder(Path(pattern), key)
    else:
        pattern = pattern.removeprefix("file://")
        names = [pattern] if Path(pattern).is_file() else glob.glob(pattern, recursive=True)
        files = sorted(file for file in map(Path, names) if file.is_file())
    if not files:
        several = "; for several files give a glob such as '*.csv'" if "," in pattern else ""
        raise DataError(f"{key} = {shown(pattern)!r}: there is no such file{several}")
    return list(files)


def _of_folder(folder: Path, key: str) -> list[File]:
    """Return the Parquet files that Spark, Hive or pandas wrote to a folder."""
    names = (file for file in sorted(folder.rglob("*")) if file.is_file())
    files = [file for file in names if not any(part[0] in "._" for part in file.relative_to(folder).parts)]
    if found := [file for file in files if file.suffix == ".parquet"]:
        return list(found)
    example = folder / f"*{files[0].suffix}" if files else folder / "*.csv"
    raise DataError(f"{key} = {str(folder)!r} is a folder without Parquet files; give a glob such as {str(example)!r}")


def size(file: File) -> int:
    """Return the number of bytes of a file as it lies on disk, 0 where that is not known."""
    if isinstance(file, Path):
        return file.stat().st_size
    return file.size() if isinstance(file, RemoteFile) else 0


def read_table(table: TableConfig, key: str, source: Source) -> Iterator[Chunk]:
    """Return the rows of a configured table, `key` in the configuration; raises DataError."""
    if table.join:
        return _read_joined(table, table.join, key, source)
    if not is_database(table.file):
        if table.query:
            raise DataError(
                f"{key}.query: {shown(table.file)!r} is no database; give a URL such as postgresql://host/name"
            )
        return read_chunks(expand(table.file, key), source)
    if not table.query:
        raise DataError(f"{key} = {shown(table.file)!r} is a database; set {key}.query to a SELECT")
    from training.read.sql import read_query  # loads SQLAlchemy

    return counted(read_query(table.file, table.query, source), source)


def _read_joined(table: TableConfig, file: str, key: str, source: Source) -> Iterator[Chunk]:
    """Yield the rows of a table with the columns that another file has; those of its own come first."""
    if not table.join_on:
        raise DataError(f"{key}.join = {shown(file)!r} needs {key}.join_on, the column with the ids of its rows")
    wanted = None if source.wanted is None else (*source.required, *source.wanted)
    of_ids = table.join_key or table.join_on
    other = replace(
        source, what="joined", required=(of_ids,), wanted=wanted, coded=(), header=(), advance=lambda _: None
    )
    rows = JoinedRows.of(read_chunks(expand(file, f"{key}.join"), other), of_ids)
    required = (table.join_on, *(name for name in source.required if name not in rows.columns))
    own = table.model_copy(update={"join": None})
    for chunk in read_table(own, key, replace(source, required=required, wanted=wanted)):
        yield rows.join(chunk, table.join_on)


def counted(chunks: Iterable[Chunk], source: Source) -> Iterator[Chunk]:
    """Yield chunks, and count their rows."""
    for chunk in chunks:
        source.accounting.read[source.what] += len(chunk)
        yield chunk


def read_chunks(files: Iterable[File], source: Source) -> Iterator[Chunk]:
    """Yield the rows of all files; of several, those without a byte are left out, as Spark writes them.

    Raises DataError when a file cannot be decoded, has no usable header, lacks a column or is of an unknown kind.
    """
    sizes = {file: size(file) for file in files}
    _note_copies(sizes, source)
    for file, n_bytes in sizes.items():
        if n_bytes or len(sizes) == 1 or not isinstance(file, Path):
            yield from counted(_read(file, n_bytes, source), source)


def _read(file: File, n_bytes: int, source: Source) -> Iterator[Chunk]:
    left = n_bytes

    def advance(n: int) -> None:
        nonlocal left
        source.advance(min(n, left))
        left -= min(n, left)

    seen: dict[tuple[int, int], File] = {}
    for member in _members(file):
        if isinstance(member, Member) and (first := seen.setdefault(member.content, member)) is not member:
            _note_copy(member, first, source)
        yield from reader(member, source)(member, replace(source, advance=advance))
    source.advance(left)  # what its reader had no need of


def _members(file: File) -> list[File]:
    try:
        found = members(file)
        starts = {
            first_bytes(member).split(b"\n")[0] for member in found if plain_name(member).lower().endswith(".csv")
        }
    except DAMAGE as error:
        raise DataError(f"{file}: cannot be read: {error}") from error
    if len(starts) > 1 or not found:
        names = ", ".join(member.name for member in found) or "nothing"
        raise DataError(f"{file}: holds tables of different columns ({names}); unpack it and give one")
    return found


def reader(file: File, source: Source) -> Reader:
    """Return the function that reads a file, by its first bytes and its name; raises DataError."""
    try:
        start = first_bytes(file)
    except DAMAGE as error:
        raise DataError(f"{file}: cannot be read: {error}") from error
    suffix = Path(plain_name(file)).suffix.lower()
    if suffix not in TEXTS or any(byte in BINARY for byte in start):
        suffix = next((of_magic for magic, of_magic in MAGIC.items() if start.startswith(magic)), suffix)
    suffix = next((kind for mark, kind in PAGES.items() if start.lstrip().lower().startswith(mark)), suffix)
    if suffix in GENERIC and start.lstrip()[:1] in (b"{", b"["):
        suffix = ".jsonl"
    if suffix in READERS:
        return READERS[suffix]
    if suffix in UNREAD:
        raise DataError(f"{file}: is {UNREAD[suffix].format(key=f'data.{source.what}')}")
    raise DataError(f"{file}: unknown kind of file {suffix!r}; use .csv, .jsonl, .parquet or .xlsx, also compressed")


def _note_copies(sizes: dict[File, int], source: Source) -> None:
    """Note files of the same content."""
    by_size: dict[int, list[Path]] = {}
    for file, n_bytes in sizes.items():
        if isinstance(file, Path) and n_bytes:
            by_size.setdefault(n_bytes, []).append(file)
    for same_size in by_size.values():
        seen: dict[bytes, Path] = {}
        for file in same_size if len(same_size) > 1 else ():
            with file.open("rb") as stream:
                first = seen.setdefault(hashlib.file_digest(stream, "sha256").digest(), file)
            if first is not file:
                _note_copy(file, first, source)


def _note_copy(file: File, first: File, source: Source) -> None:
    source.accounting.note(f"{file.name} has the content of {first.name}; its rows count twice")
