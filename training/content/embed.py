"""Texts of the items to embeddings; texts that were encoded before are not encoded again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from recsys.config import Config
from recsys.data.catalog import Catalog
from recsys.data.vectors import Embeddings, Vectors
from recsys.encoders.hub import FileContent, SentenceEncoder, TextEncoder
from training.content import lsa
from training.content.find_encoder import NONE, find_encoder
from training.content.vector_cache import key_of, open_cache

SLAB = 2048


@dataclass(frozen=True, eq=False)
class EncodedTexts:
    """Text vectors of all items (dimension 0 without content) and the encoder that made them."""

    embeddings: Embeddings
    fingerprint: str = ""
    encoder_files: Mapping[str, FileContent] = field(default_factory=dict)
    # from more texts, none of them empty, to unit vectors (n, dim)
    encode: Callable[[Sequence[str]], Vectors] = lambda texts: np.zeros((len(texts), 0), dtype=np.float32)
    pretrained: SentenceEncoder | None = None  # None: fitted on the catalog, so it only looks words up


def embed(catalog: Catalog, config: Config, advance: Callable[[int], None] = lambda _: None) -> EncodedTexts:
    """Return unit vectors of the items' texts; a row of zeros without text, no columns without any text.

    `advance` takes the number of texts just encoded. Raises EncoderError when the encoder is missing or not the expected one,
    DataError when the cache cannot be used or the texts share no words (``lsa``).
    """
    name = config.content.encoder
    all_texts = catalog.texts()
    texts = [text for text in all_texts if text]
    if name == NONE or not texts:
        return EncodedTexts(Embeddings(catalog.items, np.zeros((len(catalog), 0), dtype=np.float32), NONE))
    files: dict[str, bytes] = {}
    pretrained = find_encoder(config.content)
    encoder: TextEncoder
    if pretrained is None:
        encoder, files, of_texts = lsa.fit(texts, config.content.lsa_dim, config.als.random_state)
        encode: Callable[[Sequence[str]], Vectors] = encoder.encode
        advance(len(texts))
    else:
        encoder = pretrained
        encode = partial(_cached, encoder, path=config.content.cache)
        of_texts = _cached(encoder, texts, config.content.cache, advance)
    vectors = np.zeros((len(catalog), of_texts.shape[1]), dtype=np.float32)
    vectors[[bool(text) for text in all_texts]] = of_texts
    return EncodedTexts(Embeddings(catalog.items, vectors, name), encoder.fingerprint, files, encode, pretrained)


def _cached(
    encoder: TextEncoder, texts: Sequence[str], path: str, advance: Callable[[int], None] = lambda _: None
) -> Vectors:
    """Encode each text once, so that equal ones have equal vectors: a vector depends on the batch in its last digits."""
    with open_cache(path, encoder.fingerprint) as cache:
        keys = [key_of(text.encode()) for text in texts]
        vectors = cache.load(sorted(set(keys)))
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in vectors}
        advance(len(texts) - len(new))
        by_length = sorted(new, key=lambda key: (len(new[key]), key))  # like lengths are encoded together
        for start in range(0, len(by_length), SLAB):
            slab = by_length[start : start + SLAB]
            encoded = encoder.encode([new[key] for key in slab], advance)
            cache.add(slab, encoded)
            vectors.update(zip(slab, encoded, strict=True))
        return np.vstack([vectors[key] for key in keys])
