"""A sentence-transformers model to files in ONNX, which are kept with the model, so that the service needs no torch.

The export takes about ten seconds, so its files lie beside ``content.cache`` for the next training.
"""

from __future__ import annotations

import logging
import mmap
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from recsys.data.vectors import unit_rows
from recsys.encoders.hub import SentenceEncoder
from recsys.encoders.onnx_encoder import DESCRIPTION, TEXT, TOKENIZER, Description, export_folder, open_onnx, read_files
from recsys.errors import DataError, EncoderError

AGREEMENT = 1e-4  # largest difference of two unit vectors in one dimension
PROBES = ("a", "two red hearts", "  Spaces and CAPITALS \n", "ünïcödé 日本語 🎬", "cut off " * 600)


def export(encoder: SentenceEncoder, cache: str) -> dict[str, mmap.mmap]:
    """Return the files of an encoder in ONNX, from its last export beside `cache` if there is one; an empty `cache` keeps none.

    Raises EncoderError as :func:`write`, DataError when the folder beside the cache cannot be written or is damaged.
    """
    if not cache:
        with tempfile.TemporaryDirectory() as folder:
            write(encoder, Path(folder))
            return read_files(Path(folder))  # mapped, so they outlive the folder
    target = export_folder(cache, encoder.fingerprint)
    if not target.is_dir():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent) as folder:
                write(encoder, Path(folder) / "new")
                (Path(folder) / "new").rename(target)
        except OSError as error:
            raise DataError(f"content.cache = {cache!r}: {target} cannot be written: {error.strerror}") from error
    try:
        open_onnx(target, encoder.fingerprint)
    except EncoderError as error:
        raise DataError(f"{error}; remove the folder, and it is written again") from error
    return read_files(target)


def write(encoder: SentenceEncoder, folder: Path) -> None:
    """Write the files of an encoder into a folder.

    Raises EncoderError when it cannot be exported, or its vectors differ from those of the export by more than AGREEMENT.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _write_text_model(encoder.model, folder / TEXT)
        _write_tokenizer(encoder.model, folder / TOKENIZER)
        (folder / DESCRIPTION).write_bytes(Description(name=encoder.name).model_dump_json().encode())
    except Exception as error:  # torch, onnxscript and transformers raise errors of many kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EncoderError(f"encoder {encoder.name} cannot be exported to ONNX: {reason}") from error
    exported = open_onnx(folder, encoder.fingerprint).encode(PROBES)
    expected = unit_rows(np.asarray(encoder.model.encode(list(PROBES), show_progress_bar=False), dtype=np.float32))
    difference = np.abs(exported - expected).max() if exported.shape == expected.shape else np.inf
    if not difference <= AGREEMENT:
        reason = f"its vectors would differ by {difference:.1e}"
        raise EncoderError(f"encoder {encoder.name} cannot be exported to ONNX: {reason}")


def write_model(
    path: Path, module: Any, inputs: tuple[str, ...], example: tuple[Any, ...], *, n_free: int = 2, mapped: bool = False
) -> None:
    """Write a torch module with one output as ``vectors``, the same bytes for the same module.

    `example` has a tensor for each input, with at least two rows. The first `n_free` dimensions of the inputs may have any
    size. `mapped` writes the weights to a file of their own, which onnxruntime maps: for large models.
    """
    import torch
    from onnx_ir.passes.common import ClearMetadataAndDocStringPass

    any_size = dict.fromkeys(range(n_free), torch.export.Dim.DYNAMIC)
    with _quiet():
        program = torch.onnx.export(
            module.eval(),
            example,
            dynamo=True,
            input_names=inputs,
            output_names=("vectors",),
            dynamic_shapes=(any_size,) * len(inputs),
            verbose=False,
        )
        assert program is not None
        ClearMetadataAndDocStringPass()(program.model)  # it holds paths of this machine
        program.save(str(path), external_data=mapped)


def _write_text_model(model: Any, path: Path) -> None:
    import torch

    class Sentence(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            output = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(output["sentence_embedding"], dim=1)

    mask = torch.ones((2, 7), dtype=torch.int64)
    mask[1, 5:] = 0
    write_model(path, Sentence(), ("input_ids", "attention_mask"), (mask.clone(), mask), mapped=True)


def _write_tokenizer(model: Any, path: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if model.get_max_seq_length():
        tokenizer.enable_truncation(model.get_max_seq_length())
    tokenizer.save(str(path))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings of the exporter about features that are not exported here."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        log.setLevel(before)
