"""The MovieLens folders as they are published, from 100K (tabs) over 1M and 10M (``::``) to the CSV releases."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from recsys.config import DataConfig, Quoting
from recsys.errors import DataError
from training.read import Accounting, Chunk, Source, read_chunks
from training.read.chunk import from_texts

THRESHOLD = 3.5
YEAR = re.compile(r"^(.*?)\s*\((\d{4})(?:-\d{0,4})?\)\s*$")
ARTICLE = re.compile(r"^(.*),\s*(The|A|An|Le|La|Les|Il|Das|Der|Die|El)( \(.*\))?$")
RATING = ("userId", "movieId", "rating", "timestamp")
MOVIE = ("movieId", "title", "genres")
TAG = ("userId", "movieId", "tag", "timestamp")
GENRES_100K = (
    *("unknown", "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Fantasy"),
    *("Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
ITEM_100K = ("movieId", "title", "released", "video_released", "url", *GENRES_100K)
MOVIE_FILES = ("movies.csv", "movies.dat", "u.item")
DELIMITERS = {".dat": "::", ".data": "\t", ".item": "|"}


def rating_chunks(path: Path, data: DataConfig, accounting: Accounting) -> Iterator[Chunk]:
    """Yield ratings of a folder, or of a file of ratings, under the configured column names.

    Raises DataError when the folder is in none of the three formats.
    """
    file = path if path.is_file() else _find(path, ("ratings.csv", "ratings.dat", "u.data"))
    columns = (data.user_column, data.item_column, data.value_column, data.timestamp_column)
    names = dict(zip(RATING, columns, strict=True))
    for chunk in _read(file, "interactions", RATING[:3], RATING, accounting):
        renamed = {names[name]: values for name, values in chunk.columns.items() if name in names}
        yield replace(chunk, columns=renamed, names=tuple(renamed))


def item_chunks(path: Path, data: DataConfig, accounting: Accounting) -> Iterator[Chunk]:
    """Yield movies with their id, title, year, genres, and tags where the release has them.

    Beside a file of ratings there may be no movies.
    """
    folder = path.parent if path.is_file() else path
    if path.is_file() and not any((folder / name).is_file() for name in MOVIE_FILES):
        accounting.note(f"{path.name}: there is no file of movies beside it ({', '.join(MOVIE_FILES)}), so no titles")
        return
    file = _find(folder, MOVIE_FILES)
    header = ITEM_100K if file.suffix == ".item" else MOVIE
    tags = _tags(folder, accounting)
    for chunk in _read(file, "items", MOVIE[:2], header, accounting):
        yield _movie_chunk(chunk, data.item_column, tags)


def _read(
    file: Path, what: str, required: Sequence[str], header: Sequence[str], accounting: Accounting
) -> Iterator[Chunk]:
    is_csv = file.suffix not in DELIMITERS
    encoding = _encoding(file) if what == "items" and not is_csv else "utf-8"
    quoting: Quoting = "double" if is_csv else "none"
    source = Source(
        what, required, accounting, DELIMITERS.get(file.suffix, ""), () if is_csv else header, encoding, quoting
    )
    return read_chunks([file], source)


def _movie_chunk(chunk: Chunk, item_column: str, tags: dict[str, str]) -> Chunk:
    columns = {name: chunk.texts(name) for name in chunk.columns}
    titles, years = zip(*map(_title, columns["title"]), strict=True)
    genres = columns.get("genres") or [
        "|".join(name for name, flag in zip(GENRES_100K[1:], flags, strict=True) if flag == "1")
        for flags in zip(*(columns[name] for name in GENRES_100K[1:]), strict=True)
    ]
    renamed = {
        item_column: columns["movieId"],
        "title": list(titles),
        "year": list(years),
        "genres": ["" if value == "(no genres listed)" else value for value in genres],
    }
    if tags:
        renamed["tags"] = [tags.get(movie, "") for movie in columns["movieId"]]
    return from_texts(chunk.source, chunk.lines, renamed)


def _tags(folder: Path, accounting: Accounting) -> dict[str, str]:
    """Return the distinct tags of each movie, lower case, in the order of their first use."""
    file = next((folder / name for name in ("tags.csv", "tags.dat") if (folder / name).is_file()), None)
    tags: dict[str, dict[str, None]] = defaultdict(dict)
    for chunk in _read(file, "tags", TAG[1:3], TAG, accounting) if file else ():
        for movie, tag in zip(chunk.texts("movieId"), chunk.texts("tag"), strict=True):
            tags[movie][tag.strip().lower().replace("|", " ")] = None
    return {movie: "|".join(words) for movie, words in tags.items()}


def _title(raw: str) -> tuple[str, str]:
    """Return title and year; ``Matrix, The (1999)`` is The Matrix of 1999."""
    match = YEAR.match(raw)
    title, year = match.groups() if match else (raw, "")
    if article := ARTICLE.match(title):
        title = f"{article[2]} {article[1]}{article[3] or ''}"
    return title, year


def _find(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DataError(
        f"data.interactions = {str(folder)!r}: no MovieLens folder; it holds none of {', '.join(names)}"
        "; a file of ratings alone may be given itself"
    )


def _encoding(file: Path) -> str:
    try:
        file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "latin-1"  # 100K and 1M
    return "utf-8"
