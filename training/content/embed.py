"""Texts of the items to embeddings; what was encoded before is not encoded again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from recsys.config import Config
from recsys.data.catalog import Catalog
from recsys.data.vectors import Embeddings, Vectors
from recsys.encoders.hub import FileContent, SentenceEncoder, TextEncoder
from training.content import lsa, vector_cache
from training.content.find_encoder import NONE, find_encoder
from training.content.vector_cache import key_of

SLAB = 2048


def _nothing(texts: Sequence[str]) -> Vectors:
    return np.zeros((len(texts), 0), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class EncodedTexts:
    """Text vectors of all items (dimension 0 without content) and what made them.

    `encode` gives the unit vectors of more texts, (n, dim), none of them empty. `pretrained` is None for one that was fitted
    here, which only looks words up and has its files.
    """

    embeddings: Embeddings
    fingerprint: str = ""
    encoder_files: Mapping[str, FileContent] = field(default_factory=dict)
    encode: Callable[[Sequence[str]], Vectors] = _nothing
    pretrained: SentenceEncoder | None = None


def embed(catalog: Catalog, config: Config, advance: Callable[[int], None] = lambda _: None) -> EncodedTexts:
    """Unit vectors of the items' texts; an item without text has a row of zeros, and without any text they have no columns.

    Parameters
    ----------
    advance : callable
        Told how many more texts are done.

    Raises
    ------
    EncoderError
        When the encoder is not there or not the expected one.
    DataError
        When the cache cannot be used, or the texts share no words (``lsa``).
    """
    name = config.content.encoder
    texts = catalog.texts()
    rows = [row for row, text in enumerate(texts) if text]
    if name == NONE or not rows:
        return EncodedTexts(Embeddings(catalog.items, np.zeros((len(catalog), 0), dtype=np.float32), NONE))
    wanted = [texts[row] for row in rows]
    files: dict[str, bytes] = {}
    pretrained = find_encoder(config.content)
    encoder: TextEncoder
    if pretrained is None:
        encoder, files, found = lsa.fit(wanted, config.content.lsa_dim, config.als.random_state)
        encode: Callable[[Sequence[str]], Vectors] = encoder.encode
        advance(len(wanted))
    else:
        encoder = pretrained
        encode = partial(_cached, encoder, path=config.content.cache)
        found = _cached(encoder, wanted, config.content.cache, advance)
    vectors = np.zeros((len(catalog), found.shape[1]), dtype=np.float32)
    vectors[rows] = found
    return EncodedTexts(Embeddings(catalog.items, vectors, name), encoder.fingerprint, files, encode, pretrained)


def _cached(
    encoder: TextEncoder, texts: Sequence[str], path: str, advance: Callable[[int], None] = lambda _: None
) -> Vectors:
    """Each text is encoded once, so that equal ones have equal vectors: a vector depends on the batch in its last digits."""
    with vector_cache.opened(path, encoder.fingerprint) as cache:
        keys = [key_of(text.encode()) for text in texts]
        known = cache.known(sorted(set(keys)))
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        advance(len(texts) - len(new))
        for some in _slabs(sorted(new, key=lambda key: (len(new[key]), key))):  # like lengths are encoded together
            vectors = encoder.encode([new[key] for key in some], advance)
            cache.add(some, vectors)
            known.update(zip(some, vectors, strict=True))
        return np.vstack([known[key] for key in keys])


def _slabs(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (keys[start : start + SLAB] for start in range(0, len(keys), SLAB))
