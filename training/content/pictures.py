"""Pictures of the items to vectors in a space with words, and the words that describe them."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recsys.bundle.manifest import EncoderInfo
from recsys.config import Config, ContentConfig
from recsys.data.catalog import Catalog
from recsys.data.filters import plain_text
from recsys.data.vectors import Vectors
from recsys.encoders.hub import FileContent
from recsys.encoders.onnx_encoder import is_onnx, read_files
from recsys.encoders.picture_encoders import PictureEncoder, scale_of
from recsys.encoders.pictures import Picture, PictureBytes, decode
from recsys.errors import ConfigError, DataError, PictureError, did_you_mean
from recsys.model.extras.picture_tags import Tags
from training.content.find_encoder import find_pictures
from training.content.vector_cache import VectorCache, key_of, open_cache
from training.read.location import scheme

LARGEST_FILE = 64 << 20
AT_ONCE = 64  # decoded pictures
MOST_DIFFERENT = 200  # texts of an attribute that is taken by itself
MOST_TAGS = 1000  # of an attribute that is named
NO_ENCODER = EncoderInfo(name="", fingerprint="")
SHOWN = 3


@dataclass(frozen=True, eq=False)
class Pictures:
    """Vectors of the items' pictures, and the words that describe pictures."""

    # (n_items, dim) of length 1, zero for an item without a picture; dim is 0 without an encoder
    vectors: Vectors
    tags: Tags | None = None
    encoder: EncoderInfo = NO_ENCODER
    encoder_files: Mapping[str, FileContent] = field(default_factory=dict)  # of an encoder that is kept with the model
    notes: tuple[str, ...] = ()  # sentences about what a person should check


NO_PICTURES = Pictures(np.zeros((0, 0), dtype=np.float32))


def embed(catalog: Catalog, config: Config, advance: Callable[[int], None] = lambda _: None) -> Pictures:
    """Encode the pictures that the items name, and the values that describe them.

    `advance` takes the number of items just encoded. Raises ConfigError when a column or attribute of the configuration is
    missing or Pillow is not installed, EncoderError when the encoder is missing or takes no pictures, DataError when more than
    ``data.max_rejected`` of the pictures, or all, cannot be used.
    """
    encoder = find_pictures(config.content)
    if encoder is None:
        return NO_PICTURES
    names = _names(catalog, config.content.picture_column)
    with open_cache(config.content.cache, f"pictures {encoder.fingerprint}") as cache:
        encoding = _Encoding(encoder, _folder(config), cache)
        for start in range(0, len(names), AT_ONCE):
            batch = names[start : start + AT_ONCE]
            encoding.add(start, batch)
            advance(len(batch))
    total, bad = sum(bool(name) for name in names), len(encoding.bad)
    summary = f"{bad} of {total} pictures cannot be used"
    examples = "; ".join(encoding.bad[:SHOWN])
    if bad == total or bad > config.data.max_rejected * total:
        raise DataError(f"{summary}, more than data.max_rejected = {config.data.max_rejected:g}: {examples}")
    notes = [f"{summary}: {examples}"] if bad else []
    tags = _tags(catalog, config.content, encoder)
    if tags is None:
        notes.append(
            "no attribute has values that could describe pictures, so there are no captions (content.picture_tags)"
        )
    folder = Path(config.content.picture_encoder)
    files = read_files(folder) if is_onnx(folder) else {}
    info = EncoderInfo(name=encoder.name, fingerprint=encoder.fingerprint)
    return Pictures(encoding.vectors(len(catalog)), tags, info, files, tuple(notes))


