"""A text encoder fitted on the catalogue: latent semantic analysis in the form of a static SentenceTransformer.

The texts become a tf-idf matrix X (texts x words), X ~ U S V^T by a truncated singular value decomposition, and the
vector of a word is ``idf * V``: the mean over the words of a text, scaled to length 1, is the projection of its tf-idf
row (Deerwester et al. 1990). Two files in the layout of sentence-transformers hold it; neither fitting nor encoding
needs torch.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
from safetensors.numpy import save
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from recsys.encoders import StaticEncoder
from recsys.errors import DataError

UNKNOWN = "[UNK]"
MODULES = [
    {"idx": 0, "name": "0", "path": "0_StaticEmbedding", "type": "sentence_transformers.models.StaticEmbedding"},
    {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
]
COMMON_SHARE = 0.5
FEW_TEXTS = 50


def fit(texts: Sequence[str], dim: int, random_state: int) -> tuple[StaticEncoder, dict[str, bytes]]:
    """Fit an encoder on non-empty `texts`.

    Parameters
    ----------
    dim : int
        Length of the vectors; less where there are fewer texts or words.
    random_state : int
        Seed of the randomized decomposition.

    Returns
    -------
    StaticEncoder, dict
        The encoder, and the files of a SentenceTransformer folder that is the same.

    Raises
    ------
    DataError
        When the texts share no words.
    """
    words = _vocabulary(texts)
    tokenizer = _tokenizer(words)
    counts = _count_matrix(tokenizer, texts, len(words) + 1)
    documents = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1 + len(texts)) / (1 + documents)) + 1
    tfidf = counts.multiply(idf).tocsr()
    tfidf = sparse.diags_array(1 / np.maximum(sparse.linalg.norm(tfidf, axis=1), 1e-12)) @ tfidf
    dim = min(dim, min(tfidf.shape) - 1)
    if dim < 1:
        raise DataError('content.encoder = lsa: the texts share too few words; use another encoder or "none"')
    with np.errstate(invalid="ignore"):  # equal texts have no variance to explain
        svd = TruncatedSVD(dim, random_state=random_state).fit(tfidf)
    vectors = np.ascontiguousarray(svd.components_.T * idf[:, None], dtype=np.float32)
    vectors[0] = 0  # unknown words say nothing
    files = {"tokenizer.json": tokenizer.to_str().encode(), "model.safetensors": save({"embedding.weight": vectors})}
    return StaticEncoder.from_files("lsa", files), _folder(files)


def _vocabulary(texts: Sequence[str]) -> list[str]:
    """Words of at least two texts, but not of half of them; in a small collection every word."""
    splitter = _tokenizer([])
    documents: Counter[str] = Counter()
    for text in texts:
        normal = splitter.normalizer.normalize_str(text)
        documents.update({word for word, _ in splitter.pre_tokenizer.pre_tokenize_str(normal) if word.isalnum()})
    few = len(texts) < FEW_TEXTS
    return sorted(word for word, n in documents.items() if few or 2 <= n <= COMMON_SHARE * len(texts))


def _tokenizer(words: Sequence[str]) -> Tokenizer:
    vocabulary = {word: number for number, word in enumerate([UNKNOWN, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _count_matrix(tokenizer: Tokenizer, texts: Sequence[str], width: int) -> sparse.csr_array:
    encoded = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    indptr = np.concatenate(([0], np.cumsum([len(ids) for ids in encoded])))
    columns = np.fromiter((one for ids in encoded for one in ids), dtype=np.int32, count=int(indptr[-1]))
    counts = sparse.csr_array((np.ones(len(columns)), columns, indptr), shape=(len(texts), width))
    counts.sum_duplicates()
    counts.data[counts.indices == 0] = 0
    counts.eliminate_zeros()
    return counts


def _folder(files: dict[str, bytes]) -> dict[str, bytes]:
    described = {"model_type": "SentenceTransformer", "similarity_fn_name": "cosine", "prompts": {}}
    return {
        "modules.json": json.dumps(MODULES, indent=1).encode(),
        "config_sentence_transformers.json": json.dumps(described, indent=1).encode(),
        **{f"0_StaticEmbedding/{name}": content for name, content in files.items()},
    }
