"""A CLIP of random weights in a sentence-transformers folder, from the files to the answers."""

from __future__ import annotations

import json
import string
from pathlib import Path

import numpy as np
import pytest

from recsys.bundle.store import Store
from recsys.encoders.hub import SentenceEncoder, open_encoder
from recsys.encoders.picture_encoders import CLIP_SCALE, find_picture_encoder, open_picture_encoder
from recsys.errors import EncoderError
from recsys.model.extras.picture_tags import Tags
from tests.support import factories, tiny_bert
from tests.support.tiny_towers import picture
from tests.training.content.test_pictures import config, folder

__all__ = ["folder"]


def write_clip(folder: Path) -> Path:
    """The layout of the clip models of sentence-transformers."""
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizerFast

    inner = folder / "0_CLIPModel"
    inner.mkdir(parents=True)
    letters = string.ascii_lowercase
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    (inner / "vocab.json").write_text(json.dumps({word: num for num, word in enumerate(words)}))
    (inner / "merges.txt").write_text("#version: 0.2\n")
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**sizes, "vocab_size": len(words), "max_position_embeddings": 20, "bos_token_id": 0, "eos_token_id": 1}
    torch.manual_seed(0)
    made = CLIPModel(
        CLIPConfig(text_config=text, vision_config={**sizes, "image_size": 32, "patch_size": 16}, projection_dim=8)
    )
    made.save_pretrained(inner)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    tokenizer = CLIPTokenizerFast.from_pretrained(inner)
    CLIPProcessor(CLIPImageProcessor(**size), tokenizer).save_pretrained(inner)
    modules = [{"idx": 0, "name": "0", "path": inner.name, "type": "sentence_transformers.models.CLIPModel"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": {}}))
    return folder


@pytest.mark.slow
def test_a_training_with_clip_can_be_searched(folder: Path, tmp_path: Path) -> None:
    from training import pipeline
    from training.content import pictures

    clip = write_clip(tmp_path / "clip")
    found = find_picture_encoder(str(clip))
    assert isinstance(found, SentenceEncoder)
    cache = tmp_path / "cache.sqlite"
    chosen = config(folder, f"content.picture_encoder={clip}", f"content.cache={cache}")
    from recsys.progress import Stages

    trained = pipeline.train(chosen, Stages(quiet=True))
    assert trained.header.pictures.dim == 8
    assert trained.model.need(Tags).scale == CLIP_SCALE
    assert not trained.model.picture_encoder_files
    Store(folder / "store").publish(trained.model, trained.header, factories.NOON)
    recommender = Store(folder / "store").recommender()
    assert not recommender.picture_encoder.light
    encoder = open_picture_encoder(recommender.picture_encoder)
    shown, words = encoder.encode_pictures([picture("red", (16, 20))])[0], encoder.encode(["red"])[0]
    assert shown.shape == words.shape == (8,)
    assert np.linalg.norm(shown) == pytest.approx(1, abs=1e-5)
    model = recommender.model
    num = model.catalog.items.known(["i0"])
    np.testing.assert_allclose(model.items_by_picture.table.rows(num)[0], shown, atol=1e-5)
    known = pictures.embed(trained.dataset.catalog, chosen)
    rows = model.items_by_picture.table.rows(np.arange(len(model.catalog), dtype=np.int32))
    assert known.vectors.tobytes() == rows.tobytes()  # from the cache


@pytest.mark.slow
def test_an_encoder_of_texts_alone_takes_no_pictures(tmp_path: Path) -> None:
    texts = open_encoder(str(tiny_bert.write(tmp_path / "tiny")))
    with pytest.raises(EncoderError, match="takes no pictures"):
        texts.encode_pictures([picture()])
