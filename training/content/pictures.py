"""Pictures of the items to vectors in a space with words, and the words that describe them."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from training.content import vector_cache
from training.content.find_encoder import find_pictures
from training.content.vector_cache import VectorCache, key_of

LARGEST_FILE = 64 << 20
AT_ONCE = 64  # decoded pictures
MOST_DIFFERENT = 200  # texts of an attribute that is taken by itself
MOST_TAGS = 1000  # of an attribute that is named
NO_ENCODER = EncoderInfo(name="", fingerprint="")
SHOWN = 3


@dataclass(frozen=True, eq=False)
class Pictures:
    """What is known of the items by their pictures.

    Parameters
    ----------
    vectors : float32 array (n_items, dim)
        Of length 1, zero for an item without a picture; dim is 0 where pictures are not looked at.
    tags : Tags or None
    encoder : EncoderInfo
    encoder_files : mapping
        By name, of an encoder that is kept with the model.
    notes : tuple of str
        What a person should look at.
    """

    vectors: Vectors
    tags: Tags | None = None
    encoder: EncoderInfo = NO_ENCODER
    encoder_files: Mapping[str, FileContent] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


NO_PICTURES = Pictures(np.zeros((0, 0), dtype=np.float32))


def embed(catalog: Catalog, config: Config, advance: Callable[[int], None] = lambda _: None) -> Pictures:
    """Encode the pictures that the items name, and the values that describe them.

    Parameters
    ----------
    advance : callable
        Told how many more items are done.

    Raises
    ------
    ConfigError
        When the items have no such column, an attribute of `picture_tags` is not there, or Pillow is not installed.
    DataError
        When more than ``data.max_rejected`` of the pictures cannot be used, or none can.
    EncoderError
        When the encoder is not there, or takes no pictures.
    """
    encoder = find_pictures(config.content)
    if encoder is None:
        return NO_PICTURES
    names = _names(catalog, config.content.picture_column)
    with vector_cache.opened(config.content.cache, f"pictures {encoder.fingerprint}") as cache:
        found = _Encoding(encoder, _folder(config), cache)
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            found.add(start, some)
            advance(len(some))
    named, bad = sum(bool(name) for name in names), len(found.bad)
    examples = "; ".join(found.bad[:SHOWN])
    if bad == named or bad > config.data.max_rejected * named:
        raise DataError(
            f"{bad} of {named} pictures cannot be used, more than data.max_rejected = {config.data.max_rejected:g}: {examples}"
        )
    notes = [f"{bad} of {named} pictures cannot be used: {examples}"] if bad else []
    tags = _tags(catalog, config.content, encoder)
    if tags is None:
        notes.append(
            "no attribute has values that could describe pictures, so there are no captions (content.picture_tags)"
        )
    own = Path(config.content.picture_encoder)
    files = read_files(own) if is_onnx(own) else {}
    info = EncoderInfo(name=encoder.name, fingerprint=encoder.fingerprint)
    return Pictures(found.vectors(len(catalog)), tags, info, files, tuple(notes))


class _Encoding:
    """Reads pictures and encodes those that are not known yet."""

    def __init__(self, encoder: PictureEncoder, folder: Path, cache: VectorCache) -> None:
        self._encoder, self._folder, self._cache = encoder, folder, cache
        self._keys: dict[int, bytes] = {}
        self._vectors: dict[bytes, Vectors] = {}
        self.bad: list[str] = []

    def add(self, first: int, names: Sequence[str]) -> None:
        """The pictures of the items from number `first` on; an empty name: there is none.

        Each picture is encoded once, so that equal ones have equal vectors: one depends on its batch in the last digits.
        """
        contents: dict[int, bytes] = {}
        for num, name in enumerate(names, first):
            if name:
                with self._told(name):
                    contents[num] = _bytes(self._folder, name)
        keys = {num: key_of(content) for num, content in contents.items()}
        self._vectors.update(self._cache.known(sorted(set(keys.values()) - self._vectors.keys())))
        new: dict[bytes, Picture] = {}
        for num, key in keys.items():
            if key not in self._vectors and key not in new:
                with self._told(names[num - first]):
                    new[key] = decode(PictureBytes(contents[num]))
        if new:
            vectors = self._encoder.encode_pictures([*new.values()])
            self._cache.add([*new], vectors)
            self._vectors.update(zip(new, vectors, strict=True))
        self._keys.update((num, key) for num, key in keys.items() if key in self._vectors)

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            yield
        except PictureError as error:
            self.bad.append(f"{name}: {error}")

    def vectors(self, n_items: int) -> Vectors:
        vectors = np.zeros((n_items, len(next(iter(self._vectors.values())))), dtype=np.float32)
        for num, key in self._keys.items():
            vectors[num] = self._vectors[key]
        return vectors


def _names(catalog: Catalog, column: str) -> list[str]:
    """The path that each item gives, the first of several; raises ConfigError where no item gives one."""
    found, known = [], dict[str, None]()
    for item in catalog:
        known.update(dict.fromkeys(item.attributes))
        value = item.attributes.get(column, "")
        found.append(str(value[0] if isinstance(value, list) else value))
    if not any(found):
        raise ConfigError(
            f"content.picture_column: the items have no column {column!r} of pictures{did_you_mean(column, known)}"
        )
    return found


def _folder(config: Config) -> Path:
    if config.content.picture_folder:
        return Path(config.content.picture_folder)
    folder = Path(config.data.items).parent
    if not config.data.items or glob.has_magic(str(folder)):
        raise ConfigError(
            "content.picture_folder: name the folder of the pictures, for data.items is not in one folder"
        )
    return folder


def _bytes(folder: Path, name: str) -> bytes:
    """The content of a file in a folder; raises PictureError when it cannot be read, is too long, or lies elsewhere."""
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
    known = np.any(vectors, axis=1)  # of others the encoder knows no word
    told = [pair for pair, is_known in zip(pairs, known.tolist(), strict=True) if is_known]
    return Tags.of(told, vectors[known], scale_of(encoder))


def _values(catalog: Catalog, content: ContentConfig) -> dict[str, list[str]]:
    """The values of each attribute that describes pictures, in the order of their letters."""
    counts: dict[str, Counter[str]] = {}
    for item in catalog:
        for name, value in item.attributes.items():
            several = value if isinstance(value, list) else [value]
            texts = (plain_text(one) for one in several if isinstance(one, str) or name in content.picture_tags)
            counts.setdefault(name, Counter()).update(texts)
    if content.picture_tags:
        for name in content.picture_tags:
            if name not in counts:
                raise ConfigError(f"content.picture_tags: items have no attribute {name!r}{did_you_mean(name, counts)}")
        return {name: sorted(text for text, _ in counts[name].most_common(MOST_TAGS)) for name in content.picture_tags}
    return {
        name: sorted(found)
        for name, found in counts.items()
        if name != content.picture_column and 2 <= len(found) <= MOST_DIFFERENT and 2 * len(found) <= found.total()
    }