class _Encoding:
    """Reads pictures and encodes those without a vector."""

    def __init__(self, encoder: PictureEncoder, folder: Path, cache: VectorCache) -> None:
        self._encoder, self._folder, self._cache = encoder, folder, cache
        self._keys: dict[int, bytes] = {}
        self._vectors: dict[bytes, Vectors] = {}
        self.bad: list[str] = []

    def add(self, first: int, names: Sequence[str]) -> None:
        """Encode the pictures of the items from number `first` on; an item with an empty name has none.

        Each picture is encoded once, so that equal ones have equal vectors: a vector depends on the batch in its last digits.
        """
        new: dict[bytes, Picture] = {}
        for num, name in enumerate(names, first):
            if not name:
                continue
            try:
                content = _read(self._folder, name)
                key = key_of(content)
                if key not in self._vectors:
                    self._vectors.update(self._cache.load([key]))
                if key not in self._vectors and key not in new:
                    new[key] = decode(PictureBytes(content))
                self._keys[num] = key
            except PictureError as error:
                self.bad.append(f"{name}: {error}")
        if new:
            vectors = self._encoder.encode_pictures([*new.values()])
            self._cache.add(new, vectors)
            self._vectors.update(zip(new, vectors, strict=True))

    def vectors(self, n_items: int) -> Vectors:
        vectors = np.zeros((n_items, len(next(iter(self._vectors.values())))), dtype=np.float32)
        for num, key in self._keys.items():
            vectors[num] = self._vectors[key]
        return vectors


def _names(catalog: Catalog, column: str) -> list[str]:
    """Return the path in `column` of each item, the first of several; raises ConfigError when no item has a path."""
    values = (item.attributes.get(column, "") for item in catalog)
    names = [str(value[0] if isinstance(value, list) else value) for value in values]
    if not any(names):
        columns = dict.fromkeys(name for item in catalog for name in item.attributes)
        raise ConfigError(
            f"content.picture_column: the items have no column {column!r} of pictures{did_you_mean(column, columns)}"
        )
    return names


def _folder(config: Config) -> Path:
    if config.content.picture_folder:
        return Path(config.content.picture_folder)
    folder = Path(config.data.items.file).parent
    if not config.data.items or scheme(config.data.items.file) or glob.has_magic(str(folder)):
        raise ConfigError("content.picture_folder: name the folder of the pictures; data.items is not in one folder")
    return folder


def _read(folder: Path, name: str) -> bytes:
    """Return the content of a file in a folder; raises PictureError when it cannot be read, is too long, or lies elsewhere."""
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise PictureError(f"it is not in {folder}; set content.picture_folder")
        if not path.is_file():
            raise PictureError(f"there is no file {path}")
        if path.stat().st_size > LARGEST_FILE:
            raise PictureError(f"it has more than {LARGEST_FILE} bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # the latter: a NUL in the name
        raise PictureError(f"it cannot be read: {error}") from error


def _tags(catalog: Catalog, content: ContentConfig, encoder: PictureEncoder) -> Tags | None:
    pairs = [(name, value) for name, values in _values(catalog, content).items() for value in values]
    if not pairs:
        return None
    vectors = encoder.encode([content.picture_prompt.replace("{}", value) for _, value in pairs])
    has_words = np.any(vectors, axis=1)  # a text of unknown words has a vector of zeros
    pairs = [pair for pair, is_word in zip(pairs, has_words.tolist(), strict=True) if is_word]
    return Tags.of(pairs, vectors[has_words], scale_of(encoder))


def _values(catalog: Catalog, content: ContentConfig) -> dict[str, list[str]]:
    """Return the sorted values of each attribute that describes pictures."""
    counts: dict[str, Counter[str]] = {}
    for item in catalog:
        for name, value in item.attributes.items():
            entries = value if isinstance(value, list) else [value]
            texts = (plain_text(entry) for entry in entries if isinstance(entry, str) or name in content.picture_tags)
            counts.setdefault(name, Counter()).update(texts)
    for name in content.picture_tags:
        if name not in counts:
            raise ConfigError(f"content.picture_tags: items have no attribute {name!r}{did_you_mean(name, counts)}")
    if content.picture_tags:
        return {name: sorted(text for text, _ in counts[name].most_common(MOST_TAGS)) for name in content.picture_tags}
    return {
        name: sorted(texts)
        for name, texts in counts.items()
        if name != content.picture_column and 2 <= len(texts) <= MOST_DIFFERENT and 2 * len(texts) <= texts.total()
    }
