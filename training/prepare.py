"""What a configuration's data comes to before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.config import Config
from recsys.data.histories import Histories
from recsys.data.interactions import Interactions
from recsys.data.vectors import Vectors
from recsys.model import blending
from recsys.progress import Stages
from training.content import embed
from training.content.embed import Content
from training.content.find_encoder import NONE
from training.factors import neighbors
from training.ingest.dataset import Dataset
from training.ingest.ingest import ingest


@dataclass(frozen=True, eq=False)
class Material:
    """The data set with everything that is known of its items without looking at behaviour.

    Parameters
    ----------
    dataset : Dataset
    encoded : Content
        Text vectors as the encoder made them.
    texts : float32 array (n_items, text_dim)
        The same, centred and of length 1.
    words : sparse matrix (n_items, n_items)
        The items with the likest texts by their words.
    """

    dataset: Dataset
    encoded: Content
    texts: Vectors
    words: sparse.csr_matrix

    @property
    def disliked(self) -> Histories:
        """Pairs that were seen, but are not positive."""
        return self.dataset.seen_only or nothing_seen(self.dataset.interactions)


def prepare(config: Config, stages: Stages) -> Material:
    """Read the files, encode the texts and find the items with the likest ones; raises DataError, EncoderError."""
    with stages.stage("read"):
        dataset = ingest(config)
    catalog = dataset.catalog
    with stages.stage("encode", len(catalog)) as advance:
        encoded = embed.embed(catalog, config, advance)
    texts = catalog.texts() if config.content.encoder != NONE else [""] * len(catalog)
    with stages.stage("words"):
        words = neighbors.by_words(texts, config.blend.n_neighbors)
    return Material(dataset, encoded, blending.centred(encoded.embeddings.vectors), words)


def nothing_seen(interactions: Interactions) -> Histories:
    nothing = np.empty(0, dtype=np.int32)
    return Histories.from_pairs(nothing, nothing, len(interactions.users), len(interactions.items))
