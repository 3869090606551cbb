"""Stages that prepare a training: read the data, encode texts and pictures, find similar texts."""

from __future__ import annotations

from dataclasses import replace

from recsys.encoders.opening import is_static
from recsys.errors import EncoderError
from recsys.model import blending
from training.content import embed, onnx_export, pictures
from training.content.find_encoder import NONE
from training.factors import neighbors
from training.ingest import ingest
from training.run import TrainingRun


def n_items(run: TrainingRun) -> int:
    return len(run.dataset.catalog)


def read(run: TrainingRun) -> TrainingRun:
    """Read the files of the configuration; raises DataError."""
    return replace(run, dataset=ingest.ingest(run.config, run.advance))


def n_bytes(run: TrainingRun) -> int:
    """Return the size of the files of the configuration; raises DataError."""
    return ingest.n_bytes(run.config)


def encode_texts(run: TrainingRun) -> TrainingRun:
    """Encode the texts of the items; raises EncoderError, DataError."""
    encoded = embed.embed(run.dataset.catalog, run.config, run.advance)
    return replace(run, encoded=encoded, texts=blending.centered(encoded.embeddings.vectors))


def find_similar_words(run: TrainingRun) -> TrainingRun:
    """Find the items with the most similar words, for each item."""
    catalog = run.dataset.catalog
    texts = catalog.texts() if run.config.content.encoder != NONE else [""] * len(catalog)
    return replace(run, words=neighbors.by_words(texts, run.config.blend.n_neighbors))


def encode_pictures(run: TrainingRun) -> TrainingRun:
    """Encode the pictures of the items; raises ConfigError, DataError, EncoderError."""
    encoded = pictures.embed(run.dataset.catalog, run.config, run.advance)
    for note in encoded.notes:
        run.on_progress(note)
    return replace(run, pictures=encoded)


def has_exportable_encoder(run: TrainingRun) -> bool:
    """Return whether a pretrained encoder made the text vectors; a static one is read as it is."""
    pretrained = run.encoded.pretrained
    return pretrained is not None and not is_static(pretrained.folder)


def export_encoder(run: TrainingRun) -> TrainingRun:
    """Export the pretrained encoder to the files of the model; without them the service opens it by its name."""
    assert run.encoded.pretrained is not None
    try:
        files = onnx_export.export(run.encoded.pretrained, run.config.content.cache)
    except EncoderError as error:
        run.on_progress(f"{error}; the service opens it by its name, and needs the extra `training` for that")
        return run
    return replace(run, encoded=replace(run.encoded, encoder_files=files))
