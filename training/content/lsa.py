"""A text encoder fitted on the catalog: latent semantic analysis in the form of a static SentenceTransformer.

The texts become a tf-idf matrix X (texts x words), and a truncated singular value decomposition X ~ U S V^T gives the
vectors: of a text its row of ``X V``, of a word ``idf * V`` (Deerwester et al. 1990). The mean over the words of a new text,
scaled to length 1, is the projection of its row with plain counts; rows of X have damped counts, which tells the texts of a
catalog better apart. Two files in the layout of sentence-transformers hold the words; neither fitting nor encoding needs
torch.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from safetensors.numpy import save
from sklearn.decomposition import TruncatedSVD

from recsys.data.vectors import Vectors, unit_rows
from recsys.encoders.hub import StaticEncoder
from recsys.errors import DataError
from training.content.tfidf import weigh

MODULES = [
    {"idx": 0, "name": "0", "path": "0_StaticEmbedding", "type": "sentence_transformers.models.StaticEmbedding"},
    {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
]
DESCRIPTION = {"model_type": "SentenceTransformer", "similarity_fn_name": "cosine", "prompts": {}}


def fit(texts: Sequence[str], dim: int, random_state: int) -> tuple[StaticEncoder, dict[str, bytes], Vectors]:
    """Fit an encoder on non-empty `texts`.

    Return the encoder, the files of the same encoder as a SentenceTransformer folder, and the unit vectors of `texts`, float32
    (len(texts), dim); `dim` is less where there are fewer texts or words. Raises DataError when the texts share no words.
    """
    words = weigh(texts)
    dim = min(dim, min(words.rows.shape) - 1)
    if dim < 1:
        raise DataError('content.encoder = lsa: the texts share too few words; use another encoder or "none"')
    with np.errstate(invalid="ignore"):  # equal texts have no variance to explain
        svd = TruncatedSVD(dim, random_state=random_state).fit(words.rows)
    of_words = np.ascontiguousarray(svd.components_.T * words.idf[:, None], dtype=np.float32)
    of_words[0] = 0  # unknown words say nothing
    files = {
        "tokenizer.json": words.tokenizer.to_str().encode(),
        "model.safetensors": save({"embedding.weight": of_words}),
    }
    folder = {
        "modules.json": json.dumps(MODULES, indent=1).encode(),
        "config_sentence_transformers.json": json.dumps(DESCRIPTION, indent=1).encode(),
        **{f"0_StaticEmbedding/{name}": content for name, content in files.items()},
    }
    vectors = np.asarray(words.rows @ svd.components_.T, dtype=np.float32)
    return StaticEncoder.from_files("lsa", files), folder, unit_rows(vectors)
